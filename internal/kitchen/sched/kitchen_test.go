package sched_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"brigade/internal/kitchen/sched"
)

func demo() *sched.Kitchen { return sched.New(demoLayout(), sched.DefaultWeights()) }

func tasks(plan []sched.Assignment) (ids []int64) {
	for _, a := range plan {
		ids = append(ids, a.Task)
	}
	return ids
}

func busy(list []sched.Busy, id int64) int { return list[id-1].Busy }

func TestRelayoutKeepsUsage(t *testing.T) {
	t.Parallel()
	k := demo()
	k.Occupy(1, griller, grill1, asha)
	k.Start(1, noon)
	k.Enqueue(demoTask(2, fryer, 18))

	without := demoLayout()
	without.Staff = without.Staff[1:]
	without.Machines[grill1-1].Up = false
	k.Relayout(without)
	require.Empty(t, k.Plan(noon))
	require.Equal(t, sched.NobodySkilled, k.Queue(noon)[0].For)
	require.Zero(t, k.Utilization(asha, noon.Add(time.Hour)))

	k.Relayout(demoLayout())
	u := k.Usage()
	require.Equal(t, []int{1, 1, 1}, []int{busy(u.Stations, griller), busy(u.Machines, grill1), busy(u.Staff, asha)})
	require.InDelta(t, 0.5/3, k.Utilization(asha, noon.Add(time.Hour)), 1e-9)
	require.Equal(t, []int64{2}, tasks(k.Plan(noon)))
}

// Greedy goes by how long the guest waits, not by how long the step does: the last step of an old order comes before the
// first one of an order that has just come in.
func TestGreedyAgesWithTheOrder(t *testing.T) {
	t.Parallel()
	l := demoLayout()
	l.Stations[griller-1].Capacity = 1
	k := sched.New(l, sched.DefaultWeights())
	last, first := demoTask(1, griller, 14), demoTask(2, griller, 20)
	last.Ready, last.Arrived = noon, noon.Add(-time.Minute)
	first.Ready, first.Arrived = noon.Add(-time.Second), noon.Add(-time.Second)
	k.Enqueue(first)
	k.Enqueue(last)
	plan := k.Plan(noon)
	require.Equal(t, []int64{1}, tasks(plan))
	require.InDelta(t, 60, plan[0].Why.Score.Wait, 1e-9)
	require.InDelta(t, 14+60*0.14, plan[0].Why.Score.Total, 1e-9)
}

// What is gone from the layout still holds on to nothing and blocks nothing once it is released.
func TestReleaseAfterTheMachineWasRemoved(t *testing.T) {
	t.Parallel()
	k := demo()
	k.Occupy(1, griller, grill1, asha)
	l := demoLayout()
	l.Machines = l.Machines[1:]
	k.Relayout(l)
	require.True(t, k.Release(1, time.Minute))
	k.Relayout(demoLayout())
	require.Zero(t, busy(k.Usage().Machines, grill1))
	require.Zero(t, busy(k.Usage().Stations, griller))
}

