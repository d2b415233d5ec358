package app

import (
	"context"
	"sync"
	"time"

	"brigade/internal/config"
	"brigade/internal/event/eventpg"
	"brigade/internal/telemetry"
)

// deskObserver turns what the desks do into metrics. All of them tell it, each from its own loop.
type deskObserver struct {
	kitchen *telemetry.Kitchen
	commits *telemetry.Commit
	changed func(outlet int64) // a kitchen's queue, perhaps

	mu     sync.Mutex // several desks tell
	queued map[int64]int
	total  int
}

func newDeskObserver(m *telemetry.Metrics, changed func(outlet int64)) *deskObserver {
	return &deskObserver{kitchen: m.Kitchen, commits: m.Commit("kitchen"), queued: map[int64]int{}, changed: changed}
}

// Committed implements kitchen.Observer.
func (o *deskObserver) Committed(changes int, took time.Duration) { o.commits.Done(changes, took, nil) }

// Assigned implements kitchen.Observer.
func (o *deskObserver) Assigned(waited time.Duration) { o.kitchen.Assigned(waited) }

// Queued implements kitchen.Observer.
func (o *deskObserver) Queued(outlet int64, ready int) {
	o.mu.Lock()
	o.total += ready - o.queued[outlet]
	o.queued[outlet] = ready
	o.kitchen.SetQueue(o.total, 0)
	o.mu.Unlock()
	o.changed(outlet)
}

// startMetrics keeps the figures that have to be asked for.
func (a *App) startMetrics(context.Context) error {
	if !a.has(config.RoleRelay) {
		return nil
	}
	a.run("metrics", func(ctx context.Context) error {
		tick := time.NewTicker(5 * time.Second)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-tick.C:
			}
			sinks, err := eventpg.Stats(ctx, a.pool)
			if err != nil {
				continue // Postgres is away: others say so
			}
			for _, s := range sinks {
				a.metrics.Events.SetBehind(s.Name, s.Behind)
			}
		}
	})
	return nil
}
