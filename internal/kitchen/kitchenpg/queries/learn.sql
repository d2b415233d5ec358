-- name: LearnedUpTo :one
select position from learning_cursor where id = 1 for update;

-- name: LearnUpTo :exec
update learning_cursor set position = @position, updated_at = now() where id = 1;

-- name: DoneTasks :many
-- What was completed and is completed still, with what its recipe said. A task that completed by itself is open: it took
-- at least so long.
-- Each is looked up by itself: on an empty table it looks as good to join all tasks there are.
select e.position, e.outlet_id, e.tenant_id, coalesce(t.sku, '') as sku, coalesce(t.step_no, 0)::int as step_no,
       coalesce(t.description, '') as description, coalesce(t.station_id, 0)::bigint as station_id,
       coalesce(t.estimate_seconds, 0)::float8 as estimate_seconds,
       coalesce(t.assigned_staff_id, 0)::bigint as staff_id,
       coalesce(extract(epoch from t.completed_at - t.started_at), 0)::float8 as took_seconds,
       (coalesce(e.payload->>'reason', '') = 'estimate elapsed')::boolean as open,
       coalesce((t.decision->'staff'->'fit'->0->>'active')::int, 0)::int as load
from (select l.position, l.outlet_id, l.tenant_id, l.aggregate_id, l.occurred_at, l.payload from event_log l
      where l.position > @after and l.position <= @up_to and l.type = 'TASK_COMPLETED'
      order by l.position limit @most::int) e
left join lateral (
    select i.sku, s.step_no, s.description, s.station_id, s.estimate_seconds, k.assigned_staff_id, k.completed_at, k.started_at, d.decision
    from (select * from tasks where id = e.aggregate_id and completed_at = e.occurred_at and started_at is not null limit 1) k
    cross join lateral (select sku, recipe_id from order_items where order_id = k.order_id and line_no = k.line_no limit 1) i
    cross join lateral (select * from recipe_steps where recipe_id = i.recipe_id and step_no = k.step_no limit 1) s
    left join lateral (select decision from task_decisions where task_id = k.id and attempt = k.requeues limit 1) d on true
    limit 1) t on true
order by e.position;

-- name: StepEvidence :many
select outlet_id, sku, step_no, description, station_id, base_seconds, logs::float8[] as logs, open, samples,
       coalesce(in_force_seconds, 0)::float8 as in_force_seconds
from step_estimates where outlet_id = any(@outlets::bigint[]);

-- name: FactorEvidence :many
select outlet_id, kind, ref, logs::float8[] as logs, open, samples from learned_factors where outlet_id = any(@outlets::bigint[]);

-- name: BaseEfficiencies :many
select outlet_id, id, base_efficiency from staff where outlet_id = any(@outlets::bigint[]);

-- name: PutStepEstimates :exec
insert into step_estimates (outlet_id, sku, step_no, tenant_id, description, station_id, base_seconds, logs, open, samples,
                            learned_seconds, p90_seconds, in_force_seconds, updated_at)
select v.outlet_id, v.sku, v.step_no, v.tenant_id, v.description, v.station_id, v.base_seconds, v.logs::real[],
       v.open::boolean[], v.samples, nullif(v.learned, 0), nullif(v.p90, 0), nullif(v.in_force, 0), @at
from (select unnest(@outlets::bigint[]) as outlet_id, unnest(@skus::text[]) as sku, unnest(@steps::int[]) as step_no,
             unnest(@tenants::bigint[]) as tenant_id, unnest(@descriptions::text[]) as description,
             unnest(@stations::bigint[]) as station_id, unnest(@bases::float8[]) as base_seconds,
             unnest(@logs::text[]) as logs, unnest(@opens::text[]) as open, unnest(@samples::bigint[]) as samples,
             unnest(@learned::float8[]) as learned, unnest(@p90s::float8[]) as p90, unnest(@in_force::float8[]) as in_force) v
order by v.outlet_id, v.sku, v.step_no
on conflict (outlet_id, sku, step_no) do update set
    description = excluded.description, station_id = excluded.station_id, base_seconds = excluded.base_seconds,
    logs = excluded.logs, open = excluded.open, samples = excluded.samples, learned_seconds = excluded.learned_seconds,
    p90_seconds = excluded.p90_seconds, in_force_seconds = excluded.in_force_seconds, updated_at = excluded.updated_at,
    pinned_seconds = case when step_estimates.description = excluded.description then step_estimates.pinned_seconds end;

-- name: PutStepDays :exec
insert into step_estimate_days (outlet_id, sku, step_no, day, learned_seconds, p90_seconds, in_force_seconds, samples)
select v.outlet_id, v.sku, v.step_no, timezone(o.timezone, @at::timestamptz)::date, e.learned_seconds, e.p90_seconds,
       coalesce(e.pinned_seconds, e.in_force_seconds, e.base_seconds), e.samples
