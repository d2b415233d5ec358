package worker

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"brigade/internal/clock"
	"brigade/internal/errs"
)

// Config says who a worker is and how he works.
type Config struct {
	Tenant    int64
	Name      string
	Types     []string      // of orders that he cooks; empty: all
	Heartbeat time.Duration // between signs of life
	Scale     float64       // of cooking times: 1 = contract R's, 0 = at once
}

// Validate names every fault. Errors: KindInvalid.
func (c Config) Validate() error {
	var f errs.Fields
	switch n := utf8.RuneCountInString(c.Name); {
	case n == 0:
		f.Add("--worker-name", "is required")
	case strings.TrimSpace(c.Name) == "" || n > 100 || strings.ContainsFunc(c.Name, unicode.IsControl):
		f.Add("--worker-name", "must have 1 to 100 printable characters")
	}
	for i, t := range c.Types {
		switch {
		case !slices.Contains(Types, t):
			f.Add("--order-types", "must be of %s, not %q", strings.Join(Types, ", "), t)
		case slices.Contains(c.Types[:i], t):
			f.Add("--order-types", "names %s twice", t)
		}
	}
	if c.Heartbeat < 100*time.Millisecond || c.Heartbeat > time.Hour {
		f.Add("--heartbeat-interval", "must be 100ms to 1h, not %s", c.Heartbeat)
	}
	if !(c.Scale >= 0 && c.Scale <= 100) {
		f.Add("--cooking-scale", "must be 0 to 100, not %v", c.Scale)
	}
	return f.Err()
}

// Longest is how long the worker cooks an order at most.
func (c Config) Longest() (d time.Duration) {
	for _, t := range Types {
		d = max(d, c.cooks(t))
	}
	return d
}

func (c Config) cooks(orderType string) time.Duration {
	return time.Duration(float64(CookingTime(orderType)) * c.Scale)
}

// Identity is a worker's name in use by one process.
type Identity struct {
	Tenant  int64
	Name    string
	Session uuid.UUID
}

// Turn is one step with an order, or both at once.
type Turn struct {
	Tenant int64
	Number string
	Worker string
	Take   bool // it is cooking from now on
	Finish bool // it is ready
	At     time.Time
}

// View is a worker as others see him.
type View struct {
	Name      string
	Types     []string
	Processed int64 // orders
	LastSeen  time.Time
	Online    bool // seen within two of his heartbeats, and he has not left
}

// Store keeps workers and what they cook.
type Store interface {
	// Register takes a name. Errors: KindConflict when a live worker has it.
	Register(ctx context.Context, id Identity, types []string, heartbeat time.Duration) error
	// Beat is a sign of life. Errors: KindConflict when another process has the name by now.
	Beat(ctx context.Context, id Identity) error
	// Leave says that the worker is offline.
	Leave(ctx context.Context, id Identity) error
	// Turn takes an order a step further, with its history and events, in one transaction. open is false when there
	// was nothing to do any more: it is ready already, or not wanted. Errors: KindNotFound when workers are not asked
	// to cook such an order; KindUnavailable (nothing was written), KindUnknown.
	Turn(ctx context.Context, t Turn) (open bool, err error)
}

// Worker cooks orders.
type Worker struct {
	cfg   Config
	id    Identity
	store Store
	clock clock.Clock
	log   *slog.Logger
}

// Start registers a worker. Errors: KindConflict when a live worker has the name, KindUnavailable.
func Start(ctx context.Context, cfg Config, store Store, clk clock.Clock, log *slog.Logger) (*Worker, error) {
	if len(cfg.Types) == 0 {
		cfg.Types = Types
	}
	w := &Worker{
		cfg: cfg, id: Identity{cfg.Tenant, cfg.Name, uuid.New()}, store: store, clock: clk,
		log: log.With("worker_name", cfg.Name),
	}
	if err := store.Register(ctx, w.id, cfg.Types, cfg.Heartbeat); err != nil {
		return nil, err
	}
	w.log.InfoContext(ctx, "worker registered", "action", "worker_registered", "order_types", cfg.Types)
	return w, nil
}

// Types are the order types that the worker cooks.
func (w *Worker) Types() []string { return w.cfg.Types }

