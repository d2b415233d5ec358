package cli

import (
	"testing"

	"github.com/stretchr/testify/require"

	"brigade/internal/store/pgtest"
)

const someAlert = `{"id":12,"kind":"failure","key":"workflow/daily","outlet":"","severity":"critical","level":1,"status":"acknowledged","title":"daily failed",
"detail":"The run of daily failed: no flour.","data":{},"count":2,"first_at":"2024-12-16T06:00:00Z","last_at":"2024-12-16T07:00:00Z","escalates_at":null,
"acknowledged_at":"2024-12-16T07:30:00Z","acknowledged_by":"ann","archived_at":null,"archived_by":"","note":"on my way"}`

func TestAlerts(t *testing.T) {
	t.Parallel()
	server, asked := serve(t, map[string]string{
		"GET /api/v1/alerts": `{"alerts":[` + someAlert + `],"next":12}`, "GET /api/v1/alerts/12": someAlert,
		"POST /api/v1/alerts/12/acknowledge": someAlert, "POST /api/v1/alerts/12/archive": someAlert,
	})
	r := run(t, "alert", "list", server, "--severity", "warning", "--kind", "failure", "--before", "90", "--limit", "1", "--outlet", "kitchen")
	require.Equal(t, ExitDone, r.code, r.err)
	require.Equal(t, `ID  SEVERITY  STATUS        KIND     OUTLET  TIMES  LAST                 ESCALATED  WHAT
12  critical  acknowledged  failure  -       2      2024-12-16 07:00:00  1          daily failed
`, r.out)
	require.Equal(t, "there are more: --before 12\n", r.err)
	require.Equal(t, `alert 12  critical  acknowledged
  daily failed
  The run of daily failed: no flour.
  counted: 2, from 2024-12-16 06:00:00 to 2024-12-16 07:00:00
  looked after by ann
  note: on my way
`, ok(t, "alert", "show", "12", server))
	require.Equal(t, "alert 12 is acknowledged\n", ok(t, "alert", "ack", "12", "--note", "on my way", server))
	ok(t, "alert", "archive", "12", server)
	require.Equal(t, []string{
		"GET /api/v1/alerts?before=90&kind=failure&limit=1&outlet=kitchen&severity=warning&status=live", "GET /api/v1/alerts/12",
		`POST /api/v1/alerts/12/acknowledge {"note":"on my way"}`, "POST /api/v1/alerts/12/archive {}",
	}, *asked)
	require.Equal(t, ExitMisuse, run(t, "alert", "list", "--severity", "loud", server).code)
}

func TestAlertsOfTheHouse(t *testing.T) {
	t.Parallel()
	url := "--database-url=" + pgtest.NewURL(t)
	require.Equal(t, "ID  SEVERITY  STATUS  KIND  OUTLET  TIMES  LAST  ESCALATED  WHAT\n", ok(t, "alert", "house", url))
	require.Equal(t, "[]\n", ok(t, "alert", "house", "--json", "--all", url))
}
