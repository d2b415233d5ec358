package app_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"

	"brigade/internal/bench"
	"brigade/internal/errs"
	"brigade/internal/event/kafka"
)

func TestBenchPositions(t *testing.T) {
	t.Parallel()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "orders", "driver-updates", "driver-updates.dlq", "kitchen.domain.events", "orders.domain.events", "delivery.domain.events"))
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	o := benchOptions(t)
	o.Drivers, o.Every, o.Batch, o.Connections = 300, time.Second, 20, 4
	o.Kafka = kafka.Options{Brokers: cluster.ListenAddrs()}
	r, err := bench.Positions(t.Context(), o)
	require.NoError(t, err)
	require.Equal(t, 300, r.Paced.Done)
	require.Equal(t, 300, r.Kafka.Done)
	require.Equal(t, 600, r.Check.Stored)

	_, err = bench.Positions(t.Context(), bench.Options{Drivers: -1, Every: time.Nanosecond, Batch: 20_000})
	require.True(t, errs.Is(err, errs.KindInvalid))
}
