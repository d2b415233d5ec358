package eventtest

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"brigade/internal/event"
)

// Harness is one sink under test with a consumer behind it.
type Harness struct {
	Sink event.Sink
	// Receive waits for the next event that reached the consumer, in the order in which they did.
	Receive func(ctx context.Context) (event.Event, error)
	// FailNext makes the way to the consumer fail for the next n calls of Publish, at best after a part went through.
	FailNext func(n int)
	// Restart ends the adapter, as a crash would, and returns a new one that leads to the same consumer.
	Restart func() event.Sink
	// Block stops the way to the consumer, so that Publish hangs, until release is called.
	Block func() (release func())
}

// patience is how long anything may take that should happen.
const patience = 2 * time.Minute

// Run checks that a sink keeps the contract of event.Sink, alone and behind a relay. Each check gets its own harness.
func Run(t *testing.T, setup func(t *testing.T) Harness) {
	t.Helper()
	checks := map[string]func(*testing.T, Harness){
		"all fields survive":                 fieldsSurvive,
		"a large payload survives":           largePayload,
		"order within each aggregate":        aggregateOrder,
		"a batch of 10,000":                  largeBatch,
		"an empty batch":                     emptyBatch,
		"a failure is told and can be tried": failureIsTold,
		"cancelled in the middle":            cancelled,
		"relayed through failures":           relayedThroughFailures,
		"restarted from the cursor":          restarted,
	}
	for name, check := range checks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, setup(t))
		})
	}
}

// Event returns an event of an aggregate as intake and kitchen write them.
func Event(aggregate int64, sequence int) event.Event {
	e := event.New(event.TaskStarted, event.AggregateTask, aggregate, sequence,
		time.Date(2026, 5, 4, 12, 30, 0, 123456000, time.UTC),
		event.TaskPayload{TaskID: aggregate, OrderID: 7, OrderNumber: "ORD_20260504_007", Status: "STARTED", Staff: "Asha"})
	e.Tenant, e.Outlet = 3, 5
	return e
}

// Interleaved returns events of many aggregates in a random mixture, each aggregate's in order; positions are set.
func Interleaved(aggregates, each int) []event.Event {
	var turns []int64
	for a := range aggregates {
		for range each {
			turns = append(turns, int64(a+1))
		}
	}
	rand.Shuffle(len(turns), func(i, j int) { turns[i], turns[j] = turns[j], turns[i] })
	sequences := map[int64]int{}
	events := make([]event.Event, len(turns))
	for i, a := range turns {
		sequences[a]++
		events[i] = Event(a, sequences[a])
		events[i].Position = int64(i + 1)
	}
	return events
}

// Consumer checks what arrives: at least once, and in order within each aggregate.
type Consumer struct {
	seen map[uuid.UUID]event.Event
	last map[string]int
	// Duplicates is how many events arrived that had arrived before.
	Duplicates int
}

// NewConsumer returns a consumer that has seen nothing.
func NewConsumer() *Consumer {
	return &Consumer{seen: map[uuid.UUID]event.Event{}, last: map[string]int{}}
}

// Take notes an event, or says what is wrong with its order: of what arrives for the first time, each aggregate's
// sequence must go up by one.
func (c *Consumer) Take(e event.Event) error {
	if _, again := c.seen[e.ID]; again {
		c.Duplicates++
		return nil
	}
	aggregate := fmt.Sprintf("%s %d", e.AggregateType, e.AggregateID)
	if e.Sequence != c.last[aggregate]+1 {
		return fmt.Errorf("%s: %d came after %d (position %d)", aggregate, e.Sequence, c.last[aggregate], e.Position)
	}
	c.seen[e.ID], c.last[aggregate] = e, e.Sequence
	return nil
}

// Len is how many different events have arrived.
func (c *Consumer) Len() int { return len(c.seen) }

// consume receives until every wanted event has arrived, and checks that each is as it was sent.
func consume(t *testing.T, h Harness, want []event.Event) *Consumer {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c := NewConsumer()
	for c.Len() < len(want) {
		e, err := h.Receive(ctx)
		require.NoError(t, err, "%d of %d events arrived", c.Len(), len(want))
		require.NoError(t, c.Take(e))
	}
	for _, w := range want {
		requireSame(t, w, c.seen[w.ID])
	}
	return c
}

