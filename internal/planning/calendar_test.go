package planning

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/planning/forecast"
)

func parse(t *testing.T, text string) Day {
	t.Helper()
	d, err := forecast.ParseDay(text)
	require.NoError(t, err)
	return d
}

func madrid(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Madrid")
	require.NoError(t, err)
	return zone
}

func TestCalendarsKnowWeekdaysHolidaysAndMarks(t *testing.T) {
	t.Parallel()
	first := parse(t, "2026-04-27") // a Monday
	may1 := parse(t, "2026-05-01")  // a holiday in Spain
	outlets := []Outlet{
		{ID: 1, Zone: madrid(t), ClosedOnHolidays: true, Weekdays: []time.Weekday{1, 2, 3, 4, 5, 6}},
		{ID: 2, Zone: time.UTC},
	}
	c := newCalendars(outlets, []Mark{
		{Outlet: 1, Day: first + 1, Kind: MarkClosed},
		{Outlet: 1, Day: first + 6, Kind: MarkOpen},
		{Day: first + 2, Kind: MarkSchool},
		{Day: first + 2, Kind: MarkEvent, Name: "fair"},
		{SKU: "wrap", Day: first + 3, Kind: MarkPromotion, Name: "2 for 1"},
		{Outlet: 2, Day: first + 1, Kind: MarkClosed},
		{Outlet: 2, Day: first + 1, Kind: MarkOpen},
		{Outlet: 1, Day: first - 100, Kind: MarkClosed},
	}, first, first+13)
	one, two := c.outlets[1], c.outlets[2]
	require.Equal(t, forecast.Holiday|forecast.Closed, one.At(may1))
	require.Zero(t, two.At(may1), "nobody knows its country")
	require.False(t, one.Open(first+1))
	require.True(t, one.Open(first+6), "open on this Sunday")
	require.False(t, one.Open(first+13))
	require.True(t, two.Open(first+1), "open wins")
	require.Equal(t, forecast.School, one.At(first+2))
	require.Equal(t, "event fair", one.Names[first+2])

	wrap := c.of(1, "wrap")
	require.Equal(t, "promotion 2 for 1", wrap.Names[first+3])
	require.NotContains(t, one.Names, first+3, "the outlet's own calendar is left alone")
	require.Same(t, one, c.of(1, "soda"))
	all := c.together([]int64{1, 2})
	require.True(t, all.Open(first+13), "one of them is open")
	require.Equal(t, forecast.Holiday, all.At(may1))
	require.False(t, c.together([]int64{1}).Open(may1))
}

func TestSumsLeaveOutDaysThatSomebodyHasNotReported(t *testing.T) {
	t.Parallel()
	until := parse(t, "2026-05-03")
	b := &book{until: until, byID: map[int64]*product{}, reported: map[int64]dayRange{}}
	b.calendars = newCalendars([]Outlet{{ID: 1, Zone: time.UTC}, {ID: 2, Zone: time.UTC}}, []Mark{{Outlet: 2, Day: until, Kind: MarkClosed}}, until-30, until+50)
	b.add([]Series{{ID: 1, Outlet: 1, SKU: "a"}, {ID: 2, Outlet: 2, SKU: "a"}, {ID: 3, Outlet: 1, SKU: "old", Now: "a"}, {ID: 4, Outlet: 2, SKU: "gone", Now: "b"}})
	require.Len(t, b.products, 2, "a renamed product without its present name is not forecast")
	for outlet, days := range map[int64][]Day{1: {until - 3, until - 2, until - 1, until}, 2: {until - 3, until - 1}} {
		r := b.reported[outlet]
		for _, d := range days {
			r.add(d)
		}
		b.reported[outlet] = r
	}
	b.products[0].note(until-3, 2000, false)
	b.products[0].note(until-3, 500, true) // as the old one
	b.products[0].note(until, 7000, false)
	b.products[1].note(until-3, 1000, false)
	for _, p := range b.products {
		b.close(p)
	}
	require.Equal(t, []float64{2.5, 0, 0, 7}, b.products[0].past.Sales)
	require.True(t, b.products[0].past.SoldOut[0])
	sum := b.sum(total{sku: "a", parts: []int{0, 1}})
	require.InDelta(t, 3.5, sum.Sales[0], 1e-9)
	require.True(t, math.IsNaN(sum.Sales[1]), "outlet 2 has not reported")
	require.InDelta(t, 0, sum.Sales[2], 0)
	require.InDelta(t, 7, sum.Sales[3], 0, "outlet 2 was closed")
}

func TestDayRangesGrowBothWays(t *testing.T) {
	t.Parallel()
	var r dayRange
	for _, d := range []Day{10, 12, 7, 20} {
		r.add(d)
	}
	for d := Day(0); d < 30; d++ {
		require.Equal(t, d == 7 || d == 10 || d == 12 || d == 20, r.holds(d), d)
	}
}

// What is forecast for the hours of a day adds up to the day, also when the clock is changed on it.
func TestHoursOfDaysOf23And25Hours(t *testing.T) {
	t.Parallel()
	zone := madrid(t)
	var shares forecast.Hours
	shares[2], shares[12] = 0.4, 0.6
	for text, n := range map[string]int{"2026-03-29": 23, "2026-10-25": 25, "2026-05-04": 24} {
		d := parse(t, text)
		hours := byHour(shares, 100, d, zone)
		require.Len(t, hours, n, text)
		sum := 0.0
		for _, h := range hours {
			sum += h
		}
		require.InDelta(t, 100, sum, 1e-9, text)
		f := Forecast{Day: d, Mean: 100, Hours: hours, Quantiles: []float64{80, 100, 120}, Levels: []float64{0.05, 0.5, 0.95}}
		f.Edited = math.NaN()
		now := f.now(40, 12, zone)
		rest := 0.0
		for i, h := range now.Hours {
			require.True(t, h == 0 || clockHours(d, zone)[i] >= 12, text)
			rest += h
		}
		require.InDelta(t, now.Rest, rest, 1e-9, text)
		require.InDelta(t, now.Mean, now.Rest+40, 1e-9, text)
	}
}

func TestTriggersOfARefit(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		now, before score
		age         int
		want        string
	}{
		{score{0.31, 10}, score{0.31, 30}, 10, FitPoor},
		{score{0.30, 10}, score{0.26, 30}, 10, ""},
		{score{0.26, 10}, score{0.20, 30}, 10, FitWorse},
		{score{0.25, 30}, score{0.20, 30}, 10, ""},
		{score{0.9, 6}, score{}, 10, ""}, // too few days
		{score{0.9, 30}, score{}, 6, ""}, // looked at this week
		{score{0.1, 30}, score{0.1, 30}, 31, FitOld},
		{score{}, score{}, 30, ""},
	} {
		require.Equal(t, c.want, trigger(c.now, c.before, c.age), "%v", c)
	}
}
