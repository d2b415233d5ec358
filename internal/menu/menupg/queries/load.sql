-- name: LockLoads :exec
select pg_advisory_xact_lock(7220146391);

-- name: LockEdits :exec
-- Whoever edits one thing keeps files from being loaded, and those from him, but not others elsewhere.
select pg_advisory_xact_lock_shared(7220146391);

-- name: LockOutlet :one
-- Edits of one outlet wait for each other.
select o.slug, t.slug as tenant from outlets o join tenants t on t.id = o.tenant_id
where o.id = @id and o.tenant_id = @tenant_id for no key update of o;

-- name: OutletNames :one
select o.slug, t.slug as tenant from outlets o join tenants t on t.id = o.tenant_id where o.id = @id and o.tenant_id = @tenant_id;

-- name: TenantSlug :one
select slug from tenants where id = @id;

-- name: FormerStaff :many
select w.name, w.max_parallel, w.base_efficiency,
       array(select s.name from staff_skills k join stations s on s.id = k.station_id
             where k.staff_id = w.id and s.removed_at is null order by s.name)::text[] as skills
from staff w where w.outlet_id = @outlet_id and not w.active order by w.name;

-- name: LoadedTenant :one
select id, slug, name, tier, timezone, currency from tenants where slug = @slug;

-- name: LoadedOutlets :many
select o.id, o.slug, o.name, o.timezone, o.is_default, o.stale_after_seconds, o.course_gap_seconds,
       coalesce(s.name, '') as free_form_station, coalesce(a.settings, '{}') as admission
from outlets o left join stations s on s.id = o.free_form_station_id left join admission_settings a on a.outlet_id = o.id
where o.tenant_id = @tenant_id
order by o.id;

-- name: LoadedStations :many
select id, name, capacity from stations where outlet_id = @outlet_id and removed_at is null order by id;

-- name: LoadedMachines :many
select m.id, m.name, m.capacity, s.name as station
from machines m join stations s on s.id = m.station_id
where m.outlet_id = @outlet_id and (m.up or m.reason <> @removed)
order by m.id;

-- name: LoadedStaff :many
select w.id, w.name, w.max_parallel, w.base_efficiency,
       array(select s.name from staff_skills k join stations s on s.id = k.station_id
             where k.staff_id = w.id order by s.name)::text[] as skills
from staff w
where w.outlet_id = @outlet_id and w.active
order by w.id;

-- name: LoadedTimes :many
select t.staff_id, t.kind, t.weekday, to_char(t.starts, 'HH24:MI') as starts, to_char(t.ends, 'HH24:MI') as ends
from staff_shifts t join staff w on w.id = t.staff_id
where w.outlet_id = @outlet_id
order by t.staff_id, t.kind, t.weekday, t.starts;

-- name: LoadedItems :many
select id, sku, name, category, description, price_minor, recipe_id, needs, choices, allergens
from menu_items where outlet_id = @outlet_id and active order by place, id;

-- name: LoadedSteps :many
select s.recipe_id, s.description, st.name as station, coalesce(m.name, '') as machine, s.estimate_seconds, s.base_priority,
       s.batch_size, s.batch_wait_seconds,
       array(select d.depends_on from recipe_step_dependencies d
             where d.recipe_id = s.recipe_id and d.step_no = s.step_no order by d.depends_on)::integer[] as after
from recipe_steps s
join stations st on st.id = s.station_id
left join machines m on m.id = s.machine_id
where s.recipe_id = any(@recipe_ids::bigint[])
order by s.recipe_id, s.step_no;

-- name: PutTenant :one
insert into tenants (slug, name, tier, timezone, currency) values (@slug, @name, @tier, @timezone, @currency)
on conflict (slug) do update
set name = excluded.name, tier = excluded.tier, timezone = excluded.timezone, currency = excluded.currency
returning id;

-- name: ClearDefaultOutlet :exec
update outlets set is_default = false where tenant_id = @tenant_id and is_default and slug <> @slug;

-- name: PutOutlet :one
insert into outlets (tenant_id, slug, name, timezone, is_default, stale_after_seconds, course_gap_seconds)
values (@tenant_id, @slug, @name, @timezone, @is_default, @stale_after_seconds, @course_gap_seconds)
on conflict (tenant_id, slug) do update
set name = excluded.name, timezone = excluded.timezone, is_default = excluded.is_default,
    stale_after_seconds = excluded.stale_after_seconds, course_gap_seconds = excluded.course_gap_seconds
returning id;

