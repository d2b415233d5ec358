package app

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"brigade/internal/clock"
	"brigade/internal/config"
	"brigade/internal/delivery"
	"brigade/internal/delivery/deliverypg"
	"brigade/internal/event"
	"brigade/internal/kitchen"
	"brigade/internal/kitchen/kitchenpg"
	"brigade/internal/lease"
	"brigade/internal/order"
	"brigade/internal/order/orderpg"
	"brigade/internal/osrm"
	"brigade/internal/store"
	"brigade/internal/telemetry"
)

const deliveryResource = "delivery:"

// usualMaking is how long an order takes of which its kitchen says nothing.
const usualMaking = 15 * time.Minute

// buildDelivery makes what brings orders to their doors, in every process; which of them decides, leases say.
func (a *App) buildDelivery() {
	a.deliveryRows = deliverypg.New(a.pool, deliverypg.Parts{
		CheckFence:    checkRegion,
		AdvanceOrders: a.advanceDelivered,
		NoteTap:       a.noteDriversTap,
		Append:        a.append,
		Committed:     a.committed,
	})
	a.fleet = delivery.NewFleet(a.deliveryRows, a.log)
	a.dispatcher = delivery.NewEngine(a.deliveryRows, foods{a.tickets, a.clock}, a.roads(), a.clock, delivery.DefaultOptions(), a.log,
		dispatchObserver{a.metrics.Commit("dispatch")})
	a.deliveries = delivery.NewService(a.deliveryRows, a.fleet, a.clock, a.dispatcher)
	a.zones = delivery.NewZones(a.deliveryRows, a.clock)
	a.orders.CarryBy(carriers{a.zones})
}

// carriers tell intake where outlets deliver, and what that costs.
type carriers struct{ zones *delivery.Zones }

// Carry implements order.Carriers.
func (c carriers) Carry(ctx context.Context, j order.Journey) (order.Carriage, error) {
	way := delivery.Journey{
		Tenant: j.Tenant, Outlet: j.Outlet, Address: j.Address, Sum: j.Sum, At: j.At, Local: j.Zone, Agreed: j.Agreed,
	}
	if j.Door != nil && j.Door.Located {
		way.Door = &delivery.Point{Lat: j.Door.Lat, Lon: j.Door.Lon}
	}
	found, err := c.zones.Carry(ctx, way)
	return order.Carriage{
		Zone: found.Zone, Fee: found.Fee, Minimum: found.Minimum, FreeFrom: found.FreeFrom, Extra: found.Extra, Refusal: found.Refusal,
	}, err
}

// roads are those of an OSRM service, if there is one, else the crow's.
func (a *App) roads() delivery.Roads {
	if a.cfg.Brokers.OSRMURL == "" {
		return delivery.CrowFlies{}
	}
	return osrm.New(osrm.Options{URL: a.cfg.Brokers.OSRMURL.Reveal(), Log: a.log})
}

// dispatchObserver turns decisions into metrics.
type dispatchObserver struct{ commits *telemetry.Commit }

// Decided implements delivery.Observer.
func (o dispatchObserver) Decided(orders, _ int, took time.Duration) {
	o.commits.Done(orders, took, nil)
}

// checkRegion holds a region's lease until the commit.
func checkRegion(ctx context.Context, tx store.Tx, f delivery.Fence) (bool, error) {
	err := lease.Check(ctx, tx, []string{deliveryResource + strconv.FormatInt(f.Region, 10)}, []int64{f.Token})
	if _, stale := errors.AsType[*lease.StaleError](err); stale {
		return true, nil
	}
	return false, err
}

// advanceDelivered moves orders on that are carried, inside the delivery's transaction.
func (a *App) advanceDelivered(ctx context.Context, tx store.Tx, steps []delivery.OrderStep, lenient bool) error {
	moves := make([]orderpg.Step, len(steps))
	for i, s := range steps {
		moves[i] = orderpg.Step{Order: s.Order, To: orderpg.To(order.Status(s.To)), By: s.By, Reason: s.Reason, At: s.At}
	}
	if err := a.orderRows.Advance(ctx, tx, moves, lenient); err != nil {
		return err
	}
	for _, s := range steps {
		if s.Proof == "" {
			continue
		}
		if err := a.orderRows.Prove(ctx, tx, s.Order, s.Proof); err != nil {
			return err
		}
	}
	return nil
}

// noteDriversTap keeps a driver's tap in the book in which those of kitchen screens are, under the driver's own name.
func (a *App) noteDriversTap(ctx context.Context, tx store.Tx, t delivery.Tapped) (bool, error) {
	return a.tickets.NoteTap(ctx, tx, kitchen.Tapped{
		Tenant: t.Tenant, Key: "driver." + strconv.FormatInt(t.Driver, 10) + "." + t.Key, Do: kitchen.TapKind(t.Do), Order: t.Order, By: t.By, At: t.At,
	})
}

// sizeOf is how much room an order takes on board: one for every six units.
func sizeOf(lines []order.Line) int {
	units := 0
	for _, l := range lines {
		units += l.Quantity
	}
	return 1 + max(0, units-1)/6
}

