-- name: AudienceWebhooks :many
select id, tenant_id, coalesce(outlet_id, 0)::bigint as outlet_id, kinds, source from webhooks
where tenant_id = any (@tenants::bigint[]) and disabled_at is null
order by id;

-- name: AudienceContacts :many
select order_id, email, phone, language from order_contacts where order_id = any (@orders::bigint[]);

-- name: AudienceStaff :many
select outlet_id, alert_email, alert_phone, alert_language from outlet_settings
where outlet_id = any (@outlets::bigint[]) and (alert_email <> '' or alert_phone <> '');

-- name: AudienceBosses :many
-- People who answer for all of a tenant, in the language of its default outlet.
select u.tenant_id, u.email::text as email, coalesce(s.alert_language, '')::text as language
from users u
left join outlets o on o.tenant_id = u.tenant_id and o.is_default
left join outlet_settings s on s.outlet_id = o.id
where u.tenant_id = any (@tenants::bigint[]) and u.active and u.outlet_id is null and u.role in ('owner', 'manager') and u.email <> ''
order by u.id;

-- name: OfProviders :many
-- What ordering providers call their orders, and what they have taken for those that they were paid for.
select o.id, coalesce(o.idempotency_key, '')::text as external_id, o.total_minor, o.currency,
       exists (select from payments p where p.order_id = o.id and p.method = 'provider') as paid_there
from orders o where o.id = any (@orders::bigint[]) and o.source like 'channel:%';

-- name: KeepContacts :exec
insert into order_contacts (order_id, tenant_id, email, phone, language)
select unnest(@orders::bigint[]), unnest(@tenants::bigint[]), unnest(@emails::text[]), unnest(@phones::text[]), unnest(@languages::text[])
on conflict do nothing;

-- name: ToldLately :many
-- Guests who were told the same a moment ago.
select n.order_id, n.kind, n.channel, n.recipient, max(n.occurred_at)::timestamptz as at
from (select unnest(@orders::bigint[]) as order_id, unnest(@kinds::text[]) as kind, unnest(@channels::text[]) as channel,
             unnest(@recipients::text[]) as recipient) w
join notifications n on n.order_id = w.order_id and n.kind = w.kind and n.channel = w.channel and n.recipient = w.recipient
where n.status <> 'collapsed'
group by n.order_id, n.kind, n.channel, n.recipient;

-- name: InsertMessages :many
insert into notifications (tenant_id, outlet_id, order_id, sequence, kind, channel, webhook_id, recipient, lane, language, facts,
                           status, occurred_at, finished_at)
select w.tenant_id, w.outlet_id, w.order_id, w.sequence, w.kind, w.channel, w.webhook_id, w.recipient, w.lane, w.language,
       w.facts::json, w.status, w.occurred_at, case when w.status = 'pending' then null else now() end
from (select unnest(@tenants::bigint[]) as tenant_id, unnest(@outlets::bigint[]) as outlet_id, unnest(@orders::bigint[]) as order_id,
             unnest(@sequences::int[]) as sequence, unnest(@kinds::text[]) as kind, unnest(@channels::text[]) as channel,
             unnest(@webhooks::bigint[]) as webhook_id, unnest(@recipients::text[]) as recipient, unnest(@lanes::text[]) as lane,
             unnest(@languages::text[]) as language, unnest(@facts::text[]) as facts, unnest(@statuses::text[]) as status,
             unnest(@occurred_ats::timestamptz[]) as occurred_at) w
on conflict (order_id, sequence, kind, channel, recipient) do nothing
returning id, order_id, sequence, kind, channel, recipient;

-- name: EnsureLanes :exec
insert into notify_lanes (lane) select l from unnest(@lanes::text[]) as l order by l on conflict do nothing;

-- name: LockLanes :exec
select 1 from notify_lanes where lane = any (@lanes::text[]) order by lane for update;

