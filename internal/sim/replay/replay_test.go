package replay_test

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"brigade/internal/kitchen"
	"brigade/internal/kitchen/sched"
	"brigade/internal/recipe"
	"brigade/internal/sim/replay"
)

var six = time.Date(2026, 11, 19, 18, 0, 0, 0, time.UTC)

// bistro has a tight grill, a fryer and a pass, and three cooks.
func bistro() *kitchen.Layout {
	return (&kitchen.Layout{
		Tenant: 1, Outlet: 1, Location: time.UTC, StaleAfter: 2 * time.Minute,
		Stations: []sched.Station{{ID: 1, Name: "griller", Capacity: 2}, {ID: 2, Name: "fryer", Capacity: 2}, {ID: 3, Name: "pass", Capacity: 9}},
		Machines: []kitchen.Machine{
			{Machine: sched.Machine{ID: 1, Station: 1, Name: "grill-1", Capacity: 2, Up: true}},
			{Machine: sched.Machine{ID: 2, Station: 2, Name: "fryer-1", Capacity: 2, Up: true}},
		},
		People: []kitchen.Person{
			{ID: 1, Name: "Asha", Active: true, Skills: []int64{1, 2}, MaxParallel: 3, Efficiency: 1.1},
			{ID: 2, Name: "Noah", Active: true, Skills: []int64{1, 3}, MaxParallel: 2, Efficiency: 1},
			{ID: 3, Name: "Ravi", Active: true, Skills: []int64{2, 3}, MaxParallel: 2, Efficiency: 0.9},
		},
	}).Index()
}

func dishes() []replay.Dish {
	return []replay.Dish{
		{SKU: "burger", Item: "Burger", Weight: 2, Steps: []recipe.Step{
			{Description: "grill patty", Station: 1, Machine: 1, Estimate: 90 * time.Second, Priority: 20},
			{Description: "fry fries", Station: 2, Estimate: 80 * time.Second, Priority: 18},
			{Description: "assemble", Station: 3, Estimate: 30 * time.Second, Priority: 14, After: []int{0, 1}},
		}},
		{SKU: "wrap", Item: "Wrap", Weight: 1, Steps: []recipe.Step{
			{Description: "warm", Station: 1, Estimate: 40 * time.Second, Priority: 15},
			{Description: "roll", Station: 3, Estimate: 40 * time.Second, Priority: 15, After: []int{0}},
		}},
	}
}

func evening(seed uint64, perHour float64) *replay.Evening {
	return replay.Make(replay.Made{
		Layout: bistro(), Dishes: dishes(), Begin: six, Length: 2 * time.Hour, PerHour: perHour, Noise: 0.25, Seed: seed,
	})
}

// troubled adds a failure and two breaks.
func troubled(seed uint64, perHour float64) *replay.Evening {
	e := evening(seed, perHour)
	r := rand.New(rand.NewPCG(seed, 5))
	at := func() time.Time { return six.Add(time.Duration(r.IntN(7000)) * time.Second) }
	from := at()
	e.Outages = []kitchen.Outage{{Machine: 1 + r.Int64N(2), From: from, To: from.Add(15 * time.Minute)}}
	for who := range int64(2) {
		from = at()
		e.Breaks = append(e.Breaks, replay.Break{Person: 1 + who, From: from, To: from.Add(10 * time.Minute)})
	}
	return e
}

// play plays by the quickest rules: replaying is the same under all.
func play(e *replay.Evening) *replay.Played {
	s := kitchen.DefaultSettings()
	s.Policy = sched.Greedy
	return replay.Play(e, s)
}

func TestTheSameEveningGivesTheSameTrace(t *testing.T) {
	t.Parallel()
	for seed := range uint64(5) {
		first, second := play(troubled(seed, 40)), play(troubled(seed, 40))
		require.Equal(t, first, second)
	}
}

// Every trace is one that a kitchen could do: nothing above a capacity, nothing before what it needs, nobody without the
// skill, nothing begun on a machine that is down or by somebody who is away; and everything is made in the end.
func TestTracesAreFeasible(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		e := troubled(rapid.Uint64Range(0, 1<<40).Draw(t, "seed"), rapid.Float64Range(5, 60).Draw(t, "per hour"))
		checkTrace(t, e, play(e))
	})
}

