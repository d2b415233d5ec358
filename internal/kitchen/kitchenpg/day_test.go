package kitchenpg_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/errs"
	"brigade/internal/kitchen"
	"brigade/internal/sim/replay"
)

// A day is read back with its orders, failures and breaks, and played it goes as it went.
func TestADayIsReadBackAndPlayed(t *testing.T) {
	t.Parallel()
	c := newSchool(t)
	grill := c.layout.Machines[1].Name
	setMachine := func(up bool) {
		require.NoError(t, c.s.SetMachine(t.Context(), kitchen.MachineChange{Tenant: c.tenant, Outlet: c.layout.Outlet, Machine: grill, Up: up, By: "boss", At: c.now}))
	}
	for i := range 6 {
		w := c.orders.Load() + 1
		c.exec("insert into orders (id, tenant_id, outlet_id, number, source, status, type, total_minor, currency, priority, placed_at, updated_at, updated_by) values ($1, $2, $3, $4, 'api', 'created', 'takeout', 1, 'EUR', 1, $5, $5, 'x')",
			w, c.tenant, c.layout.Outlet, "ORD_"+time.Duration(w).String(), c.now)
		c.cook(1.1, "Asha")
		if i == 3 {
			setMachine(false)
			c.now = c.now.Add(time.Minute)
			setMachine(true)
			require.NoError(t, c.s.SetBreak(t.Context(), kitchen.BreakChange{Tenant: c.tenant, Outlet: c.layout.Outlet, Staff: "Noah", At: c.now, Until: c.now.Add(10 * time.Second)}))
		}
		c.now = c.now.Add(time.Minute)
	}
	from := noon.Truncate(24 * time.Hour)
	d, err := c.s.Day(t.Context(), c.layout.Outlet, from, from.Add(24*time.Hour))
	require.NoError(t, err)
	require.Len(t, d.Tickets, 6)
	require.Equal(t, "burger", d.SKUs[d.Tickets[0].Order][1])
	require.Equal(t, []kitchen.Outage{{Machine: c.layout.Machines[1].ID, From: d.Outages[0].From, To: d.Outages[0].From.Add(time.Minute)}}, d.Outages)
	require.Len(t, d.Breaks, 1)
	require.Equal(t, 10*time.Second, d.Breaks[0].To.Sub(d.Breaks[0].From))
	for _, m := range d.Layout.Machines {
		require.True(t, m.Up)
	}

	e := replay.Recorded(d, 15*time.Minute)
	was := replay.Measure(e, replay.AsItWas(d, e))
	played := replay.Measure(e, replay.Play(e, kitchen.DefaultSettings()))
	require.Zero(t, played.Missing)
	require.LessOrEqual(t, played.Ticket, was.Ticket+0.01, "cooks of this test do one thing after the other")
	require.Positive(t, played.Ticket)

	_, err = c.s.Day(t.Context(), c.layout.Outlet, from.Add(-24*time.Hour), from)
	require.True(t, errs.Is(err, errs.KindNotFound))
	id, zone, err := c.s.Outlet(t.Context(), "t", "k0")
	require.NoError(t, err)
	require.Equal(t, c.layout.Outlet, id)
	require.Equal(t, "Europe/Madrid", zone.String())
	_, _, err = c.s.Outlet(t.Context(), "t", "nowhere")
	require.True(t, errs.Is(err, errs.KindNotFound))
}
