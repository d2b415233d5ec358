package sched

import (
	"slices"
	"time"
)

// Kitchen is one outlet's kitchen as the planner sees it: layout, queue, and what is in use. It belongs to one
// goroutine. It never refuses what it is told, since the database is right; it only never plans over a capacity.
type Kitchen struct {
	weights Weights
	floor   *floor
	groups  []*group // by station, then machine; empty ones may be among them
	queued  map[int64]*entry
	held    map[int64]hold
	works   map[int64]*work // by staff id; kept when somebody leaves the layout, he may come back
	policy  Policy

	// For the policy "brigade".
	aims   Aims
	orders []Order           // open ones
	places map[mealID]int    // in the sequence of the last decision
	waits  map[int64]waits   // tasks that are held back
	seen   map[int64]float64 // how many tasks of a station came in

	hasty   int    // see Hasten
	changes uint64 // counts what was told
	settled struct {
		at      Instant
		changes uint64
	} // when all was decided that could be, as it stood then

	round uint64   // of planning
	open  []*group // scratch of Plan
}

// hold is what a task that is assigned or started occupies.
type hold struct {
	station, machine, staff int64
	given                   Instant // when the planner assigned it; 0: not known
	since                   Instant // 0: not started
}

// same tells whether two holds are of the same things.
func (h hold) same(o hold) bool {
	return h.station == o.station && h.machine == o.machine && h.staff == o.staff
}

// New returns an empty kitchen that decides by the policy "greedy"; see [Kitchen.Use].
func New(l Layout, w Weights) *Kitchen {
	k := &Kitchen{
		weights: w, queued: map[int64]*entry{}, held: map[int64]hold{}, works: map[int64]*work{}, policy: Greedy, aims: DefaultAims(),
		places: map[mealID]int{}, waits: map[int64]waits{}, seen: map[int64]float64{},
	}
	k.Relayout(l)
	return k
}

// Relayout replaces the layout. Queue, what tasks hold and utilization are kept by id. Tasks whose station or machine
// is gone stay in the queue and say so.
func (k *Kitchen) Relayout(l Layout) {
	k.changes++
	k.floor = newFloor(l, k.work)
	for _, h := range k.held {
		k.floor.count(h, 1)
	}
	k.groups = slices.DeleteFunc(k.groups, func(g *group) bool { return len(g.queue) == 0 })
	for _, g := range k.groups {
		g.settle(k.floor)
	}
}

func (k *Kitchen) work(staff int64) *work {
	w := k.works[staff]
	if w == nil {
		w = &work{}
		k.works[staff] = w
	}
	return w
}

// SetEfficiency tells how fast a staff member works by newer measurements; the next layout replaces it.
func (k *Kitchen) SetEfficiency(staff int64, x float64) {
	k.changes++
	if p := k.floor.memberByID[staff]; p != nil {
		p.Efficiency = efficiency(x)
	}
}

// Occupy tells that a task is assigned or started: it holds a slot of the station, of the machine (0: none) and a hand
// of the staff member. It leaves the queue if it was in it; what it held before is freed. Plan does this by itself.
func (k *Kitchen) Occupy(task, station, machine, staff int64) {
	h := hold{station: station, machine: machine, staff: staff}
	if old, ok := k.held[task]; ok && old.same(h) && old.since == 0 {
		return // as it was
	}
	k.Release(task, 0)
	k.Remove(task)
	k.occupy(task, h)
}

func (k *Kitchen) occupy(task int64, h hold) {
	k.changes++
	k.held[task] = h
	k.floor.count(h, 1)
}

// Start tells that a task which is held is being worked on since then, so that the time counts to the staff member's
// utilization while it runs. It tells whether the task is held.
func (k *Kitchen) Start(task int64, since Instant) bool {
	h, ok := k.held[task]
	if ok {
		k.changes++
		h.since = since
		k.held[task] = h
		k.work(h.staff).start(task, since)
	}
	return ok
}

// Release frees what a task holds (completed, requeued, cancelled) and tells whether it held anything. worked is how
// long it was worked on; it counts to the staff member's utilization as work that ends with the next Plan.
func (k *Kitchen) Release(task int64, worked time.Duration) bool {
	h, ok := k.held[task]
	if ok {
		k.changes++
		delete(k.held, task)
		k.floor.count(h, -1)
		k.work(h.staff).finish(task, worked)
	}
	return ok
}

// Utilization of a staff member at now: 0 has done nothing for long, 1 works to his limit all the time. The average is
// weighted by recency, see [HalfLife]. 0 for somebody who is not in the layout.
func (k *Kitchen) Utilization(staff int64, now Instant) float64 {
	if p := k.floor.memberByID[staff]; p != nil {
		return p.utilization(now)
	}
	return 0
}

// Usage is what is in use. Its lists are sorted by id and hold what the layout has.
type Usage struct {
	Stations []Busy
	Machines []Busy
	Staff    []Busy
	Queued   int // tasks in the queue
	Held     int // tasks assigned or started
}

// Busy is how much of a station, machine or staff member is in use.
type Busy struct {
	ID       int64
	Name     string
	Busy     int
	Capacity int
}

// Usage returns what is in use now.
func (k *Kitchen) Usage() Usage {
	u := Usage{Queued: len(k.queued), Held: len(k.held)}
	for _, st := range k.floor.stations {
		u.Stations = append(u.Stations, Busy{st.ID, st.Name, st.busy, st.Capacity})
	}
	for _, m := range k.floor.machines {
		u.Machines = append(u.Machines, Busy{m.ID, m.Name, m.busy, m.Capacity})
	}
	for _, p := range k.floor.staff {
		u.Staff = append(u.Staff, Busy{p.ID, p.Name, p.busy, p.MaxParallel})
	}
	return u
}
