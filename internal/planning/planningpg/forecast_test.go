package planningpg_test

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"brigade/internal/errs"
	"brigade/internal/planning"
)

func (k *kit) current(t testing.TB, q planning.Query) []planning.Forecast {
	t.Helper()
	q.Most = 10000
	list, err := k.service.Current(t.Context(), k.who, q)
	require.NoError(t, err)
	return list
}

func (k *kit) totals(t testing.TB, level planning.Level, first, last planning.Day) []planning.TotalForecast {
	t.Helper()
	list, err := k.service.Totals(t.Context(), k.who, level, planning.Query{First: first, Last: last, Most: 10000})
	require.NoError(t, err)
	return list
}

func TestForecastsAreKeptAgreeAndAreZeroOnClosedDays(t *testing.T) {
	t.Parallel()
	k := setup(t)
	first := day(t, "2026-05-04")
	k.report(t, main, first-1, 200, "wrap", "soda", "cake")
	k.report(t, beach, first-1, 90, "wrap", "ice")
	require.NoError(t, k.service.AddMarks(t.Context(), k.who, []planning.Mark{
		{Outlet: main, Day: first + 2, Kind: planning.MarkClosed}, {Outlet: beach, SKU: "ice", Day: first + 3, Kind: planning.MarkPromotion, Name: "2 for 1"},
	}))
	run, err := k.service.Forecast(t.Context(), acme, first)
	require.NoError(t, err)
	require.Equal(t, planning.RunDone, run.Status)
	require.Equal(t, 5, run.Series)

	list := k.current(t, planning.Query{First: first, Last: first + 13})
	require.Len(t, list, 5*14)
	for _, f := range list {
		require.True(t, slices.IsSorted(f.Quantiles), "%v", f.Quantiles)
		require.Len(t, f.Quantiles, 7)
		require.Len(t, f.Hours, 24)
		hours := 0.0
		for _, h := range f.Hours {
			hours += h
		}
		require.InDelta(t, f.Mean, hours, 1e-3*(1+f.Mean))
		if f.Outlet == main && f.Day == first+2 {
			require.Zero(t, f.Mean)
			require.Zero(t, f.Quantiles[6])
		} else {
			require.Positive(t, f.Mean)
			require.Greater(t, f.Hours[13]+f.Hours[20], 0.95*f.Mean, "it sells at noon and in the evening")
		}
	}
	for _, level := range []planning.Level{planning.LevelOutlet, planning.LevelProduct, planning.LevelNetwork} {
		for _, total := range k.totals(t, level, first, first+13) {
			sum := 0.0
			for _, f := range list {
				if f.Day == total.Day && (total.Outlet == 0 || total.Outlet == f.Outlet) && (total.SKU == "" || total.SKU == f.SKU) {
					sum += f.Mean
				}
			}
			require.InDelta(t, sum, total.Mean, 1e-3*(1+sum), "%s %v", level, total)
			require.True(t, slices.IsSorted(total.Quantiles))
		}
	}

	again, err := k.service.Forecast(t.Context(), acme, first)
	require.NoError(t, err)
	require.Equal(t, run.ID, again.ID, "made already")
	second, err := k.service.Request(t.Context(), k.who, 0, first, 7, true)
	require.NoError(t, err)
	require.Equal(t, 2, second.Attempt)
	second, err = k.service.Work(t.Context(), acme, second.ID)
	require.NoError(t, err)
	old := k.current(t, planning.Query{First: first, Last: first + 13, Run: run.ID})
	require.Equal(t, fmt.Sprint(list), fmt.Sprint(old), "what was made stays as it was made")
	now := k.current(t, planning.Query{First: first, Last: first + 6})
	require.Equal(t, second.ID, now[0].Run)
}

