-- name: Register :execrows
-- A name is free when nobody has it, or whoever had it left, is dead, or has been silent for two of its heartbeats.
insert into workers as w (tenant_id, name, session, node_id, order_types, status, heartbeat_seconds)
values (@tenant, @name, @session, @node, @order_types::text[], 'online', @heartbeat)
on conflict (tenant_id, name) do update
set session = excluded.session, node_id = excluded.node_id, order_types = excluded.order_types, status = 'online',
    heartbeat_seconds = excluded.heartbeat_seconds, started_at = now(), last_seen = now()
where w.status = 'offline' or w.last_seen < now() - make_interval(secs => 2 * w.heartbeat_seconds)
   or not exists (select from nodes n where n.id = w.node_id and n.expires_at > clock_timestamp());

-- name: Beat :execrows
update workers set last_seen = now(), status = 'online', node_id = @node where tenant_id = @tenant and name = @name and session = @session;

-- name: Leave :exec
update workers set last_seen = now(), status = 'offline' where tenant_id = @tenant and name = @name and session = @session;

-- name: Workers :many
select name, order_types, orders_processed, last_seen,
       (status = 'online' and last_seen >= now() - make_interval(secs => 2 * heartbeat_seconds))::boolean as online
from workers where tenant_id = @tenant order by name;

-- name: LockOrders :many
select w.order_id, w.tenant_id, w.number, w.worker, w.taken_at, (w.done_at is not null)::boolean as done, o.status
from worker_orders w join orders o on o.id = w.order_id
where (w.tenant_id, w.number) in (select unnest(@tenants::bigint[]), unnest(@numbers::text[]))
order by w.order_id for update of w;

-- name: UpdateOrders :exec
update worker_orders w set worker = v.worker, taken_at = v.taken_at, done_at = case when v.done then v.at end
from (select unnest(@ids::bigint[]) as id, unnest(@workers::text[]) as worker, unnest(@taken::timestamptz[]) as taken_at,
             unnest(@done::boolean[]) as done, unnest(@at::timestamptz[]) as at) v
where w.order_id = v.id;

-- name: CountProcessed :exec
update workers w set orders_processed = w.orders_processed + v.n
from (select unnest(@tenants::bigint[]) as tenant_id, unnest(@names::text[]) as name, unnest(@counts::bigint[]) as n) v
where w.tenant_id = v.tenant_id and w.name = v.name;

-- name: WorkerOutlets :many
select id from outlets where kitchen_mode = 'workers';

-- name: Enrol :exec
insert into worker_orders (order_id, tenant_id, outlet_id, number)
select unnest(@orders::bigint[]), unnest(@tenants::bigint[]), unnest(@outlets::bigint[]), unnest(@numbers::text[]);

-- name: Enrolled :many
select order_id from worker_orders where order_id = any(@orders::bigint[]) and done_at is null;

-- name: Finished :many
select number from worker_orders where tenant_id = @tenant and number = any(@numbers::text[]) and done_at is not null;

-- name: OldestOpen :one
select coalesce((select o.placed_at from worker_orders w join orders o on o.id = w.order_id
                 where w.done_at is null order by w.order_id limit 1), now())::timestamptz as placed_at;

-- name: SetKitchenMode :execrows
update outlets set kitchen_mode = @mode where tenant_id = @tenant and id = @outlet;

-- name: KitchenModes :many
select id, slug, kitchen_mode from outlets where tenant_id = @tenant order by slug;

-- name: LockTenants :exec
lock table tenants in share row exclusive mode;

-- name: FoundRestaurant :exec
-- One tenant with one outlet, whose orders go to workers, when there is no tenant at all.
with t as (
    insert into tenants (slug, name) select 'restaurant', 'Restaurant' where not exists (select from tenants) returning id, timezone
), o as (
    insert into outlets (tenant_id, slug, name, timezone, is_default, kitchen_mode)
    select id, 'main', 'Main', timezone, true, 'workers' from t returning id, tenant_id
), s as (
    insert into stations (tenant_id, outlet_id, name, capacity) select tenant_id, id, 'kitchen', 99 from o returning id, outlet_id
)
select from s;

-- name: FreeFormStations :exec
update outlets o set free_form_station_id = s.id from stations s
where s.outlet_id = o.id and o.free_form_station_id is null and o.kitchen_mode = 'workers' and s.name = 'kitchen';
