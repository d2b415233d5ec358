package cli

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWorkflowCosts(t *testing.T) {
	t.Parallel()
	const figures = `"runs":30,"tenants":2,"mean_seconds":0.42,"p95_seconds":0.61,"cpu_ms":41.5,"db_ms":12.1,"rows":380`
	const reply = `{"days":7,"from":"2024-12-10","steps":[{"workflow_id":1,"workflow_name":"daily","step":"forecasts",` + figures + `,"before":{` + figures + `},"change":0.25,"by_day":[]},
{"workflow_id":1,"workflow_name":"daily","step":"summary",` + figures + `,"before":{` + figures + `},"change":null,"by_day":[]}],
"slowest":[{"workflow_id":1,"workflow_name":"daily","step":"forecasts","tenant_id":7,"times":30,"mean_seconds":0.42,"longest_seconds":0.9,"cpu_ms":41.5,"db_ms":12.1,"rows":380}]}`
	server, asked := serve(t, map[string]string{"GET /api/v1/orchestrator/costs": reply})
	require.Equal(t, `since 2024-12-10, of a tenant in a run
WORKFLOW  STEP       RUNS  TENANTS  MEAN S  P95 S  CPU MS  DB MS  ROWS  CHANGE
daily     forecasts  30    2        0.420   0.610  41.5    12.1   380   +25 %
daily     summary    30    2        0.420   0.610  41.5    12.1   380   -

the slowest
WORKFLOW  STEP       TENANT  TIMES  MEAN S  LONGEST S  CPU MS  DB MS
daily     forecasts  7       30     0.420   0.900      41.5    12.1
`, ok(t, "workflow", "costs", server, "--days=7", "--workflow=daily"))
	require.Equal(t, []string{"GET /api/v1/orchestrator/costs?days=7&workflow=daily"}, *asked)
	require.JSONEq(t, reply, ok(t, "workflow", "costs", server, "--json"))
	require.Contains(t, run(t, "workflow", "costs", server, "--days=0").err, "--days")
}
