// Package setup makes the database say what a tenant's file says: kitchens, menus, and who carries orders. It joins what
// the features make of a file, in one transaction.
package setup

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"brigade/internal/delivery"
	"brigade/internal/delivery/deliverypg"
	"brigade/internal/menu/load"
	"brigade/internal/menu/menupg"
	"brigade/internal/store"
)

// Load makes the database say what a file says and returns what changed; see menupg.Load. A file that says nothing of
// delivery leaves it alone. Drivers whom a file that does no longer lists are let go; what they carry they still bring.
func Load(ctx context.Context, pool *pgxpool.Pool, name string, file io.Reader, o menupg.Options) (load.Diff, error) {
	o.Also = inTurn(deliveries, stocks(o))
	return menupg.Load(ctx, pool, name, file, o)
}

// inTurn lets writers of parts of a file write one after the other.
func inTurn(writers ...func(context.Context, store.Tx, int64, *load.Document, bool) ([]load.Change, error)) func(context.Context, store.Tx, int64, *load.Document, bool) ([]load.Change, error) {
	return func(ctx context.Context, tx store.Tx, tenant int64, file *load.Document, dry bool) (all []load.Change, err error) {
		for _, write := range writers {
			changes, err := write(ctx, tx, tenant, file, dry)
			if err != nil {
				return nil, err
			}
			all = append(all, changes...)
		}
		return all, nil
	}
}

// deliveries writes what a file says of delivery.
func deliveries(ctx context.Context, tx store.Tx, tenant int64, file *load.Document, dry bool) ([]load.Change, error) {
	if file.Delivery == nil {
		return nil, nil
	}
	have, err := deliverypg.ReadSetup(ctx, tx, tenant)
	if err != nil {
		return nil, err
	}
	w := &writer{ctx: ctx, tx: tx, tenant: tenant, dry: dry}
	people := map[string]known{}
	for _, r := range have.Regions {
		for _, d := range r.Drivers {
			people[d.Name] = known{d.ID, r.Slug, d}
		}
	}
	for _, r := range file.Delivery.Regions {
		w.region(have, r, people)
	}
	for _, r := range file.Delivery.Regions {
		for _, site := range r.Outlets {
			w.zones(have, site)
		}
	}
	for _, left := range slices.Sorted(maps.Keys(people)) {
		w.change(load.Change{Action: load.Removed, Ref: load.Ref{Kind: load.KindDriver, Name: left}}, func() error {
			return deliverypg.RetireDriver(ctx, tx, people[left].id)
		})
	}
	for _, p := range file.Delivery.Places {
		w.place(have, p)
	}
	return w.changes, w.err
}

type known struct {
	id     int64
	region string
	deliverypg.DriverSetup
}

// writer notes changes and writes them, until something fails.
type writer struct {
	ctx     context.Context //nolint:containedctx // of the one call that it lives for
	tx      store.Tx
	tenant  int64
	dry     bool
	changes []load.Change
	err     error
}

func (w *writer) change(c load.Change, write func() error) {
	w.changes = append(w.changes, c)
	if w.err == nil && !w.dry {
		w.err = write()
	}
}

// compared is what becomes of a thing: added, changed, or nothing.
func compared(ref load.Ref, from, to [][2]string) (load.Change, bool) {
	c := load.Change{Action: load.Changed, Ref: ref, Fields: load.CompareFacts(from, to)}
	if from == nil {
		c.Action = load.Added
	}
	return c, len(c.Fields) > 0
}

