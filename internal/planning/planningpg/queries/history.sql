-- name: PlannedOutlets :many
select o.id, o.slug, o.timezone, coalesce(p.country, '')::text as country,
       coalesce(p.closed_on_holidays, false)::boolean as closed_on_holidays
from outlets o left join planning_outlets p on p.outlet_id = o.id
where o.tenant_id = @tenant and (@outlet::bigint = 0 or o.id = @outlet) order by o.id;

-- name: OpenWeekdays :many
select distinct h.outlet_id, h.weekday from outlet_hours h join outlets o on o.id = h.outlet_id where o.tenant_id = @tenant;

-- name: PutOutlet :exec
insert into planning_outlets (outlet_id, tenant_id, country, closed_on_holidays)
values (@outlet, @tenant, @country, @closed_on_holidays)
on conflict (outlet_id) do update set country = excluded.country, closed_on_holidays = excluded.closed_on_holidays;

-- name: Marks :many
select id, outlet_id, sku, (day - date '1970-01-01')::int as day, kind, name from calendar_days
where tenant_id = @tenant and (@outlet::bigint = 0 or outlet_id in (0, @outlet))
  and day >= date '1970-01-01' + @first::int and day <= date '1970-01-01' + @last::int
order by day, id limit @most offset @skip;

-- name: AddMarks :exec
insert into calendar_days (tenant_id, outlet_id, sku, day, kind, name)
select @tenant, v.outlet_id, v.sku, date '1970-01-01' + v.day, v.kind, v.name
from (select unnest(@outlets::bigint[]) as outlet_id, unnest(@skus::text[]) as sku, unnest(@days::int[]) as day,
             unnest(@kinds::text[]) as kind, unnest(@names::text[]) as name) v
on conflict do nothing;

-- name: DropMark :execrows
delete from calendar_days where tenant_id = @tenant and id = @id and (@outlet::bigint = 0 or outlet_id = @outlet);

-- name: AllSeries :many
select s.id, s.outlet_id, s.sku, s.name, coalesce(a.stands_for, '')::text as stands_for
from sales_series s left join sales_aliases a on a.tenant_id = s.tenant_id and a.sku = s.sku
where s.tenant_id = @tenant and (@outlet::bigint = 0 or s.outlet_id = @outlet) order by s.id;

-- name: DaysOf :many
select series_id, (day - date '1970-01-01')::int as day, quantity_milli, (sold_outs > 0)::boolean as sold_out
from sales_days where series_id = any(@series::bigint[]) and day <= date '1970-01-01' + @last::int and tenant_id = @tenant;

-- name: HoursOf :many
select series_id, (day - date '1970-01-01')::int as day, hour, quantity_milli
from sales_hours where series_id = any(@series::bigint[]) and day between date '1970-01-01' + @first::int and date '1970-01-01' + @last::int
  and tenant_id = @tenant;

-- name: ReportedDays :many
select outlet_id, (day - date '1970-01-01')::int as day from sales_outlet_days
where tenant_id = @tenant and day <= date '1970-01-01' + @last::int and (@outlet::bigint = 0 or outlet_id = @outlet);

-- name: Models :many
-- The adopted model of each series, and when it was looked at last.
select distinct on (m.series_id) m.series_id, m.version, m.history,
       (l.fitted_on - date '1970-01-01')::int as looked_at, l.version as latest
from forecast_models m
join lateral (select n.fitted_on, n.version from forecast_models n where n.series_id = m.series_id order by n.version desc limit 1) l on true
where m.tenant_id = @tenant and m.adopted order by m.series_id, m.version desc;

-- name: AddModels :exec
insert into forecast_models (series_id, version, tenant_id, fitted_on, history, adopted, reason, mape_before, mape_after, created_at)
select v.series_id, v.version, @tenant, date '1970-01-01' + @fitted_on::int, v.history, v.adopted, v.reason,
       nullif(v.before, 'nan'), nullif(v.after, 'nan'), @at
from (select unnest(@series::bigint[]) as series_id, unnest(@versions::int[]) as version, unnest(@histories::int[]) as history,
             unnest(@adopted::boolean[]) as adopted, unnest(@reasons::text[]) as reason,
             unnest(@befores::float8[]) as before, unnest(@afters::float8[]) as after) v
order by v.series_id
on conflict do nothing;

-- name: ModelLog :many
select m.series_id, s.outlet_id, s.sku, m.version, (m.fitted_on - date '1970-01-01')::int as fitted_on, m.history, m.adopted, m.reason,
       m.mape_before, m.mape_after, m.created_at
from forecast_models m join sales_series s on s.id = m.series_id
where m.tenant_id = @tenant and (@outlet::bigint = 0 or s.outlet_id = @outlet) and (@sku::text = '' or s.sku = @sku)
order by m.created_at desc, m.series_id, m.version desc limit @most offset @skip;
