package forecast

import (
	"math"
	"slices"
)

// track is a model that has followed a history: it answers what it forecast at the end of day t.
type track interface {
	name() string
	// at returns the forecast made at the end of day t, -1 ≤ t < n, for steps days later, taken as weekday dow.
	at(t, steps, dow int) float64
}

// setting is one exponential smoothing: error-correction form with additive or multiplicative weekdays and a damped
// trend.
type setting struct {
	alpha, beta, gamma float64
	multiplicative     bool
}

const damping = 0.98 // of the trend, per day

// settings are tried for every series. Small steps serve daily sales: what is new in a day is mostly noise.
func settings() []setting {
	var list []setting
	for _, multiplicative := range []bool{true, false} {
		for _, alpha := range []float64{0.02, 0.05, 0.1, 0.17, 0.28} {
			for _, gamma := range []float64{0.01, 0.03, 0.06, 0.12} {
				list = append(list, setting{alpha, 0, gamma, multiplicative})
			}
		}
	}
	return list
}

// smoothing is a weighted mean of exponential smoothings. As its trend is the same function of the steps in all of them,
// the mean is kept as one level and one slope per weekday.
//
// Reference: Hyndman, Koehler, Ord, Snyder: Forecasting with Exponential Smoothing, 2008, ch. 2 (models) and 7 (AICc);
// Burnham and Anderson: Model Selection and Multimodel Inference, 2002, ch. 4 (weights from AICc); Gelper, Fried and
// Croux: Robust forecasting with exponential and Holt-Winters smoothing, 2010 (limited errors).
type smoothing struct {
	level [][week]float64 // by day+1 and weekday
	slope [][week]float64
}

func (s *smoothing) name() string { return "smoothing" }

func (s *smoothing) at(t, steps, dow int) float64 {
	damped := damping * (1 - math.Pow(damping, float64(steps))) / (1 - damping)
	return max(0, s.level[t+1][dow]+damped*s.slope[t+1][dow])
}

// newSmoothing fits all settings without a trend, tries a trend on the best of them, and weights what is left.
func newSmoothing(h *history, prior *priors) *smoothing {
	list := settings()
	scores := settingScores(h, list, prior)
	best := slices.Index(scores, slices.Min(scores))
	for _, beta := range []float64{0.005, 0.02} {
		s := list[best]
		s.beta = beta
		score := aicc(h, s, prior.weekdays)
		if prior.settings != nil {
			score += prior.settings[best]
		}
		list, scores = append(list, s), append(scores, score)
	}
	s := &smoothing{level: make([][week]float64, h.n+1), slope: make([][week]float64, h.n+1)}
	for i, w := range settingWeights(scores) {
		if w > 0 {
			sm := newSmoother(h, list[i], prior.weekdays)
			sm.add(s, -1, w)
			sm.run(h, func(t int) { sm.add(s, t, w) })
		}
	}
	return s
}

// settingScores returns the AICc of each setting for a series, plus how it does in the pool.
func settingScores(h *history, list []setting, prior *priors) []float64 {
	scores := make([]float64, len(list))
	for i, s := range list {
		scores[i] = aicc(h, s, prior.weekdays)
		if prior.settings != nil {
			scores[i] += prior.settings[i]
		}
	}
	return scores
}

// aicc returns Akaike's criterion, corrected for short series, for Gaussian errors.
func aicc(h *history, s setting, profile [week]float64) float64 {
	k := 10.0 // level, weekdays, two smoothing constants
	if s.beta > 0 {
		k += 2
	}
	n, mse := float64(h.known), newSmoother(h, s, profile).run(h, nil)
	return n*math.Log(max(mse, h.unit*h.unit*1e-9, math.SmallestNonzeroFloat64)) + 2*k + 2*k*(k+1)/max(n-k-1, 1)
}

