package forecast

import (
	"math"
	"slices"
)

const (
	week = 7
	// ahead is how far the days around the history are looked at, in days.
	ahead = MaxHorizon + 8
	// MaxHorizon is the longest horizon, in days.
	MaxHorizon = 28
)

// history is a series made ready for the models: index 0 is the first day, n the first unknown one.
type history struct {
	series *Series
	n      int
	y      []float64 // demand as far as known; NaN: not known, closed
	floor  []bool    // sold out: demand was at least y
	kinds  []kind    // of n+ahead days
	marks  []Marks   // of n+ahead days
	level  float64   // mean of the last eight weeks of ordinary days (or of all of them)
	unit   float64   // a usual error: mean absolute difference to the week before; > 0
	whole  bool      // everything sold was sold in whole numbers
	known  int       // ordinary days with a value
	sold   int       // of which something was sold
	last   int       // last day on which something was sold; -1: never
	rare   float64   // 1 for what sells every day, more for what sells less often, up to 3
}

func newHistory(s *Series) *history {
	h := &history{series: s, n: len(s.Sales), last: -1, whole: true}
	h.readCalendar()
	h.readSales()
	h.rare = min(max(1/h.share(), 1), 3)
	h.cutMistakes()
	h.dropSilence()
	h.measure()
	return h
}

func (h *history) day(i int) Day { return h.series.Start + Day(i) }

// dow returns the weekday of an index, 0 is Sunday.
func (h *history) dow(i int) int { return int(h.day(i).Weekday()) }

func (h *history) readCalendar() {
	c := h.series.Calendar
	h.kinds, h.marks = make([]kind, h.n+ahead), make([]Marks, h.n+ahead)
	for i := range h.kinds {
		h.kinds[i], h.marks[i] = c.kind(h.day(i)), c.At(h.day(i))
	}
}

func (h *history) readSales() {
	h.y, h.floor = make([]float64, h.n), make([]bool, h.n)
	for i, v := range h.series.Sales {
		if h.kinds[i] == closed || !(math.Abs(v) < absurd) {
			h.y[i] = math.NaN()
			continue
		}
		h.y[i] = max(v, 0)
		h.floor[i] = i < len(h.series.SoldOut) && h.series.SoldOut[i]
		h.whole = h.whole && v == math.Trunc(v)
		if v > 0 {
			h.last = i
		}
	}
}

// cutMistakes limits values that can only be mistakes: beyond ten times what all but the best tenth of the days sold.
func (h *history) cutMistakes() {
	var sold []float64
	for _, v := range h.y {
		if v > 0 {
			sold = append(sold, v)
		}
	}
	if len(sold) == 0 {
		return
	}
	slices.Sort(sold)
	most := 10 * sold[(len(sold)-1)*9/10]
	for i, v := range h.y {
		if v > most {
			h.y[i] = most
		}
	}
}

// dropSilence takes runs of days without any sale, long for what usually sells every day, for closures that nobody
// entered. The run up to the end stays: it may be the product's end.
func (h *history) dropSilence() {
	if h.sparse() {
		return
	}
	from := 0
	for i, v := range h.y[:h.last+1] {
		if v > 0 || math.IsNaN(v) && h.kinds[i] != closed {
			if i-from >= silence {
				h.forget(from, i)
			}
			from = i + 1
		}
	}
}

// absurd values are not sales; nor could they be squared.
const absurd = 1e100

const (
	denseShare = 0.8 // of days with a sale: what sells every day
	silence    = 5   // days without a sale
)

func (h *history) forget(from, to int) {
	for i := from; i < to; i++ {
		h.y[i] = math.NaN()
	}
}

// share returns how many of the days up to the last sale had one.
func (h *history) share() float64 {
	var days, sold int
	for _, v := range h.y[:h.last+1] {
		if !math.IsNaN(v) {
			days++
		}
		if v > 0 {
			sold++
		}
	}
	return float64(sold) / float64(max(days, 1))
}

// sparse tells whether there are many days without a sale.
func (h *history) sparse() bool { return h.share() < denseShare }

// learns tells whether day i teaches the models of ordinary days.
func (h *history) learns(i int) bool {
	return h.kinds[i] == ordinary && !math.IsNaN(h.y[i])
}

func (h *history) measure() {
	for i := range h.y {
		if h.learns(i) {
			h.known++
			if h.y[i] > 0 {
				h.sold++
			}
		}
	}
	if h.known == 0 {
		h.level = h.anyMean()
		h.unit = h.usualError(h.level)
		return
	}
	whole := h.mean(0, h.n)
	if h.level = h.mean(h.n-8*week, h.n); math.IsNaN(h.level) {
		h.level = whole
	}
	h.unit = h.usualError(max(h.level, whole/4, h.anyMean()/4))
}

// anyMean returns the mean of all days with a value, special or not; 0 when there is none.
func (h *history) anyMean() float64 {
	var sum, n float64
	for _, v := range h.y {
		if !math.IsNaN(v) {
			sum, n = sum+v, n+1
		}
	}
	return sum / max(n, 1)
}

// first returns the level of the first weeks, or what is nearest to that.
func (h *history) first() float64 {
	if m := h.mean(0, start); !math.IsNaN(m) {
		return m
	}
	return h.level
}

// usualError returns the mean difference to the week before, or what stands for it: to the day before, or half of what is
// usually sold. Nothing is taken to be known to less than a twentieth.
func (h *history) usualError(usual float64) float64 {
	e := h.naiveError(week)
	if math.IsNaN(e) {
		e = h.naiveError(1)
	}
	if math.IsNaN(e) {
		e = usual / 2
	}
	if e = max(e, usual/20); e == 0 {
		return 1
	}
	return e
}

// mean returns the mean of the ordinary days in [from, to); NaN when there is none.
func (h *history) mean(from, to int) float64 {
	var sum, n float64
	for i := max(from, 0); i < min(to, h.n); i++ {
		if h.learns(i) {
			sum += h.y[i]
			n++
		}
	}
	return sum / n
}

// naiveError returns the mean absolute difference of ordinary days to those lag days before; NaN when there is none.
func (h *history) naiveError(lag int) float64 {
	var sum, n float64
	for i := lag; i < h.n; i++ {
		if h.learns(i) && h.learns(i-lag) {
			sum += math.Abs(h.y[i] - h.y[i-lag])
			n++
		}
	}
	return sum / n
}

// ended tells whether something that sold every day has not sold for two weeks of open days.
func (h *history) ended() bool {
	if h.last < 0 || h.sparse() {
		return false
	}
	return len(slices.DeleteFunc(slices.Clone(h.y[h.last+1:]), math.IsNaN)) >= 2*week
}

// teaches returns the value from which a model that expected f learns: nothing from a day that was sold out at more than
// expected demand, and outliers only up to limit away (0: no limit), or more for what sells rarely.
func (h *history) teaches(i int, f, limit float64) (float64, bool) {
	if !h.learns(i) || h.floor[i] && h.y[i] <= f {
		return 0, false
	}
	if limit *= h.rare; limit > 0 {
		return min(max(h.y[i], f-limit), f+limit), true
	}
	return h.y[i], true
}
