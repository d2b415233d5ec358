package dispatch

import "slices"

// state is where a driver is along his route.
type state struct {
	t, arr, last int32 // when he can leave; when he arrived; when he last collected here, or long ago
	at           int32 // place
	load         int32
	cost         float64
}

func (d *driver) begin() state {
	return state{t: d.start, arr: d.arr, last: d.last, at: d.at, load: d.load}
}

// step drives to a stop and does what is to do there. It says false when that breaks a limit.
func (m *model) step(d *driver, x *state, s stop) bool {
	o := &m.orders[s.order]
	if s.drop {
		m.hand(d, x, o)
		return true
	}
	x.load += o.size
	at := m.collectAt(d, x, o)
	x.last, x.t = at, at+m.pickHalf
	return o.stage == Bound || (x.load <= d.capacity && at <= d.off)
}

// hand brings the order to its door.
func (m *model) hand(d *driver, x *state, o *order) {
	set := &m.s.Settings
	drive := m.drive(d, x.at, o.to)
	x.arr = x.t + drive
	door := x.arr + m.dropHalf
	x.t = door + m.dropHalf
	x.at, x.last = o.to, -never
	x.load -= o.size
	x.cost += float64(door-o.placed) + set.DriveCost*float64(drive)
	if set.LateCost > 0 && door > o.due {
		x.cost += set.LateCost * float64(door-o.due)
	}
}

// collectAt moves the state to the order's restaurant and returns when the order changes hands.
func (m *model) collectAt(d *driver, x *state, o *order) int32 {
	if x.at == o.from {
		if x.last > -never {
			return max(x.last, o.ready, 0)
		}
		return max(x.arr+m.pickHalf, o.ready, 0)
	}
	drive := m.drive(d, x.at, o.from)
	x.cost += m.s.Settings.DriveCost * float64(drive)
	x.arr, x.at = x.t+drive, o.from
	return max(x.arr+m.pickHalf, o.ready)
}

// run works a driver's route through: prefix states and cost. It says false when the route breaks a limit.
func (m *model) run(d *driver) bool {
	x := d.begin()
	d.pre = append(d.pre[:0], x)
	for _, s := range d.route {
		if !m.step(d, &x, s) {
			d.cost = impossible
			return false
		}
		d.pre = append(d.pre, x)
	}
	d.cost = x.cost
	return true
}

// adopt takes over the routes of the last plan as far as they still hold, and completes them with what is final.
func (m *model) adopt() {
	collected := make([]bool, len(m.orders))
	for i := range m.s.Drivers {
		m.adoptRoute(int32(i), collected)
	}
	m.adoptHeld()
	for i := range m.drivers {
		m.repair(int32(i))
	}
}

// adoptRoute copies what still makes sense of a driver's old route.
func (m *model) adoptRoute(i int32, collected []bool) {
	d := &m.drivers[i]
	old := m.s.Drivers[i].Route
	d.route = make([]stop, 0, len(old)+4)
	for _, s := range old {
		k, ok := m.orderAt[s.Order]
		if !ok || !m.allowed(d, i, k) {
			continue
		}
		o := &m.orders[k]
		switch {
		case !s.Drop && o.stage != Carried && o.with < 0:
			o.with, collected[k] = i, true
		case s.Drop && o.stage == Carried && o.with < 0:
			o.with = i
		case s.Drop && o.with == i && collected[k]:
			collected[k] = false // its drop-off is there too
		default:
			continue
		}
		d.route = append(d.route, stop{k, s.Drop})
	}
	for k := range collected {
		if collected[k] { // a pick-up without its drop-off
			collected[k] = false
			d.route = append(d.route, stop{int32(k), true})
		}
	}
}

// adoptHeld puts what is final where no old route has it: what is on board, and what was promised, first of all.
func (m *model) adoptHeld() {
	for k := range m.orders {
		o := &m.orders[k]
		if o.stage == Open || o.barred != "" {
			continue
		}
		d := &m.drivers[o.pin]
		if o.stage == Carried {
			d.load += o.size
		}
		if o.with < 0 {
			o.with = o.pin
			if o.stage == Bound {
				d.route = append([]stop{{int32(k), false}}, d.route...)
			}
			d.route = append(d.route, stop{int32(k), true})
		}
	}
	for i := range m.drivers {
		m.headBound(&m.drivers[i])
	}
}

// headBound brings a route's bound pick-ups to its head, in their sequence: what was promised is done first.
func (m *model) headBound(d *driver) {
	d.bound = 0
	for i, s := range d.route {
		if !s.drop && m.orders[s.order].stage == Bound {
			copy(d.route[d.bound+1:i+1], d.route[d.bound:i])
			d.route[d.bound] = s
			d.bound++
		}
	}
}

// repair takes open orders out of a route until it keeps every limit.
func (m *model) repair(i int32) {
	d := &m.drivers[i]
	for !m.run(d) {
		last := int32(-1)
		for _, s := range d.route {
			if m.orders[s.order].stage == Open && !s.drop {
				last = s.order
			}
		}
		if last < 0 {
			return
		}
		m.cut(d, last)
		m.orders[last].with = -1
	}
}

// cut takes an order out of a route; the caller runs the route again.
func (m *model) cut(d *driver, k int32) {
	rest := make([]stop, 0, len(d.route))
	for _, s := range d.route {
		if s.order != k {
			rest = append(rest, s)
		}
	}
	d.route = rest
}

// allowed says whether driver d (index i) may have order k, whatever else he does.
func (m *model) allowed(d *driver, i, k int32) bool {
	o := &m.orders[k]
	if o.barred != "" || (o.pin >= 0 && o.pin != i) || slices.Contains(o.not, i) {
		return false
	}
	return o.stage != Open || (d.skills&o.needs == o.needs && o.size <= d.capacity && d.off >= 0)
}
