package kitchen_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"brigade/internal/errs"
	"brigade/internal/kitchen"
	"brigade/internal/kitchen/sched"
	"brigade/internal/recipe"
)

// Whatever happens in a kitchen, in whatever order, and however often its memory is lost in between: the laws hold, and
// everything is made in the end.
func TestAnyHistoryKeepsTheLawsAndEndsWithEverythingMade(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		t.Repeat(map[string]func(*rapid.T){
			"":         func(*rapid.T) { w.check() },
			"open":     func(t *rapid.T) { w.t = t; w.open() },
			"plan":     func(*rapid.T) { w.plan() },
			"start":    func(t *rapid.T) { w.start(pick(t, w.tasks(kitchen.TaskAssigned))) },
			"complete": func(t *rapid.T) { w.complete(pick(t, w.tasks(kitchen.TaskStarted))) },
			"requeue":  func(t *rapid.T) { w.requeue(pick(t, w.tasks(kitchen.TaskAssigned))) },
			"wrong": func(t *rapid.T) {
				w.wrong(pick(t, w.tasks(kitchen.TaskUnassigned, kitchen.TaskAssigned, kitchen.TaskStarted)))
			},
			"wait": func(t *rapid.T) {
				w.now = w.now.Add(time.Duration(rapid.IntRange(0, 200).Draw(t, "seconds")) * time.Second)
			},
			"due":       func(*rapid.T) { w.due() },
			"relayout":  func(t *rapid.T) { w.relayout(drawTrouble(t, w.full)) },
			"crash":     func(*rapid.T) { w.crash() },
			"edit":      func(t *rapid.T) { w.t = t; w.edit(pick(t, all(w))) },
			"course":    func(t *rapid.T) { w.course(t, pick(t, orders(w))) },
			"rush":      func(t *rapid.T) { w.rush(pick(t, orders(w)), rapid.Bool().Draw(t, "on")) },
			"remake":    func(t *rapid.T) { w.remake(t, pick(t, w.every(kitchen.TaskStarted, kitchen.TaskCompleted))) },
			"undo":      func(t *rapid.T) { w.undo(pick(t, w.every(kitchen.TaskCompleted))) },
			"recall":    func(t *rapid.T) { w.recall(pick(t, w.every(kitchen.TaskCompleted))) },
			"hand":      func(t *rapid.T) { w.handOn(t, pick(t, w.tasks(kitchen.TaskAssigned, kitchen.TaskStarted))) },
			"old news":  func(t *rapid.T) { w.oldNews(pick(t, orders(w))) },
			"same news": func(t *rapid.T) { w.sameNews(pick(t, orders(w))) },
		})
		w.t = t
		w.finish()
	})
}

func pick(t *rapid.T, ids []int64) int64 {
	if len(ids) == 0 {
		t.Skip("none")
	}
	return rapid.SampledFrom(ids).Draw(t, "id")
}

func orders(w *world) (ids []int64) {
	for id := int64(1); id <= w.orders; id++ {
		if !w.rows[id].Closed() {
			ids = append(ids, id)
		}
	}
	return ids
}

func (w *world) open() {
	t := w.burst()
	w.floor.Open(t)
	w.must(w.floor.Dirty(), "a new ticket wants a plan")
	w.check()
}

func (w *world) plan() {
	w.change(func(j *kitchen.Journal) {
		n := w.floor.Plan(j, w.now)
		w.must(n == len(j.Decisions), "each assignment says why")
		w.must(!w.floor.Dirty(), "after a plan there is nothing to plan")
	})
	w.change(func(j *kitchen.Journal) {
		w.must(w.floor.Plan(j, w.now) == 0 && j.Empty(), "a second plan finds nothing")
	})
}

func (w *world) start(id int64) {
	w.change(func(j *kitchen.Journal) {
		task, changed, err := w.floor.Start(j, id, w.now)
		w.must(err == nil && changed && task.Status == kitchen.TaskStarted, "start: %v", err)
		n := len(j.Events)
		_, changed, err = w.floor.Start(j, id, w.now.Add(time.Second))
		w.must(err == nil && !changed && len(j.Events) == n, "a repeated start answers as before: %v", err)
	})
}

func (w *world) complete(id int64) {
	w.change(func(j *kitchen.Journal) {
		task, changed, err := w.floor.Complete(j, id, w.now, "Asha")
		w.must(err == nil && changed && task.Status == kitchen.TaskCompleted && task.CompletedBy == "Asha", "complete: %v", err)
		n := len(j.Events)
		_, changed, err = w.floor.Complete(j, id, w.now, "Asha")
		w.must(!changed && len(j.Events) == n, "a repeated completion changes nothing")
		w.must(err == nil || errs.Is(err, errs.KindNotFound) && w.index.Task(id) == nil, "a repeated completion answers as before: %v", err)
	})
}

