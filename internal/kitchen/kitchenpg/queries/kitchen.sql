-- name: KitchenOutlets :many
select o.id, o.tenant_id, o.slug, o.name, o.timezone, o.stale_after_seconds, o.course_gap_seconds, o.config_version
from outlets o where o.id = any(@outlets::bigint[]) order by o.id;

-- name: Stations :many
select id, outlet_id, name, capacity, closed_to, closed_reason, (removed_at is not null)::boolean as removed from stations where outlet_id = any(@outlets::bigint[]) order by id;

-- name: Machines :many
select id, outlet_id, station_id, name, capacity, up, reason from machines
where outlet_id = any(@outlets::bigint[]) order by id;

-- name: Staff :many
select s.id, s.outlet_id, s.name, s.active, s.max_parallel, s.efficiency, s.tasks_completed, s.orders_processed, s.worked_seconds, s.last_seen_at,
       array(select k.station_id from staff_skills k where k.staff_id = s.id order by k.station_id)::bigint[] as skills
from staff s where s.outlet_id = any(@outlets::bigint[]) order by s.id;

-- name: Shifts :many
select h.staff_id, h.kind, h.weekday,
       (extract(hour from h.starts) * 60 + extract(minute from h.starts))::int as starts_minute,
       (extract(hour from h.ends) * 60 + extract(minute from h.ends))::int as ends_minute
from staff_shifts h join staff s on s.id = h.staff_id
where s.outlet_id = any(@outlets::bigint[]) order by h.staff_id, h.weekday, h.starts;

-- name: Breaks :many
select b.staff_id, b.starts_at, b.ends_at
from staff_breaks b join staff s on s.id = b.staff_id
where s.outlet_id = any(@outlets::bigint[]) and (b.ends_at is null or b.ends_at > @since::timestamptz)
order by b.staff_id, b.starts_at;

-- name: OpenTickets :many
select order_id, tenant_id, outlet_id, number, status, version, tasks_done, priority, rush, courses, due_at, created_at, updated_at, closed_at
from tickets where outlet_id = any(@outlets::bigint[]) and closed_at is null order by order_id;

-- name: FirstTickets :many
select order_id, tenant_id, outlet_id, number, status, version, tasks_done, priority, rush, courses, due_at, created_at, updated_at, closed_at
from ((select begun.*, 0 as turn from tickets begun
       where begun.outlet_id = @outlet and begun.closed_at is null and begun.status <> 'CONFIRMED'
       order by begun.order_id limit @n::int)
      union all
      (select fresh.*, 1 as turn from tickets fresh
       where fresh.outlet_id = @outlet and fresh.closed_at is null and fresh.status = 'CONFIRMED'
       order by fresh.order_id limit @n::int)) first
order by turn, order_id limit @n::int;

-- name: CountOpenTickets :one
select count(*) from tickets where outlet_id = @outlet and closed_at is null;

-- name: CountOpenTasks :many
select t.station_id, count(*) filter (where t.status = 'ASSIGNED') as assigned, count(*) filter (where t.status = 'STARTED') as started,
       count(*) filter (where t.status = 'UNASSIGNED' and t.ready_at is not null) as ready,
       count(*) filter (where t.status = 'UNASSIGNED' and t.ready_at is null) as blocked
from tickets k join tasks t on t.order_id = k.order_id
where k.outlet_id = @outlet and k.closed_at is null
group by t.station_id;

-- name: OpenWork :one
-- Open tasks that need a station or a machine, or that a person has begun, and one of their orders. 0 is none of these.
select count(*), coalesce(min(k.number), '')::text as number
from tickets k join tasks t on t.order_id = k.order_id
where k.outlet_id = @outlet and k.closed_at is null and t.status in ('UNASSIGNED', 'ASSIGNED', 'STARTED')
  and (t.station_id = @station::bigint or t.machine_id = @machine::bigint or t.assigned_machine_id = @machine::bigint
       or t.assigned_staff_id = @staff::bigint and t.status = 'STARTED');

-- name: Tickets :many
select order_id, tenant_id, outlet_id, number, status, version, tasks_done, priority, rush, courses, due_at, created_at, updated_at, closed_at
from tickets where order_id = any(@orders::bigint[]) order by order_id;

-- name: OrdersOfTasks :many
select distinct order_id from tasks where id = any(@tasks::bigint[]);

-- name: TasksOfOrders :many
select id, order_id, line_no, unit_no, step_no, course, remake, item, description, station_id, machine_id, estimate_ms,
       batch_size, batch_wait_ms, load_id, base_priority, boost, depends_on, pending_deps, status, version, requeues, ready_at,
       assigned_staff_id, assigned_machine_id, assigned_at, started_at, due_at, completed_at, completed_by
from tasks where order_id = any(@orders::bigint[]) order by order_id, id;

