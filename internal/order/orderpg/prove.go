package orderpg

import (
	"context"

	"brigade/internal/store"
)

// Prove notes how an order was handed over, if it has terms, inside a transaction.
func (s *Store) Prove(ctx context.Context, tx store.Tx, id int64, proof string) error {
	_, err := tx.Exec(ctx, "update order_terms set proof = $2 where order_id = $1", id, proof)
	return err
}
