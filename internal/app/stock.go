package app

import (
	"context"
	"time"

	"brigade/internal/config"
	"brigade/internal/event"
	"brigade/internal/event/eventpg"
	"brigade/internal/job"
	"brigade/internal/lease"
	"brigade/internal/menu/menupg"
	"brigade/internal/setup"
	"brigade/internal/stock"
	"brigade/internal/stock/stockpg"
	"brigade/internal/store"
)

const (
	stockDuty   = "stock"             // what nodes with the role jobs take a lease for
	stockIntake = stockDuty + ":sink" // the lease of who settles what orders use
)

// stockSpacing lets orders gather: levels move once for all of them. An item that runs out is off the menu so soon.
const stockSpacing = 250 * time.Millisecond

// expireEvery is how often it is looked what is past its date; of real time.
const expireEvery = 15 * time.Second

func (a *App) buildStock() {
	parts := setup.TurnItems(menupg.NewPauses(a.pool, a.append, a.committed), func() {
		a.catalogue.Invalidate()
		a.committed()
	})
	parts.Sent = func(ctx context.Context, tx store.Tx, tenant, purchase int64) error {
		return a.jobs.InsertMany(ctx, tx, []job.Routed{mailPurchase{tenant, purchase}})
	}
	a.stockRows = stockpg.New(a.pool, parts)
	a.stock = stock.NewService(a.stockRows, a.clock, a.zoneOf)
	a.stock.SuggestBy(planned{a})
}

func (a *App) zoneOf(ctx context.Context, tenant, outlet int64) (*time.Location, error) {
	o, err := a.tenants.Outlet(ctx, tenant, outlet)
	return o.Timezone, err
}

// startStock settles what orders hold back and use, in processes with the role jobs.
func (a *App) startStock(ctx context.Context) error {
	if !a.has(config.RoleJobs) {
		return nil
	}
	if a.cfg.Demo != config.DemoOff && a.cfg.Demo != "" {
		owner, err := a.tenants.DemoActor(ctx)
		if err != nil {
			return err
		}
		a.stockRows.Simulate(owner.Tenant)
	}
	cursors := eventpg.NewCursors(a.pool, func(ctx context.Context, tx store.Tx, _ string, fence int64) error {
		return lease.Check(ctx, tx, []string{stockIntake}, []int64{fence})
	})
	relay := event.NewRelay(stockSink{a}, a.sharedLog, cursors, stockOwner{a.node}, event.RelayOptions{
		Clock: a.clock, Logger: a.log, Spacing: stockSpacing, Batch: 10_000,
	})
	a.run("stock", relay.Run)
	a.run("expiries", a.expireStock)
	list := func(context.Context) ([]string, error) { return []string{stockIntake}, nil }
	return a.node.Want(stockDuty, list, func(lease.Change) { relay.Poke() })
}

// expireStock writes off what is past its date, on the node that settles orders.
func (a *App) expireStock(ctx context.Context) error {
	tick := time.NewTicker(expireEvery)
	defer tick.Stop()
	for {
		if _, ours := a.node.Owned(stockIntake); ours {
			if _, err := a.stockRows.Expire(ctx, a.clock.Now().Truncate(time.Microsecond)); err != nil && ctx.Err() == nil {
				a.log.WarnContext(ctx, "what is past its date was not written off", "action", "expire_failed", "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// stockOwner lends the relay to stock the lease that this duty has.
type stockOwner struct{ node *lease.Node }

// Owned implements event.Owner.
func (o stockOwner) Owned(string) (int64, bool) { return o.node.Owned(stockIntake) }

// stockSink settles stock with orders that events tell of. It looks at each order as it stands now, so that a batch that
// comes again changes nothing.
type stockSink struct{ app *App }

// Name implements event.Sink.
func (stockSink) Name() string { return "stock" }

// Publish implements event.Sink.
func (s stockSink) Publish(ctx context.Context, events []event.Event) error {
	seen := map[int64]bool{}
	var outlets []int64
	for i := range events {
		if movesStock(&events[i]) && !seen[events[i].Outlet] {
			seen[events[i].Outlet] = true
			outlets = append(outlets, events[i].Outlet)
		}
	}
	if outlets == nil {
		return nil
	}
	keeping, err := s.app.stockRows.Keeping(ctx, outlets)
	if err != nil || len(keeping) == 0 {
		return err
	}
	var where, orders []int64
	for i := range events {
		if e := &events[i]; keeping[e.Outlet] && movesStock(e) {
			where, orders = append(where, e.Outlet), append(orders, orderOf(*e))
		}
	}
	return s.app.stockRows.Settle(ctx, where, orders, s.app.clock.Now().Truncate(time.Microsecond))
}

// movesStock tells whether an order may hold back or use something else since.
func movesStock(e *event.Event) bool {
	return e.Type == event.OrderStatusChanged || e.Type == event.OrderEdited || e.Type == event.TaskStarted || e.Type == event.TaskCompleted
}
