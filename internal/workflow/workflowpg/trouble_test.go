package workflowpg_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"brigade/internal/clock"
	"brigade/internal/workflow"
)

// What failed because Postgres was away says nothing of the work: it costs no attempt, and goes on as soon as it can.
func TestAnAwayPostgresCostsNoAttempt(t *testing.T) {
	t.Parallel()
	n := setup(t, "standard", "standard")
	away, broken := errors.New("Postgres is away"), errors.New("the oven is cold")
	engine := workflow.NewEngine(n.store, n.registry, n.clock, workflow.EngineOptions{
		Node: func() int64 { return 1 }, Away: func(err error) bool { return errors.Is(err, away) },
	})
	n.put("nightly", func(w *workflow.Workflow) { w.Steps, w.MaxRetries = w.Steps[:1], 0 })
	n.fail("1/a", away)
	e := n.run("nightly")
	for range workflow.MostLosses - 1 {
		did, err := engine.Once(t.Context())
		require.NoError(t, err)
		require.True(t, did)
	}
	require.Equal(t, workflow.Running, n.look(e.ID).Status)
	n.fail("1/a", nil)
	_, err := engine.Once(t.Context())
	require.NoError(t, err)
	e = n.look(e.ID)
	require.Equal(t, workflow.Completed, e.Status, e.Error)
	require.Zero(t, e.Retries)
	require.Equal(t, 1, n.steps(e.ID, "")[0].Attempt)

	// What brings Postgres down each time is given up in the end; what is broken is not taken for that.
	for why, tries := range map[error]int{away: workflow.MostLosses, broken: 1} {
		n.fail("1/a", why)
		e = n.run("nightly")
		before := n.count("1/a")
		for did := true; did; {
			did, err = engine.Once(t.Context())
			require.NoError(t, err)
		}
		e = n.look(e.ID)
		require.Equal(t, workflow.Failed, e.Status)
		require.Equal(t, why.Error(), e.Error)
		require.Equal(t, tries, n.count("1/a")-before)
	}
}

// A node that stops hands over at once what it has not done, and keeps what it has.
func TestANodeThatStopsHandsOver(t *testing.T) {
	t.Parallel()
	n := setup(t, "standard", "standard")
	began := make(chan struct{})
	n.registry.Add("one", workflow.Each(func(ctx context.Context, _ *workflow.Batch, j workflow.Job) (any, error) {
		if j.Tenant == 2 {
			return "done", nil
		}
		close(began)
		<-ctx.Done()
		return nil, ctx.Err()
	}))
	n.put("nightly", func(w *workflow.Workflow) { w.Steps, w.MaxRetries = w.Steps[:1], 0 })
	e := n.run("nightly")
	ctx, stop := context.WithCancel(t.Context())
	go func() { <-began; stop() }()
	_, err := n.engine.Once(ctx)
	require.NoError(t, err)
	steps := n.steps(e.ID, "")
	require.Equal(t, []workflow.StepStatus{workflow.StepReady, workflow.StepCompleted}, []workflow.StepStatus{steps[0].Status, steps[1].Status})
	n.registry.Add("one", workflow.Each(n.work))
	n.drain()
	e = n.look(e.ID)
	require.Equal(t, workflow.Completed, e.Status, e.Error)
	require.Equal(t, 1, n.steps(e.ID, "")[0].Attempt)
}

// Nodes whose clocks differ by some seconds do a night all the same: leases and deadlines follow the database's clock, a time of the
// schedule is one execution whoever decides, and what one has made ready waits for another at most as long as they differ.
func TestClocksThatDiffer(t *testing.T) {
	t.Parallel()
	n := setup(t, "standard", "enterprise", "starter")
	n.daily(func(w *workflow.Workflow) {
		w.Steps = []workflow.Step{
			{Name: "a", Uses: "one"}, {Name: "b", Uses: "two", After: []string{"a"}}, {Name: "end", Uses: workflow.StepSummary, After: []string{"b"}},
		}
	})
	clocks := []*clock.Manual{n.clock, clock.NewManual(monday)}
	var engines []*workflow.Engine
	var schedulers []*workflow.Scheduler
	for i, c := range clocks {
		engines = append(engines, workflow.NewEngine(n.store, n.registry, c, workflow.EngineOptions{Node: func() int64 { return int64(i) }}))
		schedulers = append(schedulers, workflow.NewScheduler(n.store, c, workflow.SchedulerOptions{Fence: func() (int64, bool) { return n.epoch, true }}))
	}
	leader := 0
	look := func(at time.Time) {
		clocks[0].Set(at)
		clocks[1].Set(at.Add(-5 * time.Second))
		n.epoch++
		leader = 1 - leader // who leads changes with every look, and both nodes work
		require.NoError(t, schedulers[leader].Once(t.Context()))
		for i, e := range engines {
			_, err := e.Once(t.Context())
			require.NoError(t, err)
			_, err = n.store.Tidy(t.Context(), clocks[i].Now())
			require.NoError(t, err)
		}
	}
	look(monday.Add(-6 * time.Hour))
	look(monday.Add(-6 * time.Hour))
	for day := range 3 {
		for second := range 30 {
			look(monday.AddDate(0, 0, day).Add(time.Duration(second-4) * time.Second))
		}
	}
	list := n.executions()
	require.Len(t, list, 3, "each day's once")
	for _, e := range list {
		require.Equal(t, workflow.Completed, e.Status)
		require.Equal(t, 9, e.Steps.Completed)
		require.False(t, e.Ended.Before(*e.Started))
	}
	for _, key := range []string{"1/a", "2/b", "3/a"} {
		require.Equal(t, 3, n.count(key), key)
	}
}

