// Package kitchen cooks: tickets burst into tasks, tasks go to people and machines, tickets complete.
//
// The life cycle (lifecycle.go, floor.go) is pure: it changes memory and notes in a Journal what is to be written.
// The Desk is the thin shell that decides, writes the journal in one transaction and answers.
package kitchen

import (
	"cmp"
	"time"

	"brigade/internal/money"
	"brigade/internal/recipe"
)

// TaskStatus is where a task is in its life.
type TaskStatus string

// The task statuses: contract K's, and cancelled.
const (
	TaskUnassigned TaskStatus = "UNASSIGNED"
	TaskAssigned   TaskStatus = "ASSIGNED"
	TaskStarted    TaskStatus = "STARTED"
	TaskCompleted  TaskStatus = "COMPLETED"
	TaskCancelled  TaskStatus = "CANCELLED" // not wanted any more, whatever of it was done
)

// TicketStatus is where a ticket is in its life.
type TicketStatus string

// The ticket statuses: contract K's, and cancelled.
const (
	TicketConfirmed     TicketStatus = "CONFIRMED"
	TicketInProgress    TicketStatus = "IN_PROGRESS"
	TicketPartCompleted TicketStatus = "PART_COMPLETED"
	TicketCompleted     TicketStatus = "COMPLETED"
	TicketCancelled     TicketStatus = "CANCELLED"
)

// Task is one piece of work at one station. Times are UTC; a zero time means not yet.
type Task struct {
	ID           int64
	Line, Unit   int // which unit of which order line, from 1
	Step         int // index of the recipe's step, from 0
	Course       int // when in a meal it is wanted, from 1
	Remake       int // 0: the first making of its unit; n: the n-th again
	Item         string
	Description  string
	Station      int64
	Machine      int64 // the one machine it needs; 0 = any of the station
	Estimate     time.Duration
	BasePriority float64
	Boost        float64 // gained by being requeued
	DependsOn    []int64
	Unlocks      []int64
	PendingDeps  int
	Batch        recipe.Batch // with which other tasks it may share a load
	Load         int64        // the load it shares: the id of its first task; 0 = none
	Status       TaskStatus
	Version      int
	Requeues     int
	ReadyAt      time.Time // since when nothing but capacity is wanting; zero: it waits for a task, or is held
	Staff        int64     // 0 = nobody
	OnMachine    int64     // 0 = none
	AssignedAt   time.Time
	StartedAt    time.Time
	DueAt        time.Time // assigned: goes stale then; started: completes by itself then
	CompletedAt  time.Time
	CompletedBy  string

	written int // the version Postgres has
}

// Ready tells whether nothing but capacity is wanting.
func (t *Task) Ready() bool { return t.Status == TaskUnassigned && !t.ReadyAt.IsZero() }

// InHand tells whether somebody has it: it is assigned or started.
func (t *Task) InHand() bool { return t.Status == TaskAssigned || t.Status == TaskStarted }

// Begun tells whether it is or was worked on.
func (t *Task) Begun() bool { return !t.StartedAt.IsZero() }

// Ticket is an order as its kitchen sees it.
type Ticket struct {
	Order     int64
	Tenant    int64
	Outlet    int64
	Number    string
	Status    TicketStatus
	Version   int
	Done      int // completed tasks
	Priority  int
	Rush      bool      // VIP: its tasks go before others
	Courses   []Course  // those that are held, by number
	Due       time.Time // when it is wanted; zero: as soon as it can be
	Promise   *Promise  // nil: nothing was promised yet
	CreatedAt time.Time
	UpdatedAt time.Time
	ClosedAt  time.Time // zero: open
	Tasks     []*Task

	written int // the version Postgres has
}

// Closed tells whether nothing is left to cook.
func (t *Ticket) Closed() bool { return !t.ClosedAt.IsZero() }

// Task returns the ticket's task of that id; nil when it has none.
func (t *Ticket) Task(id int64) *Task {
	for _, task := range t.Tasks {
		if task.ID == id {
			return task
		}
	}
	return nil
}

