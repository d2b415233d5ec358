package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"brigade/internal/app"
	"brigade/internal/config"
	"brigade/internal/event"
	"brigade/internal/event/brokertest"
	"brigade/internal/event/eventpg"
	"brigade/internal/event/eventtest"
	"brigade/internal/store"
	"brigade/internal/store/pgtest"
)

func startWith(t *testing.T, database string, b config.Brokers) *app.App {
	t.Helper()
	a := app.New(app.Config{
		Roles: []config.Role{config.RoleAPI, config.RoleKitchen, config.RoleRelay}, Addr: "127.0.0.1:0",
		DatabaseURL: database, Demo: config.DemoData, AutoComplete: true, Brokers: b,
	})
	require.NoError(t, a.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, stop(a)) })
	return a
}

func pool(t *testing.T, url string) *pgxpool.Pool {
	p, err := store.Open(url, 4)
	require.NoError(t, err)
	t.Cleanup(p.Close)
	return p
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for until := time.Now().Add(2 * time.Minute); !is(); <-time.After(50 * time.Millisecond) {
		require.True(t, time.Now().Before(until), what)
	}
}

// Orders come in by Kafka's topic and over HTTP alike; what happens to them goes out to Kafka, in order.
func TestKafkaInAndOut(t *testing.T) {
	t.Parallel()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(3, "orders", "orders.dlq", "kitchen.domain.events", "orders.domain.events"))
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	a := startWith(t, pgtest.NewURL(t), config.Brokers{Kafka: config.Kafka{KafkaBrokers: cluster.ListenAddrs()}})
	cl, err := kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...), kgo.ConsumeTopics("orders.dlq", "kitchen.domain.events", "orders.domain.events"))
	require.NoError(t, err)
	t.Cleanup(cl.Close)

	good := `{"type":"takeout","items":[{"sku":"dip_cup","quantity":1}]}`
	once := []kgo.RecordHeader{{Key: "Idempotency-Key", Value: []byte("till-1/1")}}
	records := []*kgo.Record{
		{Topic: "orders", Value: []byte(good), Headers: once},
		{Topic: "orders", Value: []byte(good), Headers: once},
		{Topic: "orders", Value: []byte(good)},
		{Topic: "orders", Value: []byte("nonsense")},
		{Topic: "orders", Value: []byte(`{"type":"takeout","items":[{"sku":"unicorn","quantity":1}]}`)},
	}
	require.NoError(t, cl.ProduceSync(t.Context(), records...).FirstErr())

	consumer, placed, reasons, kitchen := eventtest.NewConsumer(), 0, []string{}, 0
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for placed < 2 || len(reasons) < 2 || kitchen < 4 {
		for _, r := range cl.PollFetches(ctx).Records() {
			if r.Topic == "orders.dlq" {
				reasons = append(reasons, string(r.Headers[0].Value))
				continue
			}
			var e event.Event
			require.NoError(t, json.Unmarshal(r.Value, &e))
			if e.AggregateType == event.AggregateOutlet { // it existed before
				continue
			}
			require.NoError(t, consumer.Take(e))
			if _, ok := e.OrderPayload(); ok && e.Sequence == 1 {
				placed++
			}
			if r.Topic == "kitchen.domain.events" && e.AggregateType == event.AggregateTask {
				kitchen++
			}
		}
		require.NoError(t, ctx.Err(), "%d placed, %d refused, %d of the kitchen", placed, len(reasons), kitchen)
	}
	require.Contains(t, strings.Join(reasons, "\n"), `"unicorn" is not on the menu`)
	res, err := http.Get(a.URL() + "/api/v1/orders")
	require.NoError(t, err)
	defer res.Body.Close()
	var page struct{ Orders []json.RawMessage }
	require.NoError(t, json.NewDecoder(res.Body).Decode(&page))
	require.Len(t, page.Orders, 2, "the same key is one order")
}

