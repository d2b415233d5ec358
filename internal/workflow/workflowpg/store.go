// Package workflowpg keeps workflows and their executions in Postgres, and hands out the steps that are to be done.
package workflowpg

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"brigade/internal/errs"
	"brigade/internal/event"
	"brigade/internal/store"
	"brigade/internal/workflow"
	"brigade/internal/workflow/workflowpg/db"
)

// Parts are what others give to the store's transactions.
type Parts struct {
	Append    func(ctx context.Context, tx store.Tx, events []event.Event) error
	Committed func()                                                    // after events were appended
	Check     func(ctx context.Context, tx store.Tx, fence int64) error // that the scheduler with this fence still decides
}

// Store implements workflow.Store.
type Store struct {
	pool  *pgxpool.Pool
	parts Parts
}

var _ workflow.Store = (*Store)(nil)

// New returns a store on a pool.
func New(pool *pgxpool.Pool, parts Parts) *Store { return &Store{pool: pool, parts: parts} }

func (s *Store) db() *db.Queries { return db.New(s.pool) }

// found gives pgx's "no rows" the kind that it has for callers.
func found(err error, format string, a ...any) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return errs.NotFound(format, a...)
	}
	return store.Classify(err)
}

func encode(v any) json.RawMessage {
	body, err := json.Marshal(v)
	if err != nil { // what is written are plain structs and maps that came as JSON
		panic("workflowpg: " + err.Error())
	}
	return body
}

func dayOf(t time.Time) workflow.Day { return workflow.Day(t.Unix() / (24 * 60 * 60)) }

func seconds(n int32) time.Duration { return time.Duration(n) * time.Second }

// orNil stands for a time that is none.
func orNil(t time.Time) *time.Time {
	if t.Unix() == 0 {
		return nil
	}
	return &t
}

func workflowOf(r db.Workflow, next *time.Time) (workflow.Workflow, error) {
	w := workflow.Workflow{
		ID: r.ID, Tenant: r.TenantID, Name: r.Name, Kind: workflow.Kind(r.Kind), Cron: r.Cron, Zone: r.Timezone, Enabled: r.Enabled,
		MaxRun: seconds(r.MaxSeconds), MaxRetries: int(r.MaxRetries), RetryDelay: seconds(r.RetryDelaySeconds), Rules: r.Rules,
		BuiltIn: r.BuiltIn, Edited: r.Edited, Version: int(r.Version), LastAt: r.LastExecutionAt, NextAt: next,
		Failures: int(r.ConsecutiveFailures),
	}
	return w, json.Unmarshal(r.Steps, &w.Steps)
}

func rules(w *workflow.Workflow) json.RawMessage {
	if len(w.Rules) == 0 {
		return json.RawMessage("{}")
	}
	return w.Rules
}

// Seed implements workflow.Definitions.
func (s *Store) Seed(ctx context.Context, w workflow.Workflow) error {
	return store.Classify(s.db().SeedWorkflow(ctx, db.SeedWorkflowParams{
		Name: w.Name, Kind: string(w.Kind), Cron: w.Cron, Timezone: w.Zone, Enabled: w.Enabled, MaxSeconds: int32(w.MaxRun.Seconds()),
		MaxRetries: int32(w.MaxRetries), RetryDelay: int32(w.RetryDelay.Seconds()), Steps: encode(w.Steps), Rules: rules(&w),
	}))
}

