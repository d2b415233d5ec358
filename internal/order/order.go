// Package order takes orders in and follows them to their end: validation, pricing, numbers, the order's life.
package order

import (
	"fmt"
	"slices"
	"time"

	"brigade/internal/money"
	"brigade/internal/recipe"
)

// Type is how an order reaches its guest.
type Type string

// The order types.
const (
	DineIn   Type = "dine_in"
	Takeout  Type = "takeout"
	Delivery Type = "delivery"
)

// Types lists the order types.
var Types = []Type{DineIn, Takeout, Delivery}

// Status is where an order is in its life.
type Status string

// The statuses; docs/states.md draws what follows what.
const (
	Created            Status = "created"             // taken, waiting for its payment or the kitchen
	Rejected           Status = "rejected"            // its payment was refused
	Scheduled          Status = "scheduled"           // accepted; made when its time has come
	InPreparation      Status = "in_preparation"      // the first task was started
	Ready              Status = "ready"               // everything is made
	SchedulingDelivery Status = "scheduling_delivery" // a courier is looked for
	WaitingForDriver   Status = "waiting_for_driver"  // offered to couriers
	InDelivery         Status = "in_delivery"         // picked up
	Served             Status = "served"              // dine-in: handed over
	Collected          Status = "collected"           // takeout: handed over
	Delivered          Status = "delivered"           // delivery: handed over
	Cancelled          Status = "cancelled"
)

// Statuses lists all statuses in the order of a life.
var Statuses = []Status{
	Created, Rejected, Scheduled, InPreparation, Ready, SchedulingDelivery, WaitingForDriver, InDelivery,
	Served, Collected, Delivered, Cancelled,
}

// Closed tells whether nothing can follow.
func (s Status) Closed() bool {
	return s == Served || s == Collected || s == Delivered || s == Cancelled || s == Rejected
}

// Line is one line of an order.
type Line struct {
	No        int           `json:"line,omitempty"` // from 1; it stays when other lines go
	SKU       string        `json:"sku,omitempty"`  // empty: not on the menu
	Name      string        `json:"name"`
	Quantity  int           `json:"quantity"`
	Cancelled int           `json:"cancelled,omitempty"` // units taken off since; Quantity is what is left
	UnitPrice money.Amount  `json:"unit_price"`
	Course    int           `json:"course,omitempty"` // when in a meal it is wanted, from 1; 0 = 1
	Recipe    recipe.Recipe `json:"-"`
}

// Order is an order as it stands. Times are UTC.
type Order struct {
	TraceParent     string // W3C trace context of whoever places it; "": it is not traced. Not kept with the order
	ID              int64
	Tenant          int64
	Outlet          int64
	Number          string // ORD_YYYYMMDD_NNN, gap-free per tenant and UTC day
	Source          string // who took it
	Status          Status
	Type            Type
	CustomerName    string
	TableNumber     int // 0 = none
	DeliveryAddress string
	Contact         *Contact // of a new order: how its guest wants to be told; nil: he does not
	Door            *Door    // of a new order: where it is to be carried; nil: the address says it
	Lines           []Line
	Hold            bool         // of a new order: nothing is begun until it is fired
	WantedAt        time.Time    // of an order that its kitchen is given: when it shall be ready; zero: as soon as it can be
	Promise         *Promise     // of an order that its kitchen is given: when it will be; nil: the kitchen says it in a moment
	Total           money.Amount // with Fee
	Fee             money.Amount // of carrying it
	Carriage        *Carriage    // of a new order: what carrying it means; nil: nobody asked
	Currency        string
	Priority        int // 1, 5 or 10: contract R
	Version         int
	PlacedAt        time.Time
	UpdatedAt       time.Time
	UpdatedBy       string
	ReadyAt         time.Time // zero: not yet
	ClosedAt        time.Time // zero: not yet
}

// Change is one row of an order's history.
type Change struct {
	Seq    int       `json:"seq"`
	Status Status    `json:"status"`
	By     string    `json:"changed_by"`
	At     time.Time `json:"timestamp"`
	Reason string    `json:"reason,omitempty"`
}

// Priority is contract R's: 10 above 100, 5 from 50 to 100, else 1.
func Priority(total money.Amount) int {
	switch {
	case total > 100_00:
		return 10
	case total >= 50_00:
		return 5
	}
	return 1
}

// Number writes the n-th order number of a UTC day: ORD_20241216_001, growing past 999.
func Number(day time.Time, n int) string {
	return fmt.Sprintf("ORD_%s_%03d", day.UTC().Format("20060102"), n)
}

// Total is the sum of price times quantity, exact.
func Total(lines []Line) money.Amount {
	var sum money.Amount
	for _, l := range lines {
		sum += l.UnitPrice.Times(l.Quantity)
	}
	return sum
}

// Units is how many single items the lines hold.
func Units(lines []Line) int {
	n := 0
	for _, l := range lines {
		n += l.Quantity
	}
	return n
}

// AtCounter tells whether everything is made and still in the house: something can be made again.
func (s Status) AtCounter() bool { return slices.Contains(atCounter, s) }
