package forecast

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Options are how to forecast. The zero value is fine.
type Options struct {
	Levels   []float64             // of the quantiles, in (0, 1), rising; nil: DefaultLevels
	Workers  int                   // goroutines for a pool; 0: one
	Progress func(done, total int) // called now and then by one goroutine at a time
	Stop     <-chan struct{}       // closed: Pool gives up and returns nil
}

// DefaultLevels are the ends of the 90 % interval and the median.
var DefaultLevels = []float64{0.05, 0.5, 0.95}

// Result is the forecast of one series.
type Result struct {
	ID    string
	Days  []Ahead
	Model string // the models it comes from with their weights
	Why   string // one sentence for people; "" when there is nothing particular
}

// Ahead is the forecast of one day. Nothing is negative; on closed days all is zero.
type Ahead struct {
	Day       Day
	Mean      float64   // expected sales
	Quantiles []float64 // by level; rising; whole numbers when all sales were
}

// Fit forecasts one series on its own for horizon days after its history, at most MaxHorizon.
func Fit(s Series, horizon int, o Options) Result {
	return Pool([]Series{s}, horizon, o)[0]
}

// levels returns the levels asked for that make sense, rising.
func (o *Options) levels() []float64 {
	list := slices.Clone(o.Levels)
	if len(list) == 0 {
		list = slices.Clone(DefaultLevels)
	}
	slices.Sort(list)
	for i, l := range list {
		list[i] = min(max(l, 0.001), 0.999)
	}
	return list
}

// maker turns means into results.
type maker struct {
	levels  []float64
	pool    pastErrors
	growth  [MaxHorizon + 1]float64
	special float64 // errors of special days against others
	gain    float64 // errors after the trees against before
}

func newMaker(o *Options, jobs []*job) *maker {
	m := &maker{levels: o.levels(), gain: 1}
	keep := max(10, 40000/len(jobs))
	for _, j := range jobs {
		if j.errors != nil {
			m.pool.join(j.errors, keep)
		}
	}
	slices.Sort(m.pool.z)
	m.growth, m.special = m.pool.growth(), m.pool.unlike()
	return m
}

// result makes the forecast of a job from its means.
func (m *maker) result(j *job) Result {
	h := j.history
	r := Result{ID: h.series.ID, Model: j.model, Why: j.why}
	errs := j.errors
	if errs == nil {
		errs = &pastErrors{}
	}
	own := make([]float64, len(m.levels))
	for k, level := range m.levels {
		own[k] = errs.quantile(level, &m.pool)
	}
	for i, f := range j.means {
		a := Ahead{Day: h.series.End() + Day(i), Mean: f, Quantiles: make([]float64, len(own))}
		if h.kinds[h.n+i] != closed && !j.sure {
			m.quantiles(a.Quantiles, h, f, i+1, own)
		}
		r.Days = append(r.Days, a)
	}
	return r
}

func (m *maker) quantiles(q []float64, h *history, f float64, steps int, z []float64) {
	spread := h.spread(f) * m.growth[steps] * m.gain
	if h.kinds[h.n+steps-1] != ordinary {
		spread *= m.special
	}
	for k := range q {
		q[k] = max(f+z[k]*spread, 0)
		if h.whole && h.known > 0 {
			q[k] = m.round(q[k], k)
		}
		if k > 0 {
			q[k] = max(q[k], q[k-1])
		}
	}
}

// round goes to the whole number that a quantile of counts means: towards the middle, so that as many outcomes lie within.
func (m *maker) round(v float64, k int) float64 {
	switch {
	case m.levels[k] < 0.5:
		return math.Ceil(v)
	case m.levels[k] > 0.5:
		return math.Floor(v)
	default:
		return math.Round(v)
	}
}

// model names the models with their weights in percent, the heaviest first.
func (m *mixture) model() string {
	order := make([]int, len(m.tracks))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case m.weights[a] > m.weights[b]:
			return -1
		case m.weights[a] < m.weights[b]:
			return 1
		default:
			return 0
		}
	})
	var parts []string
	for _, i := range order {
		if percent := math.Round(100 * m.weights[i]); percent > 0 {
			parts = append(parts, fmt.Sprintf("%s %.0f %%", m.tracks[i].name(), percent))
		}
	}
	return strings.Join(parts, ", ")
}
