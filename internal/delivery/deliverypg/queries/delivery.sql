-- name: InsertDeliveries :many
-- For orders of outlets that have a region; a door that nobody knows stands for an ordinary ride.
insert into deliveries (order_id, tenant_id, outlet_id, region_id, number, token, customer, address, from_lat, from_lon,
                        to_lat, to_lon, located, size, needs, placed_at, zone, extra_seconds)
select v.id, v.tenant, v.outlet, z.region_id, v.number, v.token, v.customer, v.address, z.lat, z.lon,
       coalesce(case when v.known then v.lat end, p.lat, z.lat + @ride_degrees::float8), coalesce(case when v.known then v.lon end, p.lon, z.lon),
       v.known or p.lat is not null, v.size, v.needs, v.placed, v.zone, v.extra
from (select unnest(@ids::bigint[]) as id, unnest(@tenants::bigint[]) as tenant, unnest(@outlets::bigint[]) as outlet,
             unnest(@numbers::text[]) as number, unnest(@tokens::text[]) as token, unnest(@customers::text[]) as customer,
             unnest(@addresses::text[]) as address, unnest(@full_keys::text[]) as full_key, unnest(@street_keys::text[]) as street_key,
             unnest(@known::boolean[]) as known, unnest(@lats::float8[]) as lat, unnest(@lons::float8[]) as lon,
             unnest(@sizes::int[]) as size, unnest(@needs::int[]) as needs, unnest(@placed::timestamptz[]) as placed,
             unnest(@zones::text[]) as zone, unnest(@extras::int[]) as extra) v
join delivery_outlets z on z.outlet_id = v.outlet
left join lateral (
    select lat, lon from delivery_places where tenant_id = v.tenant and address in (v.full_key, v.street_key)
    order by length(address) desc limit 1
) p on not v.known
order by v.id
on conflict do nothing
returning order_id, region_id;

-- name: LockDeliveries :many
-- With the orders' own lives, which stand still until the commit too.
select sqlc.embed(d), o.status as order_status, coalesce(t.waits, '') as waits, coalesce(t.code, '') as code, n.needs
from deliveries d join orders o on o.id = d.order_id left join order_terms t on t.order_id = d.order_id
join delivery_needs n on n.order_id = d.order_id
where d.order_id = any(@ids::bigint[]) or (d.driver_id = any(@drivers::bigint[]) and d.closed_at is null)
order by d.order_id for update of d, o;

-- name: OpenDeliveries :many
select sqlc.embed(d), o.status as order_status, coalesce(t.waits, '') as waits, coalesce(t.code, '') as code, n.needs
from deliveries d join orders o on o.id = d.order_id left join order_terms t on t.order_id = d.order_id
join delivery_needs n on n.order_id = d.order_id
where d.region_id = @region and d.closed_at is null order by d.order_id;

-- name: RidingDeliveries :many
-- What drivers have accepted who have something on board.
select sqlc.embed(d), o.status as order_status, coalesce(t.waits, '') as waits, coalesce(t.code, '') as code, n.needs
from deliveries d join orders o on o.id = d.order_id left join order_terms t on t.order_id = d.order_id
join delivery_needs n on n.order_id = d.order_id
where d.region_id = @region and d.closed_at is null and d.status in ('assigned', 'picked_up')
  and d.driver_id in (select c.driver_id from deliveries c where c.region_id = @region and c.closed_at is null and c.status = 'picked_up')
order by d.order_id;

-- name: Deliveries :many
select sqlc.embed(d), o.status as order_status, coalesce(t.waits, '') as waits, coalesce(t.code, '') as code, n.needs
from deliveries d join orders o on o.id = d.order_id left join order_terms t on t.order_id = d.order_id
join delivery_needs n on n.order_id = d.order_id
where d.tenant_id = @tenant and (@outlet::bigint = 0 or d.outlet_id = @outlet)
  and (@before::bigint = 0 or d.order_id < @before) and (not @open_only::boolean or d.closed_at is null)
  and (@driver::bigint = 0 or (d.driver_id = @driver and d.closed_at is null))
  and (@id::bigint = 0 or d.order_id = @id) and (@number::text = '' or d.number = @number)
order by d.order_id desc limit @n::int;

-- name: ByToken :one
select sqlc.embed(d), o.status as order_status, p.lat, p.lon, p.at, r.name as region
from deliveries d join orders o on o.id = d.order_id join delivery_regions r on r.id = d.region_id
left join driver_positions p on p.driver_id = d.driver_id
where d.token = @token;

