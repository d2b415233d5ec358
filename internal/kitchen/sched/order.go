package sched

import "time"

// Order is the open work of one order, or of one course of it: what is to be ready together.
type Order struct {
	ID      int64
	Course  int
	Arrived Instant
	Due     Instant // 0: nothing was promised; see [Aims]
	Steps   []Step
}

// Step is one task of an order.
type Step struct {
	Task     int64 // as the queue knows it; steps that share a load, of any orders, have the same
	Unit     int   // which unit of what was ordered it belongs to
	Station  int64
	Machine  int64 // the one machine it needs; 0: any of the station, when the station has some
	Estimate time.Duration
	After    []int   // the steps of this order, by index, that must be done before
	Done     bool    // nothing is left to do
	Finished Instant // when that was
	Earliest Instant // it is not ready before, whatever is done by then; 0: no such time
}

// Orders tells all open orders. The planner keeps the list until the next call and does not change it. The policy
// "brigade" needs it; a queued task that none of them has counts as an order of its own.
func (k *Kitchen) Orders(list []Order) { k.orders = list }

// Projection is how the open work will go if nothing unforeseen happens and no order comes in: its middle, not its best.
type Projection struct {
	At     Instant
	Orders []ProjectedOrder // in the order in which they were told
	Tasks  []ProjectedTask  // what is not done, by order and step; a load's task once
}

// ProjectedOrder is when an order, or one course of it, will be ready.
type ProjectedOrder struct {
	Order  int64
	Course int
	Due    Instant // as promised, or as the aims say
	Ready  Instant // Forever: nobody knows
}

// ProjectedTask is when a task will begin and end, at the latest knowledge.
type ProjectedTask struct {
	Task   int64
	Order  int64
	Start  Instant // Forever: nobody knows
	Finish Instant
	Held   bool  // it could begin earlier, and waits for the rest of its order
	Staff  int64 // who would do it, as it looks now; 0: nobody knows
}

// Project works out how the open work will go, and how it would go with further orders, which may have tasks with ids
// of their own below zero. It decides nothing.
func (k *Kitchen) Project(now Instant, further ...Order) Projection {
	b := k.newBrigade(now, further)
	b.decide()
	p := Projection{At: now, Orders: make([]ProjectedOrder, 0, len(b.meals)), Tasks: make([]ProjectedTask, 0, len(b.jobs))}
	for i := range b.meals {
		if m := &b.meals[i]; !m.made {
			p.Orders = append(p.Orders, ProjectedOrder{m.id.order, m.id.course, b.instant(m.due), b.instant(b.readyAt(m))})
		}
	}
	for i := range b.jobs {
		j := &b.jobs[i]
		p.Tasks = append(p.Tasks, ProjectedTask{j.task, b.meals[j.meal].id.order, b.instant(b.start[i]), b.instant(b.finish[i]), b.release[i] > 0 && j.state == open, b.staffOf(i)})
	}
	return p
}

// staffOf is who does a job in the projection; 0 when nobody does.
func (b *brigade) staffOf(i int) int64 {
	switch {
	case b.jobs[i].state == inHand:
		return b.jobs[i].hold.staff
	case b.start[i] >= never:
		return 0
	}
	return b.floor.staff[b.staff[i]].ID
}
