package sched_test

import (
	"fmt"
	"maps"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"brigade/internal/kitchen/sched"
)

// diner has a griller and a counter, and two people who can do everything.
func diner() sched.Layout {
	return sched.Layout{
		Stations: []sched.Station{{ID: 1, Name: "griller", Capacity: 4}, {ID: 2, Name: "counter", Capacity: 4}},
		Staff: []sched.Staff{
			{ID: 1, Name: "Asha", Skills: []int64{1, 2}, MaxParallel: 2, Efficiency: 1},
			{ID: 2, Name: "Noah", Skills: []int64{1, 2}, MaxParallel: 2, Efficiency: 1},
		},
	}
}

// brigadeOf is a kitchen that decides by the policy "brigade".
func brigadeOf(l sched.Layout, change ...func(*sched.Aims)) *sched.Kitchen {
	k := sched.New(l, sched.DefaultWeights())
	a := sched.DefaultAims()
	for _, c := range change {
		c(&a)
	}
	k.Use(sched.Brigade, a)
	return k
}

// step is a step of the unit that lasts so many seconds.
func step(task int64, unit int, station int64, secs int, after ...int) sched.Step {
	return sched.Step{Task: task, Unit: unit, Station: station, Estimate: time.Duration(secs) * time.Second, After: after}
}

// ready puts those steps of an order into the queue that wait for nothing.
func ready(k *sched.Kitchen, o *sched.Order, now sched.Instant) {
	for i := range o.Steps {
		if s := &o.Steps[i]; len(s.After) == 0 && !s.Done {
			k.Enqueue(sched.Task{ID: s.Task, Order: o.ID, Station: s.Station, Machine: s.Machine, Estimate: s.Estimate, Ready: now})
		}
	}
}

// burgerAndDip takes 100 seconds and, for the other unit, 10.
func burgerAndDip() []sched.Order {
	return []sched.Order{{ID: 1, Arrived: noon, Due: noon.Add(10 * time.Minute), Steps: []sched.Step{
		step(1, 0, 1, 80), step(2, 0, 2, 20, 0), step(3, 1, 2, 10),
	}}}
}

func TestWhatWouldBeReadyTooEarlyIsHeld(t *testing.T) {
	t.Parallel()
	k := brigadeOf(diner())
	orders := burgerAndDip()
	k.Orders(orders)
	ready(k, &orders[0], noon)
	plan := k.Plan(noon)
	require.Len(t, plan, 1)
	require.Equal(t, int64(1), plan[0].Task, "the patty; the dip waits")
	why := plan[0].Why
	require.Equal(t, "brigade", why.Policy)
	require.Equal(t, sched.Outlook{Place: 1, Orders: 1, Due: 600, Ready: 100, Slack: 500, Path: 100, Critical: true}, why.Outlook)

	k.Start(1, noon)
	require.Empty(t, k.Plan(noon.Add(time.Second)))
	want := noon.Add(80 * time.Second) // 100 s less its own 10 s and a margin of 10 s
	waiting := k.Queue(noon)
	require.Len(t, waiting, 1)
	require.Equal(t, sched.HeldBack, waiting[0].For)
	require.InDelta(t, int64(want), int64(waiting[0].Until), 1e3)
	at, ok := k.NextChange(noon)
	require.True(t, ok)
	require.Equal(t, waiting[0].Until, at)

	require.Empty(t, k.Plan(noon.Add(40*time.Second)))
	k.Release(1, 80*time.Second)
	orders[0].Steps[0].Done, orders[0].Steps[0].Finished = true, at
	k.Enqueue(sched.Task{ID: 2, Order: 1, Station: 2, Estimate: 20 * time.Second, Ready: at})
	plan = k.Plan(at)
	require.Len(t, plan, 2)
	require.Equal(t, int64(2), plan[0].Task)
	require.Equal(t, int64(3), plan[1].Task)
	require.InDelta(t, 80, plan[1].Why.Outlook.Held, 0.1)
	require.False(t, plan[1].Why.Outlook.Critical)
	_, ok = k.NextChange(at)
	require.False(t, ok)
}

// The dip is held less and less while hands are idle that will be wanted.
func TestHoldsAreGivenUpWhenHandsAreDear(t *testing.T) {
	t.Parallel()
	k := brigadeOf(diner(), func(a *sched.Aims) { a.Idle = 100 })
	orders := burgerAndDip()
	k.Orders(orders)
	ready(k, &orders[0], noon)
	require.Len(t, k.Plan(noon), 2)
}

