package workflowpg

import (
	"context"
	"encoding/json"
	"time"

	"brigade/internal/errs"
	"brigade/internal/store"
	"brigade/internal/workflow"
	"brigade/internal/workflow/workflowpg/db"
)

func executionOf(r db.WorkflowExecution) (workflow.Execution, error) {
	e := workflow.Execution{
		ID: r.ID, Workflow: r.WorkflowID, Name: r.WorkflowName, Tenant: r.TenantID, Trigger: workflow.Trigger(r.Trigger), By: r.TriggeredBy,
		Zone: r.Zone, Day: dayOf(r.Day), ScheduledFor: r.ScheduledFor, Status: workflow.Status(r.Status), Version: int(r.Version),
		Window: seconds(r.WindowSeconds), Deadline: r.DeadlineAt, Created: r.CreatedAt, Started: r.StartedAt, Ended: r.CompletedAt,
		Steps:   workflow.Tally{Total: int(r.StepsTotal), Completed: int(r.StepsCompleted), Failed: int(r.StepsFailed), Open: int(r.StepsOpen)},
		Tenants: int(r.Tenants), TenantsBad: int(r.TenantsFailed), Retries: int(r.Retries), Runs: int(r.Runs), Error: r.Error,
		Summary: r.Summary, Instance: r.Instance,
	}
	if r.BackfillID != nil {
		e.Backfill = *r.BackfillID
	}
	return e, json.Unmarshal(r.Plan, &e.Plan)
}

// Begin implements workflow.Executions.
func (s *Store) Begin(ctx context.Context, list []workflow.Beginning, n workflow.Note) ([]workflow.Execution, error) {
	var begun []workflow.Execution
	err := store.Commit(ctx, s.pool, func(tx store.Tx) error {
		var err error
		begun, err = s.begin(ctx, tx, list, n)
		return err
	})
	return begun, err
}

// begin keeps executions. One that is there already is returned as it is.
func (s *Store) begin(ctx context.Context, tx store.Tx, list []workflow.Beginning, n workflow.Note) ([]workflow.Execution, error) {
	q := db.New(tx)
	begun := make([]workflow.Execution, 0, len(list))
	backfill := int64(0)
	for i := range list {
		if list[i].Lane > 0 {
			list[i].Execution.Backfill = backfill
		}
		e, fresh, err := s.beginOne(ctx, q, &list[i])
		if err != nil {
			return nil, err
		}
		begun = append(begun, e)
		if backfill == 0 {
			backfill = e.ID
		}
		if !fresh {
			continue
		}
		n.Workflow, n.Execution = e.Workflow, e.ID
		if err := addNote(ctx, q, n); err != nil {
			return nil, err
		}
	}
	return begun, nil
}

func (s *Store) beginOne(ctx context.Context, q *db.Queries, b *workflow.Beginning) (e workflow.Execution, fresh bool, err error) {
	x := &b.Execution
	ids, err := q.AddExecution(ctx, db.AddExecutionParams{
		Workflow: x.Workflow, Name: x.Name, Tenant: x.Tenant, Trigger: string(x.Trigger), By: x.By, Key: b.Key, Zone: x.Zone, Day: x.Day.Time(),
		ScheduledFor: x.ScheduledFor, Version: int32(x.Version), Plan: encode(x.Plan), WindowSeconds: int32(x.Window.Seconds()), At: x.Created,
		Backfill: x.Backfill, Lane: int32(b.Lane), ByZone: b.ByZone,
	})
	if err != nil {
		return e, false, err
	}
	if len(ids) == 0 {
		row, err := q.FindExecution(ctx, db.FindExecutionParams{
			Workflow: x.Workflow, Key: b.Key, Tenant: x.Tenant, Zone: x.Zone, ScheduledFor: x.ScheduledFor,
		})
		if err != nil {
			return e, false, found(err, "there is no such execution")
		}
		e, err = executionOf(row)
		return e, false, err
	}
	row, err := q.LockExecution(ctx, ids[0])
	if err != nil {
		return e, true, err
	}
	if !b.Queued && b.Lane == 0 {
		if row, err = open(ctx, q, row, x.Created); err != nil {
			return e, true, err
		}
		if row.Tenants == 0 && x.Trigger == workflow.Manual {
			return e, true, errs.Conflict("there is no active tenant for it")
		}
	}
	e, err = executionOf(row)
	return e, true, err
}

