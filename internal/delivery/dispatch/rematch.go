package dispatch

import (
	"cmp"
	"slices"
)

// rematch gives all orders that are alone in a route, and those that are in none, to drivers anew by one minimum-cost
// matching: the best that can be done with one order each. What the search cannot see one try at a time (a long chain of
// exchanges) it sees at once.
func (m *model) rematch() {
	orders, drivers := m.singles()
	if n := m.s.Settings.MatchPairs / max(1, len(drivers)); len(orders) > n {
		slices.SortStableFunc(orders, func(a, b int32) int { return cmp.Compare(m.orders[a].ready, m.orders[b].ready) })
		orders = orders[:n]
	}
	if len(orders) < 2 || len(drivers) < 2 || m.looks <= 0 {
		return
	}
	for _, k := range orders {
		if i := m.orders[k].with; i >= 0 {
			m.cut(&m.drivers[i], k)
			m.run(&m.drivers[i])
			m.orders[k].with = -1
		}
	}
	slots, cost := m.prices(orders, drivers)
	var left []int32
	for n, c := range Match(cost) {
		if c < 0 || slots[n*len(drivers)+c].cost >= impossible {
			left = append(left, orders[n])
			continue
		}
		m.put(orders[n], slots[n*len(drivers)+c])
	}
	m.fill(left)
}

// singles are the open orders that share no route with another open order, and the drivers who have at most such a one.
func (m *model) singles() (orders, drivers []int32) {
	open := make([]int, len(m.drivers))
	for _, k := range m.free {
		if i := m.orders[k].with; i >= 0 {
			open[i]++
		}
	}
	for _, k := range m.free {
		if i := m.orders[k].with; i < 0 || open[i] == 1 {
			orders = append(orders, k)
		}
	}
	for i, n := range open {
		if n <= 1 {
			drivers = append(drivers, int32(i))
		}
	}
	return orders, drivers
}

// prices are what each order would cost with each driver. Only the nearest drivers of an order are asked for an exact
// price; the others count as full.
func (m *model) prices(orders, drivers []int32) ([]slot, [][]float64) {
	limit := m.s.Settings.LostCost
	slots := make([]slot, len(orders)*len(drivers))
	flat := make([]float64, len(slots))
	cost := make([][]float64, len(orders))
	least := make([]float64, len(drivers))
	for n, k := range orders {
		cost[n] = flat[n*len(drivers) : (n+1)*len(drivers)]
		soonest := m.soonest(m.orders[k].from)
		for c, i := range drivers {
			least[c] = m.atLeast(&m.drivers[i], k, soonest[i])
		}
		enough := nth(least, m.s.Settings.MatchDrivers)
		for c, i := range drivers {
			s := slot{cost: impossible}
			if least[c] <= enough && least[c] < limit && m.allowed(&m.drivers[i], i, k) {
				s = m.insert(i, k, limit)
			}
			slots[n*len(drivers)+c] = s
			cost[n][c] = min(s.cost, 2*limit)
		}
	}
	return slots, cost
}

// nth is the n-th smallest of xs, the largest when there are fewer.
func nth(xs []float64, n int) float64 {
	low := make([]float64, 0, max(n, 1)) // the smallest so far, in their order
	for _, x := range xs {
		if len(low) == cap(low) && x >= low[len(low)-1] {
			continue
		}
		at, _ := slices.BinarySearch(low, x)
		low = slices.Insert(low[:min(len(low), cap(low)-1)], at, x)
	}
	return low[len(low)-1]
}
