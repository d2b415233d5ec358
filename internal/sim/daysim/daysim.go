// Package daysim plays a day of kitchens and drivers together, under one virtual clock: the kitchens' scheduler, their
// life cycle and their promises are those of production, and so are the dispatcher and the lives of drivers and
// deliveries. It compares two ways of asking for a driver: so that he arrives when the food is ready, as its kitchen
// promises, and when it is.
//
// Nobody sees an order before it is placed, nor how long a step takes before it is done: the kitchen plans with its
// recipes, the dispatcher with what the kitchen promises of its live plan.
package daysim

import (
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"brigade/internal/sim/kitchensim"
)

// Options say what day it is. Zero fields get the defaults.
type Options struct {
	Seed     uint64
	Orders   int                    // 300
	Hours    float64                // over which they come in, with a peak in the middle; 4
	Outlets  int                    // 4
	Kitchens []*kitchensim.Scenario // of the outlets, in turn; none: they are made up
	Busy     float64                // arrivals at the peak over what a kitchen can keep up with, at most: it is as large as that takes; 0.8
	Drivers  int                    // 24
	Spread   float64                // standard deviation of the log of how long a step takes over what its recipe says; 0.25
	WhenMade bool                   // drivers are asked for when the food is ready
	Step     time.Duration          // of the drivers' clock; 5 s
	Trace    io.Writer              // what happens, as CSV; nil: nobody wants to know
}

func (o Options) withDefaults() Options {
	for _, d := range []struct {
		v     *int
		usual int
	}{{&o.Orders, 300}, {&o.Outlets, 4}, {&o.Drivers, 24}} {
		if *d.v == 0 {
			*d.v = d.usual
		}
	}
	for _, d := range []struct {
		v     *float64
		usual float64
	}{{&o.Hours, 4}, {&o.Busy, 0.8}, {&o.Spread, 0.25}} {
		if *d.v == 0 {
			*d.v = d.usual
		}
	}
	if o.Step == 0 {
		o.Step = 5 * time.Second
	}
	return o
}

// Result is how a day went. Times are means per order that was delivered.
type Result struct {
	Orders      int           `json:"orders"`
	Delivered   int           `json:"delivered"`
	Kitchen     time.Duration `json:"kitchen"`       // from placed to ready
	FoodWait    time.Duration `json:"food_wait"`     // from ready to picked up
	DriverWait  time.Duration `json:"driver_wait"`   // of a driver at the counter for it
	ClickToDoor time.Duration `json:"click_to_door"` // mean
	P90         time.Duration `json:"click_to_door_p90"`
	Spread      float64       `json:"spread"` // of the drivers' deliveries: standard deviation as a share of the mean
}

// Waits is what both wait for each other.
func (r Result) Waits() time.Duration { return r.FoodWait + r.DriverWait }

// String writes the figures.
func (r Result) String() string {
	return fmt.Sprintf("%d of %d delivered, food waits %v, drivers wait %v, click to door %v (p90 %v)", r.Delivered, r.Orders,
		r.FoodWait.Round(time.Second), r.DriverWait.Round(time.Second), r.ClickToDoor.Round(time.Second), r.P90.Round(time.Second))
}

// Run plays a day. The same options give the same day, trace included. Errors: a kitchen does not fit; those of writing
// the trace.
func Run(o Options) (Result, error) {
	w, err := newWorld(o.withDefaults())
	if err != nil {
		return Result{}, err
	}
	end := w.now.Add(time.Duration(w.o.Hours*float64(time.Hour)) + 3*time.Hour)
	for ; w.now.Before(end) && (w.placed < len(w.meals) || len(w.open) > 0); w.now = w.now.Add(w.o.Step) {
		w.cook()
		w.reveal()
		if !w.now.Before(w.decided.Add(w.options.Look)) {
			w.decide()
			w.decided = w.now
		}
		for _, c := range w.couriers {
			w.ride(c)
		}
		w.open = slices.DeleteFunc(w.open, func(m *meal) bool { return !m.Open() })
	}
	return w.result(), w.trace.err
}

// result adds up.
func (w *world) result() Result {
	r := Result{Orders: len(w.meals)}
	var times []time.Duration
	for _, m := range w.meals {
		if m.done.IsZero() {
			continue
		}
		r.Delivered++
		r.Kitchen += m.ready.Sub(m.PlacedAt)
		r.FoodWait += m.picked.Sub(m.ready)
		r.DriverWait += max(0, m.picked.Sub(m.arrived)-w.options.Plan.PickupService/2)
		r.ClickToDoor += m.done.Sub(m.PlacedAt)
		times = append(times, m.done.Sub(m.PlacedAt))
	}
	if n := time.Duration(r.Delivered); n > 0 {
		r.Kitchen, r.FoodWait, r.DriverWait, r.ClickToDoor = r.Kitchen/n, r.FoodWait/n, r.DriverWait/n, r.ClickToDoor/n
		slices.Sort(times)
		r.P90 = times[len(times)*9/10]
		r.Spread = w.spread(float64(r.Delivered) / float64(len(w.couriers)))
	}
	return r
}

// spread is how unequal the drivers' work is. All are at work the whole day.
func (w *world) spread(mean float64) float64 {
	variance := 0.0
	for _, c := range w.couriers {
		variance += (float64(c.Done) - mean) * (float64(c.Done) - mean) / float64(len(w.couriers))
	}
	return math.Sqrt(variance) / mean
}
