package deliverypg_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/actor"
	"brigade/internal/delivery"
	"brigade/internal/delivery/deliverypg"
	"brigade/internal/errs"
)

// The driver is asked when it is time to leave, not before, and the order's own life follows.
func TestAnOrderComesToItsDoor(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	marta := w.online("Marta")
	w.at(marta, delivery.Point{Lat: home.Lat - 0.009, Lon: home.Lon}) // 1 km away: 3:42
	id := w.place(2000)
	w.look()
	require.Equal(t, "requested in_preparation", w.status(id), "the food takes ten minutes")
	require.Contains(t, w.text("select note from deliveries"), "Marta leaves for it at 12:0")
	eta := w.text("select eta_at::text || promised_at::text from deliveries")
	require.NotEmpty(t, eta)

	w.clock.Advance(6 * time.Minute)
	w.at(marta, delivery.Point{Lat: home.Lat - 0.009, Lon: home.Lon})
	w.look()
	require.Equal(t, "offered in_preparation", w.status(id))
	work, err := w.service.Work(t.Context(), marta, "")
	require.NoError(t, err)
	require.Len(t, work.Deliveries, 1)
	for range 2 {
		_, err = w.service.Accept(t.Context(), marta, "", ref(id))
		require.NoError(t, err, "repeated as well")
	}
	require.Equal(t, "assigned in_preparation", w.status(id))
	_, err = w.service.PickUp(t.Context(), marta, "", ref(id))
	require.ErrorContains(t, err, "not ready")
	require.True(t, errs.Is(err, errs.KindConflict))

	w.clock.Advance(5 * time.Minute)
	w.made(id)
	w.at(marta, home)
	w.look()
	require.Equal(t, "assigned waiting_for_driver", w.status(id))
	_, err = w.service.Deliver(t.Context(), marta, "", ref(id), delivery.Proof{})
	require.ErrorContains(t, err, "nobody can deliver what he has not picked up")
	_, err = w.service.PickUp(t.Context(), marta, "", ref(id))
	require.NoError(t, err)
	require.Equal(t, "picked_up in_delivery", w.status(id))
	_, err = w.service.Offline(t.Context(), marta, "")
	require.True(t, errs.Is(err, errs.KindConflict), "she carries something")

	w.clock.Advance(7 * time.Minute)
	w.at(marta, delivery.Point{Lat: home.Lat + 0.0179, Lon: home.Lon})
	w.look()
	require.Contains(t, w.told(id), "DRIVER_NEAR")
	for range 2 {
		_, err = w.service.Deliver(t.Context(), marta, "", ref(id), delivery.Proof{Photo: "p/1.jpg"})
		require.NoError(t, err)
	}
	require.Equal(t, "delivered delivered", w.status(id))
	require.Equal(t, "DELIVERY_REQUESTED DELIVERY_OFFERED DELIVERY_ASSIGNED DELIVERY_PICKED_UP DRIVER_NEAR DELIVERY_DELIVERED", w.told(id))
	require.EqualValues(t, 1, w.id("select count(*) from travel_speeds where hour = 12"), "the ride was learned")
	require.EqualValues(t, 1, w.id("select count(*) from delivery_places where learned"), "and the door")
	_, err = w.service.Offline(t.Context(), marta, "")
	require.NoError(t, err)
	w.check()
}

// Who placed the order learned where it goes from drivers at that door, or from its street.
func TestDoorsAreFoundByTheirAddress(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.exec("insert into delivery_places values ($1, 'calle mayor', 40.41, -3.71), ($1, 'calle mayor 7', 40.42, -3.72)", w.tenant)
	place := func(address string) int64 {
		return w.place(0, func(r *deliverypg.Request) { r.Door, r.Address = nil, address })
	}
	require.Equal(t, "40.42 true", w.text("select to_lat || ' ' || located from deliveries where order_id = $1", place("Calle  Mayor 7, 3º B, Madrid")))
	require.Equal(t, "40.41 true", w.text("select to_lat || ' ' || located from deliveries where order_id = $1", place("calle mayor 9, Madrid")))
	require.Equal(t, "false", w.text("select located::text from deliveries where order_id = $1", place("Nowhere 1, Madrid")))
}