func TestNothingIsHeldForWhatNobodyCanMake(t *testing.T) {
	t.Parallel()
	l := diner()
	l.Stations = append(l.Stations, sched.Station{ID: 3, Name: "oven", Capacity: 1})
	k := brigadeOf(l)
	orders := []sched.Order{{ID: 1, Arrived: noon, Steps: []sched.Step{step(1, 0, 3, 80), step(2, 1, 2, 10)}}}
	k.Orders(orders)
	ready(k, &orders[0], noon)
	plan := k.Plan(noon)
	require.Len(t, plan, 1)
	require.Equal(t, int64(2), plan[0].Task)
	p := k.Project(noon)
	require.Equal(t, sched.Forever, p.Orders[0].Ready)
}

// A machine that is down is expected back: what needs it is not held for ever, nor is the rest of its order made at once.
func TestADownMachineIsExpectedBack(t *testing.T) {
	t.Parallel()
	l := diner()
	l.Machines = []sched.Machine{{ID: 1, Station: 1, Name: "grill-1", Capacity: 2}}
	k := brigadeOf(l)
	k.Orders(burgerAndDip())
	ready(k, &burgerAndDip()[0], noon)
	require.Empty(t, k.Plan(noon))
	p := k.Project(noon)
	require.Equal(t, noon.Add(10*time.Minute+100*time.Second), p.Orders[0].Ready)
}

func TestUrgentOrdersComeFirst(t *testing.T) {
	t.Parallel()
	l := diner()
	l.Stations[0].Capacity = 1
	k := brigadeOf(l)
	orders := []sched.Order{
		{ID: 1, Arrived: noon.Add(-time.Minute), Due: noon.Add(time.Hour), Steps: []sched.Step{step(1, 0, 1, 300)}},
		{ID: 2, Arrived: noon, Due: noon.Add(5 * time.Minute), Steps: []sched.Step{step(2, 0, 1, 280)}},
	}
	k.Orders(orders)
	for i := range orders {
		ready(k, &orders[i], noon)
	}
	plan := k.Plan(noon)
	require.Len(t, plan, 1)
	require.Equal(t, int64(2), plan[0].Task)
	k.Release(2, 0)
	k.Enqueue(sched.Task{ID: 2, Order: 2, Station: 1, Estimate: 280 * time.Second, Ready: noon})
	k.Enqueue(sched.Task{ID: 1, Order: 1, Station: 1, Estimate: 300 * time.Second, Ready: noon, Boost: 1000})
	require.Equal(t, int64(1), k.Plan(noon)[0].Task, "a boost raises its order")
}

// Whoever can do what others cannot is spared for it.
func TestFlexiblePeopleAreSpared(t *testing.T) {
	t.Parallel()
	l := diner()
	l.Staff[0].MaxParallel, l.Staff[1].MaxParallel = 1, 1
	l.Staff[1].Skills = []int64{2}
	k := brigadeOf(l)
	k.Enqueue(sched.Task{ID: 1, Order: 1, Station: 2, Estimate: time.Minute, Ready: noon})
	plan := k.Plan(noon)
	require.Equal(t, int64(2), plan[0].Staff, "Noah; only Asha can work at the griller")
	fit := plan[0].Why.Staff.Fit
	require.Len(t, fit, 2)
	require.Greater(t, fit[1].Scarcity, fit[0].Scarcity)
}

func TestFIFO(t *testing.T) {
	t.Parallel()
	l := diner()
	l.Stations[1].Capacity = 1
	k := sched.New(l, sched.DefaultWeights())
	k.Enqueue(sched.Task{ID: 1, Station: 2, Base: 99, Ready: noon, Arrived: noon})
	k.Enqueue(sched.Task{ID: 2, Station: 2, Ready: noon.Add(time.Minute), Arrived: noon.Add(-time.Second)})
	k.Enqueue(sched.Task{ID: 3, Station: 2, Ready: noon.Add(-time.Millisecond)})
	k.Use(sched.FIFO, sched.DefaultAims())
	for _, want := range []int64{2, 3, 1} {
		plan := k.Plan(noon)
		require.Len(t, plan, 1)
		require.Equal(t, want, plan[0].Task)
		require.Equal(t, "fifo", plan[0].Why.Policy)
		k.Release(want, 0)
	}
	require.False(t, sched.Policy("best").Known())
}

func TestProject(t *testing.T) {
	t.Parallel()
	k := brigadeOf(diner())
	orders := burgerAndDip()
	orders[0].Due = 0
	k.Orders(orders)
	ready(k, &orders[0], noon)
	p := k.Project(noon)
	require.Equal(t, []sched.ProjectedOrder{{Order: 1, Due: noon.Add(500 * time.Second), Ready: noon.Add(100 * time.Second)}}, p.Orders)
	require.Equal(t, sched.ProjectedTask{Task: 1, Order: 1, Start: noon, Finish: noon.Add(80 * time.Second), Staff: p.Tasks[0].Staff}, p.Tasks[0])
	require.NotZero(t, p.Tasks[0].Staff, "somebody is there to do it")
	require.True(t, p.Tasks[2].Held)

	// four more patties would take every hand
	more := sched.Order{ID: 9, Arrived: noon, Due: noon.Add(time.Minute)}
	for i := range 4 {
		more.Steps = append(more.Steps, step(-int64(i)-1, i, 1, 60))
	}
	p = k.Project(noon, more)
	require.Len(t, p.Orders, 2)
	require.GreaterOrEqual(t, p.Orders[1].Ready, noon.Add(60*time.Second))
	require.Greater(t, max(p.Orders[0].Ready, p.Orders[1].Ready), noon.Add(100*time.Second))
	require.Len(t, k.Plan(noon), 1, "asking decides nothing")
}

