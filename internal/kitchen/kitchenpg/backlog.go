package kitchenpg

import (
	"context"
	"time"

	"brigade/internal/store"
)

// Backlog is how long an outlet's people have to do with what nobody has begun: its work, shared out among as many hands
// as its active staff has.
func (s *Store) Backlog(ctx context.Context, outlet int64) (time.Duration, error) {
	var ms, hands int64
	err := s.pool.QueryRow(ctx, `
		select coalesce((select sum(t.estimate_ms) from tickets k join tasks t on t.order_id = k.order_id
		                 where k.outlet_id = $1 and k.closed_at is null and t.status in ('UNASSIGNED', 'ASSIGNED')), 0)::bigint,
		       coalesce((select sum(max_parallel) from staff where outlet_id = $1 and active), 0)::bigint`, outlet).Scan(&ms, &hands)
	return time.Duration(ms) * time.Millisecond / time.Duration(max(hands, 1)), store.Classify(err)
}
