package stockpg_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
	"pgregory.net/rapid"

	"brigade/internal/errs"
	"brigade/internal/stock"
)

func TestOrdersHoldBackAndCookingUses(t *testing.T) {
	t.Parallel()
	k := setup(t).kitchen(t, "10")
	k.order(t, 1, "created", "burger", 3)
	k.settle(t, 1)
	k.holds(t, "patty", 10, 3)
	k.holds(t, "mayo", 10_000, 63) // 3 × 30 g of a dip that is 700 g to the kilogram
	k.holds(t, "tomato", 10_000, 27.09)
	k.begin(t, 1, 2)
	k.settle(t, 1)
	k.settle(t, 1, 1)
	k.holds(t, "patty", 8, 1)
	k.exec(t, `update tasks set status = 'CANCELLED' where order_id = 1`)
	k.exec(t, `update orders set status = 'cancelled' where id = 1`)
	k.settle(t, 1)
	k.holds(t, "patty", 8, 0) // what was begun is gone, what was not is free again
	k.holds(t, "loose", -10, 0)
	moves, err := k.service.Movements(t.Context(), k.who, stock.Query{Code: "patty", Kind: stock.Use, Most: 10})
	require.NoError(t, err)
	require.Len(t, moves, 1)
	require.EqualValues(t, 1, moves[0].Order)
}

func TestWhatIsMadeAgainIsUsedAgain(t *testing.T) {
	t.Parallel()
	k := setup(t).kitchen(t, "10")
	k.order(t, 1, "created", "burger", 1)
	k.begin(t, 1, 1)
	k.settle(t, 1)
	k.exec(t, `update tasks set status = 'CANCELLED' where order_id = 1`)
	k.exec(t, `insert into tasks (tenant_id, outlet_id, order_id, line_no, unit_no, step_no, remake, item, description, station_id, estimate_ms, base_priority, depends_on, pending_deps, status)
		values (7, 70, 1, 1, 1, 0, 1, '', '', 1, 1, 0, '{}', 0, 'UNASSIGNED')`)
	k.settle(t, 1)
	k.holds(t, "patty", 9, 1)
	k.exec(t, `update tasks set status = 'STARTED', started_at = now() where order_id = 1 and remake = 1`)
	k.settle(t, 1)
	k.holds(t, "patty", 8, 0)
}

func TestOrdersForLaterHoldNothingBackYet(t *testing.T) {
	t.Parallel()
	k := setup(t).kitchen(t, "10")
	k.order(t, 1, "scheduled", "burger", 4)
	k.exec(t, `insert into order_terms (order_id, tenant_id, outlet_id, waits) values (1, 7, 70, 'time')`)
	k.settle(t, 1)
	k.holds(t, "patty", 10, 0)
	k.exec(t, `update order_terms set waits = ''`)
	k.settle(t, 1)
	k.holds(t, "patty", 10, 4)
}

func TestOrdersWithoutTasksUseAllAtOnce(t *testing.T) {
	t.Parallel()
	k := setup(t).kitchen(t, "10")
	k.order(t, 1, "created", "burger", 2)
	k.exec(t, `delete from tickets`)
	k.exec(t, `delete from tasks`)
	k.settle(t, 1)
	k.holds(t, "patty", 10, 2)
	k.exec(t, `update orders set status = 'in_preparation'`)
	k.settle(t, 1)
	k.holds(t, "patty", 8, 0)
}

func TestAnOrderKeepsTheBillItCameWith(t *testing.T) {
	t.Parallel()
	k := setup(t).kitchen(t, "10")
	k.order(t, 1, "created", "pasta", 1)
	k.settle(t, 1)
	k.exec(t, `update item_needs set quantity_milli = 900000 where sku = 'pasta'`)
	k.begin(t, 1, 1)
	k.settle(t, 1)
	k.holds(t, "sauce", 800, 0)
}

