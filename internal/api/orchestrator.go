package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/workflow"
)

const tagWorkflow = "Workflows"

// ViewOrchestrator is contract O's routes.
const ViewOrchestrator View = "orchestrator"

// Workflows does what is to be done again and again; *workflow.Service.
type Workflows interface {
	Workflows(ctx context.Context, who actor.Actor) ([]workflow.Workflow, error)
	Workflow(ctx context.Context, who actor.Actor, ref string) (workflow.Workflow, error)
	Put(ctx context.Context, who actor.Actor, ref, action string, change workflow.Change) (workflow.Workflow, error)
	Enable(ctx context.Context, who actor.Actor, ref string, enabled bool) (workflow.Workflow, error)
	Execute(ctx context.Context, who actor.Actor, ref string, r workflow.Request) ([]workflow.Execution, error)
	Executions(ctx context.Context, who actor.Actor, f workflow.Filter) ([]workflow.Execution, error)
	Execution(ctx context.Context, who actor.Actor, id int64) (workflow.Execution, error)
	Steps(ctx context.Context, who actor.Actor, id int64, f workflow.StepFilter) ([]workflow.StepRun, error)
	Logs(ctx context.Context, who actor.Actor, id int64, f workflow.LogFilter) ([]workflow.Log, error)
	Costs(ctx context.Context, who actor.Actor, id int64) ([]workflow.StepCost, error)
	Cancel(ctx context.Context, who actor.Actor, id int64, reason string) (workflow.Execution, error)
	Retry(ctx context.Context, who actor.Actor, id int64, all bool) (workflow.Execution, error)
	Audit(ctx context.Context, who actor.Actor, before int64, most int) ([]workflow.Note, error)
	Statistics(ctx context.Context, who actor.Actor, days int) ([]workflow.DayFigures, error)
	CostTrends(ctx context.Context, who actor.Actor, ref string, days int) ([]workflow.CostTrend, []workflow.SlowStep, error)
	Upcoming(ctx context.Context, who actor.Actor) ([]workflow.Due, error)
	Preview(ctx context.Context, who actor.Actor, ref string, most int) ([]time.Time, error)
}

// Leader says which of the orchestrators decides when workflows begin.
type Leader struct {
	Instance  string     // this one
	Here      bool       // this one decides
	Leader    string     // who does; "": nobody just now
	Since     *time.Time // when it began to
	Heartbeat *time.Time // its last sign of life
	Fence     int64      // one higher with each leader
}

const orchestrator = "/api/v1/orchestrator"

const exampleWorkflow = `{"id":1,"name":"daily","type":"daily","cron":"0 8 * * *","timezone":"tenant","enabled":true,"max_execution_seconds":3600,
"max_retries":3,"retry_delay_seconds":300,"steps":[{"name":"forecasts","uses":"forecast","with":{"days":7},"timeout_seconds":300}],
"built_in":true,"own":false,"version":1,"last_execution_at":"2024-12-16T07:00:00Z","next_execution_at":"2024-12-17T07:00:00Z","consecutive_failures":0}`

// orchestratorRoute is a route of contract O, which clients may give more parameters than it knows.
func orchestratorRoute(method, path, id, summary, description, request, response string) route {
	d := route{
		method: method, path: orchestrator + path, view: ViewOrchestrator, id: id, tag: tagWorkflow, summary: summary, description: description,
		request: request, response: response, lenient: true,
	}
	if len(path) > 0 && (request != "" || containsParam(path)) {
		d.errors = []int{http.StatusNotFound, http.StatusConflict}
	}
	return d
}

func containsParam(path string) bool {
	for _, c := range path {
		if c == '{' {
			return true
		}
	}
	return false
}

