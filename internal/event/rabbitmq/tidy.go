package rabbitmq

import (
	"context"

	amqp "github.com/rabbitmq/amqp091-go"
)

// tidyMost is how many messages are looked at in one go.
const tidyMost = 500

// Tidy takes messages off a queue that are of no use any more, unless somebody consumes from it, and returns how many.
// useless is asked of messages from the queue's head, until some are of use; these go back to their places.
func Tidy(ctx context.Context, o Options, queue string, useless func(context.Context, [][]byte) ([]bool, error)) (total int, err error) {
	for {
		n, err := tidyOnce(ctx, o, queue, useless)
		total += n
		if err != nil || n < tidyMost || ctx.Err() != nil {
			return total, err
		}
	}
}

func tidyOnce(ctx context.Context, o Options, queue string, useless func(context.Context, [][]byte) ([]bool, error)) (int, error) {
	l, err := connect(ctx, o)
	if err != nil {
		return 0, err
	}
	defer l.cut()
	ch, err := l.Channel()
	if err != nil {
		return 0, err
	}
	info, err := ch.QueueDeclarePassive(queue, true, false, false, false, nil)
	if err != nil || info.Consumers > 0 || info.Messages == 0 {
		return 0, err
	}
	held, err := hold(ch, queue)
	if err != nil || len(held) == 0 {
		return 0, err
	}
	bodies := make([][]byte, len(held))
	for i, d := range held {
		bodies[i] = d.Body
	}
	gone, err := useless(ctx, bodies)
	if err != nil {
		return 0, err // with the connection all go back
	}
	n := 0
	for i, d := range held {
		if gone[i] {
			n++
			err = d.Ack(false)
		} else {
			err = d.Nack(false, true)
		}
		if err != nil {
			return n, err
		}
	}
	return n, l.Close()
}

func hold(ch *amqp.Channel, queue string) (held []amqp.Delivery, err error) {
	for len(held) < tidyMost {
		d, ok, err := ch.Get(queue, false)
		if err != nil || !ok {
			return held, err
		}
		held = append(held, d)
	}
	return held, nil
}
