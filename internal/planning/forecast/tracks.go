package forecast

import "math"

// profile is the recency-weighted mean of the same weekday over the last weeks: the forecast that a good manager makes
// by hand, and hard to beat.
type profile struct {
	means [][week]float64 // by day+1 and weekday
}

const weekFades = 0.92 // what a week counts less than the one after it

func newProfile(h *history, prior [week]float64) *profile {
	p := &profile{means: make([][week]float64, h.n+1)}
	first := h.first()
	var sum, n [week]float64
	for d := range week {
		sum[d], n[d] = first*prior[d]/2, 0.5
		p.means[0][d] = 2 * sum[d]
	}
	for t := range h.n {
		p.means[t+1] = p.means[t]
		d := h.dow(t)
		limit := 4 * h.unit
		if n[d] < 2 {
			limit = 0
		}
		if y, ok := h.teaches(t, p.means[t][d], limit); ok {
			sum[d], n[d] = sum[d]*weekFades+y, n[d]*weekFades+1
			p.means[t+1][d] = sum[d] / n[d]
		}
	}
	return p
}

func (p *profile) name() string                 { return "profile" }
func (p *profile) at(t, steps, dow int) float64 { return p.means[t+1][dow] }

// theta is simple exponential smoothing of the seasonally adjusted series plus half of its linear drift.
//
// Reference: Assimakopoulos and Nikolopoulos: The theta model, 2000; Hyndman and Billah: Unmasking the Theta method, 2003.
type theta struct {
	level []float64 // by day+1
	drift []float64 // per day
	share [][week]float64
}

func newTheta(h *history, p *profile) *theta {
	k := &theta{level: make([]float64, h.n+1), drift: make([]float64, h.n+1), share: shares(p)}
	best, alpha := math.Inf(1), 0.0
	for _, a := range []float64{0.05, 0.1, 0.2} {
		if e := k.follow(h, a); e < best {
			best, alpha = e, a
		}
	}
	k.follow(h, alpha)
	for t := range h.n {
		if left := h.n - 1 - t; left%week == 0 {
			k.drift[t+1] = k.slope(t) / 2
		} else {
			k.drift[t+1] = k.drift[t]
		}
	}
	return k
}

// shares turns weekday means into factors around 1.
func shares(p *profile) [][week]float64 {
	list := make([][week]float64, len(p.means))
	for t, means := range p.means {
		total := 0.0
		for _, m := range means {
			total += m
		}
		for d, m := range means {
			list[t][d] = 1
			if total > 0 {
				list[t][d] = max(m/total*week, 0.05)
			}
		}
	}
	return list
}

// follow smooths with alpha and returns the squared error in units of sales.
func (k *theta) follow(h *history, alpha float64) float64 {
	level, sum := h.first(), 0.0
	k.level[0] = level
	for t := range h.n {
		share := k.share[t][h.dow(t)]
		if y, ok := h.teaches(t, level*share, 4*h.unit); ok {
			e := y - level*share
			sum += e * e
			level = max(level+alpha*e/max(share, 0.2), 0)
		}
		k.level[t+1] = level
	}
	return sum
}

// slope is the least-squares slope of the smoothed level over the last half year.
func (k *theta) slope(t int) float64 {
	from := max(0, t-26*week)
	if t-from < start {
		return 0
	}
	var x, y, xx, xy, n float64
	for i := from; i <= t; i += week {
		u, v := float64(i-from), k.level[i+1]
		x, y, xx, xy, n = x+u, y+v, xx+u*u, xy+u*v, n+1
	}
	return (n*xy - x*y) / (n*xx - x*x)
}

func (k *theta) name() string { return "theta" }

func (k *theta) at(t, steps, dow int) float64 {
	return max(0, k.level[t+1]+k.drift[t+1]*float64(steps)) * k.share[t+1][dow]
}

// intermittent smooths the chance that something is sold on a day and the size of a sale apart, and so forgets a product
// that has stopped selling.
//
// Reference: Teunter, Syntetos and Babai: Intermittent demand: linking forecasting to inventory obsolescence, 2011, after
// Croston 1972; the chance of zero by weekday is left to the other models.
type intermittent struct {
	rate []float64 // by day+1
}

func newIntermittent(h *history) *intermittent {
	m := &intermittent{rate: make([]float64, h.n+1)}
	const forChance, forSize = 0.04, 0.1
	chance, size := m.first(h)
	m.rate[0] = chance * size
	for t := range h.n {
		if y, ok := h.teaches(t, chance*size, 0); ok {
			if y > 0 {
				chance += forChance * (1 - chance)
				size += forSize * (y - size)
			} else {
				chance -= forChance * chance
			}
		}
		m.rate[t+1] = chance * size
	}
	return m
}

func (m *intermittent) first(h *history) (chance, size float64) {
	var days, sales, sum float64
	for i := range min(start, h.n) {
		if h.learns(i) {
			days++
			if h.y[i] > 0 {
				sales++
				sum += h.y[i]
			}
		}
	}
	return sales / max(days, 1), sum / max(sales, 1)
}

func (m *intermittent) name() string                 { return "intermittent" }
func (m *intermittent) at(t, steps, dow int) float64 { return m.rate[t+1] }
