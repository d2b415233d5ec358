package bench

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// strike is one request of a worker; n numbers the requests from 0.
type strike func(ctx context.Context, worker, n int) error

// tally is what a worker found.
type tally struct {
	times    []time.Duration
	failures int
	first    error
}

func (t *tally) add(took time.Duration, err error) {
	if err != nil {
		if t.failures++; t.first == nil {
			t.first = err
		}
		return
	}
	t.times = append(t.times, took)
}

// flatOut lets workers strike one after the other for a while. Requests under way at the end are waited for.
func flatOut(ctx context.Context, what string, workers int, d time.Duration, do strike) *Load {
	var next atomic.Int64
	until := time.Now().Add(d)
	return measure(what, workers, func(w int, t *tally) {
		for time.Now().Before(until) && ctx.Err() == nil {
			began := time.Now()
			err := do(ctx, w, int(next.Add(1)-1))
			t.add(time.Since(began), err)
		}
	})
}

// atRate strikes on a fixed schedule, whether or not the earlier requests were answered, as long as a worker is free.
// Times count from when a request was due: a server that stalls does not slow down the clock it is measured by.
func atRate(ctx context.Context, what string, workers int, rate float64, d time.Duration, do strike) *Load {
	var next atomic.Int64
	total := int64(rate * d.Seconds())
	start := time.Now()
	return measure(what, workers, func(w int, t *tally) {
		for n := next.Add(1) - 1; n < total; n = next.Add(1) - 1 {
			due := start.Add(time.Duration(float64(n) / rate * float64(time.Second)))
			if pause(ctx, time.Until(due)) != nil {
				return
			}
			err := do(ctx, w, int(n))
			t.add(time.Since(due), err)
		}
	})
}

// measure runs workers and adds up what they found.
func measure(what string, workers int, run func(worker int, t *tally)) *Load {
	tallies := make([]tally, workers)
	began := time.Now()
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() { run(w, &tallies[w]) })
	}
	wg.Wait()
	l := &Load{What: what, Seconds: time.Since(began).Seconds()}
	var all []time.Duration
	for _, t := range tallies {
		all = append(all, t.times...)
		l.Errors += t.failures
		if l.Error == "" && t.first != nil {
			l.Error = t.first.Error()
		}
	}
	l.Done = len(all)
	l.PerSecond = float64(l.Done) / l.Seconds
	l.Latency = latencyOf(all)
	return l
}

// metered runs a load and notes what it cost.
func (st *stage) metered(run func() *Load) *Load {
	own, pg, began := ownCPU(), st.postgres.cpu(), time.Now()
	l := run()
	took := time.Since(began).Seconds()
	l.Cores, l.PGCores = (ownCPU()-own).Seconds()/took, (st.postgres.cpu()-pg).Seconds()/took
	return l
}
