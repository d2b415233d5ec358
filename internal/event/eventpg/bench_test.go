package eventpg_test

import (
	"context"
	"log/slog"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"brigade/internal/event"
	"brigade/internal/event/eventpg"
	"brigade/internal/event/eventtest"
	"brigade/internal/store/pgtest"
)

// BenchmarkAppend writes batches as the desk and intake do, one transaction each; rows/s is the figure to watch.
func BenchmarkAppend(b *testing.B) {
	for name, size := range map[string]int{"1": 1, "100": 100, "1000": 1000} {
		b.Run(name, func(b *testing.B) {
			pool := pgtest.New(b)
			events := eventtest.Interleaved(size, 1)
			for b.Loop() {
				commit(b, pool, events...)
			}
			b.ReportMetric(float64(b.N*size)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// BenchmarkAppendStatement leaves out begin and commit.
func BenchmarkAppendStatement(b *testing.B) {
	pool := pgtest.New(b)
	events := eventtest.Interleaved(1000, 1)
	require.NoError(b, pgx.BeginFunc(b.Context(), pool, func(tx pgx.Tx) error {
		for b.Loop() {
			if err := eventpg.Append(b.Context(), tx, 1, events); err != nil {
				return err
			}
		}
		return nil
	}))
	b.ReportMetric(float64(b.N*len(events))/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkRelay carries a backlog of 100,000 events to a subscriber in this process.
func BenchmarkRelay(b *testing.B) {
	const backlog = 100_000
	pool := pgtest.New(b)
	events := eventtest.Interleaved(1000, 1)
	for b.Loop() {
		b.StopTimer()
		_, err := pool.Exec(b.Context(), "truncate event_log, event_sinks, event_checkpoints restart identity")
		require.NoError(b, err)
		for range backlog / len(events) {
			commit(b, pool, events...)
		}
		b.StartTimer()
		relayAll(b, event.NewMemory(event.MainSink), eventpg.NewLog(pool), eventpg.NewCursors(pool, fence(1)), backlog)
	}
	b.ReportMetric(float64(b.N*backlog)/b.Elapsed().Seconds(), "events/s")
}

func relayAll(b *testing.B, sink *event.Memory, log event.Log, cursors event.Cursors, n int) {
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	got := 0
	sink.Subscribe("count", func(_ context.Context, events []event.Event) error {
		if got += len(events); got >= n {
			cancel()
		}
		return nil
	})
	relay := event.NewRelay(sink, log, cursors, eventtest.Always{}, event.RelayOptions{Logger: slog.New(slog.DiscardHandler)})
	require.NoError(b, relay.Run(ctx))
}

// BenchmarkTailLatency measures from the end of a commit to the subscriber, poked and alone.
func BenchmarkTailLatency(b *testing.B) {
	pool := pgtest.New(b)
	tail := newTail(b, pool)
	s := tail.Subscribe(1000)
	defer s.Close()
	_, _, err := s.Next(b.Context())
	require.NoError(b, err)
	var took []time.Duration
	for b.Loop() {
		commit(b, pool, eventtest.Event(1, 1))
		start := time.Now()
		tail.Poke()
		_, _, err := s.Next(b.Context())
		require.NoError(b, err)
		took = append(took, time.Since(start))
	}
	reportLatency(b, took)
}

// BenchmarkTailLatencyUnderLoad measures the same while 8 writers commit and roll back as fast as they can:
// from the moment an event is made, before its transaction's commit, so the commit is part of it.
func BenchmarkTailLatencyUnderLoad(b *testing.B) {
	pool := pgtest.New(b)
	crowd := newCrowd(b, pool, 1000)
	tail := newTail(b, pool)
	crowd.poke = tail.Poke
	s := tail.Stream(event.Filter{}, 0)
	defer s.Close()
	var took []time.Duration
	var stop atomic.Bool
	done := make(chan error, 1)
	go func() {
		var err error
		for !stop.Load() && err == nil {
			err = crowd.work(b.Context(), 8, 50)
		}
		done <- err
	}()
	start := time.Now()
	for b.Loop() {
		events, err := s.Next(b.Context())
		require.NoError(b, err)
		for _, e := range events {
			sec, nsec := e.ID.Time().UnixTime()
			took = append(took, time.Since(time.Unix(sec, nsec)))
		}
	}
	b.ReportMetric(float64(len(took))/time.Since(start).Seconds(), "events/s")
	stop.Store(true)
	require.NoError(b, <-done)
	reportLatency(b, took)
}

func reportLatency(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}

// BenchmarkTailIdle measures what an idle tail costs this process.
func BenchmarkTailIdle(b *testing.B) {
	tail := newTail(b, pgtest.New(b))
	s := tail.Subscribe(1)
	defer s.Close()
	for b.Loop() {
		before, start := cpu(b), time.Now()
		<-time.After(10 * time.Second)
		b.ReportMetric(100*float64(cpu(b)-before)/float64(time.Since(start)), "%core")
	}
}

func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
