package dispatch_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"brigade/internal/delivery/dispatch"
)

func TestPlanKeepsEveryRule(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := anyTown(t)
		p := dispatch.Decide(s)
		checkPlan(t, &s, &p)
		require.Equal(t, p, dispatch.Decide(s), "the same snapshot gives the same plan")

		for i := range s.Drivers { // and so does the plan that starts from this one
			s.Drivers[i].Route = routeOf(&p, s.Drivers[i].ID)
		}
		p = dispatch.Decide(s)
		checkPlan(t, &s, &p)
	})
}

func TestOldRoutesAreOnlyAStart(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := anyTown(t)
		for i := range s.Drivers {
			n := rapid.IntRange(0, 8).Draw(t, "stops")
			for range n {
				s.Drivers[i].Route = append(s.Drivers[i].Route, dispatch.Stop{
					Order: int64(rapid.IntRange(1, 25).Draw(t, "order")), Drop: rapid.Bool().Draw(t, "drop"),
				})
			}
		}
		p := dispatch.Decide(s)
		checkPlan(t, &s, &p)
	})
}

func routeOf(p *dispatch.Plan, driver int64) []dispatch.Stop {
	for _, r := range p.Routes {
		if r.Driver == driver {
			return r.Stops
		}
	}
	return nil
}

// checkPlan proves a plan against its snapshot.
func checkPlan(t *rapid.T, s *dispatch.Snapshot, p *dispatch.Plan) {
	drivers := map[int64]*dispatch.Driver{}
	for i := range s.Drivers {
		drivers[s.Drivers[i].ID] = &s.Drivers[i]
	}
	orders := map[int64]*dispatch.Order{}
	for i := range s.Orders {
		orders[s.Orders[i].ID] = &s.Orders[i]
	}
	carrier := map[int64]int64{}
	seen := map[int64]bool{}
	for _, r := range p.Routes {
		require.False(t, seen[r.Driver], "a driver has one route")
		seen[r.Driver] = true
		checkRoute(t, s, drivers[r.Driver], orders, r.Stops, carrier)
	}
	told := checkInstructions(t, s, drivers, orders, p, carrier)
	checkEveryOrderHasItsPlace(t, s, p, carrier, told)
}

// checkRoute proves one route; it notes the driver of each order in carrier.
func checkRoute(t *rapid.T, s *dispatch.Snapshot, d *dispatch.Driver, orders map[int64]*dispatch.Order, stops []dispatch.Stop, carrier map[int64]int64) {
	capacity := s.Settings.Capacity
	aboard := map[int64]bool{}
	load := 0
	for _, o := range s.Orders {
		if o.Stage == dispatch.Carried && o.Holder == d.ID {
			aboard[o.ID] = true
			load += max(1, o.Size)
			carrier[o.ID] = d.ID
		}
	}
	at := s.Now
	for _, stop := range stops {
		o := orders[stop.Order]
		require.False(t, stop.At.Before(at) && !stop.At.Equal(at), "time goes on along a route")
		at = stop.At
		if stop.Drop {
			require.True(t, aboard[o.ID], "only what is on board is handed over")
			delete(aboard, o.ID)
			load -= max(1, o.Size)
			continue
		}
		require.NotContains(t, carrier, o.ID, "an order has one driver, and is collected once")
		carrier[o.ID] = d.ID
		aboard[o.ID] = true
		load += max(1, o.Size)
		require.False(t, stop.At.Before(o.Ready), "nothing is collected before it is ready")
		if o.Stage == dispatch.Bound {
			require.Equal(t, o.Holder, d.ID, "what was promised is kept")
			continue
		}
		require.LessOrEqual(t, load, capacity)
		require.False(t, stop.At.After(d.Off), "nothing is collected after the shift")
		require.Equal(t, o.Needs, o.Needs&d.Skills)
		require.True(t, o.Pinned == 0 || o.Pinned == d.ID)
		require.NotContains(t, s.Paused, o.Zone)
	}
	require.Empty(t, aboard, "a route brings everything to its door")
}

// checkInstructions proves what drivers are told, and returns the open orders that became final.
func checkInstructions(t *rapid.T, s *dispatch.Snapshot, drivers map[int64]*dispatch.Driver, orders map[int64]*dispatch.Order, p *dispatch.Plan, carrier map[int64]int64) map[int64]bool {
	told := map[int64]bool{}
	leaves := map[int64]int{}
	for _, in := range p.Instructions {
		d := drivers[in.Driver]
		if in.Kind != dispatch.Collect {
			leaves[in.Driver]++
			require.False(t, d.Free.After(s.Now), "nobody is sent who is busy")
		}
		if in.Kind == dispatch.Move {
			require.Empty(t, routeOf(p, in.Driver), "only drivers without work are moved")
			continue
		}
		require.Equal(t, in.Driver, carrier[in.Order], "what a driver is told stands in his route")
		told[in.Order] = told[in.Order] || orders[in.Order].Stage == dispatch.Open
	}
	for d, n := range leaves {
		require.Equal(t, 1, n, "driver %d goes to one place", d)
	}
	return told
}

// checkEveryOrderHasItsPlace proves that no order is forgotten.
func checkEveryOrderHasItsPlace(t *rapid.T, s *dispatch.Snapshot, p *dispatch.Plan, carrier map[int64]int64, told map[int64]bool) {
	var places []int64
	for _, h := range p.Holds {
		places = append(places, h.Order)
		require.Equal(t, h.Driver, carrier[h.Order])
		require.False(t, h.Until.Before(s.Now))
	}
	for _, u := range p.Unassigned {
		require.NotEmpty(t, u.Reason)
		require.NotContains(t, carrier, u.Order)
		places = append(places, u.Order)
	}
	for _, o := range s.Orders {
		gone := o.Stage != dispatch.Open && !told[o.ID]
		if gone {
			_, carried := carrier[o.ID]
			require.True(t, carried || slices.Contains(places, o.ID), "order %d is lost", o.ID)
			continue
		}
		n := 0
		for _, id := range places {
			if id == o.ID {
				n++
			}
		}
		if told[o.ID] {
			n++
		}
		require.Equal(t, 1, n, "order %d is told, held or unassigned, and only one of these", o.ID)
	}
}
