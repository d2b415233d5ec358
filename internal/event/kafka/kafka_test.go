package kafka_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"brigade/internal/errs"
	"brigade/internal/event"
	"brigade/internal/event/eventtest"
	"brigade/internal/event/kafka"
)

func cluster(t testing.TB, opts ...kfake.Opt) *kfake.Cluster {
	c, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(1), kfake.DefaultNumPartitions(4)}, opts...)...)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

func TestConformance(t *testing.T) {
	t.Parallel()
	eventtest.Run(t, func(t *testing.T) eventtest.Harness {
		c := cluster(t)
		blocked := make(chan struct{})
		close(blocked)
		f := &failing{cluster: c}
		open := func() *kafka.Sink {
			s := kafka.NewSink(kafka.Options{Brokers: c.ListenAddrs(), Logger: slog.New(slog.DiscardHandler)})
			t.Cleanup(s.Close)
			return s
		}
		f.Sink = open()
		return eventtest.Harness{
			Sink:     f,
			Receive:  receiver(t, c, kafka.Topic("kitchen")),
			FailNext: func(n int) { f.next.Store(int32(n)) },
			Restart: func() event.Sink {
				f.Sink.Close()
				return open()
			},
			Block: func() func() {
				gate := make(chan struct{})
				c.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
					c.KeepControl()
					c.SleepControl(func() { <-gate })
					return nil, nil, false
				})
				return sync.OnceFunc(func() { close(gate) })
			},
		}
	})
}

// failing lets Kafka refuse the next batches.
type failing struct {
	*kafka.Sink
	cluster *kfake.Cluster
	next    atomic.Int32
}

func (f *failing) Publish(ctx context.Context, events []event.Event) error {
	if f.next.Add(-1) < 0 {
		return f.Sink.Publish(ctx, events)
	}
	var over atomic.Bool // records may go in more requests than one, and all of a refused batch are refused
	defer over.Store(true)
	f.cluster.ControlKey(int16(kmsg.Produce), func(req kmsg.Request) (kmsg.Response, error, bool) {
		if over.Load() {
			return nil, nil, false
		}
		f.cluster.KeepControl()
		res := req.ResponseKind().(*kmsg.ProduceResponse)
		for _, t := range req.(*kmsg.ProduceRequest).Topics {
			rt := kmsg.NewProduceResponseTopic()
			rt.Topic, rt.TopicID = t.Topic, t.TopicID
			for _, p := range t.Partitions {
				rp := kmsg.NewProduceResponseTopicPartition()
				rp.Partition, rp.ErrorCode = p.Partition, kerr.TopicAuthorizationFailed.Code
				rt.Partitions = append(rt.Partitions, rp)
			}
			res.Topics = append(res.Topics, rt)
		}
		return res, nil, true
	})
	return f.Sink.Publish(ctx, events)
}

func client(t testing.TB, c *kfake.Cluster, opts ...kgo.Opt) *kgo.Client {
	cl, err := kgo.NewClient(append(opts, kgo.SeedBrokers(c.ListenAddrs()...), kgo.AllowAutoTopicCreation())...)
	require.NoError(t, err)
	t.Cleanup(cl.Close)
	return cl
}

func receiver(t *testing.T, c *kfake.Cluster, topic string) func(context.Context) (event.Event, error) {
	cl := client(t, c, kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.MetadataMinAge(10*time.Millisecond))
	var waiting []*kgo.Record
	return func(ctx context.Context) (e event.Event, err error) {
		for len(waiting) == 0 {
			f := cl.PollFetches(ctx)
			if err := ctx.Err(); err != nil {
				return e, err
			}
			waiting = f.Records()
		}
		r := waiting[0]
		waiting = waiting[1:]
		if err := json.Unmarshal(r.Value, &e); err != nil {
			return e, err
		}
		if string(r.Key) != kafka.Key(e) {
			return e, fmt.Errorf("key %s", r.Key)
		}
		return e, nil
	}
}

