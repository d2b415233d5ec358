-- name: InsertTerms :exec
insert into order_terms (order_id, tenant_id, outlet_id, waits, due_at, wanted_at, external, code)
select unnest(@orders::bigint[]), unnest(@tenants::bigint[]), unnest(@outlets::bigint[]), unnest(@waits::text[]),
       nullif(unnest(@due::timestamptz[]), '0001-01-01 00:00:00+00'), nullif(unnest(@wanted::timestamptz[]), '0001-01-01 00:00:00+00'),
       unnest(@external::boolean[]), unnest(@codes::text[]);

-- name: InsertPayments :exec
insert into payments (order_id, tenant_id, outlet_id, method, token, currency, updated_at)
select unnest(@orders::bigint[]), unnest(@tenants::bigint[]), unnest(@outlets::bigint[]), unnest(@methods::text[]),
       unnest(@tokens::text[]), unnest(@currencies::text[]), unnest(@at::timestamptz[]);

-- name: InsertAttempts :exec
-- Whoever asks for a step without a job has fifteen seconds, by the database's clock: more than one call takes.
insert into payment_attempts (order_id, seq, tenant_id, step, amount_minor, key, state, asker, ask_at, created_at, updated_at)
select v.id, v.seq, v.tenant, v.step, v.amount, v.key, 'pending', v.asker,
       case when v.asker <> 0 then clock_timestamp() + interval '15 s' end, v.at, v.at
from (select unnest(@orders::bigint[]) as id, unnest(@seqs::smallint[]) as seq, unnest(@tenants::bigint[]) as tenant,
             unnest(@steps::text[]) as step, unnest(@amounts::bigint[]) as amount, unnest(@keys::text[]) as key,
             unnest(@askers::bigint[]) as asker, unnest(@at::timestamptz[]) as at) v;

-- name: TakeAbandoned :many
update payment_attempts set ask_at = null
where (order_id, seq) in (
    select a.order_id, a.seq from payment_attempts a
    where a.ask_at is not null and (a.ask_at < clock_timestamp() or not exists (
        select from nodes n where n.id = a.asker and n.expires_at > clock_timestamp()))
    order by a.ask_at limit @n::int for update skip locked)
returning order_id;

-- name: UpdateAttempts :exec
update payment_attempts a set state = v.state, tries = v.tries, last_error = v.error, reference = v.reference, note = v.note,
       ask_at = null, updated_at = v.at
from (select unnest(@orders::bigint[]) as id, unnest(@seqs::smallint[]) as seq, unnest(@states::text[]) as state,
             unnest(@tries::int[]) as tries, unnest(@errors::text[]) as error, unnest(@refs::text[]) as reference,
             unnest(@notes::text[]) as note, unnest(@at::timestamptz[]) as at) v
where a.order_id = v.id and a.seq = v.seq;

-- name: UpdatePayments :exec
update payments p set authorised_minor = v.authorised, captured_minor = v.captured, refunded_minor = v.refunded,
       state = v.state, reference = v.reference, updated_at = v.at
from (select unnest(@orders::bigint[]) as id, unnest(@authorised::bigint[]) as authorised, unnest(@captured::bigint[]) as captured,
             unnest(@refunded::bigint[]) as refunded, unnest(@states::text[]) as state, unnest(@refs::text[]) as reference,
             unnest(@at::timestamptz[]) as at) v
where p.order_id = v.id;

-- name: UpdateTerms :exec
update order_terms t set waits = v.waits, due_at = nullif(v.due, '0001-01-01 00:00:00+00'), wanted_at = nullif(v.wanted, '0001-01-01 00:00:00+00'),
       proof = v.proof, failure = v.failure
from (select unnest(@orders::bigint[]) as id, unnest(@waits::text[]) as waits, unnest(@due::timestamptz[]) as due,
             unnest(@wanted::timestamptz[]) as wanted, unnest(@proofs::text[]) as proof, unnest(@failures::text[]) as failure) v
where t.order_id = v.id;

-- name: LockLives :many
select o.id, o.tenant_id, o.outlet_id, o.number, o.source, o.status, o.type, o.customer_name, o.total_minor, o.currency, o.version,
       o.placed_at, o.priority,
       (t.order_id is not null)::boolean as has_terms, coalesce(t.waits, '') as waits, t.due_at, t.wanted_at,
       coalesce(t.external, false) as external, coalesce(t.code, '') as code, coalesce(t.proof, '') as proof,
       coalesce(t.failure, '') as failure,
       coalesce(p.method, '') as method, coalesce(p.token, '') as token, coalesce(p.authorised_minor, 0)::bigint as authorised,
       coalesce(p.captured_minor, 0)::bigint as captured, coalesce(p.refunded_minor, 0)::bigint as refunded,
       coalesce(p.state, '') as payment_state, coalesce(p.reference, '') as payment_reference
from orders o left join order_terms t on t.order_id = o.id left join payments p on p.order_id = o.id
where o.id = any(@ids::bigint[]) order by o.id for update of o;

