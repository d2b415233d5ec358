package event_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/event"
	"brigade/internal/event/eventtest"
)

// bubble is a tail over a log in memory, under synctest's time.
type bubble struct {
	*eventtest.Log
	tail   *event.Tail
	logged bytes.Buffer
}

func inBubble(t *testing.T, check func(t *testing.T, b *bubble)) {
	synctest.Test(t, func(t *testing.T) {
		b := &bubble{Log: eventtest.NewLog()}
		b.tail = event.NewTail(b.Log, event.TailOptions{Page: 10, Logger: slog.New(slog.NewTextHandler(&b.logged, nil))})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- b.tail.Run(ctx) }()
		defer func() {
			cancel()
			require.NoError(t, <-done)
		}()
		check(t, b)
	})
}

// append commits n events, one by one.
func (b *bubble) append(n int) {
	for range n {
		b.Append(eventtest.Event(1, 1))
	}
}

func requireLagged(t *testing.T, s *event.Subscription) {
	t.Helper()
	events, lagged, err := s.Next(t.Context())
	require.NoError(t, err)
	require.True(t, lagged)
	require.Empty(t, events)
}

func requireNext(t *testing.T, s *event.Subscription, want ...int64) {
	t.Helper()
	events, lagged, err := s.Next(t.Context())
	require.NoError(t, err)
	require.False(t, lagged)
	require.Equal(t, want, positions(events))
}

func TestTailFollowsFromNow(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bubble) {
		b.append(3)
		s := b.tail.Subscribe(100)
		defer s.Close()
		requireLagged(t, s)
		b.append(2)
		requireNext(t, s, 4, 5)
	})
}

func TestTailLooksAtOnceWhenPoked(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bubble) {
		s := b.tail.Subscribe(100)
		defer s.Close()
		requireLagged(t, s)
		pass(time.Minute) // synctest's time: until it looks rarely
		b.append(1)
		start := time.Now()
		b.tail.Poke()
		requireNext(t, s, 1)
		require.LessOrEqual(t, time.Since(start), 2*time.Millisecond)
		b.append(1)
		start = time.Now()
		requireNext(t, s, 2)
		require.LessOrEqual(t, time.Since(start), 250*time.Millisecond, "without a poke it looks by itself")
	})
}

func TestTailRestsWithoutSubscribers(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bubble) {
		b.append(1)
		pass(time.Hour)
		require.Zero(t, b.Pages())
		s := b.tail.Subscribe(100)
		requireLagged(t, s)
		s.Close()
		_, _, err := s.Next(t.Context())
		require.ErrorIs(t, err, event.ErrStopped)
		synctest.Wait()
		pages := b.Pages()
		b.append(5)
		pass(time.Hour)
		require.LessOrEqual(t, b.Pages(), pages+1)

		s = b.tail.Subscribe(100) // begins anew: nothing of the hour before
		defer s.Close()
		requireLagged(t, s)
		b.append(1)
		requireNext(t, s, 7)
	})
}

func TestTailPollsSeldomWhenQuiet(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bubble) {
		s := b.tail.Subscribe(100)
		defer s.Close()
		pass(time.Minute)
		pages := b.Pages()
		pass(time.Minute)
		require.InDelta(t, 240, b.Pages()-pages, 5)
	})
}

func TestASlowSubscriberLagsAndTheOthersDoNot(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bubble) {
		slow, quick := b.tail.Subscribe(12), b.tail.Subscribe(100)
		defer slow.Close()
		defer quick.Close()
		requireLagged(t, slow)
		requireLagged(t, quick)
		b.append(8)
		pass(time.Second)
		b.append(8)
		pass(time.Second)
		requireNext(t, quick, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16)
		requireLagged(t, slow)
		b.append(1)
		requireNext(t, slow, 17)
	})
}

func TestTailGivesWhatTheFiltersChoose(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bubble) {
		s := b.tail.Subscribe(100, event.Filter{Tenant: 3, Outlet: 6}, event.Filter{Types: []event.Type{event.TaskReady}})
		defer s.Close()
		requireLagged(t, s)
		other, ready := eventtest.Event(1, 1), eventtest.Event(1, 1)
		other.Outlet, ready.Type = 6, event.TaskReady
		b.Append(eventtest.Event(1, 1), other, ready)
		requireNext(t, s, 2, 3)
	})
}

