package workerpg

import (
	"context"
	"sync"
	"time"

	"brigade/internal/errs"
	"brigade/internal/store"
	"brigade/internal/worker/workerpg/db"
)

// Mode is who cooks the orders of an outlet.
type Mode string

// The modes.
const (
	ByTasks   Mode = "tasks"   // they burst into tasks for staff and machines
	ByWorkers Mode = "workers" // they go whole to contract R's workers
)

// Order is an order as intake hands it over.
type Order struct {
	ID, Tenant, Outlet int64
	Number             string
}

// Enrol notes, inside intake's transaction, those orders whose outlets have chosen workers, and returns their ids.
func (s *Store) Enrol(ctx context.Context, tx store.Tx, orders []Order) (map[int64]bool, error) {
	q := s.q.WithTx(tx)
	is, err := s.choices.of(ctx, q)
	if err != nil || len(is) == 0 {
		return nil, err
	}
	enrolled := map[int64]bool{}
	var p db.EnrolParams
	for _, o := range orders {
		if is[o.Outlet] {
			enrolled[o.ID] = true
			p.Orders, p.Tenants = append(p.Orders, o.ID), append(p.Tenants, o.Tenant)
			p.Outlets, p.Numbers = append(p.Outlets, o.Outlet), append(p.Numbers, o.Number)
		}
	}
	if len(enrolled) == 0 {
		return nil, nil
	}
	return enrolled, q.Enrol(ctx, p)
}

// choices remembers which outlets have chosen workers.
type choices struct {
	mu      sync.Mutex
	workers map[int64]bool
	asked   time.Time
}

const choicesFor = time.Second // how old what is known may be

// of returns the outlets that have chosen workers: intake asks with every batch, Postgres once a second.
func (c *choices) of(ctx context.Context, q *db.Queries) (map[int64]bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.asked) < choicesFor {
		return c.workers, nil
	}
	ids, err := q.WorkerOutlets(ctx)
	if err != nil {
		return nil, err
	}
	c.workers, c.asked = map[int64]bool{}, time.Now()
	for _, id := range ids {
		c.workers[id] = true
	}
	return c.workers, nil
}

// Waiting returns those of some orders that workers are to cook and nobody has finished.
func (s *Store) Waiting(ctx context.Context, orders []int64) ([]int64, error) {
	ids, err := s.q.Enrolled(ctx, orders)
	return ids, store.Classify(err)
}

// Finished returns those of a tenant's orders, by number, that need no worker any more.
func (s *Store) Finished(ctx context.Context, tenant int64, numbers []string) ([]string, error) {
	done, err := s.q.Finished(ctx, db.FinishedParams{Tenant: tenant, Numbers: numbers})
	return done, store.Classify(err)
}

// OldestOpen is when the oldest order was placed that waits for a worker; now when none does.
func (s *Store) OldestOpen(ctx context.Context) (time.Time, error) {
	at, err := s.q.OldestOpen(ctx)
	return at, store.Classify(err)
}

// SetMode chooses who cooks the orders that come in at an outlet from now on. Errors: KindNotFound.
func (s *Store) SetMode(ctx context.Context, tenant, outlet int64, mode Mode) error {
	s.choices.mu.Lock()
	s.choices.asked = time.Time{}
	s.choices.mu.Unlock()
	n, err := s.q.SetKitchenMode(ctx, db.SetKitchenModeParams{Mode: string(mode), Tenant: tenant, Outlet: outlet})
	if err == nil && n == 0 {
		return errs.NotFound("there is no such outlet")
	}
	return store.Classify(err)
}

// Modes tells who cooks at a tenant's outlets, by slug.
func (s *Store) Modes(ctx context.Context, tenant int64) (map[string]Mode, error) {
	rows, err := s.q.KitchenModes(ctx, tenant)
	modes := make(map[string]Mode, len(rows))
	for _, r := range rows {
		modes[r.Slug] = Mode(r.KitchenMode)
	}
	return modes, store.Classify(err)
}
