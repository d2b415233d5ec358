-- name: Raise :many
-- What is new is written, what is known is counted. An alert is as grave as its latest occurrence: one that becomes graver is open again,
-- one that becomes less grave waits as long as such an alert does. What was escalated stays as grave as that made it until somebody looks after it.
insert into alerts as a (tenant_id, outlet_id, kind, key, severity, title, detail, data, last_ref, first_at, last_at, escalate_at)
select v.tenant_id, v.outlet_id, v.kind, v.key, v.severity, v.title, v.detail, v.data::jsonb, v.ref, @at, @at, v.escalate_at
from (select unnest(@tenants::bigint[]) as tenant_id, unnest(@outlets::bigint[]) as outlet_id, unnest(@kinds::text[]) as kind,
             unnest(@keys::text[]) as key, unnest(@severities::smallint[]) as severity, unnest(@titles::text[]) as title,
             unnest(@details::text[]) as detail, unnest(@datas::text[]) as data, unnest(@refs::text[]) as ref,
             unnest(@escalate_ats::timestamptz[]) as escalate_at) v
order by v.tenant_id, v.kind, v.key
on conflict (tenant_id, kind, key) where status <> 'archived' do update set
    severity_was = a.severity,
    severity = case when a.level = 0 or a.status = 'acknowledged' then excluded.severity else greatest(a.severity, excluded.severity) end,
    status = case when excluded.severity > a.severity then 'open' else a.status end,
    escalate_at = case when excluded.severity > a.severity or excluded.severity < a.severity and a.status = 'open' and a.level = 0 then excluded.escalate_at else a.escalate_at end,
    title = excluded.title, detail = excluded.detail, data = excluded.data,
    count = a.count + 1, last_ref = excluded.last_ref, version = a.version + 1, last_at = greatest(a.last_at, excluded.last_at)
where a.last_ref <> excluded.last_ref
returning *;

-- name: Escalate :many
update alerts a set level = a.level + 1, severity_was = a.severity, severity = least(a.severity + 1, 3), version = a.version + 1,
    escalate_at = nullif(v.escalate_at, 'epoch')
from (select unnest(@ids::bigint[]) as id, unnest(@escalate_ats::timestamptz[]) as escalate_at) v
where a.id = v.id
returning a.*;

-- name: DueAlerts :many
-- Somebody else's are left to him.
select * from alerts where status = 'open' and escalate_at <= @now order by escalate_at, id limit @most for update skip locked;

-- name: Lock :one
select * from alerts where tenant_id = @tenant and id = @id for update;

-- name: Acknowledge :one
update alerts set status = 'acknowledged', acknowledged_at = @at, acknowledged_by = @by, note = @note, escalate_at = null, version = version + 1
where id = @id returning *;

-- name: Archive :many
update alerts set status = 'archived', archived_at = @at, archived_by = @by, note = case when @note::text = '' then note else @note end,
    escalate_at = null, version = version + 1
where id = any(@ids::bigint[]) returning *;

-- name: LiveByKey :many
select a.id from alerts a
join (select unnest(@tenants::bigint[]) as tenant_id, unnest(@kinds::text[]) as kind, unnest(@keys::text[]) as key) v
    on v.tenant_id = a.tenant_id and v.kind = a.kind and v.key = a.key
where a.status <> 'archived' order by a.tenant_id, a.kind, a.key for update of a;

-- name: Quiet :many
-- Acknowledged ones that nothing was heard of for long.
select id from alerts where status = 'acknowledged' and last_at < @before and acknowledged_at < @before order by id limit @most for update skip locked;

-- name: DeleteOld :execrows
delete from alerts where id in (select o.id from alerts o where o.status = 'archived' and o.archived_at < @before order by o.archived_at limit @most);

-- name: Alert :one
select * from alerts where tenant_id = @tenant and id = @id;

-- name: Alerts :many
select * from alerts
where tenant_id = @tenant and (@outlet::bigint = 0 or outlet_id = @outlet or @shared::boolean and outlet_id = 0) and (@kind::text = '' or kind = @kind)
  and (@status::text = '' or status = @status or @status = 'live' and status <> 'archived')
  and severity >= @severity::smallint and (@before::bigint = 0 or id < @before)
order by id desc limit @most;

-- name: Lookers :many
-- The outlets whose people look after what concerns all of a tenant's.
select tenant_id, id from outlets where tenant_id = any(@tenants::bigint[]) and is_default;

-- name: CountOpen :many
select kind, severity, count(*) from alerts where status = 'open' group by kind, severity;
