package sched

import (
	"container/heap"
	"time"
)

// Policy names the rules by which a kitchen decides.
type Policy string

// The policies. The package's comment tells how each of them decides.
const (
	Brigade Policy = "brigade"
	Greedy  Policy = "greedy"
	FIFO    Policy = "fifo"
)

// Policies lists all, the best first.
func Policies() []Policy { return []Policy{Brigade, Greedy, FIFO} }

// Known tells whether there is such a policy.
func (p Policy) Known() bool { return p == Brigade || p == Greedy || p == FIFO }

// Aims are the settings of the policy "brigade": what a minute costs, and how it holds and searches. They must be finite.
type Aims struct {
	Ticket float64 // cost of a minute from an order's arrival until it is ready
	Late   float64 // cost of a minute after it is due
	Gap    float64 // cost of a minute between an order's first unit and its last

	DueFactor float64       // an order without a due time is due after its longest unit times DueFactor …
	DueGrace  time.Duration // … and DueGrace

	Margin     time.Duration // last steps of units that wait for others begin so much before they would have to
	Early      time.Duration // other steps of such units begin so much before they would have to
	Idle       float64       // cost of a minute of work put off while hands are idle
	Busy       float64       // the same, times the share of hands that are busy
	Spread     float64       // standard deviation of the log of actual ÷ estimated duration
	Repair     time.Duration // a machine that is down is expected back so much later
	Patience   float64       // how early an order counts as urgent, in mean remaining paths
	Flexible   float64       // how much people are spared who can do other things that are in demand
	Tries      int           // plans that a decision compares, at most
	InDetail   int           // tasks that a decision looks at in detail, at most; of the least urgent orders beyond, only what is ready
	Placements int           // tasks that the compared plans place, in all: what bounds a decision's time
}

// DefaultAims are the aims of a kitchen that has not set its own.
func DefaultAims() Aims {
	return Aims{
		Ticket: 1, Late: 3, Gap: 0.5, DueFactor: 2, DueGrace: 5 * time.Minute,
		Margin: 10 * time.Second, Early: 5 * time.Minute, Idle: 0.05, Busy: 0.1, Spread: 0.2, Repair: 10 * time.Minute,
		Patience: 2, Flexible: 2, Tries: 10, InDetail: 600, Placements: 6_000,
	}
}

// Use lets the kitchen decide by a policy from now on; a new kitchen is greedy. What is in the queue stays.
func (k *Kitchen) Use(p Policy, a Aims) {
	k.policy, k.aims = p, a
	k.changes++
	for _, g := range k.groups {
		for _, e := range g.queue {
			e.rank = k.rank(e.Task)
		}
		heap.Init(&g.queue)
	}
}

// rank orders the queue for the policies that go by it; see [entry].
func (k *Kitchen) rank(t Task) int64 {
	if k.policy != FIFO {
		return k.weights.rank(t)
	}
	return int64(rankFrom - t.since())
}
