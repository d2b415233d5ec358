package planningpg_test

import (
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/planning"
	"brigade/internal/planning/supply"
)

// larder gives an outlet a small kitchen that sells burgers: of buns, and of patties that it makes ahead of beef.
func (k *kit) larder(t testing.TB, tenant, outlet int64) {
	t.Helper()
	for _, sql := range []string{
		`insert into stations (tenant_id, outlet_id, name, capacity) values (@t, @o, 'grill', 1)`,
		`insert into staff (tenant_id, outlet_id, name, max_parallel, base_efficiency, efficiency) values (@t, @o, 'Ann', 1, 1, 1)`,
		`insert into staff_skills select f.id, s.id from staff f, stations s where f.outlet_id = @o and s.outlet_id = @o`,
		`insert into staff_shifts select id, 'shift', g, '08:00', '22:00' from staff, generate_series(0, 6) g where outlet_id = @o`,
		`insert into recipes (tenant_id, outlet_id, sku, version) values (@t, @o, 'burger', 1)`,
		`insert into recipe_steps (recipe_id, step_no, description, station_id, estimate_seconds, base_priority)
			select r.id, 0, 'grill', s.id, 30, 1 from recipes r, stations s where r.outlet_id = @o and s.outlet_id = @o`,
		`insert into menu_items (tenant_id, outlet_id, sku, name, price_minor, recipe_id) select @t, @o, 'burger', 'Burger', 990, id from recipes where outlet_id = @o`,
		`insert into ingredients (tenant_id, outlet_id, code, name, unit, shelf_hours, batch_milli, stocked, lead_minutes, station_id, station_minutes)
			select @t, @o, 'patty', 'Patty', 'piece', 8, 10000, true, 40, id, 15 from stations where outlet_id = @o`,
		`insert into ingredients (tenant_id, outlet_id, code, name, unit, shelf_hours) values
			(@t, @o, 'bun', 'Bun', 'piece', 96), (@t, @o, 'beef', 'Beef', 'g', 72), (@t, @o, 'saffron', 'Saffron', 'g', 0)`,
		`insert into bill_lines select @o, 'preparation', 'patty', id, @t, 1500000 from ingredients where outlet_id = @o and code = 'beef'`,
		`insert into bill_lines select @o, 'item', 'burger', id, @t, 1000 from ingredients where outlet_id = @o and code in ('bun', 'patty')`,
		`insert into item_needs select @o, 'burger', id, @t, 1000 from ingredients where outlet_id = @o and code in ('bun', 'patty')`,
		`insert into item_needs select @o, 'burger', id, @t, 1 from ingredients where outlet_id = @o and code = 'saffron'`,
		`insert into suppliers (tenant_id, outlet_id, code, name, currency, lead_days, delivery_days, cut_off, minimum_minor)
			values (@t, @o, 'grocer', 'Grocer', 'EUR', 1, '{2,5}', '16:00', 2000)`,
		`insert into supplier_products (tenant_id, outlet_id, supplier_id, ingredient_id, code, name, pack_milli, price_minor, least_packs)
			select @t, @o, s.id, i.id, i.code, i.name, case i.unit when 'g' then 5000000 else 24000 end, 600, 2
			from suppliers s, ingredients i where s.outlet_id = @o and i.outlet_id = @o and i.code in ('bun', 'beef')`,
		`insert into stock_lots (tenant_id, outlet_id, ingredient_id, received_at, expires_at, initial_milli, remaining_milli)
			select @t, @o, id, '2026-05-03 08:00+00', '2026-05-05 20:00+00', 30000, 30000 from ingredients where outlet_id = @o and code = 'bun'`,
		`insert into stock_lots (tenant_id, outlet_id, ingredient_id, received_at, expires_at, initial_milli, remaining_milli)
			select @t, @o, id, '2026-05-04 05:00+00', '2026-05-04 12:30+00', 4000, 4000 from ingredients where outlet_id = @o and code = 'patty'`,
	} {
		k.exec(t, named(sql, tenant, outlet))
	}
}