func TestReasons(t *testing.T) {
	t.Parallel()
	for words, c := range map[string]struct {
		change func(*sched.Layout)
		task   sched.Task
	}{
		"station unknown":        {nil, demoTask(1, 77, 1)},
		"station full":           {func(l *sched.Layout) { l.Stations[fryer-1].Capacity = 0 }, demoTask(1, fryer, 1)},
		"machine unknown":        {nil, sched.Task{ID: 1, Station: fryer, Machine: 77}},
		"machine down":           {func(l *sched.Layout) { l.Machines[fryer1-1].Up = false }, demoTask(1, fryer, 1)},
		"machine full":           {func(l *sched.Layout) { l.Machines[fryer1-1].Capacity = 0 }, demoTask(1, fryer, 1)},
		"nobody with the skill":  {func(l *sched.Layout) { l.Staff[asha-1].Skills = nil }, demoTask(1, fryer, 1)},
		"all on break/off shift": {func(l *sched.Layout) { l.Staff[asha-1].Off = []sched.Interval{{To: sched.Forever}} }, demoTask(1, fryer, 1)},
		"staff at their limit":   {func(l *sched.Layout) { l.Staff[asha-1].MaxParallel = 0 }, demoTask(1, fryer, 1)},
		"assignable":             {nil, demoTask(1, fryer, 1)},
	} {
		t.Run(words, func(t *testing.T) {
			t.Parallel()
			l := demoLayout()
			if c.change != nil {
				c.change(&l)
			}
			k := sched.New(l, sched.DefaultWeights())
			k.Enqueue(c.task)
			waiting := k.Queue(noon)
			require.Equal(t, words, waiting[0].For.String())
			require.Equal(t, words != "assignable", len(k.Plan(noon)) == 0)

			text, err := waiting[0].For.MarshalText()
			require.NoError(t, err)
			var back sched.Reason
			require.NoError(t, back.UnmarshalText(text))
			require.Equal(t, waiting[0].For, back)
		})
	}
	require.Error(t, new(sched.Reason).UnmarshalText([]byte("bad mood")))
	require.Equal(t, "reason 200", sched.Reason(200).String())
}

func TestNextChangeIsTheEndOfTheBreak(t *testing.T) {
	t.Parallel()
	l := demoLayout()
	back := noon.Add(15 * time.Minute)
	l.Staff[asha-1].Off = []sched.Interval{{From: noon, To: back}}
	k := sched.New(l, sched.DefaultWeights())
	_, ok := k.NextChange(noon)
	require.False(t, ok, "nothing is queued")

	k.Enqueue(demoTask(1, fryer, 18))
	require.Empty(t, k.Plan(noon))
	next, ok := k.NextChange(noon)
	require.True(t, ok)
	require.Equal(t, back, next)
	require.Equal(t, []int64{1}, tasks(k.Plan(back)))
}

func TestTheLastWordAboutATaskCounts(t *testing.T) {
	t.Parallel()
	k := demo()
	k.Enqueue(demoTask(1, fryer, 1))
	k.Enqueue(demoTask(1, adhoc, 2))
	require.Equal(t, 1, k.Len())
	k.Occupy(1, griller, grill1, asha)
	require.Zero(t, k.Len())
	k.Occupy(1, griller, grill1, noah)
	require.Equal(t, 1, busy(k.Usage().Stations, griller))
	require.Zero(t, busy(k.Usage().Staff, asha))
	k.Enqueue(demoTask(1, fryer, 1))
	require.Zero(t, k.Usage().Held)
	require.Equal(t, 1, k.Len())
}

// Numbers that are none must not spoil the order of the others.
func TestOddNumbers(t *testing.T) {
	t.Parallel()
	l := demoLayout()
	l.Staff[asha-1].Efficiency = math.NaN()
	l.Staff[noah-1].Efficiency = math.Inf(1)
	k := sched.New(l, sched.DefaultWeights())
	odd := demoTask(1, griller, math.NaN())
	odd.Boost = math.Inf(1)
	k.Enqueue(odd)
	k.Enqueue(demoTask(2, griller, 1))
	k.Enqueue(demoTask(3, griller, 1e300))
	plan := k.Plan(noon)
	require.Equal(t, []int64{3, 2, 1}, tasks(plan))
	require.Equal(t, int64(asha), plan[0].Staff)
}

func TestMeasuredEfficiencyDecides(t *testing.T) {
	t.Parallel()
	k := demo()
	k.SetEfficiency(noah, 1.2)
	k.SetEfficiency(77, 1.2)
	k.Enqueue(demoTask(1, griller, 20))
	require.Equal(t, int64(noah), k.Plan(noon)[0].Staff)
}

