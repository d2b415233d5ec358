package orderpg_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"brigade/internal/errs"
	"brigade/internal/order"
	"brigade/internal/order/orderpg"
	"brigade/internal/store"
)

func TestOrderReadsBackAsItIs(t *testing.T) {
	t.Parallel()
	h := newShop(t)
	s := h.node(1)
	d := h.draft(0, "k")
	d.Fingerprint = []byte{1, 2}
	d.Order.Type, d.Order.TableNumber, d.Order.DeliveryAddress = order.DineIn, 12, "Straße 1"
	d.Order.CustomerName, d.Order.Priority = "Ольга O'Brien", 10
	d.Order.Lines = append(d.Order.Lines, order.Line{Name: "free form", Quantity: 3, UnitPrice: 1, Recipe: d.Order.Lines[0].Recipe})
	r := h.place(s, d)
	require.False(t, r.Repeated)
	require.Len(t, r.ReadyTaskIDs, 12)
	require.Equal(t, "ORD_20260302_001", r.Order.Number)
	for _, ref := range []string{r.Order.Number, fmt.Sprint(r.Order.ID)} {
		got, err := s.Get(t.Context(), h.tenants[0], ref)
		require.NoError(t, err)
		require.Equal(t, stripped(r.Order), got)
		_, err = s.Get(t.Context(), h.tenants[1], ref)
		require.True(t, errs.Is(err, errs.KindNotFound), "another tenant's")
	}
	for _, ref := range []string{"", "0", "-1", "ORD_20260302_002", "99999999999999999999", "x"} {
		_, err := s.Get(t.Context(), h.tenants[0], ref)
		require.True(t, errs.Is(err, errs.KindNotFound), ref)
	}
	history, err := s.History(t.Context(), h.tenants[0], r.Order.Number)
	require.NoError(t, err)
	require.Equal(t, []order.Change{{Seq: 1, Status: order.Created, By: "till", At: noon}}, history)
	require.Equal(t, map[int64]int{r.Order.ID: 1}, h.opened)
	require.EqualValues(t, 1, h.id("select count(*) from event_log where aggregate_type = 'order'"))
}

func TestAKeyIsAnsweredAlike(t *testing.T) {
	t.Parallel()
	h := newShop(t)
	s := h.node(1)
	d := h.draft(0, "k")
	d.Fingerprint = []byte{1}
	first := h.place(s, d)
	again := h.place(s, d)
	require.True(t, again.Repeated)
	require.Equal(t, first.ReadyTaskIDs, again.ReadyTaskIDs)
	require.Equal(t, stripped(first.Order), stripped(again.Order))

	other := d
	other.Fingerprint = []byte{2}
	_, err := s.Place(t.Context(), other)
	require.True(t, errs.Is(err, errs.KindConflict))
	other.Fingerprint = nil
	require.Equal(t, first.Order.ID, h.place(s, other).Order.ID, "without a fingerprint nothing is compared")

	other = d
	other.Order.Source = "kitchen"
	require.NotEqual(t, first.Order.ID, h.place(s, other).Order.ID, "keys belong to their source")
	require.NotEqual(t, first.Order.ID, h.place(s, h.draft(1, "k")).Order.ID, "and to their tenant")
	keyless := h.place(s, h.draft(0, "")).Order.ID
	require.NotEqual(t, keyless, h.place(s, h.draft(0, "")).Order.ID, "without a key each is new")
}

