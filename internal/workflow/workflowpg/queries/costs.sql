-- name: AddCosts :one
-- What a step took on a date, for all. times are added place by place.
insert into workflow_costs as c (workflow_id, day, step, runs, steps, seconds, longest, cpu_ms, db_ms, row_count, times)
values (@workflow, @day, @step, @runs, @steps, @seconds, @longest, @cpu_ms, @db_ms, @row_count, @times)
on conflict (day, workflow_id, step) do update set runs = c.runs + excluded.runs, steps = c.steps + excluded.steps, seconds = c.seconds + excluded.seconds,
    longest = greatest(c.longest, excluded.longest), cpu_ms = c.cpu_ms + excluded.cpu_ms, db_ms = c.db_ms + excluded.db_ms,
    row_count = c.row_count + excluded.row_count,
    times = (select array_agg(coalesce(c.times[i], 0) + coalesce(excluded.times[i], 0) order by i)
             from generate_series(1, greatest(cardinality(c.times), cardinality(excluded.times))) i)
returning id;

-- name: AddTenantCosts :one
-- The same for single tenants. It tells how many of them are new on that date. Whoever adds has the date's row.
with given as (
    select unnest(@tenants::bigint[]) as tenant_id, unnest(@steps::int[]) as steps, unnest(@seconds::float8[]) as seconds,
           unnest(@cpus::float8[]) as cpu_ms, unnest(@dbs::float8[]) as db_ms, unnest(@row_counts::bigint[]) as row_count
), known as (
    select t.tenant_id from workflow_tenant_costs t where t.cost_id = @cost::bigint and t.tenant_id = any(@tenants::bigint[])
), added as (
    insert into workflow_tenant_costs as t (cost_id, tenant_id, steps, seconds, longest, cpu_ms, db_ms, row_count)
    select @cost::bigint, g.tenant_id, g.steps, g.seconds, g.seconds, g.cpu_ms, g.db_ms, g.row_count from given g
    on conflict (tenant_id, cost_id) do update set steps = t.steps + excluded.steps, seconds = t.seconds + excluded.seconds,
        longest = greatest(t.longest, excluded.longest), cpu_ms = t.cpu_ms + excluded.cpu_ms, db_ms = t.db_ms + excluded.db_ms,
        row_count = t.row_count + excluded.row_count
)
select (cardinality(@tenants::bigint[]) - count(*))::int from known;

-- name: CountCostTenants :exec
update workflow_costs set tenants = tenants + @fresh where id = @id;

-- name: CostDays :many
-- What steps took by date, for all tenants.
select c.workflow_id, w.name as workflow, c.step, c.day, c.runs, c.tenants, c.steps, c.seconds, c.longest, c.cpu_ms, c.db_ms, c.row_count, c.times
from workflow_costs c join workflows w on w.id = c.workflow_id
where c.day between @earliest::date and @latest::date and (@workflow::bigint = 0 or c.workflow_id = @workflow)
order by w.name, c.workflow_id, c.step, c.day;

-- name: TenantCostDays :many
-- The same for one tenant.
select c.workflow_id, w.name as workflow, c.step, c.day, t.steps, t.seconds, t.longest, t.cpu_ms, t.db_ms, t.row_count
from workflow_tenant_costs t join workflow_costs c on c.id = t.cost_id join workflows w on w.id = c.workflow_id
where t.tenant_id = @tenant and c.day between @earliest::date and @latest::date and (@workflow::bigint = 0 or c.workflow_id = @workflow)
order by w.name, c.workflow_id, c.step, c.day;

-- name: SlowestSteps :many
-- The steps of single tenants that took longest once, with what they took on all dates. Of each date those are looked at that took
-- longest on it: nobody else can be among the longest of all.
with days as materialized (
    select c.id, c.workflow_id, c.step from workflow_costs c
    where c.day between @first::date and @latest::date and (@workflow::bigint = 0 or c.workflow_id = @workflow)
), slowest as (
    select d.workflow_id, d.step, t.tenant_id, max(t.longest) as longest
    from days d cross join lateral (
        select l.tenant_id, l.longest from workflow_tenant_costs l where l.cost_id = d.id order by l.longest desc limit @most) t
    group by d.workflow_id, d.step, t.tenant_id
    order by max(t.longest) desc, d.workflow_id, d.step, t.tenant_id limit @most
)
select s.workflow_id, w.name as workflow, s.step, s.tenant_id, s.longest::float8 as longest, sum(t.steps)::bigint as steps,
       sum(t.seconds)::float8 as seconds, sum(t.cpu_ms)::float8 as cpu_ms, sum(t.db_ms)::float8 as db_ms, sum(t.row_count)::bigint as row_count
from slowest s
join workflows w on w.id = s.workflow_id
join days d on d.workflow_id = s.workflow_id and d.step = s.step
join workflow_tenant_costs t on t.tenant_id = s.tenant_id and t.cost_id = d.id
group by s.workflow_id, w.name, s.step, s.tenant_id, s.longest
order by s.longest desc, s.workflow_id, s.step, s.tenant_id;

-- name: PruneTenantCosts :execrows
delete from workflow_tenant_costs where (cost_id, tenant_id) in (
    select t.cost_id, t.tenant_id from workflow_costs c join workflow_tenant_costs t on t.cost_id = c.id
    where c.day < @before::date limit @most);

-- name: PruneOwnCosts :execrows
-- Of tenants' own workflows, of which nobody else will ever ask.
delete from workflow_costs where id in (
    select c.id from workflow_costs c join workflows w on w.id = c.workflow_id and w.tenant_id <> 0 where c.day < @before::date limit @most);