-- name: RestingLanes :many
-- Lanes that nobody works on: they have no job, it sleeps for another message (job_id), or it was not seen for too long.
select lane, (case when busy and wakes_at > clock_timestamp() then job_id else 0 end)::bigint as job_id
from notify_lanes
where lane = any (@lanes::text[])
  and (not busy or wakes_at > clock_timestamp() + interval '300 milliseconds' and (resume_at is null or resume_at <= clock_timestamp())
       or greatest(wakes_at, seen_at) < clock_timestamp() - interval '5 minutes');

-- name: NewTurns :many
update notify_lanes set busy = true, turn = turn + 1, wakes_at = null, seen_at = clock_timestamp()
where lane = any (@lanes::text[])
returning lane, turn;

-- name: ResetLane :exec
update notify_lanes set failures = 0, failing_since = null, resume_at = null, last_error = '' where lane = @lane;

-- name: LockLane :one
select turn, failures,
       coalesce(extract(epoch from clock_timestamp() - failing_since), 0)::float8 as failing_seconds,
       coalesce(extract(epoch from resume_at - clock_timestamp()), 0)::float8 as resume_seconds
from notify_lanes where lane = @lane for update;

-- name: DueLetters :many
select n.*, coalesce(w.url, '')::text as url, coalesce(w.secret, '')::text as secret
from notifications n left join webhooks w on w.id = n.webhook_id
where n.lane = @lane and n.status = 'pending' and n.next_attempt_at <= clock_timestamp()
  and not exists (select from notifications e where e.lane = n.lane and e.status = 'pending' and e.order_id = n.order_id
                  and e.recipient = n.recipient and e.id < n.id)
order by n.id
limit @n;

-- name: NextDue :one
-- In how many seconds the next message that heads its order is due; -1: nothing waits.
select coalesce(extract(epoch from min(next_attempt_at) - clock_timestamp()), -1)::float8 as seconds, count(*) as waiting
from (select distinct on (order_id, recipient) next_attempt_at from notifications
      where lane = @lane and status = 'pending' order by order_id, recipient, id) heads;

-- name: RestLane :exec
update notify_lanes set busy = false, wakes_at = null where lane = @lane;

-- name: LaneSleeps :exec
update notify_lanes set job_id = @job, wakes_at = clock_timestamp() + make_interval(secs => @seconds::float8), seen_at = clock_timestamp() where lane = @lane;

-- name: LanesWork :exec
update notify_lanes set wakes_at = null, seen_at = clock_timestamp() where lane = any (@lanes::text[]);

-- name: RecordResults :exec
update notifications n set
    attempts = r.attempt,
    status = case when r.error = '' then 'sent' when r.give_up then 'failed' else 'pending' end,
    last_error = r.error,
    next_attempt_at = clock_timestamp() + make_interval(secs => r.retry_seconds),
    finished_at = case when r.error = '' or r.give_up then clock_timestamp() end
from (select unnest(@ids::bigint[]) as id, unnest(@attempts::int[]) as attempt, unnest(@errors::text[]) as error,
             unnest(@give_ups::bool[]) as give_up, unnest(@retry_seconds::float8[]) as retry_seconds) r
where n.id = r.id and n.status = 'pending';

-- name: RecordAttempts :exec
insert into notification_attempts (notification_id, attempt, took_ms, code, error)
select unnest(@ids::bigint[]), unnest(@attempts::int[]), unnest(@took_ms::int[]), unnest(@codes::int[]), unnest(@errors::text[])
on conflict do nothing;

-- name: LaneFailed :exec
update notify_lanes set failures = failures + 1, failing_since = coalesce(failing_since, clock_timestamp()),
    resume_at = clock_timestamp() + make_interval(secs => @pause_seconds::float8), last_error = @last_error
where lane = @lane;

-- name: LaneSent :exec
update notify_lanes set failures = 0, failing_since = null, last_error = @last_error, last_sent_at = clock_timestamp(),
    resume_at = case when @pause_seconds::float8 > 0 then clock_timestamp() + make_interval(secs => @pause_seconds::float8) end
where lane = @lane;

-- name: DisableWebhook :exec
update webhooks set disabled_at = now(), disabled_reason = @reason where id = @id and disabled_at is null;

