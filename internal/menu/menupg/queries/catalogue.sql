-- name: MenuVersion :one
-- A digest of all rows, so that no writer can forget to move it. A recipe is never changed: its id says all but how long
-- its steps take by what was learned.
select (coalesce((select sum(hashtextextended(m::text, 0)) from menu_items m
                  where m.tenant_id = @tenant_id and m.outlet_id = @outlet_id), 0)
      + coalesce((select sum(hashtextextended(row(e.sku, e.step_no, e.description, e.station_id, e.base_seconds,
                                                  e.in_force_seconds, e.pinned_seconds)::text, 0))
                  from step_estimates e where e.tenant_id = @tenant_id and e.outlet_id = @outlet_id), 0))::text as version;

-- name: ActiveItems :many
select m.id, m.sku, m.name, m.category, m.description, m.price_minor, m.recipe_id, r.version as recipe_version
from menu_items m join recipes r on r.id = m.recipe_id
where m.tenant_id = @tenant_id and m.outlet_id = @outlet_id and m.active
order by m.id;

-- name: RecipeSteps :many
select s.recipe_id, s.description, s.station_id, coalesce(s.machine_id, 0)::bigint as machine_id,
       f.estimate_seconds, s.base_priority,
       array(select d.depends_on from recipe_step_dependencies d
             where d.recipe_id = s.recipe_id and d.step_no = s.step_no order by d.depends_on)::integer[] as after
from recipe_steps s join steps_in_force f on f.recipe_id = s.recipe_id and f.step_no = s.step_no
where s.recipe_id = any(@recipe_ids::bigint[])
order by s.recipe_id, s.step_no;
