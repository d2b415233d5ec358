package worker_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/clock"
	"brigade/internal/errs"
	"brigade/internal/worker"
)

// books is a store in memory. Its failures come one by one, before anything else.
type books struct {
	mu       sync.Mutex
	steps    []string
	failures []error
	closed   bool // nothing is to do any more
	beats    int
}

func (b *books) Register(context.Context, worker.Identity, []string, time.Duration) error {
	return b.fail()
}

func (b *books) Leave(context.Context, worker.Identity) error { return b.fail() }

func (b *books) Beat(context.Context, worker.Identity) error {
	b.mu.Lock()
	b.beats++
	b.mu.Unlock()
	return b.fail()
}

func (b *books) Turn(_ context.Context, t worker.Turn) (bool, error) {
	if err := b.fail(); err != nil {
		return false, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return false, nil
	}
	b.steps = append(b.steps, fmt.Sprintf("%s %s take=%v finish=%v", t.Worker, t.Number, t.Take, t.Finish))
	return true, nil
}

func (b *books) fail() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.failures) == 0 {
		return nil
	}
	err := b.failures[0]
	b.failures = b.failures[1:]
	return err
}

func hire(t *testing.T, b *books, change func(*worker.Config)) *worker.Worker {
	t.Helper()
	cfg := worker.Config{Tenant: 1, Name: "chef_mario", Heartbeat: time.Second, Scale: 1}
	if change != nil {
		change(&cfg)
	}
	w, err := worker.Start(t.Context(), cfg, b, clock.Real(), slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	return w
}

func message(kind string) []byte {
	return []byte(`{"order_number":"ORD_1","order_type":"` + kind + `","items":[],"colour":"unknown fields are left alone"}`)
}

// Each type takes contract R's time, and is told in two steps.
func TestCookingTakesItsTime(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]time.Duration{"dine_in": 8 * time.Second, "takeout": 10 * time.Second, "delivery": 12 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			b := &books{}
			began := time.Now()
			require.Equal(t, worker.Cooked, hire(t, b, nil).Cook(t.Context(), message(kind)))
			require.Equal(t, want, time.Since(began))
			require.Equal(t, []string{"chef_mario ORD_1 take=true finish=false", "chef_mario ORD_1 take=false finish=true"}, b.steps)
		})
	}
}

func TestCookingAtOnceIsOneStep(t *testing.T) {
	t.Parallel()
	b := &books{}
	w := hire(t, b, func(c *worker.Config) { c.Scale = 0 })
	require.Equal(t, worker.Cooked, w.Cook(t.Context(), message("takeout")))
	require.Equal(t, []string{"chef_mario ORD_1 take=true finish=true"}, b.steps)
	b.closed = true
	require.Equal(t, worker.Cooked, w.Cook(t.Context(), message("takeout")), "one that comes again is off the queue")
	require.Len(t, b.steps, 1)
}

// What becomes of a message depends on whether trying again can help.
func TestOutcomes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &books{}
		w := hire(t, b, func(c *worker.Config) { c.Types = []string{"takeout"} })
		require.Equal(t, []string{"takeout"}, w.Types())
		for text, want := range map[string]worker.Outcome{
			"not json":                       worker.Refused,
			`{"order_type":"takeout"}`:       worker.Refused,
			string(message("picnic")):        worker.Refused,
			string(message("delivery")):      worker.Refused, // not his
			`{"order_number":1}`:             worker.Refused,
			`{"order_number":"1","a":"b"}  `: worker.Refused,
		} {
			require.Equal(t, want, w.Cook(t.Context(), []byte(text)), text)
		}
		for _, c := range []struct {
			err  error
			want worker.Outcome
		}{
			{errs.NotFound("order ORD_1 is not for workers"), worker.Refused},
			{errs.Unavailable("Postgres is away"), worker.Later},
			{&errs.Error{Kind: errs.KindUnknown, Msg: "nobody knows"}, worker.Later},
			{fmt.Errorf("a bug"), worker.Later},
		} {
			b.failures = []error{c.err}
			began := time.Now()
			require.Equal(t, c.want, w.Cook(t.Context(), message("takeout")), c.err.Error())
			require.Equal(t, c.want == worker.Later, time.Since(began) > 0, "who asks again waits a little")
		}
	})
}

