package alert_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"brigade/internal/alert"
)

func TestWhatIsALotFollowsTheHistory(t *testing.T) {
	t.Parallel()
	seconds := func(list ...int) (d []time.Duration) {
		for _, s := range list {
			d = append(d, time.Duration(s)*time.Second)
		}
		return d
	}
	_, _, ok := alert.Limit(seconds(1, 2, 3, 4, 5, 6, 7))
	require.False(t, ok, "seven runs say little")
	usual, limit, ok := alert.Limit(seconds(60, 61, 59, 60, 62, 58, 60, 60, 900))
	require.True(t, ok)
	require.Equal(t, time.Minute, usual)
	require.Equal(t, 90*time.Second, limit, "one that was slow does not make slow ones usual")
	_, limit, _ = alert.Limit(seconds(10, 100, 20, 90, 30, 80, 40, 70, 50, 60))
	require.Greater(t, limit, 150*time.Second, "where runs differ, more is a lot")
}

func TestLimitProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(rapid.Map(rapid.IntRange(0, 3600_000), func(ms int) time.Duration { return time.Duration(ms) * time.Millisecond }), 8, 60).Draw(t, "took")
		usual, limit, ok := alert.Limit(list)
		require.True(t, ok)
		require.GreaterOrEqual(t, limit, usual+usual/2)
		below, above := 0, 0
		for _, d := range list {
			if d <= usual {
				below++
			}
			if d >= usual {
				above++
			}
		}
		require.GreaterOrEqual(t, 2*below, len(list))
		require.GreaterOrEqual(t, 2*above, len(list)-1)
	})
}

func TestEscalationEnds(t *testing.T) {
	t.Parallel()
	require.Equal(t, 30*time.Minute, alert.EscalateIn(alert.Critical, 0))
	require.Equal(t, 8*time.Hour, alert.EscalateIn(alert.Warning, 1))
	require.Equal(t, 24*time.Hour, alert.EscalateIn(alert.Info, 0))
	require.Zero(t, alert.EscalateIn(alert.Critical, alert.MostEscalations))
	for s := alert.Info; s <= alert.Critical; s++ {
		require.Equal(t, s, alert.SeverityOf(s.String()))
	}
	require.Zero(t, alert.SeverityOf("loud"))
}

func TestSignalsSayWhatIsWrong(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 5, 4, 6, 0, 0, 0, time.UTC)
	run := alert.Run{Tenant: 7, Workflow: "daily", Execution: 12, Day: "2026-05-04", At: at}
	all := alert.Failed(run, "the database is away.", 1, 1)
	require.Equal(t, alert.Critical, all.Severity)
	require.Equal(t, "The run of daily for 2026-05-04 failed: the database is away.", all.Detail)
	some := alert.Failed(run, "no", 10, 2)
	require.Equal(t, alert.Warning, some.Severity)
	require.Contains(t, some.Detail, "2 of 10 tenants")
	require.Equal(t, all.Matter, some.Matter)
	require.Equal(t, "execution/12", some.Ref)

	slow := alert.TookLong(run, 95*time.Second, time.Minute, 90*time.Second)
	require.Equal(t, "The run of daily for 2026-05-04 took 1m35s; such runs take 1m0s, and 1m30s would have been a lot.", slow.Detail)
	missing := alert.DidNotCome(alert.Run{Tenant: 7, Workflow: "daily", At: at})
	require.Equal(t, "due//2026-05-04T06:00:00Z", missing.Ref)
	require.NotEqual(t, missing.Matter, all.Matter)

	good := alert.Judged{MAPE: math.NaN()}
	require.False(t, good.Poor())
	bad := alert.Judged{Tenant: 7, Outlet: 70, OutletName: "Main", Validation: 3, Day: "2026-05-03", MAPE: 0.45, WAPE: math.NaN(), Compared: 12}
	require.True(t, bad.Poor())
	poor := alert.PoorForecast(bad)
	require.Equal(t, alert.Warning, poor.Severity)
	require.Equal(t, "The 12 forecasts for 2026-05-03 were off by 45 % on average (MAPE).", poor.Detail)
	bad.MAPE = 0.7
	require.Equal(t, alert.Critical, alert.PoorForecast(bad).Severity)

	short := alert.Shortage{Tenant: 7, Outlet: 70, OutletName: "Main", Code: "flour", Name: "Flour", Now: at, At: at.Add(48 * time.Hour), Plan: "9"}
	require.Equal(t, alert.Warning, alert.RunsOut(short).Severity)
	short.At = at.Add(24 * time.Hour)
	require.Equal(t, alert.Critical, alert.RunsOut(short).Severity)
	require.Equal(t, "Flour will run out at Main", alert.RunsOut(short).Title)
}

func TestOneSignalOfEachMatterIsKept(t *testing.T) {
	t.Parallel()
	m := alert.Matter{Tenant: 7, Kind: alert.Failure, Key: "workflow/daily"}
	list := alert.Merge([]alert.Signal{
		{Matter: m, Ref: "1", Severity: alert.Critical, Detail: "first"}, {Matter: alert.Matter{Tenant: 8}, Ref: "2"}, {Matter: m, Ref: "3", Severity: alert.Warning, Detail: "last"},
	})
	require.Len(t, list, 2)
	require.Equal(t, alert.Signal{Matter: m, Ref: "3", Severity: alert.Critical, Detail: "last"}, list[0])
}
