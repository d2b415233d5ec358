package supply_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"brigade/internal/planning/supply"
)

var (
	levels    = []float64{0.05, 0.5, 0.95}
	sureParts = []supply.Part{{Item: "burger", Ingredient: 1, Amount: 150}, {Item: "burger", Ingredient: 2, Amount: 1000}, {Item: "wrap", Ingredient: 1, Amount: 100}}
)

func TestASpreadRisesWithTheServiceLevel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		q := rapid.SliceOfN(rapid.Float64Range(0, 1000), 3, 3).Draw(t, "quantiles")
		d := supply.Demand{Mean: rapid.Float64Range(0, 1000).Draw(t, "mean"), Levels: levels, Quantiles: []float64{q[0], q[0] + q[1], q[0] + q[1] + q[2]}}
		a, b := rapid.Float64Range(0.01, 0.995).Draw(t, "level"), rapid.Float64Range(0.01, 0.995).Draw(t, "level")
		low, high := d.Spread(min(a, b)), d.Spread(max(a, b))
		require.GreaterOrEqual(t, low, 0.0)
		require.LessOrEqual(t, low, high+1e-9)
	})
}

func TestASpreadMeetsTheQuantiles(t *testing.T) {
	t.Parallel()
	d := supply.Demand{Mean: 100, Levels: levels, Quantiles: []float64{60, 98, 150}}
	require.InDelta(t, 50, d.Spread(0.95), 1e-9)
	require.InDelta(t, 98+52*1.2816/1.6449-100, d.Spread(0.9), 0.01)
	require.Greater(t, d.Spread(0.99), 50.0, "beyond the last level too")
	require.Zero(t, d.Spread(0.05))
	require.Zero(t, (&supply.Demand{Mean: 3}).Spread(0.9), "nothing is known")
	require.Zero(t, (&supply.Demand{Mean: math.NaN(), Levels: levels, Quantiles: []float64{1, 2, 3}}).Spread(0.9))
}

func TestIngredientsAreUsedByAllItemsThatHaveThem(t *testing.T) {
	t.Parallel()
	uses := supply.Uses([]supply.Demand{
		{Item: "burger", Day: 0, Mean: 40, Levels: levels, Quantiles: []float64{30, 40, 60}},
		{Item: "wrap", Day: 0, Mean: 10, Levels: levels, Quantiles: []float64{5, 10, 20}},
		{Item: "burger", Day: 1, Mean: 20},
		{Item: "burger", Day: 2, Mean: 1000},
		{Item: "water", Day: 0, Mean: 1000},
	}, sureParts, 2, 0.95)
	require.Len(t, uses, 2)
	require.Equal(t, []supply.Amount{7000, 3000}, uses[1].Mean)
	require.Equal(t, []supply.Amount{40000, 20000}, uses[2].Mean)
	require.InDelta(t, 20000, uses[2].Spread[0], 1e-6)
	require.InDelta(t, supply.Pooled([]float64{3000, 1000}), uses[1].Spread[0], 1e-6)
	require.Less(t, uses[1].Spread[0], 4000.0, "errors even out a little")
	require.Greater(t, uses[1].Spread[0], 3000.0)
}

func TestAmountsAreNeverNegativeNorAbsurd(t *testing.T) {
	t.Parallel()
	for _, v := range []float64{-1, math.NaN(), math.Inf(-1)} {
		require.Zero(t, supply.Of(v))
	}
	require.Positive(t, supply.Of(math.Inf(1)))
	require.Positive(t, supply.Of(math.Inf(1))*100, "sums of them stay in range")
	require.Equal(t, supply.Amount(1500), supply.Of(1.5))
}
