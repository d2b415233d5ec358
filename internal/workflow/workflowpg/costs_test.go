package workflowpg_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/workflow"
)

// claim takes all that is ready of a step.
func (n *night) claim() *workflow.Batch {
	n.t.Helper()
	b, err := n.store.Claim(n.t.Context(), workflow.Claim{
		Node: 1, Instance: "node-1", Now: n.clock.Now(), Lease: time.Minute, Share: 2, Size: func(*workflow.Step) int { return 100 },
	})
	require.NoError(n.t, err)
	require.NotNil(n.t, b)
	return b
}

// took is what came of a batch whose tenants, 1 and 2, took once and twice so long and so much CPU.
func took(b *workflow.Batch, seconds, cpu float64) []workflow.Done {
	list := make([]workflow.Done, len(b.Jobs))
	for i, j := range b.Jobs {
		t := float64(j.Tenant)
		list[i] = workflow.Done{
			Tenant: j.Tenant, Attempt: j.Attempt, Status: workflow.StepCompleted, Took: time.Duration(t * seconds * float64(time.Second)),
			Cost: workflow.Cost{CPU: time.Duration(t * cpu * float64(time.Millisecond)), DB: time.Duration(j.Tenant) * 10 * time.Millisecond, Rows: 100 * j.Tenant},
		}
	}
	return list
}

// bakes is a workflow of one step.
func (n *night) bakes() workflow.Workflow {
	return n.put("nightly", func(w *workflow.Workflow) {
		w.Steps, w.MaxRetries = []workflow.Step{{Name: "bake", Uses: "one"}}, 1
		w.RetryDelay = 0
	})
}

// bake does that for tenants 1 and 2 on a date.
func (n *night) bake(day string, seconds, cpu float64) {
	n.t.Helper()
	d, err := workflow.ParseDay(day)
	require.NoError(n.t, err)
	_, err = n.service.Execute(n.t.Context(), operator, "nightly", workflow.Request{Day: d})
	require.NoError(n.t, err)
	b := n.claim()
	_, err = n.store.Finish(n.t.Context(), b, took(b, seconds, cpu), n.clock.Now())
	require.NoError(n.t, err)
}

// What steps took is told by date and against the time before, to the operator of all and to a tenant of himself.
func TestCostTrends(t *testing.T) {
	t.Parallel()
	n := setup(t, "standard", "standard")
	w := n.bakes()
	n.bake("2026-05-08", 1, 10) // before: the last week begins on the 12th
	n.bake("2026-05-12", 2, 30)
	n.bake("2026-05-18", 4, 30)
	n.bake("2026-05-04", 900, 900) // older than anything that is asked for
	trends, slowest, err := n.service.CostTrends(t.Context(), operator, "nightly", 7)
	require.NoError(t, err)
	require.Len(t, trends, 1)
	bake := trends[0]
	require.Equal(t, []any{w.ID, "nightly", "bake"}, []any{bake.Workflow, bake.Name, bake.Step})
	require.Equal(t, workflow.CostFigures{
		Runs: 2, Tenants: 2, Steps: 4, Mean: 4500 * time.Millisecond, P95: 8 * time.Second, Longest: 8 * time.Second,
		Cost: workflow.Cost{CPU: 180 * time.Millisecond, DB: 60 * time.Millisecond, Rows: 600},
	}, bake.Now)
	require.Equal(t, 1, bake.Before.Runs)
	change, ok := bake.Change()
	require.True(t, ok)
	require.InDelta(t, 1.0, change, 1e-9) // 45+15 ms each, against 15+15
	require.Equal(t, []string{"2026-05-12", "2026-05-18"}, []string{bake.Days[0].Day.String(), bake.Days[1].Day.String()})
	require.Equal(t, 3*time.Second, bake.Days[0].Mean)
	require.Equal(t, []int64{2, 1}, []int64{slowest[0].Tenant, slowest[1].Tenant})
	require.Equal(t, []any{2, 6 * time.Second, 8 * time.Second}, []any{slowest[0].Steps, slowest[0].Mean, slowest[0].Longest})

	// Steps are deleted in time, what they took is not.
	_, err = n.store.Prune(t.Context(), n.clock.Now().Add(time.Hour), 100)
	require.NoError(t, err)
	again, same, err := n.service.CostTrends(t.Context(), operator, "", 7)
	require.NoError(t, err)
	require.Equal(t, trends, again)
	require.Equal(t, slowest, same)

	own, mine, err := n.service.CostTrends(t.Context(), actor.Actor{Tenant: 1, Role: actor.Owner, Name: "ann"}, "", 7)
	require.NoError(t, err)
	require.Equal(t, workflow.Cost{CPU: 30 * time.Millisecond, DB: 10 * time.Millisecond, Rows: 100}, own[0].Now.Each())
	require.Equal(t, []any{2, 3 * time.Second, 4 * time.Second}, []any{own[0].Now.Steps, own[0].Now.Mean, own[0].Now.P95})
	require.Len(t, mine, 1)
	require.Equal(t, int64(1), mine[0].Tenant)
	_, _, err = n.service.CostTrends(t.Context(), operator, "no-such", 7)
	require.True(t, errs.Is(err, errs.KindNotFound))
}