func TestForecastsOfNothingAndOfShortHistories(t *testing.T) {
	t.Parallel()
	k := setup(t)
	first := day(t, "2026-05-04")
	run, err := k.service.Forecast(t.Context(), acme, first)
	require.NoError(t, err, "a tenant without sales")
	require.Equal(t, planning.RunDone, run.Status)
	require.Empty(t, k.current(t, planning.Query{First: first, Last: first + 13}))

	k.report(t, main, first-1, 3, "new")
	k.report(t, main, first-1, 60, "a", "b", "c")
	_, err = k.service.Report(t.Context(), k.who, "pos:b", []planning.Line{
		{Outlet: main, SKU: "refund", Day: first - 1, Hour: planning.NoHour, Milli: -5000},
		{Outlet: main, SKU: "huge", Day: first - 1, Hour: planning.NoHour, Milli: 1e14},
		{Outlet: main, SKU: "none", Day: first - 1, Hour: planning.NoHour},
	})
	require.NoError(t, err)
	again, err := k.service.Request(t.Context(), k.who, 0, first, 14, true)
	require.NoError(t, err)
	_, err = k.service.Work(t.Context(), acme, again.ID)
	require.NoError(t, err)
	for _, f := range k.current(t, planning.Query{First: first, Last: first + 13}) {
		require.False(t, math.IsNaN(f.Mean) || math.IsInf(f.Mean, 0) || f.Mean < 0, f.SKU)
		switch f.SKU {
		case "new":
			require.InDelta(t, 24, f.Mean, 16)
			require.NotEmpty(t, f.Why)
		case "refund", "none":
			require.Zero(t, f.Mean, f.SKU)
		}
	}
}

// The day of which nothing was reported is not a day without sales.
func TestDaysWithoutReportsAreNotKnown(t *testing.T) {
	t.Parallel()
	k := setup(t)
	first := day(t, "2026-05-04")
	k.report(t, main, first-1, 120, "wrap")
	before := k.forecastOf(t, first, "wrap")
	k.exec(t, `delete from sales_days where day > '2026-04-20'`)
	k.exec(t, `delete from sales_outlet_days where day > '2026-04-20'`)
	require.InDelta(t, before, k.forecastOf(t, first, "wrap"), 0.25*before, "two weeks that were not reported")
	k.exec(t, `insert into sales_outlet_days select 70, date '2026-04-20' + g, 7, 1 from generate_series(1, 13) g`)
	require.Less(t, k.forecastOf(t, first, "wrap"), 0.75*before, "two weeks in which others were sold")
}

// forecastOf forecasts again and returns what a product at the main outlet sells on the first day.
func (k *kit) forecastOf(t testing.TB, first planning.Day, sku string) float64 {
	t.Helper()
	run, err := k.service.Request(t.Context(), k.who, 0, first, 14, true)
	require.NoError(t, err)
	_, err = k.service.Work(t.Context(), acme, run.ID)
	require.NoError(t, err)
	list := k.current(t, planning.Query{Outlet: main, SKU: sku, First: first, Last: first})
	require.Len(t, list, 1)
	return list[0].Mean
}

// What happens after a run's days began must not change what it makes.
func TestThereIsNoLookAhead(t *testing.T) {
	t.Parallel()
	k := setup(t)
	first := day(t, "2026-04-20")
	k.report(t, main, first-1, 100, "wrap", "soda")
	before := k.forecastOf(t, first, "wrap")
	_, err := k.service.Report(t.Context(), k.who, "pos:b", []planning.Line{{Outlet: main, SKU: "wrap", Day: first, Hour: 12, Milli: 9e6}})
	require.NoError(t, err)
	require.InDelta(t, before, k.forecastOf(t, first, "wrap"), 0)
}

func TestOneWorksOnARunAtATime(t *testing.T) {
	t.Parallel()
	k := setup(t)
	first := day(t, "2026-05-04")
	run, err := k.service.Request(t.Context(), k.who, 0, first, 14, false)
	require.NoError(t, err)
	same, err := k.service.Request(t.Context(), k.who, 0, first, 14, true)
	require.NoError(t, err)
	require.Equal(t, run.ID, same.ID, "it is not made yet")
	mine, err := k.store.Claim(t.Context(), acme, run.ID, k.clock.now)
	require.NoError(t, err)
	_, err = k.service.Work(t.Context(), acme, run.ID)
	require.True(t, errs.Is(err, errs.KindConflict), err)

	k.exec(t, `update forecast_runs set beat_at = now() - interval '2 minutes'`)
	n, err := k.service.WorkOpen(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, n, "whoever had it gave no sign of life")
	for _, late := range []error{k.store.Beat(t.Context(), mine), k.store.Finish(t.Context(), acme, mine, planning.Made{}, k.clock.now)} {
		require.True(t, errs.Is(late, errs.KindConflict), late)
	}
	_, err = k.service.Request(t.Context(), k.who, 0, first+40, 0, false)
	require.ErrorContains(t, err, "days")
	require.ErrorContains(t, err, "day ")
}