func named(sql string, tenant, outlet int64) string {
	return strings.NewReplacer("@t", fmt.Sprint(tenant), "@o", fmt.Sprint(outlet)).Replace(sql)
}

// planned is a kit whose main outlet sells burgers, has a forecast, and a planner. It is Monday, 8:00 in Madrid.
func planned(t testing.TB) (*kit, *planning.Planner) {
	t.Helper()
	k := setup(t)
	k.larder(t, acme, main)
	k.report(t, main, day(t, "2026-05-03"), 60, "burger")
	_, err := k.service.Forecast(t.Context(), acme, day(t, "2026-05-04"))
	require.NoError(t, err)
	return k, planning.NewPlanner(k.store, k.clock)
}

func TestProductionIsPlannedByTheHour(t *testing.T) {
	t.Parallel()
	k, p := planned(t)
	n, err := p.Production(t.Context(), acme, nil, 0, "nightly")
	require.NoError(t, err)
	require.Equal(t, 1, n, "the beach has no ingredients")

	plan, head, o, err := p.ProductionOf(t.Context(), k.who, 0, 0, 0)
	require.NoError(t, err)
	require.Equal(t, "main", o.Slug)
	require.Equal(t, 1, head.Revision)
	require.Equal(t, "nightly", head.By)
	require.NotEmpty(t, plan.Starts)
	require.Len(t, plan.Totals, 1)
	total, made := plan.Totals[0], supply.Amount(0)
	for _, s := range plan.Starts {
		require.Equal(t, "patty", s.Code)
		require.Equal(t, "grill", s.Station)
		require.Equal(t, 40*time.Minute, s.Ready.Sub(s.Begin))
		require.Equal(t, 8*time.Hour, s.Until.Sub(s.Ready))
		require.False(t, s.Ready.After(s.For))
		require.False(t, s.Begin.Before(time.Date(2026, 5, 4, 6, 0, 0, 0, time.UTC)), "Ann comes at eight")
		made += s.Amount
	}
	require.Equal(t, made, total.Planned)
	require.Equal(t, supply.Amount(4000), total.There)
	require.Greater(t, total.Wanted, total.Expected, "a service level")
	require.GreaterOrEqual(t, total.There+total.Planned, total.Wanted)
	require.Less(t, total.There+total.Planned, total.Wanted+2*total.Batch)
}

func TestPlansMadeAgainFromTheSameAreTheSame(t *testing.T) {
	t.Parallel()
	k, p := planned(t)
	again := func() {
		for _, kind := range []func() (int, error){
			func() (int, error) { return p.Production(t.Context(), acme, nil, 0, "a") },
			func() (int, error) { return p.Procurement(t.Context(), acme, []int64{main}, 0, "a") },
			func() (int, error) { return p.StockProjection(t.Context(), acme, nil, 0, "a") },
		} {
			n, err := kind()
			require.NoError(t, err)
			require.Equal(t, 1, n)
		}
	}
	var group sync.WaitGroup
	for range 4 {
		group.Go(again)
	}
	group.Wait()
	again()
	require.Equal(t, int64(3), value[int64](t, k, `select count(*) from plans`))

	k.exec(t, `update stock_lots set remaining_milli = 1000 where initial_milli = 30000`)
	again()
	require.Equal(t, int64(5), value[int64](t, k, `select count(*) from plans`), "what to prepare did not change")
	_, head, _, err := p.ProcurementOf(t.Context(), k.who, main, 0, 0)
	require.NoError(t, err)
	require.Equal(t, 2, head.Revision)
	_, head, _, err = p.ProcurementOf(t.Context(), k.who, main, 0, 1)
	require.NoError(t, err)
	require.Equal(t, 1, head.Revision, "what was planned before stays")
}