// What a step took counts once, whatever becomes of those who do it: what a node that died would still write counts not at all,
// what was done in vain is a cost and no step, and what is done again by hand is done once more.
func TestCostsCountOnce(t *testing.T) {
	t.Parallel()
	n := setup(t, "standard", "standard")
	n.bakes()
	e := n.run("nightly")
	dead := n.claim()
	n.exec("update workflow_batches set lease_until = now() - interval '1 second'")
	_, err := n.store.Tidy(t.Context(), n.clock.Now())
	require.NoError(t, err)
	_, err = n.store.Finish(t.Context(), dead, took(dead, 1000, 1000), n.clock.Now())
	require.True(t, errs.Is(err, errs.KindConflict))
	figures := func() workflow.CostFigures {
		t.Helper()
		trends, _, err := n.service.CostTrends(t.Context(), operator, "", 7)
		require.NoError(t, err)
		if len(trends) == 0 {
			return workflow.CostFigures{}
		}
		return trends[0].Now
	}
	require.Zero(t, figures())

	for _, fails := range []workflow.StepStatus{workflow.StepReady, workflow.StepFailed} { // one by one, since a node died over them
		for range 2 {
			b := n.claim()
			done := took(b, 1, 10)
			if done[0].Tenant == 2 {
				done[0].Status, done[0].Again, done[0].Error = fails, n.clock.Now(), "cold"
			}
			_, err = n.store.Finish(t.Context(), b, done, n.clock.Now())
			require.NoError(t, err)
			_, err = n.store.Finish(t.Context(), b, done, n.clock.Now())
			require.True(t, errs.Is(err, errs.KindConflict), "an answer that got lost, and so was sent again")
			if n.look(e.ID).Status.Over() {
				break
			}
		}
	}
	require.Equal(t, workflow.Failed, n.look(e.ID).Status)
	f := figures()
	require.Equal(t, []any{1, 2, 2, 50 * time.Millisecond}, []any{f.Runs, f.Tenants, f.Steps, f.Cost.CPU}, "10 of the first tenant, twice 20 of the second")

	_, err = n.service.Retry(t.Context(), operator, e.ID, false)
	require.NoError(t, err)
	b := n.claim()
	require.Len(t, b.Jobs, 1)
	_, err = n.store.Finish(t.Context(), b, took(b, 1, 10), n.clock.Now())
	require.NoError(t, err)
	f = figures()
	require.Equal(t, []any{2, 2, 3, 70 * time.Millisecond}, []any{f.Runs, f.Tenants, f.Steps, f.Cost.CPU})
}

// Whatever a night goes through, what it took is what its steps took.
func TestCostsAreThoseOfTheSteps(t *testing.T) {
	t.Parallel()
	n := setup(t, "standard", "starter", "enterprise")
	n.put("nightly", func(w *workflow.Workflow) { w.RetryDelay = 0 })
	n.engine = workflow.NewEngine(n.store, n.registry, n.clock, workflow.EngineOptions{Node: func() int64 { return 1 }, Meter: dear{}})
	n.fail("2/b", errors.New("cold"))
	e := n.run("nightly")
	n.drain()
	n.fail("2/b", nil)
	_, err := n.service.Retry(t.Context(), operator, e.ID, true)
	require.NoError(t, err)
	n.drain()
	var steps, dates, tenants float64
	require.NoError(t, n.pool.QueryRow(t.Context(), `select (select sum(cpu_ms + db_ms + row_count) from workflow_steps),
		(select sum(cpu_ms + db_ms + row_count) from workflow_costs), (select sum(cpu_ms + db_ms + row_count) from workflow_tenant_costs)`).Scan(&steps, &dates, &tenants))
	require.Positive(t, steps)
	require.InDelta(t, steps, dates, 1e-3)
	require.InDelta(t, steps, tenants, 1e-3)
}

// dear is a meter by which each batch costs the same.
type dear struct{}

func (dear) Begin(ctx context.Context) (context.Context, func() workflow.Cost) {
	return ctx, func() workflow.Cost {
		return workflow.Cost{CPU: 12 * time.Millisecond, DB: 6 * time.Millisecond, Rows: 7}
	}
}

// What single tenants took is kept as long as anybody can ask for it, what all took together for good.
func TestCostsOfTenantsAreDeletedInTime(t *testing.T) {
	t.Parallel()
	n := setup(t, "standard", "standard")
	n.bakes()
	n.bake("2026-05-18", 1, 1)
	for _, c := range []struct {
		days int
		want int64
	}{{366, 0}, {367, 1}, {367, 1}, {367, 0}} {
		deleted, err := n.store.PruneCosts(t.Context(), workflow.DayIn(n.clock.Now().AddDate(0, 0, c.days)), 1)
		require.NoError(t, err)
		require.Equal(t, c.want, deleted, "%d days later", c.days)
	}
	trends, slowest, err := n.service.CostTrends(t.Context(), operator, "", 7)
	require.NoError(t, err)
	require.Len(t, trends, 1)
	require.Empty(t, slowest)
	n.exec("update workflows set tenant_id = 1 where name = 'nightly'")
	deleted, err := n.store.PruneCosts(t.Context(), workflow.DayIn(n.clock.Now().AddDate(0, 0, 367)), 10)
	require.NoError(t, err)
	require.EqualValues(t, 1, deleted, "a tenant's own is deleted, too")
}

// What is done for the first time has nothing to be compared with.
func TestNoChangeWithoutATimeBefore(t *testing.T) {
	t.Parallel()
	x := workflow.CostTrend{Now: workflow.CostFigures{Steps: 1, Cost: workflow.Cost{CPU: time.Second}}}
	_, ok := x.Change()
	require.False(t, ok)
	require.Zero(t, x.Before.Each())
}
