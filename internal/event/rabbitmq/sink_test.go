package rabbitmq_test

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"

	"brigade/internal/errs"
	"brigade/internal/event"
	"brigade/internal/event/brokertest"
	"brigade/internal/event/eventtest"
	"brigade/internal/event/rabbitmq"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	eventtest.Run(t, func(t *testing.T) eventtest.Harness {
		broker := brokertest.RabbitMQ(t)
		proxy := brokertest.NewProxy(t, hostOf(t, broker))
		open := func() *rabbitmq.Sink {
			s := rabbitmq.NewSink(rabbitmq.Options{URL: proxy.URL(broker), Name: t.Name()}, nil)
			t.Cleanup(s.Close)
			return s
		}
		f := &failing{Sink: open(), proxy: proxy}
		return eventtest.Harness{
			Sink:     f,
			Receive:  receiver(t, broker),
			FailNext: func(n int) { f.next.Store(int32(n)) },
			Restart: func() event.Sink {
				f.Sink.Close()
				return open()
			},
			Block: proxy.Block,
		}
	})
}

// failing cuts the connection in the middle of the next batches.
type failing struct {
	*rabbitmq.Sink
	proxy *brokertest.Proxy
	next  atomic.Int32
}

func (f *failing) Publish(ctx context.Context, events []event.Event) error {
	if f.next.Add(-1) < 0 {
		return f.Sink.Publish(ctx, events)
	}
	f.proxy.CutAfter(20_000)
	defer f.proxy.CutAfter(0)
	return f.Sink.Publish(ctx, events)
}

func hostOf(t *testing.T, broker string) string {
	u, err := url.Parse(broker)
	require.NoError(t, err)
	return u.Host
}

// receiver reads the envelopes that reach a queue.
func receiver(t *testing.T, broker string) func(context.Context) (event.Event, error) {
	messages := listen(t, broker, rabbitmq.EventsExchange, "#")
	return func(ctx context.Context) (e event.Event, err error) {
		select {
		case <-ctx.Done():
			return e, ctx.Err()
		case m := <-messages:
			return e, json.Unmarshal(m.Body, &e)
		}
	}
}

// listen declares the topology, as whoever comes first does, and returns what an exchange passes on.
func listen(t *testing.T, broker, exchange, key string) <-chan amqp.Delivery {
	s := rabbitmq.NewSink(rabbitmq.Options{URL: broker}, nil)
	require.NoError(t, s.Send(t.Context(), nil))
	s.Close()
	ch := channel(t, broker)
	q, err := ch.QueueDeclare("", false, true, false, false, nil)
	require.NoError(t, err)
	require.NoError(t, ch.QueueBind(q.Name, key, exchange, false, nil))
	messages, err := ch.ConsumeWithContext(t.Context(), q.Name, "", true, false, false, false, nil)
	require.NoError(t, err)
	return messages
}

func channel(t *testing.T, broker string) *amqp.Channel {
	conn, err := amqp.Dial(broker)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	ch, err := conn.Channel()
	require.NoError(t, err)
	return ch
}

func order(n int, key string, priority int) rabbitmq.Message {
	return rabbitmq.Message{
		Exchange: rabbitmq.OrdersExchange, Key: key, Priority: priority, Mandatory: true, At: time.Unix(int64(n), 0),
		ID: strings.Repeat("x", n), Type: "order", Body: []byte(`{}`),
	}
}

