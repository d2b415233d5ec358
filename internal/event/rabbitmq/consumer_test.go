package rabbitmq_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/event/brokertest"
	"brigade/internal/event/rabbitmq"
)

// seen counts what was handled.
type seen struct {
	mu    sync.Mutex
	count map[string]int
	more  chan struct{}
}

func newSeen() *seen { return &seen{count: map[string]int{}, more: make(chan struct{}, 1)} }

func (s *seen) add(id string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count[id]++
	select {
	case s.more <- struct{}{}:
	default:
	}
	return s.count[id]
}

func (s *seen) await(t *testing.T, n int) {
	timeout := time.After(time.Minute)
	for {
		s.mu.Lock()
		have := len(s.count)
		s.mu.Unlock()
		if have >= n {
			return
		}
		select {
		case <-s.more:
		case <-timeout:
			require.Fail(t, "messages did not come", "%d of %d", have, n)
		}
	}
}

func consume(t *testing.T, broker string, prefetch int, handle rabbitmq.Handler) (stop func()) {
	cancel, done := begin(t, broker, prefetch, handle)
	return func() { cancel(); <-done }
}

// begin is consume that can be told to end without waiting for it.
func begin(t *testing.T, broker string, prefetch int, handle rabbitmq.Handler) (cancel func(), done <-chan struct{}) {
	c := &rabbitmq.Consumer{
		Options: rabbitmq.Options{URL: broker, Logger: slog.New(slog.DiscardHandler)},
		Queues:  []string{"kitchen_takeout_queue", "kitchen_delivery_queue"}, Prefetch: prefetch, Handle: handle,
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); c.Run(ctx) }()
	return cancel, ended
}

func orders(n int) []rabbitmq.Message {
	all := make([]rabbitmq.Message, n)
	for i := range all {
		all[i] = rabbitmq.Message{
			Exchange: rabbitmq.OrdersExchange, Key: rabbitmq.OrderKey([]string{"takeout", "delivery"}[i%2], 1),
			ID: fmt.Sprint(i), Body: []byte("{}"), Mandatory: true,
		}
	}
	return all
}

// Whatever is done to the connections, everything that was published is handled.
func TestConsumingGoesOnOverDamagedConnections(t *testing.T) {
	t.Parallel()
	broker := brokertest.RabbitMQ(t)
	proxy := brokertest.NewProxy(t, hostOf(t, broker))
	s := rabbitmq.NewSink(rabbitmq.Options{URL: broker}, nil)
	defer s.Close()
	require.NoError(t, s.Send(t.Context(), orders(300)))
	got := newSeen()
	stop := consume(t, proxy.URL(broker), 10, func(_ context.Context, d rabbitmq.Delivery) rabbitmq.Verdict {
		if n := got.add(d.ID); n == 1 {
			switch d.ID {
			case "40":
				proxy.Drop()
			case "120":
				proxy.HalfClose()
			case "200":
				return rabbitmq.Requeue
			}
		}
		return rabbitmq.Done
	})
	got.await(t, 300)
	stop()
}

// No more is in hand than was asked for, from all queues together; when it ends the rest stays with the broker.
func TestPrefetchAndEnd(t *testing.T) {
	t.Parallel()
	broker := brokertest.RabbitMQ(t)
	s := rabbitmq.NewSink(rabbitmq.Options{URL: broker}, nil)
	defer s.Close()
	require.NoError(t, s.Send(t.Context(), orders(20)))
	got, release := newSeen(), make(chan struct{})
	cancel, ended := begin(t, broker, 3, func(_ context.Context, d rabbitmq.Delivery) rabbitmq.Verdict {
		got.add(d.ID)
		<-release
		return rabbitmq.Done
	})
	got.await(t, 3)
	cancel()
	select {
	case <-ended:
		require.Fail(t, "it did not wait for what was in hand")
	case <-time.After(300 * time.Millisecond):
	}
	close(release)
	<-ended
	require.Len(t, got.count, 3)
	ch := channel(t, broker)
	until(t, "the rest is with the broker", func() bool {
		left := 0
		for _, q := range []string{"kitchen_takeout_queue", "kitchen_delivery_queue"} {
			info, err := ch.QueueDeclarePassive(q, true, false, false, false, nil)
			require.NoError(t, err)
			left += info.Messages
		}
		return left == 17
	})
}

