package api

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/workflow"
)

const exampleExecution = `{"id":17,"workflow_id":1,"workflow_name":"daily","execution_type":"scheduled","triggered_by":"schedule","tenant_id":null,
"date":"2024-12-16","timezone":"Europe/Madrid","scheduled_for":"2024-12-16T07:00:00Z","status":"running","progress":0.5,"created_at":"2024-12-16T07:00:00Z",
"started_at":"2024-12-16T07:00:01Z","completed_at":null,"duration_seconds":12.5,"steps_total":6,"steps_completed":3,"steps_failed":0,
"tenants":1,"tenants_failed":0,"retries":0,"runs":1,"error_message":"","result_summary":{},"instance_id":"orchestrator-1"}`

func (s *server) addExecutions() {
	r := orchestratorRoute
	begin := r(http.MethodPost, "/workflows/{id}/execute", "execute-workflow", "Do a workflow now",
		"For yourself, by your date; the operator without a tenant_id for every active tenant. With an Idempotency-Key the same request again "+
			"is the same execution. With to it is a backfill: an execution for each date, so many of them at a time, in order.",
		`{"date":"2024-12-16"}`, exampleExecution)
	begin.status = http.StatusAccepted
	add(s, begin, s.executeWorkflow)
	add(s, r(http.MethodGet, "/executions", "list-executions", "Executions", "The latest first. To get the next page, send next as before.", "",
		`{"executions":[`+exampleExecution+`],"next":null}`), s.listExecutions)
	add(s, r(http.MethodGet, "/executions/failed", "list-failed-executions", "Executions that failed", "The latest first.", "",
		`{"executions":[],"next":null}`),
		func(ctx context.Context, who actor.Actor, in *executionsInput) (*executionsOutput, error) {
			in.Status = string(workflow.Failed)
			return s.listExecutions(ctx, who, in)
		})
	add(s, r(http.MethodGet, "/executions/{id}", "get-execution", "An execution", "With what each step took so far. Of one for many tenants you see your own part.", "",
		exampleExecution), s.getExecution)
	add(s, r(http.MethodGet, "/executions/{id}/logs", "get-execution-logs", "What an execution had to say",
		"By step and level, the oldest first. To get the next page, send next as after.", "",
		`{"logs":[{"id":1,"tenant_id":7,"step":"forecasts","level":"warn","message":"it took longer than 5m0s","data":{"attempt":1},"at":"2024-12-16T07:05:01Z"}],"next":null}`),
		s.executionLogs)
	add(s, r(http.MethodGet, "/executions/{id}/steps", "get-execution-steps", "The steps of an execution", "By tenant. To get the next page, send next as after.", "",
		`{"steps":[{"tenant_id":7,"step":"forecasts","status":"completed","attempt":1,"started_at":"2024-12-16T07:00:01Z","completed_at":"2024-12-16T07:00:02Z",
"error":"","result":{"series":12},"cpu_ms":41.5,"db_ms":12.1,"rows":380}],"next":null}`), s.executionSteps)
	retry := r(http.MethodPost, "/executions/{id}/retry", "retry-execution", "Do again what failed",
		"Goes on from the step that failed, of the tenants that failed; what was completed stays. With all, everything is done again. 409 unless it "+
			"failed or was cancelled.", `{"all":false}`, exampleExecution)
	add(s, retry, s.retryExecution)
	add(s, r(http.MethodPost, "/executions/{id}/cancel", "cancel-execution", "Cancel an execution",
		"What is being done is given up and not kept. Repeating it gives the same answer; 409 when it is over.", `{"reason":"wrong date"}`, exampleExecution), s.cancelExecution)
	add(s, r(http.MethodGet, "/audit", "list-workflow-audit", "Who did what", "The latest first.", "",
		`{"entries":[{"id":3,"workflow_id":1,"execution_id":17,"action":"cancel","by":"ann","data":{"reason":"wrong date"},"at":"2024-12-16T07:05:01Z"}],"next":null}`), s.workflowAudit)
}

