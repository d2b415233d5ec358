package rabbitmq_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
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

// until tries something again and again.
func until(t *testing.T, what string, try func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !try(); <-time.After(50 * time.Millisecond) {
		require.True(t, time.Now().Before(end), what)
	}
}

// Over TLS everything works as it does without, for who believes the broker's certificate.
func TestTLS(t *testing.T) {
	t.Parallel()
	broker, certs := brokertest.RabbitMQTLS(t)
	believed := broker + "?cacertfile=" + certs.CA
	s := rabbitmq.NewSink(rabbitmq.Options{URL: believed + "&certfile=" + certs.Cert + "&keyfile=" + certs.Key}, nil)
	defer s.Close()
	require.NoError(t, s.Send(t.Context(), orders(2000)))
	got := newSeen()
	stop := consume(t, believed, 50, func(_ context.Context, d rabbitmq.Delivery) rabbitmq.Verdict {
		got.add(d.ID)
		return rabbitmq.Done
	})
	defer stop()
	got.await(t, 2000)

	err := rabbitmq.Prepare(t.Context(), rabbitmq.Options{URL: broker})
	require.ErrorContains(t, err, "shows a certificate that is not believed")
	require.True(t, errs.Is(err, errs.KindUnavailable))
	err = rabbitmq.Prepare(t.Context(), rabbitmq.Options{URL: broker + "?cacertfile=/nowhere"})
	require.ErrorContains(t, err, "the cacertfile of the RabbitMQ URL cannot be read")
	require.True(t, errs.Is(err, errs.KindInvalid), "waiting does not help")
	err = rabbitmq.Prepare(t.Context(), rabbitmq.Options{URL: strings.Replace(broker, "amqps", "amqp", 1)})
	require.ErrorContains(t, err, "cannot be reached")
}

// A queue that takes no more is an error; once somebody reads it, what was refused goes out.
func TestAFullQueue(t *testing.T) {
	t.Parallel()
	broker := brokertest.RabbitMQ(t)
	_, err := channel(t, broker).QueueDeclare("kitchen_takeout_queue", true, false, false, false,
		amqp.Table{"x-max-length": int32(10), "x-overflow": "reject-publish", "x-max-priority": int32(10)})
	require.NoError(t, err)
	s := rabbitmq.NewSink(rabbitmq.Options{URL: broker}, nil)
	defer s.Close()
	all := orders(100) // every other one is takeout
	err = s.Send(t.Context(), all)
	require.True(t, errs.Is(err, errs.KindUnavailable), "%v", err)
	require.ErrorContains(t, err, "did not take")
	got := newSeen()
	stop := consume(t, broker, 10, func(_ context.Context, d rabbitmq.Delivery) rabbitmq.Verdict {
		got.add(d.ID)
		return rabbitmq.Done
	})
	defer stop()
	for _, m := range all { // few at a time find room
		until(t, "there is room", func() bool { return s.Send(t.Context(), []rabbitmq.Message{m}) == nil })
	}
	got.await(t, len(all))
}

// Who is refused says so, tries on, and works once he is let in.
func TestCredentialsSetRightLater(t *testing.T) {
	t.Parallel()
	broker := brokertest.RabbitMQ(t)
	ours := strings.Replace(broker, "guest:guest", "late:secret", 1)
	s := rabbitmq.NewSink(rabbitmq.Options{URL: ours}, nil)
	defer s.Close()
	require.ErrorContains(t, s.Send(t.Context(), orders(1)), `refuses user "late"`)
	got := newSeen()
	stop := consume(t, ours, 10, func(_ context.Context, d rabbitmq.Delivery) rabbitmq.Verdict {
		got.add(d.ID)
		return rabbitmq.Done
	})
	defer stop()
	brokertest.AddUser(t, broker, "late", "secret")
	until(t, "let in", func() bool { return s.Send(t.Context(), orders(20)) == nil })
	got.await(t, 20)
}

