package workflows

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/errs"
	"brigade/internal/web/texts"
	"brigade/internal/workflow"
	"brigade/internal/workflow/schedule"
)

func english() texts.Language {
	l, _ := texts.Find("en")
	return l
}

// Steps stand to the right of what they wait for, and a line that another way makes needless is not drawn.
func TestGraph(t *testing.T) {
	t.Parallel()
	steps := []workflow.Step{
		{Name: "forecasts"}, {Name: "plan", After: []string{"forecasts"}}, {Name: "check"}, {Name: "sum", After: []string{"forecasts", "plan", "check"}},
	}
	views := make([]stepView, len(steps))
	views[0].Status = "completed"
	d := draw(steps, views)
	require.Less(t, d.Nodes[0].X, d.Nodes[1].X)
	require.Less(t, d.Nodes[1].X, d.Nodes[3].X)
	require.NotEqual(t, d.Nodes[0].Y, d.Nodes[2].Y, "beside each other")
	require.Len(t, d.Edges, 3, "forecasts to plan, plan to sum, check to sum")
	require.True(t, d.Edges[0].Done)
	require.Equal(t, drawing{Nodes: []node{}}, draw(nil, nil))
	circle := []workflow.Step{{Name: "a", After: []string{"b"}}, {Name: "b", After: []string{"a"}}}
	require.Len(t, draw(circle, make([]stepView, 2)).Nodes, 2, "a plan that nobody validated ends as well")
}

// A step over its tenants is failed when one failed, and as far as the one that is least far.
func TestStepOverTenants(t *testing.T) {
	t.Parallel()
	l := &runLook{Run: workflow.Execution{Plan: workflow.Plan{Steps: []workflow.Step{{Name: "a"}}}}}
	f := newFormat(english(), time.UTC)
	for _, c := range []struct {
		of   []workflow.StepStatus
		want string
	}{
		{nil, "waiting"},
		{[]workflow.StepStatus{workflow.StepCompleted}, "completed"},
		{[]workflow.StepStatus{workflow.StepCompleted, workflow.StepReady}, "ready"},
		{[]workflow.StepStatus{workflow.StepFailed, workflow.StepRunning}, "failed"},
		{[]workflow.StepStatus{workflow.StepRunning, workflow.StepCompleted}, "running"},
	} {
		l.Steps = nil
		for i, s := range c.of {
			l.Steps = append(l.Steps, workflow.StepRun{Tenant: int64(i + 1), Status: s})
		}
		require.Equal(t, c.want, stepOf(0, l, f).Status)
	}
}

// What is wrong with a text is said by the line on which it stands.
func TestFaultsByLine(t *testing.T) {
	t.Parallel()
	text := "name: morning\ntype: daily\ncron: \"0 8 * * *\"\nsteps:\n  - name: a\n    uses: forecast\n  - name: b\n    http: {url: x}\n    after: [c]\n"
	var f errs.Fields
	f.Add("steps[1].after", "there is no step c")
	f.Add("cron", "is wrong")
	f.Add("steps[1].http.url", "must be an address")
	f.Add("timezone", "is missing")
	faults := faultsOf(f.Err(), text)
	require.Equal(t, []int{1, 3, 8, 9}, []int{faults[0].Line, faults[1].Line, faults[2].Line, faults[3].Line})
	require.Nil(t, faultsOf(errs.Conflict("overtaken"), text))

	es, _ := texts.Find("es")
	var named errs.Fields
	named.Add("steps[1].after", "there is no step %q", "c")
	said, known := es.Tell(faultsOf(named.Err(), text)[0].Text)
	require.Equal(t, "steps[1].after no hay ningún paso «c»", said)
	require.False(t, known, "a path is no word")

	for text, line := range map[string]int{
		"name: [x\ntype: daily\n":                            2,
		"name: x\ntyp: daily\n":                              2,
		"name: x\nsteps:\n  - name: a\n    nonsense: 1\n":    4,
		"name: x\nsteps:\n  - name: a\n    max_retries: z\n": 4,
		"type: daily\n":                                      1,
		"name: x\nrules: {catch: all}\n":                     2,
		"- 1\n- 2\n":                                         1,
		"":                                                   1,
	} {
		_, _, faults := read(text)
		require.Len(t, faults, 1, text)
		require.Equal(t, line, faults[0].Line, "%s: %v", text, faults)
	}
	name, change, faults := read(text)
	require.Empty(t, faults)
	require.Equal(t, "morning", name)
	var w workflow.Workflow
	require.NoError(t, change(&w))
	require.Equal(t, []string{"c"}, w.Steps[1].After)
}

// A short text that stands for a very long one is refused before it is unfolded.
func TestTextsThatGrowAreRefused(t *testing.T) {
	t.Parallel()
	text := "name: x\na: &a [x, x]\n"
	for c := 'b'; c < 'z'; c++ {
		text += fmt.Sprintf("%c: &%c [*%c, *%c]\n", c, c, c-1, c-1)
	}
	_, _, faults := read(text)
	require.Equal(t, []fault{{3, errs.Textf("an alias is not understood here: write it out")}}, faults)
	_, _, faults = read("name: \"*x & y\"\ncron: '*/5 * * * *'\nsteps: []\n")
	require.Empty(t, faults, "nor are stars in texts aliases")
}

