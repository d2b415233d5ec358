package planning

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/planning/forecast"
)

// DueDay is a day of an outlet that is to be compared with its forecast.
type DueDay struct {
	Outlet  int64
	Day     Day
	Changes int  // how often the day was reported on
	Again   bool // it was compared before; sales came since
}

// Gap is a day of which an outlet should have sold something and has not reported anything.
type Gap struct {
	Outlet int64
	Day    Day
}

// Outcome is the forecast that was made before a day, against that day.
type Outcome struct {
	Series    int64
	Outlet    int64
	SKU       string
	Day       Day
	Actual    float64
	Mean      float64
	Low, High float64 // between which nine in ten days should lie
	Edited    float64 // what somebody made of it by hand; NaN: nothing
	SoldOut   bool
	Scale     float64 // of MASE; NaN: cannot be said
}

// censored tells whether the day says nothing against the forecast: it was sold out before that much was sold.
func (o *Outcome) censored() bool { return o.SoldOut && o.Mean >= o.Actual }

// Metric is how good forecasts were. What cannot be said is NaN.
type Metric struct {
	forecast.Metrics
	Outlet   int64  // 0: all
	SKU      string // "": all products
	MASE     float64
	Coverage float64
}

// ValidationKind says why forecasts were compared.
type ValidationKind string

// The kinds of validations.
const (
	ValidatedDaily ValidationKind = "daily"
	ValidatedLate  ValidationKind = "late" // sales that came after their day was compared with others
	ValidatedHand  ValidationKind = "hand"
)

// Validation is one comparison of forecasts with sales.
type Validation struct {
	ID          int64
	Kind        ValidationKind
	First, Last Day
	Validated   int // forecasts that were compared
	Late        int // outlets' days among them that came late, or again
	Gaps        int // outlets' days that are still missing
	Overall     Metric
	Outlets     []Metric
	Products    []Metric // at each outlet
	By          string
	At          time.Time
}

// gapDays is how far back late sales are looked for.
const gapDays = 60

// Validate compares forecasts with what was sold on a day, and on days before it of which sales came late. It returns
// what there was to compare, the latest day first; calling it again without new sales compares nothing and returns the
// validation of the day. Errors: KindInvalid for a day that is not over everywhere.
func (s *Service) Validate(ctx context.Context, tenant int64, day Day) ([]Validation, error) {
	return s.validate(ctx, tenant, day, ValidatedDaily, "nightly")
}

// ValidateNow does so by hand, for whoever is not bound to an outlet.
func (s *Service) ValidateNow(ctx context.Context, who actor.Actor, day Day) ([]Validation, error) {
	if who.Bound {
		return nil, errs.Forbidden("a token for one outlet cannot validate for all")
	}
	return s.validate(ctx, who.Tenant, day, ValidatedHand, who.Name)
}

func (s *Service) validate(ctx context.Context, tenant int64, day Day, kind ValidationKind, by string) ([]Validation, error) {
	if err := s.over(ctx, tenant, day); err != nil {
		return nil, err
	}
	due, err := s.store.Due(ctx, tenant, day-gapDays, day)
	if err != nil {
		return nil, err
	}
	gaps, err := s.store.Gaps(ctx, tenant, 0, day-gapDays, day)
	if err != nil {
		return nil, err
	}
	late := func(d DueDay) bool { return d.Day < day || d.Again }
	var list []Validation
	for _, part := range []struct {
		kind ValidationKind
		days []DueDay
	}{
		{kind, slices.DeleteFunc(slices.Clone(due), late)},
		{ValidatedLate, slices.DeleteFunc(slices.Clone(due), func(d DueDay) bool { return !late(d) })},
	} {
		v, err := s.validateDays(ctx, tenant, part.days, Validation{Kind: part.kind, Gaps: len(gaps), By: by, At: s.clock.Now()})
		if err != nil {
			return nil, err
		}
		if v.ID != 0 {
			list = append(list, v)
		}
	}
	if len(list) > 0 {
		return list, nil
	}
	v, err := s.store.ValidationOf(ctx, tenant, day)
	if errs.Is(err, errs.KindNotFound) {
		return nil, nil
	}
	return []Validation{v}, err
}

// over refuses a day that goes on at one of the outlets.
func (s *Service) over(ctx context.Context, tenant int64, day Day) error {
	outlets, err := s.store.Outlets(ctx, tenant, 0)
	for i := range outlets {
		if day >= outlets[i].Today(s.clock.Now()) {
			var f errs.Fields
			f.Add("day", "%v is not over yet at %s", day, outlets[i].Slug)
			return f.Err()
		}
	}
	return err
}

func (s *Service) validateDays(ctx context.Context, tenant int64, due []DueDay, v Validation) (Validation, error) {
	if len(due) == 0 {
		return v, nil
	}
	v.First, v.Last = due[0].Day, due[0].Day
	for _, d := range due {
		v.First, v.Last = min(v.First, d.Day), max(v.Last, d.Day)
	}
	if v.Kind == ValidatedLate {
		v.Late = len(due)
	}
	return s.store.Validate(ctx, tenant, due, func(list []Outcome) Validation {
		v.Validated = len(list)
		v.Overall = measure(list)
		v.Outlets = by(list, func(o *Outcome) Metric { return Metric{Outlet: o.Outlet} })
		v.Products = by(list, func(o *Outcome) Metric { return Metric{Outlet: o.Outlet, SKU: o.SKU} })
		return v
	})
}