// Beat gives signs of life until ctx ends. Errors: KindConflict when another process has the name by now; while Postgres
// is away it tries again.
func (w *Worker) Beat(ctx context.Context) error {
	tick := time.NewTicker(w.cfg.Heartbeat)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		err := w.store.Beat(ctx, w.id)
		switch {
		case errs.Is(err, errs.KindConflict):
			return err
		case err != nil && ctx.Err() == nil:
			w.log.WarnContext(ctx, "no sign of life could be given", "action", "heartbeat_failed", "error", err)
		case err == nil:
			w.log.DebugContext(ctx, "sign of life", "action", "heartbeat_sent")
		}
	}
}

// Leave says that the worker is offline.
func (w *Worker) Leave(ctx context.Context) error {
	err := w.store.Leave(ctx, w.id)
	w.log.InfoContext(ctx, "worker offline", "action", "worker_offline")
	return err
}

// Outcome is what became of a message.
type Outcome uint8

// The outcomes.
const (
	Cooked  Outcome = iota // or there was nothing to do
	Later                  // something is away: somebody shall try again
	Refused                // nobody can ever cook this
)

// Cook handles an order message from beginning to end. Messages may come twice: an order is cooked once.
func (w *Worker) Cook(ctx context.Context, body []byte) Outcome {
	m, err := DecodeOrder(body)
	if err == nil && !slices.Contains(w.cfg.Types, m.Type) {
		err = errs.Invalid("a %s order is in the wrong queue", m.Type)
	}
	if err != nil {
		return w.judge(ctx, m, err)
	}
	takes := w.cfg.cooks(m.Type)
	open, err := w.turn(ctx, m, true, takes == 0)
	if err != nil || !open {
		return w.judge(ctx, m, err)
	}
	if takes > 0 {
		w.log.InfoContext(ctx, "cooking", "action", "order_processing_started", "order_number", m.Number)
		if err := w.finish(ctx, m, takes); err != nil {
			return w.judge(ctx, m, err)
		}
	}
	w.log.InfoContext(ctx, "order is ready", "action", "order_completed", "order_number", m.Number)
	return Cooked
}

func (w *Worker) turn(ctx context.Context, m OrderMessage, take, finish bool) (open bool, err error) {
	return w.store.Turn(ctx, Turn{
		Tenant: w.cfg.Tenant, Number: m.Number, Worker: w.cfg.Name, Take: take, Finish: finish,
		At: w.clock.Now().Truncate(time.Microsecond),
	})
}

const (
	finishTries = 20 // the food is there: it is worth some patience
	retryPause  = 500 * time.Millisecond
)

// finish cooks, and reports until the report is written.
func (w *Worker) finish(ctx context.Context, m OrderMessage, takes time.Duration) error {
	done, stop := w.clock.After(takes)
	defer stop()
	<-done
	for try := 1; ; try++ {
		_, err := w.turn(ctx, m, false, true)
		if err == nil || try == finishTries || !passes(err) {
			return err
		}
		w.pause(ctx)
	}
}

func passes(err error) bool {
	return errs.Is(err, errs.KindUnavailable) || errs.Is(err, errs.KindUnknown)
}

func (w *Worker) pause(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(retryPause):
	}
}

// judge says what becomes of a message that was not cooked. It holds on to one that comes again, so that a queue and
// a database that is away do not chase each other.
func (w *Worker) judge(ctx context.Context, m OrderMessage, err error) Outcome {
	switch {
	case err == nil:
		w.log.DebugContext(ctx, "nothing to do any more", "action", "order_skipped", "order_number", m.Number)
		return Cooked
	case passes(err):
		w.log.WarnContext(ctx, "order goes back into the queue", "action", "message_requeued", "order_number", m.Number, "error", err)
		w.pause(ctx)
		return Later
	case errs.Is(err, errs.KindInternal):
		w.log.ErrorContext(ctx, "order goes back into the queue", "action", "message_requeued", "order_number", m.Number, "error", err)
		w.pause(ctx)
		return Later
	}
	w.log.ErrorContext(ctx, "message refused", "action", "message_refused", "order_number", m.Number, "error", err)
	return Refused
}
