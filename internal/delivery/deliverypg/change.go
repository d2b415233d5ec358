package deliverypg

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"brigade/internal/delivery"
	"brigade/internal/delivery/deliverypg/db"
	"brigade/internal/errs"
	"brigade/internal/event"
	"brigade/internal/store"
)

// Change implements delivery.Store. Rows are locked in one order by everybody: deliveries with their orders, then drivers.
func (s *Store) Change(ctx context.Context, c delivery.Change) error {
	wrote := false
	err := store.Commit(ctx, s.pool, func(tx store.Tx) error {
		if c.Fence != nil {
			stale, err := s.parts.CheckFence(ctx, tx, *c.Fence)
			if err != nil {
				return err
			}
			if stale {
				return &delivery.NotOwnerError{Region: c.Fence.Region}
			}
		}
		if err := s.noteTap(ctx, tx, c.Tap); err != nil {
			return err
		}
		t, err := s.lock(ctx, tx, c)
		if err != nil {
			return err
		}
		if err := c.Do(t); err != nil {
			return err
		}
		wrote = len(t.Events)+len(t.Orders) > 0
		return s.write(ctx, tx, t, c.Lenient)
	})
	if err == nil && wrote {
		s.parts.Committed()
	}
	return err
}

// noteTap notes what a change is made for, before anything else is: another node may carry out the same tap just now, and is
// waited for. Errors: *delivery.TappedError.
func (s *Store) noteTap(ctx context.Context, tx store.Tx, t *delivery.Tapped) error {
	if t == nil {
		return nil
	}
	before, err := s.parts.NoteTap(ctx, tx, *t)
	if err == nil && before {
		err = &delivery.TappedError{Key: t.Key}
	}
	return err
}

// lock reads what a change is about, with the drivers whom the deliveries name.
func (s *Store) lock(ctx context.Context, tx store.Tx, c delivery.Change) (*delivery.Turn, error) {
	q := s.q.WithTx(tx)
	rows, err := q.LockDeliveries(ctx, db.LockDeliveriesParams{Ids: c.Orders, Drivers: c.Drivers})
	if err != nil {
		return nil, err
	}
	who := map[int64]bool{}
	for _, id := range c.Drivers {
		who[id] = true
	}
	deliveries := make([]*delivery.Delivery, len(rows))
	for i, r := range rows {
		deliveries[i] = deliveryOf(r)
		if d := deliveries[i].Driver; d != 0 {
			who[d] = true
		}
	}
	found, err := q.LockDrivers(ctx, slices.Sorted(maps.Keys(who)))
	if err != nil {
		return nil, err
	}
	drivers := make([]*delivery.Driver, len(found))
	for i, r := range found {
		drivers[i] = driverOf(r)
	}
	if err := fillDrivers(ctx, q, drivers); err != nil {
		return nil, err
	}
	return delivery.NewTurn(c.At, c.By, deliveries, drivers), nil
}

var errOvertaken = errs.Unavailable("it was changed by somebody else just now: try again")

