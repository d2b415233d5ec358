package dispatchsim_test

import (
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"brigade/internal/delivery/dispatch"
	"brigade/internal/sim/dispatchsim"
)

// randomDay is a day of hours hours with so many orders and shifts.
func randomDay(r *rand.Rand, orders, couriers, hours int) *dispatchsim.Instance {
	in := &dispatchsim.Instance{Name: "random", Speed: 300 + float64(r.IntN(150)), PickupMin: 4, DropMin: 4, TargetMin: 40}
	spot := func() dispatch.Point { return dispatch.Point{X: float64(r.IntN(9000)), Y: float64(r.IntN(9000))} }
	for i := range 1 + orders/20 {
		in.Restaurants = append(in.Restaurants, dispatchsim.Restaurant{ID: fmt.Sprintf("r%d", i+1), At: spot()})
	}
	for i := range couriers {
		on := r.IntN(60*hours - 30)
		in.Couriers = append(in.Couriers, dispatchsim.Courier{ID: fmt.Sprintf("c%d", i+1), At: spot(), On: on, Off: on + 60 + r.IntN(120)})
	}
	for i := range orders {
		placed, at := r.IntN(60*hours), r.IntN(len(in.Restaurants))
		in.Orders = append(in.Orders, dispatchsim.Order{
			ID: fmt.Sprintf("o%d", i+1), At: near(in.Restaurants[at].At, r), Placed: placed, Ready: placed + r.IntN(30), Restaurant: at,
		})
	}
	return in
}

// near is a door within a few kilometres.
func near(p dispatch.Point, r *rand.Rand) dispatch.Point {
	return dispatch.Point{X: p.X + float64(r.IntN(6000)-3000), Y: p.Y + float64(r.IntN(6000)-3000)}
}

func settings(tries int) dispatch.Settings {
	set := dispatch.DefaultSettings()
	set.MaxTries = tries
	return set
}

// policies are everybody who decides.
var policies = map[string]dispatchsim.Policy{"brigade": dispatch.Decide, "assignment": dispatchsim.AssignmentRule}

func TestDaysKeepTheRulesOfTheProblem(t *testing.T) {
	t.Parallel()
	for name, decide := range policies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
				in := randomDay(r, rapid.IntRange(1, 40).Draw(t, "orders"), rapid.IntRange(1, 9).Draw(t, "couriers"), 1)
				s := dispatchsim.Run(in, settings(10), decide)
				checkDay(t, in, &s)
			})
		})
	}
}

// checkDay proves a solution against the published rules, strict ones included.
func checkDay(t *rapid.T, in *dispatchsim.Instance, s *dispatchsim.Solution) {
	where := map[string]dispatch.Point{}
	for _, r := range in.Restaurants {
		where[r.ID] = r.At
	}
	for _, o := range in.Orders {
		where[o.ID] = o.At
	}
	type visit struct {
		place        string
		from, leaves int // from when on the courier is there, and when he leaves
	}
	visits := make([][]visit, len(in.Couriers))
	for c, moves := range s.Moves {
		at, free, place := in.Couriers[c].At, in.Couriers[c].On, in.Couriers[c].ID
		for i, m := range moves {
			require.Equal(t, place, m.From, "a move starts where the last one ended")
			require.GreaterOrEqual(t, m.Departs, free, "nobody leaves before he is there or on shift")
			if i > 0 {
				visits[c][i-1].leaves = m.Departs
			}
			free = m.Departs + in.Minutes(at, where[m.To])
			at, place = where[m.To], m.To
			visits[c] = append(visits[c], visit{place, free, 1 << 30})
		}
	}
	stands := func(c int, place string, at, half int) bool {
		for _, v := range visits[c] {
			if v.place == place && v.from+half <= at && at+half <= v.leaves {
				return true
			}
		}
		return false
	}
	assigned := map[int]int{}
	for _, a := range s.Assignments {
		require.LessOrEqual(t, a.Pickup, in.Couriers[a.Courier].Off, "nothing is collected after the shift")
		require.LessOrEqual(t, a.At, a.Pickup)
		door := -1
		for _, o := range a.Orders {
			order, d := in.Orders[o], s.Deliveries[o]
			require.NotContains(t, assigned, o, "an order is collected once")
			assigned[o] = a.Courier
			require.GreaterOrEqual(t, a.At, order.Placed, "nobody knows an order before it is placed")
			require.GreaterOrEqual(t, a.Pickup, order.Ready, "nothing is collected before it is ready")
			require.Equal(t, dispatchsim.Delivery{Courier: a.Courier, Pickup: a.Pickup, Door: d.Door}, d)
			require.True(t, stands(a.Courier, in.Restaurants[order.Restaurant].ID, a.Pickup, in.PickupMin/2), "the courier is at the restaurant")
			require.True(t, stands(a.Courier, order.ID, d.Door, in.DropMin/2), "the courier is at the door")
			require.Greater(t, d.Door, door, "a bundle goes from door to door")
			door = d.Door
		}
	}
	for o, d := range s.Deliveries {
		_, ok := assigned[o]
		require.Equal(t, ok, d.Courier >= 0, "what is collected is delivered, and nothing else")
	}
}

