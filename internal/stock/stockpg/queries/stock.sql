-- name: KeepStock :many
-- Which of some outlets keep stock.
select outlet_id from stock_outlets where outlet_id = any(@outlets::bigint[]) order by outlet_id;

-- name: LockStock :many
-- Whoever changes the stock of outlets holds their rows: an outlet's stock changes one after the other.
update stock_outlets set changes = changes + 1
where outlet_id = any(array(select s.outlet_id from stock_outlets s where s.outlet_id = any(@outlets::bigint[]) order by s.outlet_id for update))
returning outlet_id;

-- name: LockOutlet :one
-- Locks one outlet's stock, which begins with it if need be.
insert into stock_outlets (outlet_id, tenant_id, changes) select o.id, o.tenant_id, 1 from outlets o where o.id = @outlet and o.tenant_id = @tenant
on conflict (outlet_id) do update set changes = stock_outlets.changes + 1
returning outlet_id;

-- name: SettleOrders :many
-- What orders hold back and have used, as they stand, against what was noted of them; the difference is written down and
-- returned. A unit is used once its cooking has begun, and once more for each time that it is made again from its first
-- step; an order that is made without tasks when it is in preparation. What was used stays used. What an order needs is by
-- the bills of when it was first seen. One that waits for its time holds nothing back yet. Each order is looked up by itself,
-- so that a plan that was made while the tables were empty is as good when they are large.
with o as materialized (
    select o.id, o.outlet_id, o.tenant_id, o.status, coalesce(w.waits, '') = 'time' as later,
           exists (select from tickets t where t.order_id = o.id) as ticketed
    from unnest(@orders::bigint[]) x(id)
    cross join lateral (select o.id, o.outlet_id, o.tenant_id, o.status from orders o where o.id = x.id limit 1) o
    left join lateral (select w.waits from order_terms w where w.order_id = x.id limit 1) w on true
    where o.outlet_id = any(@outlets::bigint[])
), lines as materialized (
    select o.id, o.outlet_id, o.tenant_id, i.line_no, i.sku,
           greatest(b.makings, case when m.made then i.quantity else 0 end) as used,
           case when m.made or o.later or o.status in ('cancelled', 'rejected') then 0
                else greatest(0, i.quantity - b.under_way) end as held
    from o
    cross join lateral (select i.order_id, i.line_no, i.sku, i.quantity from order_items i where i.order_id = o.id offset 0) i
    cross join lateral (
        select count(distinct (t.unit_no, t.remake)) filter (where t.remake = 0 or t.step_no = 0) as makings,
               count(distinct t.unit_no) filter (where t.status <> 'CANCELLED') as under_way
        from tasks t
        where t.order_id = i.order_id and t.line_no = i.line_no and (t.started_at is not null or t.completed_at is not null)
    ) b
    cross join lateral (select o.status in ('ready', 'scheduling_delivery', 'waiting_for_driver', 'in_delivery', 'served', 'collected', 'delivered')
                               or o.status = 'in_preparation' and not o.ticketed as made) m
), needs as materialized (
    select l.*, n.ingredient_id, n.unit_milli, n.reserved_milli, n.used_milli
    from lines l
    cross join lateral (
        select s.ingredient_id, s.unit_milli, s.reserved_milli, s.used_milli
        from stock_orders s where s.order_id = l.id and s.line_no = l.line_no
        union all
        select n.ingredient_id, n.quantity_milli, 0, 0
        from item_needs n
        where n.outlet_id = l.outlet_id and n.sku = l.sku
          and not exists (select from stock_orders s where s.order_id = l.id and s.line_no = l.line_no)
    ) n
), changed as materialized (
    select n.id, n.line_no, n.ingredient_id, n.tenant_id, n.outlet_id, n.unit_milli,
           n.held * n.unit_milli as reserved, greatest(n.used_milli, n.used * n.unit_milli) as used,
           n.reserved_milli as was_reserved, n.used_milli as was_used
    from needs n
    where n.held * n.unit_milli <> n.reserved_milli or n.used * n.unit_milli > n.used_milli
), noted as (
    insert into stock_orders (order_id, line_no, ingredient_id, tenant_id, outlet_id, unit_milli, reserved_milli, used_milli)
    select id, line_no, ingredient_id, tenant_id, outlet_id, unit_milli, reserved, used from changed
    on conflict (order_id, line_no, ingredient_id) do update
    set reserved_milli = excluded.reserved_milli, used_milli = excluded.used_milli
)
select c.id as order_id, c.outlet_id, c.tenant_id, c.ingredient_id,
       sum(c.reserved - c.was_reserved)::bigint as reserved, sum(c.used - c.was_used)::bigint as used
