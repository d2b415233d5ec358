package dispatch

import "math/rand/v2"

// undo is a route as it was before the current try.
type undo struct {
	driver int32
	route  []stop
	cost   float64
}

// keep remembers a driver's route as it was before the current try.
func (m *model) keep(i int32) {
	d := &m.drivers[i]
	if m.epoch == 0 || d.mark == m.epoch {
		return
	}
	d.mark = m.epoch
	m.log = append(m.log, undo{i, d.route, m.price(d)})
}

// price is what a driver's route costs, the opening of it included.
func (m *model) price(d *driver) float64 {
	if len(d.route) == 0 || d.load > 0 || d.bound > 0 {
		return d.cost
	}
	return d.cost + d.bias
}

// search improves the routes: it takes related orders out and puts them back, and keeps what is better.
func (m *model) search(rng *rand.Rand) {
	for k := range m.orders {
		if o := &m.orders[k]; o.stage == Open && o.barred == "" {
			m.free = append(m.free, int32(k))
		}
	}
	m.rematch()
	seeds := m.seeds()
	if len(seeds) == 0 {
		return
	}
	set := &m.s.Settings
	n := min(set.MaxTries, max(set.MinTries, int(set.TriesPerOrder*float64(len(seeds)))))
	for ; m.tried < n && m.looks > 0; m.tried++ {
		m.epoch++
		m.try(m.related(seeds[rng.IntN(len(seeds))], rng))
	}
}

// seeds are the orders that something could be gained from: those that come later than if a driver stood ready for each.
func (m *model) seeds() []int32 {
	var out []int32
	for _, k := range m.free {
		o := &m.orders[k]
		if o.with < 0 || m.door(k) > max(o.ready, 0)+m.drive(&m.drivers[o.with], o.from, o.to)+m.dropHalf+m.pickHalf {
			out = append(out, k)
		}
	}
	return out
}

// door is when order k is handed over, as its driver's route stands.
func (m *model) door(k int32) int32 {
	d := &m.drivers[m.orders[k].with]
	for n, s := range d.route {
		if s.drop && s.order == k {
			return d.pre[n+1].t - m.dropHalf
		}
	}
	return never
}

// try takes the orders out and puts them back, in their sequence; it leaves everything as it was unless that is better.
func (m *model) try(orders []int32) {
	var with [maxRelated]int32
	before, after := 0.0, 0.0
	m.log = m.log[:0]
	for n, k := range orders {
		with[n] = m.orders[k].with
		if with[n] < 0 {
			before += m.s.Settings.LostCost
			continue
		}
		m.keep(with[n])
		m.cut(&m.drivers[with[n]], k)
		m.run(&m.drivers[with[n]])
		m.orders[k].with = -1
	}
	after += m.fill(orders)
	for _, u := range m.log {
		before += u.cost
		after += m.price(&m.drivers[u.driver])
	}
	if after < before-1e-6 {
		return
	}
	for _, u := range m.log {
		d := &m.drivers[u.driver]
		d.route = u.route
		m.run(d)
	}
	for n, k := range orders {
		m.orders[k].with = with[n]
	}
}

const maxRelated = 16

// related adds to an order others that are near it in place and time or in the same route, in random order.
func (m *model) related(seed int32, rng *rand.Rand) []int32 {
	n := 1 + rng.IntN(max(1, min(m.s.Settings.Related, maxRelated, len(m.free))))
	var near [maxRelated]struct {
		order int32
		far   float64
	}
	size := 0
	for _, k := range m.free {
		if k == seed || n == 1 {
			continue
		}
		far := m.distance(seed, k, rng)
		if size == n-1 && far >= near[size-1].far {
			continue
		}
		size = min(size+1, n-1)
		p := size - 1
		for ; p > 0 && near[p-1].far > far; p-- {
			near[p] = near[p-1]
		}
		near[p].order, near[p].far = k, far
	}
	out := make([]int32, 1, maxRelated)
	out[0] = seed
	for _, x := range near[:size] {
		out = append(out, x.order)
	}
	rng.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// distance is how little two orders have to do with each other, in seconds, blurred.
func (m *model) distance(a, b int32, rng *rand.Rand) float64 {
	x, y := &m.orders[a], &m.orders[b]
	if x.with >= 0 && x.with == y.with {
		return 180 * rng.Float64()
	}
	between := m.between(x.from, y.from)
	return float64(between) + 0.5*float64(max(x.ready-y.ready, y.ready-x.ready)) + 360*rng.Float64()
}
