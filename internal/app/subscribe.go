package app

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"

	"brigade/internal/event/rabbitmq"
	"brigade/internal/worker"
)

// Subscribe prints every change of an order's status that contract R's exchange tells of, until ctx ends.
func Subscribe(ctx context.Context, url string, log *slog.Logger, out io.Writer) error {
	var mu sync.Mutex
	c := &rabbitmq.Consumer{
		Options: rabbitmq.Options{URL: url, Name: "brigade notification-subscriber", Logger: log},
		Fanout:  rabbitmq.NotificationsExchange,
		Handle: func(ctx context.Context, d rabbitmq.Delivery) rabbitmq.Verdict {
			m, err := worker.DecodeStatus(d.Body)
			if err != nil {
				log.ErrorContext(ctx, "message refused", "action", "message_refused", "error", err)
				return rabbitmq.Refuse
			}
			mu.Lock()
			defer mu.Unlock()
			fmt.Fprintln(out, m.Sentence())
			log.InfoContext(ctx, "notification received", "action", "notification_received", "order_number", m.Number, "new_status", m.New)
			return rabbitmq.Done
		},
	}
	c.Run(ctx)
	return nil
}
