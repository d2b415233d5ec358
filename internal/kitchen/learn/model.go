package learn

import (
	"maps"
	"math"
	"slices"
	"time"
)

// Step names a step of an item's recipe.
type Step struct {
	SKU string
	No  int // from 0
}

// Sample is one task that is done.
type Sample struct {
	Step    Step
	Station int64
	Person  int64 // 0: nobody knows
	Load    int   // other tasks that the person had in hand when he was given it
	Base    time.Duration
	Took    time.Duration
	Open    bool // it completed by itself: it took at least so long
}

// Model is what is known of one kitchen.
type Model struct {
	Steps      map[Step]*Evidence
	Stations   map[int64]*Evidence
	People     map[int64]*Evidence
	Loads      map[int64]*Evidence
	Efficiency map[int64]float64 // of people as the kitchen's file says; nobody: 1
}

// NewModel returns a model that knows nothing.
func NewModel() *Model {
	return &Model{
		Steps: map[Step]*Evidence{}, Stations: map[int64]*Evidence{}, People: map[int64]*Evidence{},
		Loads: map[int64]*Evidence{}, Efficiency: map[int64]float64{},
	}
}

// How many samples it takes to be believed: below least nothing is, and half of half samples.
const (
	leastStep, halfStep       = 5, 3
	leastStation, halfStation = 20, 20
	leastPerson, halfPerson   = 20, 20
	leastLoad, halfLoad       = 30, 30
)

// MaxLoad is the highest load that is told apart: more tasks in hand count as so many.
const MaxLoad = 5

// farthest is how far a single sample may be from the recipe's estimate: 30 times.
var farthest = math.Log(30)

// Learn takes a batch of samples. Within a batch they are judged by what was known before, so that their order does
// not matter but for which are forgotten first.
func (m *Model) Learn(batch []Sample) {
	people, loads := m.effects(m.People, leastPerson, halfPerson), m.effects(m.Loads, leastLoad, halfLoad)
	touched := map[*Evidence]bool{}
	note := func(e *Evidence, log float64, open bool) {
		e.Add(log, open)
		touched[e] = true
	}
	for _, s := range batch {
		y, ok := s.log()
		if !ok {
			continue
		}
		load := int64(min(max(s.Load, 0), MaxLoad))
		person := people[s.Person] - m.prior(s.Person)
		step := m.level(s.Step, s.Station)
		note(of(m.Steps, s.Step), y-person-loads[load], s.Open)
		note(of(m.Stations, s.Station), y-person-loads[load], s.Open)
		note(of(m.Loads, load), y-step-person, s.Open)
		if s.Person != 0 {
			note(of(m.People, s.Person), y-step-loads[load]+m.prior(s.Person), s.Open)
		}
	}
	for e := range touched {
		e.Refit()
	}
}

// log is the sample on the logarithmic scale; ok is false for one that says nothing.
func (s Sample) log() (y float64, ok bool) {
	if s.Base <= 0 || s.Took <= 0 {
		return 0, false
	}
	y = math.Log(s.Took.Seconds() / s.Base.Seconds())
	return min(max(y, -farthest), farthest), true
}

// prior is how much quicker than others somebody is said to be, on the log scale.
func (m *Model) prior(person int64) float64 {
	if x := m.Efficiency[person]; x > 0 && !math.IsInf(x, 1) {
		return math.Log(x)
	}
	return 0
}

func of[K comparable](m map[K]*Evidence, key K) *Evidence {
	if m[key] == nil {
		m[key] = &Evidence{}
	}
	return m[key]
}

// shrunk is a fit's level, drawn towards another one while samples are few; that one while they are too few.
func (f Fit) shrunk(towards float64, least, half int) float64 {
	if f.N < least {
		return towards
	}
	w := float64(f.N) / float64(f.N+half)
	return w*f.Level + (1-w)*towards
}

// level of a step: its own, else its station's, else 0.
func (m *Model) level(s Step, station int64) float64 {
	return m.Steps[s].Fit().shrunk(m.Stations[station].Fit().shrunk(0, leastStation, halfStation), leastStep, halfStep)
}

// effects of people or load: only how they differ from each other, since what they have in common is the steps'.
func (m *Model) effects(evidence map[int64]*Evidence, least, half int) map[int64]float64 {
	out := make(map[int64]float64, len(evidence))
	var sum, n float64
	for _, ref := range slices.Sorted(maps.Keys(evidence)) { // sums of floats depend on their order
		f := evidence[ref].Fit()
		out[ref] = f.shrunk(0, least, half)
		sum, n = sum+float64(f.N)*out[ref], n+float64(f.N)
	}
	for ref := range out {
		if n > 0 {
			out[ref] -= sum / n
		}
	}
	return out
}

// Estimate is how long a step takes somebody of efficiency 1 with the usual amount in hand.
type Estimate struct {
	Mean time.Duration // the middle: half take longer
	P90  time.Duration // nine in ten take less
	N    int           // latest samples of the step that it rests on
	Sure bool          // enough is known of the step or its station to say more than the recipe
}

// Estimate returns what is known of a step whose recipe says base. It is never 0 or less.
func (m *Model) Estimate(s Step, station int64, base time.Duration) Estimate {
	f := m.Steps[s].Fit()
	level := m.level(s, station)
	return Estimate{
		Mean: scaled(base, level), P90: scaled(base, level+1.2816*f.Spread), N: f.N,
		Sure: f.N >= leastStep || m.Stations[station].Fit().N >= leastStation,
	}
}

func scaled(base time.Duration, log float64) time.Duration {
	x := float64(base) * math.Exp(log)
	return time.Duration(min(max(x, float64(time.Millisecond)), float64(longest)))
}

// longest bounds every estimate; no step takes a day.
const longest = 24 * time.Hour

// Factors of stations, people or loads: actual ÷ expected. Of people it includes what their efficiency says.
type Factors map[int64]float64

// StationFactors returns how stations differ from their recipes.
func (m *Model) StationFactors() Factors {
	out := Factors{}
	for id, e := range m.Stations {
		out[id] = math.Exp(e.Fit().shrunk(0, leastStation, halfStation))
	}
	return out
}

// PersonFactors returns how long people take compared with somebody of efficiency 1.
func (m *Model) PersonFactors() Factors {
	out := Factors{}
	for id, x := range m.effects(m.People, leastPerson, halfPerson) {
		out[id] = math.Exp(x - m.prior(id))
	}
	return out
}

// LoadFactors returns how the number of other tasks in hand matters, compared with the usual.
func (m *Model) LoadFactors() Factors {
	out := Factors{}
	for n, x := range m.effects(m.Loads, leastLoad, halfLoad) {
		out[n] = math.Exp(x)
	}
	return out
}

// hysteresis is how much an estimate in force may differ from what is known before it follows, so that a menu is not
// another one every second.
const hysteresis = 0.03

// InForce returns the estimate that new tasks take: the one in force (0: none yet) until what is known differs by more
// than 3 %.
func InForce(now time.Duration, base time.Duration, e Estimate) time.Duration {
	if now <= 0 {
		now = base
	}
	if !e.Sure || math.Abs(math.Log(e.Mean.Seconds()/now.Seconds())) < hysteresis {
		return now
	}
	return e.Mean
}
