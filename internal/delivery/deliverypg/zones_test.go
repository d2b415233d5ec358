package deliverypg_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/actor"
	"brigade/internal/delivery"
	"brigade/internal/errs"
)

// around is a square of that half size in degrees around the restaurant.
func around(half float64) delivery.Area {
	at := func(lat, lon float64) delivery.Point { return delivery.Point{Lat: home.Lat + lat, Lon: home.Lon + lon} }
	return delivery.Area{{at(-half, -half), at(-half, half), at(half, half), at(half, -half), at(-half, -half)}}
}

func TestZonesAreKeptPausedAndResumed(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	zones, boss := delivery.NewZones(w.store, w.clock), w.manager()
	set := []delivery.Zone{{Name: "centre", Area: around(0.01), Fee: 190, FreeFrom: 2500}, {Name: "town", Area: around(0.1), Fee: 400, Minimum: 1500, Opens: 8 * time.Hour, Closes: 23 * time.Hour}}
	_, err := zones.Put(t.Context(), boss, w.outlet, set)
	require.NoError(t, err)
	_, err = zones.Pause(t.Context(), boss, w.outlet, "town", w.clock.Now().Add(time.Hour), "two drivers short")
	require.NoError(t, err)
	set[1].Fee = 450
	a, err := zones.Put(t.Context(), boss, w.outlet, set)
	require.NoError(t, err)
	require.Equal(t, set[0], withoutOutlet(a.Zones[0]))
	require.NotNil(t, a.Zones[1].Pause, "a zone that keeps its name stays paused")
	require.EqualValues(t, 450, a.Zones[1].Fee)

	door := north(5000)
	journey := delivery.Journey{Tenant: w.tenant, Outlet: w.outlet, Door: &door, Sum: 2000, Local: time.UTC}
	other := delivery.NewZones(w.store, w.clock) // another process
	for _, z := range []*delivery.Zones{zones, other} {
		c, err := z.Carry(t.Context(), journey)
		require.NoError(t, err)
		require.ErrorContains(t, c.Refusal, "two drivers short")
	}
	for range 2 {
		_, err = zones.Resume(t.Context(), boss, w.outlet, "town")
		require.NoError(t, err)
	}
	c, err := zones.Carry(t.Context(), journey)
	require.NoError(t, err)
	require.NoError(t, c.Refusal)
	require.EqualValues(t, 450, c.Fee)
	require.Equal(t, "SALE_PAUSED SALE_RESUMED", w.text("select string_agg(type, ' ' order by position) from event_log where aggregate_type = 'outlet'"), "told once each")
	require.Contains(t, w.text("select payload::text from event_log where type = 'SALE_PAUSED'"), `"kind":"zone"`)

	journey.Agreed = true
	c, err = zones.Carry(t.Context(), journey)
	require.NoError(t, err)
	require.Zero(t, c.Fee, "a provider's own fee holds")

	a, err = zones.Remove(t.Context(), boss, w.outlet, "town")
	require.NoError(t, err)
	require.Len(t, a.Zones, 1)
	journey.Agreed = false
	_, err = zones.Carry(t.Context(), journey)
	require.ErrorContains(t, err, "outside of every zone")
}

// One zone is edited by itself: renamed it stays paused, sent twice it is done once, and who is late does not overwrite it.
func TestAZoneIsEdited(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	zones, boss := delivery.NewZones(w.store, w.clock), w.manager()
	centre := delivery.Zone{Name: "centre", Area: around(0.01), Fee: 190}
	for range 2 {
		a, err := zones.PutZone(t.Context(), boss, w.outlet, "", "", centre)
		require.NoError(t, err)
		require.Len(t, a.Zones, 1)
	}
	_, err := zones.Pause(t.Context(), boss, w.outlet, "centre", time.Time{}, "rain")
	require.NoError(t, err)
	old := centre.Version()
	middle := centre
	middle.Name, middle.Fee = "middle", 250
	for range 2 {
		a, err := zones.PutZone(t.Context(), boss, w.outlet, "centre", old, middle)
		require.NoError(t, err)
		require.Len(t, a.Zones, 1)
		require.Equal(t, "rain", a.Zones[0].Pause.Reason)
		require.Equal(t, middle.Version(), a.Zones[0].Version())
	}
	late := middle
	late.Fee = 300
	var overtaken delivery.ZoneOvertaken
	_, err = zones.PutZone(t.Context(), boss, w.outlet, "middle", old, late)
	require.ErrorAs(t, err, &overtaken)
	require.EqualValues(t, 250, overtaken.Now.Fee)
	_, err = zones.PutZone(t.Context(), boss, w.outlet, "centre", old, late)
	require.ErrorAs(t, err, &overtaken)
	require.Nil(t, overtaken.Now, "it is gone")
	_, err = zones.PutZone(t.Context(), boss, w.outlet, "", "", delivery.Zone{Name: "MIDDLE", Area: around(0.02), Fee: -1})
	require.ErrorContains(t, err, "zone.fee")
	require.ErrorContains(t, err, "zone.name")
	_, err = zones.RemoveZone(t.Context(), boss, w.outlet, "middle", old)
	require.True(t, errs.Is(err, errs.KindConflict), "%v", err)
	for range 2 {
		a, err := zones.RemoveZone(t.Context(), boss, w.outlet, "middle", middle.Version())
		require.NoError(t, err)
		require.Empty(t, a.Zones)
	}
	_, err = zones.PutZone(t.Context(), actor.Actor{Tenant: w.tenant + 1, Role: actor.Owner}, w.outlet, "", "", centre)
	require.True(t, errs.Is(err, errs.KindNotFound), "%v", err)
}

