-- name: Tenant :one
select id, slug, name, tier, status, timezone, currency from tenants where id = @id;

-- name: MemberCounts :one
select count(*)::int as members, (count(*) filter (where t.status <> 'active'))::int as inactive
from network_members m join tenants t on t.id = m.tenant_id where m.parent_id = @parent;

-- name: Sites :many
-- The outlets of the parent, then those of its active members.
select o.id, o.tenant_id, o.slug, o.name, o.timezone, t.slug as tenant_slug, t.name as tenant_name, (c.outlet_id is not null)::boolean as central
from tenants t
join outlets o on o.tenant_id = t.id
left join network_centrals c on c.outlet_id = o.id
where t.id = @parent or t.status = 'active' and t.id in (select m.tenant_id from network_members m where m.parent_id = @parent)
order by t.id <> @parent, t.slug, o.slug;

-- name: SalesOfNetwork :many
-- In one go by outlet (part 0 are the days before the window, 1 the window, 2 what comes after it; number: of its days) and by
-- day, with outlet 0 (number: of the outlets). Days are summed first: counting distinct ones would sort every row.
select coalesce(v.outlet_id, 0)::bigint as outlet_id, coalesce(v.part, 0)::int as part, coalesce(v.day, 'epoch')::date as day,
       sum(v.quantity_milli)::bigint as quantity_milli, sum(v.revenue_minor)::bigint as revenue_minor, count(*)::int as number
from (select s.outlet_id, d.day, case when d.day < @first::date then 0 when d.day <= @last::date then 1 else 2 end as part,
             sum(d.quantity_milli)::bigint as quantity_milli, sum(d.revenue_minor)::bigint as revenue_minor
      from sales_series s join sales_days d on d.series_id = s.id and d.day between @before::date and @today::date
      where s.tenant_id = any(@tenants::bigint[])
      group by s.outlet_id, d.day) v
group by grouping sets ((v.outlet_id, v.part), (v.day)) order by 3;

-- name: SalesByDay :many
select v.day, sum(v.quantity_milli)::bigint as quantity_milli, sum(v.revenue_minor)::bigint as revenue_minor, count(*)::int as outlets
from (select s.outlet_id, d.day, sum(d.quantity_milli)::bigint as quantity_milli, sum(d.revenue_minor)::bigint as revenue_minor
      from sales_series s join sales_days d on d.series_id = s.id and d.day between @first::date and @today::date
      where s.tenant_id = any(@tenants::bigint[]) and (@outlet::bigint = 0 or s.outlet_id = @outlet)
      group by s.outlet_id, d.day) v
group by 1 order by 1;

-- name: SalesByProduct :many
-- A renamed product under its present name.
select coalesce(a.stands_for, s.sku)::text as sku, coalesce(max(s.name) filter (where a.sku is null), max(s.name))::text as name,
       coalesce(sum(d.quantity_milli) filter (where d.day >= @first::date), 0)::bigint as quantity_milli,
       coalesce(sum(d.revenue_minor) filter (where d.day >= @first::date), 0)::bigint as revenue_minor,
       coalesce(sum(d.quantity_milli) filter (where d.day < @first::date), 0)::bigint as before_milli
from sales_series s
join sales_days d on d.series_id = s.id and d.day between @before::date and @last::date
left join sales_aliases a on a.tenant_id = s.tenant_id and a.sku = s.sku
where s.tenant_id = any(@tenants::bigint[]) and s.outlet_id = @outlet
group by 1 order by 4 desc, 1 limit 500;

-- name: WasteBySite :many
-- Food that was made in vain, by the outlet's days.
select w.outlet_id, (timezone(o.timezone, w.recorded_at)::date >= @first::date)::boolean as current, count(*)::int as units,
       sum(w.cost_minor)::bigint as cost_minor
from waste_log w join outlets o on o.id = w.outlet_id
where w.tenant_id = any(@tenants::bigint[]) and o.tenant_id = w.tenant_id and w.outcome = 'wasted'
  and timezone(o.timezone, w.recorded_at)::date between @before::date and @last::date
group by 1, 2;

-- name: StockWasteBySite :many
-- Ingredients thrown away, at what their preferred supplier takes for them.
select i.outlet_id, (timezone(o.timezone, m.made_at)::date >= @first::date)::boolean as current,
       coalesce(round(sum(-m.quantity_milli * p.price_minor::numeric / p.pack_milli)), 0)::bigint as cost_minor,
       (count(*) filter (where p.pack_milli is null))::int as unpriced
from ingredients i
join outlets o on o.id = i.outlet_id
join stock_movements m on m.ingredient_id = i.id and m.kind = 'waste'
    and m.made_at >= @since::timestamptz and m.made_at < @until::timestamptz
left join lateral (
    select p.price_minor, p.pack_milli from supplier_products p
    where p.ingredient_id = i.id and p.active order by p.preferred desc, p.id limit 1) p on true
where i.tenant_id = any(@tenants::bigint[]) and timezone(o.timezone, m.made_at)::date between @before::date and @last::date
group by 1, 2;

