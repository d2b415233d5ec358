-- name: AddExecution :many
-- Nothing comes back when it is there already.
insert into workflow_executions (workflow_id, workflow_name, tenant_id, trigger, triggered_by, request_key, zone, day, scheduled_for, status,
                                 version, plan, window_seconds, created_at, backfill_id, lane, by_zone)
values (@workflow, @name, @tenant, @trigger, @by, nullif(@key::text, ''), @zone, @day, sqlc.narg(scheduled_for), 'pending',
        @version, @plan, @window_seconds, @at, nullif(@backfill::bigint, 0), @lane, @by_zone)
on conflict do nothing
returning id;

-- name: FindExecution :one
select * from workflow_executions
where workflow_id = @workflow and ((@key::text <> '' and tenant_id = @tenant and request_key = @key)
    or (@key::text = '' and zone = @zone and scheduled_for = sqlc.narg(scheduled_for)));

-- name: LockExecution :one
select * from workflow_executions where id = @id for update;

-- name: AddSteps :execrows
-- One row for each tenant and step: of all active tenants without a workflow of that name of their own, of those of a zone, or
-- of one. They begin evenly over the window, those of higher tiers first.
with chosen as (
    select x.id, (case x.tier when 'enterprise' then @enterprise::int when 'standard' then @standard::int else 0 end)::int as bonus
    from tenants x
    where x.status = 'active' and (@tenant::bigint = 0 or x.id = @tenant) and (@zone::text = '' or x.timezone = @zone)
      and (@tenant::bigint <> 0 or not exists (select 1 from workflows o where o.tenant_id = x.id and o.name = @name::text))
), placed as (
    select id, bonus, (sqlc.arg(at)::timestamptz + (row_number() over (order by bonus desc, id) - 1) * sqlc.arg(window_seconds)::float8 / count(*) over ()
                                          * interval '1 second')::timestamptz as begins
    from chosen
), plan as (
    select unnest(@nos::smallint[])::smallint as no, unnest(@waits::smallint[])::smallint as waits
)
insert into workflow_steps (execution_id, tenant_id, step, workflow_id, day, status, waits, bonus_seconds, not_before, turn_at)
select @execution::bigint, t.id, p.no, @workflow::bigint, @day::date, case when p.waits = 0 then 'ready' else 'waiting' end, p.waits, t.bonus,
       t.begins, t.begins - t.bonus * interval '1 second'
from placed t cross join plan p;

-- name: OpenExecution :one
update workflow_executions e
set steps_total = c.steps, steps_open = c.steps, tenants = c.tenants, opened = true
from (select count(*)::int as steps, count(distinct tenant_id)::int as tenants from workflow_steps where execution_id = @id) c
where e.id = @id
returning e.*;

-- name: Waiting :many
-- Executions that wait for none before them in their lane any more.
select e.* from workflow_executions e
where e.status = 'pending' and not e.opened and not exists (
    select 1 from workflow_executions o
    where o.status in ('pending', 'running') and o.workflow_id = e.workflow_id and o.tenant_id = e.tenant_id and o.zone = e.zone
      and o.lane = e.lane and o.id < e.id)
order by e.id limit 50 for update of e skip locked;

-- name: Head :many
-- Whose turn it is: the step that has waited longest, counting what its tier is worth, of a tenant who has not his share already
-- and that goes on nowhere else.
select s.execution_id, s.step, s.alone
from workflow_steps s
where s.status = 'ready' and s.not_before <= @now::timestamptz
  and s.tenant_id <> all (array(select r.tenant_id from workflow_steps r where r.status = 'running' group by r.tenant_id having count(*) >= @share::int))
  and not exists (select 1 from workflow_steps o where o.status = 'running' and o.workflow_id = s.workflow_id and o.tenant_id = s.tenant_id
                      and o.day = s.day and o.step = s.step)
order by s.turn_at limit 1 for update of s skip locked;

