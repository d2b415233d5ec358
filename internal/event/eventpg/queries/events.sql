-- name: AppendEvents :many
-- The arrays' order is the order of positions: rows are inserted, and so numbered, as the sub-select orders them.
insert into event_log (id, tenant_id, outlet_id, type, version, aggregate_type, aggregate_id, sequence, occurred_at,
                       origin, trace_parent, payload)
select n.id, n.tenant_id, n.outlet_id, n.type, n.version, n.aggregate_type, n.aggregate_id, n.sequence, n.occurred_at,
       @origin::bigint, n.trace_parent, n.payload::json
from (
    select unnest(@ids::uuid[]) as id, unnest(@tenant_ids::bigint[]) as tenant_id,
           unnest(@outlet_ids::bigint[]) as outlet_id, unnest(@types::text[]) as type,
           unnest(@versions::smallint[]) as version, unnest(@aggregate_types::text[]) as aggregate_type,
           unnest(@aggregate_ids::bigint[]) as aggregate_id, unnest(@sequences::integer[]) as sequence,
           unnest(@occurred_ats::timestamptz[]) as occurred_at, unnest(@trace_parents::text[]) as trace_parent,
           unnest(@payloads::text[]) as payload
) n
returning position;

-- name: PageEvents :many
select * from event_log where position > @after order by position limit @max_events;

-- name: ReadEvents :many
select * from event_log
where (@outlet_id::bigint = 0 or outlet_id = @outlet_id)
  and (cardinality(@types::text[]) = 0 or type = any(@types))
  and position > @after and position <= @up_to
order by position limit @max_events;

-- name: ReadTenantEvents :many
select * from event_log
where tenant_id = @tenant_id
  and (@outlet_id::bigint = 0 or outlet_id = @outlet_id)
  and (cardinality(@types::text[]) = 0 or type = any(@types))
  and position > @after and position <= @up_to
order by position limit @max_events;

-- name: LogHead :one
-- The sub-select on the log is answered from the statement's snapshot, the locks are looked up after it was taken.
select coalesce((select position from event_log order by position desc limit 1), 0)::bigint as head,
       coalesce((select array_agg(virtualtransaction) from pg_catalog.pg_locks
                 where locktype = 'relation' and relation = 'event_log'::regclass and mode = 'RowExclusiveLock' and granted
                   and database = (select oid from pg_catalog.pg_database where datname = current_database())), '{}')::text[] as writers;

-- name: EnsureSink :exec
insert into event_sinks (name) values (@name) on conflict do nothing;

-- name: LoadSink :one
select position, attempts,
       greatest(0, coalesce(extract(epoch from next_attempt_at - now()), 0))::float8 as retry_in_seconds
from event_sinks where name = @name;

-- name: MarkPublished :execrows
update event_sinks
set position = @position, attempts = 0, last_error = '', next_attempt_at = null, updated_at = now()
where name = @name and position < @position;

-- name: AddCheckpoint :exec
insert into event_checkpoints (sink, position, published_at) values (@sink, @position, @published_at);

-- name: NoteFailure :execrows
update event_sinks
set attempts = @attempts, last_error = @last_error, updated_at = now(),
    next_attempt_at = now() + make_interval(secs => @retry_in_seconds::float8)
where name = @name;

-- name: SinkStats :many
select s.name, s.position, s.attempts, s.last_error, s.updated_at,
       greatest(0, coalesce((select e.position from event_log e order by e.position desc limit 1), 0) - s.position)::bigint as behind
from event_sinks s order by s.name;

-- name: PublishedToAll :one
select coalesce(min(position), 0)::bigint as position from event_sinks;

-- name: PruneEvents :execrows
-- From the oldest position on, and no further than the first event that is young or unpublished.
with oldest as materialized (
    select l.position, l.occurred_at from event_log l order by l.position limit @max_events
), young as (
    select min(o.position) as position from oldest o where o.occurred_at >= @older_than::timestamptz or o.position > @published::bigint
)
delete from event_log e using oldest o, young y
where e.position = o.position and (y.position is null or o.position < y.position);

-- name: PruneCheckpoints :exec
-- An event's publication is the first checkpoint at or after it: those before the oldest event are of no use.
delete from event_checkpoints
where position < (select e.position from event_log e order by e.position limit 1);

-- name: ParkEvent :exec
insert into event_parked (sink, position, event_id, type, reason) values (@sink, @position, @event_id, @type, @reason)
on conflict do nothing;

-- name: ParkedEvents :many
select p.sink, p.position, p.event_id, p.type, p.reason, p.parked_at from event_parked p
where @sink::text in ('', p.sink) order by p.sink, p.position limit @max_events;

-- name: AskReplay :one
insert into event_replays (sink, from_position, to_position, position)
select s.name, @first::bigint, least(coalesce(nullif(@last::bigint, 0), s.position), s.position), @before::bigint
from event_sinks s where s.name = @sink and s.position >= @first::bigint
returning id, to_position;

-- name: OpenReplay :one
select id, position, to_position from event_replays where sink = @sink and done_at is null order by id limit 1;

-- name: MarkReplay :exec
update event_replays set position = @position, last_error = '', done_at = case when @position >= to_position then now() end where id = @id;

-- name: FailReplay :exec
update event_replays set last_error = @last_error where id = @id;

-- name: ReplayState :one
select position, to_position, last_error, (done_at is not null)::boolean as done from event_replays where id = @id;

-- name: ForgetSink :execrows
delete from event_sinks where name = @name;
