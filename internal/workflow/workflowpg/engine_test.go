package workflowpg_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/leaktest"
	"brigade/internal/workflow"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

func TestAnExecutionDoesEachStepOfEachTenantOnce(t *testing.T) {
	t.Parallel()
	n := setup(t, "starter", "standard", "enterprise")
	n.exec("update tenants set status = 'suspended' where id = 2")
	n.put("nightly", nil)
	e := n.run("nightly")
	require.Equal(t, workflow.Pending, e.Status)
	require.Equal(t, workflow.Tally{Total: 8, Open: 8}, e.Steps, "two active tenants, four steps")
	n.drain()
	e = n.look(e.ID)
	require.Equal(t, workflow.Completed, e.Status, e.Error)
	require.Equal(t, workflow.Tally{Total: 8, Completed: 8}, e.Steps)
	require.Equal(t, "node-1", e.Instance)
	for _, key := range []string{"1/a", "1/b", "1/c", "3/a", "3/b", "3/c"} {
		require.Equal(t, 1, n.count(key), key)
	}
	for _, s := range n.steps(e.ID, "") {
		if s.Name == "end" {
			var r struct{ Steps map[string]any }
			require.NoError(t, json.Unmarshal(s.Result, &r))
			require.Len(t, r.Steps, 3, "the summary has what the steps before made")
		}
	}
	var events int
	var body []byte
	require.NoError(t, n.pool.QueryRow(t.Context(), "select count(*), min(payload::text) from event_log where type = 'WORKFLOW_COMPLETED'").Scan(&events, &body))
	require.Equal(t, 1, events)
	var p map[string]any
	require.NoError(t, json.Unmarshal(body, &p))
	require.EqualValues(t, 2, p["tenants_processed"])
	require.EqualValues(t, 8, p["steps_completed"])
	figures, err := n.service.Statistics(t.Context(), operator, 3)
	require.NoError(t, err)
	require.Len(t, figures, 1)
	require.Equal(t, 1, figures[0].Completed)
}

func TestOneTenantsFailureStopsNobodyElse(t *testing.T) {
	t.Parallel()
	n := setup(t, "standard", "standard")
	n.put("nightly", func(w *workflow.Workflow) { w.MaxRetries, w.RetryDelay = 1, time.Minute })
	n.fail("1/a", errors.New("the oven is cold"))
	e := n.run("nightly")
	n.drain()
	require.Equal(t, workflow.Running, n.look(e.ID).Status, "it is tried again in a minute")
	require.Equal(t, 1, n.count("1/a"))
	n.clock.Advance(2 * time.Minute)
	n.drain()
	e = n.look(e.ID)
	require.Equal(t, workflow.Failed, e.Status)
	require.Equal(t, "the oven is cold", e.Error)
	require.Equal(t, 1, e.TenantsBad)
	require.Equal(t, 1, e.Retries)
	require.Equal(t, 2, n.count("1/a"))
	require.Equal(t, 1, n.count("2/c"), "the other tenant's night is whole")
	require.Len(t, n.steps(e.ID, workflow.StepSkipped), 3)
	logs, err := n.service.Logs(t.Context(), operator, e.ID, workflow.LogFilter{Level: "warn", Most: 10})
	require.NoError(t, err)
	require.Len(t, logs, 2)
	require.Equal(t, []string{"warn", "error"}, []string{logs[0].Level, logs[1].Level})

	// Whoever retries goes on from the step that failed.
	n.fail("1/a", nil)
	again, err := n.service.Retry(t.Context(), operator, e.ID, false)
	require.NoError(t, err)
	require.Equal(t, workflow.Running, again.Status)
	_, err = n.service.Retry(t.Context(), operator, e.ID, false)
	require.True(t, errs.Is(err, errs.KindConflict), "it runs already")
	n.drain()
	e = n.look(e.ID)
	require.Equal(t, workflow.Completed, e.Status, e.Error)
	require.Equal(t, workflow.Tally{Total: 8, Completed: 8}, e.Steps)
	require.Equal(t, 1, n.count("2/a"), "what was completed stays")
	require.Equal(t, 3, n.count("1/a"))
}

