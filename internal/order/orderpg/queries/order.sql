-- name: Seen :many
-- One look into the index per key, and into no other index: a plan made while the table is empty would hash all keys there
-- are, or read all orders of the tenant, and go on to when there are many.
select k.source::text as source, k.key::text as key, o.id, o.request_hash, k.tenant_id::bigint as tenant_id
from (select unnest(@tenants::bigint[]) as tenant_id, unnest(@sources::text[]) as source, unnest(@keys::text[]) as key) k
cross join lateral (
    select o.id, o.request_hash from orders o
    where o.idempotency_key = k.key and o.source = k.source and o.tenant_id + 0 = k.tenant_id limit 1) o;

-- name: NextNumbers :many
insert into order_counters as c (tenant_id, day, last)
select unnest(@tenants::bigint[]), unnest(@days::date[]), unnest(@counts::int[])
on conflict (tenant_id, day) do update set last = c.last + excluded.last
returning tenant_id, day, last;

-- name: NextOrderIDs :many
select nextval('orders_id_seq')::bigint from generate_series(1, @n::int);

-- name: InsertOrders :exec
insert into orders (id, tenant_id, outlet_id, number, source, idempotency_key, request_hash, status, type, customer_name,
                    table_number, delivery_address, total_minor, delivery_fee_minor, currency, priority, placed_at, updated_at, updated_by)
select unnest(@ids::bigint[]), unnest(@tenants::bigint[]), unnest(@outlets::bigint[]), unnest(@numbers::text[]),
       unnest(@sources::text[]), nullif(unnest(@keys::text[]), ''), nullif(unnest(@hashes::bytea[]), ''::bytea),
       unnest(@statuses::text[]), unnest(@types::text[]), unnest(@customers::text[]), nullif(unnest(@tables::int[]), 0),
       unnest(@addresses::text[]), unnest(@totals::bigint[]), unnest(@fees::bigint[]), unnest(@currencies::text[]), unnest(@priorities::smallint[]),
       unnest(@placed::timestamptz[]), unnest(@placed::timestamptz[]), unnest(@updated_by::text[]);

-- name: InsertItems :exec
insert into order_items (order_id, line_no, tenant_id, sku, name, quantity, unit_price_minor, recipe_id, course, since)
select unnest(@orders::bigint[]), unnest(@lines::smallint[]), unnest(@tenants::bigint[]), unnest(@skus::text[]),
       unnest(@names::text[]), unnest(@quantities::int[]), unnest(@prices::bigint[]), unnest(@recipes::bigint[]),
       unnest(@courses::smallint[]), unnest(@since::int[]);

-- name: InsertHistory :exec
insert into order_history (order_id, seq, tenant_id, status, changed_by, changed_at, reason, edit_key)
select unnest(@orders::bigint[]), unnest(@seqs::smallint[]), unnest(@tenants::bigint[]), unnest(@statuses::text[]),
       unnest(@changed_by::text[]), unnest(@changed_at::timestamptz[]), unnest(@reasons::text[]), nullif(unnest(@keys::text[]), '');

-- name: EditSeen :one
select exists (select from order_history where order_id = @order_id and edit_key = @key::text);

-- name: CutItem :one
update order_items set quantity = quantity - @units::int, cancelled = cancelled + @units::int
where order_id = @order_id and line_no = @line returning sku, name, quantity, unit_price_minor;

-- name: SetTotal :exec
update orders set total_minor = @total where id = @id;

-- name: OpenWith :many
-- Open orders of an outlet that hold an item and are not made.
select o.id, o.number, o.status, i.line_no, i.name, i.quantity
from orders o join order_items i on i.order_id = o.id
where o.tenant_id = @tenant and o.outlet_id = @outlet and o.closed_at is null and o.status <> 'ready' and i.sku = @sku::text
  and i.quantity > 0
order by o.id, i.line_no limit 1000;

-- name: LockOrders :many
select id, tenant_id, outlet_id, number, source, status, type, customer_name, total_minor, currency, version,
       coalesce((select p.method from payments p where p.order_id = o.id), '')::text as method
from orders o
where id = any(@ids::bigint[]) order by id for update;

-- name: UpdateStatus :exec
update orders o set
    status = v.status, version = v.version, updated_at = v.at, updated_by = v.by,
    ready_at = case when v.status = 'ready' then coalesce(o.ready_at, v.at)
                    when v.status in ('created', 'in_preparation') then null else o.ready_at end,
    closed_at = case when v.closed then v.at end
from (select unnest(@ids::bigint[]) as id, unnest(@statuses::text[]) as status, unnest(@versions::int[]) as version,
             unnest(@at::timestamptz[]) as at, unnest(@changed_by::text[]) as by, unnest(@closed::boolean[]) as closed) v
where o.id = v.id;

-- name: OrderID :one
select id from orders where tenant_id = @tenant and (number = @number::text or id = @id::bigint);

-- name: OrderByKey :one
select id from orders where idempotency_key = @key::text and source = @source and tenant_id + 0 = @tenant::bigint;

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
-- What the first answer named: lines that came later, and what is made again, are not in it.
select t.order_id, t.id from tasks t join order_items i on i.order_id = t.order_id and i.line_no = t.line_no
where t.order_id = any(@orders::bigint[]) and cardinality(t.depends_on) = 0 and t.remake = 0 and i.since = 1
order by t.order_id, t.id;

-- name: CountByStatus :many
select status, count(*) as n from orders where tenant_id = @tenant and (@outlet::bigint = 0 or outlet_id = @outlet)
  and closed_at is null group by status;
