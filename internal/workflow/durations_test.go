package workflow_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"brigade/internal/workflow"
)

// What is told of durations is at most 9 % more than what they were, and never less; below a millisecond nobody looks.
func TestDurationsAreToldWithinBounds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(rapid.Int64Range(int64(time.Millisecond), int64(10*time.Hour)), 1, 50).Draw(t, "durations")
		share := rapid.Float64Range(0.01, 1).Draw(t, "share")
		var d workflow.Durations
		for _, x := range list {
			d.Add(time.Duration(x), 1)
		}
		slices.Sort(list)
		rank := 0
		for float64(rank) < share*float64(len(list)) {
			rank++
		}
		truth, told := float64(list[rank-1]), float64(d.Within(share))
		require.GreaterOrEqual(t, told, truth*(1-1e-9))
		require.LessOrEqual(t, told, truth*1.0906)
	})
	var none workflow.Durations
	require.Zero(t, none.Within(0.95))
	none.Add(1000*24*time.Hour, 1) // longer than anything that is counted
	none.Add(-time.Second, 1)
	require.Equal(t, time.Millisecond, none.Within(0.5))
}
