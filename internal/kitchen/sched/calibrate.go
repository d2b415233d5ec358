package sched

import (
	"math"
	"slices"
	"time"
)

// Calibration turns what the plan expects into times that hold: half of the orders are ready by p50 and nine of ten by
// p90. It learns from each order that became ready, and from nothing else. The zero value is that of a kitchen of which
// nothing is known.
//
// A promise is the expected time times a factor; the factor's quantiles are those of the last orders' actual ÷ expected
// times (split conformal prediction), on a log scale and divided by [width], since what has to wait for others is less
// certain than what only takes its time. A few made-up orders stand for what is not known yet. The p90 is shifted a
// little up after each order that missed it and a ninth as much down after each that kept it, which holds the coverage
// whatever the errors are like, and when they change (quantile tracking: Gibbs and Candès, "Adaptive conformal inference
// under distribution shift", 2021; Angelopoulos, Candès and Tibshirani, "Conformal PID control for time series
// prediction", 2023).
type Calibration struct {
	Errors []float64 `json:"errors,omitempty"` // of the last orders, the oldest first
	Shift  float64   `json:"shift,omitempty"`  // of the p90
	Seen   int       `json:"seen,omitempty"`   // orders that became ready
	Kept   int       `json:"kept,omitempty"`   // of those, by their p90

	mid, high float64 // quantiles of the errors, without the shift
	sorted    bool    // they are known
}

// Made is a promise as it was made.
type Made struct {
	Lead  time.Duration // until the plan expected the order to be ready
	Alone time.Duration // what its longest way takes if it waits for nothing
	P50   time.Duration
	P90   time.Duration
}

// How the calibration learns. The steps and the made-up orders are no kitchen's: a log-normal error with the spread
// that cooks' work has, and a mean a little above what was planned, since work that is not there yet will be in between.
const (
	errorsKept  = 200
	coverage    = 0.9
	shiftStep   = 0.04
	mostShift   = 0.5
	supposed    = 30
	supposedMid = 0.07
	supposedDev = 0.22
	waitWeight  = 0.5
	leadFloor   = 10.0 // seconds that are added to all times, so that short ones do not count too much
)

// width is how uncertain an order's time is beside one that waits for nothing.
func width(lead, alone float64) float64 {
	waits := max(0, lead-alone) / (lead + leadFloor)
	return math.Hypot(1, 2*waitWeight*waits)
}

// Promise makes a promise of what the plan expects: never p90 before p50, and never below zero.
func (c *Calibration) Promise(lead, alone time.Duration) Made {
	m := Made{Lead: lead, Alone: alone}
	r, w := lead.Seconds()+leadFloor, width(lead.Seconds(), alone.Seconds())
	if !c.sorted {
		all := c.pool()
		c.mid, c.high, c.sorted = quantile(all, 0.5), quantile(all, coverage), true
	}
	at := func(q float64) time.Duration {
		if q > 0 { // so that what is expected later is never promised earlier
			q *= w
		}
		return max(0, time.Duration((r*math.Exp(q)-leadFloor)*1e9)).Round(time.Millisecond)
	}
	m.P50 = at(c.mid)
	m.P90 = max(m.P50, at(c.high+c.Shift))
	return m
}

// pool is the errors seen and the supposed ones, sorted.
func (c *Calibration) pool() []float64 {
	all := make([]float64, 0, len(c.Errors)+supposed)
	all = append(all, c.Errors...)
	for i := range supposed {
		p := (float64(i) + 0.5) / supposed
		all = append(all, supposedMid+supposedDev*math.Sqrt2*math.Erfinv(2*p-1))
	}
	slices.Sort(all)
	return all
}

// quantile of a sorted list by linear interpolation, at (n+1)p.
func quantile(sorted []float64, p float64) float64 {
	h := p*float64(len(sorted)+1) - 1
	i := int(h)
	switch {
	case h <= 0:
		return sorted[0]
	case i >= len(sorted)-1:
		return sorted[len(sorted)-1]
	}
	return sorted[i] + (h-float64(i))*(sorted[i+1]-sorted[i])
}

// Learn takes note of an order that became ready so long after a promise was made.
func (c *Calibration) Learn(m Made, actual time.Duration) {
	w := width(m.Lead.Seconds(), m.Alone.Seconds())
	e := math.Log((max(0, actual.Seconds())+leadFloor)/(m.Lead.Seconds()+leadFloor)) / w
	if over := len(c.Errors) + 1 - errorsKept; over > 0 {
		c.Errors = slices.Delete(c.Errors, 0, over)
	}
	c.Errors, c.sorted = append(c.Errors, math.Round(e*1e4)/1e4), false
	c.Seen++
	step := shiftStep * coverage
	if actual <= m.P90 {
		c.Kept++
		step = -shiftStep * (1 - coverage)
	}
	c.Shift = min(mostShift, max(-mostShift, c.Shift+step))
}

// Clone returns a copy that shares nothing.
func (c *Calibration) Clone() Calibration {
	d := *c
	d.Errors = slices.Clone(c.Errors)
	return d
}
