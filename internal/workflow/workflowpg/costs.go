package workflowpg

import (
	"context"
	"time"

	"brigade/internal/store"
	"brigade/internal/workflow"
	"brigade/internal/workflow/workflowpg/db"
)

// endedFrom bounds executions for dates from one on by when they ended: nowhere is it that date sooner.
func endedFrom(d workflow.Day) time.Time { return d.Time().AddDate(0, 0, -1) }

// CostTrends implements workflow.CostStore.
func (s *Store) CostTrends(ctx context.Context, f workflow.CostFilter) ([]workflow.CostTrend, error) {
	rows, err := s.db().CostsByDay(ctx, db.CostsByDayParams{
		First: f.First.Time(), Tenant: f.Tenant, Since: endedFrom(f.Earliest), Earliest: f.Earliest.Time(), Latest: f.Latest.Time(), Workflow: f.Workflow,
	})
	if err != nil {
		return nil, store.Classify(err)
	}
	var list []workflow.CostTrend
	for _, r := range rows {
		if n := len(list); n == 0 || list[n-1].Workflow != r.WorkflowID || list[n-1].Step != r.Step {
			list = append(list, workflow.CostTrend{Workflow: r.WorkflowID, Name: r.Workflow, Step: r.Step})
		}
		addCosts(&list[len(list)-1], r)
	}
	return list, nil
}

func addCosts(t *workflow.CostTrend, r db.CostsByDayRow) {
	figures := workflow.CostFigures{
		Runs: int(r.Runs), Tenants: int(r.Tenants), Steps: int(r.Steps), Mean: span(1000 * r.MeanSeconds), P95: span(1000 * r.P95Seconds),
		Cost: costOf(r.CpuMs, r.DbMs, r.RowCount),
	}
	switch {
	case r.Overall && r.Recent:
		t.Now = figures
	case r.Overall:
		t.Before = figures
	case r.Recent:
		t.Days = append(t.Days, workflow.CostDay{Day: dayOf(r.Day), CostFigures: figures})
	}
}

// SlowestSteps implements workflow.CostStore.
func (s *Store) SlowestSteps(ctx context.Context, f workflow.CostFilter) ([]workflow.SlowStep, error) {
	rows, err := s.db().SlowestSteps(ctx, db.SlowestStepsParams{
		Tenant: f.Tenant, Most: int32(f.Most), Since: endedFrom(f.First), First: f.First.Time(), Latest: f.Latest.Time(), Workflow: f.Workflow,
	})
	if err != nil {
		return nil, store.Classify(err)
	}
	list := make([]workflow.SlowStep, len(rows))
	for i, r := range rows {
		list[i] = workflow.SlowStep{
			Workflow: r.WorkflowID, Name: r.Workflow, Step: r.Step, Tenant: r.TenantID, Steps: int(r.Steps), Mean: span(1000 * r.MeanSeconds),
			Longest: span(1000 * r.LongestSeconds), Cost: costOf(r.CpuMs, r.DbMs, r.RowCount),
		}
	}
	return list, nil
}