// A task in hand is expected to go on for as long as tasks do that have lasted so long: never to be over at once.
func TestWhatIsOverdueIsExpectedToGoOn(t *testing.T) {
	t.Parallel()
	k := brigadeOf(diner())
	k.Orders([]sched.Order{{ID: 1, Arrived: noon, Steps: []sched.Step{step(1, 0, 1, 100)}}})
	k.Occupy(1, 1, 0, 1)
	require.Equal(t, noon.Add(100*time.Second), k.Project(noon).Orders[0].Ready, "not begun")
	k.Start(1, noon)
	last := sched.Instant(0)
	for _, after := range []int{0, 30, 80, 100, 120, 200, 1000} {
		now := noon.Add(time.Duration(after) * time.Second)
		at := k.Project(now).Orders[0].Ready
		require.Greater(t, at, now.Add(time.Second))
		require.GreaterOrEqual(t, at+1e4, last)
		last = at
	}
}

// Two orders share a load, which is one task: it is done once, and both wait for it.
func TestASharedLoadIsPlannedOnce(t *testing.T) {
	t.Parallel()
	k := brigadeOf(diner())
	k.Orders([]sched.Order{
		{ID: 1, Arrived: noon, Steps: []sched.Step{step(5, 0, 1, 100), step(6, 0, 2, 10, 0)}},
		{ID: 2, Arrived: noon, Steps: []sched.Step{step(5, 0, 1, 100), step(7, 0, 2, 20, 0)}},
	})
	k.Enqueue(sched.Task{ID: 5, Order: 1, Station: 1, Estimate: 100 * time.Second, Ready: noon})
	p := k.Project(noon)
	require.Len(t, p.Tasks, 3)
	require.Equal(t, noon.Add(110*time.Second), p.Orders[0].Ready)
	require.Equal(t, noon.Add(120*time.Second), p.Orders[1].Ready)
	require.Len(t, k.Plan(noon), 1)
}

// shift is a kitchen at work on orders drawn at random.
type shift struct {
	k      *sched.Kitchen
	layout sched.Layout
	now    sched.Instant
	orders []sched.Order
	ids    int64
	inHand map[int64]sched.Assignment
}

func (s *shift) arrive(t *rapid.T) {
	o := sched.Order{ID: int64(len(s.orders) + 1), Arrived: s.now}
	if rapid.Bool().Draw(t, "promised") {
		o.Due = s.now.Add(time.Duration(rapid.IntRange(0, 1200).Draw(t, "due")) * time.Second)
	}
	for unit := range rapid.IntRange(1, 3).Draw(t, "units") {
		first := len(o.Steps)
		for i := range rapid.IntRange(1, 4).Draw(t, "steps") {
			s.ids++
			st := step(s.ids, unit, rapid.SampledFrom(s.layout.Stations).Draw(t, "station").ID, rapid.IntRange(1, 200).Draw(t, "seconds"))
			for j := range i {
				if rapid.Bool().Draw(t, "waits") {
					st.After = append(st.After, first+j)
				}
			}
			o.Steps = append(o.Steps, st)
		}
	}
	s.orders = append(s.orders, o)
	ready(s.k, &o, s.now)
}

func (s *shift) complete(task int64) {
	delete(s.inHand, task)
	s.k.Release(task, time.Second)
	for i := range s.orders {
		o := &s.orders[i]
		for j := range o.Steps {
			if o.Steps[j].Task == task {
				o.Steps[j].Done, o.Steps[j].Finished = true, s.now
				s.unlock(o, j)
			}
		}
	}
}

func (s *shift) unlock(o *sched.Order, done int) {
	for i := range o.Steps {
		waits, left := false, 0
		for _, j := range o.Steps[i].After {
			waits = waits || j == done
			if !o.Steps[j].Done {
				left++
			}
		}
		if waits && left == 0 {
			st := o.Steps[i]
			s.k.Enqueue(sched.Task{ID: st.Task, Order: o.ID, Station: st.Station, Estimate: st.Estimate, Ready: s.now})
		}
	}
}