-- name: NextTaskIDs :many
select nextval('tasks_id_seq')::bigint from generate_series(1, @n::int);

-- name: InsertTickets :exec
insert into tickets (order_id, tenant_id, outlet_id, number, status, version, tasks_total, priority, courses, due_at, created_at, updated_at)
select unnest(@orders::bigint[]), unnest(@tenants::bigint[]), unnest(@outlets::bigint[]), unnest(@numbers::text[]),
       unnest(@statuses::text[]), 1, unnest(@totals::int[]), unnest(@priorities::smallint[]),
       nullif(unnest(@courses::text[]), '')::jsonb, nullif(unnest(@due::timestamptz[]), '0001-01-01 00:00:00+00'),
       unnest(@created::timestamptz[]), unnest(@created::timestamptz[]);

-- name: InsertTasks :exec
insert into tasks (id, tenant_id, outlet_id, order_id, line_no, unit_no, step_no, course, remake, item, description, station_id,
                   machine_id, estimate_ms, batch_size, batch_wait_ms, base_priority, boost, depends_on, pending_deps, status,
                   version, ready_at)
select id, tenant_id, outlet_id, order_id, line_no, unit_no, step_no, course, remake, item, description, station_id,
       nullif(machine_id, 0), estimate_ms, batch_size, batch_wait_ms, base_priority, boost, depends_on::bigint[], pending_deps,
       'UNASSIGNED', version, nullif(ready_at, '0001-01-01 00:00:00+00')
from (select unnest(@ids::bigint[]) as id, unnest(@tenants::bigint[]) as tenant_id, unnest(@outlets::bigint[]) as outlet_id,
             unnest(@orders::bigint[]) as order_id, unnest(@lines::smallint[]) as line_no, unnest(@units::smallint[]) as unit_no,
             unnest(@steps::smallint[]) as step_no, unnest(@courses::smallint[]) as course,
             unnest(@remakes::smallint[]) as remake, unnest(@items::text[]) as item,
             unnest(@descriptions::text[]) as description, unnest(@stations::bigint[]) as station_id,
             unnest(@machines::bigint[]) as machine_id, unnest(@estimates::int[]) as estimate_ms,
             unnest(@batches::smallint[]) as batch_size, unnest(@waits::int[]) as batch_wait_ms,
             unnest(@priorities::float8[]) as base_priority, unnest(@boosts::float8[]) as boost,
             unnest(@depends_on::text[]) as depends_on, unnest(@pending::smallint[]) as pending_deps,
             unnest(@versions::int[]) as version, unnest(@ready::timestamptz[]) as ready_at) v;

-- name: UpdateTasks :exec
update tasks t set
    station_id = v.station, machine_id = nullif(v.needs, 0), load_id = nullif(v.load, 0), boost = v.boost, pending_deps = v.pending_deps, status = v.status, version = v.version, requeues = v.requeues,
    ready_at = nullif(v.ready_at, '0001-01-01 00:00:00+00'), assigned_staff_id = nullif(v.staff, 0),
    assigned_machine_id = nullif(v.machine, 0), assigned_at = nullif(v.assigned_at, '0001-01-01 00:00:00+00'),
    started_at = nullif(v.started_at, '0001-01-01 00:00:00+00'), due_at = nullif(v.due_at, '0001-01-01 00:00:00+00'),
    completed_at = nullif(v.completed_at, '0001-01-01 00:00:00+00'), completed_by = nullif(v.completed_by, '')
from (select unnest(@ids::bigint[]) as id, unnest(@expected::int[]) as expected, unnest(@versions::int[]) as version,
             unnest(@stations::bigint[]) as station, unnest(@needs::bigint[]) as needs, unnest(@loads::bigint[]) as load,
             unnest(@boosts::float8[]) as boost, unnest(@pending::smallint[]) as pending_deps,
             unnest(@statuses::text[]) as status, unnest(@requeues::smallint[]) as requeues,
             unnest(@ready::timestamptz[]) as ready_at, unnest(@staff::bigint[]) as staff,
             unnest(@machines::bigint[]) as machine, unnest(@assigned::timestamptz[]) as assigned_at,
             unnest(@started::timestamptz[]) as started_at, unnest(@due::timestamptz[]) as due_at,
             unnest(@completed::timestamptz[]) as completed_at, unnest(@completed_by::text[]) as completed_by) v
where t.id = v.id and t.version = v.expected;

-- name: UpdateTickets :exec
update tickets t set
    status = v.status, version = v.version, tasks_total = v.total, tasks_done = v.done, rush = v.rush,
    courses = nullif(v.courses, '')::jsonb, updated_at = v.updated_at,
    closed_at = nullif(v.closed_at, '0001-01-01 00:00:00+00')
