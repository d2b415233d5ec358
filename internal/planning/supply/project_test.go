package supply_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"brigade/internal/planning/supply"
)

// anyAmount draws an amount up to so many units.
func anyAmount(t *rapid.T, units int, label string) supply.Amount {
	return supply.Amount(rapid.IntRange(0, units*supply.Milli).Draw(t, label))
}

// anyLots draws lots around a plan of some days.
func anyLots(t *rapid.T, days int) []supply.Lot {
	lots := make([]supply.Lot, rapid.IntRange(0, 8).Draw(t, "lots"))
	for i := range lots {
		lots[i] = supply.Lot{
			ID: int64(i + 1), Amount: anyAmount(t, 20, "lot"), Arrives: rapid.IntRange(supply.Here, days).Draw(t, "arrives"),
			Last: rapid.SampledFrom([]int{-3, 0, 1, 2, 5, 9, supply.Keeps}).Draw(t, "last"),
		}
	}
	return lots
}

func anyUse(t *rapid.T, days int) []supply.Amount {
	use := make([]supply.Amount, days)
	for i := range use {
		use[i] = anyAmount(t, 8, "use")
	}
	return use
}

func TestStockIsWhatWasAndCameLessWhatWasUsedAndExpired(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		const days = 14
		lots, use := anyLots(t, days), anyUse(t, days)
		c := supply.Project(lots, use)
		var here, wasted supply.Amount
		for _, l := range lots {
			if l.Arrives == supply.Here {
				here += l.Amount
			}
		}
		out := -1
		for d, s := range c.Steps {
			require.Equal(t, here, s.Opening, "day %d", d)
			require.Equal(t, s.Opening+s.Arrivals-s.Used-s.Expired, s.Closing, "day %d", d)
			require.Equal(t, use[d], s.Used+s.Unmet, "day %d", d)
			for _, v := range []supply.Amount{s.Opening, s.Arrivals, s.Used, s.Expired, s.Unmet, s.Closing} {
				require.GreaterOrEqual(t, v, supply.Amount(0))
			}
			if s.Unmet > 0 && out < 0 {
				out = d
			}
			here, wasted = s.Closing, wasted+s.Expired
		}
		require.Equal(t, out, c.Out)
		for _, w := range c.Waste {
			wasted -= w.Amount
		}
		require.Zero(t, wasted, "every loss is told")
	})
}

func TestMoreUseNeverLeavesMoreNorWastesMore(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		const days = 10
		lots, use := anyLots(t, days), anyUse(t, days)
		more := append([]supply.Amount(nil), use...)
		more[rapid.IntRange(0, days-1).Draw(t, "on")] += anyAmount(t, 5, "more")
		a, b := supply.Project(lots, use), supply.Project(lots, more)
		for d := range days {
			require.LessOrEqual(t, b.Steps[d].Closing, a.Steps[d].Closing)
		}
		lost := func(c supply.Course) (sum supply.Amount) {
			for _, w := range c.Waste {
				sum += w.Amount
			}
			return sum
		}
		require.LessOrEqual(t, lost(b), lost(a))
	})
}

func TestWhatExpiresFirstIsUsedFirst(t *testing.T) {
	t.Parallel()
	lots := []supply.Lot{
		{ID: 1, Amount: 5000, Arrives: supply.Here, Last: 4},
		{ID: 2, Amount: 5000, Arrives: supply.Here, Last: 1},
		{ID: 3, Amount: 2000, Arrives: 2, Last: supply.Keeps},
		{ID: 4, Amount: 1000, Arrives: supply.Here, Last: -1},
	}
	c := supply.Project(lots, []supply.Amount{2000, 1000, 4000, 4000})
	require.Equal(t, []supply.Waste{{Lot: 4, Day: 0, Amount: 1000}, {Lot: 2, Day: 1, Amount: 2000}}, c.Waste)
	require.Equal(t, 3, c.Out)
	require.Equal(t, supply.Step{Day: 3, Opening: 3000, Used: 3000, Unmet: 1000}, c.Steps[3])
}
