package planning

import (
	"cmp"
	"context"
	"math"
	"runtime"
	"slices"
	"time"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/planning/forecast"
)

// Why a model was fitted.
const (
	FitFirst = "first" // the series had none
	FitPoor  = "mape"  // MAPE above 30 %
	FitWorse = "worse" // 5 points worse than in the 30 days before
	FitOld   = "age"   // 30 days old
	FitHand  = "hand"
)

// Fitted is a model that was fitted to a series, and what came of it.
type Fitted struct {
	Series  int64
	Outlet  int64
	SKU     string
	Version int
	On      Day // the last day it was fitted with
	History int // days that it looks at; 0: all
	Adopted bool
	Reason  string
	Before  float64 // MAPE of the model it was compared with, on days that neither was chosen by; NaN: cannot be said
	After   float64 // its own, on the same days
	At      time.Time
}

// The triggers of a refit.
const (
	poorMAPE   = 0.30
	worseBy    = 0.05
	oldAfter   = 30 // days
	windowDays = 30 // that MAPE is taken over
	fewDays    = 7  // with sales, below which MAPE says nothing
	restDays   = 7  // between refits of one series, unless it is by hand
)

// RefitOptions say what to refit.
type RefitOptions struct {
	Outlet int64  // with SKU: by hand
	SKU    string // "": what is poor
	Most   int    // series at once, the poorest first; 0: 500
}

// Refit fits the models of poor series anew and compares each with the one in force, on days that neither was chosen by.
// What is not better is not adopted, and noted all the same. Series whose model was looked at in the last week wait,
// unless they are named. Calling it again on the same day changes nothing.
//
// What is chosen is how much history the models of package forecast learn from: all of it, or only what is recent, which
// is right after a change of the business. The models themselves follow the sales with every forecast.
func (s *Service) Refit(ctx context.Context, tenant int64, day Day, o RefitOptions) ([]Fitted, error) {
	poor, err := s.poor(ctx, tenant, day, o)
	if err != nil || len(poor) == 0 {
		return nil, err
	}
	b, err := s.read(ctx, tenant, o.Outlet, day, trialDays, true)
	if err != nil {
		return nil, err
	}
	var chosen []*product
	for _, p := range b.products {
		if poor[p.ID] != "" {
			chosen = append(chosen, p)
		}
	}
	fitted, err := s.refit(ctx, chosen, day)
	if err != nil {
		return nil, err
	}
	at := s.clock.Now()
	for i := range fitted {
		fitted[i].Reason, fitted[i].At = poor[fitted[i].Series], at
	}
	return fitted, s.store.AddModels(ctx, tenant, day, fitted, at)
}

// mostByHand is how many series a refit by hand takes: it is waited for.
const mostByHand = 20

// RefitNow refits a product at an outlet, or the poorest products. Errors: KindNotFound.
func (s *Service) RefitNow(ctx context.Context, who actor.Actor, outlet int64, sku string) ([]Fitted, error) {
	o, err := s.Outlet(ctx, who, outlet)
	if err != nil {
		return nil, err
	}
	day := o.Today(s.clock.Now()) - 1
	list, err := s.Refit(ctx, who.Tenant, day, RefitOptions{Outlet: o.ID, SKU: sku, Most: mostByHand})
	if err == nil && len(list) == 0 && sku != "" {
		return nil, errs.NotFound("%s was never sold at %s", sku, o.Slug)
	}
	return list, err
}

// Models lists the models that were fitted, the latest first.
func (s *Service) Models(ctx context.Context, who actor.Actor, q Query) ([]Fitted, error) {
	return s.store.ModelLog(ctx, who.Tenant, q.within(who))
}

// poor finds what is to be refitted, and why, by series.
func (s *Service) poor(ctx context.Context, tenant int64, day Day, o RefitOptions) (map[int64]string, error) {
	models, err := s.store.Models(ctx, tenant)
	if err != nil {
		return nil, err
	}
	if o.SKU != "" {
		return s.named(ctx, tenant, o)
	}
	outcomes, err := s.store.Outcomes(ctx, tenant, o.Outlet, day-2*windowDays+1, day)
	if err != nil {
		return nil, err
	}
	now, before := mapes(outcomes, day-windowDays+1, day), mapes(outcomes, day-2*windowDays+1, day-windowDays)
	type candidate struct {
		series int64
		why    string
		mape   float64
	}
	var list []candidate
	for series, m := range models {
		why := trigger(now[series], before[series], int(day-m.LookedAt))
		if _, here := now[series]; why != "" && (here || o.Outlet == 0) {
			list = append(list, candidate{series, why, now[series].mape})
		}
	}
	slices.SortFunc(list, func(a, b candidate) int { return cmp.Or(cmp.Compare(b.mape, a.mape), cmp.Compare(a.series, b.series)) })
	poor := map[int64]string{}
	for _, c := range list[:min(len(list), cmp.Or(o.Most, 500))] {
		poor[c.series] = c.why
	}
	return poor, nil
}

