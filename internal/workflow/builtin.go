package workflow

import (
	"context"
	"maps"
	"slices"
	"time"

	"brigade/internal/errs"
)

// The steps that are built in.
const (
	StepForecast    = "forecast"    // what will sell in the days to come
	StepProduction  = "production"  // what is to be made
	StepProcurement = "procurement" // what is to be bought
	StepInventory   = "inventory"   // what there will be
	StepValidate    = "validate"    // how good yesterday's forecasts were
	StepSummary     = "summary"     // what came of the steps before
	StepEvaluate    = "evaluate"    // how good forecasts were, over days
	StepRetrain     = "retrain"     // models that are poor, fitted anew
	StepDigest      = "digest"      // the summary of a week, sent to those who answer for the tenant
	StepReport      = "report"      // a month in figures
	StepCleanup     = "cleanup"     // what nobody looks at any more
)

// Registry knows who does which step. Everything is added before it is used.
type Registry struct {
	builtIn map[string]Runner
	http    *Runner
	sql     *Runner
}

// NewRegistry returns a registry that knows the steps which need nobody else.
func NewRegistry() *Registry {
	r := &Registry{builtIn: map[string]Runner{}}
	r.Add(StepSummary, Runner{Run: Summarize, Together: true})
	return r
}

// Add says who does a step that is built in.
func (r *Registry) Add(name string, by Runner) { r.builtIn[name] = by }

// AddHTTP says who makes calls.
func (r *Registry) AddHTTP(by Runner) { r.http = &by }

// AddSQL says who makes reports.
func (r *Registry) AddSQL(by Runner) { r.sql = &by }

// Names lists the steps that are built in, sorted.
func (r *Registry) Names() []string { return slices.Sorted(maps.Keys(r.builtIn)) }

// Runner implements Runners.
func (r *Registry) Runner(s *Step) (Runner, bool) {
	by := r.http
	switch {
	case s.Uses != "":
		found, ok := r.builtIn[s.Uses]
		return found, ok
	case s.SQL != "":
		by = r.sql
	}
	if by == nil {
		return Runner{}, false
	}
	return *by, true
}

// Summarize gathers what the steps before made of each tenant.
func Summarize(_ context.Context, b *Batch) []Outcome {
	outcomes := make([]Outcome, len(b.Jobs))
	for i, j := range b.Jobs {
		outcomes[i].Result = map[string]any{"date": b.Day.String(), "steps": j.Results}
	}
	return outcomes
}

// Number reads a whole number of what a step is told, between two bounds.
func (s *Step) Number(name string, fallback, least, most int) (int, error) {
	v, told := s.With[name]
	if !told {
		return fallback, nil
	}
	n, ok := v.(float64)
	if i, whole := v.(int); whole {
		n, ok = float64(i), true
	}
	if !ok || n != float64(int(n)) || int(n) < least || int(n) > most {
		return 0, errs.Invalid("%s must be a whole number from %d to %d", name, least, most)
	}
	return int(n), nil
}

// Times are the cron expressions and the zone of the workflows that are built in.
type Times struct {
	Daily, Weekly string // "": at 8 every day, at 9 on Mondays
	Zone          string // "": each tenant's own
	MaxRun        time.Duration
}

// BuiltIn lists the workflows that are built in, of the steps that there are.
func BuiltIn(r *Registry, t Times) []Workflow {
	orDefault(&t.Daily, "0 8 * * *")
	orDefault(&t.Weekly, "0 9 * * 1")
	orDefault(&t.Zone, TenantZone)
	orDefault(&t.MaxRun, DefaultMaxRun)
	list := []Workflow{
		{Name: "daily", Kind: Daily, Cron: t.Daily, Steps: []Step{
			{Name: "forecasts", Uses: StepForecast, With: map[string]any{"days": 7.0}, Timeout: 300},
			{Name: "production", Uses: StepProduction, Timeout: 180, After: []string{"forecasts"}},
			{Name: "procurement", Uses: StepProcurement, With: map[string]any{"days": 14.0}, Timeout: 180, After: []string{"production"}},
			{Name: "inventory", Uses: StepInventory, With: map[string]any{"days": 14.0}, Timeout: 180, After: []string{"procurement"}},
			{Name: "validation", Uses: StepValidate, Timeout: 180},
			{Name: "summary", Uses: StepSummary, After: []string{"forecasts", "production", "procurement", "inventory", "validation"}},
		}},
		{Name: "weekly", Kind: Weekly, Cron: t.Weekly, Steps: []Step{
			{Name: "evaluation", Uses: StepEvaluate, With: map[string]any{"days": 30.0}, Timeout: 180},
			{Name: "retraining", Uses: StepRetrain, Timeout: 1800, After: []string{"evaluation"}},
			{Name: "digest", Uses: StepDigest, Timeout: 180, After: []string{"evaluation", "retraining"}},
		}},
		{Name: "monthly", Kind: Monthly, Cron: "0 6 1 * *", Steps: []Step{
			{Name: "report", Uses: StepReport, Timeout: 300},
		}},
		{Name: "alert-cleanup", Kind: Daily, Cron: "30 3 * * *", Zone: "UTC", Steps: []Step{
			{Name: "cleanup", Uses: StepCleanup, With: map[string]any{"keep_days": 90.0}, Timeout: 600},
		}},
	}
	var have []Workflow
	for _, w := range list {
		orDefault(&w.Zone, t.Zone)
		w.Enabled, w.BuiltIn, w.MaxRun, w.MaxRetries, w.RetryDelay = true, true, t.MaxRun, DefaultRetries, DefaultRetryDelay
		if w.Steps = r.known(w.Steps); len(w.Steps) > 0 {
			have = append(have, w)
		}
	}
	return have
}

// known leaves out steps that nobody here can do; what waited for one waits for what that one waited for.
func (r *Registry) known(steps []Step) []Step {
	instead := map[string][]string{}
	var have []Step
	for _, s := range steps {
		var after []string
		for _, name := range s.After {
			if others, gone := instead[name]; gone {
				after = append(after, others...)
			} else {
				after = append(after, name)
			}
		}
		slices.Sort(after)
		s.After = slices.Compact(after)
		if _, ok := r.Runner(&s); !ok {
			instead[s.Name] = s.After
			continue
		}
		have = append(have, s)
	}
	return have
}
