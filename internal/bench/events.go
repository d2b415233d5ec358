package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"brigade/internal/event"
	"brigade/internal/event/eventpg"
	"brigade/internal/event/kafka"
	"brigade/internal/event/rabbitmq"
	"brigade/internal/store"
)

// Carried is how fast events that waited went to one sink, beside how fast it takes the same events without Postgres.
type Carried struct {
	Sink string `json:"sink"`
	Bare *Load  `json:"bare,omitempty"` // of a broker
	Load *Load  `json:"relayed"`        // its ratio is to the bare rate
}

func (c Carried) write(w io.Writer) {
	c.Bare.write(w, "bare")
	l := c.Load
	fmt.Fprintf(w, "  %-9s %8.0f events/s", c.Sink, l.PerSecond)
	if l.Ratio > 0 {
		fmt.Fprintf(w, "  = %.2f × bare", l.Ratio)
	}
	fmt.Fprintf(w, "  (%d in %.1f s; %.2f cores, Postgres %.2f)\n", l.Done, l.Seconds, l.Cores, l.PGCores)
}

// Resting is what relays cost while nothing happens.
type Resting struct {
	Relays     int     `json:"relays"`
	Seconds    float64 `json:"seconds"`
	CPUPercent float64 `json:"cpu_percent_of_a_core"`
	PGPercent  float64 `json:"postgres_cpu_percent_of_a_core,omitempty"` // 0: not known
}

// Events measures how events are carried: those that wait, to subscribers in this process and to each broker that is
// named, one after the other; at a rate of 1,000 a second, from before the commit to a subscriber; and what the relays
// cost while nothing happens.
func Events(ctx context.Context, o Options) (r Report, err error) {
	o = o.withDefaults()
	setDefault(&o.Events, 100_000)
	setDefault(&o.Rate, 1000)
	r = Report{Bench: "events", Machine: thisMachine()}
	if err := o.check(); err != nil {
		return r, err
	}
	st, err := setUp(ctx, o, Setup{Still: true})
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, st.close(context.WithoutCancel(ctx))) }()
	pool, err := store.Open(st.DatabaseURL, 8)
	if err != nil {
		return r, err
	}
	defer pool.Close()
	c := &carriage{stage: st, pool: pool, subscribers: event.NewMemory("subscribers")}
	defer c.closeSinks()
	if r.Raw, err = st.besideRaw(ctx, &r.Machine, func() error { return c.run(ctx, &r) }); err != nil {
		return r, err
	}
	return r, r.err()
}

// carriage carries events in the benchmark's ways.
type carriage struct {
	*stage
	pool        *pgxpool.Pool
	subscribers *event.Memory
	heard       func(e event.Event) // what a subscriber does besides; nil: nothing
	closers     []func()
}

func (c *carriage) run(ctx context.Context, r *Report) error {
	c.subscribers.Subscribe("bench", func(_ context.Context, events []event.Event) error {
		for _, e := range events {
			if c.heard != nil {
				c.heard(e)
			}
		}
		return nil
	})
	c.o.say("writing %d events", c.o.Events)
	if err := c.write(ctx); err != nil {
		return err
	}
	sinks := c.sinks()
	err := c.o.profiled(func() {
		for _, s := range sinks {
			carried, err := c.carry(ctx, s)
			if err != nil {
				r.Check = &Check{Faults: []string{fmt.Sprintf("%s: %v", s.Name(), err)}}
				return
			}
			r.Carried = append(r.Carried, carried)
		}
	})
	if err != nil || ctx.Err() != nil || r.Check != nil {
		return errors.Join(err, ctx.Err(), r.err())
	}
	if r.Paced, err = c.paced(ctx); err != nil {
		return err
	}
	r.Resting, err = c.rest(ctx, sinks)
	return err
}

