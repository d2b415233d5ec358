package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"

	"brigade/internal/app"
	"brigade/internal/bench"
	"brigade/internal/config"
	"brigade/internal/event/brokertest"
	"brigade/internal/lease"
	"brigade/internal/store/pgtest"
)

const orchestrated = "/api/v1/orchestrator"

// orchestrate starts an orchestrator alone, over the demo restaurant.
func orchestrate(t *testing.T, database, name string, change func(*app.Config)) (*place, *app.App) {
	t.Helper()
	cfg := app.Config{
		Name: name, Roles: []config.Role{config.RoleOrchestrator}, Addr: "127.0.0.1:0", DatabaseURL: database, Demo: config.DemoData,
		Lease:     lease.Options{Tick: 20 * time.Millisecond},
		Workflows: config.Workflows{StepLease: config.Interval(2 * time.Second), Election: true, Heartbeat: config.Interval(200 * time.Millisecond), LockTTL: config.Interval(time.Second)},
	}
	if change != nil {
		change(&cfg)
	}
	a := app.New(cfg)
	require.NoError(t, a.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, stop(a)) })
	return &place{t: t, url: a.URL()}, a
}

func (p *place) read(path string) map[string]any {
	p.t.Helper()
	return p.ask(http.StatusOK, http.MethodGet, orchestrated+path, "")
}

// ended waits until an execution is over, and returns it.
func (p *place) ended(e map[string]any) map[string]any {
	p.t.Helper()
	var now map[string]any
	eventually(p.t, "the execution ends", func() bool {
		now = p.read(fmt.Sprint("/executions/", e["id"]))
		return now["status"] != "pending" && now["status"] != "running"
	})
	return now
}

func keys(list any, field string) []string {
	var found []string
	for _, x := range list.([]any) {
		found = append(found, x.(map[string]any)[field].(string))
	}
	return found
}

// What a client of contract O sees, of the orchestrator alone on its port.
func TestContractO(t *testing.T) {
	t.Parallel()
	p, _ := orchestrate(t, pgtest.NewURL(t), "one", nil)
	list := p.read("/workflows")["workflows"]
	require.Subset(t, keys(list, "name"), []string{"daily", "weekly", "monthly", "alert-cleanup"})
	daily := p.read("/workflows/daily")
	for field, want := range map[string]any{
		"type": "daily", "cron": "0 8 * * *", "enabled": true, "max_execution_seconds": 3600.0, "max_retries": 3.0, "retry_delay_seconds": 300.0,
		"consecutive_failures": 0.0,
	} {
		require.Equal(t, want, daily[field], field)
	}
	require.Equal(t, []string{"forecasts", "production", "procurement", "inventory", "validation", "summary"}, keys(daily["steps"], "name"))
	require.Equal(t, daily, p.read(fmt.Sprint("/workflows/", daily["id"])), "by its id, too")

	e := p.ask(http.StatusAccepted, http.MethodPost, orchestrated+"/workflows/daily/execute", "{}")
	require.Equal(t, "manual", e["execution_type"])
	require.Equal(t, "operator", e["triggered_by"])
	require.EqualValues(t, 6, e["steps_total"])
	e = p.ended(e)
	require.Equal(t, "completed", e["status"], "%v", e)
	require.EqualValues(t, 6, e["steps_completed"])
	require.Equal(t, "one", e["instance_id"])
	require.EqualValues(t, 1, e["progress"])
	costs := e["steps"].([]any)
	require.Positive(t, costs[0].(map[string]any)["db_ms"], "forecasts asked Postgres")
	require.Positive(t, costs[0].(map[string]any)["rows"])
	steps := p.read(fmt.Sprint("/executions/", e["id"], "/steps"))["steps"].([]any)
	require.Len(t, steps, 6)
	require.Contains(t, steps[0].(map[string]any)["result"], "series")

	require.Len(t, p.read("/executions")["executions"], 1)
	require.Empty(t, p.read("/executions/failed")["executions"])
	require.Contains(t, p.read(fmt.Sprint("/executions/", e["id"], "/logs")), "logs")
	p.ask(http.StatusConflict, http.MethodPost, orchestrated+fmt.Sprint("/executions/", e["id"], "/retry"), "")
	p.ask(http.StatusNotFound, http.MethodGet, orchestrated+"/executions/999", "")
	p.ask(http.StatusNotFound, http.MethodGet, orchestrated+"/workflows/nightly", "")

	off := p.ask(http.StatusOK, http.MethodPost, orchestrated+"/workflows/daily/disable", "")
	require.Equal(t, false, off["enabled"])
	require.Equal(t, true, p.ask(http.StatusOK, http.MethodPost, orchestrated+"/workflows/daily/enable", "")["enabled"])
	off["cron"], off["enabled"] = "15 7 * * 1-5", true
	body, err := json.Marshal(off)
	require.NoError(t, err)
	changed := p.ask(http.StatusOK, http.MethodPut, orchestrated+"/workflows/daily", string(body))
	require.Equal(t, "15 7 * * 1-5", changed["cron"], "what was read can be sent again, changed")
	require.Contains(t, p.ask(http.StatusUnprocessableEntity, http.MethodPut, orchestrated+"/workflows/daily", `{"cron":"* * *"}`)["detail"], "cron")
	p.ask(http.StatusOK, http.MethodPut, orchestrated+"/schedule", `{"workflow":"weekly","cron":"0 10 * * 2"}`)
	eventually(t, "the schedule is worked out", func() bool { return len(p.read("/schedule")["schedules"].([]any)) >= 4 })
	next := p.read("/schedule/next-run?workflow=weekly&count=100")
	require.Len(t, next["upcoming"], 52, "a year of Tuesdays")
	require.NotNil(t, p.read("/schedule/next-run")["next_run"])

	require.Equal(t, "ok", p.read("/health")["status"])
	eventually(t, "somebody decides", func() bool { return p.read("/leader")["leader"] == "one" })
	leader := p.read("/leader")
	require.Equal(t, true, leader["is_leader"])
	require.NotNil(t, leader["since"])
	require.NotNil(t, leader["last_heartbeat"])
	figures := p.read("/metrics")["metrics"].([]any)[0].(map[string]any)
	require.Equal(t, "daily", figures["workflow_name"])
	require.EqualValues(t, 100, figures["success_rate"])
	require.EqualValues(t, 1, p.read("/statistics")["total"].(map[string]any)["completed"])
	text := p.text(orchestrated+"/metrics", "text/plain")
	for _, name := range []string{
		`orchestrator_workflow_executions_total{status="completed",workflow_name="daily"} 1`, `orchestrator_workflow_duration_seconds_bucket{workflow_name="daily",le="3600"} 1`,
		`orchestrator_tenants_processed_total{status="completed",workflow_name="daily"} 1`, `orchestrator_leader_instance{instance_id="one"} 1`,
	} {
		require.Contains(t, text, name)
	}
	require.Equal(t, "ok", p.ask(http.StatusOK, http.MethodGet, "/health", "")["status"])
	for _, view := range []string{"dashboard", "network-summary", "production-overview", "distribution-status", "child-performance"} {
		network := p.ask(http.StatusOK, http.MethodGet, "/api/v1/demo/orchestrator/enterprise/"+view, "")["network"].(map[string]any)
		require.Equal(t, "demo", network["tenant"], "the operator sees each network")
	}
	p.ask(http.StatusNotFound, http.MethodGet, "/api/v1/nobody/orchestrator/enterprise/dashboard", "")
}

