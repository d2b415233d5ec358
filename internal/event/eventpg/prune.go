package eventpg

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"brigade/internal/event/eventpg/db"
)

// pruneBatch bounds how long a prune's transactions are.
const pruneBatch = 5000

// Prune deletes the events that occurred before olderThan (product time), oldest first and in batches of their own
// transactions, and returns how many. With keepUnpublished it keeps what any sink in event_sinks has not taken;
// as long as there is no sink it then deletes nothing.
func Prune(ctx context.Context, pool *pgxpool.Pool, olderThan time.Time, keepUnpublished bool) (int64, error) {
	q := db.New(pool)
	published := int64(math.MaxInt64)
	if keepUnpublished {
		var err error
		if published, err = q.PublishedToAll(ctx); err != nil {
			return 0, fmt.Errorf("find what is published: %w", err)
		}
	}
	var total int64
	for {
		n, err := q.PruneEvents(ctx, db.PruneEventsParams{MaxEvents: pruneBatch, OlderThan: olderThan, Published: published})
		if err != nil {
			return total, fmt.Errorf("prune the event log: %w", err)
		}
		if total += n; n < pruneBatch {
			break
		}
	}
	if err := q.PruneCheckpoints(ctx); err != nil {
		return total, fmt.Errorf("prune checkpoints: %w", err)
	}
	return total, nil
}
