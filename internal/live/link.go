// Package live shares among processes what screens show: that something changed, and what was read already. It does so
// by Redis. Everything in it is a hint or a copy: without Redis, processes look for themselves, a little later.
package live

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"brigade/internal/errs"
	"brigade/internal/telemetry"
)

// Link is a process's way to one Redis. It keeps watch over it, so that nobody waits for a Redis that does not answer: who
// must not wait asks Up first, and tells with Failed what went wrong.
type Link struct {
	client  *redis.Client
	log     *slog.Logger
	metrics *telemetry.Redis
	up      atomic.Bool

	mu    sync.Mutex
	since time.Time
	why   string
}

// State is how Redis is, as a process sees it.
type State struct {
	Up    bool
	Since time.Time
	Why   string // it is not up
}

const (
	exchangeMax = 2 * time.Second // one exchange of a loop that nobody waits for
	pingMax     = time.Second
	pingUp      = 2 * time.Second        // between looks while all is well
	pingDown    = 250 * time.Millisecond // and while not
)

// Open returns a link to the Redis of a URL (redis, rediss or unix). It does not connect yet. Errors: KindInvalid.
func Open(url, name string, log *slog.Logger, metrics *telemetry.Redis) (*Link, error) {
	o, err := redis.ParseURL(url)
	if err != nil {
		return nil, errs.Invalid("the Redis URL cannot be read") // without its text: it may hold a password
	}
	quiet.Do(func() { redis.SetLogger(silence{}) }) // what matters of it is told here
	o.ClientName, o.DisableIdentity = clientName(name), true
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	o.MaxRetries, o.DialerRetries = -1, 1 // everybody here has his own next try
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = exchangeMax, exchangeMax, exchangeMax, exchangeMax
	o.ContextTimeoutEnabled = true
	return &Link{client: redis.NewClient(o), log: log, metrics: metrics, since: time.Now(), why: "not asked yet"}, nil
}

// clientName is a name as CLIENT LIST shows it: Redis takes no spaces.
func clientName(name string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return '-'
		}
		return r
	}, name)
}

var quiet sync.Once

type silence struct{}

// Printf implements the client library's logger.
func (silence) Printf(context.Context, string, ...any) {}

// Client is for what may wait for Redis.
func (l *Link) Client() *redis.Client { return l.client }

// Close ends the connections.
func (l *Link) Close() error { return l.client.Close() }

// Up tells whether Redis answered when it was last heard of.
func (l *Link) Up() bool { return l.up.Load() }

// State tells how Redis is.
func (l *Link) State() State {
	l.mu.Lock()
	defer l.mu.Unlock()
	return State{l.up.Load(), l.since, l.why}
}

// Run keeps watch until ctx ends, and returns nil then.
func (l *Link) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		wait := pingUp
		if err := l.Ping(ctx); err != nil {
			wait = pingDown
		}
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-t.C:
		}
		t.Stop()
	}
	return nil
}

// Ping looks whether Redis answers, and notes it.
func (l *Link) Ping(ctx context.Context) error {
	ping, cancel := context.WithTimeout(ctx, pingMax)
	defer cancel()
	err := l.client.Ping(ping).Err()
	switch {
	case ctx.Err() != nil:
	case err != nil:
		l.Failed(err)
	case !l.up.Load():
		l.settle(true, "")
		l.log.InfoContext(ctx, "Redis answers", "action", "redis_connected")
	}
	return err
}

// Failed notes that an exchange went wrong: Redis is left alone until it has answered a look.
func (l *Link) Failed(err error) {
	why := Explain(err)
	l.metrics.Failed()
	if before := l.State(); before.Up || before.Why != why {
		l.settle(false, why)
		l.log.Warn("Redis cannot be used, trying again: "+why, "action", "redis_lost", "error", err)
	}
}

func (l *Link) settle(up bool, why string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.up.Load() != up || l.why == "not asked yet" {
		l.since = time.Now()
	}
	l.up.Store(up)
	l.why = why
	l.metrics.SetUp(up)
}

// Explain says in a sentence for its operator what is wrong with Redis.
func Explain(err error) string {
	_, unreachable := errors.AsType[*net.OpError](err)
	timeout, slow := errors.AsType[net.Error](err)
	switch {
	case redis.IsAuthError(err):
		return "Redis refuses the user or the password of --redis-url"
	case redis.IsPermissionError(err):
		return "the Redis user of --redis-url may not do what is needed"
	case redis.IsOOMError(err):
		return "Redis has no memory left (maxmemory)"
	case redis.IsReadOnlyError(err):
		return "this Redis is a replica: --redis-url must name the primary"
	case redis.IsLoadingError(err):
		return "Redis is still loading its data"
	case errors.Is(err, context.DeadlineExceeded) || slow && timeout.Timeout():
		return "Redis does not answer in time"
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return "Redis closes the connection"
	case unreachable:
		return "Redis cannot be reached"
	}
	return err.Error()
}