from (select unnest(@orders::bigint[]) as order_id, unnest(@expected::int[]) as expected, unnest(@versions::int[]) as version,
             unnest(@statuses::text[]) as status, unnest(@totals::int[]) as total, unnest(@done::int[]) as done,
             unnest(@rush::boolean[]) as rush, unnest(@courses::text[]) as courses,
             unnest(@updated::timestamptz[]) as updated_at, unnest(@closed::timestamptz[]) as closed_at) v
where t.order_id = v.order_id and t.version = v.expected;

-- name: InsertDecisions :exec
insert into task_decisions (task_id, attempt, tenant_id, decided_at, decision)
select unnest(@tasks::bigint[]), unnest(@attempts::smallint[]), unnest(@tenants::bigint[]), unnest(@decided::timestamptz[]),
       unnest(@decisions::text[])::json;

-- name: UpdateStaff :exec
update staff s set
    tasks_completed = s.tasks_completed + v.completed, orders_processed = s.orders_processed + v.orders, worked_seconds = s.worked_seconds + v.worked,
    efficiency = s.efficiency * v.keep + v.learned, last_seen_at = v.seen
from (select unnest(@ids::bigint[]) as id, unnest(@completed::int[]) as completed, unnest(@orders::int[]) as orders, unnest(@worked::float8[]) as worked,
             unnest(@keep::float8[]) as keep, unnest(@learned::float8[]) as learned,
             unnest(@seen::timestamptz[]) as seen) v
where s.id = v.id;

-- name: Decisions :many
select d.task_id, d.attempt, d.decided_at, d.decision from task_decisions d
where d.tenant_id = @tenant and d.task_id = @task order by d.attempt;

-- name: TaskRef :one
select tenant_id, outlet_id, order_id from tasks where id = @task and tenant_id = @tenant;

-- name: SetMachine :one
with before as (select m.id, m.up from machines m where m.outlet_id = @outlet and m.tenant_id = @tenant
                and (m.name = @ref::text or m.id::text = @ref::text) for update)
update machines m set up = @up, reason = @reason, changed_at = @at
from before b where m.id = b.id
returning m.id, m.name, b.up as was_up;

-- name: FindStaff :one
select id, name, active from staff where outlet_id = @outlet and tenant_id = @tenant
and (lower(name) = lower(@ref::text) or id::text = @ref::text) for update;

-- name: StartBreak :exec
insert into staff_breaks (staff_id, starts_at, ends_at) values (@staff, @starts, sqlc.narg(ends));

-- name: EndBreaks :execrows
update staff_breaks set ends_at = greatest(@at::timestamptz, starts_at)
where staff_id = @staff and starts_at <= @at::timestamptz and (ends_at is null or ends_at > @at::timestamptz);

-- name: BumpLayout :one
update outlets set config_version = config_version + 1 where id = @outlet and tenant_id = @tenant returning config_version;

-- name: OutletIDs :many
select o.id from outlets o join tenants t on t.id = o.tenant_id where t.status = 'active' order by o.id;

-- name: InsertWaste :exec
insert into waste_log (tenant_id, outlet_id, order_id, line_no, unit_no, item, steps, share, cost_minor, outcome, why, reason,
                       recorded_by, recorded_at)
select v.tenant_id, v.outlet_id, v.order_id, v.line_no, v.unit_no, v.item, v.steps::text[], v.share,
       coalesce(round(i.unit_price_minor * v.share), 0)::bigint, v.outcome, v.why, v.reason, v.by, v.at
from (select unnest(@tenants::bigint[]) as tenant_id, unnest(@outlets::bigint[]) as outlet_id, unnest(@orders::bigint[]) as order_id,
             unnest(@lines::smallint[]) as line_no, unnest(@units::smallint[]) as unit_no, unnest(@items::text[]) as item,
             unnest(@steps::text[]) as steps, unnest(@shares::float8[]) as share, unnest(@outcomes::text[]) as outcome,
             unnest(@why::text[]) as why, unnest(@reasons::text[]) as reason, unnest(@recorded_by::text[]) as by,
             unnest(@recorded::timestamptz[]) as at) v
left join order_items i on i.order_id = v.order_id and i.line_no = v.line_no;

-- name: WasteLog :many
select w.id, w.order_id, k.number, w.line_no, w.unit_no, w.item, w.steps, w.share, w.cost_minor, w.outcome, w.why, w.reason,
       w.recorded_by, w.recorded_at
from waste_log w join tickets k on k.order_id = w.order_id
where w.outlet_id = @outlet and w.tenant_id = @tenant and (@before::bigint = 0 or w.id < @before::bigint)
order by w.id desc limit @n::int;

-- name: FindStation :one
select id, name, closed_to from stations where outlet_id = @outlet and tenant_id = @tenant
and (lower(name) = lower(@ref::text) or id::text = @ref::text) for update;

-- name: CloseStation :exec
update stations set closed_to = sqlc.narg(closed_to), closed_reason = @reason where id = @id;
