package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

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
	return `Exit code 1 when it fails.

    brigade workflow run daily
    brigade workflow run daily --date 2026-05-01 --to 2026-05-31 --parallel 4 --no-wait`
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
	return c.watch(ctx, env, e, raw, c.NoWait)
}

// watch looks at an execution until it is over, and says how it ended.
func (r *Remote) watch(ctx context.Context, env *Env, e executionReply, raw json.RawMessage, noWait bool) error {
	if !noWait {
		var err error
		if e, raw, err = r.follow(ctx, env, e, raw); err != nil {
			return err
		}
	}
	if r.JSON {
		fmt.Fprintln(env.Out, string(raw))
	} else {
		fmt.Fprintf(env.Out, "execution %d of %s for %s is %s: %d of %d steps, %s\n", e.ID, e.Name, e.Date, e.Status, e.Done, e.Total, e.forWhom())
	}
	if e.Status == "failed" || e.Status == "cancelled" {
		return errs.Unavailable("execution %d is %s: %s", e.ID, e.Status, orDash(e.Error))
	}
	return nil
}

func (r *Remote) follow(ctx context.Context, env *Env, e executionReply, raw json.RawMessage) (executionReply, json.RawMessage, error) {
	bar := newBar(env, int64(max(1, e.Total)), e.Name)
	defer func() { _ = bar.Finish() }() // only a picture
	for !e.over() {
		select {
		case <-ctx.Done():
			return e, raw, context.Cause(ctx)
		case <-time.After(barEvery):
		}
		var err error
		if e, raw, err = fetch[executionReply](ctx, r, request{path: executionPath(e.ID)}); err != nil {
			return e, raw, err
		}
		bar.ChangeMax(max(1, e.Total))
		bar.Describe(e.Name + " " + e.present())
		_ = bar.Set(int(e.Progress * float64(e.Total)))
	}
	return e, raw, nil
}

