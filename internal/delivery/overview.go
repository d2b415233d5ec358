package delivery

import (
	"context"
	"slices"

	"brigade/internal/actor"
	"brigade/internal/errs"
)

// Overview is a region as whoever runs it sees it: everything that is open, and who could carry it.
type Overview struct {
	Region
	Outlets    map[int64]Point
	Drivers    []*Driver // at work, on a break, or taken off the road
	Deliveries []*Delivery
	Zones      []Zone // of its outlets
}

// Overview reads a region as it is now; managers only. Who is bound to an outlet sees its deliveries and zones alone.
// Errors: KindForbidden, KindNotFound.
func (s *Service) Overview(ctx context.Context, who actor.Actor, region int64) (*Overview, error) {
	if err := staff(who); err != nil {
		return nil, err
	}
	o, err := s.store.Overview(ctx, region)
	if err != nil {
		return nil, err
	}
	if o.Tenant != who.Tenant {
		return nil, errs.NotFound("there is no region %d", region)
	}
	o.Deliveries = slices.DeleteFunc(o.Deliveries, func(d *Delivery) bool { return !who.Sees(d.Outlet) })
	o.Zones = slices.DeleteFunc(o.Zones, func(z Zone) bool { return !who.Sees(z.Outlet) })
	for _, d := range o.Drivers {
		s.fleet.overlay(d)
	}
	return o, nil
}

// Home is the region of an outlet. Errors: KindNotFound when it has none.
func (s *Service) Home(ctx context.Context, who actor.Actor, outlet int64) (Region, error) {
	if !who.Sees(outlet) {
		return Region{}, errs.NotFound("no such outlet")
	}
	r, err := s.store.Home(ctx, outlet)
	if err == nil && r.Tenant != who.Tenant {
		return Region{}, errs.NotFound("no such outlet")
	}
	return r, err
}
