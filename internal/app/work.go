package app

import (
	"context"

	"brigade/internal/kitchen"
	"brigade/internal/menu"
	"brigade/internal/order"
	"brigade/internal/order/orderpg"
)

// workLines is what an order's lines ask of the kitchen.
func workLines(lines []order.Line) []kitchen.WorkLine {
	work := make([]kitchen.WorkLine, len(lines))
	for i, l := range lines {
		work[i] = kitchen.WorkLine{
			No: l.No, SKU: l.SKU, Item: l.Name, Quantity: l.Quantity, UnitPrice: l.UnitPrice, Course: l.Course, Recipe: l.Recipe,
		}
	}
	return work
}

// orderEdit is what a change in the kitchen means for the order's rows.
func orderEdit(e *kitchen.OrderEdit) *orderpg.Edit {
	edit := &orderpg.Edit{Cancel: e.Cancel, Reopen: e.Reopen, Key: e.Key}
	for _, c := range e.Less {
		edit.Less = append(edit.Less, orderpg.Cut{Line: c.Line, Units: c.Units})
	}
	for _, w := range e.More {
		edit.More = append(edit.More, order.Line{
			No: w.No, SKU: w.SKU, Name: w.Item, Quantity: w.Quantity, UnitPrice: w.UnitPrice, Course: w.Course, Recipe: w.Recipe,
		})
	}
	return edit
}

// kitchenForOrders lets orders be changed while they are cooked.
type kitchenForOrders struct{ kitchen *kitchen.Service }

// Edit implements order.Kitchen.
func (k kitchenForOrders) Edit(ctx context.Context, e order.Edit) error {
	return k.kitchen.EditOrder(ctx, kitchen.Edit{
		Tenant: e.Tenant, Order: e.Order, Cancel: e.Cancel, Line: e.Line, Quantity: e.Quantity, Begun: e.Begun,
		More: workLines(e.More), Made: kitchen.Made(e.Made), Reason: e.Reason, By: e.By, Key: e.Key,
	})
}

// sells is the gate of intake: what is paused is not taken.
func (a *App) sells(ctx context.Context, tenant, outlet int64, source string, lines []order.Line) error {
	return a.sales.Check(ctx, tenant, outlet, source, func() []menu.Wanted {
		wanted := make([]menu.Wanted, len(lines))
		for i, l := range lines {
			wanted[i].SKU = l.SKU
			for _, step := range l.Recipe.Steps {
				wanted[i].Stations = append(wanted[i].Stations, step.Station)
			}
		}
		return wanted
	})
}