func TestAnItemIsOffWhenItsIngredientsRunOutAndBackWithThem(t *testing.T) {
	t.Parallel()
	k := setup(t).kitchen(t, "3")
	k.order(t, 1, "created", "burger", 3)
	k.settle(t, 1)
	require.Equal(t, "-burger", k.turns(t))
	k.settle(t, 1)
	require.Empty(t, k.turns(t), "once")
	outs, err := k.service.Outs(t.Context(), k.who, 0)
	require.NoError(t, err)
	require.Equal(t, []stock.Out{{SKU: "burger", Ingredient: "bun", Since: noon}}, outs)
	k.exec(t, `update orders set status = 'cancelled'`)
	k.settle(t, 1)
	require.Equal(t, "+burger", k.turns(t), "what was held back is free again")
	k.book(t, stock.Count, stock.Entry{Code: "patty", Quantity: 0})
	require.Equal(t, "-burger", k.turns(t))
	k.book(t, stock.Bought, stock.Entry{Code: "bun", Quantity: 5_000})
	require.Empty(t, k.turns(t), "something else is missing still")
	k.book(t, stock.Bought, stock.Entry{Code: "patty", Quantity: 5_000})
	require.Equal(t, "+burger", k.turns(t))
}

func TestWhatIsPastItsDateIsGone(t *testing.T) {
	t.Parallel()
	k := setup(t).kitchen(t, "3")
	k.book(t, stock.Bought, stock.Entry{Code: "patty", Quantity: 2_000, Expires: noon.Add(100 * time.Hour)})
	k.clock.Advance(72 * time.Hour)
	n, err := k.store.Expire(t.Context(), k.clock.Now())
	require.NoError(t, err)
	require.Equal(t, 1, n)
	k.agrees(t)
	k.holds(t, "patty", 2, 0)
	k.clock.Advance(48 * time.Hour)
	_, err = k.store.Expire(t.Context(), k.clock.Now())
	require.NoError(t, err)
	require.Equal(t, "-burger", k.turns(t))
	n, err = k.store.Expire(t.Context(), k.clock.Now())
	require.NoError(t, err)
	require.Zero(t, n)
}

// Whatever happens in which order, how often and from how many nodes at once: stock, lots and the ledger agree, and every
// unit is used as often as it was begun.
func TestStockAlwaysAgrees(t *testing.T) {
	t.Parallel()
	k := setup(t).kitchen(t, "40")
	last := int64(0)
	rapid.Check(t, func(r *rapid.T) {
		var mine []int64
		for range rapid.IntRange(1, 3).Draw(r, "orders") {
			last++
			k.order(t, last, "created", rapid.SampledFrom([]string{"burger", "pasta", "water"}).Draw(r, "sku"), rapid.IntRange(1, 4).Draw(r, "quantity"))
			mine = append(mine, last)
		}
		for range rapid.IntRange(1, 6).Draw(r, "steps") {
			id := rapid.SampledFrom(mine).Draw(r, "order")
			switch rapid.IntRange(0, 5).Draw(r, "what") {
			case 0, 1:
				k.begin(t, id, rapid.IntRange(0, 4).Draw(r, "units"))
			case 2:
				k.exec(t, `update tasks set status = 'CANCELLED' where order_id = $1`, id)
				k.exec(t, `update orders set status = 'cancelled' where id = $1 and status <> 'ready'`, id) // what was all made is used
			case 3:
				k.exec(t, `update orders set status = 'ready' where id = $1 and status = 'in_preparation'`, id)
			case 4:
				q := stock.Quantity(rapid.IntRange(0, 60_000).Draw(r, "count"))
				k.book(t, stock.Count, stock.Entry{Code: rapid.SampledFrom([]string{"patty", "bun", "sauce"}).Draw(r, "counted"), Quantity: q})
			case 5:
				k.book(t, stock.Make, stock.Entry{Code: "sauce", Quantity: stock.Quantity(rapid.IntRange(1, 3_000_000).Draw(r, "made"))})
			}
			var g errgroup.Group
			for range 2 { // two that both think it is theirs
				g.Go(func() error {
					return k.store.Settle(t.Context(), []int64{main}, append([]int64{}, mine...), k.clock.Now())
				})
			}
			require.NoError(t, g.Wait())
			k.agrees(t)
		}
	})
	begun := value[int64](t, k, `select coalesce(sum(1000), 0) from (
		select t.order_id, t.unit_no from tasks t join order_items i on i.order_id = t.order_id and i.sku = 'burger' where t.started_at is not null
		union select i.order_id, g from order_items i join orders o on o.id = i.order_id and o.status = 'ready', generate_series(1, i.quantity) g where i.sku = 'burger') v`)
	used := value[int64](t, k, `select -coalesce(sum(quantity_milli), 0)::bigint from stock_movements m join ingredients i on i.id = m.ingredient_id where i.code = 'patty' and m.kind = 'use'`)
	require.Equal(t, begun, used)
}

