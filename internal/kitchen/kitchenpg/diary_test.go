package kitchenpg_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/actor"
	"brigade/internal/clock"
	"brigade/internal/errs"
	"brigade/internal/kitchen"
)

// What was done today is read; what was done yesterday, elsewhere or in vain is not.
func TestADiaryIsReadFromWhatIsWritten(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	here, since := h.outlets[0], noon.Add(-time.Hour)
	order := func(id, outlet int64, placed time.Time, closed *time.Time, status string) {
		h.exec("insert into orders (id, tenant_id, outlet_id, number, source, status, type, total_minor, currency, priority, placed_at, updated_at, updated_by, closed_at) values ($1, $2, $3, 'N' || $1::bigint, 'api', 'x', 'takeout', 1, 'EUR', 1, $4, $4, 'x', $5)",
			id, h.tenant, outlet, placed, closed)
		h.exec("insert into tickets (order_id, tenant_id, outlet_id, number, status, tasks_total, priority, created_at, updated_at, closed_at) values ($1, $2, $3, 'N' || $1::bigint, $6, 1, 1, $4, $4, $5)",
			id, h.tenant, outlet, placed, closed, status)
		h.exec("insert into order_promises (order_id, tenant_id, outlet_id, made_at, lead_ms, alone_ms, first_p50, first_p90, p50, p90, told, tasks) values ($1, $2, $3, $4, 1, 1, $4, $4, $4, $4, $4, 1)",
			id, h.tenant, outlet, placed)
	}
	task := func(order, outlet int64, status string, started time.Time, completed *time.Time) {
		h.exec("insert into tasks (tenant_id, outlet_id, order_id, line_no, unit_no, step_no, item, description, station_id, estimate_ms, base_priority, depends_on, pending_deps, status, assigned_staff_id, started_at, completed_at) values ($1, $2, $3, 1, 1, 0, 'Wrap', 'grill', 1, 60000, 1, '{}', 0, $4, 5, $5, $6)",
			h.tenant, outlet, order, status, started, completed)
	}
	at := func(minutes int) *time.Time { when := noon.Add(time.Duration(minutes) * time.Minute); return &when }
	order(1, here, *at(-180), at(-120), "COMPLETED") // before
	task(1, here, "COMPLETED", *at(-170), at(-120))
	order(2, here, *at(-70), at(-30), "COMPLETED")
	task(2, here, "COMPLETED", *at(-65), at(-40))
	task(2, here, "COMPLETED", *at(-69), at(-61)) // before
	order(3, here, *at(-20), nil, "IN_PROGRESS")
	task(3, here, "STARTED", *at(-10), nil)
	task(3, here, "CANCELLED", *at(-10), nil)
	order(4, here, *at(-20), at(-5), "CANCELLED")
	order(5, h.outlets[1], *at(-20), nil, "IN_PROGRESS")
	task(5, h.outlets[1], "STARTED", *at(-10), nil)

	s := h.store(1)
	work, err := s.Work(t.Context(), here, since)
	require.NoError(t, err)
	require.Len(t, work, 2)
	require.Equal(t, "N2", work[0].Number)
	require.Equal(t, *at(-40), work[0].To.UTC())
	require.True(t, work[1].To.IsZero())
	require.Equal(t, time.Minute, work[1].Estimate)
	orders, err := s.Outcomes(t.Context(), here, since)
	require.NoError(t, err)
	require.Len(t, orders, 2)
	require.Equal(t, *at(-30), orders[0].Ready.UTC())
	require.Equal(t, 40*time.Minute, orders[0].Late(noon))
	require.True(t, orders[1].Ready.IsZero())

	days := kitchen.NewDiaries(s, clock.NewManual(noon))
	who := actor.Actor{Tenant: h.tenant, Outlet: here, Role: actor.Manager}
	d, err := days.Today(t.Context(), who, here)
	require.NoError(t, err)
	require.Equal(t, "2026-03-02T03:00:00Z", d.Since.UTC().Format(time.RFC3339), "four in the morning in Madrid")
	require.Len(t, d.Work, 4, "yesterday's night is over")
	for _, other := range []actor.Actor{{Tenant: h.tenant + 1, Role: actor.Owner}, {Tenant: h.tenant, Outlet: h.outlets[1], Bound: true, Role: actor.Manager}} {
		_, err = days.Today(t.Context(), other, here)
		require.True(t, errs.Is(err, errs.KindNotFound))
	}
	_, err = days.Today(t.Context(), actor.Actor{Tenant: h.tenant, Role: actor.Cook}, here)
	require.True(t, errs.Is(err, errs.KindForbidden))
}
