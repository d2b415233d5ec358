package delivery

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"brigade/internal/delivery/dispatch"
	"brigade/internal/errs"
	"brigade/internal/event"
)

// Options tune the engine; times are the product's.
type Options struct {
	Plan          dispatch.Settings
	SilentAfter   time.Duration // a driver who has said nothing for so long is given nothing; what he has not picked up goes to others
	GoneAfter     time.Duration // and is sent home when he has nothing to carry
	EscalateAfter time.Duration // an order that nobody could have for so long, with its food soon ready, is escalated
	AskAgain      time.Duration // so long after that, those who declined are asked again
	Near          time.Duration // the customer is told when his driver is so near
	LateBy        time.Duration // and when the order will be so much later than he was told
	AtCounter     float64       // metres within which a driver is at a restaurant
	Look          time.Duration // between looks while there is something to deliver, at the latest
	LookIdle      time.Duration // the same while there is nothing
}

// DefaultOptions are those of a region in town.
func DefaultOptions() Options {
	plan := dispatch.DefaultSettings()
	plan.PickupService, plan.DropService = 2*time.Minute, 2*time.Minute
	plan.Cadence = time.Minute // the next look, and the time a driver takes to answer
	plan.BundleLate = 10 * time.Minute
	plan.LateCost = 1
	plan.Reposition.Window = 0 // drivers wait where they like
	return Options{
		Plan: plan, SilentAfter: 5 * time.Minute, GoneAfter: 30 * time.Minute, EscalateAfter: 3 * time.Minute, AskAgain: 2 * time.Minute,
		Near: 3 * time.Minute, LateBy: 5 * time.Minute, AtCounter: 120, Look: 15 * time.Second, LookIdle: time.Minute,
	}
}

// Readiness is when the food of an order is ready: half of such orders by P50, nine in ten by P90.
type Readiness struct{ P50, P90 time.Time }

// Intent is one thing that the engine wants to do. It is done only if the delivery and the driver are as they were read.
type Intent struct {
	Order, Driver               int64
	orderVersion, driverVersion int
	What                        string
	do                          func(*Turn) error
}

// Decision is what becomes of a board.
type Decision struct {
	Intents []Intent
	ETAs    map[int64]ETA
	Notes   map[int64]string // why nobody has a delivery
	Plan    dispatch.Plan
	Next    time.Time // when something falls due
}

// decision is the working state of Decide.
type decision struct {
	Decision
	b     *Board
	ready map[int64]Readiness
	now   time.Time
	ride  func(from, to Point) time.Duration
	o     Options
}

// Decide is pure: what is to be done with a region as it is. routes are what the last plan meant for each driver.
func Decide(b *Board, ready map[int64]Readiness, routes []dispatch.Route, now time.Time, ride func(from, to Point) time.Duration, o Options) Decision {
	d := &decision{b: b, ready: ready, now: now, ride: ride, o: o}
	d.ETAs, d.Notes, d.Next = map[int64]ETA{}, map[int64]string{}, now.Add(o.LookIdle)
	d.tidy()
	d.lookAfterDrivers()
	d.Plan = dispatch.Decide(d.snapshot(routes))
	d.offer()
	d.estimate()
	d.unassigned()
	return d.Decision
}

// want notes an intent.
func (d *decision) want(what string, x *Delivery, who *Driver, do func(*Turn) error) {
	i := Intent{What: what, do: do}
	if x != nil {
		i.Order, i.orderVersion = x.Order, x.Version
	}
	if who != nil {
		i.Driver, i.driverVersion = who.ID, who.Version
	}
	d.Intents = append(d.Intents, i)
}

// due notes that something falls due.
func (d *decision) due(at time.Time) {
	if at.Before(d.Next) {
		d.Next = at
	}
}

// orderClosed are the statuses of an order that nobody needs to carry any more.
var orderClosed = []string{"delivered", "cancelled", "rejected", "served", "collected"}

// tidy ends what is over, lets offers run out, and lets orders follow their deliveries.
func (d *decision) tidy() {
	for _, x := range d.b.Deliveries {
		switch {
		case slices.Contains(orderClosed, x.OrderStatus):
			d.want("drop", x, nil, func(t *Turn) error { return t.Drop(x.Order, "the order is "+x.OrderStatus) })
			continue
		case x.Waits:
			continue
		case x.Status == Offered && !d.now.Before(x.OfferUntil):
			d.want("expire", x, nil, func(t *Turn) error { return t.Refuse(x.Order, x.Driver, Expire, "") })
		case x.Status == Offered:
			d.due(x.OfferUntil)
		}
		if (x.Status == Requested && x.OrderStatus == "ready") ||
			((x.Status == Offered || x.Status == Assigned) && len(climb(x.OrderStatus, "waiting_for_driver")) > 0) {
			d.want("follow", x, nil, func(t *Turn) error { t.Follow(t.Deliveries[x.Order]); return nil })
		}
		d.due(d.now.Add(d.o.Look))
	}
}

