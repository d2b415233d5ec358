package kitchen

import (
	"time"

	"brigade/internal/errs"
	"brigade/internal/event"
)

// Journal collects what a run of changes did, to be written in one transaction.
type Journal struct {
	Tasks     []*Task // changed, each once
	Tickets   []*Ticket
	Events    []event.Event
	Decisions []Decision
	Orders    []OrderStep
	Staff     []StaffWork
	Waste     []Waste
	Added     []Added // tasks that came into being after their ticket; also in Tasks when they changed since
	Taps      []Tapped

	Promises     []Promised
	Calibrations []Calibrated
	Pressures    []Pressed

	names   Names
	changed map[any]bool
}

// Names tells what stations, staff and machines are called; "" for 0.
type Names interface {
	Station(id int64) string
	Staff(id int64) string
	Machine(id int64) string
}

// Decision is why a task went to whom.
type Decision struct {
	Tenant  int64
	Task    int64
	Attempt int // the task's requeues at that time
	At      time.Time
	Why     []byte // JSON, see package sched
}

// OrderStep tells the order feature that the kitchen began with an order, finished it, or that it was edited.
type OrderStep struct {
	Tenant int64
	Order  int64
	Ready  bool       // without Edit: false: preparation began; true: everything is made
	Edit   *OrderEdit // the order itself is changed, or refuses that the ticket is
	By     string
	At     time.Time
}

// OrderEdit is a change of an order that is being cooked. An order that was handed over or cancelled refuses it.
type OrderEdit struct {
	Cancel bool       // the whole order
	Reopen bool       // something is to be made again: it is no longer ready
	Less   []LineCut  // lines that are to hold less
	More   []WorkLine // new lines
	Reason string
	Key    string // the client's: the same key again is not done twice; "" = none
}

// LineCut takes units off a line.
type LineCut struct{ Line, Units int }

// Added is a task of a ticket that was written before.
type Added struct {
	Ticket *Ticket
	Task   *Task
}

// StaffWork is one completed task of a person.
type StaffWork struct {
	Staff    int64
	Estimate time.Duration
	Took     time.Duration
	Measured bool // false: completed by itself, which says nothing about the person
	Undone   bool // it was not completed after all: what was counted is taken back
	Recalled bool // it is done again: it stays counted, but perhaps not his order
	Orders   int  // 1: his first completed task of its order; -1: it was his only one
	At       time.Time
}

// NewJournal returns an empty journal that names things by names.
func NewJournal(names Names) *Journal { return &Journal{names: names, changed: map[any]bool{}} }

// SetNames changes by which names later events are written: each kitchen has its own.
func (j *Journal) SetNames(names Names) { j.names = names }

// Empty tells whether nothing is to be written.
func (j *Journal) Empty() bool {
	return len(j.Events)+len(j.Tickets)+len(j.Taps)+len(j.Promises)+len(j.Calibrations)+len(j.Pressures) == 0
}

// Merge appends what another journal holds of other tickets and tasks.
func (j *Journal) Merge(o *Journal) {
	j.Tasks = append(j.Tasks, o.Tasks...)
	j.Tickets = append(j.Tickets, o.Tickets...)
	j.Events = append(j.Events, o.Events...)
	j.Decisions = append(j.Decisions, o.Decisions...)
	j.Orders = append(j.Orders, o.Orders...)
	j.Staff = append(j.Staff, o.Staff...)
	j.Waste = append(j.Waste, o.Waste...)
	j.Added = append(j.Added, o.Added...)
	j.Taps = append(j.Taps, o.Taps...)
	j.Promises = append(j.Promises, o.Promises...)
	j.Calibrations = append(j.Calibrations, o.Calibrations...)
	j.Pressures = append(j.Pressures, o.Pressures...)
}

