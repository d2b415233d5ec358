package app_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"

	"brigade/internal/app"
	"brigade/internal/bench"
	"brigade/internal/errs"
	"brigade/internal/event/brokertest"
	"brigade/internal/event/kafka"
	"brigade/internal/event/rabbitmq"
	"brigade/internal/store/pgtest"
)

func benchOptions(t *testing.T) bench.Options {
	t.Helper()
	return bench.Options{
		Duration: time.Second, DatabaseURL: pgtest.NewURL(t), SkipRaw: true, Start: app.StartBench, Kitchens: 3,
		Progress: t.Output(),
	}
}

func TestBenchOrders(t *testing.T) {
	t.Parallel()
	o := benchOptions(t)
	o.Connections = 8
	r, err := bench.Orders(t.Context(), o)
	require.NoError(t, err)
	require.Positive(t, r.Full.Done)
	require.Zero(t, r.Full.Errors+r.Paced.Errors, r.Full.Error)
	require.Equal(t, r.Full.Done+r.Paced.Done, r.Check.Stored)
}

func TestBenchKitchen(t *testing.T) {
	t.Parallel()
	o := benchOptions(t)
	o.InFlight, o.Rate = 4, 20
	r, err := bench.Kitchen(t.Context(), o)
	require.NoError(t, err)
	require.Zero(t, r.Full.Errors+r.Paced.Errors, r.Full.Error)
	require.Positive(t, r.Check.Completed)
	require.Equal(t, 4*r.Paced.Done, r.Assign.Tasks)
	require.Positive(t, r.Assign.Rows.P99)
	require.GreaterOrEqual(t, r.Assign.Heard.P50, r.Assign.Rows.P50)
}

func TestBenchPaid(t *testing.T) {
	t.Parallel()
	o := benchOptions(t)
	o.Connections = 8
	r, err := bench.Paid(t.Context(), o)
	require.NoError(t, err)
	require.Zero(t, r.Full.Errors+r.Paced.Errors, r.Full.Error)
	require.Positive(t, r.Full.Done)
	require.GreaterOrEqual(t, r.Check.Stored, r.Full.Done+r.Paced.Done)
	require.Positive(t, r.Paced.Latency.P99)
}

func TestBenchScheduled(t *testing.T) {
	t.Parallel()
	o := benchOptions(t)
	o.Orders, o.Timers = 300, 20
	r, err := bench.Scheduled(t.Context(), o)
	require.NoError(t, err)
	require.Equal(t, 300, r.Check.Stored)
	require.Positive(t, r.Waiting.RestartedInMS)
	var text strings.Builder
	r.Write(&text)
	require.Contains(t, text.String(), "300 orders")
}

func TestBenchScreens(t *testing.T) {
	t.Parallel()
	o := benchOptions(t)
	o.Screens, o.Rate, o.Connections = 3, 5, 10
	r, err := bench.Screens(t.Context(), o)
	require.NoError(t, err)
	require.Equal(t, 20, r.Live.Started)
	require.Less(t, r.Live.Missed, 20, "a slow screen skips some, not all")
	require.Positive(t, r.Live.Seen.P99)
	require.Positive(t, r.Live.OpenMiB)
}

func TestBenchIdle(t *testing.T) {
	t.Parallel()
	r, err := bench.IdleKitchens(t.Context(), benchOptions(t))
	require.NoError(t, err)
	require.Equal(t, 3, r.Idle.Kitchens)
	require.GreaterOrEqual(t, r.Idle.Seconds, 0.9)
}

func TestBenchEvents(t *testing.T) {
	t.Parallel()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, kafka.Topic("kitchen")))
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	o := benchOptions(t)
	o.Events, o.Kafka.Brokers, o.RabbitMQ.URL = 2500, cluster.ListenAddrs(), brokertest.RabbitMQ(t)
	r, err := bench.Events(t.Context(), o)
	require.NoError(t, err)
	require.Len(t, r.Carried, 3)
	for _, c := range r.Carried {
		require.GreaterOrEqual(t, c.Load.Done, 2500, c.Sink)
		require.Equal(t, c.Sink != "subscribers", c.Load.Ratio > 0, c.Sink)
	}
	require.Positive(t, r.Paced.Latency.P99)
	require.Equal(t, 3, r.Resting.Relays)
	var text strings.Builder
	r.Write(&text)
	require.Contains(t, text.String(), " × bare")
}

func TestBenchServices(t *testing.T) {
	t.Parallel()
	o := benchOptions(t)
	o.Connections, o.Workers, o.RabbitMQ.URL = 8, 2, brokertest.RabbitMQ(t)
	r, err := bench.ServiceOrders(t.Context(), o)
	require.NoError(t, err)
	require.Positive(t, r.Full.Done)
	require.Equal(t, r.Check.Stored, r.Check.Completed)
	require.Positive(t, r.Broker.PerSecond)

	s := rabbitmq.NewSink(o.RabbitMQ, nil)
	defer s.Close()
	require.NoError(t, s.Send(t.Context(), []rabbitmq.Message{{Exchange: rabbitmq.OrdersExchange, Key: "kitchen.takeout.1", Body: []byte("{}")}}))
	require.Eventually(t, func() bool {
		_, err = bench.ServiceOrders(t.Context(), o)
		return errs.Is(err, errs.KindConflict)
	}, time.Minute, time.Millisecond, "somebody's orders are left alone")
	o.RabbitMQ.URL = ""
	_, err = bench.ServiceOrders(t.Context(), o)
	require.ErrorContains(t, err, "--rabbitmq-url is required")
}
