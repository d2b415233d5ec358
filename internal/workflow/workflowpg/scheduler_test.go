package workflowpg_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/errs"
	"brigade/internal/workflow"
)

// scheduler is a node that decides, with a fence.
func (n *night) scheduler(fence int64) *workflow.Scheduler {
	return workflow.NewScheduler(n.store, n.clock, workflow.SchedulerOptions{Fence: func() (int64, bool) { return fence, true }})
}

func (n *night) daily(change func(w *workflow.Workflow)) workflow.Workflow {
	return n.put("nightly", func(w *workflow.Workflow) {
		w.Kind, w.Cron, w.Zone, w.Steps = workflow.Daily, "0 8 * * *", workflow.TenantZone, w.Steps[:1]
		if change != nil {
			change(w)
		}
	})
}

// dates are the executions so far, the latest first.
func (n *night) executions() []workflow.Execution {
	n.t.Helper()
	list, err := n.service.Executions(n.t.Context(), operator, workflow.Filter{Most: 100})
	require.NoError(n.t, err)
	return list
}

func (n *night) at(text string) {
	n.t.Helper()
	t, err := time.Parse(time.RFC3339, text)
	require.NoError(n.t, err)
	n.clock.Set(t)
}

func TestEachZoneHasItsMorning(t *testing.T) {
	t.Parallel()
	n := setup(t, "standard", "standard", "standard")
	n.exec("update tenants set timezone = 'America/New_York' where id = 2")
	n.exec("update tenants set timezone = 'Australia/Lord_Howe', status = 'cancelled' where id = 3")
	n.at("2026-05-18T00:00:00Z")
	n.daily(nil)
	s := n.scheduler(1)
	require.NoError(t, s.Once(t.Context()))
	require.Empty(t, n.executions())
	due, err := n.service.Upcoming(t.Context(), operator)
	require.NoError(t, err)
	require.Len(t, due, 2, "where nobody is active nothing is due")
	n.at("2026-05-18T06:00:00Z")
	for range 3 {
		require.NoError(t, s.Once(t.Context()))
	}
	list := n.executions()
	require.Len(t, list, 1, "looking again begins nothing again")
	require.Equal(t, "Europe/Madrid", list[0].Zone)
	require.Equal(t, "2026-05-18", list[0].Day.String())
	require.Equal(t, 1, list[0].Tenants)
	n.at("2026-05-18T12:00:01Z")
	require.NoError(t, s.Once(t.Context()))
	list = n.executions()
	require.Len(t, list, 2)
	require.Equal(t, "America/New_York", list[0].Zone)
	w, err := n.service.Workflow(t.Context(), operator, "nightly")
	require.NoError(t, err)
	require.Equal(t, "2026-05-19T06:00:00Z", w.NextAt.Format(time.RFC3339))
}

// Whoever decided before and does not know yet that he does no longer is refused; nothing is begun twice.
func TestALeaderOfThePastIsRefused(t *testing.T) {
	t.Parallel()
	n := setup(t, "standard")
	n.at("2026-05-18T00:00:00Z")
	n.daily(nil)
	old := n.scheduler(1)
	require.NoError(t, old.Once(t.Context()))
	n.epoch = 2
	n.at("2026-05-18T06:00:00Z")
	require.True(t, errs.Is(old.Once(t.Context()), errs.KindUnavailable))
	require.Empty(t, n.executions())
	require.NoError(t, n.scheduler(2).Once(t.Context()))
	require.Len(t, n.executions(), 1)
	n.epoch = 1 // even if both could write: the time is one execution
	n.exec("update workflow_schedules set next_at = '2026-05-18T06:00:00Z', last_at = '2026-05-18T05:00:00Z'")
	require.NoError(t, old.Once(t.Context()))
	require.Len(t, n.executions(), 1)
}

func TestWhatWasMissed(t *testing.T) {
	t.Parallel()
	for rules, want := range map[string][]string{
		`{}`:                                   {"2026-05-21"},
		`{"catch_up":"all","overlap":"queue"}`: {"2026-05-21", "2026-05-20", "2026-05-19", "2026-05-18"},
		`{"catch_up":"skip"}`:                  {},
		`{"catch_up":"all","overlap":"skip"}`:  {"2026-05-18"},
		`{"days_off":"skip","holidays":["2026-05-21"]}`: {"2026-05-20"},
	} {
		n := setup(t, "standard")
		n.at("2026-05-18T00:00:00Z")
		n.daily(func(w *workflow.Workflow) { w.Rules = []byte(rules) })
		require.NoError(t, n.scheduler(1).Once(t.Context()))
		n.at("2026-05-21T20:00:00Z") // nobody was there for four days
		require.NoError(t, n.scheduler(1).Once(t.Context()))
		got := []string{}
		for _, e := range n.executions() {
			got = append(got, e.Day.String())
		}
		require.Equal(t, want, got, rules)
		for range 5 {
			n.drain()
			_, err := n.store.Tidy(t.Context(), n.clock.Now())
			require.NoError(t, err)
		}
		for _, e := range n.executions() {
			require.Equal(t, workflow.Completed, e.Status, rules)
		}
	}
}

