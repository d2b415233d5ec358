package event

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"brigade/internal/clock"
)

// MainSink is the name of the sink whose publication the view domain_events shows.
const MainSink = "main"

// Sink takes events out of the log: a broker, or subscribers in this process.
type Sink interface {
	// Name is the sink's name in event_sinks; it never changes.
	Name() string
	// Publish hands the events over and returns nil only when all of them are safely taken. They come in order of
	// position; those of one aggregate must stay in this order. After an error, or a crash, the same events
	// come again (perhaps with more behind them), so consumers see each at least once and drop what they
	// have seen by its ID. Publish returns soon after ctx ends. It must not change the events.
	Publish(ctx context.Context, events []Event) error
}

// Cursor is how far a sink has come.
type Cursor struct {
	Position int64         // everything up to here is published
	Attempts int           // failed tries at the next batch
	RetryIn  time.Duration // until the next try is due; 0: now
}

// Cursors keeps how far each sink has come. Mark and Fail are fenced: they return an error, and change nothing,
// when the relay's lease is no longer the one with the given fence.
type Cursors interface {
	// Load returns a sink's cursor, at 0 for a sink that was never seen.
	Load(ctx context.Context, sink string) (Cursor, error)
	// Mark notes in one transaction that everything up to a position was published at a (product) time.
	Mark(ctx context.Context, sink string, fence, position int64, at time.Time) error
	// Fail notes a failed try: how many there were, why, and when the next is due.
	Fail(ctx context.Context, sink string, fence int64, attempts int, reason string, retryIn time.Duration) error
	// Park notes events that the sink can never take, so that somebody can look at them. Parking twice is fine.
	Park(ctx context.Context, sink string, fence int64, poison []Poison) error
}

// Owner tells which leases this node holds.
type Owner interface {
	// Owned returns the fencing token of a resource that this node owns just now.
	Owned(resource string) (fence int64, ok bool)
}

// RelayResource is the lease under which a sink's relay runs: relay:main, relay-kafka:kafka. Each sink is a kind of its
// own, because not every process that relays can reach every broker.
func RelayResource(sink string) string { return RelayKind(sink) + ":" + sink }

// RelayKind is the kind of a sink's lease, and the role of the processes that share it.
func RelayKind(sink string) string {
	if sink == MainSink {
		return "relay"
	}
	return "relay-" + sink
}

// SinkStats are a sink's figures for metrics.
type SinkStats struct {
	Name      string
	Position  int64 // everything up to here is published
	Behind    int64 // positions between there and the log's end: no fewer than the events that wait
	Attempts  int   // failed tries at the next batch
	LastError string
	UpdatedAt time.Time
}

// RelayOptions say how a relay works. Zero fields take their defaults.
type RelayOptions struct {
	Batch   int           // events per Publish at most; 2,000
	Poll    time.Duration // between looks without a poke, and at the lease; 100 ms
	Quiet   time.Duration // the same once nothing has come for a while; 250 ms
	Spacing time.Duration // between looks at least: batches grow rather than commits; 10 ms
	Timeout time.Duration // for one Publish; 30 s
	Clock   clock.Clock   // for published_at; the machine's
	Logger  *slog.Logger  // slog.Default()
}

func (o RelayOptions) withDefaults() RelayOptions {
	setDefault(&o.Batch, 2000)
	setDefault(&o.Poll, 100*time.Millisecond)
	setDefault(&o.Quiet, 250*time.Millisecond)
	setDefault(&o.Spacing, 10*time.Millisecond)
	setDefault(&o.Timeout, 30*time.Second)
	if o.Clock == nil {
		o.Clock = clock.Real()
	}
	setDefault(&o.Logger, slog.Default())
	return o
}

// Relay carries the log's events to one sink, in order and at least once, while this node holds the sink's lease.
// Relays of different sinks know nothing of each other.
type Relay struct {
	sink    Sink
	log     Log
	cursors Cursors
	owner   Owner
	opts    RelayOptions
	poke    chan struct{}
}

// NewRelay returns a relay to the sink; Run makes it work.
func NewRelay(sink Sink, log Log, cursors Cursors, owner Owner, opts RelayOptions) *Relay {
	return &Relay{sink: sink, log: log, cursors: cursors, owner: owner, opts: opts.withDefaults(), poke: make(chan struct{}, 1)}
}

// Poke makes the relay look at once. Call it after a commit that appended events; it never blocks.
func (r *Relay) Poke() { nudge(r.poke) }

// Run relays whenever this node holds the lease, until ctx ends; it returns nil then. While the database is out of
// reach it says so once and tries again with backoff.
func (r *Relay) Run(ctx context.Context) error {
	out := outage{
		logger: r.opts.Logger.With("sink", r.sink.Name()),
		lost:   "event relay interrupted, trying again", back: "event relay works again",
	}
	for ctx.Err() == nil {
		delay := r.opts.Poll
		if fence, ok := r.owner.Owned(RelayResource(r.sink.Name())); ok {
			if err := r.serve(ctx, fence, &out); err != nil {
				delay = out.failed(ctx, err)
			}
		}
		sleep(ctx, delay)
	}
	return nil
}

