package workflowpg

import (
	"context"
	"math"
	"time"

	"brigade/internal/store"
	"brigade/internal/workflow"
	"brigade/internal/workflow/workflowpg/db"
)

// CostRows implements workflow.CostStore.
func (s *Store) CostRows(ctx context.Context, f workflow.CostFilter) ([]workflow.CostRow, error) {
	if f.Tenant != 0 {
		return s.tenantCostRows(ctx, f)
	}
	rows, err := s.db().CostDays(ctx, db.CostDaysParams{Earliest: f.Earliest.Time(), Latest: f.Latest.Time(), Workflow: f.Workflow})
	if err != nil {
		return nil, store.Classify(err)
	}
	list := make([]workflow.CostRow, len(rows))
	for i, r := range rows {
		list[i] = workflow.CostRow{
			Workflow: r.WorkflowID, Name: r.Workflow, Step: r.Step, Day: dayOf(r.Day), Runs: int(r.Runs), Tenants: int(r.Tenants), Steps: int(r.Steps),
			Took: took(r.Seconds), Longest: took(float64(r.Longest)), Cost: costOf(r.CpuMs, r.DbMs, r.RowCount), Times: r.Times,
		}
	}
	return list, nil
}

// tenantCostRows is CostRows for one tenant, whose runs are his steps.
func (s *Store) tenantCostRows(ctx context.Context, f workflow.CostFilter) ([]workflow.CostRow, error) {
	rows, err := s.db().TenantCostDays(ctx, db.TenantCostDaysParams{
		Tenant: f.Tenant, Earliest: f.Earliest.Time(), Latest: f.Latest.Time(), Workflow: f.Workflow,
	})
	if err != nil {
		return nil, store.Classify(err)
	}
	list := make([]workflow.CostRow, len(rows))
	for i, r := range rows {
		x := workflow.CostRow{
			Workflow: r.WorkflowID, Name: r.Workflow, Step: r.Step, Tenant: f.Tenant, Day: dayOf(r.Day), Runs: int(r.Steps), Tenants: 1, Steps: int(r.Steps),
			Took: took(float64(r.Seconds)), Longest: took(float64(r.Longest)),
			Cost: workflow.Cost{CPU: took(float64(r.CpuMs) / 1000), DB: took(float64(r.DbMs) / 1000), Rows: r.RowCount},
		}
		x.Times.Add(x.Longest, x.Steps) // as a rule a tenant has one a day
		list[i] = x
	}
	return list, nil
}

// took is a time that is kept in seconds, to the microsecond.
func took(seconds float64) time.Duration {
	return time.Duration(math.Round(seconds*1e6)) * time.Microsecond
}

// SlowestSteps implements workflow.CostStore.
func (s *Store) SlowestSteps(ctx context.Context, f workflow.CostFilter) ([]workflow.SlowStep, error) {
	rows, err := s.db().SlowestSteps(ctx, db.SlowestStepsParams{
		Most: int32(f.Most), First: f.First.Time(), Latest: f.Latest.Time(), Workflow: f.Workflow,
	})
	if err != nil {
		return nil, store.Classify(err)
	}
	list := make([]workflow.SlowStep, len(rows))
	for i, r := range rows {
		list[i] = workflow.SlowStep{
			Workflow: r.WorkflowID, Name: r.Workflow, Step: r.Step, Tenant: r.TenantID, Steps: int(r.Steps), Mean: took(r.Seconds / float64(max(1, r.Steps))),
			Longest: took(r.Longest), Cost: costOf(r.CpuMs, r.DbMs, r.RowCount),
		}
	}
	return list, nil
}

// keepCosts adds what a batch took to its date. It is called once for what came of a batch, in the transaction that keeps that;
// before is its execution before it.
func keepCosts(ctx context.Context, q *db.Queries, before db.WorkflowExecution, b *workflow.Batch, done []workflow.Done) error {
	all := db.AddCostsParams{Workflow: b.Workflow, Day: b.Day.Time(), Step: b.Work().Name}
	each := db.AddTenantCostsParams{}
	var times workflow.Durations
	for i := range done {
		d := &done[i]
		steps, seconds := int32(0), 0.0
		if d.Status != workflow.StepReady { // what is tried again has cost something, and is not done
			steps, seconds = 1, d.Took.Seconds()
			times.Add(d.Took, 1)
		}
		all.Steps, all.Seconds, all.Longest = all.Steps+int64(steps), all.Seconds+seconds, max(all.Longest, float32(seconds))
		all.CpuMs, all.DbMs, all.RowCount = all.CpuMs+milli(d.Cost.CPU), all.DbMs+milli(d.Cost.DB), all.RowCount+d.Cost.Rows
		each.Tenants, each.Steps, each.Seconds = append(each.Tenants, d.Tenant), append(each.Steps, steps), append(each.Seconds, seconds)
		each.Cpus, each.Dbs, each.RowCounts = append(each.Cpus, milli(d.Cost.CPU)), append(each.Dbs, milli(d.Cost.DB)), append(each.RowCounts, d.Cost.Rows)
	}
	all.Times = append([]int32{}, times...)
	if all.Steps > 0 && before.Costed&costBit(b) == 0 {
		all.Runs = 1
	}
	id, err := q.AddCosts(ctx, all)
	if err != nil {
		return err
	}
	each.Cost = id
	fresh, err := q.AddTenantCosts(ctx, each)
	if err != nil || fresh == 0 {
		return err
	}
	return q.CountCostTenants(ctx, db.CountCostTenantsParams{Fresh: fresh, ID: id})
}

// costBit says of an execution that its run is counted with the costs of a step.
func costBit(b *workflow.Batch) int64 { return 1 << b.Step }

// PruneCosts deletes what single tenants, and tenants' own workflows, took so long before a date that nobody can ask for it any
// more. It returns how much it deleted, and deletes most at once of either.
func (s *Store) PruneCosts(ctx context.Context, today workflow.Day, most int) (int64, error) {
	before := (today - 2*workflow.MostCostDays).Time()
	n, err := s.db().PruneTenantCosts(ctx, db.PruneTenantCostsParams{Before: before, Most: int32(most)})
	if err != nil || n > 0 {
		return n, store.Classify(err)
	}
	n, err = s.db().PruneOwnCosts(ctx, db.PruneOwnCostsParams{Before: before, Most: int32(most)})
	return n, store.Classify(err)
}
