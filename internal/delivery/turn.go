package delivery

import (
	"encoding/json"
	"slices"
	"time"

	"brigade/internal/errs"
	"brigade/internal/event"
)

// Turn is one transaction's changes to deliveries and drivers, made in memory and written together. What it holds is
// locked until it is written.
type Turn struct {
	Now        time.Time
	By         string
	Deliveries map[int64]*Delivery
	Drivers    map[int64]*Driver

	Events []event.Event
	Orders []OrderStep
	Offers []OfferRow
	Places []Place
	Rides  []Ride
}

// OrderStep is what a change means for the order's own life.
type OrderStep struct {
	Order  int64
	To     string // a status of the order
	By     string
	Reason string
	Proof  string // of a hand-over
	At     time.Time
}

// OfferRow is who was asked and what became of it; a new one has its why.
type OfferRow struct {
	Order, Tenant, Driver int64
	Attempt               int
	Outcome, Reason       string
	Why                   json.RawMessage // nil: only the outcome changes
}

// Place is where an address is, as a driver found it.
type Place struct {
	Tenant  int64
	Address string
	At      Point
}

// Ride is how long a driver took from a restaurant to a door.
type Ride struct {
	Region  int64
	Hour    int // local
	Metres  float64
	Seconds float64
}

// NewTurn returns a turn over what was read.
func NewTurn(now time.Time, by string, deliveries []*Delivery, drivers []*Driver) *Turn {
	t := &Turn{Now: now, By: by, Deliveries: map[int64]*Delivery{}, Drivers: map[int64]*Driver{}}
	for _, d := range deliveries {
		d.expected = d.Version
		t.Deliveries[d.Order] = d
	}
	for _, d := range drivers {
		d.expected = d.Version
		t.Drivers[d.ID] = d
	}
	return t
}

// Expected is the version that the database has.
func (d *Delivery) Expected() int { return d.expected }

// Expected is the version that the database has.
func (d *Driver) Expected() int { return d.expected }

// Changed returns what has to be written, by id.
func (t *Turn) Changed() (deliveries []*Delivery, drivers []*Driver) {
	for _, d := range t.Deliveries {
		if d.changed {
			deliveries = append(deliveries, d)
		}
	}
	for _, d := range t.Drivers {
		if d.changed {
			drivers = append(drivers, d)
		}
	}
	slices.SortFunc(deliveries, func(a, b *Delivery) int { return int(a.Order - b.Order) })
	slices.SortFunc(drivers, func(a, b *Driver) int { return int(a.ID - b.ID) })
	return deliveries, drivers
}

// touch notes a change of a delivery that others hear of.
func (t *Turn) touch(d *Delivery, what event.Type, reason string) {
	d.Version++
	d.changed = true
	p := event.DeliveryPayload{
		OrderID: d.Order, OrderNumber: d.Number, Status: string(d.Status), RegionID: d.Region, DriverID: d.Driver,
		Attempt: d.Attempt, By: t.By, Reason: reason, CustomerName: d.Customer,
	}
	if driver := t.Drivers[d.Driver]; driver != nil {
		p.Driver = driver.Name
	}
	if !d.ETA.At.IsZero() {
		p.ETA = &d.ETA.At
	}
	e := event.New(what, event.AggregateDelivery, d.Order, d.Version, t.Now, p)
	e.Tenant, e.Outlet = d.Tenant, d.Outlet
	t.Events = append(t.Events, e)
}

// stir notes a change of a driver.
func (t *Turn) stir(d *Driver, reason string) {
	d.Version++
	d.changed = true
	e := event.New(event.DriverChanged, event.AggregateDriver, d.ID, d.Version, t.Now, event.DriverPayload{
		DriverID: d.ID, Name: d.Name, RegionID: d.Region, Status: string(d.Status), Held: d.Held, By: t.By, Reason: reason,
	})
	e.Tenant = d.Tenant
	t.Events = append(t.Events, e)
}

// find returns a delivery and a driver of the turn.
func (t *Turn) find(order, driver int64) (*Delivery, *Driver, error) {
	d, who := t.Deliveries[order], t.Drivers[driver]
	if d == nil {
		return nil, nil, errs.NotFound("there is no delivery %d", order)
	}
	if who == nil || who.Tenant != d.Tenant {
		return nil, nil, errs.NotFound("there is no such driver")
	}
	return d, who, nil
}

// climb are the statuses by which an order comes from one to another, both in the order of a delivery's life.
func climb(from, to string) (way []string) {
	life := []string{"ready", "scheduling_delivery", "waiting_for_driver", "in_delivery", "delivered"}
	a, b := slices.Index(life, from), slices.Index(life, to)
	if a < 0 || b <= a {
		return nil
	}
	return life[a+1 : b+1]
}

