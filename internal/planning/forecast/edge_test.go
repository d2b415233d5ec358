package forecast_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/planning/forecast"
)

var nan = math.NaN()

// repeated returns n days of values that come round.
func repeated(n int, values ...float64) []float64 {
	list := make([]float64, n)
	for i := range list {
		list[i] = values[i%len(values)]
	}
	return list
}

func fit(s forecast.Series) forecast.Result { return forecast.Fit(s, 14, forecast.Options{}) }

// sane checks what holds for every forecast.
func sane(t testing.TB, r forecast.Result) {
	t.Helper()
	for _, d := range r.Days {
		require.False(t, math.IsNaN(d.Mean) || math.IsInf(d.Mean, 0), "%v %v", r.ID, d)
		require.GreaterOrEqual(t, d.Mean, 0.0)
		last := 0.0
		for _, q := range d.Quantiles {
			require.False(t, math.IsNaN(q) || math.IsInf(q, 0), "%v %v", r.ID, d)
			require.GreaterOrEqual(t, q, last)
			last = q
		}
	}
}

func TestEmptyHistoryIsForecastAsZeroAndSaysSo(t *testing.T) {
	t.Parallel()
	r := fit(forecast.Series{ID: "a", Start: monday})
	require.Len(t, r.Days, 14)
	require.Zero(t, total(means(r)))
	require.Contains(t, r.Why, "no sales to learn from")
	require.Equal(t, monday, r.Days[0].Day)
	require.Empty(t, forecast.Pool(nil, 14, forecast.Options{}))
}

func TestThreeDaysGiveTheirMean(t *testing.T) {
	t.Parallel()
	r := fit(forecast.Series{ID: "a", Start: monday, Sales: []float64{10, 12, 11}})
	sane(t, r)
	require.InDelta(t, 11, total(means(r))/14, 2)
	require.Contains(t, r.Why, "only 3 days")
	require.Less(t, r.Days[9].Quantiles[0], r.Days[9].Quantiles[2])
}

func TestConstantStaysConstant(t *testing.T) {
	t.Parallel()
	for _, days := range []int{1, 10, 100, 800} {
		r := fit(forecast.Series{ID: "a", Start: monday, Sales: repeated(days, 7)})
		sane(t, r)
		for _, m := range means(r) {
			require.InDelta(t, 7, m, 0.2, "%d days", days)
		}
	}
}

func TestNothingEverSold(t *testing.T) {
	t.Parallel()
	r := fit(forecast.Series{ID: "a", Start: monday, Sales: make([]float64, 200)})
	sane(t, r)
	require.Zero(t, total(means(r)))
	require.Equal(t, "nothing was ever sold", r.Why)
}

func TestGapsAreSkippedNotTakenForZero(t *testing.T) {
	t.Parallel()
	full := shop{level: 100, noise: 0.1, weekdays: weekend, days: 400, seed: 1}.series("a")
	gappy := full
	gappy.Sales = append([]float64(nil), full.Sales...)
	for i := range gappy.Sales {
		if i%3 == 1 || i > 200 && i < 240 {
			gappy.Sales[i] = nan
		}
	}
	r := fit(gappy)
	sane(t, r)
	require.InEpsilon(t, total(means(fit(full))), total(means(r)), 0.08)
}

func TestAnUnknownClosureIsNotLearntFrom(t *testing.T) {
	t.Parallel()
	s := shop{level: 100, noise: 0.1, weekdays: weekend, days: 400, seed: 1}.series("a")
	want := total(means(fit(s)))
	for i := 380; i < 392; i++ {
		s.Sales[i] = 0 // two weeks of holidays that nobody entered
	}
	require.InEpsilon(t, want, total(means(fit(s))), 0.08)
}

func TestWithdrawnProductIsForecastAsZero(t *testing.T) {
	t.Parallel()
	s := shop{level: 100, noise: 0.1, weekdays: weekend, days: 400, seed: 1}.series("a")
	for i := 380; i < 400; i++ {
		s.Sales[i] = 0
	}
	r := fit(s)
	require.Zero(t, total(means(r)))
	require.Contains(t, r.Why, "withdrawn")
}

