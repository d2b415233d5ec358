package kitchen

import (
	"cmp"
	"slices"
	"time"

	"brigade/internal/errs"
	"brigade/internal/event"
)

// Made is what becomes of food that was made, or begun, and is not wanted any more.
type Made string

// What can become of it.
const (
	Wasted   Made = "wasted"
	Returned Made = "returned" // kept for somebody else
)

// Why food was made in vain.
const (
	WhyCancelled = "cancelled"
	WhyRemade    = "remade"
)

// Waste is a unit of a line that was made, or begun, in vain.
type Waste struct {
	Tenant, Outlet, Order int64
	Line, Unit            int
	Item                  string
	Steps                 []string // what was done of it
	Share                 float64  // of the unit's work by the estimates, above 0 to 1: the share of its price that is lost
	Made                  Made
	Why                   string
	Reason, By            string
	At                    time.Time
}

// call says who wants less, or something again, and why.
type call struct {
	at         time.Time
	by, reason string
	made       Made // what becomes of what is made
}

// cancelled ends a task that is not wanted any more. Who has it hears of it by the event.
func (j *Journal) cancelled(t *Ticket, task *Task, c call) {
	if task.Status == TaskAssigned {
		task.AssignedAt = time.Time{}
	}
	task.Status, task.DueAt = TaskCancelled, time.Time{}
	j.task(t, task, event.TaskCancelled, c.at, c.by, c.reason)
	if !task.Begun() {
		task.Staff, task.OnMachine, task.Load = 0, 0, 0 // after the event, which tells who had it
	}
}

// unit returns the live tasks of one unit of a line.
func (t *Ticket) unit(line, unit int) (tasks []*Task) {
	for _, task := range t.Tasks {
		if task.Line == line && task.Unit == unit && task.Status != TaskCancelled {
			tasks = append(tasks, task)
		}
	}
	return tasks
}

// units lists the units of a line that are wanted, the least begun first; of equals the last one first.
func (t *Ticket) units(line int) []int {
	done := map[int]time.Duration{}
	for _, task := range t.Tasks {
		if task.Line != line || task.Status == TaskCancelled {
			continue
		}
		worth := map[TaskStatus]time.Duration{TaskAssigned: 1, TaskStarted: task.Estimate, TaskCompleted: task.Estimate}
		done[task.Unit] += worth[task.Status]
	}
	units := make([]int, 0, len(done))
	for unit := range done {
		units = append(units, unit)
	}
	slices.SortFunc(units, func(a, b int) int { return cmp.Or(cmp.Compare(done[a], done[b]), cmp.Compare(b, a)) })
	return units
}

// cancelTasks ends tasks of one unit and records what was made of it.
func (j *Journal) cancelTasks(t *Ticket, all, ended []*Task, why string, c call) {
	var made, work time.Duration
	w := Waste{
		Tenant: t.Tenant, Outlet: t.Outlet, Order: t.Order, Line: ended[0].Line, Unit: ended[0].Unit, Item: ended[0].Item,
		Made: cmp.Or(c.made, Wasted), Why: why, Reason: c.reason, By: c.by, At: c.at,
	}
	for _, task := range all {
		work += task.Estimate
	}
	for _, task := range ended {
		if task.Begun() {
			made += task.Estimate
			w.Steps = append(w.Steps, task.Description)
		}
		j.cancelled(t, task, c)
	}
	if made > 0 {
		w.Share = float64(made) / float64(work)
		j.Waste = append(j.Waste, w)
	}
}

// cancelOrder ends everything. Repeated: nothing changes.
func (j *Journal) cancelOrder(t *Ticket, c call) {
	if t.Status == TicketCancelled {
		return
	}
	for line := 1; line <= t.lines(); line++ {
		for _, unit := range t.units(line) {
			tasks := t.unit(line, unit)
			j.cancelTasks(t, tasks, tasks, WhyCancelled, c)
		}
	}
	t.Courses = nil
	j.recount(t, c.at, c.by)
	j.edit(t, c, OrderEdit{Cancel: true})
}

