package kitchensim

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// MadeUp makes a kitchen up, with its menu: two to five stations, and everything on the menu can be made. The same seed
// gives the same kitchen. No rule of the planner can be tuned to it, so that it shows what rules are worth elsewhere.
func MadeUp(seed uint64) *Scenario {
	r := rand.New(rand.NewPCG(seed, 3))
	sc := &Scenario{Name: fmt.Sprintf("made-up-%d", seed)}
	for s := range 2 + r.IntN(4) {
		sc.addStation(r, s)
	}
	for i := range 2 + r.IntN(4) {
		sc.addCook(r, i)
	}
	for i := range 2 + r.IntN(4) {
		sc.Menu = append(sc.Menu, dish(r, i, len(sc.Stations)))
	}
	sc.Trade = Trade{}.usual()
	sc.Failing = 0.3
	return sc
}

func (sc *Scenario) addStation(r *rand.Rand, s int) {
	sc.Stations = append(sc.Stations, fmt.Sprint("station ", s))
	sc.StationCapacity = append(sc.StationCapacity, 1+r.IntN(5))
	for range 1 + r.IntN(2) {
		sc.Machines = append(sc.Machines, Machine{Name: fmt.Sprint("machine ", len(sc.Machines)), Station: s, Capacity: 1 + r.IntN(3)})
	}
}

// addCook adds somebody who can work at every other station at least, so that two of them can work everywhere.
func (sc *Scenario) addCook(r *rand.Rand, i int) {
	p := Staff{Name: fmt.Sprint("cook ", i), MaxParallel: 1 + r.IntN(3), Efficiency: 0.8 + 0.4*r.Float64(), BreakAt: -1}
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

func dish(r *rand.Rand, i, stations int) Item {
	it := Item{Name: fmt.Sprint("item ", i)}
	for k := range 1 + r.IntN(5) {
		s := Step{Desc: fmt.Sprint("step ", k), Station: r.IntN(stations), EstSecs: math.Round(15 + 200*r.Float64()), BasePriority: float64(r.IntN(20))}
		for d := range k {
			if r.IntN(3) == 0 {
				s.Deps = append(s.Deps, d)
			}
		}
		it.Steps = append(it.Steps, s)
	}
	return it
}
