// Package replay plays an evening again: the floor and the planner of production under a virtual clock. What the evening
// holds – arrivals, how long work really takes, failures, breaks – is told to the floor only when it happens.
package replay

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"brigade/internal/kitchen"
	"brigade/internal/kitchen/sched"
	"brigade/internal/recipe"
)

// Evening is what happens, recorded or made up. It is not changed by being played.
type Evening struct {
	Name    string
	Layout  *kitchen.Layout // as it is set up; what is known beforehand, planned breaks included
	Begin   time.Time
	End     time.Time // no work goes on after it; what is not ready then counts as ready then
	Orders  []Order   // by time
	Outages []kitchen.Outage
	Breaks  []Break // taken by hand, so that nobody knows of them before
}

// Order is one order as it comes in.
type Order struct {
	Number   string
	At       time.Time
	Due      time.Time // what was promised; zero: nothing
	Priority int
	Units    []Unit
}

// Unit is one unit of an item.
type Unit struct {
	SKU, Item string
	Steps     []Step
}

// Step is a step of a unit with what nobody knows beforehand.
type Step struct {
	recipe.Step               // what the kitchen knows
	Work        time.Duration // how long it really takes somebody of efficiency 1
	Pause       time.Duration // from when it is assigned until somebody begins
}

// Break is when somebody was away.
type Break struct {
	Person   int64
	From, To time.Time
}

// Resampled is an evening like this one, by chance: each step takes as long as some other execution of the same step
// did, and orders come up to five minutes earlier or later. The same seed gives the same evening; seed 0 this one.
func (e *Evening) Resampled(seed uint64) *Evening {
	if seed == 0 {
		return e
	}
	r := rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15))
	pools := map[stepKey][]Step{}
	e.eachStep(func(k stepKey, s *Step) { pools[k] = append(pools[k], *s) })
	out := e.clone()
	for i := range out.Orders {
		o := &out.Orders[i]
		shift := time.Duration((r.Float64()*2 - 1) * float64(5*time.Minute)).Truncate(time.Microsecond)
		if o.At.Add(shift).Before(e.Begin) {
			shift = -shift
		}
		o.At = o.At.Add(shift)
		if !o.Due.IsZero() {
			o.Due = o.Due.Add(shift)
		}
	}
	out.eachStep(func(k stepKey, s *Step) {
		other := pools[k][r.IntN(len(pools[k]))]
		s.Work, s.Pause = scaled(other.Work, s.Estimate, other.Estimate), other.Pause
	})
	slices.SortStableFunc(out.Orders, func(a, b Order) int { return a.At.Compare(b.At) })
	return out
}

func scaled(d, to, from time.Duration) time.Duration {
	return time.Duration(float64(d) * float64(to) / math.Max(1, float64(from)))
}

type stepKey struct {
	sku, description string
	station          int64
}

func (e *Evening) eachStep(do func(stepKey, *Step)) {
	for i := range e.Orders {
		for j := range e.Orders[i].Units {
			u := &e.Orders[i].Units[j]
			for k := range u.Steps {
				do(stepKey{u.SKU, u.Steps[k].Description, u.Steps[k].Station}, &u.Steps[k])
			}
		}
	}
}

// clone copies what a change of an evening may touch.
func (e *Evening) clone() *Evening {
	out := *e
	out.Layout = CloneLayout(e.Layout)
	out.Outages, out.Breaks = slices.Clone(e.Outages), slices.Clone(e.Breaks)
	out.Orders = slices.Clone(e.Orders)
	for i := range out.Orders {
		out.Orders[i].Units = slices.Clone(out.Orders[i].Units)
		for j := range out.Orders[i].Units {
			u := &out.Orders[i].Units[j]
			u.Steps = slices.Clone(u.Steps)
		}
	}
	return &out
}

// Changed returns a copy of the evening with a change made to it.
func (e *Evening) Changed(change func(*Evening) error) (*Evening, error) {
	out := e.clone()
	if err := change(out); err != nil {
		return nil, err
	}
	out.Layout.Index()
	return out, nil
}

