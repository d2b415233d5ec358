package supply_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"brigade/internal/planning/supply"
)

// hoursOf are the hours of a day in Madrid.
func hoursOf(y int, m time.Month, d int) (hours []time.Time) {
	end := time.Date(y, m, d+1, 0, 0, 0, 0, madrid)
	for t := time.Date(y, m, d, 0, 0, 0, 0, madrid); t.Before(end); t = t.Add(time.Hour) {
		hours = append(hours, t)
	}
	return hours
}

const griddle = 3

// anyKitchen draws a day of any length, a station and two preparations.
func anyKitchen(t *rapid.T) ([]supply.Preparation, supply.Kitchen) {
	k := supply.Kitchen{Minutes: map[int64][]float64{}}
	k.Hours = rapid.SampledFrom([][]time.Time{hoursOf(2026, 5, 4), hoursOf(2026, 3, 29), hoursOf(2026, 10, 25)}).Draw(t, "day")
	n := len(k.Hours)
	k.Minutes[griddle] = rapid.SliceOfN(rapid.Float64Range(0, 90), n, n).Draw(t, "minutes")
	var list []supply.Preparation
	for id := range int64(2) {
		p := supply.Preparation{
			ID: id + 1, Station: rapid.SampledFrom([]int64{0, griddle, griddle}).Draw(t, "station"), Batch: 1 + anyAmount(t, 10, "batch"),
			Work: rapid.Float64Range(0, 150).Draw(t, "work"), Lead: time.Duration(rapid.IntRange(0, 300).Draw(t, "lead")) * time.Minute,
			Shelf: time.Duration(rapid.SampledFrom([]int{0, 30, 120, 600}).Draw(t, "shelf")) * time.Minute, Want: anyUse(t, n),
			Users: []supply.User{{Item: "a", Takes: 100, Price: 5, Sells: make([]float64, n)}},
		}
		for h, w := range p.Want {
			p.Users[0].Sells[h] = float64(w) / 100
		}
		for range rapid.IntRange(0, 3).Draw(t, "ready") {
			r := supply.Ready{Amount: anyAmount(t, 9, "amount")}
			if rapid.Bool().Draw(t, "begun") {
				r.From = k.Hours[rapid.IntRange(0, n-1).Draw(t, "from")]
			}
			if rapid.Bool().Draw(t, "perishes") {
				r.Until = k.Hours[rapid.IntRange(0, n-1).Draw(t, "until")].Add(30 * time.Minute)
			}
			p.Ready = append(p.Ready, r)
		}
		list = append(list, p)
	}
	return list, k
}

func TestAPlanKeepsTheKitchensLimits(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		list, k := anyKitchen(t)
		plan := supply.Produce(list, k)
		spent, had := 0.0, 0.0
		for _, m := range k.Minutes[griddle] {
			had += m
		}
		for _, s := range plan.Starts {
			p := list[s.Preparation-1]
			require.Positive(t, s.Batches)
			require.Equal(t, p.Batch*supply.Amount(s.Batches), s.Amount, "whole batches")
			require.Equal(t, k.Hours[s.Hour], s.Begin)
			require.Equal(t, s.Begin.Add(p.Lead), s.Ready)
			require.False(t, s.Ready.After(k.Hours[s.Needed]), "ready in time")
			require.True(t, s.Until.IsZero() || s.Until.After(k.Hours[s.Needed]), "still good")
			if p.Station == griddle {
				spent += s.Minutes
			}
		}
		require.LessOrEqual(t, spent, had+1e-6)
	})
}

func TestAPreparationsStockAddsUpInEveryHour(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		list, k := anyKitchen(t)
		plan := supply.Produce(list, k)
		for _, p := range list {
			course := plan.Course[p.ID]
			require.Len(t, course, len(k.Hours), "23, 24 or 25 hours")
			short := map[int]supply.Amount{}
			for _, s := range plan.Shorts {
				if s.Preparation == p.ID {
					short[s.Hour] += s.Amount
				}
			}
			for h, c := range course {
				require.Equal(t, c.Opening+c.Made-c.Used-c.Expired, c.Closing)
				require.Equal(t, p.Want[h], c.Used+c.Unmet)
				require.Equal(t, short[h], c.Unmet, "all that is missing is told, hour %d", h)
				require.GreaterOrEqual(t, min(c.Opening, c.Made, c.Used, c.Unmet, c.Expired, c.Closing), supply.Amount(0))
				if h > 0 {
					require.Equal(t, course[h-1].Closing, c.Opening)
				}
			}
		}
	})
}

