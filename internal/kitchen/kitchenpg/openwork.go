package kitchenpg

import (
	"context"

	"brigade/internal/kitchen/kitchenpg/db"
	"brigade/internal/store"
)

// OpenWork counts the open tasks of an outlet that need a station or a machine, or that a person has begun, and names one
// of their orders. 0 is none of these.
func OpenWork(ctx context.Context, tx store.Tx, outlet, station, machine, staff int64) (n int64, order string, err error) {
	r, err := db.New(tx).OpenWork(ctx, db.OpenWorkParams{Outlet: outlet, Station: station, Machine: machine, Staff: staff})
	return r.Count, r.Number, err
}