func (j *Journal) task(t *Ticket, task *Task, typ event.Type, at time.Time, by, reason string) {
	task.Version++
	if !j.changed[task] {
		j.changed[task] = true
		j.Tasks = append(j.Tasks, task)
	}
	j.emit(t, task, typ, at, by, reason)
}

func (j *Journal) emit(t *Ticket, task *Task, typ event.Type, at time.Time, by, reason string) {
	p := event.TaskPayload{
		TaskID: task.ID, OrderID: t.Order, OrderNumber: t.Number, Item: task.Item, Description: task.Description,
		Counter: j.names.Station(task.Station), Status: string(task.Status), PendingDeps: task.PendingDeps,
		Staff: j.names.Staff(task.Staff), Machine: j.names.Machine(task.OnMachine), By: by, Reason: reason,
	}
	if !task.DueAt.IsZero() {
		p.DueAt = &task.DueAt
	}
	e := event.New(typ, event.AggregateTask, task.ID, task.Version, at, p)
	e.Tenant, e.Outlet = t.Tenant, t.Outlet
	j.Events = append(j.Events, e)
}

// told notes a change of a ticket as a whole, with its event.
func (j *Journal) told(t *Ticket, typ event.Type, p event.TicketPayload, at time.Time) {
	j.ticket(t, at)
	t.Version++ // again: each event has a number of its own
	p.OrderID, p.OrderNumber, p.Status, p.Rush = t.Order, t.Number, string(t.Status), t.Rush
	e := event.New(typ, event.AggregateTicket, t.Order, t.Version, at, p)
	e.Tenant, e.Outlet = t.Tenant, t.Outlet
	j.Events = append(j.Events, e)
}

func (j *Journal) ticket(t *Ticket, at time.Time) {
	if !j.changed[t] {
		j.changed[t] = true
		t.Version++
		j.Tickets = append(j.Tickets, t)
	}
	t.UpdatedAt = at
}

// Opened notes the events of a new ticket: TASK_CREATED for each task, TASK_READY for those that wait for nothing.
func (j *Journal) Opened(t *Ticket) { j.created(t, t.Tasks, t.CreatedAt, "", "") }

// created notes new tasks of a ticket. TASK_READY raises the task's version, so that sequence numbers follow each other.
func (j *Journal) created(t *Ticket, tasks []*Task, at time.Time, by, reason string) {
	for _, task := range tasks {
		j.emit(t, task, event.TaskCreated, at, by, reason)
	}
	for _, task := range tasks {
		if task.Ready() {
			task.Version++
			j.emit(t, task, event.TaskReady, at, "", "")
		}
	}
}

// assign gives a ready task to a person and a machine. staleAt is when it goes back if it was not started.
func (j *Journal) assign(t *Ticket, task *Task, staff, machine int64, at, staleAt time.Time) error {
	if !task.Ready() || task.PendingDeps > 0 {
		return errs.Conflict("task %d is %s with %d open dependencies: it cannot be assigned", task.ID, task.Status, task.PendingDeps)
	}
	task.Status, task.Staff, task.OnMachine, task.AssignedAt, task.DueAt = TaskAssigned, staff, machine, at, staleAt
	j.task(t, task, event.TaskAssigned, at, "", "")
	if t.Status == TicketConfirmed {
		t.Status = TicketInProgress
		j.ticket(t, at)
	}
	return nil
}

// start begins an assigned task. dueAt zero: it does not complete by itself. changed is false when it had begun before.
func (j *Journal) start(t *Ticket, task *Task, at, dueAt time.Time) (changed bool, err error) {
	switch task.Status {
	case TaskStarted:
		return false, nil
	case TaskAssigned:
	default:
		return false, errs.Conflict("task %d is %s: only an ASSIGNED task can be started", task.ID, task.Status)
	}
	task.Status, task.StartedAt, task.DueAt = TaskStarted, at, dueAt
	by := j.names.Staff(task.Staff)
	j.task(t, task, event.TaskStarted, at, by, "")
	if !t.begun(task) {
		j.Orders = append(j.Orders, OrderStep{Tenant: t.Tenant, Order: t.Order, By: by, At: at})
	}
	return true, nil
}