-- name: LastAttempts :many
select distinct on (order_id) order_id, seq, step, amount_minor, key, state, tries, last_error, reference, note
from payment_attempts where order_id = any(@orders::bigint[]) order by order_id, seq desc;

-- name: PendingAttempt :one
select a.order_id, a.seq, a.tenant_id, a.step, a.amount_minor, a.key, a.tries, a.reference, p.method, p.token, p.currency,
       p.reference as payment_reference, o.number, p.outlet_id, a.created_at, (o.status in ('cancelled', 'rejected'))::boolean as over
from payment_attempts a join payments p on p.order_id = a.order_id join orders o on o.id = a.order_id
where a.order_id = @order_id and a.state = 'pending' order by a.seq desc limit 1;

-- name: WithPayments :many
select order_id, tenant_id from payments where order_id = any(@orders::bigint[]);

-- name: DueOrders :many
select order_id, tenant_id, outlet_id, waits, due_at, wanted_at from order_terms
where due_at is not null order by due_at limit @n::int;

-- name: Attempts :many
select seq, step, amount_minor, key, state, tries, last_error, reference, note, created_at, updated_at
from payment_attempts where order_id = @order_id and tenant_id = @tenant order by seq;

-- name: Terms :one
select t.waits, t.due_at, t.wanted_at, t.external, t.code, t.proof, t.failure, coalesce(p.method, '') as method,
       coalesce(p.state, '') as state, coalesce(p.authorised_minor, 0)::bigint as authorised,
       coalesce(p.captured_minor, 0)::bigint as captured, coalesce(p.refunded_minor, 0)::bigint as refunded,
       coalesce(p.token, '') as token
from order_terms t left join payments p on p.order_id = t.order_id where t.order_id = @order_id and t.tenant_id = @tenant;

-- name: Stuck :many
-- Steps that others have not done after some tries or time, and orders whose time has passed without anything happening.
select a.order_id, o.number, o.outlet_id, 'payment' as kind, a.step, a.tries, a.last_error, a.created_at as since
from payment_attempts a join orders o on o.id = a.order_id join payments p on p.order_id = a.order_id
where a.tenant_id = @tenant and (a.state = 'stuck' or a.state = 'pending' and (a.tries >= 3 or a.created_at < @before::timestamptz
  and not (a.step = 'authorise' and p.method = 'card' and p.token = '' and o.status = 'created'))) -- a guest who has not paid yet
union all
select t.order_id, o.number, o.outlet_id, 'timer', t.waits, 0, t.failure, t.due_at
from order_terms t join orders o on o.id = t.order_id
where t.tenant_id = @tenant and t.due_at < @before::timestamptz
union all
select t.order_id, o.number, o.outlet_id, 'sale', t.waits, 0, t.failure, o.updated_at
from order_terms t join orders o on o.id = t.order_id where t.tenant_id = @tenant and t.failure <> ''
union all
select p.order_id, o.number, o.outlet_id, 'balance', 'collect', 0, 'more was added than was paid for', o.updated_at
from payments p join orders o on o.id = p.order_id
where p.tenant_id = @tenant and o.status in ('served', 'collected', 'delivered') and p.captured_minor - p.refunded_minor < o.total_minor
  and not exists (select from payment_attempts a where a.order_id = p.order_id and a.state in ('pending', 'stuck'))
order by since, order_id limit 500;

-- name: OrderLines :many
select order_id, line_no, sku, name, quantity, unit_price_minor, recipe_id, course from order_items
where order_id = any(@orders::bigint[]) and quantity > 0 order by order_id, line_no;

-- name: Settings :one
select s.payment_within_seconds, s.hand_over_code, s.pos_url, s.pos_secret, s.pos_accept_seconds, s.alert_email, s.alert_phone, s.alert_language
from outlet_settings s where s.outlet_id = @outlet;

-- name: Hours :many
select weekday, opens, closes from outlet_hours where outlet_id = @outlet order by weekday, opens;

-- name: PutSettings :exec
insert into outlet_settings (outlet_id, payment_within_seconds, hand_over_code, pos_url, pos_secret, pos_accept_seconds, alert_email, alert_phone, alert_language)
values (@outlet, @payment_within, @hand_over_code, @pos_url, @pos_secret, @pos_accept, @alert_email, @alert_phone, @alert_language)
on conflict (outlet_id) do update set payment_within_seconds = excluded.payment_within_seconds, hand_over_code = excluded.hand_over_code,
    pos_url = excluded.pos_url, pos_secret = excluded.pos_secret, pos_accept_seconds = excluded.pos_accept_seconds,
    alert_email = excluded.alert_email, alert_phone = excluded.alert_phone, alert_language = excluded.alert_language;

-- name: LockSettings :exec
-- Whoever changes how an outlet takes orders takes turns; orders are taken meanwhile.
select 1 from outlets where id = @outlet for no key update;

-- name: ClearHours :exec
delete from outlet_hours where outlet_id = @outlet;

-- name: InsertHours :exec
insert into outlet_hours (outlet_id, weekday, opens, closes)
select @outlet, unnest(@weekdays::smallint[]), unnest(@opens::time[]), unnest(@closes::time[]);