// Over both changes of the clocks of a year every date has one run, in every zone: the skipped hour runs once, the doubled one once.
func TestEveryDateHasOneRunWhenClocksChange(t *testing.T) {
	t.Parallel()
	n := setup(t, "standard", "standard", "standard")
	for id, zone := range []string{"Europe/Madrid", "America/New_York", "Australia/Lord_Howe"} { // the last changes by half an hour
		n.exec("update tenants set timezone = $1 where id = $2", zone, id+1)
	}
	n.at("2026-03-01T00:00:00Z")
	for name, cron := range map[string]string{"early": "45 1 * * *", "late": "15 2 * * *"} { // one of them is skipped or doubled wherever clocks change
		n.put(name, func(w *workflow.Workflow) {
			w.Kind, w.Cron, w.Zone, w.Steps, w.Rules = workflow.Daily, cron, workflow.TenantZone, w.Steps[:1], []byte(`{"overlap":"queue"}`)
		})
	}
	s := n.scheduler(1)
	changes := []string{"2026-03-08", "2026-03-29", "2026-04-05", "2026-10-04", "2026-10-25", "2026-11-01"}
	for _, text := range changes {
		day, err := time.Parse(time.DateOnly, text)
		require.NoError(t, err)
		for at := day.Add(-40 * time.Hour); at.Before(day.Add(44 * time.Hour)); at = at.Add(25 * time.Minute) {
			n.clock.Set(at)
			require.NoError(t, s.Once(t.Context()))
			n.drain()
		}
	}
	var runs, wrong int
	require.NoError(t, n.pool.QueryRow(t.Context(), `
		with expected as (
			select w.name, z.timezone as zone, c.day::date + d as day
			from workflows w, tenants z, unnest($1::text[]) c(day), generate_series(-1, 1) d
		), counted as (
			select x.*, (select count(*) from workflow_executions e where e.workflow_name = x.name and e.zone = x.zone and e.day = x.day
			             and e.status = 'completed' and (e.scheduled_for at time zone e.zone)::date = e.day) as runs
			from expected x)
		select count(*), count(*) filter (where runs <> 1) from counted`, changes).Scan(&runs, &wrong))
	require.Equal(t, len(changes)*3*2*3, runs)
	require.Zero(t, wrong)
	require.NoError(t, n.pool.QueryRow(t.Context(), `
		select count(*) from (select 1 from workflow_executions group by workflow_id, zone, day having count(*) > 1) twice`).Scan(&wrong))
	require.Zero(t, wrong, "dates with two runs")
}

// What nothing is left of, or cannot be taken back, holds up nobody else.
func TestLeftBatchesHoldUpNobody(t *testing.T) {
	t.Parallel()
	n := setup(t, "standard", "standard")
	n.put("nightly", nil)
	over := n.run("nightly")
	n.drain()
	n.exec("insert into workflow_batches (execution_id, step, node_id, lease_until) values ($1, 0, 7, now() - interval '1 minute')", over.ID)
	n.exec("insert into workflow_batches (execution_id, step, node_id, lease_until) values (999, 0, 7, now() - interval '1 minute')")
	e := n.run("nightly")
	_, err := n.store.Claim(t.Context(), workflow.Claim{Now: n.clock.Now(), Lease: time.Minute, Share: 2, Size: func(*workflow.Step) int { return 10 }})
	require.NoError(t, err)
	n.exec("update workflow_batches set lease_until = now() - interval '1 second'")
	_, err = n.store.Tidy(t.Context(), n.clock.Now())
	require.Error(t, err, "it is said what cannot be taken back")
	n.drain()
	require.Equal(t, workflow.Completed, n.look(e.ID).Status)
	require.Equal(t, workflow.Completed, n.look(over.ID).Status)
	var left int
	require.NoError(t, n.pool.QueryRow(t.Context(), "select count(*) from workflow_batches where execution_id <> 999").Scan(&left))
	require.Zero(t, left)
}

// Where a tenant has his share already, nothing is taken, and nothing is left behind.
func TestWhoTakesNothingLeavesNothing(t *testing.T) {
	t.Parallel()
	n := setup(t, "standard", "standard", "standard", "standard")
	for i := range 4 {
		n.put(string(rune('a'+i)), func(w *workflow.Workflow) { w.Steps = w.Steps[:1] })
		n.run(string(rune('a' + i)))
	}
	claim := workflow.Claim{Now: n.clock.Now(), Lease: time.Minute, Share: 2, Size: func(*workflow.Step) int { return 3 }}
	var all errgroup.Group
	for range 8 {
		all.Go(func() error {
			for range 6 {
				if _, err := n.store.Claim(t.Context(), claim); err != nil {
					return err
				}
			}
			return nil
		})
	}
	require.NoError(t, all.Wait())
	var empty int
	require.NoError(t, n.pool.QueryRow(t.Context(), `
		select count(*) from workflow_batches b where not exists (select from workflow_steps s where s.batch_id = b.id and s.status = 'running')`).Scan(&empty))
	require.Zero(t, empty)
}