// heard is when a driver last gave a sign of life.
func heard(who *Driver) time.Time {
	last := who.SeenAt
	if who.Last != nil && who.Last.At.After(last) {
		last = who.Last.At
	}
	if who.OnlineAt.After(last) {
		last = who.OnlineAt
	}
	return last
}

// silent tells whether nothing was heard of a driver for too long.
func (d *decision) silent(who *Driver) bool { return d.now.Sub(heard(who)) > d.o.SilentAfter }

// lookAfterDrivers ends breaks and shifts, and finds drivers who have fallen silent.
func (d *decision) lookAfterDrivers() {
	for _, who := range d.b.Drivers {
		_, onShift := who.shiftEnd(d.now)
		switch {
		case who.Status == Idle && !who.BreakUntil.IsZero() && !d.now.Before(who.BreakUntil):
			d.want("back", nil, who, func(t *Turn) error { return t.Online(who.ID) })
		case who.Status == Waiting && !onShift:
			d.want("home", nil, who, func(t *Turn) error { return t.Offline(who.ID, time.Time{}, "the shift is over") })
		case who.Status == Waiting && d.now.Sub(heard(who)) > d.o.GoneAfter:
			d.want("gone", nil, who, func(t *Turn) error { return t.Offline(who.ID, time.Time{}, "no sign of life") })
		case who.Status == Delivering && d.silent(who):
			d.lost(who)
		}
		if !who.BreakUntil.IsZero() {
			d.due(who.BreakUntil)
		}
	}
}

// lost gives what a silent driver has not picked up to others, and escalates what he carries.
func (d *decision) lost(who *Driver) {
	for _, x := range d.b.Deliveries {
		switch {
		case !x.Carries(who.ID) || slices.Contains(orderClosed, x.OrderStatus):
		case x.Status == Assigned:
			d.want("lost", x, who, func(t *Turn) error { return t.GiveBack(x.Order, who.ID, "no sign of life from "+who.Name) })
		case x.EscalatedAt.IsZero():
			d.want("escalate", x, nil, func(t *Turn) error {
				t.Escalate(x.Order, "no sign of life from "+who.Name+", who carries it")
				return nil
			})
		}
	}
}

// escalatedWith tells whether a driver carries something that does not go on by itself.
func (d *decision) escalatedWith(driver int64) bool {
	return slices.ContainsFunc(d.b.Deliveries, func(x *Delivery) bool {
		return x.Driver == driver && x.Status == PickedUp && !x.EscalatedAt.IsZero()
	})
}

// snapshot is the board as the planner sees it.
func (d *decision) snapshot(routes []dispatch.Route) dispatch.Snapshot {
	s := dispatch.Snapshot{
		Now: d.now, Recent: d.b.Recent, Settings: d.o.Plan,
		Travel: dispatch.TravelFunc(func(from, to dispatch.Point) time.Duration { return d.ride(placeOf(from), placeOf(to)) }),
	}
	for _, who := range d.b.Drivers {
		if !who.AtWork() || who.Held == 0 && (d.silent(who) || !who.Active) {
			continue
		}
		p := d.driver(who)
		if i := slices.IndexFunc(routes, func(r dispatch.Route) bool { return r.Driver == who.ID }); i >= 0 {
			p.Route = routes[i].Stops
		}
		s.Drivers = append(s.Drivers, p)
	}
	for _, x := range d.b.Deliveries {
		if !x.Waits && !slices.Contains(orderClosed, x.OrderStatus) {
			s.Orders = append(s.Orders, d.order(x))
		}
	}
	return s
}