// sinks are the subscribers and the brokers that were named.
func (c *carriage) sinks() []event.Sink {
	sinks := []event.Sink{c.subscribers}
	if len(c.o.Kafka.Brokers) > 0 {
		s := kafka.NewSink(c.o.Kafka)
		sinks, c.closers = append(sinks, s), append(c.closers, s.Close)
	}
	if c.o.RabbitMQ.URL != "" {
		s := rabbitmq.NewSink(c.o.RabbitMQ, nil)
		sinks, c.closers = append(sinks, s), append(c.closers, s.Close)
	}
	return sinks
}

func (c *carriage) closeSinks() {
	for _, end := range c.closers {
		end()
	}
}

// sample returns events like those of a busy kitchen: tasks of a thousand kinds, one event of each.
func sample(first, n int) []event.Event {
	events := make([]event.Event, n)
	now := time.Now()
	for i := range events {
		id := int64(1 + (first+i)%1000)
		events[i] = event.New(event.TaskStarted, event.AggregateTask, id, 1+(first+i)/1000, now, event.TaskPayload{
			TaskID: id, OrderID: id, OrderNumber: "ORD_20260504_007", Item: "Burger combo", Description: "grill patty",
			Counter: "griller", Status: "STARTED", Staff: "Asha", Machine: "grill-1",
		})
		events[i].Tenant, events[i].Outlet = 1, 1
	}
	return events
}

// write appends what will wait, 1,000 events a transaction.
func (c *carriage) write(ctx context.Context) error {
	for first := 0; first < c.o.Events; first += 1000 {
		if err := c.commit(ctx, sample(first, min(1000, c.o.Events-first))); err != nil {
			return err
		}
	}
	return nil
}

func (c *carriage) commit(ctx context.Context, events []event.Event) error {
	return store.Commit(ctx, c.pool, func(tx store.Tx) error { return eventpg.Append(ctx, tx, 0, events) })
}

// carry measures one sink: a broker bare at first, and then behind a relay that begins at the log's start.
func (c *carriage) carry(ctx context.Context, s event.Sink) (carried Carried, err error) {
	carried.Sink = s.Name()
	if s != event.Sink(c.subscribers) {
		if carried.Bare, err = c.bare(ctx, s); err != nil {
			return carried, err
		}
	}
	c.o.say("relaying %d events to %s", c.o.Events, s.Name())
	carried.Load = c.metered(func() *Load {
		return counted(func() (n int) {
			n, err = c.relayAll(ctx, s)
			return n
		})
	})
	if carried.Bare != nil {
		carried.Load.Ratio = carried.Load.PerSecond / carried.Bare.PerSecond
	}
	return carried, err
}

// bare publishes events that are at hand.
func (c *carriage) bare(ctx context.Context, s event.Sink) (l *Load, err error) {
	const batch, batches = 2000, 10
	events := sample(0, batch)
	if err := s.Publish(ctx, events); err != nil { // connects
		return nil, err
	}
	l = c.metered(func() *Load {
		return counted(func() int {
			for i := range batches {
				if err = s.Publish(ctx, events); err != nil {
					return i * batch
				}
			}
			return batches * batch
		})
	})
	return l, err
}

// counted times what returns how many events it has carried.
func counted(run func() int) *Load {
	began := time.Now()
	l := &Load{What: "events", Done: run()}
	l.Seconds = time.Since(began).Seconds()
	l.PerSecond = float64(l.Done) / l.Seconds
	return l
}

// relaySpacing is that of a running Brigade.
const relaySpacing = 25 * time.Millisecond

func (c *carriage) relay(s event.Sink) *event.Relay {
	return event.NewRelay(s, eventpg.NewLog(c.pool), eventpg.NewCursors(c.pool, nobodyElse), alone{}, event.RelayOptions{Spacing: relaySpacing, Logger: slog.New(slog.DiscardHandler)})
}

// relayAll relays until everything that was written has arrived.
func (c *carriage) relayAll(ctx context.Context, s event.Sink) (int, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	counting := &counting{Sink: s, want: int64(c.o.Events), done: func() { cancel(errArrived) }, failed: cancel}
	if err := c.relay(counting).Run(ctx); err != nil {
		return 0, err
	}
	if err := context.Cause(ctx); !errors.Is(err, errArrived) {
		return 0, err
	}
	return int(counting.n.Load()), nil
}