-- name: AddBatch :one
insert into workflow_batches (execution_id, step, node_id, lease_until)
values (@execution, @step, @node, now() + sqlc.arg(lease_seconds)::float8 * interval '1 second')
returning id;

-- name: Take :many
update workflow_steps t
set status = 'running', batch_id = @batch, attempt = t.attempt + 1, started_at = @now, completed_at = null
from (
    select s.execution_id, s.tenant_id, s.step from workflow_steps s
    where s.status = 'ready' and s.execution_id = @execution and s.step = @step and s.not_before <= @now::timestamptz and s.alone = @alone
      and s.tenant_id <> all (array(select r.tenant_id from workflow_steps r where r.status = 'running' group by r.tenant_id having count(*) >= @share::int))
      and not exists (select 1 from workflow_steps o where o.status = 'running' and o.workflow_id = s.workflow_id and o.tenant_id = s.tenant_id
                          and o.day = s.day and o.step = s.step)
    order by s.turn_at limit @most for update of s skip locked
) c
where t.execution_id = c.execution_id and t.tenant_id = c.tenant_id and t.step = c.step
returning t.tenant_id, t.attempt, t.losses;

-- name: BeginExecution :one
update workflow_executions
set status = 'running', started_at = coalesce(started_at, @now), instance = case when instance = '' then @instance else instance end,
    deadline_at = coalesce(deadline_at, now() + ((plan ->> 'max_seconds')::int + window_seconds) * interval '1 second')
where id = @id
returning *;

-- name: Results :many
select tenant_id, step, result from workflow_steps
where execution_id = @execution and tenant_id = any(@tenants::bigint[]) and step = any(@steps::smallint[]) and status = 'completed';

-- name: Beat :many
update workflow_batches b set lease_until = now() + sqlc.arg(lease_seconds)::float8 * interval '1 second'
where b.id = any(@ids::bigint[]) and b.lease_until > now()
returning b.id;

-- name: DropBatch :execrows
delete from workflow_batches where id = @id;

-- name: DropBatches :exec
delete from workflow_batches where execution_id = @execution;

-- name: Settle :execrows
update workflow_steps s
set status = v.status, attempt = v.attempt, losses = v.losses, not_before = v.again, turn_at = v.again - s.bonus_seconds * interval '1 second', alone = v.alone,
    result = nullif(v.result, '')::jsonb, error = v.error, completed_at = case when v.status = 'ready' then null else @now::timestamptz end,
    cpu_ms = s.cpu_ms + v.cpu, db_ms = s.db_ms + v.db, row_count = s.row_count + v.rows
from (select unnest(@tenants::bigint[]) as tenant, unnest(@statuses::text[]) as status, unnest(@attempts::smallint[]) as attempt, unnest(@losses::smallint[]) as losses,
             unnest(@nexts::timestamptz[]) as again, unnest(@alones::boolean[]) as alone, unnest(@results::text[]) as result,
             unnest(@errors::text[]) as error, unnest(@cpus::float8[]) as cpu, unnest(@dbs::float8[]) as db, unnest(@row_counts::bigint[]) as rows) v
where s.execution_id = @execution and s.tenant_id = v.tenant and s.step = @step and s.batch_id = @batch and s.status = 'running';

-- name: Unlock :execrows
update workflow_steps
set waits = greatest(waits - 1, 0), status = case when waits <= 1 then 'ready' else status end, not_before = @now,
    turn_at = sqlc.arg(now)::timestamptz - bonus_seconds * interval '1 second'
where execution_id = @execution and tenant_id = any(@tenants::bigint[]) and step = any(@steps::smallint[]) and status = 'waiting';

-- name: Skip :execrows
update workflow_steps set status = 'skipped', error = @why, completed_at = @now
where execution_id = @execution and tenant_id = any(@tenants::bigint[]) and step = any(@steps::smallint[]) and status = 'waiting';

-- name: Count :one
update workflow_executions
set steps_completed = steps_completed + sqlc.arg(completed), steps_failed = steps_failed + sqlc.arg(failed), steps_open = steps_open - sqlc.arg(over), retries = retries + sqlc.arg(retries),
    costed = costed | sqlc.arg(costed)::bigint
