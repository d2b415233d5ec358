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
}

func newHistory(s *Series) *history {
	h := &history{series: s, n: len(s.Sales), last: -1, whole: true}
	h.readCalendar()
	h.readSales()
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
		if h.kinds[i] == closed || math.IsNaN(v) || math.IsInf(v, 0) {
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

// dropSilence takes runs of days without any sale, long for what usually sells every day, for closures that nobody
// entered. The run up to the end stays: it may be the product's end.
func (h *history) dropSilence() {
	if h.share() < denseShare {
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
	h.level = h.mean(h.n-8*week, h.n)
	if math.IsNaN(h.level) {
		h.level = h.mean(0, h.n)
	}
	if math.IsNaN(h.level) {
		h.level = 0
	}
	h.unit = h.naiveError(week)
	if math.IsNaN(h.unit) {
		h.unit = h.naiveError(1)
	}
	usual := max(h.level, h.mean(0, h.n)/4)
	h.unit = max(h.unit, 0.05*usual)
	if !(h.unit > 0) {
		h.unit = 1
	}
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
	if h.last < 0 || h.share() < denseShare {
		return false
	}
	return len(slices.DeleteFunc(slices.Clone(h.y[h.last+1:]), math.IsNaN)) >= 2*week
}

// teaches returns the value from which a model that expected f learns: nothing from a day that was sold out at more than
// expected demand, and outliers only up to limit away (0: no limit).
func (h *history) teaches(i int, f, limit float64) (float64, bool) {
	if !h.learns(i) || h.floor[i] && h.y[i] <= f {
		return 0, false
	}
	if limit > 0 {
		return min(max(h.y[i], f-limit), f+limit), true
	}
	return h.y[i], true
}
