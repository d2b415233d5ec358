package orderpg

import (
	"cmp"
	"context"

	"brigade/internal/money"
	"brigade/internal/order"
	"brigade/internal/order/orderpg/db"
	"brigade/internal/recipe"
)

func insert(ctx context.Context, q *db.Queries, b *batch, orders []*order.Order) error {
	var p db.InsertOrdersParams
	var items db.InsertItemsParams
	var history changes
	for k, o := range orders {
		d := b.drafts[b.fresh[k]]
		p.Ids = append(p.Ids, o.ID)
		p.Tenants = append(p.Tenants, o.Tenant)
		p.Outlets = append(p.Outlets, o.Outlet)
		p.Numbers = append(p.Numbers, o.Number)
		p.Sources = append(p.Sources, o.Source)
		p.Keys = append(p.Keys, d.Key)
		p.Hashes = append(p.Hashes, d.Fingerprint)
		p.Statuses = append(p.Statuses, string(o.Status))
		p.Types = append(p.Types, string(o.Type))
		p.Customers = append(p.Customers, o.CustomerName)
		p.Tables = append(p.Tables, int32(o.TableNumber))
		p.Addresses = append(p.Addresses, o.DeliveryAddress)
		p.Totals = append(p.Totals, int64(o.Total))
		p.Fees = append(p.Fees, int64(o.Fee))
		p.Currencies = append(p.Currencies, o.Currency)
		p.Priorities = append(p.Priorities, int16(o.Priority))
		p.Placed = append(p.Placed, o.PlacedAt)
		p.UpdatedBy = append(p.UpdatedBy, o.UpdatedBy)
		addItems(&items, o)
		history.add(o, o.UpdatedBy, "")
	}
	if err := q.InsertOrders(ctx, p); err != nil {
		return err
	}
	if err := q.InsertItems(ctx, items); err != nil {
		return err
	}
	return q.InsertHistory(ctx, history.InsertHistoryParams)
}

func addItems(p *db.InsertItemsParams, o *order.Order) {
	for i := range o.Lines {
		l := &o.Lines[i]
		l.No, l.Course = cmp.Or(l.No, i+1), max(l.Course, 1)
		p.Orders = append(p.Orders, o.ID)
		p.Lines = append(p.Lines, int16(l.No))
		p.Courses = append(p.Courses, int16(l.Course))
		p.Since = append(p.Since, int32(o.Version))
		p.Tenants = append(p.Tenants, o.Tenant)
		p.Skus = append(p.Skus, l.SKU)
		p.Names = append(p.Names, l.Name)
		p.Quantities = append(p.Quantities, int32(l.Quantity))
		p.Prices = append(p.Prices, int64(l.UnitPrice))
		p.Recipes = append(p.Recipes, l.Recipe.ID)
	}
}

// changes collects rows of history.
type changes struct{ db.InsertHistoryParams }

// add notes that an order has come to its present status and version.
func (c *changes) add(o *order.Order, by, reason string) {
	c.Orders = append(c.Orders, o.ID)
	c.Seqs = append(c.Seqs, int16(o.Version))
	c.Tenants = append(c.Tenants, o.Tenant)
	c.Statuses = append(c.Statuses, string(o.Status))
	c.ChangedBy = append(c.ChangedBy, by)
	c.ChangedAt = append(c.ChangedAt, o.UpdatedAt)
	c.Reasons = append(c.Reasons, reason)
	c.Keys = append(c.Keys, "")
}

// load reads orders with their lines, in the order of ids; those that do not exist are missing.
func load(ctx context.Context, q *db.Queries, ids []int64) ([]order.Order, error) {
	rows, err := q.Orders(ctx, ids)
	if err != nil {
		return nil, err
	}
	items, err := q.Items(ctx, ids)
	if err != nil {
		return nil, err
	}
	byID := make(map[int64]*order.Order, len(rows))
	for _, r := range rows {
		o := orderOf(r)
		byID[r.ID] = &o
	}
	for _, r := range items {
		o := byID[r.OrderID]
		o.Lines = append(o.Lines, order.Line{
			No: int(r.LineNo), SKU: r.Sku, Name: r.Name, Quantity: int(r.Quantity), Cancelled: int(r.Cancelled),
			UnitPrice: money.Amount(r.UnitPriceMinor), Course: int(r.Course),
			Recipe: recipe.Recipe{ID: r.RecipeID},
		})
	}
	orders := make([]order.Order, 0, len(rows))
	for _, id := range ids {
		if o := byID[id]; o != nil {
			orders = append(orders, *o)
		}
	}
	return orders, nil
}

func orderOf(r db.Order) order.Order {
	o := order.Order{
		ID: r.ID, Tenant: r.TenantID, Outlet: r.OutletID, Number: r.Number, Source: r.Source,
		Status: order.Status(r.Status), Type: order.Type(r.Type), CustomerName: r.CustomerName,
		DeliveryAddress: r.DeliveryAddress, Total: money.Amount(r.TotalMinor), Fee: money.Amount(r.DeliveryFeeMinor), Currency: r.Currency,
		Priority: int(r.Priority), Version: int(r.Version), PlacedAt: r.PlacedAt, UpdatedAt: r.UpdatedAt, UpdatedBy: r.UpdatedBy,
	}
	if r.TableNumber != nil {
		o.TableNumber = int(*r.TableNumber)
	}
	if r.ReadyAt != nil {
		o.ReadyAt = *r.ReadyAt
	}
	if r.ClosedAt != nil {
		o.ClosedAt = *r.ClosedAt
	}
	return o
}
