package kitchen_test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"pgregory.net/rapid"

	"brigade/internal/event"
	"brigade/internal/kitchen"
	"brigade/internal/kitchen/sched"
	"brigade/internal/recipe"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

const (
	tenant = 7
	outlet = 42
)

// world is a floor together with a table of what was written, which checks every law after every change.
type world struct {
	t      *rapid.T
	now    time.Time
	full   *kitchen.Layout // everything up and everybody there
	layout *kitchen.Layout
	index  *kitchen.Index
	floor  *kitchen.Floor
	rows   map[int64]*kitchen.Ticket // as Postgres would have them
	events map[int64][]entry         // by task
	began  map[int64]int             // by order
	ready  map[int64]int
	gone   map[int64]bool        // cancelled
	last   map[int64]int         // sequence of a ticket's events
	units  map[int64]map[int]int // by order and line, as the order has them
	ids    int64
	orders int64
}

// entry is an event of a task and the status that it tells, which is read once: every law looks at every event again.
type entry struct {
	event.Event
	status kitchen.TaskStatus
}

func newWorld(t *rapid.T) *world {
	w := &world{
		t: t, now: noon, index: kitchen.NewIndex(), rows: map[int64]*kitchen.Ticket{}, events: map[int64][]entry{},
		began: map[int64]int{}, ready: map[int64]int{}, gone: map[int64]bool{}, last: map[int64]int{}, units: map[int64]map[int]int{},
	}
	w.full = drawLayout(t)
	w.layout = w.full
	w.floor = kitchen.NewFloor(clone(w.layout), settings(t), nil, w.now, w.index)
	return w
}

// hasty are settings with which the planner does not look for long: the laws hold for bad plans as for good ones.
func hasty() kitchen.Settings {
	s := kitchen.DefaultSettings()
	s.Aims.Tries, s.Aims.Placements = 1, 200
	return s
}

func settings(t *rapid.T) kitchen.Settings {
	s := hasty()
	s.AutoComplete = rapid.Bool().Draw(t, "auto-complete")
	return s
}

// drawLayout makes a kitchen in which everything can be made: each station has a skilled person.
func drawLayout(t *rapid.T) *kitchen.Layout {
	l := &kitchen.Layout{Tenant: tenant, Outlet: outlet, Location: time.UTC, StaleAfter: 2 * time.Minute, CourseGap: time.Minute}
	small := rapid.IntRange(1, 3)
	for i := range rapid.IntRange(1, 4).Draw(t, "stations") {
		id := int64(i + 1)
		l.Stations = append(l.Stations, sched.Station{ID: id, Name: fmt.Sprint("station ", id), Capacity: small.Draw(t, "capacity")})
		for range rapid.IntRange(0, 2).Draw(t, "machines") {
			m := sched.Machine{ID: int64(len(l.Machines) + 1), Station: id, Capacity: small.Draw(t, "slots"), Up: true}
			m.Name = fmt.Sprint("machine ", m.ID)
			l.Machines = append(l.Machines, kitchen.Machine{Machine: m})
		}
	}
	for i := range rapid.IntRange(1, 4).Draw(t, "staff") {
		p := kitchen.Person{ID: int64(i + 1), Name: fmt.Sprint("person ", i+1), Active: true, MaxParallel: small.Draw(t, "hands"), Efficiency: 1}
		for _, s := range l.Stations {
			if i == 0 || rapid.Bool().Draw(t, "skilled") {
				p.Skills = append(p.Skills, s.ID)
			}
		}
		l.People = append(l.People, p)
	}
	return l.Index()
}

// clone copies what a floor may change of a layout.
func clone(l *kitchen.Layout) *kitchen.Layout {
	c := *l
	c.Machines, c.People = slices.Clone(l.Machines), slices.Clone(l.People)
	return c.Index()
}

