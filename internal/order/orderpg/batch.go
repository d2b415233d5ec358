package orderpg

import (
	"context"

	"brigade/internal/order"
	"brigade/internal/store"
)

// Orders reads orders with their lines, by id, of any tenant; those that do not exist are missing from the answer.
func (s *Store) Orders(ctx context.Context, ids []int64) ([]order.Order, error) {
	orders, err := load(ctx, s.q, ids)
	return orders, store.Classify(err)
}
