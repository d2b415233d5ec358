package workflow

import (
	"context"
	"slices"
	"time"

	"brigade/internal/actor"
)

const (
	slowestShown = 20 // steps
	// MostCostDays is how many days what steps took is told of at once, against as many before.
	MostCostDays = 183
)

// CostFilter chooses steps by the dates that they were for.
type CostFilter struct {
	Tenant          int64 // 0: all
	Workflow        int64 // 0: all
	Earliest, First Day   // the time before begins with the one, the time that is looked at with the other
	Latest          Day
	Most            int // of a list of the slowest
}

// CostFigures are what a step took over some days. A run of a step for one tenant is one of its steps.
type CostFigures struct {
	Runs      int           // executions; one that was retried by hand counts again
	Tenants   int           // different ones; of several dates, of that with the most
	Steps     int           // completed or failed
	Mean, P95 time.Duration // of a tenant; P95 as Durations.Within tells it
	Longest   time.Duration
	Cost      Cost // of all together, with what was tried in vain
}

// Each is the cost of one tenant in one run, on average.
func (f CostFigures) Each() Cost {
	n := max(1, f.Steps)
	return Cost{CPU: f.Cost.CPU / time.Duration(n), DB: f.Cost.DB / time.Duration(n), Rows: f.Cost.Rows / int64(n)}
}

// CostRow is what a step took on a date, for all tenants or for one.
type CostRow struct {
	Workflow      int64
	Name, Step    string
	Tenant        int64 // 0: all
	Day           Day
	Runs, Tenants int
	Steps         int
	Took, Longest time.Duration // all together; a single one
	Cost          Cost
	Times         Durations
}

// CostDay are a step's figures of a date.
type CostDay struct {
	Day Day
	CostFigures
}

// CostTrend is what a step takes now and took before.
type CostTrend struct {
	Workflow   int64
	Name, Step string
	Now        CostFigures
	Before     CostFigures // over as many days before
	Days       []CostDay   // the earliest first; dates without a run are left out
}

// Change is by what share of the time before a tenant's CPU and database time changed: 0.5 is half as much again. ok is false
// when nothing was done before, or it took nothing.
func (t *CostTrend) Change() (share float64, ok bool) {
	now, before := t.Now.Each(), t.Before.Each()
	if t.Now.Steps == 0 || before.CPU+before.DB == 0 {
		return 0, false
	}
	return float64(now.CPU+now.DB)/float64(before.CPU+before.DB) - 1, true
}

// SlowStep is a step of one tenant.
type SlowStep struct {
	Workflow      int64
	Name, Step    string
	Tenant        int64
	Steps         int // so often it was done
	Mean, Longest time.Duration
	Cost          Cost // of all together
}

// CostStore reads what steps took. It is counted by date when a step is over, and outlives the step.
type CostStore interface {
	// CostRows lists dates from Earliest on, by workflow, step and day.
	CostRows(ctx context.Context, f CostFilter) ([]CostRow, error)
	// SlowestSteps lists steps of tenants from First on, the one that took longest once first. The filter names no tenant.
	SlowestSteps(ctx context.Context, f CostFilter) ([]SlowStep, error)
}

// CostTrends tells what steps took on the last days, against as many days before, and which steps of tenants took longest. A
// tenant is told of his own alone. ref chooses a workflow by id or name, "" all. Errors: KindNotFound.
func (s *Service) CostTrends(ctx context.Context, who actor.Actor, ref string, days int) ([]CostTrend, []SlowStep, error) {
	tenant, err := scope(who)
	if err != nil {
		return nil, nil, err
	}
	today := DayIn(s.clock.Now().UTC())
	first := today - Day(days) + 1
	f := CostFilter{Tenant: tenant, Earliest: first - Day(days), First: first, Latest: today + 1, Most: slowestShown} // it is tomorrow east of here
	if ref != "" {
		w, err := s.Workflow(ctx, who, ref)
		if err != nil {
			return nil, nil, err
		}
		f.Workflow = w.ID
	}
	rows, err := s.store.CostRows(ctx, f)
	if err != nil {
		return nil, nil, err
	}
	trends := trendsOf(rows, first)
	if tenant != 0 {
		return trends, slowestOf(tenant, trends, f.Most), nil
	}
	slowest, err := s.store.SlowestSteps(ctx, f)
	return trends, slowest, err
}

// trendsOf sums rows that are sorted by workflow, step and day.
func trendsOf(rows []CostRow, first Day) []CostTrend {
	var list []CostTrend
	for len(rows) > 0 {
		same := slices.IndexFunc(rows, func(r CostRow) bool { return r.Workflow != rows[0].Workflow || r.Step != rows[0].Step })
		if same < 0 {
			same = len(rows)
		}
		list = append(list, trendOf(rows[:same], first))
		rows = rows[same:]
	}
	return list
}

func trendOf(rows []CostRow, first Day) CostTrend {
	t := CostTrend{Workflow: rows[0].Workflow, Name: rows[0].Name, Step: rows[0].Step}
	now := slices.IndexFunc(rows, func(r CostRow) bool { return r.Day >= first })
	if now < 0 {
		now = len(rows)
	}
	t.Before, t.Now = figuresOf(rows[:now]), figuresOf(rows[now:])
	for i := now; i < len(rows); i++ {
		t.Days = append(t.Days, CostDay{Day: rows[i].Day, CostFigures: figuresOf(rows[i : i+1])})
	}
	return t
}

// figuresOf sums what one step took on some dates.
func figuresOf(rows []CostRow) CostFigures {
	var f CostFigures
	var took time.Duration
	var times Durations
	for i := range rows {
		r := &rows[i]
		f.Runs, f.Tenants, f.Steps = f.Runs+r.Runs, max(f.Tenants, r.Tenants), f.Steps+r.Steps
		f.Longest, took, times = max(f.Longest, r.Longest), took+r.Took, times.plus(r.Times)
		f.Cost = Cost{CPU: f.Cost.CPU + r.Cost.CPU, DB: f.Cost.DB + r.Cost.DB, Rows: f.Cost.Rows + r.Cost.Rows}
	}
	if f.Steps > 0 {
		f.Mean, f.P95 = took/time.Duration(f.Steps), min(times.Within(0.95), f.Longest)
	}
	return f
}

// slowestOf lists the steps of a tenant, the one that took longest first.
func slowestOf(tenant int64, trends []CostTrend, most int) []SlowStep {
	list := []SlowStep{}
	for i := range trends {
		t := &trends[i]
		if t.Now.Steps > 0 {
			list = append(list, SlowStep{
				Workflow: t.Workflow, Name: t.Name, Step: t.Step, Tenant: tenant, Steps: t.Now.Steps, Mean: t.Now.Mean, Longest: t.Now.Longest, Cost: t.Now.Cost,
			})
		}
	}
	slices.SortStableFunc(list, func(a, b SlowStep) int { return int(b.Longest - a.Longest) })
	return list[:min(most, len(list))]
}
