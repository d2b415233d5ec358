package bench

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	amqp "github.com/rabbitmq/amqp091-go"

	"brigade/internal/errs"
	"brigade/internal/event/rabbitmq"
)

// ServiceOrders measures contract R from one end to the other: orders over HTTP, through RabbitMQ, to workers who cook
// at once, until the last one is ready. Beside it stands what the same RabbitMQ does bare: messages of the same size
// published with confirmation, consumed and acknowledged.
func ServiceOrders(ctx context.Context, o Options) (r Report, err error) {
	o = o.withDefaults()
	setDefault(&o.Workers, 4)
	r = Report{Bench: "services", Machine: thisMachine()}
	if o.RabbitMQ.URL == "" {
		return r, errs.Invalid("--rabbitmq-url is required: a virtual host that nobody else uses")
	}
	if err := errors.Join(o.check(), unused(o.RabbitMQ.URL)); err != nil {
		return r, err
	}
	if r.Broker, err = bareRabbitMQ(ctx, o); err != nil {
		return r, err
	}
	st, err := setUp(ctx, o, Setup{Services: Services{RabbitMQ: o.RabbitMQ.URL, Workers: o.Workers}})
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, st.close(context.WithoutCancel(ctx)), purge(o.RabbitMQ.URL)) }()
	if r.Raw, err = st.besideRaw(ctx, &r.Machine, func() error { return st.serve(ctx, &r) }); err != nil {
		return r, err
	}
	r.relate()
	return r, r.err()
}

// serve places orders for a while and waits until all are ready.
func (st *stage) serve(ctx context.Context, r *Report) error {
	u, err := url.Parse(st.URL)
	if err != nil {
		return err
	}
	hands := make([]*confirmer, st.o.Connections)
	for i := range hands {
		if hands[i], err = newPoster(u, "/orders", guest, "", 'a'); err != nil {
			return err
		}
		defer hands[i].close()
	}
	place := func(ctx context.Context, worker, n int) error {
		status, err := hands[worker].post(ctx, n)
		if err == nil && status != 200 {
			err = fmt.Errorf("HTTP status %d", status)
		}
		return err
	}
	warm := flatOut(ctx, "orders", st.o.Connections, time.Second, place)
	if err := st.allReady(ctx); err != nil {
		return err
	}
	st.o.say("orders on %d connections for %v", st.o.Connections, st.o.Duration)
	err = st.o.profiled(func() {
		r.Full = st.metered(func() *Load {
			began := time.Now()
			l := flatOut(ctx, "orders", st.o.Connections, st.o.Duration, place)
			if err := st.allReady(ctx); err != nil && l.Error == "" {
				l.Error = err.Error()
			}
			l.Seconds = time.Since(began).Seconds()
			l.PerSecond = float64(l.Done) / l.Seconds
			return l
		})
	})
	if err != nil {
		return err
	}
	return st.countReady(ctx, r, warm.Done+r.Full.Done)
}

// guest is an order; the customer's name ends in letters that change.
const guest = `{"customer_name":"Ada aaaaaaaaaaaa","order_type":"takeout","items":[{"name":"Margherita Pizza","quantity":2,"price":12.49}]}`

// allReady waits until no order waits for a worker.
func (st *stage) allReady(ctx context.Context) error {
	for open := 1; open > 0; {
		err := withConn(ctx, st.DatabaseURL, func(c *pgx.Conn) error {
			return c.QueryRow(ctx, "select count(*) from worker_orders where done_at is null").Scan(&open)
		})
		if err == nil && open > 0 {
			err = pause(ctx, 20*time.Millisecond)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// countReady compares what was answered with what is there: every order once, with three steps in its history.
func (st *stage) countReady(ctx context.Context, r *Report, accepted int) error {
	c := &Check{Accepted: accepted}
	steps := 0
	err := withConn(ctx, st.DatabaseURL, func(conn *pgx.Conn) error {
		return conn.QueryRow(ctx, "select (select count(*) from orders), (select count(*) from orders where status = 'ready'), (select count(*) from order_history)").
			Scan(&c.Stored, &c.Completed, &steps)
	})
	c.expect(c.Accepted == c.Stored || r.Full.Errors > 0, "%d orders were accepted, %d are there", c.Accepted, c.Stored)
	c.expect(c.Completed == c.Stored, "%d of %d orders are ready", c.Completed, c.Stored)
	c.expect(steps == 3*c.Stored, "%d steps for %d orders", steps, c.Stored)
	r.Check = c
	return err
}

// bareRabbitMQ publishes and consumes messages of an order's size.
func bareRabbitMQ(ctx context.Context, o Options) (*Load, error) {
	const batch, batches = 1000, 20
	s := rabbitmq.NewSink(o.RabbitMQ, nil)
	defer s.Close()
	messages := make([]rabbitmq.Message, batch)
	for i := range messages {
		messages[i] = rabbitmq.Message{Exchange: rabbitmq.OrdersExchange, Key: "kitchen.bench.1", Body: []byte(guest), Mandatory: true}
	}
	if err := s.Send(ctx, messages[:1]); err != nil {
		return nil, err
	}
	var got atomic.Int64
	consuming, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	quiet := o.RabbitMQ
	quiet.Logger = slog.New(slog.DiscardHandler)
	c := rabbitmq.Consumer{Options: quiet, Queues: []string{rabbitmq.KitchenQueue}, Prefetch: 100}
	c.Handle = func(context.Context, rabbitmq.Delivery) rabbitmq.Verdict {
		if got.Add(1) == 1+batch*batches {
			stop()
		}
		return rabbitmq.Done
	}
	began := time.Now()
	go func() { defer close(done); c.Run(consuming) }()
	defer func() { stop(); <-done }()
	o.say("measuring the bare RabbitMQ")
	for range batches {
		if err := s.Send(ctx, messages); err != nil {
			return nil, err
		}
	}
	<-consuming.Done()
	l := &Load{What: "messages", Done: batch * batches, Seconds: time.Since(began).Seconds()}
	l.PerSecond = float64(l.Done) / l.Seconds
	return l, ctx.Err()
}

// unused makes sure that nobody uses a virtual host: what a benchmark does there would reach their workers.
func unused(broker string) error {
	return onQueue(broker, func(q amqp.Queue, _ *amqp.Channel) error {
		if q.Messages > 0 || q.Consumers > 0 {
			return errs.Conflict("somebody uses this RabbitMQ: name a virtual host of its own with --rabbitmq-url")
		}
		return nil
	})
}

// purge takes away what nobody has read.
func purge(broker string) error {
	return onQueue(broker, func(q amqp.Queue, ch *amqp.Channel) error {
		_, err := ch.QueuePurge(q.Name, false)
		return err
	})
}

// onQueue does something with the queue of everything, if there is one.
func onQueue(broker string, do func(amqp.Queue, *amqp.Channel) error) error {
	conn, err := amqp.Dial(broker)
	if err != nil {
		return errs.Unavailable("RabbitMQ cannot be used").Because(err)
	}
	defer conn.Close()
	ch, err := conn.Channel()
	if err != nil {
		return err
	}
	q, err := ch.QueueDeclarePassive(rabbitmq.KitchenQueue, true, false, false, false, nil)
	if e, ok := errors.AsType[*amqp.Error](err); ok && e.Code == amqp.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	return do(q, ch)
}