var errArrived = errors.New("everything has arrived")

// counting counts what a sink has taken.
type counting struct {
	event.Sink
	n      atomic.Int64
	want   int64
	done   func()
	failed func(error)
}

// Publish implements event.Sink.
func (c *counting) Publish(ctx context.Context, events []event.Event) error {
	if err := c.Sink.Publish(ctx, events); err != nil {
		c.failed(err)
		return err
	}
	if c.n.Add(int64(len(events))) >= c.want {
		c.done()
	}
	return nil
}

// alone owns every lease: there is nobody else.
type alone struct{}

// Owned implements event.Owner.
func (alone) Owned(string) (fence int64, ok bool) { return 1, true }

func nobodyElse(context.Context, store.Tx, string, int64) error { return nil }

// perCommit is how many events share a commit of the paced part, as orders that come in together do.
const perCommit = 10

// paced measures from before an event's commit until a subscriber has it, which a relay of this process carries.
func (c *carriage) paced(ctx context.Context) (*Load, error) {
	var mu sync.Mutex
	var took []time.Duration
	began := time.Now()
	c.heard = func(e event.Event) {
		mu.Lock()
		defer mu.Unlock()
		if !e.OccurredAt.Before(began) { // not one that comes again
			took = append(took, time.Since(e.OccurredAt))
		}
	}
	relay := c.relay(c.subscribers)
	stop := c.keep(ctx, relay)
	defer stop()
	c.o.say("%.0f events a second for %v", c.o.Rate, c.o.Duration/2)
	l := c.metered(func() *Load {
		return atRate(ctx, "events", 8, c.o.Rate/perCommit, c.o.Duration/2, func(ctx context.Context, _, n int) error {
			defer relay.Poke()
			return c.commit(ctx, sample(c.o.Events+n*perCommit, perCommit))
		})
	})
	l.Done, l.PerSecond = l.Done*perCommit, l.PerSecond*perCommit
	for until := time.Now().Add(answerIn); ctx.Err() == nil && time.Now().Before(until); {
		mu.Lock()
		n := len(took)
		mu.Unlock()
		if n >= l.Done {
			break
		}
		_ = pause(ctx, 10*time.Millisecond) // the loop looks at ctx
	}
	mu.Lock()
	defer mu.Unlock()
	if len(took) < l.Done && ctx.Err() == nil {
		return nil, fmt.Errorf("%d events were written, %d were heard of", l.Done, len(took))
	}
	l.Latency = latencyOf(took)
	return l, ctx.Err()
}

// keep runs relays until stop.
func (c *carriage) keep(ctx context.Context, relays ...*event.Relay) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	for _, r := range relays {
		running.Go(func() { _ = r.Run(ctx) }) // it ends with ctx alone
	}
	return func() { cancel(); running.Wait() }
}

// rest measures relays to all sinks while nothing happens. The rest of the process is at rest too.
func (c *carriage) rest(ctx context.Context, sinks []event.Sink) (*Resting, error) {
	relays := make([]*event.Relay, len(sinks))
	for i, s := range sinks {
		relays[i] = c.relay(s)
	}
	defer c.keep(ctx, relays...)()
	if err := pause(ctx, 2*time.Second); err != nil { // they catch up
		return nil, err
	}
	c.o.say("%d relays idle for %v", len(relays), c.o.Duration/2)
	own, pg, began := ownCPU(), c.postgres.cpu(), time.Now()
	if err := pause(ctx, c.o.Duration/2); err != nil {
		return nil, err
	}
	r := &Resting{Relays: len(relays), Seconds: time.Since(began).Seconds()}
	r.CPUPercent = 100 * (ownCPU() - own).Seconds() / r.Seconds
	r.PGPercent = 100 * (c.postgres.cpu() - pg).Seconds() / r.Seconds
	return r, nil
}
