// Package notify tells customers and integrators what becomes of orders: by signed webhook, e-mail, text message and
// on the console. Every message is a row of one ledger, written once for each change and recipient, and is sent until
// it has arrived or is given up.
package notify

import (
	"slices"
	"time"

	"brigade/internal/event"
	"brigade/internal/money"
)

// Kind is what a message tells.
type Kind string

// The kinds.
const (
	Accepted     Kind = "accepted"
	Preparing    Kind = "preparing"
	Delayed      Kind = "delayed"
	Ready        Kind = "ready"
	OnTheWay     Kind = "on_the_way"
	DriverNear   Kind = "driver_near"
	HandedOver   Kind = "handed_over"
	Cancelled    Kind = "cancelled"
	Rejected     Kind = "rejected"
	Edited       Kind = "edited"    // it holds less or more than it did
	Attention    Kind = "attention" // staff should look: whoever was to make it does not
	Alert        Kind = "alert"     // there is something to look at, or no longer
	Digest       Kind = "digest"    // a week in a few sentences
	StateChanged Kind = "state"     // how an ordering provider's channel takes orders
	Test         Kind = "test"      // somebody wants to see whether messages arrive
)

// Kinds lists all kinds in the order of an order's life.
var Kinds = []Kind{Accepted, Preparing, Delayed, Ready, OnTheWay, DriverNear, HandedOver, Cancelled, Rejected, Edited, Attention, Alert}

// forGuests are the kinds that are worth a guest's attention; integrators are told everything.
var forGuests = []Kind{Accepted, Delayed, Ready, OnTheWay, DriverNear, HandedOver, Cancelled, Rejected}

// worthFollowing are the kinds after which a guest still waits for something.
var worthFollowing = []Kind{Accepted, Delayed, Ready, OnTheWay, DriverNear}

// forStaff are the kinds that an outlet's own people are told.
var forStaff = []Kind{Attention, Alert}

// onConsole are the kinds that the console shows: changes of status.
func (k Kind) onConsole() bool {
	return k != Edited && k != Attention && k != Alert && k != Digest && k != StateChanged && k != Test
}

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
	Source   string    // who took the order; of a channel's state: the channel's
	Facts    Facts
	State    *ChannelState // of a channel; then Facts are empty
	Alarm    *Alarm        // of an alert; then Facts say the same, for people
}

// ChannelState is how an ordering provider's channel takes orders.
type ChannelState struct {
	Channel string     `json:"name"`
	State   string     `json:"state"`                   // open, busy, paused
	Delay   int        `json:"delay_minutes,omitempty"` // of busy: so much longer than usual
	Until   *time.Time `json:"until,omitempty"`         // then it is another; absent: nobody knows
	Reason  string     `json:"reason,omitempty"`
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

	ExternalID string        `json:"external_id,omitempty"` // what its ordering provider calls it
	Total      *money.Amount `json:"total,omitempty"`       // of an edited order
	PayBack    *money.Amount `json:"pay_back,omitempty"`    // what its ordering provider owes the guest
	Currency   string        `json:"currency,omitempty"`    // of the amounts
}

// FromEvent reads out of an event what may be told; nothing when it is of no interest to anybody outside.
func FromEvent(e event.Event) []Change {
	if p, ok := e.EditPayload(); ok {
		return []Change{fromEdit(e, p)}
	}
	if d, ok := e.DeliveryPayload(); ok {
		return fromDelivery(e, d)
	}
	if p, ok := e.AlertPayload(); ok {
		return fromAlert(e, p)
	}
	p, ok := e.OrderPayload()
	kind := kindOf[p.NewStatus]
	if !ok || kind == "" {
		return nil
	}
	c := Change{
		Tenant: e.Tenant, Outlet: e.Outlet, Sequence: e.Sequence, Kind: kind, At: e.OccurredAt, Source: p.Source,
		Facts: Facts{
			OrderID: p.OrderID, Number: p.OrderNumber, OldStatus: p.OldStatus, Status: p.NewStatus, Type: p.Type,
			CustomerName: p.CustomerName, ChangedBy: p.ChangedBy, Reason: p.Reason, ExpectedAt: p.EstimatedCompletion,
		},
	}
	if p.WaitsFor == "payment" {
		return nil // nobody has accepted it before it is paid
	}
	if !p.Attention {
		return []Change{c}
	}
	look := c
	look.Kind = Attention
	return []Change{c, look}
}

func fromEdit(e event.Event, p event.EditPayload) Change {
	total := money.Amount(p.TotalMinor)
	f := Facts{
		OrderID: p.OrderID, Number: p.OrderNumber, ChangedBy: p.ChangedBy, Reason: p.Reason, Total: &total, Currency: p.Currency,
	}
	if p.DifferenceMinor < 0 {
		back := -money.Amount(p.DifferenceMinor)
		f.PayBack = &back
	}
	return Change{Tenant: e.Tenant, Outlet: e.Outlet, Sequence: e.Sequence, Kind: Edited, At: e.OccurredAt, Source: p.Source, Facts: f}
}