// One that dies after its transaction and before its acknowledgement leaves the message to others.
func TestDyingBetweenCommitAndAcknowledgement(t *testing.T) {
	t.Parallel()
	broker := brokertest.RabbitMQ(t)
	s := rabbitmq.NewSink(rabbitmq.Options{URL: broker}, nil)
	defer s.Close()
	require.NoError(t, s.Send(t.Context(), orders(1)))
	proxy := brokertest.NewProxy(t, hostOf(t, broker))
	deliveries := make(chan rabbitmq.Delivery, 10)
	stop := consume(t, proxy.URL(broker), 1, func(_ context.Context, d rabbitmq.Delivery) rabbitmq.Verdict {
		deliveries <- d
		proxy.Refuse(true) // the order is written; now it is cut off for good
		return rabbitmq.Done
	})
	first := <-deliveries
	require.False(t, first.Redelivered)
	stop()
	stop = consume(t, broker, 1, func(_ context.Context, d rabbitmq.Delivery) rabbitmq.Verdict {
		deliveries <- d
		return rabbitmq.Done
	})
	defer stop()
	select {
	case again := <-deliveries:
		require.Equal(t, first.ID, again.ID)
		require.True(t, again.Redelivered)
	case <-time.After(time.Minute):
		require.Fail(t, "the message was lost")
	}
}

// Over a network that is slow, cut and half closed again and again, every event arrives, each aggregate's in order.
func TestOrderIsKeptOverABadNetwork(t *testing.T) {
	t.Parallel()
	broker := brokertest.RabbitMQ(t)
	arrived := listen(t, broker, rabbitmq.EventsExchange, "#")
	proxy := brokertest.NewProxy(t, hostOf(t, broker))
	s := rabbitmq.NewSink(rabbitmq.Options{URL: proxy.URL(broker)}, nil)
	defer s.Close()
	events := eventtest.Interleaved(100, 30)
	damage := []func(){
		func() { proxy.Delay(2 * time.Millisecond) }, proxy.Drop, func() { proxy.CutAfter(30_000) }, proxy.HalfClose,
		func() { proxy.Delay(0) }, func() { proxy.CutAfter(0) },
	}
	for i := 0; i < len(events); i += 100 {
		damage[i/100%len(damage)]()
		until(t, "published", func() bool {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			err := s.Publish(ctx, events[i:i+100])
			if err != nil {
				proxy.CutAfter(0)
			}
			return err == nil
		})
	}
	consumer := eventtest.NewConsumer()
	for consumer.Len() < len(events) {
		select {
		case m := <-arrived:
			var e event.Event
			require.NoError(t, json.Unmarshal(m.Body, &e))
			require.NoError(t, consumer.Take(e))
		case <-time.After(time.Minute):
			require.Fail(t, "events were lost", "%d of %d", consumer.Len(), len(events))
		}
	}
}

// Follow sees what happens, in order, and takes nothing from anybody.
func TestFollow(t *testing.T) {
	t.Parallel()
	broker := brokertest.RabbitMQ(t)
	s := rabbitmq.NewSink(rabbitmq.Options{URL: broker}, nil)
	defer s.Close()
	ctx, cancel := context.WithCancel(t.Context())
	events := make(chan event.Event, 1000)
	done := make(chan error, 1)
	go func() {
		done <- rabbitmq.Follow(ctx, rabbitmq.Options{URL: broker, Logger: slog.New(slog.DiscardHandler)}, func(e event.Event) error {
			events <- e
			return nil
		})
	}()
	for n := 1; len(events) == 0; n++ { // until it listens
		require.NoError(t, s.Publish(t.Context(), []event.Event{eventtest.Event(999, n)}))
		<-time.After(20 * time.Millisecond)
	}
	all := eventtest.Interleaved(10, 20)
	require.NoError(t, s.Publish(t.Context(), all))
	for i := 0; i < len(all); {
		if e := <-events; e.AggregateID != 999 {
			require.Equal(t, all[i].ID, e.ID)
			i++
		}
	}
	cancel()
	require.NoError(t, <-done)
}
