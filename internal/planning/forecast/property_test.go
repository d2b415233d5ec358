package forecast_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"brigade/internal/planning/forecast"
)

// anySeries draws any history there may be.
func anySeries(t *rapid.T, id string) forecast.Series {
	n := rapid.IntRange(0, 200).Draw(t, "days")
	s := shop{
		level: rapid.Float64Range(0, 1000).Draw(t, "level"), noise: rapid.Float64Range(0, 2).Draw(t, "noise"),
		growth: rapid.Float64Range(-1, 3).Draw(t, "growth"), weekdays: weekend, days: n,
		seed: rapid.Uint64().Draw(t, "seed"), whole: rapid.Bool().Draw(t, "whole"), chance: rapid.Float64Range(0, 1).Draw(t, "chance"),
		start: monday + forecast.Day(rapid.IntRange(-400, 400).Draw(t, "start")),
	}.series(id)
	s.Calendar = &forecast.Calendar{Start: s.Start, Days: make([]forecast.Marks, n+20)}
	odd := rapid.SliceOfN(rapid.IntRange(0, n+19), 0, 20)
	for _, i := range odd.Draw(t, "marked") {
		s.Calendar.Days[i] |= forecast.Marks(rapid.IntRange(0, 7).Draw(t, "marks"))
	}
	wild := rapid.SampledFrom([]float64{nan, math.Inf(1), -5, 0, 1e9, 1e300, 1e-300})
	for _, i := range odd.Draw(t, "wild") {
		if i < n {
			s.Sales[i] = wild.Draw(t, "value")
		}
	}
	s.SoldOut = rapid.SliceOfN(rapid.Bool(), 0, n).Draw(t, "sold out")
	return s
}

func TestForecastsAreOrderedNeverNegativeAndZeroWhenClosed(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		list := []forecast.Series{anySeries(t, "a"), anySeries(t, "b")}
		levels := []float64{0.9, 0.05, 0.25, 0.5, 0.99}
		for k, r := range forecast.Pool(list, 14, forecast.Options{Levels: levels}) {
			for i, d := range r.Days {
				require.Equal(t, list[k].End()+forecast.Day(i), d.Day)
				require.Len(t, d.Quantiles, len(levels))
				require.True(t, slices.IsSorted(d.Quantiles), "%v", d)
				require.False(t, math.IsNaN(d.Mean+total(d.Quantiles)) || d.Mean < 0 || d.Quantiles[0] < 0, "%v", d)
				if !list[k].Calendar.Open(d.Day) {
					require.Zero(t, d.Mean+total(d.Quantiles))
				}
			}
		}
	})
}

func TestForecastsScaleWithSales(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := anySeries(t, "a")
		for i := range s.Sales {
			s.Sales[i] = min(s.Sales[i], 1e12) + 1.0/3 // not whole
		}
		scaled := s
		scaled.Sales = make([]float64, len(s.Sales))
		const factor = 1024
		for i, v := range s.Sales {
			scaled.Sales[i] = factor * v
		}
		a, b := fit(s), fit(scaled)
		for i := range a.Days {
			require.InDelta(t, factor*a.Days[i].Mean, b.Days[i].Mean, 1e-6*factor*(1+a.Days[i].Mean))
			for q := range a.Days[i].Quantiles {
				require.InDelta(t, factor*a.Days[i].Quantiles[q], b.Days[i].Quantiles[q], 1e-6*factor*(1+a.Days[i].Mean))
			}
		}
	})
}

// What comes after the last known day must not matter, whatever it is.
func TestThereIsNoLookAhead(t *testing.T) {
	t.Parallel()
	list := town(30, 330)
	shifted := make([]forecast.Series, len(list))
	origin := monday + 299
	for i, s := range list {
		shifted[i] = s
		shifted[i].Sales = append([]float64(nil), s.Sales...)
		for k := 300; k < len(s.Sales); k++ {
			shifted[i].Sales[k] = 1000 - s.Sales[k]
		}
	}
	back := func(series []forecast.Series) *forecast.Backtest {
		return forecast.NewBacktest(series, []forecast.Day{origin - 30, origin}, 14, forecast.Options{}, func(int) bool { return true })
	}
	require.Equal(t, back(list).Results, back(shifted).Results)
}

func TestTheOrderOfSeriesAndTheWorkersDoNotMatter(t *testing.T) {
	t.Parallel()
	list := town(40, 250)
	want := forecast.Pool(list, 14, forecast.Options{})
	turned := slices.Clone(list)
	slices.Reverse(turned)
	got := forecast.Pool(turned, 14, forecast.Options{Workers: 4})
	slices.Reverse(got)
	require.Equal(t, want, got)
}

func TestPoolTellsItsProgressAndStops(t *testing.T) {
	t.Parallel()
	last := 0
	o := forecast.Options{Progress: func(done, all int) {
		require.GreaterOrEqual(t, done, last)
		require.LessOrEqual(t, done, all)
		last = done
	}}
	require.Len(t, forecast.Pool(town(20, 100), 7, o), 20)
	require.Equal(t, 20, last)
	stop := make(chan struct{})
	close(stop)
	require.Nil(t, forecast.Pool(town(5, 50), 7, forecast.Options{Stop: stop}))
}

// Businesses that the models have not been tried on: the forecasts beat the naive one, without bias, and the intervals
// hold what they promise.
func TestForecastsAreGoodForOtherBusinesses(t *testing.T) {
	t.Parallel()
	for name, proto := range map[string]shop{
		"revenue":      {level: 2500, noise: 0.2, growth: 0.2, season: 0.15, weekdays: weekend},
		"visitors":     {level: 90, noise: 0.25, season: 0.2, weekdays: [7]float64{0.6, 0.8, 1, 1, 1.1, 1.3, 1.2}, whole: true},
		"slow":         {level: 3, noise: 0.6, weekdays: weekend, whole: true},
		"intermittent": {level: 4, noise: 0.4, weekdays: [7]float64{1, 1, 1, 1, 1, 1, 1}, whole: true, chance: 0.25},
		"new":          {level: 40, noise: 0.3, weekdays: weekend, whole: true, days: 120},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := proto
			if s.days == 0 {
				s.days = 500
			}
			s.calendar = holidays(monday, s.days+30)
			var list []forecast.Series
			for i := range 16 {
				s.seed = uint64(i)
				list = append(list, s.series(fmt.Sprint(i)))
			}
			var origins []forecast.Day
			for i := s.days - 70; i <= s.days-14; i += 28 {
				origins = append(origins, monday+forecast.Day(i)-1)
			}
			back := forecast.NewBacktest(list, origins, 14, forecast.Options{}, func(int) bool { return true })
			scales := map[string]forecast.Scale{}
			for i := range list {
				known := list[i].Until(origins[0])
				mase, rmsse := forecast.Scales(&known)
				scales[known.ID] = forecast.Scale{MASE: mase, RMSSE2: rmsse}
			}
			score := back.Score(14, forecast.DefaultLevels, scales)
			t.Logf("MASE %.3f RMSSE %.3f WAPE %.3f bias %+.3f coverage %.3f", score.MASE, score.RMSSE, score.WAPE, score.Bias, score.Coverage)
			require.Less(t, score.RMSSE, 0.95)
			bias := 0.06
			if s.chance > 0 {
				bias = 0.15 // few sales, much chance
			}
			require.InDelta(t, 0, score.Bias, bias)
			require.InDelta(t, 0.9, score.Coverage, 0.06)
		})
	}
}
