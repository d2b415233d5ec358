package sched_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"brigade/internal/kitchen/sched"
)

// openOrders is a kitchen with so many orders of three steps each, of which the first waits in the queue.
func openOrders(k *sched.Kitchen, stations, n int) []sched.Order {
	orders := make([]sched.Order, n)
	for i := range orders {
		base := int64(3*i + 1)
		o := &orders[i]
		*o = sched.Order{ID: int64(i + 1), Arrived: noon.Add(-time.Duration(n-i) * time.Second)}
		for s := range 3 {
			one := step(base+int64(s), s/2, int64((i+s)%stations)+1, 30+(i*7+s*13)%60)
			if s == 1 {
				one.After = []int{0}
			}
			o.Steps = append(o.Steps, one)
		}
		ready(k, o, o.Arrived)
	}
	k.Orders(orders)
	return orders
}

// another is one more order.
func another(station int64, secs int) sched.Order {
	return sched.Order{ID: -1, Arrived: noon, Steps: []sched.Step{step(-1, 0, station, secs)}}
}

// 500 open tasks in a kitchen of 50 people: what one quote costs.
func BenchmarkExpect500(b *testing.B) {
	k := brigadeOf(largeLayout(3, 6))
	openOrders(k, 10, 167)
	k.Plan(noon)
	var c sched.Calibration
	promise := func(lead, alone time.Duration) time.Duration { return c.Promise(lead, alone).P90 }
	b.ReportAllocs()
	for b.Loop() {
		x := k.Expect(noon, promise, another(3, 90))
		c.Promise(x.Further[0].Ready.Sub(noon), x.Further[0].Alone)
	}
}

// The same with so many that most are not looked at in detail.
func BenchmarkExpect5000(b *testing.B) {
	k := brigadeOf(largeLayout(3, 6))
	openOrders(k, 10, 1667)
	k.Plan(noon)
	for b.Loop() {
		k.Expect(noon, nil, another(3, 90))
	}
}

func TestAnOrderAloneIsExpectedToTakeItsLongestWay(t *testing.T) {
	t.Parallel()
	k := brigadeOf(diner())
	x := k.Expect(noon, nil, sched.Order{ID: -1, Arrived: noon, Steps: []sched.Step{step(-1, 0, 1, 80), step(-2, 0, 2, 20, 0), step(-3, 1, 2, 10)}})
	require.Len(t, x.Further, 1)
	require.Equal(t, noon.Add(100*time.Second), x.Further[0].Ready)
	require.Equal(t, 100*time.Second, x.Further[0].Alone)
	require.Equal(t, sched.LimitRecipe, x.Further[0].Limit.Kind)
}

// A kitchen with one of everything, and orders before: what limits one more is what is scarce.
func TestWhatLimitsAnOrderIsNamed(t *testing.T) {
	t.Parallel()
	for want, change := range map[sched.Limiting]func(*sched.Layout){
		sched.LimitStation: func(l *sched.Layout) { l.Stations[0].Capacity = 1 },
		sched.LimitMachine: func(l *sched.Layout) {
			l.Machines = []sched.Machine{{ID: 7, Station: 1, Name: "grill-1", Capacity: 1, Up: true}}
		},
		sched.LimitPerson: func(l *sched.Layout) { l.Staff = l.Staff[:1]; l.Staff[0].MaxParallel = 1 },
	} {
		l := diner()
		change(&l)
		k := brigadeOf(l)
		openOrders(k, 1, 4)
		k.Plan(noon)
		x := k.Expect(noon, nil, another(1, 60))
		require.Equal(t, want, x.Further[0].Limit.Kind)
		require.Equal(t, map[sched.Limiting]string{"station": "griller", "machine": "grill-1", "person": "Asha"}[want], x.Further[0].Limit.Name)
		require.Greater(t, x.Backlog[0].Waiting, time.Duration(0))
	}
}

func TestNobodyKnowsWhenWhatNobodyCanMakeIsReady(t *testing.T) {
	t.Parallel()
	x := brigadeOf(diner()).Expect(noon, nil, another(9, 60))
	require.Equal(t, sched.Forever, x.Further[0].Ready)
}

