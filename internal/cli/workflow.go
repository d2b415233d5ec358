package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"brigade/internal/errs"
)

type workflowCommand struct {
	List     workflowList     `cmd:"" help:"The workflows, or with --runs what was done lately."`
	Run      workflowRun      `cmd:"" help:"Do a workflow now, and watch it."`
	Show     workflowShow     `cmd:"" help:"A workflow, or by its number an execution with its steps and their cost."`
	Logs     workflowLogs     `cmd:"" help:"What an execution's steps had to say."`
	Retry    workflowRetry    `cmd:"" help:"Do again what failed, from the step that failed."`
	Cancel   workflowCancel   `cmd:"" help:"Cancel an execution."`
	Schedule workflowSchedule `cmd:"" help:"When workflows are done; change it, pause it, look a year ahead."`
	Put      workflowPut      `cmd:"" help:"Make a workflow of your own from a YAML file, or change it."`
	Costs    workflowCosts    `cmd:"" help:"What steps take, whether it is more than before, and the slowest."`
	Leader   workflowLeader   `cmd:"" help:"Who decides when workflows begin."`
}

const orchestratorPath = "/orchestrator"

type executionReply struct {
	ID        int64      `json:"id"`
	Name      string     `json:"workflow_name"`
	Type      string     `json:"execution_type"`
	By        string     `json:"triggered_by"`
	Tenant    *int64     `json:"tenant_id"`
	Date      string     `json:"date"`
	Status    string     `json:"status"`
	Progress  float64    `json:"progress"`
	Started   *time.Time `json:"started_at"`
	Completed *time.Time `json:"completed_at"`
	Seconds   float64    `json:"duration_seconds"`
	Total     int        `json:"steps_total"`
	Done      int        `json:"steps_completed"`
	Failed    int        `json:"steps_failed"`
	Tenants   int        `json:"tenants"`
	Bad       int        `json:"tenants_failed"`
	Retries   int        `json:"retries"`
	Error     string     `json:"error_message"`
	Instance  string     `json:"instance_id"`
	Steps     []struct {
		Step      string  `json:"step"`
		Total     int     `json:"total"`
		Completed int     `json:"completed"`
		Failed    int     `json:"failed"`
		Skipped   int     `json:"skipped"`
		Open      int     `json:"open"`
		CPU       float64 `json:"cpu_ms"`
		DB        float64 `json:"db_ms"`
		Rows      int64   `json:"rows"`
		Mean      float64 `json:"mean_ms"`
		Slowest   float64 `json:"slowest_ms"`
	} `json:"steps"`
}

func (e *executionReply) over() bool { return e.Status != "pending" && e.Status != "running" }

// forWhom is whose an execution is, for people.
func (e *executionReply) forWhom() string {
	if e.Tenant == nil {
		return fmt.Sprintf("%d tenants", e.Tenants)
	}
	return fmt.Sprintf("tenant %d", *e.Tenant)
}

type workflowReply struct {
	ID       int64           `json:"id"`
	Name     string          `json:"name"`
	Type     string          `json:"type"`
	Cron     string          `json:"cron"`
	Timezone string          `json:"timezone"`
	Enabled  bool            `json:"enabled"`
	BuiltIn  bool            `json:"built_in"`
	Own      bool            `json:"own"`
	Last     *time.Time      `json:"last_execution_at"`
	Next     *time.Time      `json:"next_execution_at"`
	Failures int             `json:"consecutive_failures"`
	Rules    json.RawMessage `json:"rules"`
	Steps    []struct {
		Name     string         `json:"name"`
		Uses     string         `json:"uses"`
		With     map[string]any `json:"with"`
		HTTP     *struct{ URL string }
		SQL      string   `json:"sql"`
		After    []string `json:"after"`
		Optional bool     `json:"optional"`
	} `json:"steps"`
}

