package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"brigade/internal/config"
	"brigade/internal/event"
	"brigade/internal/event/eventpg"
	"brigade/internal/kitchen"
	"brigade/internal/kitchen/kitchenpg"
	"brigade/internal/lease"
	"brigade/internal/menu"
	"brigade/internal/menu/menupg"
	"brigade/internal/order"
	"brigade/internal/order/orderpg"
	"brigade/internal/setup"
	"brigade/internal/store"
	"brigade/internal/tenant"
	"brigade/internal/tenant/tenantpg"
)

// appendFrom returns the writer of events in the name of a node.
func appendFrom(node int64) func(context.Context, store.Tx, []event.Event) error {
	return func(ctx context.Context, tx store.Tx, events []event.Event) error {
		return eventpg.Append(ctx, tx, node, events)
	}
}

// duties are what a role takes leases for besides its own name.
var duties = map[config.Role][]string{config.RoleJobs: {notifyDuty, planningDuty, alertDuty, stockDuty}, config.RoleKitchen: {"learning", "orders"}}

// joinNodes makes this process known to the others.
func (a *App) joinNodes(ctx context.Context) error {
	name := a.cfg.Name
	if name == "" {
		name, _ = os.Hostname()
	}
	opts := a.cfg.Lease
	opts.Logger, opts.Metrics = a.log, a.metrics.Lease
	opts.Replace = opts.Replace || a.cfg.DatabaseURL == "" // the state folder's lock keeps others away
	roles := a.relayKinds()
	for _, r := range a.cfg.Roles {
		roles = append(append(roles, string(r)), duties[r]...)
	}
	node, err := lease.Join(ctx, a.pool, name, roles, opts)
	if err != nil {
		return err
	}
	a.node = node
	a.onStop("lease", node.Stop)
	return nil
}

// recentEvents is how many events relays can be behind the tail without reading them again.
const recentEvents = 10_000

// build makes the services and joins features that must not know each other.
func (a *App) build(ctx context.Context) error {
	a.eventLog = eventpg.NewLog(a.pool)
	recent := event.NewRecent(recentEvents)
	a.ownEvents = event.NewOwn(a.eventLog, recentEvents)
	a.tail = event.NewTail(a.ownEvents, event.TailOptions{Logger: a.log, Recent: recent})
	a.sharedLog = event.Shared{Log: a.eventLog, Recent: recent}
	a.traces.db = a.pool
	a.tenants = tenant.New(tenantpg.New(a.pool))
	a.catalogue = menu.NewCatalogue(menupg.New(a.pool))
	a.buildAlerts()
	a.buildPlanning()
	a.buildStock()
	a.buildWorkflows()
	a.buildOrders()
	a.buildCooks()
	a.buildKitchen()
	a.buildDelivery()
	if err := a.buildLinks(ctx); err != nil {
		return err
	}
	if err := a.buildJobs(); err != nil {
		return err
	}
	a.buildPurchaseMail()
	if err := a.buildLife(ctx); err != nil {
		return err
	}
	a.buildChannels()
	return nil
}

func (a *App) buildOrders() {
	commits := a.metrics.Commit("orders")
	a.orderRows = orderpg.New(a.pool, orderpg.Parts{
		OpenTickets: a.openWork,
		Recipes:     recipes,
		Jobs:        a.orderJobs,
		Begun:       func(steps []order.Attempt) { a.till.Begun(steps) },
		Node:        a.node.ID,
		Timers:      a.timersRung,
		Append:      a.append,
		Placed:      a.placed,
		Committed:   a.committed,
		Observe:     func(n int, took time.Duration) { commits.Done(n, took, nil) },
	})
	a.onStop("orders", func(context.Context) error { a.orderRows.Close(); return nil })
	a.orders = order.NewService(tracedOrders{a.orderRows, a.traces}, menuForOrders{a.catalogue}, outletsForOrders{a.tenants}, a.clock)
	a.setups = &setup.Editor{Pool: a.pool, Clock: a.clock, Append: appendFrom(0), Committed: a.relaid}
	a.sales = menu.NewSales(a.catalogue, menupg.NewPauses(a.pool, a.append, a.committed), a.clock)
	a.orders.Guard(a.sells)
}

