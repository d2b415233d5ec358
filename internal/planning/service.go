package planning

import (
	"context"
	"log/slog"
	"math"

	"brigade/internal/actor"
	"brigade/internal/clock"
	"brigade/internal/errs"
)

// Service plans. It is safe for use by many goroutines.
type Service struct {
	store Store
	clock clock.Clock
	log   *slog.Logger
	poked chan struct{}
}

// NewService returns a service; the clock is the product's.
func NewService(store Store, clock clock.Clock, log *slog.Logger) *Service {
	return &Service{store: store, clock: clock, log: log, poked: make(chan struct{}, 1)}
}

// Run returns a run. Errors: KindNotFound.
func (s *Service) Run(ctx context.Context, who actor.Actor, id int64) (Run, error) {
	r, err := s.store.Run(ctx, who.Tenant, id)
	if only := who.OutletFilter(); err == nil && only != 0 && r.Outlet != 0 && r.Outlet != only {
		return Run{}, errs.NotFound("there is no run %d", id)
	}
	return r, err
}

// Runs lists runs, the latest first, from before an id (0: from the latest).
func (s *Service) Runs(ctx context.Context, who actor.Actor, before int64, most int) ([]Run, error) {
	return s.store.Runs(ctx, who.Tenant, who.OutletFilter(), before, most)
}

// Current lists the latest forecast of each product and day, or those of one run, with edits by hand.
func (s *Service) Current(ctx context.Context, who actor.Actor, q Query) ([]Forecast, error) {
	return s.store.Current(ctx, who.Tenant, q.within(who))
}

// Totals lists the latest forecasts summed up to a level. Whoever is bound to an outlet sees that outlet's alone.
func (s *Service) Totals(ctx context.Context, who actor.Actor, level Level, q Query) ([]TotalForecast, error) {
	if who.Bound && level != LevelOutlet {
		return nil, errs.Forbidden("a token for one outlet sees the sums of that outlet only")
	}
	return s.store.Totals(ctx, who.Tenant, level, q.within(who))
}

// Demand lists what an outlet's products are expected to sell on days, for plans: all of it, edits included.
func (s *Service) Demand(ctx context.Context, tenant, outlet int64, first Day, days int) ([]Forecast, error) {
	return s.store.Current(ctx, tenant, Query{Outlet: outlet, First: first, Last: first + Day(days) - 1, Most: math.MaxInt32})
}

// Edit is what somebody knows better than a forecast.
type Edit struct {
	Series   int64
	Day      Day
	Was      float64
	Quantity float64
	Reason   string
	By       string
}

// Edit changes what a product at an outlet is expected to sell on a day. The forecast stays as it was made; what the edit
// did to the accuracy is shown once the day is over.
// Errors: KindInvalid, KindNotFound without a forecast of that day, KindConflict for a day that is over.
func (s *Service) Edit(ctx context.Context, who actor.Actor, outlet int64, sku string, day Day, quantity float64, reason string) (Forecast, error) {
	var f errs.Fields
	if !(quantity >= 0 && quantity <= maxUnits) {
		f.Add("quantity", "must be 0 to %g", maxUnits)
	}
	if tooLong(reason) {
		f.Add("reason", "must have at most %d characters", maxText)
	}
	if err := f.Err(); err != nil {
		return Forecast{}, err
	}
	o, err := s.Outlet(ctx, who, outlet)
	if err != nil {
		return Forecast{}, err
	}
	if day < o.Today(s.clock.Now()) {
		return Forecast{}, errs.Conflict("%v is over", day)
	}
	q := Query{Outlet: o.ID, SKU: sku, First: day, Last: day, Most: 1}
	list, err := s.store.Current(ctx, who.Tenant, q)
	if err != nil {
		return Forecast{}, err
	}
	if len(list) == 0 {
		return Forecast{}, errs.NotFound("there is no forecast of %s for %v", sku, day)
	}
	err = s.store.AddEdit(ctx, who.Tenant, Edit{list[0].Series, day, list[0].Mean, quantity, reason, who.Name}, s.clock.Now())
	if err != nil {
		return Forecast{}, err
	}
	list, err = s.store.Current(ctx, who.Tenant, q)
	if err != nil || len(list) == 0 {
		return Forecast{}, err
	}
	return list[0], nil
}
