package app

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"brigade/internal/config"
	"brigade/internal/event"
	"brigade/internal/event/eventpg"
	"brigade/internal/event/rabbitmq"
	"brigade/internal/lease"
	"brigade/internal/store"
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
	return kinds
}

// relaysToRabbitMQ: contract R's services carry their own messages, so that they need no other process.
func (a *App) relaysToRabbitMQ() bool {
	return a.cfg.Brokers.RabbitMQURL != "" && (a.has(config.RoleRelay) || a.has(config.RoleOrderService) || a.has(config.RoleWorker))
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
	if !a.relaysToRabbitMQ() {
		return nil
	}
	if err := a.beginSink(ctx, rabbitmq.SinkName); err != nil {
		return err
	}
	o := a.rabbitMQ("relay")
	if err := rabbitmq.Prepare(ctx, o); err != nil {
		a.log.ErrorContext(ctx, "RabbitMQ cannot be used yet, trying again", "action", "rabbitmq_unavailable", "error", err)
	}
	sink := rabbitmq.NewSink(o, a.contractMessages)
	return a.startRelay(sink, sink.Close)
}

func (a *App) startRelay(sink event.Sink, done func()) error {
	cursors := eventpg.NewCursors(a.pool, func(ctx context.Context, tx store.Tx, resource string, fence int64) error {
		return lease.Check(ctx, tx, []string{resource}, []int64{fence})
	})
	relay := event.NewRelay(sink, a.sharedLog, cursors, a.node, event.RelayOptions{Clock: a.clock, Logger: a.log, Spacing: relaySpacing})
	a.relays.add(relay)
	a.onStop("sink "+sink.Name(), func(context.Context) error { done(); return nil })
	a.run("relay "+sink.Name(), relay.Run)
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
