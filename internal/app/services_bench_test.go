package app_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/app"
	"brigade/internal/config"
	"brigade/internal/event/brokertest"
	"brigade/internal/event/rabbitmq"
	"brigade/internal/store"
	"brigade/internal/store/pgtest"
)

// BenchmarkContractR measures whole orders: over HTTP, to RabbitMQ, to four workers who cook at once, to ready. Beside it
// stands what the bare RabbitMQ takes: confirmed, persistent messages to the same queues.
func BenchmarkContractR(b *testing.B) {
	database, broker := pgtest.NewURL(b), brokertest.RabbitMQ(b)
	start := func(role config.Role, s app.Service, addr string) *app.App {
		a := app.New(app.Config{
			Roles: []config.Role{role}, DatabaseURL: database, Addr: addr, Service: s,
			Brokers: config.Brokers{RabbitMQURL: config.URL(broker)},
		})
		require.NoError(b, a.Start(b.Context()))
		b.Cleanup(func() { require.NoError(b, stop(a)) })
		return a
	}
	orders := start(config.RoleOrderService, app.Service{MaxConcurrent: 200}, "127.0.0.1:0")
	for _, name := range []string{"mario", "luigi", "peach", "toad"} {
		start(config.RoleWorker, as(name, 0, 100), "")
	}
	pool, err := store.Open(database, 2)
	require.NoError(b, err)
	b.Cleanup(pool.Close)
	raw := rawRate(b, broker)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	for b.Loop() {
		const n = 3000
		placeMany(b, client, orders.URL(), n)
		for open := 1; open > 0; <-time.After(10 * time.Millisecond) {
			require.NoError(b, pool.QueryRow(b.Context(), "select count(*) from worker_orders where done_at is null").Scan(&open))
		}
	}
	rate := float64(b.N*3000) / b.Elapsed().Seconds()
	b.ReportMetric(rate, "orders/s")
	b.ReportMetric(raw, "messages/s(raw)")
}

func placeMany(b *testing.B, client *http.Client, url string, n int) {
	var guests sync.WaitGroup
	left := make(chan string, n)
	for i := range n {
		left <- order([]string{"takeout", "delivery", "dine_in"}[i%3], 10)
	}
	close(left)
	for range 64 {
		guests.Go(func() {
			for body := range left {
				res, err := client.Post(url+"/orders", "application/json", strings.NewReader(body)) //nolint:noctx // a benchmark
				if err != nil || res.StatusCode != http.StatusOK {
					b.Error("not placed", err)
					return
				}
				_ = res.Body.Close()
			}
		})
	}
	guests.Wait()
}

// rawRate publishes orders that nobody knows, and takes them off again.
func rawRate(b *testing.B, broker string) float64 {
	s := rabbitmq.NewSink(rabbitmq.Options{URL: broker}, nil)
	defer s.Close()
	batch := make([]rabbitmq.Message, 2000)
	for i := range batch {
		batch[i] = rabbitmq.Message{Exchange: rabbitmq.OrdersExchange, Key: "kitchen.none.1", Body: []byte(order("takeout", 10)), Mandatory: true}
	}
	require.NoError(b, s.Send(b.Context(), batch[:1]))
	started := time.Now()
	for range 5 {
		require.NoError(b, s.Send(b.Context(), batch))
	}
	return float64(5*len(batch)) / time.Since(started).Seconds()
}
