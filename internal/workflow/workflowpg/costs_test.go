package workflowpg_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/workflow"
)

// tookSteps writes an execution for tenants 1 and 2 that is over, with one step that took them so long, and so much CPU.
func (n *night) tookSteps(id int64, day string, seconds, cpu float64) {
	n.t.Helper()
	n.exec(`insert into workflow_executions (id, workflow_id, workflow_name, tenant_id, trigger, triggered_by, zone, day, status, version, plan, created_at, completed_at, opened)
		values ($1, (select id from workflows where name = 'nightly'), 'nightly', 0, 'manual', 'x', 'UTC', $2::date, 'completed', 1, '{"steps":[{"name":"bake"}]}',
		        $2::date, $2::date + interval '8 hours', true)`, id, day)
	n.exec(`insert into workflow_steps (execution_id, tenant_id, step, workflow_id, day, status, waits, bonus_seconds, not_before, turn_at, started_at, completed_at, cpu_ms, db_ms, row_count)
		select e.id, t, 0, e.workflow_id, e.day, 'completed', 0, 0, e.created_at, e.created_at, e.created_at, e.created_at + t * $2 * interval '1 second', t * $3, t * 10, 100 * t
		from workflow_executions e, generate_series(1, 2) t where e.id = $1`, id, seconds, cpu)
}

// What steps took is told by date and against the time before, to the operator of all and to a tenant of himself.
func TestCostTrends(t *testing.T) {
	t.Parallel()
	n := setup(t, "standard", "standard")
	w := n.put("nightly", nil)
	n.tookSteps(1001, "2026-05-08", 1, 10) // before: the last week begins on the 12th
	n.tookSteps(1002, "2026-05-12", 2, 30)
	n.tookSteps(1003, "2026-05-18", 4, 30)
	n.tookSteps(1004, "2026-05-04", 900, 900) // older than anything that is asked for
	trends, slowest, err := n.service.CostTrends(t.Context(), operator, "nightly", 7)
	require.NoError(t, err)
	require.Len(t, trends, 1)
	bake := trends[0]
	require.Equal(t, []any{w.ID, "nightly", "bake"}, []any{bake.Workflow, bake.Name, bake.Step})
	require.Equal(t, workflow.CostFigures{
		Runs: 2, Tenants: 2, Steps: 4, Mean: 4500 * time.Millisecond, P95: 8 * time.Second,
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

	own, mine, err := n.service.CostTrends(t.Context(), actor.Actor{Tenant: 1, Role: actor.Owner, Name: "ann"}, "", 7)
	require.NoError(t, err)
	require.Equal(t, workflow.Cost{CPU: 30 * time.Millisecond, DB: 10 * time.Millisecond, Rows: 100}, own[0].Now.Each())
	require.Len(t, mine, 1)
	require.Equal(t, int64(1), mine[0].Tenant)
	_, _, err = n.service.CostTrends(t.Context(), operator, "no-such", 7)
	require.True(t, errs.Is(err, errs.KindNotFound))
}

// What is done for the first time has nothing to be compared with.
func TestNoChangeWithoutATimeBefore(t *testing.T) {
	t.Parallel()
	x := workflow.CostTrend{Now: workflow.CostFigures{Steps: 1, Cost: workflow.Cost{CPU: time.Second}}}
	_, ok := x.Change()
	require.False(t, ok)
	require.Zero(t, x.Before.Each())
}