func checkTrace(t require.TestingT, e *replay.Evening, p *replay.Played) {
	done := map[[3]int]replay.Ran{}
	total := 0
	for _, r := range p.Ran {
		key := [3]int{r.Order, r.Unit, r.Step}
		_, twice := done[key]
		require.False(t, twice, "%v is done twice", key)
		done[key] = r
		step := e.Orders[r.Order].Units[r.Unit].Steps[r.Step]
		require.Equal(t, step.Station, r.Station)
		require.False(t, r.Start.Before(e.Orders[r.Order].At))
		for _, dep := range step.After {
			require.False(t, r.Start.Before(done[[3]int{r.Order, r.Unit, dep}].Finish))
		}
		require.True(t, step.Machine == 0 || step.Machine == r.Machine)
		who := e.Layout.People[r.Staff-1]
		require.True(t, slices.Contains(who.Skills, r.Station), "%s has no skill for station %d", who.Name, r.Station)
		require.InDelta(t, step.Work.Seconds()/who.Efficiency, r.Finish.Sub(r.Start).Seconds(), 0.002)
		for _, o := range e.Outages {
			require.False(t, o.Machine == r.Machine && !r.Start.Before(o.From) && r.Start.Before(o.To), "on a machine that is down")
		}
		for _, b := range e.Breaks {
			require.False(t, b.Person == r.Staff && !r.Start.Before(b.From) && r.Start.Before(b.To), "by somebody who is away")
		}
		busy := func(same func(*replay.Ran) bool) (n int) {
			for i := range p.Ran {
				o := &p.Ran[i]
				if same(o) && !o.Start.After(r.Start) && o.Finish.After(r.Start) {
					n++
				}
			}
			return n
		}
		require.LessOrEqual(t, busy(func(o *replay.Ran) bool { return o.Station == r.Station }), e.Layout.Stations[r.Station-1].Capacity)
		require.LessOrEqual(t, busy(func(o *replay.Ran) bool { return o.Staff == r.Staff }), who.MaxParallel)
		if r.Machine != 0 {
			require.LessOrEqual(t, busy(func(o *replay.Ran) bool { return o.Machine == r.Machine }), e.Layout.Machines[r.Machine-1].Capacity)
		}
	}
	for i, o := range e.Orders {
		for _, u := range o.Units {
			total += len(u.Steps)
		}
		require.False(t, p.Orders[i].Missing)
	}
	require.Len(t, done, total)
}

// What comes later never changes what was before: arrivals, durations and failures are not known in advance.
func TestNothingLooksAhead(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64Range(0, 1<<40).Draw(t, "seed")
		e := troubled(seed, 40)
		cut := six.Add(time.Duration(rapid.IntRange(600, 6600).Draw(t, "cut")) * time.Second)
		other, err := e.Changed(func(e *replay.Evening) error {
			e.Orders = slices.DeleteFunc(e.Orders, func(o replay.Order) bool { return o.At.After(cut) && o.At.UnixMicro()%2 == 0 })
			for i := range e.Orders {
				for j := range e.Orders[i].Units {
					if e.Orders[i].At.After(cut) {
						e.Orders[i].Units[j].Steps[0].Work *= 3
					}
				}
			}
			e.Outages = slices.DeleteFunc(e.Outages, func(o kitchen.Outage) bool { return o.From.After(cut) })
			e.Breaks = slices.DeleteFunc(e.Breaks, func(b replay.Break) bool { return b.From.After(cut) })
			return nil
		})
		require.NoError(t, err)
		past := func(p *replay.Played) (list []replay.Ran) {
			for _, r := range p.Ran {
				if !r.Start.After(cut) {
					list = append(list, r)
				}
			}
			return list
		}
		require.Equal(t, past(play(e)), past(play(other)))
	})
}

// Pauses between an assignment and the start are played, too; who waits too long loses the task.
func TestPausesAndStaleAssignments(t *testing.T) {
	t.Parallel()
	e := evening(1, 20)
	paused, err := e.Changed(func(e *replay.Evening) error {
		for i := range e.Orders {
			e.Orders[i].Units[0].Steps[0].Pause = time.Minute
		}
		e.Orders[0].Units[0].Steps[0].Pause = 3 * time.Minute // and once more after it was taken back, for ever
		return nil
	})
	require.NoError(t, err)
	p := play(paused)
	require.True(t, p.Orders[0].Missing, "nobody ever begins it in time")
	require.Greater(t, replay.Measure(paused, p).Ticket, replay.Measure(e, play(e)).Ticket)
}

func TestResamplingKeepsTheOrders(t *testing.T) {
	t.Parallel()
	e := evening(3, 40)
	require.Same(t, e, e.Resampled(0))
	before := e.Resampled(0)
	a, b, c := e.Resampled(7), e.Resampled(7), e.Resampled(8)
	require.True(t, reflect.DeepEqual(a, b))
	require.False(t, reflect.DeepEqual(a, c))
	require.True(t, reflect.DeepEqual(e, before), "the evening itself is not touched")
	require.Len(t, a.Orders, len(e.Orders))
	require.True(t, slices.IsSortedFunc(a.Orders, func(x, y replay.Order) int { return x.At.Compare(y.At) }))
}

func BenchmarkPlay(b *testing.B) {
	e := evening(1, 40)
	var simulated time.Duration
	for b.Loop() {
		play(e)
		simulated += 2 * time.Hour
	}
	b.ReportMetric(simulated.Seconds()/b.Elapsed().Seconds(), "×real-time")
	b.ReportMetric(float64(len(e.Orders)), "orders")
}
