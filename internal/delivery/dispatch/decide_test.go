package dispatch_test

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/delivery/dispatch"
)

func drivers(d ...dispatch.Driver) []dispatch.Driver { return d }

func TestNearestDriverIsHeldUntilHeMustLeave(t *testing.T) {
	t.Parallel()
	near, far := idle(1, km(1, 0)), idle(2, km(5, 0)) // 200 s and 1000 s away
	s := town(drivers(far, near), meal(7, km(0, 0), km(0, 3), 20))
	p := dispatch.Decide(s)
	require.Empty(t, p.Instructions)
	leave := after(20).Add(-200*time.Second - 2*time.Minute) // there in 200 s, and half a service before the hand-over
	require.Equal(t, []dispatch.Hold{{Order: 7, Driver: 1, Until: leave, For: dispatch.ForFood}}, p.Holds)

	s.Now = leave.Add(-30 * time.Second) // at the next decision it would be too late
	p = dispatch.Decide(s)
	require.Len(t, p.Instructions, 1)
	told := p.Instructions[0]
	require.Equal(t, dispatch.Fetch, told.Kind)
	require.EqualValues(t, 1, told.Driver)
	require.Equal(t, s.Now.Add(200*time.Second), told.Arrive)
	require.Len(t, told.Why.Alternatives, 1)
	require.EqualValues(t, 2, told.Why.Alternatives[0].Driver)
	require.Greater(t, told.Why.Alternatives[0].Cost, told.Why.Cost)
}

func TestOneDriverBundlesWhatGoesTheSameWay(t *testing.T) {
	t.Parallel()
	next := meal(2, km(0.1, 0), km(0, 3.1), 0) // the restaurant next door
	next.Pickup = 2
	s := town(drivers(idle(1, km(0, 0))), meal(1, km(0, 0), km(0, 3), 0), next)
	p := dispatch.Decide(s)
	require.Len(t, p.Routes, 1)
	var drops []bool
	for _, stop := range p.Routes[0].Stops {
		drops = append(drops, stop.Drop)
	}
	require.Equal(t, []bool{false, false, true, true}, drops)
	require.Equal(t, []int64{2}, p.Instructions[0].Why.With, "and says so")
	require.Equal(t, []int64{1}, p.Holds[0].With)
}

func TestHoldTellsWhatItWaitsFor(t *testing.T) {
	t.Parallel()
	busy := idle(1, km(0, 0))
	busy.Free, busy.Pickup = after(6), 9
	p := dispatch.Decide(town(drivers(busy), meal(1, km(1, 0), km(0, 3), 0)))
	require.Equal(t, []dispatch.Hold{{Order: 1, Driver: 1, Until: after(6), For: dispatch.ForDriver}}, p.Holds)
	p = dispatch.Decide(town(drivers(busy), meal(1, km(1, 0), km(0, 3), 30)))
	require.Equal(t, dispatch.ForFood, p.Holds[0].For)
}

func TestBundleIsNotMadeWhenItWouldBeLate(t *testing.T) {
	t.Parallel()
	a, b := meal(1, km(0, 0), km(0, 5), 0), meal(2, km(0, 0), km(0.5, 5), 0)
	a.Due, b.Due = after(20), after(20)
	s := town(drivers(idle(1, km(0, 0))), a, b)
	s.Settings.BundleLate = time.Second
	stops := dispatch.Decide(s).Routes[0].Stops
	require.Equal(t, stops[0].Order, stops[1].Order, "one after the other")
}

func TestDriverWhoStandsThereTakesWhatIsReady(t *testing.T) {
	t.Parallel()
	d := idle(1, km(0, 0))
	d.Pickup = 1
	p := dispatch.Decide(town(drivers(d), meal(1, km(0, 0), km(0, 3), -1)))
	require.Len(t, p.Instructions, 1)
	require.Equal(t, dispatch.Collect, p.Instructions[0].Kind)
}

func TestWhatIsOnBoardIsDelivered(t *testing.T) {
	t.Parallel()
	o := meal(1, km(0, 0), km(0, 3), -10)
	o.Stage, o.Holder = dispatch.Carried, 1
	p := dispatch.Decide(town(drivers(idle(1, km(0, 0))), o))
	require.Len(t, p.Instructions, 1)
	require.Equal(t, dispatch.Deliver, p.Instructions[0].Kind)
	require.Equal(t, after(10), p.Instructions[0].Arrive)
}

