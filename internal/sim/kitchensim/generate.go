package kitchensim

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// Trade is what an evening in a kitchen is like: what generated evenings are drawn from.
type Trade struct {
	OrderSizes   []float64 `json:"order_size_pmf"` // how likely an order is for 1, 2, … items
	Horizon      float64   `json:"horizon_secs"`   // for how long orders come in
	PeakAt       float64   `json:"peak_at_secs"`
	PeakWidth    float64   `json:"peak_sd_secs"`
	PeakOverBase float64   `json:"peak_over_base"`       // how many times more orders come in at the peak than far from it
	Sigma        float64   `json:"lognormal_sigma"`      // standard deviation of the log of actual ÷ estimated duration
	Failing      float64   `json:"machine_failure_prob"` // how likely one machine breaks down during the evening
}

// usual is an evening in a kitchen that says nothing of its own.
func (t Trade) usual() Trade {
	if len(t.OrderSizes) == 0 {
		t.OrderSizes = []float64{0.25, 0.3, 0.2, 0.12, 0.08, 0.05}
	}
	set := func(x *float64, usual float64) {
		if !(*x > 0) {
			*x = usual
		}
	}
	set(&t.Horizon, 3*3600)
	set(&t.PeakAt, t.Horizon/2)
	set(&t.PeakWidth, t.Horizon/4)
	set(&t.PeakOverBase, 2.5)
	set(&t.Sigma, 0.2)
	return t
}

// Generate makes an evening up. rho is the rate at which orders come in at the peak, over the highest that the kitchen
// can keep up with, see [Scenario.Saturation]. The same kitchen, rho and seed give the same evening.
func (sc *Scenario) Generate(rho float64, seed uint64) *Rush {
	g := sc.generator(seed)
	rush := &Rush{}
	peak := rho * sc.Saturation()
	for at := g.r.ExpFloat64() / peak; at < g.Horizon; at += g.r.ExpFloat64() / peak {
		if g.r.Float64() <= g.crowd(at) { // thinning, Lewis and Shedler 1979
			rush.Orders = append(rush.Orders, g.order(at))
		}
	}
	rush.Failures = g.failures()
	return rush
}

// GenerateAt is [Scenario.Generate] for orders that come in at these times, in seconds.
func (sc *Scenario) GenerateAt(times []float64, seed uint64) *Rush {
	g := sc.generator(seed)
	rush := &Rush{}
	for _, at := range times {
		rush.Orders = append(rush.Orders, g.order(at))
	}
	rush.Failures = g.failures()
	return rush
}

func (sc *Scenario) generator(seed uint64) *generator {
	return &generator{Scenario: sc, Trade: sc.Trade.usual(), r: rand.New(rand.NewPCG(seed, 0x6b6974636865))}
}

// failures are one machine's breakdown, by chance.
func (g *generator) failures() []Failure {
	if g.r.Float64() >= g.Failing || len(g.Machines) == 0 {
		return nil
	}
	from := g.Horizon * g.r.Float64()
	return []Failure{{Machine: g.r.IntN(len(g.Machines)), From: from, To: from + 600 + 1800*g.r.Float64()}}
}

// Larger is the same kitchen n times as large: so many more slots, machines and people.
func (sc *Scenario) Larger(n int) *Scenario {
	out := *sc
	out.StationCapacity, out.Machines, out.Staff = nil, nil, nil
	for _, c := range sc.StationCapacity {
		out.StationCapacity = append(out.StationCapacity, n*c)
	}
	for i := range n {
		for _, m := range sc.Machines {
			m.Name = fmt.Sprintf("%s.%d", m.Name, i+1)
			out.Machines = append(out.Machines, m)
		}
		for _, p := range sc.Staff {
			p.Name = fmt.Sprintf("%s.%d", p.Name, i+1)
			out.Staff = append(out.Staff, p)
		}
	}
	return &out
}

type generator struct {
	*Scenario
	Trade
	r *rand.Rand
}

// crowd is how many orders come in at a time, as a share of the peak.
func (g *generator) crowd(at float64) float64 {
	z := (at - g.PeakAt) / g.PeakWidth
	base := 1 / g.PeakOverBase
	return base + (1-base)*math.Exp(-z*z/2)
}

