package planningpg_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"brigade/internal/errs"
	"brigade/internal/planning"
	"brigade/internal/planning/planningpg"
	"brigade/internal/planning/salesfile"
)

const tillFile = "date,outlet,sku,name,quantity,revenue\n" +
	"2026-05-01,main,wrap,Wrap,3,26.70\n" +
	"2026-05-01,main,wrap,Wrap,2,17.80\n" +
	"2026-05-02,beach,soda,\"Soda\nlarge\",7,14\n"

func (k *kit) sold(t testing.TB, sku string) []planning.Sold {
	t.Helper()
	list, err := k.service.Sold(t.Context(), k.who, planning.Query{SKU: sku, First: 0, Last: 40000, Most: 1000})
	require.NoError(t, err)
	return list
}

func TestAFileIsTakenOnceHoweverOftenItComes(t *testing.T) {
	t.Parallel()
	k := setup(t)
	m, err := k.file(t, tillFile, salesfile.Options{}, true)
	require.NoError(t, err)
	require.Equal(t, planning.Merged{Lines: 2, Added: 2}, m)
	require.Empty(t, k.sold(t, ""), "a dry run changes nothing")

	m, err = k.file(t, tillFile, salesfile.Options{}, false)
	require.NoError(t, err)
	require.Equal(t, planning.Merged{Lines: 2, Added: 2}, m)
	m, err = k.file(t, tillFile, salesfile.Options{}, false)
	require.NoError(t, err)
	require.Equal(t, planning.Merged{Lines: 2, Same: 2}, m)
	require.Equal(t, 1, value[int](t, k, `select changes from sales_outlet_days where outlet_id = 70`))

	m, err = k.file(t, strings.Replace(tillFile, "wrap,Wrap,3", "wrap,Wrap,4", 1), salesfile.Options{}, false)
	require.NoError(t, err)
	require.Equal(t, planning.Merged{Lines: 2, Changed: 1, Same: 1}, m)
	list := k.sold(t, "wrap")
	require.Len(t, list, 1)
	require.InDelta(t, 6, list[0].Quantity, 1e-9)
	require.Equal(t, int64(4450), list[0].Revenue)
	require.Equal(t, "Soda\nlarge", k.sold(t, "soda")[0].Name)
}

func TestAFaultyFileIsRefusedWholeWithEveryLine(t *testing.T) {
	t.Parallel()
	k := setup(t)
	text := "date;filiale;artikel;menge\n2026-05-01;main;wrap;1,5\n2026-13-01;main;wrap;1\n2026-05-02;moon;wrap;x\n" +
		"2026-05-03;main;;2\n2026-05-03;main;wrap\n2026-05-04;main;wrap;1e300\n2026-05-05;main;wrap;2\n"
	_, err := k.file(t, text, salesfile.Options{}, false)
	require.True(t, errs.Is(err, errs.KindInvalid), err)
	for _, fault := range []string{
		"line 3: date", "line 4: outlet \"moon\"", "line 4: quantity \"x\"", "line 5: sku", "line 6: has another number of cells",
		"line 7: quantity",
	} {
		require.ErrorContains(t, err, fault)
	}
	require.NotContains(t, err.Error(), "line 8")
	require.Zero(t, value[int](t, k, `select count(*) from sales_lines`))
	require.Zero(t, value[int](t, k, `select count(*) from sales_series`))
}

func TestAQuoteThatIsOpenEndsTheFile(t *testing.T) {
	t.Parallel()
	k := setup(t)
	_, err := k.file(t, "date,outlet,sku,quantity\n2026-05-01,main,wrap,1\n2026-05-02,main,\"wrap,1\n2026-05-03,main,wrap,1\n", salesfile.Options{}, false)
	require.ErrorContains(t, err, "line 3:")
	require.Zero(t, value[int](t, k, `select count(*) from sales_lines`))
}

