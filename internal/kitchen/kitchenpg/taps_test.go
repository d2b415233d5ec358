package kitchenpg_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/kitchen"
)

// Many copies of the same taps arrive at two nodes at once, and once more later, when the world has moved on: each is
// carried out once, and whoever sent a copy hears that it is.
func TestATapIsCarriedOutOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	owner, other := h.node(1), h.node(2)
	owner.own(h.first(h.outlets[0]))
	ticket := h.openOne(1)
	owner.Opened([]*kitchen.Ticket{ticket})
	h.until("assigned", "select (count(*) = 2)::int from tasks where status = 'ASSIGNED'")
	chefs := []chef{h.chef(owner), h.chef(other)}
	patty := ticket.Tasks[0].ID
	tap := func(do kitchen.TapKind, key string) {
		t.Helper()
		first := atomic.Int64{}
		var done sync.WaitGroup
		for i := range 12 {
			done.Go(func() {
				c := chefs[i%2]
				repeated, err := c.Tap(context.Background(), c.who, kitchen.Tap{Key: key, Do: do, Task: patty, Order: ticket.Order})
				if !errs.Is(err, errs.KindUnavailable) { // overtaken too often: nothing was written
					require.NoError(t, err)
				}
				if err == nil && !repeated {
					first.Add(1)
				}
			})
		}
		done.Wait()
		owner.Changed(ticket.Outlet, []int64{ticket.Order})
		require.LessOrEqual(t, first.Load(), int64(1))
	}
	status := func() (s string) {
		require.NoError(t, h.pool.QueryRow(context.Background(), "select status from tasks where id = $1", patty).Scan(&s))
		return s
	}
	keys := map[string]kitchen.TapKind{}
	for i, do := range []kitchen.TapKind{
		kitchen.TapStart, kitchen.TapComplete, kitchen.TapUndo, kitchen.TapComplete, kitchen.TapUndo, kitchen.TapComplete, kitchen.TapRush,
	} {
		key := fmt.Sprint("tablet-1-", i)
		keys[key] = do
		tap(do, key)
	}
	require.Equal(t, "COMPLETED", status())
	for key, do := range keys {
		tap(do, key) // the tablet has not heard the answers, and sends everything again, in any order
	}
	require.Equal(t, "COMPLETED", status())
	require.EqualValues(t, len(keys), h.id("select count(*) from kitchen_taps"))
	require.EqualValues(t, 2, h.id("select count(*) from event_log where type = 'TASK_RECALLED'"))
	require.EqualValues(t, 1, h.id("select count(*) from event_log where type = 'TICKET_RUSHED'"))
	h.checkWork()
}

// What is refused leaves no trace, and what is none is told so.
func TestTapsThatAreRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	n := h.node(1)
	n.own(h.first(h.outlets[0]))
	ticket := h.openOne(1)
	n.Opened([]*kitchen.Ticket{ticket})
	h.until("assigned", "select (count(*) = 2)::int from tasks where status = 'ASSIGNED'")
	c := h.chef(n)
	assemble := ticket.Tasks[2].ID
	for _, x := range []struct {
		tap  kitchen.Tap
		kind errs.Kind
	}{
		{kitchen.Tap{Key: "short", Do: kitchen.TapStart, Task: assemble}, errs.KindInvalid},
		{kitchen.Tap{Key: "long-enough", Do: "eat", Task: assemble}, errs.KindInvalid},
		{kitchen.Tap{Key: "long-enough", Do: kitchen.TapStart}, errs.KindInvalid},
		{kitchen.Tap{Key: "long-enough", Do: kitchen.TapRemake, Order: ticket.Order}, errs.KindInvalid},
		{kitchen.Tap{Key: "long-enough", Do: kitchen.TapStart, Task: assemble}, errs.KindConflict},
		{kitchen.Tap{Key: "long-enough", Do: kitchen.TapStart, Task: 1 << 40}, errs.KindNotFound},
		{kitchen.Tap{Key: "long-enough", Do: kitchen.TapRush, Order: 1 << 40}, errs.KindNotFound},
	} {
		_, err := c.Tap(t.Context(), c.who, x.tap)
		require.Equal(t, x.kind, errs.KindOf(err), "%v: %v", x.tap, err)
	}
	guest := actor.Actor{Tenant: h.tenant, Outlet: h.outlets[0], Name: "guest", Role: actor.Customer}
	_, err := c.Tap(t.Context(), guest, kitchen.Tap{Key: "long-enough", Do: kitchen.TapRush, Order: ticket.Order})
	require.Equal(t, errs.KindForbidden, errs.KindOf(err))
	require.Zero(t, h.id("select count(*) from kitchen_taps"))

	repeated, err := c.Tap(t.Context(), c.who, kitchen.Tap{Key: "long-enough", Do: kitchen.TapRush, Order: ticket.Order})
	require.NoError(t, err)
	require.False(t, repeated, "a key that was refused is not spent")
}
