// Package kitchen cooks: tickets burst into tasks, tasks go to people and machines, tickets complete.
//
// The life cycle (lifecycle.go, floor.go) is pure: it changes memory and notes in a Journal what is to be written.
// The Desk is the thin shell that decides, writes the journal in one transaction and answers.
package kitchen

import (
	"time"

	"brigade/internal/recipe"
)

// TaskStatus is where a task is in its life.
type TaskStatus string

// The task statuses of contract K.
const (
	TaskUnassigned TaskStatus = "UNASSIGNED"
	TaskAssigned   TaskStatus = "ASSIGNED"
	TaskStarted    TaskStatus = "STARTED"
	TaskCompleted  TaskStatus = "COMPLETED"
)

// TicketStatus is where a ticket is in its life.
type TicketStatus string

// The ticket statuses of contract K.
const (
	TicketConfirmed     TicketStatus = "CONFIRMED"
	TicketInProgress    TicketStatus = "IN_PROGRESS"
	TicketPartCompleted TicketStatus = "PART_COMPLETED"
	TicketCompleted     TicketStatus = "COMPLETED"
)

// Task is one piece of work at one station. Times are UTC; a zero time means not yet.
type Task struct {
	ID           int64
	Line, Unit   int // which unit of which order line, from 1
	Step         int // index of the recipe's step, from 0
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
	Status       TaskStatus
	Version      int
	Requeues     int
	ReadyAt      time.Time
	Staff        int64 // 0 = nobody
	OnMachine    int64 // 0 = none
	AssignedAt   time.Time
	StartedAt    time.Time
	DueAt        time.Time // assigned: goes stale then; started: completes by itself then
	CompletedAt  time.Time
	CompletedBy  string

	written int // the version Postgres has
}

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
	Lines    []WorkLine
}

// WorkLine is one item, so many times.
type WorkLine struct {
	Item     string
	Quantity int
	Recipe   recipe.Recipe
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
		Priority: w.Priority, CreatedAt: w.At, UpdatedAt: w.At, Tasks: make([]*Task, 0, w.Tasks()),
	}
	for i, line := range w.Lines {
		for unit := range line.Quantity {
			t.Tasks = append(t.Tasks, burstUnit(line, i+1, unit+1, w.At, ids)...)
		}
	}
	return t
}

func burstUnit(line WorkLine, no, unit int, at time.Time, ids func() int64) []*Task {
	tasks := make([]*Task, len(line.Recipe.Steps))
	for i, step := range line.Recipe.Steps {
		tasks[i] = &Task{
			ID: ids(), Line: no, Unit: unit, Step: i, Item: line.Item, Description: step.Description,
			Station: step.Station, Machine: step.Machine, Estimate: step.Estimate, BasePriority: step.Priority,
			PendingDeps: len(step.After), Status: TaskUnassigned, Version: 1,
		}
		if len(step.After) == 0 {
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

// ReadyAtStart lists the tasks that wait for nothing when the ticket is made.
func (t *Ticket) ReadyAtStart() []int64 {
	ids := []int64{}
	for _, task := range t.Tasks {
		if len(task.DependsOn) == 0 {
			ids = append(ids, task.ID)
		}
	}
	return ids
}