func TestAnOptionalStepMayFail(t *testing.T) {
	t.Parallel()
	n := setup(t, "standard")
	n.put("nightly", func(w *workflow.Workflow) { w.Steps[1].Optional, w.MaxRetries = true, 0 })
	n.fail("1/b", errors.New("no"))
	e := n.run("nightly")
	n.drain()
	e = n.look(e.ID)
	require.Equal(t, workflow.Completed, e.Status)
	require.Equal(t, workflow.Tally{Total: 4, Completed: 3, Failed: 1}, e.Steps)
}

func TestWhatADeadNodeDidIsDoneAgainAndItsLateWritesAreRefused(t *testing.T) {
	t.Parallel()
	n := setup(t, "standard")
	n.put("nightly", nil)
	e := n.run("nightly")
	ctx := t.Context()
	claim := workflow.Claim{Node: 7, Instance: "dead", Now: n.clock.Now(), Lease: time.Minute, Share: 2, Size: func(*workflow.Step) int { return 10 }}
	late, err := n.store.Claim(ctx, claim)
	require.NoError(t, err)
	require.Len(t, late.Jobs, 1)
	again, err := n.store.Claim(ctx, claim)
	require.NoError(t, err)
	require.Nil(t, again, "nobody else gets what is being done")
	n.exec("update workflow_batches set lease_until = now() - interval '1 second'")
	_, err = n.store.Tidy(ctx, n.clock.Now())
	require.NoError(t, err)
	alive, err := n.store.Beat(ctx, []int64{late.ID}, time.Minute)
	require.NoError(t, err)
	require.Empty(t, alive)
	_, err = n.store.Finish(ctx, late, []workflow.Done{{Tenant: 1, Status: workflow.StepCompleted, Result: json.RawMessage(`{"late":true}`)}}, n.clock.Now())
	require.True(t, errs.Is(err, errs.KindConflict), "%v", err)
	n.drain()
	e = n.look(e.ID)
	require.Equal(t, workflow.Completed, e.Status)
	require.JSONEq(t, `{"did":1,"before":0}`, string(n.steps(e.ID, "")[0].Result))
}

func TestAStepThatKillsItsNodesIsGivenUp(t *testing.T) {
	t.Parallel()
	n := setup(t, "standard")
	n.put("nightly", nil)
	e := n.run("nightly")
	for range workflow.MostLosses {
		b, err := n.store.Claim(t.Context(), workflow.Claim{Now: n.clock.Now(), Lease: time.Minute, Share: 2, Size: func(*workflow.Step) int { return 10 }})
		require.NoError(t, err)
		require.NotNil(t, b)
		n.exec("update workflow_batches set lease_until = now() - interval '1 second'")
		_, err = n.store.Tidy(t.Context(), n.clock.Now())
		require.NoError(t, err)
	}
	e = n.look(e.ID)
	require.Equal(t, workflow.Failed, e.Status)
	require.Contains(t, e.Error, "died, 12 times")
}

// Two executions of the same date, done by two nodes, never do the same step at once.
func TestAStepNeverRunsBesideItself(t *testing.T) {
	t.Parallel()
	n := setup(t, "standard")
	n.put("nightly", nil)
	n.run("nightly")
	n.run("nightly")
	claim := workflow.Claim{Now: n.clock.Now(), Lease: time.Minute, Share: 5, Size: func(*workflow.Step) int { return 10 }}
	first, err := n.store.Claim(t.Context(), claim)
	require.NoError(t, err)
	require.NotNil(t, first)
	second, err := n.store.Claim(t.Context(), claim)
	require.NoError(t, err)
	require.Nil(t, second)
}

func TestCancelling(t *testing.T) {
	t.Parallel()
	n := setup(t, "standard", "standard")
	n.put("nightly", nil)
	e := n.run("nightly")
	b, err := n.store.Claim(t.Context(), workflow.Claim{Now: n.clock.Now(), Lease: time.Minute, Share: 2, Size: func(*workflow.Step) int { return 1 }})
	require.NoError(t, err)
	for range 2 {
		e, err = n.service.Cancel(t.Context(), operator, e.ID, "wrong date")
		require.NoError(t, err)
		require.Equal(t, workflow.Cancelled, e.Status)
	}
	_, err = n.store.Finish(t.Context(), b, []workflow.Done{{Tenant: b.Jobs[0].Tenant, Status: workflow.StepCompleted}}, n.clock.Now())
	require.True(t, errs.Is(err, errs.KindConflict))
	n.drain()
	require.Zero(t, n.count("2/a"))
	notes, err := n.service.Audit(t.Context(), operator, 0, 10)
	require.NoError(t, err)
	require.Equal(t, []string{"cancel", "execute", "put"}, []string{notes[0].Action, notes[1].Action, notes[2].Action})
	_, err = n.service.Retry(t.Context(), operator, e.ID, false)
	require.NoError(t, err)
	n.drain()
	require.Equal(t, workflow.Completed, n.look(e.ID).Status)
	_, err = n.service.Cancel(t.Context(), operator, e.ID, "")
	require.True(t, errs.Is(err, errs.KindConflict))
}

