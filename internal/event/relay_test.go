package event_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/event"
	"brigade/internal/event/eventtest"
)

// lease is an owner whose lease comes and goes.
type lease struct {
	mu    sync.Mutex
	fence int64 // 0: not ours
}

func (l *lease) Owned(resource string) (int64, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.fence, l.fence > 0 && resource == "relay:main"
}

func (l *lease) set(fence int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fence = fence
}

// startRelay runs a relay to handler under synctest's time, and ends it with the test.
func startRelay(t *testing.T, log *eventtest.Log, owner event.Owner, handler event.Handler) *event.Relay {
	sink := event.NewMemory(event.MainSink)
	sink.Subscribe("test", handler)
	r := event.NewRelay(sink, log, log, owner, event.RelayOptions{Timeout: time.Minute, Logger: slog.New(slog.DiscardHandler)})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- r.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
	})
	return r
}

// record is what a handler notes.
type record[T any] struct {
	mu    sync.Mutex
	notes []T
}

func (r *record[T]) add(notes ...T) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.notes = append(r.notes, notes...)
	return len(r.notes)
}

func (r *record[T]) all() []T {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.notes)
}

func collect(got *record[int64]) event.Handler {
	return func(_ context.Context, events []event.Event) error {
		got.add(positions(events)...)
		return nil
	}
}

func cursor(t *testing.T, log *eventtest.Log) event.Cursor {
	c, err := log.Load(t.Context(), "main")
	require.NoError(t, err)
	return c
}

func TestRelayWorksOnlyWhileItOwnsTheLease(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, owner := eventtest.NewLog(), &lease{}
		var got record[int64]
		startRelay(t, log, owner, collect(&got))
		log.Append(eventtest.Event(1, 1))
		pass(time.Minute)
		require.Empty(t, got.all())
		owner.set(7)
		pass(time.Second)
		require.Equal(t, []int64{1}, got.all())
		owner.set(0)
		pass(time.Second)
		log.Append(eventtest.Event(1, 2))
		pass(time.Minute)
		require.Equal(t, []int64{1}, got.all())
	})
}

func TestRelayEndsPublishingWhenTheLeaseIsLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, owner := eventtest.NewLog(), &lease{fence: 1}
		ended := make(chan time.Time, 1)
		startRelay(t, log, owner, func(ctx context.Context, _ []event.Event) error {
			<-ctx.Done()
			ended <- time.Now()
			return ctx.Err()
		})
		log.Append(eventtest.Event(1, 1))
		pass(time.Second)
		owner.set(0)
		lost := time.Now()
		require.LessOrEqual(t, (<-ended).Sub(lost), 100*time.Millisecond)
		synctest.Wait()
		require.Empty(t, log.Reasons(), "losing the lease is no failure of the sink")
	})
}

func TestRelayTriesAgainWithBackoff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log := eventtest.NewLog()
		var made record[time.Time]
		r := startRelay(t, log, eventtest.Always{}, func(context.Context, []event.Event) error {
			if made.add(time.Now()) <= 5 {
				return errors.New("no paper")
			}
			return nil
		})
		log.Append(eventtest.Event(1, 1), eventtest.Event(2, 1))
		pass(250 * time.Millisecond)
		r.Poke() // does not shorten the wait
		pass(time.Minute)
		tries := made.all()
		require.Len(t, tries, 6)
		for i, expected := 1, 100*time.Millisecond; i < len(tries); i, expected = i+1, expected*2 {
			require.InDelta(t, expected, tries[i].Sub(tries[i-1]), 0.5*float64(expected)+float64(time.Millisecond), "before try %d", i+1)
		}
		require.Len(t, log.Reasons(), 5)
		require.Contains(t, log.Reasons()[0], "subscriber test: no paper")
		require.Equal(t, event.Cursor{Position: 2}, cursor(t, log))
	})
}

func TestRelayKeepsToTheStoredBackoff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log := eventtest.NewLog()
		log.Append(eventtest.Event(1, 1))
		require.NoError(t, log.Fail(t.Context(), "main", 1, 6, "no paper", 20*time.Second))
		var got record[int64]
		startRelay(t, log, eventtest.Always{}, collect(&got))
		pass(19 * time.Second)
		require.Empty(t, got.all())
		pass(2 * time.Second)
		require.Equal(t, []int64{1}, got.all())
	})
}

func TestRelayCutsOffASlowSink(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log := eventtest.NewLog()
		startRelay(t, log, eventtest.Always{}, func(ctx context.Context, _ []event.Event) error {
			<-ctx.Done()
			return ctx.Err()
		})
		log.Append(eventtest.Event(1, 1))
		pass(90 * time.Second)
		require.Len(t, log.Reasons(), 1)
		require.Contains(t, log.Reasons()[0], "the sink took too long")
	})
}

// After an outage between Publish and Mark the batch comes again; nothing is skipped.
func TestRelaySurvivesAnOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log := eventtest.NewLog()
		var got record[int64]
		startRelay(t, log, eventtest.Always{}, func(_ context.Context, events []event.Event) error {
			if got.add(positions(events)...) == 1 {
				log.Break(errors.New("connection refused"))
			}
			return nil
		})
		log.Append(eventtest.Event(1, 1))
		pass(time.Minute)
		log.Break(nil)
		log.Append(eventtest.Event(1, 2))
		pass(time.Minute)
		require.Equal(t, []int64{1, 1, 2}, got.all())
		require.Equal(t, event.Cursor{Position: 2}, cursor(t, log))
	})
}

func TestRelaysOfDifferentSinksAreIndependent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log := eventtest.NewLog()
		var got record[int64]
		startRelay(t, log, eventtest.Always{}, func(context.Context, []event.Event) error { return errors.New("never") })
		other := event.NewMemory("other")
		other.Subscribe("test", collect(&got))
		r := event.NewRelay(other, log, log, eventtest.Always{}, event.RelayOptions{})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- r.Run(ctx) }()
		log.Append(eventtest.Event(1, 1))
		pass(time.Second)
		require.Equal(t, []int64{1}, got.all())
		cancel()
		require.NoError(t, <-done)
	})
}

// picky can never take the events of one aggregate.
type picky struct {
	*event.Memory
	never int64
}

func (p picky) Publish(ctx context.Context, events []event.Event) error {
	var poison event.PoisonError
	for _, e := range events {
		if e.AggregateID == p.never {
			poison.Add(e, errors.New("too large"))
		}
	}
	if err := poison.Err(); err != nil {
		return err
	}
	return p.Memory.Publish(ctx, events)
}

func TestPoisonIsParkedAndTheRestGoesOn(t *testing.T) {
	t.Parallel()
	log := eventtest.NewLog()
	sink := picky{event.NewMemory("picky"), 3}
	got := make(chan event.Event, 100)
	sink.Subscribe("test", func(_ context.Context, events []event.Event) error {
		for _, e := range events {
			got <- e
		}
		return nil
	})
	events := eventtest.Interleaved(5, 4)
	log.Append(events...)
	r := event.NewRelay(sink, log, log, eventtest.Always{}, event.RelayOptions{Poll: time.Millisecond, Logger: slog.New(slog.DiscardHandler)})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	for range 16 {
		require.NotEqual(t, int64(3), (<-got).AggregateID)
	}
	cancel()
	require.NoError(t, <-done)
	require.Len(t, log.Parked(), 4)
	require.Equal(t, "too large", log.Parked()[0].Reason)
}