// Too many orders to look at in detail: they flow through the kitchen, the later the more are before them.
func TestManyOrdersFlow(t *testing.T) {
	t.Parallel()
	k := brigadeOf(diner(), func(a *sched.Aims) { a.InDetail = 30 })
	openOrders(k, 2, 60)
	k.Plan(noon)
	x := k.Expect(noon, nil)
	require.Len(t, x.Orders, 60)
	work := 0.0
	for i := range 60 {
		for s := range 3 {
			work += float64(30 + (i*7+s*13)%60)
		}
	}
	last := sched.Instant(0)
	for _, o := range x.Orders {
		require.NotEqual(t, sched.Forever, o.Ready)
		last = max(last, o.Ready)
	}
	require.InEpsilon(t, work/4, last.Sub(noon).Seconds(), 0.25, "four hands")
}

func TestRoomIsWhereTheBacklogHasShrunk(t *testing.T) {
	t.Parallel()
	at := func(s int) sched.Instant { return noon.Add(time.Duration(s) * time.Second) }
	b := sched.Backlog{
		Waiting: 5 * time.Minute, Orders: map[int64]time.Duration{1: 2 * time.Minute, 2: 2 * time.Minute, -1: time.Minute},
		Begins: []sched.Begin{{At: at(60), Order: 1, Work: 2 * time.Minute}, {At: at(90), Order: -1, Work: time.Minute}, {At: at(120), Order: 2, Work: 2 * time.Minute}},
	}
	require.Equal(t, noon, b.Room(-1, 5*time.Minute, noon))
	require.Equal(t, at(60), b.Room(-1, 4*time.Minute, noon), "with its own minute there are three left")
	require.Equal(t, at(120), b.Room(-1, 2*time.Minute, noon))
	require.Equal(t, at(120), b.Room(-1, time.Second, noon), "an order above the limit is made when nothing else waits")
	b.Begins = b.Begins[:1]
	require.Equal(t, sched.Forever, b.Room(-1, 2*time.Minute, noon))
}

// Asking changes nothing: neither what is decided next nor what is answered next.
func TestExpectingChangesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 12).Draw(t, "orders")
		asked, silent := brigadeOf(diner()), brigadeOf(diner())
		openOrders(asked, 2, n)
		openOrders(silent, 2, n)
		for i := range rapid.IntRange(1, 4).Draw(t, "asks") {
			asked.Expect(noon, nil, another(int64(i%2+1), rapid.IntRange(1, 300).Draw(t, "seconds")))
		}
		first := asked.Expect(noon, nil, another(1, 60))
		require.Equal(t, first, asked.Expect(noon, nil, another(1, 60)))
		require.Equal(t, silent.Plan(noon), asked.Plan(noon))
	})
}

// The law of load: in a kitchen that does one thing at a time, work that is before an order never makes it ready earlier.
// (Where work runs side by side no policy obeys such a law: one more task can change who does what for the better; Graham,
// "Bounds on multiprocessing timing anomalies", 1969.)
func TestMoreLoadNeverMakesAnOrderEarlier(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := diner()
		l.Staff, l.Stations = l.Staff[:1], l.Stations[:1]
		l.Staff[0].MaxParallel = 1
		secs := rapid.SliceOfN(rapid.IntRange(5, 300), 1, 12).Draw(t, "seconds")
		mine := rapid.IntRange(5, 300).Draw(t, "mine")
		var c sched.Calibration
		before := sched.Made{}
		for n := range len(secs) + 1 {
			k := brigadeOf(l)
			var orders []sched.Order
			for i, s := range secs[:n] {
				o := sched.Order{ID: int64(i + 1), Arrived: noon.Add(-time.Hour), Due: noon.Add(-time.Minute), Steps: []sched.Step{step(int64(i+1), 0, 1, s)}}
				ready(k, &o, o.Arrived)
				orders = append(orders, o)
			}
			k.Orders(orders)
			x := k.Expect(noon, nil, sched.Order{ID: -1, Arrived: noon, Due: noon.Add(4 * time.Hour), Steps: []sched.Step{step(-1, 0, 1, mine)}})
			m := c.Promise(x.Further[0].Ready.Sub(noon), x.Further[0].Alone)
			require.GreaterOrEqual(t, m.P50, before.P50, fmt.Sprint(n))
			require.GreaterOrEqual(t, m.P90, before.P90)
			before = m
		}
	})
}
