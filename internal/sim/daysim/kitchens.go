package daysim

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"brigade/internal/delivery"
	"brigade/internal/kitchen"
	"brigade/internal/sim/kitchensim"
	"brigade/internal/sim/replay"
)

// addKitchens gives every outlet a kitchen and the meals that are ordered there.
func (w *world) addKitchens(rng *rand.Rand, around func(delivery.Point, float64) delivery.Point) error {
	times := make([][]float64, w.o.Outlets)
	for range w.o.Orders {
		at := 3600 * w.o.Hours * (rng.Float64() + rng.Float64()) / 2 // a triangle
		outlet := rng.IntN(w.o.Outlets)
		times[outlet] = append(times[outlet], math.Floor(at))
	}
	for i, list := range times {
		slices.Sort(list)
		if err := w.addKitchen(i, list, around); err != nil {
			return err
		}
	}
	slices.SortStableFunc(w.meals, func(a, b *meal) int { return a.PlacedAt.Compare(b.PlacedAt) })
	for i, m := range w.meals {
		m.Order, m.Number = int64(i+1), fmt.Sprint("order ", i+1)
	}
	return nil
}

// addKitchen adds an outlet's kitchen, which is as large as its orders at the peak need.
func (w *world) addKitchen(i int, times []float64, around func(delivery.Point, float64) delivery.Point) error {
	sc := w.scenario(i)
	if err := sc.CanSell(); err != nil {
		return err
	}
	sc.Horizon, sc.Sigma = 3600*w.o.Hours, w.o.Spread
	peak := 2 * float64(len(times)) / sc.Horizon
	sc = sc.Larger(max(1, int(math.Ceil(peak/(w.o.Busy*sc.Saturation())))))
	evening, err := sc.Evening(sc.GenerateAt(times, w.o.Seed<<16+uint64(i)))
	if err != nil {
		return err
	}
	outlet := int64(i + 1)
	from := w.board.Outlets[outlet]
	for k := range evening.Orders {
		o := &evening.Orders[k]
		o.Due = time.Time{} // what its kitchen promises is what it is to keep
		w.meals = append(w.meals, &meal{
			kitchen: i, at: k,
			Delivery: &delivery.Delivery{
				Outlet: outlet, Status: delivery.Requested, Version: 1, From: from, To: around(from, 1300), Located: true,
				Size: 1 + (len(o.Units)-1)/6, PlacedAt: o.At, OrderStatus: "in_preparation",
			},
		})
	}
	settings := kitchen.DefaultSettings()
	settings.Promises = true
	w.kitchens = append(w.kitchens, replay.Begin(evening, settings))
	w.now = evening.Begin
	return nil
}

// scenario is outlet i's kitchen: one of those that were given, else one that is made up.
func (w *world) scenario(i int) *kitchensim.Scenario {
	if n := len(w.o.Kitchens); n > 0 {
		sc := *w.o.Kitchens[i%n]
		return &sc
	}
	return kitchensim.MadeUp(w.o.Seed<<8 + uint64(i))
}

// cook lets the kitchens go on to now.
func (w *world) cook() {
	for _, k := range w.kitchens {
		k.Until(w.now)
	}
}

// reveal shows what was placed and what was made by now.
func (w *world) reveal() {
	for ; w.placed < len(w.meals) && !w.meals[w.placed].PlacedAt.After(w.now); w.placed++ {
		m := w.meals[w.placed]
		w.open = append(w.open, m)
		w.trace.add(m.PlacedAt, "placed", m, 0)
	}
	for _, m := range w.open {
		if m.OrderStatus == "in_preparation" {
			if m.ready = w.kitchens[m.kitchen].Ready(m.at); !m.ready.IsZero() {
				m.OrderStatus = "ready"
				w.trace.add(m.ready, "ready", m, 0)
			}
		}
		m.Waits = w.o.WhenMade && m.ready.IsZero()
	}
}

// promises are what the kitchens promise of their open orders as things stand.
func (w *world) promises() map[int64]delivery.Readiness {
	list := map[int64]delivery.Readiness{}
	for _, m := range w.open {
		if p := w.kitchens[m.kitchen].Promise(m.at); p != nil && m.ready.IsZero() {
			list[m.Order] = delivery.Readiness{P50: p.P50, P90: p.P90}
		}
	}
	return list
}
