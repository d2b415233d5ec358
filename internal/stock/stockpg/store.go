// Package stockpg keeps stock and purchase orders in Postgres.
package stockpg

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"brigade/internal/stock"
	"brigade/internal/stock/stockpg/db"
	"brigade/internal/store"
)

// Parts are what a store needs of others. Any may be nil.
type Parts struct {
	// Out takes an item off the menu, in the transaction in which what it is made of ran out; Back puts it back when it is
	// there again, unless somebody else took it off.
	Out  func(ctx context.Context, tx store.Tx, item Turned) error
	Back func(ctx context.Context, tx store.Tx, item Turned) error
	// Sent inserts what mails a purchase order, in the transaction in which it was sent to an address.
	Sent func(ctx context.Context, tx store.Tx, tenant, purchase int64) error
	// Committed is called after a commit in which an item was turned.
	Committed func()
}

// Turned is an item that can no longer be made of what is there, or can be again.
type Turned struct {
	Tenant, Outlet int64
	SKU            string
	Missing        string // the name of what ran out; "": it can be made again
	At             time.Time
}

// Store implements stock.Store.
type Store struct {
	pool  *pgxpool.Pool
	parts Parts
	demo  int64
}

var _ stock.Store = (*Store)(nil)

// New returns a store over a pool.
func New(pool *pgxpool.Pool, parts Parts) *Store { return &Store{pool: pool, parts: parts} }

// Simulate lets the suppliers of a demo tenant come whenever its orders have nearly used something up. Call it before
// orders are settled.
func (s *Store) Simulate(tenant int64) { s.demo = tenant }

func (s *Store) db() *db.Queries { return db.New(s.pool) }

// commit runs a change of stock in a transaction, and says so when items were turned by it.
func (s *Store) commit(ctx context.Context, work func(*ledger) error) error {
	var turned bool
	err := store.Commit(ctx, s.pool, func(tx store.Tx) error {
		l := &ledger{tx: tx, q: db.New(tx), parts: s.parts}
		err := work(l)
		turned = l.turned
		return err
	})
	if err == nil && turned && s.parts.Committed != nil {
		s.parts.Committed()
	}
	return err
}

// listed turns rows into a list.
func listed[R, T any](rows []R, err error, turn func(R) T) ([]T, error) {
	list := make([]T, len(rows))
	for i, r := range rows {
		list[i] = turn(r)
	}
	return list, store.Classify(err)
}

// orZero is a time that may not be there.
func orZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

// orNil is a time that is written as null when it is not there.
func orNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