func TestUtilizationEvensOutWork(t *testing.T) {
	t.Parallel()
	l := demoLayout()
	l.Staff[asha-1].Efficiency = 1
	l.Staff[asha-1].MaxParallel = 2
	k := sched.New(l, sched.DefaultWeights())
	k.Occupy(1, griller, grill1, asha)
	k.Release(1, 20*time.Minute)
	k.Enqueue(demoTask(2, griller, 20))
	plan := k.Plan(noon)
	require.Equal(t, int64(noah), plan[0].Staff)
	require.Positive(t, plan[0].Why.Staff.Fit[1].Util)
}

// Work cut into pieces counts as the same work in one piece, finished or still running; after a half-life it counts half.
func TestUtilizationDoesNotDependOnHowWorkIsCut(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		pieces := rapid.SliceOfN(rapid.IntRange(1, 900), 1, 10).Draw(t, "seconds")
		cut, whole := demo(), demo()
		now := noon
		for i, seconds := range pieces {
			task := int64(i + 1)
			d := time.Duration(seconds) * time.Second
			cut.Occupy(task, griller, grill1, asha)
			cut.Start(task, now)
			now = now.Add(d)
			running := cut.Utilization(asha, now)
			cut.Release(task, d)
			cut.Plan(now)
			require.InDelta(t, running, cut.Utilization(asha, now), 1e-9)
		}
		whole.Occupy(1, griller, grill1, asha)
		whole.Release(1, now.Sub(noon))
		whole.Plan(now)
		at := now
		for range 3 {
			want := math.Exp2(-float64(at.Sub(now))/float64(sched.HalfLife)) - math.Exp2(-float64(at.Sub(noon))/float64(sched.HalfLife))
			require.InDelta(t, want/3, whole.Utilization(asha, at), 1e-9)
			require.InDelta(t, want/3, cut.Utilization(asha, at), 1e-9)
			at = at.Add(sched.HalfLife)
		}
	})
}

// Somebody who always works to his limit has a utilization of 1.
func TestUtilizationOfTheAlwaysBusy(t *testing.T) {
	t.Parallel()
	k := demo()
	for task := range int64(3) {
		k.Occupy(task, griller, grill1, asha)
		k.Start(task, noon)
	}
	require.InDelta(t, 1, k.Utilization(asha, noon.Add(24*time.Hour)), 1e-6)
	require.Zero(t, k.Utilization(noah, noon.Add(24*time.Hour)))
}

// A large kitchen decides as the naive planner does, with more candidates than an explanation lists.
func TestLargeKitchenDecidesAsTheNaiveOne(t *testing.T) {
	t.Parallel()
	n := newNaive(largeLayout(3, 2), sched.DefaultWeights())
	for _, task := range largeTasks(400) {
		n.enqueue(task)
	}
	want := n.plan(noon, math.MaxInt)
	require.Greater(t, len(want), 40)
	var got []choice
	for _, a := range n.k.Plan(noon) {
		got = append(got, choice{a.Task, a.Station, a.Machine, a.Staff})
	}
	require.Equal(t, want, got)
}

// A plan that assigns nothing allocates nothing; one that does allocates a few lists for each explanation.
//
//nolint:paralleltest // counts allocations
func TestPlanAllocatesLittle(t *testing.T) {
	k := sched.New(largeLayout(3, 2), sched.DefaultWeights())
	for _, task := range largeTasks(1000) {
		k.Enqueue(task)
	}
	plan := k.Plan(noon)
	require.Zero(t, testing.AllocsPerRun(100, func() { k.Plan(noon) }))

	again := func() {
		k.Release(plan[0].Task, 0)
		k.Enqueue(sched.Task{ID: plan[0].Task, Station: plan[0].Station, Base: 1000, Ready: noon})
		plan = k.Plan(noon)
	}
	require.LessOrEqual(t, testing.AllocsPerRun(100, again), 7.0)

	buf := plan[0].Why.AppendJSON(nil)
	require.Zero(t, testing.AllocsPerRun(100, func() { buf = plan[0].Why.AppendJSON(buf[:0]) }))
}