func (d *decision) driver(who *Driver) dispatch.Driver {
	off, _ := who.shiftEnd(d.now)
	if d.silent(who) || d.escalatedWith(who.ID) || !who.IncidentAt.IsZero() {
		off = d.now.Add(-time.Hour) // he brings what he has, no more
	}
	p := dispatch.Driver{
		ID: who.ID, Arrives: d.now, Free: d.now, On: who.OnlineAt, Off: off, Capacity: who.Capacity, Skills: who.Skills,
		Speed: speeds[who.Vehicle], Done: who.Done,
	}
	at := d.whereabouts(who)
	p.At = planPoint(at)
	for outlet, there := range d.b.Outlets {
		if at.Metres(there) <= d.o.AtCounter && (p.Pickup == 0 || outlet < p.Pickup) {
			p.Pickup, p.At, p.Arrives = outlet, planPoint(there), d.now.Add(-d.o.Plan.PickupService/2)
		}
	}
	for _, x := range d.b.Deliveries {
		if x.Driver == who.ID && x.Status == PickedUp && x.PickedUpAt.After(p.Handed) {
			p.Handed = x.PickedUpAt
		}
	}
	if free := p.Handed.Add(d.o.Plan.PickupService / 2); !p.Handed.IsZero() && free.After(d.now) {
		p.Free = free
	}
	return p
}

// whereabouts is where a driver was last; who never said is thought to be at a restaurant.
func (d *decision) whereabouts(who *Driver) Point {
	if who.Last != nil {
		return who.Last.Point
	}
	first := int64(0)
	for outlet := range d.b.Outlets {
		if first == 0 || outlet < first {
			first = outlet
		}
	}
	return d.b.Outlets[first]
}

func (d *decision) order(x *Delivery) dispatch.Order {
	r := d.readyAt(x)
	p := dispatch.Order{
		ID: x.Order, Pickup: x.Outlet, From: planPoint(x.From), To: planPoint(x.To), Placed: x.PlacedAt, Ready: r.P50, ReadyP90: r.P90,
		Due: x.PromisedAt, Size: x.Size, Needs: x.Needs, Pinned: x.Pinned, Barred: x.RefusedBy,
	}
	if !x.EscalatedAt.IsZero() && d.now.Sub(x.EscalatedAt) > d.o.AskAgain {
		p.Barred = nil
	}
	switch {
	case x.Status == PickedUp:
		p.Stage, p.Holder = dispatch.Carried, x.Driver
	case x.Status == Assigned, x.Status == Offered && d.now.Before(x.OfferUntil):
		p.Stage, p.Holder = dispatch.Bound, x.Driver
	case x.Status == Offered: // it runs out in this round
		p.Barred = append(slices.Clone(x.RefusedBy), x.Driver)
	}
	return p
}

// readyAt is when the food is ready; what is late is ready soon.
func (d *decision) readyAt(x *Delivery) Readiness {
	if slices.Contains([]string{"ready", "scheduling_delivery", "waiting_for_driver", "in_delivery"}, x.OrderStatus) {
		return Readiness{d.now, d.now}
	}
	r := d.ready[x.Order]
	if r.P50.Before(d.now) {
		r.P50 = d.now
	}
	if r.P90.Before(r.P50) {
		r.P90 = r.P50
	}
	return r
}

// offer asks drivers for what the plan wants of them now.
func (d *decision) offer() {
	for _, in := range d.Plan.Instructions {
		if in.Kind != dispatch.Fetch && in.Kind != dispatch.Collect {
			continue
		}
		i := slices.IndexFunc(d.b.Deliveries, func(x *Delivery) bool { return x.Order == in.Order })
		x, who := d.b.Deliveries[i], d.b.Driver(in.Driver)
		if who == nil || x.Status == Assigned || x.Status == Offered && x.Driver == who.ID {
			continue // it is his already
		}
		until, why := d.now.Add(d.b.Region.OfferFor), d.why(x, in)
		d.want("offer", x, who, func(t *Turn) error { return t.OfferTo(x.Order, who.ID, until, why) })
		d.due(until)
	}
	for _, h := range d.Plan.Holds {
		d.due(h.Until.Add(-d.o.Plan.Cadence))
		if who := d.b.Driver(h.Driver); who != nil {
			d.Notes[h.Order] = d.holdNote(h, who)
		}
	}
}

// holdNote says for people what an order waits for that has a driver in mind.
func (d *decision) holdNote(h dispatch.Hold, who *Driver) string {
	because := "its food is not ready before"
	if h.For == dispatch.ForDriver {
		because = "he is busy until then"
	}
	note := fmt.Sprintf("it waits for its moment: %s leaves for it at %s, %s", who.Name, h.Until.In(d.b.Region.Zone).Format("15:04"), because)
	if with := d.numbers(h.With); len(with) > 0 {
		note += "; together with " + strings.Join(with, ", ")
	}
	return note
}

// numbers are the orders' numbers as people know them.
func (d *decision) numbers(orders []int64) (list []string) {
	for _, x := range d.b.Deliveries {
		if slices.Contains(orders, x.Order) {
			list = append(list, x.Number)
		}
	}
	return list
}

