package forecast_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/planning/forecast"
)

func lunchAndDinner(n int, noise float64) []forecast.DayHours {
	rng := rand.New(rand.NewPCG(5, 5))
	var list []forecast.DayHours
	for i := range n {
		d := forecast.DayHours{Day: monday + forecast.Day(i)}
		for h := range d.Sales {
			switch {
			case h >= 12 && h < 14:
				d.Sales[h] = 20
			case h >= 18 && h < 22:
				d.Sales[h] = 15
				if d.Day.Weekday() == time.Saturday {
					d.Sales[h] = 30
				}
			}
			d.Sales[h] *= 1 + noise*rng.NormFloat64()
		}
		list = append(list, d)
	}
	return list
}

func TestHoursFollowTheWeekday(t *testing.T) {
	t.Parallel()
	past := lunchAndDinner(70, 0.1)
	on := monday + 70
	p := forecast.HourProfile(past, time.Saturday, on)
	require.InDelta(t, 1, total(p[:]), 1e-12)
	require.InDelta(t, 30.0/160, p[19], 0.02)
	require.InDelta(t, 20.0/100, forecast.HourProfile(past, time.Tuesday, on)[12], 0.02)
	require.Equal(t, forecast.HourProfile(past[:40], time.Tuesday, monday+40), forecast.HourProfile(past, time.Tuesday, monday+40), "no look-ahead")
	alike := forecast.HourProfile(nil, time.Tuesday, on)
	require.InDelta(t, 1.0/24, alike[3], 1e-12)
}

func TestHoursAddUpOnDaysOf23And25Hours(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("Europe/Madrid")
	require.NoError(t, err)
	p := forecast.HourProfile(nil, time.Sunday, monday)
	for day, hours := range map[forecast.Day]int{
		forecast.DayOf(2025, time.March, 30): 23, forecast.DayOf(2025, time.October, 26): 25, forecast.DayOf(2025, time.May, 1): 24,
	} {
		list := p.Spread(230, day, zone)
		require.Len(t, list, hours)
		sum := 0.0
		for _, h := range list {
			sum += h.Sales
			require.Equal(t, day, forecast.DayIn(h.Begin))
		}
		require.InDelta(t, 230, sum, 1e-9)
	}
	// A profile that sells only in the hour that does not exist.
	var night forecast.Hours
	night[2] = 1
	list := night.Spread(23, forecast.DayOf(2025, time.March, 30), zone)
	require.InDelta(t, 1, list[5].Sales, 1e-12)
	twice := night.Spread(10, forecast.DayOf(2025, time.October, 26), zone)
	require.InDelta(t, 5, twice[2].Sales, 1e-12)
	require.InDelta(t, 5, twice[3].Sales, 1e-12)
}

func TestNowcastWeighsTheMorning(t *testing.T) {
	t.Parallel()
	p := forecast.HourProfile(lunchAndDinner(70, 0), time.Tuesday, monday+70) // 40 % by 14 o'clock
	at := func(sold float64, until int) forecast.Now { return forecast.Nowcast(100, 70, 135, sold, until, p) }

	require.InDelta(t, 100, at(0, 9).Mean, 1e-9, "nothing is expected before noon")
	require.InDelta(t, 100, at(40, 14).Mean, 1, "as expected")
	busy, slow := at(60, 14), at(20, 14)
	require.Greater(t, busy.Mean, 115.0)
	require.Less(t, busy.Mean, 60+60*60.0/40)
	require.Less(t, slow.Mean, 90.0)
	require.Less(t, busy.High-busy.Low, 65.0, "the morning makes it surer")
	end := at(88, 24)
	require.InDelta(t, 88, end.Mean, 1e-9)
	require.InDelta(t, 88, end.High, 1e-9)
	for _, n := range []forecast.Now{busy, slow, end, at(500, 13), at(0, 20), at(-3, 12)} {
		require.LessOrEqual(t, n.Low, n.Mean)
		require.LessOrEqual(t, n.Mean, n.High)
		require.GreaterOrEqual(t, n.Rest, 0.0)
	}
	closed := forecast.Nowcast(0, 0, 0, 3, 12, p)
	require.InDelta(t, 3, closed.Mean, 0)
}