from changed c
group by c.id, c.outlet_id, c.tenant_id, c.ingredient_id
order by c.ingredient_id, c.id;

-- name: LevelsNow :many
select l.ingredient_id, l.outlet_id, i.code, i.unit, i.shelf_hours, l.on_hand_milli, l.owed_milli, l.reserved_milli
from stock_levels l join ingredients i on i.id = l.ingredient_id
where l.ingredient_id = any(@ingredients::bigint[]) order by l.ingredient_id;

-- name: NewLotIDs :many
select nextval('stock_lots_id_seq')::bigint as id from generate_series(1, @n::int);

-- name: AddLots :exec
insert into stock_lots (id, tenant_id, outlet_id, ingredient_id, received_at, expires_at, initial_milli, remaining_milli, purchase_id, note)
select unnest(@ids::bigint[]), unnest(@tenants::bigint[]), unnest(@outlets::bigint[]), unnest(@ingredients::bigint[]),
       unnest(@received::timestamptz[]), nullif(unnest(@expires::timestamptz[]), timestamptz 'epoch'), unnest(@initial::bigint[]),
       unnest(@remaining::bigint[]), unnest(@purchases::bigint[]), unnest(@notes::text[]);

-- name: TakeFromLots :many
-- Takes quantities out of lots, from what expires first, and returns what no lot had.
with want as materialized (
    select unnest(@ingredients::bigint[]) as ingredient_id, unnest(@quantities::bigint[]) as quantity
), lots as materialized (
    select l.id, w.ingredient_id, l.remaining_milli, w.quantity,
           sum(l.remaining_milli) over (partition by w.ingredient_id order by l.expires_at nulls last, l.id) - l.remaining_milli as before
    from want w
    cross join lateral (select s.id, s.expires_at, s.remaining_milli from stock_lots s
                        where s.ingredient_id = w.ingredient_id and s.remaining_milli > 0) l
), taken as (
    update stock_lots s set remaining_milli = s.remaining_milli - least(l.remaining_milli, l.quantity - l.before)::bigint
    from lots l where s.id = l.id and l.before < l.quantity
    returning s.id
)
select w.ingredient_id::bigint as ingredient_id, greatest(0, w.quantity - coalesce(h.had, 0))::bigint as missing
from want w
left join (select l.ingredient_id, sum(l.remaining_milli) as had from lots l group by l.ingredient_id) h on h.ingredient_id = w.ingredient_id
where (select count(*) from taken) >= 0
order by w.ingredient_id;

-- name: TakeFromLot :execrows
update stock_lots set remaining_milli = remaining_milli - @quantity
where id = @id and ingredient_id = @ingredient and remaining_milli >= @quantity;

-- name: AddMovements :exec
insert into stock_movements (tenant_id, outlet_id, ingredient_id, kind, quantity_milli, order_id, purchase_id, lot_id, key, reason, made_by, made_at)
select unnest(@tenants::bigint[]), unnest(@outlets::bigint[]), unnest(@ingredients::bigint[]), unnest(@kinds::text[]),
       unnest(@quantities::bigint[]), unnest(@orders::bigint[]), unnest(@purchases::bigint[]), unnest(@lots::bigint[]),
       unnest(@keys::text[]), unnest(@reasons::text[]), unnest(@makers::text[]), unnest(@ats::timestamptz[]);

-- name: MoveLevels :exec
update stock_levels l
set on_hand_milli = l.on_hand_milli + d.on_hand, owed_milli = l.owed_milli + d.owed, reserved_milli = l.reserved_milli + d.reserved,
    watched = l.watched or d.seen, by_hand = l.by_hand or d.hand, counted_at = case when d.counted then @at::timestamptz else l.counted_at end
