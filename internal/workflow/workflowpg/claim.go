package workflowpg

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"brigade/internal/store"
	"brigade/internal/workflow"
	"brigade/internal/workflow/workflowpg/db"
)

// Claim implements workflow.Queue.
func (s *Store) Claim(ctx context.Context, c workflow.Claim) (*workflow.Batch, error) {
	var b *workflow.Batch
	err := store.Commit(ctx, s.pool, func(tx store.Tx) error {
		var err error
		b, err = claim(ctx, db.New(tx), c)
		if store.IsUnique(err, "workflow_steps_once") {
			return store.ErrOvertaken // another execution does one of these just now
		}
		return err
	})
	if errors.Is(err, errNothing) {
		return nil, nil
	}
	return b, err
}

// errNothing takes back a batch for which nothing is left to take: others took it, or their tenants have their share by now.
var errNothing = errors.New("there is nothing to take")

func claim(ctx context.Context, q *db.Queries, c workflow.Claim) (*workflow.Batch, error) {
	head, err := q.Head(ctx, db.HeadParams{Now: c.Now, Share: int32(c.Share)})
	if err != nil || len(head) == 0 {
		return nil, err
	}
	h := head[0]
	row, err := q.BeginExecution(ctx, db.BeginExecutionParams{Now: &c.Now, Instance: c.Instance, ID: h.ExecutionID})
	if err != nil {
		return nil, err
	}
	b, err := batchOf(row, int(h.Step))
	if err != nil {
		return nil, err
	}
	b.ID, err = q.AddBatch(ctx, db.AddBatchParams{Execution: h.ExecutionID, Step: h.Step, Node: c.Node, LeaseSeconds: c.Lease.Seconds()})
	if err != nil {
		return nil, err
	}
	most := 1
	if !h.Alone {
		most = max(1, c.Size(b.Work()))
	}
	taken, err := q.Take(ctx, db.TakeParams{
		Batch: b.ID, Now: &c.Now, Execution: h.ExecutionID, Step: h.Step, Alone: h.Alone, Share: int32(c.Share), Most: int32(most),
	})
	if err == nil && len(taken) == 0 {
		err = errNothing
	}
	if err != nil {
		return nil, err
	}
	for _, t := range taken {
		b.Jobs = append(b.Jobs, workflow.Job{Tenant: t.TenantID, Attempt: int(t.Attempt), Losses: int(t.Losses), Results: map[string]json.RawMessage{}})
	}
	return b, readResults(ctx, q, b)
}

func batchOf(row db.WorkflowExecution, step int) (*workflow.Batch, error) {
	b := &workflow.Batch{
		Execution: row.ID, Workflow: row.WorkflowID, Name: row.WorkflowName, Day: dayOf(row.Day), Zone: row.Zone, Step: step,
	}
	err := json.Unmarshal(row.Plan, &b.Plan)
	b.House = b.Plan.House
	return b, err
}

// readResults gives each job what the steps before it made.
func readResults(ctx context.Context, q *db.Queries, b *workflow.Batch) error {
	before := workflow.GraphOf(b.Plan.Steps).Upstream(b.Step)
	if len(before) == 0 {
		return nil
	}
	place := make(map[int64]int, len(b.Jobs))
	tenants := make([]int64, len(b.Jobs))
	for i, j := range b.Jobs {
		place[j.Tenant], tenants[i] = i, j.Tenant
	}
	rows, err := q.Results(ctx, db.ResultsParams{Execution: b.Execution, Tenants: tenants, Steps: places(before)})
	for _, r := range rows {
		b.Jobs[place[r.TenantID]].Results[b.Plan.Steps[r.Step].Name] = r.Result
	}
	return err
}

func places(steps []int) []int16 {
	list := make([]int16, len(steps))
	for i, s := range steps {
		list[i] = int16(s)
	}
	return list
}

// Beat implements workflow.Queue.
func (s *Store) Beat(ctx context.Context, batches []int64, lease time.Duration) ([]int64, error) {
	alive, err := s.db().Beat(ctx, db.BeatParams{LeaseSeconds: lease.Seconds(), Ids: batches})
	return alive, store.Classify(err)
}
