package dispatch_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"brigade/internal/delivery/dispatch"
)

func TestMatchIsAsCheapAsTheBestOfAll(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rows, columns := rapid.IntRange(1, 5).Draw(t, "rows"), rapid.IntRange(1, 5).Draw(t, "columns")
		cost := make([][]float64, rows)
		for r := range cost {
			cost[r] = make([]float64, columns)
			for c := range cost[r] {
				cost[r][c] = float64(rapid.IntRange(-20, 20).Draw(t, "cost"))
			}
		}
		sum, matched, used := 0.0, 0, map[int]bool{}
		for r, c := range dispatch.Match(cost) {
			if c >= 0 {
				require.False(t, used[c])
				used[c] = true
				sum += cost[r][c]
				matched++
			}
		}
		require.Equal(t, min(rows, columns), matched)
		require.InDelta(t, cheapest(cost, 0, 0, matched), sum, 1e-9)
	})
}

// cheapest tries everything: rows from r on, columns in used taken, k rows still to be matched.
func cheapest(cost [][]float64, r int, used uint, k int) float64 {
	if k == 0 {
		return 0
	}
	if len(cost)-r < k {
		return math.Inf(1)
	}
	best := cheapest(cost, r+1, used, k)
	for c, x := range cost[r] {
		if used&(1<<c) == 0 {
			best = min(best, x+cheapest(cost, r+1, used|1<<c, k-1))
		}
	}
	return best
}

func TestMatchOfNothing(t *testing.T) {
	t.Parallel()
	require.Empty(t, dispatch.Match(nil))
}
