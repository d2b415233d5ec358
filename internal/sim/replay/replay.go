package replay

import (
	"cmp"
	"container/heap"
	"context"
	"slices"
	"strconv"
	"time"

	"brigade/internal/kitchen"
	"brigade/internal/kitchen/sched"
)

func itoa(n int) string { return strconv.Itoa(n) }

// Ran is one task as it was done.
type Ran struct {
	Order, Unit, Step       int // indices
	Station, Machine, Staff int64
	Start, Finish           time.Time
}

// Served is one order as it went.
type Served struct {
	Number  string
	Placed  time.Time
	Due     time.Time // zero: nothing was promised
	First   time.Time // when its first unit was ready
	Ready   time.Time
	Missing bool      // not ready by the end of the evening, which counts as when it was
	P50     time.Time // what it was promised when it came: half of all are ready by then; zero: nothing
	P90     time.Time // and nine of ten by then
}

// Played is what came of an evening.
type Played struct {
	Orders []Served
	Ran    []Ran // in the order of starts
}

// Play plays an evening with the settings of a kitchen. The same evening and settings give the same outcome, always.
func Play(e *Evening, s kitchen.Settings) *Played {
	p, _ := PlayWithin(context.Background(), e, s) // which never ends
	return p
}

// PlayWithin is Play that ends early, with ctx's error, when ctx does.
func PlayWithin(ctx context.Context, e *Evening, s kitchen.Settings) (*Played, error) {
	p := newPlayer(e, s)
	for len(p.queue) > 0 {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		p.turn(p.queue[0].at)
	}
	return p.outcome(), nil
}

func newPlayer(e *Evening, s kitchen.Settings) *player {
	s.AutoComplete = false // work takes as long as it takes
	p := &player{
		Evening: e, index: kitchen.NewIndex(), tickets: make([]*kitchen.Ticket, len(e.Orders)), where: map[int64]place{},
		speed: map[int64]float64{},
	}
	for _, person := range e.Layout.People {
		p.speed[person.ID] = person.Efficiency
	}
	p.floor = kitchen.NewFloor(CloneLayout(e.Layout), s, nil, e.Begin, p.index)
	p.schedule()
	return p
}

// place is where a task belongs in the evening.
type place struct{ order, unit, step int }

// player plays one evening.
type player struct {
	*Evening
	floor   *kitchen.Floor
	index   *kitchen.Index
	tickets []*kitchen.Ticket
	where   map[int64]place
	speed   map[int64]float64
	queue   happenings
	seq     int
	ids     int64
	ran     []Ran
	looked  time.Time // when the floor is to be looked at next; zero: not at all
}

// happening is something that happens at a time. Those at the same time happen in the order in which they were known.
type happening struct {
	at  time.Time
	seq int
	do  func(j *kitchen.Journal, now time.Time)
}

type happenings []happening

func (h happenings) Len() int { return len(h) }
func (h happenings) Less(i, k int) bool {
	return cmp.Or(h[i].at.Compare(h[k].at), cmp.Compare(h[i].seq, h[k].seq)) < 0
}
func (h happenings) Swap(i, k int) { h[i], h[k] = h[k], h[i] }
func (h *happenings) Push(x any)   { *h = append(*h, x.(happening)) }
func (h *happenings) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}

// after lets something happen at a time, unless that is after the evening.
func (p *player) after(at time.Time, do func(j *kitchen.Journal, now time.Time)) {
	if at.After(p.End) {
		return
	}
	p.seq++
	heap.Push(&p.queue, happening{at, p.seq, do})
}

// schedule enters what the evening holds.
func (p *player) schedule() {
	for i := range p.Orders {
		p.after(p.Orders[i].At, func(_ *kitchen.Journal, _ time.Time) { p.arrive(i) })
	}
	for _, o := range p.Outages {
		p.after(o.From, func(j *kitchen.Journal, now time.Time) { p.setMachine(j, o.Machine, false, now) })
		p.after(o.To, func(j *kitchen.Journal, now time.Time) { p.setMachine(j, o.Machine, true, now) })
	}
	for _, b := range p.Breaks {
		p.after(b.From, func(j *kitchen.Journal, now time.Time) { p.setBreak(j, b, sched.Forever, now) })
		if b.To.IsZero() {
			continue // he does not come back
		}
		p.after(b.To, func(j *kitchen.Journal, now time.Time) { p.setBreak(j, b, sched.At(b.To), now) })
	}
}

// turn lets everything happen that happens at a time, then the floor looks what it can assign.
func (p *player) turn(now time.Time) {
	j := kitchen.NewJournal(p.floor.Layout)
	for len(p.queue) > 0 && !p.queue[0].at.After(now) {
		heap.Pop(&p.queue).(happening).do(j, now)
	}
	p.floor.Due(j, now)
	if p.floor.Dirty() {
		p.floor.Plan(j, now)
	}
	p.floor.Foresee(j, now)
	for _, t := range j.Tasks {
		if t.Status == kitchen.TaskAssigned {
			p.begin(t)
		}
	}
	p.remind(now)
}