func TestMoreDemandNeverMakesLess(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		list, k := anyKitchen(t)
		list = list[:1]
		list[0].Shelf, list[0].Work, list[0].Ready = 0, 0, nil
		made := func() (sum supply.Amount) {
			for _, s := range supply.Produce(list, k).Starts {
				sum += s.Amount
			}
			return sum
		}
		before := made()
		h := rapid.IntRange(0, len(k.Hours)-1).Draw(t, "hour")
		if k.Hours[h].Sub(k.Hours[0]) < list[0].Lead {
			return // it could not be made
		}
		list[0].Want[h] += anyAmount(t, 20, "more")
		require.GreaterOrEqual(t, made(), before)
	})
}

// lunch wants so much from noon to three.
func lunch(hours []time.Time, units float64) []supply.Amount {
	want := make([]supply.Amount, len(hours))
	for h, at := range hours {
		if at.In(madrid).Hour() >= 12 && at.In(madrid).Hour() < 15 {
			want[h] = supply.Of(units)
		}
	}
	return want
}

func TestBatchesAreBegunAsLateAsTheyCanBe(t *testing.T) {
	t.Parallel()
	hours := hoursOf(2026, 5, 4)
	p := supply.Preparation{
		ID: 1, Station: griddle, Batch: 5000, Work: 30, Lead: 90 * time.Minute, Shelf: 4 * time.Hour, Want: lunch(hours, 4),
		Ready: []supply.Ready{{Amount: 2000, Until: time.Date(2026, 5, 4, 13, 0, 0, 0, madrid)}},
	}
	plan := supply.Produce([]supply.Preparation{p}, supply.Kitchen{Hours: hours, Minutes: map[int64][]float64{griddle: flat(60, 24)}})
	require.Empty(t, plan.Shorts)
	require.Len(t, plan.Starts, 2)
	first, second := plan.Starts[0], plan.Starts[1]
	require.Equal(t, 10, first.Hour, "ready at 11:30 for noon")
	require.Equal(t, 12, first.Needed)
	require.Equal(t, 1, first.Batches)
	require.Equal(t, 11, second.Hour)
	require.Equal(t, 13, second.Needed)
	require.Equal(t, 15*time.Hour+30*time.Minute, first.Until.Sub(hours[0]))
}

func flat(v float64, n int) []float64 {
	list := make([]float64, n)
	for i := range list {
		list[i] = v
	}
	return list
}

func TestWhatCannotBeMadeIsSaidWithItsReasonAndACut(t *testing.T) {
	t.Parallel()
	hours := hoursOf(2026, 5, 4)
	sells := make([]float64, 24)
	sells[12], sells[13], sells[14] = 20, 20, 20
	p := supply.Preparation{
		ID: 1, Station: griddle, Batch: 5000, Work: 60, Lead: time.Hour, Want: lunch(hours, 4),
		Users: []supply.User{{Item: "burger", Takes: 100, Price: 12, Sells: sells}, {Item: "toast", Takes: 100, Price: 4, Sells: sells}},
	}
	k := supply.Kitchen{Hours: hours, Minutes: map[int64][]float64{griddle: make([]float64, 24)}}
	k.Minutes[griddle][9], k.Minutes[griddle][10] = 60, 40
	plan := supply.Produce([]supply.Preparation{p}, k)
	require.Len(t, plan.Starts, 1)
	require.Equal(t, 9, plan.Starts[0].Hour)
	require.Equal(t, supply.Short{Preparation: 1, Kind: supply.NoMinutes, Hour: 13, Amount: 3000, Minutes: 20, Free: 40, Station: griddle}, plan.Shorts[0])
	require.Equal(t, "toast", plan.Cuts[0].Item, "it earns least by it")
	require.InDelta(t, 40, plan.Cuts[0].Units, 1e-9, "all of it at 13 and 14")
	require.Equal(t, "burger", plan.Cuts[1].Item)
	require.InDelta(t, 30, plan.Cuts[1].Units, 1e-9)

	p.Lead = 13 * time.Hour
	plan = supply.Produce([]supply.Preparation{p}, k)
	require.Equal(t, supply.TooLate, plan.Shorts[0].Kind)
	p.Lead, p.Shelf = time.Hour, 90*time.Minute
	plan = supply.Produce([]supply.Preparation{p}, k)
	require.Equal(t, supply.TooShort, plan.Shorts[0].Kind, "nine o'clock's would be old at noon")
}

