package workflowpg

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"brigade/internal/store"
	"brigade/internal/workflow"
	"brigade/internal/workflow/workflowpg/db"
)

// Tidy implements workflow.Queue.
func (s *Store) Tidy(ctx context.Context, now time.Time) ([]workflow.Execution, error) {
	ended, lost := s.takeBack(ctx, now)
	late, over := s.endOverdue(ctx, now)
	empty, held := s.openWaiting(ctx, now)
	return slices.Concat(ended, late, empty), errors.Join(lost, over, held)
}

// takeBack gives steps to others whose node gives no sign of life.
func (s *Store) takeBack(ctx context.Context, now time.Time) ([]workflow.Execution, error) {
	left, err := s.db().LeftBatches(ctx)
	if err != nil {
		return nil, store.Classify(err)
	}
	var ended []workflow.Execution
	var failures []error
	for _, b := range left { // one that cannot be taken back holds up no other
		e, err := s.takeBackOne(ctx, b, now)
		failures = append(failures, err)
		if e != nil {
			ended = append(ended, *e)
		}
	}
	return ended, errors.Join(failures...)
}

func (s *Store) takeBackOne(ctx context.Context, b db.LeftBatchesRow, now time.Time) (*workflow.Execution, error) {
	var ended *workflow.Execution
	err := store.Commit(ctx, s.pool, func(tx store.Tx) error {
		ended = nil
		q := db.New(tx)
		row, err := q.LockExecution(ctx, b.ExecutionID)
		if err != nil {
			return err
		}
		if n, err := q.DropLeft(ctx, b.ID); err != nil || n == 0 {
			return err // it was finished meanwhile, or somebody else was here
		}
		back, err := q.GiveBack(ctx, db.GiveBackParams{MostLosses: workflow.MostLosses, Now: now, Execution: b.ExecutionID, Batch: b.ID})
		if err != nil || len(back) == 0 {
			return err
		}
		if err := note(ctx, q, b.ExecutionID, "warn", fmt.Sprintf("a process died over %d steps: they are done again", len(back)), now); err != nil {
			return err
		}
		row, err = s.giveUp(ctx, q, row, back, now)
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

// giveUp counts what failed because nodes died over it too often.
func (s *Store) giveUp(ctx context.Context, q *db.Queries, row db.WorkflowExecution, back []db.GiveBackRow, now time.Time) (db.WorkflowExecution, error) {
	e, err := executionOf(row)
	if err != nil {
		return row, err
	}
	c := db.CountParams{ID: row.ID}
	for _, r := range back {
		if workflow.StepStatus(r.Status) != workflow.StepFailed {
			continue
		}
		onward, stopped := []int64(nil), []int64{r.TenantID}
		if e.Plan.Steps[r.Step].Optional {
			onward, stopped = stopped, nil
		}
		skipped, err := follow(ctx, q, row.ID, e.Plan.Steps, int(r.Step), onward, stopped, now)
		if err != nil {
			return row, err
		}
		c.Failed++
		c.Over += 1 + int32(skipped)
	}
	return q.Count(ctx, c)
}

// endOverdue fails executions that take longer than they may.
func (s *Store) endOverdue(ctx context.Context, now time.Time) ([]workflow.Execution, error) {
	ids, err := s.db().Overdue(ctx)
	if err != nil {
		return nil, store.Classify(err)
	}
	var ended []workflow.Execution
	for _, id := range ids {
		var e *workflow.Execution
		err := store.Commit(ctx, s.pool, func(tx store.Tx) error {
			e = nil
			row, err := db.New(tx).LockExecution(ctx, id)
			if err != nil || row.Status != string(workflow.Running) || row.DeadlineAt == nil {
				return err
			}
			x, err := executionOf(row)
			if err != nil {
				return err
			}
			e, err = s.stop(ctx, tx, row, workflow.Failed, fmt.Sprintf("it took longer than %d seconds", x.Plan.MaxSeconds), now)
			return err
		})
		if err != nil {
			return ended, err
		}
		if e != nil {
			ended = append(ended, *e)
			s.parts.Committed()
		}
	}
	return ended, nil
}

// openWaiting lets executions begin that wait for none before them any more. One without tenants is over at once.
func (s *Store) openWaiting(ctx context.Context, now time.Time) ([]workflow.Execution, error) {
	var ended []workflow.Execution
	err := store.Commit(ctx, s.pool, func(tx store.Tx) error {
		ended = nil
		q := db.New(tx)
		rows, err := q.Waiting(ctx)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if row, err = open(ctx, q, row, now); err != nil {
				return err
			}
			if row.StepsOpen > 0 {
				continue
			}
			e, err := s.end(ctx, tx, row, "", now)
			if err != nil {
				return err
			}
			ended = append(ended, *e)
		}
		return nil
	})
	if err == nil && len(ended) > 0 {
		s.parts.Committed()
	}
	return ended, err
}

// Prune deletes logs that are older, and the single steps of executions that ended before; the executions themselves and
// their figures stay. It returns how much it deleted, and deletes most at once.
func (s *Store) Prune(ctx context.Context, before time.Time, most int) (int64, error) {
	logs, err := s.db().PruneLogs(ctx, db.PruneLogsParams{Before: before, Most: int32(most)})
	if err != nil {
		return 0, store.Classify(err)
	}
	steps, err := s.db().PruneSteps(ctx, before)
	return logs + steps, store.Classify(err)
}
