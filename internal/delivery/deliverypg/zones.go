package deliverypg

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"brigade/internal/delivery"
	"brigade/internal/delivery/deliverypg/db"
	"brigade/internal/errs"
	"brigade/internal/event"
	"brigade/internal/money"
	"brigade/internal/store"
)

var _ delivery.ZoneStore = (*Store)(nil)

// Atlas implements delivery.ZoneStore.
func (s *Store) Atlas(ctx context.Context, tenant, outlet int64) (*delivery.Atlas, error) {
	o, err := s.q.ZoneOutlet(ctx, db.ZoneOutletParams{Outlet: outlet, Tenant: tenant})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, errs.NotFound("no such outlet")
	}
	if err != nil {
		return nil, store.Classify(err)
	}
	a := &delivery.Atlas{Reach: delivery.Reach{Radius: float64(o.RadiusMetres), TakeUnknown: o.TakeUnknown}}
	if o.Lat != nil && o.Lon != nil {
		a.Site = &delivery.Point{Lat: *o.Lat, Lon: *o.Lon}
	}
	a.Zones, err = zonesOf(ctx, s.q, outlet)
	return a, store.Classify(err)
}

func zoneOf(r db.DeliveryZone) (delivery.Zone, error) {
	var rings [][][2]float64
	if err := json.Unmarshal(r.Area, &rings); err != nil {
		return delivery.Zone{}, err
	}
	z := delivery.Zone{
		Outlet: r.OutletID, Name: r.Name, Fee: money.Amount(r.FeeMinor), Minimum: money.Amount(r.MinimumMinor),
		FreeFrom: money.Amount(r.FreeFromMinor), Extra: time.Duration(r.ExtraSeconds) * time.Second,
		Opens: sinceMidnight(r.Opens), Closes: sinceMidnight(r.Closes), Area: make(delivery.Area, len(rings)),
	}
	for i, ring := range rings {
		for _, c := range ring {
			z.Area[i] = append(z.Area[i], delivery.Point{Lat: c[1], Lon: c[0]})
		}
	}
	if r.PausedAt != nil {
		z.Pause = &delivery.ZonePause{At: *r.PausedAt, Until: deref(r.PausedUntil), Reason: r.PauseReason, By: r.PausedBy}
	}
	return z, nil
}

// PutZones implements delivery.ZoneStore.
func (s *Store) PutZones(ctx context.Context, tenant, outlet int64, zones []delivery.Zone) error {
	return store.Commit(ctx, s.pool, func(tx store.Tx) error { return PutZones(ctx, tx, tenant, outlet, zones) })
}

// PutZones makes these an outlet's zones, all of them, in the caller's transaction. One that keeps its name stays paused.
func PutZones(ctx context.Context, tx store.Tx, tenant, outlet int64, zones []delivery.Zone) error {
	q := db.New(tx)
	if err := lockOutlet(ctx, q, tenant, outlet); err != nil {
		return err
	}
	keep := make([]string, len(zones))
	for i, z := range zones {
		keep[i] = z.Name
	}
	if err := q.DropOtherZones(ctx, db.DropOtherZonesParams{Outlet: outlet, Keep: keep}); err != nil {
		return err
	}
	for _, z := range zones {
		if err := putZone(ctx, q, tenant, outlet, z); err != nil {
			return err
		}
	}
	return nil
}

func putZone(ctx context.Context, q *db.Queries, tenant, outlet int64, z delivery.Zone) error {
	area, err := json.Marshal(z.Area.Rings())
	if err != nil {
		return err
	}
	return q.PutZone(ctx, db.PutZoneParams{
		Tenant: tenant, Outlet: outlet, Name: z.Name, Area: area, Fee: int64(z.Fee), Minimum: int64(z.Minimum), FreeFrom: int64(z.FreeFrom),
		ExtraSeconds: int32(z.Extra / time.Second), Opens: dayTime(z.Opens), Closes: dayTime(z.Closes),
	})
}