func (a *App) buildKitchen() {
	settings := kitchen.DefaultSettings()
	settings.AutoComplete = a.cfg.AutoComplete
	settings.Promises = true
	a.tickets = kitchenpg.New(a.pool, kitchenpg.Parts{
		CheckFences:   checkFences,
		AdvanceOrders: a.advanceOrders,
		Append:        a.append,
		Committed:     a.committed,
		Slipped:       a.tellSlips,
		Pause:         a.pauseForKitchen,
		Now:           a.clock.Now,
	})
	a.desk = kitchen.NewDesks(runtime.GOMAXPROCS(0), a.tickets, a.clock, settings, a.log, newDeskObserver(a.metrics, a.queueChanged))
	a.kitchen = kitchen.NewService(a.tickets, a.desk, a.clock, settings)
	a.orders.Foresee(kitchensForOrders{a.kitchen})
	a.editor = order.NewEditor(a.orders, order.NewWaiting(a.orderRows, kitchenForOrders{a.kitchen}, a.clock))
}

func (a *App) append(ctx context.Context, tx store.Tx, events []event.Event) error {
	if err := a.traces.stamp(ctx, tx, events); err != nil {
		return err
	}
	if watch := a.redis.watch.Load(); watch != nil {
		watch.Writing(events)
	}
	written, err := eventpg.Write(ctx, tx, a.node.ID(), events)
	if err == nil {
		a.handOver(tx, written)
	}
	return err
}

// handOver gives events to this process's tail once they are committed.
func (a *App) handOver(tx store.Tx, events []event.Event) {
	if store.OnCommit(tx, func() { a.ownEvents.Committed(events) }) {
		a.ownEvents.Writing(events)
		store.OnEnd(tx, func() { a.ownEvents.Ended(events) })
	}
}

// relaid is called after each change of what an outlet is set up with.
func (a *App) relaid() {
	a.catalogue.Invalidate()
	a.committed()
}

// committed tells followers that there is something new in the log.
func (a *App) committed() {
	a.tail.Poke()
	a.relays.poke()
	if pokes := a.redis.pokes.Load(); pokes != nil {
		pokes.Committed()
	}
}

// openTickets gives new orders to the kitchen, inside the order's transaction.
func (a *App) openTickets(ctx context.Context, tx store.Tx, orders []*order.Order) ([][]int64, []event.Event, func(), error) {
	work := make([]kitchen.Work, len(orders))
	for i, o := range orders {
		work[i] = kitchen.Work{
			Order: o.ID, Tenant: o.Tenant, Outlet: o.Outlet, Number: o.Number, Priority: o.Priority, At: o.PlacedAt,
			Due: o.WantedAt, Hold: o.Hold, Lines: workLines(o.Lines),
		}
	}
	a.promise(orders, work)
	tickets, events, err := a.tickets.OpenForWork(ctx, tx, work)
	if err != nil {
		return nil, nil, nil, err
	}
	ready := make([][]int64, len(tickets))
	for i, t := range tickets {
		ready[i] = t.ReadyAtStart()
	}
	return ready, events, func() { a.desk.Opened(tickets) }, nil
}

// advanceOrders moves orders on that the kitchen began or finished, inside the kitchen's transaction.
func (a *App) advanceOrders(ctx context.Context, tx store.Tx, steps []kitchen.OrderStep) error {
	moves := make([]orderpg.Step, len(steps))
	for i, s := range steps {
		to := order.InPreparation
		if s.Ready {
			to = order.Ready
		}
		moves[i] = orderpg.Step{Order: s.Order, To: orderpg.To(to), By: s.By, At: s.At}
		if s.Edit != nil {
			moves[i].Edit, moves[i].Reason = orderEdit(s.Edit), s.Edit.Reason
		}
	}
	err := a.orderRows.Advance(ctx, tx, moves, true)
	if refused, ok := errors.AsType[*orderpg.RefusedError](err); ok {
		return &kitchen.RefusedError{Order: refused.Order, Err: refused.Err}
	}
	return err
}

