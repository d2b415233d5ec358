package sim

import (
	"container/heap"
	"context"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"brigade/internal/kitchen"
	"brigade/internal/order"
)

// maxTogether bounds what is done in one turn, so that events are heard in between.
const maxTogether = 256

// hands is how many calls run at the same time: they share the services' commits.
const hands = 32

// action is one thing to do at a time. What it needs of the outside is done by do, beside others; what comes of it
// is taken in by then, in the loop.
type action struct {
	at    time.Time
	order int // among those of the same time
	do    func(ctx context.Context) outcome
	then  func(now time.Time, o outcome)
	// still tells whether it is wanted any more.
	still func() bool
}

// outcome is what a call gave.
type outcome struct {
	task    kitchen.Task // that was started
	receipt order.Receipt
	err     error
}

// agenda is a heap of actions by time.
type agenda struct {
	heap  actions
	count int
}

func (a *agenda) add(x action) {
	a.count++
	x.order = a.count
	heap.Push(&a.heap, x)
}

func (a *agenda) next() (time.Time, bool) {
	if len(a.heap) == 0 {
		return time.Time{}, false
	}
	return a.heap[0].at, true
}

// due takes up to limit actions that are due and still wanted.
func (a *agenda) due(now time.Time, limit int) (due []action) {
	for len(due) < limit && len(a.heap) > 0 && !a.heap[0].at.After(now) {
		if x := heap.Pop(&a.heap).(action); x.still() {
			due = append(due, x)
		}
	}
	return due
}

// perform does actions together and takes in what came of them, in their order.
func (s *Sim) perform(ctx context.Context, due []action) {
	outcomes := make([]outcome, len(due))
	var g errgroup.Group
	g.SetLimit(hands)
	for i, x := range due {
		if x.do != nil {
			g.Go(func() error { outcomes[i] = x.do(ctx); return nil })
		}
	}
	_ = g.Wait() // outcomes hold the errors
	now := s.parts.Clock.Now()
	for i, x := range due {
		if ctx.Err() == nil {
			x.then(now, outcomes[i])
		}
	}
}

type actions []action

func (a actions) Len() int { return len(a) }
func (a actions) Less(i, k int) bool {
	return a[i].at.Before(a[k].at) || a[i].at.Equal(a[k].at) && a[i].order < a[k].order
}
func (a actions) Swap(i, k int) { a[i], a[k] = a[k], a[i] }
func (a *actions) Push(x any)   { *a = append(*a, x.(action)) }
func (a *actions) Pop() any {
	last := len(*a) - 1
	x := (*a)[last]
	*a = slices.Delete(*a, last, last+1)
	return x
}