// The night takes over at once what a process began that died: it is made once, by whoever is to make it now.
func TestTheNightTakesOverWhatWasLeft(t *testing.T) {
	t.Parallel()
	k := setup(t)
	first := day(t, "2026-05-04")
	k.report(t, main, first-1, 100, "wrap")
	run, err := k.service.Request(t.Context(), k.who, 0, first, 14, false)
	require.NoError(t, err)
	died, err := k.store.Claim(t.Context(), acme, run.ID, k.clock.now)
	require.NoError(t, err)
	for range 2 {
		made, err := k.service.Forecast(t.Context(), acme, first)
		require.NoError(t, err)
		require.Equal(t, run.ID, made.ID)
		require.Equal(t, planning.RunDone, made.Status)
	}
	require.True(t, errs.Is(k.store.Finish(t.Context(), acme, died, planning.Made{}, k.clock.now), errs.KindConflict))
	_, err = k.store.Seize(t.Context(), acme, run.ID, k.clock.now)
	require.True(t, errs.Is(err, errs.KindConflict), "what is made is not made again")
}

func TestTheRestOfTodayFollowsTheMorning(t *testing.T) {
	t.Parallel()
	k := setup(t)
	today := day(t, "2026-05-04")
	k.report(t, main, today-1, 120, "wrap", "soda")
	_, err := k.service.Forecast(t.Context(), acme, today)
	require.NoError(t, err)
	k.clock.now = time.Date(2026, 5, 4, 12, 30, 0, 0, time.UTC) // 14:30 in Madrid
	line := planning.Line{Outlet: main, SKU: "wrap", Day: today, Hour: 13, Milli: 40_000}
	_, err = k.service.Report(t.Context(), k.who, "pos:till", []planning.Line{line, {Outlet: main, SKU: "wrap", Day: today, Hour: 14, Milli: 99_000}})
	require.NoError(t, err)
	list, hour, err := k.service.Today(t.Context(), k.who, main)
	require.NoError(t, err)
	require.Equal(t, 14, hour)
	soda, wrap := list[0], list[1]
	require.InDelta(t, 40, wrap.Sold, 0, "the hour that goes on is not over")
	require.Greater(t, wrap.Mean, 1.3*wrap.Morning)
	require.Less(t, soda.Mean, 0.9*soda.Morning)
	require.InDelta(t, wrap.Mean, wrap.Sold+wrap.Rest, 1e-9)
	require.LessOrEqual(t, wrap.Low, wrap.Mean)
	require.True(t, slices.IsSorted(wrap.Quantiles))

	run, err := k.service.KeepToday(t.Context(), k.who, main)
	require.NoError(t, err)
	require.Equal(t, planning.RunIntraday, run.Kind)
	now := k.current(t, planning.Query{Outlet: main, SKU: "wrap", First: today, Last: today})[0]
	require.InDelta(t, wrap.Mean, now.Mean, 1e-3)
	toCome := 0.0
	for _, h := range now.Hours {
		toCome += h
	}
	require.InDelta(t, wrap.Rest, toCome, 1e-3)
	made := k.current(t, planning.Query{Outlet: main, SKU: "wrap", First: today, Last: today, Kind: planning.RunDaily})[0]
	require.InDelta(t, wrap.Morning, made.Mean, 1e-6, "what was forecast before the day stays")
	again, _, err := k.service.Today(t.Context(), k.who, main)
	require.NoError(t, err)
	require.InDelta(t, wrap.Mean, again[1].Mean, 1e-9, "it starts from the morning's, not from itself")
}

