package delivery

import (
	"context"
	"time"

	"brigade/internal/actor"
	"brigade/internal/clock"
	"brigade/internal/errs"
	"brigade/internal/money"
)

// ZoneStore keeps where outlets deliver.
type ZoneStore interface {
	// Atlas returns where a tenant's outlet delivers. Errors: KindNotFound.
	Atlas(ctx context.Context, tenant, outlet int64) (*Atlas, error)
	// PutZones makes these the outlet's zones, all of them. One that keeps its name stays paused.
	PutZones(ctx context.Context, tenant, outlet int64, zones []Zone) error
	// DropZone removes a zone. Errors: KindNotFound.
	DropZone(ctx context.Context, tenant, outlet int64, name string) error
	// EditZones locks an outlet's zones and does what do makes of them. Errors: KindNotFound, and those of do.
	EditZones(ctx context.Context, tenant, outlet int64, do func(have []Zone) (ZoneEdit, error)) error
	// PauseZone pauses a zone or, with nil, lets it be delivered to again, and tells so when that is news. Errors: KindNotFound.
	PauseZone(ctx context.Context, tenant, outlet int64, name string, p *ZonePause, by string, at time.Time) error
	// PutReach writes how far an outlet delivers beside its zones. Errors: KindConflict when nobody knows where it stands.
	PutReach(ctx context.Context, tenant, outlet int64, r Reach) error
	// Locate finds an address among those that are known; nil: it is not.
	Locate(ctx context.Context, tenant int64, address string) (*Point, error)
}

// Zones are where outlets deliver: for intake, which asks with every delivery, and for whoever runs an outlet.
type Zones struct {
	store ZoneStore
	clock clock.Clock

	atlases memory[ofOutlet, *Atlas]
	doors   memory[ofAddress, *Point]
}

type (
	ofOutlet  struct{ tenant, outlet int64 }
	ofAddress struct {
		tenant  int64
		address string
	}
)

const (
	atlasFor = time.Second     // so long an atlas is not read again, in real time: what other processes change is seen then
	doorFor  = 5 * time.Second // the same of an address
)

// NewZones returns the zones of a store.
func NewZones(store ZoneStore, clk clock.Clock) *Zones {
	return &Zones{store: store, clock: clk}
}

// atlas is what was read a moment ago, or is read now. It is shared: nobody changes it.
func (s *Zones) atlas(ctx context.Context, tenant, outlet int64) (*Atlas, error) {
	return s.atlases.get(ofOutlet{tenant, outlet}, atlasFor, func() (*Atlas, error) { return s.store.Atlas(ctx, tenant, outlet) })
}

// door is where an address is, as far as that is known.
func (s *Zones) door(ctx context.Context, tenant int64, address string) (*Point, error) {
	return s.doors.get(ofAddress{tenant, address}, doorFor, func() (*Point, error) { return s.store.Locate(ctx, tenant, address) })
}

// Journey is an order that somebody wants to have carried.
type Journey struct {
	Tenant, Outlet int64
	Door           *Point // nil: only the address is known
	Address        string
	Sum            money.Amount // without the fee
	At             time.Time    // when it is wanted; zero: now
	Local          *time.Location
	Agreed         bool // fee and minimum were agreed on by an ordering provider, who also knows where it goes
}

// Carry tells what carrying an order means. Errors: KindInvalid when it goes where nothing is delivered.
func (s *Zones) Carry(ctx context.Context, j Journey) (Carriage, error) {
	a, err := s.atlas(ctx, j.Tenant, j.Outlet)
	if err != nil || !a.Limited() {
		return Carriage{}, err
	}
	if j.Door == nil {
		if j.Door, err = s.door(ctx, j.Tenant, j.Address); err != nil {
			return Carriage{}, err
		}
	}
	if j.At.IsZero() {
		j.At = s.clock.Now()
	}
	if j.Agreed && j.Door == nil {
		return Carriage{}, nil
	}
	c, err := a.Carry(j.Door, j.Sum, j.At.In(j.Local))
	if j.Agreed {
		c.Fee = 0
		if !errs.Is(c.Refusal, errs.KindConflict) {
			c.Refusal = nil
		}
	}
	return c, err
}

