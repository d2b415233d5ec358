package dispatch

import "math"

// Match solves the linear assignment problem: cost[r][c] is the price of giving row r column c, all rows are of one
// length. It returns each row's column, -1 for rows that get none because there are more rows than columns; as many as
// possible are matched, at the least sum. It takes rows² × columns steps (or the other way round, the smaller squared):
// the shortest augmenting path form of Kuhn's method (Jonker and Volgenant, 1987).
func Match(cost [][]float64) []int {
	if len(cost) == 0 {
		return nil
	}
	if len(cost) <= len(cost[0]) {
		return assign(cost)
	}
	turned := make([][]float64, len(cost[0]))
	for c := range turned {
		turned[c] = make([]float64, len(cost))
		for r := range cost {
			turned[c][r] = cost[r][c]
		}
	}
	out := make([]int, len(cost))
	for r := range out {
		out[r] = -1
	}
	for c, r := range assign(turned) {
		out[r] = c
	}
	return out
}

// matching is the working state of assign; row and column 0 are sentinels.
type matching struct {
	u, v, least []float64
	row, from   []int
	used        []bool
}

// assign matches every row; there are at least as many columns.
func assign(cost [][]float64) []int {
	n, k := len(cost), len(cost[0])
	m := matching{
		u: make([]float64, n+1), v: make([]float64, k+1), least: make([]float64, k+1),
		row: make([]int, k+1), from: make([]int, k+1), used: make([]bool, k+1),
	}
	for r := 1; r <= n; r++ {
		m.augment(cost, r)
	}
	out := make([]int, n)
	for c := 1; c <= k; c++ {
		if m.row[c] > 0 {
			out[m.row[c]-1] = c - 1
		}
	}
	return out
}

// augment gives row r a column along the shortest augmenting path.
func (m *matching) augment(cost [][]float64, r int) {
	for c := range m.least {
		m.least[c], m.used[c] = math.Inf(1), false
	}
	m.row[0] = r
	c := 0
	for {
		c = m.scan(cost, c)
		if m.row[c] == 0 {
			break
		}
	}
	for c != 0 {
		m.row[c] = m.row[m.from[c]]
		c = m.from[c]
	}
}

// scan settles column c and returns the nearest column that is not settled.
func (m *matching) scan(cost [][]float64, c int) int {
	m.used[c] = true
	r, step, next := m.row[c], math.Inf(1), 0
	prices, u := cost[r-1], m.u[r]
	for j := 1; j < len(m.v); j++ {
		if m.used[j] {
			continue
		}
		if d := prices[j-1] - u - m.v[j]; d < m.least[j] {
			m.least[j], m.from[j] = d, c
		}
		if m.least[j] < step {
			step, next = m.least[j], j
		}
	}
	for j := range m.v {
		if m.used[j] {
			m.u[m.row[j]] += step
			m.v[j] -= step
		} else {
			m.least[j] -= step
		}
	}
	return next
}
