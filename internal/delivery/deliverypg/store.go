// Package deliverypg keeps drivers and deliveries in Postgres.
package deliverypg

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"brigade/internal/delivery"
	"brigade/internal/delivery/deliverypg/db"
	"brigade/internal/delivery/dispatch"
	"brigade/internal/errs"
	"brigade/internal/event"
	"brigade/internal/store"
)

// Store implements delivery.Store.
type Store struct {
	pool  *pgxpool.Pool
	q     *db.Queries
	parts Parts
}

// Parts are what a commit needs of other features; app joins them.
type Parts struct {
	// CheckFence holds a region's lease until the commit; stale says that it has another owner.
	CheckFence func(ctx context.Context, tx store.Tx, f delivery.Fence) (stale bool, err error)
	// AdvanceOrders moves the orders' own lives on. lenient: a step that a life does not allow is left out.
	AdvanceOrders func(ctx context.Context, tx store.Tx, steps []delivery.OrderStep, lenient bool) error
	// NoteTap keeps what was tapped; before says that it was kept already.
	NoteTap func(ctx context.Context, tx store.Tx, t delivery.Tapped) (before bool, err error)
	// Append writes events.
	Append func(ctx context.Context, tx store.Tx, events []event.Event) error
	// Committed is called after every commit that appended events.
	Committed func()
}

// New returns a store.
func New(pool *pgxpool.Pool, parts Parts) *Store {
	return &Store{pool: pool, q: db.New(pool), parts: parts}
}

var _ delivery.Store = (*Store)(nil)

// Board implements delivery.Store.
func (s *Store) Board(ctx context.Context, region int64, recent time.Time) (*delivery.Board, error) {
	r, err := s.q.Region(ctx, region)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, errs.NotFound("there is no region %d", region)
	}
	if err != nil {
		return nil, store.Classify(err)
	}
	b := &delivery.Board{Region: regionOf(r), Outlets: map[int64]delivery.Point{}}
	for _, read := range []func(context.Context, *delivery.Board) error{s.readOutlets, s.readDrivers, s.readOpen, s.readSpeeds} {
		if err := read(ctx, b); err != nil {
			return nil, store.Classify(err)
		}
	}
	rows, err := s.q.RecentDemand(ctx, db.RecentDemandParams{Region: region, Since: recent})
	for _, d := range rows {
		b.Recent = append(b.Recent, dispatch.Demand{
			Pickup: d.OutletID, From: dispatch.Point{X: d.FromLon, Y: d.FromLat}, Placed: d.PlacedAt, Ready: d.PlacedAt,
		})
	}
	return b, store.Classify(err)
}

// Riding implements delivery.Store.
func (s *Store) Riding(ctx context.Context, region int64) (*delivery.Board, error) {
	r, err := s.q.Region(ctx, region)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, errs.NotFound("there is no region %d", region)
	}
	if err != nil {
		return nil, store.Classify(err)
	}
	b := &delivery.Board{Region: regionOf(r)}
	rows, err := s.q.RidingDeliveries(ctx, region)
	if err != nil || len(rows) == 0 {
		return b, store.Classify(err)
	}
	var ids []int64
	for _, r := range rows {
		x := deliveryOf(db.LockDeliveriesRow(r))
		b.Deliveries = append(b.Deliveries, x)
		if !slices.Contains(ids, x.Driver) {
			ids = append(ids, x.Driver)
		}
	}
	drivers, err := s.q.DriversByID(ctx, ids)
	if err != nil {
		return nil, store.Classify(err)
	}
	for _, r := range drivers {
		b.Drivers = append(b.Drivers, driverOf(db.LockDriversRow(r)))
	}
	if err := fillDrivers(ctx, s.q, b.Drivers); err != nil {
		return nil, store.Classify(err)
	}
	return b, store.Classify(s.readSpeeds(ctx, b))
}

func regionOf(r db.DeliveryRegion) delivery.Region {
	return delivery.Region{
		ID: r.ID, Tenant: r.TenantID, Slug: r.Slug, Name: r.Name, Zone: zone(r.Timezone), OfferFor: time.Duration(r.OfferSeconds) * time.Second,
	}
}

func zone(name string) *time.Location {
	loc, err := time.LoadLocation(name)
	if err != nil { // it was checked when it was written
		return time.UTC
	}
	return loc
}

func (s *Store) readOutlets(ctx context.Context, b *delivery.Board) error {
	rows, err := s.q.RegionOutlets(ctx, b.Region.ID)
	for _, r := range rows {
		b.Outlets[r.OutletID] = delivery.Point{Lat: r.Lat, Lon: r.Lon}
	}
	return err
}

func (s *Store) readDrivers(ctx context.Context, b *delivery.Board) error {
	rows, err := s.q.RegionDrivers(ctx, b.Region.ID)
	if err != nil {
		return err
	}
	for _, r := range rows {
		b.Drivers = append(b.Drivers, driverOf(db.LockDriversRow(r)))
	}
	return fillDrivers(ctx, s.q, b.Drivers)
}