-- name: GiveUpLane :exec
update notifications set status = 'failed', last_error = @reason, finished_at = now() where lane = @lane and status = 'pending';

-- name: InsertWebhook :one
insert into webhooks (tenant_id, outlet_id, url, secret, kinds, description, created_by)
values (@tenant, nullif(@outlet::bigint, 0), @url, @secret, @kinds, @description, @created_by)
returning id, created_at;

-- name: PutSourceWebhook :one
insert into webhooks (tenant_id, outlet_id, url, secret, kinds, description, created_by, source)
values (@tenant, nullif(@outlet::bigint, 0), @url, @secret, @kinds, @description, @created_by, @source)
on conflict (tenant_id, source) where source <> '' do update
    set url = excluded.url, secret = excluded.secret, outlet_id = excluded.outlet_id, disabled_at = null, disabled_reason = ''
returning id, created_at;

-- name: PruneMessages :execrows
-- Finished messages with their attempts, the oldest first, so many at a time.
delete from notifications where id in (
    select id from notifications where finished_at < @before::timestamptz order by finished_at limit @n::int for update skip locked);

-- name: Webhooks :many
select w.id, w.tenant_id, coalesce(w.outlet_id, 0)::bigint as outlet_id, w.source, w.url, w.kinds, w.description, w.created_at, w.created_by,
       w.disabled_at, w.disabled_reason, coalesce(l.failures, 0)::int as failures, l.failing_since, l.resume_at,
       coalesce(l.last_error, '')::text as last_error, l.last_sent_at,
       (select count(*) from notifications n where n.lane = 'webhook:' || w.id and n.status = 'pending') as pending
from webhooks w left join notify_lanes l on l.lane = 'webhook:' || w.id
where w.tenant_id = @tenant and (@id::bigint = 0 or w.id = @id)
order by w.id;

-- name: UpdateWebhook :execrows
update webhooks set outlet_id = nullif(@outlet::bigint, 0), url = @url, kinds = @kinds, description = @description
where tenant_id = @tenant and id = @id;

-- name: DeleteWebhook :execrows
delete from webhooks where tenant_id = @tenant and id = @id;

-- name: EnableWebhook :execrows
update webhooks set disabled_at = null, disabled_reason = '' where tenant_id = @tenant and id = @id;

-- name: Messages :many
select * from notifications
where tenant_id = @tenant and (@outlet::bigint = 0 or outlet_id = @outlet) and (@order_id::bigint = 0 or order_id = @order_id)
  and (@webhook::bigint = 0 or webhook_id = @webhook) and (@status::text = '' or status = @status)
  and (@before::bigint = 0 or id < @before)
order by id desc
limit @n;

-- name: Attempts :many
select * from notification_attempts where notification_id = any (@messages::bigint[]) order by notification_id, attempt;

-- name: Replay :execrows
update notifications set status = 'pending', next_attempt_at = now(), finished_at = null
where tenant_id = @tenant and webhook_id = @webhook and id = @id;

-- name: BeginTrial :one
-- A test message, which has failed until it is known to have arrived. The webhook's lane is locked.
insert into notifications (tenant_id, outlet_id, order_id, sequence, kind, channel, webhook_id, recipient, lane, facts, status, last_error,
                           occurred_at, finished_at)
select w.tenant_id, coalesce(w.outlet_id, 0), 0, coalesce((select max(n.sequence) from notifications n
       where n.order_id = 0 and n.kind = 'test' and n.channel = 'webhook' and n.recipient = @lane), 0) + 1,
       'test', 'webhook', w.id, @lane, @lane, @facts::json, 'failed', @reason, @at, now()
from webhooks w where w.tenant_id = @tenant and w.id = @id
returning id, outlet_id, sequence, (select url from webhooks where webhooks.id = @id) as url, (select secret from webhooks where webhooks.id = @id) as secret;

-- name: EndTrial :exec
update notifications set attempts = 1, status = case when @error::text = '' then 'sent' else 'failed' end, last_error = @error, finished_at = now()
where id = @id and status = 'failed' and attempts = 0;
