package workflow

import (
	"context"
	"time"

	"brigade/internal/actor"
)

// slowestShown is how many of the slowest steps are told.
const slowestShown = 20

// CostFilter chooses steps of executions that are over, by the dates that they were for.
type CostFilter struct {
	Tenant          int64 // 0: all
	Workflow        int64 // 0: all
	Earliest, First Day   // the time before begins with the one, the time that is looked at with the other
	Latest          Day
	Most            int // of a list of the slowest
}

// CostFigures are what a step took over some days. A run of a step for one tenant is one of its steps.
type CostFigures struct {
	Runs      int           // executions
	Tenants   int           // different ones
	Steps     int           // one for each run and tenant
	Mean, P95 time.Duration // from a step's begin to its end, for a tenant; P95 by nearest rank
	Cost      Cost          // of all together
}

// Each is the cost of one tenant in one run, on average.
func (f CostFigures) Each() Cost {
	n := max(1, f.Steps)
	return Cost{CPU: f.Cost.CPU / time.Duration(n), DB: f.Cost.DB / time.Duration(n), Rows: f.Cost.Rows / int64(n)}
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

// CostStore reads what steps took.
type CostStore interface {
	// CostTrends lists steps by workflow and name, with the days from First on.
	CostTrends(ctx context.Context, f CostFilter) ([]CostTrend, error)
	// SlowestSteps lists steps of tenants from First on, the one that takes longest on average first.
	SlowestSteps(ctx context.Context, f CostFilter) ([]SlowStep, error)
}

// CostTrends tells what steps took on the last days, against as many days before, and which steps of tenants are the slowest. A
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
	trends, err := s.store.CostTrends(ctx, f)
	if err != nil {
		return nil, nil, err
	}
	slowest, err := s.store.SlowestSteps(ctx, f)
	return trends, slowest, err
}
