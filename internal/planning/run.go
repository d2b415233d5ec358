package planning

import (
	"context"
	"math"
	"runtime"
	"strconv"
	"time"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/planning/forecast"
)

// RunKind says what a run forecasts.
type RunKind string

// The kinds of runs.
const (
	RunDaily    RunKind = "daily"    // days ahead, from what was known the evening before
	RunIntraday RunKind = "intraday" // a day that goes on, from its morning
)

// RunStatus is how far a run is.
type RunStatus string

// The statuses of a run.
const (
	RunPending RunStatus = "pending"
	RunRunning RunStatus = "running"
	RunDone    RunStatus = "done"
	RunFailed  RunStatus = "failed"
)

// Run is one making of forecasts. What it made is never changed.
type Run struct {
	ID         int64
	Tenant     int64
	Outlet     int64 // 0: all
	Kind       RunKind
	Day        Day // the first that it forecasts; known are the days before
	Horizon    int // days
	Attempt    int // 2 and more: made again
	Status     RunStatus
	Levels     []float64
	Series     int
	Done       int // of them, while it runs
	Error      string
	By         string
	Requested  time.Time
	Started    *time.Time
	Finished   *time.Time
	Generation int // how often somebody began to work on it
}

// Model is how a series is forecast.
type Model struct {
	Version  int
	History  int // days of history it looks at; 0: all
	LookedAt Day // when it was last compared with others
	Latest   int // the highest version, adopted or not
}

// Made is what a run made.
type Made struct {
	Series    []MadeSeries
	Forecasts []Forecast
	Totals    []TotalForecast
	New       []Fitted // models of series that had none
}

// MadeSeries is how a series was forecast.
type MadeSeries struct {
	Series  int64
	Model   string
	Version int
	Why     string
	Scale   float64 // by which MASE is measured; NaN: cannot be said
}

// Forecast is the forecast of a product for a day.
type Forecast struct {
	Run       int64
	Kind      RunKind
	Series    int64
	Outlet    int64
	SKU       string
	Name      string
	Day       Day
	Mean      float64
	Levels    []float64
	Quantiles []float64 // at the levels, rising
	Hours     []float64 // from midnight; 23 or 25 when the clock is changed; of an intraday run, what is still to come
	Model     string
	Why       string
	Edited    float64 // what somebody made of it; NaN: nothing
	EditedBy  string
	Reason    string
}

// Expected is the quantity to plan with: what somebody knew better, else the mean.
func (f *Forecast) Expected() float64 {
	if !math.IsNaN(f.Edited) {
		return f.Edited
	}
	return f.Mean
}

// DefaultHorizon is how many days ahead forecasts reach.
const DefaultHorizon = 14

// Request asks for a forecast of the days from a day on. The run that is there already is returned, unless it failed or
// again asks for another attempt: what was made before stays as it is.
// Errors: KindInvalid for a horizon that is not 1 to 28 or a day that is not near.
func (s *Service) Request(ctx context.Context, who actor.Actor, outlet int64, day Day, horizon int, again bool) (Run, error) {
	r, err := s.request(ctx, who, outlet, day, horizon, again)
	if err == nil && r.Status == RunPending {
		s.poke()
	}
	return r, err
}

func (s *Service) request(ctx context.Context, who actor.Actor, outlet int64, day Day, horizon int, again bool) (Run, error) {
	var f errs.Fields
	if horizon < 1 || horizon > forecast.MaxHorizon {
		f.Add("days", "must be 1 to %d", forecast.MaxHorizon)
	}
	if today := forecast.DayIn(s.clock.Now()); day > today+2 || day < today-maxHistory {
		f.Add("day", "must not be after tomorrow, nor more than five years ago")
	}
	if err := f.Err(); err != nil {
		return Run{}, err
	}
	if only := who.OutletFilter(); only != 0 {
		outlet = only
	}
	have, err := s.store.FindRun(ctx, who.Tenant, outlet, RunDaily, day)
	switch {
	case err == nil && have.Status != RunFailed && (!again || have.Status != RunDone):
		return have, nil
	case err != nil && !errs.Is(err, errs.KindNotFound):
		return Run{}, err
	}
	return s.store.AddRun(ctx, who.Tenant, Run{
		Outlet: outlet, Kind: RunDaily, Day: day, Horizon: horizon, By: who.Name, Requested: s.clock.Now(),
	})
}

// Forecast makes the tenant's forecasts of the days from day on, at all outlets, unless they are made already. It is what
// the nightly run calls, for each tenant and day once at a time: what a process that died has begun is taken from it at once.
// Calling it again changes nothing. Errors: KindConflict when somebody has taken it from this one.
func (s *Service) Forecast(ctx context.Context, tenant int64, day Day) (Run, error) {
	r, err := s.request(ctx, actor.Actor{Tenant: tenant, Role: actor.System, Name: "nightly"}, 0, day, DefaultHorizon, false)
	if err != nil || r.Status == RunDone {
		return r, err
	}
	made, err := s.work(ctx, tenant, r.ID, s.store.Seize)
	if errs.Is(err, errs.KindConflict) {
		if now, lost := s.store.Run(ctx, tenant, r.ID); lost == nil && now.Status == RunDone {
			return now, nil
		}
	}
	return made, err
}

// Work makes what a run asks for. Errors: KindConflict when somebody else does.
func (s *Service) Work(ctx context.Context, tenant, id int64) (Run, error) {
	return s.work(ctx, tenant, id, s.store.Claim)
}

type claim func(ctx context.Context, tenant, id int64, at time.Time) (Run, error)

