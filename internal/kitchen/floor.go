package kitchen

import (
	"container/heap"
	"maps"
	"slices"
	"time"

	"brigade/internal/errs"
	"brigade/internal/kitchen/sched"
)

// Floor is one kitchen at work, in memory: its open tickets, who does what, what waits, which timers run.
// It is pure: it is told the time and notes in a Journal what is to be written. The desk and the simulator run it alike.
// It is not safe for concurrent use.
type Floor struct {
	Layout *Layout

	usual    Settings // of the engine
	settings Settings // with the outlet's own rules
	plan     *sched.Kitchen
	tickets  map[int64]*Ticket
	index    *Index
	timers   timers
	batches  batches
	fresh    map[int64]bool // orders to be looked over by the next plan
	sight    foresight
	laidOut  time.Time // when the plan last learned about hours
	planned  time.Time // when it last planned
	dirty    bool      // something changed since then
}

// Settings are what an owner can set for the engine.
type Settings struct {
	AutoComplete bool          // a started task completes by itself after its estimate
	RequeueBoost float64       // priority gained by a task that went stale, or is made again
	RushBoost    float64       // priority of the tasks of a rush order, above others
	Weights      sched.Weights // of the staff score and of aging
	Policy       sched.Policy  // by which rules tasks are given to people
	Aims         sched.Aims    // of the policy "brigade"
	Fixed        bool          // an outlet's own rules do not count
	Promises     bool          // orders are promised a time, and whether they keep it is watched
}

// DefaultSettings are contract K's.
func DefaultSettings() Settings {
	return Settings{
		AutoComplete: true, RequeueBoost: 10, RushBoost: 1000, Weights: sched.DefaultWeights(), Policy: sched.Brigade, Aims: sched.DefaultAims(),
	}
}

// NewFloor returns a floor with the given open tickets, at a time. It enters its tasks in the index. The layout is the
// floor's from now on: what is learned of people is noted in it.
func NewFloor(l *Layout, s Settings, tickets []*Ticket, now time.Time, index *Index) *Floor {
	f := &Floor{
		Layout: l, usual: s, settings: s.By(l.Rules), plan: sched.New(l.Plan(now), s.Weights), laidOut: now, planned: now,
		tickets: make(map[int64]*Ticket, len(tickets)), index: index, batches: newBatches(), fresh: map[int64]bool{},
		sight: foresight{calibration: l.Learned.Clone(), pressure: l.Pressure, saved: now, wanting: map[int64]bool{}},
	}
	if f.settings.Policy != "" {
		f.plan.Use(f.settings.Policy, f.settings.Aims)
	}
	for _, t := range tickets {
		f.Open(t)
	}
	return f
}

// Open adds an open ticket, or replaces an older picture of it by a newer one.
func (f *Floor) Open(t *Ticket) {
	if old := f.tickets[t.Order]; old != nil {
		if !newer(t, old) {
			return
		}
		f.forget(old)
	}
	f.dirty = true
	if !t.Closed() {
		f.enter(t)
	}
}

func (f *Floor) enter(t *Ticket) {
	f.tickets[t.Order], f.fresh[t.Order] = t, true
	f.notice(t)
	f.index.enter(t)
	for _, task := range t.Tasks {
		f.place(t, task)
	}
	for _, c := range t.Courses {
		if !c.FireAt.IsZero() {
			f.wake(timer{at: c.FireAt, order: t.Order})
		}
	}
}

// newer tells whether a shows a later state than b of the same ticket: versions only grow.
func newer(a, b *Ticket) bool {
	sum := func(t *Ticket) (n int) {
		for _, task := range t.Tasks {
			n += task.Version
		}
		return n + t.Version
	}
	return sum(a) > sum(b)
}

// place puts a task where its status says: into the queue, or onto a person and a machine.
func (f *Floor) place(t *Ticket, task *Task) {
	switch {
	case task.Ready() && task.batched():
		f.await(member{t, task})
	case task.Ready():
		f.plan.Enqueue(f.settings.queued(t, task))
	case task.InHand():
		f.occupy(t, task)
		f.watch(task)
	}
}

func (s Settings) queued(t *Ticket, task *Task) sched.Task {
	q := sched.Task{
		ID: task.ID, Order: t.Order, Station: task.Station, Machine: task.Machine, Estimate: task.Estimate,
		Base: task.BasePriority, Boost: task.Boost, Ready: sched.At(task.ReadyAt),
		Arrived: sched.At(t.waitsSince(task.Course)),
	}
	if t.Rush {
		q.Boost += s.RushBoost
	}
	return q
}

