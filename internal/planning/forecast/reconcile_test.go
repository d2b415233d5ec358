package forecast_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"brigade/internal/planning/forecast"
)

func TestReconcileSharesByUncertainty(t *testing.T) {
	t.Parallel()
	parts := []float64{10, 20, 30}
	got := forecast.Reconcile(parts, []float64{1, 1, 4}, []forecast.Total{{Mean: 72, Variance: 0, Parts: []int{0, 1, 2}}})
	require.InDelta(t, 72, total(got), 1e-6)
	require.InDelta(t, 12, got[0], 1e-6)
	require.InDelta(t, 38, got[2], 1e-6)
	require.Equal(t, []float64{10, 20, 30}, parts, "the input stays")

	half := forecast.Reconcile(parts, []float64{1, 1, 4}, []forecast.Total{{Mean: 72, Variance: 6, Parts: []int{0, 1, 2}}})
	require.InDelta(t, 66, total(half), 1e-6, "a total as uncertain as its parts")

	same := forecast.Reconcile(parts, []float64{1, 1, 4}, []forecast.Total{{Mean: 72, Variance: math.Inf(1), Parts: []int{0, 1, 2}}})
	require.Equal(t, parts, same, "bottom-up")
}

// Items by outlets: rows and columns and the whole.
func TestReconciledTotalsAgreeAndNothingIsNegative(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		outlets, items := rapid.IntRange(1, 5).Draw(t, "outlets"), rapid.IntRange(1, 5).Draw(t, "items")
		n := outlets * items
		parts := rapid.SliceOfN(rapid.Float64Range(0, 100), n, n).Draw(t, "parts")
		variances := rapid.SliceOfN(rapid.Float64Range(0.1, 100), n, n).Draw(t, "variances")
		parts[0] = 0
		var totals []forecast.Total
		for o := range outlets {
			of := forecast.Total{Variance: rapid.Float64Range(0, 50).Draw(t, "variance")}
			for i := range items {
				of.Parts = append(of.Parts, o*items+i)
				of.Mean += parts[o*items+i]
			}
			of.Mean *= rapid.Float64Range(0, 2).Draw(t, "factor")
			totals = append(totals, of)
		}
		got := forecast.Reconcile(parts, variances, totals)
		require.Zero(t, got[0], "closed stays closed")
		for i, v := range got {
			require.False(t, math.IsNaN(v) || v < 0, "%d: %v", i, v)
		}
		for _, of := range totals {
			before, after := 0.0, 0.0
			for _, i := range of.Parts {
				before, after = before+parts[i], after+got[i]
			}
			require.LessOrEqual(t, math.Abs(after-of.Mean), math.Abs(before-of.Mean)+1e-6, "nearer to the total than before")
		}
	})
}
