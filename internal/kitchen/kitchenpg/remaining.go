package kitchenpg

import (
	"context"
	"time"

	"brigade/internal/store"
)

// Remaining is how long what is left to do of orders takes by the recipes, if two people are at it. It stands in for
// promises where there are none; orders without open work are missing.
func (s *Store) Remaining(ctx context.Context, orders []int64) (map[int64]time.Duration, error) {
	rows, err := s.pool.Query(ctx, `
		select order_id, (sum(estimate_ms) / 2)::bigint from tasks
		where order_id = any($1::bigint[]) and status in ('UNASSIGNED', 'ASSIGNED', 'STARTED') group by order_id`, orders)
	if err != nil {
		return nil, store.Classify(err)
	}
	defer rows.Close()
	found := map[int64]time.Duration{}
	for rows.Next() {
		var order, ms int64
		if err := rows.Scan(&order, &ms); err != nil {
			return nil, store.Classify(err)
		}
		found[order] = time.Duration(ms) * time.Millisecond
	}
	return found, store.Classify(rows.Err())
}
