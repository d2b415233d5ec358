-- name: PaidAtDoor :many
-- Orders with a payment: what their guests agreed to, and how much of it is held.
select o.id, o.total_minor, o.currency, p.method, p.state, p.authorised_minor, p.captured_minor, p.refunded_minor
from orders o join payments p on p.order_id = o.id
where o.tenant_id = @tenant and o.id = any(@ids::bigint[]) order by o.id;
