-- name: FindRun :one
select * from forecast_runs
where tenant_id = @tenant and kind = @kind and day = date '1970-01-01' + @day::int and outlet_id = @outlet
order by attempt desc limit 1;

-- name: AddRun :one
insert into forecast_runs (tenant_id, outlet_id, kind, day, horizon, attempt, requested_by, requested_at)
select @tenant::bigint, @outlet::bigint, @kind::text, date '1970-01-01' + @day::int, @horizon::smallint,
       coalesce(max(attempt), 0) + 1, @by::text, @at::timestamptz
from forecast_runs where tenant_id = @tenant and kind = @kind and day = date '1970-01-01' + @day::int and outlet_id = @outlet
returning *;

-- name: Run :one
select * from forecast_runs where tenant_id = @tenant and id = @id;

-- name: Runs :many
select * from forecast_runs
where tenant_id = @tenant and (@before::bigint = 0 or id < @before) and (@outlet::bigint = 0 or outlet_id in (0, @outlet))
order by id desc limit @most;

-- name: OpenRuns :many
-- What waits, and what somebody began who gives no sign of life.
select id, tenant_id from forecast_runs
where status = 'pending' or status = 'running' and beat_at < now() - interval '60 seconds' order by id limit 20;

-- name: ClaimRun :one
update forecast_runs set status = 'running', claims = claims + 1, beat_at = now(), started_at = @at, done = 0
where id = @id and tenant_id = @tenant
  and (status in ('pending', 'failed') or status = 'running' and (@seize::boolean or beat_at < now() - interval '60 seconds'))
returning *;

-- name: BeatRun :execrows
update forecast_runs set beat_at = now(), done = @done, series = @series where id = @id and claims = @claims and status = 'running';

-- name: EndRun :execrows
update forecast_runs set status = @status, error = @error, finished_at = @at, levels = @levels::real[], series = @series, done = @series
where id = @id and claims = @claims and status = 'running';

-- name: KeepSeries :copyfrom
insert into forecast_series (run_id, series_id, tenant_id, model, version, why, scale)
values (@run_id, @series_id, @tenant_id, @model, @version, @why, @scale);

-- name: KeepForecasts :copyfrom
insert into forecasts (run_id, series_id, day, tenant_id, mean, quantiles, hours)
values (@run_id, @series_id, @day, @tenant_id, @mean, @quantiles, @hours);

-- name: KeepTotals :copyfrom
insert into forecast_totals (run_id, outlet_id, sku, day, tenant_id, mean, quantiles)
values (@run_id, @outlet_id, @sku, @day, @tenant_id, @mean, @quantiles);

-- name: CurrentForecasts :many
-- The latest forecast of each product and day, with what somebody made of it by hand. A day that goes on is forecast
-- again from its morning: intraday runs come first.
select f.run_id, f.series_id, s.outlet_id, s.sku, s.name, (f.day - date '1970-01-01')::int as day, f.mean, f.quantiles, f.hours,
       r.levels, r.kind, coalesce(x.model, '')::text as model, coalesce(x.why, '')::text as why, coalesce(e.quantity, -1)::float8 as edited,
       coalesce(e.edited_by, '')::text as edited_by, coalesce(e.reason, '')::text as edit_reason
from sales_series s
cross join lateral (select date '1970-01-01' + g as day from generate_series(@first::int, @last::int) g) d
cross join lateral (
    select f.* from forecasts f join forecast_runs r on r.id = f.run_id and r.status = 'done'
    where f.series_id = s.id and f.day = d.day and (@run::bigint = 0 or f.run_id = @run) and (@kind::text = '' or r.kind = @kind)
    order by r.day desc, r.kind desc, f.run_id desc limit 1) f
join forecast_runs r on r.id = f.run_id
left join forecast_series x on x.run_id = f.run_id and x.series_id = f.series_id
left join lateral (select e.* from forecast_edits e where e.series_id = s.id and e.day = d.day order by e.id desc limit 1) e on true
where s.tenant_id = @tenant and (@outlet::bigint = 0 or s.outlet_id = @outlet) and (@sku::text = '' or s.sku = @sku)
  and not exists (select from sales_aliases a where a.tenant_id = s.tenant_id and a.sku = s.sku)
order by f.day, s.outlet_id, s.sku limit @most offset @skip;

-- name: CurrentTotals :many
-- Of the latest run that forecasts each day for all outlets.
select t.run_id, t.outlet_id, t.sku, (t.day - date '1970-01-01')::int as day, t.mean, t.quantiles, r.levels
from generate_series(@first::int, @last::int) g
cross join lateral (
    select r.* from forecast_runs r
    where r.tenant_id = @tenant and r.kind = 'daily' and r.status = 'done' and (@run::bigint = 0 or r.id = @run) and r.outlet_id = 0
      and date '1970-01-01' + g between r.day and r.day + r.horizon - 1
    order by r.day desc, r.id desc limit 1) r
join forecast_totals t on t.run_id = r.id and t.day = date '1970-01-01' + g
where (@level::text = 'outlet' and t.outlet_id <> 0 and t.sku = '' or @level = 'product' and t.outlet_id = 0 and t.sku <> ''
    or @level = 'network' and t.outlet_id = 0 and t.sku = '')
  and (@outlet::bigint = 0 or t.outlet_id = @outlet) and (@sku::text = '' or t.sku = @sku)
order by t.day, t.outlet_id, t.sku limit @most offset @skip;

-- name: AddEdit :one
insert into forecast_edits (tenant_id, series_id, day, was, quantity, reason, edited_by, edited_at)
values (@tenant, @series, date '1970-01-01' + @day::int, @was, @quantity, @reason, @by, @at) returning id;

-- name: OutletsAtNoon :many
-- Outlets whose morning is over, with a forecast of today that was not brought up to date yet.
select o.id, o.tenant_id from outlets o
join tenants t on t.id = o.tenant_id and t.status = 'active'
cross join lateral (select timezone(o.timezone, @now::timestamptz) as at) l
where extract(hour from l.at) >= @hour::int
  and exists (select from forecast_runs r where r.tenant_id = o.tenant_id and r.kind = 'daily' and r.status = 'done'
              and r.outlet_id in (0, o.id) and r.day = l.at::date)
  and exists (select from sales_outlet_days d where d.outlet_id = o.id and d.day = l.at::date)
  and not exists (select from forecast_runs r where r.tenant_id = o.tenant_id and r.kind = 'intraday' and r.outlet_id = o.id
                  and r.day = l.at::date)
order by o.id limit 1000;