func TestKeysMustNotComeTwiceInAFile(t *testing.T) {
	t.Parallel()
	k := setup(t)
	text := "date,outlet,sku,quantity,receipt\n2026-05-01,main,wrap,1,r1\n2026-05-01,main,wrap,2,r2\n2026-05-01,main,soda,1,r1\n"
	_, err := k.file(t, text, salesfile.Options{}, false)
	require.ErrorContains(t, err, `line 4: key "r1" is that of line 2, too`)
	m, err := k.file(t, strings.Replace(text, ",r1\n", ",r3\n", 1), salesfile.Options{}, false)
	require.NoError(t, err)
	require.Equal(t, 3, m.Added)
}

// A corrected line moves its sums from where they were to where they belong.
func TestALineCanMoveToAnotherDayProductAndHour(t *testing.T) {
	t.Parallel()
	k := setup(t)
	line := planning.Line{Outlet: main, SKU: "wrap", Day: day(t, "2026-05-01"), Hour: 12, Milli: 3000, Revenue: 900, Key: "r/1"}
	_, err := k.service.Report(t.Context(), k.who, "pos:a", []planning.Line{line})
	require.NoError(t, err)
	line.Day, line.SKU, line.Hour, line.Milli, line.SoldOut = line.Day+1, "soda", 13, -1500, true
	_, err = k.service.Report(t.Context(), k.who, "pos:a", []planning.Line{line})
	require.NoError(t, err)

	require.InDelta(t, 0, k.sold(t, "wrap")[0].Quantity, 0)
	soda := k.sold(t, "soda")[0]
	require.InDelta(t, -1.5, soda.Quantity, 0)
	require.True(t, soda.SoldOut)
	require.Equal(t, int64(0), value[int64](t, k, `select quantity_milli from sales_hours where hour = 12`))
	require.Equal(t, int64(-1500), value[int64](t, k, `select quantity_milli from sales_hours where hour = 13`))

	_, err = k.service.Report(t.Context(), k.who, "pos:b", []planning.Line{line})
	require.NoError(t, err, "another source knows another line by that key")
	require.InDelta(t, -3, k.sold(t, "soda")[0].Quantity, 0)
}

func TestReportsNameEveryFault(t *testing.T) {
	t.Parallel()
	k := setup(t)
	_, err := k.service.Report(t.Context(), k.who, "pos:a", []planning.Line{
		{Outlet: main, SKU: "", Day: 20000, Hour: planning.NoHour, Key: "a"}, {Outlet: main, SKU: "x", Day: 90000, Hour: 99, Key: "a"},
	})
	for _, fault := range []string{"lines[0].sku", "lines[1].date", "lines[1].hour", "lines[1].key"} {
		require.ErrorContains(t, err, fault)
	}
	for _, source := range []string{"", "brigade", "Über", "a b"} {
		_, err = k.service.Report(t.Context(), k.who, source, []planning.Line{{Outlet: main, SKU: "x"}})
		require.True(t, errs.Is(err, errs.KindInvalid), source)
	}
	bound := k.who
	bound.Bound = true
	_, err = k.service.Report(t.Context(), bound, "pos:a", []planning.Line{{Outlet: beach, SKU: "x", Day: 20000}})
	require.ErrorContains(t, err, "lines[0].outlet")
}

func TestATenantSeesItsOwnSalesOnly(t *testing.T) {
	t.Parallel()
	k := setup(t)
	k.report(t, main, day(t, "2026-05-01"), 3, "wrap")
	other := k.who
	other.Tenant = 8
	list, err := k.service.Sold(t.Context(), other, planning.Query{First: 0, Last: 40000, Most: 10})
	require.NoError(t, err)
	require.Empty(t, list)
}