func (w *world) requeue(id int64) {
	w.change(func(j *kitchen.Journal) {
		w.must(w.floor.Requeue(j, id, w.now, 3, "test") == nil, "requeue")
	})
}

// wrong tries what the task's status does not allow.
func (w *world) wrong(id int64) {
	status := w.rowOf(id).Status
	w.change(func(j *kitchen.Journal) {
		if status == kitchen.TaskUnassigned {
			_, _, err := w.floor.Start(j, id, w.now)
			w.must(errs.Is(err, errs.KindConflict), "start of an unassigned task: %v", err)
		}
		if status != kitchen.TaskStarted {
			_, _, err := w.floor.Complete(j, id, w.now, "")
			w.must(errs.Is(err, errs.KindConflict), "completion of a %s task: %v", status, err)
		}
		if status != kitchen.TaskAssigned {
			w.must(errs.Is(w.floor.Requeue(j, id, w.now, 0, ""), errs.KindConflict), "requeue of a %s task", status)
		}
		w.must(j.Empty() && len(j.Tasks)+len(j.Tickets) == 0, "what is refused changes nothing")
	})
}

// due runs the timers: afterwards none is overdue.
func (w *world) due() {
	w.change(func(j *kitchen.Journal) { w.floor.Due(j, w.now) })
	for _, t := range w.rows {
		for _, task := range t.Tasks {
			w.must(task.DueAt.IsZero() || task.DueAt.After(w.now), "task %d (%s) was due at %s, it is %s", task.ID, task.Status, task.DueAt, w.now)
		}
	}
	if next := w.floor.NextDue(w.now); !next.IsZero() {
		w.must(next.After(w.now), "the next due time is past")
	}
}

// drawTrouble is the full layout with machines down, people gone and capacities changed.
func drawTrouble(t *rapid.T, full *kitchen.Layout) *kitchen.Layout {
	l := clone(full)
	l.Stations = append([]sched.Station(nil), full.Stations...)
	for i := range l.Stations {
		l.Stations[i].Capacity = rapid.IntRange(1, 3).Draw(t, "capacity")
	}
	for _, s := range l.Stations[1:] {
		if rapid.IntRange(0, 4).Draw(t, "closed") == 4 {
			l.Close(s.ID, kitchen.Closure{To: rapid.Int64Range(1, s.ID-1).Draw(t, "to")})
		}
	}
	for i := range l.Machines {
		l.Machines[i].Up = rapid.Bool().Draw(t, "up")
	}
	for i := range l.People {
		l.People[i].Active = rapid.Bool().Draw(t, "there")
		l.People[i].MaxParallel = rapid.IntRange(1, 3).Draw(t, "hands")
	}
	return l
}

func (w *world) relayout(l *kitchen.Layout) {
	w.layout = l
	w.change(func(j *kitchen.Journal) { w.floor.Relayout(j, clone(l), w.now) })
	for _, id := range w.tasks(kitchen.TaskAssigned) {
		task := w.rowOf(id)
		p := find(l.People, func(p kitchen.Person) bool { return p.ID == task.Staff })
		m := find(l.Machines, func(m kitchen.Machine) bool { return m.ID == task.OnMachine })
		w.must(p.Active && (task.OnMachine == 0 || m.Up), "task %d stays with somebody who is gone or on a machine that is down", id)
	}
}

// crash forgets the floor and reads it again.
func (w *world) crash() {
	w.floor.Close()
	w.must(w.index.Len() == 0, "a closed floor leaves nothing in the index")
	var open []*kitchen.Ticket
	for _, id := range orders(w) {
		open = append(open, copyOf(w.rows[id]))
	}
	w.floor = kitchen.NewFloor(clone(w.layout), hasty(), open, w.now, w.index)
	w.check()
	for _, id := range w.tasks(kitchen.TaskStarted) {
		row, later := w.rowOf(id), sched.At(w.now).Add(time.Second)
		p := find(w.layout.People, func(p kitchen.Person) bool { return p.ID == row.Staff })
		w.must(!p.Active || w.floor.Planner().Utilization(row.Staff, later) > 0, "person %d works on task %d", row.Staff, id)
	}
}

