package kafka

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"brigade/internal/errs"
)

// Topics of contract D.
const (
	OrdersTopic      = "orders"
	DriversTopic     = "driver-updates"
	DeadSuffix       = ".dlq" // of the topic for records that nobody can read
	ReasonHeader     = "reason"
	defaultAtATime   = 256
	longestPause     = 15 * time.Second
	rebalanceTimeout = 30 * time.Second
)

// Record is one record of a topic.
type Record struct {
	// ID is the same each time the record is delivered.
	ID      string
	Key     []byte
	Value   []byte
	Headers map[string]string
}

// Consumer takes records from a topic as one of a group, and keeps doing so while Kafka comes and goes.
//
// Handle is called for many records at a time and returns nil once the effect of one is committed; it may be called
// again for the same record, so it drops what it has seen by the ID. After an error of KindInvalid, KindMalformed,
// KindNotFound, KindConflict or KindTooLarge the record goes to the dead letters with the reason; after any other it is
// tried again. The group's offset moves on after all that.
type Consumer struct {
	Options
	Topic  string
	Group  string
	Handle func(ctx context.Context, r Record) error
}

// Run consumes until ctx ends. While Kafka is out of reach it says so once and tries again with backoff.
func (c *Consumer) Run(ctx context.Context) {
	failures := 0
	for ctx.Err() == nil {
		err := c.session(ctx, func() { failures = 0 })
		if ctx.Err() != nil {
			return
		}
		if failures++; failures == 1 {
			c.log().WarnContext(ctx, "Kafka is out of reach, trying again", "action", "kafka_lost", "topic", c.Topic, "error", err)
		}
		pause(ctx, failures)
	}
}

// pause waits before the n-th try: from half a second up, never quite the same.
func pause(ctx context.Context, n int) {
	d := min(longestPause, 250*time.Millisecond<<min(n, 10))
	d = d/2 + rand.N(d/2)
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// session consumes with one client until it fails or ctx ends.
func (c *Consumer) session(ctx context.Context, worked func()) error {
	opts, err := c.settings()
	if err != nil {
		return err
	}
	client, err := kgo.NewClient(append(opts,
		kgo.ConsumerGroup(c.Group), kgo.ConsumeTopics(c.Topic), kgo.DisableAutoCommit(), kgo.BlockRebalanceOnPoll(),
		kgo.RebalanceTimeout(2*rebalanceTimeout), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.RetryTimeout(rebalanceTimeout))...)
	if err != nil {
		return c.refused(err)
	}
	defer client.CloseAllowingRebalance()
	for _, topic := range []string{c.Topic, c.Topic + DeadSuffix} {
		if err := createTopic(ctx, client, topic); err != nil {
			return c.refused(err)
		}
	}
	for {
		fetches := client.PollRecords(ctx, 10*defaultAtATime)
		if ctx.Err() != nil {
			return nil
		}
		if err := errors.Join(fetchErrors(fetches)...); err != nil {
			return c.refused(err)
		}
		if err := c.take(ctx, client, fetches.Records()); err != nil {
			return err
		}
		worked()
		client.AllowRebalance()
	}
}

func fetchErrors(f kgo.Fetches) (all []error) {
	for _, e := range f.Errors() {
		all = append(all, fmt.Errorf("%s/%d: %w", e.Topic, e.Partition, e.Err))
	}
	return all
}

// take handles records, many at a time, and commits their offsets.
func (c *Consumer) take(ctx context.Context, client *kgo.Client, records []*kgo.Record) error {
	ctx, cancel := context.WithTimeout(ctx, rebalanceTimeout) // or somebody else gets them
	defer cancel()
	turns := make(chan struct{}, defaultAtATime)
	failures := make(chan error, len(records))
	var wg sync.WaitGroup
	for _, r := range records {
		turns <- struct{}{}
		wg.Go(func() {
			defer func() { <-turns }()
			failures <- c.one(ctx, client, r)
		})
	}
	wg.Wait()
	close(failures)
	for err := range failures {
		if err != nil {
			return err
		}
	}
	if len(records) == 0 {
		return nil
	}
	return client.CommitRecords(ctx, records...)
}

// one handles a record until that is done, one way or the other.
func (c *Consumer) one(ctx context.Context, client *kgo.Client, r *kgo.Record) error {
	for n := 1; ; n++ {
		err := c.Handle(ctx, recordOf(r))
		switch {
		case err == nil:
			return nil
		case hopeless(err):
			return c.bury(ctx, client, r, err)
		case ctx.Err() != nil:
			return context.Cause(ctx)
		}
		c.log().WarnContext(ctx, "record not taken, trying again", "action", "record_retry", "topic", r.Topic, "offset", r.Offset, "error", err)
		pause(ctx, n)
	}
}

func hopeless(err error) bool {
	switch errs.KindOf(err) {
	case errs.KindInvalid, errs.KindMalformed, errs.KindNotFound, errs.KindConflict, errs.KindTooLarge:
		return true
	default:
		return false
	}
}

func recordOf(r *kgo.Record) Record {
	rec := Record{
		ID:  fmt.Sprintf("%s/%d/%d/%d", r.Topic, r.Partition, r.Offset, r.Timestamp.UnixMilli()),
		Key: r.Key, Value: r.Value, Headers: make(map[string]string, len(r.Headers)),
	}
	for _, h := range r.Headers {
		rec.Headers[h.Key] = string(h.Value)
	}
	return rec
}

// bury puts a record among the dead letters, with the reason.
func (c *Consumer) bury(ctx context.Context, client *kgo.Client, r *kgo.Record, why error) error {
	dead := &kgo.Record{
		Topic: r.Topic + DeadSuffix, Key: r.Key, Value: r.Value, Headers: append(r.Headers[:len(r.Headers):len(r.Headers)],
			kgo.RecordHeader{Key: ReasonHeader, Value: []byte(why.Error())},
			kgo.RecordHeader{Key: "origin", Value: fmt.Appendf(nil, "%s/%d/%d", r.Topic, r.Partition, r.Offset)}),
	}
	c.log().ErrorContext(ctx, "record refused", "action", "record_refused", "topic", r.Topic, "offset", r.Offset, "error", why)
	return client.ProduceSync(ctx, dead).FirstErr()
}