// Each context has a topic of its own.
func TestTopics(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	s := kafka.NewSink(kafka.Options{Brokers: c.ListenAddrs()})
	defer s.Close()
	e := event.New(event.OrderStatusChanged, event.AggregateOrder, 7, 1, time.Now().UTC(), event.OrderPayload{OrderNumber: "ORD_1"})
	require.NoError(t, s.Publish(t.Context(), []event.Event{eventtest.Event(1, 1), e}))
	for topic, id := range map[string]int64{"kitchen.domain.events": 1, "orders.domain.events": 7} {
		got, err := receiver(t, c, topic)(t.Context())
		require.NoError(t, err)
		require.Equal(t, id, got.AggregateID)
	}
}

func TestAnEventThatIsTooLargeIsPoison(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	s := kafka.NewSink(kafka.Options{Brokers: c.ListenAddrs()})
	defer s.Close()
	large := eventtest.Event(2, 1)
	large.Position = 17
	large.Payload = json.RawMessage(`"` + strings.Repeat("x", 2<<20) + `"`)
	err := s.Publish(t.Context(), []event.Event{eventtest.Event(1, 1), large})
	poison, ok := errors.AsType[*event.PoisonError](err)
	require.True(t, ok, "%v", err)
	require.Len(t, poison.Events, 1)
	require.Equal(t, int64(17), poison.Events[0].Event.Position)
	require.NoError(t, s.Publish(t.Context(), []event.Event{eventtest.Event(1, 1)}))
}

func TestRefusalsAreSaidInWords(t *testing.T) {
	t.Parallel()
	c := cluster(t, kfake.EnableSASL(), kfake.Superuser("SCRAM-SHA-256", "brigade", "secret"))
	right := kafka.Options{Brokers: c.ListenAddrs(), SASL: "scram-sha-256", User: "brigade", Password: "secret"}
	require.NoError(t, kafka.Check(t.Context(), right))
	wrong := right
	wrong.Password = "sesame"
	err := kafka.Check(t.Context(), wrong)
	require.ErrorContains(t, err, `refuses user "brigade"`)
	require.NotContains(t, err.Error(), "sesame")
	err = kafka.Check(t.Context(), kafka.Options{Brokers: []string{"127.0.0.1:1"}})
	require.True(t, errs.Is(err, errs.KindUnavailable), "%v", err)
	require.Error(t, kafka.Check(t.Context(), kafka.Options{Brokers: c.ListenAddrs(), TLS: true, CA: "/nowhere"}))
}

// inbox takes each record once.
type inbox struct {
	mu    sync.Mutex
	took  map[string]int
	fails map[string]int // how often a record is refused first
	more  chan struct{}
}

func newInbox() *inbox {
	return &inbox{took: map[string]int{}, fails: map[string]int{}, more: make(chan struct{}, 1)}
}

func (i *inbox) take(_ context.Context, r kafka.Record) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	defer func() {
		select {
		case i.more <- struct{}{}:
		default:
		}
	}()
	text := string(r.Value)
	if strings.HasPrefix(text, "bad") {
		return errs.Invalid("no order")
	}
	if i.fails[text] > 0 {
		i.fails[text]--
		return errs.Unavailable("Postgres is away")
	}
	i.took[text]++
	return nil
}

func (i *inbox) await(t *testing.T, n int) {
	timeout := time.After(time.Minute)
	for {
		i.mu.Lock()
		have := len(i.took)
		i.mu.Unlock()
		if have >= n {
			return
		}
		select {
		case <-i.more:
		case <-timeout:
			require.Fail(t, "records did not come", "%d of %d", have, n)
		}
	}
}

func consume(t *testing.T, brokers []string, handle func(context.Context, kafka.Record) error) (stop func()) {
	c := &kafka.Consumer{
		Options: kafka.Options{Brokers: brokers, Logger: slog.New(slog.DiscardHandler)}, Topic: kafka.OrdersTopic, Group: "brigade", Handle: handle,
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); c.Run(ctx) }()
	return sync.OnceFunc(func() { cancel(); <-done })
}

