package driver

import (
	"context"
	"slices"
	"time"

	"brigade/internal/actor"
	"brigade/internal/delivery"
	"brigade/internal/event"
	"brigade/internal/order"
	"brigade/internal/tenant"
	"brigade/internal/web/page"
	"brigade/internal/web/texts"
)

// look is a driver's work as it was read.
type look struct {
	Now     time.Time
	Work    delivery.Work
	Outlets map[int64]tenant.Outlet
	Money   map[int64]order.Money // to be taken at the door, by order
}

// look reads a driver's work for who may see it.
func (s *server) look(ctx context.Context, who actor.Actor, ref string) (*look, error) {
	work, err := s.Fleet.Work(ctx, who, ref)
	if err != nil {
		return nil, err
	}
	l := &look{Now: s.Clock.Now(), Work: work, Outlets: map[int64]tenant.Outlet{}}
	var orders []int64
	for _, d := range work.Deliveries {
		orders = append(orders, d.Order)
	}
	s.carries(work.Driver.ID, orders)
	if len(orders) == 0 {
		return l, nil
	}
	outlets, err := s.Tenants.ListOutlets(ctx, who.Tenant)
	if err != nil {
		return nil, err
	}
	for _, o := range outlets {
		l.Outlets[o.ID] = o
	}
	l.Money, err = s.Money.ToCollect(ctx, who.Tenant, orders)
	return l, err
}

// lookFor reads it for all who watch. It is no sign of life of the driver: his phone may be gone while its stream hangs on.
func (s *server) lookFor(ctx context.Context, t page.Topic) (any, error) {
	return s.look(ctx, actor.Actor{Tenant: t.Outlet.Tenant, Name: "driver's page", Role: actor.System}, t.Key)
}

// carries notes of which orders the news are a driver's.
func (s *server) carries(driver int64, orders []int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(orders) == 0 {
		delete(s.load, driver)
		return
	}
	s.load[driver] = orders
}

// concerns tells whether an event changes a driver's page.
func (s *server) concerns(e event.Event, driver int64) bool {
	if p, ok := e.DeliveryPayload(); ok {
		return p.DriverID == driver
	}
	if p, ok := e.DriverPayload(); ok {
		return p.DriverID == driver
	}
	p, ok := e.OrderPayload()
	s.mu.Lock()
	defer s.mu.Unlock()
	return ok && slices.Contains(s.load[driver], p.OrderID)
}

// cut is what changes on the page while somebody looks: each patch takes the place of the element with its id.
func (s *server) cut(_ page.Topic, lang string, l any) []page.Section {
	known, _ := texts.Find(lang)
	v := newView(l.(*look), known)
	return []page.Section{
		{Name: "shift", Part: "shift", Data: v, Event: "patch"},
		{Name: "offers", Part: "offers", Data: v, Event: "patch"},
		{Name: "stops", Part: "stops", Data: v, Event: "patch"},
	}
}