// oldNews tells the floor of a ticket as it was when it came in.
func (w *world) oldNews(order int64) {
	old := copyOf(w.rows[order])
	if old.Version > 1 {
		old.Version = 1
	}
	for _, task := range old.Tasks {
		task.Version, task.Status = 1, kitchen.TaskUnassigned
	}
	before := w.floor.Tickets()[order]
	w.floor.Open(old)
	w.must(w.floor.Tickets()[order] == before, "an older picture replaced a newer one")
	w.check()
}

func (w *world) sameNews(order int64) {
	before := w.floor.Tickets()[order]
	w.floor.Open(copyOf(w.rows[order]))
	w.must(w.floor.Tickets()[order] == before, "the same picture changes nothing")
	w.check()
}

// finish lets everybody come back and works until everything is made.
func (w *world) finish() {
	w.relayout(w.full)
	for round := 0; len(orders(w)) > 0; round++ {
		w.must(round < 1000, "the kitchen stands still with %d tickets", len(orders(w)))
		w.fireAll()
		w.plan()
		w.startAll(func() {})
		w.now = w.now.Add(time.Minute)
		w.completeAll(func() {})
	}
	u := w.floor.Planner().Usage()
	w.must(u.Held == 0 && u.Queued == 0 && w.index.Len() == 0 && len(w.floor.Tickets()) == 0, "the floor is empty: %+v", u)
	for id := int64(1); id <= w.orders; id++ {
		w.must(w.gone[id] || w.began[id] > 0 && w.ready[id] == 1, "order %d began %d times and is ready: %d", id, w.began[id], w.ready[id])
	}
}

func (w *world) startAll(after func()) {
	for _, id := range w.tasks(kitchen.TaskAssigned) {
		if w.rowOf(id).Status == kitchen.TaskAssigned { // else it was started with its load
			w.start(id)
			after()
		}
	}
}

func (w *world) completeAll(after func()) {
	for _, id := range w.tasks(kitchen.TaskStarted) {
		if w.rowOf(id).Status == kitchen.TaskStarted {
			w.complete(id)
			after()
		}
	}
}

func (w *world) fireAll() {
	for _, id := range orders(w) {
		w.change(func(j *kitchen.Journal) { w.must(w.doer(j, id, 0).Fire(0) == nil, "fire") })
	}
}

// all lists the orders that can be edited: closed ones too.
func all(w *world) (ids []int64) {
	for id := int64(1); id <= w.orders; id++ {
		ids = append(ids, id)
	}
	return ids
}

// every lists the ids of all written tasks in a status, of closed tickets too.
func (w *world) every(status ...kitchen.TaskStatus) (ids []int64) {
	for _, order := range all(w) {
		for _, task := range w.rows[order].Tasks {
			if slices.Contains(status, task.Status) {
				ids = append(ids, task.ID)
			}
		}
	}
	return ids
}

// doer is what the desk gives to a command: a ticket of the floor or, when it is closed, as it was read.
func (w *world) doer(j *kitchen.Journal, order, task int64) kitchen.Doer {
	t := w.floor.Tickets()[order]
	if t == nil {
		t = copyOf(w.rows[order])
	}
	return kitchen.Doer{
		Floor: w.floor, J: j, Ticket: t, Task: t.Task(task), Now: w.now, By: "Asha", IDs: func() int64 { w.ids++; return w.ids },
	}
}

func (w *world) orderOf(task int64) int64 {
	for id, row := range w.rows {
		if row.Task(task) != nil {
			return id
		}
	}
	return 0
}

// try does something that may be refused: then nothing is changed, else doing it again changes nothing.
func (w *world) try(order, task int64, repeats bool, do func(kitchen.Doer) error, may func(error) bool) {
	var err error
	w.change(func(j *kitchen.Journal) {
		err = do(w.doer(j, order, task))
		w.must(err == nil || j.Empty() && len(j.Tasks)+len(j.Orders)+len(j.Waste) == 0, "what is refused changes nothing: %v", err)
		w.must(err == nil || may(err), "refused: %v", err)
	})
	if err == nil && repeats {
		w.change(func(j *kitchen.Journal) {
			w.must(do(w.doer(j, order, task)) == nil && j.Empty(), "repeated, nothing changes")
		})
	}
}

func conflicts(err error) bool { return errs.Is(err, errs.KindConflict) }

