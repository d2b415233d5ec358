package workflows

import (
	"bytes"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/errs"
	"brigade/internal/web/page"
	"brigade/internal/web/texts"
	"brigade/internal/workflow"
)

const hostile = `<img src=x onerror="alert(1)">&'"`

var noon = time.Date(2026, time.March, 2, 12, 0, 0, 0, time.UTC)

// hostileRun is an execution that failed, in which everything that somebody can choose is an attack.
func hostileRun() *runLook {
	began := noon.Add(-3 * time.Second)
	steps := []workflow.Step{{Name: "a", Uses: "forecast"}, {Name: "b", HTTP: &workflow.Call{URL: "https://" + hostile}, After: []string{"a"}}}
	return &runLook{
		Now: noon,
		Run: workflow.Execution{
			ID: 7, Name: hostile, Tenant: 1, By: hostile, Status: workflow.Failed, Plan: workflow.Plan{Steps: steps}, Created: began, Started: &began, Ended: &noon,
			Steps: workflow.Tally{Total: 2, Completed: 1, Failed: 1}, Tenants: 1, Error: hostile, Summary: []byte(`{"x":"<b>"}`), Runs: 2,
		},
		Steps: []workflow.StepRun{
			{Tenant: 1, Step: 0, Name: "a", Status: workflow.StepCompleted, Attempt: 1, Started: &began, Ended: &noon},
			{Tenant: 1, Step: 1, Name: "b", Status: workflow.StepFailed, Attempt: 3, Started: &began, Ended: &noon, Error: hostile},
		},
		Costs: []workflow.StepCost{{Step: 0, Name: "a", Total: 1, Completed: 1, Cost: workflow.Cost{CPU: time.Second, DB: time.Millisecond, Rows: 5}}},
		Logs:  []workflow.Log{{Step: "b", Level: "error", Message: hostile, Data: map[string]any{"x": hostile}, At: noon}},
	}
}

// Every page can be rendered in every language, and nothing that somebody has written becomes a part of it.
func TestPages(t *testing.T) {
	t.Parallel()
	set := page.New(page.Parts{Log: slog.New(slog.DiscardHandler)}).Set(templates, nil)
	for _, l := range texts.Languages {
		f := newFormat(l, time.UTC)
		h := head{Frame: page.Frame{Lang: l, Title: hostile}, Tabs: []link{{"/workflows", hostile, true}}, f: f, Live: "/live/workflows"}
		look := hostileRun()
		flow := workflow.Workflow{ID: 1, Name: hostile, Kind: workflow.Daily, Cron: "0 8 * * *", Zone: workflow.TenantZone, Steps: look.Run.Plan.Steps, Failures: 3, Rules: []byte(`{"x":"<b>"}`)}
		all := &allLook{Now: noon, Flows: []workflow.Workflow{flow}, Runs: []workflow.Execution{look.Run}}
		one := &workflowPage{head: h, Flow: flowOf(&flow, all, f), Runs: []runRow{rowOf(&look.Run, noon, f)}}
		one.plan(&flow)
		one.upcoming([]time.Time{noon, noon.AddDate(0, 1, 0)}, noon)
		one.costs([]workflow.DayFigures{{Name: hostile, Day: 20000, Completed: 1, Failed: 1, Seconds: 9}}, hostile)
		one.slowest(look.Costs)
		run := &runPage{head: h, Run: newRunView(look, f), Logs: logsOf(look.Logs, f), Levels: workflow.Levels}
		require.True(t, run.Run.Retry)
		require.Equal(t, "failed", run.Run.Drawing.Nodes[1].Status)
		for name, data := range map[string]page.Framed{
			"list": &listPage{h, newListView(all, f)}, "run": run, "workflow": one,
			"runs":     &runsView{head: h, Runs: one.Runs, Flows: []string{hostile}, Statuses: workflow.Statuses, Older: "/workflows/runs?before=1"},
			"editor":   &editorPage{head: h, Name: hostile, Text: hostile, Faults: []fault{{3, errs.Textf("%s", hostile)}}},
			"calendar": &calendarPage{head: h, Weeks: [][]calendarDay{{{Number: 1, Entries: []calendarEntry{{Path: "/x", Text: hostile, Icon: "wait"}}, Shift: hostile}}}},
		} {
			var out bytes.Buffer
			require.NoError(t, set.Of(l.Code, name).ExecuteTemplate(&out, "layout", data), name)
			require.NotContains(t, out.String(), "<img src=x", name)
			require.NotRegexp(t, `<script>|\sstyle=`, out.String(), name)
		}
	}
}
