package orderpg_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/clock"
	"brigade/internal/errs"
	"brigade/internal/event"
	"brigade/internal/event/eventpg"
	"brigade/internal/kitchen/kitchenpg"
	"brigade/internal/money"
	"brigade/internal/order"
	"brigade/internal/order/orderpg"
	"brigade/internal/recipe"
	"brigade/internal/store"
)

// till is a node that takes orders with terms, with the jobs that it wrote and a provider of payment.
type till struct {
	*shop
	*orderpg.Store
	bank *bank

	mu   sync.Mutex
	jobs []order.Job
	rung int
}

func newTill(t testing.TB, h *shop, b *bank) *till {
	t.Helper()
	k := &till{shop: h, bank: b}
	tickets := kitchenpg.New(h.pool, kitchenpg.Parts{})
	k.Store = orderpg.New(h.pool, orderpg.Parts{
		OpenTickets: func(ctx context.Context, tx store.Tx, orders []*order.Order) ([][]int64, []event.Event, func(), error) {
			opened, events, err := tickets.OpenForWork(ctx, tx, workOf(orders))
			ready := make([][]int64, len(opened))
			for i, k := range opened {
				ready[i] = k.ReadyAtStart()
			}
			return ready, events, func() { h.hear(opened) }, err
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
		Timers: func() { k.mu.Lock(); defer k.mu.Unlock(); k.rung++ },
		Append: func(ctx context.Context, tx store.Tx, events []event.Event) error {
			return eventpg.Append(ctx, tx, 1, events)
		},
		Committed: func() {},
	})
	t.Cleanup(k.Close)
	return k
}

func (k *till) cashier(clk clock.Clock) *order.Cashier {
	return order.NewCashier(k.Store, map[order.Method]order.Payments{order.Test: k.bank, order.Cash: k.bank}, clk)
}

// work does the jobs there are, in any order and some twice, until none is left or so many tries have failed.
func (k *till) work(t testing.TB, c *order.Cashier) {
	t.Helper()
	for range 10_000 {
		k.mu.Lock()
		jobs := k.jobs
		k.jobs = nil
		k.mu.Unlock()
		if len(jobs) == 0 {
			return
		}
		rand.Shuffle(len(jobs), func(i, j int) { jobs[i], jobs[j] = jobs[j], jobs[i] })
		for _, j := range jobs {
			if j.Kind != order.JobSettle {
				continue
			}
			err := c.Settle(t.Context(), j.Order)
			if _, again := errs.RetryDelay(err); again || rand.IntN(8) == 0 {
				k.mu.Lock()
				k.jobs = append(k.jobs, j)
				k.mu.Unlock()
				continue
			}
			require.NoError(t, err)
		}
	}
	require.Fail(t, "the money does not come to rest")
}

// paid is a draft that is paid first.
func (k *till) paid(key, token string) order.Draft {
	d := k.draft(0, key)
	d.Terms = &order.Terms{Waits: order.WaitsPayment, DueAt: noon.Add(10 * time.Minute), Pay: order.Payment{Method: order.Test, Token: token, Currency: "EUR"}}
	return d
}

func (k *till) status(t testing.TB, id int64) order.Status {
	t.Helper()
	o, err := k.Get(t.Context(), k.tenants[0], strconv.FormatInt(id, 10))
	require.NoError(t, err)
	return o.Status
}

// bank is a provider of payment that keeps its promises about keys, and answers badly when it is told to.
type bank struct {
	mu     sync.Mutex
	bad    float64 // how often it does not answer, before or after it has moved the money
	seen   map[string]order.Outcome
	held   map[int64]money.Amount
	asked  []string
	broken error // if two requests under one key differ, or more is given back than was taken
	sums   map[string]string
}

func newBank(bad float64) *bank {
	return &bank{bad: bad, seen: map[string]order.Outcome{}, held: map[int64]money.Amount{}, sums: map[string]string{}}
}

func (b *bank) Do(_ context.Context, a order.Attempt) (order.Outcome, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked = append(b.asked, a.Key)
	luck := rand.Float64() // one throw: a bank that is always bad answers nobody
	if luck < b.bad/2 {
		return order.Outcome{}, errors.New("500")
	}
	what := fmt.Sprint(a.Order, a.Step, a.Sum)
	if b.sums[a.Key] != "" && b.sums[a.Key] != what {
		b.broken = fmt.Errorf("key %s: %s and %s", a.Key, b.sums[a.Key], what)
	}
	b.sums[a.Key] = what
	out, seen := b.seen[a.Key]
	if !seen {
		out = b.move(a)
		b.seen[a.Key] = out
	}
	if luck < b.bad {
		return order.Outcome{}, errors.New("timeout after success")
	}
	return out, nil
}

func (b *bank) move(a order.Attempt) order.Outcome {
	switch {
	case a.Step == order.StepAuthorise && a.Token == "decline":
		return order.Outcome{Reason: "the card was declined"}
	case a.Step == order.StepCapture:
		b.held[a.Order] += a.Sum
	case a.Step == order.StepRefund:
		if b.held[a.Order] -= a.Sum; b.held[a.Order] < 0 {
			b.broken = fmt.Errorf("order %d: more is given back than was taken", a.Order)
		}
	}
	return order.Outcome{Done: true, Reference: "pay-" + strconv.FormatInt(a.Order, 10)}
}

func TestAnOrderIsMadeOnceItIsPaid(t *testing.T) {
	t.Parallel()
	k := newTill(t, newShop(t), newBank(0))
	r := k.place(k.Store, k.paid("a", "ok"))
	require.Equal(t, order.Created, r.Order.Status)
	require.Empty(t, k.opened, "nothing is made before it is paid")
	k.work(t, k.cashier(clock.NewManual(noon)))
	require.Equal(t, order.Scheduled, k.status(t, r.Order.ID))
	require.Equal(t, 1, k.opened[r.Order.ID])
	require.Equal(t, r.Order.Total, k.bank.held[r.Order.ID])
	again := k.place(k.Store, k.paid("a", "ok"))
	require.True(t, again.Repeated)
	require.Len(t, k.bank.asked, 2, "authorised and captured")
}

func TestARefusedPaymentRejectsTheOrder(t *testing.T) {
	t.Parallel()
	k := newTill(t, newShop(t), newBank(0))
	r := k.place(k.Store, k.paid("a", "decline"))
	k.work(t, k.cashier(clock.NewManual(noon)))
	require.Equal(t, order.Rejected, k.status(t, r.Order.ID))
	changes, err := k.History(t.Context(), k.tenants[0], r.Order.Number)
	require.NoError(t, err)
	require.Equal(t, "the card was declined", changes[1].Reason)
	require.Empty(t, k.opened)
	require.Zero(t, k.bank.held[r.Order.ID])
}

// A step whose outcome is not known is asked for again with the same key, by whatever node, until it is known.
func TestAnUnknownOutcomeIsAskedForAgain(t *testing.T) {
	t.Parallel()
	h, b := newShop(t), newBank(1)
	k := newTill(t, h, b)
	r := k.place(k.Store, k.paid("a", "ok"))
	_, again := errs.RetryDelay(k.cashier(clock.NewManual(noon)).Settle(t.Context(), r.Order.ID))
	require.True(t, again)
	b.bad = 0
	other := newTill(t, h, b) // after a restart
	require.NoError(t, other.cashier(clock.NewManual(noon)).Settle(t.Context(), r.Order.ID))
	require.Equal(t, order.Scheduled, k.status(t, r.Order.ID))
	require.Len(t, slices.Compact(slices.Sorted(slices.Values(b.asked))), 2, "two steps, two keys: %v", b.asked)
	require.Equal(t, r.Order.Total, b.held[r.Order.ID])
}

func TestADroppedItemIsPaidBack(t *testing.T) {
	t.Parallel()
	k := newTill(t, newShop(t), newBank(0))
	c := k.cashier(clock.NewManual(noon))
	d := k.paid("a", "ok")
	d.Order.Lines[0].Quantity, d.Order.Total = 3, d.Order.Lines[0].UnitPrice*3
	r := k.place(k.Store, d)
	k.work(t, c)
	require.NoError(t, store.Commit(t.Context(), k.pool, func(tx store.Tx) error {
		return k.Advance(t.Context(), tx, []orderpg.Step{{Order: r.Order.ID, Edit: &orderpg.Edit{Less: []orderpg.Cut{{Line: 1, Units: 1}}}, By: "till", At: noon}}, false)
	}))
	k.work(t, c)
	require.Equal(t, d.Order.Lines[0].UnitPrice*2, k.bank.held[r.Order.ID])
}

func TestCashIsTakenAtTheDoor(t *testing.T) {
	t.Parallel()
	k := newTill(t, newShop(t), newBank(0))
	c := k.cashier(clock.NewManual(noon))
	d := k.draft(0, "a")
	d.Terms = &order.Terms{Pay: order.Payment{Method: order.Cash, Currency: "EUR"}}
	r := k.place(k.Store, d)
	require.Equal(t, 1, k.opened[r.Order.ID], "it is made at once")
	for _, to := range []order.Status{order.InPreparation, order.Ready, order.Collected} {
		k.work(t, c)
		require.Zero(t, k.bank.held[r.Order.ID])
		_, err := k.Move(t.Context(), k.tenants[0], r.Order.Number, orderpg.To(to), "Asha", "", noon)
		require.NoError(t, err)
	}
	k.work(t, c)
	require.Equal(t, r.Order.Total, k.bank.held[r.Order.ID])
}

// Orders live through a hostile provider, cancellations, kitchens and repeated signals in any order. In the end the bank
// holds exactly what each order's end says, Brigade's books agree with the bank's, and each history is a life.
func TestMoneyFollowsEveryLife(t *testing.T) {
	t.Parallel()
	k := newTill(t, newShop(t), newBank(0.4))
	c := k.cashier(clock.NewManual(noon))
	var ids []int64
	for i := range 60 {
		d := k.paid("k"+strconv.Itoa(i), []string{"ok", "ok", "ok", "decline"}[rand.IntN(4)])
		if rand.IntN(3) == 0 {
			d.Terms.WantedAt = noon.Add(time.Hour)
		}
		ids = append(ids, k.place(k.Store, d).Order.ID)
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 100 {
				k.disturb(t, c, ids[rand.IntN(len(ids))])
			}
		})
	}
	all.Wait()
	for _, id := range ids {
		_ = c.Settle(t.Context(), id)
		k.jobs = append(k.jobs, order.Job{Kind: order.JobSettle, Order: id})
	}
	k.work(t, c)
	require.NoError(t, k.bank.broken)
	for _, id := range ids {
		k.check(t, id)
	}
}