// serve works from the stored cursor until the lease or ctx ends (then it returns nil) or the database fails.
func (r *Relay) serve(ctx context.Context, fence int64, out *outage) error {
	ctx, release := r.whileOwned(ctx, fence)
	defer release()
	cursor, err := r.cursors.Load(ctx, r.sink.Name())
	if err != nil {
		return unlessEnded(ctx, err)
	}
	out.over(ctx)
	t := &turn{
		Relay: r, fence: fence, follower: Follow(cursor.Position), attempts: cursor.Attempts,
		pace: pace{poll: r.opts.Poll, quiet: r.opts.Quiet, spacing: r.opts.Spacing},
	}
	delay := cursor.RetryIn
	for t.wait(ctx, delay) {
		if delay, err = t.step(ctx); err != nil {
			return unlessEnded(ctx, err)
		}
	}
	return nil
}

func unlessEnded(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// whileOwned returns a context that ends soon after the lease with this fence is lost.
func (r *Relay) whileOwned(ctx context.Context, fence int64) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for sleep(ctx, r.opts.Poll) {
			if now, ok := r.owner.Owned(RelayResource(r.sink.Name())); !ok || now != fence {
				cancel()
			}
		}
	}()
	return ctx, func() { cancel(); <-done }
}

// turn is a relay at work under one lease.
type turn struct {
	*Relay
	fence    int64
	follower Follower
	attempts int
	pace     pace
}

// wait keeps to the delay after a failure, however much it is poked.
func (t *turn) wait(ctx context.Context, d time.Duration) bool {
	if t.attempts > 0 {
		return sleep(ctx, d)
	}
	return t.pace.wait(ctx, d, t.poke)
}

// step publishes and marks one batch, and returns how long to wait then. Only the database's failures are errors.
func (t *turn) step(ctx context.Context) (time.Duration, error) {
	s, err := look(ctx, t.log, t.follower, t.opts.Batch)
	if err != nil {
		return 0, err
	}
	if len(s.events) > 0 {
		if err := t.publishOrPark(ctx, s.events); err != nil {
			return t.failed(ctx, err)
		}
		if err := t.cursors.Mark(ctx, t.sink.Name(), t.fence, s.next.Cursor(), t.opts.Clock.Now()); err != nil {
			return 0, fmt.Errorf("mark %d published to %s: %w", s.next.Cursor(), t.sink.Name(), err)
		}
		t.succeeded(ctx)
	}
	t.follower = s.next
	return t.pace.after(s), nil
}

// publishOrPark publishes events and leaves those out that the sink can never take.
func (t *turn) publishOrPark(ctx context.Context, events []Event) error {
	for {
		err := t.publish(ctx, events)
		poison, ok := errors.AsType[*PoisonError](err)
		if !ok {
			return err
		}
		if err := t.cursors.Park(ctx, t.sink.Name(), t.fence, poison.Events); err != nil {
			return err
		}
		t.opts.Logger.ErrorContext(ctx, "events parked that can never be published", "action", "events_parked", "sink", t.sink.Name(), "error", err)
		if events = poison.Without(events); len(events) == 0 {
			return nil
		}
	}
}

var errSlow = errors.New("the sink took too long")

func (t *turn) publish(ctx context.Context, events []Event) error {
	ctx, cancel := context.WithTimeoutCause(ctx, t.opts.Timeout, errSlow)
	defer cancel()
	err := t.sink.Publish(ctx, events)
	if err != nil && errors.Is(context.Cause(ctx), errSlow) {
		return fmt.Errorf("%w: %w", errSlow, err)
	}
	return err
}

func (t *turn) failed(ctx context.Context, err error) (time.Duration, error) {
	if ctx.Err() != nil { // we ended, not the sink
		return 0, ctx.Err()
	}
	if t.attempts++; t.attempts == 1 {
		t.opts.Logger.WarnContext(ctx, "events not published, trying again", "sink", t.sink.Name(), "error", err)
	}
	delay := retryDelay(t.attempts)
	if err := t.cursors.Fail(ctx, t.sink.Name(), t.fence, t.attempts, err.Error(), delay); err != nil {
		return 0, fmt.Errorf("note failure of %s: %w", t.sink.Name(), err)
	}
	return delay, nil
}

func (t *turn) succeeded(ctx context.Context) {
	if t.attempts > 0 {
		t.opts.Logger.InfoContext(ctx, "events published again", "sink", t.sink.Name(), "failed_tries", t.attempts)
		t.attempts = 0
	}
}