func TestHugeValues(t *testing.T) {
	t.Parallel()
	big := shop{level: 1e15, noise: 0.2, weekdays: weekend, days: 400, seed: 2}.series("a")
	sane(t, fit(big))
	s := shop{level: 50, noise: 0.2, weekdays: weekend, days: 400, seed: 2}.series("a")
	want := total(means(fit(s)))
	s.Sales[395] = 1e12 // a typing error
	s.Sales[300] = math.Inf(1)
	r := fit(s)
	sane(t, r)
	require.InEpsilon(t, want, total(means(r)), 0.25)
}

func TestReturnsCountAsNoSales(t *testing.T) {
	t.Parallel()
	s := shop{level: 50, noise: 0.2, weekdays: weekend, days: 400, seed: 3}.series("a")
	want := total(means(fit(s)))
	s.Sales[390] = -4000
	r := fit(s)
	sane(t, r)
	require.InEpsilon(t, want, total(means(r)), 0.1)
	sane(t, fit(forecast.Series{ID: "b", Start: monday, Sales: repeated(100, -1, -2)}))
}

func TestRenamedProductKeepsItsHistory(t *testing.T) {
	t.Parallel()
	whole := shop{level: 80, noise: 0.2, weekdays: weekend, days: 400, seed: 4}.series("new")
	old, now := whole, whole
	old.ID, old.Sales = "old", whole.Sales[:350]
	now.Start, now.Sales = whole.Start+340, append(make([]float64, 10), whole.Sales[350:]...)
	joined := forecast.Renamed(now, old)
	require.Equal(t, "new", joined.ID)
	require.Equal(t, whole.Start, joined.Start)
	require.Equal(t, whole.Sales, joined.Sales)
	require.Equal(t, means(fit(whole)), means(fit(joined)))

	later := whole
	later.Start = whole.End() + 5
	gap := forecast.Renamed(later, whole)
	require.Len(t, gap.Sales, 2*len(whole.Sales)+5)
	require.True(t, math.IsNaN(gap.Sales[402]), "between both nothing is known")
}

func TestHolidayNeverSeenSellsLikeASunday(t *testing.T) {
	t.Parallel()
	s := shop{level: 100, noise: 0.05, weekdays: [7]float64{3, 1, 1, 1, 1, 1, 1}, days: 400, seed: 5}.series("a")
	plain := fit(s)
	next := s.End() + (8-forecast.Day(s.End().Weekday()))%7 // a Monday
	s.Calendar = &forecast.Calendar{Start: next, Days: []forecast.Marks{forecast.Holiday}}
	i := next - s.End()
	require.InEpsilon(t, 100, plain.Days[i].Mean, 0.1)
	require.InEpsilon(t, 300, fit(s).Days[i].Mean, 0.15)
}

func TestHolidaysOfOtherYearsAreRemembered(t *testing.T) {
	t.Parallel()
	start := forecast.DayOf(2021, time.January, 1)
	c := &forecast.Calendar{Start: start, Days: make([]forecast.Marks, 2000)}
	for y := 2021; y <= 2026; y++ {
		for _, d := range []forecast.Day{forecast.DayOf(y, time.May, 1), forecast.DayOf(y, time.October, 3)} {
			if i := d - start; i >= 0 && int(i) < len(c.Days) {
				c.Days[i] = forecast.Holiday
			}
		}
	}
	s := shop{level: 100, noise: 0.05, weekdays: [7]float64{1, 1, 1, 1, 1, 1, 1}, days: 1577, seed: 5, start: start}.series("a")
	s.Calendar = c
	for y := 2021; y <= 2024; y++ {
		s.Sales[forecast.DayOf(y, time.May, 1)-start] *= 3
	}
	r := fit(s) // the end of April 2025
	i := forecast.DayOf(2025, time.May, 1) - s.End()
	require.Greater(t, r.Days[i].Mean, 200.0)
	require.InEpsilon(t, 100, r.Days[i+2].Mean, 0.1)
}