// What somebody has not seen he does not write over: neither another's changes nor a workflow of the same name.
func TestNobodyWritesOverWhatHeHasNotSeen(t *testing.T) {
	t.Parallel()
	own := workflow.Workflow{ID: 7, Tenant: 1, Name: "night", Version: 3}
	house := workflow.Workflow{Name: "night", Version: 3}
	done := errors.New("done")
	change := func(*workflow.Workflow) error { return done }
	require.ErrorIs(t, seenAs(seen(&own), change)(&own), done)
	require.ErrorIs(t, seenAs(seen(&workflow.Workflow{}), change)(&workflow.Workflow{Name: "night"}), done, "a new one")
	for was, now := range map[*workflow.Workflow]workflow.Workflow{
		{}:                  own,                            // there is one already
		{ID: 7, Version: 2}: own,                            // somebody has changed it
		&house:              {ID: 8, Tenant: 1, Version: 3}, // somebody has made the house's one of the tenant's own
		&own:                {ID: 7, Tenant: 1, Version: 4},
	} {
		require.True(t, errs.Is(seenAs(seen(was), change)(&now), errs.KindConflict), "%+v", now)
	}
}

// A workflow that is written out and read again is the same.
func TestWorkflowAsText(t *testing.T) {
	t.Parallel()
	retries := 2
	was := workflow.Workflow{
		Name: "night", Kind: workflow.Daily, Cron: "0 3 * * *", Zone: "Europe/Madrid", Enabled: true, MaxRun: time.Hour, MaxRetries: 3,
		RetryDelay: time.Minute, Rules: []byte(`{"days_off":"skip"}`),
		Steps: []workflow.Step{
			{Name: "a", Uses: "forecast", With: map[string]any{"days": 7.0}},
			{Name: "b", HTTP: &workflow.Call{URL: "https://example.com/x?a=b: c#d"}, After: []string{"a"}, Retries: &retries, Optional: true},
		},
	}
	text, err := write(&was)
	require.NoError(t, err)
	_, change, faults := read(text)
	require.Empty(t, faults, text)
	var now workflow.Workflow
	require.NoError(t, change(&now))
	require.Equal(t, was.Steps, now.Steps)
	require.JSONEq(t, string(was.Rules), string(now.Rules))
	was.Steps, now.Steps, was.Rules, now.Rules = nil, nil, nil, nil
	require.Equal(t, was, now)
}

// The month shows when clocks change, what was done and what will be.
func TestCalendar(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("Europe/Madrid")
	require.NoError(t, err)
	f := newFormat(english(), zone)
	first, now := time.Date(2026, 3, 1, 0, 0, 0, 0, zone), time.Date(2026, 3, 20, 12, 0, 0, 0, zone)
	flow := workflow.Workflow{Name: "daily", Cron: "30 2 * * *", Enabled: true}
	hourly := workflow.Workflow{Name: "hourly", Cron: "0 * * * *", Enabled: true}
	runs := []workflow.Execution{{ID: 7, Name: "daily", Status: workflow.Failed, Created: now.AddDate(0, 0, -1)}}
	s := &server{Parts: Parts{Holidays: func(_ string, d schedule.Day) bool { return d.String() == "2026-03-19" }}}
	by := s.entries(f, first, now, []workflow.Due{{Workflow: flow, Zone: "Europe/Madrid"}, {Workflow: hourly, Zone: "Europe/Madrid"}}, runs)
	p := calendarPage{head: head{f: f}, Zone: "Europe/Madrid"}
	p.fill(first, now, by, s.free)
	require.Len(t, p.Weeks, 6)
	days := map[int]calendarDay{}
	for _, week := range p.Weeks {
		for _, d := range week {
			if !d.Out {
				days[d.Number] = d
			}
		}
	}
	require.Len(t, days, 31)
	require.Equal(t, "failed", days[19].Entries[0].Status)
	require.True(t, days[19].Free)
	require.True(t, days[20].Today)
	require.Equal(t, "02:30", days[21].Entries[1].Time)
	require.Equal(t, "00:00 ×24", days[21].Entries[0].Time)
	require.Equal(t, "03:00", days[29].Entries[1].Time, "the hour that is left out runs at the change")
	require.Contains(t, days[29].Shift, "60")
	require.Empty(t, days[28].Shift)

	often := workflow.Workflow{Name: "often", Cron: "* * * * *", Enabled: true}
	by = s.entries(f, first, first, []workflow.Due{{Workflow: often, Zone: "Europe/Madrid"}}, nil)
	require.Equal(t, "00:00 ×1440", by["2026-03-31"][0].Time, "however often it is, no day is left out")
}
