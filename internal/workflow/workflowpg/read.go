package workflowpg

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"brigade/internal/store"
	"brigade/internal/workflow"
	"brigade/internal/workflow/workflowpg/db"
)

// Execution implements workflow.Executions.
func (s *Store) Execution(ctx context.Context, tenant, id int64) (workflow.Execution, error) {
	row, err := s.db().Execution(ctx, db.ExecutionParams{ID: id, Tenant: tenant})
	if err != nil {
		return workflow.Execution{}, found(err, "there is no execution %d", id)
	}
	list, err := s.seenBy(ctx, tenant, []db.WorkflowExecution{row})
	if err != nil {
		return workflow.Execution{}, err
	}
	return list[0], nil
}

// Executions implements workflow.Executions.
func (s *Store) Executions(ctx context.Context, tenant int64, f workflow.Filter) ([]workflow.Execution, error) {
	if f.Backfill != 0 {
		rows, err := s.db().BackfillExecutions(ctx, db.BackfillExecutionsParams{
			Backfill: f.Backfill, Tenant: tenant, Workflow: f.Workflow, Status: string(f.Status), Before: f.Before, Most: int32(f.Most),
		})
		if err != nil {
			return nil, store.Classify(err)
		}
		return s.seenBy(ctx, tenant, rows)
	}
	if tenant == 0 {
		rows, err := s.db().AllExecutions(ctx, db.AllExecutionsParams{
			Workflow: f.Workflow, Status: string(f.Status), Before: f.Before, Most: int32(f.Most),
		})
		if err != nil {
			return nil, store.Classify(err)
		}
		return s.seenBy(ctx, 0, rows)
	}
	rows, err := s.db().TenantExecutions(ctx, db.TenantExecutionsParams{
		Tenant: tenant, Workflow: f.Workflow, Status: string(f.Status), Before: f.Before, Most: int32(f.Most),
	})
	if err != nil {
		return nil, store.Classify(err)
	}
	return s.seenBy(ctx, tenant, rows)
}

// seenBy shows executions to a tenant: of those for many, his own part.
func (s *Store) seenBy(ctx context.Context, tenant int64, rows []db.WorkflowExecution) ([]workflow.Execution, error) {
	list := make([]workflow.Execution, len(rows))
	var shared []int64
	for i, r := range rows {
		e, err := executionOf(r)
		if err != nil {
			return nil, err
		}
		if list[i] = e; tenant != 0 && e.Tenant == 0 {
			shared = append(shared, e.ID)
		}
	}
	if len(shared) == 0 {
		return list, nil
	}
	parts, err := s.db().Parts(ctx, db.PartsParams{Ids: shared, Tenant: tenant})
	if err != nil {
		return nil, store.Classify(err)
	}
	for i := range list {
		if tenant != 0 && list[i].Tenant == 0 {
			own(&list[i], parts)
		}
	}
	return list, nil
}

// own leaves of an execution for many what is one tenant's.
func own(e *workflow.Execution, parts []db.PartsRow) {
	e.Summary, e.Tenants, e.TenantsBad, e.Error, e.Retries = json.RawMessage("{}"), 1, 0, "", 0
	i := slices.IndexFunc(parts, func(p db.PartsRow) bool { return p.ExecutionID == e.ID })
	if i < 0 {
		return
	}
	p := parts[i]
	e.Steps = workflow.Tally{Total: int(p.Total), Completed: int(p.Completed), Failed: int(p.Failed), Open: int(p.Open)}
	e.Error = p.Error
	if p.Failed > 0 {
		e.TenantsBad = 1
	} else if e.Status == workflow.Failed && p.Completed == p.Total {
		e.Status = workflow.Completed // for him it was
	}
}

