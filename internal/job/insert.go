package job

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
)

// Args are what a job is about: a plain struct that is kept as JSON, and the name of its kind, which never changes.
type Args = river.JobArgs

// Routed is implemented by Args that belong to a queue. Every kind says so.
type Routed interface {
	Args
	Queue() Queue
}

// Insert adds a job in the caller's transaction: it is run after the commit.
func (c *Client) Insert(ctx context.Context, tx pgx.Tx, args Routed) error {
	return c.InsertMany(ctx, tx, []Routed{args})
}

// InsertAt adds a job that is run not before at, by the machine's clock, and up to some seconds later.
func (c *Client) InsertAt(ctx context.Context, tx pgx.Tx, at time.Time, args Routed) error {
	return c.insertMany(ctx, tx, []river.InsertManyParams{{
		Args: args, InsertOpts: &river.InsertOpts{Queue: string(args.Queue()), ScheduledAt: at},
	}})
}

// InsertMany adds jobs in the caller's transaction, in one statement, whatever their number.
func (c *Client) InsertMany(ctx context.Context, tx pgx.Tx, jobs []Routed) error {
	return c.InsertTraced(ctx, tx, jobs, nil)
}

// InsertTraced is InsertMany of jobs that belong to traces: each has its W3C trace context, "" or none at all.
func (c *Client) InsertTraced(ctx context.Context, tx pgx.Tx, jobs []Routed, parents []string) error {
	params := make([]river.InsertManyParams, len(jobs))
	for i, j := range jobs {
		opts := &river.InsertOpts{Queue: string(j.Queue())}
		if i < len(parents) && parents[i] != "" {
			opts.Metadata = fmt.Appendf(nil, `{%q:%q}`, metaTrace, parents[i])
		}
		params[i] = river.InsertManyParams{Args: j, InsertOpts: opts}
	}
	return c.insertMany(ctx, tx, params)
}

// metaTrace is where a job's metadata hold its trace context.
const metaTrace = "traceparent"

func (c *Client) insertMany(ctx context.Context, tx pgx.Tx, params []river.InsertManyParams) error {
	if len(params) == 0 {
		return nil
	}
	if _, err := c.insert.InsertManyFastTx(ctx, tx, params); err != nil {
		return fmt.Errorf("insert %d jobs: %w", len(params), err)
	}
	return nil
}

// Hasten makes jobs that were put off run now, and returns their ids; those that run, or are over, are left out.
func (c *Client) Hasten(ctx context.Context, tx pgx.Tx, ids []int64) ([]int64, error) {
	rows, err := tx.Query(ctx, `
		update river_job set state = 'available', scheduled_at = now()
		where id = any ($1) and state in ('scheduled', 'available', 'retryable') and scheduled_at > now()
		returning id`, ids)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[int64])
}
