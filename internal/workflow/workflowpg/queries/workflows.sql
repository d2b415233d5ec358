-- name: SeedWorkflow :exec
insert into workflows (tenant_id, name, kind, cron, timezone, enabled, max_seconds, max_retries, retry_delay_seconds, steps, rules, built_in)
values (0, @name, @kind, @cron, @timezone, @enabled, @max_seconds, @max_retries, @retry_delay, @steps, @rules, true)
on conflict (tenant_id, name) do update set kind = excluded.kind, cron = excluded.cron, timezone = excluded.timezone,
    max_seconds = excluded.max_seconds, max_retries = excluded.max_retries, retry_delay_seconds = excluded.retry_delay_seconds,
    steps = excluded.steps, rules = excluded.rules, version = workflows.version + 1
where workflows.built_in and not workflows.edited
  and (workflows.kind, workflows.cron, workflows.timezone, workflows.max_seconds, workflows.max_retries, workflows.retry_delay_seconds,
       workflows.steps, workflows.rules) is distinct from
      (excluded.kind, excluded.cron, excluded.timezone, excluded.max_seconds, excluded.max_retries, excluded.retry_delay_seconds,
       excluded.steps, excluded.rules);

-- name: Workflows :many
-- A tenant's own stands in the place of the house's of that name.
select sqlc.embed(w), coalesce((select min(s.next_at) from workflow_schedules s where s.workflow_id = w.id and s.version = w.version and w.enabled), 'epoch')::timestamptz as next_at
from workflows w
where (@tenant::bigint = 0 or w.tenant_id = @tenant
    or w.tenant_id = 0 and not exists (select from workflows o where o.tenant_id = @tenant and o.name = w.name))
order by w.tenant_id, w.name;

-- name: Workflow :many
select sqlc.embed(w), coalesce((select min(s.next_at) from workflow_schedules s where s.workflow_id = w.id and s.version = w.version and w.enabled), 'epoch')::timestamptz as next_at
from workflows w
where (@tenant::bigint = 0 or w.tenant_id in (0, @tenant)) and (w.id = @id::bigint or w.name = @name::text)
order by (w.id = @id) desc, (w.tenant_id = @tenant) desc, w.tenant_id
limit 1;

-- name: AddWorkflow :one
insert into workflows (tenant_id, name, kind, cron, timezone, enabled, max_seconds, max_retries, retry_delay_seconds, steps, rules, edited)
values (@tenant, @name, @kind, @cron, @timezone, @enabled, @max_seconds, @max_retries, @retry_delay, @steps, @rules, true)
returning id;

-- name: ChangeWorkflow :execrows
update workflows set name = @name, kind = @kind, cron = @cron, timezone = @timezone, enabled = @enabled, max_seconds = @max_seconds,
    max_retries = @max_retries, retry_delay_seconds = @retry_delay, steps = @steps, rules = @rules, edited = true, version = version + 1
where id = @id and tenant_id = @tenant and version = @version;

-- name: AddNote :exec
insert into workflow_audit (tenant_id, workflow_id, execution_id, action, done_by, data, at)
values (@tenant, @workflow, @execution, @action, @by, @data, @at);

-- name: Notes :many
select * from workflow_audit
where (@tenant::bigint = 0 or tenant_id = @tenant) and (@before::bigint = 0 or id < @before)
order by id desc limit @most;

-- name: Untimed :many
-- Every zone in which a workflow is done and whose next time is not known, or was worked out for another version.
with zones as (
    select w.id, case when w.timezone <> 'tenant' then w.timezone else t.timezone end as zone
    from workflows w left join lateral (
        select distinct timezone from tenants where status = 'active' and (w.tenant_id = 0 or id = w.tenant_id)
    ) t on w.timezone = 'tenant'
    where w.enabled and w.cron <> ''
)
select sqlc.embed(w), z.zone::text as zone, s.last_at
from zones z join workflows w on w.id = z.id
left join workflow_schedules s on s.workflow_id = z.id and s.zone = z.zone
where z.zone is not null and s.version is distinct from w.version
order by w.id, z.zone limit @most;

-- name: DueBy :many
select sqlc.embed(w), s.zone, s.last_at, s.next_at,
       (select count(*) from workflow_executions e where e.workflow_id = w.id and e.zone = s.zone and e.trigger = 'scheduled'
           and e.status in ('pending', 'running') and e.opened)::int as open,
       (select count(*) from workflow_executions e where e.workflow_id = w.id and e.zone = s.zone and e.trigger = 'scheduled'
           and e.status = 'pending' and not e.opened)::int as waiting,
       coalesce((w.tenant_id <> 0 or w.timezone = 'tenant') and not exists (
           select from tenants t where t.status = 'active' and (w.tenant_id = 0 or t.id = w.tenant_id) and (w.timezone <> 'tenant' or t.timezone = s.zone)), false)::boolean as vacant
from workflow_schedules s join workflows w on w.id = s.workflow_id
where s.next_at <= @now::timestamptz and w.enabled and s.version = w.version
order by s.next_at, w.id, s.zone limit @most;

-- name: Upcoming :many
-- Of the house's, those that a tenant has none of his own for. What was worked out for another version is stale, or for a zone that is not
-- the workflow's any more is left out.
select sqlc.embed(w), s.zone, s.last_at, coalesce(s.next_at, 'epoch')::timestamptz as next_at, (s.version <> w.version)::boolean as stale
from workflow_schedules s join workflows w on w.id = s.workflow_id
where w.enabled and w.cron <> '' and (w.timezone in ('tenant', s.zone)) and (s.next_at is not null or s.version <> w.version)
  and (w.tenant_id = 0 and w.timezone <> 'tenant' or exists (select from tenants t where t.status = 'active' and (w.tenant_id = 0 or t.id = w.tenant_id)
           and (w.timezone <> 'tenant' or t.timezone = s.zone)))
  and (@tenant::bigint = 0 or w.tenant_id = @tenant
    or (w.tenant_id = 0 and (w.timezone <> 'tenant' or s.zone = (select timezone from tenants where id = @tenant))
        and not exists (select from workflows o where o.tenant_id = @tenant and o.name = w.name)))
order by s.next_at, w.id, s.zone;

-- name: SetTimes :exec
insert into workflow_schedules (workflow_id, zone, version, last_at, next_at)
values (@workflow, @zone, @version, @last_at, @next_at)
on conflict (workflow_id, zone) do update set version = excluded.version, next_at = excluded.next_at,
    last_at = coalesce(excluded.last_at, workflow_schedules.last_at);