where id = @id
returning *;

-- name: AddLogs :exec
insert into workflow_logs (execution_id, tenant_id, step, level, message, data, at)
select @execution, unnest(@tenants::bigint[]), unnest(@steps::text[]), unnest(@levels::text[]), unnest(@messages::text[]),
       unnest(@data::text[])::jsonb, @at;

-- name: Tenants :one
select count(distinct tenant_id) filter (where status = 'failed' and step <> all(@optional::smallint[]))::int as failed,
       count(distinct tenant_id) filter (where status = 'cancelled')::int as cancelled,
       coalesce((array_agg(error order by completed_at, tenant_id) filter (where status = 'failed' and step <> all(@optional::smallint[])))[1], '')::text as error,
       coalesce(sum(cpu_ms), 0)::float8 as cpu_ms, coalesce(sum(db_ms), 0)::float8 as db_ms, coalesce(sum(row_count), 0)::bigint as row_count
from workflow_steps where execution_id = @execution;

-- name: EndExecution :one
update workflow_executions
set status = @status, completed_at = @now, tenants_failed = @tenants_failed, error = @error, summary = @summary, steps_open = 0,
    started_at = coalesce(started_at, @now)
where id = @id
returning *;

-- name: NoteEnd :exec
update workflows set last_execution_at = @started,
    consecutive_failures = case when @status::text = 'failed' then consecutive_failures + 1 when @status::text = 'completed' then 0 else consecutive_failures end
where id = @id;

-- name: AddMetrics :exec
insert into workflow_metrics (workflow_id, tenant_id, day, completed, failed, cancelled, retries, seconds, min_seconds, max_seconds, tenants,
                              steps_completed, steps_failed, cpu_ms, db_ms, row_count)
values (@workflow, @tenant, @day, @completed, @failed, @cancelled, @retries, @seconds, @seconds, @seconds, @tenants,
        @steps_completed, @steps_failed, @cpu_ms, @db_ms, @row_count)
on conflict (workflow_id, tenant_id, day) do update set completed = workflow_metrics.completed + excluded.completed,
    failed = workflow_metrics.failed + excluded.failed, cancelled = workflow_metrics.cancelled + excluded.cancelled,
    retries = workflow_metrics.retries + excluded.retries, seconds = workflow_metrics.seconds + excluded.seconds,
    min_seconds = least(workflow_metrics.min_seconds, excluded.min_seconds), max_seconds = greatest(workflow_metrics.max_seconds, excluded.max_seconds),
    tenants = workflow_metrics.tenants + excluded.tenants, steps_completed = workflow_metrics.steps_completed + excluded.steps_completed,
    steps_failed = workflow_metrics.steps_failed + excluded.steps_failed, cpu_ms = workflow_metrics.cpu_ms + excluded.cpu_ms,
    db_ms = workflow_metrics.db_ms + excluded.db_ms, row_count = workflow_metrics.row_count + excluded.row_count;

-- name: CancelSteps :execrows
update workflow_steps set status = 'cancelled', error = @why, completed_at = @now
where execution_id = @execution and status in ('waiting', 'ready', 'running');

-- name: LeftBatches :many
select execution_id, id from workflow_batches where lease_until < now() order by execution_id, id limit 100;

-- name: GiveBack :many
-- What a dead node did is done again; a step over which nodes died again and again is not.
update workflow_steps
set status = case when losses + 1 >= @most_losses::int then 'failed' else 'ready' end, losses = losses + 1, attempt = greatest(attempt - 1, 0),
    alone = true, not_before = @now, turn_at = sqlc.arg(now)::timestamptz - bonus_seconds * interval '1 second',
    error = 'the process that did it died, ' || (losses + 1)::text || ' times so far'
where execution_id = @execution and batch_id = @batch and status = 'running'
returning tenant_id, step, status;

