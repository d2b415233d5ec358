package dispatch

import "slices"

// slot is a place for an order in a driver's route: its pick-up before stop i, its drop-off before stop j of the old route.
type slot struct {
	driver int32
	i, j   int
	cost   float64 // what the order adds; impossible: no place
}

// missing returns the open orders that are in nobody's route and may be, the earliest ready first.
func (m *model) missing() []int32 {
	var out []int32
	for k := range m.orders {
		if o := &m.orders[k]; o.stage == Open && o.barred == "" && o.with < 0 {
			out = append(out, int32(k))
		}
	}
	slices.SortStableFunc(out, func(a, b int32) int { return int(m.orders[a].ready - m.orders[b].ready) })
	return out
}

// fill puts each of the orders where it adds least, one after the other, and returns the price of those left out.
func (m *model) fill(orders []int32) float64 {
	lost := 0.0
	for _, k := range orders {
		if best := m.cheapest(k); best.cost < impossible {
			m.put(k, best)
		} else {
			lost += m.s.Settings.LostCost
		}
	}
	return lost
}

// cheapest finds the best place of all for an order. The ends of routes come first: they are judged fast, and their price
// rules most other places out.
func (m *model) cheapest(k int32) slot {
	best, limit := slot{cost: impossible}, m.s.Settings.LostCost
	o := &m.orders[k]
	own := m.between(o.from, o.to) + m.pickHalf + m.dropHalf - o.placed
	for i := range m.drivers {
		d := &m.drivers[i]
		end := &d.pre[len(d.pre)-1]
		if len(d.route) > 0 && d.speed <= 1 && float64(max(end.t, o.ready)+own) >= limit {
			continue
		}
		if cost := m.atEnd(d, k); cost < limit && m.allowed(d, int32(i), k) {
			best, limit = slot{int32(i), len(d.route), len(d.route), cost}, cost
		}
	}
	soonest := m.soonest(o.from)
	for i := range m.drivers {
		d := &m.drivers[i]
		if m.looks <= 0 {
			break
		}
		if len(d.route) == 0 || m.amidst(d, o, soonest[i], limit) >= limit || !m.allowed(d, int32(i), k) {
			continue
		}
		if s := m.insert(int32(i), k, limit); s.cost < limit {
			best, limit = s, s.cost
		}
	}
	return best
}

// atEnd is what order k costs driver d after everything else, or impossible.
func (m *model) atEnd(d *driver, k int32) float64 {
	x := d.pre[len(d.pre)-1]
	before := x.cost
	if len(d.route) >= 2*max(1, m.s.Settings.MaxQueue) || !m.step(d, &x, stop{k, false}) {
		return impossible
	}
	m.hand(d, &x, &m.orders[k])
	if len(d.route) == 0 {
		return d.bias + x.cost - before
	}
	return x.cost - before
}

// amidst is a price below which order o cannot come before something else that driver d does, who could collect it at
// soonest: either its door is his last one, or his last one comes later by the way over it. It is worked out as far as
// it is below limit.
func (m *model) amidst(d *driver, o *order, soonest int32, limit float64) float64 {
	door := max(soonest, o.ready) + m.pickHalf + m.drive(d, o.from, o.to) + m.dropHalf
	if least := float64(door - o.placed); least >= limit {
		return least
	}
	end := &d.pre[len(d.pre)-1]
	later := door + m.dropHalf + m.drive(d, o.to, end.at) + 2*m.dropHalf - end.t
	last := max(door, end.t+m.drive(d, end.at, o.to)+m.dropHalf)
	return float64(min(door+max(0, later), last) - o.placed)
}

// atLeast is a price below which driver d cannot have order k, who could collect it at soonest.
func (m *model) atLeast(d *driver, k, soonest int32) float64 {
	least := m.atEnd(d, k)
	if len(d.route) > 0 {
		least = min(least, m.amidst(d, &m.orders[k], soonest, least))
	}
	return least
}

