package kitchen

import (
	"context"
	"time"

	"brigade/internal/actor"
	"brigade/internal/clock"
	"brigade/internal/errs"
)

// StepEstimate is how long a step of an item on the menu takes: what its recipe says, what was learned, what counts.
type StepEstimate struct {
	SKU, Item   string
	Step        int // index of the recipe's step, from 0
	Description string
	Station     int64
	StationName string
	Base        time.Duration // as the recipe says
	Learned     time.Duration // half take longer; 0: too little is known
	P90         time.Duration // nine in ten take less; 0: too little is known
	InForce     time.Duration // what new tasks take: pinned, else learned, else the recipe's
	Samples     int64         // measured by people, ever
	Pinned      time.Duration // 0: not pinned
	PinnedBy    string
	PinnedAt    time.Time
	UpdatedAt   time.Time // when something was learned; zero: never
}

// EstimateDay is how a step's estimate stood at the end of a day, or stands today.
type EstimateDay struct {
	Day          string        // YYYY-MM-DD in the outlet's zone
	Learned, P90 time.Duration // 0: too little was known
	InForce      time.Duration
	Samples      int64
}

// Factor is how much longer work takes than expected: at a station, by a person, with so many other tasks in hand.
type Factor struct {
	Kind    string // station, person or load
	Ref     int64  // of the station or person; the number of other tasks in hand
	Name    string
	Factor  float64 // actual ÷ expected; 1: as expected, or not enough known
	Samples int64
}

// StepRef names a step of an item.
type StepRef struct {
	SKU  string
	Step int // from 0
}

// EstimateStore is what learned estimates need of Postgres.
type EstimateStore interface {
	Layouts(ctx context.Context, outlets []int64) ([]*Layout, error)
	// Estimates returns steps of an outlet's menu in its order, and how many there are in all.
	Estimates(ctx context.Context, tenant, outlet int64, skip, most int) ([]StepEstimate, int, error)
	// Estimate returns one step. Errors: KindNotFound.
	Estimate(ctx context.Context, tenant, outlet int64, ref StepRef) (StepEstimate, error)
	// EstimateDays returns a step's days before a day (YYYY-MM-DD; "": all), latest first.
	EstimateDays(ctx context.Context, outlet int64, ref StepRef, before string, most int) ([]EstimateDay, error)
	// Factors returns what was learned beside the steps.
	Factors(ctx context.Context, outlet int64) ([]Factor, error)
	// Pin fixes a step's estimate, or lets it follow what is learned again (0). Errors: KindNotFound.
	Pin(ctx context.Context, tenant, outlet int64, ref StepRef, pinned time.Duration, by string, at time.Time) error
}

// Estimates shows what was learned about how long work takes, and lets people overrule it.
type Estimates struct {
	store EstimateStore
	clock clock.Clock
}

// NewEstimates returns the service over a store.
func NewEstimates(store EstimateStore, clk clock.Clock) *Estimates { return &Estimates{store, clk} }

// List returns steps of an outlet's menu (0: the actor's own), after skip others, and how many there are in all.
// Errors: KindNotFound.
func (e *Estimates) List(ctx context.Context, who actor.Actor, outlet int64, skip, most int) ([]StepEstimate, int, error) {
	l, err := layoutFor(ctx, e.store, who, outlet)
	if err != nil {
		return nil, 0, err
	}
	list, total, err := e.store.Estimates(ctx, who.Tenant, l.Outlet, skip, most)
	for i := range list {
		list[i].StationName = l.Station(list[i].Station)
	}
	return list, total, err
}

// Show returns a step with its days before a day (YYYY-MM-DD; "": all), latest first. Errors: KindNotFound.
func (e *Estimates) Show(ctx context.Context, who actor.Actor, outlet int64, ref StepRef, before string, most int) (StepEstimate, []EstimateDay, error) {
	l, err := layoutFor(ctx, e.store, who, outlet)
	if err != nil {
		return StepEstimate{}, nil, err
	}
	s, err := e.store.Estimate(ctx, who.Tenant, l.Outlet, ref)
	if err != nil {
		return StepEstimate{}, nil, err
	}
	s.StationName = l.Station(s.Station)
	days, err := e.store.EstimateDays(ctx, l.Outlet, ref, before, most)
	return s, days, err
}

// Factors returns how stations, people and full hands differ from what is expected. Errors: KindNotFound.
func (e *Estimates) Factors(ctx context.Context, who actor.Actor, outlet int64) ([]Factor, error) {
	l, err := layoutFor(ctx, e.store, who, outlet)
	if err != nil {
		return nil, err
	}
	factors, err := e.store.Factors(ctx, l.Outlet)
	for i, f := range factors {
		switch f.Kind {
		case "station":
			factors[i].Name = l.Station(f.Ref)
		case "person":
			factors[i].Name = l.Staff(f.Ref)
		}
	}
	return factors, err
}

// longestPin bounds what a step may be pinned to; no step takes a day.
const longestPin = 24 * time.Hour

// Pin makes new tasks of a step take a time whatever is learned; 0 lets them follow it again. Both may be repeated.
// Errors: KindForbidden, KindNotFound, KindInvalid.
func (e *Estimates) Pin(ctx context.Context, who actor.Actor, outlet int64, ref StepRef, pinned time.Duration) (StepEstimate, error) {
	if err := who.Require(actor.Manager); err != nil {
		return StepEstimate{}, err
	}
	if pinned < 0 || pinned > longestPin {
		var f errs.Fields
		f.Add("seconds", "must be above 0 and at most %.0f", longestPin.Seconds())
		return StepEstimate{}, f.Err()
	}
	l, err := layoutFor(ctx, e.store, who, outlet)
	if err != nil {
		return StepEstimate{}, err
	}
	if err := e.store.Pin(ctx, who.Tenant, l.Outlet, ref, pinned, who.Name, e.clock.Now()); err != nil {
		return StepEstimate{}, err
	}
	s, _, err := e.Show(ctx, who, l.Outlet, ref, "", 0)
	return s, err
}

// layouts is where set-ups are read.
type layouts interface {
	Layouts(ctx context.Context, outlets []int64) ([]*Layout, error)
}

// layoutFor reads the set-up of an outlet that the actor may see; 0 is the actor's own. Errors: KindNotFound.
func layoutFor(ctx context.Context, from layouts, who actor.Actor, outlet int64) (*Layout, error) {
	if outlet == 0 {
		outlet = who.Outlet
	}
	found, err := from.Layouts(ctx, []int64{outlet})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 || found[0].Tenant != who.Tenant || !who.Sees(outlet) {
		return nil, errs.NotFound("no such outlet")
	}
	return found[0], nil
}
