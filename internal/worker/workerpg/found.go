package workerpg

import (
	"context"

	"brigade/internal/store"
)

// Found makes a restaurant in a database that holds no tenant yet: one outlet, whose orders go to workers. It takes
// whatever is ordered, with the guests' own items and prices. In any other database it changes nothing.
func (s *Store) Found(ctx context.Context) error {
	return store.Commit(ctx, s.pool, func(tx store.Tx) error {
		q := s.q.WithTx(tx)
		for _, step := range []func(context.Context) error{q.LockTenants, q.FoundRestaurant, q.FreeFormStations} {
			if err := step(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}