func TestRenamedProductsCountUnderTheirPresentName(t *testing.T) {
	t.Parallel()
	k := setup(t)
	last := day(t, "2026-05-03")
	k.report(t, main, last-30, 60, "old")
	require.NoError(t, k.service.Rename(t.Context(), k.who, "old", "new"))
	require.NoError(t, k.service.Rename(t.Context(), k.who, "old", "new"), "repeating it is fine")
	require.True(t, errs.Is(k.service.Rename(t.Context(), k.who, "new", "old"), errs.KindConflict))
	require.True(t, errs.Is(k.service.Rename(t.Context(), k.who, "older", "old"), errs.KindConflict))
	require.Empty(t, k.sold(t, "old"))
	require.Len(t, k.sold(t, "new"), 60)

	k.report(t, main, last, 30, "new")
	run, err := k.service.Forecast(t.Context(), acme, last+1)
	require.NoError(t, err)
	require.Equal(t, 1, run.Series, "the old name is not forecast")
	list, err := k.service.Demand(t.Context(), acme, main, last+1, 1)
	require.NoError(t, err)
	require.Len(t, list, 1)
	require.InDelta(t, 20, list[0].Mean, 6)

	require.NoError(t, k.service.Unrename(t.Context(), k.who, "old"))
	require.True(t, errs.Is(k.service.Unrename(t.Context(), k.who, "old"), errs.KindNotFound))
	require.Len(t, k.sold(t, "old"), 60)
}

func (k *kit) order(t testing.TB, id int64, status, placed string, quantity int) {
	t.Helper()
	k.exec(t, `insert into orders (id, tenant_id, outlet_id, number, source, status, type, total_minor, currency, priority, placed_at, updated_at, updated_by)
		values ($1, 7, 70, 'O' || $1::bigint, 'api', $2, 'takeout', 0, 'EUR', 1, $3::text::timestamptz, $3::text::timestamptz, 'x')`, id, status, placed)
	k.exec(t, `insert into order_items (order_id, line_no, tenant_id, sku, name, quantity, unit_price_minor, recipe_id) values
		($1, 1, 7, 'wrap', 'Wrap', $2, 890, 1), ($1, 2, 7, '', 'Bread', 1, 100, 0)`, id, quantity)
}

func TestOwnOrdersCountOnceTheyAreMadeAndNotWhenCancelled(t *testing.T) {
	t.Parallel()
	k := setup(t)
	take := func(ids ...int64) planning.Merged {
		m, err := k.store.TakeOwn(t.Context(), acme, planningpg.Reported{Orders: ids})
		require.NoError(t, err)
		return m
	}
	// 02:30 by the clock of Madrid comes twice on that night; the day has 25 hours.
	k.order(t, 1, "ready", "2026-10-25 00:30:00Z", 2)
	k.order(t, 2, "collected", "2026-10-25 01:30:00Z", 3)
	k.order(t, 3, "created", "2026-10-25 12:00:00Z", 9)
	k.order(t, 4, "delivered", "2026-10-25 23:30:00Z", 5) // the day after
	require.Equal(t, 6, take(1, 2, 3, 4, 1).Added)
	require.Equal(t, 6, take(4, 3, 2, 1).Same, "again changes nothing")
	require.Equal(t, int64(5000), value[int64](t, k, `select quantity_milli from sales_hours h join sales_series s on s.id = h.series_id
		where s.sku = 'wrap' and day = '2026-10-25' and hour = 2`))
	require.Equal(t, int64(5000), value[int64](t, k, `select quantity_milli from sales_days d join sales_series s on s.id = d.series_id
		where s.sku = 'wrap' and day = '2026-10-26'`))
	require.Len(t, k.sold(t, "Bread"), 2, "what is not on the menu counts by its name")

	k.exec(t, `update orders set status = 'cancelled' where id = 2`)
	k.exec(t, `update order_items set quantity = 4 where order_id = 1 and line_no = 1`)
	require.Equal(t, 3, take(1, 2).Changed)
	require.Equal(t, int64(4000), value[int64](t, k, `select quantity_milli from sales_days d join sales_series s on s.id = d.series_id
		where s.sku = 'wrap' and day = '2026-10-25'`))
}

func TestA86MarksTheDayAsSoldOut(t *testing.T) {
	t.Parallel()
	k := setup(t)
	at := k.clock.now
	out := planningpg.Reported{SoldOut: []planningpg.SoldOut{{Outlet: main, SKU: "wrap", At: at}, {Outlet: main, SKU: "wrap", At: at.Add(60e9)}}}
	for range 2 {
		_, err := k.store.TakeOwn(t.Context(), acme, out)
		require.NoError(t, err)
	}
	list := k.sold(t, "wrap")
	require.Len(t, list, 1)
	require.True(t, list[0].SoldOut)
}