// drawRecipe makes steps that wait for any others, without a circle.
func drawRecipe(t *rapid.T, l *kitchen.Layout) recipe.Recipe {
	n := rapid.IntRange(1, 5).Draw(t, "steps")
	rank := rapid.Permutation(seq(n)).Draw(t, "rank") // a step may wait for those of lower rank
	steps := make([]recipe.Step, n)
	for i := range steps {
		st := rapid.SampledFrom(l.Stations).Draw(t, "station")
		s := recipe.Step{
			Description: fmt.Sprint("step ", i), Station: st.ID, Priority: float64(rapid.IntRange(0, 20).Draw(t, "priority")),
			Estimate: time.Duration(rapid.IntRange(1, 300).Draw(t, "seconds")) * time.Second,
		}
		if rapid.Bool().Draw(t, "in loads") {
			s.Batch = recipe.Batch{Size: 2 + i%2, Wait: time.Duration(rapid.IntRange(0, 90).Draw(t, "waits for company")) * time.Second}
		}
		for j := range n {
			if rank[j] < rank[i] && rapid.Bool().Draw(t, "waits") {
				s.After = append(s.After, j)
			}
		}
		for _, m := range l.Machines {
			if m.Station == st.ID && rapid.Bool().Draw(t, "names a machine") {
				s.Machine = m.ID
			}
		}
		steps[i] = s
	}
	return recipe.Recipe{ID: 1, Steps: steps}
}

func seq(n int) []int {
	s := make([]int, n)
	for i := range s {
		s[i] = i
	}
	return s
}

// burst makes a ticket of one to three lines and writes it.
func (w *world) burst() *kitchen.Ticket {
	w.orders++
	work := kitchen.Work{Order: w.orders, Tenant: tenant, Outlet: outlet, Number: fmt.Sprint("ORD_", w.orders), Priority: 1, At: w.now}
	work.Hold = rapid.IntRange(0, 4).Draw(w.t, "held") == 4
	for range rapid.IntRange(1, 2).Draw(w.t, "lines") {
		work.Lines = append(work.Lines, kitchen.WorkLine{
			Item: "item", Quantity: rapid.IntRange(1, 2).Draw(w.t, "quantity"), Recipe: drawRecipe(w.t, w.full),
			Course: max(1, rapid.IntRange(-2, 3).Draw(w.t, "course")),
		})
	}
	t := kitchen.Burst(work, func() int64 { w.ids++; return w.ids })
	w.checkBurst(work, t)
	j := kitchen.NewJournal(w.layout)
	j.Opened(t)
	w.take(j)
	t.Written()
	w.rows[t.Order] = copyOf(t)
	w.units[t.Order] = map[int]int{}
	for i, l := range work.Lines {
		w.units[t.Order][i+1] = l.Quantity
	}
	return t
}

func (w *world) checkBurst(work kitchen.Work, t *kitchen.Ticket) {
	w.must(len(t.Tasks) == work.Tasks(), "one task per step and unit")
	i := 0
	for l, line := range work.Lines {
		for unit := range line.Quantity {
			first := t.Tasks[i].ID
			for s, step := range line.Recipe.Steps {
				task := t.Tasks[i]
				w.must(task.Line == l+1 && task.Unit == unit+1 && task.Step == s, "tasks follow the order's lines, units and steps")
				w.must(task.PendingDeps == len(step.After) && len(task.DependsOn) == len(step.After), "as many dependencies as the recipe says")
				for k, dep := range step.After {
					w.must(task.DependsOn[k] == first+int64(dep), "dependencies stay within the unit")
					w.must(slices.Contains(t.Task(task.DependsOn[k]).Unlocks, task.ID), "what waits is unlocked by what it waits for")
				}
				w.must((task.PendingDeps == 0) == slices.Contains(t.ReadyAtStart(), task.ID), "ready at the start is what waits for nothing")
				i++
			}
		}
	}
}

// copyOf is a ticket as it would be read from Postgres.
func copyOf(t *kitchen.Ticket) *kitchen.Ticket {
	c := *t
	c.Courses = slices.Clone(t.Courses)
	c.Tasks = make([]*kitchen.Task, len(t.Tasks))
	for i, task := range t.Tasks {
		copied := *task
		c.Tasks[i] = &copied
	}
	c.Link()
	c.Written()
	return &c
}

// change runs a change with a journal of its own, writes what it journals and checks the laws.
func (w *world) change(do func(j *kitchen.Journal)) {
	j := kitchen.NewJournal(w.floor.Layout)
	before := w.holds()
	do(j)
	w.take(j)
	w.write(j)
	w.check()
	w.checkNewHolds(before)
}