func TestPurchasesSayWhy(t *testing.T) {
	t.Parallel()
	k, p := planned(t)
	_, err := p.Procurement(t.Context(), acme, nil, 0, "nightly")
	require.NoError(t, err)
	plan, head, _, err := p.ProcurementOf(t.Context(), k.who, 0, 0, 0)
	require.NoError(t, err)
	require.NotEmpty(t, plan.Lines)
	codes := map[string]bool{}
	for _, l := range plan.Lines {
		codes[l.Code] = true
		require.Contains(t, []time.Weekday{time.Tuesday, time.Friday}, l.Deliver.Weekday())
		require.Equal(t, "16:00", l.OrderBy.In(k.outlets[0].Zone).Format("15:04"))
		require.Equal(t, l.Deliver-1, planning.Day(l.OrderBy.Unix()/86400))
		require.GreaterOrEqual(t, l.Packs, 2)
		require.GreaterOrEqual(t, l.Amount(), l.Need)
		require.Contains(t, l.Why, "safety")
	}
	require.Equal(t, map[string]bool{"bun": true, "beef": true}, codes, "patties are made, of beef")
	require.Positive(t, head.Problems)
	kinds := map[string]string{}
	for _, n := range plan.Notes {
		kinds[n.Kind+" "+n.Code] = n.Text
	}
	require.Contains(t, kinds, "nobody_sells saffron")
	require.Contains(t, kinds["runs_out beef"], "before anything can be delivered")
	require.Contains(t, kinds["not_counted "], "Beef, Bun")
}

func TestStockRunsAsItAddsUp(t *testing.T) {
	t.Parallel()
	k, p := planned(t)
	k.exec(t, `insert into purchase_orders (id, tenant_id, outlet_id, supplier_id, number, status, source, deliver_on, currency, created_by, created_at, changed_by, changed_at)
		select 1, 7, 70, id, 'PO-1', 'sent', 'hand', '2026-05-06', 'EUR', 'a', now(), 'a', now() from suppliers`)
	k.exec(t, `insert into purchase_lines (purchase_id, line_no, tenant_id, outlet_id, product_id, ingredient_id, code, name, pack_milli, packs, price_minor, received_milli)
		select 1, 1, 7, 70, 1, id, 'x', 'x', 24000, 3, 1, 2000 from ingredients where code = 'bun'`)
	_, err := p.StockProjection(t.Context(), acme, nil, day(t, "2026-05-05"), "nightly")
	require.NoError(t, err)
	plan, _, _, err := p.StockOf(t.Context(), k.who, 0, day(t, "2026-05-05"), 0)
	require.NoError(t, err)
	byCode := map[string]planning.StockedItem{}
	for _, s := range plan.Ingredients {
		byCode[s.Code] = s
		require.Len(t, s.Days, planning.PlanDays)
		for i, d := range s.Days {
			require.Equal(t, day(t, "2026-05-05")+planning.Day(i), d.Day)
			require.Equal(t, d.Opening+d.Arrivals-d.Used-d.Expired, d.Closing)
			if i > 0 {
				require.Equal(t, s.Days[i-1].Closing, d.Opening)
			}
		}
	}
	bun := byCode["bun"]
	require.Equal(t, supply.Amount(70_000), bun.Days[1].Arrivals, "3 packs of 24, less 2 that are in")
	require.NotNil(t, bun.Out)
	require.Equal(t, "2026-05-05", bun.Out.Format(time.DateOnly), "30 buns last a day and a half")
	require.Contains(t, []int{12, 13, 19, 20}, bun.Out.In(k.outlets[0].Zone).Hour(), "sold at 13 and 20")
	require.Nil(t, byCode["patty"].Out, "what is wanted is made")
	week, last := bun.Days[6], bun.Days[13]
	require.Equal(t, day(t, "2026-05-18"), last.Day, "after the last forecast")
	require.Equal(t, week.Used+week.Unmet, last.Used+last.Unmet, "it is as a week before")
	require.NotNil(t, byCode["saffron"].Out)
}

