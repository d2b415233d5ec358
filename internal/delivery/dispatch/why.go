package dispatch

import (
	"cmp"
	"slices"
)

// why explains an order's place: what it adds there, and what it would add elsewhere as things stand.
func (m *model) why(i, k int32) Why {
	w := Why{Wait: float64(m.pickupTime(i, k) - m.orders[k].ready), With: m.together(&m.drivers[i], k)}
	if m.s.Settings.Alternatives <= 0 {
		return w
	}
	d := &m.drivers[i]
	route, with := d.route, d.cost
	m.cut(d, k)
	m.run(d)
	w.Cost = with - d.cost
	if len(d.route) == 0 {
		w.Cost += d.bias
	}
	w.Alternatives = m.alternatives(i, k)
	d.route = route
	m.run(d)
	return w
}

// alternatives are the cheapest places for order k with other drivers than i, of those who look the most promising.
func (m *model) alternatives(i, k int32) []Alternative {
	set := &m.s.Settings
	least := make([]float64, len(m.drivers))
	soonest := m.soonest(m.orders[k].from)
	for j := range least {
		if least[j] = impossible; int32(j) != i && m.allowed(&m.drivers[j], int32(j), k) {
			least[j] = m.atLeast(&m.drivers[j], k, soonest[j])
		}
	}
	enough := min(set.LostCost, nth(least, set.MatchDrivers))
	var out []Alternative
	for j := range least {
		if least[j] > enough {
			continue
		}
		if s := m.insert(int32(j), k, set.LostCost); s.cost < set.LostCost {
			out = append(out, Alternative{m.s.Drivers[j].ID, s.cost})
		}
	}
	slices.SortStableFunc(out, func(a, b Alternative) int { return cmp.Compare(a.Cost, b.Cost) })
	return out[:min(set.Alternatives, len(out))]
}

// pickupTime is when order k changes hands in driver i's route.
func (m *model) pickupTime(i, k int32) int32 {
	d := &m.drivers[i]
	for n, s := range d.route {
		if s.order == k && !s.drop && n+1 < len(d.pre) {
			return d.pre[n+1].last
		}
	}
	return never
}