-- name: DropLeft :execrows
delete from workflow_batches where id = @id and lease_until < now();

-- name: Overdue :many
select id from workflow_executions where status = 'running' and deadline_at < now() order by id limit 20;

-- name: Rearm :exec
-- Steps that did not succeed wait again, or with all every step.
update workflow_steps set status = 'waiting', attempt = 0, losses = 0, alone = false, error = '', result = null, completed_at = null, started_at = null
where execution_id = @execution and status <> 'running' and (@everything::boolean or status <> 'completed');

-- name: Recount :exec
-- For how many steps each waits that is to be done again; edges say which waits for which.
update workflow_steps s
set waits = w.n, status = case when w.n = 0 then 'ready' else 'waiting' end, not_before = @now, turn_at = sqlc.arg(now)::timestamptz - bonus_seconds * interval '1 second'
from (
    select x.tenant_id, x.step, count(d.step)::smallint as n
    from workflow_steps x
    left join (select unnest(@steps::smallint[]) as step, unnest(@befores::smallint[]) as before) e on e.step = x.step
    left join workflow_steps d on d.execution_id = x.execution_id and d.tenant_id = x.tenant_id and d.step = e.before and d.status <> 'completed'
    where x.execution_id = @execution and x.status = 'waiting'
    group by x.tenant_id, x.step
) w
where s.execution_id = @execution and s.tenant_id = w.tenant_id and s.step = w.step;

-- name: Reopen :one
update workflow_executions e
set status = 'running', completed_at = null, deadline_at = null, error = '', runs = runs + 1, tenants_failed = 0, opened = true,
    steps_total = c.total, steps_completed = c.completed, steps_failed = 0, steps_open = c.total - c.completed, costed = 0
from (select count(*)::int as total, count(*) filter (where status = 'completed')::int as completed from workflow_steps where execution_id = @id) c
where e.id = @id
returning e.*;

-- name: Execution :one
select e.* from workflow_executions e
where e.id = @id and (@tenant::bigint = 0 or e.tenant_id = @tenant
    or (e.tenant_id = 0 and exists (select 1 from workflow_steps s where s.execution_id = e.id and s.tenant_id = @tenant)));

-- name: AllExecutions :many
select * from workflow_executions
where (@workflow::bigint = 0 or workflow_id = @workflow) and (@status::text = '' or status = @status) and (@before::bigint = 0 or id < @before)
order by id desc limit @most;

-- name: BackfillExecutions :many
select e.* from workflow_executions e
where e.id in (select @backfill::bigint union all select b.id from workflow_executions b where b.backfill_id = @backfill::bigint)
  and (@tenant::bigint = 0 or e.tenant_id = @tenant) and (@workflow::bigint = 0 or e.workflow_id = @workflow)
  and (@status::text = '' or e.status = @status) and (@before::bigint = 0 or e.id < @before)
order by e.id desc limit @most;

-- name: TenantExecutions :many
-- His own, and those for many that he has a part in. One that failed for others alone has been completed for him.
select * from (
    (select e.* from workflow_executions e
     where e.tenant_id = @tenant and (@workflow::bigint = 0 or e.workflow_id = @workflow) and (@status::text = '' or e.status = @status)
       and (@before::bigint = 0 or e.id < @before)
     order by e.id desc limit @most)
    union all
    (select e.* from workflow_executions e
     where e.tenant_id = 0 and (@workflow::bigint = 0 or e.workflow_id = @workflow)
       and (@status::text = '' or e.status = @status or @status = 'completed' and e.status = 'failed')
       and (@before::bigint = 0 or e.id < @before)
       and exists (select 1 from workflow_steps s where s.execution_id = e.id and s.tenant_id = @tenant)
       and (@status not in ('completed', 'failed') or e.status <> 'failed' or (@status = 'failed') =
           exists (select 1 from workflow_steps s where s.execution_id = e.id and s.tenant_id = @tenant and s.status <> 'completed'))
     order by e.id desc limit @most)
) x order by x.id desc limit @most;

