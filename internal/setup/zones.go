package setup

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"brigade/internal/delivery"
	"brigade/internal/delivery/deliverypg"
	"brigade/internal/menu/load"
)

// zones writes where an outlet delivers, as far as the file says.
func (w *writer) zones(have deliverypg.Setup, site load.Site) {
	if site.Reach != nil {
		w.reach(have, site)
	}
	if site.Zones == nil || w.err != nil {
		return
	}
	want := make([]delivery.Zone, len(site.Zones))
	for i, z := range site.Zones {
		want[i] = zoneOf(z)
	}
	if w.err = delivery.CheckZones(want, "delivery: outlet "+site.Outlet+": zones"); w.err != nil {
		return
	}
	old := have.Zones[site.Outlet]
	changed := false
	note := func(c load.Change) { w.change(c, func() error { return nil }); changed = true }
	for _, z := range want {
		var from [][2]string
		if i := slices.IndexFunc(old, func(o delivery.Zone) bool { return o.Name == z.Name }); i >= 0 {
			from = zoneFacts(old[i])
		}
		if c, differs := compared(load.Ref{Kind: load.KindZone, Outlet: site.Outlet, Name: z.Name}, from, zoneFacts(z)); differs {
			note(c)
		}
	}
	for _, o := range old {
		if !slices.ContainsFunc(want, func(z delivery.Zone) bool { return z.Name == o.Name }) {
			note(load.Change{Action: load.Removed, Ref: load.Ref{Kind: load.KindZone, Outlet: site.Outlet, Name: o.Name}})
		}
	}
	if changed && w.err == nil && !w.dry {
		w.err = deliverypg.LoadZones(w.ctx, w.tx, w.tenant, site.Outlet, want)
	}
}

func (w *writer) reach(have deliverypg.Setup, site load.Site) {
	facts := func(r delivery.Reach) [][2]string {
		unknown := "refuse"
		if r.TakeUnknown {
			unknown = "take"
		}
		return [][2]string{{"radius_km", fmt.Sprintf("%g", r.Radius/1000)}, {"unknown_addresses", unknown}}
	}
	want := delivery.Reach{Radius: site.Reach.Metres, TakeUnknown: site.Reach.TakeUnknown}
	var from [][2]string
	if r, ok := have.Reach[site.Outlet]; ok {
		from = facts(r)
	}
	if c, differs := compared(load.Ref{Kind: load.KindReach, Outlet: site.Outlet, Name: site.Outlet}, from, facts(want)); differs {
		w.change(c, func() error { return deliverypg.LoadReach(w.ctx, w.tx, w.tenant, site.Outlet, want) })
	}
}

func zoneOf(z load.Zone) delivery.Zone {
	d := delivery.Zone{Name: z.Name, Fee: z.Fee, Minimum: z.Minimum, FreeFrom: z.FreeFrom, Extra: z.Extra}
	if z.From != z.To {
		d.Opens, d.Closes = sinceMidnight(z.From), sinceMidnight(z.To)
	}
	for _, ring := range z.Rings {
		var points []delivery.Point
		for _, c := range ring {
			points = append(points, delivery.Point{Lat: c[1], Lon: c[0]})
		}
		d.Area = append(d.Area, points)
	}
	return d
}

// zoneFacts are what there is to say of a zone, for comparisons.
func zoneFacts(z delivery.Zone) [][2]string {
	facts := [][2]string{{"fee", z.Fee.String()}}
	if z.Minimum > 0 {
		facts = append(facts, [2]string{"minimum", z.Minimum.String()})
	}
	if z.FreeFrom > 0 {
		facts = append(facts, [2]string{"free_from", z.FreeFrom.String()})
	}
	if z.Extra > 0 {
		facts = append(facts, [2]string{"extra_minutes", strings.TrimSuffix(fmt.Sprintf("%.2f", z.Extra.Minutes()), ".00")})
	}
	if z.Opens != z.Closes {
		facts = append(facts, [2]string{"hours", clockText(z.Opens) + "-" + clockText(z.Closes)})
	}
	return append(facts, [2]string{"area", areaText(z.Area)})
}

// areaText says how large an area is, and differs whenever it does.
func areaText(a delivery.Area) string {
	text, err := json.Marshal(a.Rings())
	if err != nil { // plain numbers, which were checked
		panic("setup: area: " + err.Error())
	}
	sum := sha256.Sum256(text)
	return fmt.Sprintf("%.2f km² (%x)", a.SquareMetres()/1e6, sum[:4])
}