func (k *till) disturb(t *testing.T, c *order.Cashier, id int64) {
	ctx := t.Context()
	switch rand.IntN(6) {
	case 0, 1:
		_ = c.Settle(ctx, id) // its failures are part of the test
	case 2:
		s := []order.Signal{order.Cancel, order.Due, order.Overdue, order.PaymentAuthorised, order.PaymentRefused}[rand.IntN(5)]
		if s == order.PaymentAuthorised || s == order.PaymentRefused || s == order.Overdue && rand.IntN(3) > 0 {
			return // nobody but the cashier says so
		}
		_, err := k.Tell(ctx, order.Happening{Order: id, Signal: s, By: "guest", At: noon})
		require.True(t, err == nil || errors.Is(err, order.ErrInKitchen) || errs.Is(err, errs.KindConflict), "%v", err)
	default:
		to := []order.Status{order.InPreparation, order.Ready, order.Collected, order.Cancelled}[rand.IntN(4)]
		if !k.inKitchen(id) {
			return
		}
		_, err := k.Move(ctx, k.tenants[0], strconv.FormatInt(id, 10), orderpg.To(to), "Asha", "", noon)
		require.True(t, err == nil || errs.Is(err, errs.KindConflict), "%v", err)
	}
}

func (k *till) inKitchen(id int64) bool {
	k.shop.mu.Lock()
	defer k.shop.mu.Unlock()
	return k.opened[id] > 0
}

