-- name: EnsureSource :one
insert into sales_sources (tenant_id, name) values (@tenant, @name)
on conflict (tenant_id, name) do update set name = excluded.name
returning id;

-- name: StageSales :copyfrom
insert into sales_staging (line, outlet_id, sku, name, day, hour, quantity_milli, revenue_minor, sold_out, key)
values (@line, @outlet_id, @sku, @name, @day, @hour, @quantity_milli, @revenue_minor, @sold_out, @key);

-- name: StageOrders :exec
-- The lines of orders as they stand: made ones count, others count for nothing if they did before.
insert into sales_staging (line, outlet_id, sku, name, day, hour, quantity_milli, revenue_minor, sold_out, key)
select 0, v.outlet_id, v.sku, v.name, v.at::date, extract(hour from v.at)::smallint,
       case when v.made then v.quantity * 1000::bigint else 0 end,
       case when v.made then v.quantity * v.unit_price_minor else 0 end, false, v.key
from (select o.outlet_id, coalesce(nullif(i.sku, ''), i.name) as sku, i.name, i.quantity, i.unit_price_minor,
             timezone(t.timezone, coalesce(w.wanted_at, o.placed_at)) as at, o.id || '/' || i.line_no as key,
             o.status in ('ready', 'scheduling_delivery', 'waiting_for_driver', 'in_delivery', 'served', 'collected', 'delivered') as made
      from orders o
      join order_items i on i.order_id = o.id
      join outlets t on t.id = o.outlet_id
      left join order_terms w on w.order_id = o.id
      where o.id = any(@orders::bigint[]) and o.tenant_id = @tenant) v
where v.made or exists (select from sales_lines l where l.source_id = @source and l.key = v.key);

-- name: StageSoldOut :exec
-- An item that was taken off the menu: demand of that day may have been higher than sales.
insert into sales_staging (line, outlet_id, sku, name, day, hour, quantity_milli, revenue_minor, sold_out, key)
select 0, o.id, v.sku, '', timezone(o.timezone, v.at)::date, null, 0, 0, true,
       '86/' || o.id || '/' || v.sku || '/' || timezone(o.timezone, v.at)::date
from (select unnest(@outlets::bigint[]) as outlet_id, unnest(@skus::text[]) as sku, unnest(@ats::timestamptz[]) as at) v
join outlets o on o.id = v.outlet_id and o.tenant_id = @tenant
group by o.id, v.sku, timezone(o.timezone, v.at)::date;

-- name: StagedTwice :many
select key, min(line)::int as first, max(line)::int as last from sales_staging
group by key having count(*) > 1 order by 2 limit @most;

-- name: AddSeries :exec
insert into sales_series (tenant_id, outlet_id, sku, name)
select @tenant, outlet_id, sku, max(name) from sales_staging group by outlet_id, sku order by outlet_id, sku
on conflict (tenant_id, outlet_id, sku) do update set name = excluded.name
where excluded.name <> '' and sales_series.name <> excluded.name;

-- name: MergeSales :one
-- Takes what is staged into account: lines with a known key are replaced, sums move by the difference. Rows with the same
-- key add up. Whoever merges has locked the source.
with staged as materialized (
    select s.key, min(s.outlet_id) as outlet_id, min(s.sku) as sku, min(s.day) as day, min(s.hour) as hour,
           sum(s.quantity_milli)::bigint as quantity_milli, sum(s.revenue_minor)::bigint as revenue_minor,
           bool_or(s.sold_out) as sold_out
    from sales_staging s group by s.key
), changed as materialized (
    select n.key, r.id as series_id, n.day, n.hour, n.quantity_milli, n.revenue_minor, n.sold_out,
           l.key is not null as known, l.series_id as old_series, l.day as old_day, l.hour as old_hour,
           l.quantity_milli as old_quantity, l.revenue_minor as old_revenue, l.sold_out as old_sold_out
    from staged n
    join sales_series r on r.tenant_id = @tenant and r.outlet_id = n.outlet_id and r.sku = n.sku
    left join sales_lines l on l.source_id = @source and l.key = n.key
    where l.key is null or (l.series_id, l.day, l.hour, l.quantity_milli, l.revenue_minor, l.sold_out)
        is distinct from (r.id, n.day, n.hour, n.quantity_milli, n.revenue_minor, n.sold_out)
), lines as (
    insert into sales_lines (source_id, key, tenant_id, series_id, day, hour, quantity_milli, revenue_minor, sold_out)
    select @source, key, @tenant, series_id, day, hour, quantity_milli, revenue_minor, sold_out from changed
    on conflict (source_id, key) do update set
        series_id = excluded.series_id, day = excluded.day, hour = excluded.hour, quantity_milli = excluded.quantity_milli,
        revenue_minor = excluded.revenue_minor, sold_out = excluded.sold_out
), delta as materialized (
    select series_id, day, hour, sum(q)::bigint as q, sum(r)::bigint as r, sum(o)::int as o
    from (select series_id, day, hour, quantity_milli as q, revenue_minor as r, sold_out::int as o from changed
          union all
          select old_series, old_day, old_hour, -old_quantity, -old_revenue, -old_sold_out::int from changed where known) v
    group by series_id, day, hour
), days as (
    insert into sales_days (series_id, day, tenant_id, quantity_milli, revenue_minor, sold_outs)
    select series_id, day, @tenant, sum(q)::bigint, sum(r)::bigint, sum(o)::int from delta group by series_id, day
    order by series_id, day
    on conflict (series_id, day) do update set
        quantity_milli = sales_days.quantity_milli + excluded.quantity_milli,
        revenue_minor = sales_days.revenue_minor + excluded.revenue_minor,
        sold_outs = sales_days.sold_outs + excluded.sold_outs
), hours as (
    insert into sales_hours (series_id, day, hour, tenant_id, quantity_milli)
    select series_id, day, hour, @tenant, q from delta where hour is not null and q <> 0
    order by series_id, day, hour
    on conflict (series_id, day, hour) do update set quantity_milli = sales_hours.quantity_milli + excluded.quantity_milli
), reported as (
    insert into sales_outlet_days (outlet_id, day, tenant_id, changes)
    select distinct r.outlet_id, d.day, @tenant::bigint, 1 from delta d join sales_series r on r.id = d.series_id
    order by 1, 2
    on conflict (outlet_id, day) do update set changes = sales_outlet_days.changes + 1
)
select (select count(*) from staged) as lines, count(*) filter (where not known) as added,
       count(*) filter (where known) as changed
