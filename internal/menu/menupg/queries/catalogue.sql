-- name: MenuVersion :one
-- A digest of all rows, so that no writer can forget to move it. A recipe is never changed: its id says all but how long
-- its steps take by what was learned.
select (coalesce((select sum(hashtextextended(m::text, 0)) from menu_items m
                  where m.tenant_id = @tenant_id and m.outlet_id = @outlet_id), 0)
      + coalesce((select sum(hashtextextended(row(e.sku, e.step_no, e.description, e.station_id, e.base_seconds,
                                                  e.in_force_seconds, e.pinned_seconds)::text, 0))
                  from step_estimates e where e.tenant_id = @tenant_id and e.outlet_id = @outlet_id), 0)
      + coalesce((select sum(hashtextextended(p::text, 0)) from pauses p
                  where p.tenant_id = @tenant_id and p.outlet_id = @outlet_id), 0))::text as version;

-- name: ActiveItems :many
select m.id, m.sku, m.name, m.category, m.description, m.price_minor, m.recipe_id, m.needs, m.choices, m.allergens,
       r.version as recipe_version
from menu_items m join recipes r on r.id = m.recipe_id
where m.tenant_id = @tenant_id and m.outlet_id = @outlet_id and m.active
order by m.place, m.id;

-- name: RecipeSteps :many
select s.recipe_id, s.description, s.station_id, coalesce(s.machine_id, 0)::bigint as machine_id,
       f.estimate_seconds, s.base_priority, s.batch_size, s.batch_wait_seconds,
       array(select d.depends_on from recipe_step_dependencies d
             where d.recipe_id = s.recipe_id and d.step_no = s.step_no order by d.depends_on)::integer[] as after
from recipe_steps s join steps_in_force f on f.recipe_id = s.recipe_id and f.step_no = s.step_no
where s.recipe_id = any(@recipe_ids::bigint[])
order by s.recipe_id, s.step_no;

-- name: Pauses :many
select p.kind, p.name, coalesce(s.id, 0)::bigint as id, p.until, p.reason, p.paused_by, p.paused_at
from pauses p left join stations s on p.kind = 'station' and s.outlet_id = p.outlet_id and s.name = p.name
where p.tenant_id = @tenant_id and p.outlet_id = @outlet_id
order by case p.kind when 'outlet' then 0 when 'source' then 1 when 'station' then 2 else 3 end, p.name;

-- name: NameToPause :one
-- What is meant, as its outlet calls it.
select n.name from outlets o
cross join lateral (
    select '' as name where @kind::text = 'outlet'
    union all select @name::text where @kind::text = 'source'
    union all (select s.name from stations s where s.outlet_id = o.id and @kind::text = 'station' and lower(s.name) = lower(@name::text))
    union all (select i.sku from menu_items i where i.outlet_id = o.id and @kind::text = 'item' and i.active
               and (i.sku = @name::text or lower(i.name) = lower(@name::text)) order by i.sku <> @name::text limit 1)
) n
where o.id = @outlet_id and o.tenant_id = @tenant_id limit 1;

-- name: PutPause :exec
insert into pauses (tenant_id, outlet_id, kind, name, until, reason, paused_by, paused_at)
values (@tenant_id, @outlet_id, @kind, @name, sqlc.narg(until), @reason, @paused_by, @paused_at)
on conflict (outlet_id, kind, name) do update
set until = excluded.until, reason = excluded.reason, paused_by = excluded.paused_by, paused_at = excluded.paused_at;

-- name: PutPauseUnlessPaused :execrows
insert into pauses (tenant_id, outlet_id, kind, name, until, reason, paused_by, paused_at)
values (@tenant_id, @outlet_id, @kind, @name, null, @reason, @paused_by, @paused_at)
on conflict (outlet_id, kind, name) do update
set until = null, reason = excluded.reason, paused_by = excluded.paused_by, paused_at = excluded.paused_at
where pauses.until <= excluded.paused_at;

-- name: DropPauseOf :execrows
delete from pauses where tenant_id = @tenant_id and outlet_id = @outlet_id and kind = @kind and name = @name and paused_by = @paused_by;

-- name: DropPause :execrows
delete from pauses where tenant_id = @tenant_id and outlet_id = @outlet_id and kind = @kind and name = @name;
