package workflow

import (
	"context"
	"time"
)

// Queue is where engines get their work from.
type Queue interface {
	// Claim takes ready steps of one sort for a node: as many jobs of the step as size says. nil: nothing is ready.
	Claim(ctx context.Context, c Claim) (*Batch, error)
	// Beat prolongs what a node has, and returns those batches that are still its own and wanted.
	Beat(ctx context.Context, batches []int64, lease time.Duration) ([]int64, error)
	// Finish keeps what came of a batch, readies what waited for it, and ends the execution with its last step; the
	// execution that ended is returned. Errors: KindConflict when the batch is somebody else's by now; nothing is kept.
	Finish(ctx context.Context, b *Batch, done []Done, now time.Time) (*Execution, error)
	// Tidy takes back what dead nodes left, ends what takes too long, and lets begin what waited for others. It
	// returns the executions that ended.
	Tidy(ctx context.Context, now time.Time) ([]Execution, error)
}

// Claim is what a node asks for.
type Claim struct {
	Node     int64
	Instance string // its name
	Now      time.Time
	Lease    time.Duration
	Share    int                  // jobs of one tenant that are done at a time, on all nodes
	Size     func(step *Step) int // jobs at most
}

// Filter chooses executions. They are listed from the latest on.
type Filter struct {
	Workflow int64
	Backfill int64  // its first execution; of a tenant's own; 0: any
	Status   Status // "": any
	Before   int64  // an id; 0: from the latest
	Most     int
}

// StepFilter chooses steps of an execution, by tenant and place.
type StepFilter struct {
	Status      StepStatus
	AfterTenant int64
	AfterStep   int
	Most        int
}

// LogFilter chooses lines of an execution's log, from the oldest on.
type LogFilter struct {
	Step  string
	Level string // from this level on; "": all
	After int64
	Most  int
}

// Store keeps workflows and executions. A tenant's calls see the house's workflows and its own, and of executions for
// many tenants its own part; tenant 0 sees everything. What does not exist is a KindNotFound error.
type Store interface {
	Queue
	Definitions
	Executions
	CostStore
	Timing
}

// Definitions keeps workflows.
type Definitions interface {
	// Seed makes sure of a built-in workflow, unless somebody made it his own.
	Seed(ctx context.Context, w Workflow) error
	Workflows(ctx context.Context, tenant int64) ([]Workflow, error)
	// Workflow finds by id, or by name the tenant's own before the house's.
	Workflow(ctx context.Context, tenant, id int64, name string) (Workflow, error)
	// Put keeps a new workflow (id 0), or changes one at the version that was read. Errors: KindConflict.
	Put(ctx context.Context, w Workflow, note Note) (Workflow, error)
	Audit(ctx context.Context, tenant, before int64, most int) ([]Note, error)
}

// Note is a line of the audit.
type Note struct {
	ID        int64
	Tenant    int64
	Workflow  int64
	Execution int64
	Action    string
	By        string
	Data      map[string]any
	At        time.Time
}

// Executions keeps executions.
type Executions interface {
	// Begin keeps new executions with their steps, unless they are there already (by request key, or by schedule).
	// Errors: KindConflict when there is no tenant for it.
	Begin(ctx context.Context, list []Beginning, note Note) ([]Execution, error)
	Execution(ctx context.Context, tenant, id int64) (Execution, error)
	Executions(ctx context.Context, tenant int64, f Filter) ([]Execution, error)
	Steps(ctx context.Context, tenant, execution int64, f StepFilter) ([]StepRun, error)
	Logs(ctx context.Context, tenant, execution int64, f LogFilter) ([]Log, error)
	// Cancel ends an execution that is not over; one that is cancelled already is returned as it is.
	Cancel(ctx context.Context, id int64, reason string, note Note) (Execution, error)
	// Retry makes what failed or was cancelled ready again, or with all everything. Errors: KindConflict unless it is over.
	Retry(ctx context.Context, id int64, all bool, note Note) (Execution, error)
	Costs(ctx context.Context, tenant, execution int64) ([]StepCost, error)
	Statistics(ctx context.Context, tenant int64, first Day) ([]DayFigures, error)
}

// Beginning is an execution that is to begin.
type Beginning struct {
	Execution Execution
	Key       string // of the request; "": none
	Queued    bool   // it waits for earlier ones of its lane
	Lane      int    // of a backfill: a lane's executions follow each other; 0: none
	ByZone    bool   // for the tenants of its zone alone
	Replaces  bool   // what goes on of the same workflow and zone is cancelled
}

// StepCost is what a step of an execution took, over its tenants.
type StepCost struct {
	Step                     int
	Name                     string
	Total, Completed, Failed int
	Skipped, Open, Retried   int
	Cost                     Cost
	Mean, Slowest            time.Duration // CPU and database time of a tenant: on average, at most
	SlowestTenant            int64
}

// DayFigures are a workflow's executions of a day.
type DayFigures struct {
	Workflow                     int64
	Name                         string
	Day                          Day
	Completed, Failed, Cancelled int
	Retries                      int
	Seconds, Shortest, Longest   float64
	Tenants                      int64
	StepsCompleted, StepsFailed  int64
	Cost                         Cost
}

// Timing keeps when workflows are due.
type Timing interface {
	// Untimed lists workflows and zones whose next time is not worked out, or was for another version.
	Untimed(ctx context.Context, most int) ([]Due, error)
	// DueBy lists what is due.
	DueBy(ctx context.Context, now time.Time, most int) ([]Due, error)
	// Time notes until when all was decided and when something is next due, and begins the executions of the times that have passed, in one
	// transaction under the scheduler's fence. Errors: KindUnavailable when somebody else decides by now; nothing is kept.
	Time(ctx context.Context, fence int64, d Due, last, next *time.Time, list []Beginning) ([]Execution, error)
	// Upcoming lists what is due next.
	Upcoming(ctx context.Context, tenant int64) ([]Due, error)
}

// Due is a workflow in a zone, and when it is due.
type Due struct {
	Workflow Workflow
	Zone     string
	Last     *time.Time // the time it was last due
	Next     *time.Time
	Open     int  // executions that go on
	Waiting  int  // and that wait for them
	Vacant   bool // no active tenant is there any more
	Stale    bool // Next was worked out for another version of the workflow
}
