-- name: DemandForecasts :many
-- What outlets' products are expected to sell: as CurrentForecasts, for several outlets and whole.
select f.run_id, s.id as series_id, s.outlet_id, s.sku, s.name, (f.day - date '1970-01-01')::int as day, f.mean, f.quantiles, f.hours,
       r.levels, r.kind, coalesce(e.quantity, -1)::float8 as edited
from sales_series s
cross join lateral (select date '1970-01-01' + g as day from generate_series(@first::int, @last::int) g) d
cross join lateral (
    select f.* from forecasts f join forecast_runs r on r.id = f.run_id and r.status = 'done'
    where f.series_id = s.id and f.day = d.day order by r.day desc, r.kind desc, f.run_id desc limit 1) f
join forecast_runs r on r.id = f.run_id
left join lateral (select e.* from forecast_edits e where e.series_id = s.id and e.day = d.day order by e.id desc limit 1) e on true
where s.tenant_id = @tenant and s.outlet_id = any(@outlets::bigint[])
  and not exists (select from sales_aliases a where a.tenant_id = s.tenant_id and a.sku = s.sku)
order by s.outlet_id, f.day, s.sku;

-- name: StockedOutlets :many
-- Outlets that have something to plan with.
select o.id from outlets o
where o.tenant_id = @tenant and (cardinality(@outlets::bigint[]) = 0 or o.id = any(@outlets))
  and exists (select from ingredients i where i.outlet_id = o.id and i.active)
order by o.id;

-- name: LarderIngredients :many
select i.id, i.outlet_id, i.code, i.name, i.unit, i.shelf_hours, i.par_milli, i.batch_milli, i.stocked, i.lead_minutes,
       coalesce(i.station_id, 0)::bigint as station_id, i.station_minutes, coalesce(l.owed_milli, 0)::bigint as owed_milli,
       coalesce(l.watched, false)::boolean as known
from ingredients i left join stock_levels l on l.ingredient_id = i.id
where i.tenant_id = @tenant and i.outlet_id = any(@outlets::bigint[]) and i.active order by i.outlet_id, i.code;

-- name: LarderNeeds :many
select n.outlet_id, n.sku, n.ingredient_id, n.quantity_milli from item_needs n
where n.tenant_id = @tenant and n.outlet_id = any(@outlets::bigint[]) order by n.outlet_id, n.sku, n.ingredient_id;

-- name: LarderBills :many
-- What a batch of a preparation takes.
select b.outlet_id, p.id as preparation_id, b.ingredient_id, b.quantity_milli
from bill_lines b join ingredients p on p.outlet_id = b.outlet_id and p.code = b.made and p.active
where b.tenant_id = @tenant and b.outlet_id = any(@outlets::bigint[]) and b.kind = 'preparation'
order by b.outlet_id, p.id, b.ingredient_id;

-- name: LarderMakings :many
-- What a unit of an item takes of preparations, whether they are held in stock or not.
select b.outlet_id, b.made as sku, b.ingredient_id, b.quantity_milli
from bill_lines b join ingredients p on p.id = b.ingredient_id and p.active and p.batch_milli > 0
where b.tenant_id = @tenant and b.outlet_id = any(@outlets::bigint[]) and b.kind = 'item'
order by b.outlet_id, b.made, b.ingredient_id;

-- name: LarderLots :many
-- Lots are found by their ingredient.
select l.outlet_id, l.id, l.ingredient_id, l.remaining_milli, l.expires_at
from ingredients i join stock_lots l on l.ingredient_id = i.id and l.remaining_milli > 0
where i.tenant_id = @tenant and i.outlet_id = any(@outlets::bigint[]) order by l.outlet_id, l.id;

-- name: LarderComing :many
-- What was ordered and is not in: on the day that was said, else as soon as possible.
select o.outlet_id, l.ingredient_id, (l.pack_milli * l.packs - l.received_milli)::bigint as milli,
       (coalesce(o.deliver_on, date '1970-01-01') - date '1970-01-01')::int as day
from purchase_orders o join purchase_lines l on l.purchase_id = o.id
where o.tenant_id = @tenant and o.outlet_id = any(@outlets::bigint[]) and o.closed_at is null and o.status in ('sent', 'partly_received')
  and l.pack_milli * l.packs > l.received_milli
order by o.outlet_id, o.id, l.line_no;

-- name: LarderSuppliers :many
select s.outlet_id, s.id, s.code, s.name, s.currency, s.lead_days, s.delivery_days,
       (extract(epoch from s.cut_off) / 60)::int as cut_off_minutes, s.minimum_minor
from suppliers s where s.tenant_id = @tenant and s.outlet_id = any(@outlets::bigint[]) and s.active order by s.outlet_id, s.id;

-- name: LarderProducts :many
select p.outlet_id, p.id, p.supplier_id, p.ingredient_id, p.pack_milli, p.price_minor, p.least_packs, p.preferred
from supplier_products p join suppliers s on s.id = p.supplier_id and s.active
where p.tenant_id = @tenant and p.outlet_id = any(@outlets::bigint[]) and p.active order by p.outlet_id, p.id;

-- name: LarderItems :many
select m.outlet_id, m.sku, m.price_minor, coalesce(s.station_id, 0)::bigint as station_id,
       coalesce(sum(s.estimate_seconds / greatest(s.batch_size, 1)), 0)::float8 as seconds
