package planningpg_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/errs"
	"brigade/internal/planning"
)

// at lets the clock show noon UTC of a day.
func (k *kit) at(d planning.Day) { k.clock.now = d.Time().Add(12 * time.Hour) }

func (k *kit) validate(t testing.TB, d planning.Day) []planning.Validation {
	t.Helper()
	list, err := k.service.Validate(t.Context(), acme, d)
	require.NoError(t, err)
	return list
}

func TestYesterdayIsComparedOnceAndAgainWhenSalesComeLate(t *testing.T) {
	t.Parallel()
	k := setup(t)
	first := day(t, "2026-05-04")
	k.at(first)
	k.report(t, main, first-1, 120, "wrap", "soda")
	k.report(t, beach, first-1, 120, "wrap")
	_, err := k.service.Forecast(t.Context(), acme, first)
	require.NoError(t, err)
	_, err = k.service.Validate(t.Context(), acme, first)
	require.True(t, errs.Is(err, errs.KindInvalid), "the day goes on: %v", err)
	_, err = k.service.Edit(t.Context(), k.who, main, "wrap", first, 1000, "hope")
	require.NoError(t, err)

	k.at(first + 1)
	require.Empty(t, k.validate(t, first), "nobody has reported")
	k.report(t, main, first, 1, "wrap", "soda")
	list := k.validate(t, first)
	require.Len(t, list, 1)
	v := list[0]
	require.Equal(t, planning.ValidatedDaily, v.Kind)
	require.Equal(t, 2, v.Validated)
	require.Equal(t, 1, v.Gaps, "the other outlet is missing")
	require.Len(t, v.Outlets, 1)
	require.Len(t, v.Products, 2)
	require.Less(t, v.Overall.WAPE, 0.3)
	require.InDelta(t, 1-v.Overall.WAPE, v.Overall.Accuracy, 1e-9)
	require.Equal(t, v.ID, k.validate(t, first)[0].ID, "again compares nothing")

	k.at(first + 3)
	k.report(t, beach, first, 1, "wrap")
	_, err = k.service.Report(t.Context(), k.who, "pos:late", []planning.Line{{Outlet: main, SKU: "soda", Day: first, Hour: 20, Milli: 500_000}})
	require.NoError(t, err)
	late := k.validate(t, first+2)
	require.Len(t, late, 1)
	require.Equal(t, planning.ValidatedLate, late[0].Kind)
	require.Equal(t, 2, late[0].Late)
	require.Equal(t, 3, late[0].Validated)
	require.Greater(t, late[0].Overall.WAPE, v.Overall.WAPE, "what came late was not foreseen")
	require.Equal(t, 4, late[0].Gaps, "two days of two outlets")

	a, err := k.service.Accuracy(t.Context(), k.who, planning.Query{First: first, Last: first})
	require.NoError(t, err)
	require.Equal(t, 3, a.Overall.Days)
	require.Equal(t, 1, a.Edited)
	require.Greater(t, a.ByHand.MAE, 10*a.ByModel.MAE, "the edit was no good")
	require.Equal(t, "soda", a.Worst[0].SKU)
	require.True(t, math.IsNaN(a.Before.MAE), "no forecasts in the week before")
	_, byProduct, err := k.service.Metrics(t.Context(), k.who, late[0].ID, planning.LevelProduct, 0, 10)
	require.NoError(t, err)
	require.Len(t, byProduct, 3)
	require.Equal(t, "soda", byProduct[2].SKU, "the worst comes last")
}

// A forecast made after the day began is not the one to judge.
func TestTheForecastMadeBeforeTheDayIsJudged(t *testing.T) {
	t.Parallel()
	k := setup(t)
	first := day(t, "2026-05-04")
	k.at(first)
	k.report(t, main, first-1, 90, "wrap")
	_, err := k.service.Forecast(t.Context(), acme, first)
	require.NoError(t, err)
	k.report(t, main, first, 1, "wrap")
	_, err = k.service.KeepToday(t.Context(), k.who, main)
	require.NoError(t, err)
	k.at(first + 1)
	_, err = k.service.Forecast(t.Context(), acme, first+1)
	require.NoError(t, err)
	require.Len(t, k.validate(t, first), 1)
	require.Equal(t, int64(1), value[int64](t, k, `select count(*) from forecast_outcomes o join forecast_runs r on r.id = o.run_id
		where r.kind = 'daily' and r.day = '2026-05-04' and o.ahead = 1`))
}

