package app_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"brigade/internal/app"
	"brigade/internal/config"
	"brigade/internal/event"
	"brigade/internal/event/eventpg"
	"brigade/internal/store/pgtest"
)

// alerts lists living alerts as the API shows them.
func (r *running) alerts(query string) []any {
	r.t.Helper()
	status, answer := r.call(http.MethodGet, "/alerts"+query, nil)
	require.Equal(r.t, http.StatusOK, status, "%v", answer)
	list, _ := answer["alerts"].([]any)
	return list
}

// runOn is run, with a connection to its database.
func runOn(t *testing.T) (*running, *pgx.Conn) {
	t.Helper()
	url := pgtest.NewURL(t)
	a := app.New(app.Config{
		Roles: []config.Role{config.RoleAPI, config.RoleKitchen, config.RoleJobs}, DatabaseURL: url, Addr: "127.0.0.1:0", Demo: config.DemoData,
	})
	require.NoError(t, a.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, a.Stop(context.Background())) })
	r := &running{t, a}
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return r, conn
}

// What becomes of runs reaches whoever looks after the outlet, and is put away when it is over.
func TestAlertsAreRaisedLookedAfterAndPutAway(t *testing.T) {
	t.Parallel()
	r, conn := runOn(t)
	var tenant int64
	require.NoError(t, conn.QueryRow(t.Context(), `select id from tenants where slug = 'demo'`).Scan(&tenant))
	end := func(what event.Type, execution int64, why string) {
		e := event.New(what, event.AggregateWorkflow, execution, 1, time.Now(), event.WorkflowPayload{
			WorkflowName: "daily", ExecutionID: execution, Day: "2026-05-04", Tenants: 1, Error: why,
		})
		e.Tenant = tenant
		tx, err := conn.Begin(t.Context())
		require.NoError(t, err)
		require.NoError(t, eventpg.Append(t.Context(), tx, 1, []event.Event{e}))
		require.NoError(t, tx.Commit(t.Context()))
	}
	end(event.WorkflowFailed, 41, "no flour")
	eventually(t, "the failure is signalled", func() bool { return len(r.alerts("?kind=failure")) == 1 })
	failure := r.alerts("?kind=failure")[0].(map[string]any)
	require.Equal(t, "critical", failure["severity"])
	require.Contains(t, failure["detail"], "no flour")
	path := fmt.Sprint("/alerts/", failure["id"])
	status, answer := r.call(http.MethodPost, path+"/acknowledge", map[string]any{"note": "on my way"})
	require.Equal(t, http.StatusOK, status, "%v", answer)
	require.Equal(t, "acknowledged", answer["status"])
	require.Nil(t, answer["escalates_at"])
	end(event.WorkflowCompleted, 42, "")
	eventually(t, "it is over", func() bool { return len(r.alerts("?kind=failure")) == 0 })
	_, answer = r.call(http.MethodGet, path, nil)
	require.Equal(t, "archived", answer["status"])
	status, answer = r.call(http.MethodPost, path+"/acknowledge", map[string]any{})
	require.Equal(t, http.StatusConflict, status, "%v", answer)
	eventually(t, "what is open is counted", func() bool {
		res, err := http.Get(r.a.URL() + "/metrics")
		require.NoError(t, err)
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		return strings.Contains(string(text), `brigade_alerts_open{kind="failure",severity="critical"} `)
	})
	status, _ = r.call(http.MethodGet, "/alerts/987654", nil)
	require.Equal(t, http.StatusNotFound, status)
	status, _ = r.call(http.MethodGet, "/alerts?severity=loud", nil)
	require.Equal(t, http.StatusUnprocessableEntity, status)
}

// What will run out before anything can come is signalled, and is over when there is enough.
func TestStockThatWillRunOutIsSignalled(t *testing.T) {
	t.Parallel()
	r, conn := runOn(t)
	_, err := conn.Exec(t.Context(), `update suppliers set active = false`)
	require.NoError(t, err)
	_, made := r.call(http.MethodPost, "/planning/forecasts", map[string]any{"days": 14})
	eventually(t, "forecasts are made", func() bool {
		_, now := r.call(http.MethodGet, fmt.Sprint("/planning/forecasts/runs/", made["id"]), nil)
		return now["status"] == "done"
	})
	plan := func(patties string) []any {
		status, answer := r.call(http.MethodPost, "/stock/sheets?outlet=kitchen", map[string]any{
			"kind": "count", "entries": []any{map[string]any{"ingredient": "beef_patty", "quantity": patties}},
		})
		require.Less(t, status, 300, "%v", answer)
		status, answer = r.call(http.MethodPost, "/planning/stock", map[string]any{"outlet": "kitchen"})
		require.Less(t, status, 300, "%v", answer)
		var about []any
		for _, a := range r.alerts("?kind=stock_out&outlet=kitchen") {
			if strings.HasSuffix(a.(map[string]any)["key"].(string), "/beef_patty") {
				about = append(about, a)
			}
		}
		return about
	}
	list := plan("5")
	require.Len(t, list, 1)
	require.Equal(t, "kitchen", list[0].(map[string]any)["outlet"])
	require.Len(t, plan("4"), 1)
	_, err = conn.Exec(t.Context(), `update suppliers set active = true`) // for what is there spoils, too
	require.NoError(t, err)
	require.Empty(t, plan("999999"))
}

// Forecasts that were far off are signalled once for each comparison.
func TestPoorForecastsAreSignalled(t *testing.T) {
	t.Parallel()
	r, conn := runOn(t)
	var day string
	require.NoError(t, conn.QueryRow(t.Context(), `
		with run as (
			insert into forecast_runs (tenant_id, kind, day, horizon, status, levels, requested_by, requested_at)
			select o.tenant_id, 'daily', timezone(o.timezone, now())::date - 1, 1, 'done', '{0.05,0.95}', 'test', now()
			from outlets o join tenants t on t.id = o.tenant_id where t.slug = 'demo' and o.slug = 'kitchen' returning id, tenant_id, day
		), made as (
			insert into forecasts (run_id, series_id, day, tenant_id, mean, quantiles, hours)
			select run.id, s.id, run.day, run.tenant_id, 5000, '{4000,6000}', '{}'
			from run join sales_series s on s.tenant_id = run.tenant_id join outlets o on o.id = s.outlet_id where o.slug = 'kitchen'
		)
		select day::text from run`).Scan(&day))
	for range 2 {
		status, answer := r.call(http.MethodPost, "/planning/validations", map[string]any{"day": day})
		require.Equal(t, http.StatusOK, status, "%v", answer)
		list := r.alerts("?kind=forecast")
		require.Len(t, list, 1)
		a := list[0].(map[string]any)
		require.Equal(t, "critical", a["severity"])
		require.Equal(t, "kitchen", a["outlet"])
		require.InDelta(t, 1, a["count"], 0)
	}
}
