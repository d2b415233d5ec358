-- name: Suppliers :many
select s.id, s.outlet_id, s.code, s.name, s.email, s.phone, s.currency, s.lead_days, s.delivery_days,
       (extract(epoch from s.cut_off) / 60)::int as cut_off_minutes, s.minimum_minor, s.active
from suppliers s
where s.tenant_id = @tenant and s.outlet_id = @outlet and (s.active or @everything::boolean)
  and (@code::text = '' or s.code = @code) and s.code > @after::text
order by s.code limit @most;

-- name: SuppliersByID :many
select s.id, s.outlet_id, s.code, s.name, s.email, s.phone, s.currency, s.lead_days, s.delivery_days,
       (extract(epoch from s.cut_off) / 60)::int as cut_off_minutes, s.minimum_minor, s.active
from suppliers s where s.tenant_id = @tenant and s.id = any(@ids::bigint[]);

-- name: Products :many
select p.id, p.supplier_id, s.code as supplier_code, p.ingredient_id, i.code as ingredient_code, i.unit, p.code, p.name, p.pack_milli,
       p.price_minor, p.least_packs, p.preferred, p.active
from supplier_products p
join suppliers s on s.id = p.supplier_id
join ingredients i on i.id = p.ingredient_id
where p.outlet_id = @outlet and p.tenant_id = @tenant and (p.active and s.active or @everything::boolean)
  and (@code::text = '' or i.code = @code)
order by i.code, p.preferred desc, s.code, p.code limit @most;

-- name: ProductsByID :many
select p.id, p.supplier_id, p.ingredient_id, i.code as ingredient_code, i.unit, p.code, p.name, p.pack_milli, p.price_minor, p.least_packs, p.active
from supplier_products p join ingredients i on i.id = p.ingredient_id
where p.outlet_id = @outlet and p.tenant_id = @tenant and p.id = any(@ids::bigint[]);

-- name: NextPurchaseNumber :one
update stock_outlets set last_purchase = last_purchase + 1 where outlet_id = @outlet returning last_purchase;

-- name: AddPurchase :one
insert into purchase_orders (tenant_id, outlet_id, supplier_id, number, status, source, deliver_on, order_by, currency, note,
                             created_by, created_at, changed_by, changed_at)
values (@tenant, @outlet, @supplier, @number, 'draft', @source, sqlc.narg(deliver_on)::date, sqlc.narg(order_by)::timestamptz, @currency, @note,
        @made_by, @at, @made_by, @at)
returning id;

-- name: OutletOfPurchase :one
select outlet_id from purchase_orders where id = @id and tenant_id = @tenant;

-- name: PurchasesByID :many
select p.id, p.outlet_id, p.supplier_id, p.number, p.status, p.source, p.deliver_on, p.order_by, p.currency, p.note, p.version, p.sent_to, p.failure,
       p.created_by, p.created_at, p.changed_by, p.changed_at, p.sent_at, p.closed_at
from purchase_orders p where p.tenant_id = @tenant and p.id = any(@ids::bigint[]) order by p.id desc;

-- name: PurchaseIDs :many
select p.id from purchase_orders p
where p.tenant_id = @tenant and p.outlet_id = @outlet and (@everything::boolean or p.closed_at is null)
  and (@before::bigint = 0 or p.id < @before) and (@supplier::text = '' or p.supplier_id in (select s.id from suppliers s where s.outlet_id = @outlet and s.code = @supplier))
order by p.id desc limit @most;

-- name: PurchaseLines :many
select l.purchase_id, l.line_no, l.product_id, l.ingredient_id, i.code as ingredient_code, i.unit, l.code, l.name, l.pack_milli, l.packs,
       l.price_minor, l.suggested_packs, l.received_milli
from purchase_lines l join ingredients i on i.id = l.ingredient_id
where l.purchase_id = any(@ids::bigint[]) and l.tenant_id = @tenant order by l.purchase_id, l.line_no;

-- name: PutPurchase :exec
update purchase_orders
set status = @status, deliver_on = sqlc.narg(deliver_on)::date, order_by = sqlc.narg(order_by)::timestamptz, note = @note, version = version + 1,
    sent_to = @sent_to, changed_by = @changed_by, changed_at = @changed_at, sent_at = sqlc.narg(sent_at)::timestamptz,
    closed_at = sqlc.narg(closed_at)::timestamptz
where id = @id;

-- name: DropPurchaseLines :exec
delete from purchase_lines where purchase_id = @id;

-- name: AddPurchaseLines :exec
insert into purchase_lines (purchase_id, line_no, tenant_id, outlet_id, product_id, ingredient_id, code, name, pack_milli, packs, price_minor,
                            suggested_packs, received_milli)
select @id, unnest(@nos::int[]), @tenant, @outlet, unnest(@products::bigint[]), unnest(@ingredients::bigint[]), unnest(@codes::text[]),
       unnest(@names::text[]), unnest(@pack_millis::bigint[]), unnest(@packs::int[]), unnest(@prices::bigint[]),
       nullif(unnest(@suggested::int[]), -1), unnest(@received::bigint[]);

-- name: PurchaseByNumber :one
select id from purchase_orders where outlet_id = @outlet and tenant_id = @tenant and number = @number;

-- name: NoteFailure :exec
update purchase_orders set failure = @failure where id = @id and tenant_id = @tenant and failure <> @failure;

-- name: Business :one
select name from tenants where id = @tenant;
