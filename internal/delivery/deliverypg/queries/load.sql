-- name: LoadedRegions :many
select id, slug, name, timezone, offer_seconds from delivery_regions where tenant_id = @tenant;

-- name: LoadedSites :many
select z.region_id, o.slug, z.lat, z.lon from delivery_outlets z join outlets o on o.id = z.outlet_id where z.tenant_id = @tenant order by o.slug;

-- name: LoadedDrivers :many
select d.id, d.name, d.vehicle, d.capacity, d.skills, r.slug as region from drivers d join delivery_regions r on r.id = d.region_id
where d.tenant_id = @tenant and d.active order by d.name;

-- name: LoadedPlaces :many
select address, lat, lon from delivery_places where tenant_id = @tenant and not learned;

-- name: OutletIDs :many
select id, slug from outlets where tenant_id = @tenant;

-- name: PutRegion :one
insert into delivery_regions (tenant_id, slug, name, timezone, offer_seconds) values (@tenant, @slug, @name, @timezone, @offer_seconds)
on conflict (tenant_id, slug) do update set name = excluded.name, timezone = excluded.timezone, offer_seconds = excluded.offer_seconds
returning id;

-- name: PutSite :exec
insert into delivery_outlets (outlet_id, tenant_id, region_id, lat, lon) values (@outlet, @tenant, @region, @lat, @lon)
on conflict (outlet_id) do update set region_id = excluded.region_id, lat = excluded.lat, lon = excluded.lon;

-- name: DropSites :exec
delete from delivery_outlets where region_id = @region and not outlet_id = any(@keep::bigint[]);

-- name: PutDriver :one
insert into drivers as d (tenant_id, region_id, name, vehicle, capacity, skills) values (@tenant, @region, @name, @vehicle, @capacity, @skills)
on conflict (tenant_id, name) do update set region_id = excluded.region_id, vehicle = excluded.vehicle, capacity = excluded.capacity,
    skills = excluded.skills, active = true, version = d.version + 1
returning id;

-- name: DropShifts :exec
delete from driver_shifts where driver_id = @driver;

-- name: AddShifts :exec
insert into driver_shifts (driver_id, weekday, starts, ends)
select @driver, unnest(@weekdays::smallint[]), unnest(@starts::text[])::time, unnest(@ends::text[])::time;

-- name: RetireDriver :exec
update drivers set active = false, version = version + 1 where id = @driver;

-- name: PutPlace :exec
insert into delivery_places (tenant_id, address, lat, lon) values (@tenant, @address, @lat, @lon)
on conflict (tenant_id, address) do update set lat = excluded.lat, lon = excluded.lon where not delivery_places.learned;