// soonest is when each driver could collect something at a pick-up place if he did nothing before that is not final.
func (m *model) soonest(place int32) []int32 {
	if m.firsts[place] == nil {
		row := make([]int32, len(m.drivers))
		for i := range row {
			d := &m.drivers[i]
			x := d.pre[d.bound]
			if row[i] = x.t + m.drive(d, x.at, place) + m.pickHalf; x.at == place {
				row[i] = max(0, x.last, min(x.t, x.arr+m.pickHalf))
			}
		}
		m.firsts[place] = row
	}
	return m.firsts[place]
}

// insert finds the best place for order k in one driver's route that costs less than limit. Delays only ever add up
// along a route, so a partial sum above the limit ends the attempt.
func (m *model) insert(i, k int32, limit float64) slot {
	d := &m.drivers[i]
	best := slot{cost: impossible}
	m.looks--
	if len(d.route) >= 2*max(1, m.s.Settings.MaxQueue) {
		return best
	}
	open := 0.0
	if len(d.route) == 0 {
		open = d.bias
	}
	o := &m.orders[k]
	own := m.pickHalf + m.drive(d, o.from, o.to) + m.dropHalf - o.placed
	limit -= open
	for a := d.bound; a < len(d.pre); a++ {
		x := d.pre[a]
		if float64(max(x.t-m.pickHalf, o.ready)+own) >= limit {
			break
		}
		if !m.step(d, &x, stop{k, false}) || x.cost-d.pre[a].cost+float64(x.last+own) >= limit {
			continue
		}
		if b, cost := m.insertDrop(d, k, a, x, limit); cost < limit {
			limit = cost
			best = slot{i, a, b, cost + open}
		}
	}
	return best
}

// insertDrop finds the best place for the drop-off when the pick-up is before stop a and led to state x.
func (m *model) insertDrop(d *driver, k int32, a int, x state, limit float64) (at int, cost float64) {
	o := &m.orders[k]
	for b := a; ; b++ {
		if x.cost-d.pre[b].cost+float64(x.t+m.dropHalf-o.placed) >= limit {
			return at, limit
		}
		y := x
		m.hand(d, &y, o)
		if !m.tooLate(&y, o, b > a || y.load > 0) && m.finish(d, &y, b, limit) {
			at, limit = b, y.cost-d.pre[len(d.route)].cost
		}
		if b == len(d.route) || !m.follow(d, &x, b) {
			return at, limit
		}
	}
}

// finish follows the rest of the old route; it says false when a limit breaks or the price reaches limit.
func (m *model) finish(d *driver, y *state, from int, limit float64) bool {
	for c := from; c < len(d.route); c++ {
		if y.cost-d.pre[c].cost >= limit || !m.follow(d, y, c) {
			return false
		}
	}
	return y.cost-d.pre[len(d.route)].cost < limit
}

// follow does stop c of the old route from another state.
func (m *model) follow(d *driver, x *state, c int) bool {
	s := d.route[c]
	if !m.step(d, x, s) {
		return false
	}
	return !s.drop || x.t <= d.pre[c+1].t || !m.tooLate(x, &m.orders[s.order], true)
}

// tooLate says whether the order just handed over came later than a bundle may make it.
func (m *model) tooLate(x *state, o *order, bundled bool) bool {
	return m.bundles && bundled && x.t-m.dropHalf > o.due+m.late
}

// put inserts order k.
func (m *model) put(k int32, s slot) {
	d := &m.drivers[s.driver]
	m.keep(s.driver)
	route := make([]stop, 0, len(d.route)+2)
	route = append(route, d.route[:s.i]...)
	route = append(route, stop{k, false})
	route = append(route, d.route[s.i:s.j]...)
	route = append(route, stop{k, true})
	d.route = append(route, d.route[s.j:]...)
	m.run(d)
	m.orders[k].with = s.driver
}
