// Package readyqueue shows the kitchens' ready queues in Redis, for whoever looks there: sorted sets whose members are
// task ids and whose scores are negative priorities, so that ZPOPMIN gives the best first. They are a picture: nothing
// is decided by them. Whatever Redis loses, or somebody takes out of it, is drawn again.
//
// The node that decides for a kitchen draws its queue, from what it has committed, under the fence of its lease: a node
// that has lost the kitchen is refused by the script that writes.
package readyqueue

import (
	"context"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"brigade/internal/kitchen"
)

// Names in Redis.
const (
	All    = "tasks:pending" // the queues of all kitchens together
	header = "tasks:mirror"  // whose queues these are, and for each kitchen under which fence it was drawn and when
)

// Key is the name of one kitchen's queue: tasks:pending:TENANT:OUTLET, by their ids.
func Key(tenant, outlet int64) string { return All + ":" + field(tenant, outlet) }

func field(tenant, outlet int64) string {
	return strconv.FormatInt(tenant, 10) + ":" + strconv.FormatInt(outlet, 10)
}

// Source tells what waits. kitchen.Desk is one.
type Source interface {
	// Queues returns the committed ready queues of those of some kitchens that this node decides for; nil: of all.
	Queues(ctx context.Context, outlets []int64) ([]kitchen.Queue, error)
}

// Options say how queues are drawn. Zero fields take their defaults.
type Options struct {
	Installation string        // tells this installation's queues from those of another in the same Redis
	Aging        float64       // points of priority per second of waiting
	Spacing      time.Duration // between two drawings at least; 25 ms
	Look         time.Duration // between looks whether Redis still has what it was given; 1 s
	Redraw       time.Duration // between two drawings of a kitchen in full, with its priorities as they are then; 10 s
	Timeout      time.Duration // of one exchange with Redis; 2 s
	Logger       *slog.Logger
	Explain      func(error) string         // what Redis' answers mean to its operator
	Drawn        func(tasks int, full bool) // for metrics; may be nil
	Shown        func(bool)                 // the same: whether all is drawn
}

func (o Options) withDefaults() Options {
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{{&o.Spacing, 25 * time.Millisecond}, {&o.Look, time.Second}, {&o.Redraw, 10 * time.Second}, {&o.Timeout, 2 * time.Second}} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Explain == nil {
		o.Explain = error.Error
	}
	if o.Shown == nil {
		o.Shown = func(bool) {}
	}
	if o.Drawn == nil {
		o.Drawn = func(int, bool) {}
	}
	return o
}

// Mirror draws the queues of the kitchens that its node decides for.
type Mirror struct {
	client redis.Cmdable
	source Source
	opts   Options
	wake   chan struct{}

	mu      sync.Mutex
	changed map[int64]bool
	trouble string

	// The rest belongs to Run.
	generation string // of what Redis holds; "": it has to be asked
	drawn      map[int64]*drawing
}

// drawing is a kitchen's queue as Redis has it.
type drawing struct {
	scores map[int64]float64
	asOf   time.Time // the product's time of the priorities
	drawn  time.Time // in full, by the machine's clock
}

// New returns a mirror; Run draws.
func New(client redis.Cmdable, source Source, opts Options) *Mirror {
	return &Mirror{
		client: client, source: source, opts: opts.withDefaults(), wake: make(chan struct{}, 1),
		changed: map[int64]bool{}, drawn: map[int64]*drawing{},
	}
}

// Changed says that a kitchen's queue is perhaps not what it was. It never blocks.
func (m *Mirror) Changed(outlet int64) {
	m.again([]int64{outlet})
}

// Trouble says why queues cannot be drawn at present; "" when they can.
func (m *Mirror) Trouble() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.trouble
}

// rest is how many times as long as a drawing took there is none: drawing costs at most a tenth of a core.
const rest = 9

// Run draws until ctx ends, and returns nil then. While Redis cannot be used it says so once and goes on trying.
func (m *Mirror) Run(ctx context.Context) error {
	looked, failures := time.Time{}, 0
	for ctx.Err() == nil {
		began := time.Now()
		look := began.Sub(looked) >= m.opts.Look
		err := m.draw(ctx, look)
		if look {
			looked = began
		}
		m.note(ctx, err)
		wait := max(m.opts.Spacing, rest*time.Since(began))
		if failures++; err == nil {
			failures = 0
		} else {
			wait = max(wait, min(50*time.Millisecond<<min(failures, 10), 2*time.Second))
		}
		m.pause(ctx, wait, failures == 0)
	}
	return nil
}

// pause waits for so long, and then, when all is well, until something changes or it is time to look.
func (m *Mirror) pause(ctx context.Context, wait time.Duration, well bool) {
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return
	case <-t.C:
	}
	if !well {
		return
	}
	t.Reset(max(m.opts.Look-wait, 0))
	select {
	case <-ctx.Done():
	case <-m.wake:
	case <-t.C:
	}
}

// note remembers why drawing failed, and logs when that begins, changes, and ends.
func (m *Mirror) note(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	why := ""
	if err != nil {
		why = m.opts.Explain(err)
	}
	m.mu.Lock()
	before := m.trouble
	m.trouble = why
	m.mu.Unlock()
	m.opts.Shown(why == "")
	switch why {
	case before:
	case "":
		m.opts.Logger.InfoContext(ctx, "ready queues are shown in Redis again", "action", "queues_back")
	default:
		m.opts.Logger.WarnContext(ctx, "ready queues cannot be shown in Redis, trying again: "+why, "action", "queues_lost", "error", err)
	}
}