// Workflows implements workflow.Definitions.
func (s *Store) Workflows(ctx context.Context, tenant int64) ([]workflow.Workflow, error) {
	rows, err := s.db().Workflows(ctx, tenant)
	if err != nil {
		return nil, store.Classify(err)
	}
	list := make([]workflow.Workflow, len(rows))
	for i, r := range rows {
		if list[i], err = workflowOf(r.Workflow, orNil(r.NextAt)); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Workflow implements workflow.Definitions.
func (s *Store) Workflow(ctx context.Context, tenant, id int64, name string) (workflow.Workflow, error) {
	rows, err := s.db().Workflow(ctx, db.WorkflowParams{Tenant: tenant, ID: id, Name: name})
	if err != nil {
		return workflow.Workflow{}, store.Classify(err)
	}
	if len(rows) == 0 {
		return workflow.Workflow{}, errs.NotFound("there is no such workflow")
	}
	return workflowOf(rows[0].Workflow, orNil(rows[0].NextAt))
}

// Put implements workflow.Definitions.
func (s *Store) Put(ctx context.Context, w workflow.Workflow, note workflow.Note) (workflow.Workflow, error) {
	err := store.Commit(ctx, s.pool, func(tx store.Tx) error {
		q := db.New(tx)
		if w.ID == 0 {
			return s.add(ctx, q, &w, note)
		}
		n, err := q.ChangeWorkflow(ctx, db.ChangeWorkflowParams{
			Name: w.Name, Kind: string(w.Kind), Cron: w.Cron, Timezone: w.Zone, Enabled: w.Enabled, MaxSeconds: int32(w.MaxRun.Seconds()),
			MaxRetries: int32(w.MaxRetries), RetryDelay: int32(w.RetryDelay.Seconds()), Steps: encode(w.Steps), Rules: rules(&w),
			ID: w.ID, Tenant: w.Tenant, Version: int32(w.Version),
		})
		if err == nil && n == 0 {
			return errs.Conflict("somebody else has changed %s: read it again", w.Name)
		}
		if err != nil {
			return err
		}
		note.Workflow = w.ID
		return addNote(ctx, q, note)
	})
	if store.IsUnique(err, "workflows_tenant_id_name_key") {
		return w, errs.Conflict("there is a workflow %s already", w.Name)
	}
	if err != nil {
		return w, err
	}
	return s.Workflow(ctx, w.Tenant, w.ID, "")
}

func (s *Store) add(ctx context.Context, q *db.Queries, w *workflow.Workflow, note workflow.Note) error {
	id, err := q.AddWorkflow(ctx, db.AddWorkflowParams{
		Tenant: w.Tenant, Name: w.Name, Kind: string(w.Kind), Cron: w.Cron, Timezone: w.Zone, Enabled: w.Enabled,
		MaxSeconds: int32(w.MaxRun.Seconds()), MaxRetries: int32(w.MaxRetries), RetryDelay: int32(w.RetryDelay.Seconds()),
		Steps: encode(w.Steps), Rules: rules(w),
	})
	if err != nil {
		return err
	}
	w.ID, note.Workflow = id, id
	return addNote(ctx, q, note)
}

func addNote(ctx context.Context, q *db.Queries, n workflow.Note) error {
	if n.Action == "" {
		return nil
	}
	if n.Data == nil {
		n.Data = map[string]any{}
	}
	return q.AddNote(ctx, db.AddNoteParams{
		Tenant: n.Tenant, Workflow: n.Workflow, Execution: n.Execution, Action: n.Action, By: n.By, Data: encode(n.Data), At: n.At,
	})
}

// Audit implements workflow.Definitions.
func (s *Store) Audit(ctx context.Context, tenant, before int64, most int) ([]workflow.Note, error) {
	rows, err := s.db().Notes(ctx, db.NotesParams{Tenant: tenant, Before: before, Most: int32(most)})
	if err != nil {
		return nil, store.Classify(err)
	}
	list := make([]workflow.Note, len(rows))
	for i, r := range rows {
		list[i] = workflow.Note{ID: r.ID, Tenant: r.TenantID, Workflow: r.WorkflowID, Execution: r.ExecutionID, Action: r.Action, By: r.DoneBy, At: r.At}
		if err := json.Unmarshal(r.Data, &list[i].Data); err != nil {
			return nil, err
		}
	}
	return list, nil
}
