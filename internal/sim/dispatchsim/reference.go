package dispatchsim

import (
	"time"

	"brigade/internal/delivery/dispatch"
)

// assignmentHorizon is how far ahead of the ready time the reference looks at an order, and how long before he is free it
// counts on a courier.
const assignmentHorizon = 20 * time.Minute

// AssignmentRule is the rule that the dispatcher is compared with: every minute a linear assignment of orders that are ready
// within 20 minutes to couriers who are free within 20 minutes, one order each, at the least sum of delays at the
// restaurants. A courier leaves when he would be late otherwise. It is how many operators do it.
// The figures of both on the 120 published days are in testdata/figures.csv.
func AssignmentRule(s dispatch.Snapshot) dispatch.Plan {
	var p dispatch.Plan
	r := reference{s: &s, plan: &p, bound: map[int64]*dispatch.Order{}}
	for i := range s.Orders {
		o := &s.Orders[i]
		switch {
		case o.Stage != dispatch.Open:
			r.bound[o.Holder] = o
		case !o.Ready.After(s.Now.Add(assignmentHorizon)):
			r.orders = append(r.orders, o)
		}
	}
	for i := range s.Drivers {
		r.courier(&s.Drivers[i])
	}
	r.match()
	return p
}

// reference is one decision of the rule.
type reference struct {
	s      *dispatch.Snapshot
	plan   *dispatch.Plan
	bound  map[int64]*dispatch.Order // by courier
	orders []*dispatch.Order         // within the horizon
	free   []freeCourier
}

// freeCourier is a courier who can take an order from t on at a place.
type freeCourier struct {
	driver *dispatch.Driver
	t      time.Time
	at     dispatch.Point
	now    bool
}

// courier goes on with what the courier has in hand, or counts him as free.
func (r *reference) courier(d *dispatch.Driver) {
	now, set := r.s.Now, &r.s.Settings
	o := r.bound[d.ID]
	if o == nil {
		if t := later(d.Free, now); !t.After(now.Add(assignmentHorizon)) && d.Off.After(now) {
			r.free = append(r.free, freeCourier{d, t, d.At, !d.Free.After(now)})
		}
		return
	}
	collected := later(later(d.Arrives.Add(set.PickupService/2), o.Ready), now)
	leaves := collected.Add(set.PickupService / 2)
	switch {
	case o.Stage == dispatch.Carried && !d.Free.After(now):
		r.tell(d, o, dispatch.Deliver)
		return
	case o.Stage == dispatch.Carried:
		leaves = d.Free
	case !collected.After(now) && d.Pickup == o.Pickup && !d.Arrives.After(now):
		r.tell(d, o, dispatch.Collect)
	}
	door := leaves.Add(r.s.Travel.Between(o.From, o.To) + set.DropService)
	if !door.After(now.Add(assignmentHorizon)) && d.Off.After(door) {
		r.free = append(r.free, freeCourier{d, door, o.To, false})
	}
}

func (r *reference) tell(d *dispatch.Driver, o *dispatch.Order, k dispatch.Kind) {
	t := dispatch.Instruction{Driver: d.ID, Kind: k, Order: o.ID, Pickup: o.Pickup, To: o.From}
	r.plan.Instructions = append(r.plan.Instructions, t)
}

// match solves the assignment and sends those who must leave.
func (r *reference) match() {
	if len(r.orders) == 0 || len(r.free) == 0 {
		return
	}
	cost := make([][]float64, len(r.orders))
	for i, o := range r.orders {
		cost[i] = make([]float64, len(r.free))
		for j := range r.free {
			cost[i][j] = r.delay(o, &r.free[j])
		}
	}
	for i, j := range dispatch.Match(cost) {
		if j < 0 || cost[i][j] >= tooLate || !r.free[j].now {
			continue
		}
		o, f := r.orders[i], &r.free[j]
		if f.driver.Pickup == o.Pickup && o.Pickup != 0 {
			if !later(f.driver.Arrives.Add(r.s.Settings.PickupService/2), o.Ready).After(r.s.Now) {
				r.tell(f.driver, o, dispatch.Collect)
			}
			continue
		}
		if there := r.there(o, f).Add(r.s.Settings.Cadence); there.After(o.Ready) {
			r.tell(f.driver, o, dispatch.Fetch)
		}
	}
}

// tooLate is the price of what cannot be: it is above every sum of delays of a day.
const tooLate = 1e7

// there is when the courier could collect the order if it were ready.
func (r *reference) there(o *dispatch.Order, f *freeCourier) time.Time {
	if f.now && f.driver.Pickup == o.Pickup && o.Pickup != 0 {
		return later(f.driver.Arrives.Add(r.s.Settings.PickupService/2), r.s.Now)
	}
	return f.t.Add(r.s.Travel.Between(f.at, o.From) + r.s.Settings.PickupService/2)
}

// delay is how long the food would wait for the courier, in seconds; the way decides between equals.
func (r *reference) delay(o *dispatch.Order, f *freeCourier) float64 {
	there := r.there(o, f)
	if later(there, o.Ready).After(f.driver.Off) {
		return tooLate
	}
	wait := later(there, o.Ready).Sub(o.Ready)
	age := max(0, r.s.Now.Sub(o.Ready)) // when couriers are too few, the oldest orders come first
	return (wait - age).Seconds() + 0.01*r.s.Travel.Between(f.at, o.From).Seconds()
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
