package kitchen

import (
	"maps"
	"slices"
	"time"

	"brigade/internal/errs"
	"brigade/internal/event"
	"brigade/internal/kitchen/sched"
)

// change is what a command may work on: a ticket on a floor, at a time.
type change struct {
	floor  *Floor
	j      *Journal
	ticket *Ticket
	task   *Task // of the ticket; nil when the command is about all of it
	now    time.Time
	ids    func() int64 // of new tasks
}

// reshape lets do change the ticket as a whole: what its tasks have or wait for is freed before and taken up again after.
func (c *change) reshape(do func() error) error {
	f, t := c.floor, c.ticket
	if f.tickets[t.Order] == t {
		f.forget(t)
	}
	err := do()
	if !t.Closed() {
		f.enter(t)
	}
	f.dirty = f.dirty || err == nil
	return err
}

// lookOver does for tickets that changed what the plan needs: it routes tasks around closed stations, and gives courses
// that fire by themselves their time.
func (f *Floor) lookOver(j *Journal, now time.Time) {
	for _, order := range slices.Sorted(maps.Keys(f.fresh)) {
		t := f.tickets[order]
		if t == nil {
			continue
		}
		if len(t.Courses) > 0 {
			if at, ok := j.schedule(t, f.Layout.CourseGap, now); ok {
				f.wake(timer{at: at, order: order})
			}
		}
		f.reroute(j, t, now)
	}
	clear(f.fresh)
}

// fireDue fires the courses of an order whose time has come.
func (f *Floor) fireDue(j *Journal, order int64, now time.Time) {
	t := f.tickets[order]
	if t == nil || len(t.Courses) == 0 || t.Courses[0].FireAt.IsZero() || t.Courses[0].FireAt.After(now) {
		return
	}
	c := &change{floor: f, j: j, ticket: t, now: now}
	_ = c.reshape(func() error { return j.fire(t, t.Courses[0].No, now, "") })
}

// reroute moves what nobody has begun away from closed stations. What has moved stays where it is.
func (f *Floor) reroute(j *Journal, t *Ticket, now time.Time) {
	if len(f.Layout.Closed) == 0 || !slices.ContainsFunc(t.Tasks, f.strays) {
		return
	}
	c := &change{floor: f, j: j, ticket: t, now: now}
	_ = c.reshape(func() error {
		for _, task := range t.Tasks {
			if f.strays(task) {
				j.move(t, task, f.Layout.Route(task.Station), now, f.Layout.Station(task.Station)+" is closed")
			}
		}
		return nil
	})
	delete(f.fresh, t.Order)
}

// strays tells whether a task waits at a closed station.
func (f *Floor) strays(task *Task) bool {
	return (task.Status == TaskUnassigned || task.Status == TaskAssigned) && f.Layout.Route(task.Station) != task.Station
}

// move lets a task be done at another station, on any of its machines.
func (j *Journal) move(t *Ticket, task *Task, station int64, at time.Time, reason string) {
	if task.Status == TaskAssigned {
		_ = j.requeue(t, task, at, 0, reason)
	}
	task.Station, task.Machine = station, 0
	j.task(t, task, event.TaskMoved, at, "", reason)
}

// undo takes the completion of a task back: it goes on with who had it. What was assigned in its place since, and not
// started, goes back into the queue. Errors: KindConflict when it is too late, or its place is taken by work that goes on.
func (c *change) undo(by string) error {
	f, k := c.floor, c.task
	if k.Status != TaskCompleted {
		return c.j.undo(c.ticket, k, c.now, time.Time{}, by)
	}
	guests, err := f.inPlaceOf(k)
	if err != nil {
		return err
	}
	err = c.reshape(func() error { return c.j.undo(c.ticket, k, c.now, f.settings.autoCompleteAt(k, c.now), by) })
	if err != nil {
		return err
	}
	for _, g := range guests {
		if g.Status == TaskAssigned {
			_ = f.Requeue(c.j, g.ID, c.now, 0, "its place is taken: what was there is not completed")
		}
	}
	return nil
}

