package app

import (
	"context"
	"sync/atomic"
	"time"

	"brigade/internal/config"
	"brigade/internal/kitchen"
	"brigade/internal/kitchen/readyqueue"
	"brigade/internal/live"
)

// redis is what this process does with Redis; all of it is nil when there is none.
type redis struct {
	link   *live.Link
	pokes  atomic.Pointer[live.Pokes] // others may commit before it is there
	watch  atomic.Pointer[live.Watch] // as pokes
	cache  *live.Cache
	mirror *readyqueue.Mirror
}

// startRedis connects to Redis. One that does not answer yet is no reason not to start.
func (a *App) startRedis(ctx context.Context) error {
	url := a.cfg.Brokers.RedisURL.Reveal()
	if url == "" {
		return nil
	}
	link, err := live.Open(url, "brigade "+a.cfg.Name, a.log, a.metrics.Redis)
	if err != nil {
		return err
	}
	a.redis.link = link
	a.onStop("redis", func(context.Context) error { return link.Close() })
	_ = link.Ping(ctx) // it says what is wrong
	a.run("redis watch", link.Run)
	pokes := live.NewPokes(link, func() { a.tail.Poke(); a.relays.poke() })
	a.redis.pokes.Store(pokes)
	a.run("pokes out", pokes.Send)
	a.run("pokes in", pokes.Listen)
	if a.has(config.RoleAPI) || a.has(config.RoleTracking) {
		a.startCache()
	}
	if a.has(config.RoleKitchen) {
		a.startMirror()
	}
	return nil
}

// startCache shares with other processes what guests and screens ask for again and again.
func (a *App) startCache() {
	watch := live.NewWatch(a.tail, a.node.ID)
	a.redis.watch.Store(watch)
	a.redis.cache = live.NewCache(a.redis.link, watch, a.salt)
	a.run("redis cache", watch.Run)
}

// startMirror shows the ready queues of the kitchens that this process decides for.
func (a *App) startMirror() {
	m := readyqueue.New(a.redis.link.Client(), a.desk, readyqueue.Options{
		Installation: a.salt, Aging: kitchen.DefaultSettings().Weights.Aging, Logger: a.log, Explain: live.Explain,
		Drawn: a.metrics.Redis.Drawn, Shown: a.metrics.Redis.SetShown,
	})
	a.redis.mirror = m
	a.run("ready queues", m.Run)
}

// queueChanged hears from the desk which kitchens' queues are perhaps not what they were.
func (a *App) queueChanged(outlet int64) {
	if a.redis.mirror != nil {
		a.redis.mirror.Changed(outlet)
	}
}

// redisState says in a word how Redis is, for whoever asks whether this process is ready; "" when there is none.
func (a *App) redisState() string {
	if a.redis.link == nil {
		return ""
	}
	s := a.redis.link.State()
	if !s.Up {
		return "away since " + s.Since.UTC().Format(time.RFC3339) + ": " + s.Why
	}
	if a.redis.mirror != nil {
		if why := a.redis.mirror.Trouble(); why != "" {
			return "up, but ready queues are not shown: " + why
		}
	}
	return "up"
}
