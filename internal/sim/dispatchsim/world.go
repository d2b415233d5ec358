// Package dispatchsim plays days of the Meal Delivery Routing Problem against the production dispatcher. The harness
// alone knows the day: it shows an order from its placement on and a courier from the start of his shift on, asks for a
// decision every minute, and holds everybody to what he was told.
package dispatchsim

import (
	"time"

	"brigade/internal/delivery/dispatch"
)

// Policy decides; it sees the snapshot only.
type Policy func(dispatch.Snapshot) dispatch.Plan

// grace is how many minutes after the last shift the day is played on, so that everything on board gets home.
const grace = 180

// world is the day as it goes.
type world struct {
	in       *Instance
	set      dispatch.Settings
	now      int
	couriers []courier
	orders   []parcel
	open     []int // placed, not delivered
	arrivals map[int][]int
	recent   []dispatch.Demand
	out      Solution
}

// courier is where somebody is, or will be when his move ends.
type courier struct {
	at                dispatch.Point
	place             string // id of the place
	restaurant        int    // index + 1; 0: not at a restaurant
	arrived, free     int
	handed, delivered int // handed: -1 when nothing was collected here
	holds             int // orders promised to him or on board
	route             []dispatch.Stop
}

// parcel is how far an order is.
type parcel struct {
	stage  dispatch.Stage
	holder int // courier index; -1: none
	pickup int
}

// Run plays one day and returns what happened. The settings' service times are the instance's.
func Run(in *Instance, set dispatch.Settings, decide Policy) Solution {
	w := newWorld(in, set)
	last := w.last()
	for ; w.now <= last+grace; w.now++ {
		w.reveal()
		if w.now > last && len(w.open) == 0 {
			break
		}
		w.apply(decide(w.snapshot()))
	}
	w.out.finish(in)
	return w.out
}

func newWorld(in *Instance, set dispatch.Settings) *world {
	set.PickupService = time.Duration(in.PickupMin) * time.Minute
	set.DropService = time.Duration(in.DropMin) * time.Minute
	set.Cadence = time.Minute
	w := &world{
		in: in, set: set, couriers: make([]courier, len(in.Couriers)), orders: make([]parcel, len(in.Orders)),
		arrivals: map[int][]int{},
	}
	for i, c := range in.Couriers {
		w.couriers[i] = courier{at: c.At, place: c.ID, arrived: c.On, free: c.On, handed: -1}
	}
	for i, o := range in.Orders {
		w.orders[i] = parcel{holder: -1}
		w.arrivals[o.Placed] = append(w.arrivals[o.Placed], i)
	}
	w.out = newSolution(in)
	return w
}

// last is the minute after which nothing new happens.
func (w *world) last() int {
	last := 0
	for _, o := range w.in.Orders {
		last = max(last, o.Placed)
	}
	for _, c := range w.in.Couriers {
		last = max(last, c.Off)
	}
	return last
}

// reveal shows the orders placed in this minute.
func (w *world) reveal() {
	for _, i := range w.arrivals[w.now] {
		w.open = append(w.open, i)
		o := &w.in.Orders[i]
		w.recent = append(w.recent, dispatch.Demand{
			Pickup: int64(o.Restaurant + 1), From: w.in.Restaurants[o.Restaurant].At, Placed: clock(o.Placed), Ready: clock(o.Ready),
		})
	}
}

// clock turns a minute of the day into a time.
func clock(minute int) time.Time { return time.Unix(int64(minute)*60, 0).UTC() }

// snapshot is what the dispatcher may know now.
func (w *world) snapshot() dispatch.Snapshot {
	s := dispatch.Snapshot{Now: clock(w.now), Travel: w.in, Settings: w.set, Recent: w.recent}
	for i := range w.couriers {
		shift, c := &w.in.Couriers[i], &w.couriers[i]
		if shift.On > w.now || (shift.Off < w.now && c.holds == 0) {
			continue
		}
		d := dispatch.Driver{
			ID: int64(i + 1), At: c.at, Pickup: int64(c.restaurant), Arrives: clock(c.arrived), Free: clock(c.free),
			On: clock(shift.On), Off: clock(shift.Off), Done: c.delivered, Route: c.route,
		}
		if c.handed >= 0 {
			d.Handed = clock(c.handed)
		}
		s.Drivers = append(s.Drivers, d)
	}
	for _, i := range w.open {
		s.Orders = append(s.Orders, w.order(i))
	}
	return s
}

func (w *world) order(i int) dispatch.Order {
	o, p := &w.in.Orders[i], &w.orders[i]
	return dispatch.Order{
		ID: int64(i + 1), Pickup: int64(o.Restaurant + 1), From: w.in.Restaurants[o.Restaurant].At, To: o.At,
		Placed: clock(o.Placed), Ready: clock(o.Ready), Due: clock(o.Placed + w.in.TargetMin), Stage: p.stage, Holder: int64(p.holder + 1),
	}
}

// apply does what the plan tells the couriers.
func (w *world) apply(p dispatch.Plan) {
	for i := range w.couriers {
		w.couriers[i].route = nil
	}
	for _, r := range p.Routes {
		w.couriers[r.Driver-1].route = r.Stops
	}
	for _, t := range p.Instructions {
		switch t.Kind {
		case dispatch.Fetch:
			w.bind(int(t.Order-1), int(t.Driver-1))
			w.visit(int(t.Driver-1), int(t.Pickup))
		case dispatch.Move:
			w.visit(int(t.Driver-1), int(t.Pickup))
		case dispatch.Collect:
			w.collect(int(t.Order-1), int(t.Driver-1))
		case dispatch.Deliver:
			w.deliver(int(t.Order-1), int(t.Driver-1))
		}
	}
}

// bind makes the order the courier's for good.
func (w *world) bind(order, courier int) {
	p := &w.orders[order]
	if p.holder != courier {
		p.holder = courier
		w.couriers[courier].holds++
	}
	p.stage = max(p.stage, dispatch.Bound)
}

// visit sends a courier to a restaurant, given as index + 1.
func (w *world) visit(courier, restaurant int) {
	r := &w.in.Restaurants[restaurant-1]
	w.move(courier, r.ID, r.At)
	w.couriers[courier].restaurant = restaurant
	w.couriers[courier].free = w.couriers[courier].arrived
}

func (w *world) collect(order, courier int) {
	w.bind(order, courier)
	p, c := &w.orders[order], &w.couriers[courier]
	p.stage, p.pickup = dispatch.Carried, w.now
	c.handed, c.free = w.now, w.now+w.in.PickupMin/2
	w.out.collected(w.now, courier, order)
}

func (w *world) deliver(order, courier int) {
	o, c := &w.in.Orders[order], &w.couriers[courier]
	w.move(courier, o.ID, o.At)
	door := c.arrived + w.in.DropMin/2
	c.free = door + w.in.DropMin - w.in.DropMin/2
	c.delivered++
	c.holds--
	w.out.delivered(order, courier, w.orders[order].pickup, door)
	for k, i := range w.open {
		if i == order {
			w.open = append(w.open[:k], w.open[k+1:]...)
			return
		}
	}
}

func (w *world) move(courier int, place string, to dispatch.Point) {
	c := &w.couriers[courier]
	w.out.moved(courier, w.now, c.place, place)
	c.arrived = w.now + w.in.Minutes(c.at, to)
	c.at, c.place, c.restaurant, c.handed = to, place, 0, -1
}