func requireSame(t *testing.T, want, got event.Event) {
	t.Helper()
	require.JSONEq(t, string(want.Payload), string(got.Payload))
	want.Payload, got.Payload = nil, nil
	want.Origin, got.Origin = 0, 0 // stays inside
	require.True(t, want.OccurredAt.Equal(got.OccurredAt), "%s is not %s", got.OccurredAt, want.OccurredAt)
	want.OccurredAt, got.OccurredAt = time.Time{}, time.Time{}
	require.Equal(t, want, got)
}

func fieldsSurvive(t *testing.T, h Harness) {
	e := Event(1<<53, 1)
	e.Position, e.Version = 1<<52, 3
	e.TraceParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	e.Payload = json.RawMessage(`{"text":"Crème brûlée 🍮 \"quoted\" \n \u2028","number":9007199254740993,"null":null,"list":[1.50]}`)
	require.NoError(t, h.Sink.Publish(t.Context(), []event.Event{e}))
	consume(t, h, []event.Event{e})
}

func largePayload(t *testing.T, h Harness) {
	e := Event(1, 1)
	e.Payload, _ = json.Marshal(map[string]string{"note": strings.Repeat("mise en place ", 50_000)}) // 700 kB
	require.NoError(t, h.Sink.Publish(t.Context(), []event.Event{e}))
	consume(t, h, []event.Event{e})
}

func aggregateOrder(t *testing.T, h Harness) {
	events := Interleaved(200, 20)
	for rest := events; len(rest) > 0; {
		n := min(1+rand.IntN(300), len(rest))
		require.NoError(t, h.Sink.Publish(t.Context(), rest[:n]))
		rest = rest[n:]
	}
	require.Zero(t, consume(t, h, events).Duplicates, "without a failure nothing needs to come twice")
}

func largeBatch(t *testing.T, h Harness) {
	events := Interleaved(1000, 10)
	require.NoError(t, h.Sink.Publish(t.Context(), events))
	consume(t, h, events)
}

func emptyBatch(t *testing.T, h Harness) {
	require.NoError(t, h.Sink.Publish(t.Context(), nil))
}

func failureIsTold(t *testing.T, h Harness) {
	events := Interleaved(20, 10)
	h.FailNext(2)
	require.Error(t, h.Sink.Publish(t.Context(), events))
	require.Error(t, h.Sink.Publish(t.Context(), events))
	require.NoError(t, h.Sink.Publish(t.Context(), events))
	consume(t, h, events)
}

func cancelled(t *testing.T, h Harness) {
	events := Interleaved(50, 10)
	release := h.Block()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- h.Sink.Publish(ctx, events) }()
	cancel()
	select {
	case err := <-done:
		require.Error(t, err)
	case <-time.After(patience):
		require.Fail(t, "Publish did not return after its context had ended")
	}
	release()
	require.NoError(t, h.Sink.Publish(t.Context(), events))
	consume(t, h, events)
}

func relayedThroughFailures(t *testing.T, h Harness) {
	log := NewLog()
	h.FailNext(3)
	events := Interleaved(100, 30)
	for i := range events {
		if rand.IntN(50) == 0 {
			log.Begin(Event(1, 1)).Rollback()
		}
		tx := log.Begin(events[i])
		events[i].Position = tx.events[0].Position
		tx.Commit()
	}
	stop := relay(t, log, h.Sink, 300)
	defer stop()
	consume(t, h, events)
}

func restarted(t *testing.T, h Harness) {
	log := NewLog()
	events := Interleaved(100, 30)
	half := len(events) / 2
	log.Append(events[:half]...)
	stop := relay(t, log, h.Sink, 100)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c := NewConsumer()
	receive := func(n int) {
		for c.Len() < n {
			e, err := h.Receive(ctx)
			require.NoError(t, err)
			require.NoError(t, c.Take(e))
		}
	}
	receive(half / 2)
	stop()
	sink := h.Restart()
	log.Append(events[half:]...)
	stop = relay(t, log, sink, 100)
	defer stop()
	receive(len(events))
}

// relay runs a relay from a log to a sink until stop.
func relay(t *testing.T, log *Log, sink event.Sink, batch int) (stop func()) {
	t.Helper()
	r := event.NewRelay(sink, log, log, Always{}, event.RelayOptions{
		Batch: batch, Poll: 5 * time.Millisecond, Spacing: time.Millisecond, Logger: slog.New(slog.DiscardHandler),
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	return func() {
		cancel()
		require.NoError(t, <-done)
	}
}