// take checks a journal's events and steps, and remembers them.
func (w *world) take(j *kitchen.Journal) {
	seen := map[int64]bool{}
	for _, task := range j.Tasks {
		w.must(!seen[task.ID], "the journal lists task %d twice", task.ID)
		seen[task.ID] = true
	}
	for _, e := range j.Events {
		w.must(e.Tenant == tenant && e.Outlet == outlet, "events know whose they are")
		if e.AggregateType == event.AggregateTicket {
			w.must(e.Sequence > w.last[e.AggregateID], "event %d of ticket %d comes after %d", e.Sequence, e.AggregateID, w.last[e.AggregateID])
			w.last[e.AggregateID] = e.Sequence
			continue
		}
		p, _ := e.TaskPayload()
		w.events[e.AggregateID] = append(w.events[e.AggregateID], entry{e, kitchen.TaskStatus(p.Status)})
	}
	for _, s := range j.Orders {
		w.must(!w.gone[s.Order], "order %d was cancelled and goes on", s.Order)
		switch {
		case s.Edit != nil:
			w.edited(s)
		case s.Ready:
			w.ready[s.Order]++
			w.must(w.ready[s.Order] == 1, "order %d is ready twice", s.Order)
		default:
			w.began[s.Order]++
			w.must(w.ready[s.Order] == 0, "order %d is ready before it began", s.Order)
		}
	}
}

// write overwrites rows as the versions allow.
func (w *world) write(j *kitchen.Journal) {
	for _, a := range j.Added {
		row := *a.Task
		row.Version = a.Task.Expected()
		w.rows[a.Ticket.Order].Tasks = append(w.rows[a.Ticket.Order].Tasks, &row)
	}
	for _, a := range j.Added {
		w.rows[a.Ticket.Order].Link()
	}
	for _, task := range j.Tasks {
		row := w.rowOf(task.ID)
		w.must(row.Version == task.Expected(), "task %d: the row has version %d, expected was %d", task.ID, row.Version, task.Expected())
		*row = *task
	}
	for _, t := range j.Tickets {
		row := w.rows[t.Order]
		w.must(row.Version == t.Expected(), "ticket %d: the row has version %d, expected was %d", t.Order, row.Version, t.Expected())
		tasks := row.Tasks
		*row = *t
		row.Tasks = tasks
		t.Written()
	}
	for _, t := range w.floor.Tickets() {
		t.Written()
	}
}

func (w *world) rowOf(task int64) *kitchen.Task {
	for _, t := range w.rows {
		if row := t.Task(task); row != nil {
			return row
		}
	}
	w.t.Fatalf("task %d was never written", task)
	return nil
}

// check compares the floor with the rows, and both with the laws.
func (w *world) check() {
	w.t.Helper()
	open, tasks, queued, held, batched := 0, 0, 0, 0, 0
	hands := map[int64]bool{}
	stations, machines, people := w.count()
	for order, row := range w.rows {
		w.checkTicket(row)
		t := w.floor.Tickets()[order]
		w.must((t == nil) == row.Closed(), "ticket %d is on the floor exactly while it is open", order)
		if t == nil {
			continue
		}
		open++
		for i, task := range t.Tasks {
			tasks++
			w.must(w.index.Task(task.ID) == t, "task %d is in the index", task.ID)
			w.must(equal(task, row.Tasks[i]), "task %d in memory is not what was written", task.ID)
			queued += count(task.Ready() && task.Batch.Size < 2)
			batched += count(task.Ready() && task.Batch.Size > 1)
			if holding(task) && !hands[hand(task)] {
				hands[hand(task)] = true
				held++
			}
		}
		w.must(t.Rush == row.Rush && slices.Equal(t.Courses, row.Courses), "ticket %d in memory is not what was written", order)
	}
	formed, members, waiting := w.floor.Loads()
	queued += formed
	w.must(members+waiting == batched, "%d tasks are in loads and %d wait for one, %d are ready", members, waiting, batched)
	w.must(w.index.Len() == tasks && len(w.floor.Tickets()) == open, "nothing else is on the floor")
	u := w.floor.Planner().Usage()
	w.must(u.Queued == queued && u.Held == held, "the planner has %d queued and %d held, the tickets %d and %d", u.Queued, u.Held, queued, held)
	w.checkUnits()
	for name, pair := range map[string]struct {
		busy []sched.Busy
		want map[int64]int
	}{"station": {u.Stations, stations}, "machine": {u.Machines, machines}, "person": {u.Staff, people}} {
		for _, b := range pair.busy {
			w.must(b.Busy == pair.want[b.ID], "%s %d: the planner counts %d, the tickets %d", name, b.ID, b.Busy, pair.want[b.ID])
		}
	}
}

