package cli

import (
	"context"
	"fmt"
	"net/url"
	"strconv"

	"brigade/internal/errs"
)

type workflowCosts struct {
	Days   int    `name:"days" default:"30" placeholder:"N" help:"Over so many days, up to 183."`
	Of     string `name:"workflow" placeholder:"NAME" help:"Only this workflow's steps."`
	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (workflowCosts) Help() string {
	return `CPU, database time and rows of one tenant in one run, against as many days before. --json has every day.

    brigade workflow costs
    brigade workflow costs --days 7 --workflow daily`
}

// Validate names every faulty flag.
func (c *workflowCosts) Validate() error {
	var f errs.Fields
	if c.Days < 1 || c.Days > 183 {
		f.Add("--days", "must be from 1 to 183")
	}
	return f.Err()
}

type costsReply struct {
	From  string
	Steps []struct {
		Name    string `json:"workflow_name"`
		Step    string
		Runs    int
		Tenants int
		Mean    float64 `json:"mean_seconds"`
		P95     float64 `json:"p95_seconds"`
		CPU     float64 `json:"cpu_ms"`
		DB      float64 `json:"db_ms"`
		Rows    int64
		Change  *float64
	}
	Slowest []struct {
		Name    string `json:"workflow_name"`
		Step    string
		Tenant  int64 `json:"tenant_id"`
		Times   int
		Mean    float64 `json:"mean_seconds"`
		Longest float64 `json:"longest_seconds"`
		CPU     float64 `json:"cpu_ms"`
		DB      float64 `json:"db_ms"`
	}
}

// Run shows what steps take.
func (c *workflowCosts) Run(ctx context.Context, env *Env) error {
	q := url.Values{"days": {strconv.Itoa(c.Days)}}
	if c.Of != "" {
		q.Set("workflow", c.Of)
	}
	return ask(ctx, env, &c.Remote, request{path: orchestratorPath + "/costs", query: q}, func(r costsReply) error {
		fmt.Fprintf(env.Out, "since %s, of a tenant in a run\n", r.From)
		t := newTable(env.Out, "WORKFLOW", "STEP", "RUNS", "TENANTS", "MEAN S", "P95 S", "CPU MS", "DB MS", "ROWS", "CHANGE")
		for _, s := range r.Steps {
			t.row(s.Name, s.Step, s.Runs, s.Tenants, secs(s.Mean), secs(s.P95), milli(s.CPU), milli(s.DB), s.Rows, changed(s.Change))
		}
		if err := t.end(); err != nil {
			return err
		}
		fmt.Fprintln(env.Out, "\nthe slowest")
		t = newTable(env.Out, "WORKFLOW", "STEP", "TENANT", "TIMES", "MEAN S", "LONGEST S", "CPU MS", "DB MS")
		for _, s := range r.Slowest {
			t.row(s.Name, s.Step, s.Tenant, s.Times, secs(s.Mean), secs(s.Longest), milli(s.CPU), milli(s.DB))
		}
		return t.end()
	})
}

func secs(v float64) string { return strconv.FormatFloat(v, 'f', 3, 64) }

// changed is a change for people; without one there is nothing to compare.
func changed(v *float64) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprintf("%+.0f %%", 100**v)
}