func TestReasonsOfUnassignedOrders(t *testing.T) {
	t.Parallel()
	here := km(0, 0)
	wine, big, pinned, paused, orphan := meal(1, here, here, 5), meal(1, here, here, 5), meal(1, here, here, 5), meal(1, here, here, 5), meal(1, here, here, 5)
	wine.Needs, big.Size, pinned.Pinned, paused.Zone = dispatch.Alcohol, 9, 99, 3
	orphan.Stage, orphan.Holder = dispatch.Bound, 99
	ends := idle(1, here)
	ends.Off = after(3)
	for _, c := range []struct {
		name    string
		drivers []dispatch.Driver
		order   dispatch.Order
		want    dispatch.Reason
	}{
		{"nobody is there", nil, meal(1, here, here, 5), dispatch.NoDriver},
		{"nobody may sell wine", drivers(idle(1, here)), wine, dispatch.NotAllowed},
		{"too large for everybody", drivers(idle(1, here)), big, dispatch.NotAllowed},
		{"pinned to somebody who is gone", drivers(idle(1, here)), pinned, dispatch.NotAllowed},
		{"its zone is paused", drivers(idle(1, here)), paused, dispatch.ZonePaused},
		{"the shift ends before it is ready", drivers(ends), meal(1, here, here, 5), dispatch.ShiftsEnd},
		{"its driver is gone", drivers(idle(1, here)), orphan, dispatch.HolderGone},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := town(c.drivers, c.order)
			s.Paused = []int64{3}
			require.Equal(t, []dispatch.Unassigned{{Order: 1, Reason: c.want}}, dispatch.Decide(s).Unassigned)
		})
	}
}

func TestPinnedOrderGoesToItsDriver(t *testing.T) {
	t.Parallel()
	o := meal(1, km(0, 0), km(0, 3), 0)
	o.Pinned = 2
	p := dispatch.Decide(town(drivers(idle(1, km(0, 0)), idle(2, km(5, 0))), o))
	require.EqualValues(t, 2, p.Instructions[0].Driver)
}

func TestBetweenEqualsWhoHadLessThanHisShareComesFirst(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name        string
		done, hours [2]float64
		want        int64
	}{
		{"the same hours, fewer orders", [2]float64{9, 2}, [2]float64{3, 3}, 2},
		{"fewer orders, but in fewer hours still", [2]float64{6, 4}, [2]float64{4, 1}, 1},
		{"nobody has done anything: the first of the list", [2]float64{0, 0}, [2]float64{1, 1}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			one, other := idle(1, km(1, 0)), idle(2, km(1, 0))
			one.Done, other.Done = int(c.done[0]), int(c.done[1])
			one.On, other.On = after(-60*c.hours[0]), after(-60*c.hours[1])
			p := dispatch.Decide(town(drivers(one, other), meal(1, km(0, 0), km(0, 3), 0)))
			require.Equal(t, c.want, p.Instructions[0].Driver)
		})
	}
}

// Fairness has its limits: nobody is sent from so far away that the customer would notice.
func TestFairnessIsNeverWorthAFarWay(t *testing.T) {
	t.Parallel()
	near, far := idle(1, km(0.5, 0)), idle(2, km(2, 0))
	near.Done = 40
	p := dispatch.Decide(town(drivers(near, far), meal(1, km(0, 0), km(0, 3), 0)))
	require.EqualValues(t, 1, p.Instructions[0].Driver)
}

func TestUncertainReadinessDelaysTheDriver(t *testing.T) {
	t.Parallel()
	o := meal(1, km(0, 0), km(0, 3), 20)
	o.ReadyP90 = after(30)
	s := town(drivers(idle(1, km(1, 0))), o)
	s.Settings.ReadyRisk = 0
	early := dispatch.Decide(s).Holds[0].Until
	s.Settings.ReadyRisk = 0.5
	require.Equal(t, early.Add(5*time.Minute), dispatch.Decide(s).Holds[0].Until)
}

func TestIdleDriverGoesWhereOrdersCameFrom(t *testing.T) {
	t.Parallel()
	s := town(drivers(idle(1, km(9, 9))))
	s.Recent = []dispatch.Demand{{Pickup: 4, From: km(1, 1), Placed: after(-20), Ready: after(-10)}}
	p := dispatch.Decide(s)
	require.Len(t, p.Instructions, 1)
	require.Equal(t, dispatch.Move, p.Instructions[0].Kind)
	require.EqualValues(t, 4, p.Instructions[0].Pickup)

	s.Settings.Reposition.Window = 0
	require.Empty(t, dispatch.Decide(s).Instructions)
}

// The answer is anytime: whatever the effort, every order has its place, and effort is not wasted.
func TestMoreEffortIsNeverForNothing(t *testing.T) {
	t.Parallel()
	s := randomTown(rand.New(rand.NewPCG(5, 5)), 30, 80)
	costs := make([]float64, 0, 4)
	for _, effort := range []struct{ looks, tries int }{{0, 0}, {50, 10}, {500, 50}, {200_000, 200}} {
		s.Settings.Looks, s.Settings.MinTries, s.Settings.MaxTries = effort.looks, effort.tries, effort.tries
		p := dispatch.Decide(s)
		require.LessOrEqual(t, p.Tried, effort.tries)
		placed := len(p.Unassigned) + len(p.Holds)
		for _, in := range p.Instructions {
			if in.Kind == dispatch.Fetch || in.Kind == dispatch.Collect {
				placed++
			}
		}
		require.Equal(t, len(s.Orders), placed)
		costs = append(costs, p.Cost)
	}
	require.True(t, slices.IsSortedFunc(costs, func(a, b float64) int { return cmp.Compare(b, a) }), costs)
	require.Less(t, costs[3], 0.95*costs[0])
}
