package forecast

import (
	"math"
	"time"
)

// occasions knows what special days did to a series: a holiday as a multiple of a Sunday, other special days as a
// multiple of their weekday. A factor is that of the same occasion in other years, shrunk towards that of all such days,
// which is shrunk towards what the pool (or experience) says.
type occasions struct {
	h     *history
	mix   func(t, steps, dow int) float64
	past  []occasion
	prior *classPriors
	doubt float64 // days
}

type occasion struct {
	t      int
	class  class
	date   date
	name   string
	factor float64
}

// class is what a special day is compared with when the occasion itself was never seen.
type class uint8

const (
	holidayOnWeekday class = iota
	holidayOnWeekend
	beforeHoliday
	endOfYear
	withName
	classes
)

// classPriors are the factors of classes and how many days of one's own they are worth.
type classPriors struct {
	factor, weight [classes]float64
}

// experience stands where there is no pool: a holiday sells like a Sunday, other special days as usual. The days of one
// year's end are one piece of evidence rather than ten.
var experience = classPriors{factor: [classes]float64{1, 1, 1, 1, 1}, weight: [classes]float64{1, 1, 5, 20, 2}}

// mostFactor is what no special day sells more of: beyond that it was something else.
const mostFactor = 5

// doubtOf returns how many days of an occasion's own past its class is worth: the variance of a day's sales over the
// variance between occasions (James and Stein: Estimation with quadratic loss, 1961). The less a series sells, the less
// a single day tells.
func doubtOf(h *history) float64 {
	const between = 0.25 // standard deviation of the factors of one class
	if h.level <= 0 {
		return 10
	}
	noise := h.unit / h.level / between
	return min(max(noise*noise, 1), 10)
}

func classOf(k kind, d Day) class {
	switch {
	case k == named:
		return withName
	case k == yearEnd:
		return endOfYear
	case k == eve:
		return beforeHoliday
	case d.weekend():
		return holidayOnWeekend
	default:
		return holidayOnWeekday
	}
}

func newOccasions(h *history, mix func(t, steps, dow int) float64, prior *classPriors) *occasions {
	o := &occasions{h: h, mix: mix, prior: prior, doubt: doubtOf(h)}
	for t := 2 * week; t < h.n; t++ {
		if h.kinds[t] <= closed || math.IsNaN(h.y[t]) {
			continue
		}
		const before = 3 // days: as one would have forecast it
		c := o.at(t)
		expected := o.reference(t-before, before, c.class)
		if expected <= h.level/50 {
			continue // a multiple of next to nothing says nothing
		}
		c.factor = min(h.y[t]/expected, mostFactor)
		o.past = append(o.past, c)
	}
	return o
}

func (o *occasions) at(i int) occasion {
	d := o.h.day(i)
	return occasion{t: i, class: classOf(o.h.kinds[i], d), date: d.date(), name: o.h.series.Calendar.name(d)}
}

// reference is what a special day is a multiple of.
func (o *occasions) reference(t, steps int, c class) float64 {
	dow := o.h.dow(t + steps)
	if c == holidayOnWeekday || c == holidayOnWeekend {
		dow = int(time.Sunday)
	}
	return o.mix(t, steps, dow)
}

// forecast returns the forecast made at the end of day t for a special day.
func (o *occasions) forecast(t, steps int) float64 {
	c := o.at(t + steps)
	return o.reference(t, steps, c.class) * o.factor(t, &c)
}

func (o *occasions) factor(t int, c *occasion) float64 {
	n := o.prior.weight[c.class] * max(o.doubt/2, 1)
	sum := n * o.prior.factor[c.class]
	var same, times float64
	for i := range o.past {
		p := &o.past[i]
		if p.t > t {
			break
		}
		if p.class == c.class {
			sum, n = sum+p.factor, n+1
		}
		if p.recalls(c) {
			same, times = same+p.factor, times+1
		}
	}
	return (o.doubt*sum/n + same) / (o.doubt + times)
}

// recalls tells whether two days are the same occasion.
func (p *occasion) recalls(c *occasion) bool {
	switch {
	case p.name != "" || c.name != "":
		return p.name == c.name
	case p.class != c.class && (p.class > holidayOnWeekend || c.class > holidayOnWeekend):
		return false
	default:
		return p.date.month == c.date.month && p.date.day == c.date.day || p.date.easter == c.date.easter
	}
}
