package order

import (
	"context"
	"time"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/money"
)

// Promise is when an order is said to be ready: half of all orders are by P50 and nine of ten by P90.
type Promise struct{ P50, P90 time.Time }

// Quote is what an outlet says of an order that nobody has placed yet.
type Quote struct {
	State    string         // open, busy; paused: it takes no such order from the source just now
	Paused   string         // why
	Known    bool           // false: nobody knows when it would be ready
	Promise                 // if it came in now
	Earliest time.Time      // when it could be ready for certain: no earlier time should be wanted; zero: nobody knows
	Limit    Limit          // what keeps it from being ready earlier
	Over     []string       // limits of the outlet that it exceeds
	Refused  bool           // it would not be taken as it is wanted
	Wanted   time.Time      // zero: as soon as it can be
	Zone     *time.Location // the outlet's
	Total    money.Amount   // with the fee of carrying it
	Carriage *Carriage      // nil: it is not carried, or for nothing to anywhere
}

// Limit is what keeps an order from being ready earlier: a station, machine or person that it waits for, or nothing but
// its recipes.
type Limit struct{ Kind, Name string }

// Wish is an order that somebody may place.
type Wish struct {
	Tenant, Outlet int64
	Type           Type
	Lines          []Line
	Wanted         time.Time // zero: as soon as it can be
}

// Foreteller knows what kitchens can do.
type Foreteller interface {
	// Foretell says when a kitchen would have an order ready. It writes nothing.
	Foretell(ctx context.Context, w Wish) (Quote, error)
	// Admit tells whether an outlet takes an order on. Errors: KindConflict, with the earliest time that would work.
	Admit(ctx context.Context, w Wish) error
}

// Foresee lets a service say when orders will be ready and keep outlets from taking on too much. It is called before the
// first order.
func (s *Service) Foresee(f Foreteller) { s.foreteller = f }

// admit tells whether an outlet takes a draft on.
func (s *Service) admit(ctx context.Context, d *Draft) error {
	if s.foreteller == nil {
		return nil
	}
	w := Wish{Tenant: d.Order.Tenant, Outlet: d.Order.Outlet, Type: d.Order.Type, Lines: d.Order.Lines}
	if d.Terms != nil {
		w.Wanted = d.Terms.WantedAt
	}
	return s.foreteller.Admit(ctx, w)
}

// Quote says when an order would be ready, as Place would take it. It writes nothing. Errors: KindInvalid (every faulty
// field named, unknown items included), KindNotFound (outlet), KindConflict when it is closed at the wanted time.
func (s *Service) Quote(ctx context.Context, who actor.Actor, p Placement) (Quote, error) {
	if p.Outlet == 0 {
		p.Outlet = who.Outlet
	}
	if err := p.Validate(); err != nil {
		return Quote{}, err
	}
	if !who.Sees(p.Outlet) {
		return Quote{}, errs.NotFound("no such outlet")
	}
	outlet, err := s.outlets.Outlet(ctx, who.Tenant, p.Outlet)
	if err != nil {
		return Quote{}, err
	}
	lines, err := s.lines(ctx, who.Tenant, outlet, p)
	if err != nil {
		return Quote{}, err
	}
	w := Wish{Tenant: who.Tenant, Outlet: outlet.ID, Type: p.Type, Lines: lines}
	o := s.price(who, outlet, p, lines)
	if err := s.carry(ctx, outlet, p, &o); err != nil && o.Carriage == nil {
		return Quote{}, err
	}
	if t, err := s.terms(ctx, outlet, p, &o); err != nil {
		return Quote{}, err
	} else if t != nil {
		w.Wanted = t.WantedAt
	}
	q, err := s.foreteller.Foretell(ctx, w)
	if err != nil {
		return Quote{}, err
	}
	q.Wanted, q.Zone, q.Total, q.Carriage = w.Wanted, outlet.zone(), o.Total, o.Carriage
	if o.Carriage != nil && o.Carriage.Refusal != nil {
		q.Refused = true
	}
	return q, s.pausedIn(ctx, &q, w, p.Source)
}

// pausedIn notes in a quote what of it is paused.
func (s *Service) pausedIn(ctx context.Context, q *Quote, w Wish, source string) error {
	err := s.open(ctx, w.Tenant, w.Outlet, source, w.Lines)
	if errs.Is(err, errs.KindConflict) {
		q.State, q.Paused, q.Refused = "paused", err.Error(), true
		return nil
	}
	return err
}