func (s *server) addOrchestrator() {
	r := orchestratorRoute
	add(s, r(http.MethodGet, "/workflows", "list-workflows", "All workflows", "The built-in ones and your own, by name.", "",
		`{"workflows":[`+exampleWorkflow+`]}`), s.listWorkflows)
	add(s, r(http.MethodGet, "/workflows/{id}", "get-workflow", "A workflow", "By its id or name.", "", exampleWorkflow), s.getWorkflow)
	add(s, r(http.MethodPut, "/workflows/{id}", "put-workflow", "Change a workflow, or make one",
		"What is left out stays as it is. A name that nothing has makes a new workflow. Who changes a built-in one gets one of his own, which "+
			"takes its place for him alone. Everything is checked before it is saved; executions that go on keep the plan they began with.",
		`{"type":"daily","cron":"30 6 * * *","timezone":"Europe/Madrid","steps":[{"name":"forecasts","uses":"forecast"},
{"name":"tell","http":{"url":"https://example.com/forecasted"},"after":["forecasts"],"optional":true}]}`, exampleWorkflow), s.putWorkflow)
	add(s, r(http.MethodPost, "/workflows/{id}/enable", "enable-workflow", "Put a workflow on its schedule", "Repeating it gives the same answer.", "", exampleWorkflow),
		func(ctx context.Context, who actor.Actor, in *WorkflowRef) (*workflowOutput, error) {
			return s.enableWorkflow(ctx, who, in, true)
		})
	add(s, r(http.MethodPost, "/workflows/{id}/disable", "disable-workflow", "Take a workflow off its schedule",
		"Executions that go on are not touched, and by hand it can still be done. Repeating it gives the same answer.", "", exampleWorkflow),
		func(ctx context.Context, who actor.Actor, in *WorkflowRef) (*workflowOutput, error) {
			return s.enableWorkflow(ctx, who, in, false)
		})
	s.addExecutions()
	s.addSchedule()
	s.addWorkflowCosts()
}

type workflowStep struct {
	Name     string         `json:"name" doc:"Small letters, digits, - and _" example:"forecasts"`
	Uses     string         `json:"uses,omitempty" doc:"A step that is built in" example:"forecast"`
	With     map[string]any `json:"with,omitempty" doc:"What it is told"`
	HTTP     *workflowCall  `json:"http,omitempty" doc:"Or a call"`
	SQL      string         `json:"sql,omitempty" doc:"Or a report, of the operator's workflows: one query that reads; $1 is the tenant, $2 the date"`
	After    []string       `json:"after,omitempty" doc:"Steps that must be completed first; without any it begins at once"`
	Timeout  int            `json:"timeout_seconds,omitempty" doc:"For one tenant; without it 300" example:"300"`
	Retries  *int           `json:"max_retries,omitempty" doc:"Without it, the workflow's"`
	Delay    *int           `json:"retry_delay_seconds,omitempty" doc:"Before the first retry; doubled with each. Without it, the workflow's"`
	Optional bool           `json:"optional,omitempty" doc:"Nothing else fails when it does"`
}