// remind looks at the floor again when it wants to be looked at.
func (p *player) remind(now time.Time) {
	due := p.floor.NextDue(now)
	if due.IsZero() || due.Equal(p.looked) {
		return
	}
	if !due.After(now) {
		due = now.Add(time.Microsecond)
	}
	p.looked = due
	p.after(due, func(*kitchen.Journal, time.Time) {})
}

func (p *player) arrive(i int) {
	o := &p.Orders[i]
	w := kitchen.Work{
		Order: int64(i + 1), Tenant: p.Layout.Tenant, Outlet: p.Layout.Outlet, Number: o.Number, Priority: o.Priority, At: o.At,
		Due: o.Due,
	}
	for _, u := range o.Units {
		line := kitchen.WorkLine{SKU: u.SKU, Item: u.Item, Quantity: 1}
		for _, s := range u.Steps {
			line.Recipe.Steps = append(line.Recipe.Steps, s.Step)
		}
		w.Lines = append(w.Lines, line)
	}
	t := kitchen.Burst(w, func() int64 { p.ids++; return p.ids })
	for _, task := range t.Tasks {
		p.where[task.ID] = place{i, task.Line - 1, task.Step}
	}
	p.tickets[i] = t
	p.floor.Open(t)
}

func (p *player) step(task int64) *Step {
	at := p.where[task]
	return &p.Orders[at.order].Units[at.unit].Steps[at.step]
}

// begin lets whoever was given a task begin, if he has it still.
func (p *player) begin(t *kitchen.Task) {
	attempt, assigned := t.Requeues, t.AssignedAt
	p.after(assigned.Add(p.step(t.ID).Pause), func(j *kitchen.Journal, now time.Time) {
		if t.Status != kitchen.TaskAssigned || t.Requeues != attempt || !t.AssignedAt.Equal(assigned) {
			return
		}
		own := kitchen.NewJournal(p.floor.Layout)
		if _, changed, err := p.floor.Start(own, t.ID, now); err == nil && changed {
			p.work(own.Tasks, now)
		}
	})
}

// work lets tasks that were begun together end when the longest of them is done.
func (p *player) work(tasks []*kitchen.Task, now time.Time) {
	var took time.Duration
	for _, t := range tasks {
		took = max(took, p.takes(t))
	}
	for _, t := range tasks {
		at := p.where[t.ID]
		p.ran = append(p.ran, Ran{at.order, at.unit, at.step, t.Station, t.OnMachine, t.Staff, now, now.Add(took)})
	}
	p.after(now.Add(took), func(j *kitchen.Journal, now time.Time) {
		for _, t := range tasks {
			_, _, _ = p.floor.Complete(j, t.ID, now, p.floor.Layout.Staff(t.Staff))
		}
	})
}

// takes is how long a task really takes whoever has it.
func (p *player) takes(t *kitchen.Task) time.Duration {
	d := p.step(t.ID).Work
	if speed := p.speed[t.Staff]; speed > 0 {
		d = time.Duration(float64(d) / speed)
	}
	return max(time.Millisecond, d.Truncate(time.Microsecond))
}

// relay gives the floor a changed set-up; what it has learned of people stays.
func (p *player) relay(j *kitchen.Journal, now time.Time, change func(*kitchen.Layout)) {
	l := CloneLayout(p.floor.Layout)
	change(l)
	p.floor.Relayout(j, l.Index(), now)
}

func (p *player) setMachine(j *kitchen.Journal, machine int64, up bool, now time.Time) {
	p.relay(j, now, func(l *kitchen.Layout) {
		for i := range l.Machines {
			if l.Machines[i].ID == machine {
				l.Machines[i].Up = up
			}
		}
	})
}

func (p *player) setBreak(j *kitchen.Journal, b Break, until sched.Instant, now time.Time) {
	p.relay(j, now, func(l *kitchen.Layout) {
		for i := range l.People {
			if person := &l.People[i]; person.ID == b.Person {
				from := sched.At(b.From)
				person.Hours.Taken = slices.DeleteFunc(person.Hours.Taken, func(iv sched.Interval) bool {
					return iv.From == from && iv.To == sched.Forever
				})
				taken(person, from, until)
			}
		}
	})
}

func (p *player) outcome() *Played {
	out := &Played{Orders: make([]Served, len(p.Orders)), Ran: p.ran}
	for i, o := range p.Orders {
		s := Served{Number: o.Number, Placed: o.At, Due: o.Due, Ready: p.End, First: p.End, Missing: true}
		if t := p.tickets[i]; t != nil && t.Closed() {
			s.Ready, s.First, s.Missing = t.ClosedAt, firstUnit(t), false
		}
		if t := p.tickets[i]; t != nil && t.Promise != nil {
			s.P50, s.P90 = t.Promise.FirstP50(), t.Promise.FirstP90()
		}
		out.Orders[i] = s
	}
	return out
}

// firstUnit is when the first unit of a ticket was ready.
func firstUnit(t *kitchen.Ticket) time.Time {
	ready := map[int]time.Time{}
	for _, task := range t.Tasks {
		if task.CompletedAt.After(ready[task.Line]) {
			ready[task.Line] = task.CompletedAt
		}
	}
	first := t.ClosedAt
	for _, at := range ready {
		if at.Before(first) {
			first = at
		}
	}
	return first
}