// Atlas returns where an outlet delivers; 0 is the actor's own. Errors: KindNotFound.
func (s *Zones) Atlas(ctx context.Context, who actor.Actor, outlet int64) (*Atlas, error) {
	outlet, err := seen(who, outlet)
	if err != nil {
		return nil, err
	}
	return s.store.Atlas(ctx, who.Tenant, outlet)
}

func seen(who actor.Actor, outlet int64) (int64, error) {
	if outlet == 0 {
		outlet = who.Outlet
	}
	if outlet == 0 || !who.Sees(outlet) {
		return 0, errs.NotFound("no such outlet")
	}
	return outlet, nil
}

// change lets a manager change where an outlet delivers, and returns it as it is then.
func (s *Zones) change(ctx context.Context, who actor.Actor, outlet int64, do func(outlet int64) error) (*Atlas, error) {
	if err := staff(who); err != nil {
		return nil, err
	}
	outlet, err := seen(who, outlet)
	if err != nil {
		return nil, err
	}
	defer s.atlases.forget(ofOutlet{who.Tenant, outlet})
	if err := do(outlet); err != nil {
		return nil, err
	}
	return s.store.Atlas(ctx, who.Tenant, outlet)
}

// Put makes these the outlet's zones, all of them; one that keeps its name stays paused. Errors: KindForbidden, KindInvalid,
// KindNotFound.
func (s *Zones) Put(ctx context.Context, who actor.Actor, outlet int64, zones []Zone) (*Atlas, error) {
	if err := CheckZones(zones, "features"); err != nil {
		return nil, err
	}
	return s.change(ctx, who, outlet, func(outlet int64) error { return s.store.PutZones(ctx, who.Tenant, outlet, zones) })
}

// Remove removes a zone; its orders are still brought. Errors: KindForbidden, KindNotFound.
func (s *Zones) Remove(ctx context.Context, who actor.Actor, outlet int64, name string) (*Atlas, error) {
	return s.change(ctx, who, outlet, func(outlet int64) error { return s.store.DropZone(ctx, who.Tenant, outlet, name) })
}

// Pause lets a zone take no orders until a time; zero: until further notice. Paused again: the new time and reason hold.
// Errors: KindForbidden, KindInvalid, KindNotFound.
func (s *Zones) Pause(ctx context.Context, who actor.Actor, outlet int64, name string, until time.Time, reason string) (*Atlas, error) {
	now := s.clock.Now().Truncate(time.Microsecond)
	var f errs.Fields
	if !until.IsZero() && !until.After(now) {
		f.Add("until", "must be in the future")
	}
	if len(reason) > longestReason {
		f.Add("reason", "must have at most %d characters", longestReason)
	}
	if err := f.Err(); err != nil {
		return nil, err
	}
	p := &ZonePause{At: now, Until: until, Reason: reason, By: who.Name}
	return s.change(ctx, who, outlet, func(outlet int64) error {
		return s.store.PauseZone(ctx, who.Tenant, outlet, name, p, who.Name, now)
	})
}

// Resume ends a pause. Without one nothing changes. Errors: KindForbidden, KindNotFound.
func (s *Zones) Resume(ctx context.Context, who actor.Actor, outlet int64, name string) (*Atlas, error) {
	return s.change(ctx, who, outlet, func(outlet int64) error {
		return s.store.PauseZone(ctx, who.Tenant, outlet, name, nil, who.Name, s.clock.Now().Truncate(time.Microsecond))
	})
}

// mostReach is the largest radius in metres.
const mostReach = 200_000

// PutReach sets how far an outlet delivers that has no zones, and whether it takes addresses that nobody can place.
// Errors: KindForbidden, KindInvalid, KindNotFound, KindConflict when nobody knows where the outlet stands.
func (s *Zones) PutReach(ctx context.Context, who actor.Actor, outlet int64, r Reach) (*Atlas, error) {
	if !(r.Radius >= 0 && r.Radius <= mostReach) {
		var f errs.Fields
		f.Add("radius_metres", "must be 0 to %d", mostReach)
		return nil, f.Err()
	}
	return s.change(ctx, who, outlet, func(outlet int64) error { return s.store.PutReach(ctx, who.Tenant, outlet, r) })
}