// plan checks that no room is overfull and that nothing waits but for a reason.
func (s *shift) plan(t *rapid.T) {
	s.k.Orders(s.orders)
	for _, a := range s.k.Plan(s.now) {
		s.inHand[a.Task] = a
		s.k.Start(a.Task, s.now)
	}
	u := s.k.Usage()
	for _, list := range [][]sched.Busy{u.Stations, u.Machines, u.Staff} {
		for _, b := range list {
			require.LessOrEqual(t, b.Busy, b.Capacity, b.Name)
		}
	}
	for _, w := range s.k.Queue(s.now) {
		require.NotEqual(t, sched.Assignable, w.For)
		if w.For == sched.HeldBack {
			next, ok := s.k.NextChange(s.now)
			require.True(t, ok)
			require.LessOrEqual(t, next, w.Until)
		}
	}
}

func TestNothingWaitsWithoutAReason(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := drawLayout(t)
		s := &shift{layout: l, now: noon, inHand: map[int64]sched.Assignment{}}
		s.k = brigadeOf(l, func(a *sched.Aims) {
			a.InDetail = rapid.SampledFrom([]int{1, 5, 600}).Draw(t, "in detail")
			a.Tries = rapid.SampledFrom([]int{0, 3}).Draw(t, "tries")
		})
		for range rapid.IntRange(1, 30).Draw(t, "rounds") {
			if rapid.Bool().Draw(t, "arrives") {
				s.arrive(t)
			}
			s.now = s.now.Add(time.Duration(rapid.IntRange(0, 120).Draw(t, "passes")) * time.Second)
			if task, ok := drawKey(t, s.inHand); ok {
				s.complete(task)
			}
			s.plan(t)
		}
	})
}

func drawKey(t *rapid.T, m map[int64]sched.Assignment) (int64, bool) {
	if len(m) == 0 {
		return 0, false
	}
	return rapid.SampledFrom(slices.Sorted(maps.Keys(m))).Draw(t, "task"), true
}

// busyKitchen has so many open tasks of orders of three units with four steps each, a third of them begun.
func busyKitchen(tasks int) (*sched.Kitchen, sched.Instant) {
	k := brigadeOf(largeLayout(1, 1))
	var orders []sched.Order
	for id := int64(1); id <= int64(tasks); {
		n := int64(len(orders))
		o := sched.Order{ID: n + 1, Arrived: noon.Add(-time.Duration(n*7%900) * time.Second)}
		o.Due = o.Arrived.Add(15 * time.Minute)
		for unit := range 3 {
			for i := range 4 {
				s := step(id, unit, (id*7+n)%10+1, 30+int(id*13%200))
				if i > 0 {
					s.After = []int{len(o.Steps) - 1}
				}
				o.Steps = append(o.Steps, s)
				id++
			}
		}
		orders = append(orders, o)
		ready(k, &o, noon)
	}
	k.Orders(orders)
	return k, noon
}

// One decision: somebody has become free and everything is looked at again.
func BenchmarkBrigade(b *testing.B) {
	for _, tasks := range []int{100, 300, 600, 3000} {
		b.Run(fmt.Sprint(tasks), func(b *testing.B) {
			k, now := busyKitchen(tasks)
			last := k.Plan(now)
			b.ReportAllocs()
			began := cpuTime()
			for b.Loop() {
				a := last[0]
				k.Release(a.Task, time.Minute)
				k.Enqueue(sched.Task{ID: a.Task, Order: a.Order, Station: a.Station, Estimate: time.Minute, Ready: now})
				now = now.Add(time.Second)
				if plan := k.Plan(now); len(plan) > 0 {
					last = plan
				}
			}
			b.ReportMetric((cpuTime()-began).Seconds()*1000/float64(b.N), "cpu-ms/op")
		})
	}
}

// cpuTime is what the process has used of processors: what a decision costs also on a machine that has other work to do.
func cpuTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// Where nobody tells that he has begun, or has forgotten to tell that he is done, nothing is held for long.
func TestNothingIsHeldForWhatNobodyWorksOn(t *testing.T) {
	t.Parallel()
	k := brigadeOf(diner())
	orders := burgerAndDip()
	k.Orders(orders)
	ready(k, &orders[0], noon)
	require.Len(t, k.Plan(noon), 1)
	at, ok := k.NextChange(noon)
	require.True(t, ok)
	require.Equal(t, noon.Add(2*time.Second), at)
	require.Len(t, k.Plan(at), 1, "nobody has begun with the patty")

	k = brigadeOf(diner())
	k.Orders(orders)
	ready(k, &orders[0], noon)
	k.Plan(noon)
	k.Start(1, noon)
	require.Empty(t, k.Plan(at))
	forgotten := noon.Add(200 * time.Second)
	require.Len(t, k.Plan(forgotten), 1)
}