-- name: KitchenBySite :many
-- What kitchens have to make, and what waits to be handed over.
select o.outlet_id, count(distinct o.id)::int as orders,
       coalesce(sum(i.quantity) filter (where o.status in ('created', 'scheduled', 'in_preparation')), 0)::bigint as to_make,
       coalesce(sum(i.quantity) filter (where o.status not in ('created', 'scheduled', 'in_preparation')), 0)::bigint as made
from orders o join order_items i on i.order_id = o.id
where o.closed_at is null and o.outlet_id = any(@outlets::bigint[])
group by 1;

-- name: Made :many
-- Preparations that were made in the house.
select i.outlet_id, i.code, i.name, i.unit, sum(m.quantity_milli)::bigint as quantity_milli, count(*)::int as times,
       coalesce(sum(m.quantity_milli) filter (where timezone(o.timezone, m.made_at)::date = @today::date), 0)::bigint as today_milli
from ingredients i
join outlets o on o.id = i.outlet_id
join stock_movements m on m.ingredient_id = i.id and m.kind = 'make' and m.quantity_milli > 0
    and m.made_at >= @since::timestamptz and m.made_at < @until::timestamptz
where i.tenant_id = any(@tenants::bigint[]) and timezone(o.timezone, m.made_at)::date between @first::date and @today::date
group by i.outlet_id, i.code, i.name, i.unit order by i.code, i.outlet_id;

-- name: Planned :many
-- What outlets are to prepare today, by their latest plans, or by what somebody made of them.
select p.outlet_id, t.code, t.name, t.unit, coalesce(e.quantity_milli, t.planned)::bigint as planned_milli
from (select distinct on (p.outlet_id) p.outlet_id, p.body from plans p
      where p.tenant_id = any(@tenants::bigint[]) and p.kind = 'production' and p.day = @today::date
      order by p.outlet_id, p.revision desc) p
cross join lateral (
    select (v ->> 'code')::text as code, (v ->> 'name')::text as name, (v ->> 'unit')::text as unit, (v ->> 'planned')::bigint as planned
    from jsonb_array_elements(p.body -> 'totals') v) t
left join lateral (
    select e.quantity_milli from plan_edits e
    where e.outlet_id = p.outlet_id and e.kind = 'production' and e.day = @today::date and e.code = t.code
    order by e.id desc limit 1) e on true
order by t.code, p.outlet_id;

-- name: Transfers :many
-- What outlets gave each other.
select i.outlet_id, i.code, i.name, i.unit, coalesce(sum(m.quantity_milli) filter (where m.quantity_milli > 0), 0)::bigint as in_milli,
       coalesce(-sum(m.quantity_milli) filter (where m.quantity_milli < 0), 0)::bigint as out_milli
from ingredients i
join outlets o on o.id = i.outlet_id
join stock_movements m on m.ingredient_id = i.id and m.kind = 'transfer'
    and m.made_at >= @since::timestamptz and m.made_at < @until::timestamptz
where i.tenant_id = any(@tenants::bigint[]) and timezone(o.timezone, m.made_at)::date between @first::date and @today::date
group by i.outlet_id, i.code, i.name, i.unit order by i.code, i.outlet_id;

-- name: ForecastBySite :many
-- The latest forecast of each product and day, or what somebody made of it, summed in thousandths so that sums are exact. It is
-- found in the latest run of the outlet's, or of its tenant's, that reaches the day; only a product that this one left out is
-- looked for in all.
with days as materialized (select date '1970-01-01' + g as day from generate_series(@first::int, @last::int) g),
best as materialized (
    select distinct on (r.tenant_id, r.outlet_id, d.day) r.tenant_id, r.outlet_id, d.day, r.id, r.day as made, r.kind
    from forecast_runs r join days d on d.day between r.day and r.day + r.horizon - 1
    where r.tenant_id = any(@tenants::bigint[]) and r.status = 'done' and r.day > (select min(day) from days) - 29
    order by r.tenant_id, r.outlet_id, d.day, r.day desc, r.kind desc, r.id desc),
edits as materialized (
    select distinct on (e.series_id, e.day) e.series_id, e.day, e.quantity from forecast_edits e
    where e.tenant_id = any(@tenants::bigint[]) and e.day in (select day from days)
    order by e.series_id, e.day, e.id desc)
select s.outlet_id, (d.day - date '1970-01-01')::int as day, sum(round(coalesce(e.quantity, x.mean)::numeric * 1000))::bigint as quantity_milli
from sales_series s
cross join days d
left join best a on a.tenant_id = s.tenant_id and a.outlet_id = 0 and a.day = d.day
left join best o on o.tenant_id = s.tenant_id and o.outlet_id = s.outlet_id and o.day = d.day
left join forecasts f on f.series_id = s.id and f.day = d.day
    and f.run_id = case when o.id is null or (a.made, a.kind, a.id) > (o.made, o.kind, o.id) then a.id else o.id end
