package workflow_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"brigade/internal/errs"
	"brigade/internal/workflow"
)

func book() workflow.Rulebook {
	return workflow.Rulebook{Steps: []string{"forecast", "summary"}, Check: func(cron, _ string) error {
		if cron == "never" {
			return errs.Invalid("is no cron expression")
		}
		return nil
	}}
}

func good() workflow.Workflow {
	return workflow.Workflow{
		Name: "nightly", Kind: workflow.Daily, Cron: "0 8 * * *", Zone: workflow.TenantZone, MaxRun: time.Hour, RetryDelay: time.Minute,
		Steps: []workflow.Step{{Name: "a", Uses: "forecast"}, {Name: "b", Uses: "summary", After: []string{"a"}}},
	}
}

func TestEveryFaultOfAWorkflowIsNamed(t *testing.T) {
	t.Parallel()
	w := good()
	require.NoError(t, w.Validate(book()))
	few := -1
	bad := workflow.Workflow{Name: "No Name", Kind: "hourly", Cron: "never", Zone: "UTC", MaxRun: -1, MaxRetries: 99, RetryDelay: -1, Tenant: 3, Steps: []workflow.Step{
		{Name: "a", Uses: "magic", After: []string{"b"}},
		{Name: "b", After: []string{"a", "z"}},
		{Name: "b", Uses: "forecast", SQL: "select 1"},
		{Name: "c", HTTP: &workflow.Call{URL: "ftp://x", Method: "PEEK"}, Timeout: -1, Retries: &few, Delay: &few},
	}}
	err := bad.Validate(book())
	require.True(t, errs.Is(err, errs.KindInvalid))
	for _, field := range []string{
		"name ", "type ", "cron ", "max_execution_seconds", "max_retries", "retry_delay_seconds", "steps[0].uses", "steps[1] must have one", "steps[2].name",
		"steps[2].sql", "steps[2] must have one", "steps[3].http.url", "steps[3].http.method", "steps[3].timeout_seconds", "steps[3].max_retries",
		"steps[3].retry_delay_seconds", `steps[1].after there is no step "z"`,
	} {
		require.ErrorContains(t, err, field)
	}
	w = good()
	w.Steps[0].After = []string{"b"}
	require.ErrorContains(t, w.Validate(book()), "steps[0].after a would wait for itself")
	w = good()
	w.Zone = "Mars/Olympus"
	require.ErrorContains(t, w.Validate(book()), "timezone")
	w = good()
	w.Cron = ""
	require.ErrorContains(t, w.Validate(book()), "cron")
	w.Kind = workflow.OnDemand
	require.NoError(t, w.Validate(book()))
	w.Steps = nil
	require.ErrorContains(t, w.Validate(book()), "steps")
}

// Whatever the graph, no order of its steps lets one begin before what it waits for, and all get their turn.
func TestGraphs(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(t, "steps")
		steps := make([]workflow.Step, n)
		for i := range steps {
			steps[i].Name = string(rune('a' + i))
			for j := range i {
				if rapid.Bool().Draw(t, "waits") {
					steps[i].After = append(steps[i].After, steps[j].Name)
				}
			}
		}
		g := workflow.GraphOf(steps)
		waits := g.Waits()
		var order []int
		for len(order) < n {
			next := slices.IndexFunc(waits, func(w int) bool { return w == 0 })
			if next < 0 {
				t.Fatal("nothing is ready")
			}
			waits[next] = -1
			for _, before := range g.Upstream(next) {
				if !slices.Contains(order, before) {
					t.Fatalf("%d began before %d", next, before)
				}
			}
			order = append(order, next)
			for _, after := range g.After[next] {
				waits[after]--
			}
		}
		for i := range n {
			for _, j := range g.Downstream(i) {
				if !slices.Contains(g.Upstream(j), i) {
					t.Fatal("down and up differ")
				}
			}
		}
	})
}