func count(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// equal compares what can change of a task.
func equal(a, b *kitchen.Task) bool {
	return a.Status == b.Status && a.Version == b.Version && a.PendingDeps == b.PendingDeps && a.Boost == b.Boost &&
		a.Requeues == b.Requeues && a.Staff == b.Staff && a.OnMachine == b.OnMachine && a.ReadyAt.Equal(b.ReadyAt) &&
		a.AssignedAt.Equal(b.AssignedAt) && a.StartedAt.Equal(b.StartedAt) && a.DueAt.Equal(b.DueAt) &&
		a.CompletedAt.Equal(b.CompletedAt) && a.CompletedBy == b.CompletedBy && a.Load == b.Load && a.Station == b.Station &&
		a.Machine == b.Machine
}

// checkTicket holds a written ticket and its tasks against contract K.
func (w *world) checkTicket(t *kitchen.Ticket) {
	done, live, touched, begun := 0, 0, false, false
	for _, task := range t.Tasks {
		done += count(task.Status == kitchen.TaskCompleted)
		live += count(task.Status != kitchen.TaskCancelled)
		w.checkTask(t, task)
		begun = begun || slices.ContainsFunc(w.events[task.ID], func(e entry) bool { return e.Type == event.TaskStarted })
		touched = touched || slices.ContainsFunc(w.events[task.ID], func(e entry) bool { return e.Type == event.TaskAssigned })
	}
	w.checkLoads(t)
	want := kitchen.TicketConfirmed
	switch {
	case live == 0:
		want = kitchen.TicketCancelled
	case done == live:
		want = kitchen.TicketCompleted
	case done > 0:
		want = kitchen.TicketPartCompleted
	case touched:
		want = kitchen.TicketInProgress
	}
	w.must(t.Done == done, "ticket %d counts %d done, there are %d", t.Order, t.Done, done)
	w.must(t.Status == want && t.Closed() == (done == live), "ticket %d is %s, should be %s", t.Order, t.Status, want)
	w.must(w.ready[t.Order] == count(t.Status == kitchen.TicketCompleted), "order %d is %s and ready: %d", t.Order, t.Status, w.ready[t.Order])
	w.must(w.gone[t.Order] == (t.Status == kitchen.TicketCancelled), "order %d is %s and cancelled: %t", t.Order, t.Status, w.gone[t.Order])
	w.must((w.began[t.Order] > 0) == begun, "order %d began %d times", t.Order, w.began[t.Order])
}

// edited does what the order feature does with an edit.
func (w *world) edited(s kitchen.OrderStep) {
	if s.Edit.Cancel {
		w.gone[s.Order], w.ready[s.Order] = true, 0
		w.units[s.Order] = map[int]int{}
	}
	if s.Edit.Reopen {
		w.must(w.ready[s.Order] == 1, "order %d is not ready and goes back", s.Order)
		w.ready[s.Order] = 0
	}
	for _, c := range s.Edit.Less {
		w.units[s.Order][c.Line] -= c.Units
	}
	for _, l := range s.Edit.More {
		w.must(w.units[s.Order][l.No] == 0, "line %d is new", l.No)
		w.units[s.Order][l.No] = l.Quantity
	}
}

// checkUnits compares what the tickets make with what the orders hold.
func (w *world) checkUnits() {
	for order, lines := range w.units {
		made := map[int]map[int]bool{}
		for _, task := range w.rows[order].Tasks {
			if task.Status == kitchen.TaskCancelled {
				continue
			}
			if made[task.Line] == nil {
				made[task.Line] = map[int]bool{}
			}
			made[task.Line][task.Unit] = true
		}
		for line, units := range lines {
			w.must(len(made[line]) == units, "order %d holds %d of line %d, made are %d", order, units, line, len(made[line]))
		}
	}
}

func (w *world) everStarted(t *kitchen.Ticket) bool {
	return slices.ContainsFunc(t.Tasks, func(task *kitchen.Task) bool { return !task.StartedAt.IsZero() })
}

// after says which event may follow which.
var after = map[event.Type][]event.Type{
	"":                  {event.TaskCreated},
	event.TaskCreated:   {event.TaskReady, event.TaskMoved, event.TaskCancelled},
	event.TaskReady:     {event.TaskAssigned, event.TaskMoved, event.TaskBlocked, event.TaskCancelled},
	event.TaskAssigned:  {event.TaskStarted, event.TaskRequeued, event.TaskHanded, event.TaskCancelled},
	event.TaskRequeued:  {event.TaskAssigned, event.TaskMoved, event.TaskBlocked, event.TaskCancelled},
	event.TaskBlocked:   {event.TaskReady, event.TaskMoved, event.TaskCancelled},
	event.TaskMoved:     {event.TaskReady, event.TaskAssigned, event.TaskMoved, event.TaskBlocked, event.TaskCancelled},
	event.TaskStarted:   {event.TaskCompleted, event.TaskHanded, event.TaskCancelled},
	event.TaskHanded:    {event.TaskStarted, event.TaskCompleted, event.TaskRequeued, event.TaskHanded, event.TaskCancelled},
	event.TaskCompleted: {event.TaskRecalled, event.TaskCancelled},
	event.TaskRecalled:  {event.TaskReady, event.TaskCompleted, event.TaskMoved, event.TaskHanded, event.TaskCancelled},
	event.TaskCancelled: nil,
}

// checkLoads makes sure that what shares a load is of one kind, fits, and is where it is together.
func (w *world) checkLoads(t *kitchen.Ticket) {
	for _, task := range t.Tasks {
		if task.Load == 0 || !holding(task) {
			continue
		}
		n := 0
		for _, row := range w.rows {
			for _, k := range row.Tasks {
				if k.Load == task.Load && holding(k) {
					n++
					w.must(k.Status == task.Status && k.Staff == task.Staff && k.OnMachine == task.OnMachine && k.Station == task.Station &&
						k.Description == task.Description, "tasks %d and %d share a load and nothing else", k.ID, task.ID)
				}
			}
		}
		w.must(n <= task.Batch.Size, "load %d has %d of %d", task.Load, n, task.Batch.Size)
	}
}

// hand is what a task holds: its load, or itself.
func hand(task *kitchen.Task) int64 { return cmp.Or(task.Load, task.ID) }

func (w *world) checkTask(t *kitchen.Ticket, task *kitchen.Task) {
	w.checkDeps(t, task)
	has := task.Status != kitchen.TaskUnassigned && (task.Status != kitchen.TaskCancelled || task.Begun())
	w.must((task.Staff != 0) == has, "task %d is %s and has person %d", task.ID, task.Status, task.Staff)
	w.must(task.Version == len(w.events[task.ID]), "task %d has version %d after %d events", task.ID, task.Version, len(w.events[task.ID]))
	var last event.Type
	requeues := 0
	for i, e := range w.events[task.ID] {
		w.must(e.Sequence == i+1, "event %d of task %d has sequence %d", i+1, task.ID, e.Sequence)
		w.must(slices.Contains(after[last], e.Type), "task %d: %s after %s", task.ID, e.Type, last)
		last = e.Type
		requeues += count(last == event.TaskRequeued || last == event.TaskRecalled && e.status == kitchen.TaskUnassigned)
	}
	w.must(task.Requeues == requeues, "task %d was requeued %d times, says %d", task.ID, requeues, task.Requeues)
}

// checkDeps makes sure that nothing is done, or ready, before what it needs, or while it is held.
func (w *world) checkDeps(t *kitchen.Ticket, task *kitchen.Task) {
	if task.Status == kitchen.TaskCancelled {
		return
	}
	pending := 0
	for _, id := range task.DependsOn {
		w.must(t.Task(id).Status != kitchen.TaskCancelled, "task %d waits for task %d, which is cancelled", task.ID, id)
		pending += count(t.Task(id).Status != kitchen.TaskCompleted)
	}
	w.must(task.PendingDeps == pending, "task %d waits for %d, says %d", task.ID, pending, task.PendingDeps)
	if task.Status != kitchen.TaskUnassigned {
		w.must(pending == 0, "task %d is %s and waits for %d others", task.ID, task.Status, pending)
		w.must(task.Status != kitchen.TaskAssigned || !t.IsHeld(task), "task %d is assigned and held", task.ID)
		return
	}
	w.must(task.Ready() == (pending == 0 && !t.IsHeld(task)), "task %d is ready: %t, with %d pending, held: %t", task.ID, task.Ready(), pending, t.IsHeld(task))
}

func holding(task *kitchen.Task) bool {
	return task.Status == kitchen.TaskAssigned || task.Status == kitchen.TaskStarted
}

// grip is an assignment of a task to a person.
type grip struct {
	attempt int
	staff   int64
}

// holds lists which tasks and loads have somebody.
func (w *world) holds() map[int64]grip {
	held := map[int64]grip{}
	for _, t := range w.rows {
		for _, task := range t.Tasks {
			if holding(task) {
				held[hand(task)] = grip{task.Requeues * count(task.Load == 0), task.Staff}
			}
		}
	}
	return held
}

// count tells how much of each station, machine and person the written tasks use.
func (w *world) count() (stations, machines, people map[int64]int) {
	stations, machines, people = map[int64]int{}, map[int64]int{}, map[int64]int{}
	hands := map[int64]bool{}
	for _, t := range w.rows {
		for _, task := range t.Tasks {
			if holding(task) && !hands[hand(task)] {
				hands[hand(task)] = true
				stations[task.Station]++
				machines[task.OnMachine]++
				people[task.Staff]++
			}
		}
	}
	return stations, machines, people
}

// checkNewHolds makes sure that what was assigned just now fits: skill, presence, capacity of all three.
func (w *world) checkNewHolds(before map[int64]grip) {
	stations, machines, people := w.count()
	l := w.floor.Layout
	for _, t := range w.rows {
		for _, task := range t.Tasks {
			old, had := before[hand(task)]
			had = had && old.attempt == task.Requeues*count(task.Load == 0)
			if !holding(task) || had && old.staff == task.Staff {
				continue
			}
			events := w.events[task.ID]
			goesOn := events[len(events)-1].Type == event.TaskRecalled // whoever is there: he had it all the time
			st := find(l.Stations, func(s sched.Station) bool { return s.ID == task.Station })
			w.must(had || stations[task.Station] <= st.Capacity, "station %d holds %d of %d", task.Station, stations[task.Station], st.Capacity)
			p := find(l.People, func(p kitchen.Person) bool { return p.ID == task.Staff })
			w.must(goesOn || p.Active && slices.Contains(p.Skills, task.Station), "person %d cannot work at station %d", task.Staff, task.Station)
			w.must(people[task.Staff] <= p.MaxParallel, "person %d holds %d of %d", task.Staff, people[task.Staff], p.MaxParallel)
			w.checkMachine(l, task, machines, had, goesOn)
		}
	}
}

func (w *world) checkMachine(l *kitchen.Layout, task *kitchen.Task, machines map[int64]int, had, goesOn bool) {
	here := func(m kitchen.Machine) bool { return m.Station == task.Station }
	w.must(task.Machine == 0 || task.Machine == task.OnMachine, "task %d needs machine %d, is on %d", task.ID, task.Machine, task.OnMachine)
	if !slices.ContainsFunc(l.Machines, here) && task.Machine == 0 {
		w.must(task.OnMachine == 0, "station %d has no machines", task.Station)
		return
	}
	m := find(l.Machines, func(m kitchen.Machine) bool { return m.ID == task.OnMachine })
	w.must(had || (m.Up || goesOn) && machines[m.ID] <= m.Capacity || goesOn && task.OnMachine == 0, "machine %d (up: %t) holds %d of %d", m.ID, m.Up, machines[m.ID], m.Capacity)
}

func find[T any](list []T, is func(T) bool) (found T) {
	if i := slices.IndexFunc(list, is); i >= 0 {
		found = list[i]
	}
	return found
}

func (w *world) must(ok bool, format string, a ...any) {
	if !ok {
		w.t.Helper()
		w.t.Fatalf(format, a...)
	}
}

// tasks lists the ids of the written tasks in a status, of open tickets.
func (w *world) tasks(status ...kitchen.TaskStatus) (ids []int64) {
	for _, order := range slices.Sorted(maps.Keys(w.rows)) {
		if w.rows[order].Closed() {
			continue
		}
		for _, task := range w.rows[order].Tasks {
			if slices.Contains(status, task.Status) {
				ids = append(ids, task.ID)
			}
		}
	}
	return ids
}