// Steps implements workflow.Executions.
func (s *Store) Steps(ctx context.Context, tenant, execution int64, f workflow.StepFilter) ([]workflow.StepRun, error) {
	e, err := s.Execution(ctx, tenant, execution)
	if err != nil {
		return nil, err
	}
	rows, err := s.db().Steps(ctx, db.StepsParams{
		Execution: execution, Tenant: tenant, Status: string(f.Status), AfterTenant: f.AfterTenant, AfterStep: int32(f.AfterStep), Most: int32(f.Most),
	})
	if err != nil {
		return nil, store.Classify(err)
	}
	list := make([]workflow.StepRun, len(rows))
	for i, r := range rows {
		list[i] = workflow.StepRun{
			Execution: r.ExecutionID, Tenant: r.TenantID, Step: int(r.Step), Name: e.Plan.Steps[r.Step].Name, Status: workflow.StepStatus(r.Status),
			Attempt: int(r.Attempt), NotBefore: r.NotBefore, Started: r.StartedAt, Ended: r.CompletedAt, Result: r.Result, Error: r.Error,
			Cost: costOf(float64(r.CpuMs), float64(r.DbMs), r.RowCount),
		}
	}
	return list, nil
}

func costOf(cpu, db float64, rows int64) workflow.Cost {
	return workflow.Cost{CPU: span(cpu), DB: span(db), Rows: rows}
}

func span(ms float64) time.Duration { return time.Duration(ms * float64(time.Millisecond)) }

// Logs implements workflow.Executions.
func (s *Store) Logs(ctx context.Context, tenant, execution int64, f workflow.LogFilter) ([]workflow.Log, error) {
	e, err := s.Execution(ctx, tenant, execution)
	if err != nil {
		return nil, err
	}
	levels := []string{}
	if i := slices.Index(workflow.Levels, f.Level); i > 0 {
		levels = workflow.Levels[i:]
	}
	rows, err := s.db().Logs(ctx, db.LogsParams{
		Execution: execution, Tenant: tenant, Shared: e.Tenant == 0, Step: f.Step, Levels: levels, After: f.After, Most: int32(f.Most),
	})
	if err != nil {
		return nil, store.Classify(err)
	}
	list := make([]workflow.Log, len(rows))
	for i, r := range rows {
		list[i] = workflow.Log{
			ID: r.ID, Execution: r.ExecutionID, Tenant: r.TenantID, Step: r.Step, Level: r.Level, Message: r.Message, At: r.At,
		}
		if err := json.Unmarshal(r.Data, &list[i].Data); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Costs implements workflow.Executions.
func (s *Store) Costs(ctx context.Context, tenant, execution int64) ([]workflow.StepCost, error) {
	e, err := s.Execution(ctx, tenant, execution)
	if err != nil {
		return nil, err
	}
	rows, err := s.db().Costs(ctx, db.CostsParams{Execution: execution, Tenant: tenant})
	if err != nil {
		return nil, store.Classify(err)
	}
	list := make([]workflow.StepCost, len(rows))
	for i, r := range rows {
		list[i] = workflow.StepCost{
			Step: int(r.Step), Name: e.Plan.Steps[r.Step].Name, Total: int(r.Total), Completed: int(r.Completed), Failed: int(r.Failed),
			Skipped: int(r.Skipped), Open: int(r.Open), Retried: int(r.Retried), Cost: costOf(r.CpuMs, r.DbMs, r.RowCount),
			Mean: span(r.MeanMs), Slowest: span(r.MaxMs), SlowestTenant: r.Slowest,
		}
	}
	return list, nil
}

// Statistics implements workflow.Executions.
func (s *Store) Statistics(ctx context.Context, tenant int64, first workflow.Day) ([]workflow.DayFigures, error) {
	rows, err := s.db().Figures(ctx, db.FiguresParams{Tenant: tenant, First: first.Time()})
	if err != nil {
		return nil, store.Classify(err)
	}
	list := make([]workflow.DayFigures, len(rows))
	for i, r := range rows {
		list[i] = workflow.DayFigures{
			Workflow: r.WorkflowID, Name: r.Name, Day: dayOf(r.Day), Completed: int(r.Completed), Failed: int(r.Failed), Cancelled: int(r.Cancelled),
			Retries: int(r.Retries), Seconds: r.Seconds, Shortest: r.Shortest, Longest: r.Longest, Tenants: r.Tenants,
			StepsCompleted: r.StepsCompleted, StepsFailed: r.StepsFailed, Cost: costOf(r.CpuMs, r.DbMs, r.RowCount),
		}
	}
	return list, nil
}
