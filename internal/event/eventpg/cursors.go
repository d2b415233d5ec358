package eventpg

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"brigade/internal/errs"
	"brigade/internal/event"
	"brigade/internal/event/eventpg/db"
)

// Fence returns an error unless this node still holds the resource's lease with this fence, and keeps the lease from
// changing hands until tx ends.
type Fence func(ctx context.Context, tx pgx.Tx, resource string, fence int64) error

// Cursors implements event.Cursors on Postgres.
type Cursors struct {
	pool  *pgxpool.Pool
	check Fence
}

// NewCursors returns the sinks' cursors in the pool's database; check fences every change.
func NewCursors(pool *pgxpool.Pool, check Fence) *Cursors { return &Cursors{pool: pool, check: check} }

// Load implements event.Cursors.
func (c *Cursors) Load(ctx context.Context, sink string) (event.Cursor, error) {
	q := db.New(c.pool)
	if err := q.EnsureSink(ctx, sink); err != nil {
		return event.Cursor{}, fmt.Errorf("note sink %s: %w", sink, err)
	}
	row, err := q.LoadSink(ctx, sink)
	if err != nil {
		return event.Cursor{}, fmt.Errorf("load sink %s: %w", sink, err)
	}
	return event.Cursor{
		Position: row.Position, Attempts: int(row.Attempts),
		RetryIn: time.Duration(row.RetryInSeconds * float64(time.Second)),
	}, nil
}

// Mark implements event.Cursors: the cursor and a checkpoint row, together.
func (c *Cursors) Mark(ctx context.Context, sink string, fence, position int64, at time.Time) error {
	return c.fenced(ctx, sink, fence, func(q *db.Queries) (int64, error) {
		n, err := q.MarkPublished(ctx, db.MarkPublishedParams{Name: sink, Position: position})
		if err != nil || n == 0 {
			return n, err
		}
		return n, q.AddCheckpoint(ctx, db.AddCheckpointParams{Sink: sink, Position: position, PublishedAt: at})
	})
}

// Fail implements event.Cursors.
func (c *Cursors) Fail(ctx context.Context, sink string, fence int64, attempts int, reason string, retryIn time.Duration) error {
	return c.fenced(ctx, sink, fence, func(q *db.Queries) (int64, error) {
		return q.NoteFailure(ctx, db.NoteFailureParams{
			Name: sink, Attempts: int32(attempts), LastError: printable(reason), RetryInSeconds: retryIn.Seconds(),
		})
	})
}

// Park implements event.Cursors.
func (c *Cursors) Park(ctx context.Context, sink string, fence int64, poison []event.Poison) error {
	return c.fenced(ctx, sink, fence, func(q *db.Queries) (int64, error) {
		for _, p := range poison {
			err := q.ParkEvent(ctx, db.ParkEventParams{
				Sink: sink, Position: p.Event.Position, EventID: pgtype.UUID{Bytes: p.Event.ID, Valid: true},
				Type: string(p.Event.Type), Reason: printable(p.Reason),
			})
			if err != nil {
				return 0, err
			}
		}
		return 1, nil
	})
}

// fenced runs a change of one sink's row in a transaction of its own, under its relay's lease.
func (c *Cursors) fenced(ctx context.Context, sink string, fence int64, change func(*db.Queries) (int64, error)) error {
	return pgx.BeginFunc(ctx, c.pool, func(tx pgx.Tx) error {
		if err := c.check(ctx, tx, event.RelayResource(sink), fence); err != nil {
			return err
		}
		n, err := change(db.New(tx))
		if err == nil && n == 0 {
			return errs.Conflict("sink %s has come further already, or is gone", sink)
		}
		return err
	})
}

// Stats returns the figures of every sink, by name.
func Stats(ctx context.Context, pool *pgxpool.Pool) ([]event.SinkStats, error) {
	rows, err := db.New(pool).SinkStats(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the sinks' figures: %w", err)
	}
	stats := make([]event.SinkStats, len(rows))
	for i, r := range rows {
		stats[i] = event.SinkStats{
			Name: r.Name, Position: r.Position, Behind: r.Behind, Attempts: int(r.Attempts),
			LastError: r.LastError, UpdatedAt: r.UpdatedAt.UTC(),
		}
	}
	return stats, nil
}

const longestReason = 2000 // bytes of an error that are kept

// printable makes a text of anybody's error that Postgres can keep.
func printable(reason string) string {
	reason = reason[:min(len(reason), longestReason)]
	return strings.ToValidUTF8(strings.ReplaceAll(reason, "\x00", ""), "")
}
