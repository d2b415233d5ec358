package app

import (
	"context"
	"encoding/json"
	"time"

	"brigade/internal/actor"
	"brigade/internal/config"
	"brigade/internal/event"
	"brigade/internal/event/eventpg"
	"brigade/internal/lease"
	"brigade/internal/order"
	"brigade/internal/planning"
	"brigade/internal/planning/planningpg"
	"brigade/internal/store"
)

const (
	planningDuty = "planning"             // what nodes with the role jobs take a lease for
	salesIntake  = planningDuty + ":sink" // the lease of who counts orders as sales
)

// salesSpacing lets orders gather: sums move once for all of them.
const salesSpacing = 2 * time.Second

func (a *App) buildPlanning() {
	a.salesRows = planningpg.New(a.pool)
	a.planning = planning.NewService(watched{a.salesRows, a}, a.clock, a.log)
	a.planner = planning.NewPlanner(watched{a.salesRows, a}, a.clock)
}

// startPlanning counts orders as sales and works on forecasts that wait, in processes with the role jobs.
func (a *App) startPlanning(ctx context.Context) error {
	if !a.has(config.RoleJobs) {
		return nil
	}
	a.run("forecasts", a.planning.Loop)
	a.run("noon", a.keepNoon)
	cursors := eventpg.NewCursors(a.pool, func(ctx context.Context, tx store.Tx, _ string, fence int64) error {
		return lease.Check(ctx, tx, []string{salesIntake}, []int64{fence})
	})
	relay := event.NewRelay(salesSink{a}, a.sharedLog, cursors, salesOwner{a.node}, event.RelayOptions{
		Clock: a.clock, Logger: a.log, Spacing: salesSpacing, Batch: 10_000,
	})
	a.run("sales", relay.Run)
	list := func(context.Context) ([]string, error) { return []string{salesIntake}, nil }
	return a.node.Want(planningDuty, list, func(lease.Change) { relay.Poke() })
}

// noonEvery is how often it is looked where noon has passed; of real time.
const noonEvery = 30 * time.Second

// keepNoon brings forecasts of today up to date where noon has passed, on the node that counts sales.
func (a *App) keepNoon(ctx context.Context) error {
	tick := time.NewTicker(noonEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if _, ours := a.node.Owned(salesIntake); !ours {
			continue
		}
		if _, err := a.planning.Noon(ctx); err != nil && ctx.Err() == nil {
			a.log.WarnContext(ctx, "today's forecasts were not brought up to date", "action", "noon_failed", "error", err)
		}
		if _, err := a.planner.Refresh(ctx); err != nil && ctx.Err() == nil {
			a.log.WarnContext(ctx, "what to prepare today was not planned again", "action", "refresh_failed", "error", err)
		}
	}
}

// salesOwner lends the relay to sales the lease that this duty has.
type salesOwner struct{ node *lease.Node }

// Owned implements event.Owner.
func (o salesOwner) Owned(string) (int64, bool) { return o.node.Owned(salesIntake) }

// salesSink reads the log into the history of sales. It looks at each order as it stands now, so that a batch that comes
// again changes nothing.
type salesSink struct{ app *App }

// Name implements event.Sink.
func (salesSink) Name() string { return "sales" }

// Publish implements event.Sink.
func (s salesSink) Publish(ctx context.Context, events []event.Event) error {
	tenants := map[int64]*planningpg.Reported{}
	of := func(tenant int64) *planningpg.Reported {
		if tenants[tenant] == nil {
			tenants[tenant] = &planningpg.Reported{}
		}
		return tenants[tenant]
	}
	for _, e := range events {
		switch {
		case changesSales(e):
			r := of(e.Tenant)
			r.Orders = append(r.Orders, e.AggregateID)
		case e.Type == event.SalePaused:
			if item, ok := soldOut(e); ok {
				r := of(e.Tenant)
				r.SoldOut = append(r.SoldOut, item)
			}
		}
	}
	for tenant, r := range tenants {
		if _, err := s.app.salesRows.TakeOwn(ctx, tenant, *r); err != nil {
			return err
		}
	}
	return nil
}

// changesSales tells whether an order counts as sold since, or no longer, or otherwise.
func changesSales(e event.Event) bool {
	if e.Type == event.OrderEdited {
		return true
	}
	p, ok := e.OrderPayload()
	if !ok {
		return false
	}
	switch order.Status(p.NewStatus) {
	case order.Ready, order.Served, order.Collected, order.Delivered, order.Cancelled:
		return true
	default:
		return order.Status(p.OldStatus) == order.Ready
	}
}

// soldOut is the item that an event takes off the menu.
func soldOut(e event.Event) (planningpg.SoldOut, bool) {
	var p event.PausePayload
	if err := json.Unmarshal(e.Payload, &p); err != nil || p.Kind != "item" {
		return planningpg.SoldOut{}, false
	}
	return planningpg.SoldOut{Outlet: e.Outlet, SKU: p.Name, At: e.OccurredAt}, true
}

// demoDays is of how many days the demo shows what was forecast and how good that was.
const demoDays = 8

// startDemoPlans gives the demo restaurant a history of sales, and when it is busy forecasts of the last days and of
// those to come.
func (a *App) startDemoPlans(ctx context.Context) error {
	if a.cfg.Demo == config.DemoOff || a.cfg.Demo == "" || !a.has(config.RoleJobs) {
		return nil
	}
	owner, err := a.tenants.DemoActor(ctx)
	if err != nil {
		return err
	}
	if err := a.salesRows.LoadDemo(ctx, owner.Tenant, a.clock.Now()); err != nil {
		return err
	}
	if a.cfg.Demo == config.DemoBusy {
		a.run("demo forecasts", func(ctx context.Context) error { a.planDemo(ctx, owner); return nil })
	}
	return nil
}

// planDemo forecasts and validates day by day, as the nights before would have.
func (a *App) planDemo(ctx context.Context, owner actor.Actor) {
	err := a.planNights(ctx, owner)
	if err != nil && ctx.Err() == nil {
		a.log.WarnContext(ctx, "the demo was not forecast", "action", "demo_forecast_failed", "error", err)
	}
}

func (a *App) planNights(ctx context.Context, owner actor.Actor) error {
	outlet, err := a.planning.Outlet(ctx, owner, 0)
	if err != nil {
		return err
	}
	today := outlet.Today(a.clock.Now())
	first := today - demoDays + 1
	for d := first; d <= today; d++ {
		if _, err := a.planning.Forecast(ctx, owner.Tenant, d); err != nil {
			return err
		}
		if d == first {
			continue
		}
		if _, err := a.planning.Validate(ctx, owner.Tenant, d-1); err != nil {
			return err
		}
	}
	return a.planDay(ctx, owner.Tenant)
}

// planDay plans today's preparations, purchases and stock.
func (a *App) planDay(ctx context.Context, tenant int64) error {
	for _, plan := range []func(context.Context, int64, []int64, planning.Day, string) (int, error){
		a.planner.Production, a.planner.Procurement, a.planner.StockProjection,
	} {
		if _, err := plan(ctx, tenant, nil, 0, "nightly"); err != nil {
			return err
		}
	}
	return nil
}