cross join lateral (select coalesce(f.mean, (
    select l.mean from forecasts l join forecast_runs r on r.id = l.run_id and r.status = 'done'
    where l.series_id = s.id and l.day = d.day order by r.day desc, r.kind desc, l.run_id desc limit 1))::float8 as mean) x
left join edits e on e.series_id = s.id and e.day = d.day
where s.tenant_id = any(@tenants::bigint[]) and x.mean is not null
  and not exists (select from sales_aliases a where a.tenant_id = s.tenant_id and a.sku = s.sku)
group by 1, 2;

-- name: ForecastByProduct :many
select s.sku, max(s.name)::text as name, sum(round(coalesce(e.quantity, f.mean::float8)::numeric * 1000))::bigint as quantity_milli
from sales_series s
cross join lateral (select date '1970-01-01' + g as day from generate_series(@first::int, @last::int) g) d
cross join lateral (
    select f.day, f.mean from forecasts f join forecast_runs r on r.id = f.run_id and r.status = 'done'
    where f.series_id = s.id and f.day = d.day order by r.day desc, r.kind desc, f.run_id desc limit 1) f
left join lateral (select e.quantity from forecast_edits e where e.series_id = s.id and e.day = d.day order by e.id desc limit 1) e on true
where s.tenant_id = any(@tenants::bigint[]) and s.outlet_id = @outlet
  and not exists (select from sales_aliases a where a.tenant_id = s.tenant_id and a.sku = s.sku)
group by 1 order by 3 desc, 1 limit 500;

-- name: RangeByTenant :many
-- How sure each tenant's forecast of all its outlets is.
select t.tenant_id, (t.day - date '1970-01-01')::int as day, t.mean, t.quantiles[1]::real as low, t.quantiles[array_upper(t.quantiles, 1)]::real as high
from (select unnest(@tenants::bigint[]) as tenant_id) n
cross join lateral (select date '1970-01-01' + g as day from generate_series(@first::int, @last::int) g) d
cross join lateral (
    select r.id from forecast_runs r
    where r.tenant_id = n.tenant_id and r.kind = 'daily' and r.status = 'done' and r.outlet_id = 0
      and d.day between r.day and r.day + r.horizon - 1
    order by r.day desc, r.id desc limit 1) r
join forecast_totals t on t.run_id = r.id and t.outlet_id = 0 and t.sku = '' and t.day = d.day and cardinality(t.quantiles) > 0;

-- name: AccuracyBySite :many
-- Forecasts against sales; a day that was sold out before the forecast was reached says nothing.
select s.outlet_id, count(*)::int as compared, sum(abs(o.actual - o.mean))::float8 as off, sum(o.actual)::float8 as actual
from forecast_outcomes o join sales_series s on s.id = o.series_id
where o.tenant_id = any(@tenants::bigint[]) and o.day between @first::date and @last::date
  and not (o.sold_out and o.mean >= o.actual)
group by 1;

-- name: DeliveriesBySite :many
select d.outlet_id, d.status, count(*)::int as n, (count(*) filter (where d.eta_at > d.promised_at))::int as late,
       (count(*) filter (where d.escalated_at is not null))::int as escalated
from deliveries d join delivery_outlets x on x.outlet_id = d.outlet_id and x.region_id = d.region_id
where d.closed_at is null and d.outlet_id = any(@outlets::bigint[])
group by 1, 2;

-- name: Routes :many
-- Drivers on their way, with what they have.
select w.id, w.tenant_id, w.name, w.vehicle, g.slug as region, count(*)::int as stops,
       (count(*) filter (where d.status = 'picked_up'))::int as on_board, coalesce(min(d.eta_at), 'epoch')::timestamptz as next_at, coalesce(max(d.eta_at), 'epoch')::timestamptz as last_at,
       array_agg(distinct d.outlet_id)::bigint[] as outlets
from drivers w
join delivery_regions g on g.id = w.region_id
join deliveries d on d.driver_id = w.id and d.closed_at is null and d.status in ('assigned', 'picked_up')
where w.tenant_id = any(@tenants::bigint[])
group by w.id, w.tenant_id, w.name, w.vehicle, g.slug order by min(d.eta_at) nulls last, w.id limit 500;

-- name: ShipmentsBySite :many
-- How much suppliers have been told to bring, and what of it is overdue.
select p.outlet_id, count(*)::int as shipments, (count(*) filter (where p.deliver_on < @today::date))::int as overdue
from purchase_orders p
where p.closed_at is null and p.status in ('sent', 'partly_received') and p.outlet_id = any(@outlets::bigint[])
group by 1;

-- name: Shipments :many
-- The shipments that are due first; figures count all of them.
select p.outlet_id, p.number, s.name as supplier, p.status, p.deliver_on,
       coalesce((select sum(l.packs::bigint * l.price_minor) from purchase_lines l where l.purchase_id = p.id), 0)::bigint as value_minor
from purchase_orders p join suppliers s on s.id = p.supplier_id
where p.closed_at is null and p.status in ('sent', 'partly_received') and p.outlet_id = any(@outlets::bigint[])
order by p.deliver_on nulls last, p.outlet_id, p.number limit 2000;
