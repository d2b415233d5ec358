package delivery

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"brigade/internal/actor"
	"brigade/internal/clock"
	"brigade/internal/errs"
)

// Service is what people and programs ask of deliveries: drivers for their own work, managers for everybody's, customers
// for the one that is theirs.
type Service struct {
	store  Store
	fleet  *Fleet
	clock  clock.Clock
	engine *Engine // to be told of what changed here; the event log tells the others
}

// NewService returns a service.
func NewService(store Store, fleet *Fleet, clk clock.Clock, engine *Engine) *Service {
	return &Service{store: store, fleet: fleet, clock: clk, engine: engine}
}

func (s *Service) now() time.Time { return s.clock.Now().Truncate(time.Microsecond) }

// staff may look at everybody's work.
func staff(who actor.Actor) error { return who.Require(actor.Manager) }

// Driver finds a driver by name or id: a driver's token acts for him alone, managers may name anybody. "" is the token's
// own. Errors: KindNotFound, KindForbidden for somebody else's, KindInvalid when a manager names nobody.
func (s *Service) Driver(ctx context.Context, who actor.Actor, ref string) (*Driver, error) {
	f := DriverFilter{Tenant: who.Tenant, Limit: 1}
	if who.Role == actor.Driver {
		if who.Driver == 0 {
			return nil, errs.Forbidden("this token is no driver's own: make one with brigade token create --role driver --driver NAME")
		}
		f.ID = who.Driver
	} else {
		if err := staff(who); err != nil {
			return nil, err
		}
		if f.ID, _ = strconv.ParseInt(ref, 10, 64); f.ID == 0 {
			f.Name = ref
		}
		if ref == "" {
			var fields errs.Fields
			fields.Add("driver", "must say which driver, by name or id")
			return nil, fields.Err()
		}
	}
	found, err := s.store.Drivers(ctx, f)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, errs.NotFound("there is no driver %q", ref)
	}
	if d := found[0]; who.Role == actor.Driver && ref != "" && ref != strconv.FormatInt(d.ID, 10) && !d.named(ref) {
		return nil, errs.Forbidden("this token is for driver %s alone", d.Name)
	}
	s.fleet.overlay(found[0])
	return found[0], nil
}

// act changes one driver and what he has.
func (s *Service) act(ctx context.Context, by string, d *Driver, orders []int64, do func(*Turn) error) error {
	err := s.store.Change(ctx, Change{By: by, At: s.now(), Tap: s.tapped(ctx, by, d, orders), Orders: orders, Drivers: []int64{d.ID}, Do: func(t *Turn) error {
		if who := t.Drivers[d.ID]; who != nil {
			who.SeenAt = t.Now
			s.fleet.overlay(who)
		}
		return do(t)
	}})
	if err == nil {
		s.fleet.Seen(d.ID, s.now())
		s.engine.Changed(d.Region)
	}
	return err
}

// Online lets a driver go to work. Repeated: nothing changes. Errors: KindConflict outside of his shifts.
func (s *Service) Online(ctx context.Context, who actor.Actor, ref string) (*Driver, error) {
	return s.drive(ctx, who, ref, func(t *Turn, d int64) error { return t.Online(d) })
}

// Offline ends his work. Errors: KindConflict while he has deliveries.
func (s *Service) Offline(ctx context.Context, who actor.Actor, ref string) (*Driver, error) {
	return s.drive(ctx, who, ref, func(t *Turn, d int64) error { return t.Offline(d, time.Time{}, "offline") })
}

// Break interrupts it for a while; then he is at work again by himself. Errors: KindInvalid, KindConflict.
func (s *Service) Break(ctx context.Context, who actor.Actor, ref string, length time.Duration) (*Driver, error) {
	if length < time.Minute || length > 4*time.Hour {
		var f errs.Fields
		f.Add("minutes", "must be 1 to 240")
		return nil, f.Err()
	}
	return s.drive(ctx, who, ref, func(t *Turn, d int64) error { return t.Offline(d, t.Now.Add(length), "break") })
}