type executionView struct {
	ID           int64           `json:"id" example:"17"`
	Workflow     int64           `json:"workflow_id" example:"1"`
	Name         string          `json:"workflow_name" example:"daily"`
	Type         string          `json:"execution_type" doc:"scheduled or manual" example:"scheduled"`
	By           string          `json:"triggered_by" example:"schedule"`
	Tenant       *int64          `json:"tenant_id" doc:"null: many"`
	Date         string          `json:"date" doc:"That it is for" example:"2024-12-16"`
	Timezone     string          `json:"timezone" example:"Europe/Madrid"`
	ScheduledFor *time.Time      `json:"scheduled_for"`
	Status       string          `json:"status" doc:"pending, running, completed, failed or cancelled" example:"running"`
	Progress     float64         `json:"progress" doc:"The share of steps that are over" example:"0.5"`
	Created      time.Time       `json:"created_at"`
	Started      *time.Time      `json:"started_at"`
	Completed    *time.Time      `json:"completed_at"`
	Duration     float64         `json:"duration_seconds" example:"12.5"`
	Total        int             `json:"steps_total" doc:"Of all tenants" example:"6"`
	Done         int             `json:"steps_completed" example:"3"`
	Failed       int             `json:"steps_failed" example:"0"`
	Tenants      int             `json:"tenants" example:"1"`
	TenantsBad   int             `json:"tenants_failed" example:"0"`
	Retries      int             `json:"retries" doc:"Steps that were tried again" example:"0"`
	Runs         int             `json:"runs" doc:"2 and more: retried by hand" example:"1"`
	Error        string          `json:"error_message"`
	Summary      json.RawMessage `json:"result_summary"`
	Instance     string          `json:"instance_id" doc:"Which began it" example:"orchestrator-1"`
	Backfill     *int64          `json:"backfill_id,omitempty" doc:"The first execution of its backfill"`
	Steps        []stepCostView  `json:"steps,omitempty"`
}

func (s *server) viewExecution(e workflow.Execution) executionView {
	v := executionView{
		ID: e.ID, Workflow: e.Workflow, Name: e.Name, Type: string(e.Trigger), By: e.By, Date: e.Day.String(), Timezone: e.Zone,
		ScheduledFor: e.ScheduledFor, Status: string(e.Status), Progress: e.Steps.Progress(), Created: e.Created, Started: e.Started, Completed: e.Ended,
		Duration: e.Took(s.Clock.Now()).Seconds(), Total: e.Steps.Total, Done: e.Steps.Completed, Failed: e.Steps.Failed, Tenants: e.Tenants,
		TenantsBad: e.TenantsBad, Retries: e.Retries, Runs: e.Runs, Error: e.Error, Summary: e.Summary, Instance: e.Instance,
	}
	if e.Status == workflow.Pending {
		v.Progress = 0
	}
	if e.Tenant != 0 {
		v.Tenant = &e.Tenant
	}
	if e.Backfill != 0 {
		v.Backfill = &e.Backfill
	}
	return v
}

type executeInput struct {
	WorkflowRef
	KeyParam
	Body *struct {
		_        struct{} `json:"-" additionalProperties:"true"`
		Tenant   int64    `json:"tenant_id,omitempty" doc:"The operator's choice; without it every active tenant" example:"7"`
		Slug     string   `json:"tenant,omitempty" doc:"The same by its name" example:"demo" maxLength:"100"`
		Date     string   `json:"date,omitempty" doc:"Without it today" example:"2024-12-16"`
		To       string   `json:"to,omitempty" doc:"Of a backfill, the last date" example:"2024-12-20"`
		Parallel int      `json:"parallel,omitempty" doc:"Of a backfill: so many dates at a time, up to 16" example:"4"`
	} `nameHint:"Execute"`
}

type executionOutput struct{ Body executionView }