func TestFutureLeavesPastDecisionsUntouched(t *testing.T) {
	t.Parallel()
	for name, decide := range policies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				seed := rapid.Uint64().Draw(t, "seed")
				now := rapid.IntRange(10, 50).Draw(t, "now")
				in := randomDay(rand.New(rand.NewPCG(seed, 1)), 24, 6, 1)
				other := randomDay(rand.New(rand.NewPCG(seed, 1)), 24, 6, 1)
				changeAfter(rand.New(rand.NewPCG(seed, 2)), other, now)
				a, b := dispatchsim.Run(in, settings(10), decide), dispatchsim.Run(other, settings(10), decide)
				require.Equal(t, until(&a, now), until(&b, now))
			})
		})
	}
}

// changeAfter gives the day another future: later orders and shifts are others, earlier ones stay as they are.
func changeAfter(r *rand.Rand, in *dispatchsim.Instance, now int) {
	for i := range in.Orders {
		o := &in.Orders[i]
		if o.Placed > now {
			o.Placed = now + 1 + r.IntN(60)
			o.Ready = o.Placed + r.IntN(40)
			o.Restaurant = r.IntN(len(in.Restaurants))
			o.At = dispatch.Point{X: float64(r.IntN(9000)), Y: float64(r.IntN(9000))}
		}
	}
	for i := range in.Couriers {
		c := &in.Couriers[i]
		if c.On > now {
			c.On = now + 1 + r.IntN(60)
			c.Off = c.On + 30 + r.IntN(200)
			c.At = dispatch.Point{X: float64(r.IntN(9000)), Y: float64(r.IntN(9000))}
		}
	}
}

// until is what was decided up to and including a minute.
func until(s *dispatchsim.Solution, now int) any {
	var collected []string
	for _, a := range s.Assignments {
		if a.At <= now {
			collected = append(collected, fmt.Sprint(a.At, a.Courier, a.Orders))
		}
	}
	moves := make([][]dispatchsim.Move, len(s.Moves))
	for c := range s.Moves {
		for _, m := range s.Moves[c] {
			if m.Departs <= now {
				moves[c] = append(moves[c], m)
			}
		}
	}
	return []any{collected, moves}
}

func TestDispatcherBeatsTheRuleItIsComparedWith(t *testing.T) {
	t.Parallel()
	var ours, theirs dispatchsim.Figures
	for seed := range uint64(4) {
		in := randomDay(rand.New(rand.NewPCG(seed, 3)), 110, 26, 3)
		for name, sum := range map[string]*dispatchsim.Figures{"brigade": &ours, "assignment": &theirs} {
			s := dispatchsim.Run(in, dispatch.DefaultSettings(), policies[name])
			f := s.Figures(in)
			sum.Lost += f.Lost
			sum.ClickToDoor += f.ClickToDoor / 4
		}
	}
	require.LessOrEqual(t, ours.Lost, theirs.Lost)
	require.Less(t, ours.ClickToDoor, theirs.ClickToDoor)
}

// BenchmarkDay3000Orders is a whole day of a large region, harness included: about 900 decisions.
func BenchmarkDay3000Orders(b *testing.B) {
	in := randomDay(rand.New(rand.NewPCG(1, 4)), 3000, 600, 14)
	began := cpuTime()
	for b.Loop() {
		dispatchsim.Run(in, dispatch.DefaultSettings(), dispatch.Decide)
	}
	b.ReportMetric((cpuTime()-began).Seconds()/float64(b.N), "cpu-s/op")
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