// follow lets the order's own life follow the delivery's, as far as it has come.
func (t *Turn) follow(d *Delivery, to, proof string) {
	for _, status := range climb(d.OrderStatus, to) {
		t.Orders = append(t.Orders, OrderStep{Order: d.Order, To: status, By: t.By, Proof: proof, At: t.Now})
		d.OrderStatus = status
	}
}

// Follow brings an order that is ready to where its delivery is: looked for, or waiting for its driver.
func (t *Turn) Follow(d *Delivery) {
	if d.Status == Offered || d.Status == Assigned {
		t.follow(d, "waiting_for_driver", "")
		return
	}
	if d.Status == Requested {
		t.follow(d, "scheduling_delivery", "")
	}
}

// OfferTo asks a driver to carry a delivery. Errors: KindConflict, KindNotFound.
func (t *Turn) OfferTo(order, driver int64, until time.Time, why Why) error {
	d, who, err := t.find(order, driver)
	if err != nil {
		return err
	}
	if err := who.takes(); err != nil {
		return err
	}
	if !who.Active {
		return errs.Conflict("%s does not drive here any more", who.Name)
	}
	if d.Status, err = Next(d.Status, Offer); err != nil {
		return err
	}
	d.Driver, d.OfferUntil, d.Note = driver, until, ""
	d.Attempt++
	t.Offers = append(t.Offers, OfferRow{Order: order, Tenant: d.Tenant, Driver: driver, Attempt: d.Attempt, Outcome: "open", Why: why.Text()})
	t.touch(d, event.DeliveryOffered, "")
	t.Follow(d)
	return nil
}

// hold gives a delivery to a driver for good.
func (t *Turn) hold(d *Delivery, who *Driver) error {
	status, err := NextDriver(who.Status, Accepts)
	if err != nil {
		return err
	}
	who.Status = status
	who.Held++
	d.Driver, d.AssignedAt, d.OfferUntil, d.EscalatedAt, d.Note = who.ID, t.Now, time.Time{}, time.Time{}, ""
	t.stir(who, "accepted "+d.Number)
	return nil
}

// let takes a delivery from whoever has it.
func (t *Turn) let(d *Delivery, reason string) {
	who := t.Drivers[d.Driver]
	if who == nil || !d.Carries(d.Driver) {
		return
	}
	if who.Held--; who.Held == 0 {
		who.Status, _ = NextDriver(who.Status, IsFree)
		if !who.IncidentAt.IsZero() { // what he carried is settled: now he is off
			who.Status, _ = NextDriver(who.Status, GoesOffline)
			who.OnlineAt = time.Time{}
		}
	}
	t.stir(who, reason)
}

// answer notes what became of an offer.
func (t *Turn) answer(d *Delivery, outcome, reason string) {
	t.Offers = append(t.Offers, OfferRow{
		Order: d.Order, Tenant: d.Tenant, Driver: d.Driver, Attempt: d.Attempt, Outcome: outcome, Reason: reason,
	})
}

// AcceptBy lets a driver take what he was offered. Repeated: nothing changes. Errors: KindConflict, KindNotFound.
func (t *Turn) AcceptBy(order, driver int64) error {
	d, who, err := t.find(order, driver)
	switch {
	case err != nil:
		return err
	case d.Carries(driver):
		return nil
	case d.Driver != driver || d.Status != Offered:
		return errs.Conflict("delivery %s is not offered to you any more", d.Number)
	case !d.OfferUntil.IsZero() && t.Now.After(d.OfferUntil):
		return errs.Conflict("the offer of %s has run out", d.Number)
	}
	next, err := Next(d.Status, Accept)
	if err == nil {
		err = t.hold(d, who)
	}
	if err != nil {
		return err
	}
	d.Status = next
	t.answer(d, "accepted", "")
	t.touch(d, event.DeliveryAssigned, "")
	t.Follow(d)
	return nil
}

// Refuse ends an offer that is declined, runs out or is withdrawn; who declined or did not answer is not asked again.
// Errors: KindConflict, KindNotFound.
func (t *Turn) Refuse(order, driver int64, how Signal, reason string) error {
	d, _, err := t.find(order, driver)
	if err != nil {
		return err
	}
	if d.Status == Requested && slices.Contains(d.RefusedBy, driver) {
		return nil
	}
	if d.Driver != driver || d.Status != Offered {
		return errs.Conflict("delivery %s is not offered to you any more", d.Number)
	}
	if d.Status, err = Next(d.Status, how); err != nil {
		return err
	}
	t.answer(d, map[Signal]string{Decline: "declined", Expire: "timed_out", Withdraw: "withdrawn"}[how], reason)
	if how != Withdraw {
		d.RefusedBy = append(slices.Clone(d.RefusedBy), driver)
	}
	t.touch(d, event.DeliveryDeclined, joined(string(how), reason))
	d.Driver, d.OfferUntil = 0, time.Time{}
	return nil
}

