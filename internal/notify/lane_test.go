package notify_test

import (
	"context"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/errs"
	"brigade/internal/notify"
)

// shelf keeps what waits in memory: each lane has one round.
type shelf struct {
	failures int
	letters  int

	mu    sync.Mutex
	given map[string]bool
	kept  []notify.Report
}

func (s *shelf) Next(_ context.Context, lane string, _ notify.Turn, limit int) (notify.Round, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.given[lane] {
		return notify.Round{Done: true}, nil
	}
	if s.given == nil {
		s.given = map[string]bool{}
	}
	s.given[lane] = true
	r := notify.Round{Failures: s.failures}
	for i := range min(limit, s.letters) {
		r.Letters = append(r.Letters, notify.Letter{Message: notify.Message{ID: int64(i + 1), Channel: notify.ByEmail, Recipient: "ada@example.com"}})
	}
	return r, nil
}

func (s *shelf) Record(_ context.Context, r notify.Report) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept = append(s.kept, r)
	return nil
}

// slow takes a second for each parcel, and counts how many it has in hand.
type slow struct{ now, most atomic.Int64 }

func (c *slow) Carry(ctx context.Context, _ notify.Parcel) (int, error) {
	for n := c.now.Add(1); ; {
		if most := c.most.Load(); n <= most || c.most.CompareAndSwap(most, n) {
			break
		}
	}
	defer c.now.Add(-1)
	select {
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-time.After(time.Second):
		return 0, nil
	}
}

func post(s *shelf, c *slow, policy notify.Policy) *notify.Post {
	return notify.NewPost(s, map[notify.Channel]notify.Carrier{notify.ByEmail: c}, policy, slog.New(slog.DiscardHandler))
}

func TestALaneSendsAFewAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, c := &shelf{letters: 20}, &slow{}
		require.NoError(t, post(s, c, notify.Policy{AtOnce: 4, Budget: time.Hour}).Work(t.Context(), "a", notify.Turn{}))
		require.Equal(t, int64(4), c.most.Load())
		require.Len(t, s.kept, 1)
		require.Len(t, s.kept[0].Results, 16, "four rounds of its hands are taken at a time")
	})
}

// Sides that did not answer the last time share a few places, whatever their number: those who answer do not wait for them.
func TestLanesInDoubtShareAFewPlaces(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, c := &shelf{letters: 8, failures: 1}, &slow{}
		p := post(s, c, notify.Policy{Doubtful: 3})
		var later atomic.Int64
		var all sync.WaitGroup
		for i := range 50 {
			all.Go(func() {
				err := p.Work(t.Context(), strconv.Itoa(i), notify.Turn{})
				if _, wait := errs.RetryDelay(err); wait {
					later.Add(1)
				}
			})
		}
		all.Wait()
		require.Equal(t, int64(3), c.most.Load(), "one parcel each")
		require.Equal(t, int64(47), later.Load(), "the others come back")
		require.Len(t, s.kept, 3)
	})
}