func (s *Store) readOpen(ctx context.Context, b *delivery.Board) error {
	rows, err := s.q.OpenDeliveries(ctx, b.Region.ID)
	for _, r := range rows {
		b.Deliveries = append(b.Deliveries, deliveryOf(db.LockDeliveriesRow(r)))
	}
	return err
}

func (s *Store) readSpeeds(ctx context.Context, b *delivery.Board) error {
	rows, err := s.q.Speeds(ctx, b.Region.ID)
	for _, r := range rows {
		b.Speeds[r.Hour] = delivery.LearnedSpeed(r.Metres, r.Seconds)
	}
	return err
}

func driverOf(r db.LockDriversRow) *delivery.Driver {
	return &delivery.Driver{
		ID: r.ID, Tenant: r.TenantID, Region: r.RegionID, Name: r.Name, Vehicle: r.Vehicle, Capacity: int(r.Capacity),
		Skills: dispatch.Skills(r.Skills), Active: r.Active, Status: delivery.DriverStatus(r.Status), Held: int(r.Held), Done: int(r.Done),
		OnlineAt: deref(r.OnlineAt), BreakUntil: deref(r.BreakUntil), SeenAt: deref(r.SeenAt), Zone: zone(r.Timezone), Version: int(r.Version),
		IncidentAt: deref(r.IncidentAt), Incident: r.Incident, IncidentOrders: r.IncidentOrders,
	}
}

// fillDrivers reads shifts and last positions.
func fillDrivers(ctx context.Context, q *db.Queries, drivers []*delivery.Driver) error {
	if len(drivers) == 0 {
		return nil
	}
	ids, byID := make([]int64, len(drivers)), make(map[int64]*delivery.Driver, len(drivers))
	for i, d := range drivers {
		ids[i], byID[d.ID] = d.ID, d
	}
	shifts, err := q.Shifts(ctx, ids)
	if err != nil {
		return err
	}
	for _, r := range shifts {
		d := byID[r.DriverID]
		d.Shifts = append(d.Shifts, delivery.Hours{Weekday: time.Weekday(r.Weekday), Starts: sinceMidnight(r.Starts), Ends: sinceMidnight(r.Ends)})
	}
	positions, err := q.LastPositions(ctx, ids)
	for _, p := range positions {
		byID[p.DriverID].Last = &delivery.Fix{Driver: p.DriverID, Point: delivery.Point{Lat: p.Lat, Lon: p.Lon}, At: p.At}
	}
	return err
}

func sinceMidnight(t pgtype.Time) time.Duration {
	return time.Duration(t.Microseconds) * time.Microsecond
}

func deliveryOf(r db.LockDeliveriesRow) *delivery.Delivery {
	d := r.Delivery
	return &delivery.Delivery{
		Order: d.OrderID, Tenant: d.TenantID, Outlet: d.OutletID, Region: d.RegionID, Number: d.Number, Status: delivery.Status(d.Status),
		Version: int(d.Version), Driver: deref(d.DriverID), Attempt: int(d.Attempt), Token: d.Token, Customer: d.Customer, Address: d.Address,
		From: delivery.Point{Lat: d.FromLat, Lon: d.FromLon}, To: delivery.Point{Lat: d.ToLat, Lon: d.ToLon}, Located: d.Located,
		Size: int(d.Size), Needs: dispatch.Skills(d.Needs | r.Needs), Pinned: deref(d.Pinned), RefusedBy: d.RefusedBy, PlacedAt: d.PlacedAt,
		PromisedAt: deref(d.PromisedAt), ETA: delivery.ETA{At: deref(d.EtaAt), From: deref(d.EtaFrom), To: deref(d.EtaTo)},
		OfferUntil: deref(d.OfferUntil), AssignedAt: deref(d.AssignedAt), PickedUpAt: deref(d.PickedUpAt), NearAt: deref(d.NearAt),
		LateAt: deref(d.LateAt), EscalatedAt: deref(d.EscalatedAt), Note: d.Note, Proof: d.Proof, ClosedAt: deref(d.ClosedAt),
		AgeChecked: d.AgeChecked, Zone: d.Zone,
		OrderStatus: r.OrderStatus, Waits: r.Waits != "", Code: r.Code,
	}
}

