package kafka

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"brigade/internal/event"
)

// SinkName is the sink's name among the relay's.
const SinkName = "kafka"

// Topic is the topic of a context's events: kitchen.domain.events.
func Topic(context string) string { return context + ".domain.events" }

// Key is the key of an event's record, so that all of an aggregate are in one partition, in their order.
func Key(e event.Event) string { return e.AggregateType + ":" + strconv.FormatInt(e.AggregateID, 10) }

// Sink publishes events to Kafka, each one's envelope as a record. It implements event.Sink with an idempotent producer:
// a batch is published once all replicas in sync have it.
type Sink struct {
	opts Options

	mu     sync.Mutex // one batch at a time: that keeps the order
	client *kgo.Client
	topics map[string]bool // those that are sure to exist
}

// NewSink returns a sink that connects when it is first used. Close it.
func NewSink(o Options) *Sink { return &Sink{opts: o} }

// Name implements event.Sink.
func (s *Sink) Name() string { return SinkName }

// Close ends the connections. Closing twice is fine.
func (s *Sink) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop()
}

func (s *Sink) drop() {
	if s.client != nil {
		s.client.UnsafeAbortBufferedRecords()
		s.client.Close()
	}
	s.client, s.topics = nil, nil
}

// Publish implements event.Sink.
func (s *Sink) Publish(ctx context.Context, events []event.Event) error {
	if len(events) == 0 {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	records, err := recordsOf(events)
	if err == nil {
		err = s.ready(ctx, records)
	}
	if err == nil {
		err = s.produce(ctx, records, events)
	}
	if _, poison := errors.AsType[*event.PoisonError](err); err != nil && !poison {
		s.drop() // nobody knows what went out: begin anew
	}
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

func recordsOf(events []event.Event) ([]*kgo.Record, error) {
	records := make([]*kgo.Record, len(events))
	for i, e := range events {
		body, err := json.Marshal(e)
		if err != nil {
			return nil, fmt.Errorf("event %d: %w", e.Position, err)
		}
		records[i] = &kgo.Record{
			Topic: Topic(event.Context(e)), Key: []byte(Key(e)), Value: body, Timestamp: e.OccurredAt,
			Headers: []kgo.RecordHeader{{Key: "id", Value: []byte(e.ID.String())}, {Key: "type", Value: []byte(e.Type)}},
		}
		if e.TraceParent != "" {
			records[i].Headers = append(records[i].Headers, kgo.RecordHeader{Key: "traceparent", Value: []byte(e.TraceParent)})
		}
	}
	return records, nil
}

// ready makes sure of a client and of the records' topics.
func (s *Sink) ready(ctx context.Context, records []*kgo.Record) error {
	if s.client == nil {
		opts, err := s.opts.settings()
		if err != nil {
			return err
		}
		s.client, err = kgo.NewClient(append(opts, kgo.ProducerLinger(0), kgo.MaxBufferedRecords(100_000), kgo.UnknownTopicRetries(2))...)
		if err != nil {
			return s.opts.refused(err)
		}
		s.topics = map[string]bool{}
	}
	for _, r := range records {
		if s.topics[r.Topic] {
			continue
		}
		if err := createTopic(ctx, s.client, r.Topic); err != nil {
			return s.opts.refused(err)
		}
		s.topics[r.Topic] = true
	}
	return nil
}

// createTopic makes a topic with the brokers' own settings unless it exists.
func createTopic(ctx context.Context, c *kgo.Client, topic string) error {
	ctx, cancel := context.WithTimeout(ctx, connectIn)
	defer cancel()
	t := kmsg.NewCreateTopicsRequestTopic()
	t.Topic, t.NumPartitions, t.ReplicationFactor = topic, -1, -1
	req := kmsg.NewPtrCreateTopicsRequest()
	req.Topics = append(req.Topics, t)
	req.TimeoutMillis = int32(connectIn / time.Millisecond)
	res, err := req.RequestWith(ctx, c)
	if err != nil {
		return err
	}
	for _, t := range res.Topics {
		err := kerr.ErrorForCode(t.ErrorCode)
		if err != nil && !errors.Is(err, kerr.TopicAlreadyExists) && !errors.Is(err, kerr.TopicAuthorizationFailed) {
			return fmt.Errorf("create topic %s: %w", topic, err)
		}
	}
	return nil
}

// produce sends records and waits for all of them, or for ctx to end.
func (s *Sink) produce(ctx context.Context, records []*kgo.Record, events []event.Event) error {
	type outcome struct {
		i   int
		err error
	}
	outcomes := make(chan outcome, len(records))
	for i, r := range records {
		s.client.Produce(ctx, r, func(_ *kgo.Record, err error) { outcomes <- outcome{i, err} })
	}
	var poison event.PoisonError
	var failure error
	for range records {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case o := <-outcomes:
			switch {
			case o.err == nil:
			case errors.Is(o.err, kerr.MessageTooLarge), errors.Is(o.err, kerr.InvalidRecord):
				poison.Add(events[o.i], o.err)
			default:
				failure = o.err
			}
		}
	}
	if failure != nil {
		return s.opts.refused(failure)
	}
	return poison.Err()
}

// Check connects once and tells what is wrong, if anything is. Errors: KindUnavailable, KindInvalid.
func Check(ctx context.Context, o Options) error {
	opts, err := o.settings()
	if err != nil {
		return err
	}
	c, err := kgo.NewClient(append(opts, kgo.RequestRetries(0))...)
	if err != nil {
		return o.refused(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(ctx, connectIn)
	defer cancel()
	if err := c.Ping(ctx); err != nil {
		return o.refused(err)
	}
	return nil
}