func TestAnEditIsKeptAndJudged(t *testing.T) {
	t.Parallel()
	k, p := planned(t)
	today := day(t, "2026-05-04")
	_, err := p.EditProduction(t.Context(), k.who, 0, today, "patty", 9, "football")
	require.True(t, errs.Is(err, errs.KindNotFound), "nothing is planned yet")
	_, err = p.Production(t.Context(), acme, nil, 0, "nightly")
	require.NoError(t, err)
	before, _, _, err := p.ProductionOf(t.Context(), k.who, 0, 0, 0)
	require.NoError(t, err)
	_, err = p.EditProduction(t.Context(), k.who, 0, today, "patty", -1, "")
	require.True(t, errs.Is(err, errs.KindInvalid))
	_, err = p.EditProduction(t.Context(), k.who, 0, today, "soup", 1, "")
	require.True(t, errs.Is(err, errs.KindNotFound))
	edit, err := p.EditProduction(t.Context(), k.who, 0, today, "patty", 9, "football")
	require.NoError(t, err)
	require.Equal(t, before.Totals[0].Planned, edit.Was)

	k.exec(t, `update stock_lots set remaining_milli = 0 where initial_milli = 4000`)
	_, err = p.Production(t.Context(), acme, nil, 0, "nightly")
	require.NoError(t, err)
	after, head, _, err := p.ProductionOf(t.Context(), k.who, 0, 0, 0)
	require.NoError(t, err)
	require.Equal(t, 2, head.Revision)
	require.NotNil(t, after.Totals[0].Edited, "planned anew, the edit is kept")
	batches := 0
	for _, s := range after.Starts {
		batches += s.Batches
	}
	require.Equal(t, 9, batches)

	a, err := p.EditAccuracy(t.Context(), k.who, 0, planning.PlanProduction, today, today)
	require.NoError(t, err)
	require.Empty(t, a.Edits, "the day is not over")
	k.clock.now = k.clock.now.AddDate(0, 0, 1)
	l := planning.Line{Outlet: main, SKU: "burger", Day: today, Hour: 13, Milli: 92 * planning.Milli}
	l.OwnKey()
	_, err = k.store.Merge(t.Context(), acme, "pos:till", []planning.Line{l})
	require.NoError(t, err)
	a, err = p.EditAccuracy(t.Context(), k.who, 0, planning.PlanProduction, today, today)
	require.NoError(t, err)
	require.Len(t, a.Edits, 1)
	require.Equal(t, supply.Amount(92_000), a.Edits[0].Taken)
	require.Equal(t, supply.Amount(2000), a.Edits[0].EditError, "90 and the 4 that were there")
	require.Equal(t, 1, a.Better)
	require.Less(t, a.EditsWAPE, a.PlanWAPE)
	_, err = p.EditProduction(t.Context(), k.who, 0, today, "patty", 9, "")
	require.True(t, errs.Is(err, errs.KindConflict), "the day is over")
}

func TestAnEditOfAPurchaseIsKept(t *testing.T) {
	t.Parallel()
	k, p := planned(t)
	_, err := p.Procurement(t.Context(), acme, nil, 0, "nightly")
	require.NoError(t, err)
	plan, _, _, err := p.ProcurementOf(t.Context(), k.who, 0, 0, 0)
	require.NoError(t, err)
	l := plan.Lines[0]
	_, err = p.EditProcurement(t.Context(), k.who, 0, l.Deliver, l.Code, l.Packs+3, "party")
	require.NoError(t, err)
	_, err = p.EditProcurement(t.Context(), k.who, 0, l.Deliver+1, l.Code, 3, "")
	require.True(t, errs.Is(err, errs.KindNotFound))
	plan, _, _, err = p.ProcurementOf(t.Context(), k.who, 0, 0, 0)
	require.NoError(t, err)
	require.Equal(t, l.Packs, plan.Lines[0].Packs)
	require.Equal(t, l.Packs+3, plan.Lines[0].Order())
	a, err := p.EditAccuracy(t.Context(), k.who, 0, planning.PlanProcurement, l.Deliver, l.Deliver)
	require.NoError(t, err)
	require.True(t, math.IsNaN(a.PlanWAPE))
}

