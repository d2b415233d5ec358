-- name: FailedTenants :many
-- For whom an execution failed, and why first.
select s.tenant_id, ((array_agg(s.error order by s.step, s.completed_at))[1])::text as error
from workflow_steps s where s.execution_id = @execution and s.status = 'failed' and s.tenant_id <> 0
group by s.tenant_id order by s.tenant_id;

-- name: Recovered :many
-- Tenants with a living alert about a workflow for whom an execution had no failure.
select a.tenant_id from alerts a
where a.kind = 'failure' and a.key = @key and a.status <> 'archived' and a.tenant_id <> 0
  and exists (select from workflow_steps s where s.execution_id = @execution and s.tenant_id = a.tenant_id)
  and not exists (select from workflow_steps s where s.execution_id = @execution and s.tenant_id = a.tenant_id and s.status = 'failed');

-- name: Took :many
-- How long the runs before one took, latest first.
select extract(epoch from e.completed_at - e.started_at)::float8 as seconds
from workflow_executions r
join workflow_executions e on e.workflow_id = r.workflow_id and e.tenant_id = r.tenant_id and e.zone = r.zone and e.id < r.id
where r.id = @execution and e.status = 'completed' and e.started_at is not null and e.completed_at is not null
order by e.id desc limit 30;

-- name: MissingRuns :many
-- Runs that should have begun before a moment.
select w.tenant_id, w.name, s.zone, s.next_at::timestamptz as due_at
from workflow_schedules s join workflows w on w.id = s.workflow_id
where w.enabled and s.version = w.version and s.next_at < @before::timestamptz
  and not exists (select from workflow_executions e where e.workflow_id = w.id and e.zone = s.zone and e.scheduled_for >= s.next_at)
order by s.next_at limit 500;

-- name: LiveOf :many
select tenant_id, key from alerts where kind = @kind and status <> 'archived' order by id limit 1000;