const kitchenResource = "kitchen:"

func checkFences(ctx context.Context, tx store.Tx, fences []kitchen.Fence) ([]int64, error) {
	resources, tokens := make([]string, len(fences)), make([]int64, len(fences))
	for i, f := range fences {
		resources[i], tokens[i] = kitchenResource+strconv.FormatInt(f.Outlet, 10), f.Token
	}
	err := lease.Check(ctx, tx, resources, tokens)
	stale, ok := errors.AsType[*lease.StaleError](err)
	if !ok {
		return nil, err
	}
	return outletsOf(stale.Resources), nil
}

func outletsOf(resources []string) []int64 {
	ids := make([]int64, 0, len(resources))
	for _, r := range resources {
		if id, err := strconv.ParseInt(strings.TrimPrefix(r, kitchenResource), 10, 64); err == nil {
			ids = append(ids, id)
		}
	}
	return ids
}

// kitchens lists what wants an owner.
func (a *App) kitchens(ctx context.Context) ([]string, error) {
	ids, err := a.tickets.OutletIDs(ctx)
	resources := make([]string, len(ids))
	for i, id := range ids {
		resources[i] = kitchenResource + strconv.FormatInt(id, 10)
	}
	return resources, err
}

// startKitchen runs the desk. Without the kitchen role it owns no kitchen, but still writes what clients ask for.
func (a *App) startKitchen(context.Context) error {
	a.desk.Run(context.Background())
	a.onStop("desk", func(context.Context) error { a.desk.Stop(); return nil })
	if !a.has(config.RoleKitchen) {
		return nil
	}
	return a.node.Want(string(config.RoleKitchen), a.kitchens, func(c lease.Change) {
		gained := make([]kitchen.Fence, len(c.Gained))
		for i, l := range c.Gained {
			gained[i] = kitchen.Fence{Outlet: outletsOf([]string{l.Resource})[0], Token: l.Fence}
		}
		a.desk.Own(gained, outletsOf(c.Lost))
	})
}

// notifyConsole writes changes of orders to the log, for whoever watches it.
func (a *App) notifyConsole(ctx context.Context, events []event.Event) error {
	for _, e := range events {
		if p, ok := e.OrderPayload(); ok {
			a.log.DebugContext(ctx, fmt.Sprintf("order %s is %s", p.OrderNumber, p.NewStatus),
				"action", "order_status_changed", "order_number", p.OrderNumber, "changed_by", p.ChangedBy)
		}
	}
	return nil
}

// menuForOrders shows the menu to intake.
type menuForOrders struct{ catalogue *menu.Catalogue }

// Lookup implements order.Menu.
func (m menuForOrders) Lookup(ctx context.Context, tenant, outlet int64, names []string) ([]*order.MenuItem, error) {
	items, err := m.catalogue.Lookup(ctx, tenant, outlet, names)
	if err != nil {
		return nil, err
	}
	found := make([]*order.MenuItem, len(items))
	for i, it := range items {
		if it != nil {
			found[i] = &order.MenuItem{SKU: it.SKU, Name: it.Name, Price: it.Price, Choices: it.Choices, Recipe: it.Recipe}
		}
	}
	return found, nil
}

// outletsForOrders shows outlets to intake.
type outletsForOrders struct{ tenants *tenant.Service }

// Outlet implements order.Outlets.
func (o outletsForOrders) Outlet(ctx context.Context, tenantID, outlet int64) (order.Outlet, error) {
	out, err := o.tenants.Outlet(ctx, tenantID, outlet)
	return order.Outlet{ID: out.ID, Currency: out.Currency, FreeFormStation: out.FreeFormStation, Zone: out.Timezone}, err
}
