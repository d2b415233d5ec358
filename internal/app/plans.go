package app

import (
	"context"

	"brigade/internal/actor"
	"brigade/internal/planning"
	"brigade/internal/stock"
)

// planned has purchase orders suggested by the plan of what to order.
type planned struct{ app *App }

// Suggest implements stock.Suggester: what each supplier's next delivery shall bring, edits by hand included, less what is
// drafted already. An outlet without forecasts has no suggestions of its own: its par levels are filled up.
func (p planned) Suggest(ctx context.Context, tenant, outlet int64) ([]stock.Suggestion, error) {
	if _, err := p.app.planner.Procurement(ctx, tenant, []int64{outlet}, 0, "suggestion"); err != nil {
		return nil, err
	}
	who := actor.Actor{Tenant: tenant, Outlet: outlet, Name: "suggestion", Role: actor.System}
	plan, _, _, err := p.app.planner.ProcurementOf(ctx, who, outlet, 0, 0)
	if err != nil || plan.Forecast == 0 {
		return nil, err
	}
	drafted, err := p.drafted(ctx, tenant, outlet)
	if err != nil {
		return nil, err
	}
	return nextOrders(plan.Lines, drafted), nil
}

// drafted is how many packs of each product are in drafts.
func (p planned) drafted(ctx context.Context, tenant, outlet int64) (map[int64]int, error) {
	open, err := p.app.stockRows.Purchases(ctx, tenant, stock.Query{Outlet: outlet})
	packs := map[int64]int{}
	for _, o := range open {
		for _, l := range o.Lines {
			if o.Status == stock.Draft {
				packs[l.Product] += l.Packs
			}
		}
	}
	return packs, err
}

// nextOrders are the lines of each supplier's first delivery, by supplier. The list is never nil.
func nextOrders(lines []planning.PurchaseLine, drafted map[int64]int) []stock.Suggestion {
	list, at := []stock.Suggestion{}, map[int64]int{}
	for i := range lines {
		l := &lines[i]
		k, ok := at[l.SupplierID]
		if !ok {
			k = len(list)
			at[l.SupplierID] = k
			list = append(list, stock.Suggestion{Supplier: l.SupplierID, DeliverOn: l.Deliver.Time()})
		}
		if packs := l.Order() - drafted[l.Product]; packs > 0 && list[k].DeliverOn.Equal(l.Deliver.Time()) {
			list[k].Lines = append(list[k].Lines, stock.Wish{Product: l.Product, Packs: packs})
		}
	}
	return list
}
