package eventpg

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"brigade/internal/store"
)

// BeginSink lets a sink that was never seen begin at the first event since a time (product time), and at least so many
// events before the log's end; one that was seen is left alone.
func BeginSink(ctx context.Context, pool *pgxpool.Pool, name string, since time.Time, lookBack int64) error {
	_, err := pool.Exec(ctx, `
		insert into event_sinks (name, position)
		select $1, greatest(0, least(
		    (select min(e.position) - 1 from event_log e where e.occurred_at >= $2),
		    coalesce((select e.position from event_log e order by e.position desc limit 1), 0) - $3::bigint))
		on conflict do nothing`, name, since, lookBack)
	return store.Classify(err)
}
