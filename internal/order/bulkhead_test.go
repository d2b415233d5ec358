package order

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/clock"
	"brigade/internal/errs"
)

// oneStep is a ledger in which each order has one step left; order n is of outlet n/1000.
type oneStep struct {
	mu   sync.Mutex
	said map[int64]Happening
}

func (l *oneStep) Pending(_ context.Context, order int64) (*Attempt, error) {
	return &Attempt{Order: order, Outlet: order / 1000, Seq: 1, Step: StepCapture, Method: Card}, nil
}

func (l *oneStep) Tell(_ context.Context, h Happening) (Reply, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.said[h.Order] = h
	return Reply{}, nil
}

func (l *oneStep) of(order int64) (h Happening, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	h, ok = l.said[order]
	return h, ok
}

// hangsFor is a provider that never answers for one outlet.
type hangsFor int64

func (outlet hangsFor) Do(ctx context.Context, a Attempt) (Outcome, error) {
	if a.Outlet == int64(outlet) {
		<-ctx.Done()
		return Outcome{}, ctx.Err()
	}
	return Outcome{Done: true}, nil
}

// However many orders of an outlet hang, others are paid at once, and nobody holds a hand beyond the time of one call.
func TestOneOutletThatHangsDoesNotSlowOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &oneStep{said: map[int64]Happening{}}
		c := NewCashier(l, map[Method]Payments{Card: hangsFor(1)}, clock.NewManual(time.Unix(0, 0)))
		var hands sync.WaitGroup
		putOff := make(chan error, 200)
		for n := range int64(200) {
			hands.Go(func() {
				if err := c.Settle(t.Context(), 1000+n); err != nil {
					putOff <- err
				}
			})
		}
		synctest.Wait()
		require.Len(t, putOff, 200-ofOutlet, "the hands that others need")
		began := time.Now()
		for n := range int64(200) {
			require.NoError(t, c.Settle(t.Context(), 2000+n))
			h, ok := l.of(2000 + n)
			require.True(t, ok && h.Result.Outcome.Done)
		}
		require.Zero(t, time.Since(began))
		hands.Wait()
		require.Equal(t, askFor, time.Since(began))
		for range 200 {
			_, later := errs.RetryDelay(<-putOff)
			require.True(t, later)
		}
	})
}

// What hangs at the till is left to a job after the time of one call; what finds no place, at once.
func TestTheTillLeavesToJobsWhatHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &oneStep{said: map[int64]Happening{}}
		till := NewTill(NewCashier(l, map[Method]Payments{Card: hangsFor(1)}, clock.NewManual(time.Unix(0, 0))), 256)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); _ = till.Run(ctx) }()
		begin := func(outlet, from, to int64) {
			var steps []Attempt
			for n := from; n < to; n++ {
				steps = append(steps, Attempt{Order: 1000*outlet + n, Outlet: outlet, Seq: 1, Method: Card})
			}
			till.Begun(steps)
			synctest.Wait()
		}
		begin(1, 0, 100)
		for n := int64(0); n < 100; n += 20 { // as many as find a place even when all of them ask at the same time
			begin(2, n, n+20)
		}
		paid, left := 0, 0
		for n := range int64(100) {
			if h, ok := l.of(2000 + n); ok && h.Result != nil && h.Result.Outcome.Done {
				paid++
			}
			if h, ok := l.of(1000 + n); ok && h.Later {
				left++
			}
		}
		require.Equal(t, []int{100, 100 - ofOutlet}, []int{paid, left})
		<-time.After(askFor)
		synctest.Wait()
		for n := range int64(100) {
			h, ok := l.of(1000 + n)
			require.True(t, ok && h.Later)
		}
		stop()
		<-done
	})
}
