-- name: PutPromises :exec
insert into order_promises as p (order_id, tenant_id, outlet_id, made_at, lead_ms, alone_ms, first_p50, first_p90, p50, p90, told, slips, tasks)
select unnest(@orders::bigint[]), unnest(@tenants::bigint[]), unnest(@outlets::bigint[]), unnest(@made::timestamptz[]),
       unnest(@leads::int[]), unnest(@alones::int[]), unnest(@first_p50s::timestamptz[]), unnest(@first_p90s::timestamptz[]),
       unnest(@p50s::timestamptz[]), unnest(@p90s::timestamptz[]), unnest(@tolds::timestamptz[]), unnest(@slips::smallint[]),
       unnest(@tasks::smallint[])
on conflict (order_id) do update set p50 = excluded.p50, p90 = excluded.p90, told = excluded.told, slips = excluded.slips;

-- name: Promises :many
select order_id, made_at, lead_ms, alone_ms, first_p50, first_p90, p50, p90, told, slips, tasks
from order_promises where order_id = any(@orders::bigint[]);

-- name: PutCalibration :exec
insert into kitchen_states (outlet_id, tenant_id, calibration) values (@outlet, @tenant, @calibration)
on conflict (outlet_id) do update set calibration = excluded.calibration;

-- name: PutState :exec
insert into kitchen_states (outlet_id, tenant_id, state, since, paused) values (@outlet, @tenant, @state, @since, @paused)
on conflict (outlet_id) do update set state = excluded.state, since = excluded.since, paused = excluded.paused;

-- name: KitchenStates :many
select o.id, coalesce(s.state, 'open') as state, s.since, coalesce(s.paused, '[]') as paused,
       coalesce(s.calibration, '{}') as calibration, coalesce(a.settings, 'null') as settings
from outlets o left join kitchen_states s on s.outlet_id = o.id left join admission_settings a on a.outlet_id = o.id
where o.id = any(@outlets::bigint[]) and (s.outlet_id is not null or a.outlet_id is not null);

-- name: PutAdmission :exec
insert into admission_settings (outlet_id, tenant_id, settings) values (@outlet, @tenant, @settings)
on conflict (outlet_id) do update set settings = excluded.settings;

-- name: DropAdmission :exec
delete from admission_settings where outlet_id = @outlet and tenant_id = @tenant;
