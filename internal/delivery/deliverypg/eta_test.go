package deliverypg_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/actor"
	"brigade/internal/delivery"
	"brigade/internal/delivery/deliverypg"
	"brigade/internal/osrm"
)

// aboard lets a driver have orders on board that go some metres north.
func (w *town) aboard(who actor.Actor, metres ...float64) []int64 {
	w.t.Helper()
	ids := make([]int64, len(metres))
	for i, m := range metres {
		ids[i] = w.place(m)
		w.made(ids[i])
		_, err := w.service.Assign(w.t.Context(), w.manager(), ref(ids[i]), who.Name)
		require.NoError(w.t, err)
		_, err = w.service.PickUp(w.t.Context(), who, "", ref(ids[i]))
		require.NoError(w.t, err)
	}
	w.look()
	return ids
}

func (w *town) glance() {
	w.t.Helper()
	require.NoError(w.t, w.engine.Glance(w.t.Context(), w.fence()))
}

func (w *town) eta(id int64) (e delivery.ETA) {
	w.t.Helper()
	require.NoError(w.t, w.pool.QueryRow(w.t.Context(), "select eta_at, eta_from, eta_to from deliveries where order_id = $1", id).Scan(&e.At, &e.From, &e.To))
	return e
}

func north(metres float64) delivery.Point {
	return delivery.Point{Lat: home.Lat + metres/111_195, Lon: home.Lon}
}

// Estimates follow the driver, without a plan; what he brings afterwards moves with it, and the interval narrows.
func TestEstimatesFollowTheDriver(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ana := w.online("Ana", "capacity = 3")
	ids := w.aboard(ana, 2700, 4050) // 10 minutes, and 5 more
	first, second := w.eta(ids[0]), w.eta(ids[1])
	require.WithinDuration(t, noon.Add(12*time.Minute), first.At, 10*time.Second)
	require.WithinDuration(t, noon.Add(19*time.Minute), second.At, 10*time.Second)

	w.clock.Advance(6 * time.Minute) // she stood still: all is five minutes later than it was to be
	w.at(ana, home)
	w.glance()
	require.WithinDuration(t, first.At.Add(5*time.Minute), w.eta(ids[0]).At, 10*time.Second)
	require.WithinDuration(t, second.At.Add(5*time.Minute), w.eta(ids[1]).At, 10*time.Second)

	w.clock.Advance(time.Minute)
	w.at(ana, north(1800))
	w.glance()
	now := w.eta(ids[0])
	require.WithinDuration(t, w.clock.Now().Add(4*time.Minute+20*time.Second), now.At, 10*time.Second)
	require.Less(t, now.To.Sub(now.From), first.To.Sub(first.From), "the interval narrows")
	w.check()
}

// However often somebody looks, and however many at once: near and late are told once each.
func TestNearAndLateAreToldOnce(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ana := w.online("Ana")
	id := w.aboard(ana, 2700)[0]
	require.Equal(t, "DELIVERY_REQUESTED DELIVERY_ASSIGNED DELIVERY_PICKED_UP", w.told(id))
	w.clock.Advance(16 * time.Minute)
	w.at(ana, north(1000))
	w.glance()
	require.Equal(t, "DELIVERY_REQUESTED DELIVERY_ASSIGNED DELIVERY_PICKED_UP DELIVERY_LATE", w.told(id))
	w.clock.Advance(time.Minute)
	w.at(ana, north(2600))
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			if err := w.engine.Glance(t.Context(), w.fence()); err != nil {
				t.Error(err)
			}
		})
		all.Go(func() {
			if _, _, err := w.engine.Look(t.Context(), w.fence(), nil); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	require.Equal(t, "DELIVERY_REQUESTED DELIVERY_ASSIGNED DELIVERY_PICKED_UP DELIVERY_LATE DRIVER_NEAR", w.told(id))
	w.check()
}

// Of a region that was lost nobody is told anything any more.
func TestWhoLostARegionTellsNothing(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ana := w.online("Ana")
	id := w.aboard(ana, 2700)[0]
	old := w.fence()
	w.exec("update leases set fence = fence + 1")
	w.clock.Advance(9 * time.Minute)
	w.at(ana, north(2600))
	gone := new(delivery.NotOwnerError)
	require.ErrorAs(t, w.engine.Glance(t.Context(), old), &gone)
	require.NotContains(t, w.told(id), "DRIVER_NEAR")
	w.glance()
	require.Contains(t, w.told(id), "DRIVER_NEAR")
}

// A service of travel times that hangs keeps nobody from his work.
func TestATravelTimeServiceHangs(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	release := make(chan struct{})
	hangs := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	defer hangs.Close()
	defer close(release)
	roads := osrm.New(osrm.Options{URL: hangs.URL, Timeout: 50 * time.Millisecond, Pause: time.Hour})
	w.engine = delivery.NewEngine(w.store, w, roads, w.clock, delivery.DefaultOptions(), slog.New(slog.DiscardHandler), silent{})
	ana := w.online("Ana")
	id := w.place(1000)
	w.made(id)
	w.look()
	require.Equal(t, "offered waiting_for_driver", w.status(id))
	_, err := w.service.Accept(t.Context(), ana, "", ref(id))
	require.NoError(t, err)
	_, err = w.service.PickUp(t.Context(), ana, "", ref(id))
	require.NoError(t, err)
	w.glance()
	w.check()
}

// The minutes that a zone promises on top of the estimate are the customer's, and what is late is late by them.
func TestZonesPromiseMore(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.online("Ana")
	plain, far := w.place(2000), w.place(2000, func(r *deliverypg.Request) { r.Zone, r.Extra = "far", 10*time.Minute })
	w.look()
	require.Equal(t, "00:00:00 00:10:00", w.text("select string_agg((promised_at - eta_to)::text, ' ' order by order_id) from deliveries where order_id in ($1, $2)", plain, far))
	d, err := w.service.Get(t.Context(), w.manager(), ref(far))
	require.NoError(t, err)
	require.Equal(t, "far", d.Zone)
}
