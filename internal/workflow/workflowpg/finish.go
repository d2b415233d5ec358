package workflowpg

import (
	"context"
	"encoding/json"
	"time"

	"brigade/internal/errs"
	"brigade/internal/event"
	"brigade/internal/store"
	"brigade/internal/workflow"
	"brigade/internal/workflow/workflowpg/db"
)

// Finish implements workflow.Queue.
func (s *Store) Finish(ctx context.Context, b *workflow.Batch, done []workflow.Done, now time.Time) (*workflow.Execution, error) {
	var ended *workflow.Execution
	err := store.Commit(ctx, s.pool, func(tx store.Tx) error {
		ended = nil
		q := db.New(tx)
		before, err := q.LockExecution(ctx, b.Execution) // whoever changes steps of an execution takes turns
		if err != nil {
			return err
		}
		n, err := q.DropBatch(ctx, b.ID)
		if err == nil && n == 0 {
			return errs.Conflict("somebody else does batch %d by now", b.ID)
		}
		if err != nil {
			return err
		}
		row, err := settle(ctx, q, b, done, now)
		if err == nil {
			err = keepCosts(ctx, q, before, b, done)
		}
		if err != nil || row.StepsOpen > 0 {
			return err
		}
		ended, err = s.end(ctx, tx, row, "", now)
		return err
	})
	if err == nil && ended != nil {
		s.parts.Committed()
	}
	return ended, err
}

// settle writes down what came of a batch, and what that means for the steps after it.
func settle(ctx context.Context, q *db.Queries, b *workflow.Batch, done []workflow.Done, now time.Time) (db.WorkflowExecution, error) {
	n, err := q.Settle(ctx, settlement(b, done, now))
	if err == nil && int(n) != len(done) {
		return db.WorkflowExecution{}, errs.Conflict("somebody else does a part of batch %d by now", b.ID)
	}
	if err != nil {
		return db.WorkflowExecution{}, err
	}
	if err := keepLogs(ctx, q, b, done, now); err != nil {
		return db.WorkflowExecution{}, err
	}
	c := db.CountParams{ID: b.Execution}
	var onward, stopped []int64
	for i := range done {
		switch d := &done[i]; d.Status {
		case workflow.StepCompleted:
			c.Completed++
			onward = append(onward, d.Tenant)
		case workflow.StepFailed:
			c.Failed++
			if b.Work().Optional {
				onward = append(onward, d.Tenant)
			} else {
				stopped = append(stopped, d.Tenant)
			}
		default:
			if d.Attempt == b.Jobs[i].Attempt { // else it does not count as one
				c.Retries++
			}
		}
	}
	if c.Over = c.Completed + c.Failed; c.Over > 0 {
		c.Costed = costBit(b)
	}
	skipped, err := follow(ctx, q, b.Execution, b.Plan.Steps, b.Step, onward, stopped, now)
	if err != nil {
		return db.WorkflowExecution{}, err
	}
	c.Over += int32(skipped)
	return q.Count(ctx, c)
}

// follow lets the steps after one begin for some tenants, and skips them for others. It returns how many it skipped.
func follow(ctx context.Context, q *db.Queries, execution int64, steps []workflow.Step, step int, onward, stopped []int64, now time.Time) (int64, error) {
	g := workflow.GraphOf(steps)
	if len(onward) > 0 && len(g.After[step]) > 0 {
		if _, err := q.Unlock(ctx, db.UnlockParams{Now: now, Execution: execution, Tenants: onward, Steps: places(g.After[step])}); err != nil {
			return 0, err
		}
	}
	after := g.Downstream(step)
	if len(stopped) == 0 || len(after) == 0 {
		return 0, nil
	}
	return q.Skip(ctx, db.SkipParams{
		Why: "the step " + steps[step].Name + " failed", Now: &now, Execution: execution, Tenants: stopped, Steps: places(after),
	})
}

func settlement(b *workflow.Batch, done []workflow.Done, now time.Time) db.SettleParams {
	p := db.SettleParams{Now: now, Execution: b.Execution, Step: int16(b.Step), Batch: b.ID}
	for i := range done {
		d := &done[i]
		p.Tenants, p.Statuses = append(p.Tenants, d.Tenant), append(p.Statuses, string(d.Status))
		p.Attempts, p.Alones = append(p.Attempts, int16(d.Attempt)), append(p.Alones, d.Alone)
		p.Losses = append(p.Losses, int16(d.Losses))
		again := d.Again
		if again.IsZero() {
			again = now
		}
		p.Nexts, p.Results, p.Errors = append(p.Nexts, again), append(p.Results, string(d.Result)), append(p.Errors, d.Error)
		p.Cpus, p.Dbs = append(p.Cpus, milli(d.Cost.CPU)), append(p.Dbs, milli(d.Cost.DB))
		p.RowCounts = append(p.RowCounts, d.Cost.Rows)
	}
	return p
}

