package job

import (
	"context"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"brigade/internal/store"
)

// nodeName is how River knows a node; rescue builds the same name.
func nodeName(id int64) string { return "node-" + strconv.FormatInt(id, 10) }

// rescue makes the jobs of nodes that died run again at once; those out of attempts are given up. River itself only
// sees that a job takes too long. A node that is alive, but was out of touch, may run the job a second time.
func rescue(ctx context.Context, pool *pgxpool.Pool) error {
	_, err := pool.Exec(ctx, `
		update river_job j set
		    state        = case when attempt < max_attempts then 'available' else 'discarded' end::river_job_state,
		    finalized_at = case when attempt < max_attempts then null else now() end,
		    scheduled_at = now()
		where state = 'running' and not exists (
		    select from nodes n
		    where n.expires_at > clock_timestamp() and j.attempted_by[cardinality(j.attempted_by)] = 'node-' || n.id)`)
	return store.Classify(err)
}

func (c *Client) keepRescuing(ctx context.Context) {
	tick := time.NewTicker(c.opts.Rescue)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := rescue(ctx, c.pool); err != nil && ctx.Err() == nil {
			c.opts.Logger.WarnContext(ctx, "jobs of dead nodes were not looked for", "action", "job_rescue_failed", "error", err)
		}
	}
}