func (w *writer) region(have deliverypg.Setup, r load.Region, people map[string]known) {
	i := slices.IndexFunc(have.Regions, func(x deliverypg.RegionSetup) bool { return x.Slug == r.Slug })
	var from [][2]string
	id := int64(0)
	if i >= 0 {
		from, id = regionOf(have.Regions[i]).Facts(), have.Regions[i].ID
	}
	slices.SortFunc(r.Outlets, func(a, b load.Site) int { return strings.Compare(a.Outlet, b.Outlet) })
	if c, differs := compared(load.Ref{Kind: load.KindRegion, Name: r.Slug}, from, r.Facts()); differs {
		w.change(c, func() (err error) {
			id, err = deliverypg.PutRegion(w.ctx, w.tx, w.tenant, regionSetup(r))
			return err
		})
	}
	for _, d := range r.Drivers {
		var from [][2]string
		if old, ok := people[d.Name]; ok {
			from = driverOf(old.DriverSetup).Facts(old.region)
			delete(people, d.Name)
		}
		if c, differs := compared(load.Ref{Kind: load.KindDriver, Name: d.Name}, from, d.Facts(r.Slug)); differs {
			w.change(c, func() error { return deliverypg.PutDriver(w.ctx, w.tx, w.tenant, id, driverSetup(d)) })
		}
	}
}

func (w *writer) place(have deliverypg.Setup, p load.Place) {
	text := func(lat, lon float64) [][2]string { return [][2]string{{"at", fmt.Sprintf("%.5f, %.5f", lat, lon)}} }
	var from [][2]string
	if i := slices.IndexFunc(have.Places, func(x deliverypg.PlaceSetup) bool { return x.Address == p.Address }); i >= 0 {
		from = text(have.Places[i].At.Lat, have.Places[i].At.Lon)
	}
	if c, differs := compared(load.Ref{Kind: load.KindPlace, Name: p.Address}, from, text(p.Lat, p.Lon)); differs {
		w.change(c, func() error {
			return deliverypg.PutPlace(w.ctx, w.tx, w.tenant, deliverypg.PlaceSetup{Address: p.Address, At: delivery.Point{Lat: p.Lat, Lon: p.Lon}})
		})
	}
}

func regionOf(r deliverypg.RegionSetup) load.Region {
	g := load.Region{Slug: r.Slug, Name: r.Name, Timezone: r.Timezone, OfferFor: r.OfferFor}
	for _, s := range r.Sites {
		g.Outlets = append(g.Outlets, load.Site{Outlet: s.Outlet, Lat: s.At.Lat, Lon: s.At.Lon})
	}
	return g
}

func regionSetup(r load.Region) deliverypg.RegionSetup {
	s := deliverypg.RegionSetup{Slug: r.Slug, Name: r.Name, Timezone: r.Timezone, OfferFor: r.OfferFor}
	for _, o := range r.Outlets {
		s.Sites = append(s.Sites, deliverypg.SiteSetup{Outlet: o.Outlet, At: delivery.Point{Lat: o.Lat, Lon: o.Lon}})
	}
	return s
}

func driverOf(d deliverypg.DriverSetup) load.Driver {
	l := load.Driver{Name: d.Name, Vehicle: d.Vehicle, Capacity: d.Capacity, Skills: d.Skills}
	for _, h := range d.Shifts {
		l.Times = append(l.Times, load.Time{Kind: load.Shift, Weekday: h.Weekday, Starts: clockText(h.Starts), Ends: clockText(h.Ends)})
	}
	return l
}

func driverSetup(d load.Driver) deliverypg.DriverSetup {
	s := deliverypg.DriverSetup{Name: d.Name, Vehicle: d.Vehicle, Capacity: d.Capacity, Skills: d.Skills}
	for _, t := range d.Times {
		s.Shifts = append(s.Shifts, delivery.Hours{Weekday: t.Weekday, Starts: sinceMidnight(t.Starts), Ends: sinceMidnight(t.Ends)})
	}
	return s
}

func clockText(d time.Duration) string {
	return fmt.Sprintf("%02d:%02d", int(d/time.Hour), int(d/time.Minute)%60)
}

// sinceMidnight reads a checked 15:04.
func sinceMidnight(text string) time.Duration {
	var h, m int
	_, _ = fmt.Sscanf(text, "%d:%d", &h, &m)
	return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute
}
