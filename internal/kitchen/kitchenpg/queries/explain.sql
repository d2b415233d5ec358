-- name: NeighbourTasks :many
-- Tasks of other orders of the kitchen that somebody had between two times. Of an outlet's orders only those next to
-- the one in question can be concerned; ids grow with time.
select t.id, t.order_id, coalesce(t.load_id, 0)::bigint as load_id, k.number, t.station_id, coalesce(t.assigned_machine_id, 0)::bigint as machine_id,
       coalesce(t.assigned_staff_id, 0)::bigint as staff_id, t.assigned_at, t.completed_at
from ((select b.id from orders b where b.outlet_id = @outlet and b.id < @order_id order by b.id desc limit 1000)
      union all
      (select a.id from orders a where a.outlet_id = @outlet and a.id > @order_id order by a.id limit 2000)) o
join tickets k on k.order_id = o.id and k.created_at < @until::timestamptz and (k.closed_at is null or k.closed_at > @since::timestamptz)
join tasks t on t.order_id = o.id and t.assigned_at < @until::timestamptz
     and (t.completed_at > @since::timestamptz or t.completed_at is null and t.status <> 'CANCELLED')
order by t.assigned_at, t.id;

-- name: FailedAttempts :many
-- Assignments that came to nothing, with who had been chosen: the latest decision before it was taken back.
select t.id, t.order_id, t.station_id, e.type, e.occurred_at, coalesce(e.payload->>'reason', '')::text as reason, d.decided_at,
       coalesce((d.decision->'machine'->'fit'->0->>'id')::bigint, 0)::bigint as machine_id,
       coalesce((d.decision->'staff'->'fit'->0->>'id')::bigint, 0)::bigint as staff_id
from event_log e
join tasks t on t.id = e.aggregate_id
join lateral (select x.decided_at, x.decision from task_decisions x
              where x.task_id = e.aggregate_id and x.decided_at < e.occurred_at
              order by x.decided_at desc, x.attempt desc limit 1) d on true
where e.occurred_at >= @since::timestamptz and e.occurred_at <= @until::timestamptz and e.outlet_id = @outlet
      and e.aggregate_type = 'task' and e.type in ('TASK_REQUEUED', 'TASK_RECALLED')
order by e.position;

-- name: KitchenChanges :many
select occurred_at, payload from event_log
where occurred_at >= @since::timestamptz and occurred_at <= @until::timestamptz and outlet_id = @outlet
      and type = 'KITCHEN_CHANGED'
order by position;

-- name: MachineChangedAt :many
select id, name, up, changed_at from machines where outlet_id = @outlet order by id;
