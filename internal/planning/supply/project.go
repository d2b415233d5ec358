package supply

import (
	"cmp"
	"math"
	"slices"
)

const (
	// Here is the day of arrival of what is there already.
	Here = -1
	// Keeps is the last day of what does not expire.
	Keeps = math.MaxInt32
)

// Lot is an amount that came, or will come, at one time.
type Lot struct {
	ID      int64
	Amount  Amount
	Arrives int // the day on whose morning it comes; Here: it is there
	Last    int // the last day on which it may be used; Keeps: any
}

// Step is one day of an ingredient: Closing = Opening + Arrivals − Used − Expired.
type Step struct {
	Day      int
	Opening  Amount
	Arrivals Amount
	Used     Amount
	Unmet    Amount // what was wanted and not there
	Expired  Amount // at the end of the day
	Closing  Amount
}

// Waste is what will be left of a lot when its time is over.
type Waste struct {
	Lot    int64
	Day    int // on whose evening
	Amount Amount
}

// Course is how an ingredient's stock runs.
type Course struct {
	Steps []Step
	Out   int // the first day on which something is missing; -1: none
	Waste []Waste
}

// Project follows the lots of an ingredient over days of use: what expires first is used first, among those what came
// first. Lots whose last day is over when the plan begins expire on the first day, unused.
func Project(lots []Lot, use []Amount) Course {
	s := newShelf(lots)
	c := Course{Out: -1, Steps: make([]Step, len(use))}
	for day, want := range use {
		step, waste := s.day(day, want)
		if step.Unmet > 0 && c.Out < 0 {
			c.Out = day
		}
		c.Steps[day], c.Waste = step, append(c.Waste, waste...)
	}
	return c
}

// shelf is the lots of an ingredient, in the order in which they are used.
type shelf struct{ lots []Lot }

func newShelf(lots []Lot) *shelf {
	s := &shelf{}
	for _, l := range lots {
		if l.Amount > 0 {
			s.lots = append(s.lots, l)
		}
	}
	s.sort()
	return s
}

func (s *shelf) sort() {
	slices.SortStableFunc(s.lots, func(a, b Lot) int {
		return cmp.Or(cmp.Compare(a.Last, b.Last), cmp.Compare(a.Arrives, b.Arrives), cmp.Compare(a.ID, b.ID))
	})
}

func (s *shelf) add(l Lot) {
	s.lots = append(s.lots, l)
	s.sort()
}

func (s *shelf) copy() *shelf { return &shelf{slices.Clone(s.lots)} }

// here is how much is there on the evening of a day.
func (s *shelf) here(day int) (sum Amount) {
	for _, l := range s.lots {
		if l.Arrives <= day {
			sum += l.Amount
		}
	}
	return sum
}

// day lives through a day: what arrives, is used, and expires.
func (s *shelf) day(day int, want Amount) (Step, []Waste) {
	step := Step{Day: day, Opening: s.here(day - 1)}
	step.Arrivals = s.here(day) - step.Opening
	want = max(want, 0)
	for i := range s.lots {
		l := &s.lots[i]
		if l.Arrives > day || l.Last < day {
			continue
		}
		take := min(l.Amount, want-step.Used)
		l.Amount -= take
		step.Used += take
	}
	step.Unmet = want - step.Used
	waste := s.expire(day)
	for _, w := range waste {
		step.Expired += w.Amount
	}
	step.Closing = s.here(day)
	return step, waste
}

// expire throws away what must not be used any more tomorrow, and forgets what is used up.
func (s *shelf) expire(day int) (waste []Waste) {
	s.lots = slices.DeleteFunc(s.lots, func(l Lot) bool {
		if l.Amount > 0 && l.Last <= day && l.Arrives <= day {
			waste = append(waste, Waste{l.ID, day, l.Amount})
			return true
		}
		return l.Amount == 0
	})
	return waste
}