func (s *Service) named(ctx context.Context, tenant int64, o RefitOptions) (map[int64]string, error) {
	list, err := s.store.Series(ctx, tenant, o.Outlet)
	poor := map[int64]string{}
	for _, series := range list {
		if series.SKU == o.SKU && series.Now == "" {
			poor[series.ID] = FitHand
		}
	}
	return poor, err
}

// trigger says why a series is to be refitted; "": it is not.
func trigger(now, before score, age int) string {
	switch {
	case age < restDays:
		return ""
	case now.days >= fewDays && now.mape > poorMAPE:
		return FitPoor
	case now.days >= fewDays && before.days >= fewDays && now.mape > before.mape+worseBy:
		return FitWorse
	case age > oldAfter:
		return FitOld
	default:
		return ""
	}
}

// score is a series' MAPE over days with sales.
type score struct {
	mape float64
	days int
}

func mapes(outcomes []Outcome, first, last Day) map[int64]score {
	scores := map[int64]score{}
	for i := range outcomes {
		o := &outcomes[i]
		if o.Day < first || o.Day > last || o.Actual <= 0 || o.censored() {
			continue
		}
		c := scores[o.Series]
		n := float64(c.days)
		scores[o.Series] = score{(c.mape*n + math.Abs(o.Mean-o.Actual)/o.Actual) / (n + 1), c.days + 1}
	}
	return scores
}

// windows are the histories that models may look at, in days; 0 is all.
var windows = []int{0, 365, 182, 91, 42}

const (
	trialDays   = 7
	trials      = 4 // weeks by which a window is chosen, and as many by which it is compared
	leastToFit  = 10 * trialDays
	clearlyLess = 0.98 // of the old error: a difference below that is chance
)

// refit chooses a window for each series by the weeks before the last four, and compares on the last four.
func (s *Service) refit(ctx context.Context, list []*product, day Day) ([]Fitted, error) {
	missed := map[int]*trialErrors{}
	for _, w := range windows {
		e, err := trial(ctx, list, day, w)
		if err != nil {
			return nil, err
		}
		missed[w] = e
	}
	fitted := make([]Fitted, len(list))
	for i, p := range list {
		f := Fitted{Series: p.ID, Outlet: p.Outlet, SKU: p.SKU, Version: p.model.Latest + 1, On: day}
		f.History = p.model.History
		for _, w := range windows {
			if missed[w].choose[i] < clearlyLess*missed[f.History].choose[i] {
				f.History = w
			}
		}
		f.Before, f.After = missed[p.model.History].compare[i], missed[f.History].compare[i]
		f.Adopted = p.model.Latest == 0 || f.After < f.Before && f.History != p.model.History
		fitted[i] = f
	}
	return fitted, nil
}

// trialErrors are the MAPEs of series with a window, on the weeks to choose by and on those to compare by.
type trialErrors struct{ choose, compare []float64 }

func trial(ctx context.Context, list []*product, day Day, window int) (*trialErrors, error) {
	series := make([]forecast.Series, len(list))
	for i, p := range list {
		series[i] = p.past
	}
	e := &trialErrors{choose: make([]float64, len(list)), compare: make([]float64, len(list))}
	for part, result := range map[int][]float64{0: e.compare, 1: e.choose} {
		sums := make([]score, len(list))
		for k := range trials {
			origin := day - Day(trialDays*(part*trials+k+1))
			results := forecast.Pool(lately(series, origin, window), trialDays, forecast.Options{Workers: runtime.GOMAXPROCS(0), Stop: ctx.Done()})
			if results == nil && len(series) > 0 {
				return nil, context.Cause(ctx)
			}
			for i := range results {
				sums[i].add(&series[i], &results[i])
			}
		}
		for i, c := range sums {
			if result[i] = c.mape / float64(c.days); len(series[i].Sales) < leastToFit {
				result[i] = math.NaN() // nothing is less than that
			}
		}
	}
	return e, nil
}

// lately are the series as they were known at the end of a day, with so much history.
func lately(series []forecast.Series, last Day, window int) []forecast.Series {
	list := make([]forecast.Series, len(series))
	for i := range series {
		s := series[i].Until(last)
		if cut := len(s.Sales) - window; window > 0 && cut > 0 {
			s.Start, s.Sales, s.SoldOut = s.Start+Day(cut), s.Sales[cut:], s.SoldOut[min(cut, len(s.SoldOut)):]
		}
		list[i] = s
	}
	return list
}

// add sums up errors; mape is their sum here.
func (c *score) add(s *forecast.Series, r *forecast.Result) {
	for _, a := range r.Days {
		i := int(a.Day - s.Start)
		if i < 0 || i >= len(s.Sales) || !(s.Sales[i] > 0) || s.SoldOut[i] && a.Mean >= s.Sales[i] {
			continue
		}
		c.mape += math.Abs(a.Mean-s.Sales[i]) / s.Sales[i]
		c.days++
	}
}