// Incident takes a driver off the road at once; managers only.
func (s *Service) Incident(ctx context.Context, who actor.Actor, ref, reason string) (*Driver, error) {
	if err := staff(who); err != nil {
		return nil, err
	}
	return s.drive(ctx, who, ref, func(t *Turn, d int64) error { return t.Incident(d, cmp.Or(reason, "incident")) })
}

// EndIncident lets a driver work again whom an incident took off the road, and gives him back what nobody else has by now;
// managers only.
func (s *Service) EndIncident(ctx context.Context, who actor.Actor, ref string) (*Driver, error) {
	if err := staff(who); err != nil {
		return nil, err
	}
	d, err := s.Driver(ctx, who, ref)
	if err != nil {
		return nil, err
	}
	if err := s.act(ctx, who.Name, d, d.IncidentOrders, func(t *Turn) error { return t.EndIncident(d.ID) }); err != nil {
		return nil, err
	}
	return s.Driver(ctx, who, ref)
}

func (s *Service) drive(ctx context.Context, who actor.Actor, ref string, do func(*Turn, int64) error) (*Driver, error) {
	d, err := s.Driver(ctx, who, ref)
	if err != nil {
		return nil, err
	}
	if err := s.act(ctx, who.Name, d, nil, func(t *Turn) error { return do(t, d.ID) }); err != nil {
		return nil, err
	}
	return s.Driver(ctx, who, ref)
}

// Work is what a driver has to do.
type Work struct {
	Driver     *Driver
	Deliveries []*Delivery // offered, to be picked up, on board; what comes first first
}

// Work returns what a driver has to do, and notes that he is there.
func (s *Service) Work(ctx context.Context, who actor.Actor, ref string) (Work, error) {
	d, err := s.Driver(ctx, who, ref)
	if err != nil {
		return Work{}, err
	}
	if who.Role == actor.Driver {
		s.fleet.Seen(d.ID, s.now())
	}
	list, err := s.store.List(ctx, Filter{Tenant: who.Tenant, Driver: d.ID, Limit: 50})
	slices.SortStableFunc(list, func(a, b *Delivery) int {
		return cmp.Or(rank(a)-rank(b), a.ETA.At.Compare(b.ETA.At), int(a.Order-b.Order))
	})
	return Work{d, list}, err
}

// rank puts what is to be picked up before what is on board, and both before what is only offered.
func rank(d *Delivery) int { return map[Status]int{Assigned: 0, PickedUp: 1, Offered: 2}[d.Status] }

// Accept takes an offer. Repeated: nothing changes. Errors: KindNotFound; KindConflict when it is not his any more.
func (s *Service) Accept(ctx context.Context, who actor.Actor, ref, delivery string) (*Delivery, error) {
	return s.carry(ctx, who, ref, delivery, func(t *Turn, order, d int64) error { return t.AcceptBy(order, d) })
}

// Decline refuses an offer, or gives back what was accepted and is not picked up. Errors as Accept.
func (s *Service) Decline(ctx context.Context, who actor.Actor, ref, delivery, reason string) (*Delivery, error) {
	return s.carry(ctx, who, ref, delivery, func(t *Turn, order, d int64) error {
		if x := t.Deliveries[order]; x != nil && x.Carries(d) && x.Status == Assigned {
			return t.GiveBack(order, d, reason)
		}
		return t.Refuse(order, d, Decline, reason)
	})
}

// PickUp says that he has it on board. Errors as Accept; KindConflict when the food is not ready.
func (s *Service) PickUp(ctx context.Context, who actor.Actor, ref, delivery string) (*Delivery, error) {
	return s.carry(ctx, who, ref, delivery, func(t *Turn, order, d int64) error { return t.TakeAlong(order, d) })
}

// Deliver says that it is at its door. Errors as Accept; KindInvalid for a wrong code.
func (s *Service) Deliver(ctx context.Context, who actor.Actor, ref, delivery string, p Proof) (*Delivery, error) {
	return s.carry(ctx, who, ref, delivery, func(t *Turn, order, d int64) error { return t.HandOver(order, d, p) })
}

