// Package workflow does what is to be done again and again for many tenants: every night, every week, or when somebody
// asks. A workflow is a small graph of steps. An execution does it for the tenants of a date; it keeps the plan that it
// began with, so that nobody who edits the workflow changes what goes on.
//
// One node decides when executions begin (Scheduler); all nodes do their steps (Engine), many tenants of the same step
// at once. The life of an execution and of its steps is drawn in docs/states.md.
package workflow

import (
	"encoding/json"
	"time"

	"brigade/internal/errs"
)

// Kind says how often a workflow is done.
type Kind string

// The kinds.
const (
	Daily    Kind = "daily"
	Weekly   Kind = "weekly"
	Monthly  Kind = "monthly"
	OnDemand Kind = "on_demand"
)

// Kinds lists the kinds.
var Kinds = []Kind{Daily, Weekly, Monthly, OnDemand}

// TenantZone as a workflow's zone means each tenant's own.
const TenantZone = "tenant"

// DefaultZone is the zone of a workflow that names none.
const DefaultZone = "Europe/Madrid"

// Day is a date of the civil calendar, in days since 1970-01-01.
type Day int32

// DayIn is the date that a clock in a zone shows.
func DayIn(t time.Time) Day {
	y, m, d := t.Date()
	return Day(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / (24 * 60 * 60))
}

// ParseDay reads YYYY-MM-DD. Errors: KindInvalid.
func ParseDay(text string) (Day, error) {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return 0, errs.Invalid("%q is no date like 2026-05-20", text)
	}
	return DayIn(t), nil
}

// Time is the midnight in UTC with which the date begins.
func (d Day) Time() time.Time { return time.Unix(int64(d)*24*60*60, 0).UTC() }

// String is the date as YYYY-MM-DD.
func (d Day) String() string { return d.Time().Format(time.DateOnly) }

// Workflow is what is done, and when.
type Workflow struct {
	ID         int64
	Tenant     int64 // 0: the house's, for every active tenant that has none of that name
	Name       string
	Kind       Kind
	Cron       string // "": on demand only
	Zone       string // in which Cron is meant; TenantZone: each tenant's
	Enabled    bool   // on its schedule; by hand it can always be done
	MaxRun     time.Duration
	MaxRetries int // of a step, after its first attempt
	RetryDelay time.Duration
	Steps      []Step
	Rules      json.RawMessage // of the schedule
	BuiltIn    bool
	Edited     bool // somebody made a built-in one his own
	Version    int
	LastAt     *time.Time // when an execution last began
	NextAt     *time.Time // when the next is due; nil: never
	Failures   int        // executions that failed, one after the other
}

// Defaults of workflows and their bounds.
const (
	DefaultMaxRun     = time.Hour
	DefaultRetries    = 3
	DefaultRetryDelay = 5 * time.Minute

	maxSteps   = 64
	maxRun     = 24 * time.Hour
	maxRetries = 20
	maxDelay   = 6 * time.Hour
)

// Step is a part of a workflow: one thing that is done for each tenant. Exactly one of Uses, HTTP and SQL says what.
type Step struct {
	Name     string         `json:"name"`
	Uses     string         `json:"uses,omitempty"` // a step that is built in
	With     map[string]any `json:"with,omitempty"` // what it is told
	HTTP     *Call          `json:"http,omitempty"`
	SQL      string         `json:"sql,omitempty"`   // a report: one query that reads; $1 is the tenant, $2 the date
	After    []string       `json:"after,omitempty"` // steps that must be completed first
	Timeout  int            `json:"timeout_seconds,omitempty"`
	Retries  *int           `json:"max_retries,omitempty"`         // nil: the workflow's
	Delay    *int           `json:"retry_delay_seconds,omitempty"` // nil: the workflow's
	Optional bool           `json:"optional,omitempty"`            // others go on when it fails, and the execution does not fail
}

// Call is a request over HTTP.
type Call struct {
	Method  string            `json:"method,omitempty"` // POST
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    map[string]any    `json:"body,omitempty"` // tenant_id is added
}

// defaultTimeout is how long a step may take for one tenant.
const defaultTimeout = 5 * time.Minute

// TimeLimit is how long the step may take for one tenant.
func (s *Step) TimeLimit() time.Duration {
	if s.Timeout > 0 {
		return time.Duration(s.Timeout) * time.Second
	}
	return defaultTimeout
}

// Plan is a workflow as an execution keeps it.
type Plan struct {
	House      bool   `json:"house,omitempty"` // the operator's, not a tenant's
	Steps      []Step `json:"steps"`
	MaxSeconds int    `json:"max_seconds"`
	Retries    int    `json:"max_retries"`
	Delay      int    `json:"retry_delay_seconds"`
}

// Plan is the workflow as of now.
func (w *Workflow) Plan() Plan {
	return Plan{House: w.Tenant == 0, Steps: w.Steps, MaxSeconds: int(w.MaxRun.Seconds()), Retries: w.MaxRetries, Delay: int(w.RetryDelay.Seconds())}
}

// Attempts is how often a step is tried.
func (p *Plan) Attempts(step int) int {
	if r := p.Steps[step].Retries; r != nil {
		return *r + 1
	}
	return p.Retries + 1
}

// DelayOf is how long is waited before a step is tried the second time.
func (p *Plan) DelayOf(step int) time.Duration {
	if d := p.Steps[step].Delay; d != nil {
		return time.Duration(*d) * time.Second
	}
	return time.Duration(p.Delay) * time.Second
}
