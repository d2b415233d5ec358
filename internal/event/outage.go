package event

import (
	"context"
	"log/slog"
	"time"

	"github.com/cenkalti/backoff/v5"
)

const (
	firstRetry = 100 * time.Millisecond
	lastRetry  = 30 * time.Second
)

// retryDelay is how long to wait after so many failures in a row: from 100 ms, doubling to 30 s, give or take a half.
func retryDelay(failures int) time.Duration {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval = min(firstRetry<<min(max(failures-1, 0), 20), lastRetry)
	return b.NextBackOff()
}

// outage says once that something is out of reach, and once that it is back.
type outage struct {
	logger   *slog.Logger
	lost     string // what is logged then
	back     string
	since    time.Time
	failures int
}

// failed returns how long to wait before the next try, at most 2 s or so: what is away may be back any moment.
func (o *outage) failed(ctx context.Context, err error) time.Duration {
	if ctx.Err() != nil {
		return 0
	}
	if o.failures == 0 {
		o.since = time.Now()
		o.logger.WarnContext(ctx, o.lost, "error", err)
	}
	o.failures++
	return retryDelay(min(o.failures, 5))
}

func (o *outage) over(ctx context.Context) {
	if o.failures > 0 {
		o.logger.InfoContext(ctx, o.back, "away", time.Since(o.since).Round(time.Millisecond), "tries", o.failures)
		o.failures = 0
	}
}