func produce(t *testing.T, cl *kgo.Client, texts ...string) {
	var records []*kgo.Record
	for _, text := range texts {
		records = append(records, &kgo.Record{Topic: kafka.OrdersTopic, Value: []byte(text), Key: []byte(text)})
	}
	require.NoError(t, cl.ProduceSync(t.Context(), records...).FirstErr())
}

// What cannot be read goes to the dead letters with the reason, what is away is tried again, and all the rest is taken.
func TestRecordsAreTakenBuriedOrTriedAgain(t *testing.T) {
	t.Parallel()
	c := cluster(t, kfake.SeedTopics(4, kafka.OrdersTopic))
	cl := client(t, c)
	in := newInbox()
	in.fails["o7"] = 2
	var texts []string
	for i := range 50 {
		texts = append(texts, fmt.Sprintf("o%d", i))
	}
	produce(t, cl, append(texts, "bad 1", "bad 2")...)
	stop := consume(t, c.ListenAddrs(), in.take)
	in.await(t, 50)
	dead := client(t, c, kgo.ConsumeTopics("orders.dlq"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.MetadataMinAge(10*time.Millisecond))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for n := 0; n < 2; {
		for _, r := range dead.PollFetches(ctx).Records() {
			require.Equal(t, "reason", r.Headers[0].Key)
			require.Equal(t, "no order", string(r.Headers[0].Value))
			n++
		}
		require.NoError(t, ctx.Err())
	}
	stop()

	// What was committed does not come again.
	produce(t, cl, "last")
	stop = consume(t, c.ListenAddrs(), in.take)
	defer stop()
	in.await(t, 51)
	for text, n := range in.took {
		require.Equal(t, 1, n, text)
	}
}

// One that dies after its transaction and before its offset was committed leaves the record to others: with the same ID.
func TestDyingBetweenCommitAndOffset(t *testing.T) {
	t.Parallel()
	c := cluster(t, kfake.SeedTopics(4, kafka.OrdersTopic))
	produce(t, client(t, c), "o1")
	ids := make(chan string, 10)
	ctx, cancel := context.WithCancel(t.Context())
	dying := &kafka.Consumer{
		Options: kafka.Options{Brokers: c.ListenAddrs(), Logger: slog.New(slog.DiscardHandler)}, Topic: kafka.OrdersTopic, Group: "brigade",
		Handle: func(_ context.Context, r kafka.Record) error {
			ids <- r.ID
			cancel() // the order is written; now it dies
			return nil
		},
	}
	dying.Run(ctx)
	first := <-ids
	stop := consume(t, c.ListenAddrs(), func(_ context.Context, r kafka.Record) error { ids <- r.ID; return nil })
	defer stop()
	select {
	case again := <-ids:
		require.Equal(t, first, again)
	case <-time.After(time.Minute):
		require.Fail(t, "the record was lost")
	}
}

func TestConsumingGoesOnOverDamagedConnections(t *testing.T) {
	t.Parallel()
	c := cluster(t, kfake.SeedTopics(4, kafka.OrdersTopic))
	in := newInbox()
	stop := consume(t, c.ListenAddrs(), in.take)
	defer stop()
	cl := client(t, c)
	var dropped atomic.Int32
	c.ControlKey(int16(kmsg.Fetch), func(kmsg.Request) (kmsg.Response, error, bool) {
		if dropped.Add(1) > 3 {
			return nil, nil, false
		}
		c.KeepControl()
		return nil, errors.New("cut"), true // the connection is closed
	})
	for i := range 30 {
		produce(t, cl, fmt.Sprintf("o%d", i))
	}
	in.await(t, 30)
}

// BenchmarkSink publishes events in the relay's batches.
func BenchmarkSink(b *testing.B) {
	s := kafka.NewSink(kafka.Options{Brokers: cluster(b).ListenAddrs()})
	defer s.Close()
	events := eventtest.Interleaved(200, 10)
	require.NoError(b, s.Publish(b.Context(), events[:1]))
	for b.Loop() {
		require.NoError(b, s.Publish(b.Context(), events))
	}
	b.ReportMetric(float64(b.N*len(events))/b.Elapsed().Seconds(), "events/s")
}