// openDeliveries gives new orders that are to be carried their deliveries, in the orders' transaction.
func (a *App) openDeliveries(ctx context.Context, tx store.Tx, orders []*order.Order) error {
	var list []deliverypg.Request
	for _, o := range orders {
		if o.Type != order.Delivery {
			continue
		}
		r := deliverypg.Request{
			Order: o.ID, Tenant: o.Tenant, Outlet: o.Outlet, Number: o.Number, Customer: o.CustomerName, Address: o.DeliveryAddress,
			Size: sizeOf(o.Lines), At: o.PlacedAt, By: o.UpdatedBy,
		}
		if o.Carriage != nil {
			r.Zone, r.Extra = o.Carriage.Zone, o.Carriage.Extra
		}
		if o.Door != nil {
			r.Needs = o.Door.Needs
			if o.Door.Located {
				r.Door = &delivery.Point{Lat: o.Door.Lat, Lon: o.Door.Lon}
			}
		}
		list = append(list, r)
	}
	events, err := a.deliveryRows.Open(ctx, tx, list)
	if err != nil || len(events) == 0 {
		return err
	}
	return a.append(ctx, tx, events)
}

// foods tells dispatchers when food is ready, as kitchens promise it.
type foods struct {
	kitchens *kitchenpg.Store
	clock    clock.Clock
}

// Readiness implements delivery.Foods: what the kitchen promises as things stand, else what is left to do by the recipes.
func (f foods) Readiness(ctx context.Context, orders []int64) (map[int64]delivery.Readiness, error) {
	found := make(map[int64]delivery.Readiness, len(orders))
	if len(orders) == 0 {
		return found, nil
	}
	promises, err := f.kitchens.Promises(ctx, orders)
	if err != nil {
		return nil, err
	}
	var others []int64
	for _, id := range orders {
		if p := promises[id]; p != nil {
			found[id] = delivery.Readiness{P50: p.P50, P90: p.P90}
		} else {
			others = append(others, id)
		}
	}
	if len(others) == 0 {
		return found, nil
	}
	left, err := f.kitchens.Remaining(ctx, others)
	now := f.clock.Now()
	for _, id := range others {
		takes, ok := left[id]
		if !ok {
			takes = usualMaking
		}
		found[id] = delivery.Readiness{P50: now.Add(takes), P90: now.Add(takes + takes/2)}
	}
	return found, err
}

// regions lists what wants a dispatcher.
func (a *App) regions(ctx context.Context) ([]string, error) {
	ids, err := a.deliveryRows.RegionIDs(ctx)
	resources := make([]string, len(ids))
	for i, id := range ids {
		resources[i] = deliveryResource + strconv.FormatInt(id, 10)
	}
	return resources, err
}

// startDelivery writes positions wherever they come in, and in a process with the role delivery decides for its share of
// the regions.
func (a *App) startDelivery(context.Context) error {
	if a.has(config.RoleAPI) || a.has(config.RoleSim) || a.has(config.RoleDelivery) {
		a.run("positions", func(ctx context.Context) error { return a.fleet.Run(ctx, a.clock.Now) })
	}
	if !a.has(config.RoleDelivery) {
		return nil
	}
	a.dispatcher.Run(context.Background())
	a.onStop("dispatcher", func(context.Context) error { a.dispatcher.Stop(); return nil })
	a.followDeliveries()
	return a.node.Want(string(config.RoleDelivery), a.regions, func(c lease.Change) {
		gained, lost := make([]delivery.Fence, len(c.Gained)), make([]int64, len(c.Lost))
		for i, l := range c.Gained {
			gained[i] = delivery.Fence{Region: regionID(l.Resource), Token: l.Fence}
		}
		for i, r := range c.Lost {
			lost[i] = regionID(r)
		}
		a.dispatcher.Own(gained, lost)
	})
}

func regionID(resource string) int64 {
	id, _ := strconv.ParseInt(strings.TrimPrefix(resource, deliveryResource), 10, 64) // it was written by regions
	return id
}

// followDeliveries tells the dispatcher what changes, so that it need not wait for its next look.
func (a *App) followDeliveries() {
	sub := a.tail.Subscribe(1<<14, event.Filter{Types: []event.Type{
		event.OrderStatusChanged, event.DeliveryRequested, event.DeliveryDeclined, event.DeliveryReleased, event.DeliveryAssigned,
		event.DeliveryPickedUp, event.DeliveryDelivered, event.DriverChanged,
	}})
	a.run("delivery changes", func(ctx context.Context) error {
		defer sub.Close()
		for {
			events, lagged, err := sub.Next(ctx)
			if err != nil {
				return nil // the tail or the app has ended
			}
			if lagged {
				a.dispatcher.Changed(0)
			}
			for _, e := range events {
				a.tellDispatcher(e)
			}
		}
	})
}

func (a *App) tellDispatcher(e event.Event) {
	if p, ok := e.OrderPayload(); ok && p.Type == string(order.Delivery) {
		a.dispatcher.ChangedAt(e.Outlet)
	}
	if p, ok := e.DeliveryPayload(); ok {
		a.dispatcher.Changed(p.RegionID)
	}
	if p, ok := e.DriverPayload(); ok {
		a.dispatcher.Changed(p.RegionID)
	}
}

// placed hears of new orders in their transaction.
func (a *App) placed(ctx context.Context, tx store.Tx, orders []*order.Order) error {
	if err := a.keepContacts(ctx, tx, orders); err != nil {
		return err
	}
	return a.openDeliveries(ctx, tx, orders)
}