-- name: Parts :many
-- What of executions for many is one tenant's.
select execution_id, count(*)::int as total, count(*) filter (where status = 'completed')::int as completed,
       count(*) filter (where status = 'failed')::int as failed,
       count(*) filter (where status in ('waiting', 'ready', 'running'))::int as open,
       coalesce((array_agg(error order by completed_at) filter (where status = 'failed'))[1], '')::text as error
from workflow_steps where execution_id = any(@ids::bigint[]) and tenant_id = @tenant
group by execution_id;

-- name: Steps :many
select * from workflow_steps
where execution_id = @execution and (@tenant::bigint = 0 or tenant_id = @tenant) and (@status::text = '' or status = @status)
  and (tenant_id, step) > (@after_tenant::bigint, @after_step::int)
order by tenant_id, step limit @most;

-- name: Logs :many
-- What is said of many tenants' steps together is not for one of them.
select * from workflow_logs
where execution_id = @execution and (@tenant::bigint = 0 or tenant_id = @tenant or tenant_id = 0 and (step = '' or not @shared::boolean)) and (@step::text = '' or step = @step)
  and (cardinality(@levels::text[]) = 0 or level = any(@levels)) and id > @after
order by id limit @most;

-- name: Costs :many
select s.step, count(*)::int as total, count(*) filter (where s.status = 'completed')::int as completed,
       count(*) filter (where s.status = 'failed')::int as failed, count(*) filter (where s.status = 'skipped')::int as skipped,
       count(*) filter (where s.status in ('waiting', 'ready', 'running'))::int as open, count(*) filter (where s.attempt > 1)::int as retried,
       sum(s.cpu_ms)::float8 as cpu_ms, sum(s.db_ms)::float8 as db_ms, sum(s.row_count)::bigint as row_count,
       coalesce(avg(s.cpu_ms + s.db_ms), 0)::float8 as mean_ms, coalesce(max(s.cpu_ms + s.db_ms), 0)::float8 as max_ms,
       coalesce((array_agg(s.tenant_id order by s.cpu_ms + s.db_ms desc))[1], 0)::bigint as slowest
from workflow_steps s
where s.execution_id = @execution and (@tenant::bigint = 0 or s.tenant_id = @tenant)
group by s.step order by s.step;

-- name: Figures :many
select m.workflow_id, w.name, m.day, sum(m.completed)::int as completed, sum(m.failed)::int as failed, sum(m.cancelled)::int as cancelled,
       sum(m.retries)::int as retries, sum(m.seconds)::float8 as seconds, min(m.min_seconds)::float8 as shortest, max(m.max_seconds)::float8 as longest,
       sum(m.tenants)::bigint as tenants, sum(m.steps_completed)::bigint as steps_completed, sum(m.steps_failed)::bigint as steps_failed,
       sum(m.cpu_ms)::float8 as cpu_ms, sum(m.db_ms)::float8 as db_ms, sum(m.row_count)::bigint as row_count
from workflow_metrics m join workflows w on w.id = m.workflow_id
where (@tenant::bigint = 0 or m.tenant_id = @tenant) and m.day >= @first
group by m.workflow_id, w.name, m.day order by m.day desc, w.name;

-- name: OpenOf :many
select id from workflow_executions
where workflow_id = @workflow and zone = @zone and trigger = 'scheduled' and status in ('pending', 'running') order by id;

-- name: PruneLogs :execrows
delete from workflow_logs where id in (select l.id from workflow_logs l where l.at < @before order by l.at limit @most);

-- name: PruneSteps :execrows
-- Of executions that ended in the month before: older ones were pruned by then.
delete from workflow_steps where execution_id in (
    select e.id from workflow_executions e
    where e.completed_at < sqlc.arg(before)::timestamptz and e.completed_at > sqlc.arg(before)::timestamptz - interval '31 days'
      and e.status in ('completed', 'failed', 'cancelled') and exists (select 1 from workflow_steps s where s.execution_id = e.id)
    order by e.completed_at limit 20);
