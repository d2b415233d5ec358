-- name: SetupIngredients :many
select i.id, i.code, i.name, i.unit, i.shelf_hours, i.par_milli, i.batch_milli, i.stocked, i.lead_minutes, coalesce(s.name, '')::text as station, i.station_minutes
from ingredients i left join stations s on s.id = i.station_id
where i.outlet_id = @outlet and i.active order by i.code;

-- name: SetupBills :many
select b.kind, b.made, i.code, b.quantity_milli from bill_lines b join ingredients i on i.id = b.ingredient_id
where b.outlet_id = @outlet order by b.kind, b.made, i.code;

-- name: SetupSuppliers :many
select s.id, s.code, s.name, s.email, s.phone, s.currency, s.lead_days, s.delivery_days, to_char(s.cut_off, 'HH24:MI') as cut_off, s.minimum_minor
from suppliers s where s.outlet_id = @outlet and s.active order by s.code;

-- name: SetupProducts :many
select p.supplier_id, p.code, p.name, i.code as ingredient, p.pack_milli, p.price_minor, p.least_packs, p.preferred
from supplier_products p join ingredients i on i.id = p.ingredient_id
where p.outlet_id = @outlet and p.active order by p.supplier_id, p.code;

-- name: OutletsBySlug :many
select id, slug from outlets where tenant_id = @tenant and slug = any(@slugs::text[]);

-- name: PutIngredient :one
insert into ingredients (tenant_id, outlet_id, code, name, unit, shelf_hours, par_milli, batch_milli, stocked, lead_minutes, station_id, station_minutes)
values (@tenant, @outlet, @code, @name, @unit, @shelf_hours, @par_milli, @batch_milli, @stocked, @lead_minutes,
        (select s.id from stations s where s.outlet_id = @outlet and s.name = @station::text), @station_minutes)
on conflict (outlet_id, code) do update
set name = excluded.name, shelf_hours = excluded.shelf_hours, par_milli = excluded.par_milli, active = true, batch_milli = excluded.batch_milli,
    stocked = excluded.stocked, lead_minutes = excluded.lead_minutes, station_id = excluded.station_id, station_minutes = excluded.station_minutes
where ingredients.unit = excluded.unit
returning id;

-- name: PutLevel :one
insert into stock_levels (ingredient_id, outlet_id, tenant_id) values (@ingredient, @outlet, @tenant)
on conflict (ingredient_id) do update set tenant_id = excluded.tenant_id
returning watched;

-- name: RetireIngredient :exec
update ingredients set active = false where outlet_id = @outlet and code = @code;

-- name: DropBill :exec
delete from bill_lines where outlet_id = @outlet and kind = @kind and made = @made;

-- name: AddBill :exec
insert into bill_lines (outlet_id, kind, made, ingredient_id, tenant_id, quantity_milli)
select @outlet, @kind, @made, i.id, @tenant, v.quantity
from (select unnest(@codes::text[]) as code, unnest(@quantities::bigint[]) as quantity) v
join ingredients i on i.outlet_id = @outlet and i.code = v.code;

-- name: PutSupplier :one
insert into suppliers (tenant_id, outlet_id, code, name, email, phone, currency, lead_days, delivery_days, cut_off, minimum_minor)
values (@tenant, @outlet, @code, @name, @email, @phone, @currency, @lead_days, @delivery_days::smallint[], to_timestamp(@cut_off::text, 'HH24:MI')::time, @minimum_minor)
on conflict (outlet_id, code) do update
set name = excluded.name, email = excluded.email, phone = excluded.phone, currency = excluded.currency, lead_days = excluded.lead_days,
    delivery_days = excluded.delivery_days, cut_off = excluded.cut_off, minimum_minor = excluded.minimum_minor, active = true
returning id;

-- name: RetireSupplier :exec
update suppliers set active = false where outlet_id = @outlet and code = @code;

-- name: PutProduct :exec
insert into supplier_products (tenant_id, outlet_id, supplier_id, ingredient_id, code, name, pack_milli, price_minor, least_packs, preferred)
select @tenant, @outlet, s.id, i.id, @code, @name, @pack_milli, @price_minor, @least_packs, @preferred
from suppliers s join ingredients i on i.outlet_id = s.outlet_id and i.code = @ingredient::text
where s.outlet_id = @outlet and s.code = @supplier::text
on conflict (supplier_id, code) do update
set ingredient_id = excluded.ingredient_id, name = excluded.name, pack_milli = excluded.pack_milli, price_minor = excluded.price_minor,
    least_packs = excluded.least_packs, preferred = excluded.preferred, active = true;

-- name: RetireProduct :exec
update supplier_products p set active = false
from suppliers s where s.id = p.supplier_id and s.outlet_id = @outlet and s.code = @supplier::text and p.code = @code;

-- name: NeedsNow :many
select sku, ingredient_id, quantity_milli from item_needs where outlet_id = @outlet order by sku, ingredient_id;

-- name: DropNeeds :exec
delete from item_needs where outlet_id = @outlet;

-- name: AddNeeds :exec
insert into item_needs (outlet_id, sku, ingredient_id, tenant_id, quantity_milli)
select @outlet, unnest(@skus::text[]), unnest(@ingredients::bigint[]), @tenant, unnest(@quantities::bigint[]);

-- name: BillsToFlatten :many
select b.kind, b.made, b.ingredient_id, i.code, i.batch_milli, i.stocked, b.quantity_milli, i.unit
from bill_lines b join ingredients i on i.id = b.ingredient_id
where b.outlet_id = @outlet order by b.kind, b.made, b.ingredient_id;