func (f *Floor) forget(t *Ticket) {
	f.index.leave(t)
	for _, task := range t.Tasks {
		switch {
		case task.Ready() && task.batched():
			f.unawait(task)
		case task.Ready():
			f.plan.Remove(task.ID)
		case task.InHand():
			f.vacate(task, 0)
		}
	}
	delete(f.tickets, t.Order)
	delete(f.fresh, t.Order)
	delete(f.sight.wanting, t.Order)
}

// Close takes the floor's tasks out of the shared index.
func (f *Floor) Close() {
	for _, t := range f.tickets {
		f.index.leave(t)
	}
}

// Start begins a task. changed is false when it had begun before. Errors: KindConflict.
func (f *Floor) Start(j *Journal, task int64, now time.Time) (t *Task, changed bool, err error) {
	ticket := f.index.Task(task)
	if ticket == nil {
		return nil, false, errs.NotFound("no open task %d", task)
	}
	t = ticket.Task(task)
	mates := f.mates(t)
	changed, err = j.start(ticket, t, now, f.settings.autoCompleteAt(t, now))
	if changed {
		f.plan.Start(f.hand(t), sched.At(now))
		f.watch(t)
	}
	for _, m := range mates {
		if ok, _ := j.start(m.ticket, m.task, now, f.settings.autoCompleteAt(m.task, now)); changed && ok {
			f.watch(m.task)
		}
	}
	return t, changed, err
}

func (s Settings) autoCompleteAt(t *Task, now time.Time) time.Time {
	if !s.AutoComplete {
		return time.Time{}
	}
	return now.Add(t.Estimate)
}

// Complete ends a task; by "" means by itself. changed is false when it was completed before. Errors: KindConflict.
func (f *Floor) Complete(j *Journal, task int64, now time.Time, by string) (t *Task, changed bool, err error) {
	ticket := f.index.Task(task)
	if ticket == nil {
		return nil, false, errs.NotFound("no open task %d", task)
	}
	t = ticket.Task(task)
	mates := f.mates(t)
	changed, err = f.finish(j, ticket, t, now, by)
	if changed && by != "" {
		f.learn(t, now)
	}
	if !changed {
		return t, false, err
	}
	for _, m := range mates {
		_, _ = f.finish(j, m.ticket, m.task, now, by)
		j.Staff[len(j.Staff)-1].Measured = false // one load was measured, once
	}
	return t, true, nil
}

func (f *Floor) finish(j *Journal, ticket *Ticket, t *Task, now time.Time, by string) (changed bool, err error) {
	ready, changed, err := j.complete(ticket, t, now, by)
	if !changed {
		return false, err
	}
	f.dirty, f.fresh[ticket.Order] = true, true
	f.vacate(t, now.Sub(t.StartedAt))
	for _, child := range ready {
		f.place(ticket, child)
	}
	if ticket.Closed() {
		f.judge(ticket, now)
		f.forget(ticket)
	}
	return true, nil
}

func (f *Floor) learn(t *Task, now time.Time) {
	for i := range f.Layout.People {
		if p := &f.Layout.People[i]; p.ID == t.Staff {
			p.Efficiency = Learn(p.Efficiency, t.Estimate, now.Sub(t.StartedAt))
			f.plan.SetEfficiency(p.ID, p.Efficiency)
		}
	}
}

// Requeue takes an assigned task back into the queue. Errors: KindConflict.
func (f *Floor) Requeue(j *Journal, task int64, now time.Time, boost float64, reason string) error {
	ticket := f.index.Task(task)
	if ticket == nil {
		return errs.NotFound("no open task %d", task)
	}
	t := ticket.Task(task)
	if t.Status == TaskAssigned {
		f.vacate(t, 0)
	}
	if err := j.requeue(ticket, t, now, boost, reason); err != nil {
		return err
	}
	f.dirty = true
	f.place(ticket, t)
	return nil
}

// Relayout takes over a changed set-up. Tasks that were assigned but not started and can no longer be done where they
// are (machine down, person gone) go back into the queue.
func (f *Floor) Relayout(j *Journal, l *Layout, now time.Time) {
	f.Layout, f.laidOut, f.dirty = l, now, true
	f.sight.looked = time.Time{} // who waits for what is gone is told now
	if s := f.usual.By(l.Rules); s != f.settings {
		f.settings = s
		f.plan.Use(s.Policy, s.Aims)
	}
	plan := l.Plan(now)
	f.plan.Relayout(plan)
	for order := range f.tickets {
		f.fresh[order] = true
	}
	j.SetNames(l)
	able := ables(plan, now)
	for _, order := range slices.Sorted(maps.Keys(f.tickets)) {
		for _, task := range f.tickets[order].Tasks {
			if task.Status == TaskAssigned && !able(task) {
				_ = f.Requeue(j, task.ID, now, 0, "machine or person no longer there")
			}
		}
	}
}