// While a broker is away the others go on; when it is there 100,000 events that waited go out, in order, each once.
func TestAHundredThousandEventsWait(t *testing.T) {
	t.Parallel()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(3, "kitchen.domain.events"))
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	database := pgtest.NewURL(t)
	broker := brokertest.RabbitMQ(t)
	proxy := brokertest.NewProxy(t, hostOf(broker))
	proxy.Refuse(true)
	startWith(t, database, config.Brokers{Kafka: config.Kafka{KafkaBrokers: cluster.ListenAddrs()}, RabbitMQURL: config.URL(proxy.URL(broker))})
	p := pool(t, database)
	const n = 100_000
	started := time.Now()
	for first := 0; first < n; first += 10_000 {
		events := eventtest.Interleaved(1000, 10)
		for i := range events {
			events[i].AggregateID += int64(first)
		}
		require.NoError(t, store.Commit(t.Context(), p, func(tx store.Tx) error { return eventpg.Append(t.Context(), tx, 1, events) }))
	}
	behind := func(sink string) event.SinkStats {
		stats, err := eventpg.Stats(t.Context(), p)
		require.NoError(t, err)
		for _, s := range stats {
			if s.Name == sink {
				return s
			}
		}
		return event.SinkStats{Behind: n}
	}
	eventually(t, "main and Kafka go on", func() bool { return behind("main").Behind == 0 && behind("kafka").Behind == 0 })
	t.Logf("written, and to Kafka and subscribers: %.0f events/s", n/time.Since(started).Seconds())
	eventually(t, "it is known why RabbitMQ waits", func() bool {
		stuck := behind("rabbitmq")
		return strings.Contains(stuck.LastError, "cannot be reached") && stuck.Attempts > 0
	})
	require.GreaterOrEqual(t, behind("rabbitmq").Behind, int64(n))
	started = time.Now()
	proxy.Refuse(false)
	eventually(t, "RabbitMQ catches up", func() bool { return behind("rabbitmq").Behind == 0 })
	t.Logf("RabbitMQ, with its pause before the next try: %.0f events/s", n/time.Since(started).Seconds())
	total := 0
	cl, err := kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...), kgo.ConsumeTopics("kitchen.domain.events"))
	require.NoError(t, err)
	t.Cleanup(cl.Close)
	consumer := eventtest.NewConsumer()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for total < n {
		for _, r := range cl.PollFetches(ctx).Records() {
			var e event.Event
			require.NoError(t, json.Unmarshal(r.Value, &e))
			if e.AggregateType == event.AggregateTask {
				require.NoError(t, consumer.Take(e))
				total++
			}
		}
		require.NoError(t, ctx.Err(), "%d of %d", total, n)
	}
	require.Zero(t, consumer.Duplicates)
}

// What was published can be published again, by whoever relays.
func TestReplay(t *testing.T) {
	t.Parallel()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "kitchen.domain.events", "orders.domain.events"))
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	database := pgtest.NewURL(t)
	startWith(t, database, config.Brokers{Kafka: config.Kafka{KafkaBrokers: cluster.ListenAddrs()}})
	p := pool(t, database)
	events := eventtest.Interleaved(50, 10)
	require.NoError(t, store.Commit(t.Context(), p, func(tx store.Tx) error { return eventpg.Append(t.Context(), tx, 1, events) }))
	at := func() (s int64) {
		require.NoError(t, p.QueryRow(t.Context(), "select coalesce(max(position), 0) from event_sinks where name = 'kafka'").Scan(&s))
		return s
	}
	var head int64
	require.NoError(t, p.QueryRow(t.Context(), "select max(position) from event_log").Scan(&head))
	eventually(t, "published", func() bool { return at() == head })
	id, end, err := eventpg.AskReplay(t.Context(), p, "kafka", head-99, 0)
	require.NoError(t, err)
	require.Equal(t, head, end)
	_, _, err = eventpg.AskReplay(t.Context(), p, "nowhere", 1, 0)
	require.ErrorContains(t, err, `no sink "nowhere"`)
	eventually(t, "replayed", func() bool {
		r, err := eventpg.ReplayState(t.Context(), p, id)
		require.NoError(t, err)
		return r.Done
	})
	cl, err := kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...), kgo.ConsumeTopics("kitchen.domain.events"))
	require.NoError(t, err)
	t.Cleanup(cl.Close)
	consumer := eventtest.NewConsumer()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for consumer.Duplicates < 100 {
		for _, r := range cl.PollFetches(ctx).Records() {
			var e event.Event
			require.NoError(t, json.Unmarshal(r.Value, &e))
			if e.AggregateType == event.AggregateTask {
				require.NoError(t, consumer.Take(e), fmt.Sprint(e.Position))
			}
		}
		require.NoError(t, ctx.Err())
	}
}

func hostOf(url string) string {
	_, rest, _ := strings.Cut(url, "@")
	host, _, _ := strings.Cut(rest, "/")
	return host
}