type workflowList struct {
	Runs   bool   `name:"runs" help:"List executions instead."`
	Of     string `name:"workflow" placeholder:"NAME" help:"Of executions: only this workflow's."`
	Failed bool   `name:"failed" help:"Of executions: only those that failed."`
	Before int64  `name:"before" placeholder:"ID" help:"Of executions: older than this one."`
	Limit  int    `name:"limit" default:"20" placeholder:"N" help:"So many executions, up to 500."`
	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (workflowList) Help() string {
	return `Each workflow has a schedule, or is done by hand; each doing of it is an execution.

    brigade workflow list
    brigade workflow list --runs --workflow daily
    brigade workflow list --failed`
}

// Validate names every faulty flag.
func (c *workflowList) Validate() error {
	var f errs.Fields
	if c.Limit < 1 || c.Limit > 500 {
		f.Add("--limit", "must be from 1 to 500")
	}
	return f.Err()
}

// Run lists workflows or executions.
func (c *workflowList) Run(ctx context.Context, env *Env) error {
	if c.Runs || c.Failed || c.Of != "" {
		return c.executions(ctx, env)
	}
	return ask(ctx, env, &c.Remote, request{path: orchestratorPath + "/workflows"}, func(r struct{ Workflows []workflowReply }) error {
		t := newTable(env.Out, "WORKFLOW", "TYPE", "CRON", "ZONE", "ON", "LAST", "NEXT", "FAILED", "WHOSE")
		for _, w := range r.Workflows {
			whose := "everybody's"
			if w.Own {
				whose = "own"
			}
			t.row(w.Name, w.Type, orDash(w.Cron), w.Timezone, yesNo(w.Enabled), env.at(w.Last), env.at(w.Next), w.Failures, whose)
		}
		return t.end()
	})
}

func (c *workflowList) executions(ctx context.Context, env *Env) error {
	q := url.Values{"limit": {strconv.Itoa(c.Limit)}}
	if c.Of != "" {
		q.Set("workflow", c.Of)
	}
	if c.Before != 0 {
		q.Set("before", strconv.FormatInt(c.Before, 10))
	}
	path := orchestratorPath + "/executions"
	if c.Failed {
		path += "/failed"
	}
	type reply struct{ Executions []executionReply }
	return ask(ctx, env, &c.Remote, request{path: path, query: q}, func(r reply) error {
		t := newTable(env.Out, "ID", "WORKFLOW", "DATE", "FOR", "STATUS", "DONE", "FAILED", "STARTED", "SECONDS", "BY")
		for _, e := range r.Executions {
			t.row(e.ID, e.Name, e.Date, e.forWhom(), e.Status, fmt.Sprintf("%d/%d", e.Done, e.Total), e.Failed, env.at(e.Started),
				strconv.FormatFloat(e.Seconds, 'f', 1, 64), e.By)
		}
		return t.end()
	})
}

type workflowRun struct {
	Name     string `arg:"" help:"Which workflow, by name or id."`
	Date     string `name:"date" placeholder:"YYYY-MM-DD" help:"For which date (default: today)."`
	To       string `name:"to" placeholder:"YYYY-MM-DD" help:"Backfill: for every date up to this one."`
	Parallel int    `name:"parallel" default:"1" placeholder:"N" help:"Backfill: so many dates at a time, up to 16."`
	Tenant   string `name:"tenant" placeholder:"SLUG" help:"The operator: for this tenant alone (default: for all)."`
	Key      string `name:"key" placeholder:"KEY" help:"The same key again is the same execution."`
	NoWait   bool   `name:"no-wait" help:"Do not wait until it is done."`
	Remote   `group:"server"`
}

// Help implements kong.HelpProvider.
func (workflowRun) Help() string {
	return `Exit code 1 when it fails. Of a backfill every date is watched. Who stops watching stops nothing: brigade workflow cancel does.

    brigade workflow run daily
    brigade workflow run daily --date 2026-05-01 --to 2026-05-31 --parallel 4 --no-wait`
}

// Validate names every faulty flag.
func (c *workflowRun) Validate() error {
	var f errs.Fields
	for _, flag := range []struct{ name, value string }{{"--date", c.Date}, {"--to", c.To}} {
		if _, err := time.Parse(time.DateOnly, flag.value); flag.value != "" && err != nil {
			f.Add(flag.name, "must be a date like 2026-05-20")
		}
	}
	if c.To != "" && c.Date == "" {
		f.Add("--date", "must say with which date the backfill begins")
	}
	if c.Parallel < 1 || c.Parallel > 16 {
		f.Add("--parallel", "must be from 1 to 16")
	}
	return f.Err()
}

// Run begins a workflow and watches it.
func (c *workflowRun) Run(ctx context.Context, env *Env) error {
	body := map[string]any{}
	for name, value := range map[string]string{"date": c.Date, "to": c.To, "tenant": c.Tenant} {
		if value != "" {
			body[name] = value
		}
	}
	if c.To != "" {
		body["parallel"] = c.Parallel
	}
	e, raw, err := fetch[executionReply](ctx, &c.Remote, request{
		method: http.MethodPost, path: orchestratorPath + "/workflows/" + url.PathEscape(c.Name) + "/execute", body: body, key: c.Key,
	})
	if err != nil {
		return err
	}
	if c.To != "" && !c.NoWait {
		return c.watchBackfill(ctx, env, e.ID)
	}
	return c.watch(ctx, env, e, raw, c.NoWait)
}

func executionPath(id int64) string {
	return orchestratorPath + "/executions/" + strconv.FormatInt(id, 10)
}

type workflowShow struct {
	Ref    string `arg:"" name:"ref" help:"A workflow's name, or an execution's number."`
	Steps  bool   `name:"steps" help:"Of an execution: every tenant's steps."`
	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (workflowShow) Help() string {
	return `Of an execution for many tenants a tenant sees his own part.

    brigade workflow show daily
    brigade workflow show 17
    brigade workflow show 17 --steps`
}

// Run shows a workflow or an execution.
func (c *workflowShow) Run(ctx context.Context, env *Env) error {
	id, err := strconv.ParseInt(c.Ref, 10, 64)
	switch {
	case err != nil:
		return ask(ctx, env, &c.Remote, request{path: orchestratorPath + "/workflows/" + url.PathEscape(c.Ref)}, func(w workflowReply) error { return showWorkflow(env, w) })
	case c.Steps:
		return c.steps(ctx, env, id)
	}
	return ask(ctx, env, &c.Remote, request{path: executionPath(id)}, func(e executionReply) error { return showExecution(env, e) })
}

func showWorkflow(env *Env, w workflowReply) error {
	fmt.Fprintf(env.Out, "%s (%d), %s: %s in %s, on its schedule: %s\nlast %s, next %s\n\n", w.Name, w.ID, w.Type, orDash(w.Cron), w.Timezone,
		yesNo(w.Enabled), env.at(w.Last), env.at(w.Next))
	t := newTable(env.Out, "STEP", "DOES", "AFTER", "OPTIONAL")
	for _, s := range w.Steps {
		does := s.Uses
		switch {
		case s.HTTP != nil:
			does = "http " + s.HTTP.URL
		case s.SQL != "":
			does = "sql " + strings.Join(strings.Fields(s.SQL), " ")
		}
		t.row(s.Name, does, orDash(strings.Join(s.After, ", ")), yesNo(s.Optional))
	}
	return t.end()
}

func showExecution(env *Env, e executionReply) error {
	status := e.Status
	if !e.over() {
		status += fmt.Sprintf(" (%.0f %%)", 100*e.Progress)
	}
	fmt.Fprintf(env.Out, "execution %d of %s for %s, %s, %s by %s\n%s: %d of %d steps, %d failed, %.1f s; from %s to %s, begun by %s\n", e.ID, e.Name, e.Date,
		e.forWhom(), e.Type, e.By, status, e.Done, e.Total, e.Failed, e.Seconds, env.at(e.Started), env.at(e.Completed), orDash(e.Instance))
	if e.Error != "" {
		fmt.Fprintln(env.Out, e.Error)
	}
	fmt.Fprintln(env.Out)
	t := newTable(env.Out, "STEP", "TENANTS", "COMPLETED", "FAILED", "SKIPPED", "OPEN", "CPU MS", "DB MS", "ROWS", "MEAN MS", "SLOWEST MS")
	for _, s := range e.Steps {
		t.row(s.Step, s.Total, s.Completed, s.Failed, s.Skipped, s.Open, milli(s.CPU), milli(s.DB), s.Rows, milli(s.Mean), milli(s.Slowest))
	}
	return t.end()
}

func milli(v float64) string { return strconv.FormatFloat(v, 'f', 1, 64) }

func (c *workflowShow) steps(ctx context.Context, env *Env, id int64) error {
	type reply struct {
		Steps []struct {
			Tenant  int64           `json:"tenant_id"`
			Step    string          `json:"step"`
			Status  string          `json:"status"`
			Attempt int             `json:"attempt"`
			Error   string          `json:"error"`
			CPU     float64         `json:"cpu_ms"`
			DB      float64         `json:"db_ms"`
			Result  json.RawMessage `json:"result"`
		}
	}
	return ask(ctx, env, &c.Remote, request{path: executionPath(id) + "/steps", query: url.Values{"limit": {"5000"}}}, func(r reply) error {
		t := newTable(env.Out, "TENANT", "STEP", "STATUS", "ATTEMPT", "CPU MS", "DB MS", "ERROR")
		for _, s := range r.Steps {
			t.row(s.Tenant, s.Step, s.Status, s.Attempt, milli(s.CPU), milli(s.DB), orDash(s.Error))
		}
		return t.end()
	})
}

type workflowLogs struct {
	ID     int64  `arg:"" help:"The execution's number."`
	Step   string `name:"step" placeholder:"NAME" help:"Only this step's."`
	Level  string `name:"level" placeholder:"LEVEL" enum:",debug,info,warn,error" default:"" help:"From this level on: debug, info, warn or error."`
	Limit  int    `name:"limit" default:"500" placeholder:"N" help:"So many lines, up to 5000."`
	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (workflowLogs) Help() string {
	return `The oldest line first.

    brigade workflow logs 17
    brigade workflow logs 17 --step forecasts --level warn`
}

// Validate names every faulty flag.
func (c *workflowLogs) Validate() error {
	var f errs.Fields
	if c.Limit < 1 || c.Limit > 5000 {
		f.Add("--limit", "must be from 1 to 5000")
	}
	return f.Err()
}

// Run prints logs.
func (c *workflowLogs) Run(ctx context.Context, env *Env) error {
	q := url.Values{"limit": {strconv.Itoa(c.Limit)}}
	if c.Step != "" {
		q.Set("step", c.Step)
	}
	if c.Level != "" {
		q.Set("level", c.Level)
	}
	type reply struct {
		Logs []struct {
			ID      *int64 `json:"tenant_id"`
			Step    string
			Level   string
			Message string
			At      time.Time
		}
	}
	return ask(ctx, env, &c.Remote, request{path: executionPath(c.ID) + "/logs", query: q}, func(r reply) error {
		t := newTable(env.Out, "AT", "LEVEL", "TENANT", "STEP", "MESSAGE")
		for _, l := range r.Logs {
			tenant := "-"
			if l.ID != nil {
				tenant = strconv.FormatInt(*l.ID, 10)
			}
			t.row(env.at(&l.At), l.Level, tenant, orDash(l.Step), l.Message)
		}
		return t.end()
	})
}

type workflowRetry struct {
	ID     int64 `arg:"" help:"The execution's number."`
	All    bool  `name:"all" help:"Do everything again, not only what failed."`
	NoWait bool  `name:"no-wait" help:"Do not wait until it is done."`
	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (workflowRetry) Help() string {
	return `What was completed stays, unless --all asks for everything again. Exit code 1 when it fails.

    brigade workflow retry 17`
}

// Run retries an execution and watches it.
func (c *workflowRetry) Run(ctx context.Context, env *Env) error {
	e, raw, err := fetch[executionReply](ctx, &c.Remote, request{
		method: http.MethodPost, path: executionPath(c.ID) + "/retry", body: map[string]any{"all": c.All},
	})
	if err != nil {
		return err
	}
	return c.watch(ctx, env, e, raw, c.NoWait)
}

type workflowCancel struct {
	ID     int64  `arg:"" help:"The execution's number."`
	Reason string `name:"reason" placeholder:"TEXT" help:"Why."`
	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (workflowCancel) Help() string {
	return `What is being done is given up and not kept; brigade workflow retry goes on with it.

    brigade workflow cancel 17 --reason "wrong date"`
}

// Run cancels an execution.
func (c *workflowCancel) Run(ctx context.Context, env *Env) error {
	return ask(ctx, env, &c.Remote, request{
		method: http.MethodPost, path: executionPath(c.ID) + "/cancel", body: map[string]any{"reason": c.Reason},
	}, func(e executionReply) error {
		_, err := fmt.Fprintf(env.Out, "execution %d of %s is %s: %d of %d steps were done\n", e.ID, e.Name, e.Status, e.Done, e.Total)
		return err
	})
}
