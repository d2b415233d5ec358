package dispatch

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/delivery"
	"brigade/internal/tenant"
	"brigade/internal/web/page"
)

var noon = time.Date(2024, 12, 16, 12, 0, 0, 0, time.UTC)

// aTown is a region with so many drivers, each with a delivery, and as many for which nobody is found.
func aTown(drivers int) *look {
	r := &delivery.Overview{Outlets: map[int64]delivery.Point{1: {Lat: 40.42, Lon: -3.70}}}
	for i := range int64(drivers) {
		at := delivery.Point{Lat: 40.40 + float64(i%20)/1000, Lon: -3.72 + float64(i%17)/1000}
		r.Drivers = append(r.Drivers, &delivery.Driver{
			ID: i + 1, Name: fmt.Sprintf("Driver %03d", i), Vehicle: "moped", Capacity: 4, Status: delivery.Delivering, Held: 1,
			Last: &delivery.Fix{Driver: i + 1, Point: at, At: noon.Add(-time.Duration(i%5) * time.Minute)},
		})
		for k, status := range []delivery.Status{delivery.PickedUp, delivery.Requested} {
			d := &delivery.Delivery{
				Order: 2*i + int64(k) + 1, Outlet: 1, Number: fmt.Sprintf("ORD_20241216_%03d", 2*i+int64(k)+1), Status: status, From: delivery.Point{Lat: 40.42, Lon: -3.70},
				To: at, Located: true, PlacedAt: noon.Add(-20 * time.Minute), PromisedAt: noon.Add(time.Duration(i%30-5) * time.Minute),
				ETA: delivery.ETA{At: noon.Add(8 * time.Minute), From: noon.Add(6 * time.Minute), To: noon.Add(12 * time.Minute)},
			}
			if status == delivery.PickedUp {
				d.Driver, d.AssignedAt, d.PickedUpAt = i+1, noon.Add(-12*time.Minute), noon.Add(-4*time.Minute)
			}
			r.Deliveries = append(r.Deliveries, d)
		}
	}
	return &look{
		Now: noon, Region: r, Place: place{Slug: "madrid", Zone: time.UTC}, Outlets: map[int64]tenant.Outlet{1: {ID: 1, Name: "Kitchen"}},
	}
}

func server1() *server {
	k := page.New(page.Parts{})
	return &server{Kit: k, set: k.Set(templates, nil)}
}

func TestTheMostUrgentIsFirst(t *testing.T) {
	t.Parallel()
	l := aTown(20)
	l.Region.Deliveries[7].EscalatedAt, l.Region.Deliveries[7].Note = noon, "Marta: the bridge is closed"
	v := server1().view(l, "en", 0)
	require.Equal(t, l.Region.Deliveries[7].Number, v.Open[0].Number, "what does not go on by itself")
	require.Equal(t, "Marta: the bridge is closed", v.Open[0].Note)
	require.Equal(t, "13 min late", v.Open[1].Slack)
	require.Len(t, v.Open, perPage)
	require.Equal(t, 40, v.Total)
	require.Len(t, v.Gantt.Rows, 20)
	for _, r := range v.Gantt.Rows {
		for _, b := range r.Bars {
			require.True(t, b.X >= nameWidth && b.X+b.Width <= ganttWidth && b.AboardX >= b.X && b.AboardX+b.Aboard <= b.X+b.Width+.001, "%+v", b)
		}
	}
}

// A delivery that is late and does not go on by itself is one to look after, not two.
func TestWhatIsLateIsCountedOnce(t *testing.T) {
	t.Parallel()
	l := aTown(4)
	for i, d := range l.Region.Deliveries {
		d.PromisedAt = noon.Add(time.Hour)
		if i < 3 {
			d.PromisedAt = noon.Add(-time.Minute)
		}
	}
	l.Region.Deliveries[0].EscalatedAt, l.Region.Deliveries[5].EscalatedAt = noon, noon
	figures := server1().view(l, "en", 0).Figures
	require.Equal(t, figure{figures[4].Name, 4, true}, figures[4])
}

// What stands in an address is no more than what was chosen.
func TestPathsOfWhatIsChosen(t *testing.T) {
	t.Parallel()
	p := place{Slug: "madrid"}
	require.Equal(t, "/dispatch/madrid?order=7%26driver%3D1%23#chosen", p.path("7&driver=1#", ""))
	require.Equal(t, "/dispatch/madrid?driver=Marta+R.#chosen", p.path("", "Marta R."))
	require.Equal(t, "/dispatch/madrid", p.path("", ""))
}