func TestAnExecutionThatTakesTooLongIsEnded(t *testing.T) {
	t.Parallel()
	n := setup(t, "standard")
	n.put("nightly", nil)
	e := n.run("nightly")
	_, err := n.engine.Once(t.Context())
	require.NoError(t, err)
	n.exec("update workflow_executions set deadline_at = now() - interval '1 second'")
	ended, err := n.store.Tidy(t.Context(), n.clock.Now())
	require.NoError(t, err)
	require.Len(t, ended, 1)
	e = n.look(e.ID)
	require.Equal(t, workflow.Failed, e.Status)
	require.Contains(t, e.Error, "3600 seconds")
	require.Equal(t, 1, e.TenantsBad)
}

func TestEditsAndPausesDoNotTouchWhatGoesOn(t *testing.T) {
	t.Parallel()
	n := setup(t, "standard")
	n.put("nightly", nil)
	e := n.run("nightly")
	_, err := n.engine.Once(t.Context())
	require.NoError(t, err)
	n.put("nightly", func(w *workflow.Workflow) { w.Steps, w.Enabled = w.Steps[:1], false })
	n.drain()
	e = n.look(e.ID)
	require.Equal(t, workflow.Completed, e.Status)
	require.Equal(t, 4, e.Steps.Completed)
	require.Equal(t, 1, n.run("nightly").Steps.Total, "the next one has the new plan")
}

func TestARequestTwiceIsOneExecution(t *testing.T) {
	t.Parallel()
	n := setup(t, "standard")
	n.put("nightly", nil)
	var ids []int64
	for range 2 {
		list, err := n.service.Execute(t.Context(), operator, "nightly", workflow.Request{Key: "k"})
		require.NoError(t, err)
		ids = append(ids, list[0].ID)
	}
	require.Equal(t, ids[0], ids[1])
}

func TestABackfillGoesDateByDateInEachLane(t *testing.T) {
	t.Parallel()
	n := setup(t, "standard")
	n.put("nightly", nil)
	today := workflow.DayIn(monday)
	list, err := n.service.Execute(t.Context(), operator, "nightly", workflow.Request{Day: today - 4, Last: today, Lanes: 2})
	require.NoError(t, err)
	require.Len(t, list, 5)
	require.Equal(t, list[0].ID, list[4].Backfill)
	_, err = n.store.Tidy(t.Context(), n.clock.Now())
	require.NoError(t, err)
	var opened int
	require.NoError(t, n.pool.QueryRow(t.Context(), "select count(*) from workflow_executions where opened").Scan(&opened))
	require.Equal(t, 2, opened, "two lanes, one date each")
	for range 5 {
		n.drain()
		_, err := n.store.Tidy(t.Context(), n.clock.Now())
		require.NoError(t, err)
	}
	for _, e := range list {
		require.Equal(t, workflow.Completed, n.look(e.ID).Status)
	}
	n.run("nightly") // none of it
	all, err := n.service.Executions(t.Context(), operator, workflow.Filter{Backfill: list[0].ID, Most: 10})
	require.NoError(t, err)
	require.Len(t, all, 5)
	require.Equal(t, list[4].ID, all[0].ID, "the latest first")
	some, err := n.service.Executions(t.Context(), actor.Actor{Tenant: 1, Role: actor.Owner}, workflow.Filter{Backfill: list[0].ID, Most: 10})
	require.NoError(t, err)
	require.Empty(t, some, "the operator's")
	require.Equal(t, 5, n.count("1/a"))
}