func (d *decision) why(x *Delivery, in dispatch.Instruction) Why {
	r := d.readyAt(x)
	w := Why{
		Cost: in.Why.Cost, FoodWaits: max(0, in.Why.Wait), Arrives: &in.Arrive, ReadyP50: &r.P50, ReadyP90: &r.P90,
		OpenOrders: len(d.b.Deliveries), Drivers: len(d.b.Drivers), With: d.numbers(in.Why.With),
	}
	for _, a := range in.Why.Alternatives {
		if who := d.b.Driver(a.Driver); who != nil {
			w.Alternatives = append(w.Alternatives, Alternative{a.Driver, who.Name, a.Cost})
		}
	}
	return w
}

// etaStep is how much an estimate must move to be written again.
const etaStep = 20 * time.Second

// moved tells whether an estimate, or how sure it is, differs enough from another to be written.
func (e ETA) moved(o ETA) bool {
	return e.At.Sub(o.At).Abs() >= etaStep || e.From.Sub(o.From).Abs() >= etaStep || e.To.Sub(o.To).Abs() >= etaStep
}

// estimate works out when deliveries come, and who has to be told.
func (d *decision) estimate() {
	for _, r := range d.Plan.Routes {
		for i, s := range r.Stops {
			if !s.Drop {
				continue
			}
			k, ok := slices.BinarySearchFunc(d.b.Deliveries, s.Order, func(x *Delivery, id int64) int { return cmp.Compare(x.Order, id) })
			if !ok {
				continue
			}
			x := d.b.Deliveries[k]
			d.expect(x, s.At)
			if i == 0 {
				d.near(x, s.Arrive, s.At)
			}
		}
	}
}

// expect notes when a delivery comes. The interval widens with the way that is left, and with what the kitchen does not
// know yet.
func (d *decision) expect(x *Delivery, at time.Time) {
	left := at.Sub(d.now)
	e := ETA{At: at, From: at.Add(-time.Minute - left/8), To: at.Add(2*time.Minute + left/5)}
	if x.Status != PickedUp {
		r := d.readyAt(x)
		e.To = e.To.Add(r.P90.Sub(r.P50))
	}
	if !x.Located {
		e.To = e.To.Add(5 * time.Minute)
	}
	if e.From.Before(d.now) {
		e.From = d.now
	}
	if x.ETA.At.IsZero() || e.moved(x.ETA) {
		d.ETAs[x.Order] = e
	}
	if x.LateAt.IsZero() && !x.PromisedAt.IsZero() && e.At.Sub(x.PromisedAt) >= d.o.LateBy {
		d.want("late", x, nil, func(t *Turn) error { t.Tell(x.Order, event.DeliveryLate, e.At); return nil })
	}
}

// reasons say for people why nobody gets an order.
var reasons = map[dispatch.Reason]string{
	dispatch.ZonePaused: "its zone is paused", dispatch.NoDriver: "no driver is at work",
	dispatch.NotAllowed: "nobody at work has the skills, the room or the pin, or all have declined",
	dispatch.ShiftsEnd:  "nobody reaches the restaurant before his shift ends", dispatch.TooDear: "everybody is too busy",
	dispatch.HolderGone: "its driver is not at work any more",
}

// unassigned explains and, in time, escalates what nobody can have.
func (d *decision) unassigned() {
	for _, u := range d.Plan.Unassigned {
		i := slices.IndexFunc(d.b.Deliveries, func(x *Delivery) bool { return x.Order == u.Order })
		x := d.b.Deliveries[i]
		d.Notes[x.Order] = reasons[u.Reason]
		ready := d.readyAt(x).P50
		if x.Status != PickedUp {
			d.expect(x, ready.Add(d.o.Plan.PickupService+d.o.EscalateAfter+d.ride(x.From, x.To)))
		}
		urgent := d.now.Sub(x.PlacedAt) >= d.o.EscalateAfter && ready.Sub(d.now) <= 2*d.o.EscalateAfter
		if x.EscalatedAt.IsZero() && urgent {
			d.want("escalate", x, nil, func(t *Turn) error { t.Escalate(x.Order, reasons[u.Reason]); return nil })
		}
	}
}

// Apply does an intent to what was read, if that is still as it was. Errors: KindConflict.
func (i Intent) Apply(t *Turn) error {
	if !i.holds(t) {
		return errs.Conflict("it was overtaken")
	}
	return i.do(t)
}