// text asks for something that is not JSON.
func (p *place) text(path, accept string) string {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, p.url+path, nil)
	require.NoError(p.t, err)
	req.Header.Set("Accept", accept)
	res, err := http.DefaultClient.Do(req)
	require.NoError(p.t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(p.t, err)
	return string(body)
}

// Steps may be calls: the operator's own, and those of services in place of what is built in.
func TestOtherServicesDoSteps(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	var generated, own atomic.Pointer[http.Request]
	var told atomic.Pointer[string]
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // a request of the test
		text := string(body)
		switch r.URL.Path {
		case "/api/v1/forecasting/generate":
			generated.Store(r)
			told.Store(&text)
			if calls.Add(1) == 1 {
				http.Error(w, "not yet", http.StatusServiceUnavailable)
				return
			}
		case "/hook":
			own.Store(r)
		case "/refuses":
			http.Error(w, "never", http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"made":7}`)
	}))
	t.Cleanup(service.Close)
	p, _ := orchestrate(t, pgtest.NewURL(t), "one", func(c *app.Config) { c.Workflows.ForecastingURL = config.URL(service.URL) })
	put := fmt.Sprintf(`{"type":"on_demand","retry_delay_seconds":0,"steps":[{"name":"f","uses":"forecast"},
		{"name":"tell","http":{"url":"%s/hook","headers":{"X-Key":"k"},"body":{"extra":1}},"after":["f"]}]}`, service.URL)
	p.ask(http.StatusOK, http.MethodPut, orchestrated+"/workflows/own", put)
	e := p.ended(p.ask(http.StatusAccepted, http.MethodPost, orchestrated+"/workflows/own/execute", ""))
	require.Equal(t, "completed", e["status"], "%v", e)
	require.EqualValues(t, 1, e["retries"])
	require.Equal(t, http.MethodPost, generated.Load().Method)
	require.JSONEq(t, `{"tenant_id":1,"days_ahead":7}`, *told.Load())
	require.Equal(t, "k", own.Load().Header.Get("X-Key"))
	require.Contains(t, own.Load().Header.Get("Idempotency-Key"), "own/1/")

	p.ask(http.StatusOK, http.MethodPut, orchestrated+"/workflows/own", fmt.Sprintf(`{"steps":[{"name":"f","http":{"url":"%s/refuses"}}]}`, service.URL))
	e = p.ended(p.ask(http.StatusAccepted, http.MethodPost, orchestrated+"/workflows/own/execute", ""))
	require.Equal(t, "failed", e["status"])
	require.Contains(t, e["error_message"], "400 Bad Request: never", "what will never be taken is not sent again")
	require.Len(t, p.read("/executions/failed")["executions"], 1)
}

// Two orchestrators: one decides at a time; when it stops, the other takes over at once.
func TestTheLeaderIsOneAndIsReplaced(t *testing.T) {
	t.Parallel()
	database := pgtest.NewURL(t)
	long := func(c *app.Config) { // what takes over before that was not waited for
		c.Workflows.Heartbeat, c.Workflows.LockTTL = config.Interval(time.Minute), config.Interval(time.Hour)
	}
	first, a := orchestrate(t, database, "first", long)
	eventually(t, "the first decides", func() bool { return first.read("/leader")["leader"] == "first" })
	second, _ := orchestrate(t, database, "second", long)
	require.Equal(t, false, second.read("/leader")["is_leader"])
	require.Equal(t, "first", second.read("/leader")["leader"])
	epoch := second.read("/leader")["epoch"].(float64)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	require.NoError(t, a.Stop(ctx))
	eventually(t, "the second decides", func() bool { return second.read("/leader")["is_leader"] == true })
	require.Greater(t, second.read("/leader")["epoch"].(float64), epoch)
	require.Equal(t, "second", second.read("/leader")["leader"])
}

// One that asks nobody decides, and says so.
func TestWhoDecidesAloneIsTheLeader(t *testing.T) {
	t.Parallel()
	p, _ := orchestrate(t, pgtest.NewURL(t), "one", func(c *app.Config) { c.Workflows.Election = false })
	leader := p.read("/leader")
	require.Equal(t, []any{"one", true}, []any{leader["leader"], leader["is_leader"]})
	require.NotNil(t, leader["since"])
	require.NotNil(t, leader["last_heartbeat"])
	require.Equal(t, true, p.read("/health")["is_leader"])
	require.Contains(t, p.text(orchestrated+"/metrics", "text/plain"), `orchestrator_leader_instance{instance_id="one"} 1`)
}

// A schedule is kept by product time, in each tenant's zone, and everybody who is told of the end by RabbitMQ hears it once.
func TestTheScheduleIsKeptAndItsEndIsTold(t *testing.T) {
	t.Parallel()
	broker := brokertest.RabbitMQ(t)
	conn, err := amqp.Dial(broker)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	p, _ := orchestrate(t, pgtest.NewURL(t), "one", func(c *app.Config) {
		c.TimeScale, c.Brokers.RabbitMQURL = 600, config.URL(broker) // ten minutes a second
	})
	ch, err := conn.Channel()
	require.NoError(t, err)
	require.NoError(t, ch.ExchangeDeclare("orchestrator", "topic", true, false, false, false, nil))
	q, err := ch.QueueDeclare("", false, true, true, false, nil)
	require.NoError(t, err)
	require.NoError(t, ch.QueueBind(q.Name, "orchestrator.#", "orchestrator", false, nil))
	messages, err := ch.Consume(q.Name, "", true, true, false, false, nil)
	require.NoError(t, err)
	p.ask(http.StatusOK, http.MethodPut, orchestrated+"/workflows/hourly", `{"type":"daily","cron":"0 * * * *","timezone":"tenant","steps":[{"name":"s","uses":"summary"}]}`)
	for m := range messages {
		var body map[string]any
		require.NoError(t, json.Unmarshal(m.Body, &body))
		if body["workflow_name"] != "hourly" {
			continue
		}
		require.Equal(t, "orchestrator.workflow_completed", m.RoutingKey)
		require.Equal(t, "workflow_completed", body["event_type"])
		for _, field := range []string{"execution_id", "tenants_processed", "steps_completed", "steps_failed", "duration_seconds", "timestamp"} {
			require.Contains(t, body, field)
		}
		require.EqualValues(t, 1, body["tenants_processed"])
		e := p.read(fmt.Sprint("/executions/", body["execution_id"]))
		require.Equal(t, "scheduled", e["execution_type"])
		require.True(t, strings.HasSuffix(e["scheduled_for"].(string), ":00:00Z"), "%v", e)
		return
	}
	t.Fatal("the broker went away")
}

func TestBenchNightly(t *testing.T) {
	t.Parallel()
	o := benchOptions(t)
	o.Tenants, o.Products, o.Days = 3, 2, 60
	r, err := bench.Night(t.Context(), o)
	require.NoError(t, err)
	require.Empty(t, r.Check.Faults)
	require.Equal(t, 3, r.Check.Stored)
	require.Equal(t, 18, r.Check.Completed)
	require.Len(t, r.Nightly.Steps, 6)
}
