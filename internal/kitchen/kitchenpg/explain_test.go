package kitchenpg_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/actor"
	"brigade/internal/clock"
	"brigade/internal/errs"
	"brigade/internal/kitchen"
)

// inSeconds sums segments up by cause.
func inSeconds(a *kitchen.Account) map[kitchen.Cause]int {
	sums := map[kitchen.Cause]int{}
	for _, s := range a.Segments {
		sums[s.Cause] += int(s.Length() / time.Second)
	}
	return sums
}

// An evening at the real rows: the grill goes down, Asha takes a break, somebody forgets to start, another order is in
// the way. Everything is read back from Postgres.
func TestAnOrderIsExplainedFromWhatIsWritten(t *testing.T) {
	t.Parallel()
	c := newSchool(t)
	boss := actor.Actor{Tenant: c.tenant, Outlet: c.layout.Outlet, Role: actor.Owner, Name: "boss"}
	grill := c.layout.Machines[1].Name
	relay := func() {
		l := c.house.layout(c.s, c.layout.Outlet)
		c.commit(func(j *kitchen.Journal) { c.floor.Relayout(j, l, c.now) })
		c.layout = l
	}
	machine := func(up bool) {
		require.NoError(t, c.s.SetMachine(t.Context(), kitchen.MachineChange{Tenant: c.tenant, Outlet: c.layout.Outlet, Machine: grill, Up: up, By: "boss", At: c.now}))
		relay()
	}
	plan := func() { c.commit(func(j *kitchen.Journal) { c.floor.Plan(j, c.now) }) }
	wait := func(seconds int) { c.now = c.now.Add(time.Duration(seconds) * time.Second) }
	do := func(ticket *kitchen.Ticket, step int, what func(j *kitchen.Journal, id int64) error) {
		c.commit(func(j *kitchen.Journal) { require.NoError(t, what(j, ticket.Tasks[step].ID)) })
		ticket.Written()
	}
	start := func(j *kitchen.Journal, id int64) error { _, _, err := c.floor.Start(j, id, c.now); return err }
	complete := func(j *kitchen.Journal, id int64) error {
		_, _, err := c.floor.Complete(j, id, c.now, "Asha")
		return err
	}

	machine(false)
	wait(10)
	w := c.work(c.layout, 1)
	w.At = c.now
	ticket := c.open(c.s, w)[0]
	c.exec("insert into orders (id, tenant_id, outlet_id, number, source, status, type, total_minor, currency, priority, placed_at, updated_at, updated_by) values ($1, $2, $3, $4, 'api', 'created', 'takeout', 1, 'EUR', 1, $5, $5, 'x')",
		w.Order, c.tenant, c.layout.Outlet, w.Number, w.At)
	c.floor.Open(ticket)
	plan() // fries
	wait(20)
	do(ticket, 1, start)
	wait(30)
	do(ticket, 1, complete)
	machine(true) // 50 s after it was placed
	plan()
	wait(40)
	do(ticket, 0, func(j *kitchen.Journal, id int64) error {
		return c.floor.Requeue(j, id, c.now, 10, "not started in time")
	})
	plan()
	wait(5)
	do(ticket, 0, start)
	wait(100)
	do(ticket, 0, complete)
	plan()
	do(ticket, 2, start)
	wait(35)
	do(ticket, 2, complete)

	explainer := kitchen.NewExplainer(c.s, clock.NewManual(c.now.Add(time.Hour)))
	a, err := explainer.Order(t.Context(), boss, w.Order, w.At.Add(3*time.Minute))
	require.NoError(t, err)
	require.Equal(t, 230*time.Second, a.Total())
	require.Equal(t, map[kitchen.Cause]int{
		kitchen.CauseMachine: 50, kitchen.CauseRequeue: 40, kitchen.CauseNotBegun: 5, kitchen.CauseCooking: 80 + 35, kitchen.CauseOverrun: 20,
	}, inSeconds(a))
	require.Equal(t, grill+" down", a.Segments[0].Subject)
	require.Equal(t, 50*time.Second, a.Late())

	other := boss
	other.Tenant++
	_, err = explainer.Order(t.Context(), other, w.Order, time.Time{})
	require.True(t, errs.Is(err, errs.KindNotFound))
	_, err = explainer.Order(context.Background(), boss, 1<<40, time.Time{})
	require.True(t, errs.Is(err, errs.KindNotFound))
}

// What others had is read, too; the break that somebody took is known long after.
func TestOthersAndBreaksAreKnown(t *testing.T) {
	t.Parallel()
	c := newSchool(t)
	for _, who := range []string{"Asha", "Noah"} {
		require.NoError(t, c.s.SetBreak(t.Context(), kitchen.BreakChange{
			Tenant: c.tenant, Outlet: c.layout.Outlet, Staff: who, At: c.now, Until: c.now.Add(time.Minute),
		}))
	}
	w := c.work(c.layout, 1)
	ticket := c.open(c.s, w)[0]
	surroundings, err := c.s.Surroundings(t.Context(), ticket, noon.Add(90*time.Second))
	require.NoError(t, err)
	surroundings.Ticket, surroundings.Now = ticket, noon.Add(90*time.Second)
	a := surroundings.Explain()
	require.Equal(t, map[kitchen.Cause]int{kitchen.CausePerson: 60, kitchen.CauseHold: 30}, inSeconds(a))
}