from changed;

-- name: PutAlias :exec
insert into sales_aliases (tenant_id, sku, stands_for, created_by, created_at)
values (@tenant, @sku, @stands_for, @by, @at)
on conflict (tenant_id, sku) do update set stands_for = excluded.stands_for, created_by = excluded.created_by, created_at = excluded.created_at;

-- name: SeriesOfAlias :exec
-- What a product now stands for must be there wherever the product was sold.
insert into sales_series (tenant_id, outlet_id, sku, name)
select s.tenant_id, s.outlet_id, @stands_for, '' from sales_series s where s.tenant_id = @tenant and s.sku = @sku
on conflict (tenant_id, outlet_id, sku) do nothing;

-- name: DropAlias :execrows
delete from sales_aliases where tenant_id = @tenant and sku = @sku;

-- name: Aliases :many
select sku, stands_for, created_by, created_at from sales_aliases where tenant_id = @tenant order by sku;

-- name: SoldDays :many
-- What was sold by day; a renamed product under its present name.
select (d.day - date '1970-01-01')::int as day, s.outlet_id, coalesce(a.stands_for, s.sku)::text as sku,
       coalesce(max(s.name) filter (where a.sku is null), max(s.name))::text as name,
       sum(d.quantity_milli)::bigint as quantity_milli, sum(d.revenue_minor)::bigint as revenue_minor,
       (sum(d.sold_outs) > 0)::boolean as sold_out
from sales_series s
join sales_days d on d.series_id = s.id and d.day >= date '1970-01-01' + @first::int and d.day <= date '1970-01-01' + @last::int
left join sales_aliases a on a.tenant_id = s.tenant_id and a.sku = s.sku
where s.tenant_id = @tenant and (@outlet::bigint = 0 or s.outlet_id = @outlet)
  and (@sku::text = '' or coalesce(a.stands_for, s.sku) = @sku)
group by d.day, s.outlet_id, coalesce(a.stands_for, s.sku)
order by d.day desc, s.outlet_id, 3 limit @most offset @skip;

-- name: DemoSeries :exec
-- Every item of the demo's menus.
insert into sales_series (tenant_id, outlet_id, sku, name)
select m.tenant_id, m.outlet_id, m.sku, m.name from menu_items m
where m.tenant_id = @tenant and m.active and not exists (select from sales_series s where s.tenant_id = @tenant)
on conflict do nothing;

-- name: DemoDays :execrows
-- Two years that such a restaurant might have had: weekdays, seasons, a little growth, and chance that depends on the
-- item and the day alone.
with d as materialized (
    select s.id, s.tenant_id, o.id as outlet_id, m.price_minor, x.day,
           round((12 + abs(hashtextextended(s.sku, 1)) % 36)
               * (array[0.85, 0.85, 0.9, 1.0, 1.35, 1.55, 1.2])[extract(isodow from x.day)::int]
               * (1 + 0.15 * sin(2 * pi() * extract(doy from x.day)::float8 / 365 + abs(hashtextextended(s.sku, 2)) % 6))
               * (1 + (x.day - date '2020-01-01') / 20000.0)
               * (0.8 + (abs(hashtextextended(s.sku || x.day, 3)) % 401) / 1000.0))::bigint as quantity
    from sales_series s
    join outlets o on o.id = s.outlet_id
    join menu_items m on m.outlet_id = s.outlet_id and m.sku = s.sku
    cross join lateral (select timezone(o.timezone, @now::timestamptz)::date - g as day from generate_series(1, 730) g) x
    where s.tenant_id = @tenant and not exists (select from sales_days e where e.series_id = s.id and e.tenant_id = @tenant)
), days as (
    insert into sales_days (series_id, day, tenant_id, quantity_milli, revenue_minor, sold_outs)
    select id, day, tenant_id, quantity * 1000, quantity * price_minor, 0 from d
), reported as (
    insert into sales_outlet_days (outlet_id, day, tenant_id, changes) select distinct outlet_id, day, tenant_id, 1 from d
    on conflict do nothing
)
insert into sales_hours (series_id, day, hour, tenant_id, quantity_milli)
select d.id, d.day, h.hour, d.tenant_id, d.quantity * h.share
from d join (values (11, 20), (12, 90), (13, 190), (14, 180), (15, 80), (16, 20), (18, 20), (19, 60), (20, 120), (21, 140), (22, 80)) h (hour, share)
    on d.day >= timezone('UTC', @now::timestamptz)::date - 70;
