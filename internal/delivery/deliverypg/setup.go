package deliverypg

import (
	"context"
	"fmt"
	"slices"
	"time"

	"brigade/internal/delivery"
	"brigade/internal/delivery/deliverypg/db"
	"brigade/internal/delivery/dispatch"
	"brigade/internal/errs"
	"brigade/internal/store"
)

// Setup is how a tenant's orders are carried.
type Setup struct {
	Regions []RegionSetup
	Places  []PlaceSetup
	Zones   map[string][]delivery.Zone // by outlet's slug
	Reach   map[string]delivery.Reach
}

// RegionSetup is a region as a file describes it.
type RegionSetup struct {
	ID                   int64 // 0: new
	Slug, Name, Timezone string
	OfferFor             time.Duration
	Sites                []SiteSetup
	Drivers              []DriverSetup
}

// SiteSetup is where an outlet stands.
type SiteSetup struct {
	Outlet string // slug
	At     delivery.Point
}

// DriverSetup is somebody who carries orders.
type DriverSetup struct {
	ID            int64 // 0: new
	Name, Vehicle string
	Capacity      int
	Skills        []string
	Shifts        []delivery.Hours
}

// PlaceSetup is where an address is.
type PlaceSetup struct {
	Address string
	At      delivery.Point
}

// ReadSetup returns how a tenant's orders are carried.
func ReadSetup(ctx context.Context, tx store.Tx, tenant int64) (s Setup, err error) {
	q := db.New(tx)
	regions, err := q.LoadedRegions(ctx, tenant)
	if err != nil {
		return s, err
	}
	sites, err := q.LoadedSites(ctx, tenant)
	if err != nil {
		return s, err
	}
	drivers, err := readDrivers(ctx, q, tenant)
	if err != nil {
		return s, err
	}
	for _, r := range regions {
		region := RegionSetup{
			ID: r.ID, Slug: r.Slug, Name: r.Name, Timezone: r.Timezone, OfferFor: time.Duration(r.OfferSeconds) * time.Second, Drivers: drivers[r.Slug],
		}
		for _, x := range sites {
			if x.RegionID == r.ID {
				region.Sites = append(region.Sites, SiteSetup{x.Slug, delivery.Point{Lat: x.Lat, Lon: x.Lon}})
			}
		}
		s.Regions = append(s.Regions, region)
	}
	places, err := q.LoadedPlaces(ctx, tenant)
	for _, p := range places {
		s.Places = append(s.Places, PlaceSetup{p.Address, delivery.Point{Lat: p.Lat, Lon: p.Lon}})
	}
	if err != nil {
		return s, err
	}
	return s, s.readZones(ctx, q, tenant)
}

func readDrivers(ctx context.Context, q *db.Queries, tenant int64) (map[string][]DriverSetup, error) {
	rows, err := q.LoadedDrivers(ctx, tenant)
	if err != nil {
		return nil, err
	}
	ids := make([]int64, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	shifts, err := q.Shifts(ctx, ids)
	byRegion := map[string][]DriverSetup{}
	for _, r := range rows {
		d := DriverSetup{
			ID: r.ID, Name: r.Name, Vehicle: r.Vehicle, Capacity: int(r.Capacity), Skills: delivery.SkillNames(dispatch.Skills(r.Skills)),
		}
		for _, s := range shifts {
			if s.DriverID == r.ID {
				d.Shifts = append(d.Shifts, delivery.Hours{Weekday: time.Weekday(s.Weekday), Starts: sinceMidnight(s.Starts), Ends: sinceMidnight(s.Ends)})
			}
		}
		byRegion[r.Region] = append(byRegion[r.Region], d)
	}
	return byRegion, err
}

// PutRegion writes a region with its outlets and returns its id. Errors: KindInvalid for an outlet that there is not.
func PutRegion(ctx context.Context, tx store.Tx, tenant int64, r RegionSetup) (int64, error) {
	q := db.New(tx)
	outlets, err := q.OutletIDs(ctx, tenant)
	if err != nil {
		return 0, err
	}
	id, err := q.PutRegion(ctx, db.PutRegionParams{
		Tenant: tenant, Slug: r.Slug, Name: r.Name, Timezone: r.Timezone, OfferSeconds: int32(r.OfferFor / time.Second),
	})
	if err != nil {
		return 0, err
	}
	keep := []int64{}
	for _, s := range r.Sites {
		i := slices.IndexFunc(outlets, func(o db.OutletIDsRow) bool { return o.Slug == s.Outlet })
		if i < 0 {
			return 0, errs.Invalid("region %s: there is no outlet %q", r.Slug, s.Outlet)
		}
		keep = append(keep, outlets[i].ID)
		err := q.PutSite(ctx, db.PutSiteParams{Outlet: outlets[i].ID, Tenant: tenant, Region: id, Lat: s.At.Lat, Lon: s.At.Lon})
		if err != nil {
			return 0, err
		}
	}
	return id, q.DropSites(ctx, db.DropSitesParams{Region: id, Keep: keep})
}

// PutDriver writes a driver with his shifts. What he does just now is left alone.
func PutDriver(ctx context.Context, tx store.Tx, tenant, region int64, d DriverSetup) error {
	q := db.New(tx)
	id, err := q.PutDriver(ctx, db.PutDriverParams{
		Tenant: tenant, Region: region, Name: d.Name, Vehicle: d.Vehicle, Capacity: int32(d.Capacity), Skills: int32(delivery.SkillsOf(d.Skills)),
	})
	if err == nil {
		err = q.DropShifts(ctx, id)
	}
	if err != nil {
		return err
	}
	p := db.AddShiftsParams{Driver: id}
	for _, s := range d.Shifts {
		p.Weekdays = append(p.Weekdays, int16(s.Weekday))
		p.Starts, p.Ends = append(p.Starts, clockText(s.Starts)), append(p.Ends, clockText(s.Ends))
	}
	return q.AddShifts(ctx, p)
}

func clockText(d time.Duration) string {
	return fmt.Sprintf("%02d:%02d", int(d/time.Hour), int(d/time.Minute)%60)
}

// RetireDriver lets a driver go: he brings what he has, and is given nothing any more.
func RetireDriver(ctx context.Context, tx store.Tx, id int64) error {
	return db.New(tx).RetireDriver(ctx, id)
}

// PutPlace writes where an address is, unless drivers know better.
func PutPlace(ctx context.Context, tx store.Tx, tenant int64, p PlaceSetup) error {
	return db.New(tx).PutPlace(ctx, db.PutPlaceParams{Tenant: tenant, Address: p.Address, Lat: p.At.Lat, Lon: p.At.Lon})
}
