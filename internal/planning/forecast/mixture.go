package forecast

import (
	"math"
	"slices"
)

// mixture is all models of a series, weighted by how well each did.
//
// Reference: Bates and Granger: The combination of forecasts, 1969; Stock and Watson: Combination forecasts, 2004
// (weights shrunk towards equal ones beat optimal ones); Timmermann 2006.
type mixture struct {
	h         *history
	tracks    []track
	weights   []float64
	occasions *occasions
	factor    float64 // corrects a bias that is beyond chance
}

// Trust before any error is seen. The simple models are there for when the others fail.
var trust = map[string]float64{"smoothing": 1, "regression": 1, "theta": 0.25, "profile": 0.25, "intermittent": 0.25}

const (
	trials    = 26  // origins, a week apart, on which models are compared
	sharpness = 6   // of the weights: error ratio to this power
	towards   = 0.3 // share of the weights that does not depend on the errors
)

func newMixture(h *history, prior *priors) *mixture {
	m := &mixture{h: h, factor: 1}
	p := newProfile(h, prior.weekdays)
	m.tracks = append(m.tracks, newSmoothing(h, prior), p, newTheta(h, p))
	if h.known >= start {
		m.tracks = append(m.tracks, newRegression(h))
	}
	if h.sparse() {
		m.tracks = append(m.tracks, newIntermittent(h))
	}
	m.weigh()
	m.occasions = newOccasions(h, m.ordinary, &prior.classes)
	m.correct()
	return m
}

// weigh sets the weights from the errors at past origins.
func (m *mixture) weigh() {
	errs := make([]float64, len(m.tracks))
	for i, k := range m.tracks {
		errs[i] = m.trialError(k)
	}
	best := slices.Min(errs)
	m.weights = make([]float64, len(m.tracks))
	var total, faith float64
	for i, e := range errs {
		m.weights[i] = trust[m.tracks[i].name()]
		faith += m.weights[i]
		if best > 0 {
			m.weights[i] *= math.Pow(best/e, sharpness)
		}
		total += m.weights[i]
	}
	for i, k := range m.tracks {
		m.weights[i] = (1-towards)*m.weights[i]/total + towards*trust[k.name()]/faith
	}
}

// trialError is the mean error of a model at past origins, in units; large errors count by their square up to two units
// and linearly beyond (Huber 1964), so that neither noise nor one odd day decides.
func (m *mixture) trialError(k track) float64 {
	h := m.h
	sum, n := 0.1, 1.0
	for o := range trials {
		t := h.n - 1 - week*(o+1)
		if t < 2*week {
			break
		}
		for i := t + 1; i <= min(t+2*week, h.n-1); i++ {
			if !h.learns(i) || h.floor[i] {
				continue
			}
			f := k.at(t, i-t, h.dow(i))
			if math.IsNaN(f) {
				continue
			}
			sum += huber((h.y[i] - f) / h.unit)
			n++
		}
	}
	return math.Sqrt(sum / n)
}

func huber(e float64) float64 {
	const bend = 2
	if e = math.Abs(e); e > bend {
		return bend * (2*e - bend)
	}
	return e * e
}

// ordinary returns the forecast made at the end of day t for an ordinary day of that weekday.
func (m *mixture) ordinary(t, steps, dow int) float64 {
	var sum, n float64
	for i, k := range m.tracks {
		if f := k.at(t, steps, dow); !math.IsNaN(f) {
			sum, n = sum+m.weights[i]*f, n+m.weights[i]
		}
	}
	return sum / max(n, 1e-9)
}

// at returns the forecast made at the end of day t, in -1..n-1, for steps days later; 0 for closed days.
func (m *mixture) at(t, steps int) float64 {
	switch i := t + steps; m.h.kinds[i] {
	case closed:
		return 0
	case ordinary:
		return m.factor * m.ordinary(t, steps, m.h.dow(i))
	default:
		return m.factor * m.occasions.forecast(t, steps)
	}
}

// correct looks for a bias in the trials of each week. It acts only on what is beyond twice the standard error, and on
// half of it: biases of the past are poor advice otherwise.
func (m *mixture) correct() {
	h := m.h
	var ratios []float64
	for o := range trials {
		t := h.n - 1 - week*(o+1)
		if t < start {
			break
		}
		var y, f float64
		for i := t + 1; i <= t+week; i++ {
			if h.learns(i) && !h.floor[i] {
				y, f = y+h.y[i], f+m.ordinary(t, i-t, h.dow(i))
			}
		}
		if f > 0 {
			ratios = append(ratios, min(y/f, 2)-1)
		}
	}
	mean, se := meanAndError(ratios)
	if len(ratios) >= 8 && math.Abs(mean) > 2*se {
		m.factor = 1 + min(max(mean/2, -0.1), 0.1)
	}
}

// meanAndError returns the mean of values and its standard error.
func meanAndError(values []float64) (mean, se float64) {
	n := float64(len(values))
	for _, v := range values {
		mean += v / n
	}
	for _, v := range values {
		se += (v - mean) * (v - mean)
	}
	return mean, math.Sqrt(se / max(n-1, 1) / max(n, 1))
}
