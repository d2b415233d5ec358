package app_test

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"

	"brigade/internal/app"
	"brigade/internal/bench"
	"brigade/internal/event/brokertest"
	"brigade/internal/event/kafka"
	"brigade/internal/event/rabbitmq"
	"brigade/internal/store/pgtest"
)

// BenchmarkEvents is brigade bench events with a Kafka in this process and a RabbitMQ on this machine.
func BenchmarkEvents(b *testing.B) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(6, kafka.Topic("kitchen")))
	require.NoError(b, err)
	defer cluster.Close()
	for b.Loop() {
		r, err := bench.Events(b.Context(), bench.Options{
			Duration: 20 * time.Second, DatabaseURL: pgtest.NewURL(b), SkipRaw: true, Start: app.StartBench,
			Kafka: kafka.Options{Brokers: cluster.ListenAddrs()}, RabbitMQ: rabbitmq.Options{URL: brokertest.RabbitMQ(b)},
		})
		require.NoError(b, err)
		r.Write(os.Stdout)
		for _, c := range r.Carried {
			b.ReportMetric(c.Load.PerSecond, "events/s("+c.Sink+")")
		}
		b.ReportMetric(r.Paced.Latency.P99, "p99-ms")
	}
}

// BenchmarkContractR is brigade bench services with a RabbitMQ on this machine.
func BenchmarkContractR(b *testing.B) {
	for b.Loop() {
		r, err := bench.ServiceOrders(b.Context(), bench.Options{
			Duration: 10 * time.Second, DatabaseURL: pgtest.NewURL(b), SkipRaw: true, Start: app.StartBench,
			RabbitMQ: rabbitmq.Options{URL: brokertest.RabbitMQ(b)},
		})
		require.NoError(b, err)
		r.Write(os.Stdout)
		b.ReportMetric(r.Full.PerSecond, "orders/s")
		b.ReportMetric(r.Broker.PerSecond, "messages/s(bare)")
	}
}
