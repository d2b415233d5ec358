package kitchensim_test

import (
	"fmt"
	"math"
	"math/rand/v2"

	"brigade/internal/sim/kitchensim"
)

// generate makes a kitchen and an evening up: the same seed gives the same. load is the arrival rate over what the
// busiest station or the hands of all can keep up with, roughly.
func generate(seed uint64, load float64, orders int) (*kitchensim.Scenario, *kitchensim.Rush) {
	r := rand.New(rand.NewPCG(seed, 3))
	sc := kitchenOf(r)
	return sc, rushFor(r, sc, load, orders)
}

func kitchenOf(r *rand.Rand) *kitchensim.Scenario {
	sc := &kitchensim.Scenario{Name: "made up"}
	for s := range 2 + r.IntN(4) {
		capacity := 1 + r.IntN(5)
		sc.Stations = append(sc.Stations, fmt.Sprint("station ", s))
		sc.StationCapacity = append(sc.StationCapacity, capacity)
		for range 1 + r.IntN(2) {
			sc.Machines = append(sc.Machines, kitchensim.Machine{Name: fmt.Sprint("machine ", len(sc.Machines)), Station: s, Capacity: 1 + r.IntN(3)})
		}
	}
	for i := range 2 + r.IntN(4) {
		p := kitchensim.Staff{Name: fmt.Sprint("cook ", i), MaxParallel: 1 + r.IntN(3), Efficiency: 0.8 + 0.4*r.Float64(), BreakAt: -1}
		for s := range sc.Stations {
			if s%2 == i%2 || r.IntN(2) == 0 {
				p.Skills = append(p.Skills, s)
			}
		}
		if r.IntN(2) == 0 {
			p.BreakAt, p.BreakFor = 3000*r.Float64(), 60+600*r.Float64()
		}
		sc.Staff = append(sc.Staff, p)
	}
	for i := range 2 + r.IntN(4) {
		it := kitchensim.Item{Name: fmt.Sprint("item ", i)}
		for k := range 1 + r.IntN(5) {
			s := kitchensim.Step{Desc: fmt.Sprint("step ", k), Station: r.IntN(len(sc.Stations)), EstSecs: math.Round(15 + 200*r.Float64()), BasePriority: float64(r.IntN(20))}
			for d := range k {
				if r.IntN(3) == 0 {
					s.Deps = append(s.Deps, d)
				}
			}
			it.Steps = append(it.Steps, s)
		}
		sc.Menu = append(sc.Menu, it)
	}
	return sc
}

func rushFor(r *rand.Rand, sc *kitchensim.Scenario, load float64, orders int) *kitchensim.Rush {
	rush := &kitchensim.Rush{}
	gap := perOrder(sc) / load
	at := 0.0
	for range orders {
		at += r.ExpFloat64() * gap
		o := kitchensim.Order{Arr: at, Due: at + 200 + 1500*r.Float64()}
		for range 1 + r.IntN(4) {
			item := r.IntN(len(sc.Menu))
			o.Items = append(o.Items, item)
			var noise []float64
			for range sc.Menu[item].Steps {
				noise = append(noise, math.Exp(0.25*r.NormFloat64()))
			}
			o.Noise = append(o.Noise, noise)
		}
		rush.Orders = append(rush.Orders, o)
	}
	for m := range sc.Machines {
		if r.IntN(3) == 0 {
			from := at * r.Float64()
			rush.Failures = append(rush.Failures, kitchensim.Failure{Machine: m, From: from, To: from + 60 + 900*r.Float64()})
		}
	}
	return rush
}

// perOrder is how many seconds an average order takes of whatever is scarcest.
func perOrder(sc *kitchensim.Scenario) float64 {
	work, hands := make([]float64, len(sc.Stations)), 0.0
	all := 0.0
	for _, it := range sc.Menu {
		for _, s := range it.Steps {
			work[s.Station] += 2.5 * s.EstSecs / float64(len(sc.Menu))
			all += 2.5 * s.EstSecs / float64(len(sc.Menu))
		}
	}
	for _, p := range sc.Staff {
		hands += float64(p.MaxParallel)
	}
	worst := all / hands
	for s, w := range work {
		slots, skilled := 0, 0
		for _, m := range sc.Machines {
			if m.Station == s {
				slots += m.Capacity
			}
		}
		for _, p := range sc.Staff {
			for _, k := range p.Skills {
				if k == s {
					skilled += p.MaxParallel
				}
			}
		}
		worst = max(worst, w/float64(max(1, min(slots, sc.StationCapacity[s], skilled))))
	}
	return worst
}