from (select unnest(@ingredients::bigint[]) as id, unnest(@on_hands::bigint[]) as on_hand, unnest(@oweds::bigint[]) as owed,
             unnest(@reserveds::bigint[]) as reserved, unnest(@seens::boolean[]) as seen, unnest(@counteds::boolean[]) as counted, unnest(@hands::boolean[]) as hand) d
where l.ingredient_id = d.id;

-- name: TurnedItems :many
-- Items that can no longer be made of what is there, and those that can be again.
select t.outlet_id, t.tenant_id, t.sku, coalesce(m.ingredient_id, 0)::bigint as missing, coalesce(m.name, '')::text as name
from (select distinct n.outlet_id, n.tenant_id, n.sku from item_needs n where n.ingredient_id = any(@ingredients::bigint[])) t
left join stock_outs o on o.outlet_id = t.outlet_id and o.sku = t.sku
left join lateral (
    select i.id as ingredient_id, i.name
    from item_needs n
    join stock_levels l on l.ingredient_id = n.ingredient_id
    join ingredients i on i.id = n.ingredient_id
    where n.outlet_id = t.outlet_id and n.sku = t.sku and l.watched and l.on_hand_milli - l.reserved_milli < n.quantity_milli
    order by i.code limit 1
) m on true
where (m.ingredient_id is not null) <> (o.sku is not null)
order by t.outlet_id, t.sku;

-- name: LooseOuts :many
-- Items that were out and are made of nothing any more.
select o.outlet_id, o.tenant_id, o.sku from stock_outs o
where o.outlet_id = @outlet and not exists (select from item_needs n where n.outlet_id = o.outlet_id and n.sku = o.sku)
order by o.sku;

-- name: NoteOut :exec
insert into stock_outs (outlet_id, sku, tenant_id, ingredient_id, since) values (@outlet, @sku, @tenant, @ingredient, @since)
on conflict (outlet_id, sku) do nothing;

-- name: NoteBack :exec
delete from stock_outs where outlet_id = @outlet and sku = @sku;

-- name: ExpiredOutlets :many
select distinct outlet_id from stock_lots
where expires_at <= @at and remaining_milli > 0 and expires_at is not null order by outlet_id limit 1000;

-- name: ExpiredLots :many
select id, tenant_id, outlet_id, ingredient_id, remaining_milli from stock_lots
where outlet_id = any(@outlets::bigint[]) and expires_at <= @at and remaining_milli > 0 and expires_at is not null order by id;

-- name: NoteRequest :execrows
insert into stock_requests (outlet_id, key, tenant_id, hash, made_at) values (@outlet, @key, @tenant, @hash, @at)
on conflict (outlet_id, key) do nothing;

-- name: RequestNoted :one
select hash, coalesce(answer, 'null')::json as answer from stock_requests where outlet_id = @outlet and key = @key;

-- name: AnswerRequest :exec
update stock_requests set answer = @answer where outlet_id = @outlet and key = @key;

-- name: IngredientsByCode :many
select i.id, i.code, i.name, i.unit, i.shelf_hours, i.batch_milli, i.stocked, i.active
from ingredients i where i.outlet_id = @outlet and i.tenant_id = @tenant and i.code = any(@codes::text[]);

-- name: PartsOf :many
select b.made, b.ingredient_id, b.quantity_milli from bill_lines b
where b.outlet_id = @outlet and b.kind = 'preparation' and b.made = any(@codes::text[]) order by b.made, b.ingredient_id;

-- name: LowForDemo :many
-- What a demo's orders have nearly used up, and how much is missing to its par level.
select l.ingredient_id, l.outlet_id, l.tenant_id, (i.par_milli - l.on_hand_milli + l.reserved_milli)::bigint as missing
from stock_levels l join ingredients i on i.id = l.ingredient_id
where l.ingredient_id = any(@ingredients::bigint[]) and l.tenant_id = @tenant and l.watched and not l.by_hand
  and l.on_hand_milli - l.reserved_milli < i.par_milli / 8
order by l.ingredient_id;
