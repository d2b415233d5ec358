package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"

	"brigade/internal/config"
	"brigade/internal/errs"
	"brigade/internal/event"
	"brigade/internal/event/eventpg"
	"brigade/internal/event/kafka"
	"brigade/internal/event/rabbitmq"
	"brigade/internal/store"
	"brigade/internal/telemetry"
)

// source is where events are listened to.
type source string

const (
	sourceAPI      source = "api"
	sourcePostgres source = "postgres"
	sourceKafka    source = "kafka"
	sourceRabbitMQ source = "rabbitmq"
)

// listening says how the sources beside the API are reached.
type listening struct {
	DatabaseURL config.URL `name:"database-url" env:"BRIGADE_DATABASE_URL,DATABASE_URL" placeholder:"URL" help:"The Postgres (default: that of the brigade which runs in the state folder)."`
	config.Kafka
	RabbitMQURL config.URL `name:"rabbitmq-url" env:"BRIGADE_RABBITMQ_URL,RABBITMQ_URL" placeholder:"URL" help:"The RabbitMQ (amqp://user:password@host:5672/vhost, or amqps)."`
}

func (c *eventsTail) checkSource(f *errs.Fields) {
	if c.Source != sourceAPI && c.Outlet != "" {
		f.Add("--outlet", "is for --source api: %s carries everything of everybody", c.Source)
	}
	switch {
	case c.Source == sourceKafka && len(c.KafkaBrokers) == 0:
		f.Add("--kafka-brokers", "is required for --source kafka")
	case c.Source == sourceRabbitMQ && c.RabbitMQURL == "":
		f.Add("--rabbitmq-url", "is required for --source rabbitmq")
	case c.Source == sourceRabbitMQ && c.After >= 0:
		f.Add("--after", "cannot be asked of RabbitMQ, which keeps nothing")
	}
	if c.Source == sourceKafka {
		c.Kafka.Check(f)
	}
	if c.Source == sourceRabbitMQ && c.RabbitMQURL != "" && rabbitmq.CheckURL(c.RabbitMQURL.Reveal()) != nil {
		f.Add("--rabbitmq-url", "%v", rabbitmq.CheckURL(c.RabbitMQURL.Reveal()))
	}
}

// listen follows a source until ctx ends.
func (f *following) listen(ctx context.Context) error {
	log := telemetry.NewLogger(f.env.Err, slog.LevelWarn, "brigade", telemetry.WithFormat(telemetry.FormatText))
	switch f.Source {
	case sourceKafka:
		k := f.Kafka
		return kafka.Follow(ctx, kafka.Options{
			Brokers: k.KafkaBrokers, TLS: k.KafkaTLS, CA: k.KafkaCA, SASL: k.KafkaSASL, User: k.KafkaUser, Password: k.KafkaPassword.Reveal(),
			Name: "brigade-tail", Logger: log,
		}, f.After >= 0, f.tell)
	case sourceRabbitMQ:
		return rabbitmq.Follow(ctx, rabbitmq.Options{URL: f.RabbitMQURL.Reveal(), Name: "brigade tail", Logger: log}, f.tell)
	default:
		return f.listenToPostgres(ctx, log)
	}
}

// tell writes an event if it is wanted.
func (f *following) tell(e event.Event) error {
	if e.Position <= f.After || !(event.Filter{Types: f.Type}).Match(e) {
		return nil
	}
	if !f.JSON {
		return f.print(e)
	}
	line, err := json.Marshal(e)
	if err == nil {
		_, err = fmt.Fprintln(f.env.Out, string(line))
	}
	return err
}

// listenToPostgres follows the log itself. While Postgres is away it says so once and tries again.
func (f *following) listenToPostgres(ctx context.Context, log *slog.Logger) error {
	url, err := f.database()
	if err != nil {
		return err
	}
	pool, err := store.Open(url, 2)
	if err != nil {
		return err
	}
	defer pool.Close()
	if err := pool.Ping(ctx); err != nil {
		return reached(err)
	}
	tail := event.NewTail(eventpg.NewLog(pool), event.TailOptions{Logger: log})
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() { defer close(done); _ = tail.Run(ctx) }() // it ends with ctx alone
	defer func() { cancel(); <-done }()
	stream := tail.Stream(event.Filter{Types: f.Type}, f.After)
	defer stream.Close()
	for e, err := range stream.All(ctx) {
		if err == nil {
			err = f.tell(e)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// database is the Postgres that was named, or that of the brigade in the state folder.
func (f *following) database() (string, error) {
	if f.DatabaseURL != "" {
		return f.DatabaseURL.Reveal(), nil
	}
	running, err := FindRunning(f.State)
	if err != nil {
		return "", err
	}
	if running == nil {
		return "", errs.NotFound("no brigade runs in the state folder %s: name a database with --database-url", f.State)
	}
	return running.DatabaseURL, nil
}
