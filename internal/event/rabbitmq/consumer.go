package rabbitmq

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// Delivery is one message from a queue.
type Delivery struct {
	Body        []byte
	Headers     map[string]any
	Key         string
	ID          string
	Redelivered bool // it may have been handled before
}

// Verdict is what becomes of a delivery.
type Verdict uint8

// The verdicts.
const (
	Done    Verdict = iota // it is off the queue
	Requeue                // back into the queue: somebody tries again
	Refuse                 // to the dead letters
)

// Handler handles a delivery. Its context does not end when consuming does: what is in hand is finished.
type Handler func(ctx context.Context, d Delivery) Verdict

// Consumer takes messages from queues and keeps doing so over lost connections.
type Consumer struct {
	Options
	Queues   []string // durable ones, of contract R
	Fanout   string   // instead: an exchange, of which it gets a queue of its own
	Key      string   // of what it gets there, when the exchange is one of topics
	Prefetch int      // so many deliveries are in hand at most, all at the same time; 1
	Handle   Handler
}

// Run consumes until ctx ends; then it takes no more, waits for what is in hand and returns. While RabbitMQ is out of
// reach it says so once and tries again with backoff.
func (c *Consumer) Run(ctx context.Context) {
	log := c.Logger
	if log == nil {
		log = slog.Default()
	}
	failures := 0
	for ctx.Err() == nil {
		err := c.session(ctx, func() {
			log.InfoContext(ctx, "consuming from RabbitMQ", "action", "rabbitmq_connected")
			failures = 0
		})
		if ctx.Err() != nil {
			return
		}
		if failures++; failures == 1 {
			log.WarnContext(ctx, "RabbitMQ is out of reach, trying again", "action", "rabbitmq_lost", "error", err)
		}
		pause(ctx, failures)
	}
}

const longestPause = 15 * time.Second

// pause waits before the n-th try: from half a second up, never quite the same.
func pause(ctx context.Context, n int) {
	d := min(longestPause, 250*time.Millisecond<<min(n, 10))
	d = d/2 + rand.N(d/2)
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

var errLost = errors.New("the connection was lost")

// session consumes on one connection until it is lost or ctx ends.
func (c *Consumer) session(ctx context.Context, connected func()) error {
	l, err := connect(ctx, c.Options)
	if err != nil {
		return err
	}
	defer l.cut()
	if err := declare(l.Connection); err != nil {
		return err
	}
	ch, err := l.Channel()
	if err != nil {
		return err
	}
	if err := ch.Qos(max(1, c.Prefetch), 0, true); err != nil {
		return err
	}
	queues, err := c.queues(ch)
	if err != nil {
		return err
	}
	merged := make(chan amqp.Delivery)
	var streams sync.WaitGroup
	for _, q := range queues {
		stream, err := ch.Consume(q, q, false, false, false, false, nil)
		if err != nil {
			return err
		}
		streams.Go(func() {
			for d := range stream {
				merged <- d
			}
		})
	}
	go func() { streams.Wait(); close(merged) }()
	connected()
	c.serve(ctx, l, ch, queues, merged)
	return errLost
}

// queues returns what to consume from.
func (c *Consumer) queues(ch *amqp.Channel) ([]string, error) {
	if c.Fanout == "" {
		return c.Queues, nil
	}
	q, err := ch.QueueDeclare("", false, true, true, false, nil)
	if err != nil {
		return nil, err
	}
	return []string{q.Name}, ch.QueueBind(q.Name, c.Key, c.Fanout, false, nil)
}

// serve handles deliveries, as many at a time as the broker gives.
func (c *Consumer) serve(ctx context.Context, l *link, ch *amqp.Channel, queues []string, merged <-chan amqp.Delivery) {
	var hands sync.WaitGroup
	stopped := context.AfterFunc(ctx, func() {
		for _, q := range queues {
			_ = ch.Cancel(q, false) // ends its stream
		}
	})
	defer stopped()
	working := context.WithoutCancel(ctx)
	for d := range merged {
		if ctx.Err() != nil {
			_ = d.Nack(false, true) // not begun: somebody else can have it
			continue
		}
		hands.Go(func() {
			settle(d, c.Handle(working, Delivery{
				Body: d.Body, Headers: d.Headers, Key: d.RoutingKey, ID: d.MessageId, Redelivered: d.Redelivered,
			}))
		})
	}
	hands.Wait()
	_ = l.Close() // sends what is still to be acknowledged
}

// settle tells the broker. When it cannot be told it delivers the message again.
func settle(d amqp.Delivery, v Verdict) {
	switch v {
	case Done:
		_ = d.Ack(false)
	case Requeue:
		_ = d.Nack(false, true)
	default:
		_ = d.Nack(false, false)
	}
}
