package cli

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	aWorkflow = `{"id":1,"name":"daily","type":"daily","cron":"0 8 * * *","timezone":"tenant","enabled":true,"built_in":true,"own":false,
"last_execution_at":null,"next_execution_at":"2024-12-17T07:00:00Z","consecutive_failures":0,
"steps":[{"name":"forecasts","uses":"forecast"},{"name":"tell","http":{"url":"https://example.com/x"},"after":["forecasts"],"optional":true}]}`
	anExecution = `{"id":17,"workflow_name":"daily","execution_type":"manual","triggered_by":"ann","tenant_id":null,"date":"2024-12-16","status":"completed",
"progress":1,"started_at":"2024-12-16T07:00:01Z","completed_at":"2024-12-16T07:00:13Z","duration_seconds":12.5,"steps_total":4,"steps_completed":4,
"steps_failed":0,"tenants":2,"error_message":"","instance_id":"one",
"steps":[{"step":"forecasts","total":2,"completed":2,"cpu_ms":41.5,"db_ms":12.1,"rows":380,"mean_ms":26.8,"slowest_ms":30}]}`
)

func TestWorkflowList(t *testing.T) {
	t.Parallel()
	server, asked := serve(t, map[string]string{
		"GET /api/v1/orchestrator/workflows":         `{"workflows":[` + aWorkflow + `]}`,
		"GET /api/v1/orchestrator/executions/failed": `{"executions":[` + anExecution + `],"next":null}`,
	})
	require.Equal(t, `WORKFLOW  TYPE   CRON       ZONE    ON   LAST  NEXT                 FAILED  WHOSE
daily     daily  0 8 * * *  tenant  yes  -     2024-12-17 07:00:00  0       everybody's
`, ok(t, "workflow", "list", server))
	require.Equal(t, `ID  WORKFLOW  DATE        FOR        STATUS     DONE  FAILED  STARTED              SECONDS  BY
17  daily     2024-12-16  2 tenants  completed  4/4   0       2024-12-16 07:00:01  12.5     ann
`, ok(t, "workflow", "list", server, "--failed", "--workflow=daily", "--before=90", "--limit=1"))
	require.Equal(t, "GET /api/v1/orchestrator/executions/failed?before=90&limit=1&workflow=daily", (*asked)[1])
}

func TestWorkflowRun(t *testing.T) {
	t.Parallel()
	server, asked := serve(t, map[string]string{"POST /api/v1/orchestrator/workflows/daily/execute": anExecution})
	require.Equal(t, "execution 17 of daily for 2024-12-16 is completed: 4 of 4 steps, 2 tenants\n",
		ok(t, "workflow", "run", "daily", server, "--date=2024-12-16", "--to=2024-12-18", "--parallel=2", "--tenant=demo", "--no-wait"))
	require.Equal(t, []string{
		`POST /api/v1/orchestrator/workflows/daily/execute {"date":"2024-12-16","parallel":2,"tenant":"demo","to":"2024-12-18"}`,
	}, *asked)
	require.JSONEq(t, anExecution, ok(t, "workflow", "run", "daily", server, "--json"))
}

// Of a backfill every date is watched, and those that were not completed are named.
func TestBackfillsAreWatched(t *testing.T) {
	t.Parallel()
	const path = "GET /api/v1/orchestrator/executions"
	server, asked := serve(t, map[string]string{
		"POST /api/v1/orchestrator/workflows/daily/execute": anExecution,
		path: `{"executions":[{"id":18,"date":"2024-12-17","status":"failed","error_message":"the oven is cold"},` + anExecution + `],"next":null}`,
	})
	r := run(t, "workflow", "run", "daily", server, "--date=2024-12-16", "--to=2024-12-17")
	require.Equal(t, ExitFailed, r.code)
	require.Equal(t, "1 of 2 dates are completed\n  2024-12-17, execution 18, is failed: the oven is cold\n", r.out)
	require.Contains(t, r.err, "1 of 2 dates are not completed")
	require.Equal(t, path+"?backfill=17&limit=500", (*asked)[1])
	for _, wrong := range [][]string{{"--to=2024-12-17"}, {"--date=tomorrow"}, {"--parallel=17"}} {
		r := run(t, append([]string{"workflow", "run", "daily", server}, wrong...)...)
		require.Equal(t, ExitMisuse, r.code, wrong)
	}
}

