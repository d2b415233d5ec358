package workflowpg_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/actor"
	"brigade/internal/workflow"
)

// Who moves to another zone, or has nobody left in one, is not waited for there any more.
func TestAZoneThatNobodyIsInIsOver(t *testing.T) {
	t.Parallel()
	n := setup(t, "standard", "standard")
	n.exec("update tenants set timezone = 'UTC' where id = 2")
	n.at("2026-05-18T00:00:00Z")
	ann := actor.Actor{Tenant: 1, Role: actor.Owner, Name: "ann"}
	n.daily(nil)
	_, err := n.service.Put(t.Context(), ann, "mine", "put", func(w *workflow.Workflow) error {
		w.Kind, w.Cron, w.Zone, w.Steps = workflow.Daily, "0 8 * * *", workflow.TenantZone, []workflow.Step{{Name: "a", Uses: "one"}}
		return nil
	})
	require.NoError(t, err)
	s := n.scheduler(1)
	begun := func() []string {
		t.Helper()
		require.NoError(t, s.Once(t.Context()))
		list := []string{}
		for _, e := range n.executions() {
			list = append(list, e.Name+" "+e.ScheduledFor.UTC().Format("02 15:04")+" "+e.Zone)
		}
		return list
	}
	require.Empty(t, begun())
	n.exec("update tenants set timezone = 'America/New_York' where id = 1")
	require.Empty(t, begun())
	n.at("2026-05-18T12:30:00Z")
	first := []string{"mine 18 12:00 America/New_York", "nightly 18 12:00 America/New_York", "nightly 18 08:00 UTC"}
	require.ElementsMatch(t, first, begun(), "nothing in Madrid")
	n.exec("update tenants set timezone = 'Europe/Madrid' where id = 1")
	require.Len(t, begun(), 3, "what passed meanwhile is not caught up")
	n.exec("update tenants set status = 'suspended' where id = 2")
	n.at("2026-05-19T12:30:00Z")
	require.ElementsMatch(t, append(first, "mine 19 06:00 Europe/Madrid", "nightly 19 06:00 Europe/Madrid"), begun())
}

// When a workflow is next done is told as soon as it was changed, before whoever decides has looked at it.
func TestWhatIsNextIsToldAtOnce(t *testing.T) {
	t.Parallel()
	n := setup(t, "standard", "standard")
	n.exec("update tenants set timezone = 'Asia/Tokyo' where id = 2")
	n.at("2026-05-18T00:00:00Z")
	soonest := func(text string) {
		t.Helper()
		w, err := n.service.Workflow(t.Context(), operator, "nightly")
		require.NoError(t, err)
		require.NotNil(t, w.NextAt)
		require.Equal(t, text, w.NextAt.UTC().Format(time.RFC3339))
		list, err := n.service.Workflows(t.Context(), operator)
		require.NoError(t, err)
		require.Equal(t, w.NextAt.UTC(), list[0].NextAt.UTC())
	}
	w := n.daily(nil)
	require.NotNil(t, w.NextAt, "nobody has worked it out yet")
	require.NoError(t, n.scheduler(1).Once(t.Context()))
	soonest("2026-05-18T06:00:00Z")
	w = n.daily(func(w *workflow.Workflow) { w.Cron = "0 10 * * *" })
	require.Equal(t, "2026-05-18T01:00:00Z", w.NextAt.UTC().Format(time.RFC3339), "in Tokyo")
	soonest("2026-05-18T01:00:00Z")
	due, err := n.service.Upcoming(t.Context(), operator)
	require.NoError(t, err)
	require.Len(t, due, 2)
	require.Equal(t, []string{"Asia/Tokyo", "Europe/Madrid"}, []string{due[0].Zone, due[1].Zone})
	require.Equal(t, "2026-05-18T08:00:00Z", due[1].Next.UTC().Format(time.RFC3339))
	w = n.daily(func(w *workflow.Workflow) { w.Zone = "UTC" })
	require.Equal(t, "2026-05-18T08:00:00Z", w.NextAt.UTC().Format(time.RFC3339))
	off, err := n.service.Enable(t.Context(), operator, "nightly", false)
	require.NoError(t, err)
	require.Nil(t, off.NextAt)
	due, err = n.service.Upcoming(t.Context(), operator)
	require.NoError(t, err)
	require.Empty(t, due)
}