func withoutOutlet(z delivery.Zone) delivery.Zone {
	z.Outlet = 0
	return z
}

func TestAddressesOfZonesAreLookedUp(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	zones, boss := delivery.NewZones(w.store, w.clock), w.manager()
	w.exec("insert into delivery_places values ($1, 'calle mayor', $2, $3)", w.tenant, home.Lat, home.Lon)
	_, err := zones.Put(t.Context(), boss, w.outlet, []delivery.Zone{{Name: "centre", Area: around(0.01), Fee: 190}})
	require.NoError(t, err)
	journey := delivery.Journey{Tenant: w.tenant, Outlet: w.outlet, Address: "Calle Mayor 9, Madrid", Local: time.UTC}
	c, err := zones.Carry(t.Context(), journey)
	require.NoError(t, err)
	require.Equal(t, "centre", c.Zone)
	journey.Address = "Nowhere 1"
	_, err = zones.Carry(t.Context(), journey)
	require.ErrorContains(t, err, "nobody knows where the address is")
	_, err = zones.PutReach(t.Context(), boss, w.outlet, delivery.Reach{TakeUnknown: true})
	require.NoError(t, err)
	c, err = zones.Carry(t.Context(), journey)
	require.NoError(t, err)
	require.Equal(t, delivery.Carriage{}, c)
}

// Managers load zones and pause them at the same time, over and over: one after the other is served.
func TestZonesAreChangedByManyAtOnce(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	zones, boss := delivery.NewZones(w.store, w.clock), w.manager()
	a, b := delivery.Zone{Name: "a", Area: around(0.01)}, delivery.Zone{Name: "b", Area: around(0.02)}
	_, err := zones.Put(t.Context(), boss, w.outlet, []delivery.Zone{a, b})
	require.NoError(t, err)
	var all sync.WaitGroup
	for i := range 24 {
		all.Go(func() {
			var err error
			switch i % 4 {
			case 0:
				_, err = zones.Put(t.Context(), boss, w.outlet, []delivery.Zone{a, b})
			case 1:
				_, err = zones.Put(t.Context(), boss, w.outlet, []delivery.Zone{b, a})
			case 2:
				_, err = zones.Pause(t.Context(), boss, w.outlet, "a", time.Time{}, "")
			default:
				_, err = zones.Resume(t.Context(), boss, w.outlet, "a")
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	require.EqualValues(t, 2, w.id("select count(*) from delivery_zones"))
	require.Zero(t, w.id("select count(*) from (select sequence from event_log where aggregate_type = 'outlet' group by aggregate_id, sequence having count(*) > 1) x"))
}

func TestWhoMayChangeZones(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	zones, boss := delivery.NewZones(w.store, w.clock), w.manager()
	till := actor.Actor{Tenant: w.tenant, Outlet: w.outlet, Role: actor.Integrator}
	_, err := zones.Atlas(t.Context(), till, 0)
	require.NoError(t, err, "integrators see them")
	_, err = zones.Put(t.Context(), till, 0, nil)
	require.True(t, errs.Is(err, errs.KindForbidden))
	stranger := actor.Actor{Tenant: w.tenant + 1, Role: actor.Manager}
	_, err = zones.Put(t.Context(), boss, w.outlet, []delivery.Zone{{Name: "centre", Area: around(0.01)}})
	require.NoError(t, err)
	_, err = zones.Put(t.Context(), stranger, w.outlet, nil)
	require.True(t, errs.Is(err, errs.KindNotFound))
	_, err = zones.Pause(t.Context(), stranger, w.outlet, "centre", time.Time{}, "")
	require.True(t, errs.Is(err, errs.KindNotFound))
	_, err = zones.Remove(t.Context(), stranger, w.outlet, "centre")
	require.True(t, errs.Is(err, errs.KindNotFound))
	_, err = zones.PutReach(t.Context(), stranger, w.outlet, delivery.Reach{TakeUnknown: true})
	require.True(t, errs.Is(err, errs.KindNotFound))
	require.EqualValues(t, 1, w.id("select count(*) from delivery_zones where paused_at is null"), "it is as it was")
	require.Zero(t, w.id("select count(*) from delivery_reach"))
	_, err = zones.Atlas(t.Context(), stranger, w.outlet)
	require.True(t, errs.Is(err, errs.KindNotFound))
	_, err = zones.Pause(t.Context(), boss, w.outlet, "nowhere", time.Time{}, "")
	require.True(t, errs.Is(err, errs.KindNotFound))
	_, err = zones.Remove(t.Context(), boss, w.outlet, "nowhere")
	require.True(t, errs.Is(err, errs.KindNotFound))
	_, err = zones.Pause(t.Context(), boss, w.outlet, "nowhere", w.clock.Now(), "")
	require.True(t, errs.Is(err, errs.KindInvalid))
	_, err = zones.PutReach(t.Context(), boss, w.outlet, delivery.Reach{Radius: -1})
	require.True(t, errs.Is(err, errs.KindInvalid))
	w.exec("delete from delivery_outlets")
	_, err = zones.PutReach(t.Context(), boss, w.outlet, delivery.Reach{Radius: 1000})
	require.True(t, errs.Is(err, errs.KindConflict), "nobody knows where it stands")
}