func TestOverlaps(t *testing.T) {
	t.Parallel()
	for rules, want := range map[string][]workflow.Status{
		`{"overlap":"skip"}`:       {workflow.Pending},
		`{"overlap":"queue"}`:      {workflow.Pending, workflow.Pending},
		`{"overlap":"cancel_old"}`: {workflow.Pending, workflow.Cancelled},
	} {
		n := setup(t, "standard")
		n.at("2026-05-18T00:00:00Z")
		n.daily(func(w *workflow.Workflow) { w.Rules = []byte(rules) })
		for _, at := range []string{"2026-05-18T00:00:00Z", "2026-05-18T06:00:00Z", "2026-05-19T06:00:00Z"} {
			n.at(at)
			require.NoError(t, n.scheduler(1).Once(t.Context()))
		}
		var got []workflow.Status
		for _, e := range n.executions() {
			got = append(got, e.Status)
		}
		require.Equal(t, want, got, rules)
	}
}

func TestTenantsAreSpreadOverTheWindowHigherTiersFirst(t *testing.T) {
	t.Parallel()
	n := setup(t, "starter", "enterprise", "standard", "starter")
	n.at("2026-05-18T00:00:00Z")
	n.daily(func(w *workflow.Workflow) { w.Rules = []byte(`{"spread_seconds":400}`) })
	require.NoError(t, n.scheduler(1).Once(t.Context()))
	n.at("2026-05-18T06:00:00Z")
	require.NoError(t, n.scheduler(1).Once(t.Context()))
	e := n.executions()[0]
	at := map[int64]time.Duration{}
	for _, s := range n.steps(e.ID, "") {
		at[s.Tenant] = s.NotBefore.Sub(n.clock.Now())
	}
	require.Equal(t, map[int64]time.Duration{2: 0, 3: 100 * time.Second, 1: 200 * time.Second, 4: 300 * time.Second}, at)
	n.drain()
	require.Equal(t, 1, n.look(e.ID).Steps.Completed, "the others' time has not come")
	n.clock.Advance(400 * time.Second)
	n.drain()
	require.Equal(t, workflow.Completed, n.look(e.ID).Status)
}

func TestAnEditOrAPauseMovesWhatIsNext(t *testing.T) {
	t.Parallel()
	n := setup(t, "standard")
	n.at("2026-05-18T00:00:00Z")
	n.daily(nil)
	s := n.scheduler(1)
	require.NoError(t, s.Once(t.Context()))
	n.daily(func(w *workflow.Workflow) { w.Cron = "0 10 * * *" })
	n.at("2026-05-18T06:00:00Z")
	require.NoError(t, s.Once(t.Context()))
	require.Empty(t, n.executions(), "it is due at ten now")
	_, err := n.service.Enable(t.Context(), operator, "nightly", false)
	require.NoError(t, err)
	n.at("2026-05-19T12:00:00Z")
	require.NoError(t, s.Once(t.Context()))
	require.Empty(t, n.executions())
	_, err = n.service.Enable(t.Context(), operator, "nightly", true)
	require.NoError(t, err)
	require.NoError(t, s.Once(t.Context()))
	require.Empty(t, n.executions(), "what passed while it was off is not caught up")
	times, err := n.service.Preview(t.Context(), operator, "nightly", 1000)
	require.NoError(t, err)
	require.Len(t, times, 365)
}

// A share keeps a tenant with much to do from taking everything.
func TestNoTenantTakesEverything(t *testing.T) {
	t.Parallel()
	n := setup(t, "starter", "starter")
	for i := range 4 {
		n.put(string(rune('a'+i)), func(w *workflow.Workflow) { w.Steps = w.Steps[:1] })
		_, err := n.service.Execute(t.Context(), operator, string(rune('a'+i)), workflow.Request{Tenant: 1})
		require.NoError(t, err)
	}
	_, err := n.service.Execute(t.Context(), operator, "a", workflow.Request{Tenant: 2})
	require.NoError(t, err)
	claim := workflow.Claim{Now: n.clock.Now(), Lease: time.Minute, Share: 2, Size: func(*workflow.Step) int { return 10 }}
	taken := map[int64]int{}
	for {
		b, err := n.store.Claim(t.Context(), claim)
		require.NoError(t, err)
		if b == nil {
			break
		}
		for _, j := range b.Jobs {
			taken[j.Tenant]++
		}
	}
	require.Equal(t, map[int64]int{1: 2, 2: 1}, taken)
}

// A workflow that cannot be begun is said to be one, and holds up no other.
func TestAWorkflowThatCannotBeginHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	n := setup(t, "standard")
	n.at("2026-05-18T00:00:00Z")
	for _, name := range []string{"a-broken", "b-well"} {
		n.put(name, func(w *workflow.Workflow) {
			w.Kind, w.Cron, w.Zone, w.Steps = workflow.Daily, "0 8 * * *", workflow.TenantZone, w.Steps[:1]
		})
	}
	s := n.scheduler(1)
	require.NoError(t, s.Once(t.Context()))
	n.exec("alter table workflow_executions add check (workflow_name <> 'a-broken')")
	n.at("2026-05-18T06:00:00Z")
	require.ErrorContains(t, s.Once(t.Context()), "a-broken")
	require.Len(t, n.executions(), 1)
	require.Equal(t, "b-well", n.executions()[0].Name)
}