func TestSheets(t *testing.T) {
	t.Parallel()
	k := setup(t).kitchen(t, "10")
	changes := k.book(t, stock.Count, stock.Entry{Code: "patty", Quantity: 7_500}, stock.Entry{Code: "bun", Quantity: 12_000})
	require.Equal(t, "-2.5 pieces", changes[0].Quantity.In(changes[0].Unit))
	require.Equal(t, "2 pieces", changes[1].Quantity.In(changes[1].Unit))
	k.holds(t, "patty", 7.5, 0)
	k.book(t, stock.Waste, stock.Entry{Code: "patty", Quantity: 500, Reason: "dropped"})
	k.book(t, stock.Transfer, stock.Entry{Code: "patty", Quantity: -2_000}, stock.Entry{Code: "bun", Quantity: 3_000})
	k.book(t, stock.Make, stock.Entry{Code: "sauce", Quantity: 1_000_000})
	k.holds(t, "sauce", 2_000, 0)
	k.holds(t, "tomato", 8_500, 0)
	for what, s := range map[string]stock.Sheet{
		"there is no ingredient":   {Kind: stock.Count, Entries: []stock.Entry{{Code: "unicorn", Quantity: 1}}},
		"must not be negative":     {Kind: stock.Count, Entries: []stock.Entry{{Code: "patty", Quantity: -1}}},
		"must be at most":          {Kind: stock.Count, Entries: []stock.Entry{{Code: "patty", Quantity: stock.Most + 1}}},
		"must not be 0":            {Kind: stock.Waste, Entries: []stock.Entry{{Code: "patty"}}},
		"counted twice":            {Kind: stock.Count, Entries: []stock.Entry{{Code: "patty"}, {Code: "patty"}}},
		"is bought, not made":      {Kind: stock.Make, Entries: []stock.Entry{{Code: "patty", Quantity: 1}}},
		"there is only 5 pieces":   {Kind: stock.Waste, Entries: []stock.Entry{{Code: "patty", Quantity: 5_001}}},
		"must be in the future":    {Kind: stock.Bought, Entries: []stock.Entry{{Code: "patty", Quantity: 1, Expires: noon.Add(-time.Hour)}}},
		"entries must be 1 to":     {Kind: stock.Count},
		"kind must be":             {Kind: stock.Use, Entries: []stock.Entry{{Code: "patty", Quantity: 1}}},
		"does not have so much":    {Kind: stock.Waste, Entries: []stock.Entry{{Code: "patty", Quantity: 1, Lot: 999_999}}},
		"reason must be UTF-8":     {Kind: stock.Count, Entries: []stock.Entry{{Code: "patty", Reason: "\x00"}}},
		"of at most 200 character": {Kind: stock.Count, Entries: []stock.Entry{{Code: "patty", Reason: fmt.Sprintf("%0300d", 1)}}},
	} {
		_, err := k.service.Book(t.Context(), k.who, s)
		require.ErrorContains(t, err, what)
		require.True(t, errs.Is(err, errs.KindInvalid) || errs.Is(err, errs.KindConflict), err)
	}
	k.holds(t, "patty", 5, 0)
	k.agrees(t)
}

func TestASheetWithAKeyIsEnteredOnce(t *testing.T) {
	t.Parallel()
	k := setup(t).kitchen(t, "10")
	sheet := stock.Sheet{Kind: stock.Bought, Key: "note-7", Entries: []stock.Entry{{Code: "bun", Quantity: 40_000}}}
	var g errgroup.Group
	answers := make([][]stock.Change, 8)
	for i := range answers {
		g.Go(func() (err error) {
			answers[i], err = k.service.Book(t.Context(), k.who, sheet)
			return err
		})
	}
	require.NoError(t, g.Wait())
	for _, a := range answers {
		require.Equal(t, answers[0], a)
	}
	k.holds(t, "bun", 50, 0)
	sheet.Entries[0].Quantity++
	_, err := k.service.Book(t.Context(), k.who, sheet)
	require.True(t, errs.Is(err, errs.KindConflict), err)
	k.agrees(t)
}