func joined(what, reason string) string {
	if reason == "" {
		return what
	}
	return what + ": " + reason
}

// GiveBack takes an accepted delivery that is not picked up from its driver, who is not asked again for it.
// Errors: KindConflict, KindNotFound.
func (t *Turn) GiveBack(order, driver int64, reason string) error {
	d, _, err := t.find(order, driver)
	if err != nil {
		return err
	}
	if d.Driver != driver {
		return errs.Conflict("delivery %s is not yours", d.Number)
	}
	next, err := Next(d.Status, Release)
	if err != nil {
		return err
	}
	t.let(d, "gave "+d.Number+" back")
	d.Status, d.AssignedAt = next, time.Time{}
	d.RefusedBy = append(slices.Clone(d.RefusedBy), driver)
	t.touch(d, event.DeliveryReleased, reason)
	d.Driver = 0
	return nil
}

// TakeAlong lets a driver pick up what he accepted. Repeated: nothing changes. Errors: KindConflict, KindNotFound.
func (t *Turn) TakeAlong(order, driver int64) error {
	d, _, err := t.find(order, driver)
	if err != nil {
		return err
	}
	switch {
	case d.Driver == driver && d.Status == PickedUp:
		return nil
	case d.Driver != driver || d.Status != Assigned:
		return errs.Conflict("delivery %s is not yours to pick up", d.Number)
	case climb(d.OrderStatus, "in_delivery") == nil:
		return errs.Conflict("order %s is not ready: it is %s", d.Number, d.OrderStatus)
	}
	if d.Status, err = Next(d.Status, PickUp); err != nil {
		return err
	}
	d.PickedUpAt = t.Now
	t.touch(d, event.DeliveryPickedUp, "")
	t.follow(d, "in_delivery", "")
	return nil
}

// Proof is how a hand-over is proved: by the order's code, or by a photo's reference. AgeChecked says that whoever took it is
// old enough for it.
type Proof struct {
	Code, Photo string
	AgeChecked  bool
}

// check returns what is kept of a proof of a delivery. Errors: KindInvalid.
func (p Proof) check(d *Delivery) (kept string, err error) {
	var f errs.Fields
	if d.AgeCheck() && !p.AgeChecked {
		f.Add("age_checked", "must be true: it holds alcohol, look at the customer's papers first")
	}
	switch {
	case p.Code != "" && p.Code == d.Code:
		kept = "code"
	case p.Photo != "":
		kept = "photo:" + p.Photo
	case d.Code != "":
		f.Add("code", "is not the order's: ask the customer for it, or send a photo")
	}
	return kept, f.Err()
}

// HandOver lets a driver deliver what he carries; here is where he is, if that is known. Repeated: nothing changes.
// Errors: KindConflict, KindNotFound, KindInvalid for a wrong code.
func (t *Turn) HandOver(order, driver int64, p Proof) error {
	d, who, err := t.find(order, driver)
	if err != nil {
		return err
	}
	switch {
	case d.Driver == driver && d.Status == Delivered:
		return nil
	case d.Driver != driver || d.Status != PickedUp:
		return errs.Conflict("you do not carry %s: nobody can deliver what he has not picked up", d.Number)
	}
	kept, err := p.check(d)
	if err != nil {
		return err
	}
	if d.OrderStatus != "in_delivery" {
		return errs.Conflict("order %s is %s", d.Number, d.OrderStatus)
	}
	next, err := Next(d.Status, Deliver)
	if err != nil {
		return err
	}
	d.Proof, d.AgeChecked = kept, p.AgeChecked && d.AgeCheck()
	who.Done++
	t.let(d, "delivered "+d.Number)
	d.Status, d.ClosedAt, d.EscalatedAt = next, t.Now, time.Time{}
	t.learn(d, who)
	t.touch(d, event.DeliveryDelivered, "")
	t.follow(d, "delivered", d.Proof)
	return nil
}

