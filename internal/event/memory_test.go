package event_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"brigade/internal/event"
	"brigade/internal/event/eventtest"
	"brigade/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// line is an unbounded queue to a consumer.
type line struct {
	mu     sync.Mutex
	events []event.Event
	more   chan struct{}
}

func (l *line) put(events []event.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, events...)
	select {
	case l.more <- struct{}{}:
	default:
	}
}

func (l *line) take() (event.Event, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.events) == 0 {
		return event.Event{}, false
	}
	e := l.events[0]
	l.events = l.events[1:]
	return e, true
}

func (l *line) Receive(ctx context.Context) (event.Event, error) {
	for {
		if e, ok := l.take(); ok {
			return e, nil
		}
		select {
		case <-ctx.Done():
			return event.Event{}, ctx.Err()
		case <-l.more:
		}
	}
}

func TestMemoryKeepsTheSinkContract(t *testing.T) {
	t.Parallel()
	eventtest.Run(t, func(*testing.T) eventtest.Harness {
		var failures atomic.Int64
		var gate atomic.Pointer[chan struct{}]
		consumer := &line{more: make(chan struct{}, 1)}
		handler := func(ctx context.Context, events []event.Event) error {
			if g := gate.Load(); g != nil {
				select {
				case <-*g:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			if failures.Add(-1) >= 0 {
				consumer.put(events[:len(events)/2])
				return errors.New("the subscriber stumbled")
			}
			consumer.put(events)
			return nil
		}
		start := func() event.Sink {
			m := event.NewMemory(event.MainSink)
			m.Subscribe("consumer", handler)
			return m
		}
		return eventtest.Harness{
			Sink: start(), Receive: consumer.Receive, Restart: start,
			FailNext: func(n int) { failures.Store(int64(n)) },
			Block: func() func() {
				g := make(chan struct{})
				gate.Store(&g)
				return func() { close(g) }
			},
		}
	})
}

func TestMemoryNamesEverySubscriberThatFailed(t *testing.T) {
	t.Parallel()
	m := event.NewMemory("main")
	var got []event.Event
	m.Subscribe("fine", func(_ context.Context, events []event.Event) error { got = events; return nil })
	m.Subscribe("broken", func(context.Context, []event.Event) error { return errors.New("out of paper") })
	m.Subscribe("mad", func(context.Context, []event.Event) error { panic("no") })
	err := m.Publish(t.Context(), at(1))
	require.ErrorContains(t, err, "subscriber broken: out of paper")
	require.ErrorContains(t, err, "subscriber mad: panic: no")
	require.Equal(t, at(1), got)
}

func TestMemoryForgetsWhoCancelled(t *testing.T) {
	t.Parallel()
	m := event.NewMemory("main")
	calls := 0
	cancel := m.Subscribe("x", func(context.Context, []event.Event) error { calls++; return nil })
	require.NoError(t, m.Publish(t.Context(), at(1)))
	cancel()
	require.NoError(t, m.Publish(t.Context(), at(2)))
	require.Equal(t, 1, calls)
}