func TestTheScarceMinutesGoToWhatEarnsMost(t *testing.T) {
	t.Parallel()
	hours := hoursOf(2026, 5, 4)
	sells := flat(1, 24)
	dear := supply.Preparation{ID: 2, Station: griddle, Batch: 12000, Work: 60, Want: lunch(hours, 4), Users: []supply.User{{Item: "a", Takes: 100, Price: 9, Sells: sells}}}
	cheap := dear
	cheap.ID, cheap.Users = 1, []supply.User{{Item: "b", Takes: 100, Price: 3, Sells: sells}}
	k := supply.Kitchen{Hours: hours, Minutes: map[int64][]float64{griddle: make([]float64, 24)}}
	k.Minutes[griddle][11] = 60
	plan := supply.Produce([]supply.Preparation{cheap, dear}, k)
	require.Len(t, plan.Starts, 1)
	require.Equal(t, int64(2), plan.Starts[0].Preparation)
}

func TestPreparationsAreMadeOfWhatTheyTake(t *testing.T) {
	t.Parallel()
	uses := map[int64]*supply.Use{
		1: {Mean: []supply.Amount{4000, 4000, 1000}, Spread: []float64{500, 500, 500}},
		9: {Mean: []supply.Amount{10, 0, 0}, Spread: []float64{0, 0, 0}},
	}
	makings := []supply.Making{
		{ID: 2, Batch: 1000, Bill: []supply.Share{{Ingredient: 9, Amount: 100}}}, // made of 9, for 1
		{ID: 1, Batch: 5000, Fresh: 2, Lots: []supply.Lot{{Amount: 1000, Arrives: supply.Here, Last: 0}}, Bill: []supply.Share{{Ingredient: 2, Amount: 2000}}},
	}
	made := supply.Explode(makings, uses, 3)
	require.Equal(t, []supply.Amount{5000, 5000, 0}, made[1], "2 left of the first day, 3 of the second")
	require.Equal(t, []supply.Amount{4000 - 2000, 2000, 0}, uses[2].Mean)
	require.Equal(t, []supply.Amount{210, 200, 0}, uses[9].Mean)
	require.InDelta(t, 200, uses[2].Spread[0], 1e-9)
}

func TestWhatIsMadeCoversWhatIsTaken(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		const days = 10
		m := supply.Making{ID: 1, Batch: 1 + anyAmount(t, 10, "batch"), Fresh: rapid.IntRange(0, 4).Draw(t, "fresh"), Lots: anyLots(t, days), Bill: []supply.Share{{Ingredient: 2, Amount: 7}}}
		u := &supply.Use{Mean: anyUse(t, days), Spread: make([]float64, days)}
		uses := map[int64]*supply.Use{1: u}
		made := supply.Explode([]supply.Making{m}, uses, days)
		lots := m.Lots
		for d, a := range made[1] {
			last := supply.Keeps
			if m.Fresh > 0 {
				last = d + m.Fresh - 1
			}
			lots = append(lots, supply.Lot{ID: 100 + int64(d), Amount: a, Arrives: d, Last: last})
			require.Equal(t, a/m.Batch*7, uses[2].Mean[d])
		}
		require.Equal(t, -1, supply.Project(lots, u.Mean).Out)
	})
}

func TestAnEmptyKitchenPlansNothing(t *testing.T) {
	t.Parallel()
	plan := supply.Produce([]supply.Preparation{{ID: 1, Want: []supply.Amount{5, math.MinInt64}}}, supply.Kitchen{Hours: hoursOf(2026, 5, 4)})
	require.Empty(t, plan.Starts)
	require.Empty(t, supply.Produce(nil, supply.Kitchen{}).Shorts)
}
