package delivery

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"brigade/internal/delivery/dispatch"
	"brigade/internal/errs"
)

// Status is where a delivery is in its life.
type Status string

// The statuses of deliveries; docs/states.md draws what follows what.
const (
	Requested Status = "requested" // somebody is looked for
	Offered   Status = "offered"   // somebody was asked
	Assigned  Status = "assigned"  // somebody has accepted it
	PickedUp  Status = "picked_up" // he has it on board
	Delivered Status = "delivered"
	Cancelled Status = "cancelled" // nobody needs to carry it any more
)

// Statuses lists the statuses in the order of a life.
var Statuses = []Status{Requested, Offered, Assigned, PickedUp, Delivered, Cancelled}

// Closed tells whether nothing can follow.
func (s Status) Closed() bool { return s == Delivered || s == Cancelled }

// Signal is what can happen to a delivery.
type Signal string

// The signals.
const (
	Offer    Signal = "offered"
	Accept   Signal = "accepted"
	Decline  Signal = "declined"
	Expire   Signal = "not answered in time"
	Withdraw Signal = "withdrawn"
	Assign   Signal = "assigned by hand"
	Release  Signal = "given back"
	PickUp   Signal = "picked up"
	HandOn   Signal = "taken over by another driver"
	Deliver  Signal = "delivered"
	Cancel   Signal = "cancelled"
)

// steps is the life of a delivery.
var steps = []struct {
	from []Status
	on   Signal
	to   Status
}{
	{[]Status{Requested}, Offer, Offered},
	{[]Status{Offered}, Accept, Assigned},
	{[]Status{Offered}, Decline, Requested},
	{[]Status{Offered}, Expire, Requested},
	{[]Status{Offered}, Withdraw, Requested},
	{[]Status{Requested, Offered, Assigned}, Assign, Assigned},
	{[]Status{Assigned}, Release, Requested},
	{[]Status{Assigned}, PickUp, PickedUp},
	{[]Status{PickedUp}, HandOn, PickedUp},
	{[]Status{PickedUp}, Deliver, Delivered},
	{[]Status{Requested, Offered, Assigned, PickedUp}, Cancel, Cancelled},
}

// Next decides what becomes of a delivery. Errors: KindConflict when its life does not allow it.
func Next(s Status, on Signal) (Status, error) {
	for _, t := range steps {
		if t.on == on && slices.Contains(t.from, s) {
			return t.to, nil
		}
	}
	return s, errs.Conflict("a delivery that is %s cannot be %s", errs.Word(strings.ReplaceAll(string(s), "_", " ")), on)
}

// Diagram draws the lives of drivers and deliveries as Mermaid does, from the tables that decide.
func Diagram() string {
	var b strings.Builder
	b.WriteString("stateDiagram-v2\n    state \"driver\" as driver {\n        [*] --> IDLE\n")
	for _, t := range driverSteps {
		for _, from := range t.from {
			fmt.Fprintf(&b, "        %s --> %s: %s\n", from, t.to, t.on)
		}
	}
	b.WriteString("    }\n    state \"delivery\" as delivery {\n        [*] --> requested\n")
	for _, t := range steps {
		for _, from := range t.from {
			fmt.Fprintf(&b, "        %s --> %s: %s\n", from, t.to, t.on)
		}
	}
	b.WriteString("        delivered --> [*]\n        cancelled --> [*]\n    }\n")
	return b.String()
}

// Delivery is an order on its way to its door.
type Delivery struct {
	Order, Tenant, Outlet, Region int64
	Number                        string
	Status                        Status
	Version                       int
	Driver                        int64 // whom it is offered to, or who has it; 0: nobody
	Attempt                       int   // offers so far
	Token                         string
	Customer, Address             string
	From, To                      Point
	Located                       bool // false: nobody knows where the door is, To stands for an ordinary ride
	Size                          int
	Needs                         dispatch.Skills
	Pinned                        int64   // the only driver who may have it; 0: anybody
	RefusedBy                     []int64 // drivers who declined it or did not answer
	PlacedAt, PromisedAt          time.Time
	ETA                           ETA
	OfferUntil                    time.Time
	AssignedAt, PickedUpAt        time.Time
	NearAt, LateAt, EscalatedAt   time.Time
	Note                          string // why nobody has it
	Proof                         string
	AgeChecked                    bool // at the door
	ClosedAt                      time.Time
	Zone                          string // as it was called when the order was placed; "": none

	OrderStatus string // as the order's own life has it
	Waits       bool   // the order is not in the kitchen yet
	Code        string // what its guest says at the door; "": none is asked for

	expected int
	changed  bool
}

// ETA is when an order comes: most likely at At, and eight times in ten between From and To.
type ETA struct{ At, From, To time.Time }

// Open tells whether its life goes on.
func (d *Delivery) Open() bool { return !d.Status.Closed() }

// Ready tells whether its food can be picked up.
func (d *Delivery) Ready() bool { return climb(d.OrderStatus, "in_delivery") != nil }

// AgeCheck tells whether it is handed over only to somebody who is old enough for it.
func (d *Delivery) AgeCheck() bool { return d.Needs&dispatch.Alcohol != 0 }

// Carries tells whether a driver has accepted it and not brought it yet.
func (d *Delivery) Carries(driver int64) bool {
	return d.Driver == driver && (d.Status == Assigned || d.Status == PickedUp)
}