func (s *Store) write(ctx context.Context, tx store.Tx, t *delivery.Turn, lenient bool) error {
	pipe := store.NewPipeline(tx)
	q := s.q.WithTx(pipe)
	deliveries, drivers := t.Changed()
	for _, step := range []func() error{
		func() error { return s.advance(ctx, pipe, t.Orders, lenient) },
		func() error { return updateDeliveries(ctx, pipe, q, deliveries) },
		func() error { return updateDrivers(ctx, pipe, q, drivers, t.Now) },
		func() error { return writeOffers(ctx, q, t.Offers, t.Now) },
		func() error { return learn(ctx, q, t) },
		func() error { return s.parts.Append(ctx, pipe, t.Events) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return pipe.Flush(ctx)
}

func (s *Store) advance(ctx context.Context, tx store.Tx, steps []delivery.OrderStep, lenient bool) error {
	if len(steps) == 0 {
		return nil
	}
	return s.parts.AdvanceOrders(ctx, tx, steps, lenient)
}

func updateDeliveries(ctx context.Context, pipe *store.Pipeline, q *db.Queries, list []*delivery.Delivery) error {
	if len(list) == 0 {
		return nil
	}
	var p db.UpdateDeliveriesParams
	for _, d := range list {
		p.Ids = append(p.Ids, d.Order)
		p.Expected = append(p.Expected, int32(d.Expected()))
		p.Versions = append(p.Versions, int32(d.Version))
		p.Statuses = append(p.Statuses, string(d.Status))
		p.Drivers = append(p.Drivers, d.Driver)
		p.Attempts = append(p.Attempts, int32(d.Attempt))
		p.Pinned = append(p.Pinned, d.Pinned)
		p.Refused = append(p.Refused, idArray(d.RefusedBy))
		p.Promised = append(p.Promised, d.PromisedAt)
		p.Offers = append(p.Offers, d.OfferUntil)
		p.Assigned = append(p.Assigned, d.AssignedAt)
		p.Picked = append(p.Picked, d.PickedUpAt)
		p.Near = append(p.Near, d.NearAt)
		p.Late = append(p.Late, d.LateAt)
		p.Escalated = append(p.Escalated, d.EscalatedAt)
		p.Notes = append(p.Notes, d.Note)
		p.Proofs = append(p.Proofs, d.Proof)
		p.Closed = append(p.Closed, d.ClosedAt)
		p.Aged = append(p.Aged, d.AgeChecked)
	}
	pipe.Expect(len(list), errOvertaken)
	return q.UpdateDeliveries(ctx, p)
}

func idArray(ids []int64) string {
	text := make([]string, len(ids))
	for i, id := range ids {
		text[i] = strconv.FormatInt(id, 10)
	}
	return "{" + strings.Join(text, ",") + "}"
}

func updateDrivers(ctx context.Context, pipe *store.Pipeline, q *db.Queries, list []*delivery.Driver, at time.Time) error {
	if len(list) == 0 {
		return nil
	}
	p := db.UpdateDriversParams{At: at}
	for _, d := range list {
		p.Ids = append(p.Ids, d.ID)
		p.Expected = append(p.Expected, int32(d.Expected()))
		p.Versions = append(p.Versions, int32(d.Version))
		p.Statuses = append(p.Statuses, string(d.Status))
		p.Held = append(p.Held, int32(d.Held))
		p.Done = append(p.Done, int32(d.Done))
		p.Online = append(p.Online, d.OnlineAt)
		p.Breaks = append(p.Breaks, d.BreakUntil)
		p.Seen = append(p.Seen, d.SeenAt)
		p.IncidentAt = append(p.IncidentAt, d.IncidentAt)
		p.Incidents = append(p.Incidents, d.Incident)
		p.IncidentOrders = append(p.IncidentOrders, idArray(d.IncidentOrders))
	}
	pipe.Expect(len(list), errOvertaken)
	return q.UpdateDrivers(ctx, p)
}

func writeOffers(ctx context.Context, q *db.Queries, rows []delivery.OfferRow, at time.Time) error {
	in, out := db.InsertOffersParams{At: at}, db.AnswerOffersParams{At: &at}
	for _, r := range rows {
		if r.Why == nil {
			out.Orders, out.Attempts = append(out.Orders, r.Order), append(out.Attempts, int32(r.Attempt))
			out.Outcomes, out.Reasons = append(out.Outcomes, r.Outcome), append(out.Reasons, r.Reason)
			continue
		}
		answered := time.Time{}
		if r.Outcome != "open" {
			answered = at
		}
		in.Orders, in.Attempts = append(in.Orders, r.Order), append(in.Attempts, int32(r.Attempt))
		in.Tenants, in.Drivers = append(in.Tenants, r.Tenant), append(in.Drivers, r.Driver)
		in.Answered, in.Outcomes = append(in.Answered, answered), append(in.Outcomes, r.Outcome)
		in.Reasons, in.Why = append(in.Reasons, r.Reason), append(in.Why, string(r.Why))
	}
	if len(out.Orders) > 0 {
		if err := q.AnswerOffers(ctx, out); err != nil {
			return err
		}
	}
	if len(in.Orders) == 0 {
		return nil
	}
	return q.InsertOffers(ctx, in)
}

func learn(ctx context.Context, q *db.Queries, t *delivery.Turn) error {
	if len(t.Places) > 0 {
		var p db.LearnPlacesParams
		for _, x := range t.Places {
			p.Tenants, p.Addresses = append(p.Tenants, x.Tenant), append(p.Addresses, x.Address)
			p.Lats, p.Lons = append(p.Lats, x.At.Lat), append(p.Lons, x.At.Lon)
		}
		if err := q.LearnPlaces(ctx, p); err != nil {
			return err
		}
	}
	for _, r := range t.Rides {
		err := q.LearnSpeed(ctx, db.LearnSpeedParams{Region: r.Region, Hour: int16(r.Hour), Metres: r.Metres, Seconds: r.Seconds})
		if err != nil {
			return err
		}
	}
	return nil
}

// Estimate implements delivery.Store.
func (s *Store) Estimate(ctx context.Context, etas map[int64]delivery.ETA, notes map[int64]string) error {
	if len(etas) > 0 {
		var p db.UpdateEstimatesParams
		for _, id := range slices.Sorted(maps.Keys(etas)) {
			e := etas[id]
			p.Ids, p.At, p.Low, p.High = append(p.Ids, id), append(p.At, e.At), append(p.Low, e.From), append(p.High, e.To)
		}
		if err := s.q.UpdateEstimates(ctx, p); err != nil {
			return store.Classify(err)
		}
	}
	if len(notes) == 0 {
		return nil
	}
	var p db.NoteDeliveriesParams
	for _, id := range slices.Sorted(maps.Keys(notes)) {
		p.Ids, p.Notes = append(p.Ids, id), append(p.Notes, notes[id])
	}
	return store.Classify(s.q.NoteDeliveries(ctx, p))
}

// Request is an order that shall be carried.
type Request struct {
	Order, Tenant, Outlet int64
	Number                string
	Customer, Address     string
	Door                  *delivery.Point // nil: only the address is known
	Size                  int
	Needs                 []string // skills
	Zone                  string
	Extra                 time.Duration // promised on top of the first estimate
	At                    time.Time
	By                    string
}

// Open writes the deliveries of new orders inside the orders' transaction and returns the events to append. Orders of
// outlets without a region get none.
func (s *Store) Open(ctx context.Context, tx store.Tx, list []Request) ([]event.Event, error) {
	if len(list) == 0 {
		return nil, nil
	}
	rows, err := s.q.WithTx(tx).InsertDeliveries(ctx, insertParams(list))
	if err != nil {
		return nil, err
	}
	events := make([]event.Event, 0, len(rows))
	for _, r := range rows {
		i := slices.IndexFunc(list, func(q Request) bool { return q.Order == r.OrderID })
		q := list[i]
		e := event.New(event.DeliveryRequested, event.AggregateDelivery, q.Order, 1, q.At, event.DeliveryPayload{
			OrderID: q.Order, OrderNumber: q.Number, Status: string(delivery.Requested), RegionID: r.RegionID, CustomerName: q.Customer, By: q.By,
		})
		e.Tenant, e.Outlet = q.Tenant, q.Outlet
		events = append(events, e)
	}
	return events, nil
}

func insertParams(list []Request) db.InsertDeliveriesParams {
	p := db.InsertDeliveriesParams{RideDegrees: delivery.RideDegrees}
	for _, q := range list {
		keys := delivery.PlaceKeys(q.Address)
		door := delivery.Point{}
		if q.Door != nil {
			door = *q.Door
		}
		p.Ids, p.Tenants, p.Outlets = append(p.Ids, q.Order), append(p.Tenants, q.Tenant), append(p.Outlets, q.Outlet)
		p.Numbers, p.Tokens = append(p.Numbers, q.Number), append(p.Tokens, newToken())
		p.Customers, p.Addresses = append(p.Customers, q.Customer), append(p.Addresses, q.Address)
		p.FullKeys, p.StreetKeys = append(p.FullKeys, keys[0]), append(p.StreetKeys, keys[len(keys)-1])
		p.Known, p.Lats, p.Lons = append(p.Known, q.Door != nil), append(p.Lats, door.Lat), append(p.Lons, door.Lon)
		p.Sizes, p.Needs = append(p.Sizes, int32(max(1, q.Size))), append(p.Needs, int32(delivery.SkillsOf(q.Needs)))
		p.Placed = append(p.Placed, q.At)
		p.Zones, p.Extras = append(p.Zones, q.Zone), append(p.Extras, int32(q.Extra/time.Second))
	}
	return p
}

// newToken makes the secret of a link: 128 random bits.
func newToken() string {
	var secret [16]byte
	_, _ = rand.Read(secret[:]) // never fails: it ends the process when the system has no randomness
	return base64.RawURLEncoding.EncodeToString(secret[:])
}