func (s *Service) work(ctx context.Context, tenant, id int64, claim claim) (Run, error) {
	r, err := claim(ctx, tenant, id, s.clock.Now())
	if err != nil {
		return Run{}, err
	}
	made, err := s.make(ctx, &r)
	if err == nil {
		err = s.store.Finish(ctx, tenant, r, made, s.clock.Now())
	}
	if err != nil {
		if ctx.Err() == nil && !errs.Is(err, errs.KindConflict) {
			_ = s.store.Give(ctx, tenant, r, err.Error(), s.clock.Now()) // the error that matters is returned
		}
		return r, err
	}
	return s.store.Run(ctx, tenant, id)
}

func (s *Service) make(ctx context.Context, r *Run) (Made, error) {
	b, err := s.read(ctx, r.Tenant, r.Outlet, r.Day-1, r.Horizon, false)
	if err != nil {
		return Made{}, err
	}
	r.Levels, r.Series = Levels(), len(b.products)
	results, err := s.pool(ctx, b.histories(), r.Horizon, s.beat(ctx, r))
	if err != nil {
		return Made{}, err
	}
	t := b.totals()
	own, err := s.pool(ctx, t.histories(), r.Horizon, func(int) error { return nil })
	if err != nil {
		return Made{}, err
	}
	sums := t.all(results, own)
	t.reconcile(results, sums, r.Levels)
	made := b.made(results, r.Levels)
	made.Totals = t.made(results, sums, r)
	return made, nil
}

func (b *book) histories() []forecast.Series {
	list := make([]forecast.Series, len(b.products))
	for i, p := range b.products {
		list[i] = p.past
	}
	return list
}

// beatEvery is how often who works on a run gives a sign of life.
const beatEvery = 5 * time.Second

// beat returns what writes the progress of a run down now and then.
func (s *Service) beat(ctx context.Context, r *Run) func(done int) error {
	last := time.Now()
	return func(done int) error {
		if r.Done = done; time.Since(last) < beatEvery {
			return nil
		}
		last = time.Now()
		if err := s.store.Beat(ctx, *r); errs.Is(err, errs.KindConflict) {
			return err
		}
		return nil // Postgres may be back before the end
	}
}

// pool forecasts series together. It gives up when ctx ends or the progress meets an error.
func (s *Service) pool(ctx context.Context, series []forecast.Series, horizon int, progress func(done int) error) ([]forecast.Result, error) {
	if len(series) == 0 {
		return nil, nil
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	results := forecast.Pool(series, horizon, forecast.Options{
		Levels: Levels(), Workers: runtime.GOMAXPROCS(0), Stop: ctx.Done(),
		Progress: func(done, _ int) {
			if err := progress(done); err != nil {
				cancel(err)
			}
		},
	})
	if results == nil {
		return nil, context.Cause(ctx)
	}
	return results, nil
}

// made writes down the forecasts of products, spread over the hours.
func (b *book) made(results []forecast.Result, levels []float64) Made {
	m := Made{Forecasts: make([]Forecast, 0, len(results)*b.horizon)}
	zones := map[int64]*time.Location{}
	for _, o := range b.outlets {
		zones[o.ID] = o.Zone
	}
	for i, p := range b.products {
		scale, _ := forecast.Scales(&p.past)
		if p.model.Version == 0 {
			p.model.Version = 1
			m.New = append(m.New, Fitted{Series: p.ID, Version: 1, Adopted: true, Reason: FitFirst, Before: math.NaN(), After: math.NaN()})
		}
		m.Series = append(m.Series, MadeSeries{p.ID, results[i].Model, p.model.Version, results[i].Why, scale})
		for _, a := range results[i].Days {
			m.Forecasts = append(m.Forecasts, Forecast{
				Series: p.ID, Outlet: p.Outlet, SKU: p.SKU, Day: a.Day, Mean: a.Mean, Levels: levels, Quantiles: a.Quantiles,
				Hours: byHour(p.profile[a.Day.Weekday()], a.Mean, a.Day, zones[p.Outlet]),
			})
		}
	}
	return m
}

func byHour(shares forecast.Hours, mean float64, d Day, zone *time.Location) []float64 {
	spread := shares.Spread(mean, d, zone)
	hours := make([]float64, len(spread))
	for i, h := range spread {
		hours[i] = h.Sales
	}
	return hours
}

// WorkOpen works on runs that wait, in this process, one after the other. It returns how many it has ended.
func (s *Service) WorkOpen(ctx context.Context) (int, error) {
	open, err := s.store.Open(ctx)
	n := 0
	for _, r := range open {
		switch _, failed := s.Work(ctx, r.Tenant, r.ID); {
		case failed == nil:
			n++
		case ctx.Err() != nil:
			return n, ctx.Err()
		case !errs.Is(failed, errs.KindConflict):
			s.log.WarnContext(ctx, "a forecast failed", "action", "forecast_failed", "tenant", r.Tenant, "run", r.ID, "error", failed)
		}
	}
	return n, err
}

// Loop works on runs that wait until ctx ends. It looks when it is poked, and now and then for what others asked for.
func (s *Service) Loop(ctx context.Context) error {
	tick := time.NewTicker(2 * time.Second)
	defer tick.Stop()
	for {
		if _, err := s.WorkOpen(ctx); err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "forecasts wait", "action", "forecasts_wait", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-s.poked:
		}
	}
}

func (s *Service) poke() {
	select {
	case s.poked <- struct{}{}:
	default:
	}
}

func seriesKey(id int64) string { return strconv.FormatInt(id, 10) }