// ables returns a test whether an assigned task can still be started where it is.
func ables(l sched.Layout, now time.Time) func(*Task) bool {
	up, there := map[int64]bool{0: true}, map[int64]bool{}
	for _, m := range l.Machines {
		up[m.ID] = m.Up
	}
	for _, s := range l.Staff {
		there[s.ID] = !s.OffAt(sched.At(now))
	}
	return func(t *Task) bool { return up[t.OnMachine] && there[t.Staff] }
}

// Plan assigns all that can be assigned now and returns how many tasks it assigned.
func (f *Floor) Plan(j *Journal, now time.Time) int {
	before := len(j.Decisions)
	f.prepare(j, now) // which may let tasks join a load that is assigned
	f.assign(j, f.decide(now), now)
	return len(j.Decisions) - before
}

// prepare does what must be done before the floor decides.
func (f *Floor) prepare(j *Journal, now time.Time) {
	f.planned = now
	if now.Sub(f.laidOut) > horizon/2 {
		f.laidOut = now
		f.plan.Relayout(f.Layout.Plan(now))
	}
	f.lookOver(j, now)
	f.formLoads(j, now)
}

// decide chooses who begins what at now. It touches nothing but the floor's planner: floors may decide side by side.
func (f *Floor) decide(now time.Time) []sched.Assignment {
	if f.settings.Policy == sched.Brigade && f.plan.Undecided(sched.At(now)) {
		f.tellOrders(now) // which takes long when thousands wait in vain
	}
	return f.plan.Plan(sched.At(now))
}

// assign carries out what was decided and returns how many tasks it assigned.
func (f *Floor) assign(j *Journal, decided []sched.Assignment, now time.Time) int {
	before := len(j.Decisions)
	for _, a := range decided {
		members, load := f.assignees(a.Task)
		for _, m := range members {
			f.give(j, m, load, a.Staff, a.Machine, now, a.Why.AppendJSON(nil))
		}
	}
	f.dirty = false
	return len(j.Decisions) - before
}

// Dirty tells whether something changed since the last plan.
func (f *Floor) Dirty() bool { return f.dirty }

// Due runs the timers that are due: started tasks complete by themselves, stale assignments go back.
func (f *Floor) Due(j *Journal, now time.Time) {
	for len(f.timers) > 0 && !f.timers[0].at.After(now) {
		tm := heap.Pop(&f.timers).(timer)
		if tm.task == 0 {
			f.dirty = true
			f.fireDue(j, tm.order, now)
			continue
		}
		ticket := f.index.Task(tm.task)
		if ticket == nil {
			continue
		}
		t := ticket.Task(tm.task)
		if !t.DueAt.Equal(tm.at) {
			continue // the task moved on
		}
		switch t.Status {
		case TaskStarted:
			_, _, _ = f.Complete(j, t.ID, now, "")
		case TaskAssigned:
			_ = f.Requeue(j, t.ID, now, f.settings.RequeueBoost, "not started in time")
		default:
		}
	}
	if at, ok := f.plan.NextChange(sched.At(f.planned)); ok && !at.Time().After(now) {
		f.dirty = true
	}
}

// NextDue is when the floor wants to be looked at again though nothing happened; zero: never.
func (f *Floor) NextDue(now time.Time) time.Time {
	var next time.Time
	if len(f.timers) > 0 {
		next = f.timers[0].at
	}
	if at, ok := f.plan.NextChange(sched.At(now)); ok && (next.IsZero() || at.Time().Before(next)) {
		next = at.Time()
	}
	if at := f.nextLook(); !at.IsZero() && (next.IsZero() || at.Before(next)) {
		next = at
	}
	return next
}

func (f *Floor) watch(t *Task) {
	if !t.DueAt.IsZero() {
		f.wake(timer{at: t.DueAt, task: t.ID})
	}
}

func (f *Floor) wake(t timer) { heap.Push(&f.timers, t) }

// Tickets returns the open tickets, in no order.
func (f *Floor) Tickets() map[int64]*Ticket { return f.tickets }

// Planner is the floor's planner, for showing its queue.
func (f *Floor) Planner() *sched.Kitchen { return f.plan }

// timer is a task's due time; it is void when the task's DueAt is another by then. Without a task it is when an order's
// course fires, or, without that, when it is worth while to plan.
type timer struct {
	at    time.Time
	task  int64
	order int64
}

type timers []timer

func (t timers) Len() int { return len(t) }
func (t timers) Less(i, k int) bool {
	return t[i].at.Before(t[k].at) || t[i].at.Equal(t[k].at) && t[i].task < t[k].task
}
func (t timers) Swap(i, k int) { t[i], t[k] = t[k], t[i] }
func (t *timers) Push(x any)   { *t = append(*t, x.(timer)) }
func (t *timers) Pop() any {
	old := *t
	x := old[len(old)-1]
	*t = old[:len(old)-1]
	return x
}
