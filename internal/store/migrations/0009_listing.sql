-- +goose Up
create index orders_by_tenant on orders (tenant_id, id desc);    -- the latest of a chain, whatever the outlet

-- The key comes first, so that a look-up by key can use this index alone, whatever the tables were like when it was planned.
drop index orders_once;
create unique index orders_once on orders (idempotency_key, source, tenant_id) where idempotency_key is not null;

-- +goose Down
drop index orders_once;
create unique index orders_once on orders (tenant_id, source, idempotency_key) where idempotency_key is not null;
drop index orders_by_tenant;
