package cli

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"brigade/internal/errs"
)

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

// Validate names every faulty flag.
func (c *workflowSchedule) Validate() error {
	var f errs.Fields
	if c.Next < 1 || c.Next > 1000 {
		f.Add("--next", "must be from 1 to 1000")
	}
	return f.Err()
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
		where := "in " + r.Timezone
		if r.Timezone == "tenant" {
			where = "by each tenant's clock"
		}
		fmt.Fprintf(env.Out, "%s %s is done next\n", r.Name, where)
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
	if err := checkWorkflowKeys(body); err != nil {
		return err
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

// workflowKeys are what a workflow's file may hold; the last ones are what brigade workflow show --json adds and nobody sets.
var workflowKeys = []string{
	"name", "type", "cron", "timezone", "enabled", "max_execution_seconds", "max_retries", "retry_delay_seconds", "steps", "rules",
	"id", "built_in", "own", "version", "last_execution_at", "next_execution_at", "consecutive_failures",
}

// checkWorkflowKeys names keys that mean nothing, which would be passed over otherwise.
func checkWorkflowKeys(body map[string]any) error {
	var f errs.Fields
	for _, key := range slices.Sorted(maps.Keys(body)) {
		if !slices.Contains(workflowKeys, key) {
			f.Add(key, "is not known; there are %s", strings.Join(workflowKeys[:10], ", "))
		}
	}
	return f.Err()
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