// Problem says that a driver cannot deliver what he has: it is escalated. Errors as Accept, KindInvalid.
func (s *Service) Problem(ctx context.Context, who actor.Actor, ref, delivery, reason string) (*Delivery, error) {
	if strings.TrimSpace(reason) == "" {
		var f errs.Fields
		f.Add("reason", "must say what the matter is")
		return nil, f.Err()
	}
	return s.carry(ctx, who, ref, delivery, func(t *Turn, order, d int64) error {
		x, driver, err := t.find(order, d)
		if err == nil && !x.Carries(d) {
			err = errs.Conflict("delivery %s is not yours", x.Number)
		}
		if err == nil {
			t.Escalate(order, driver.Name+": "+reason)
		}
		return err
	})
}

func (s *Service) carry(ctx context.Context, who actor.Actor, ref, delivery string, do func(t *Turn, order, driver int64) error) (*Delivery, error) {
	d, err := s.Driver(ctx, who, ref)
	if err != nil {
		return nil, err
	}
	x, err := s.find(ctx, who, delivery)
	if err != nil {
		return nil, err
	}
	if err := s.act(ctx, d.Name, d, []int64{x.Order}, func(t *Turn) error { return do(t, x.Order, d.ID) }); err != nil {
		return nil, err
	}
	return s.find(ctx, who, delivery)
}

func (s *Service) find(ctx context.Context, who actor.Actor, ref string) (*Delivery, error) {
	f := Filter{Tenant: who.Tenant, Limit: 1}
	if f.Order, _ = strconv.ParseInt(ref, 10, 64); f.Order == 0 {
		f.Number = ref
	}
	found, err := s.store.List(ctx, f)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 || ref == "" || !who.Sees(found[0].Outlet) {
		return nil, errs.NotFound("there is no delivery %q", ref)
	}
	return found[0], nil
}

// Get returns a delivery by its order's number or id. Errors: KindNotFound.
func (s *Service) Get(ctx context.Context, who actor.Actor, ref string) (*Delivery, error) {
	return s.find(ctx, who, ref)
}

// Explain returns who was asked for a delivery, why him, and what he said. Errors: KindNotFound.
func (s *Service) Explain(ctx context.Context, who actor.Actor, ref string) (*Delivery, []OfferView, error) {
	x, err := s.find(ctx, who, ref)
	if err != nil {
		return nil, nil, err
	}
	offers, err := s.store.Offers(ctx, who.Tenant, x.Order)
	return x, offers, err
}

// List returns a page of deliveries, newest first.
func (s *Service) List(ctx context.Context, who actor.Actor, f Filter) ([]*Delivery, error) {
	f.Tenant = who.Tenant
	if who.Bound {
		f.Outlet = who.Outlet
	}
	return s.store.List(ctx, f)
}

// Drivers returns a page of drivers, by id, as they are now.
func (s *Service) Drivers(ctx context.Context, who actor.Actor, f DriverFilter) ([]*Driver, error) {
	f.Tenant = who.Tenant
	list, err := s.store.Drivers(ctx, f)
	for _, d := range list {
		s.fleet.overlay(d)
	}
	return list, err
}

// Regions tells how the tenant's regions are doing.
func (s *Service) Regions(ctx context.Context, who actor.Actor) ([]RegionState, error) {
	return s.store.RegionStates(ctx, who.Tenant)
}

// Assign gives a delivery to a driver by hand; managers only. Errors: KindForbidden, KindNotFound, KindConflict.
func (s *Service) Assign(ctx context.Context, who actor.Actor, delivery, driver string) (*Delivery, error) {
	return s.manage(ctx, who, delivery, driver, func(t *Turn, order, d int64) error { return t.AssignTo(order, d) })
}

// TakeOver gives what a driver has on board to another who has met him; managers only. Errors as Assign.
func (s *Service) TakeOver(ctx context.Context, who actor.Actor, delivery, driver string) (*Delivery, error) {
	return s.manage(ctx, who, delivery, driver, func(t *Turn, order, d int64) error { return t.TakeOver(order, d) })
}

// Unassign takes a delivery back that nobody has picked up; managers only. Errors as Assign.
func (s *Service) Unassign(ctx context.Context, who actor.Actor, delivery string) (*Delivery, error) {
	return s.arrange(ctx, who, delivery, func(t *Turn, order int64) error { return t.Unassign(order) })
}