func TestSoldOutDaysSayNothingAgainstAHigherForecast(t *testing.T) {
	t.Parallel()
	k := setup(t)
	first := day(t, "2026-05-04")
	k.at(first)
	k.report(t, main, first-1, 90, "wrap", "soda")
	_, err := k.service.Forecast(t.Context(), acme, first)
	require.NoError(t, err)
	k.report(t, main, first, 1, "soda")
	_, err = k.service.Report(t.Context(), k.who, "pos:x", []planning.Line{{Outlet: main, SKU: "wrap", Day: first, Hour: 12, Milli: 3000, SoldOut: true}})
	require.NoError(t, err)
	k.at(first + 1)
	v := k.validate(t, first)[0]
	require.Equal(t, 2, v.Validated)
	require.Equal(t, 1, v.Overall.Days)
}

// report30 has a product validated for 60 days with given errors: 30 days, and the 30 before.
func (k *kit) outcomes(t testing.TB, last planning.Day, sku string, before, now float64) {
	t.Helper()
	k.exec(t, `insert into forecast_outcomes (series_id, day, tenant_id, run_id, ahead, version, actual, mean, low, high, sold_out)
		select s.id, date '1970-01-01' + $1::int - g, 7, 1, 1, 1, 100, 100 * (1 + case when g < 30 then $3::float8 else $2::float8 end), 0, 200, false
		from generate_series(0, 59) g, sales_series s where s.sku = $4 and s.outlet_id = 70`, int32(last), before, now, sku)
}

func TestPoorModelsAreRefittedAndOnlyBetterOnesAdopted(t *testing.T) {
	t.Parallel()
	k := setup(t)
	last := day(t, "2026-05-03")
	k.at(last + 1)
	k.report(t, main, last, 200, "fine", "poor", "worse", "steady")
	// The business changed twelve weeks ago: what was before misleads, the weekdays are turned around.
	k.exec(t, `update sales_days d set quantity_milli = case when extract(isodow from d.day) in (1, 2, 3) then 90000 else 4000 end
		from sales_series s where s.id = d.series_id and s.sku = 'poor' and d.day < '2026-02-20'`)
	run, err := k.service.Request(t.Context(), k.who, 0, last+1, 14, false)
	require.NoError(t, err)
	_, err = k.service.Work(t.Context(), acme, run.ID)
	require.NoError(t, err)
	k.outcomes(t, last, "fine", 0.10, 0.12)
	k.outcomes(t, last, "poor", 0.40, 0.45)
	k.outcomes(t, last, "worse", 0.10, 0.20)
	k.outcomes(t, last, "steady", 0.10, 0.10)
	refit := func(o planning.RefitOptions) map[string]planning.Fitted {
		list, err := k.service.Refit(t.Context(), acme, last, o)
		require.NoError(t, err)
		bySKU := map[string]planning.Fitted{}
		for _, f := range list {
			bySKU[f.SKU] = f
		}
		return bySKU
	}
	require.Empty(t, refit(planning.RefitOptions{}), "all models are new")
	k.exec(t, `update forecast_models set fitted_on = fitted_on - 10`)
	fitted := refit(planning.RefitOptions{})
	require.Len(t, fitted, 2)
	require.Equal(t, planning.FitPoor, fitted["poor"].Reason)
	require.Equal(t, planning.FitWorse, fitted["worse"].Reason)
	for sku, f := range fitted {
		require.Equal(t, 2, f.Version)
		if f.Adopted {
			require.Less(t, f.After, f.Before, sku)
			require.NotZero(t, f.History)
		} else {
			require.False(t, f.After < f.Before && f.History != 0, sku)
		}
	}
	require.Empty(t, refit(planning.RefitOptions{}), "again on the same day changes nothing")

	k.exec(t, `update forecast_models set fitted_on = fitted_on - 40`)
	old := refit(planning.RefitOptions{Most: 3})
	require.Len(t, old, 3)
	require.Equal(t, planning.FitOld, old["fine"].Reason, "the poorest come first")
	byHand, err := k.service.RefitNow(t.Context(), k.who, main, "steady")
	require.NoError(t, err)
	require.Equal(t, planning.FitHand, byHand[0].Reason)
	_, err = k.service.RefitNow(t.Context(), k.who, main, "pizza")
	require.True(t, errs.Is(err, errs.KindNotFound), err)
	models, err := k.store.Models(t.Context(), acme)
	require.NoError(t, err)
	for _, m := range models {
		require.NotZero(t, m.Version, "there is always one in force")
	}
}
