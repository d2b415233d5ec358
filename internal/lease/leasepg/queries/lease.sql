-- All time is the database's: clock_timestamp(), never a node's clock.

-- name: InsertNode :one
insert into nodes (name, roles, expires_at)
values (@name, @roles, clock_timestamp() + make_interval(secs => @ttl_seconds::float8))
returning id;

-- name: RenewNode :execrows
-- An expired row is never renewed: whoever saw it dead may already have taken its leases.
update nodes set expires_at = clock_timestamp() + make_interval(secs => @ttl_seconds::float8)
where id = @id and expires_at > clock_timestamp();

-- name: DeleteNode :exec
delete from nodes where id = @id;

-- name: DeleteNamesakes :exec
delete from nodes where name = @name;

-- name: DeleteLongDead :exec
delete from nodes where expires_at < clock_timestamp() - interval '1 day';

-- name: Survey :many
-- One row per kind: how many live nodes want it, a digest of what this node holds, and what nobody alive holds.
select k.kind::text as kind,
       (select count(*) from nodes n
        where n.expires_at > clock_timestamp() and k.kind = any (string_to_array(n.roles, ',')))::int as nodes,
       coalesce(bit_xor(hashtextextended(l.resource, l.fence)) filter (where l.node_id = @node_id::bigint), 0)::bigint as digest,
       coalesce(array_agg(l.resource) filter (where l.resource is not null and o.id is null), '{}')::text[] as free,
       coalesce(array_agg(l.fence) filter (where l.resource is not null and o.id is null), '{}')::bigint[] as free_fences
from unnest(@kinds::text[]) as k (kind)
left join leases l on split_part(l.resource, ':', 1) = k.kind
left join nodes o on o.id = l.node_id and o.expires_at > clock_timestamp()
group by k.kind;

-- name: Register :exec
insert into leases (resource)
select r from unnest(@resources::text[]) as r order by r
on conflict do nothing;

-- name: Claim :execrows
-- FOR UPDATE, because only that waits for (and is waited for by) the FOR KEY SHARE of a commit's check; SKIP LOCKED,
-- because one hanging commit must not hold up the rest. The fence tells that nobody else was faster.
with free as (
    select l.resource
    from leases l
    join (select unnest(@resources::text[]) as resource, unnest(@fences::bigint[]) as fence) c
        on c.resource = l.resource and c.fence = l.fence
    where not exists (select from nodes o where o.id = l.node_id and o.expires_at > clock_timestamp())
    order by l.resource
    for update of l skip locked
)
update leases l set node_id = n.id, fence = l.fence + 1, acquired_at = clock_timestamp()
from free, nodes n
where l.resource = free.resource and n.id = @node_id and n.expires_at > clock_timestamp();

-- name: Held :many
select resource, fence, hashtextextended(resource, fence)::bigint as digest from leases where node_id = @node_id::bigint order by resource;

-- name: Release :exec
update leases set node_id = null, acquired_at = null
where node_id = @node_id::bigint and resource = any (@resources::text[]);

-- name: ReleaseAll :exec
update leases set node_id = null, acquired_at = null where node_id = @node_id::bigint;

-- name: Nodes :many
select id, name, roles, started_at, expires_at, (expires_at > clock_timestamp())::boolean as alive
from nodes order by id;

-- name: Leases :many
select l.resource, l.fence, coalesce(l.node_id, 0)::bigint as node_id, coalesce(n.name, '')::text as node,
       coalesce(n.expires_at > clock_timestamp(), false)::boolean as alive,
       coalesce(l.acquired_at, 'epoch')::timestamptz as acquired_at
from leases l left join nodes n on n.id = l.node_id
order by l.resource;
