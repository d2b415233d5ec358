package rabbitmq

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/event"
)

// Every message that an event is told by says to which trace it belongs.
func TestMessagesCarryTheirTrace(t *testing.T) {
	t.Parallel()
	const parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	s := NewSink(Options{}, func(_ context.Context, events []event.Event) ([][]Message, error) {
		return [][]Message{{{Exchange: OrdersExchange}}, nil}, nil
	})
	traced := event.New(event.OrderQueued, event.AggregateWork, 1, 1, time.Unix(0, 0), event.QueuedPayload{OrderID: 1})
	traced.TraceParent = parent
	plain := event.New(event.OrderQueued, event.AggregateWork, 2, 1, time.Unix(0, 0), event.QueuedPayload{OrderID: 2})
	messages, err := s.messages(t.Context(), []event.Event{traced, plain})
	require.NoError(t, err)
	require.Len(t, messages, 3)
	for _, m := range messages[:2] {
		require.Equal(t, map[string]any{"traceparent": parent}, m.Headers)
	}
	require.Empty(t, messages[2].Headers)
}