// open gives an execution its steps. The tenants are those that are active now.
func open(ctx context.Context, q *db.Queries, row db.WorkflowExecution, at time.Time) (db.WorkflowExecution, error) {
	var plan workflow.Plan
	if err := json.Unmarshal(row.Plan, &plan); err != nil {
		return row, err
	}
	waits := workflow.GraphOf(plan.Steps).Waits()
	p := db.AddStepsParams{
		Execution: row.ID, Workflow: row.WorkflowID, Day: row.Day, Enterprise: int32(workflow.Bonus("enterprise").Seconds()),
		Standard: int32(workflow.Bonus("standard").Seconds()), Tenant: row.TenantID, Zone: zoneOf(row), Name: row.WorkflowName, At: at,
		WindowSeconds: float64(row.WindowSeconds), Waits: places(waits),
	}
	for i := range plan.Steps {
		p.Nos = append(p.Nos, int16(i))
	}
	if _, err := q.AddSteps(ctx, p); err != nil {
		return row, err
	}
	return q.OpenExecution(ctx, row.ID)
}

// zoneOf is the zone whose tenants an execution is for; "": those of any.
func zoneOf(row db.WorkflowExecution) string {
	if row.TenantID == 0 && row.ByZone {
		return row.Zone
	}
	return ""
}

// Cancel implements workflow.Executions.
func (s *Store) Cancel(ctx context.Context, id int64, reason string, n workflow.Note) (workflow.Execution, error) {
	var e workflow.Execution
	changed := false
	err := store.Commit(ctx, s.pool, func(tx store.Tx) error {
		q := db.New(tx)
		row, err := q.LockExecution(ctx, id)
		if err != nil {
			return found(err, "there is no execution %d", id)
		}
		e, err = executionOf(row)
		if err != nil || row.Status == string(workflow.Cancelled) {
			return err
		}
		if e.Status.Over() {
			return errs.Conflict("execution %d is %s already", id, e.Status)
		}
		n.Workflow, n.Execution = row.WorkflowID, id
		if err := addNote(ctx, q, n); err != nil {
			return err
		}
		ended, err := s.stop(ctx, tx, row, workflow.Cancelled, reason, n.At)
		if err == nil {
			e, changed = *ended, true
		}
		return err
	})
	if err == nil && changed {
		s.parts.Committed()
	}
	return e, err
}

// stop ends an execution before its steps are done. The caller holds its row.
func (s *Store) stop(ctx context.Context, tx store.Tx, row db.WorkflowExecution, as workflow.Status, why string, now time.Time) (*workflow.Execution, error) {
	q := db.New(tx)
	if err := q.DropBatches(ctx, row.ID); err != nil { // what nodes make of them is refused from here on
		return nil, err
	}
	if _, err := q.CancelSteps(ctx, db.CancelStepsParams{Why: why, Now: &now, Execution: row.ID}); err != nil {
		return nil, err
	}
	if err := note(ctx, q, row.ID, "warn", why, now); err != nil {
		return nil, err
	}
	return s.endAs(ctx, tx, row, as, why, now)
}

// Retry implements workflow.Executions.
func (s *Store) Retry(ctx context.Context, id int64, all bool, n workflow.Note) (workflow.Execution, error) {
	var e workflow.Execution
	err := store.Commit(ctx, s.pool, func(tx store.Tx) error {
		q := db.New(tx)
		row, err := q.LockExecution(ctx, id)
		if err != nil {
			return found(err, "there is no execution %d", id)
		}
		if e, err = executionOf(row); err != nil {
			return err
		}
		if !e.Status.Over() {
			return errs.Conflict("execution %d is %s: there is nothing to retry yet", id, e.Status)
		}
		if e.Status == workflow.Completed {
			return errs.Conflict("execution %d is completed: there is nothing to retry", id)
		}
		if err := e.Status.Move(workflow.Running); err != nil {
			return err
		}
		n.Workflow, n.Execution = row.WorkflowID, id
		if err := addNote(ctx, q, n); err != nil {
			return err
		}
		row, err = s.rearm(ctx, q, row, all, n.At)
		if err == nil {
			e, err = executionOf(row)
		}
		return err
	})
	return e, err
}

func (s *Store) rearm(ctx context.Context, q *db.Queries, row db.WorkflowExecution, all bool, now time.Time) (db.WorkflowExecution, error) {
	if !row.Opened { // it was cancelled before its turn
		if _, err := open(ctx, q, row, now); err != nil {
			return row, err
		}
	}
	var plan workflow.Plan
	if err := json.Unmarshal(row.Plan, &plan); err != nil {
		return row, err
	}
	if err := q.Rearm(ctx, db.RearmParams{Execution: row.ID, Everything: all}); err != nil {
		return row, err
	}
	p := db.RecountParams{Execution: row.ID, Now: now}
	for step, before := range workflow.GraphOf(plan.Steps).Before {
		for _, b := range before {
			p.Steps, p.Befores = append(p.Steps, int16(step)), append(p.Befores, int16(b))
		}
	}
	if err := q.Recount(ctx, p); err != nil {
		return row, err
	}
	return q.Reopen(ctx, row.ID)
}