func (s *server) executeWorkflow(ctx context.Context, who actor.Actor, in *executeInput) (*executionOutput, error) {
	if err := clean("Idempotency-Key", in.Key); err != nil {
		return nil, err
	}
	r := workflow.Request{Key: in.Key}
	if b := in.Body; b != nil {
		tenant, err := s.tenantOf(ctx, who, b.Tenant, b.Slug)
		if err != nil {
			return nil, err
		}
		r.Tenant, r.Lanes = tenant, b.Parallel
		if err := readDays(map[string]string{"date": b.Date, "to": b.To}, map[string]*workflow.Day{"date": &r.Day, "to": &r.Last}); err != nil {
			return nil, err
		}
	}
	list, err := s.Workflows.Execute(ctx, who, in.ID, r)
	if err != nil {
		return nil, err
	}
	return &executionOutput{s.viewExecution(list[0])}, nil
}

// readDays reads dates by their fields; those that are not given stay as they are. Errors: KindInvalid.
func readDays(texts map[string]string, days map[string]*workflow.Day) error {
	var f errs.Fields
	for field, text := range texts {
		if text == "" {
			continue
		}
		d, err := workflow.ParseDay(text)
		if err != nil {
			f.Add(field, "must be a date like 2026-05-20")
		}
		*days[field] = d
	}
	return f.Err()
}

type executionsInput struct {
	Workflow string `query:"workflow" doc:"Only this one's, by id or name" example:"daily" maxLength:"64"`
	Status   string `query:"status" doc:"Only these" enum:"pending,running,completed,failed,cancelled" example:"running"`
	Backfill int64  `query:"backfill" minimum:"0" doc:"Only those of the backfill that this execution is the first of" example:"17"`
	Limit    int    `query:"limit" minimum:"1" maximum:"500" default:"50" doc:"Executions per page"`
	Before   int64  `query:"before" minimum:"0" doc:"next of the page before"`
}

type executionsOutput struct {
	Body struct {
		Executions []executionView `json:"executions"`
		Next       *int64          `json:"next" doc:"null: that was all"`
	} `nameHint:"Executions"`
}

func (s *server) listExecutions(ctx context.Context, who actor.Actor, in *executionsInput) (*executionsOutput, error) {
	f := workflow.Filter{Backfill: in.Backfill, Status: workflow.Status(in.Status), Before: in.Before, Most: in.Limit}
	if in.Workflow != "" {
		w, err := s.Workflows.Workflow(ctx, who, in.Workflow)
		if err != nil {
			return nil, err
		}
		f.Workflow = w.ID
	}
	list, err := s.Workflows.Executions(ctx, who, f)
	if err != nil {
		return nil, err
	}
	out := &executionsOutput{}
	out.Body.Executions = make([]executionView, len(list))
	for i, e := range list {
		out.Body.Executions[i] = s.viewExecution(e)
	}
	if len(list) == in.Limit {
		out.Body.Next = &list[len(list)-1].ID
	}
	return out, nil
}

// ExecutionRef names an execution. It is exported for huma, as OutletParam.
type ExecutionRef struct {
	ID int64 `path:"id" doc:"The execution's id" example:"17" minimum:"1"`
}

type stepCostView struct {
	Step          string  `json:"step" example:"forecasts"`
	Total         int     `json:"total" doc:"Tenants" example:"1"`
	Completed     int     `json:"completed" example:"1"`
	Failed        int     `json:"failed" example:"0"`
	Skipped       int     `json:"skipped" example:"0"`
	Open          int     `json:"open" example:"0"`
	Retried       int     `json:"retried" example:"0"`
	CPU           float64 `json:"cpu_ms" doc:"Of the processor" example:"41.5"`
	DB            float64 `json:"db_ms" doc:"In which Postgres was waited for" example:"12.1"`
	Rows          int64   `json:"rows" doc:"Read and written" example:"380"`
	Mean          float64 `json:"mean_ms" doc:"Of a tenant, both together" example:"53.6"`
	Slowest       float64 `json:"slowest_ms" example:"53.6"`
	SlowestTenant int64   `json:"slowest_tenant_id,omitempty" example:"7"`
}