// Food that is there is reported once Postgres is back.
func TestReportingIsPatient(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &books{}
		w := hire(t, b, nil)
		go func() {
			<-time.After(time.Second) // it is being cooked
			b.mu.Lock()
			defer b.mu.Unlock()
			for range 10 {
				b.failures = append(b.failures, errs.Unavailable("Postgres is away"))
			}
		}()
		require.Equal(t, worker.Cooked, w.Cook(t.Context(), message("takeout")))
		require.Len(t, b.steps, 2)
	})
}

// Signs of life go on over an outage, and end when somebody else has the name.
func TestBeats(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &books{}
		w := hire(t, b, nil)
		b.failures = []error{nil, errs.Unavailable("Postgres is away"), nil, errs.Conflict("another worker is called chef_mario by now")}
		began := time.Now()
		require.True(t, errs.Is(w.Beat(t.Context()), errs.KindConflict))
		require.Equal(t, 4*time.Second, time.Since(began))
		ctx, cancel := context.WithTimeout(t.Context(), 3500*time.Millisecond)
		defer cancel()
		require.NoError(t, w.Beat(ctx))
		require.Equal(t, 7, b.beats)
	})
}

func TestATakenNameIsRefused(t *testing.T) {
	t.Parallel()
	b := &books{failures: []error{errs.Conflict("there is a live worker called chef_mario already")}}
	_, err := worker.Start(t.Context(), worker.Config{Name: "chef_mario"}, b, clock.Real(), slog.New(slog.DiscardHandler))
	require.True(t, errs.Is(err, errs.KindConflict))
}

func TestEveryFaultIsNamed(t *testing.T) {
	t.Parallel()
	err := worker.Config{Name: "\x00", Types: []string{"takeout", "takeout", "picnic"}, Heartbeat: time.Millisecond, Scale: -1}.Validate()
	for _, want := range []string{
		"--worker-name must have 1 to 100 printable characters", "--order-types names takeout twice",
		`--order-types must be of dine_in, takeout, delivery, not "picnic"`, "--heartbeat-interval must be 100ms to 1h", "--cooking-scale must be 0 to 100",
	} {
		require.ErrorContains(t, err, want)
	}
	require.ErrorContains(t, worker.Config{Heartbeat: time.Second}.Validate(), "--worker-name is required")
	require.ErrorContains(t, worker.Config{Name: strings.Repeat("é", 101), Heartbeat: time.Second}.Validate(), "--worker-name")
	require.Equal(t, 24*time.Second, worker.Config{Scale: 2}.Longest())
	require.NoError(t, worker.Config{Name: "シェフ", Heartbeat: 30 * time.Second, Scale: 1}.Validate())
}

// The words and fields of contract R, to the letter.
func TestMessages(t *testing.T) {
	t.Parallel()
	table := 7
	body, err := json.Marshal(worker.OrderMessage{
		Number: "ORD_20241216_001", Customer: "Ada", Type: "dine_in", Table: &table, Total: 2498, Priority: 1,
		Items: []worker.MessageItem{{Name: "Pizza", Quantity: 2, Price: 1249}},
	})
	require.NoError(t, err)
	require.JSONEq(t, `{"order_number":"ORD_20241216_001","customer_name":"Ada","order_type":"dine_in","table_number":7,"delivery_address":null,
		"items":[{"name":"Pizza","quantity":2,"price":12.49}],"total_amount":24.98,"priority":1}`, string(body))
	s, err := worker.DecodeStatus([]byte(`{"order_number":"ORD_20241216_001","old_status":"received","new_status":"cooking","changed_by":"chef_mario",
		"timestamp":"2024-12-16T10:32:00Z","estimated_completion":"2024-12-16T10:42:00Z"}`))
	require.NoError(t, err)
	require.Equal(t, "Notification for order ORD_20241216_001: Status changed from 'received' to 'cooking' by chef_mario.", s.Sentence())
	for _, text := range []string{"", "{}", "[]", `{"order_number":7}`} {
		_, err := worker.DecodeStatus([]byte(text))
		require.True(t, errs.Is(err, errs.KindMalformed), text)
	}
}
