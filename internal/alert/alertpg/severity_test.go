package alertpg_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"brigade/internal/alert"
)

// An alert is as grave as its latest occurrence, whatever came before and whether somebody looks after it, and is put away when its
// matter is over.
func TestAnAlertIsAsGraveAsItsLatestOccurrence(t *testing.T) {
	t.Parallel()
	k := setup(t)
	throw := 0
	rapid.Check(t, func(r *rapid.T) {
		throw++
		matter := alert.Matter{Tenant: acme, Kind: alert.StockOut, Key: fmt.Sprint("throw/", throw)}
		latest := func() alert.Alert { return k.list(t, alert.Filter{})[0] }
		for i, s := range rapid.SliceOfN(rapid.IntRange(int(alert.Info), int(alert.Critical)), 1, 6).Draw(r, "severities") {
			k.clock.now = k.clock.now.Add(time.Minute)
			k.raise(t, alert.Signal{Matter: matter, Ref: fmt.Sprint(i), Severity: alert.Severity(s), Title: "t", Detail: "d"})
			a := latest()
			require.Equal(r, []any{matter, alert.Severity(s), i + 1}, []any{a.Matter, a.Severity, a.Count})
			if a.Severity < a.SeverityWas && a.Status == alert.Open {
				require.Equal(r, k.clock.now.Add(alert.EscalateIn(a.Severity, 0)), *a.EscalateAt)
			}
			if rapid.Bool().Draw(r, "acknowledge") {
				_, err := k.service.Acknowledge(t.Context(), k.who, a.ID, "")
				require.NoError(r, err)
			}
		}
		require.NoError(r, k.service.Clear(t.Context(), matter))
		require.Equal(r, alert.Archived, latest().Status)
	})
}

// What nobody looked after stays as grave as that made it, until somebody does.
func TestNeglectIsForgivenWhenSomebodyLooks(t *testing.T) {
	t.Parallel()
	k := setup(t)
	warning := alert.PoorForecast(alert.Judged{Tenant: acme, Outlet: beach, Validation: 1, Day: "2026-05-03", MAPE: 0.4, Compared: 3})
	k.raise(t, warning)
	k.clock.now = k.clock.now.Add(4 * time.Hour)
	n, err := k.service.Escalate(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, n)
	due := k.one(t).EscalateAt
	warning.Ref = "validation/2"
	k.raise(t, warning)
	require.Equal(t, alert.Critical, k.one(t).Severity)
	require.Equal(t, due, k.one(t).EscalateAt, "it is not put off")
	_, err = k.service.Acknowledge(t.Context(), k.who, k.one(t).ID, "")
	require.NoError(t, err)
	warning.Ref = "validation/3"
	k.raise(t, warning)
	a := k.one(t)
	require.Equal(t, []any{alert.Warning, alert.Acknowledged}, []any{a.Severity, a.Status})
	require.Nil(t, a.EscalateAt)
}
