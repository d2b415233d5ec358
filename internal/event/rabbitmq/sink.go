package rabbitmq

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"brigade/internal/errs"
	"brigade/internal/event"
)

// SinkName is the sink's name among the relay's.
const SinkName = "rabbitmq"

// Message is one message to an exchange.
type Message struct {
	Exchange  string
	Key       string
	ID        string // for consumers that drop what they had before
	Type      string
	Priority  int
	At        time.Time
	Headers   map[string]any // strings, integers
	Body      []byte         // JSON
	Mandatory bool           // a queue must take it; it is an error when none does
}

// Also makes the messages that an event is told by beside its envelope, for a batch of events at once: the i-th list
// belongs to the i-th event. It may return nil.
type Also func(ctx context.Context, events []event.Event) ([][]Message, error)

// Sink publishes events to RabbitMQ: each one's envelope to the exchange domain_events, and what Also makes of it. It
// implements event.Sink: a batch travels in one piece, and is published once the broker has confirmed all of it.
type Sink struct {
	opts Options
	also Also

	mu      sync.Mutex // one batch at a time: that keeps the order
	link    *link
	channel *amqp.Channel
	returns chan amqp.Return
}

// NewSink returns a sink that connects when it is first used. also may be nil. Close it.
func NewSink(o Options, also Also) *Sink {
	if also == nil {
		also = func(context.Context, []event.Event) ([][]Message, error) { return nil, nil }
	}
	return &Sink{opts: o, also: also}
}

// Name implements event.Sink.
func (s *Sink) Name() string { return SinkName }

// Close ends the connection. Closing twice is fine.
func (s *Sink) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop()
}

func (s *Sink) drop() {
	if s.link != nil {
		s.link.cut()
	}
	s.link, s.channel, s.returns = nil, nil, nil
}

// Publish implements event.Sink.
func (s *Sink) Publish(ctx context.Context, events []event.Event) error {
	if len(events) == 0 {
		return nil
	}
	messages, err := s.messages(ctx, events)
	if err != nil {
		return err
	}
	return s.Send(ctx, messages)
}

func (s *Sink) messages(ctx context.Context, events []event.Event) ([]Message, error) {
	also, err := s.also(ctx, events)
	if err != nil {
		return nil, err
	}
	messages := make([]Message, 0, len(events))
	for i, e := range events {
		body, err := json.Marshal(e)
		if err != nil {
			return nil, fmt.Errorf("event %d: %w", e.Position, err)
		}
		first := len(messages)
		messages = append(messages, Message{
			Exchange: EventsExchange, Key: event.Context(e) + "." + string(e.Type), ID: e.ID.String(), Type: string(e.Type),
			At: e.OccurredAt, Body: body,
		})
		if also != nil {
			messages = append(messages, also[i]...)
		}
		if e.TraceParent != "" {
			carryTrace(messages[first:], e.TraceParent)
		}
	}
	return messages, nil
}

// carryTrace puts an event's W3C trace context into the headers of what it is told by.
func carryTrace(messages []Message, parent string) {
	for i := range messages {
		if messages[i].Headers == nil {
			messages[i].Headers = map[string]any{}
		}
		messages[i].Headers["traceparent"] = parent
	}
}

// Send publishes messages in their order and returns nil once the broker has confirmed all of them. After an error some
// may have gone out. Errors: KindUnavailable, ctx's.
func (s *Sink) Send(ctx context.Context, messages []Message) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.ready(ctx); err != nil {
		return err
	}
	l := s.link
	release := context.AfterFunc(ctx, func() { _ = l.wire.Close() }) // a write may hang while the broker takes nothing
	defer release()
	err := s.send(ctx, messages)
	if err != nil {
		s.drop() // what was not confirmed is unknown to us: begin anew
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	return err
}

// ready makes sure of a connection with everything declared.
func (s *Sink) ready(ctx context.Context) error {
	if s.channel != nil && !s.channel.IsClosed() {
		return nil
	}
	s.drop()
	l, err := connect(ctx, s.opts)
	if err != nil {
		return err
	}
	s.link = l
	release := context.AfterFunc(ctx, func() { _ = l.wire.Close() })
	defer release()
	if err := s.open(); err != nil {
		s.drop()
		return errs.Unavailable("RabbitMQ cannot be prepared").Because(err)
	}
	return nil
}

func (s *Sink) open() error {
	if err := declare(s.link.Connection); err != nil {
		return err
	}
	ch, err := s.link.Channel()
	if err != nil {
		return err
	}
	s.channel = ch
	s.returns = ch.NotifyReturn(make(chan amqp.Return, 1))
	return ch.Confirm(false)
}

func (s *Sink) send(ctx context.Context, messages []Message) error {
	returned := make(chan error, 1)
	done := make(chan struct{})
	go func() { returned <- s.watchReturns(done) }()
	err := s.sendAll(ctx, messages)
	close(done)
	return errors.Join(err, <-returned)
}

// watchReturns takes what no queue wanted. The broker returns a message before it confirms it.
func (s *Sink) watchReturns(done <-chan struct{}) (err error) {
	for {
		select {
		case r, ok := <-s.returns:
			if !ok {
				return err
			}
			err = errs.Unavailable("RabbitMQ has no queue for %s on %s: %s", r.RoutingKey, r.Exchange, r.ReplyText)
		case <-done:
			select {
			case r, ok := <-s.returns:
				if ok {
					err = errs.Unavailable("RabbitMQ has no queue for %s on %s: %s", r.RoutingKey, r.Exchange, r.ReplyText)
				}
			default:
			}
			return err
		}
	}
}

func (s *Sink) sendAll(ctx context.Context, messages []Message) error {
	confirms := make([]*amqp.DeferredConfirmation, len(messages))
	s.link.wire.cork()
	for i, m := range messages {
		c, err := s.channel.PublishWithDeferredConfirmWithContext(ctx, m.Exchange, m.Key, m.Mandatory, false, publishing(m))
		if err != nil {
			return errs.Unavailable("RabbitMQ went away while it was written to").Because(err)
		}
		confirms[i] = c
	}
	if err := s.link.wire.uncork(); err != nil {
		return errs.Unavailable("RabbitMQ went away while it was written to").Because(err)
	}
	for i, c := range confirms {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-c.Done():
		}
		if !c.Acked() {
			return errs.Unavailable("RabbitMQ did not take %d of %d messages: is a queue full?", len(messages)-i, len(messages))
		}
	}
	return nil
}

func publishing(m Message) amqp.Publishing {
	return amqp.Publishing{
		Headers: amqp.Table(m.Headers), ContentType: "application/json", DeliveryMode: amqp.Persistent, Priority: uint8(m.Priority),
		MessageId: m.ID, Type: m.Type, Timestamp: m.At.UTC(), AppId: "brigade", Body: m.Body,
	}
}