// hands groups what is in hand by what it holds: a load is one.
func (f *Floor) hands() (list [][]*Task) {
	at := map[int64]int{}
	for _, order := range slices.Sorted(maps.Keys(f.tickets)) {
		for _, k := range f.tickets[order].Tasks {
			if !k.InHand() {
				continue
			}
			i, seen := at[f.hand(k)]
			if !seen {
				i = len(list)
				at[f.hand(k)] = i
				list = append(list, nil)
			}
			list[i] = append(list[i], k)
		}
	}
	return list
}

// inPlaceOf lists assigned tasks that must go so that a task has its place at station, machine and person again: the
// latest ones. Errors: KindConflict when that is not enough.
func (f *Floor) inPlaceOf(task *Task) (guests []*Task, err error) {
	hands := f.hands()
	slices.SortStableFunc(hands, func(a, b []*Task) int { return b[0].AssignedAt.Compare(a[0].AssignedAt) })
	for _, p := range f.placesOf(task) {
		surplus := 1 - p.capacity
		for _, h := range hands {
			surplus += ones(p.has(h[0]))
		}
		hands = slices.DeleteFunc(hands, func(h []*Task) bool {
			goes := surplus > 0 && p.has(h[0]) && h[0].Status == TaskAssigned
			if goes {
				guests = append(guests, h...)
				surplus--
			}
			return goes
		})
		if surplus > 0 {
			return nil, errs.Conflict("%s has no place for it: other work has begun there; recall it to be done again", p.name)
		}
	}
	return guests, nil
}

func ones(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// place is what can hold only so many tasks.
type place struct {
	name     string
	capacity int
	has      func(*Task) bool
}

// placesOf are the station, machine and person that a task was with, as far as the layout has them.
func (f *Floor) placesOf(task *Task) (places []place) {
	l := f.Layout
	if i := slices.IndexFunc(l.Stations, func(s sched.Station) bool { return s.ID == task.Station }); i >= 0 {
		places = append(places, place{l.Stations[i].Name, l.Stations[i].Capacity, func(k *Task) bool { return k.Station == task.Station }})
	}
	if i := slices.IndexFunc(l.Machines, func(m Machine) bool { return m.ID == task.OnMachine }); i >= 0 {
		places = append(places, place{l.Machines[i].Name, l.Machines[i].Capacity, func(k *Task) bool { return k.OnMachine == task.OnMachine }})
	}
	if i := slices.IndexFunc(l.People, func(p Person) bool { return p.ID == task.Staff }); i >= 0 {
		places = append(places, place{l.People[i].Name, l.People[i].MaxParallel, func(k *Task) bool { return k.Staff == task.Staff }})
	}
	return places
}

// pass gives a task that somebody has, with its load, to another person. Repeated: nothing changes.
// Errors: KindNotFound without such a person, KindConflict when he cannot take it.
func (c *change) pass(person, by string) error {
	l := c.floor.Layout
	i := slices.IndexFunc(l.People, func(p Person) bool { return p.named(person) })
	if i < 0 {
		return errs.NotFound("no staff member %q", person)
	}
	p := l.People[i]
	if !c.task.InHand() {
		return errs.Conflict("task %d is %s: only an ASSIGNED or STARTED task can be handed on", c.task.ID, c.task.Status)
	}
	if c.task.Staff == p.ID {
		return nil
	}
	switch {
	case !slices.Contains(p.Skills, c.task.Station):
		return errs.Conflict("%s is not skilled for %s", p.Name, l.Station(c.task.Station))
	case !p.At(l.Location, c.now):
		return errs.Conflict("%s is not at work", p.Name)
	case c.floor.handsFull(p):
		return errs.Conflict("%s has his hands full", p.Name)
	}
	all := append(c.floor.mates(c.task), member{c.ticket, c.task})
	for _, m := range all {
		c.floor.vacate(m.task, 0)
		reason := "taken over from " + l.Staff(m.task.Staff)
		m.task.Staff = p.ID
		c.j.task(m.ticket, m.task, event.TaskHanded, c.now, by, reason)
	}
	for _, m := range all {
		c.floor.occupy(m.ticket, m.task)
	}
	c.floor.dirty = true
	return nil
}

func (f *Floor) handsFull(p Person) bool {
	n := 0
	for _, h := range f.hands() {
		n += ones(h[0].Staff == p.ID)
	}
	return n >= p.MaxParallel
}