// begun tells whether any other task of the ticket was ever started.
func (t *Ticket) begun(but *Task) bool {
	for _, task := range t.Tasks {
		if task != but && !task.StartedAt.IsZero() {
			return true
		}
	}
	return false
}

// complete ends a started task and returns the tasks that are ready now because of it.
// by "" means that it completed by itself. changed is false when it was completed before.
func (j *Journal) complete(t *Ticket, task *Task, at time.Time, by string) (ready []*Task, changed bool, err error) {
	switch task.Status {
	case TaskCompleted:
		return nil, false, nil
	case TaskStarted:
	default:
		return nil, false, errs.Conflict("task %d is %s: only a STARTED task can be completed", task.ID, task.Status)
	}
	itself := by == ""
	if by == "" || by == byAssigned {
		by = j.names.Staff(task.Staff)
	}
	task.Status, task.CompletedAt, task.CompletedBy, task.DueAt = TaskCompleted, at, by, time.Time{}
	reason := ""
	if itself {
		reason = "estimate elapsed"
	}
	j.task(t, task, event.TaskCompleted, at, by, reason)
	j.Staff = append(j.Staff, StaffWork{
		Staff: task.Staff, Estimate: task.Estimate, Took: at.Sub(task.StartedAt), Measured: !itself, Orders: t.onlyOf(task), At: at,
	})
	ready = j.unlock(t, task, at)
	j.advance(t, at, by)
	return ready, true, nil
}

// onlyOf is 1 when nobody but this task tells that its cook has completed something of the order, else 0.
func (t *Ticket) onlyOf(task *Task) int {
	for _, o := range t.Tasks {
		if o != task && !o.CompletedAt.IsZero() && o.Staff == task.Staff {
			return 0
		}
	}
	return 1
}

// byAssigned as a name means: whoever the task was assigned to.
const byAssigned = "\x00assigned"

func (j *Journal) unlock(t *Ticket, done *Task, at time.Time) (ready []*Task) {
	for _, id := range done.Unlocks {
		child := t.Task(id)
		if child.Status == TaskCancelled {
			continue
		}
		child.PendingDeps--
		if child.PendingDeps > 0 || t.held(child.Course) != nil {
			j.note(child) // nothing to tell yet; the ticket's version guards the counter
			continue
		}
		child.ReadyAt = at
		j.task(t, child, event.TaskReady, at, "", "")
		ready = append(ready, child)
	}
	return ready
}

func (j *Journal) note(task *Task) {
	if !j.changed[task] {
		j.changed[task] = true
		j.Tasks = append(j.Tasks, task)
	}
}

// advance counts a completed task on its ticket.
func (j *Journal) advance(t *Ticket, at time.Time, by string) {
	t.Done++
	t.Status = TicketPartCompleted
	if t.Done == t.Live() {
		t.Status, t.ClosedAt = TicketCompleted, at
		j.Orders = append(j.Orders, OrderStep{Tenant: t.Tenant, Order: t.Order, Ready: true, By: by, At: at})
	}
	j.ticket(t, at)
}

// requeue takes an assigned task back, with a boost to its priority.
func (j *Journal) requeue(t *Ticket, task *Task, at time.Time, boost float64, reason string) error {
	if task.Status != TaskAssigned {
		return errs.Conflict("task %d is %s: only an ASSIGNED task can be requeued", task.ID, task.Status)
	}
	task.Status, task.DueAt, task.AssignedAt = TaskUnassigned, time.Time{}, time.Time{}
	task.Boost += boost
	task.Requeues++
	j.task(t, task, event.TaskRequeued, at, "", reason)
	task.Staff, task.OnMachine, task.Load = 0, 0, 0 // after the event, which tells who had it
	return nil
}
