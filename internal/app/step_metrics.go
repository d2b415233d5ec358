package app

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"brigade/internal/config"
	"brigade/internal/telemetry"
)

// stepMetricsEvery is how often what outsiders owe is counted: it is the same for all processes, and not for free.
const stepMetricsEvery = 15 * time.Second

// startStepMetrics keeps the figures of jobs, lanes, providers and stuck steps, in processes that run jobs.
func (a *App) startStepMetrics(context.Context) error {
	if !a.has(config.RoleJobs) {
		return nil
	}
	a.run("step metrics", func(ctx context.Context) error {
		tick := time.NewTicker(stepMetricsEvery)
		defer tick.Stop()
		for {
			a.metrics.Steps.SetBreakers("payment", a.cashier.Troubled())
			a.metrics.Steps.SetBreakers("point_of_sale", a.saleGates.Troubled())
			_ = a.countSteps(ctx) // Postgres is away: others say so
			select {
			case <-ctx.Done():
				return nil
			case <-tick.C:
			}
		}
	})
	return nil
}

func (a *App) countSteps(ctx context.Context) error {
	jobs, err := a.counts(ctx, `
		select queue, state::text, count(*) from river_job
		where state in ('available', 'running', 'retryable', 'scheduled') group by 1, 2`)
	if err != nil {
		return err
	}
	a.metrics.Jobs.SetWaiting(jobs)
	lanes, err := a.counts(ctx, `
		select split_part(l.lane, ':', 1), case
		           when w.disabled_at is not null then 'off' when l.failures > 0 then 'failing'
		           when l.busy then 'working' else 'resting' end, count(*)
		from notify_lanes l left join webhooks w on l.lane = 'webhook:' || w.id group by 1, 2`)
	if err != nil {
		return err
	}
	a.metrics.Steps.SetLanes(lanes)
	stuck, err := a.counts(ctx, `
		select 'payment', '', count(*) from payment_attempts
		where state in ('pending', 'stuck') and (state = 'stuck' or tries >= 3 or created_at < $1)
		union all select 'timer', '', count(*) from order_terms where due_at < $1
		union all select 'sale', '', count(*) from order_terms where failure <> ''`, a.clock.Now().Add(-2*time.Minute))
	if err != nil {
		return err
	}
	kinds := map[string]int64{}
	for _, c := range stuck {
		kinds[c.A] = c.N
	}
	a.metrics.Steps.SetStuck(kinds)
	return nil
}

func (a *App) counts(ctx context.Context, sql string, args ...any) ([]telemetry.Count, error) {
	rows, err := a.pool.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[telemetry.Count])
}
