package deliverypg

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"brigade/internal/delivery"
	"brigade/internal/delivery/deliverypg/db"
	"brigade/internal/errs"
	"brigade/internal/store"
)

// Overview implements delivery.Store.
func (s *Store) Overview(ctx context.Context, region int64) (*delivery.Overview, error) {
	r, err := s.q.Region(ctx, region)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, errs.NotFound("there is no region %d", region)
	}
	if err != nil {
		return nil, store.Classify(err)
	}
	b := &delivery.Board{Region: regionOf(r), Outlets: map[int64]delivery.Point{}}
	for _, read := range []func(context.Context, *delivery.Board) error{s.readOutlets, s.readFleet, s.readOpen} {
		if err := read(ctx, b); err != nil {
			return nil, store.Classify(err)
		}
	}
	o := &delivery.Overview{Region: b.Region, Outlets: b.Outlets, Drivers: b.Drivers, Deliveries: b.Deliveries}
	rows, err := s.q.RegionZones(ctx, region)
	for _, r := range rows {
		z, err := zoneOf(r)
		if err != nil {
			return nil, err
		}
		o.Zones = append(o.Zones, z)
	}
	return o, store.Classify(err)
}

func (s *Store) readFleet(ctx context.Context, b *delivery.Board) error {
	rows, err := s.q.RegionFleet(ctx, b.Region.ID)
	if err != nil {
		return err
	}
	for _, r := range rows {
		b.Drivers = append(b.Drivers, driverOf(db.LockDriversRow(r)))
	}
	return fillDrivers(ctx, s.q, b.Drivers)
}

// Home implements delivery.Store.
func (s *Store) Home(ctx context.Context, outlet int64) (delivery.Region, error) {
	o, err := s.q.OutletRegion(ctx, outlet)
	if errors.Is(err, pgx.ErrNoRows) {
		return delivery.Region{}, errs.NotFound("this outlet has no drivers of its own")
	}
	if err != nil {
		return delivery.Region{}, store.Classify(err)
	}
	r, err := s.q.Region(ctx, o.RegionID)
	return regionOf(r), store.Classify(err)
}
