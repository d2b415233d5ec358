package cli

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"

	"brigade/internal/event"
	"brigade/internal/event/brokertest"
	"brigade/internal/event/eventpg"
	"brigade/internal/event/eventtest"
	"brigade/internal/event/kafka"
	"brigade/internal/event/rabbitmq"
	"brigade/internal/store"
	"brigade/internal/store/pgtest"
)

// screen is what somebody sees who looks while a command runs.
type screen struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// tailing runs `brigade events tail` until it has shown n lines. more is called until then: whoever listens from now on
// is not there at once.
func tailing(t *testing.T, n int, more func(), args ...string) string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var out, failed screen
	ended := make(chan int, 1)
	go func() {
		ended <- Run(ctx, &struct{ Commands }{}, append([]string{"events", "tail"}, args...), &Env{Out: &out, Err: &failed, Zone: time.UTC})
	}()
	for until := time.Now().Add(time.Minute); strings.Count(out.String(), "\n") < n; <-time.After(20 * time.Millisecond) {
		require.True(t, time.Now().Before(until), "%s%s", out.String(), failed.String())
		more()
	}
	cancel()
	require.Equal(t, ExitDone, <-ended, failed.String())
	return out.String()
}

func once() {}

func TestEventsTailFromKafka(t *testing.T) {
	t.Parallel()
	c, err := kfake.NewCluster(kfake.NumBrokers(1))
	require.NoError(t, err)
	defer c.Close()
	sink := kafka.NewSink(kafka.Options{Brokers: c.ListenAddrs()})
	defer sink.Close()
	require.NoError(t, sink.Publish(t.Context(), eventtest.Interleaved(1, 5)))
	brokers := "--kafka-brokers=" + c.ListenAddrs()[0]
	require.Regexp(t, "^12:30:00       3  TASK_STARTED .*\n.* 4 .*\n.* 5 .*\n$", tailing(t, 3, once, "--source", "kafka", brokers, "--after", "2"))
	n := 0
	more := func() { // from now on
		n++
		e := eventtest.Event(7, n)
		e.Position = int64(100 + n)
		require.NoError(t, sink.Publish(t.Context(), []event.Event{e}))
	}
	require.Contains(t, tailing(t, 1, more, "--source", "kafka", brokers, "--json"), `"aggregate_id":7`)
}

func TestEventsTailFromRabbitMQ(t *testing.T) {
	t.Parallel()
	broker := brokertest.RabbitMQ(t)
	sink := rabbitmq.NewSink(rabbitmq.Options{URL: broker}, nil)
	defer sink.Close()
	n := 0
	more := func() {
		n++
		e := eventtest.Event(7, n)
		e.Position = int64(n)
		require.NoError(t, sink.Publish(t.Context(), []event.Event{e}))
	}
	got := tailing(t, 2, more, "--source", "rabbitmq", "--rabbitmq-url", broker)
	require.Contains(t, got, "TASK_STARTED          ORD_20260504_007  task 7")
}

func TestEventsTailFromPostgres(t *testing.T) {
	t.Parallel()
	url := pgtest.NewURL(t)
	pool, err := store.Open(url, 2)
	require.NoError(t, err)
	defer pool.Close()
	require.NoError(t, store.Commit(t.Context(), pool, func(tx store.Tx) error {
		return eventpg.Append(t.Context(), tx, 1, eventtest.Interleaved(1, 3))
	}))
	got := tailing(t, 3, once, "--source", "postgres", "--database-url", url, "--after", "0")
	require.Equal(t, 3, strings.Count(got, "task 1:"), got)
}

func TestEventsTailSaysWhatASourceCannotDo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ args, want string }{
		{"--source pigeon", "--source must be one of"},
		{"--source kafka", "--kafka-brokers is required for --source kafka"},
		{"--source kafka --kafka-brokers here", "--kafka-brokers must be HOST:PORT"},
		{"--source rabbitmq", "--rabbitmq-url is required"},
		{"--source rabbitmq --rabbitmq-url amqp://x/ --after 0", "--after cannot be asked of RabbitMQ"},
		{"--source postgres --database-url postgres://x --outlet centre", "--outlet is for --source api"},
	} {
		r := run(t, append([]string{"events", "tail"}, strings.Fields(c.args)...)...)
		require.Equal(t, ExitMisuse, r.code, c.args)
		require.Contains(t, r.err, c.want)
	}
	r := run(t, "events", "tail", "--source", "kafka", "--kafka-brokers", "127.0.0.1:1")
	require.Equal(t, ExitFailed, r.code)
	require.Contains(t, r.err, "Kafka at 127.0.0.1:1 does not answer")
	r = run(t, "events", "tail", "--source", "rabbitmq", "--rabbitmq-url", "amqp://127.0.0.1:1/")
	require.Contains(t, r.err, "RabbitMQ at 127.0.0.1:1 cannot be reached")
	r = run(t, "events", "tail", "--source", "postgres", "--state", t.TempDir())
	require.Contains(t, r.err, "name a database with --database-url")
	require.Contains(t, fmt.Sprint(run(t, "events", "tail", "--help")), "--source kafka --kafka-brokers kafka:9092")
}
