package dispatch_test

import (
	"math"
	"math/rand/v2"
	"time"

	"pgregory.net/rapid"

	"brigade/internal/delivery/dispatch"
)

// noon is when all tests are.
var noon = time.Date(2030, 5, 17, 12, 0, 0, 0, time.UTC)

// after is so many minutes from noon.
func after(minutes float64) time.Time { return noon.Add(time.Duration(minutes * float64(time.Minute))) }

// crow flies 5 metres a second.
var crow = dispatch.TravelFunc(func(a, b dispatch.Point) time.Duration {
	return time.Duration(math.Ceil(math.Hypot(a.X-b.X, a.Y-b.Y)/5)) * time.Second
})

// km is a place so many kilometres east and north.
func km(x, y float64) dispatch.Point { return dispatch.Point{X: 1000 * x, Y: 1000 * y} }

// town is a snapshot of drivers and orders at noon.
func town(drivers []dispatch.Driver, orders ...dispatch.Order) dispatch.Snapshot {
	return dispatch.Snapshot{Now: noon, Drivers: drivers, Orders: orders, Travel: crow, Settings: dispatch.DefaultSettings()}
}

// idle is a driver who has stood at a place since before noon and works until late.
func idle(id int64, at dispatch.Point) dispatch.Driver {
	return dispatch.Driver{ID: id, At: at, Arrives: after(-30), Free: after(-30), On: after(-60), Off: after(300)}
}

// meal is an order of restaurant 1, placed at noon.
func meal(id int64, from, to dispatch.Point, ready float64) dispatch.Order {
	return dispatch.Order{ID: id, Pickup: 1, From: from, To: to, Placed: noon, Ready: after(ready)}
}

// anyTown draws a town in the middle of its work: some orders promised, some on board, some of everything that restricts.
func anyTown(t *rapid.T) dispatch.Snapshot {
	r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 7))
	drivers := rapid.IntRange(0, 8).Draw(t, "drivers")
	orders := rapid.IntRange(0, 20).Draw(t, "orders")
	s := randomTown(r, drivers, orders)
	s.Settings.Capacity = rapid.IntRange(1, 4).Draw(t, "capacity")
	s.Settings.MaxTries = rapid.IntRange(0, 60).Draw(t, "tries")
	s.Settings.Looks = rapid.SampledFrom([]int{0, 1, 30, 1000, 200_000}).Draw(t, "looks")
	s.Settings.MatchPairs = rapid.SampledFrom([]int{0, 20, 150_000}).Draw(t, "pairs")
	if rapid.Bool().Draw(t, "limit bundles") {
		s.Settings.BundleLate = 5 * time.Minute
	}
	for i := range s.Orders {
		restrictAtRandom(r, &s, &s.Orders[i])
	}
	return s
}

// randomTown is a town with open orders only.
func randomTown(r *rand.Rand, drivers, orders int) dispatch.Snapshot {
	spot := func() dispatch.Point { return km(10*r.Float64(), 10*r.Float64()) }
	restaurants := make([]dispatch.Point, 1+orders/4)
	for i := range restaurants {
		restaurants[i] = spot()
	}
	s := town(nil)
	for i := range drivers {
		d := idle(int64(i+1), spot())
		d.Free = after(float64(r.IntN(20) - 15))
		d.Off = after(float64(r.IntN(240) - 5))
		d.Skills = dispatch.Skills(r.IntN(4))
		d.Done = r.IntN(10)
		if r.IntN(4) == 0 {
			d.Speed = 0.5 + r.Float64()
		}
		s.Drivers = append(s.Drivers, d)
	}
	for i := range orders {
		at := r.IntN(len(restaurants))
		o := meal(int64(i+1), restaurants[at], spot(), float64(r.IntN(45)-10))
		o.Pickup = int64(at + 1)
		o.Placed = after(float64(-r.IntN(20)))
		o.Due = o.Placed.Add(40 * time.Minute)
		s.Orders = append(s.Orders, o)
		s.Recent = append(s.Recent, dispatch.Demand{Pickup: o.Pickup, From: o.From, Placed: o.Placed, Ready: o.Ready})
	}
	return s
}

func restrictAtRandom(r *rand.Rand, s *dispatch.Snapshot, o *dispatch.Order) {
	somebody := int64(r.IntN(len(s.Drivers)+1) + 1) // one of them is not there
	switch r.IntN(10) {
	case 0:
		o.Stage, o.Holder = dispatch.Carried, somebody
	case 1:
		o.Stage, o.Holder = dispatch.Bound, somebody
	case 2:
		o.Pinned = somebody
	case 3:
		o.Needs = dispatch.Alcohol
	case 4:
		o.Size = r.IntN(4)
	case 5:
		o.Zone, s.Paused = 9, []int64{9}
	}
}