func deref[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// List implements delivery.Store.
func (s *Store) List(ctx context.Context, f delivery.Filter) ([]*delivery.Delivery, error) {
	rows, err := s.q.Deliveries(ctx, db.DeliveriesParams{
		Tenant: f.Tenant, Outlet: f.Outlet, Before: f.Before, OpenOnly: f.Open, Driver: f.Driver, ID: f.Order, Number: f.Number, N: int32(f.Limit),
	})
	list := make([]*delivery.Delivery, len(rows))
	for i, r := range rows {
		list[i] = deliveryOf(db.LockDeliveriesRow(r))
	}
	return list, store.Classify(err)
}

// Drivers implements delivery.Store.
func (s *Store) Drivers(ctx context.Context, f delivery.DriverFilter) ([]*delivery.Driver, error) {
	rows, err := s.q.Drivers(ctx, db.DriversParams{Tenant: f.Tenant, Region: f.Region, ID: f.ID, Name: f.Name, After: f.After, N: int32(f.Limit)})
	if err != nil {
		return nil, store.Classify(err)
	}
	list := make([]*delivery.Driver, len(rows))
	for i, r := range rows {
		list[i] = driverOf(db.LockDriversRow{
			ID: r.ID, TenantID: r.TenantID, RegionID: r.RegionID, Name: r.Name, Vehicle: r.Vehicle, Capacity: r.Capacity, Skills: r.Skills,
			Active: r.Active, Status: r.Status, Held: r.Held, Done: r.Done, OnlineAt: r.OnlineAt, BreakUntil: r.BreakUntil, SeenAt: r.SeenAt,
			ChangedAt: r.ChangedAt, Version: r.Version, Timezone: r.Timezone, IncidentAt: r.IncidentAt, Incident: r.Incident,
			IncidentOrders: r.IncidentOrders,
		})
	}
	return list, store.Classify(fillDrivers(ctx, s.q, list))
}

// Offers implements delivery.Store.
func (s *Store) Offers(ctx context.Context, tenant, order int64) ([]delivery.OfferView, error) {
	rows, err := s.q.Offers(ctx, db.OffersParams{OrderID: order, Tenant: tenant})
	if err != nil {
		return nil, store.Classify(err)
	}
	list := make([]delivery.OfferView, len(rows))
	for i, r := range rows {
		list[i] = delivery.OfferView{
			Attempt: int(r.Attempt), Driver: r.DriverID, Name: r.Driver, OfferedAt: r.OfferedAt, AnsweredAt: deref(r.AnsweredAt),
			Outcome: r.Outcome, Reason: r.Reason,
		}
		if err := json.Unmarshal(r.Why, &list[i].Why); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Followed implements delivery.Store.
func (s *Store) Followed(ctx context.Context, token string) (*delivery.Delivery, *delivery.Fix, error) {
	r, err := s.q.ByToken(ctx, token)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil, errs.NotFound("there is no such delivery")
	}
	if err != nil {
		return nil, nil, store.Classify(err)
	}
	d := deliveryOf(db.LockDeliveriesRow{Delivery: r.Delivery, OrderStatus: r.OrderStatus})
	if r.At == nil {
		return d, nil, nil
	}
	return d, &delivery.Fix{Driver: d.Driver, Point: delivery.Point{Lat: deref(r.Lat), Lon: deref(r.Lon)}, At: *r.At}, nil
}

// Regions implements delivery.Store.
func (s *Store) Regions(ctx context.Context, tenant int64) ([]delivery.Region, error) {
	rows, err := s.q.Regions(ctx, tenant)
	list := make([]delivery.Region, len(rows))
	for i, r := range rows {
		list[i] = regionOf(r)
	}
	return list, store.Classify(err)
}

// RegionStates implements delivery.Store.
func (s *Store) RegionStates(ctx context.Context, tenant int64) ([]delivery.RegionState, error) {
	rows, err := s.q.RegionStates(ctx, tenant)
	list := make([]delivery.RegionState, len(rows))
	for i, r := range rows {
		list[i] = delivery.RegionState{
			Region: regionOf(db.DeliveryRegion{
				ID: r.ID, TenantID: r.TenantID, Slug: r.Slug, Name: r.Name, Timezone: r.Timezone, OfferSeconds: r.OfferSeconds,
			}),
			Waiting: int(r.Waiting), Delivering: int(r.Delivering), Resting: int(r.Resting),
			Pending: int(r.Pending), Offered: int(r.Offered), Assigned: int(r.Assigned), Aboard: int(r.Aboard), Escalated: int(r.Escalated),
		}
	}
	return list, store.Classify(err)
}

// RegionIDs lists every region there is.
func (s *Store) RegionIDs(ctx context.Context) ([]int64, error) {
	ids, err := s.q.RegionIDs(ctx)
	return ids, store.Classify(err)
}

// Track implements delivery.Store.
func (s *Store) Track(ctx context.Context, driver int64, since, until time.Time) ([]delivery.Fix, error) {
	rows, err := s.q.Track(ctx, db.TrackParams{Driver: driver, Since: since, Until: until})
	list := make([]delivery.Fix, len(rows))
	for i, r := range rows {
		list[i] = delivery.Fix{Driver: driver, Point: delivery.Point{Lat: r.Lat, Lon: r.Lon}, At: r.At}
	}
	return list, store.Classify(err)
}

// Served tells which of a tenant's outlets have a region.
func (s *Store) Served(ctx context.Context, tenant int64) (map[int64]bool, error) {
	ids, err := s.q.ServedOutlets(ctx, tenant)
	served := make(map[int64]bool, len(ids))
	for _, id := range ids {
		served[id] = true
	}
	return served, store.Classify(err)
}