// Offers that are declined or run out go to somebody else, and whoever is left is asked again in the end.
func TestOffersGoRound(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ana, ben := w.online("Ana"), w.online("Ben")
	id := w.place(1000)
	w.made(id)
	w.look()
	first := w.id("select driver_id from deliveries")
	who, other := ana, ben
	if first == ben.Driver {
		who, other = ben, ana
	}
	_, err := w.service.Accept(t.Context(), other, "", ref(id))
	require.ErrorContains(t, err, "not offered to you")
	_, err = w.service.Decline(t.Context(), who, "", ref(id), "flat tyre")
	require.NoError(t, err)
	w.look()
	require.Equal(t, other.Driver, w.id("select driver_id from deliveries"))
	w.clock.Advance(50 * time.Second)
	_, err = w.service.Accept(t.Context(), other, "", ref(id))
	require.ErrorContains(t, err, "run out")
	w.look()
	require.Equal(t, "requested", w.text("select status from deliveries"))
	require.Contains(t, w.text("select note from deliveries"), "all have declined")
	for range 12 { // escalated, and after a while they are asked again
		w.clock.Advance(30 * time.Second)
		w.at(ana, home)
		w.at(ben, home)
		w.look()
	}
	require.Contains(t, w.told(id), "DELIVERY_ESCALATED")
	require.Greater(t, w.id("select attempt from deliveries"), int64(2))
	_, offers, err := w.service.Explain(t.Context(), w.manager(), ref(id))
	require.NoError(t, err)
	require.Equal(t, "declined", offers[0].Outcome)
	require.Equal(t, "flat tyre", offers[0].Reason)
	require.Equal(t, "timed_out", offers[1].Outcome)
	require.Len(t, offers[0].Why.Alternatives, 1)
	require.Equal(t, 2, offers[0].Why.Drivers)
	w.check()
}

// Ten people press accept at once, on everything.
func TestTwoDriversAcceptTheSameOffer(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	var drivers []actor.Actor
	for _, name := range []string{"A", "B", "C", "D"} {
		drivers = append(drivers, w.online(name))
	}
	ids := []int64{w.place(500), w.place(900)}
	for _, id := range ids {
		w.made(id)
	}
	w.look()
	var all sync.WaitGroup
	for _, who := range drivers {
		for _, id := range ids {
			for range 2 {
				all.Go(func() {
					_, err := w.service.Accept(t.Context(), who, "", ref(id))
					if err != nil && !errs.Is(err, errs.KindConflict) {
						t.Error(err)
					}
				})
			}
		}
	}
	all.Wait()
	for _, id := range ids {
		require.LessOrEqual(t, w.id("select count(*) from event_log where type = 'DELIVERY_ASSIGNED' and aggregate_id = $1", id), int64(1))
	}
	w.check()
}

// A node that dies between its decision and its commit leaves nothing behind, and whoever comes after it decides anew;
// should it come back, its fence is old.
func TestADispatcherDiesBetweenDecisionAndCommit(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ana := w.online("Ana")
	id := w.place(1000)
	w.made(id)
	old := w.fence()
	w.fail = func() error { return errors.New("killed") }
	_, _, err := w.engine.Look(t.Context(), old, nil)
	require.ErrorContains(t, err, "killed")
	require.Equal(t, "requested ready", w.status(id))
	require.Zero(t, w.id("select count(*) from delivery_offers"))
	w.fail = nil
	w.build()
	w.exec("update leases set fence = fence + 1")
	gone := new(delivery.NotOwnerError)
	_, _, err = w.engine.Look(t.Context(), old, nil)
	require.ErrorAs(t, err, &gone)
	require.Equal(t, "requested ready", w.status(id))
	w.look()
	require.Equal(t, "offered waiting_for_driver", w.status(id))
	_, err = w.service.Accept(t.Context(), ana, "", ref(id))
	require.NoError(t, err)
	w.check()
}