func TestForecastsAreBroughtUpToDateOnceAfterNoon(t *testing.T) {
	t.Parallel()
	k := setup(t)
	today := day(t, "2026-05-04")
	k.report(t, main, today-1, 60, "wrap")
	k.report(t, beach, today-1, 60, "wrap")
	_, err := k.service.Forecast(t.Context(), acme, today)
	require.NoError(t, err)
	k.report(t, main, today, 1, "wrap")
	for _, c := range []struct{ hour, kept int }{{9, 0}, {10, 1}, {11, 0}} { // in UTC: noon comes two hours earlier in Madrid
		k.clock.now = time.Date(2026, 5, 4, c.hour, 5, 0, 0, time.UTC)
		n, err := k.service.Noon(t.Context())
		require.NoError(t, err)
		require.Equal(t, c.kept, n, "at %d UTC; the other outlet has sold nothing yet", c.hour)
	}
}

func TestEditsAreKeptBesideTheForecast(t *testing.T) {
	t.Parallel()
	k := setup(t)
	today := day(t, "2026-05-04")
	k.report(t, main, today-1, 60, "wrap")
	_, err := k.service.Edit(t.Context(), k.who, main, "wrap", today+1, 60, "")
	require.True(t, errs.Is(err, errs.KindNotFound), err)
	_, err = k.service.Forecast(t.Context(), acme, today)
	require.NoError(t, err)
	made := k.current(t, planning.Query{SKU: "wrap", First: today + 1, Last: today + 1})[0]
	f, err := k.service.Edit(t.Context(), k.who, 0, "wrap", today+1, 60, "wedding")
	require.NoError(t, err)
	require.InDelta(t, 60, f.Expected(), 0)
	require.InDelta(t, made.Mean, f.Mean, 0)
	require.Equal(t, "ann", f.EditedBy)
	_, err = k.service.Edit(t.Context(), k.who, main, "wrap", today-1, 60, "")
	require.True(t, errs.Is(err, errs.KindConflict), err)
	_, err = k.service.Edit(t.Context(), k.who, main, "wrap", today, -1, "")
	require.True(t, errs.Is(err, errs.KindInvalid), err)
}

// anySales are whatever may have been sold before a day.
func anySales(first planning.Day) *rapid.Generator[[]planning.Line] {
	return rapid.Custom(func(r *rapid.T) []planning.Line {
		var lines []planning.Line
		for range rapid.IntRange(0, 60).Draw(r, "lines") {
			l := planning.Line{
				Outlet: rapid.SampledFrom([]int64{main, beach}).Draw(r, "outlet"), SKU: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(r, "sku"),
				Day: first - planning.Day(rapid.IntRange(1, 90).Draw(r, "days ago")), Hour: rapid.IntRange(-1, 23).Draw(r, "hour"),
				Milli: rapid.Int64Range(-1e6, 1e8).Draw(r, "milli"), SoldOut: rapid.Bool().Draw(r, "sold out"),
			}
			l.OwnKey()
			lines = append(lines, l)
		}
		return lines
	})
}

// Whatever was sold, quantiles are ordered and totals are the sums of their parts.
func TestForecastsAreSaneWhateverWasSold(t *testing.T) {
	t.Parallel()
	k := setup(t)
	first := day(t, "2026-05-04")
	for seed := range 15 {
		k.exec(t, `truncate sales_lines, sales_days, sales_hours, sales_outlet_days, calendar_days`)
		_, err := k.store.Merge(t.Context(), acme, "pos:x", anySales(first).Example(seed))
		require.NoError(t, err)
		closed := first + planning.Day(seed%14)
		require.NoError(t, k.service.AddMarks(t.Context(), k.who, []planning.Mark{{Day: closed, Kind: planning.MarkClosed}}))
		run, err := k.service.Request(t.Context(), k.who, 0, first, 14, true)
		require.NoError(t, err)
		_, err = k.service.Work(t.Context(), acme, run.ID)
		require.NoError(t, err)
		byDay := map[planning.Day]float64{}
		for _, f := range k.current(t, planning.Query{First: first, Last: first + 13}) {
			require.True(t, slices.IsSorted(f.Quantiles))
			require.False(t, f.Mean < 0 || f.Day == closed && f.Mean != 0)
			byDay[f.Day] += f.Mean
		}
		for _, total := range k.totals(t, planning.LevelNetwork, first, first+13) {
			require.InDelta(t, byDay[total.Day], total.Mean, 1e-3*(1+total.Mean))
			require.True(t, slices.IsSorted(total.Quantiles))
		}
	}
}
