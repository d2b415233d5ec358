package floor

import (
	"cmp"
	"context"
	"strconv"
	"time"

	"brigade/internal/web/page"

	"brigade/internal/actor"
	"brigade/internal/delivery"
	"brigade/internal/kitchen"
	"brigade/internal/order"
	"brigade/internal/tenant"
)

const (
	kitchenSpacing = 120 * time.Millisecond // between two looks at a kitchen, at least
	ticketsSeen    = 200                    // of a kitchen, that its screens show
	passSeen       = 60                     // orders at the pass
	driversSeen    = 200
)

// kitchenLook is what was read of a kitchen for its screens, all of them.
type kitchenLook struct {
	*kitchen.Screen
	Zone    *time.Location
	Orders  map[int64]order.Order
	Making  []order.Order // the oldest first
	Pass    []order.Order // that are ready and not gone, the oldest first
	Carried map[int64]carrier
	Counts  order.Pulse
}

// carrier is who carries an order.
type carrier struct {
	Driver string // "" = nobody yet
	Status delivery.Status
}

// making and pass are the statuses of orders that the kitchen has, and of those that wait at the pass.
var (
	making = []order.Status{order.Created, order.Scheduled, order.InPreparation}
	pass   = []order.Status{order.Ready, order.SchedulingDelivery, order.WaitingForDriver}
)

// lookAtKitchen reads a kitchen for a feed, which acts for whoever watches.
func (s *server) lookAtKitchen(ctx context.Context, t page.Topic) (any, error) {
	return s.readKitchen(ctx, page.Watcher(t.Outlet), t.Outlet)
}

func (s *server) readKitchen(ctx context.Context, who actor.Actor, o tenant.Outlet) (*kitchenLook, error) {
	l := &kitchenLook{Zone: o.Timezone, Orders: map[int64]order.Order{}, Carried: map[int64]carrier{}}
	if l.Zone == nil {
		l.Zone = time.UTC
	}
	var err error
	if l.Making, err = s.Orders.List(ctx, who, order.Filter{Outlet: o.ID, Status: making, Oldest: true, Limit: ticketsSeen}); err != nil {
		return nil, err
	}
	if l.Pass, err = s.Orders.List(ctx, who, order.Filter{Outlet: o.ID, Status: pass, Oldest: true, Limit: passSeen}); err != nil {
		return nil, err
	}
	if l.Counts, err = s.Orders.Pulse(ctx, who, o.ID); err != nil {
		return nil, err
	}
	var closed []int64
	for _, x := range l.Pass {
		closed = append(closed, x.ID)
		l.Orders[x.ID] = x
	}
	for _, x := range l.Making {
		l.Orders[x.ID] = x
	}
	if l.Screen, err = s.Kitchen.Screen(ctx, who, o.ID, ticketsSeen, closed); err != nil {
		return nil, err
	}
	return l, s.readCarriers(ctx, who, o, l)
}

// readCarriers finds out who carries what, when something is to be carried.
func (s *server) readCarriers(ctx context.Context, who actor.Actor, o tenant.Outlet, l *kitchenLook) error {
	wanted := false
	for _, x := range l.Orders {
		wanted = wanted || x.Type == order.Delivery
	}
	if !wanted || s.Fleet == nil {
		return nil
	}
	open, err := s.Fleet.List(ctx, who, delivery.Filter{Outlet: o.ID, Open: true, Limit: ticketsSeen})
	if err != nil || len(open) == 0 {
		return err
	}
	drivers, err := s.Fleet.Drivers(ctx, who, delivery.DriverFilter{Limit: driversSeen})
	names := make(map[int64]string, len(drivers))
	for _, d := range drivers {
		names[d.ID] = d.Name
	}
	for _, d := range open {
		c := carrier{Status: d.Status}
		if d.Status == delivery.Assigned || d.Status == delivery.PickedUp {
			c.Driver = cmp.Or(names[d.Driver], "#"+strconv.FormatInt(d.Driver, 10)) // of more drivers than were read
		}
		l.Carried[d.Order] = c
	}
	return err
}

// at writes a time as the outlet's clock shows it; "" for none.
func (l *kitchenLook) at(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(l.Zone).Format("15:04")
}