// lines is the highest number of a line.
func (t *Ticket) lines() (n int) {
	for _, task := range t.Tasks {
		n = max(n, task.Line)
	}
	return n
}

// cut lets a line hold fewer units; those that are least begun go first. With the last unit the order is cancelled.
// Repeated: nothing changes. Errors: KindNotFound without such a line, KindInvalid when it would hold more.
func (j *Journal) cut(t *Ticket, line, quantity int, c call) error {
	if line < 1 || line > t.lines() {
		return errs.NotFound("order %s has no line %d", t.Number, line)
	}
	units := t.units(line)
	surplus := len(units) - quantity
	switch {
	case surplus == 0:
		return nil
	case surplus < 0:
		var f errs.Fields
		f.Add("quantity", "must be at most %d: more is a new line", len(units))
		return f.Err()
	case quantity == 0 && t.only(line):
		j.cancelOrder(t, c)
		return nil
	}
	for _, unit := range units[:surplus] {
		tasks := t.unit(line, unit)
		j.cancelTasks(t, tasks, tasks, WhyCancelled, c)
	}
	j.edit(t, c, OrderEdit{Less: []LineCut{{line, surplus}}})
	j.recount(t, c.at, c.by)
	return nil
}

// only tells whether nothing else is wanted than what a line holds.
func (t *Ticket) only(line int) bool {
	return !slices.ContainsFunc(t.Tasks, func(k *Task) bool { return k.Line != line && k.Status != TaskCancelled })
}

func (j *Journal) edit(t *Ticket, c call, e OrderEdit) {
	e.Reason = c.reason
	j.Orders = append(j.Orders, OrderStep{Tenant: t.Tenant, Order: t.Order, Edit: &e, By: c.by, At: c.at})
}

// recount works out from its tasks where a ticket is, closes it or opens it again, and tells the order.
func (j *Journal) recount(t *Ticket, at time.Time, by string) {
	live, closed := t.Live(), t.Closed()
	t.Done = 0
	for _, task := range t.Tasks {
		if task.Status == TaskCompleted {
			t.Done++
		}
	}
	t.ClosedAt = time.Time{}
	switch {
	case live == 0:
		t.Status, t.ClosedAt = TicketCancelled, at
	case t.Done == live:
		t.Status, t.ClosedAt = TicketCompleted, at
		if !closed {
			j.Orders = append(j.Orders, OrderStep{Tenant: t.Tenant, Order: t.Order, Ready: true, By: by, At: at})
		}
	case t.Done > 0:
		t.Status = TicketPartCompleted
	case t.Status != TicketConfirmed:
		t.Status = TicketInProgress
	}
	j.ticket(t, at)
}

// add puts new lines on a ticket. ids gives their tasks' ids. Errors: KindConflict when it was cancelled.
func (j *Journal) add(t *Ticket, lines []WorkLine, key string, c call, ids func() int64) error {
	if t.Status == TicketCancelled {
		return errs.Conflict("order %s is cancelled", t.Number)
	}
	from, no := len(t.Tasks), t.lines()
	for i := range lines {
		no++
		lines[i].No = no
		t.follow(lines[i].Course)
		for unit := range lines[i].Quantity {
			t.Tasks = append(t.Tasks, t.burstUnit(lines[i], unit+1, c.at, ids)...)
		}
	}
	j.edit(t, c, OrderEdit{Reopen: t.Closed(), More: lines, Key: key})
	j.recount(t, c.at, c.by)
	j.born(t, t.Tasks[from:], c)
	return nil
}

// born notes tasks that came into being after their ticket.
func (j *Journal) born(t *Ticket, tasks []*Task, c call) {
	j.created(t, tasks, c.at, c.by, c.reason)
	for _, task := range tasks {
		task.written = task.Version // as they are inserted, before what changes them later in this journal
		j.Added = append(j.Added, Added{t, task})
	}
}