func (w *world) edit(order int64) {
	e := kitchen.Edit{By: "Asha", Reason: "changed his mind", Made: rapid.SampledFrom([]kitchen.Made{"", kitchen.Wasted, kitchen.Returned}).Draw(w.t, "made")}
	switch kind := rapid.IntRange(0, 5).Draw(w.t, "kind"); kind {
	case 0:
		e.Cancel = true
	case 1:
		e.More = []kitchen.WorkLine{{Item: "more", Quantity: rapid.IntRange(1, 2).Draw(w.t, "quantity"), Course: rapid.IntRange(1, 3).Draw(w.t, "course"), Recipe: drawRecipe(w.t, w.full)}}
	default:
		e.Line, e.Quantity, e.Begun = rapid.IntRange(1, 2).Draw(w.t, "line"), rapid.IntRange(0, 2).Draw(w.t, "quantity"), kind == 5
	}
	gone := w.gone[order]
	w.try(order, 0, e.More == nil, func(d kitchen.Doer) error {
		before := map[int64]bool{}
		for _, task := range d.Ticket.Tasks {
			before[task.ID] = task.Status != kitchen.TaskCancelled && task.Begun()
		}
		err := d.Edit(e)
		lost := 0
		for _, task := range d.Ticket.Tasks {
			lost += count(before[task.ID] && task.Status == kitchen.TaskCancelled)
		}
		for _, waste := range d.J.Waste {
			w.must(waste.Share > 0 && waste.Share <= 1 && waste.Made != "" && waste.Reason == e.Reason, "waste %+v", waste)
			lost -= len(waste.Steps)
		}
		w.must(lost == 0, "%d steps were made in vain and not recorded", lost)
		return err
	}, func(err error) bool { return gone || !errs.Is(err, errs.KindInternal) })
}

func (w *world) course(t *rapid.T, order int64) {
	no := rapid.IntRange(0, 3).Draw(t, "course")
	if rapid.Bool().Draw(t, "hold") {
		w.try(order, 0, true, func(d kitchen.Doer) error { return d.Hold(no) }, conflicts)
		return
	}
	w.try(order, 0, true, func(d kitchen.Doer) error { return d.Fire(no) }, conflicts)
}

func (w *world) rush(order int64, on bool) {
	w.try(order, 0, true, func(d kitchen.Doer) error { d.Rush(on); return nil }, conflicts)
	w.must(w.rows[order].Rush == on, "rush")
}

func (w *world) remake(t *rapid.T, task int64) {
	k := *w.rowOf(task)
	step := rapid.SampledFrom([]int{-1, k.Step}).Draw(t, "from")
	w.try(w.orderOf(task), 0, true, func(d kitchen.Doer) error { return d.Remake(k.Line, k.Unit, step) }, conflicts)
}

func (w *world) undo(task int64) {
	w.try(w.orderOf(task), task, true, kitchen.Doer.Undo, conflicts)
}

func (w *world) recall(task int64) {
	w.try(w.orderOf(task), task, true, kitchen.Doer.Recall, conflicts)
}

func (w *world) handOn(t *rapid.T, task int64) {
	p := rapid.SampledFrom(w.full.People).Draw(t, "to")
	w.try(w.orderOf(task), task, true, func(d kitchen.Doer) error { return d.Hand(p.Name) }, conflicts)
}

// A newer picture of a ticket, as another node wrote it, replaces ours whatever changed in it.
func TestNewerPictureReplacesAndFreesWhatTheOldOneHeld(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ours, theirs := newWorld(t), newWorld(t)
		theirs.full, theirs.layout = ours.full, ours.full
		theirs.floor = kitchen.NewFloor(clone(ours.full), hasty(), nil, noon, theirs.index)
		theirs.open()
		pictures := []*kitchen.Ticket{copyOf(theirs.rows[1])}
		for len(orders(theirs)) > 0 {
			look := func() { pictures = append(pictures, copyOf(theirs.rows[1])) }
			theirs.fireAll()
			theirs.now = theirs.now.Add(time.Minute)
			theirs.plan()
			look()
			theirs.startAll(look)
			theirs.completeAll(look)
		}
		last := len(pictures) - 1
		order := rapid.SliceOfN(rapid.IntRange(0, last-1), 0, 20).Draw(t, "order of hearing")
		newest := -1
		for _, i := range order {
			ours.floor.Open(copyOf(pictures[i]))
			newest = max(newest, i)
			ours.rows[1] = pictures[newest]
			ours.events, ours.began, ours.ready = eventsUpTo(theirs, pictures[newest])
			ours.check()
		}
		if newest >= 0 {
			ours.floor.Open(pictures[last])
			ours.must(ours.index.Len() == 0 && ours.floor.Planner().Usage().Held == 0, "a closed picture clears the floor")
		}
	})
}

