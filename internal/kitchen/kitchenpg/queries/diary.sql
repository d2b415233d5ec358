-- name: DiaryWork :many
-- What was worked on at an outlet since a time. Only its latest orders can be concerned; ids grow with time.
select k.id, k.order_id, t.number, k.item, k.description, k.station_id, coalesce(k.assigned_staff_id, 0)::bigint as staff_id,
       coalesce(k.load_id, 0)::bigint as load_id, k.estimate_ms, k.started_at::timestamptz as started_at, k.completed_at
from (select o.id, o.closed_at from orders o where o.outlet_id = @outlet order by o.id desc limit @latest) o
join tickets t on t.order_id = o.id and (t.closed_at is null or t.closed_at > @since::timestamptz)
join tasks k on k.order_id = o.id and k.started_at is not null
     and (k.completed_at > @since::timestamptz or k.completed_at is null and k.status = 'STARTED')
where o.closed_at is null or o.closed_at > @since::timestamptz
order by k.started_at, k.id;

-- name: DiaryOrders :many
-- The orders that became ready at an outlet since a time, and those that are not ready, with what they were promised.
select t.order_id, t.number, t.created_at, t.closed_at, t.due_at, p.first_p50, p.first_p90
from (select o.id, o.closed_at from orders o where o.outlet_id = @outlet order by o.id desc limit @latest) o
join tickets t on t.order_id = o.id and (t.closed_at is null or t.closed_at > @since::timestamptz) and t.status <> 'CANCELLED'
left join order_promises p on p.order_id = o.id
where o.closed_at is null or o.closed_at > @since::timestamptz
order by t.created_at, t.order_id;
