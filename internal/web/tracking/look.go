package tracking

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"brigade/internal/delivery"
	"brigade/internal/errs"
	"brigade/internal/kitchen"
	"brigade/internal/order"
	"brigade/internal/tenant"
	"brigade/internal/web/page"
)

// look is what was read of an order at a time.
type look struct {
	Now     time.Time
	Outlet  tenant.Outlet
	File    order.File
	Promise *kitchen.Promise // nil: none
	Cause   kitchen.Cause    // of most of its being late; "": it is not, or nobody knows
	Carried *delivery.Followed
	Driver  string         // the first name of who brings it; "": nobody yet
	Zone    *delivery.Zone // where it goes; nil: none
}

func (s *server) lookFor(ctx context.Context, t page.Topic) (any, error) {
	id, err := strconv.ParseInt(t.Key, 10, 64)
	if err != nil {
		return nil, err
	}
	return s.look(ctx, followed{id, t.Outlet})
}

// unpaidByGuest tells whether the order waits for its guest to pay by himself.
func (l *look) unpaidByGuest() bool {
	t := l.File.Terms
	return t != nil && t.Waits == order.WaitsPayment && t.Pay.Method == order.Card && t.Pay.Token == ""
}

// look reads an order.
func (s *server) look(ctx context.Context, f followed) (*look, error) {
	l := &look{Now: s.Clock.Now(), Outlet: f.outlet}
	var err error
	if l.File, err = s.Orders.File(ctx, f.guest(), f.ref()); err != nil {
		return nil, err
	}
	if err := s.lookAtKitchen(ctx, f, l); err != nil {
		return nil, err
	}
	if l.File.Order.Type == order.Delivery {
		err = s.lookAtRoad(ctx, f, l)
	}
	return l, err
}

// lookAtKitchen reads what was promised, and, when that does not hold, why.
func (s *server) lookAtKitchen(ctx context.Context, f followed, l *look) error {
	t, err := s.Kitchen.Ticket(ctx, f.guest(), f.order)
	if errs.Is(err, errs.KindNotFound) {
		return nil // its kitchen does not have it yet, or never will
	}
	if err != nil {
		return err
	}
	l.Promise = t.Promise
	if l.Promise == nil || l.File.Order.Status.Closed() || !slips(l.Promise) {
		return nil
	}
	account, err := s.Why.Order(ctx, f.guest(), f.order, l.Promise.FirstP90())
	if errs.Is(err, errs.KindNotFound) {
		return nil
	}
	if err == nil {
		l.Cause = mostLate(account)
	}
	return err
}

// worthSaying is by how much a promise must have moved to be spoken of.
const worthSaying = 2 * time.Minute

func slips(p *kitchen.Promise) bool { return p.P90.Sub(p.FirstP90()) >= worthSaying }

// mostLate is the cause of most of an order's lateness, else of most of its time beside the cooking itself.
func mostLate(a *kitchen.Account) kitchen.Cause {
	var late, waited kitchen.Cause
	var most, longest time.Duration
	for _, c := range a.Shares() {
		if c.Late > most {
			late, most = c.Cause, c.Late
		}
		if c.Took > longest && c.Cause != kitchen.CauseCooking {
			waited, longest = c.Cause, c.Took
		}
	}
	if late != "" {
		return late
	}
	return waited
}

// lookAtRoad reads who brings it, and where he is while he carries it.
func (s *server) lookAtRoad(ctx context.Context, f followed, l *look) error {
	d, err := s.Fleet.Get(ctx, f.guest(), f.ref())
	if errs.Is(err, errs.KindNotFound) {
		return nil // this outlet has no drivers of its own
	}
	if err != nil {
		return err
	}
	c, err := s.Fleet.Follow(ctx, d.Token)
	if err != nil {
		return err
	}
	l.Carried = &c
	if d.Carries(d.Driver) {
		who, err := s.Fleet.Driver(ctx, f.guest(), strconv.FormatInt(d.Driver, 10))
		if err != nil && !errs.Is(err, errs.KindNotFound) {
			return err
		}
		if err == nil {
			l.Driver, _, _ = strings.Cut(who.Name, " ")
		}
	}
	return s.lookAtZone(ctx, f, l, c)
}

func (s *server) lookAtZone(ctx context.Context, f followed, l *look, c delivery.Followed) error {
	if c.Delivery.Zone == "" || !c.Open() || s.Zones == nil {
		return nil
	}
	atlas, err := s.Zones.Atlas(ctx, f.guest(), f.outlet.ID)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(atlas.Zones, func(z delivery.Zone) bool { return z.Name == c.Delivery.Zone })
	if i >= 0 {
		l.Zone = &atlas.Zones[i]
	}
	return nil
}