// Fifty callers with one key on two nodes, at once: one order, one answer.
func TestOneKeyManyCallersOneOrder(t *testing.T) {
	t.Parallel()
	h := newShop(t)
	nodes := []*orderpg.Store{h.node(1), h.node(2)}
	for round := range 10 {
		receipts := make([]order.Receipt, 50)
		var done sync.WaitGroup
		for i := range receipts {
			done.Go(func() { receipts[i] = h.place(nodes[i%2], h.draft(0, fmt.Sprint("key", round))) })
		}
		done.Wait()
		fresh := 0
		for _, r := range receipts {
			require.Equal(t, receipts[0].Order.ID, r.Order.ID)
			require.Equal(t, receipts[0].Order.Number, r.Order.Number)
			require.Equal(t, receipts[0].ReadyTaskIDs, r.ReadyTaskIDs)
			if !r.Repeated {
				fresh++
			}
		}
		require.Equal(t, 1, fresh)
	}
	require.EqualValues(t, 10, h.id("select count(*) from orders"))
	require.EqualValues(t, 40, h.id("select count(*) from tasks"))
	h.checkNumbers()
}

// Random crowds on two nodes: repeated keys, bad neighbours, callers that give up, two tenants, two days.
func TestNumbersHaveNoGapsWhateverHappens(t *testing.T) {
	t.Parallel()
	h := newShop(t)
	nodes := []*orderpg.Store{h.node(1), h.node(2)}
	round := 0
	rapid.Check(t, func(r *rapid.T) {
		round++
		var done sync.WaitGroup
		for i, c := range rapid.SliceOfN(rapid.Custom(drawCaller), 1, 40).Draw(r, "callers") {
			d := h.draft(c.tenant, fmt.Sprintf("%d/%d", round, c.key))
			d.Order.PlacedAt = noon.Add(c.later)
			if c.bad {
				d.Key, d.Order.CustomerName = fmt.Sprintf("%d/bad%d", round, i), "\x00"
			}
			done.Go(func() {
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				if c.leaves {
					cancel()
				}
				receipt, err := nodes[c.node].Place(ctx, d)
				switch {
				case c.bad:
					require.Error(t, err)
				case c.leaves && err != nil:
					require.True(t, errs.Is(err, errs.KindUnavailable), err)
				default:
					require.NoError(t, err)
					require.NotZero(t, receipt.Order.ID)
				}
			})
		}
		done.Wait()
		h.checkNumbers()
	})
	require.Len(t, h.opened, int(h.id("select count(*) from orders")), "the kitchen heard of each order")
	for id, n := range h.opened {
		require.Equal(t, 1, n, "order %d", id)
	}
}

type caller struct {
	node, tenant, key int
	later             time.Duration
	bad, leaves       bool
}

func drawCaller(t *rapid.T) caller {
	return caller{
		node: rapid.IntRange(0, 1).Draw(t, "node"), tenant: rapid.IntRange(0, 1).Draw(t, "tenant"), key: rapid.IntRange(0, 15).Draw(t, "key"),
		later: time.Duration(rapid.IntRange(0, 1).Draw(t, "days")) * 24 * time.Hour,
		bad:   rapid.IntRange(0, 9).Draw(t, "bad") == 0, leaves: rapid.IntRange(0, 9).Draw(t, "leaves") == 0,
	}
}

// checkNumbers makes sure that each tenant's day is numbered 001, 002, … in full, and that nothing half-written is there.
func (h *shop) checkNumbers() {
	h.t.Helper()
	zero := func(what, sql string) { h.t.Helper(); require.Zero(h.t, h.id(sql), what) }
	zero("no gaps", `select count(*) from (select tenant_id, split_part(number, '_', 2) as day, count(*) as n,
		max(split_part(number, '_', 3)::int) as m, count(distinct number) as d from orders group by 1, 2) x where n <> m or n <> d`)
	zero("the counter stands at the last", `select count(*) from order_counters c
		where last <> (select count(*) from orders o where o.tenant_id = c.tenant_id and split_part(o.number, '_', 2) = to_char(c.day, 'YYYYMMDD'))`)
	zero("keys are used once", "select count(*) from (select 1 from orders where idempotency_key is not null group by tenant_id, source, idempotency_key having count(*) > 1) x")
	zero("every order is whole", `select count(*) from orders o where 1 <> (select count(*) from order_items i where i.order_id = o.id)
		or 1 <> (select count(*) from order_history y where y.order_id = o.id) or 1 <> (select count(*) from tickets k where k.order_id = o.id)
		or 4 <> (select count(*) from tasks t where t.order_id = o.id)`)
	zero("nothing without an order", "select count(*) from tasks t where not exists (select from orders o where o.id = t.order_id)")
}

