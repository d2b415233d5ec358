package workflow

import (
	"encoding/json"
	"slices"
	"time"

	"brigade/internal/errs"
)

// Status is how far an execution is.
type Status string

// The statuses of an execution.
const (
	Pending   Status = "pending"
	Running   Status = "running"
	Completed Status = "completed"
	Failed    Status = "failed"
	Cancelled Status = "cancelled"
)

// Statuses lists the statuses of executions.
var Statuses = []Status{Pending, Running, Completed, Failed, Cancelled}

// Over tells whether nothing happens any more unless somebody asks for it.
func (s Status) Over() bool { return s == Completed || s == Failed || s == Cancelled }

// moves are the steps of an execution's life.
var moves = map[Status][]Status{
	Pending: {Running, Completed, Failed, Cancelled},
	Running: {Completed, Failed, Cancelled},
	Failed:  {Running}, Cancelled: {Running}, // retried by hand
}

// Move guards a step of an execution's life. Errors: KindConflict.
func (s Status) Move(to Status) error {
	if !slices.Contains(moves[s], to) {
		return errs.Conflict("the execution is %s: it cannot become %s", s, to)
	}
	return nil
}

// StepStatus is how far a step is for one tenant.
type StepStatus string

// The statuses of a step.
const (
	StepWaiting   StepStatus = "waiting" // for others
	StepReady     StepStatus = "ready"   // when its time has come and somebody is free
	StepRunning   StepStatus = "running"
	StepCompleted StepStatus = "completed"
	StepFailed    StepStatus = "failed"
	StepSkipped   StepStatus = "skipped" // a step before it failed
	StepCancelled StepStatus = "cancelled"
)

// Trigger says what began an execution.
type Trigger string

// The triggers.
const (
	Scheduled Trigger = "scheduled"
	Manual    Trigger = "manual"
)

// Execution is one doing of a workflow.
type Execution struct {
	ID           int64
	Workflow     int64
	Name         string // of the workflow
	Tenant       int64  // 0: many
	Trigger      Trigger
	By           string
	Zone         string
	Day          Day
	ScheduledFor *time.Time
	Status       Status
	Version      int // of the workflow
	Plan         Plan
	Window       time.Duration // over which its tenants begin
	Deadline     *time.Time
	Created      time.Time
	Started      *time.Time
	Ended        *time.Time
	Steps        Tally
	Tenants      int
	TenantsBad   int // tenants with a step that failed for good
	Retries      int
	Runs         int // 2 and more: retried by hand
	Error        string
	Summary      json.RawMessage
	Instance     string // the node that began it
	Backfill     int64  // the first execution of its backfill; 0: none
}

// Tally counts steps of tenants.
type Tally struct{ Total, Completed, Failed, Open int }

// Progress is the share of steps that are over, 0 to 1.
func (t Tally) Progress() float64 {
	if t.Total == 0 {
		return 1
	}
	return float64(t.Total-t.Open) / float64(t.Total)
}

// Took is how long the execution took, or has taken until now.
func (e *Execution) Took(now time.Time) time.Duration {
	if e.Started == nil {
		return 0
	}
	if e.Ended != nil {
		now = *e.Ended
	}
	return max(0, now.Sub(*e.Started))
}

// StepRun is a step of one tenant.
type StepRun struct {
	Execution int64
	Tenant    int64
	Step      int
	Name      string
	Status    StepStatus
	Attempt   int
	NotBefore time.Time
	Started   *time.Time
	Ended     *time.Time
	Result    json.RawMessage
	Error     string
	Cost      Cost
}

// Cost is what work took.
type Cost struct {
	CPU  time.Duration
	DB   time.Duration // in which Postgres was waited for
	Rows int64         // read and written there
}

// Log is a line of an execution's log.
type Log struct {
	ID        int64
	Execution int64
	Tenant    int64 // 0: all
	Step      string
	Level     string // debug, info, warn, error
	Message   string
	Data      map[string]any
	At        time.Time
}

// Levels lists the levels of logs, the least first.
var Levels = []string{"debug", "info", "warn", "error"}