func TestNamedOccasionsAreComparedByName(t *testing.T) {
	t.Parallel()
	s := shop{level: 100, noise: 0.05, weekdays: [7]float64{1, 1, 1, 1, 1, 1, 1}, days: 500, seed: 6}.series("a")
	c := &forecast.Calendar{Names: map[forecast.Day]string{}}
	for i := 30; i < 520; i += 37 {
		c.Names[s.Start+forecast.Day(i)] = "match"
		if i < len(s.Sales) {
			s.Sales[i] *= 2.5
		}
	}
	s.Calendar = c
	r := fit(s)
	i := 30 + 37*13 - 500
	require.InEpsilon(t, 250, r.Days[i].Mean, 0.15)
	require.InEpsilon(t, 100, r.Days[i-1].Mean, 0.1)
}

func TestClosedWeeks(t *testing.T) {
	t.Parallel()
	s := shop{level: 100, noise: 0.1, weekdays: weekend, days: 400, seed: 7}.series("a")
	want := total(means(fit(s)))
	c := &forecast.Calendar{Start: s.Start, Days: make([]forecast.Marks, 500)}
	for i := 370; i < 398; i++ {
		c.Days[i] = forecast.Closed
		s.Sales[i] = 0
	}
	for i := 405; i < 409; i++ {
		c.Days[i] = forecast.Closed
	}
	s.Calendar = c
	r := fit(s)
	for i, d := range r.Days {
		if closed := i >= 5 && i < 9; closed {
			require.Zero(t, d.Mean)
			require.Equal(t, []float64{0, 0, 0}, d.Quantiles)
		} else {
			require.Greater(t, d.Mean, 50.0)
		}
	}
	require.InEpsilon(t, want*10/14, total(means(r)), 0.2)
}

func TestSoldOutDaysDoNotPullTheForecastDown(t *testing.T) {
	t.Parallel()
	s := shop{level: 100, noise: 0.1, weekdays: [7]float64{1, 1, 1, 1, 1, 1, 1}, days: 300, seed: 8}.series("a")
	short := s
	short.Sales, short.SoldOut = append([]float64(nil), s.Sales...), make([]bool, 300)
	for i := 100; i < 300; i += 3 {
		short.Sales[i], short.SoldOut[i] = 40, true
	}
	require.InEpsilon(t, 100, total(means(fit(short)))/14, 0.06)
	short.SoldOut = nil
	require.Less(t, total(means(fit(short)))/14, 88.0)
}

func TestALevelShiftIsFollowed(t *testing.T) {
	t.Parallel()
	s := shop{level: 100, noise: 0.1, weekdays: weekend, days: 500, seed: 9}.series("a")
	before := total(means(fit(s)))
	for i := 458; i < 500; i++ { // six weeks ago the competitor closed
		s.Sales[i] *= 1.8
	}
	require.Greater(t, total(means(fit(s))), 1.5*before)
}

func TestALongerHorizonThanPossibleIsCut(t *testing.T) {
	t.Parallel()
	s := shop{level: 100, noise: 0.1, weekdays: weekend, days: 100, seed: 9}.series("a")
	require.Len(t, forecast.Fit(s, 100, forecast.Options{}).Days, forecast.MaxHorizon)
	require.Empty(t, forecast.Fit(s, -1, forecast.Options{}).Days)
}

func TestNewOutletLeansOnTheOthers(t *testing.T) {
	t.Parallel()
	var list []forecast.Series
	for i := range 12 {
		s := shop{level: 100, noise: 0.1, weekdays: weekend, days: 300, seed: uint64(i)}.series(fmt.Sprint("s", i))
		s.Item = "roll"
		list = append(list, s)
	}
	short, none := list[0], list[1]
	short.ID, short.Start, short.Sales = "short", list[0].End()-8, list[0].Sales[292:]
	none.ID, none.Start, none.Sales = "none", list[0].End(), nil
	r := forecast.Pool(append(list, short, none), 7, forecast.Options{})
	for _, one := range r[12:] {
		sane(t, one)
		byDay := map[time.Weekday]float64{}
		for _, d := range one.Days {
			byDay[d.Day.Weekday()] = d.Mean
		}
		require.Greater(t, byDay[time.Saturday], 1.4*byDay[time.Monday], one.ID)
	}
	require.InEpsilon(t, total(means(r[2])), total(means(r[13])), 0.25)
	require.Contains(t, r[13].Why, "elsewhere")
	require.Positive(t, r[13].Days[0].Quantiles[2])
}
