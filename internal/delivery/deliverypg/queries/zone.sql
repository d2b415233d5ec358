-- name: ZoneOutlet :one
select o.slug, z.lat, z.lon, coalesce(r.radius_metres, 0)::int as radius_metres, coalesce(r.take_unknown, false)::boolean as take_unknown
from outlets o left join delivery_outlets z on z.outlet_id = o.id left join delivery_reach r on r.outlet_id = o.id
where o.id = @outlet and o.tenant_id = @tenant;

-- name: LockOutlet :one
-- Whoever changes where an outlet delivers has its row first: nobody waits for anybody in a circle.
select id from outlets where id = @outlet and tenant_id = @tenant for no key update;

-- name: ZonesOf :many
select id, tenant_id, outlet_id, name, area, fee_minor, minimum_minor, free_from_minor, extra_seconds, opens, closes,
       paused_at, paused_until, paused_by, pause_reason
from delivery_zones where outlet_id = @outlet order by name;

-- name: DropOtherZones :exec
delete from delivery_zones where outlet_id = @outlet and not name = any(@keep::text[]);

-- name: PutZone :exec
insert into delivery_zones (tenant_id, outlet_id, name, area, fee_minor, minimum_minor, free_from_minor, extra_seconds, opens, closes)
values (@tenant, @outlet, @name, @area, @fee, @minimum, @free_from, @extra_seconds, @opens, @closes)
on conflict (outlet_id, name) do update set area = excluded.area, fee_minor = excluded.fee_minor, minimum_minor = excluded.minimum_minor,
    free_from_minor = excluded.free_from_minor, extra_seconds = excluded.extra_seconds, opens = excluded.opens, closes = excluded.closes;

-- name: RenameZone :exec
update delivery_zones set name = @name where outlet_id = @outlet and tenant_id = @tenant and name = @was;

-- name: DropZone :execrows
delete from delivery_zones where outlet_id = @outlet and tenant_id = @tenant and name = @name;

-- name: LockZone :one
select paused_at, paused_until from delivery_zones where outlet_id = @outlet and tenant_id = @tenant and name = @name for update;

-- name: PauseZone :exec
update delivery_zones set paused_at = sqlc.narg(at), paused_until = sqlc.narg(until), paused_by = @by, pause_reason = @reason
where outlet_id = @outlet and name = @name;

-- name: PutReach :exec
insert into delivery_reach (outlet_id, tenant_id, radius_metres, take_unknown) values (@outlet, @tenant, @radius, @take_unknown)
on conflict (outlet_id) do update set radius_metres = excluded.radius_metres, take_unknown = excluded.take_unknown;

-- name: MoveOutlet :one
update outlets set config_version = config_version + 1 where id = @outlet returning config_version;

-- name: Locate :one
select lat, lon from delivery_places where tenant_id = @tenant and address = any(@keys::text[]) order by length(address) desc limit 1;

-- name: LoadedZones :many
select o.slug, sqlc.embed(z) from delivery_zones z join outlets o on o.id = z.outlet_id where z.tenant_id = @tenant order by o.slug, z.name;

-- name: LoadedReach :many
select o.slug, r.radius_metres, r.take_unknown from delivery_reach r join outlets o on o.id = r.outlet_id where r.tenant_id = @tenant;

-- name: RegionZones :many
select z.* from delivery_zones z join delivery_outlets o on o.outlet_id = z.outlet_id where o.region_id = @region order by z.outlet_id, z.name;
