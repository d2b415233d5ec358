package supply_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"brigade/internal/planning/supply"
)

func TestSavingsNeverPromiseMoreThanIsWasted(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := []supply.Waste{{Lot: int64(rapid.IntRange(-1, 3).Draw(t, "lot")), Day: rapid.IntRange(0, 5).Draw(t, "day"), Amount: 1 + anyAmount(t, 50, "waste")}}
		sellers := []supply.Seller{
			{Item: "a", Takes: anyAmount(t, 1, "takes"), Sells: rapid.SliceOfN(rapid.Float64Range(-1, 40), 0, 8).Draw(t, "sells")},
			{Item: "b", Takes: anyAmount(t, 1, "takes"), Sells: rapid.SliceOfN(rapid.Float64Range(-1, 40), 0, 8).Draw(t, "sells")},
		}
		for _, s := range supply.Savings(7, w, sellers, anyAmount(t, 20, "batch")) {
			require.LessOrEqual(t, s.Amount, w[0].Amount)
			require.GreaterOrEqual(t, s.Amount, supply.Amount(0))
			switch s.Kind {
			case supply.PriceDown:
				require.Positive(t, s.Units)
				require.Positive(t, s.Percent)
				require.LessOrEqual(t, s.Percent, supply.DeepestCut)
			default:
				require.Positive(t, s.Batches)
			}
		}
	})
}

func TestThePriceGoesDownOfWhatUsesUpMost(t *testing.T) {
	t.Parallel()
	sellers := []supply.Seller{{Item: "wrap", Takes: 50, Sells: []float64{10, 10}}, {Item: "salad", Takes: 200, Sells: []float64{20, 20, 1000}}}
	list := supply.Savings(7, []supply.Waste{{Lot: 3, Day: 1, Amount: 2000}}, sellers, 0)
	require.Len(t, list, 1)
	s := list[0]
	require.Equal(t, "salad", s.Item)
	require.InDelta(t, 10, s.Units, 1e-9, "2 of what 0.2 each take")
	require.Equal(t, 15, s.Percent, "a quarter more for 11.7 % less, in steps of five")
	require.Equal(t, supply.Amount(2000), s.Amount)

	list = supply.Savings(7, []supply.Waste{{Lot: 3, Day: 1, Amount: 900_000}}, sellers, 0)
	require.Equal(t, supply.DeepestCut, list[0].Percent)
	require.Less(t, list[0].Amount, supply.Amount(900_000), "not all of it can be saved")
	require.Empty(t, supply.Savings(7, []supply.Waste{{Lot: 3, Day: 1, Amount: 5}}, nil, 0))

	list = supply.Savings(7, []supply.Waste{{Lot: -1, Day: 1, Amount: 11_000}}, sellers, 5000)
	require.Equal(t, []supply.Saving{{Kind: supply.MakeLess, Ingredient: 7, Day: 1, Amount: 10_000, Batches: 2}}, list)
}