// The promises that guests get, in seconds: some are in a hurry, some have time.
const (
	promiseBase = 180
	promiseItem = 20
	promisePath = 1.4 // per second of the item that takes longest
)

func (g *generator) order(at float64) Order {
	o := Order{Arr: at}
	longest := 0.0
	for range 1 + pickOne(g.r, g.OrderSizes) {
		item := pickOne(g.r, g.mix())
		noise := make([]float64, len(g.Menu[item].Steps))
		for i := range noise {
			noise[i] = math.Exp(g.Sigma*g.r.NormFloat64() - g.Sigma*g.Sigma/2)
		}
		o.Items, o.Noise = append(o.Items, item), append(o.Noise, noise)
		longest = max(longest, g.Menu[item].path())
	}
	haste := []float64{0.85, 1, 1.35}[pickOne(g.r, []float64{1, 3, 2})]
	o.Due = at + haste*(promiseBase+promiseItem*float64(len(o.Items))+promisePath*longest)
	return o
}

// mix is how often each item is ordered; all equally often when the menu does not say.
func (sc *Scenario) mix() []float64 {
	weights, sum := make([]float64, len(sc.Menu)), 0.0
	for i, it := range sc.Menu {
		weights[i] = max(0, it.Mix)
		sum += weights[i]
	}
	for i := range weights {
		if sum == 0 {
			weights[i] = 1
		}
	}
	return weights
}

// pickOne draws an index by weight.
func pickOne(r *rand.Rand, weights []float64) int {
	x := r.Float64() * total(weights)
	for i, w := range weights {
		if x -= w; x < 0 {
			return i
		}
	}
	return len(weights) - 1
}

func total(list []float64) (sum float64) {
	for _, x := range list {
		sum += x
	}
	return sum
}

// path is the estimated length of an item's longest chain of steps, in seconds.
func (it *Item) path() (longest float64) {
	ends := make([]float64, len(it.Steps))
	for i, s := range it.Steps {
		for _, d := range s.Deps {
			ends[i] = max(ends[i], ends[d])
		}
		ends[i] += s.EstSecs
		longest = max(longest, ends[i])
	}
	return longest
}

// Saturation is how many orders a second the kitchen can keep up with for long, if nothing is ever in the way: no set of
// stations may be given more work than its slots and the hands of those who can work there take. It looks at every set of
// stations, as the max-flow min-cut theorem says, so that it is for kitchens of up to 20 of them; 0 when something on the
// menu can never be made.
func (sc *Scenario) Saturation() float64 {
	work := sc.workPerOrder()
	worst := 0.0
	for s, w := range work {
		if w > 0 {
			worst = max(worst, w/sc.slots(s))
		}
	}
	for set := 1; set < 1<<len(sc.Stations); set++ {
		load := 0.0
		for s, w := range work {
			if set>>s&1 == 1 {
				load += w
			}
		}
		if load > 0 {
			worst = max(worst, load/sc.hands(set))
		}
	}
	if worst == 0 {
		return 0
	}
	return 1 / worst
}

// workPerOrder is how many seconds of work an average order brings to each station.
func (sc *Scenario) workPerOrder() []float64 {
	work := make([]float64, len(sc.Stations))
	sizes, mix := sc.Trade.usual().OrderSizes, sc.mix()
	items := 0.0
	for i, p := range sizes {
		items += float64(i+1) * p / total(sizes)
	}
	for i, it := range sc.Menu {
		for _, s := range it.Steps {
			work[s.Station] += items * mix[i] / total(mix) * s.EstSecs
		}
	}
	return work
}

// slots is how many tasks a station with its machines takes at a time.
func (sc *Scenario) slots(station int) float64 {
	machines := 0
	for _, m := range sc.Machines {
		if m.Station == station {
			machines += m.Capacity
		}
	}
	return float64(min(sc.StationCapacity[station], machines))
}

// hands is how much work a second the people do who can work at any of a set of stations, breaks left out.
func (sc *Scenario) hands(set int) (sum float64) {
	horizon := sc.Trade.usual().Horizon
	for _, p := range sc.Staff {
		for _, s := range p.Skills {
			if set>>s&1 == 1 {
				there := 1.0
				if p.BreakAt >= 0 {
					there -= min(p.BreakFor, horizon) / horizon
				}
				sum += there * p.Efficiency * float64(p.MaxParallel)
				break
			}
		}
	}
	return sum
}
