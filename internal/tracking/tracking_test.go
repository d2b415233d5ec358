package tracking_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"brigade/internal/tracking"
)

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

func at(seconds int) time.Time { return noon.Add(time.Duration(seconds) * time.Second) }

// burger is contract K's burger_combo: three tasks, and one that waits for all of them.
func burger() []tracking.Task {
	return []tracking.Task{
		{ID: 1, Description: "grill patty", Estimate: 80 * time.Second, ReadyAt: noon},
		{ID: 2, Description: "toast bun", Estimate: 25 * time.Second, ReadyAt: noon},
		{ID: 3, Description: "fry fries", Estimate: 90 * time.Second, ReadyAt: noon},
		{ID: 4, Description: "assemble burger", Estimate: 35 * time.Second, After: []int64{1, 2, 3}},
	}
}

func TestEstimatedReadyIsTheLongestPath(t *testing.T) {
	t.Parallel()
	tasks := burger()
	require.Equal(t, at(125), tracking.EstimatedReady(tasks, noon), "fries, then assembly")

	tasks[2].StartedAt = noon
	require.Equal(t, at(135), tracking.EstimatedReady(tasks, at(20)), "nobody has begun the patty: it is the longest now")

	tasks[0].StartedAt, tasks[1].StartedAt = noon, noon
	require.Equal(t, at(125), tracking.EstimatedReady(tasks, at(20)), "all are under way: as first promised")
	require.Equal(t, at(235), tracking.EstimatedReady(tasks, at(200)), "late tasks are done any moment")

	for i := range 3 {
		tasks[i].CompletedAt = at(100)
	}
	tasks[3].StartedAt = at(100)
	require.Equal(t, at(135), tracking.EstimatedReady(tasks, at(110)))
	tasks[3].CompletedAt = at(130)
	require.Equal(t, at(140), tracking.EstimatedReady(tasks, at(140)))
	require.Equal(t, noon, tracking.EstimatedReady(nil, noon))
}

func TestEstimatedReadyIgnoresWhatIsNotThere(t *testing.T) {
	t.Parallel()
	tasks := []tracking.Task{
		{ID: 1, Estimate: time.Second, After: []int64{99}},
		{ID: 2, Estimate: time.Second, After: []int64{3}}, // a circle, which recipes cannot have
		{ID: 3, Estimate: time.Second, After: []int64{2}},
	}
	require.Equal(t, at(2), tracking.EstimatedReady(tasks, noon))
}

// No task can be ready before all that it waits for, nor the order before its longest task.
func TestEstimatedReadyHoldsForAnyOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(t, "tasks")
		tasks := make([]tracking.Task, n)
		var sum, longest time.Duration
		for i := range tasks {
			tasks[i] = tracking.Task{ID: int64(i + 1), Estimate: time.Duration(rapid.IntRange(1, 300).Draw(t, "s")) * time.Second}
			for j := range i {
				if rapid.Bool().Draw(t, "after") {
					tasks[i].After = append(tasks[i].After, int64(j+1))
				}
			}
			sum += tasks[i].Estimate
			longest = max(longest, tasks[i].Estimate)
		}
		took := tracking.EstimatedReady(tasks, noon).Sub(noon)
		require.GreaterOrEqual(t, took, longest)
		require.LessOrEqual(t, took, sum)
		tasks[rapid.IntRange(0, n-1).Draw(t, "done")].CompletedAt = noon
		require.LessOrEqual(t, tracking.EstimatedReady(tasks, noon).Sub(noon), took, "finishing a task never delays the order")
	})
}

func TestLastWorker(t *testing.T) {
	t.Parallel()
	tasks := burger()
	require.Empty(t, tracking.LastWorker(tasks))
	tasks[0].Staff, tasks[0].AssignedAt = "Asha", at(1)
	require.Empty(t, tracking.LastWorker(tasks), "assigned is not worked on")
	tasks[0].StartedAt = at(5)
	require.Equal(t, "Asha", tracking.LastWorker(tasks))
	tasks[2].Staff, tasks[2].StartedAt = "Noah", at(6)
	require.Equal(t, "Noah", tracking.LastWorker(tasks))
	tasks[0].CompletedAt = at(80)
	require.Equal(t, "Asha", tracking.LastWorker(tasks))
	tasks[2].CompletedAt, tasks[2].CompletedBy = at(90), "Ravi"
	require.Equal(t, "Ravi", tracking.LastWorker(tasks))
}

func TestTimelineIsInOrder(t *testing.T) {
	t.Parallel()
	changes := []tracking.Change{
		{At: noon, Status: "created", By: "till"},
		{At: at(5), Status: "in_preparation", By: "Asha"},
		{At: at(20), Status: "ready", By: "Asha"},
	}
	tasks := []tracking.Task{{
		ID: 7, Description: "blend coffee", Staff: "Asha", ReadyAt: noon, AssignedAt: noon, StartedAt: at(5), CompletedAt: at(20),
	}, {ID: 8, Description: "never begun"}}
	var got []string
	for _, e := range tracking.Timeline(changes, tasks) {
		got = append(got, e.At.Format("05 ")+e.What+" "+e.By+" "+e.Detail)
	}
	require.Equal(t, []string{
		"00 order_created till ", "00 task_ready  blend coffee", "00 task_assigned Asha blend coffee",
		"05 task_started Asha blend coffee", "05 order_in_preparation Asha ",
		"20 task_completed Asha blend coffee", "20 order_ready Asha ",
	}, got)
	require.Empty(t, tracking.Timeline(nil, nil))
}
