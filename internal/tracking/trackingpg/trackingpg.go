// Package trackingpg keeps what following an order needs of Postgres.
package trackingpg

import (
	"context"

	"github.com/jackc/pgx/v5/pgxpool"

	"brigade/internal/store"
	"brigade/internal/tracking/trackingpg/db"
)

// Secret is what links are signed with; every process of one Brigade has the same. Errors: KindUnavailable.
func Secret(ctx context.Context, pool *pgxpool.Pool) ([]byte, error) {
	secret, err := db.New(pool).Secret(ctx)
	return secret, store.Classify(err)
}