func TestTailSurvivesAnOutage(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bubble) {
		s := b.tail.Subscribe(100)
		defer s.Close()
		requireLagged(t, s)
		b.Break(errors.New("connection refused"))
		b.append(3)
		pass(time.Minute)
		b.Break(nil)
		start := time.Now()
		requireNext(t, s, 1, 2, 3)
		require.Less(t, time.Since(start), 3*time.Second)
		synctest.Wait()
		require.Equal(t, 1, strings.Count(b.logged.String(), "out of reach"))
		require.Equal(t, 1, strings.Count(b.logged.String(), "event log back"))
	})
}

func TestTailWaitsAtAGapAndPassesAnEmptyOne(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bubble) {
		s := b.tail.Subscribe(100)
		defer s.Close()
		requireLagged(t, s)
		held := b.Begin(eventtest.Event(1, 1))
		b.Begin(eventtest.Event(2, 1)).Rollback()
		b.append(1)
		pass(time.Minute)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, _, err := s.Next(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		held.Commit()
		requireNext(t, s, 1, 3)
	})
}

// What was being written when the tail began lies before its beginning: everybody loads again when it is there.
func TestTailLagsEverybodyOnceEarlierWritersHaveEnded(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bubble) {
		held := b.Begin(eventtest.Event(1, 1))
		b.append(1)
		s := b.tail.Subscribe(100)
		defer s.Close()
		requireLagged(t, s)
		b.append(1)
		requireNext(t, s, 3)
		held.Commit()
		requireLagged(t, s)
		b.append(1)
		requireNext(t, s, 4)
	})
}

func TestSubscriptionsEndWithTheTail(t *testing.T) {
	t.Parallel()
	tail := event.NewTail(eventtest.NewLog(), event.TailOptions{})
	s := tail.Subscribe(1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, tail.Run(ctx))
	_, _, err := s.Next(t.Context())
	require.ErrorIs(t, err, event.ErrStopped)
	s.Close()
	s.Close()
}

func take(t *testing.T, s *event.Stream, n int) []int64 {
	t.Helper()
	got := []int64{}
	for len(got) < n {
		events, err := s.Next(t.Context())
		require.NoError(t, err)
		got = append(got, positions(events)...)
	}
	return got
}

func requireNothing(t *testing.T, s *event.Stream, d time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	_, err := s.Next(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestStreamJoinsHistoryAndTail(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bubble) {
		b.append(5)
		s := b.tail.Stream(event.Filter{Tenant: 3}, 2)
		defer s.Close()
		require.Equal(t, []int64{3, 4, 5}, take(t, s, 3))
		b.append(2)
		require.Equal(t, []int64{6, 7}, take(t, s, 2))
		b.append(40) // more than its buffer: back to the history
		pass(time.Second)
		want := []int64{}
		for p := int64(8); p <= 47; p++ {
			want = append(want, p)
		}
		require.Equal(t, want, take(t, s, 40))
	})
}

func TestStreamFromNowAndFromAFuturePosition(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bubble) {
		b.append(5)
		now, future := b.tail.Stream(event.Filter{}, -1), b.tail.Stream(event.Filter{}, 1000)
		defer now.Close()
		defer future.Close()
		for _, s := range []*event.Stream{now, future} {
			requireNothing(t, s, time.Second)
		}
		b.append(1)
		require.Equal(t, []int64{6}, take(t, now, 1))
		require.Equal(t, []int64{6}, take(t, future, 1))
	})
}

func TestStreamWaitsForThoseWhoWroteBefore(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bubble) {
		held := b.Begin(eventtest.Event(1, 1))
		b.append(2)
		s := b.tail.Stream(event.Filter{}, 0)
		defer s.Close()
		requireNothing(t, s, time.Minute) // 2 before 1 would make a client that resumes after 2 miss 1
		held.Commit()
		require.Equal(t, []int64{1, 2, 3}, take(t, s, 3))
	})
}

func TestStreamRangesUntilTheEnd(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bubble) {
		b.append(3)
		s := b.tail.Stream(event.Filter{}, 0)
		defer s.Close()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		got := []int64{}
		for e, err := range s.All(ctx) {
			require.NoError(t, err)
			if got = append(got, e.Position); len(got) == 3 {
				cancel()
			}
		}
		require.Equal(t, []int64{1, 2, 3}, got)
	})
}

// pass lets time pass in a bubble, and everything happen that is due by then.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}
