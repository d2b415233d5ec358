-- name: Seen :many
select source, idempotency_key::text as key, id, request_hash, tenant_id from orders
where (tenant_id, source, idempotency_key) in
      (select unnest(@tenants::bigint[]), unnest(@sources::text[]), unnest(@keys::text[]));

-- name: NextNumbers :many
insert into order_counters as c (tenant_id, day, last)
select unnest(@tenants::bigint[]), unnest(@days::date[]), unnest(@counts::int[])
on conflict (tenant_id, day) do update set last = c.last + excluded.last
returning tenant_id, day, last;

-- name: NextOrderIDs :many
select nextval('orders_id_seq')::bigint from generate_series(1, @n::int);

-- name: InsertOrders :exec
insert into orders (id, tenant_id, outlet_id, number, source, idempotency_key, request_hash, status, type, customer_name,
                    table_number, delivery_address, total_minor, currency, priority, placed_at, updated_at, updated_by)
select unnest(@ids::bigint[]), unnest(@tenants::bigint[]), unnest(@outlets::bigint[]), unnest(@numbers::text[]),
       unnest(@sources::text[]), nullif(unnest(@keys::text[]), ''), nullif(unnest(@hashes::bytea[]), ''::bytea),
       unnest(@statuses::text[]), unnest(@types::text[]), unnest(@customers::text[]), nullif(unnest(@tables::int[]), 0),
       unnest(@addresses::text[]), unnest(@totals::bigint[]), unnest(@currencies::text[]), unnest(@priorities::smallint[]),
       unnest(@placed::timestamptz[]), unnest(@placed::timestamptz[]), unnest(@updated_by::text[]);

-- name: InsertItems :exec
insert into order_items (order_id, line_no, tenant_id, sku, name, quantity, unit_price_minor, recipe_id)
select unnest(@orders::bigint[]), unnest(@lines::smallint[]), unnest(@tenants::bigint[]), unnest(@skus::text[]),
       unnest(@names::text[]), unnest(@quantities::int[]), unnest(@prices::bigint[]), unnest(@recipes::bigint[]);

-- name: InsertHistory :exec
insert into order_history (order_id, seq, tenant_id, status, changed_by, changed_at, reason)
select unnest(@orders::bigint[]), unnest(@seqs::smallint[]), unnest(@tenants::bigint[]), unnest(@statuses::text[]),
       unnest(@changed_by::text[]), unnest(@changed_at::timestamptz[]), unnest(@reasons::text[]);

-- name: LockOrders :many
select id, tenant_id, outlet_id, number, status, type, customer_name, version from orders
where id = any(@ids::bigint[]) order by id for update;

-- name: UpdateStatus :exec
update orders o set
    status = v.status, version = v.version, updated_at = v.at, updated_by = v.by,
    ready_at = case when v.status = 'ready' then v.at else o.ready_at end,
    closed_at = case when v.closed then v.at end
from (select unnest(@ids::bigint[]) as id, unnest(@statuses::text[]) as status, unnest(@versions::int[]) as version,
             unnest(@at::timestamptz[]) as at, unnest(@changed_by::text[]) as by, unnest(@closed::boolean[]) as closed) v
where o.id = v.id;

-- name: OrderID :one
select id from orders where tenant_id = @tenant and (number = @number::text or id = @id::bigint);

-- name: Orders :many
select * from orders where id = any(@ids::bigint[]) order by id;

-- name: Items :many
select * from order_items where order_id = any(@orders::bigint[]) order by order_id, line_no;

-- name: History :many
select seq, status, changed_by, changed_at, reason from order_history where order_id = @order_id and tenant_id = @tenant order by seq;

-- name: List :many
select id from orders
where tenant_id = @tenant and (@outlet::bigint = 0 or outlet_id = @outlet)
  and (@before::bigint = 0 or id < @before)
  and (not @open_only::bool or closed_at is null)
  and (cardinality(@statuses::text[]) = 0 or status = any(@statuses::text[]))
order by id desc limit @n::int;

-- name: ListOldest :many
select id from orders
where tenant_id = @tenant and (@outlet::bigint = 0 or outlet_id = @outlet) and closed_at is null
  and (cardinality(@statuses::text[]) = 0 or status = any(@statuses::text[]))
order by id limit @n::int;

-- name: ReadyLately :many
select r.placed_at, r.ready_at
from (select placed_at, ready_at from orders where tenant_id = @tenant and outlet_id = @outlet order by id desc limit 2000) r
where r.ready_at > @since::timestamptz and r.ready_at <= @now::timestamptz;

-- name: ReadyTasks :many
select order_id, id from tasks where order_id = any(@orders::bigint[]) and cardinality(depends_on) = 0 order by order_id, id;

-- name: CountByStatus :many
select status, count(*) as n from orders where tenant_id = @tenant and (@outlet::bigint = 0 or outlet_id = @outlet)
  and closed_at is null group by status;