func TestWorkflowRunWatchesUntilTheEnd(t *testing.T) {
	t.Parallel()
	server, _ := serve(t, map[string]string{
		"POST /api/v1/orchestrator/executions/17/retry": `{"id":17,"workflow_name":"daily","status":"running","steps_total":4}`,
		"GET /api/v1/orchestrator/executions/17":        `{"id":17,"workflow_name":"daily","status":"failed","error_message":"the oven is cold"}`,
	})
	r := run(t, "workflow", "retry", "17", server)
	require.Equal(t, ExitFailed, r.code)
	require.Contains(t, r.err, "execution 17 is failed: the oven is cold")
}

func TestWorkflowShow(t *testing.T) {
	t.Parallel()
	server, _ := serve(t, map[string]string{
		"GET /api/v1/orchestrator/workflows/daily":     aWorkflow,
		"GET /api/v1/orchestrator/executions/17":       anExecution,
		"GET /api/v1/orchestrator/executions/17/steps": `{"steps":[{"tenant_id":7,"step":"forecasts","status":"failed","attempt":3,"error":"no","cpu_ms":1,"db_ms":2}],"next":null}`,
		"GET /api/v1/orchestrator/executions/17/logs":  `{"logs":[{"tenant_id":7,"step":"forecasts","level":"warn","message":"no","at":"2024-12-16T07:00:01Z"}],"next":null}`,
		"GET /api/v1/orchestrator/leader":              `{"leader":"one","since":"2024-12-16T07:00:01Z","last_heartbeat":"2024-12-16T07:00:02Z","epoch":3}`,
	})
	require.Contains(t, ok(t, "workflow", "show", "daily", server), "tell       http https://example.com/x  forecasts  yes")
	require.Contains(t, ok(t, "workflow", "show", "17", server), "forecasts  2        2          0       0        0     41.5    12.1   380   26.8     30.0")
	require.Contains(t, ok(t, "workflow", "show", "17", "--steps", server), "7       forecasts  failed  3        1.0     2.0    no")
	require.Contains(t, ok(t, "workflow", "logs", "17", "--level=warn", server), "2024-12-16 07:00:01  warn   7       forecasts  no")
	require.Equal(t, "one decides since 2024-12-16 07:00:01, last sign of life 2024-12-16 07:00:02, epoch 3\n", ok(t, "workflow", "leader", server))
}

func TestWorkflowChanges(t *testing.T) {
	t.Parallel()
	server, asked := serve(t, map[string]string{
		"POST /api/v1/orchestrator/executions/17/cancel": `{"id":17,"workflow_name":"daily","status":"cancelled","steps_total":4,"steps_completed":1}`,
		"PUT /api/v1/orchestrator/schedule":              aWorkflow,
		"GET /api/v1/orchestrator/schedule":              `{"schedules":[{"workflow_name":"daily","cron":"0 8 * * *","timezone":"UTC","last_run":null,"next_run":"2024-12-17T07:00:00Z"}]}`,
		"GET /api/v1/orchestrator/schedule/next-run":     `{"workflow_name":"daily","timezone":"UTC","upcoming":["2024-12-17T07:00:00Z"]}`,
		"PUT /api/v1/orchestrator/workflows/morning":     aWorkflow,
	})
	require.Equal(t, "execution 17 of daily is cancelled: 1 of 4 steps were done\n", ok(t, "workflow", "cancel", "17", "--reason=wrong date", server))
	require.Contains(t, ok(t, "workflow", "schedule", server), "2024-12-17 07:00:00  daily     0 8 * * *  UTC   -")
	require.Equal(t, "daily in UTC is done next\n  2024-12-17 07:00:00\n", ok(t, "workflow", "schedule", "daily", "--cron=0 7 * * *", "--disable", server))
	file := filepath.Join(t.TempDir(), "w.yaml")
	require.NoError(t, os.WriteFile(file, []byte("name: morning\nsteps: [{name: a, uses: forecast}]\n"), 0o600))
	ok(t, "workflow", "put", file, server)
	require.Equal(t, []string{
		`POST /api/v1/orchestrator/executions/17/cancel {"reason":"wrong date"}`, "GET /api/v1/orchestrator/schedule",
		`PUT /api/v1/orchestrator/schedule {"cron":"0 7 * * *","enabled":false,"workflow":"daily"}`,
		"GET /api/v1/orchestrator/schedule/next-run?count=10&workflow=daily",
		`PUT /api/v1/orchestrator/workflows/morning {"name":"morning","steps":[{"name":"a","uses":"forecast"}]}`,
	}, *asked)
	require.NoError(t, os.WriteFile(file, []byte("steps: ["), 0o600))
	r := run(t, "workflow", "put", file, server)
	require.Contains(t, r.err, "is no YAML")
}