// lockOutlet keeps others from changing where an outlet delivers until the commit. Errors: KindNotFound for another tenant's.
func lockOutlet(ctx context.Context, q *db.Queries, tenant, outlet int64) error {
	_, err := q.LockOutlet(ctx, db.LockOutletParams{Outlet: outlet, Tenant: tenant})
	if errors.Is(err, pgx.ErrNoRows) {
		return errs.NotFound("no such outlet")
	}
	return err
}

func dayTime(d time.Duration) pgtype.Time {
	return pgtype.Time{Microseconds: d.Microseconds(), Valid: true}
}

// DropZone implements delivery.ZoneStore.
func (s *Store) DropZone(ctx context.Context, tenant, outlet int64, name string) error {
	n, err := s.q.DropZone(ctx, db.DropZoneParams{Outlet: outlet, Tenant: tenant, Name: name})
	if err == nil && n == 0 {
		return noZone(name)
	}
	return store.Classify(err)
}

func noZone(name string) error { return errs.NotFound("there is no zone %q", name) }

// PauseZone implements delivery.ZoneStore.
func (s *Store) PauseZone(ctx context.Context, tenant, outlet int64, name string, p *delivery.ZonePause, by string, at time.Time) error {
	told := false
	err := store.Commit(ctx, s.pool, func(tx store.Tx) error {
		q := s.q.WithTx(tx)
		if err := lockOutlet(ctx, q, tenant, outlet); err != nil {
			return err
		}
		have, err := q.LockZone(ctx, db.LockZoneParams{Outlet: outlet, Tenant: tenant, Name: name})
		if errors.Is(err, pgx.ErrNoRows) {
			return noZone(name)
		}
		if err != nil {
			return err
		}
		if told = p != nil || have.PausedAt != nil; !told {
			return nil
		}
		set := db.PauseZoneParams{Outlet: outlet, Name: name}
		e := event.PausePayload{Kind: "zone", Name: name, By: by}
		what := event.SaleResumed
		if p != nil {
			set.At, set.Until, set.By, set.Reason = &p.At, timeOrNil(p.Until), p.By, p.Reason
			what, e.Until, e.Reason = event.SalePaused, timeOrNil(p.Until), p.Reason
		}
		if err := q.PauseZone(ctx, set); err != nil {
			return err
		}
		version, err := q.MoveOutlet(ctx, outlet)
		if err != nil {
			return err
		}
		ev := event.New(what, event.AggregateOutlet, outlet, int(version), at, e)
		ev.Tenant, ev.Outlet = tenant, outlet
		return s.parts.Append(ctx, tx, []event.Event{ev})
	})
	if err == nil && told {
		s.parts.Committed()
	}
	return err
}

func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// PutReach implements delivery.ZoneStore.
func (s *Store) PutReach(ctx context.Context, tenant, outlet int64, r delivery.Reach) error {
	o, err := s.q.ZoneOutlet(ctx, db.ZoneOutletParams{Outlet: outlet, Tenant: tenant})
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return errs.NotFound("no such outlet")
	case err != nil:
		return store.Classify(err)
	case o.Lat == nil && r.Radius > 0:
		return errs.Conflict("nobody knows where %s stands: name it in a region of the tenant's file first", o.Slug)
	}
	return store.Classify(PutReach(ctx, s.q, tenant, outlet, r))
}

// PutReach writes how far an outlet delivers.
func PutReach(ctx context.Context, q *db.Queries, tenant, outlet int64, r delivery.Reach) error {
	return q.PutReach(ctx, db.PutReachParams{Outlet: outlet, Tenant: tenant, Radius: int32(r.Radius), TakeUnknown: r.TakeUnknown})
}

// Locate implements delivery.ZoneStore.
func (s *Store) Locate(ctx context.Context, tenant int64, address string) (*delivery.Point, error) {
	r, err := s.q.Locate(ctx, db.LocateParams{Tenant: tenant, Keys: delivery.PlaceKeys(address)})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil //nolint:nilnil // an address that nobody knows is no fault
	}
	if err != nil {
		return nil, store.Classify(err)
	}
	return &delivery.Point{Lat: r.Lat, Lon: r.Lon}, nil
}