// Pin says that only one driver may have a delivery, or that everybody may; managers only. An offer to somebody else is
// withdrawn. Errors: KindForbidden, KindNotFound, KindConflict.
func (s *Service) Pin(ctx context.Context, who actor.Actor, delivery, driver string) (*Delivery, error) {
	if driver != "" {
		return s.manage(ctx, who, delivery, driver, func(t *Turn, order, d int64) error { return t.PinTo(order, d) })
	}
	return s.arrange(ctx, who, delivery, func(t *Turn, order int64) error { return t.PinTo(order, 0) })
}

// arrange lets a manager change a delivery.
func (s *Service) arrange(ctx context.Context, who actor.Actor, delivery string, do func(t *Turn, order int64) error) (*Delivery, error) {
	if err := staff(who); err != nil {
		return nil, err
	}
	x, err := s.find(ctx, who, delivery)
	if err != nil {
		return nil, err
	}
	err = s.store.Change(ctx, Change{By: who.Name, At: s.now(), Orders: []int64{x.Order}, Do: func(t *Turn) error { return do(t, x.Order) }})
	if err != nil {
		return nil, err
	}
	s.engine.Changed(x.Region)
	return s.find(ctx, who, delivery)
}

func (s *Service) manage(ctx context.Context, who actor.Actor, delivery, driver string, do func(t *Turn, order, driver int64) error) (*Delivery, error) {
	if err := staff(who); err != nil {
		return nil, err
	}
	d, err := s.Driver(ctx, who, driver)
	if err != nil {
		return nil, err
	}
	x, err := s.find(ctx, who, delivery)
	if err != nil {
		return nil, err
	}
	err = s.store.Change(ctx, Change{By: who.Name, At: s.now(), Orders: []int64{x.Order}, Drivers: []int64{d.ID}, Do: func(t *Turn) error {
		return do(t, x.Order, d.ID)
	}})
	if err != nil {
		return nil, err
	}
	s.engine.Changed(x.Region)
	return s.find(ctx, who, delivery)
}

// Followed is what a customer sees who has the link of his order.
type Followed struct {
	*Delivery
	Here *Fix // where his driver is; nil unless he has this order on board
}

// Follow finds a delivery by its link. The driver's position is told only while he carries it, and not afterwards.
// Errors: KindNotFound.
func (s *Service) Follow(ctx context.Context, token string) (Followed, error) {
	d, fix, err := s.store.Followed(ctx, token)
	if err != nil {
		return Followed{}, err
	}
	f := Followed{Delivery: d}
	if d.Status == PickedUp {
		f.Here = s.fleet.newest(d.Driver, fix)
	}
	return f, nil
}

// Track is where a driver was; managers only. Errors: KindForbidden, KindNotFound.
func (s *Service) Track(ctx context.Context, who actor.Actor, ref string, since, until time.Time) ([]Fix, error) {
	if err := staff(who); err != nil {
		return nil, err
	}
	d, err := s.Driver(ctx, who, ref)
	if err != nil {
		return nil, err
	}
	return s.store.Track(ctx, d.ID, since, until)
}

// Positions takes in where a driver was. Errors: KindForbidden for somebody else's driver, KindInvalid.
func (s *Service) Positions(ctx context.Context, who actor.Actor, ref string, fixes []Fix) (Verdicts, error) {
	d, err := s.fleet.whose(ctx, who, ref, s.Driver)
	if err != nil {
		return Verdicts{}, err
	}
	for i := range fixes {
		fixes[i].Driver = d
	}
	return s.fleet.Take(ctx, who.Tenant, fixes, s.now())
}

// FleetPositions takes in where many drivers were, from whoever may speak for all of them. Those of drivers whom the
// tenant does not have are refused. Errors: KindForbidden, KindInvalid.
func (s *Service) FleetPositions(ctx context.Context, who actor.Actor, fixes []Fix) (Verdicts, error) {
	if who.Role == actor.Driver {
		for _, f := range fixes {
			if f.Driver != who.Driver {
				return Verdicts{}, errs.Forbidden("this token is not for driver %d", f.Driver)
			}
		}
	} else if err := who.Require(actor.Manager, actor.Integrator); err != nil {
		return Verdicts{}, err
	}
	return s.fleet.Take(ctx, who.Tenant, fixes, s.now())
}