func TestTenantsSeeTheirOwnPart(t *testing.T) {
	t.Parallel()
	n := setup(t, "standard", "standard")
	n.put("nightly", func(w *workflow.Workflow) { w.MaxRetries = 0 })
	n.fail("1/a", errors.New("no"))
	e := n.run("nightly")
	n.drain()
	first, second := actor.Actor{Tenant: 1, Role: actor.Owner, Name: "ann"}, actor.Actor{Tenant: 2, Role: actor.Owner, Name: "bob"}
	mine, err := n.service.Execution(t.Context(), first, e.ID)
	require.NoError(t, err)
	require.Equal(t, workflow.Failed, mine.Status)
	require.Equal(t, 4, mine.Steps.Total)
	his, err := n.service.Executions(t.Context(), second, workflow.Filter{Most: 10})
	require.NoError(t, err)
	require.Len(t, his, 1)
	require.Equal(t, workflow.Completed, his[0].Status, "for him all went well")
	require.Empty(t, his[0].Error)
	for who, want := range map[actor.Actor][]int{first: {1, 0}, second: {0, 1}} {
		for i, status := range []workflow.Status{workflow.Failed, workflow.Completed} {
			list, err := n.service.Executions(t.Context(), who, workflow.Filter{Status: status, Most: 10})
			require.NoError(t, err)
			require.Len(t, list, want[i], "%s: chosen by what it was for him: %s", who.Name, status)
		}
		logs, err := n.service.Logs(t.Context(), who, e.ID, workflow.LogFilter{Most: 100})
		require.NoError(t, err)
		for _, l := range logs {
			require.Equal(t, who.Tenant, l.Tenant, "what is said of others' steps is not for him: %s %v", l.Message, l.Data)
		}
	}
	_, err = n.service.Cancel(t.Context(), second, e.ID, "")
	require.True(t, errs.Is(err, errs.KindForbidden))
	other, err := n.service.Execute(t.Context(), first, "nightly", workflow.Request{})
	require.NoError(t, err)
	require.EqualValues(t, 1, other[0].Tenant)
	_, err = n.service.Execution(t.Context(), second, other[0].ID)
	require.True(t, errs.Is(err, errs.KindNotFound))

	// Who changes the house's workflow gets one of his own, and the house's leaves him alone.
	own, err := n.service.Put(t.Context(), second, "nightly", "put", func(w *workflow.Workflow) error { w.Steps = w.Steps[:1]; return nil })
	require.NoError(t, err)
	require.EqualValues(t, 2, own.Tenant)
	require.Equal(t, 4, n.run("nightly").Steps.Total, "the first tenant's alone")
	n.drain()
	logs, err := n.service.Logs(t.Context(), first, other[0].ID, workflow.LogFilter{Most: 100})
	require.NoError(t, err)
	require.NotEmpty(t, logs, "of what was done for him alone he hears everything")
}

// Where a tenant has a workflow of his own, the house's of that name is none of his: neither listed nor due.
func TestATenantsOwnStandsInThePlaceOfTheHouses(t *testing.T) {
	t.Parallel()
	n := setup(t, "standard", "standard")
	n.at("2026-05-18T00:00:00Z")
	n.daily(nil)
	ann, bob := actor.Actor{Tenant: 1, Role: actor.Owner, Name: "ann"}, actor.Actor{Tenant: 2, Role: actor.Owner, Name: "bob"}
	_, err := n.service.Enable(t.Context(), bob, "nightly", false)
	require.NoError(t, err)
	require.NoError(t, n.scheduler(1).Once(t.Context()))
	for who, want := range map[actor.Actor]struct{ tenant, due int }{ann: {0, 1}, bob: {2, 0}} {
		list, err := n.service.Workflows(t.Context(), who)
		require.NoError(t, err)
		require.Len(t, list, 1, who.Name)
		require.EqualValues(t, want.tenant, list[0].Tenant)
		due, err := n.service.Upcoming(t.Context(), who)
		require.NoError(t, err)
		require.Len(t, due, want.due, who.Name)
	}
	list, err := n.service.Workflows(t.Context(), operator)
	require.NoError(t, err)
	require.Len(t, list, 2, "the operator sees both")
}

