package forecast

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
)

// errors of the past, free of scale, from which intervals are made.
//
// Reference: conformal prediction, Vovk, Gammerman and Shafer: Algorithmic Learning in a Random World, 2005; with errors
// scaled by an estimate of the spread as in Lei et al.: Distribution-free predictive inference for regression, 2018; for
// time series the exchangeability it rests on holds only about, so rolling-origin errors are used and coverage is measured.
type pastErrors struct {
	z       []float64 // sorted when settled
	weeks   int
	byStep  [MaxHorizon + 1]mean // of |z|
	special mean
}

type mean struct{ sum, n float64 }

func (m *mean) add(v float64) { m.sum, m.n = m.sum+v, m.n+1 }

// or returns the mean, leaning on v as if it had been seen n times.
func (m mean) or(v, n float64) float64 { return (m.sum + v*n) / (m.n + n) }

const (
	errorWeeks = 52  // origins
	errorSteps = 14  // days ahead
	spreadRise = 0.6 // spread grows with the forecast to this power: between counts (1/2) and shares (1)
)

// spread is the size of errors to expect at a forecast.
func (h *history) spread(forecast float64) float64 {
	if h.level <= 0 {
		return h.unit
	}
	return h.unit * math.Pow(min(max(forecast/h.level, 0.1), 10), spreadRise)
}

// newPastErrors collects the errors of the mixture at past origins.
func newPastErrors(m *mixture) *pastErrors {
	h, p := m.h, &pastErrors{}
	for o := range errorWeeks {
		t := h.n - 2 - week*o
		if t < 2*week {
			break
		}
		p.weeks++
		for steps := 1; steps <= errorSteps && t+steps < h.n; steps++ {
			i := t + steps
			if math.IsNaN(h.y[i]) || h.floor[i] {
				continue
			}
			f := m.at(t, steps)
			z := (h.y[i] - f) / h.spread(f)
			if math.Abs(z) < 1e-6 {
				z = 0 // the computer's rounding is no error
			}
			if h.kinds[i] != ordinary {
				p.special.add(math.Abs(z))
				continue
			}
			p.z = append(p.z, z)
			p.byStep[steps].add(math.Abs(z))
		}
	}
	slices.Sort(p.z)
	return p
}

// join adds the errors of another series, thinned out.
func (p *pastErrors) join(q *pastErrors, keep int) {
	step := max(1, len(q.z)/keep)
	for i := step / 2; i < len(q.z); i += step {
		p.z = append(p.z, q.z[i])
	}
	p.weeks += q.weeks
	for s := range q.byStep {
		p.byStep[s].sum += q.byStep[s].sum
		p.byStep[s].n += q.byStep[s].n
	}
	p.special.sum, p.special.n = p.special.sum+q.special.sum, p.special.n+q.special.n
}

// growth returns how errors of forecasts so many days ahead compare with all of them: a straight line.
func (p *pastErrors) growth() (at [MaxHorizon + 1]float64) {
	var x, y, w []float64
	for s, m := range p.byStep {
		if m.n > 0 {
			x, y, w = append(x, float64(s)), append(y, m.sum/m.n), append(w, m.n)
		}
	}
	for s := range at {
		at[s] = 1
	}
	if len(x) < errorSteps/2 {
		return at
	}
	a, b := stat.LinearRegression(x, y, w, false)
	middle := stat.Mean(y, w)
	b = max(b, 0)
	for s := range at {
		if a+b*float64(s) > 0 && middle > 0 {
			at[s] = min(max((a+b*float64(s))/middle, 0.7), 2)
		}
	}
	return at
}

// unlike returns how much larger errors on special days are.
func (p *pastErrors) unlike() float64 {
	var all mean
	for _, m := range p.byStep {
		all.sum, all.n = all.sum+m.sum, all.n+m.n
	}
	if all.sum == 0 {
		return 1
	}
	usual := all.sum / all.n
	return min(max(p.special.or(1.3*usual, 10)/usual, 1), 3)
}

// few is the weeks of own errors that the pool's are worth.
const few = 12

// quantile returns the errors' quantile: its own and the pool's, by the weeks each has.
func (p *pastErrors) quantile(level float64, pool *pastErrors) float64 {
	wide := defaultError(level)
	if len(pool.z) > 0 {
		n := float64(pool.weeks)
		wide = (n*stat.Quantile(level, stat.LinInterp, pool.z, nil) + 4*wide) / (n + 4)
	}
	if len(p.z) == 0 {
		return wide
	}
	n := float64(p.weeks)
	return (n*stat.Quantile(level, stat.LinInterp, p.z, nil) + few*wide) / (n + few)
}

// defaultError is the quantile before any error has been seen: Laplace's distribution around 0, mean distance 1.
func defaultError(level float64) float64 {
	if level < 0.5 {
		return math.Log(2 * level)
	}
	return -math.Log(2 * (1 - level))
}