// The broker dies under load and comes back: what was confirmed is there, what was not is published again.
func TestBrokerKilledUnderLoad(t *testing.T) {
	t.Parallel()
	server := brokertest.NewRabbitMQ(t)
	s := rabbitmq.NewSink(rabbitmq.Options{URL: server.URL()}, nil)
	defer s.Close()
	got := newSeen()
	stop := consume(t, server.URL(), 20, func(_ context.Context, d rabbitmq.Delivery) rabbitmq.Verdict {
		got.add(d.ID)
		return rabbitmq.Done
	})
	defer stop()
	all := orders(2000)
	killed := make(chan struct{})
	for i := 0; i < len(all); i += 100 {
		if i == 1000 {
			go func() { defer close(killed); server.Kill(); server.Start(t) }()
		}
		for n := 1; s.Send(t.Context(), all[i:i+100]) != nil; n++ {
			require.Less(t, n, 600, "the broker did not come back")
			<-time.After(100 * time.Millisecond)
		}
	}
	<-killed
	got.await(t, len(all))
}

// Each subscriber gets everything.
func TestFanoutReachesEverySubscriber(t *testing.T) {
	t.Parallel()
	broker := brokertest.RabbitMQ(t)
	s := rabbitmq.NewSink(rabbitmq.Options{URL: broker}, nil)
	defer s.Close()
	both := []*seen{newSeen(), newSeen()}
	for _, got := range both {
		c := &rabbitmq.Consumer{
			Options: rabbitmq.Options{URL: broker, Logger: slog.New(slog.DiscardHandler)}, Fanout: rabbitmq.NotificationsExchange,
			Handle: func(_ context.Context, d rabbitmq.Delivery) rabbitmq.Verdict { got.add(d.ID); return rabbitmq.Done },
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); c.Run(ctx) }()
		defer func() { cancel(); <-done }()
	}
	m := rabbitmq.Message{Exchange: rabbitmq.NotificationsExchange, ID: "1", Body: []byte("{}")}
	for _, got := range both {
		for len(got.more) == 0 { // until it has subscribed
			require.NoError(t, s.Send(t.Context(), []rabbitmq.Message{m}))
			<-time.After(20 * time.Millisecond)
		}
		got.await(t, 1)
	}
}

// A queue that nobody reads keeps what is still of use; one that somebody reads is left alone.
func TestTidy(t *testing.T) {
	t.Parallel()
	broker := brokertest.RabbitMQ(t)
	s := rabbitmq.NewSink(rabbitmq.Options{URL: broker}, nil)
	defer s.Close()
	all := orders(10)
	for i := range all {
		all[i].Body = []byte{byte('0' + i)}
	}
	require.NoError(t, s.Send(t.Context(), all))
	even := func(_ context.Context, bodies [][]byte) ([]bool, error) {
		gone := make([]bool, len(bodies))
		for i, b := range bodies {
			gone[i] = (b[0]-'0')%2 == 0
		}
		return gone, nil
	}
	n, err := rabbitmq.Tidy(t.Context(), rabbitmq.Options{URL: broker}, rabbitmq.KitchenQueue, even)
	require.NoError(t, err)
	require.Equal(t, 5, n)
	ch := channel(t, broker)
	until(t, "what is kept is in the queue again", func() bool {
		info, err := ch.QueueDeclarePassive(rabbitmq.KitchenQueue, true, false, false, false, nil)
		require.NoError(t, err)
		return info.Messages == 5
	})
	_, err = ch.Consume(rabbitmq.KitchenQueue, "", false, false, false, false, nil)
	require.NoError(t, err)
	n, err = rabbitmq.Tidy(t.Context(), rabbitmq.Options{URL: broker}, rabbitmq.KitchenQueue, even)
	require.NoError(t, err)
	require.Zero(t, n)
}
