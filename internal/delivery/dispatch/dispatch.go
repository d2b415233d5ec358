// Package dispatch decides which driver carries which orders, in which sequence and when he leaves. It is pure: a
// [Snapshot] in, a [Plan] out. It reads no clock, does no I/O and draws its random numbers from a seed in the snapshot, so
// the same snapshot always gives the same plan.
//
// # The problem
//
// It is the meal delivery routing problem (Reyes, Erera, Savelsbergh, Sahasrabudhe and O'Neil, "The Meal Delivery
// Routing Problem", 2018; Yildiz and Savelsbergh, "Provably High-Quality Solutions for the Meal Delivery Routing
// Problem", Transportation Science 53, 2019), solved anew every time something changes: orders become known one by one,
// food has a ready time, drivers have shifts, and what a driver was told is final.
//
// # The method
//
//   - Every driver has a route: pick-ups and drop-offs in any sequence, so that bundles from one restaurant or from
//     neighbouring ones are only routes that turned out cheaper. The cost of a route is the sum of its orders' times from
//     click to door, plus small prices for driving and for opening another route (see [Settings]).
//   - The routes of the last plan are the start. New orders go where they cost least.
//   - Then a large neighbourhood search (Ropke and Pisinger, "An Adaptive Large Neighborhood Search Heuristic for the
//     Pickup and Delivery Problem with Time Windows", 2006) takes a few related orders out and puts each back where it
//     costs least, and keeps what is better. Its effort is a number of tries, never a time: the answer is anytime and
//     repeatable.
//   - Nothing is promised before it must be: a driver is sent only when waiting for the next decision would make him late
//     for the food. Until then every order may still change hands.
//   - Drivers without work are moved to where the orders of the last half hour came from, as if those came again, by a
//     minimum-cost matching.
package dispatch

import (
	"math"
	"math/rand/v2"
)

// Decide plans all orders and drivers of one region together.
//
// Every order that is not yet collected is afterwards in exactly one of three places: bound to a driver by an instruction
// (now or before), in Holds with the time until which it waits, or in Unassigned with the reason. Faulty entries never
// stop the others: an order whose holder is not in the snapshot is unassigned for [HolderGone].
func Decide(s Snapshot) Plan {
	m := newModel(&s)
	m.adopt()
	m.fill(m.missing())
	m.search(rand.New(rand.NewPCG(s.Settings.Seed, uint64(s.Now.Unix()))))
	m.instruct()
	m.reposition()
	return m.plan()
}

// never is later than every time of a plan, in seconds from now; as a cost it stands for the impossible.
const (
	never      = math.MaxInt32 / 4
	impossible = 1e12
)
