package rabbitmq_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"brigade/internal/event/brokertest"
	"brigade/internal/event/eventtest"
	"brigade/internal/event/rabbitmq"
)

// BenchmarkSink publishes events in the relay's batches, confirmed, to a durable queue.
func BenchmarkSink(b *testing.B) {
	broker := brokertest.RabbitMQ(b)
	s := rabbitmq.NewSink(rabbitmq.Options{URL: broker}, nil)
	defer s.Close()
	events := eventtest.Interleaved(200, 10)
	require.NoError(b, s.Publish(b.Context(), events[:1]))
	for b.Loop() {
		require.NoError(b, s.Publish(b.Context(), events))
	}
	b.ReportMetric(float64(b.N*len(events))/b.Elapsed().Seconds(), "events/s")
}