-- name: PutOutletAdmission :exec
insert into admission_settings (outlet_id, tenant_id, settings) values (@outlet_id, @tenant_id, @settings)
on conflict (outlet_id) do update set settings = excluded.settings;

-- name: SetFreeFormStation :exec
update outlets set free_form_station_id = nullif(@station_id::bigint, 0) where id = @id;

-- name: MoveConfigVersion :one
update outlets set config_version = config_version + 1 where id = @id returning config_version;

-- name: PutStation :one
insert into stations (tenant_id, outlet_id, name, capacity) values (@tenant_id, @outlet_id, @name, @capacity)
on conflict (outlet_id, name) do update set capacity = excluded.capacity, removed_at = null
returning id;

-- name: RemoveStation :exec
update stations set removed_at = @removed_at where id = @id;

-- name: PutMachine :one
-- A machine that is down for another reason than its removal stays down.
insert into machines (tenant_id, outlet_id, station_id, name, capacity, changed_at)
values (@tenant_id, @outlet_id, @station_id, @name, @capacity, @changed_at)
on conflict (outlet_id, name) do update
set station_id = excluded.station_id, capacity = excluded.capacity,
    changed_at = case when machines.reason = @removed then excluded.changed_at else machines.changed_at end,
    up = machines.up or machines.reason = @removed,
    reason = case when machines.reason = @removed then '' else machines.reason end
returning id;

-- name: RetireMachine :exec
-- Machines are not deleted either, for the same reason.
update machines set up = false, reason = @removed, changed_at = @changed_at where id = @id;

-- name: PutStaff :one
-- What was measured stays.
insert into staff (tenant_id, outlet_id, name, max_parallel, base_efficiency, efficiency)
values (@tenant_id, @outlet_id, @name, @max_parallel, @base_efficiency, @base_efficiency)
on conflict (outlet_id, name) do update
set active = true, max_parallel = excluded.max_parallel, base_efficiency = excluded.base_efficiency
returning id;

-- name: RemoveStaff :exec
update staff set active = false where id = @id;

-- name: DropSkills :exec
delete from staff_skills where staff_id = @staff_id;

-- name: AddSkills :exec
insert into staff_skills (staff_id, station_id) select @staff_id, unnest(@station_ids::bigint[]);

-- name: DropTimes :exec
delete from staff_shifts where staff_id = @staff_id;

-- name: AddTimes :exec
insert into staff_shifts (staff_id, kind, weekday, starts, ends)
select @staff_id, unnest(@kinds::text[]), unnest(@weekdays::smallint[]), unnest(@starts::text[])::time, unnest(@ends::text[])::time;

-- name: AddRecipe :one
insert into recipes (tenant_id, outlet_id, sku, version)
values (@tenant_id, @outlet_id, @sku,
        (select coalesce(max(r.version), 0) + 1 from recipes r where r.outlet_id = @outlet_id and r.sku = @sku))
returning id;

-- name: AddStep :exec
insert into recipe_steps (recipe_id, step_no, description, station_id, machine_id, estimate_seconds, base_priority,
                          batch_size, batch_wait_seconds)
values (@recipe_id, @step_no, @description, @station_id, nullif(@machine_id::bigint, 0), @estimate_seconds, @base_priority,
        @batch_size, @batch_wait_seconds);

-- name: AddDependencies :exec
insert into recipe_step_dependencies (recipe_id, step_no, depends_on)
select @recipe_id, @step_no, unnest(@depends_on::integer[]);

-- name: PutItem :one
-- What is new comes last.
insert into menu_items (tenant_id, outlet_id, sku, name, category, description, price_minor, recipe_id, needs, choices, allergens, place)
values (@tenant_id, @outlet_id, @sku, @name, @category, @description, @price_minor, @recipe_id, @needs, @choices, @allergens,
        (select coalesce(max(i.place), 0) + 1 from menu_items i where i.outlet_id = @outlet_id))
on conflict (outlet_id, sku) do update
set name = excluded.name, category = excluded.category, description = excluded.description,
    price_minor = excluded.price_minor, recipe_id = excluded.recipe_id, needs = excluded.needs,
    choices = excluded.choices, allergens = excluded.allergens, active = true
returning id;

-- name: PlaceItems :exec
-- The menu in the order that is given.
update menu_items i set place = o.n
from (select sku, n::integer from unnest(@skus::text[]) with ordinality as u (sku, n)) o
where i.outlet_id = @outlet_id and i.sku = o.sku and i.place <> o.n;

-- name: RemoveItem :exec
update menu_items set active = false where id = @id;
