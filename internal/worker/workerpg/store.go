// Package workerpg keeps workers and the orders they cook in Postgres.
package workerpg

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"brigade/internal/errs"
	"brigade/internal/store"
	"brigade/internal/worker"
	"brigade/internal/worker/workerpg/db"
)

// Step is an order's next status.
type Step struct {
	Order int64
	Ready bool // false: it is being cooked
	By    string
	At    time.Time
}

// Parts are what cooking needs of other features; app joins them.
type Parts struct {
	// Advance takes orders further, with history and events. Steps that their lives do not allow any more are left out.
	Advance func(ctx context.Context, tx store.Tx, steps []Step) error
	// Node is this process among the others.
	Node func() int64
	// Committed is called after every commit that appended events.
	Committed func()
}

// Store implements worker.Store.
type Store struct {
	pool  *pgxpool.Pool
	q     *db.Queries
	parts Parts
	turns *store.Batcher[worker.Turn, bool]

	choices choices
}

// New returns a store. Close ends it.
func New(pool *pgxpool.Pool, parts Parts) *Store {
	s := &Store{pool: pool, q: db.New(pool), parts: parts}
	s.turns = store.NewBatcher(pool, s.turnBatch, store.BatcherOptions{
		After: func(context.Context, int) { parts.Committed() },
	})
	return s
}

// Close commits what waits and ends the group commit.
func (s *Store) Close() { s.turns.Close() }

func session(id worker.Identity) pgtype.UUID { return pgtype.UUID{Bytes: id.Session, Valid: true} }

// Register implements worker.Store.
func (s *Store) Register(ctx context.Context, id worker.Identity, types []string, heartbeat time.Duration) error {
	n, err := s.q.Register(ctx, db.RegisterParams{
		Tenant: id.Tenant, Name: id.Name, Session: session(id), Node: s.parts.Node(), OrderTypes: types, Heartbeat: heartbeat.Seconds(),
	})
	if err == nil && n == 0 {
		return errs.Conflict("there is a live worker called %s already", id.Name)
	}
	return store.Classify(err)
}

// Beat implements worker.Store.
func (s *Store) Beat(ctx context.Context, id worker.Identity) error {
	n, err := s.q.Beat(ctx, db.BeatParams{Node: s.parts.Node(), Tenant: id.Tenant, Name: id.Name, Session: session(id)})
	if err == nil && n == 0 {
		return errs.Conflict("another worker is called %s by now", id.Name)
	}
	return store.Classify(err)
}

// Leave implements worker.Store.
func (s *Store) Leave(ctx context.Context, id worker.Identity) error {
	return store.Classify(s.q.Leave(ctx, db.LeaveParams{Tenant: id.Tenant, Name: id.Name, Session: session(id)}))
}

// Workers returns a tenant's workers, live or not, by name.
func (s *Store) Workers(ctx context.Context, tenant int64) ([]worker.View, error) {
	rows, err := s.q.Workers(ctx, tenant)
	views := make([]worker.View, len(rows))
	for i, r := range rows {
		views[i] = worker.View{Name: r.Name, Types: r.OrderTypes, Processed: r.OrdersProcessed, LastSeen: r.LastSeen, Online: r.Online}
	}
	return views, store.Classify(err)
}

// Turn implements worker.Store: callers that arrive together share one transaction.
func (s *Store) Turn(ctx context.Context, t worker.Turn) (open bool, err error) {
	return s.turns.Do(ctx, t)
}

type key struct {
	tenant int64
	number string
}

// turnBatch takes orders further in one transaction. The orders' rows here are locked first, always in the same order.
func (s *Store) turnBatch(ctx context.Context, tx store.Tx, turns []worker.Turn) ([]store.Outcome[bool], error) {
	q := s.q.WithTx(tx)
	var p db.LockOrdersParams
	for _, t := range turns {
		p.Tenants, p.Numbers = append(p.Tenants, t.Tenant), append(p.Numbers, t.Number)
	}
	rows, err := q.LockOrders(ctx, p)
	if err != nil {
		return nil, err
	}
	b := &batch{orders: make(map[key]*db.LockOrdersRow, len(rows)), processed: map[key]int64{}}
	for i := range rows {
		b.orders[key{rows[i].TenantID, rows[i].Number}] = &rows[i]
	}
	outs := make([]store.Outcome[bool], len(turns))
	for i, t := range turns {
		outs[i].Res, outs[i].Err = b.take(t)
	}
	return outs, s.write(ctx, tx, q, b)
}

// batch is what some turns make of their orders.
type batch struct {
	orders    map[key]*db.LockOrdersRow
	steps     []Step
	moved     []*db.LockOrdersRow
	processed map[key]int64 // by tenant and worker
	at        time.Time
}

func (b *batch) take(t worker.Turn) (open bool, err error) {
	o := b.orders[key{t.Tenant, t.Number}]
	if o == nil {
		return false, errs.NotFound("order %s is not for workers", t.Number)
	}
	if o.Done || !slices.Contains([]string{"created", "scheduled", "in_preparation"}, o.Status) {
		b.close(o, t.At)
		return false, nil
	}
	if t.Take {
		o.Worker, o.TakenAt, o.Status = t.Worker, &t.At, "in_preparation"
		b.steps = append(b.steps, Step{Order: o.OrderID, By: t.Worker, At: t.At})
	}
	if t.Finish {
		o.Done, o.Status = true, "ready"
		b.steps = append(b.steps, Step{Order: o.OrderID, Ready: true, By: t.Worker, At: t.At})
		b.processed[key{t.Tenant, t.Worker}]++
	}
	b.move(o, t.At)
	return true, nil
}

// close notes that an order needs no worker any more.
func (b *batch) close(o *db.LockOrdersRow, at time.Time) {
	if !o.Done {
		o.Done = true
		b.move(o, at)
	}
}

func (b *batch) move(o *db.LockOrdersRow, at time.Time) {
	if b.at.Before(at) {
		b.at = at
	}
	if !slices.Contains(b.moved, o) {
		b.moved = append(b.moved, o)
	}
}

func (s *Store) write(ctx context.Context, tx store.Tx, q *db.Queries, b *batch) error {
	if len(b.moved) == 0 {
		return nil
	}
	var p db.UpdateOrdersParams
	for _, o := range b.moved {
		taken := b.at
		if o.TakenAt != nil {
			taken = *o.TakenAt
		}
		p.Ids, p.Workers, p.Taken = append(p.Ids, o.OrderID), append(p.Workers, o.Worker), append(p.Taken, taken)
		p.Done, p.At = append(p.Done, o.Done), append(p.At, b.at)
	}
	if err := q.UpdateOrders(ctx, p); err != nil {
		return err
	}
	if len(b.steps) > 0 {
		if err := s.parts.Advance(ctx, tx, b.steps); err != nil {
			return err
		}
	}
	return countProcessed(ctx, q, b.processed)
}

func countProcessed(ctx context.Context, q *db.Queries, processed map[key]int64) error {
	if len(processed) == 0 {
		return nil
	}
	var p db.CountProcessedParams
	for who, n := range processed {
		p.Tenants, p.Names, p.Counts = append(p.Tenants, who.tenant), append(p.Names, who.number), append(p.Counts, n)
	}
	return q.CountProcessed(ctx, p)
}
