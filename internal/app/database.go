package app

import (
	"bytes"
	"context"
	"runtime"
	"time"

	"brigade/internal/clock"
	"brigade/internal/config"
	"brigade/internal/menu/load"
	"brigade/internal/menu/menupg"
	"brigade/internal/setup"
	"brigade/internal/store"
	"brigade/internal/store/localpg"
	"brigade/internal/tenant"
)

// startDatabase finds or starts Postgres, brings the schema up to date and opens the pool.
func (a *App) startDatabase(ctx context.Context) error {
	url := a.cfg.DatabaseURL
	if url == "" {
		server, err := localpg.Start(ctx, localpg.Config{StateDir: a.cfg.State, Logger: a.log})
		if err != nil {
			return err
		}
		a.onStop("postgres", server.Stop)
		url = server.URL()
		a.run("postgres log", func(ctx context.Context) error { return a.getAhead(ctx, url) })
	}
	if err := store.Migrate(ctx, url); err != nil {
		return err
	}
	pool, err := store.Open(url, int32(max(10, 4*runtime.GOMAXPROCS(0))))
	if err != nil {
		return err
	}
	a.pool = pool
	a.onStop("pool", func(context.Context) error { pool.Close(); return nil })
	return store.Ready(ctx, pool)
}

// Pauses of a private Postgres that prepares its log: it begins when the start is over, and lets commits pass.
const (
	logAfter = 2 * time.Second
	logPause = 100 * time.Millisecond
)

// getAhead prepares the log of a new private Postgres, beside everything else.
func (a *App) getAhead(ctx context.Context, url string) error {
	select {
	case <-ctx.Done():
		return nil
	case <-time.After(logAfter):
	}
	if !localpg.RoomAhead(a.cfg.State) {
		return nil // it grows as it goes
	}
	if err := localpg.GetAhead(ctx, url, logPause); err != nil && ctx.Err() == nil {
		a.log.InfoContext(ctx, "the log of Postgres is not prepared: it grows as it goes", "action", "log_not_prepared", "error", err)
	}
	return nil
}

// clockAhead is how far ahead the product's clock is written down, so that it never goes back over a crash.
const clockAhead = 2 * time.Second

// startClock starts the product's clock where it stood, or later.
func (a *App) startClock(ctx context.Context) error {
	var reached time.Time
	err := a.pool.QueryRow(ctx, "select coalesce(max(reached), 'epoch') from product_clock").Scan(&reached)
	if err != nil {
		return store.Classify(err)
	}
	a.clock = clock.NewScaled(a.cfg.TimeScale, reached)
	if a.cfg.TimeScale == 1 && !reached.After(time.Now()) {
		return nil
	}
	if err := a.saveClock(ctx); err != nil {
		return err
	}
	a.run("clock", a.keepClock)
	return nil
}

func (a *App) keepClock(ctx context.Context) error {
	tick := time.NewTicker(clockAhead / 2)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if err := a.saveClock(ctx); err != nil && ctx.Err() == nil {
			a.log.WarnContext(ctx, "the product's clock was not written down", "action", "clock_save_failed", "error", err)
		}
	}
}

func (a *App) saveClock(ctx context.Context) error {
	ahead := a.clock.Now().Add(time.Duration(float64(clockAhead) * a.clock.Scale()))
	_, err := a.pool.Exec(ctx, `insert into product_clock (id, reached) values (1, $1)
		on conflict (id) do update set reached = greatest(product_clock.reached, excluded.reached)`, ahead)
	return store.Classify(err)
}

// loadDemo loads the demo restaurant, once: what its owner has changed since stays.
func (a *App) loadDemo(ctx context.Context) error {
	if a.cfg.Demo == config.DemoOff || a.cfg.Demo == "" {
		return nil
	}
	var there bool
	err := a.pool.QueryRow(ctx, "select exists (select from tenants where slug = $1)", tenant.DemoSlug).Scan(&there)
	if err != nil || there {
		return store.Classify(err)
	}
	_, err = setup.Load(ctx, a.pool, load.DemoName, bytes.NewReader(load.Demo()), menupg.Options{
		By: "demo", At: a.clock.Now(), Append: appendFrom(0),
	})
	return err
}
