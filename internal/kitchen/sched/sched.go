// Package sched decides which kitchen task goes to whom. It is pure: state in, decisions out. It reads no clock, does
// no I/O and uses no randomness, so the same history always gives the same plan.
//
// A [Kitchen] mirrors one outlet: its layout, the tasks that are ready, and what every station, machine and staff
// member holds. Its owner tells it each change and calls [Kitchen.Plan].
//
// What can be assigned is the same under every policy: a task that waits for no other, whose station has a free slot,
// whose machine is up with a free slot, and for which somebody is there who has the skill and a free hand.
//
// # The policy "brigade"
//
// It looks at whole orders, with what is not ready yet, and plays the open work forward by its estimates, without what
// may still come in. A plan is a sequence of orders; within an order the task with the longest way to its end comes
// first. It costs what [Aims] say: minutes of waiting, of lateness, and between an order's first unit and its last.
//
//   - The first sequence is by apparent tardiness cost per second of work left (Vepsalainen and Morton, "Priority rules
//     for job shops with weighted tardiness costs", 1987); the second is that of the last decision. Then single orders
//     are moved up and down, a bounded number of times, and the cheapest sequence stays.
//   - A unit that would be ready before its order is held: its last step until it has to begin to be ready with the
//     others, what comes before at most [Aims.Early] longer. Others take its place meanwhile. A hold that costs more
//     than it brings is given up: hands that are idle now will be wanted. Holds are looked at again at every change and
//     when they end, see [Kitchen.NextChange]; of each order at least one unit is never held, so that none locks.
//   - A task goes to whom it costs least: the time he takes, times how badly his hand is wanted elsewhere, which halves
//     with every other hand that is free there.
//   - What is in hand is expected to go on as long as tasks do that have lasted so long; see [Aims.Spread].
//
// Nothing is at random: the dice of the search are thrown by the time. Very long queues are bounded by [Aims.InDetail]
// and [Aims.Placements].
//
// # The policy "fifo"
//
// Whose order came first comes first; machines and people are chosen as by "greedy".
//
// # The policy "greedy"
//
// Of all tasks that can be assigned the one with the highest priority comes first:
//
//	Base + Boost + Weights.Aging × seconds since its order came in
//
// then the one that became ready earlier, then the lower id. It goes to the machine with the lowest share of its
// capacity in use and to the staff member with the lowest
//
//	Weights.Load × tasks in hand + Weights.Util × utilization − Weights.Efficiency × efficiency
//
// (ties: lowest id). Everything is scored again before the next decision.
//
// # Why the last two are exact over the whole queue and still fast
//
// Aging is one constant, so waiting never changes the order of two tasks: Base + Boost − Aging × arrival orders them for
// ever. And whether a task can be assigned depends only on its station and on the machine it names. So the queue is
// kept as one heap per (station, machine) and a decision looks at the heads only, however long the queue is.
package sched

import (
	"math"
	"time"
)

// Instant is a moment in product time: microseconds since the Unix epoch.
type Instant int64

// Forever is later than every other instant: the end of something open.
const Forever Instant = math.MaxInt64

// At returns t as an Instant; what is below a microsecond is cut off.
func At(t time.Time) Instant { return Instant(t.UnixMicro()) }

// Time returns the instant as a time in UTC.
func (i Instant) Time() time.Time { return time.UnixMicro(int64(i)).UTC() }

// Add returns the instant d later; what is below a microsecond is cut off.
func (i Instant) Add(d time.Duration) Instant { return i + Instant(d/time.Microsecond) }

// Sub returns the time from u to i.
func (i Instant) Sub(u Instant) time.Duration { return time.Duration(i-u) * time.Microsecond }

// Interval is the time from From up to but not including To.
type Interval struct{ From, To Instant }

// Layout is the kitchen as it stands: who and what can work. IDs are unique within each list and above zero.
type Layout struct {
	Stations []Station
	Machines []Machine
	Staff    []Staff
}

// Station is a place where tasks are done (contract K: counter).
type Station struct {
	ID       int64
	Name     string
	Capacity int // tasks at the same time
}

// Machine stands at a station. A station that has machines needs one of them for each of its tasks.
type Machine struct {
	ID       int64
	Station  int64
	Name     string
	Capacity int // tasks at the same time
	Up       bool
}

// Staff is somebody who can be given tasks.
type Staff struct {
	ID          int64
	Name        string
	Skills      []int64 // the stations he can work at
	MaxParallel int     // tasks in hand at the same time, assigned or started
	Efficiency  float64 // how much faster than the estimates he works; not a finite number above 0 counts as 1
	Off         []Interval
	// Off is when he gets no new tasks: off shift or on a break; see [Off]. After the last
	// interval he counts as present, so it has to be renewed (Relayout) before the window it was made for ends.
}

// Task is a task that nothing but capacity holds back.
type Task struct {
	ID       int64
	Order    int64
	Station  int64
	Machine  int64 // the one machine it needs; 0: any of the station, when the station has some
	Estimate time.Duration
	Base     float64 // the recipe's priority, in points
	Boost    float64 // points gained by requeues
	Ready    Instant // since when it waits
	Arrived  Instant // since when its order, or the course that it belongs to, waits; 0: as Ready
}

// Weights are the settings of the policy. They must be finite.
type Weights struct {
	Load       float64 // per task in hand
	Util       float64 // per unit of utilization
	Efficiency float64 // per unit of efficiency, in favour
	Aging      float64 // points of priority per second that the order waits
}

// DefaultWeights are the weights of a kitchen that has not set its own.
func DefaultWeights() Weights {
	return Weights{Load: 1.2, Util: 0.9, Efficiency: 1.1, Aging: 0.14}
}

// Assignment is one decision: the task goes to a staff member, on a machine.
type Assignment struct {
	Task    int64
	Order   int64
	Station int64
	Machine int64 // 0: the station has no machines and the task names none
	Staff   int64
	Why     Why
}