func TestNobodyAtWorkIsEscalatedAndWhoComesGetsIt(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	zoe := w.driver("Zoe")
	id := w.place(1000)
	w.look()
	require.NotContains(t, w.told(id), "DELIVERY_ESCALATED")
	w.clock.Advance(6 * time.Minute)
	w.look()
	w.look()
	require.Equal(t, "DELIVERY_REQUESTED DELIVERY_ESCALATED", w.told(id))
	require.Equal(t, "no driver is at work", w.text("select note from deliveries"))
	w.made(id)
	_, err := w.service.Online(t.Context(), zoe, "")
	require.NoError(t, err)
	w.look()
	require.Equal(t, "offered waiting_for_driver", w.status(id))
	_, err = w.service.Accept(t.Context(), zoe, "", ref(id))
	require.NoError(t, err)
	require.Zero(t, w.id("select count(*) from deliveries where escalated_at is not null"))
	w.check()
}

func TestADriversPhoneDies(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ana := w.online("Ana")
	carried, promised := w.place(1000), w.place(1200)
	for _, id := range []int64{carried, promised} {
		w.made(id)
		w.look()
		_, err := w.service.Assign(t.Context(), w.manager(), ref(id), "Ana")
		require.NoError(t, err)
	}
	_, err := w.service.PickUp(t.Context(), ana, "", ref(carried))
	require.NoError(t, err)
	ben := w.online("Ben")
	w.clock.Advance(6 * time.Minute)
	w.at(ben, home)
	w.look()
	w.look()
	require.Equal(t, "offered", w.text("select status from deliveries where order_id = $1", promised))
	require.Equal(t, ben.Driver, w.id("select driver_id from deliveries where order_id = $1", promised))
	require.Contains(t, w.told(carried), "DELIVERY_ESCALATED")
	require.Equal(t, "picked_up in_delivery", w.status(carried), "she still has it")
	_, err = w.service.Deliver(t.Context(), ana, "", ref(carried), delivery.Proof{})
	require.NoError(t, err, "and brings it in the end")
	w.check()
}

func TestCancelledOrdersFreeTheirDrivers(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ana := w.online("Ana")
	id := w.place(1000)
	w.made(id)
	w.look()
	_, err := w.service.Accept(t.Context(), ana, "", ref(id))
	require.NoError(t, err)
	w.exec("update orders set status = 'cancelled', closed_at = now() where id = $1", id)
	_, err = w.service.PickUp(t.Context(), ana, "", ref(id))
	require.True(t, errs.Is(err, errs.KindConflict))
	w.look()
	require.Equal(t, "cancelled cancelled", w.status(id))
	require.Equal(t, "WAITING_FOR_WORK", w.text("select status from drivers"))
	w.check()
}

func TestManagersAssignPinAndTakeOffTheRoad(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ana, ben := w.online("Ana"), w.online("Ben")
	id := w.place(1000)
	_, err := w.service.Pin(t.Context(), w.manager(), ref(id), "Ben")
	require.NoError(t, err)
	w.made(id)
	w.look()
	require.Equal(t, ben.Driver, w.id("select driver_id from deliveries"))
	_, err = w.service.Pin(t.Context(), w.manager(), ref(id), "Ana")
	require.NoError(t, err)
	w.look()
	require.Equal(t, ana.Driver, w.id("select driver_id from deliveries"))
	_, err = w.service.Assign(t.Context(), w.manager(), ref(id), "ben")
	require.NoError(t, err)
	_, err = w.service.Assign(t.Context(), ana, ref(id), "Ana")
	require.True(t, errs.Is(err, errs.KindForbidden))
	_, err = w.service.Incident(t.Context(), w.manager(), "Ben", "fell")
	require.NoError(t, err)
	require.Equal(t, "IDLE", w.text("select status from drivers where name = 'Ben'"))
	require.Equal(t, "requested", w.text("select status from deliveries"))
	w.look()
	require.Equal(t, ana.Driver, w.id("select driver_id from deliveries where status = 'offered'"), "it is pinned to Ana")
	w.check()
}