func milli(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func keepLogs(ctx context.Context, q *db.Queries, b *workflow.Batch, done []workflow.Done, now time.Time) error {
	p := db.AddLogsParams{Execution: b.Execution, At: now}
	message, data := b.Said(done)
	of := int64(0) // many tenants
	if len(done) == 1 {
		of = done[0].Tenant
	}
	p.Tenants, p.Steps, p.Levels = []int64{of}, []string{b.Work().Name}, []string{"info"}
	p.Messages, p.Data = []string{message}, []string{string(encode(data))}
	for i := range done {
		for _, l := range done[i].Logs {
			data := l.Data
			if data == nil {
				data = map[string]any{}
			}
			p.Tenants, p.Steps = append(p.Tenants, done[i].Tenant), append(p.Steps, b.Work().Name)
			p.Levels, p.Messages = append(p.Levels, l.Level), append(p.Messages, l.Message)
			p.Data = append(p.Data, string(encode(data)))
		}
	}
	return q.AddLogs(ctx, p)
}

// note adds a line to an execution's log.
func note(ctx context.Context, q *db.Queries, execution int64, level, message string, now time.Time) error {
	return q.AddLogs(ctx, db.AddLogsParams{
		Execution: execution, Tenants: []int64{0}, Steps: []string{""}, Levels: []string{level}, Messages: []string{message},
		Data: []string{"{}"}, At: now,
	})
}

// optional are the steps whose failure fails nothing else.
func optional(p workflow.Plan) []int16 {
	list := []int16{}
	for i := range p.Steps {
		if p.Steps[i].Optional {
			list = append(list, int16(i))
		}
	}
	return list
}

// end ends an execution: as its steps say, or as failed when why says so. The caller holds its row.
func (s *Store) end(ctx context.Context, tx store.Tx, row db.WorkflowExecution, why string, now time.Time) (*workflow.Execution, error) {
	status := workflow.Completed
	if why != "" {
		status = workflow.Failed
	}
	return s.endAs(ctx, tx, row, status, why, now)
}

func (s *Store) endAs(ctx context.Context, tx store.Tx, row db.WorkflowExecution, status workflow.Status, why string, now time.Time) (*workflow.Execution, error) {
	q := db.New(tx)
	var plan workflow.Plan
	if err := json.Unmarshal(row.Plan, &plan); err != nil {
		return nil, err
	}
	t, err := q.Tenants(ctx, db.TenantsParams{Optional: optional(plan), Execution: row.ID})
	if err != nil {
		return nil, err
	}
	if status == workflow.Completed && t.Failed > 0 {
		status, why = workflow.Failed, t.Error
	}
	if err := workflow.Status(row.Status).Move(status); err != nil {
		return nil, err
	}
	affected := t.Failed
	if status == workflow.Failed && t.Cancelled > 0 { // it took too long
		affected = max(affected, t.Cancelled)
	}
	summary, err := s.summary(ctx, q, row.ID, plan)
	if err != nil {
		return nil, err
	}
	row, err = q.EndExecution(ctx, db.EndExecutionParams{
		Status: string(status), Now: &now, TenantsFailed: affected, Error: why, Summary: summary, ID: row.ID,
	})
	if err != nil {
		return nil, err
	}
	e, err := executionOf(row)
	if err != nil {
		return nil, err
	}
	if err := s.account(ctx, q, &e, t, now); err != nil {
		return nil, err
	}
	return &e, s.parts.Append(ctx, tx, ending(&e, now))
}

// summary is what an execution's steps came to.
func (s *Store) summary(ctx context.Context, q *db.Queries, id int64, plan workflow.Plan) (json.RawMessage, error) {
	rows, err := q.Costs(ctx, db.CostsParams{Execution: id})
	if err != nil {
		return nil, err
	}
	type figures struct {
		Completed int32   `json:"completed"`
		Failed    int32   `json:"failed,omitempty"`
		Skipped   int32   `json:"skipped,omitempty"`
		Retried   int32   `json:"retried,omitempty"`
		CPU       float64 `json:"cpu_ms"`
		DB        float64 `json:"db_ms"`
		Rows      int64   `json:"rows"`
	}
	steps := map[string]figures{}
	for _, r := range rows {
		steps[plan.Steps[r.Step].Name] = figures{r.Completed, r.Failed, r.Skipped, r.Retried, round(r.CpuMs), round(r.DbMs), r.RowCount}
	}
	return encode(map[string]any{"steps": steps}), nil
}

func round(ms float64) float64 { return float64(int64(ms*100)) / 100 }

// account adds an execution to its workflow's figures.
func (s *Store) account(ctx context.Context, q *db.Queries, e *workflow.Execution, t db.TenantsRow, now time.Time) error {
	if err := q.NoteEnd(ctx, db.NoteEndParams{Started: e.Started, Status: string(e.Status), ID: e.Workflow}); err != nil {
		return err
	}
	is := func(s workflow.Status) int32 {
		if e.Status == s {
			return 1
		}
		return 0
	}
	return q.AddMetrics(ctx, db.AddMetricsParams{
		Workflow: e.Workflow, Tenant: e.Tenant, Day: workflow.DayIn(now).Time(), Completed: is(workflow.Completed), Failed: is(workflow.Failed),
		Cancelled: is(workflow.Cancelled), Retries: int32(e.Retries), Seconds: e.Took(now).Seconds(), Tenants: int64(e.Tenants),
		StepsCompleted: int64(e.Steps.Completed), StepsFailed: int64(e.Steps.Failed), CpuMs: t.CpuMs, DbMs: t.DbMs, RowCount: t.RowCount,
	})
}

// ending is the event of an execution that ended. Each of its runs has one.
func ending(e *workflow.Execution, now time.Time) []event.Event {
	kind := map[workflow.Status]event.Type{
		workflow.Completed: event.WorkflowCompleted, workflow.Failed: event.WorkflowFailed, workflow.Cancelled: event.WorkflowCancelled,
	}[e.Status]
	x := event.New(kind, event.AggregateWorkflow, e.ID, e.Runs, now, event.WorkflowPayload{
		WorkflowName: e.Name, ExecutionID: e.ID, Day: e.Day.String(), Tenants: e.Tenants, StepsCompleted: e.Steps.Completed, StepsFailed: e.Steps.Failed,
		Seconds: e.Took(now).Seconds(), Error: e.Error, TenantsAffected: e.TenantsBad,
	})
	x.Tenant = e.Tenant
	return []event.Event{x}
}