-- name: UpdateDeliveries :exec
update deliveries d set
    status = v.status, version = v.version, driver_id = nullif(v.driver, 0), attempt = v.attempt, pinned = nullif(v.pinned, 0),
    refused_by = v.refused::bigint[], promised_at = nullif(v.promised, '0001-01-01 00:00:00+00'), offer_until = nullif(v.offer, '0001-01-01 00:00:00+00'),
    assigned_at = nullif(v.assigned, '0001-01-01 00:00:00+00'), picked_up_at = nullif(v.picked, '0001-01-01 00:00:00+00'),
    near_at = nullif(v.near, '0001-01-01 00:00:00+00'), late_at = nullif(v.late, '0001-01-01 00:00:00+00'),
    escalated_at = nullif(v.escalated, '0001-01-01 00:00:00+00'), note = v.note, proof = v.proof,
    closed_at = nullif(v.closed, '0001-01-01 00:00:00+00'), age_checked = v.aged
from (select unnest(@ids::bigint[]) as id, unnest(@expected::int[]) as expected, unnest(@versions::int[]) as version,
             unnest(@statuses::text[]) as status, unnest(@drivers::bigint[]) as driver, unnest(@attempts::int[]) as attempt,
             unnest(@pinned::bigint[]) as pinned, unnest(@refused::text[]) as refused, unnest(@promised::timestamptz[]) as promised,
             unnest(@offers::timestamptz[]) as offer, unnest(@assigned::timestamptz[]) as assigned, unnest(@picked::timestamptz[]) as picked,
             unnest(@near::timestamptz[]) as near, unnest(@late::timestamptz[]) as late, unnest(@escalated::timestamptz[]) as escalated,
             unnest(@notes::text[]) as note, unnest(@proofs::text[]) as proof, unnest(@closed::timestamptz[]) as closed,
             unnest(@aged::boolean[]) as aged) v
where d.order_id = v.id and d.version = v.expected;

-- name: UpdateEstimates :exec
-- Not a change of the delivery: nobody is told, its version stays.
update deliveries d set eta_at = v.at, eta_from = v.low, eta_to = v.high, promised_at = coalesce(d.promised_at, v.high + d.extra_seconds * interval '1 second')
from (select unnest(@ids::bigint[]) as id, unnest(@at::timestamptz[]) as at, unnest(@low::timestamptz[]) as low,
             unnest(@high::timestamptz[]) as high) v
where d.order_id = v.id and d.closed_at is null;

-- name: NoteDeliveries :exec
update deliveries d set note = v.note
from (select unnest(@ids::bigint[]) as id, unnest(@notes::text[]) as note) v
where d.order_id = v.id and d.closed_at is null and d.driver_id is null;

-- name: InsertOffers :exec
insert into delivery_offers (order_id, attempt, tenant_id, driver_id, offered_at, answered_at, outcome, reason, why)
select unnest(@orders::bigint[]), unnest(@attempts::int[]), unnest(@tenants::bigint[]), unnest(@drivers::bigint[]), @at::timestamptz,
       nullif(unnest(@answered::timestamptz[]), '0001-01-01 00:00:00+00'), unnest(@outcomes::text[]), unnest(@reasons::text[]), unnest(@why::text[])::json;

-- name: AnswerOffers :exec
update delivery_offers o set outcome = v.outcome, reason = v.reason, answered_at = @at
from (select unnest(@orders::bigint[]) as id, unnest(@attempts::int[]) as attempt, unnest(@outcomes::text[]) as outcome,
             unnest(@reasons::text[]) as reason) v
where o.order_id = v.id and o.attempt = v.attempt and o.outcome = 'open';

-- name: Offers :many
select f.attempt, f.driver_id, d.name as driver, f.offered_at, f.answered_at, f.outcome, f.reason, f.why
from delivery_offers f join drivers d on d.id = f.driver_id
where f.order_id = @order_id and f.tenant_id = @tenant order by f.attempt;

-- name: LearnPlaces :exec
insert into delivery_places as p (tenant_id, address, lat, lon, learned)
select distinct on (1, 2) unnest(@tenants::bigint[]), unnest(@addresses::text[]), unnest(@lats::float8[]), unnest(@lons::float8[]), true
on conflict (tenant_id, address) do update set
    lat = case when p.learned then 0.7 * p.lat + 0.3 * excluded.lat else excluded.lat end,
    lon = case when p.learned then 0.7 * p.lon + 0.3 * excluded.lon else excluded.lon end, learned = true;

-- name: LearnSpeed :exec
insert into travel_speeds as s (region_id, hour, metres, seconds) values (@region, @hour, @metres, @seconds)
on conflict (region_id, hour) do update set metres = 0.98 * s.metres + excluded.metres, seconds = 0.98 * s.seconds + excluded.seconds;

-- name: Speeds :many
select hour, metres, seconds from travel_speeds where region_id = @region;

-- name: Places :many
select address, lat, lon, learned from delivery_places where tenant_id = @tenant order by address limit 1000;
