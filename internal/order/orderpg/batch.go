package orderpg

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"brigade/internal/errs"
	"brigade/internal/order"
	"brigade/internal/order/orderpg/db"
	"brigade/internal/store"
)

// Orders reads orders with their lines, by id, of any tenant; those that do not exist are missing from the answer.
func (s *Store) Orders(ctx context.Context, ids []int64) ([]order.Order, error) {
	orders, err := load(ctx, s.q, ids)
	return orders, store.Classify(err)
}

// ByKey returns the order that a source placed under a key. Errors: KindNotFound.
func (s *Store) ByKey(ctx context.Context, tenant int64, source, key string) (order.Order, error) {
	id, err := s.q.OrderByKey(ctx, db.OrderByKeyParams{Tenant: tenant, Source: source, Key: key})
	if errors.Is(err, pgx.ErrNoRows) {
		return order.Order{}, errs.NotFound("no order %s", key)
	}
	if err != nil {
		return order.Order{}, store.Classify(err)
	}
	orders, err := s.Orders(ctx, []int64{id})
	if err != nil {
		return order.Order{}, err
	}
	return orders[0], nil
}