type workflowCall struct {
	Method  string            `json:"method,omitempty" doc:"Without it POST" example:"POST"`
	URL     string            `json:"url" example:"https://example.com/forecasted"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    map[string]any    `json:"body,omitempty" doc:"Sent as JSON, with tenant_id, date, workflow_name and execution_id added"`
}

type workflowView struct {
	ID           int64           `json:"id" example:"1"`
	Name         string          `json:"name" example:"daily"`
	Type         string          `json:"type" doc:"daily, weekly, monthly or on_demand" example:"daily"`
	Cron         string          `json:"cron" doc:"\"\" for none" example:"0 8 * * *"`
	Timezone     string          `json:"timezone" doc:"tenant: each tenant's own" example:"Europe/Madrid"`
	Enabled      bool            `json:"enabled" doc:"On its schedule"`
	MaxExecution int             `json:"max_execution_seconds" example:"3600"`
	MaxRetries   int             `json:"max_retries" example:"3"`
	RetryDelay   int             `json:"retry_delay_seconds" example:"300"`
	Steps        []workflowStep  `json:"steps"`
	Rules        json.RawMessage `json:"rules,omitempty" doc:"Of the schedule"`
	BuiltIn      bool            `json:"built_in"`
	Own          bool            `json:"own" doc:"Yours alone"`
	Version      int             `json:"version" doc:"One higher with each change" example:"1"`
	LastAt       *time.Time      `json:"last_execution_at" doc:"null: never"`
	NextAt       *time.Time      `json:"next_execution_at" doc:"The soonest of any zone; null: by hand only"`
	Failures     int             `json:"consecutive_failures" example:"0"`
}

func viewWorkflow(w workflow.Workflow) workflowView {
	v := workflowView{
		ID: w.ID, Name: w.Name, Type: string(w.Kind), Cron: w.Cron, Timezone: w.Zone, Enabled: w.Enabled, MaxExecution: int(w.MaxRun.Seconds()),
		MaxRetries: w.MaxRetries, RetryDelay: int(w.RetryDelay.Seconds()), Steps: []workflowStep{}, BuiltIn: w.BuiltIn, Own: w.Tenant != 0,
		Version: w.Version, LastAt: w.LastAt, NextAt: w.NextAt, Failures: w.Failures,
	}
	if string(w.Rules) != "{}" {
		v.Rules = w.Rules
	}
	for _, step := range w.Steps {
		v.Steps = append(v.Steps, viewStep(step))
	}
	return v
}

func viewStep(s workflow.Step) workflowStep {
	v := workflowStep{
		Name: s.Name, Uses: s.Uses, With: s.With, SQL: s.SQL, After: s.After, Timeout: s.Timeout, Retries: s.Retries, Delay: s.Delay, Optional: s.Optional,
	}
	if s.HTTP != nil {
		v.HTTP = &workflowCall{s.HTTP.Method, s.HTTP.URL, s.HTTP.Headers, s.HTTP.Body}
	}
	return v
}

func (v workflowStep) step() workflow.Step {
	s := workflow.Step{
		Name: v.Name, Uses: v.Uses, With: v.With, SQL: v.SQL, After: v.After, Timeout: v.Timeout, Retries: v.Retries, Delay: v.Delay, Optional: v.Optional,
	}
	if v.HTTP != nil {
		s.HTTP = &workflow.Call{Method: v.HTTP.Method, URL: v.HTTP.URL, Headers: v.HTTP.Headers, Body: v.HTTP.Body}
	}
	return s
}

// WorkflowRef names a workflow. It is exported for huma, as OutletParam.
type WorkflowRef struct {
	ID string `path:"id" doc:"The workflow's id or name" example:"daily" maxLength:"64"`
}

type workflowOutput struct{ Body workflowView }

type workflowsOutput struct {
	Body struct {
		Workflows []workflowView `json:"workflows"`
	} `nameHint:"Workflows"`
}

func (s *server) listWorkflows(ctx context.Context, who actor.Actor, _ *struct{}) (*workflowsOutput, error) {
	list, err := s.Workflows.Workflows(ctx, who)
	out := &workflowsOutput{}
	out.Body.Workflows = []workflowView{}
	for _, w := range list {
		out.Body.Workflows = append(out.Body.Workflows, viewWorkflow(w))
	}
	return out, err
}

func (s *server) getWorkflow(ctx context.Context, who actor.Actor, in *WorkflowRef) (*workflowOutput, error) {
	w, err := s.Workflows.Workflow(ctx, who, in.ID)
	return &workflowOutput{viewWorkflow(w)}, err
}

func (s *server) enableWorkflow(ctx context.Context, who actor.Actor, in *WorkflowRef, enabled bool) (*workflowOutput, error) {
	w, err := s.Workflows.Enable(ctx, who, in.ID, enabled)
	return &workflowOutput{viewWorkflow(w)}, err
}

// workflowChange is what is to become of a workflow. What clients have read and send again, and nobody can set, is let be.
type workflowChange struct {
	_            struct{}        `json:"-" additionalProperties:"true"`
	Name         *string         `json:"name,omitempty" example:"daily"`
	Type         *string         `json:"type,omitempty" enum:"daily,weekly,monthly,on_demand" example:"daily"`
	Cron         *string         `json:"cron,omitempty" example:"0 8 * * *"`
	Timezone     *string         `json:"timezone,omitempty" example:"Europe/Madrid"`
	Enabled      *bool           `json:"enabled,omitempty"`
	MaxExecution *int            `json:"max_execution_seconds,omitempty" minimum:"1" maximum:"86400" example:"3600"`
	MaxRetries   *int            `json:"max_retries,omitempty" minimum:"0" maximum:"20" example:"3"`
	RetryDelay   *int            `json:"retry_delay_seconds,omitempty" minimum:"0" maximum:"21600" example:"300"`
	Steps        *[]workflowStep `json:"steps,omitempty"`
	Rules        *workflowRules  `json:"rules,omitempty"`
}

type workflowRules struct {
	DaysOff      string          `json:"days_off,omitempty" doc:"What becomes of runs on days off" enum:"run,skip,previous,next" example:"skip"`
	WeekdaysOff  []string        `json:"weekdays_off,omitempty" doc:"Days off: sat, sun, …" example:"[\"sun\"]"`
	Holidays     []string        `json:"holidays,omitempty" doc:"Days off, as dates" example:"[\"2024-12-25\"]"`
	Country      string          `json:"country,omitempty" doc:"Its public holidays are days off, too" example:"es" maxLength:"8"`
	CatchUp      string          `json:"catch_up,omitempty" doc:"What becomes of runs that were missed" enum:"once,all,skip" example:"once"`
	Overlap      string          `json:"overlap,omitempty" doc:"What becomes of a run that is due while one goes on" enum:"skip,queue,cancel_old" example:"skip"`
	GraceSeconds int             `json:"grace_seconds,omitempty" doc:"A run that is late by no more was not missed" example:"300"`
	Spread       int             `json:"spread_seconds,omitempty" doc:"Tenants begin evenly over so long, higher tiers first" example:"1800"`
	Jitter       int             `json:"jitter_seconds,omitempty" doc:"Each run begins up to so much later" example:"60"`
	Pauses       []workflowPause `json:"pauses,omitempty" doc:"Times in which nothing begins"`
}

type workflowPause struct {
	From  time.Time  `json:"from" example:"2024-12-24T00:00:00Z"`
	Until *time.Time `json:"until,omitempty" doc:"Without it, until further notice" example:"2024-12-27T00:00:00Z"`
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

func (c *workflowChange) apply(w *workflow.Workflow) error {
	set(&w.Name, c.Name)
	if c.Type != nil {
		w.Kind = workflow.Kind(*c.Type)
	}
	set(&w.Cron, c.Cron)
	set(&w.Zone, c.Timezone)
	set(&w.Enabled, c.Enabled)
	set(&w.MaxRetries, c.MaxRetries)
	if c.MaxExecution != nil {
		w.MaxRun = time.Duration(*c.MaxExecution) * time.Second
	}
	if c.RetryDelay != nil {
		w.RetryDelay = time.Duration(*c.RetryDelay) * time.Second
	}
	if c.Steps != nil {
		w.Steps = nil
		for _, step := range *c.Steps {
			w.Steps = append(w.Steps, step.step())
		}
	}
	if c.Rules != nil {
		rules, err := json.Marshal(c.Rules)
		if err != nil {
			return err
		}
		w.Rules = rules
	}
	return nil
}

type putWorkflowInput struct {
	WorkflowRef
	Body workflowChange `nameHint:"WorkflowChange"`
}

func (s *server) putWorkflow(ctx context.Context, who actor.Actor, in *putWorkflowInput) (*workflowOutput, error) {
	w, err := s.Workflows.Put(ctx, who, in.ID, "put", in.Body.apply)
	if err != nil {
		return nil, err
	}
	return &workflowOutput{viewWorkflow(w)}, nil
}

// tenantOf finds the tenant that an operator's request is about. Errors: KindNotFound.
func (s *server) tenantOf(ctx context.Context, who actor.Actor, id int64, slug string) (int64, error) {
	if id == 0 && slug == "" || who.Tenant != 0 {
		if id != 0 && id != who.Tenant {
			return 0, errs.Forbidden("that is another tenant's")
		}
		return 0, nil
	}
	if s.FindTenant == nil {
		return id, nil
	}
	return s.FindTenant(ctx, id, slug)
}
