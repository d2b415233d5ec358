package event

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"
)

// ErrStopped is what subscriptions of a tail answer once it has stopped.
var ErrStopped = errors.New("event: the tail has stopped")

// TailOptions say how a tail follows the log. Zero fields take their defaults.
type TailOptions struct {
	Poll    time.Duration // between looks without a poke; 100 ms
	Quiet   time.Duration // the same once nothing has come for a while; 250 ms
	Spacing time.Duration // between looks at least, so that many pokes cost one look; 2 ms
	Page    int           // events per look; 2,000
	Logger  *slog.Logger  // slog.Default()
	Recent  *Recent       // remembers what is handed out; may be nil
}

func (o TailOptions) withDefaults() TailOptions {
	setDefault(&o.Poll, 100*time.Millisecond)
	setDefault(&o.Quiet, 250*time.Millisecond)
	setDefault(&o.Spacing, 2*time.Millisecond)
	setDefault(&o.Page, 2000)
	setDefault(&o.Logger, slog.Default())
	return o
}

func setDefault[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}

// Tail follows the log from now on and hands its events to subscribers in this process. There is one per process.
// It reads only while somebody is subscribed. A slow subscriber never blocks it: he is told that he lagged.
type Tail struct {
	log  Log
	opts TailOptions
	poke chan struct{}

	mu      sync.Mutex
	subs    map[*Subscription]struct{}
	begun   bool  // the tail follows: cursor is a beginning for whoever subscribes
	cursor  int64 // everything up to here was handed out
	settled bool  // and nothing up to here can still appear
	stopped bool
}

// NewTail returns a tail of the log; Run makes it follow.
func NewTail(log Log, opts TailOptions) *Tail {
	return &Tail{log: log, opts: opts.withDefaults(), poke: make(chan struct{}, 1), subs: map[*Subscription]struct{}{}}
}

// Poke makes the tail look at once. Call it after a commit that appended events; it never blocks.
func (t *Tail) Poke() { nudge(t.poke) }

// Run follows the log until ctx ends and returns nil then. While the log is out of reach it says so once, tries again
// with backoff, and goes on where it was.
func (t *Tail) Run(ctx context.Context) error {
	defer t.stop()
	for t.awaitSubscriber(ctx) {
		t.follow(ctx)
	}
	return nil
}

func (t *Tail) stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stopped = true
	for s := range t.subs {
		nudge(s.signal)
	}
}

// awaitSubscriber returns true once somebody is subscribed, false when ctx ended. Subscribe pokes.
func (t *Tail) awaitSubscriber(ctx context.Context) bool {
	for ctx.Err() == nil {
		if t.wanted() {
			return true
		}
		select {
		case <-ctx.Done():
		case <-t.poke:
		}
	}
	return false
}

// wanted tells whether anybody is subscribed; when not, the next one begins anew.
func (t *Tail) wanted() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.subs) == 0 {
		t.begun = false
	}
	return len(t.subs) > 0
}

// follow reads from the log's present end until nobody is subscribed or ctx ends.
func (t *Tail) follow(ctx context.Context) {
	out := outage{logger: t.opts.Logger, lost: "event log out of reach, trying again", back: "event log back"}
	p := pace{poll: t.opts.Poll, quiet: t.opts.Quiet, spacing: t.opts.Spacing}
	var at *position
	for t.wanted() {
		next, delay, err := t.advance(ctx, at, &p)
		if err != nil {
			if !sleep(ctx, out.failed(ctx, err)) {
				return
			}
			continue
		}
		out.over(ctx)
		if at = next; !p.wait(ctx, delay, t.poke) {
			return
		}
	}
}

// position is where the tail stands: the follower, and who was writing when it began.
type position struct {
	follower Follower
	earlier  Probe
}

// advance begins at the log's end when at is nil; else it hands out what has come since.
func (t *Tail) advance(ctx context.Context, at *position, p *pace) (*position, time.Duration, error) {
	if at == nil {
		probe, err := t.log.Probe(ctx)
		if err != nil {
			return nil, 0, err
		}
		t.begin(probe)
		return &position{Follow(probe.Head), probe}, 0, nil
	}
	earlier, err := t.settle(ctx, at.earlier)
	if err != nil {
		return nil, 0, err
	}
	s, err := look(ctx, t.log, at.follower, t.opts.Page)
	if err != nil {
		return nil, 0, err
	}
	if t.opts.Recent != nil {
		t.opts.Recent.add(at.follower.Cursor(), s.next.Cursor(), s.events)
	}
	t.handOut(s.events, s.next.Cursor())
	return &position{s.next, earlier}, p.after(s), nil
}

// begin sets the cursor to the log's end; everybody has to load what was before.
func (t *Tail) begin(probe Probe) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.begun, t.cursor, t.settled = true, probe.Head, len(probe.Writers) == 0
	t.lagAll()
}

// settle waits for those who were writing when the tail began: what they commit lies before the tail's beginning
// and is never handed out. Once they have ended, everybody has to load afresh.
func (t *Tail) settle(ctx context.Context, earlier Probe) (Probe, error) {
	if len(earlier.Writers) == 0 {
		return earlier, nil
	}
	probe, err := t.log.Probe(ctx)
	if err != nil {
		return earlier, err
	}
	earlier = earlier.without(probe)
	if len(earlier.Writers) == 0 {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.settled = true
		t.lagAll()
	}
	return earlier, nil
}

func (t *Tail) lagAll() {
	for s := range t.subs {
		s.lag()
	}
}

func (t *Tail) handOut(events []Event, cursor int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cursor = cursor
	if len(events) == 0 {
		return
	}
	for s := range t.subs {
		s.offer(events)
	}
}

// TailStats are a tail's figures for metrics.
type TailStats struct {
	Position    int64 // everything up to here was handed out
	Subscribers int
	Settled     bool // and nothing up to Position can still appear
}

// Stats returns the tail's present figures.
func (t *Tail) Stats() TailStats {
	t.mu.Lock()
	defer t.mu.Unlock()
	return TailStats{Position: t.cursor, Subscribers: len(t.subs), Settled: t.begun && t.settled}
}