func TestCodesAndCapacitiesAndSkills(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ana := w.online("Ana", "capacity = 2")
	beer := w.place(1000, func(r *deliverypg.Request) { r.Needs = []string{"alcohol"} })
	big := w.place(1000, func(r *deliverypg.Request) { r.Size = 3 })
	small := w.place(1000)
	for _, id := range []int64{beer, big, small} {
		w.made(id)
	}
	w.exec("insert into order_terms (order_id, tenant_id, outlet_id, waits, code) values ($1, $2, $3, '', '4711')", small, w.tenant, w.outlet)
	w.look()
	require.Equal(t, "requested requested offered", w.text("select string_agg(status, ' ' order by order_id) from deliveries"))
	_, err := w.service.Accept(t.Context(), ana, "", ref(small))
	require.NoError(t, err)
	_, err = w.service.PickUp(t.Context(), ana, "", ref(small))
	require.NoError(t, err)
	_, err = w.service.Deliver(t.Context(), ana, "", ref(small), delivery.Proof{Code: "0815"})
	require.True(t, errs.Is(err, errs.KindInvalid), err)
	_, err = w.service.Deliver(t.Context(), ana, "", ref(small), delivery.Proof{Code: "4711"})
	require.NoError(t, err)
	w.check()
}

func TestShiftsAndBreaks(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ana := w.driver("Ana")
	w.exec("insert into driver_shifts values ($1, 1, '17:00', '23:00')", ana.Driver) // Monday
	_, err := w.service.Online(t.Context(), ana, "")
	require.True(t, errs.Is(err, errs.KindConflict), err)
	w.clock.Advance(4*time.Hour + 45*time.Minute)
	d, err := w.service.Online(t.Context(), ana, "")
	require.NoError(t, err, "a little early")
	require.Equal(t, delivery.Waiting, d.Status)
	d, err = w.service.Break(t.Context(), ana, "", 20*time.Minute)
	require.NoError(t, err)
	require.Equal(t, delivery.Idle, d.Status)
	w.clock.Advance(21 * time.Minute)
	w.look()
	require.Equal(t, "WAITING_FOR_WORK", w.text("select status from drivers"), "back by herself")
	w.clock.Advance(6 * time.Hour)
	w.look()
	require.Equal(t, "IDLE", w.text("select status from drivers"), "the shift is over")
}

func TestLinksAndStrangers(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ana := w.online("Ana")
	id := w.place(1000)
	token := w.text("select token from deliveries")
	f, err := w.service.Follow(t.Context(), token)
	require.NoError(t, err)
	require.Nil(t, f.Here, "nobody carries it")
	w.made(id)
	w.look()
	_, err = w.service.Accept(t.Context(), ana, "", ref(id))
	require.NoError(t, err)
	f, err = w.service.Follow(t.Context(), token)
	require.NoError(t, err)
	require.Nil(t, f.Here, "she does not have it on board")
	_, err = w.service.PickUp(t.Context(), ana, "", ref(id))
	require.NoError(t, err)
	f, err = w.service.Follow(t.Context(), token)
	require.NoError(t, err)
	require.NotNil(t, f.Here)
	_, err = w.service.Follow(t.Context(), token+"x")
	require.True(t, errs.Is(err, errs.KindNotFound))
	stranger := actor.Actor{Tenant: w.tenant + 1, Role: actor.Manager}
	_, err = w.service.Get(t.Context(), stranger, ref(id))
	require.True(t, errs.Is(err, errs.KindNotFound))
	v, err := w.service.FleetPositions(t.Context(), stranger, []delivery.Fix{{Driver: ana.Driver, Point: home, At: w.clock.Now()}})
	require.NoError(t, err)
	require.Equal(t, delivery.Verdicts{Unknown: 1}, v)
	ben := w.driver("Ben")
	_, err = w.service.FleetPositions(t.Context(), ben, []delivery.Fix{{Driver: ana.Driver, Point: home}})
	require.True(t, errs.Is(err, errs.KindForbidden))
	_, err = w.service.Online(t.Context(), ben, "Ana")
	require.True(t, errs.Is(err, errs.KindForbidden))
}
