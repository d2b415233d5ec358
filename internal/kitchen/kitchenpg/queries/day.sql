-- name: OrdersPlaced :many
select o.id from orders o
where o.outlet_id = @outlet and o.placed_at >= @since::timestamptz and o.placed_at < @until::timestamptz order by o.id;

-- name: LineSKUs :many
select order_id, line_no, sku from order_items where order_id = any(@orders::bigint[]) order by order_id, line_no;

-- name: OutletBySlug :one
select o.id, o.timezone from outlets o join tenants t on t.id = o.tenant_id
where (o.slug = @slug::text or @slug = '' and o.is_default) and (t.slug = @tenant::text or @tenant = '')
order by o.id limit 1;