from (select unnest(@outlets::bigint[]) as outlet_id, unnest(@skus::text[]) as sku, unnest(@steps::int[]) as step_no) v
join step_estimates e on e.outlet_id = v.outlet_id and e.sku = v.sku and e.step_no = v.step_no
join outlets o on o.id = v.outlet_id
order by v.outlet_id, v.sku, v.step_no
on conflict (outlet_id, sku, step_no, day) do update set
    learned_seconds = excluded.learned_seconds, p90_seconds = excluded.p90_seconds,
    in_force_seconds = excluded.in_force_seconds, samples = excluded.samples;

-- name: PutFactors :exec
insert into learned_factors (outlet_id, kind, ref, logs, open, samples, factor, updated_at)
select v.outlet_id, v.kind, v.ref, v.logs::real[], v.open::boolean[], v.samples, v.factor, @at
from (select unnest(@outlets::bigint[]) as outlet_id, unnest(@kinds::text[]) as kind, unnest(@refs::bigint[]) as ref,
             unnest(@logs::text[]) as logs, unnest(@opens::text[]) as open, unnest(@samples::bigint[]) as samples,
             unnest(@factors::float8[]) as factor) v
order by v.outlet_id, v.kind, v.ref
on conflict (outlet_id, kind, ref) do update set
    logs = excluded.logs, open = excluded.open, samples = excluded.samples, factor = excluded.factor,
    updated_at = excluded.updated_at;

-- name: Estimates :many
select m.sku, m.name, f.step_no, f.description, f.station_id, f.base_seconds, f.estimate_seconds,
       coalesce(e.learned_seconds, 0)::float8 as learned_seconds, coalesce(e.p90_seconds, 0)::float8 as p90_seconds,
       coalesce(e.samples, 0)::bigint as samples, e.updated_at,
       coalesce(p.pinned_seconds, 0)::float8 as pinned_seconds, coalesce(p.pinned_by, '') as pinned_by, p.pinned_at,
       count(*) over ()::bigint as total
from menu_items m
join steps_in_force f on f.recipe_id = m.recipe_id
left join step_estimates p on p.outlet_id = m.outlet_id and p.sku = m.sku and p.step_no = f.step_no
     and p.description = f.description
left join step_estimates e on e.outlet_id = m.outlet_id and e.sku = m.sku and e.step_no = f.step_no
     and e.description = f.description and e.station_id = f.station_id and e.base_seconds = f.base_seconds
where m.outlet_id = @outlet and m.tenant_id = @tenant and m.active
      and (@sku::text = '' or m.sku = @sku) and (@step::int < 0 or f.step_no = @step)
order by m.id, f.step_no offset @skip::int limit @most::int;

-- name: EstimateDays :many
select day::text as day, coalesce(learned_seconds, 0)::float8 as learned_seconds, coalesce(p90_seconds, 0)::float8 as p90_seconds,
       in_force_seconds, samples
from step_estimate_days
where outlet_id = @outlet and sku = @sku and step_no = @step and day < (@before::text)::date
order by day desc limit @most::int;

-- name: Factors :many
select kind, ref, factor, samples from learned_factors where outlet_id = @outlet order by kind, ref;

-- name: ForgetOtherStep :exec
-- What is known of a step that the recipe does not have any more does not hold for the one in its place.
delete from step_estimates e using menu_items m, recipe_steps s
where e.outlet_id = @outlet and e.sku = @sku and e.step_no = @step and m.outlet_id = e.outlet_id and m.sku = e.sku
      and s.recipe_id = m.recipe_id and s.step_no = e.step_no and s.description <> e.description;

-- name: PinEstimate :execrows
insert into step_estimates (outlet_id, sku, step_no, tenant_id, description, station_id, base_seconds, pinned_seconds,
                            pinned_by, pinned_at, updated_at)
select m.outlet_id, m.sku, s.step_no, m.tenant_id, s.description, s.station_id, s.estimate_seconds, @seconds::float8,
       @pinned_by, @at::timestamptz, @at::timestamptz
from menu_items m join recipe_steps s on s.recipe_id = m.recipe_id
where m.outlet_id = @outlet and m.tenant_id = @tenant and m.active and m.sku = @sku and s.step_no = @step
on conflict (outlet_id, sku, step_no) do update set
    pinned_seconds = excluded.pinned_seconds, pinned_by = excluded.pinned_by, pinned_at = excluded.pinned_at;

-- name: UnpinEstimate :execrows
update step_estimates set pinned_seconds = null, pinned_by = '', pinned_at = null
where outlet_id = @outlet and tenant_id = @tenant and sku = @sku and step_no = @step;