func TestSettingsDecideWhetherWorkEndsByItself(t *testing.T) {
	t.Parallel()
	for _, auto := range []bool{true, false} {
		l := demo()
		s := kitchen.DefaultSettings()
		s.AutoComplete = auto
		f := kitchen.NewFloor(l, s, nil, noon, kitchen.NewIndex())
		ticket := dipCup(1, 1)
		f.Open(ticket)
		j := kitchen.NewJournal(l)
		require.Equal(t, 1, f.Plan(j, noon))
		_, _, err := f.Start(j, 1, noon)
		require.NoError(t, err)
		f.Due(j, noon.Add(11*time.Second))
		require.False(t, ticket.Closed())
		f.Due(j, noon.Add(12*time.Second))
		require.Equal(t, auto, ticket.Closed())
		f.Due(j, noon.Add(time.Hour))
		require.Equal(t, auto, ticket.Closed())
		if auto {
			require.Equal(t, "Noah", ticket.Tasks[0].CompletedBy)
			require.Equal(t, []kitchen.StaffWork{{Staff: 3, Estimate: 12 * time.Second, Took: 12 * time.Second, Orders: 1, At: noon.Add(12 * time.Second)}}, j.Staff)
		}
	}
}

func TestStaleAssignmentGoesBackWithABoost(t *testing.T) {
	t.Parallel()
	l := demo()
	f := kitchen.NewFloor(l, kitchen.DefaultSettings(), nil, noon, kitchen.NewIndex())
	ticket := dipCup(1, 1)
	f.Open(ticket)
	j := kitchen.NewJournal(l)
	f.Plan(j, noon)
	stale := noon.Add(l.StaleAfter)
	require.Equal(t, stale, f.NextDue(noon))
	f.Due(j, stale.Add(-time.Microsecond))
	require.Equal(t, kitchen.TaskAssigned, ticket.Tasks[0].Status)
	f.Due(j, stale)
	task := ticket.Tasks[0]
	require.Equal(t, kitchen.TaskUnassigned, task.Status)
	require.InDelta(t, 10, task.Boost, 0)
	require.Equal(t, 1, task.Requeues)
	require.Zero(t, task.Staff)
	require.Equal(t, kitchen.TicketInProgress, ticket.Status)
	require.True(t, f.Dirty())
	require.Equal(t, 1, f.Plan(j, stale))
	require.Equal(t, []int{0, 1}, []int{j.Decisions[0].Attempt, j.Decisions[1].Attempt})
}

func TestPlanWakesWhenABreakEnds(t *testing.T) {
	t.Parallel()
	l := demo()
	back := noon.Add(10 * time.Minute)
	for i := range l.People {
		l.People[i].Hours.Taken = []sched.Interval{{From: sched.At(noon), To: sched.At(back)}}
	}
	f := kitchen.NewFloor(l, kitchen.DefaultSettings(), nil, noon, kitchen.NewIndex())
	f.Open(dipCup(1, 1))
	j := kitchen.NewJournal(l)
	require.Zero(t, f.Plan(j, noon))
	require.Equal(t, back, f.NextDue(noon))
	f.Due(j, back.Add(-time.Second))
	require.False(t, f.Dirty())
	f.Due(j, back)
	require.True(t, f.Dirty())
	require.Equal(t, 1, f.Plan(j, back))
}

func TestLearningStaysWithinBounds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		e := rapid.Float64Range(0.25, 4).Draw(t, "efficiency")
		got := kitchen.Learn(e, time.Duration(rapid.Int64Range(1, int64(time.Hour)).Draw(t, "estimate")),
			time.Duration(rapid.Int64Range(-int64(time.Hour), int64(time.Hour)).Draw(t, "took")))
		if got < 0.25 || got > 4 {
			t.Fatalf("learned %f", got)
		}
	})
	require.InDelta(t, 1.1, kitchen.Learn(1, 20*time.Second, 10*time.Second), 1e-9)
}

func dipCup(order int64, task int64) *kitchen.Ticket {
	w := kitchen.Work{Order: order, Tenant: tenant, Outlet: outlet, Number: "ORD_1", Priority: 1, At: noon, Lines: []kitchen.WorkLine{{
		Item: "dip_cup", Quantity: 1,
		Recipe: recipe.Recipe{Steps: []recipe.Step{{Description: "fill dip cup", Station: adhoc, Estimate: 12 * time.Second, Priority: 6}}},
	}}}
	t := kitchen.Burst(w, func() int64 { task++; return task - 1 })
	kitchen.NewJournal(demo()).Opened(t)
	return t
}