func (k *till) check(t *testing.T, id int64) {
	t.Helper()
	o, err := k.Get(t.Context(), k.tenants[0], strconv.FormatInt(id, 10))
	require.NoError(t, err)
	terms, err := k.Terms(t.Context(), k.tenants[0], id)
	require.NoError(t, err)
	_, want := order.Owed(terms.Life(o.Type, o.Status), order.Test, o.Total)
	require.Equal(t, want, k.bank.held[id], "order %d is %s and waits for %q", id, o.Status, terms.Waits)
	require.Equal(t, want, terms.Pay.Held(), "the books of order %d", id)
	require.LessOrEqual(t, k.opened[id], 1)
	changes, err := k.History(t.Context(), k.tenants[0], o.Number)
	require.NoError(t, err)
	for i := 1; i < len(changes); i++ {
		if changes[i-1].Status != changes[i].Status {
			require.Contains(t, order.Follows(changes[i-1].Status), changes[i].Status)
		}
	}
	require.Equal(t, o.Status, changes[len(changes)-1].Status)
}

// plan is a planner that knows.
type plan struct{ alone, queue time.Duration }

func (p plan) Lead(context.Context, order.Timer) (alone, queue time.Duration, err error) {
	return p.alone, p.queue, nil
}

// An order for later gets into the kitchen so that it is ready then, within 250 ms, however many others wait.
func TestAnOrderForLaterIsReleasedInTime(t *testing.T) {
	t.Parallel()
	h := newShop(t)
	k := newTill(t, h, newBank(0))
	_, err := h.pool.Exec(t.Context(), `
		insert into orders (id, tenant_id, outlet_id, number, source, status, type, total_minor, currency, priority, placed_at, updated_at, updated_by)
		select 1000000 + i, $1, $2, 'LATER_' || i, 'api', 'scheduled', 'takeout', 100, 'EUR', 1, now(), now(), 'x' from generate_series(1, 20000) i`,
		k.tenants[0], k.outlets[0])
	require.NoError(t, err)
	_, err = h.pool.Exec(t.Context(), `
		insert into order_terms (order_id, tenant_id, outlet_id, waits, due_at, wanted_at)
		select id, tenant_id, outlet_id, 'time', now() + interval '1 day', now() + interval '1 day' from orders where id > 1000000`)
	require.NoError(t, err)
	clk := clock.NewManual(noon)
	keeper := order.NewTimekeeper(k.Store, plan{alone: time.Minute, queue: 30 * time.Second}, clk, func() bool { return true }, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = keeper.Run(ctx) }()
	defer func() { cancel(); <-done }()

	d := k.draft(0, "later")
	wanted := noon.Add(92 * time.Second)
	d.Order.Status, d.Terms = order.Scheduled, &order.Terms{Waits: order.WaitsTime, DueAt: noon, WantedAt: wanted}
	r := k.place(k.Store, d)
	keeper.Poke()
	release := wanted.Add(-90 * time.Second)
	require.Eventually(t, func() bool {
		timers, err := k.Timers(t.Context(), 1)
		return err == nil && timers[0].DueAt.Equal(release)
	}, time.Minute, time.Millisecond, "its time is worked out")
	require.False(t, k.inKitchen(r.Order.ID), "it is too early")
	clk.Advance(release.Sub(noon))
	require.Eventually(t, func() bool { return k.inKitchen(r.Order.ID) }, time.Minute, time.Millisecond, "when its time has come")
	_, err = k.Tell(t.Context(), order.Happening{Order: r.Order.ID, Signal: order.Due, At: noon})
	require.NoError(t, err, "a second timer does no harm")
	require.Equal(t, 1, k.opened[r.Order.ID])
}