func TestAdvanceLenientAndStrict(t *testing.T) {
	t.Parallel()
	h := newShop(t)
	s := h.node(1)
	a, b := h.place(s, h.draft(0, "")).Order, h.place(s, h.draft(0, "")).Order
	at := noon.Add(time.Minute)
	step := func(o order.Order, to order.Status) orderpg.Step {
		return orderpg.Step{Order: o.ID, To: orderpg.To(to), By: "chef", At: at}
	}
	advance := func(lenient bool, steps ...orderpg.Step) error {
		return store.Commit(t.Context(), h.pool, func(tx store.Tx) error { return s.Advance(t.Context(), tx, steps, lenient) })
	}
	err := advance(false, step(a, order.InPreparation), step(b, order.Collected))
	require.True(t, errs.Is(err, errs.KindConflict))
	require.Equal(t, order.Created, h.get(s, a).Status, "nothing of a refused commit is there")
	require.True(t, errs.Is(advance(false, step(order.Order{ID: 1 << 40}, order.Ready)), errs.KindNotFound))

	require.NoError(t, advance(true, step(b, order.Collected), step(a, order.InPreparation), step(a, order.Ready), step(a, order.InPreparation)))
	require.Equal(t, order.Created, h.get(s, b).Status, "what the life forbids is left out")
	got := h.get(s, a)
	require.Equal(t, order.Ready, got.Status)
	require.Equal(t, at, got.ReadyAt)
	require.Equal(t, 3, got.Version)
	history, err := s.History(t.Context(), h.tenants[0], a.Number)
	require.NoError(t, err)
	require.Equal(t, []order.Change{
		{Seq: 1, Status: order.Created, By: "till", At: noon},
		{Seq: 2, Status: order.InPreparation, By: "chef", At: at},
		{Seq: 3, Status: order.Ready, By: "chef", At: at},
	}, history)
	require.EqualValues(t, 3, h.id("select count(*) from event_log where aggregate_type = 'order' and aggregate_id = $1", a.ID))
	require.NoError(t, advance(true), "no steps")
}

func (h *shop) get(s *orderpg.Store, o order.Order) order.Order {
	h.t.Helper()
	got, err := s.Get(context.Background(), o.Tenant, o.Number)
	require.NoError(h.t, err)
	return got
}

// Many hand an order over at once, others cancel it: exactly one change is made, the rest is told what became of it.
func TestMovesRace(t *testing.T) {
	t.Parallel()
	h := newShop(t)
	nodes := []*orderpg.Store{h.node(1), h.node(2)}
	for range 10 {
		o := h.place(nodes[0], h.draft(0, "")).Order
		_, err := nodes[0].Move(t.Context(), o.Tenant, o.Number, orderpg.To(order.Ready), "chef", "", noon)
		require.NoError(t, err)
		var done sync.WaitGroup
		for i := range 12 {
			to := order.HandedOver
			if i%3 == 0 {
				to = orderpg.To(order.Cancelled)
			}
			done.Go(func() {
				_, err := nodes[i%2].Move(context.Background(), o.Tenant, o.Number, to, "somebody", "because", noon.Add(time.Hour))
				require.True(t, err == nil || errs.Is(err, errs.KindConflict), err)
			})
		}
		done.Wait()
		got := h.get(nodes[0], o)
		require.True(t, got.Status.Closed())
		require.Equal(t, 3, got.Version)
		require.Equal(t, noon.Add(time.Hour), got.ClosedAt)
		require.Equal(t, noon, got.ReadyAt)
		history, err := nodes[0].History(t.Context(), o.Tenant, o.Number)
		require.NoError(t, err)
		require.Len(t, history, 3)
		require.Equal(t, "because", history[2].Reason)
	}
	_, err := nodes[0].Move(t.Context(), h.tenants[1], "ORD_20260302_001", order.HandedOver, "x", "", noon)
	require.True(t, errs.Is(err, errs.KindNotFound), "another tenant's")
}

