package sim_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/kitchen"
	"brigade/internal/leaktest"
	"brigade/internal/order"
	"brigade/internal/sim"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// play runs a test in virtual time, with the world's tail running.
func play(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	playAt(t, 13, test)
}

// playAt is play at an hour of the day.
func playAt(t *testing.T, hour int, test func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(time.Now().UTC().Truncate(24 * time.Hour).Add(time.Duration(24+hour) * time.Hour))
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() { _ = w.tail.Run(ctx) }()
		test(t, w)
		cancel()
		synctest.Wait()
	})
}

// begin lets the demo play; stop ends it and returns when it has ended.
func (w *world) begin(t *testing.T, seed uint64) (stop func()) {
	t.Helper()
	parts := w.parts()
	parts.Log = slog.New(slog.DiscardHandler)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- sim.New(parts, sim.Options{Seed: seed}).Run(ctx) }()
	return func() {
		cancel()
		require.NoError(t, <-done)
	}
}

func wait(d time.Duration) { <-time.After(d) }

func TestARestaurantIsBusyAtOnceAndStaysSo(t *testing.T) {
	t.Parallel()
	for _, hour := range []int{0, 4, 9, 13, 17, 21} {
		t.Run(fmt.Sprintf("%02d:00", hour), func(t *testing.T) {
			t.Parallel()
			playAt(t, hour, func(t *testing.T, w *world) {
				defer w.begin(t, 1)()
				wait(20 * time.Second)
				_, open := w.count()
				require.GreaterOrEqual(t, open, 2, "somebody who has just started it sees guests")
				wait(time.Hour)
				closed, open := w.count()
				require.Greater(t, closed, 75, "more than an order a minute, at any hour")
				require.Less(t, open, 30, "the kitchen keeps up")
				require.GreaterOrEqual(t, open, 2, "there is always something to see")
			})
		})
	}
}

func TestEverythingIsCookedOnceAndHandedOver(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, w *world) {
		stop := w.begin(t, 2)
		wait(time.Hour)
		stop()
		closed, _ := w.count()
		require.Greater(t, closed, 50)
		for id, n := range w.starts {
			require.Equal(t, 1, n, "task %d", id)
		}
		for _, o := range w.orders {
			require.Equal(t, sim.Source, o.Source)
			require.Equal(t, "demo guest", o.UpdatedBy)
			if o.Status.Closed() {
				require.Equal(t, order.HandedOver(o.Type), o.Status)
			}
		}
	})
}

// Level-triggered: without a single event everything is done as well, a little later.
func TestLostEventsChangeNothing(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, w *world) {
		w.set(func() { w.mute = true })
		defer w.begin(t, 3)()
		wait(time.Hour)
		closed, open := w.count()
		require.Greater(t, closed, 50)
		require.Less(t, open, 60)
	})
}

func TestARestartGoesOnWithItsGuests(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, w *world) {
		stop := w.begin(t, 4)
		wait(10 * time.Minute)
		stop()
		var first []int64
		for id, o := range w.orders {
			if !o.Status.Closed() {
				first = append(first, id)
			}
		}
		require.NotEmpty(t, first)
		wait(time.Minute)
		defer w.begin(t, 5)()
		wait(15 * time.Minute)
		w.set(func() {
			for _, id := range first {
				require.True(t, w.orders[id].Status.Closed(), "order %d is %s", id, w.orders[id].Status)
			}
		})
	})
}

// Orders that no demo guest placed are cooked, too, but there is time to press start oneself; they are not handed over.
func TestForeignOrdersAreCookedAfterAWhile(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, w *world) {
		r, err := w.Place(t.Context(), actor.Actor{}, order.Placement{
			Source: "kitchen", Type: order.Takeout, Items: []order.Wanted{{SKU: "soup", Quantity: 1}},
		})
		require.NoError(t, err)
		task := w.tickets[r.Order.ID].Tasks[0]
		require.Equal(t, kitchen.TaskAssigned, task.Status)
		defer w.begin(t, 6)()
		wait(19 * time.Second)
		w.set(func() { require.Equal(t, kitchen.TaskAssigned, task.Status) })
		wait(7 * time.Second)
		w.set(func() { require.Equal(t, kitchen.TaskStarted, task.Status) })
		wait(5 * time.Minute)
		w.set(func() { require.Equal(t, order.Ready, w.orders[r.Order.ID].Status) })
	})
}

func TestHumansMayBeFaster(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, w *world) {
		defer w.begin(t, 7)()
		for range 200 { // somebody starts and completes whatever he sees, in between
			wait(3 * time.Second)
			b, err := w.Board(t.Context(), actor.Actor{}, outlet)
			require.NoError(t, err)
			for _, ticket := range b.Tickets {
				for _, v := range ticket.TaskViews {
					_, _ = w.Start(t.Context(), actor.Actor{}, v.ID)
					_, _ = w.Complete(t.Context(), actor.Actor{}, v.ID)
				}
			}
		}
		wait(3 * time.Minute)
		closed, open := w.count()
		require.Greater(t, closed, 20)
		require.Less(t, open, 30)
	})
}

func TestGoesOnAfterAnOutage(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, w *world) {
		w.set(func() { w.lost = 2 })
		defer w.begin(t, 8)()
		wait(5 * time.Minute)
		w.set(func() { w.down = errs.Unavailable("Postgres is away") })
		wait(time.Minute)
		w.set(func() { w.down = nil })
		before, _ := w.count()
		wait(20 * time.Minute)
		closed, _ := w.count()
		require.Greater(t, closed-before, 15)
		w.set(func() {
			seen := map[string]int{}
			for key := range w.keys {
				seen[key]++
			}
			require.Len(t, seen, len(w.orders), "a lost answer never makes a second order")
		})
	})
}

func TestGuestsStayAwayFromAFullKitchen(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, w *world) {
		for range 40 {
			_, err := w.Place(t.Context(), actor.Actor{}, order.Placement{
				Source: "api", Type: order.Takeout, Items: []order.Wanted{{SKU: "burger", Quantity: 2}},
			})
			require.NoError(t, err)
		}
		defer w.begin(t, 9)()
		wait(2 * time.Minute)
		w.set(func() { require.Len(t, w.orders, 40) })
		wait(time.Hour)
		closed, _ := w.count()
		require.Positive(t, closed, "they come back")
	})
}
