package workflowpg_test

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/actor"
	"brigade/internal/workflow"
)

// The orchestrator's own share of a night: 10,000 tenants by six steps that do nothing.
func BenchmarkNight(b *testing.B) {
	n := setupNight(b, 10_000)
	for b.Loop() {
		began, used := time.Now(), cpu(b)
		list, err := n.service.Execute(b.Context(), operator, "nightly", workflow.Request{})
		require.NoError(b, err)
		ctx, stop := context.WithCancel(b.Context())
		ended := make(chan struct{})
		engine := workflow.NewEngine(n.store, n.registry, n.clock, workflow.EngineOptions{
			Node: func() int64 { return 1 }, Ended: func(workflow.Execution) { close(ended) },
		})
		done := make(chan struct{})
		go func() { defer close(done); _ = engine.Run(ctx) }()
		<-ended
		stop()
		<-done
		took, steps := time.Since(began), float64(list[0].Steps.Total)
		b.ReportMetric(float64(took.Microseconds())/steps, "µs/step")
		b.ReportMetric(float64((cpu(b)-used).Microseconds())/steps, "client-cpu-µs/step")
	}
}

func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func setupNight(b *testing.B, tenants int) *night {
	n := setup(b)
	n.exec("insert into tenants (slug, name, tier, timezone) select 't' || i, 't', case i % 3 when 0 then 'starter' else 'standard' end, 'Europe/Madrid' from generate_series(1, $1) i", tenants)
	nothing := workflow.Runner{Together: true, Run: func(_ context.Context, b *workflow.Batch) []workflow.Outcome {
		return make([]workflow.Outcome, len(b.Jobs))
	}}
	for _, name := range []string{"one", "two", "three"} {
		n.registry.Add(name, nothing)
	}
	n.put("nightly", func(w *workflow.Workflow) {
		w.Steps = []workflow.Step{
			{Name: "forecasts", Uses: "one"},
			{Name: "production", Uses: "two", After: []string{"forecasts"}},
			{Name: "procurement", Uses: "three", After: []string{"production"}},
			{Name: "inventory", Uses: "one", After: []string{"procurement"}},
			{Name: "validation", Uses: "two"},
			{Name: "summary", Uses: workflow.StepSummary, After: []string{"inventory", "validation"}},
		}
	})
	return n
}

// A listing among a million executions of 10,000 tenants.
func BenchmarkListing(b *testing.B) {
	n := setupNight(b, 10_000)
	n.exec(`insert into workflow_executions (workflow_id, workflow_name, tenant_id, trigger, triggered_by, zone, day, status, version, plan, created_at, opened)
		select 1, 'nightly', i % 10000 + 1, 'manual', 'x', 'UTC', '2026-01-01', case i % 50 when 0 then 'failed' else 'completed' end, 1, '{"steps":[]}', now(), true
		from generate_series(1, 1000000) i`)
	n.exec("analyze workflow_executions")
	for name, f := range map[string]workflow.Filter{
		"all": {Most: 50}, "failed": {Most: 50, Status: workflow.Failed}, "deep": {Most: 50, Before: 500_000}, "running": {Most: 50, Status: workflow.Running},
	} {
		for who, tenant := range map[string]int64{"operator": 0, "tenant": 77} {
			b.Run(name+"/"+who, func(b *testing.B) {
				for b.Loop() {
					_, err := n.store.Executions(b.Context(), tenant, f)
					require.NoError(b, err)
				}
			})
		}
	}
}

// What steps took on 60 days, among ten million steps: six of each of 10,000 tenants on 166 days.
func BenchmarkCostTrends(b *testing.B) {
	n := setupNight(b, 10_000)
	n.exec(`insert into workflow_costs (workflow_id, day, step, runs, tenants, steps, seconds, longest, cpu_ms, db_ms, times)
		select 1, '2026-05-18'::date - d, 'step' || s, 1, 10000, 10000, 5000, 1, 10000, 10000, array_fill(100, array[100])
		from generate_series(0, 165) d, generate_series(1, 6) s`)
	n.exec(`insert into workflow_tenant_costs (cost_id, tenant_id, steps, seconds, longest, cpu_ms, db_ms)
		select c.id, t, 1, x, x, 1, 1 from workflow_costs c, generate_series(1, 10000) t, lateral (select (hashint8(c.id * 10000 + t) % 1000 + 1000) / 2000.0 as x) x`)
	n.exec("vacuum analyze workflow_costs, workflow_tenant_costs")
	for who, tenant := range map[string]int64{"operator": 0, "tenant": 77} {
		b.Run(who, func(b *testing.B) {
			for b.Loop() {
				trends, slowest, err := n.service.CostTrends(b.Context(), actor.Actor{Tenant: tenant, Role: operator.Role, Name: "x"}, "", 30)
				require.NoError(b, err)
				require.Len(b, trends, 6)
				require.NotEmpty(b, slowest)
			}
		})
	}
}
