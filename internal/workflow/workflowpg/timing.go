package workflowpg

import (
	"context"
	"time"

	"brigade/internal/store"
	"brigade/internal/workflow"
	"brigade/internal/workflow/workflowpg/db"
)

func dueOf(r db.Workflow, zone string, last, next *time.Time, open int32) (workflow.Due, error) {
	w, err := workflowOf(r, next)
	return workflow.Due{Workflow: w, Zone: zone, Last: last, Next: next, Open: int(open)}, err
}

// Untimed implements workflow.Timing.
func (s *Store) Untimed(ctx context.Context, most int) ([]workflow.Due, error) {
	rows, err := s.db().Untimed(ctx, int32(most))
	if err != nil {
		return nil, store.Classify(err)
	}
	list := make([]workflow.Due, len(rows))
	for i, r := range rows {
		if list[i], err = dueOf(r.Workflow, r.Zone, r.LastAt, nil, 0); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// DueBy implements workflow.Timing.
func (s *Store) DueBy(ctx context.Context, now time.Time, most int) ([]workflow.Due, error) {
	rows, err := s.db().DueBy(ctx, db.DueByParams{Now: now, Most: int32(most)})
	if err != nil {
		return nil, store.Classify(err)
	}
	list := make([]workflow.Due, len(rows))
	for i, r := range rows {
		if list[i], err = dueOf(r.Workflow, r.Zone, r.LastAt, r.NextAt, r.Open); err != nil {
			return nil, err
		}
		list[i].Waiting, list[i].Vacant = int(r.Waiting), r.Vacant
	}
	return list, nil
}

// Upcoming implements workflow.Timing.
func (s *Store) Upcoming(ctx context.Context, tenant int64) ([]workflow.Due, error) {
	rows, err := s.db().Upcoming(ctx, tenant)
	if err != nil {
		return nil, store.Classify(err)
	}
	list := make([]workflow.Due, len(rows))
	for i, r := range rows {
		if list[i], err = dueOf(r.Workflow, r.Zone, r.LastAt, orNil(r.NextAt), 0); err != nil {
			return nil, err
		}
		list[i].Stale = r.Stale
	}
	return list, nil
}

// Time implements workflow.Timing.
func (s *Store) Time(ctx context.Context, fence int64, d workflow.Due, last, next *time.Time, list []workflow.Beginning) ([]workflow.Execution, error) {
	var begun []workflow.Execution
	err := store.Commit(ctx, s.pool, func(tx store.Tx) error {
		if err := s.parts.Check(ctx, tx, fence); err != nil {
			return err
		}
		q := db.New(tx)
		if err := s.replace(ctx, tx, d, list); err != nil {
			return err
		}
		var err error
		if begun, err = s.begin(ctx, tx, list, workflow.Note{}); err != nil {
			return err
		}
		return q.SetTimes(ctx, db.SetTimesParams{
			Workflow: d.Workflow.ID, Zone: d.Zone, Version: int32(d.Workflow.Version), LastAt: last, NextAt: next,
		})
	})
	if err == nil && len(begun) > 0 {
		s.parts.Committed()
	}
	return begun, err
}

// replace cancels what goes on when what begins takes its place.
func (s *Store) replace(ctx context.Context, tx store.Tx, d workflow.Due, list []workflow.Beginning) error {
	if len(list) == 0 || !list[0].Replaces {
		return nil
	}
	q := db.New(tx)
	ids, err := q.OpenOf(ctx, db.OpenOfParams{Workflow: d.Workflow.ID, Zone: d.Zone})
	if err != nil {
		return err
	}
	for _, id := range ids {
		row, err := q.LockExecution(ctx, id)
		if err != nil {
			return err
		}
		if workflow.Status(row.Status).Over() {
			continue
		}
		if _, err := s.stop(ctx, tx, row, workflow.Cancelled, "the next one was due", list[0].Execution.Created); err != nil {
			return err
		}
	}
	return nil
}
