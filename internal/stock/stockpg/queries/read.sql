-- name: Ingredients :many
select i.id, i.outlet_id, i.code, i.name, i.unit, i.shelf_hours, i.par_milli, i.active, i.batch_milli, i.stocked, i.lead_minutes,
       coalesce(i.station_id, 0)::bigint as station_id, i.station_minutes
from ingredients i
where i.tenant_id = @tenant and i.outlet_id = @outlet and (i.active or @everything::boolean)
  and (@code::text = '' or i.code = @code) and i.code > @after::text
order by i.code limit @most;

-- name: Bills :many
select b.kind, b.made, b.ingredient_id, b.quantity_milli from bill_lines b
where b.tenant_id = @tenant and b.outlet_id = @outlet order by b.kind, b.made, b.ingredient_id;

-- name: Levels :many
select i.id, i.outlet_id, i.code, i.name, i.unit, i.shelf_hours, i.par_milli, i.active, i.batch_milli, i.stocked, i.lead_minutes,
       coalesce(i.station_id, 0)::bigint as station_id, i.station_minutes,
       l.on_hand_milli, l.owed_milli, l.reserved_milli, l.counted_at,
       coalesce((select sum(greatest(0, pl.pack_milli * pl.packs - pl.received_milli))
                 from purchase_lines pl join purchase_orders p on p.id = pl.purchase_id
                 where pl.ingredient_id = i.id and p.status in ('sent', 'partly_received')), 0)::bigint as on_order_milli,
       coalesce((select s.expires_at from stock_lots s where s.ingredient_id = i.id and s.remaining_milli > 0 and s.expires_at is not null
        order by s.expires_at limit 1), timestamptz 'epoch')::timestamptz as next_loss
from ingredients i join stock_levels l on l.ingredient_id = i.id
where i.tenant_id = @tenant and i.outlet_id = @outlet and (i.active or @everything::boolean)
  and (@code::text = '' or i.code = @code) and i.code > @after::text
order by i.code limit @most;

-- name: Lots :many
select s.id, s.ingredient_id, s.received_at, s.expires_at, s.initial_milli, s.remaining_milli, s.purchase_id, s.note
from stock_levels l
join ingredients i on i.id = l.ingredient_id
join stock_lots s on s.ingredient_id = l.ingredient_id and s.remaining_milli > 0
where l.outlet_id = @outlet and l.tenant_id = @tenant and (@code::text = '' or i.code = @code)
order by s.expires_at nulls last, s.id limit @most;

-- name: Outs :many
select o.sku, coalesce(i.code, '')::text as code, o.since from stock_outs o left join ingredients i on i.id = o.ingredient_id
where o.tenant_id = @tenant and o.outlet_id = @outlet order by o.sku;

-- name: Movements :many
select m.id, m.outlet_id, m.ingredient_id, i.code, i.unit, m.kind, m.quantity_milli, m.order_id, m.purchase_id, m.lot_id, m.reason,
       m.made_by, m.made_at
from stock_movements m join ingredients i on i.id = m.ingredient_id
where m.outlet_id = @outlet and m.tenant_id = @tenant and (@before::bigint = 0 or m.id < @before)
  and (@code::text = '' or i.code = @code) and (@kind::text = '' or m.kind = @kind)
  and m.made_at >= @first::timestamptz and m.made_at < @till::timestamptz
order by m.id desc limit @most;

-- name: IngredientMovements :many
select m.id, m.outlet_id, m.ingredient_id, i.code, i.unit, m.kind, m.quantity_milli, m.order_id, m.purchase_id, m.lot_id, m.reason,
       m.made_by, m.made_at
from ingredients i join stock_movements m on m.ingredient_id = i.id
where i.outlet_id = @outlet and i.tenant_id = @tenant and i.code = @code and (@before::bigint = 0 or m.id < @before)
  and (@kind::text = '' or m.kind = @kind) and m.made_at >= @first::timestamptz and m.made_at < @till::timestamptz
order by m.id desc limit @most;

-- name: Usage :many
select i.code, i.name, i.unit,
       (l.on_hand_milli - coalesce(v.since, 0))::bigint as opening, (l.on_hand_milli - coalesce(v.after, 0))::bigint as closing,
       coalesce(v.came, 0)::bigint as came, coalesce(v.wasted, 0)::bigint as wasted, coalesce(v.used, 0)::bigint as used,
       coalesce(v.counted, 0)::bigint as counted
from ingredients i
join stock_levels l on l.ingredient_id = i.id
left join lateral (
    select sum(m.quantity_milli) as since, sum(m.quantity_milli) filter (where m.made_at >= @till::timestamptz) as after,
           sum(m.quantity_milli) filter (where m.made_at < @till and m.kind in ('purchase', 'make', 'transfer')) as came,
           -sum(m.quantity_milli) filter (where m.made_at < @till and m.kind = 'waste') as wasted,
           -sum(m.quantity_milli) filter (where m.made_at < @till and m.kind = 'use') as used,
           sum(m.quantity_milli) filter (where m.made_at < @till and m.kind in ('count', 'correction')) as counted
    from stock_movements m where m.ingredient_id = i.id and m.made_at >= @first::timestamptz
) v on true
where i.tenant_id = @tenant and i.outlet_id = @outlet and (i.active or l.on_hand_milli <> 0)
  and (@code::text = '' or i.code = @code) and i.code > @after_code::text
order by i.code limit @most;

-- name: HasOutlet :one
select exists (select from outlets where id = @outlet and tenant_id = @tenant);