// learn notes what a delivery tells of the door and of the ride.
func (t *Turn) learn(d *Delivery, who *Driver) {
	door := d.To
	if who.Last != nil && t.Now.Sub(who.Last.At).Abs() < 2*time.Minute {
		door = who.Last.Point
		if keys := PlaceKeys(d.Address); len(keys) > 1 && (!d.Located || door.Metres(d.To) < 2000) {
			t.Places = append(t.Places, Place{d.Tenant, keys[0], door})
		}
	} else if !d.Located {
		return
	}
	metres, took := d.From.Metres(door), t.Now.Sub(d.PickedUpAt)
	if who.Held > 0 || metres < 300 || took < time.Minute || took > 2*time.Hour {
		return // he had other doors on his way, or it tells nothing
	}
	zone := who.Zone
	if zone == nil {
		zone = time.UTC
	}
	t.Rides = append(t.Rides, Ride{
		Region: d.Region, Hour: t.Now.In(zone).Hour(), Metres: metres, Seconds: took.Seconds() * speeds[who.Vehicle],
	})
}

// Drop ends a delivery that nobody needs to carry any more. Repeated: nothing changes.
func (t *Turn) Drop(order int64, reason string) error {
	d := t.Deliveries[order]
	if d == nil {
		return errs.NotFound("there is no delivery %d", order)
	}
	if d.Status == Cancelled {
		return nil
	}
	next, err := Next(d.Status, Cancel)
	if err != nil {
		return err
	}
	if d.Status == Offered {
		t.answer(d, "withdrawn", reason)
	}
	t.let(d, d.Number+" is not wanted any more")
	d.Status, d.ClosedAt = next, t.Now
	t.touch(d, event.DeliveryCancelled, reason)
	return nil
}

// Escalate says that a delivery does not go on by itself, once. The customer is told.
func (t *Turn) Escalate(order int64, reason string) {
	d := t.Deliveries[order]
	if d == nil || !d.Open() || !d.EscalatedAt.IsZero() {
		return
	}
	d.EscalatedAt, d.Note = t.Now, reason
	t.touch(d, event.DeliveryEscalated, reason)
}

// Tell notes that the customer is told that his driver is near or that it is late, once each, and when it comes.
func (t *Turn) Tell(order int64, what event.Type, eta time.Time) {
	d := t.Deliveries[order]
	if d == nil || !d.Open() {
		return
	}
	told := &d.LateAt
	if what == event.DriverNear {
		told = &d.NearAt
	}
	if !told.IsZero() {
		return
	}
	*told, d.ETA.At = t.Now, eta
	t.touch(d, what, "")
}

// Online lets a driver go to work. Errors: KindConflict outside of his shifts, KindNotFound.
func (t *Turn) Online(driver int64) error {
	d := t.Drivers[driver]
	if d == nil {
		return errs.NotFound("there is no such driver")
	}
	if !d.Active {
		return errs.Conflict("%s does not drive here any more", d.Name)
	}
	if !d.IncidentAt.IsZero() {
		return errs.Conflict("%s was taken off the road (%s): a manager has to end that", d.Name, d.Incident)
	}
	if _, ok := d.shiftEnd(t.Now); !ok {
		return errs.Conflict("it is not your shift, nor does it begin within %v", earlyShift)
	}
	status, err := NextDriver(d.Status, GoesOnline)
	if err != nil || status == d.Status {
		return err
	}
	if d.OnlineAt.IsZero() {
		d.Done, d.OnlineAt = 0, t.Now
	}
	d.Status, d.BreakUntil, d.SeenAt = status, time.Time{}, t.Now
	t.stir(d, "online")
	return nil
}

// Offline ends a driver's work, or interrupts it until a time. What he was offered is withdrawn. Errors: KindConflict
// while he has deliveries, KindNotFound.
func (t *Turn) Offline(driver int64, until time.Time, reason string) error {
	d := t.Drivers[driver]
	if d == nil {
		return errs.NotFound("there is no such driver")
	}
	signal := GoesOffline
	if !until.IsZero() {
		signal = TakesBreak
		if d.Status == Idle && d.OnlineAt.IsZero() {
			return errs.Conflict("you are not at work: there is nothing to have a break from")
		}
	}
	status, err := NextDriver(d.Status, signal)
	if err != nil {
		return err
	}
	if status == d.Status && signal == GoesOffline && d.OnlineAt.IsZero() {
		return nil
	}
	d.Status, d.BreakUntil = status, until
	if until.IsZero() {
		d.OnlineAt = time.Time{}
	}
	t.stir(d, reason)
	for _, o := range t.Deliveries {
		if o.Driver == driver && o.Status == Offered {
			if err := t.Refuse(o.Order, driver, Withdraw, reason); err != nil {
				return err
			}
		}
	}
	return nil
}