func TestAnOrderThatWaitsCanBeChanged(t *testing.T) {
	t.Parallel()
	k := newTill(t, newShop(t), newBank(0))
	d := k.draft(0, "later")
	d.Order.Lines[0].Quantity, d.Order.Total = 2, d.Order.Lines[0].UnitPrice*2
	d.Order.Status, d.Terms = order.Scheduled, &order.Terms{Waits: order.WaitsTime, DueAt: noon, WantedAt: noon.Add(time.Hour)}
	r := k.place(k.Store, d)
	_, err := k.Tell(t.Context(), order.Happening{Order: r.Order.ID, Wanted: noon.Add(2 * time.Hour), At: noon})
	require.NoError(t, err)
	timers, err := k.Timers(t.Context(), 10)
	require.NoError(t, err)
	require.Equal(t, noon.Add(2*time.Hour), timers[0].WantedAt)
	edit := order.Edit{Tenant: k.tenants[0], Order: r.Order.ID, Line: 1, Quantity: 1, By: "guest"}
	require.NoError(t, k.EditWaiting(t.Context(), edit, noon))
	require.NoError(t, k.EditWaiting(t.Context(), edit, noon), "again")
	o, err := k.Get(t.Context(), k.tenants[0], r.Order.Number)
	require.NoError(t, err)
	require.Equal(t, d.Order.Lines[0].UnitPrice, o.Total)
	edit.Quantity = 0
	require.NoError(t, k.EditWaiting(t.Context(), edit, noon))
	require.Equal(t, order.Cancelled, k.status(t, r.Order.ID), "with its last unit the order is cancelled")
	timers, err = k.Timers(t.Context(), 10)
	require.NoError(t, err)
	require.Empty(t, timers)
	require.ErrorIs(t, k.EditWaiting(t.Context(), order.Edit{Order: k.place(k.Store, k.draft(0, "now")).Order.ID}, noon), order.ErrInKitchen)
}