from menu_items m left join recipe_steps s on s.recipe_id = m.recipe_id
where m.tenant_id = @tenant and m.outlet_id = any(@outlets::bigint[]) and m.active
group by m.outlet_id, m.sku, m.price_minor, s.station_id order by m.outlet_id, m.sku, s.station_id;

-- name: LarderStations :many
select s.outlet_id, s.id, s.name, s.capacity from stations s
where s.tenant_id = @tenant and s.outlet_id = any(@outlets::bigint[]) order by s.outlet_id, s.id;

-- name: LarderStaff :many
select f.outlet_id, f.id, f.max_parallel,
       coalesce((select array_agg(k.station_id order by k.station_id) from staff_skills k where k.staff_id = f.id), '{}')::bigint[] as stations
from staff f where f.tenant_id = @tenant and f.outlet_id = any(@outlets::bigint[]) and f.active order by f.outlet_id, f.id;

-- name: LarderShifts :many
select f.outlet_id, h.staff_id, h.kind, h.weekday, (extract(epoch from h.starts) / 60)::int as starts, (extract(epoch from h.ends) / 60)::int as ends
from staff_shifts h join staff f on f.id = h.staff_id
where f.tenant_id = @tenant and f.outlet_id = any(@outlets::bigint[]) and f.active order by f.outlet_id, h.staff_id, h.weekday, h.starts;

-- name: PutPlans :exec
-- A plan that says what the latest one says is not written again; of two who plan at once, one is.
insert into plans (tenant_id, outlet_id, kind, day, revision, digest, body, problems, made_by, made_at)
select @tenant, v.outlet_id, @kind, date '1970-01-01' + @day::int, coalesce(l.revision, 0) + 1, v.digest, v.body::jsonb, v.problems, @by, @at
from (select unnest(@outlets::bigint[]) as outlet_id, unnest(@digests::bytea[]) as digest, unnest(@bodies::text[]) as body,
             unnest(@problems::int[]) as problems) v
left join lateral (
    select p.revision, p.digest from plans p
    where p.outlet_id = v.outlet_id and p.kind = @kind and p.day = date '1970-01-01' + @day::int order by p.revision desc limit 1) l on true
where l.digest is distinct from v.digest
order by v.outlet_id
on conflict do nothing;

-- name: LatestPlans :many
select distinct on (p.outlet_id) p.* from plans p
where p.tenant_id = @tenant and p.kind = @kind and p.day = date '1970-01-01' + @day::int
  and (cardinality(@outlets::bigint[]) = 0 or p.outlet_id = any(@outlets)) and (@revision::int = 0 or p.revision = @revision)
order by p.outlet_id, p.revision desc;

-- name: AddPlanEdit :exec
insert into plan_edits (tenant_id, outlet_id, kind, day, code, was_milli, quantity_milli, stock_milli, until_day, reason, edited_by, edited_at)
values (@tenant, @outlet, @kind, date '1970-01-01' + @day::int, @code, @was, @quantity, @stock, date '1970-01-01' + @until_day::int, @reason, @by, @at);

-- name: PlanEdits :many
-- The latest of each.
select distinct on (e.outlet_id, e.day, e.code) e.outlet_id, (e.day - date '1970-01-01')::int as day, e.code, e.was_milli, e.quantity_milli,
       e.stock_milli, (e.until_day - date '1970-01-01')::int as until_day, e.reason, e.edited_by, e.edited_at
from plan_edits e
where e.tenant_id = @tenant and e.kind = @kind and (cardinality(@outlets::bigint[]) = 0 or e.outlet_id = any(@outlets))
  and e.day between date '1970-01-01' + @first::int and date '1970-01-01' + @last::int
order by e.outlet_id, e.day, e.code, e.id desc;

-- name: TakenByDay :many
-- What the sales of days took of ingredients and preparations, by the bills as they are now.
select s.outlet_id, i.code, (d.day - date '1970-01-01')::int as day, sum(d.quantity_milli * n.quantity_milli / 1000)::bigint as milli
from sales_series s
join sales_days d on d.series_id = s.id and d.day between date '1970-01-01' + @first::int and date '1970-01-01' + @last::int
left join sales_aliases a on a.tenant_id = s.tenant_id and a.sku = s.sku
join bill_lines n on n.outlet_id = s.outlet_id and n.kind = 'item' and n.made = coalesce(a.stands_for, s.sku)
join ingredients i on i.id = n.ingredient_id
where s.tenant_id = @tenant and (cardinality(@outlets::bigint[]) = 0 or s.outlet_id = any(@outlets))
group by s.outlet_id, i.code, d.day order by s.outlet_id, i.code, d.day;

-- name: OutletsToPrepareAgain :many
-- Outlets whose plan of what to prepare today does not know today's forecast as it was brought up to date.
select r.outlet_id, r.tenant_id from forecast_runs r
join outlets o on o.id = r.outlet_id
join lateral (
    select p.body from plans p where p.outlet_id = r.outlet_id and p.kind = 'production' and p.day = r.day
    order by p.revision desc limit 1) p on (p.body ->> 'forecast')::bigint < r.id
where r.kind = 'intraday' and r.status = 'done' and r.day = timezone(o.timezone, @now::timestamptz)::date
group by r.outlet_id, r.tenant_id order by r.outlet_id limit 1000;

-- name: PrunePlans :execrows
-- The oldest are the first that were written.
delete from plans where id in (
    select p.id from plans p where p.day < date '1970-01-01' + @before::int order by p.id limit @n for update skip locked);