// Paging through any filter shows each order once, newest first, and none of another tenant.
func TestListPagesAndFilters(t *testing.T) {
	t.Parallel()
	h := newShop(t)
	s := h.node(1)
	var all []order.Order
	for i := range 20 {
		o := h.place(s, h.draft(i%2, "")).Order
		if to := []order.Status{order.Created, order.InPreparation, order.Ready, order.Cancelled}[i/2%4]; to != order.Created {
			_, err := s.Move(t.Context(), o.Tenant, o.Number, orderpg.To(to), "x", "", noon)
			require.NoError(t, err)
		}
		all = append([]order.Order{h.get(s, o)}, all...)
	}
	rapid.Check(t, func(r *rapid.T) {
		f := order.Filter{Tenant: rapid.SampledFrom(h.tenants[:]).Draw(r, "tenant"), Limit: rapid.IntRange(1, 12).Draw(r, "limit"), Open: rapid.Bool().Draw(r, "open")}
		f.Outlet = rapid.SampledFrom([]int64{0, h.outlets[0], h.outlets[1]}).Draw(r, "outlet")
		f.Status = rapid.SliceOfN(rapid.SampledFrom(order.Statuses), 0, 3).Draw(r, "status")
		var want, got []string
		for _, o := range all {
			if o.Tenant == f.Tenant && (f.Outlet == 0 || f.Outlet == o.Outlet) && (!f.Open || !o.Status.Closed()) &&
				(len(f.Status) == 0 || strings.Contains(fmt.Sprint(f.Status), string(o.Status))) {
				want = append(want, o.Number)
			}
		}
		for {
			page, err := s.List(context.Background(), f)
			require.NoError(r, err)
			require.LessOrEqual(r, len(page), f.Limit)
			for _, o := range page {
				require.Len(r, o.Lines, 1)
				got = append(got, o.Number)
			}
			if len(page) < f.Limit {
				break
			}
			f.Before = page[len(page)-1].ID
		}
		require.Equal(r, want, got)
	})
}

// Finding one order must not read all of a tenant's.
func TestOrdersAreFoundByIndex(t *testing.T) {
	t.Parallel()
	h := newShop(t)
	_, err := h.pool.Exec(t.Context(), "alter table orders set (autovacuum_enabled = off)") // it reads, too
	require.NoError(t, err)
	_, err = h.pool.Exec(t.Context(), `insert into orders (tenant_id, outlet_id, number, source, status, type, total_minor, currency, priority, placed_at, updated_at, updated_by)
		select $1, 1, 'n' || i, 'x', 'created', 'takeout', 1, 'EUR', 1, now(), now(), '' from generate_series(1, 20000) i`, h.tenants[0])
	require.NoError(t, err)
	_, err = h.pool.Exec(t.Context(), "analyze orders")
	require.NoError(t, err)
	before := h.pages()
	s := h.node(1)
	for _, ref := range []string{"n777", "777"} {
		_, err := s.Get(t.Context(), h.tenants[0], ref)
		require.NoError(t, err)
	}
	require.Less(t, h.pages()-before, int64(100), "pages read")
}

func (h *shop) pages() int64 {
	h.t.Helper()
	conn, err := h.pool.Acquire(context.Background())
	require.NoError(h.t, err)
	defer conn.Release()
	_, err = conn.Exec(context.Background(), "select pg_stat_force_next_flush()")
	require.NoError(h.t, err)
	h.pool.Reset() // sessions tell what they read when they end
	require.Eventually(h.t, func() bool {
		return h.id("select count(*) from pg_stat_activity where datname = current_database()") <= 2
	}, time.Minute, time.Millisecond)
	return h.id("select coalesce(sum(heap_blks_hit + heap_blks_read), 0)::bigint from pg_statio_user_tables where relname = 'orders'")
}
