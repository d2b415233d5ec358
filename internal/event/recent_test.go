package event

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Whatever was added and forgotten: what is remembered is exactly what the log holds there.
func TestRecentIsTheLog(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := NewRecent(rapid.IntRange(1, 20).Draw(t, "keep"))
		log := map[int64]bool{} // which positions hold an event
		var upTo int64
		for range rapid.IntRange(1, 30).Draw(t, "adds") {
			if rapid.IntRange(0, 9).Draw(t, "anew") == 0 {
				upTo += rapid.Int64Range(1, 5).Draw(t, "skipped") // not handed out: unknown
			}
			var events []Event
			after := upTo
			for range rapid.IntRange(0, 6).Draw(t, "positions") {
				upTo++
				if rapid.Bool().Draw(t, "there") {
					log[upTo] = true
					events = append(events, Event{Position: upTo})
				}
			}
			r.add(after, upTo, events)
		}
		after := rapid.Int64Range(0, upTo+2).Draw(t, "after")
		limit := rapid.IntRange(1, 10).Draw(t, "limit")
		events, end, ok := r.settled(after, limit)
		if !ok {
			require.Empty(t, events)
			return
		}
		require.Greater(t, end, after)
		require.LessOrEqual(t, len(events), limit)
		for p := after + 1; p <= end; p++ {
			if log[p] {
				require.Equal(t, p, events[0].Position)
				events = events[1:]
			}
		}
		require.Empty(t, events)
	})
}