// measure says how good forecasts were, with what Metric has no name for.
func measure(list []Outcome) Metric {
	return measureAs(list, func(o *Outcome) float64 { return o.Mean })
}

func measureAs(list []Outcome, forecastOf func(*Outcome) float64) Metric {
	var actual, made, low, high, scaled []float64
	for i := range list {
		o := &list[i]
		if o.censored() {
			continue
		}
		actual, made, low, high = append(actual, o.Actual), append(made, forecastOf(o)), append(low, o.Low), append(high, o.High)
		if o.Scale > 0 {
			scaled = append(scaled, math.Abs(forecastOf(o)-o.Actual)/o.Scale)
		}
	}
	return Metric{
		Metrics: forecast.Measure(actual, made), MASE: forecast.MAE(scaled, make([]float64, len(scaled))),
		Coverage: forecast.Coverage(actual, low, high),
	}
}

// by measures outcomes in groups, in the order of outlets and SKUs.
func by(list []Outcome, group func(*Outcome) Metric) []Metric {
	groups := map[Metric][]Outcome{}
	for i := range list {
		k := group(&list[i])
		groups[k] = append(groups[k], list[i])
	}
	metrics := make([]Metric, 0, len(groups))
	for k, outcomes := range groups {
		m := measure(outcomes)
		m.Outlet, m.SKU = k.Outlet, k.SKU
		metrics = append(metrics, m)
	}
	slices.SortFunc(metrics, func(a, b Metric) int { return cmp.Or(cmp.Compare(a.Outlet, b.Outlet), cmp.Compare(a.SKU, b.SKU)) })
	return metrics
}

// Accuracy is how good the forecasts of some days were.
type Accuracy struct {
	First, Last Day
	Overall     Metric
	Before      Metric // the as many days before them
	Outlets     []Metric
	Best, Worst []Metric // products at outlets, by WAPE
	Edited      int      // forecasts that were changed by hand
	ByModel     Metric   // of these: as made
	ByHand      Metric   // and as changed
	Gaps        []Gap
}

// shownProducts is how many of the best and of the worst products are shown.
const shownProducts = 10

// Accuracy sums up how good forecasts were from the first to the last day (at most a year), and compares with as many
// days before: week over week when that is seven. Errors: KindInvalid.
func (s *Service) Accuracy(ctx context.Context, who actor.Actor, q Query) (Accuracy, error) {
	var f errs.Fields
	if days := q.Last - q.First + 1; days < 1 || days > 366 {
		f.Add("from", "must be up to a year before the last day")
	}
	if err := f.Err(); err != nil {
		return Accuracy{}, err
	}
	q = q.within(who)
	days := q.Last - q.First + 1
	all, err := s.store.Outcomes(ctx, who.Tenant, q.Outlet, q.First-days, q.Last)
	if err != nil {
		return Accuracy{}, err
	}
	a := Accuracy{First: q.First, Last: q.Last}
	if a.Gaps, err = s.store.Gaps(ctx, who.Tenant, q.Outlet, q.First, q.Last); err != nil {
		return Accuracy{}, err
	}
	a.sumUp(all)
	return a, nil
}

func (a *Accuracy) sumUp(all []Outcome) {
	var now, before, edited []Outcome
	for _, o := range all {
		switch {
		case o.Day < a.First:
			before = append(before, o)
		default:
			now = append(now, o)
			if !math.IsNaN(o.Edited) {
				edited = append(edited, o)
			}
		}
	}
	a.Overall, a.Before, a.Edited = measure(now), measure(before), len(edited)
	a.ByModel, a.ByHand = measure(edited), measureAs(edited, func(o *Outcome) float64 { return o.Edited })
	a.Outlets = by(now, func(o *Outcome) Metric { return Metric{Outlet: o.Outlet} })
	products := slices.DeleteFunc(by(now, func(o *Outcome) Metric { return Metric{Outlet: o.Outlet, SKU: o.SKU} }),
		func(m Metric) bool { return math.IsNaN(m.WAPE) || math.IsInf(m.WAPE, 0) })
	slices.SortStableFunc(products, func(a, b Metric) int { return cmp.Compare(a.WAPE, b.WAPE) })
	n := min(shownProducts, (len(products)+1)/2)
	a.Best = products[:n]
	a.Worst = slices.Clone(products[len(products)-n:])
	slices.Reverse(a.Worst)
}

// Validations lists validations, the latest first, from before an id (0: from the latest).
func (s *Service) Validations(ctx context.Context, who actor.Actor, before int64, most int) ([]Validation, error) {
	return s.store.Validations(ctx, who.Tenant, before, most)
}

// Metrics returns a validation, and its metrics by outlet or by product, the best first. Errors: KindNotFound.
func (s *Service) Metrics(ctx context.Context, who actor.Actor, id int64, level Level, skip, most int) (Validation, []Metric, error) {
	v, err := s.store.Validation(ctx, who.Tenant, id)
	if err != nil {
		return Validation{}, nil, err
	}
	list, err := s.store.Metrics(ctx, who.Tenant, id, level, skip, most)
	return v, slices.DeleteFunc(list, func(m Metric) bool { return !who.Sees(m.Outlet) }), err
}
