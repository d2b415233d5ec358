package orderpg_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/clock"
	"brigade/internal/event"
	"brigade/internal/event/eventpg"
	"brigade/internal/kitchen/kitchenpg"
	"brigade/internal/order"
	"brigade/internal/order/orderpg"
	"brigade/internal/recipe"
	"brigade/internal/store"
)

// atOnce is a node of a shop whose steps of payments are asked for as soon as they are written.
func atOnce(t testing.TB, h *shop, b *bank, node int64) (*till, *order.Till) {
	t.Helper()
	k := &till{shop: h, bank: b}
	tickets := kitchenpg.New(h.pool, kitchenpg.Parts{})
	var asks *order.Till
	k.Store = orderpg.New(h.pool, orderpg.Parts{
		OpenTickets: func(ctx context.Context, tx store.Tx, orders []*order.Order) ([][]int64, []event.Event, func(), error) {
			opened, events, err := tickets.OpenForWork(ctx, tx, workOf(orders))
			return make([][]int64, len(opened)), events, func() { h.hear(opened) }, err
		},
		Recipes: func(_ context.Context, _ store.Tx, ids []int64) (map[int64]recipe.Recipe, error) {
			found := map[int64]recipe.Recipe{}
			for _, id := range ids {
				found[id] = recipe.Recipe{ID: id, Steps: []recipe.Step{{Description: "grill", Station: h.station, Estimate: time.Minute}}}
			}
			return found, nil
		},
		Jobs: func(_ context.Context, _ store.Tx, jobs []order.Job) error {
			k.mu.Lock()
			defer k.mu.Unlock()
			k.jobs = append(k.jobs, jobs...)
			return nil
		},
		Begun: func(steps []order.Attempt) { asks.Begun(steps) },
		Node:  func() int64 { return node },
		Append: func(ctx context.Context, tx store.Tx, events []event.Event) error {
			return eventpg.Append(ctx, tx, node, events)
		},
		Committed: func() {},
	})
	t.Cleanup(k.Close)
	asks = order.NewTill(k.cashier(clock.NewManual(noon)), 32)
	return k, asks
}

// runs lets a till ask until the test ends.
func runs(t testing.TB, asks *order.Till) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = asks.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
}

func (k *till) captured(t testing.TB) (orders int) {
	t.Helper()
	require.NoError(t, k.pool.QueryRow(t.Context(), "select count(*) from payments where captured_minor > 0").Scan(&orders))
	return orders
}

// A provider that answers at once is asked without a job; what fails becomes one, and nobody pays twice.
func TestTillAsksAtOnceAndLeavesTheRestToJobs(t *testing.T) {
	t.Parallel()
	k, asks := atOnce(t, newShop(t), newBank(0.2), 1)
	_, err := k.pool.Exec(t.Context(), "insert into nodes (name, roles, expires_at) overriding system value values ('n', 'api', now() + interval '1 hour')")
	require.NoError(t, err)
	runs(t, asks)
	const orders = 60
	for i := range orders {
		k.place(k.Store, k.paid(strconv.Itoa(i), "ok"))
	}
	c := k.cashier(clock.NewManual(noon))
	require.Eventually(t, func() bool { k.work(t, c); return k.captured(t) == orders }, time.Minute, 10*time.Millisecond)
	require.NoError(t, k.bank.broken)
	for id, held := range k.bank.held {
		o, err := k.Get(t.Context(), k.tenants[0], strconv.FormatInt(id, 10))
		require.NoError(t, err)
		require.Equal(t, o.Total, held)
	}
}

// What a node had written and not asked for when it died becomes jobs at once; what a living one asks for stays its own.
func TestStepsOfADeadNodeBecomeJobs(t *testing.T) {
	t.Parallel()
	h := newShop(t)
	alive := h.id("insert into nodes (name, roles, expires_at) values ('alive', 'api', now() + interval '1 hour') returning id")
	dead, _ := atOnce(t, h, newBank(0), alive+1)
	living, _ := atOnce(t, h, dead.bank, alive)
	lost := dead.place(dead.Store, dead.paid("lost", "ok"))
	living.place(living.Store, living.paid("asked", "ok"))
	n, err := living.Abandoned(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.Equal(t, []order.Job{{Kind: order.JobSettle, Order: lost.Order.ID}}, living.jobs)
	n, err = living.Abandoned(t.Context())
	require.NoError(t, err)
	require.Zero(t, n, "it has its job")
}
