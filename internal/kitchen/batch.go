package kitchen

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"time"

	"brigade/internal/kitchen/sched"
)

// Batches: tasks of the same step may share one load of a fryer or an oven. Those that are ready wait for company, at
// most as long as their recipe allows; then they are one task to the planner, which takes one slot and one hand. They
// are assigned, started and completed together. Others join a load as long as it has room and nobody has started it.

// kind is what tasks must have in common to share a load.
type kind struct {
	station, machine int64
	what             string
	size             int
}

func (t *Task) kind() kind {
	return kind{t.Station, t.Machine, t.Description, t.Batch.Size}
}

// batched tells whether a task may share a load.
func (t *Task) batched() bool { return t.Batch.Size > 1 }

// member is a task with its ticket.
type member struct {
	ticket *Ticket
	task   *Task
}

// load is tasks that are done as one.
type load struct {
	id      int64 // to the planner, and Task.Load once they are assigned
	members []member
}

// batches are a floor's tasks that may share loads.
type batches struct {
	waiting map[kind][]member // for company
	formed  map[int64]*load   // in the planner's queue, by id
	inHand  map[int64]*load   // assigned or started
}

func newBatches() batches {
	return batches{map[kind][]member{}, map[int64]*load{}, map[int64]*load{}}
}

// soonest is until when a task waits for company.
func (m member) soonest() time.Time {
	if m.ticket.Rush {
		return m.task.ReadyAt
	}
	return m.task.ReadyAt.Add(m.task.Batch.Wait)
}

func (m member) compare(o member) int {
	return cmp.Or(m.task.ReadyAt.Compare(o.task.ReadyAt), cmp.Compare(m.task.ID, o.task.ID))
}

// await lets a ready task wait for company.
func (f *Floor) await(m member) {
	k := m.task.kind()
	list := f.batches.waiting[k]
	i, _ := slices.BinarySearchFunc(list, m, member.compare)
	f.batches.waiting[k] = slices.Insert(list, i, m)
	f.wake(timer{at: m.soonest()})
}

// unawait takes a ready task back; a load that was formed with it is formed anew by the next plan.
func (f *Floor) unawait(task *Task) {
	for id, l := range f.batches.formed {
		if slices.ContainsFunc(l.members, func(m member) bool { return m.task == task }) {
			delete(f.batches.formed, id)
			f.plan.Remove(id)
			for _, m := range l.members {
				f.await(m)
			}
		}
	}
	k := task.kind()
	f.batches.waiting[k] = slices.DeleteFunc(f.batches.waiting[k], func(m member) bool { return m.task == task })
	if len(f.batches.waiting[k]) == 0 {
		delete(f.batches.waiting, k)
	}
}

// occupy puts a task that somebody has onto its station, machine and person; a load is there once.
func (f *Floor) occupy(t *Ticket, task *Task) {
	id := f.hand(task)
	if task.Load != 0 {
		l := f.batches.inHand[id]
		if l == nil {
			l = &load{id: id}
			f.batches.inHand[id] = l
		}
		l.members = append(l.members, member{t, task})
	}
	f.plan.Occupy(id, task.Station, task.OnMachine, task.Staff)
	if task.Status == TaskStarted {
		f.plan.Start(id, sched.At(task.StartedAt))
	}
}

// vacate frees what a task has; a load is freed with its last task. worked is for how long it was worked on.
func (f *Floor) vacate(task *Task, worked time.Duration) {
	id := f.hand(task)
	if l := f.batches.inHand[id]; task.Load != 0 && l != nil {
		l.members = slices.DeleteFunc(l.members, func(m member) bool { return m.task == task })
		if len(l.members) > 0 {
			return
		}
		delete(f.batches.inHand, id)
	}
	f.plan.Release(id, worked)
}

// hand is the name by which the planner knows what a task holds: its load's, else its own.
func (f *Floor) hand(task *Task) int64 { return cmp.Or(task.Load, task.ID) }

// mates are the other tasks of a task's load.
func (f *Floor) mates(task *Task) (mates []member) {
	if l := f.batches.inHand[task.Load]; task.Load != 0 && l != nil {
		for _, m := range l.members {
			if m.task != task && m.task.Status == task.Status {
				mates = append(mates, m)
			}
		}
	}
	return mates
}

