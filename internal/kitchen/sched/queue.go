package sched

import (
	"cmp"
	"container/heap"
	"math"
	"slices"
)

// entry is a task in the queue.
type entry struct {
	Task
	rank  int64 // see Weights.rank; higher is sooner
	group *group
	index int // in the group's heap
}

// compare orders the queue: the entry that is to be assigned first is the smaller one.
func (e *entry) compare(o *entry) int {
	return cmp.Or(cmp.Compare(o.rank, e.rank), cmp.Compare(e.Ready, o.Ready), cmp.Compare(e.ID, o.ID))
}

// rankFrom keeps ranks small enough to be exact to a millionth of a point: 2026-01-01.
const rankFrom Instant = 1_767_225_600_000_000

// since is when a task began to age: with its order.
func (t *Task) since() Instant {
	if t.Arrived == 0 {
		return t.Ready
	}
	return t.Arrived
}

// rank is Base + Boost − Aging × arrival in millionths of a point: the priority without what is the same for all tasks.
// It is a whole number so that priorities that are equal on paper are equal here, and the older task goes first.
func (w Weights) rank(t Task) int64 {
	points := t.Base + t.Boost - w.Aging*t.since().Sub(rankFrom).Seconds()
	return int64(math.Round(min(max(points, -1e12), 1e12) * 1e6))
}

// score is the task's priority at now.
func (w Weights) score(t Task, now Instant) Score {
	s := Score{Base: t.Base, Boost: t.Boost, Wait: now.Sub(t.since()).Seconds()}
	s.Aging = w.Aging * s.Wait
	s.Total = s.Base + s.Boost + s.Aging
	return s
}

// group is the queued tasks that need the same: all or none of them can be assigned.
type group struct {
	station, machine int64
	no               int      // index in the kitchen's list, while it projects
	at               *station // nil: the layout does not have it
	on               *machine // the machine they name; nil: none, or the layout does not have it
	queue            heads
}

// settle looks the group's station and machine up.
func (g *group) settle(f *floor) {
	g.at, g.on = f.stationByID[g.station], nil
	if g.machine != 0 {
		g.on = f.machineByID[g.machine]
	}
}

// blocked tells what the tasks of the group wait for.
func (g *group) blocked(now Instant) Reason {
	switch {
	case g.at == nil:
		return StationUnknown
	case g.at.busy >= g.at.Capacity:
		return StationFull
	}
	if why := g.machineBlocked(); why != Assignable {
		return why
	}
	return g.at.staffBlocked(now)
}

func (g *group) machineBlocked() Reason {
	switch {
	case g.machine == 0:
		return g.at.machinesBlocked()
	case g.on == nil:
		return MachineUnknown
	}
	return g.on.blocked()
}

// heads is a group's tasks as a heap; see container/heap.
type heads []*entry

func (h heads) Len() int           { return len(h) }
func (h heads) Less(i, j int) bool { return h[i].compare(h[j]) < 0 }

func (h heads) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

// Push implements heap.Interface.
func (h *heads) Push(x any) {
	e := x.(*entry)
	e.index = len(*h)
	*h = append(*h, e)
}

// Pop implements heap.Interface.
func (h *heads) Pop() any {
	last := len(*h) - 1
	e := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return e
}

// Enqueue puts a task into the queue. The last word about a task counts: if it was queued before it is replaced, if it
// was held it is freed without counting as work. A Base or Boost that is no finite number counts as 0. O(log n).
func (k *Kitchen) Enqueue(t Task) {
	k.Release(t.ID, 0)
	k.Remove(t.ID)
	t.Base, t.Boost = finite(t.Base), finite(t.Boost)
	e := &entry{Task: t, rank: k.rank(t), group: k.group(t.Station, t.Machine)}
	k.changes++
	k.queued[t.ID] = e
	heap.Push(&e.group.queue, e)
	k.notice(t.Station)
}

// Remove takes a task out of the queue (cancelled, or taken by somebody) and tells whether it was in it. O(log n).
func (k *Kitchen) Remove(task int64) bool {
	e, ok := k.queued[task]
	if ok {
		k.changes++
		delete(k.queued, task)
		delete(k.waits, task)
		heap.Remove(&e.group.queue, e.index)
	}
	return ok
}

// group returns the group for tasks of a station that name a machine (0: none), and makes it when it is new.
func (k *Kitchen) group(station, machine int64) *group {
	i, found := slices.BinarySearchFunc(k.groups, [2]int64{station, machine}, func(g *group, want [2]int64) int {
		return cmp.Or(cmp.Compare(g.station, want[0]), cmp.Compare(g.machine, want[1]))
	})
	if !found {
		g := &group{station: station, machine: machine}
		g.settle(k.floor)
		k.groups = slices.Insert(k.groups, i, g)
	}
	return k.groups[i]
}

// Len is how many tasks are in the queue.
func (k *Kitchen) Len() int { return len(k.queued) }

// Waiting is a task in the queue.
type Waiting struct {
	Task  Task
	Score Score
	For   Reason  // what it waits for; Assignable: the next Plan
	Until Instant // HeldBack: until then, at the latest; else 0
}

// Queue returns the whole queue, best first: each task with its priority at now and what it waits for.
func (k *Kitchen) Queue(now Instant) []Waiting {
	entries := make([]*entry, 0, len(k.queued))
	why := make(map[*group]Reason, len(k.groups))
	for _, g := range k.groups {
		entries = append(entries, g.queue...)
		why[g] = g.blocked(now)
	}
	slices.SortFunc(entries, (*entry).compare)
	list := make([]Waiting, len(entries))
	for i, e := range entries {
		list[i] = Waiting{Task: e.Task, Score: k.weights.score(e.Task, now), For: why[e.group]}
		if w := k.waits[e.ID]; w.until > now && list[i].For == Assignable {
			list[i].For, list[i].Until = HeldBack, w.until
		}
	}
	return list
}

// NextChange returns when somebody comes back from a break or starts his shift and can then take a queued task, or when
// a task need not be held back any longer; false when no such moment is known. Until then time alone changes nothing:
// a Plan is only worth while after a change. It is meant to be asked after Plan.
func (k *Kitchen) NextChange(now Instant) (Instant, bool) {
	next := Forever
	for _, w := range k.waits {
		if w.until > now {
			next = min(next, w.until)
		}
	}
	for _, g := range k.groups {
		if len(g.queue) == 0 {
			continue
		}
		if why := g.blocked(now); why == AllOff || why == StaffAtLimit {
			next = min(next, g.at.nextBack(now))
		}
	}
	return next, next != Forever
}

// nextBack is when the first of those who are off with a free hand is back.
func (st *station) nextBack(now Instant) Instant {
	next := Forever
	for _, p := range st.staff {
		if back, off := p.offUntil(now); off && p.handFree() {
			next = min(next, back)
		}
	}
	return next
}

func finite(x float64) float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return 0
	}
	return x
}
