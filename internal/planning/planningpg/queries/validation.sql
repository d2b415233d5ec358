-- name: DueDays :many
-- Days that were reported, or reported again, since they were compared with their forecast.
select o.outlet_id, (o.day - date '1970-01-01')::int as day, o.changes, (v.outlet_id is not null)::boolean as again
from sales_outlet_days o left join validated_days v on v.outlet_id = o.outlet_id and v.day = o.day
where o.tenant_id = @tenant and o.day between date '1970-01-01' + @first::int and date '1970-01-01' + @last::int
  and v.changes is distinct from o.changes
  and exists (select from forecast_runs r where r.tenant_id = o.tenant_id and r.kind = 'daily' and r.status = 'done'
              and r.outlet_id in (0, o.outlet_id) and o.day between r.day and r.day + r.horizon - 1)
order by o.outlet_id, o.day;

-- name: PutOutcomes :execrows
-- The latest forecast made before each day against what was sold on it. A renamed product counts under its present name.
insert into forecast_outcomes (series_id, day, tenant_id, run_id, ahead, version, actual, mean, low, high, edited, sold_out, scale)
select s.id, v.day, @tenant, f.run_id, v.day - f.made + 1, coalesce(x.version, 1), coalesce(a.quantity, 0), f.mean,
       f.quantiles[1], f.quantiles[array_upper(f.quantiles, 1)], e.quantity, coalesce(a.sold_out, false), x.scale
from (select unnest(@outlets::bigint[]) as outlet_id, date '1970-01-01' + unnest(@days::int[]) as day) v
join sales_series s on s.tenant_id = @tenant and s.outlet_id = v.outlet_id
cross join lateral (
    select f.run_id, f.mean, f.quantiles, r.day as made from forecasts f
    join forecast_runs r on r.id = f.run_id and r.status = 'done' and r.kind = 'daily'
    where f.series_id = s.id and f.day = v.day order by r.day desc, r.id desc limit 1) f
left join forecast_series x on x.run_id = f.run_id and x.series_id = s.id
left join lateral (
    select sum(d.quantity_milli) / 1000.0::float8 as quantity, sum(d.sold_outs) > 0 as sold_out
    from sales_days d
    where d.day = v.day and d.series_id in (
        select s.id union all
        select o.id from sales_aliases l join sales_series o on o.tenant_id = l.tenant_id and o.outlet_id = s.outlet_id and o.sku = l.sku
        where l.tenant_id = @tenant and l.stands_for = s.sku)) a on true
left join lateral (select e.quantity from forecast_edits e where e.series_id = s.id and e.day = v.day order by e.id desc limit 1) e on true
where not exists (select from sales_aliases l where l.tenant_id = @tenant and l.sku = s.sku)
order by s.id, v.day
on conflict (series_id, day) do update set
    run_id = excluded.run_id, ahead = excluded.ahead, version = excluded.version, actual = excluded.actual, mean = excluded.mean,
    low = excluded.low, high = excluded.high, edited = excluded.edited, sold_out = excluded.sold_out, scale = excluded.scale;

-- name: MarkValidated :exec
insert into validated_days (outlet_id, day, tenant_id, changes, run_id)
select v.outlet_id, date '1970-01-01' + v.day, @tenant, v.changes, @run
from (select unnest(@outlets::bigint[]) as outlet_id, unnest(@days::int[]) as day, unnest(@changes::int[]) as changes) v
order by 1, 2
on conflict (outlet_id, day) do update set changes = excluded.changes, run_id = excluded.run_id;

-- name: Outcomes :many
select o.series_id, s.outlet_id, s.sku, (o.day - date '1970-01-01')::int as day, o.actual, o.mean, o.low, o.high, o.edited, o.sold_out, o.scale
from forecast_outcomes o join sales_series s on s.id = o.series_id
where o.tenant_id = @tenant and o.day between date '1970-01-01' + @first::int and date '1970-01-01' + @last::int
  and (@outlet::bigint = 0 or s.outlet_id = @outlet)
order by o.series_id, o.day;

-- name: Gaps :many
-- Days with a forecast above zero of which the outlet has reported nothing.
select t.outlet_id, (t.day - date '1970-01-01')::int as day
from forecast_totals t join forecast_runs r on r.id = t.run_id and r.status = 'done'
where r.tenant_id = @tenant and r.kind = 'daily' and t.outlet_id <> 0 and t.sku = ''
  and t.day between date '1970-01-01' + @first::int and date '1970-01-01' + @last::int and t.mean > 0
  and (@outlet::bigint = 0 or t.outlet_id = @outlet)
  and not exists (select from sales_outlet_days o where o.outlet_id = t.outlet_id and o.day = t.day)
group by t.outlet_id, t.day order by t.day, t.outlet_id;

-- name: AddValidation :one
insert into validation_runs (tenant_id, kind, first_day, last_day, validated, late, gaps, mae, mape, rmse, r2, accuracy, wape,
                             mase, bias, coverage, created_by, created_at)
values (@tenant, @kind, date '1970-01-01' + @first::int, date '1970-01-01' + @last::int, @validated, @late, @gaps, @mae, @mape, @rmse,
        @r2, @accuracy, @wape, @mase, @bias, @coverage, @by, @at)
returning id;

-- name: AddMetrics :copyfrom
insert into validation_metrics (run_id, level, outlet_id, sku, tenant_id, days, mae, mape, rmse, r2, accuracy, wape, mase, bias, coverage)
values (@run_id, @level, @outlet_id, @sku, @tenant_id, @days, @mae, @mape, @rmse, @r2, @accuracy, @wape, @mase, @bias, @coverage);

-- name: Validations :many
select * from validation_runs where tenant_id = @tenant and (@before::bigint = 0 or id < @before) order by id desc limit @most;

-- name: Validation :one
select * from validation_runs where tenant_id = @tenant and id = @id;

-- name: ValidationOf :one
select * from validation_runs where tenant_id = @tenant and last_day = date '1970-01-01' + @day::int and kind <> 'late' order by id desc limit 1;

-- name: MetricsOf :many
select * from validation_metrics where tenant_id = @tenant and run_id = @run and level = @level::text
order by wape nulls last, outlet_id, sku limit @most offset @skip;

-- name: LockTenant :exec
-- One validation of a tenant at a time; the lock ends with the transaction.
select pg_advisory_xact_lock(hashtextextended('brigade.validation', @tenant::bigint));
