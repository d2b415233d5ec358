-- name: LockDrivers :many
select d.*, r.timezone from drivers d join delivery_regions r on r.id = d.region_id
where d.id = any(@ids::bigint[]) order by d.id for update of d;

-- name: LastPositions :many
select driver_id, lat, lon, at from driver_positions where driver_id = any(@ids::bigint[]);

-- name: Shifts :many
select driver_id, weekday, starts, ends from driver_shifts where driver_id = any(@ids::bigint[]) order by driver_id, weekday, starts;

-- name: RegionDrivers :many
-- Who is at work or on a break.
select d.*, r.timezone from drivers d join delivery_regions r on r.id = d.region_id
where d.region_id = @region and (d.status <> 'IDLE' or d.break_until is not null) order by d.id;

-- name: DriversByID :many
select d.*, r.timezone from drivers d join delivery_regions r on r.id = d.region_id where d.id = any(@ids::bigint[]) order by d.id;

-- name: Drivers :many
select d.*, r.timezone, r.slug as region from drivers d join delivery_regions r on r.id = d.region_id
where d.tenant_id = @tenant and (d.active or d.held > 0) and (@region::text = '' or r.slug = @region)
  and (@id::bigint = 0 or d.id = @id) and (@name::text = '' or lower(d.name) = lower(@name)) and d.id > @after::bigint
order by d.id limit @n::int;

-- name: DriversOf :many
select id, tenant_id from drivers where id = any(@ids::bigint[]);

-- name: UpdateDrivers :exec
update drivers d set status = v.status, version = v.version, held = v.held, done = v.done, changed_at = @at,
    online_at = nullif(v.online, '0001-01-01 00:00:00+00'), break_until = nullif(v.pause, '0001-01-01 00:00:00+00'),
    seen_at = greatest(d.seen_at, nullif(v.seen, '0001-01-01 00:00:00+00')), incident_at = nullif(v.incident_at, '0001-01-01 00:00:00+00'),
    incident = v.incident, incident_orders = v.incident_orders::bigint[]
from (select unnest(@ids::bigint[]) as id, unnest(@expected::int[]) as expected, unnest(@versions::int[]) as version,
             unnest(@statuses::text[]) as status, unnest(@held::int[]) as held, unnest(@done::int[]) as done,
             unnest(@online::timestamptz[]) as online, unnest(@breaks::timestamptz[]) as pause, unnest(@seen::timestamptz[]) as seen,
             unnest(@incident_at::timestamptz[]) as incident_at, unnest(@incidents::text[]) as incident,
             unnest(@incident_orders::text[]) as incident_orders) v
where d.id = v.id and d.version = v.expected;

-- name: PutPositions :exec
-- The newest wins, whichever node wrote it.
insert into driver_positions as p (driver_id, tenant_id, lat, lon, at)
select unnest(@drivers::bigint[]), unnest(@tenants::bigint[]), unnest(@lats::float8[]), unnest(@lons::float8[]), unnest(@at::timestamptz[])
on conflict (driver_id) do update set lat = excluded.lat, lon = excluded.lon, at = excluded.at where p.at < excluded.at;

-- name: PutTracks :exec
insert into driver_tracks (driver_id, at, lat, lon)
select unnest(@drivers::bigint[]), unnest(@at::timestamptz[]), unnest(@lats::float8[]), unnest(@lons::float8[])
on conflict do nothing;

-- name: ForgetTracks :execrows
delete from driver_tracks where at < @before::timestamptz;

-- name: Track :many
select at, lat, lon from driver_tracks where driver_id = @driver and at >= @since::timestamptz and at <= @until::timestamptz order by at limit 5000;

-- name: Region :one
select id, tenant_id, slug, name, timezone, offer_seconds from delivery_regions where id = @id;

-- name: RegionIDs :many
select id from delivery_regions order by id;

-- name: Regions :many
select id, tenant_id, slug, name, timezone, offer_seconds from delivery_regions where tenant_id = @tenant order by slug;

-- name: RegionStates :many
select r.id, r.tenant_id, r.slug, r.name, r.timezone, r.offer_seconds, w.waiting, w.delivering, w.resting, x.pending, x.offered, x.assigned, x.aboard, x.escalated
from delivery_regions r
cross join lateral (
    select count(*) filter (where d.status = 'WAITING_FOR_WORK') as waiting, count(*) filter (where d.status = 'DELIVERING') as delivering,
           count(*) filter (where d.status = 'IDLE' and d.break_until is not null) as resting
    from drivers d where d.region_id = r.id
) w
cross join lateral (
    select count(*) filter (where d.status = 'requested') as pending, count(*) filter (where d.status = 'offered') as offered,
           count(*) filter (where d.status = 'assigned') as assigned, count(*) filter (where d.status = 'picked_up') as aboard,
           count(*) filter (where d.escalated_at is not null) as escalated
    from deliveries d where d.region_id = r.id and d.closed_at is null
) x
where r.tenant_id = @tenant order by r.slug;

-- name: RegionOutlets :many
select outlet_id, lat, lon from delivery_outlets where region_id = @region order by outlet_id;

-- name: OutletRegion :one
select region_id, lat, lon from delivery_outlets where outlet_id = @outlet;

-- name: RecentDemand :many
select outlet_id, from_lat, from_lon, placed_at from deliveries
where region_id = @region and placed_at > @since::timestamptz order by placed_at limit 1000;

-- name: SeeDrivers :exec
update drivers d set seen_at = greatest(d.seen_at, v.at)
from (select unnest(@ids::bigint[]) as id, unnest(@at::timestamptz[]) as at) v where d.id = v.id;

-- name: ServedOutlets :many
select outlet_id from delivery_outlets where tenant_id = @tenant;

-- name: RegionFleet :many
-- Who is at work, on a break, or was taken off the road.
select d.*, r.timezone from drivers d join delivery_regions r on r.id = d.region_id
where d.region_id = @region and d.active and (d.status <> 'IDLE' or d.break_until is not null or d.incident_at is not null) order by d.id;
