package app

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"brigade/internal/config"
	"brigade/internal/errs"
	"brigade/internal/event"
	"brigade/internal/event/eventpg"
	"brigade/internal/event/kafka"
	"brigade/internal/event/rabbitmq"
	"brigade/internal/lease"
	"brigade/internal/store"
	"brigade/internal/telemetry"
)

// relaySpacing lets events gather into batches: each batch costs a commit of its own.
const relaySpacing = 25 * time.Millisecond

// relays are the relays of this process; the desk may commit before they are there.
type relays struct {
	list atomic.Pointer[[]*event.Relay]
}

func (r *relays) poke() {
	if list := r.list.Load(); list != nil {
		for _, relay := range *list {
			relay.Poke()
		}
	}
}

func (r *relays) add(relay *event.Relay) {
	var list []*event.Relay
	if have := r.list.Load(); have != nil {
		list = slices.Clone(*have)
	}
	list = append(list, relay)
	r.list.Store(&list)
}

// relayKinds are the leases of relays to brokers that this process can hold.
func (a *App) relayKinds() (kinds []string) {
	if a.relaysToRabbitMQ() {
		kinds = append(kinds, event.RelayKind(rabbitmq.SinkName))
	}
	if a.relaysToKafka() {
		kinds = append(kinds, event.RelayKind(kafka.SinkName))
	}
	return kinds
}

func (a *App) relaysToKafka() bool {
	return len(a.cfg.Brokers.KafkaBrokers) > 0 && a.has(config.RoleRelay)
}

// relaysToRabbitMQ: contract R's services carry their own messages, so that they need no other process.
func (a *App) relaysToRabbitMQ() bool {
	return a.cfg.Brokers.RabbitMQURL != "" && (a.has(config.RoleRelay) || a.has(config.RoleOrderService) || a.has(config.RoleWorker) || a.has(config.RoleOrchestrator))
}

// startRelays carries events to the main sink, the subscribers in this process, and to the brokers. Each relay has a
// lease, a cursor and a pace of its own: none waits for another.
func (a *App) startRelays(ctx context.Context) error {
	if a.has(config.RoleRelay) {
		sink := event.NewMemory(event.MainSink)
		sink.Subscribe("console", a.notifyConsole)
		if err := a.startRelay(sink, func() {}); err != nil {
			return err
		}
	}
	if a.relaysToRabbitMQ() {
		o := a.rabbitMQ("relay")
		sink := rabbitmq.NewSink(o, a.contractMessages)
		check := func(ctx context.Context) error { return rabbitmq.Prepare(ctx, o) }
		if err := a.startBroker(ctx, sink, check, sink.Close); err != nil {
			return err
		}
	}
	if a.relaysToKafka() {
		o := a.kafka("relay")
		sink := kafka.NewSink(o)
		check := func(ctx context.Context) error { return kafka.Check(ctx, o) }
		return a.startBroker(ctx, sink, check, sink.Close)
	}
	return nil
}

// brokerIn is how long a broker's answer is waited for at the start.
const brokerIn = 5 * time.Second

// startBroker carries events to a broker. One that does not answer yet is no reason not to start.
func (a *App) startBroker(ctx context.Context, sink event.Sink, check func(context.Context) error, done func()) error {
	if err := a.beginSink(ctx, sink.Name()); err != nil {
		return err
	}
	soon, cancel := context.WithTimeout(ctx, brokerIn)
	defer cancel()
	switch err := check(soon); {
	case errs.Is(err, errs.KindInvalid):
		return err
	case err != nil:
		a.log.ErrorContext(ctx, "a broker cannot be used yet, trying again", "action", "broker_unavailable", "sink", sink.Name(), "error", err)
	}
	return a.startRelay(sink, done)
}

// measured counts what a sink takes and refuses.
type measured struct {
	event.Sink
	counts *telemetry.Events
}

// Publish implements event.Sink.
func (m measured) Publish(ctx context.Context, events []event.Event) error {
	err := m.Sink.Publish(ctx, events)
	if err != nil {
		m.counts.Failed(m.Name())
		return err
	}
	m.counts.Published(m.Name(), len(events))
	return nil
}

func (a *App) startRelay(sink event.Sink, done func()) error {
	sink = measured{sink, a.metrics.Events}
	cursors := eventpg.NewCursors(a.pool, func(ctx context.Context, tx store.Tx, resource string, fence int64) error {
		return lease.Check(ctx, tx, []string{resource}, []int64{fence})
	})
	relay := event.NewRelay(sink, a.sharedLog, cursors, a.node, event.RelayOptions{Clock: a.clock, Logger: a.log, Spacing: relaySpacing})
	a.relays.add(relay)
	a.onStop("sink "+sink.Name(), func(context.Context) error { done(); return nil })
	a.run("relay "+sink.Name(), relay.Run)
	a.run("replays to "+sink.Name(), func(ctx context.Context) error {
		return eventpg.RunReplays(ctx, a.pool, sink, a.node, a.log)
	})
	resources := []string{event.RelayResource(sink.Name())}
	list := func(context.Context) ([]string, error) { return resources, nil }
	return a.node.Want(event.RelayKind(sink.Name()), list, func(lease.Change) { relay.Poke() })
}

// lookBack is how many events a new sink begins before the log's end: nobody knows then what is being written.
const lookBack = 1000

// beginSink lets a sink that was never seen begin near the log's end, but not after orders that wait for a worker.
func (a *App) beginSink(ctx context.Context, name string) error {
	since, err := a.cooks.OldestOpen(ctx)
	if err != nil {
		return err
	}
	return eventpg.BeginSink(ctx, a.pool, name, since, lookBack)
}

// rabbitMQ says how this process reaches RabbitMQ for a purpose.
func (a *App) rabbitMQ(purpose string) rabbitmq.Options {
	return rabbitmq.Options{
		URL: a.cfg.Brokers.RabbitMQURL.Reveal(), Name: "brigade " + purpose + " " + a.cfg.Name, Logger: a.log.With("purpose", purpose),
	}
}

// kafka says how this process reaches Kafka for a purpose.
func (a *App) kafka(purpose string) kafka.Options {
	k := a.cfg.Brokers.Kafka
	return kafka.Options{
		Brokers: k.KafkaBrokers, TLS: k.KafkaTLS, CA: k.KafkaCA, SASL: k.KafkaSASL, User: k.KafkaUser, Password: k.KafkaPassword.Reveal(),
		Name: "brigade-" + purpose, Logger: a.log.With("purpose", purpose),
	}
}

const pruneEvery = 10 * time.Minute

// startRetention deletes events that are old and were carried everywhere, while this node has the main relay's lease.
func (a *App) startRetention(context.Context) error {
	if a.cfg.Brokers.KeepEvents == 0 || !a.has(config.RoleRelay) {
		return nil
	}
	a.run("retention", func(ctx context.Context) error {
		tick := time.NewTicker(pruneEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-tick.C:
			}
			if _, ours := a.node.Owned(event.RelayResource(event.MainSink)); ours {
				a.prune(ctx)
			}
		}
	})
	return nil
}

func (a *App) prune(ctx context.Context) {
	n, err := eventpg.Prune(ctx, a.pool, a.clock.Now().Add(-time.Duration(a.cfg.Brokers.KeepEvents)), true)
	switch {
	case err != nil && ctx.Err() == nil:
		a.log.WarnContext(ctx, "old events were not deleted", "action", "prune_failed", "error", err)
	case n > 0:
		a.log.InfoContext(ctx, "old events deleted", "action", "events_pruned", "events", n)
	}
}
