// Package notify tells customers and integrators what becomes of orders: by signed webhook, e-mail, text message and
// on the console. Every message is a row of one ledger, written once for each change and recipient, and is sent until
// it has arrived or is given up.
package notify

import (
	"slices"
	"time"

	"brigade/internal/event"
)

// Kind is what a message tells.
type Kind string

// The kinds.
const (
	Accepted   Kind = "accepted"
	Preparing  Kind = "preparing"
	Delayed    Kind = "delayed"
	Ready      Kind = "ready"
	OnTheWay   Kind = "on_the_way"
	DriverNear Kind = "driver_near"
	HandedOver Kind = "handed_over"
	Cancelled  Kind = "cancelled"
	Rejected   Kind = "rejected"
)

// Kinds lists all kinds in the order of an order's life.
var Kinds = []Kind{Accepted, Preparing, Delayed, Ready, OnTheWay, DriverNear, HandedOver, Cancelled, Rejected}

// forGuests are the kinds that are worth a guest's attention; integrators are told everything.
var forGuests = []Kind{Accepted, Delayed, Ready, OnTheWay, DriverNear, HandedOver, Cancelled, Rejected}

func (k Kind) known() bool { return slices.Contains(Kinds, k) }

// kindOf says what a new status of an order means to those who are told.
var kindOf = map[string]Kind{
	"created": Accepted, "scheduled": Accepted, "in_preparation": Preparing, "ready": Ready, "in_delivery": OnTheWay,
	"served": HandedOver, "collected": HandedOver, "delivered": HandedOver, "cancelled": Cancelled, "rejected": Rejected,
}

// Change is something about an order that may be told. Kind, order and sequence name it: it is told once.
type Change struct {
	Tenant   int64
	Outlet   int64
	Sequence int // of the order's changes
	Kind     Kind
	At       time.Time // product time
	Facts    Facts
}

// Facts are what a message says. They are the data of webhooks and of templates.
type Facts struct {
	OrderID      int64      `json:"id"`
	Number       string     `json:"number"`
	OldStatus    string     `json:"old_status"`
	Status       string     `json:"status"`
	Type         string     `json:"type,omitempty"`
	CustomerName string     `json:"customer_name,omitempty"`
	ChangedBy    string     `json:"changed_by,omitempty"`
	Reason       string     `json:"reason,omitempty"`
	ExpectedAt   *time.Time `json:"expected_at,omitempty"` // when it is ready or arrives
}

// FromEvent reads a change out of an event; ok is false when it is of no interest to anybody outside.
func FromEvent(e event.Event) (c Change, ok bool) {
	p, ok := e.OrderPayload()
	kind := kindOf[p.NewStatus]
	if !ok || kind == "" {
		return Change{}, false
	}
	return Change{
		Tenant: e.Tenant, Outlet: e.Outlet, Sequence: e.Sequence, Kind: kind, At: e.OccurredAt,
		Facts: Facts{
			OrderID: p.OrderID, Number: p.OrderNumber, OldStatus: p.OldStatus, Status: p.NewStatus, Type: p.Type,
			CustomerName: p.CustomerName, ChangedBy: p.ChangedBy, Reason: p.Reason, ExpectedAt: p.EstimatedCompletion,
		},
	}, true
}