func TestNoonRefreshesWhatToPrepare(t *testing.T) {
	t.Parallel()
	k, p := planned(t)
	_, err := p.Production(t.Context(), acme, nil, 0, "nightly")
	require.NoError(t, err)
	n, err := p.Refresh(t.Context())
	require.NoError(t, err)
	require.Zero(t, n)

	k.clock.now = time.Date(2026, 5, 4, 14, 5, 0, 0, time.UTC) // 16:05: lunch was much better than expected
	l := planning.Line{Outlet: main, SKU: "burger", Day: day(t, "2026-05-04"), Hour: 13, Milli: 60 * planning.Milli}
	l.OwnKey()
	_, err = k.store.Merge(t.Context(), acme, "pos:till", []planning.Line{l})
	require.NoError(t, err)
	kept, err := k.service.Noon(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, kept)
	before, _, _, err := p.ProductionOf(t.Context(), k.who, 0, 0, 0)
	require.NoError(t, err)
	for range 2 {
		n, err = p.Refresh(t.Context())
		require.NoError(t, err)
	}
	require.Zero(t, n, "the second time there is nothing to do")
	after, head, _, err := p.ProductionOf(t.Context(), k.who, 0, 0, 0)
	require.NoError(t, err)
	require.Equal(t, 2, head.Revision)
	require.Greater(t, after.Forecast, before.Forecast)
	hour, begun := k.clock.now.Truncate(time.Hour), 0
	for i, s := range after.Starts {
		if s.Begin.Before(hour) {
			require.Equal(t, before.Starts[i], s, "what was begun is begun")
			begun++
		}
	}
	require.Positive(t, begun)
	require.Equal(t, before.Totals[0].There, after.Totals[0].There)
	require.Greater(t, after.Totals[0].Expected, before.Totals[0].Expected, "lunch was better")
	made := supply.Amount(0)
	for _, s := range after.Starts {
		made += s.Amount
	}
	require.Equal(t, made, after.Totals[0].Planned, "the whole day's")
}

func TestWhatTheMorningBeganIsTakenAsMadeWhereNobodyKeepsStock(t *testing.T) {
	t.Parallel()
	k, p := planned(t)
	k.exec(t, `update ingredients set stocked = false, batch_milli = 40000, lead_minutes = 0 where code = 'patty'`)
	k.exec(t, `delete from stock_lots where initial_milli = 4000`)
	_, err := p.Production(t.Context(), acme, nil, 0, "nightly")
	require.NoError(t, err)
	before, _, _, err := p.ProductionOf(t.Context(), k.who, 0, 0, 0)
	require.NoError(t, err)
	require.Len(t, before.Starts, 1, "one batch lasts the day")
	k.clock.now = before.Starts[0].For.Add(2 * time.Hour)
	_, err = p.Production(t.Context(), acme, nil, 0, "again")
	require.NoError(t, err)
	after, head, _, err := p.ProductionOf(t.Context(), k.who, 0, 0, 0)
	require.NoError(t, err)
	require.Equal(t, before.Starts, after.Starts, "nothing is to be made twice")
	require.Equal(t, before.Totals[0].Planned, after.Totals[0].Planned)
	require.LessOrEqual(t, head.Revision, 2)
}

func TestPlansWithoutAForecastSaySo(t *testing.T) {
	t.Parallel()
	k := setup(t)
	k.larder(t, acme, main)
	p := planning.NewPlanner(k.store, k.clock)
	for _, plan := range []func() (int, error){
		func() (int, error) { return p.Production(t.Context(), acme, nil, 0, "x") },
		func() (int, error) { return p.Procurement(t.Context(), acme, nil, 0, "x") },
		func() (int, error) { return p.StockProjection(t.Context(), acme, nil, 0, "x") },
	} {
		_, err := plan()
		require.NoError(t, err)
	}
	plan, head, _, err := p.ProductionOf(t.Context(), k.who, 0, 0, 0)
	require.NoError(t, err)
	require.Empty(t, plan.Starts)
	require.Equal(t, "no_forecast", plan.Notes[0].Kind)
	require.Equal(t, 1, head.Problems)
}

