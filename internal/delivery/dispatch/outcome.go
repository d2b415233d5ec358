package dispatch

// plan writes down what the model came to.
func (m *model) plan() Plan {
	p := Plan{Instructions: m.told, Tried: m.tried}
	for i := range m.drivers {
		d := &m.drivers[i]
		if len(d.route) == 0 {
			continue
		}
		p.Cost += m.price(d)
		p.Routes = append(p.Routes, m.route(int32(i)))
		p.Holds = append(p.Holds, m.holds(int32(i))...)
	}
	for k := range m.orders {
		o := &m.orders[k]
		if o.with >= 0 {
			continue
		}
		p.Cost += m.s.Settings.LostCost
		p.Unassigned = append(p.Unassigned, Unassigned{m.s.Orders[k].ID, m.reason(int32(k))})
	}
	return p
}

// route is driver i's route with its times.
func (m *model) route(i int32) Route {
	d := &m.drivers[i]
	r := Route{Driver: m.s.Drivers[i].ID, Stops: make([]Stop, len(d.route))}
	x := d.begin()
	for n, s := range d.route {
		m.step(d, &x, s)
		at := x.t - m.dropHalf
		if !s.drop {
			at = x.last
		}
		r.Stops[n] = Stop{Order: m.s.Orders[s.order].ID, Drop: s.drop, Arrive: m.time(x.arr), At: m.time(at)}
	}
	return r
}

// holds are the open orders of driver i's route, with the time when he has to leave for them.
func (m *model) holds(i int32) []Hold {
	d := &m.drivers[i]
	var out []Hold
	x := d.begin()
	for _, s := range d.route {
		o := &m.orders[s.order]
		before := x
		m.step(d, &x, s)
		if s.drop || o.stage != Open {
			continue
		}
		h := Hold{Order: m.s.Orders[s.order].ID, Driver: m.s.Drivers[i].ID, For: ForDriver, With: m.together(d, s.order)}
		leave := before.t
		if before.at != o.from {
			leave = max(before.t, x.last-m.pickHalf-m.drive(d, before.at, o.from))
		}
		if leave > before.t || before.t <= 0 {
			h.For = ForFood
		}
		h.Until = m.time(max(0, leave))
		out = append(out, h)
	}
	return out
}

// together are the orders that driver d has on board at some time together with order k.
func (m *model) together(d *driver, k int32) []int64 {
	from, to := make(map[int32]int, len(d.route)), make(map[int32]int, len(d.route))
	for n, s := range d.route {
		switch _, picked := from[s.order]; {
		case !s.drop:
			from[s.order] = n
		case !picked: // it is on board already
			from[s.order] = -1
		}
		to[s.order] = n
	}
	var out []int64
	for _, s := range d.route {
		if s.drop && s.order != k && from[s.order] < to[k] && from[k] < to[s.order] {
			out = append(out, m.s.Orders[s.order].ID)
		}
	}
	return out
}

// reason tells why nobody gets order k.
func (m *model) reason(k int32) Reason {
	if r := m.orders[k].barred; r != "" {
		return r
	}
	onShift, allowed, inTime := false, false, false
	soonest := m.soonest(m.orders[k].from)
	for i := range m.drivers {
		d := &m.drivers[i]
		if d.off < 0 {
			continue
		}
		onShift = true
		if !m.allowed(d, int32(i), k) {
			continue
		}
		allowed = true
		inTime = inTime || max(soonest[i], m.orders[k].ready) <= d.off
	}
	switch {
	case !onShift:
		return NoDriver
	case !allowed:
		return NotAllowed
	case !inTime:
		return ShiftsEnd
	}
	return TooDear
}
