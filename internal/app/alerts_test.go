package app_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"brigade/internal/app"
	"brigade/internal/config"
	"brigade/internal/event"
	"brigade/internal/event/eventpg"
	"brigade/internal/store"
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

// What a run, a validation and a plan say reaches whoever looks after the outlet, and is put away when it is over.
func TestAlertsAreRaisedLookedAfterAndPutAway(t *testing.T) {
	t.Parallel()
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
	var tenant int64
	require.NoError(t, conn.QueryRow(t.Context(), `select id from tenants where slug = 'demo'`).Scan(&tenant))
	end := func(what event.Type, execution int64, why string) {
		e := event.New(what, event.AggregateWorkflow, execution, 1, time.Now(), event.WorkflowPayload{
			WorkflowName: "daily", ExecutionID: execution, Day: "2026-05-04", Tenants: 1, Error: why,
		})
		e.Tenant = tenant
		tx, err := conn.Begin(t.Context())
		require.NoError(t, err)
		require.NoError(t, eventpg.Append(t.Context(), store.Tx(tx), 1, []event.Event{e}))
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
	status, _ = r.call(http.MethodGet, "/alerts/987654", nil)
	require.Equal(t, http.StatusNotFound, status)
	status, _ = r.call(http.MethodGet, "/alerts?severity=loud", nil)
	require.Equal(t, http.StatusUnprocessableEntity, status)
}