// Live is how many of the ticket's tasks are wanted: all but the cancelled ones.
func (t *Ticket) Live() int {
	n := 0
	for _, task := range t.Tasks {
		if task.Status != TaskCancelled {
			n++
		}
	}
	return n
}

// Link works out which tasks unlock which, from what each depends on.
func (t *Ticket) Link() {
	byID := make(map[int64]*Task, len(t.Tasks))
	for _, task := range t.Tasks {
		byID[task.ID], task.Unlocks = task, nil
	}
	for _, task := range t.Tasks {
		for _, id := range task.DependsOn {
			byID[id].Unlocks = append(byID[id].Unlocks, task.ID)
		}
	}
}

// Written notes that Postgres has the ticket and its tasks as they are here.
func (t *Ticket) Written() {
	t.written = t.Version
	for _, task := range t.Tasks {
		task.written = task.Version
	}
}

// Expected is the version that Postgres must have for the ticket to be overwritten.
func (t *Ticket) Expected() int { return t.written }

// Expected is the version that Postgres must have for the task to be overwritten.
func (t *Task) Expected() int { return t.written }

// Work is what an order asks of a kitchen.
type Work struct {
	Order    int64
	Tenant   int64
	Outlet   int64
	Number   string
	Priority int
	At       time.Time
	Due      time.Time // when it is wanted; zero: as soon as it can be
	Promise  *Promise  // nil: its kitchen makes one
	Hold     bool      // nothing is begun until it is fired
	Lines    []WorkLine
}

// WorkLine is one item, so many times.
type WorkLine struct {
	No        int // the order's line, from 1; 0 = as it stands in the list
	SKU       string
	Item      string
	Quantity  int
	UnitPrice money.Amount
	Course    int // from 1; 0 = 1
	Recipe    recipe.Recipe
}

// Tasks is how many tasks the work bursts into.
func (w Work) Tasks() int {
	n := 0
	for _, l := range w.Lines {
		n += l.Quantity * len(l.Recipe.Steps)
	}
	return n
}

// Burst makes the ticket for some work: one task per step and unit. ids gives the tasks' ids.
func Burst(w Work, ids func() int64) *Ticket {
	t := &Ticket{
		Order: w.Order, Tenant: w.Tenant, Outlet: w.Outlet, Number: w.Number, Status: TicketConfirmed, Version: 1,
		Priority: w.Priority, Due: w.Due, Promise: w.Promise, CreatedAt: w.At, UpdatedAt: w.At, Tasks: make([]*Task, 0, w.Tasks()),
	}
	t.Courses = coursesOf(w)
	for i, line := range w.Lines {
		line.No = cmp.Or(line.No, i+1)
		for unit := range line.Quantity {
			t.Tasks = append(t.Tasks, t.burstUnit(line, unit+1, w.At, ids)...)
		}
	}
	return t
}

func (t *Ticket) burstUnit(line WorkLine, unit int, at time.Time, ids func() int64) []*Task {
	tasks := make([]*Task, len(line.Recipe.Steps))
	course := max(line.Course, 1)
	held := t.held(course) != nil
	for i, step := range line.Recipe.Steps {
		tasks[i] = &Task{
			ID: ids(), Line: line.No, Unit: unit, Step: i, Course: course, Item: line.Item, Description: step.Description,
			Station: step.Station, Machine: step.Machine, Estimate: step.Estimate, BasePriority: step.Priority,
			PendingDeps: len(step.After), Batch: step.Batch, Status: TaskUnassigned, Version: 1,
		}
		if len(step.After) == 0 && !held {
			tasks[i].ReadyAt = at
		}
	}
	for i, step := range line.Recipe.Steps {
		for _, j := range step.After {
			tasks[i].DependsOn = append(tasks[i].DependsOn, tasks[j].ID)
			tasks[j].Unlocks = append(tasks[j].Unlocks, tasks[i].ID)
		}
	}
	return tasks
}

// ReadyAtStart lists the tasks that wait for no other task when the ticket is made.
func (t *Ticket) ReadyAtStart() []int64 {
	ids := []int64{}
	for _, task := range t.Tasks {
		if len(task.DependsOn) == 0 {
			ids = append(ids, task.ID)
		}
	}
	return ids
}
