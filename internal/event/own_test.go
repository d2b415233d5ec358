package event_test

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"brigade/internal/event"
	"brigade/internal/event/eventtest"
)

// counted is a log that counts what is read of it.
type counted struct {
	event.Log
	read int
}

func (c *counted) Page(ctx context.Context, after int64, limit int) ([]event.Event, error) {
	page, err := c.Log.Page(ctx, after, limit)
	c.read += len(page)
	return page, err
}

// Whoever commits, in whatever order, handing over or not: a reader gets every event once, in order of position.
func TestOwnEventsComeOnceAndInOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		log := eventtest.NewLog()
		own := event.NewOwn(log, rapid.IntRange(1, 50).Draw(r, "keep"))
		follower, limit := event.Follow(0), rapid.IntRange(1, 20).Draw(r, "limit")
		var got []event.Event
		var open []*eventtest.Tx
		look := func() {
			events, next, err := event.Look(context.Background(), own, follower, limit)
			require.NoError(r, err)
			got, follower = append(got, events...), next
		}
		n := 0
		for range rapid.IntRange(1, 40).Draw(r, "steps") {
			switch rapid.IntRange(0, 3).Draw(r, "step") {
			case 0:
				var events []event.Event
				for range rapid.IntRange(1, 5).Draw(r, "events") {
					n++
					events = append(events, eventtest.Event(1, n))
				}
				tx := log.Begin(events...)
				if own.Writing(tx.Events()); rapid.Bool().Draw(r, "said when it ends") {
					own.Ended(tx.Events())
				}
				open = append(open, tx)
			case 1, 2:
				if len(open) == 0 {
					continue
				}
				i := rapid.IntRange(0, len(open)-1).Draw(r, "which")
				tx := open[i]
				open = slices.Delete(open, i, i+1)
				if rapid.IntRange(0, 4).Draw(r, "end") == 0 {
					tx.Rollback()
					own.Ended(tx.Events())
					continue
				}
				tx.Commit()
				if rapid.Bool().Draw(r, "handed over") {
					own.Committed(tx.Events())
				}
				own.Ended(tx.Events())
			default:
				look()
			}
		}
		for _, tx := range open {
			tx.Commit()
			own.Ended(tx.Events())
		}
		for range 200 {
			look()
		}
		want, err := log.Read(context.Background(), event.Query{})
		require.NoError(r, err)
		require.Equal(r, want, got)
	})
}

func TestOwnEventsAreNotRead(t *testing.T) {
	t.Parallel()
	log := &counted{Log: eventtest.NewLog()}
	own := event.NewOwn(log, 100)
	own.Committed([]event.Event{{Position: 3}, {Position: 4}})
	own.Committed([]event.Event{{Position: 1}, {Position: 2}})
	own.Committed([]event.Event{{Position: 5}})
	page, err := own.Page(t.Context(), 0, 100)
	require.NoError(t, err)
	require.Len(t, page, 5)
	page, err = own.Page(t.Context(), 2, 2)
	require.NoError(t, err)
	require.Equal(t, []event.Event{{Position: 3}, {Position: 4}}, page)
	require.Zero(t, log.read)
}