func (s *server) getExecution(ctx context.Context, who actor.Actor, in *ExecutionRef) (*executionOutput, error) {
	e, err := s.Workflows.Execution(ctx, who, in.ID)
	if err != nil {
		return nil, err
	}
	costs, err := s.Workflows.Costs(ctx, who, in.ID)
	if err != nil {
		return nil, err
	}
	out := &executionOutput{s.viewExecution(e)}
	for _, c := range costs {
		out.Body.Steps = append(out.Body.Steps, stepCostView{
			Step: c.Name, Total: c.Total, Completed: c.Completed, Failed: c.Failed, Skipped: c.Skipped, Open: c.Open, Retried: c.Retried,
			CPU: millis(c.Cost.CPU), DB: millis(c.Cost.DB), Rows: c.Cost.Rows, Mean: millis(c.Mean), Slowest: millis(c.Slowest), SlowestTenant: c.SlowestTenant,
		})
	}
	return out, nil
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

type logsInput struct {
	ExecutionRef
	Step  string `query:"step" doc:"Only this step's" example:"forecasts" maxLength:"64"`
	Level string `query:"level" doc:"From this level on" enum:"debug,info,warn,error" example:"warn"`
	Limit int    `query:"limit" minimum:"1" maximum:"5000" default:"500" doc:"Lines per page"`
	After int64  `query:"after" minimum:"0" doc:"next of the page before"`
}

type logView struct {
	ID      int64          `json:"id" example:"1"`
	Tenant  *int64         `json:"tenant_id" doc:"null: all"`
	Step    string         `json:"step" example:"forecasts"`
	Level   string         `json:"level" example:"warn"`
	Message string         `json:"message"`
	Data    map[string]any `json:"data"`
	At      time.Time      `json:"at"`
}

type logsOutput struct {
	Body struct {
		Logs []logView `json:"logs"`
		Next *int64    `json:"next" doc:"null: that was all"`
	} `nameHint:"ExecutionLogs"`
}

func (s *server) executionLogs(ctx context.Context, who actor.Actor, in *logsInput) (*logsOutput, error) {
	list, err := s.Workflows.Logs(ctx, who, in.ID, workflow.LogFilter{Step: in.Step, Level: in.Level, After: in.After, Most: in.Limit})
	if err != nil {
		return nil, err
	}
	out := &logsOutput{}
	out.Body.Logs = make([]logView, len(list))
	for i, l := range list {
		v := logView{ID: l.ID, Step: l.Step, Level: l.Level, Message: l.Message, Data: l.Data, At: l.At}
		if l.Tenant != 0 {
			v.Tenant = &l.Tenant
		}
		out.Body.Logs[i] = v
	}
	if len(list) == in.Limit {
		out.Body.Next = &list[len(list)-1].ID
	}
	return out, nil
}

type stepsInput struct {
	ExecutionRef
	Status string `query:"status" doc:"Only these" enum:"waiting,ready,running,completed,failed,skipped,cancelled" example:"failed"`
	Limit  int    `query:"limit" minimum:"1" maximum:"5000" default:"500" doc:"Steps per page"`
	After  string `query:"after" doc:"next of the page before" maxLength:"40"`
}

type stepView struct {
	Tenant    int64           `json:"tenant_id" example:"7"`
	Step      string          `json:"step" example:"forecasts"`
	Status    string          `json:"status" example:"completed"`
	Attempt   int             `json:"attempt" example:"1"`
	NotBefore *time.Time      `json:"not_before,omitempty" doc:"Of one that is ready: when it may be done"`
	Started   *time.Time      `json:"started_at"`
	Completed *time.Time      `json:"completed_at"`
	Error     string          `json:"error"`
	Result    json.RawMessage `json:"result,omitempty"`
	CPU       float64         `json:"cpu_ms" example:"41.5"`
	DB        float64         `json:"db_ms" example:"12.1"`
	Rows      int64           `json:"rows" example:"380"`
}

type stepsOutput struct {
	Body struct {
		Steps []stepView `json:"steps"`
		Next  *string    `json:"next" doc:"null: that was all"`
	} `nameHint:"ExecutionSteps"`
}

func (s *server) executionSteps(ctx context.Context, who actor.Actor, in *stepsInput) (*stepsOutput, error) {
	f := workflow.StepFilter{Status: workflow.StepStatus(in.Status), Most: in.Limit}
	if in.After != "" {
		tenant, step, _ := strings.Cut(in.After, ".")
		var wrong, also error
		f.AfterTenant, wrong = strconv.ParseInt(tenant, 10, 64)
		f.AfterStep, also = strconv.Atoi(step)
		if wrong != nil || also != nil || f.AfterStep < 0 || f.AfterStep > 1000 {
			return nil, errs.Invalid("after must be next of the page before")
		}
	}
	list, err := s.Workflows.Steps(ctx, who, in.ID, f)
	if err != nil {
		return nil, err
	}
	out := &stepsOutput{}
	out.Body.Steps = make([]stepView, len(list))
	for i, x := range list {
		out.Body.Steps[i] = viewStepRun(x)
	}
	if len(list) == in.Limit {
		last := list[len(list)-1]
		next := strconv.FormatInt(last.Tenant, 10) + "." + strconv.Itoa(last.Step)
		out.Body.Next = &next
	}
	return out, nil
}

func viewStepRun(x workflow.StepRun) stepView {
	v := stepView{
		Tenant: x.Tenant, Step: x.Name, Status: string(x.Status), Attempt: x.Attempt, Started: x.Started, Completed: x.Ended, Error: x.Error,
		Result: x.Result, CPU: millis(x.Cost.CPU), DB: millis(x.Cost.DB), Rows: x.Cost.Rows,
	}
	if x.Status == workflow.StepReady {
		v.NotBefore = &x.NotBefore
	}
	return v
}

type retryInput struct {
	ExecutionRef
	Body *struct {
		_   struct{} `json:"-" additionalProperties:"true"`
		All bool     `json:"all,omitempty" doc:"Do everything again, not only what failed"`
	} `nameHint:"RetryExecution"`
}

func (s *server) retryExecution(ctx context.Context, who actor.Actor, in *retryInput) (*executionOutput, error) {
	e, err := s.Workflows.Retry(ctx, who, in.ID, in.Body != nil && in.Body.All)
	return &executionOutput{s.viewExecution(e)}, err
}

type cancelExecutionInput struct {
	ExecutionRef
	Body *struct {
		_      struct{} `json:"-" additionalProperties:"true"`
		Reason string   `json:"reason,omitempty" maxLength:"200" example:"wrong date"`
	} `nameHint:"CancelExecution"`
}

func (s *server) cancelExecution(ctx context.Context, who actor.Actor, in *cancelExecutionInput) (*executionOutput, error) {
	reason := ""
	if in.Body != nil {
		reason = in.Body.Reason
	}
	if err := clean("reason", reason); err != nil {
		return nil, err
	}
	e, err := s.Workflows.Cancel(ctx, who, in.ID, reason)
	return &executionOutput{s.viewExecution(e)}, err
}

type auditInput struct {
	Limit  int   `query:"limit" minimum:"1" maximum:"500" default:"50" doc:"Entries per page"`
	Before int64 `query:"before" minimum:"0" doc:"next of the page before"`
}

type auditEntry struct {
	ID        int64          `json:"id" example:"3"`
	Workflow  int64          `json:"workflow_id" example:"1"`
	Execution *int64         `json:"execution_id" example:"17"`
	Action    string         `json:"action" example:"cancel"`
	By        string         `json:"by" example:"ann"`
	Data      map[string]any `json:"data"`
	At        time.Time      `json:"at"`
}

type auditOutput struct {
	Body struct {
		Entries []auditEntry `json:"entries"`
		Next    *int64       `json:"next"`
	} `nameHint:"WorkflowAudit"`
}

func (s *server) workflowAudit(ctx context.Context, who actor.Actor, in *auditInput) (*auditOutput, error) {
	list, err := s.Workflows.Audit(ctx, who, in.Before, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &auditOutput{}
	out.Body.Entries = make([]auditEntry, len(list))
	for i, n := range list {
		v := auditEntry{ID: n.ID, Workflow: n.Workflow, Action: n.Action, By: n.By, Data: n.Data, At: n.At}
		if n.Execution != 0 {
			v.Execution = &n.Execution
		}
		out.Body.Entries[i] = v
	}
	if len(list) == in.Limit {
		out.Body.Next = &list[len(list)-1].ID
	}
	return out, nil
}