// formLoads lets tasks join loads that are not started, and hands to the planner what is full or has waited enough.
func (f *Floor) formLoads(j *Journal, now time.Time) {
	if len(f.batches.waiting) == 0 {
		return
	}
	f.join(j, now)
	for _, k := range slices.SortedFunc(maps.Keys(f.batches.waiting), kind.compare) {
		for {
			n := min(k.size, len(f.batches.waiting[k]))
			if n == 0 || n < k.size && !slices.ContainsFunc(f.batches.waiting[k][:n], func(m member) bool { return !m.soonest().After(now) }) {
				break
			}
			if !f.form(k, n) {
				break
			}
		}
	}
}

func (k kind) compare(o kind) int {
	return cmp.Or(cmp.Compare(k.station, o.station), cmp.Compare(k.machine, o.machine), cmp.Compare(k.what, o.what), cmp.Compare(k.size, o.size))
}

// form makes a load of the first n that wait. It is named after the first of them whose name no other load has; without
// one, which is when a task has left a load that goes on, they wait until that is done.
func (f *Floor) form(k kind, n int) bool {
	members := slices.Clone(f.batches.waiting[k][:n])
	i := slices.IndexFunc(members, func(m member) bool { return f.batches.inHand[m.task.ID] == nil })
	if i < 0 {
		return false
	}
	f.take(k, n)
	l := &load{members[i].task.ID, members}
	f.batches.formed[l.id] = l
	f.plan.Enqueue(l.queued(f.settings))
	return true
}

func (f *Floor) take(k kind, n int) {
	if f.batches.waiting[k] = slices.Delete(f.batches.waiting[k], 0, n); len(f.batches.waiting[k]) == 0 {
		delete(f.batches.waiting, k)
	}
}

// queued is the load as the planner sees it: as urgent as the most urgent of its tasks.
func (l *load) queued(s Settings) sched.Task {
	q := s.queued(l.members[0].ticket, l.members[0].task)
	for _, m := range l.members[1:] {
		o := s.queued(m.ticket, m.task)
		q.Base, q.Boost = max(q.Base, o.Base), max(q.Boost, o.Boost)
		q.Arrived = min(q.Arrived, o.Arrived)
	}
	q.ID = l.id
	return q
}

// join lets waiting tasks join loads of their kind that have room: those in the queue, then those that are assigned.
func (f *Floor) join(j *Journal, now time.Time) {
	for _, id := range slices.Sorted(maps.Keys(f.batches.formed)) {
		l := f.batches.formed[id]
		if n := f.room(l); n > 0 {
			k := l.members[0].task.kind()
			l.members = append(l.members, f.batches.waiting[k][:n]...)
			f.take(k, n)
			f.plan.Enqueue(l.queued(f.settings))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(f.batches.inHand)) {
		l := f.batches.inHand[id]
		first := l.members[0].task
		if n := f.room(l); n > 0 && first.Status == TaskAssigned {
			k := first.kind()
			for _, m := range slices.Clone(f.batches.waiting[k][:n]) {
				f.give(j, m, id, first.Staff, first.OnMachine, now, nil)
			}
			f.take(k, n)
		}
	}
}

// room is how many of those that wait fit into a load.
func (f *Floor) room(l *load) int {
	k := l.members[0].task.kind()
	return max(0, min(k.size-len(l.members), len(f.batches.waiting[k])))
}

// assignees are the tasks that an assignment is about: a load's, or the one.
func (f *Floor) assignees(id int64) (members []member, load int64) {
	if l := f.batches.formed[id]; l != nil {
		delete(f.batches.formed, id)
		return l.members, id
	}
	t := f.index.Task(id)
	return []member{{t, t.Task(id)}}, 0
}

// give assigns a task and takes notice of it. why is nil for one that joins a load: the load's decision holds for it.
func (f *Floor) give(j *Journal, m member, load, staff, machine int64, now time.Time, why []byte) {
	m.task.Load = load
	if err := j.assign(m.ticket, m.task, staff, machine, now, now.Add(f.Layout.StaleAfter)); err != nil {
		panic("kitchen: the plan assigns what is not ready: " + err.Error())
	}
	if why == nil {
		why = appendJoined(load)
	}
	j.Decisions = append(j.Decisions, Decision{m.ticket.Tenant, m.task.ID, m.task.Requeues, now, why})
	if load != 0 { // else the planner did
		f.occupy(m.ticket, m.task)
	}
	f.watch(m.task)
}

func appendJoined(load int64) []byte {
	return append(strconv.AppendInt([]byte(`{"policy":"batch","load":`), load, 10), '}')
}

// company lists the tasks that wait for company, by how long they have waited.
func (f *Floor) company() (list []member) {
	for _, waiting := range f.batches.waiting {
		list = append(list, waiting...)
	}
	slices.SortFunc(list, member.compare)
	return list
}
