// Package learn estimates how long work takes from how long it took. It is pure: samples in, factors out.
//
// A sample's duration is compared with the recipe's estimate on the logarithmic scale, where "twice as long" and "half
// as long" are equally far from "as said", and where effects add up:
//
//	log(actual ÷ estimate) = step + person + load + chance
//
// Each effect has its [Evidence]: the residuals of its latest samples. Its level is a robust mean of them (Tukey's
// bisquare from the median, as in Huber & Ronchetti, Robust Statistics, 2009), shrunk towards what stands above it:
// a step with few samples towards its station, a station towards the recipe, people and load towards nothing. So one
// forgotten bump has no influence at all, a few samples have little, and the latest ones count, old ones are forgotten.
package learn

import (
	"math"
	"slices"
)

// Window is how many of the latest samples count: enough to be sure, few enough to follow a kitchen that changes.
const Window = 48

// Bounds of what is believed.
const (
	leastScale  = 0.02 // of the spread: durations are never exact
	usualSpread = 0.25 // of a duration about its mean, on the log scale, before anything is known
	tuning      = 4.685
	rounds      = 12
	measured    = 0.3 // the share of samples that people measured below which nothing can be told
)

// Evidence is the latest residuals of one effect, oldest first. Open[i] says that sample i only is a lower bound: the
// task completed by itself, nobody knows when it was done. Such samples teach nothing alone, but without them the early
// bumps that are left over would teach that all work is quicker than it is.
type Evidence struct {
	Logs    []float64
	Open    []bool
	Samples int64 // measured by people, ever

	fit   Fit
	known bool
}

// Fit is what evidence says.
type Fit struct {
	Level  float64 // robust mean of the log residuals
	Spread float64 // their robust standard deviation
	N      int     // samples that it rests on; 0: it says nothing
}

// Add takes a further residual and forgets the oldest beyond Window.
func (e *Evidence) Add(log float64, open bool) {
	e.Logs, e.Open = append(e.Logs, log), append(e.Open, open)
	if over := len(e.Logs) - Window; over > 0 {
		e.Logs, e.Open = slices.Delete(e.Logs, 0, over), slices.Delete(e.Open, 0, over)
	}
	if !open {
		e.Samples++
	}
}

// Fit returns what the evidence said when it was asked first, until Refit: a batch of samples is judged alike.
func (e *Evidence) Fit() Fit {
	if e == nil {
		return Fit{Spread: usualSpread}
	}
	if !e.known {
		e.fit, e.known = e.work(), true
	}
	return e.fit
}

// Refit makes the next Fit look at the evidence again.
func (e *Evidence) Refit() { e.known = false }

// work fits the level by iteratively reweighted means; lower bounds are replaced by what is to be expected above them.
func (e *Evidence) work() Fit {
	n := 0
	for _, open := range e.Open {
		if !open {
			n++
		}
	}
	if n == 0 || float64(n) < measured*float64(len(e.Open)) {
		return Fit{Spread: usualSpread}
	}
	level := median(slices.Clone(e.Logs))
	scale, highest := e.scale(level), slices.Max(e.Logs)
	for range rounds {
		before := level
		level, scale = e.reweighted(level, scale), e.scale(level)
		level = min(level, highest+scale) // lower bounds alone would drive it up for ever
		if math.Abs(level-before) < 1e-6 {
			break
		}
	}
	return Fit{Level: level, Spread: spread(scale, n), N: n}
}

func (e *Evidence) reweighted(level, scale float64) float64 {
	var sum, weights float64
	for i, x := range e.Logs {
		if e.Open[i] {
			x = level + scale*above((x-level)/scale)
		}
		u := (x - level) / (tuning * scale)
		if w := 1 - u*u; math.Abs(u) < 1 {
			sum, weights = sum+w*w*x, weights+w*w
		}
	}
	if weights == 0 {
		return level
	}
	return sum / weights
}

// above is the mean of a standard normal variable above z.
func above(z float64) float64 {
	if z > 6 {
		return z + 1/z
	}
	tail := 0.5 * math.Erfc(z/math.Sqrt2)
	return math.Exp(-z*z/2) / math.Sqrt(2*math.Pi) / tail
}

// scale is the median deviation in units of a standard deviation. With lower bounds among the samples only those below
// the level are looked at, of which most were measured.
func (e *Evidence) scale(level float64) float64 {
	censored := slices.Contains(e.Open, true)
	deviations := make([]float64, 0, len(e.Logs))
	for i, x := range e.Logs {
		if !e.Open[i] && (!censored || x <= level) {
			deviations = append(deviations, math.Abs(x-level))
		}
	}
	if len(deviations) < 3 {
		return usualSpread
	}
	return max(leastScale, 1.4826*median(deviations))
}

// spread leans on what is usual while samples are few.
func spread(scale float64, n int) float64 {
	const prior = 8
	return math.Sqrt((float64(n)*scale*scale + prior*usualSpread*usualSpread) / float64(n+prior))
}

// median sorts x; it must not be empty.
func median(x []float64) float64 {
	slices.Sort(x)
	m := len(x) / 2
	if len(x)%2 == 1 {
		return x[m]
	}
	return (x[m-1] + x[m]) / 2
}