func TestPlansKeepTenantsAndOutletsApart(t *testing.T) {
	t.Parallel()
	k, p := planned(t)
	k.larder(t, 8, 80)
	for _, tenant := range []int64{acme, 8} {
		for _, plan := range []func() (int, error){
			func() (int, error) { return p.Production(t.Context(), tenant, nil, 0, "x") },
			func() (int, error) { return p.StockProjection(t.Context(), tenant, []int64{main, beach, 80}, 0, "x") },
		} {
			n, err := plan()
			require.NoError(t, err)
			require.Equal(t, 1, n)
		}
	}
	_, _, err := p.Latest(t.Context(), k.who, 80, planning.PlanStock, 0, 0)
	require.True(t, errs.Is(err, errs.KindNotFound))
	bound := actor.Actor{Tenant: acme, Outlet: beach, Bound: true, Name: "bob", Role: actor.Manager}
	_, _, err = p.Latest(t.Context(), bound, main, planning.PlanStock, 0, 0)
	require.True(t, errs.Is(err, errs.KindNotFound))
	_, err = p.Production(t.Context(), acme, nil, day(t, "2026-05-03"), "x")
	require.True(t, errs.Is(err, errs.KindInvalid), "it is over")
	_, err = p.Production(t.Context(), acme, nil, day(t, "2026-06-03"), "x")
	require.True(t, errs.Is(err, errs.KindInvalid), "too far ahead")
}

func TestDaysOnWhichTheClockIsChangedArePlannedWhole(t *testing.T) {
	t.Parallel()
	for text, hours := range map[string]int{"2026-03-29": 23, "2026-10-25": 25} {
		d := day(t, text)
		k := setup(t)
		k.larder(t, acme, main)
		k.clock.now = (d - 1).Time().Add(6 * time.Hour)
		k.report(t, main, d-2, 60, "burger")
		_, err := k.service.Forecast(t.Context(), acme, d-1)
		require.NoError(t, err)
		list, err := k.store.DemandOf(t.Context(), acme, []int64{main}, d, d)
		require.NoError(t, err)
		require.Len(t, list[0].Hours, hours)
		p := planning.NewPlanner(k.store, k.clock)
		_, err = p.Production(t.Context(), acme, nil, d, "x")
		require.NoError(t, err)
		plan, _, o, err := p.ProductionOf(t.Context(), k.who, 0, d, 0)
		require.NoError(t, err)
		require.InDelta(t, list[0].Mean, plan.Totals[0].Expected.Units(), 0.1, "all hours of it")
		for _, s := range plan.Starts {
			require.Equal(t, text, s.Begin.In(o.Zone).Format(time.DateOnly))
			hour := s.For.In(o.Zone).Hour()
			require.GreaterOrEqual(t, hour, 8, "nothing sells at night")
		}
	}
}

func TestOldPlansAreDeleted(t *testing.T) {
	t.Parallel()
	k := setup(t)
	k.exec(t, `insert into plans (tenant_id, outlet_id, kind, day, revision, digest, body, problems, made_by, made_at)
		select 7, 70, 'stock', date '1970-01-01' + d, 1, '', '{}', 0, 'x', now() from generate_series(20000, 20009) d`)
	for _, want := range []int{3, 2, 0} {
		n, err := k.store.PrunePlans(t.Context(), 20005, 3)
		require.NoError(t, err)
		require.Equal(t, want, n)
	}
	require.Equal(t, 20005, value[int](t, k, `select min(day) - date '1970-01-01' from plans`))
}