func TestWaitingGrowsWithEachAttemptWithinBounds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		delay := time.Duration(rapid.Int64Range(0, int64(6*time.Hour)).Draw(t, "delay"))
		attempt := rapid.IntRange(1, 50).Draw(t, "attempt")
		chance := rapid.Float64Range(0, 1).Draw(t, "chance")
		d := workflow.Backoff(delay, attempt, chance)
		if d < delay*3/4 || d > max(delay, time.Hour)*5/4 {
			t.Fatalf("%v after %d attempts of %v", d, attempt, delay)
		}
		if attempt < 50 && workflow.Backoff(delay, attempt+1, chance) < d {
			t.Fatal("it shrinks")
		}
	})
	require.Equal(t, 5*time.Minute, workflow.Backoff(5*time.Minute, 1, 0.5))
	require.Equal(t, 20*time.Minute, workflow.Backoff(5*time.Minute, 3, 0.5))
}

// However many of higher tiers come, whoever has waited longer than the bonus goes first.
func TestNobodyStarves(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		tiers := []string{"starter", "standard", "enterprise", "unknown"}
		one, other := rapid.SampledFrom(tiers).Draw(t, "one"), rapid.SampledFrom(tiers).Draw(t, "other")
		waited := time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "waited"))
		now := time.Unix(0, 0)
		first := now.Add(-waited).Add(-workflow.Bonus(one))
		second := now.Add(-workflow.Bonus(other))
		if waited > workflow.Bonus("enterprise") && !first.Before(second) {
			t.Fatalf("%s waits %v for %s", one, waited, other)
		}
	})
}

func TestExecutionsLive(t *testing.T) {
	t.Parallel()
	require.NoError(t, workflow.Pending.Move(workflow.Running))
	require.NoError(t, workflow.Failed.Move(workflow.Running))
	require.True(t, errs.Is(workflow.Completed.Move(workflow.Running), errs.KindConflict))
	require.True(t, errs.Is(workflow.Cancelled.Move(workflow.Completed), errs.KindConflict))
	for _, s := range workflow.Statuses {
		require.Equal(t, s.Over(), s == workflow.Completed || s == workflow.Failed || s == workflow.Cancelled)
	}
}

// The built-in workflows are valid with all steps, and with those alone that this brigade can do.
func TestBuiltInWorkflows(t *testing.T) {
	t.Parallel()
	r := workflow.NewRegistry()
	for _, have := range [][]string{
		{},
		{"forecast", "validate"},
		{"forecast", "production", "procurement", "inventory", "validate", "evaluate", "retrain", "digest", "report", "cleanup"},
	} {
		for _, name := range have {
			r.Add(name, workflow.Runner{})
		}
		list := workflow.BuiltIn(r, workflow.Times{})
		for _, w := range list {
			require.NoError(t, w.Validate(workflow.Rulebook{Steps: r.Names(), Check: func(string, string) error { return nil }}), w.Name)
			_, _, err := w.Schedule("Europe/Madrid", nil)
			require.NoError(t, err)
		}
		var steps []string
		for _, s := range list[0].Steps {
			steps = append(steps, s.Name)
		}
		if len(have) == 10 {
			require.Equal(t, "forecasts production procurement inventory validation summary", strings.Join(steps, " "))
			require.Equal(t, []string{"daily", "weekly", "monthly", "alert-cleanup"}, []string{list[0].Name, list[1].Name, list[2].Name, list[3].Name})
		}
	}
}

func TestRulesOfASchedule(t *testing.T) {
	t.Parallel()
	w := good()
	w.Rules = []byte(`{"days_off":"next","weekdays_off":["sat","sun"],"country":"es","spread_seconds":600,"pauses":[{"from":"2026-05-20T00:00:00Z","until":"2026-05-21T00:00:00Z"}]}`)
	s, rules, err := w.Schedule("Europe/Madrid", nil)
	require.NoError(t, err)
	require.Equal(t, 600, rules.Spread)
	from := time.Date(2026, 5, 15, 12, 0, 0, 0, time.UTC) // a Friday
	next := s.Next(from, 2)
	require.Equal(t, "2026-05-18T06:00:00Z", next[0].Format(time.RFC3339))
	for _, bad := range []string{`{"weekdays_off":["funday"]}`, `{"holidays":["soon"]}`, `{"spread_seconds":-1}`, `{"spread_seconds":9300000000}`, `{"jitter_seconds":18446744075}`, `{"grace_seconds":18446744075}`, `{"catch_up":"maybe"}`, `{`} {
		w.Rules = []byte(bad)
		_, _, err := w.Schedule("Europe/Madrid", nil)
		require.True(t, errs.Is(err, errs.KindInvalid), bad)
	}
}