// present is the first step that is not over everywhere.
func (e *executionReply) present() string {
	for _, s := range e.Steps {
		if s.Open > 0 {
			return s.Step
		}
	}
	return ""
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
	fmt.Fprintf(env.Out, "execution %d of %s for %s, %s, %s by %s\n%s: %d of %d steps, %d failed, %.0f %%, %.1f s; from %s to %s, begun by %s\n", e.ID, e.Name, e.Date,
		e.forWhom(), e.Type, e.By, e.Status, e.Done, e.Total, e.Failed, 100*e.Progress, e.Seconds, env.at(e.Started), env.at(e.Completed), orDash(e.Instance))
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

type workflowSchedule struct {
	Name     string `arg:"" optional:"" help:"Which workflow; without one all are listed."`
	Cron     string `name:"cron" placeholder:"CRON" help:"Change when it is done: minute, hour, day, month, weekday."`
	Timezone string `name:"timezone" placeholder:"ZONE" help:"In which zone; tenant means each tenant's own."`
	Enable   bool   `name:"enable" xor:"on" help:"Put it on its schedule."`
	Disable  bool   `name:"disable" xor:"on" help:"Take it off its schedule."`
	Next     int    `name:"next" default:"10" placeholder:"N" help:"Show so many runs to come, within a year."`
	Remote   `group:"server"`
}

// Help implements kong.HelpProvider.
func (workflowSchedule) Help() string {
	return `Rules for holidays, catching up, overlaps and spreading are in the workflow's file (brigade workflow put).

    brigade workflow schedule
    brigade workflow schedule daily --cron "30 7 * * 1-6" --timezone Europe/Lisbon
    brigade workflow schedule daily --next 400`
}

// Run shows or changes a schedule.
func (c *workflowSchedule) Run(ctx context.Context, env *Env) error {
	if c.Name == "" {
		return c.list(ctx, env)
	}
	body := map[string]any{"workflow": c.Name}
	for name, value := range map[string]string{"cron": c.Cron, "timezone": c.Timezone} {
		if value != "" {
			body[name] = value
		}
	}
	if c.Enable || c.Disable {
		body["enabled"] = c.Enable
	}
	if len(body) > 1 {
		if _, _, err := fetch[workflowReply](ctx, &c.Remote, request{method: http.MethodPut, path: orchestratorPath + "/schedule", body: body}); err != nil {
			return err
		}
	}
	type reply struct {
		Name     string `json:"workflow_name"`
		Timezone string
		Upcoming []time.Time
	}
	q := url.Values{"workflow": {c.Name}, "count": {strconv.Itoa(c.Next)}}
	return ask(ctx, env, &c.Remote, request{path: orchestratorPath + "/schedule/next-run", query: q}, func(r reply) error {
		fmt.Fprintf(env.Out, "%s in %s is done next\n", r.Name, r.Timezone)
		for _, at := range r.Upcoming {
			fmt.Fprintf(env.Out, "  %s\n", env.at(&at))
		}
		return nil
	})
}

func (c *workflowSchedule) list(ctx context.Context, env *Env) error {
	type reply struct {
		Schedules []struct {
			Name     string `json:"workflow_name"`
			Cron     string
			Timezone string
			Last     *time.Time `json:"last_run"`
			Next     *time.Time `json:"next_run"`
		}
	}
	return ask(ctx, env, &c.Remote, request{path: orchestratorPath + "/schedule"}, func(r reply) error {
		t := newTable(env.Out, "NEXT", "WORKFLOW", "CRON", "ZONE", "LAST")
		for _, s := range r.Schedules {
			t.row(env.at(s.Next), s.Name, s.Cron, s.Timezone, env.at(s.Last))
		}
		return t.end()
	})
}

type workflowPut struct {
	File   string `arg:"" type:"existingfile" help:"The workflow as YAML (or JSON)."`
	Name   string `name:"name" placeholder:"NAME" help:"Its name (default: name: in the file)."`
	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (workflowPut) Help() string {
	return `The file is checked whole before anything is saved:

    brigade workflow put morning.yaml

    name: morning
    type: daily
    cron: "30 6 * * *"
    timezone: Europe/Madrid
    steps:
      - {name: forecasts, uses: forecast}
      - name: tell
        http: {url: https://example.com/forecasted}
        after: [forecasts]
        optional: true
    rules: {days_off: skip, weekdays_off: [sun], country: es, catch_up: once, overlap: skip, spread_seconds: 1800}`
}

// Run saves a workflow.
func (c *workflowPut) Run(ctx context.Context, env *Env) error {
	text, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	var body map[string]any
	if err := yaml.NewDecoder(bytes.NewReader(text)).Decode(&body); err != nil {
		return errs.Invalid("%s is no YAML: %s", c.File, yaml.FormatError(err, false, false))
	}
	name := c.Name
	if name == "" {
		name, _ = body["name"].(string)
	}
	if name == "" {
		return errs.Invalid("%s names no workflow: add name:, or use --name", c.File)
	}
	return ask(ctx, env, &c.Remote, request{method: http.MethodPut, path: orchestratorPath + "/workflows/" + url.PathEscape(name), body: body},
		func(w workflowReply) error { return showWorkflow(env, w) })
}

type workflowLeader struct {
	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (workflowLeader) Help() string {
	return `All orchestrators do steps; one of them decides when workflows begin.

    brigade workflow leader`
}

// Run shows who decides.
func (c *workflowLeader) Run(ctx context.Context, env *Env) error {
	type reply struct {
		Leader    string
		Since     *time.Time
		Heartbeat *time.Time `json:"last_heartbeat"`
		Epoch     int64
	}
	return ask(ctx, env, &c.Remote, request{path: orchestratorPath + "/leader"}, func(r reply) error {
		if r.Leader == "" {
			_, err := fmt.Fprintln(env.Out, "nobody decides just now")
			return err
		}
		_, err := fmt.Fprintf(env.Out, "%s decides since %s, last sign of life %s, epoch %d\n", r.Leader, env.at(r.Since), env.at(r.Heartbeat), r.Epoch)
		return err
	})
}