// An order reaches the queue of everything and that of its type, the most urgent first, and outlives the broker.
func TestOrdersReachTheirQueuesByPriority(t *testing.T) {
	t.Parallel()
	broker := brokertest.RabbitMQ(t)
	s := rabbitmq.NewSink(rabbitmq.Options{URL: broker}, nil)
	defer s.Close()
	require.NoError(t, s.Send(t.Context(), []rabbitmq.Message{
		order(1, rabbitmq.OrderKey("delivery", 1), 1), order(2, rabbitmq.OrderKey("delivery", 10), 10), order(3, rabbitmq.OrderKey("dine_in", 5), 5),
	}))
	ch := channel(t, broker)
	for _, want := range []struct {
		queue      string
		priorities []uint8
	}{
		{rabbitmq.KitchenQueue, []uint8{10, 5, 1}},
		{"kitchen_delivery_queue", []uint8{10, 1}},
		{"kitchen_dine_in_queue", []uint8{5}},
		{"kitchen_takeout_queue", nil},
	} {
		var got []uint8
		for {
			d, ok, err := ch.Get(want.queue, false)
			require.NoError(t, err)
			if !ok {
				break
			}
			require.Equal(t, amqp.Persistent, d.DeliveryMode)
			got = append(got, d.Priority)
			require.NoError(t, d.Nack(false, false))
		}
		require.Equal(t, want.priorities, got, want.queue)
	}
	until(t, "what was refused is kept", func() bool {
		q, err := ch.QueueDeclarePassive(rabbitmq.DeadQueue, true, false, false, false, nil)
		require.NoError(t, err)
		return q.Messages == 6
	})
}

func TestAnOrderWithoutAQueueIsAnErrorAndQueuesComeBack(t *testing.T) {
	t.Parallel()
	broker := brokertest.RabbitMQ(t)
	s := rabbitmq.NewSink(rabbitmq.Options{URL: broker}, nil)
	defer s.Close()
	require.NoError(t, s.Send(t.Context(), nil))
	ch := channel(t, broker)
	for _, q := range []string{rabbitmq.KitchenQueue, "kitchen_takeout_queue"} {
		_, err := ch.QueueDelete(q, false, false, false)
		require.NoError(t, err)
	}
	m := order(1, rabbitmq.OrderKey("takeout", 1), 1)
	require.ErrorContains(t, s.Send(t.Context(), []rabbitmq.Message{m}), "no queue for kitchen.takeout.1")
	require.NoError(t, s.Send(t.Context(), []rabbitmq.Message{m}), "declared again with the next connection")
}

// Queues that an older system made with other settings are used as they are.
func TestForeignQueuesAreUsedAsTheyAre(t *testing.T) {
	t.Parallel()
	broker := brokertest.RabbitMQ(t)
	_, err := channel(t, broker).QueueDeclare(rabbitmq.KitchenQueue, true, false, false, false, nil)
	require.NoError(t, err)
	s := rabbitmq.NewSink(rabbitmq.Options{URL: broker}, nil)
	defer s.Close()
	require.NoError(t, s.Send(t.Context(), []rabbitmq.Message{order(1, rabbitmq.OrderKey("takeout", 1), 1)}))
	_, ok, err := channel(t, broker).Get(rabbitmq.KitchenQueue, true)
	require.NoError(t, err)
	require.True(t, ok)
}

func TestRefusalsAreSaidInWords(t *testing.T) {
	t.Parallel()
	broker := brokertest.RabbitMQ(t)
	for want, wrong := range map[string]string{
		`refuses user "nobody"`: strings.Replace(broker, "guest:guest", "nobody:secret", 1),
		"no virtual host":       broker + "-other",
		"cannot be reached":     "amqp://guest:guest@127.0.0.1:1/",
		"cannot be reached ":    "amqps" + strings.TrimPrefix(broker, "amqp"),
	} {
		err := rabbitmq.Prepare(t.Context(), rabbitmq.Options{URL: wrong})
		require.Truef(t, errs.Is(err, errs.KindUnavailable), "%v", err)
		require.ErrorContains(t, err, strings.TrimSpace(want))
		require.NotContains(t, err.Error(), "secret")
	}
	require.NoError(t, rabbitmq.Prepare(t.Context(), rabbitmq.Options{URL: broker}))
	require.Error(t, rabbitmq.CheckURL("http://x"))
	require.NoError(t, rabbitmq.CheckURL(broker))
}