func TestPagesOfTheList(t *testing.T) {
	t.Parallel()
	l := aTown(60)
	s := server1()
	first, last := s.view(l, "en", 0), s.view(l, "en", 80)
	require.Equal(t, []int{-1, 40}, []int{first.Before(), first.Next()})
	require.Equal(t, []int{40, -1}, []int{last.Before(), last.Next()})
	require.Len(t, last.Open, 40)
	require.Equal(t, 0, s.view(l, "en", 4000).From, "a page that is no more is the first")
}

func TestAnOldPositionIsSaidToBeOld(t *testing.T) {
	t.Parallel()
	v := server1().view(aTown(5), "en", 0)
	require.False(t, v.Drivers[0].Stale)
	require.True(t, v.Drivers[4].Stale)
	require.Equal(t, "4 min ago", v.Drivers[4].Seen)
	stale := 0
	for _, p := range v.Map.Spots {
		if strings.HasPrefix(p.Kind, "driver") && p.Faded {
			stale++
		}
	}
	require.Equal(t, 3, stale)
}

// Names that somebody gave stay names, in every language, without a script.
func TestThePageWithHostileNames(t *testing.T) {
	t.Parallel()
	l, s := aTown(2), server1()
	evil := `"><script>alert(1)</script>`
	l.Region.Drivers[0].Name, l.Region.Drivers[1].Incident, l.Region.Drivers[1].IncidentAt = evil, evil, noon
	l.Region.Deliveries[0].Address, l.Region.Deliveries[0].Note = evil, evil
	l.Region.Zones = []delivery.Zone{{Outlet: 1, Name: evil, Area: delivery.Area{{{Lat: 40, Lon: -3}, {Lat: 41, Lon: -3}, {Lat: 41, Lon: -4}, {Lat: 40, Lon: -3}}}, Pause: &delivery.ZonePause{At: noon, Reason: evil}}}
	offers := []delivery.OfferView{{Name: evil, Outcome: "accepted", Why: delivery.Why{Cost: 90, Drivers: 2, OpenOrders: 3, Alternatives: []delivery.Alternative{{Driver: 2, Name: evil, Cost: 120}}}}}
	for _, lang := range []string{"en", "es", "ru"} {
		v := s.viewer(l, lang)
		order, driver := v.chosenOrder(l.Region.Deliveries[0], offers), v.chosenDriver(l.Region.Drivers[1])
		view := s.view(l, lang, 0)
		for part, data := range map[string]any{
			"open": view, "drivers": view, "zones": view, "gantt": view, "town": view.Map, "dispatch-figures": view,
			"chosen": chosen{Order: &order}, "chosen-driver": &driver,
		} {
			var html strings.Builder
			require.NoError(t, s.set.Of(lang, "dispatch").ExecuteTemplate(&html, part, data), part)
			require.NotContains(t, html.String(), "<script", part)
			require.NotContains(t, html.String(), "%!", part)
		}
	}
}

func TestTextsAreThere(t *testing.T) {
	t.Parallel()
	l := aTown(1)
	for _, status := range delivery.Statuses {
		l.Region.Deliveries[0].Status = status
		row := server1().viewer(l, "ru").row(l.Region.Deliveries[0])
		require.NotContains(t, row.Says, "dispatch.")
		require.NotEmpty(t, row.Icon)
	}
	for _, v := range delivery.Vehicles {
		l.Region.Drivers[0].Vehicle = v
		require.NotContains(t, server1().viewer(l, "es").driver(l.Region.Drivers[0]).Vehicle, "dispatch.")
	}
	for _, outcome := range []string{"open", "accepted", "declined", "timed_out", "withdrawn"} {
		require.NotContains(t, server1().viewer(l, "en").offer(delivery.OfferView{Outcome: outcome}).Outcome, "dispatch.")
	}
}

// BenchmarkView is what a look at 300 drivers and 600 open deliveries costs to show.
func BenchmarkView(b *testing.B) {
	s, l := server1(), aTown(300)
	for b.Loop() {
		v := s.view(l, "en", 0)
		var html strings.Builder
		for part, data := range map[string]any{"open": v, "drivers": v, "gantt": v, "town": v.Map} {
			if err := s.set.Of("en", "dispatch").ExecuteTemplate(&html, part, data); err != nil {
				b.Fatal(err)
			}
		}
	}
}