// What the operator changes of a tenant's workflow stays the tenant's: it does not become everybody's.
func TestTheOperatorChangesATenantsWorkflow(t *testing.T) {
	t.Parallel()
	n := setup(t, "standard", "standard")
	ann := actor.Actor{Tenant: 1, Role: actor.Owner, Name: "ann"}
	own, err := n.service.Put(t.Context(), ann, "secret", "put", func(w *workflow.Workflow) error {
		w.Steps = []workflow.Step{{Name: "a", Uses: "one"}}
		return nil
	})
	require.NoError(t, err)
	changed, err := n.service.Enable(t.Context(), operator, fmt.Sprint(own.ID), false)
	require.NoError(t, err)
	require.Equal(t, []int64{own.ID, 1}, []int64{changed.ID, changed.Tenant})
	require.False(t, changed.Enabled)
	_, err = n.service.Workflow(t.Context(), actor.Actor{Tenant: 2, Role: actor.Owner}, "secret")
	require.True(t, errs.Is(err, errs.KindNotFound), "nobody else has it")
}

// Work that fails for a whole batch is tried tenant by tenant, and costs nobody an attempt.
func TestOneTenantDoesNotSpoilABatch(t *testing.T) {
	t.Parallel()
	n := setup(t, "standard", "standard", "standard")
	n.registry.Add("one", workflow.Runner{Together: true, Run: func(_ context.Context, b *workflow.Batch) []workflow.Outcome {
		outcomes := make([]workflow.Outcome, len(b.Jobs))
		for _, j := range b.Jobs {
			if j.Tenant == 2 {
				panic("tenant 2")
			}
		}
		return outcomes
	}})
	n.put("nightly", func(w *workflow.Workflow) { w.MaxRetries, w.RetryDelay = 1, 0 })
	e := n.run("nightly")
	n.drain()
	e = n.look(e.ID)
	require.Equal(t, workflow.Failed, e.Status)
	require.Equal(t, "it broke down: tenant 2", e.Error)
	require.Equal(t, 1, e.TenantsBad)
	require.Equal(t, 8, e.Steps.Completed)
	require.Equal(t, 1, e.Retries)
}

func TestGarbageIsAFailure(t *testing.T) {
	t.Parallel()
	n := setup(t, "standard")
	n.registry.Add("one", workflow.Runner{Run: func(context.Context, *workflow.Batch) []workflow.Outcome { return nil }})
	n.registry.Add("two", workflow.Each(func(context.Context, *workflow.Batch, workflow.Job) (any, error) { return make(chan int), nil }))
	for _, uses := range []string{"one", "two"} {
		n.put("nightly", func(w *workflow.Workflow) { w.Steps, w.MaxRetries = []workflow.Step{{Name: "a", Uses: uses}}, 0 })
		e := n.run("nightly")
		n.drain()
		require.Equal(t, workflow.Failed, n.look(e.ID).Status)
	}
}

// A step that hangs is ended by its time limit, and its queries with it.
func TestAStepThatHangsIsCutOff(t *testing.T) {
	t.Parallel()
	n := setup(t, "standard", "standard")
	n.registry.Add("one", workflow.Each(func(ctx context.Context, _ *workflow.Batch, j workflow.Job) (any, error) {
		if j.Tenant == 2 {
			return nil, nil
		}
		_, err := n.pool.Exec(ctx, "select pg_sleep(600)")
		return nil, err
	}))
	n.put("nightly", func(w *workflow.Workflow) {
		w.Steps, w.MaxRetries = []workflow.Step{{Name: "a", Uses: "one", Timeout: 1}}, 0
	})
	e := n.run("nightly")
	n.drain()
	e = n.look(e.ID)
	require.Equal(t, workflow.Failed, e.Status)
	require.Equal(t, "it took longer than 1s", e.Error)
	require.Equal(t, 1, e.TenantsBad)
	require.Eventually(t, func() bool {
		var sleeping int
		err := n.pool.QueryRow(t.Context(), "select count(*) from pg_stat_activity where query like 'select pg_sleep%' and state = 'active' and datname = current_database()").Scan(&sleeping)
		return err == nil && sleeping == 0
	}, time.Minute, 10*time.Millisecond)
}

