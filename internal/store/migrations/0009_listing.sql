-- +goose Up
create index orders_by_tenant on orders (tenant_id, id desc);    -- the latest of a chain, whatever the outlet

-- +goose Down
drop index orders_by_tenant;
