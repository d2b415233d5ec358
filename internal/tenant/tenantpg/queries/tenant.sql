-- name: Tenants :many
select id, slug, name, tier, status, timezone, currency from tenants order by slug;

-- name: Outlets :many
select o.id, o.tenant_id, o.slug, o.name, o.timezone, t.currency, o.is_default,
       coalesce(o.free_form_station_id, 0)::bigint as free_form_station_id, o.stale_after_seconds, o.config_version
from outlets o join tenants t on t.id = o.tenant_id
where o.tenant_id = @tenant_id
order by o.slug;

-- name: Credential :one
select k.id, k.tenant_id, coalesce(k.outlet_id, 0)::bigint as outlet_id, k.name, k.role, k.created_at, k.expires_at,
       t.status as tenant_status, coalesce(d.id, 0)::bigint as default_outlet, coalesce(k.driver_id, 0)::bigint as driver_id
from tokens k
join tenants t on t.id = k.tenant_id
left join outlets d on d.tenant_id = k.tenant_id and d.is_default
where k.hash = @hash and k.revoked_at is null and (k.expires_at is null or k.expires_at > now());

-- name: InsertToken :one
insert into tokens (tenant_id, outlet_id, name, role, hash, expires_at, driver_id)
values (@tenant_id, nullif(@outlet_id::bigint, 0), @name, @role, @hash, @expires_at,
        (select d.id from drivers d where d.id = @driver_id::bigint and d.tenant_id = @tenant_id))
returning id, created_at;

-- name: Tokens :many
select id, tenant_id, coalesce(outlet_id, 0)::bigint as outlet_id, name, role, created_at, expires_at, revoked_at
from tokens
where tenant_id = @tenant_id and (@outlet_id::bigint = 0 or outlet_id = @outlet_id)
order by id desc;

-- name: RevokeToken :one
update tokens set revoked_at = coalesce(revoked_at, now())
where tenant_id = @tenant_id and id = @id and (@outlet_id::bigint = 0 or outlet_id = @outlet_id)
returning hash;