// CloneLayout copies a set-up with its lists, so that the copy can be changed.
func CloneLayout(l *kitchen.Layout) *kitchen.Layout {
	out := *l
	out.Stations, out.Machines, out.People = slices.Clone(l.Stations), slices.Clone(l.Machines), slices.Clone(l.People)
	for i := range out.People {
		h := &out.People[i].Hours
		h.Taken = slices.Clone(h.Taken)
		out.People[i].Skills = slices.Clone(out.People[i].Skills)
	}
	return out.Index()
}

// Dish is an item of which evenings are made up.
type Dish struct {
	SKU, Item string
	Weight    float64 // how often it is ordered, relative to the others
	Steps     []recipe.Step
}

// Made says how an evening is made up.
type Made struct {
	Layout  *kitchen.Layout
	Dishes  []Dish
	Begin   time.Time
	Length  time.Duration
	PerHour float64 // orders, on average; twice as many in the middle of the evening as at its ends
	Noise   float64 // standard deviation of the log of actual ÷ estimated
	Seed    uint64
}

// Make makes an evening up. The same Made gives the same evening.
func Make(m Made) *Evening {
	r := rand.New(rand.NewPCG(m.Seed, 1))
	e := &Evening{Name: "made up", Layout: CloneLayout(m.Layout), Begin: m.Begin, End: m.Begin.Add(m.Length + 4*time.Hour)}
	peak := m.PerHour * 4 / 3
	for at := m.Begin; len(m.Dishes) > 0 && peak > 0; {
		at = at.Add(time.Duration(r.ExpFloat64() / peak * float64(time.Hour)).Truncate(time.Microsecond))
		if !at.Before(m.Begin.Add(m.Length)) {
			return e
		}
		// thinning: the rate rises from half the peak to the peak and falls again
		passed := float64(at.Sub(m.Begin)) / float64(m.Length)
		if r.Float64() <= 1-math.Abs(2*passed-1)/2 {
			e.Orders = append(e.Orders, m.order(r, at, len(e.Orders)))
		}
	}
	return e
}

// order draws one to four units. It is promised as long as four minutes and two and a half times its longest item.
func (m Made) order(r *rand.Rand, at time.Time, n int) Order {
	o := Order{Number: "made-" + itoa(n+1), At: at, Priority: 1}
	longest := time.Duration(0)
	for range 1 + r.IntN(4) {
		d := m.Dishes[m.draw(r)]
		u := Unit{SKU: d.SKU, Item: d.Item}
		for _, s := range d.Steps {
			noise := math.Exp(m.Noise*r.NormFloat64() - m.Noise*m.Noise/2)
			u.Steps = append(u.Steps, Step{Step: s, Work: time.Duration(float64(s.Estimate) * noise)})
		}
		longest = max(longest, critical(u.Steps))
		o.Units = append(o.Units, u)
	}
	o.Due = at.Add(4*time.Minute + longest*5/2)
	return o
}

func (m Made) draw(r *rand.Rand) int {
	all := 0.0
	for _, d := range m.Dishes {
		all += max(0, d.Weight)
	}
	x := r.Float64() * all
	for i, d := range m.Dishes {
		if x -= max(0, d.Weight); x < 0 {
			return i
		}
	}
	return len(m.Dishes) - 1
}

// critical is the estimated length of the longest chain of steps, which wait for earlier ones only.
func critical(steps []Step) (longest time.Duration) {
	ends := make([]time.Duration, len(steps))
	for i, s := range steps {
		for _, j := range s.After {
			if j < i {
				ends[i] = max(ends[i], ends[j])
			}
		}
		ends[i] += s.Estimate
		longest = max(longest, ends[i])
	}
	return longest
}

// taken adds a break to somebody's hours.
func taken(p *kitchen.Person, from, to sched.Instant) {
	p.Hours.Taken = append(p.Hours.Taken, sched.Interval{From: from, To: to})
}