// What took too long is tried again by itself: nobody else waits for it twice.
func TestWhatTookTooLongIsTriedByItself(t *testing.T) {
	t.Parallel()
	n := setup(t, "standard", "standard", "standard")
	n.registry.Add("one", workflow.Each(func(ctx context.Context, b *workflow.Batch, j workflow.Job) (any, error) {
		if j.Tenant == 2 && j.Attempt == 1 {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return len(b.Jobs), nil
	}))
	n.put("nightly", func(w *workflow.Workflow) {
		w.Steps, w.RetryDelay = []workflow.Step{{Name: "a", Uses: "one", Timeout: 1}}, 0
	})
	e := n.run("nightly")
	n.drain()
	e = n.look(e.ID)
	require.Equal(t, workflow.Completed, e.Status, e.Error)
	require.Equal(t, 1, e.Retries)
	require.JSONEq(t, "1", string(n.steps(e.ID, "")[1].Result))
}

// An engine gives up what was cancelled while it is done.
func TestWorkIsToldThatItIsNotWanted(t *testing.T) {
	t.Parallel()
	n := setup(t, "standard")
	began, told := make(chan struct{}), make(chan error, 1)
	n.registry.Add("one", workflow.Each(func(ctx context.Context, _ *workflow.Batch, _ workflow.Job) (any, error) {
		close(began)
		<-ctx.Done()
		told <- context.Cause(ctx)
		return nil, context.Cause(ctx)
	}))
	n.put("nightly", nil)
	e := n.run("nightly")
	ctx, stop := context.WithCancel(t.Context())
	engine := workflow.NewEngine(n.store, n.registry, n.clock, workflow.EngineOptions{
		Node: func() int64 { return 1 }, Lease: 500 * time.Millisecond, Tick: 10 * time.Millisecond,
	})
	done := make(chan struct{})
	go func() { defer close(done); _ = engine.Run(ctx) }()
	<-began
	_, err := n.service.Cancel(t.Context(), operator, e.ID, "enough")
	require.NoError(t, err)
	require.Error(t, <-told)
	stop()
	<-done
}

func TestReports(t *testing.T) {
	t.Parallel()
	n := setup(t, "standard")
	for name, c := range map[string]struct{ sql, want, fails string }{
		"good":     {"select slug, $2::date as day from tenants where id = $1::bigint", `{"rows":[{"slug":"t1","day":"2026-05-18T00:00:00Z"}]}`, ""},
		"writes":   {"delete from tenants", "", "read-only"},
		"broken":   {"selec 1", "", "syntax error"},
		"two":      {"select 1; select 2", "", "cannot insert multiple commands"},
		"too-many": {"select generate_series(1, 2000)", "", "more than 1000 rows"},
		"slow":     {"select pg_sleep(600)", "", "timeout"},
	} {
		n.put(name, func(w *workflow.Workflow) {
			w.Steps, w.MaxRetries = []workflow.Step{{Name: "report", SQL: c.sql, Timeout: 1}}, 0
		})
		e := n.run(name)
		n.drain()
		e = n.look(e.ID)
		if c.fails != "" {
			require.Equal(t, workflow.Failed, e.Status, name)
			if name != "slow" {
				require.Contains(t, e.Error, c.fails, name)
			}
			continue
		}
		require.Equal(t, workflow.Completed, e.Status, e.Error)
		require.JSONEq(t, c.want, string(n.steps(e.ID, "")[0].Result))
	}
	_, err := n.service.Put(t.Context(), actor.Actor{Tenant: 1, Role: actor.Owner}, "mine", "put", func(w *workflow.Workflow) error {
		w.Steps = []workflow.Step{{Name: "peek", SQL: "select * from tenants"}}
		return nil
	})
	require.ErrorContains(t, err, "only the operator's")
}

// What is old is deleted; the executions themselves stay.
func TestPruning(t *testing.T) {
	t.Parallel()
	n := setup(t, "standard")
	n.put("nightly", nil)
	e := n.run("nightly")
	n.drain()
	deleted, err := n.store.Prune(t.Context(), n.clock.Now().Add(-time.Hour), 100)
	require.NoError(t, err)
	require.Zero(t, deleted)
	deleted, err = n.store.Prune(t.Context(), n.clock.Now().Add(time.Hour), 100)
	require.NoError(t, err)
	require.EqualValues(t, 8, deleted, "four steps and a line of each")
	require.Equal(t, 4, n.look(e.ID).Steps.Completed)
}