// evidence is how much of the likelihood counts in the weights: errors of neighbouring days are not independent and have
// heavy tails, so that the plain formula would nearly always choose a single setting.
const evidence = 0.1

// settingWeights returns weights by AICc; what weighs little is left out.
func settingWeights(scores []float64) []float64 {
	best := slices.Min(scores)
	weights, total := make([]float64, len(scores)), 0.0
	for i, a := range scores {
		weights[i] = math.Exp(-evidence * (a - best) / 2)
		if weights[i] < 0.05 {
			weights[i] = 0
		}
		total += weights[i]
	}
	for i := range weights {
		weights[i] /= total
	}
	return weights
}

// smoother is the state of one setting as it goes through a history.
type smoother struct {
	setting
	level, trend float64
	season       [week]float64
	least        float64 // that the level may be
	usual        float64 // mean absolute error so far, recent days first
	seen         int
}

// start is how many days a state is estimated from at the beginning.
const start = 8 * week

// newSmoother estimates the state before the first day; profile gives weekday factors around 1 to lean on.
func newSmoother(h *history, s setting, profile [week]float64) *smoother {
	m := &smoother{setting: s, level: h.first(), least: h.unit / 100}
	m.level = max(m.level, m.least)
	var sum, n [week]float64
	for i := 0; i < min(start, h.n); i++ {
		if h.learns(i) {
			sum[h.dow(i)] += h.y[i]
			n[h.dow(i)]++
		}
	}
	const lean = 1 // weeks that the profile counts
	for d := range m.season {
		share := (sum[d] + lean*m.level*profile[d]) / (n[d] + lean) / m.level
		m.season[d] = share
		if !s.multiplicative {
			m.season[d] = (share - 1) * m.level
		}
	}
	return m
}

// run goes through the history and returns the mean squared error of the forecasts for the next day after the first
// weeks; after, when given, is called at the end of each day.
func (m *smoother) run(h *history, after func(t int)) float64 {
	var sum, n float64
	dow := h.dow(0)
	for t := range h.n {
		m.level, m.trend = m.level+damping*m.trend, damping*m.trend
		f := m.forecast(dow)
		if y, ok := h.teaches(t, f, m.limit()); ok {
			e := y - f
			if t >= start/2 || h.known <= start/2 {
				sum += e * e
				n++
			}
			m.learn(e, dow)
		}
		if after != nil {
			after(t)
		}
		if dow++; dow == week {
			dow = 0
		}
	}
	return sum / max(n, 1)
}

func (m *smoother) forecast(dow int) float64 {
	if m.multiplicative {
		return m.level * m.season[dow]
	}
	return m.level + m.season[dow]
}

// limit is how far an outlier may be from the forecast: three usual errors, once these are known.
func (m *smoother) limit() float64 {
	if m.seen < start/2 {
		return 0
	}
	return 3 * m.usual
}

// learn takes an error in.
func (m *smoother) learn(e float64, dow int) {
	m.seen++
	m.usual += max(0.03, 1/float64(m.seen)) * (math.Abs(e) - m.usual)
	if !m.multiplicative {
		m.trend += m.beta * m.alpha * e
		m.level += m.alpha * e
		m.season[dow] += m.gamma * e
		return
	}
	const mostSeason = 20 // times the level
	before := m.level
	step := m.alpha * e / max(m.season[dow], 0.1)
	m.level = max(m.level+step, before/10, m.least)
	m.trend += m.beta * step
	m.season[dow] = min(max(m.season[dow]+m.gamma*e/before, 0.02), mostSeason)
}

// add adds the state at the end of day t to a mean of smoothings.
func (m *smoother) add(s *smoothing, t int, weight float64) {
	level, slope := &s.level[t+1], &s.slope[t+1]
	for d := range week {
		level[d] += weight * m.forecast(d)
		factor := 1.0
		if m.multiplicative {
			factor = m.season[d]
		}
		slope[d] += weight * m.trend * factor
	}
}