func TestWhatWasUsedWithoutALotIsPaidBack(t *testing.T) {
	t.Parallel()
	k := setup(t).kitchen(t, "2")
	k.order(t, 1, "created", "burger", 5)
	k.begin(t, 1, 5)
	k.settle(t, 1)
	k.holds(t, "patty", -3, 0)
	k.book(t, stock.Bought, stock.Entry{Code: "patty", Quantity: 2_000}, stock.Entry{Code: "patty", Quantity: 2_000})
	k.holds(t, "patty", 1, 0)
	lots, err := k.service.Lots(t.Context(), k.who, stock.Query{Code: "patty"})
	require.NoError(t, err)
	require.Len(t, lots, 1)
	require.EqualValues(t, 1_000, lots[0].Remaining)
	changes := k.book(t, stock.Count, stock.Entry{Code: "patty", Quantity: 0})
	require.EqualValues(t, -1_000, changes[0].Quantity)
}

func TestUsageAgainstTheBooks(t *testing.T) {
	t.Parallel()
	k := setup(t).kitchen(t, "10")
	k.clock.Advance(time.Hour)
	k.order(t, 1, "created", "burger", 3)
	k.begin(t, 1, 3)
	k.settle(t, 1)
	k.book(t, stock.Bought, stock.Entry{Code: "patty", Quantity: 5_000})
	k.book(t, stock.Waste, stock.Entry{Code: "patty", Quantity: 1_000})
	k.book(t, stock.Count, stock.Entry{Code: "patty", Quantity: 9_000})
	k.clock.Advance(time.Hour)
	k.book(t, stock.Count, stock.Entry{Code: "patty", Quantity: 2_000})
	list, err := k.service.Usage(t.Context(), k.who, stock.Query{Code: "patty", From: noon.Add(time.Minute), Till: noon.Add(90 * time.Minute)})
	require.NoError(t, err)
	require.Len(t, list, 1)
	u := list[0]
	require.Equal(t, []float64{10, 5, 1, 3, 9}, []float64{u.Opening.Float(), u.In.Float(), u.Wasted.Float(), u.Theoretical.Float(), u.Closing.Float()})
	require.EqualValues(t, 5_000, u.Actual())
	require.EqualValues(t, 2_000, u.Variance())
}

func TestOthersSeeNothing(t *testing.T) {
	t.Parallel()
	k := setup(t).kitchen(t, "10")
	who := k.who
	who.Tenant, who.Outlet = 8, far
	list, err := k.service.Levels(t.Context(), who, stock.Query{})
	require.NoError(t, err)
	require.Empty(t, list)
	for _, outlet := range []int64{main, 999} {
		_, err = k.service.Levels(t.Context(), who, stock.Query{Outlet: outlet})
		require.True(t, errs.Is(err, errs.KindNotFound), err)
		_, err = k.service.Book(t.Context(), who, stock.Sheet{Outlet: outlet, Kind: stock.Count, Entries: []stock.Entry{{Code: "patty"}}})
		require.True(t, errs.Is(err, errs.KindNotFound), err)
	}
}

func TestADemoIsSuppliedUnlessSomebodyCounts(t *testing.T) {
	t.Parallel()
	k := setup(t).kitchen(t, "5")
	k.store.Simulate(acme)
	k.exec(t, `update ingredients set par_milli = 80000 where code = 'bun'`)
	k.order(t, 1, "created", "burger", 400)
	k.settle(t, 1)
	require.Empty(t, k.turns(t))
	k.holds(t, "patty", 500, 400)
	k.book(t, stock.Count, stock.Entry{Code: "patty", Quantity: 401_000})
	k.order(t, 2, "created", "burger", 1)
	k.settle(t, 2)
	require.Equal(t, "-burger", k.turns(t))
	require.Equal(t, "demo", value[string](t, k, "select distinct made_by from stock_movements where kind = 'purchase'"))
}
