package rabbitmq

import (
	"context"
	"encoding/json"

	"brigade/internal/event"
)

// Follow gives every event that is published from now on to take, in its order, until ctx ends (then it returns nil) or
// take fails. It has a queue of its own: it takes nothing from anybody; what is published while the connection is lost it
// does not see. Errors: KindUnavailable when RabbitMQ cannot be reached at first, take's.
func Follow(ctx context.Context, o Options, take func(event.Event) error) error {
	if err := Prepare(ctx, o); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var failure error
	c := &Consumer{
		Options: o, Fanout: EventsExchange, Key: "#", Prefetch: 1, // one at a time keeps the order
		Handle: func(_ context.Context, d Delivery) Verdict {
			var e event.Event
			if failure != nil || json.Unmarshal(d.Body, &e) != nil {
				return Refuse // not one of ours
			}
			if failure = take(e); failure != nil {
				cancel()
			}
			return Done
		},
	}
	c.Run(ctx)
	return failure
}
