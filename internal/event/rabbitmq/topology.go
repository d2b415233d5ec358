package rabbitmq

import (
	"errors"
	"fmt"

	amqp "github.com/rabbitmq/amqp091-go"
)

// Exchanges and queues: contract R's, contract O's, and Brigade's own stream of events.
const (
	OrdersExchange        = "orders_topic"         // topic: kitchen.{order_type}.{priority}
	NotificationsExchange = "notifications_fanout" // fanout: each subscriber has his own queue
	OrchestratorExchange  = "orchestrator"         // topic: orchestrator.workflow_completed, …_failed
	EventsExchange        = "domain_events"        // topic: {context}.{TYPE}, each event's envelope
	DeadExchange          = "orders_dlx"           // fanout to DeadQueue

	KitchenQueue = "kitchen_queue" // every order, whatever its type
	DeadQueue    = "orders_dlq"    // orders that nobody could read or cook

	maxPriority = 10
)

// OrderTypes are the order types that have a queue of their own.
var OrderTypes = []string{"dine_in", "takeout", "delivery"}

// TypeQueue is the queue of an order type.
func TypeQueue(orderType string) string { return "kitchen_" + orderType + "_queue" }

// OrderKey is the routing key of an order.
func OrderKey(orderType string, priority int) string {
	return fmt.Sprintf("kitchen.%s.%d", orderType, priority)
}

type exchange struct{ name, kind string }

var exchanges = []exchange{
	{OrdersExchange, amqp.ExchangeTopic},
	{NotificationsExchange, amqp.ExchangeFanout},
	{OrchestratorExchange, amqp.ExchangeTopic},
	{EventsExchange, amqp.ExchangeTopic},
	{DeadExchange, amqp.ExchangeFanout},
}

type queue struct {
	name, exchange, key string
	args                amqp.Table
}

func queues() []queue {
	args := amqp.Table{"x-max-priority": int32(maxPriority), "x-dead-letter-exchange": DeadExchange}
	all := []queue{
		{DeadQueue, DeadExchange, "", nil},
		{KitchenQueue, OrdersExchange, "kitchen.#", args},
	}
	for _, t := range OrderTypes {
		all = append(all, queue{TypeQueue(t), OrdersExchange, "kitchen." + t + ".*", args})
	}
	return all
}

// declare makes sure of every exchange, queue and binding. What exists with other settings, made by an older system,
// is used as it is.
func declare(c *amqp.Connection) error {
	for _, e := range exchanges {
		err := onChannel(c, func(ch *amqp.Channel) error {
			return ch.ExchangeDeclare(e.name, e.kind, true, false, false, false, nil)
		})
		if err != nil && !differs(err) {
			return fmt.Errorf("declare exchange %s: %w", e.name, err)
		}
	}
	for _, q := range queues() {
		err := onChannel(c, func(ch *amqp.Channel) error {
			_, err := ch.QueueDeclare(q.name, true, false, false, false, q.args)
			return err
		})
		if err != nil && !differs(err) {
			return fmt.Errorf("declare queue %s: %w", q.name, err)
		}
		err = onChannel(c, func(ch *amqp.Channel) error { return ch.QueueBind(q.name, q.key, q.exchange, false, nil) })
		if err != nil {
			return fmt.Errorf("bind queue %s: %w", q.name, err)
		}
	}
	return nil
}

// differs tells whether something exists with other settings.
func differs(err error) bool {
	var e *amqp.Error
	return errors.As(err, &e) && e.Code == amqp.PreconditionFailed
}

// onChannel does something on a channel of its own, because a refusal closes the channel.
func onChannel(c *amqp.Connection, do func(*amqp.Channel) error) error {
	ch, err := c.Channel()
	if err != nil {
		return err
	}
	if err := do(ch); err != nil {
		return err
	}
	return ch.Close()
}
