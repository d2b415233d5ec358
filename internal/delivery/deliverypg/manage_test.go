package deliverypg_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/delivery"
	"brigade/internal/errs"
)

// A manager takes the wrong driver off the road, and undoes it.
func TestAnIncidentIsUndone(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ana := w.online("Ana")
	carried := w.aboard(ana, 1000)[0]
	mine, gone := w.place(1000), w.place(1100)
	for _, id := range []int64{mine, gone} {
		w.made(id)
		_, err := w.service.Assign(t.Context(), w.manager(), ref(id), "Ana")
		require.NoError(t, err)
	}
	w.online("Ben")
	for range 2 {
		_, err := w.service.Incident(t.Context(), w.manager(), "Ana", "flat tyre")
		require.NoError(t, err)
	}
	require.Equal(t, "DELIVERING", w.text("select status from drivers where name = 'Ana'"), "she has something on board")
	require.Contains(t, w.told(carried), "DELIVERY_ESCALATED")
	states, err := w.service.Regions(t.Context(), w.manager())
	require.NoError(t, err)
	states[0].Region = delivery.Region{}
	require.Equal(t, []delivery.RegionState{{Waiting: 1, Delivering: 1, Pending: 2, Aboard: 1, Escalated: 1}}, states)
	require.Equal(t, "requested requested", w.text("select string_agg(status, ' ') from deliveries where order_id in ($1, $2)", mine, gone))
	_, err = w.service.Assign(t.Context(), w.manager(), ref(mine), "Ana")
	require.ErrorContains(t, err, "taken off the road: flat tyre")
	_, err = w.service.Assign(t.Context(), w.manager(), ref(gone), "Ben")
	require.NoError(t, err)
	w.look() // Ben is asked for the other one
	require.Equal(t, "offered", w.text("select status from deliveries where order_id = $1", mine))

	for range 2 {
		_, err = w.service.EndIncident(t.Context(), w.manager(), "Ana")
		require.NoError(t, err)
	}
	require.Equal(t, "assigned", w.text("select status from deliveries where order_id = $1 and driver_id = $2", mine, ana.Driver), "hers again")
	require.Equal(t, "assigned", w.text("select status from deliveries where order_id = $1 and driver_id <> $2", gone, ana.Driver), "Ben has it by now")
	require.Zero(t, w.id("select count(*) from deliveries where escalated_at is not null"))
	_, err = w.service.Deliver(t.Context(), ana, "", ref(carried), delivery.Proof{})
	require.NoError(t, err)
	w.check()
}

// A broken vehicle: another driver meets him and takes over what he has on board; then he is off until a manager lets him back.
func TestAVehicleBreaksDown(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ana := w.online("Ana")
	id := w.aboard(ana, 1000)[0]
	_, err := w.service.Incident(t.Context(), w.manager(), "Ana", "chain broken")
	require.NoError(t, err)
	ben := w.online("Ben")
	_, err = w.service.TakeOver(t.Context(), ana, ref(id), "Ben")
	require.True(t, errs.Is(err, errs.KindForbidden))
	for range 2 {
		_, err = w.service.TakeOver(t.Context(), w.manager(), ref(id), "Ben")
		require.NoError(t, err)
	}
	require.Equal(t, "IDLE", w.text("select status from drivers where name = 'Ana'"), "what she had is settled")
	_, err = w.service.Online(t.Context(), ana, "")
	require.ErrorContains(t, err, "a manager has to end that")
	_, err = w.service.Deliver(t.Context(), ana, "", ref(id), delivery.Proof{})
	require.True(t, errs.Is(err, errs.KindConflict), "she does not have it any more")
	_, err = w.service.Deliver(t.Context(), ben, "", ref(id), delivery.Proof{})
	require.NoError(t, err)
	d, err := w.service.EndIncident(t.Context(), w.manager(), "Ana")
	require.NoError(t, err)
	require.Equal(t, delivery.Waiting, d.Status)
	w.check()
}

func TestAnAssignmentIsTakenBack(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ana := w.online("Ana")
	id := w.place(1000)
	w.made(id)
	_, err := w.service.Assign(t.Context(), w.manager(), ref(id), "Ana")
	require.NoError(t, err)
	for range 2 {
		_, err = w.service.Unassign(t.Context(), w.manager(), ref(id))
		require.NoError(t, err)
	}
	require.Equal(t, "WAITING_FOR_WORK", w.text("select status from drivers"))
	w.look()
	require.Equal(t, ana.Driver, w.id("select driver_id from deliveries where status = 'offered'"), "she may be asked")
	_, err = w.service.Unassign(t.Context(), w.manager(), ref(id))
	require.True(t, errs.Is(err, errs.KindConflict), "an offer is not taken back by this")
	w.check()
}

// What holds alcohol goes to who may bring it, as the menu says, and only to who is old enough.
func TestAlcoholByTheMenu(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.online("Zoe")
	id := w.place(1000)
	w.made(id)
	w.exec("insert into menu_items (tenant_id, outlet_id, sku, name, price_minor, recipe_id, needs) values ($1, $2, 'beer', 'Beer', 300, 1, 1)", w.tenant, w.outlet)
	w.exec("insert into order_items (order_id, line_no, tenant_id, sku, name, quantity, unit_price_minor, recipe_id) values ($1, 1, $2, 'beer', 'Beer', 2, 300, 1)", id, w.tenant)
	w.look()
	require.Contains(t, w.text("select note from deliveries"), "skills")
	ana := w.online("Ana", "skills = 1")
	w.look()
	_, err := w.service.Accept(t.Context(), ana, "", ref(id))
	require.NoError(t, err)
	_, err = w.service.PickUp(t.Context(), ana, "", ref(id))
	require.NoError(t, err)
	_, err = w.service.Deliver(t.Context(), ana, "", ref(id), delivery.Proof{})
	require.ErrorContains(t, err, "age_checked must be true")
	require.Equal(t, "picked_up in_delivery", w.status(id))
	w.clock.Advance(time.Minute)
	d, err := w.service.Deliver(t.Context(), ana, "", ref(id), delivery.Proof{AgeChecked: true})
	require.NoError(t, err)
	require.True(t, d.AgeChecked)
	w.check()
}

// Who takes the beer off his order can have it brought by anybody.
func TestNeedsFollowTheOrder(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.online("Zoe")
	id := w.place(1000)
	w.made(id)
	w.exec("insert into menu_items (tenant_id, outlet_id, sku, name, price_minor, recipe_id, needs) values ($1, $2, 'beer', 'Beer', 300, 1, 1)", w.tenant, w.outlet)
	w.exec("insert into order_items (order_id, line_no, tenant_id, sku, name, quantity, unit_price_minor, recipe_id) values ($1, 1, $2, 'beer', 'Beer', 2, 300, 1)", id, w.tenant)
	w.look()
	require.Equal(t, "requested", w.text("select status from deliveries"))
	w.exec("update order_items set quantity = 0, cancelled = 2")
	w.look()
	require.Equal(t, "offered", w.text("select status from deliveries"))
}
