-- name: LockTenants :many
-- Both, in the order of their ids, so that two who join each other's networks wait for one another.
select id, slug, tier, status, currency from tenants where slug = any(@slugs::text[]) order by id for no key update;

-- name: ParentOf :one
select p.id, p.slug from network_members m join tenants p on p.id = m.parent_id where m.tenant_id = @tenant;

-- name: HasMembers :one
select exists (select from network_members where parent_id = @parent)::boolean;

-- name: AddMember :exec
insert into network_members (tenant_id, parent_id, joined_by, joined_at) values (@tenant, @parent, @by, @at);

-- name: DropMember :execrows
delete from network_members m using tenants t where t.id = m.tenant_id and t.slug = @slug;

-- name: SetCentral :execrows
insert into network_centrals (outlet_id, tenant_id)
select o.id, o.tenant_id from outlets o join tenants t on t.id = o.tenant_id where t.slug = @tenant_slug and o.slug = @outlet_slug
on conflict (outlet_id) do update set tenant_id = excluded.tenant_id;

-- name: DropCentral :execrows
delete from network_centrals c using outlets o, tenants t
where o.id = c.outlet_id and t.id = o.tenant_id and t.slug = @tenant_slug and o.slug = @outlet_slug;

-- name: Members :many
select p.slug as parent, t.slug, t.name, t.status, m.joined_by, m.joined_at,
       (select count(*) from outlets o where o.tenant_id = t.id)::int as outlets
from network_members m join tenants p on p.id = m.parent_id join tenants t on t.id = m.tenant_id
order by p.slug, t.slug;

-- name: Centrals :many
select t.slug as tenant, o.slug, o.name from network_centrals c join outlets o on o.id = c.outlet_id join tenants t on t.id = o.tenant_id
order by 1, 2;
