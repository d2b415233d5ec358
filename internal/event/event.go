// Package event is what happened, for everybody who wants to know: envelope, catalogue, and the ports that carry
// events from the log in Postgres to screens, subscribers and brokers.
package event

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"
)

// Event is the envelope of one thing that happened. It is immutable once written.
type Event struct {
	Position      int64           `json:"position"` // place in the log; 0 until it is written
	ID            uuid.UUID       `json:"id"`
	Tenant        int64           `json:"tenant_id"`
	Outlet        int64           `json:"outlet_id"`
	Type          Type            `json:"type"`
	Version       int             `json:"version"` // of the payload's schema
	AggregateType string          `json:"aggregate_type"`
	AggregateID   int64           `json:"aggregate_id"`
	Sequence      int             `json:"sequence"` // order within the aggregate, from 1
	OccurredAt    time.Time       `json:"occurred_at"`
	Origin        int64           `json:"-"` // the node that wrote it
	TraceParent   string          `json:"trace_parent,omitempty"`
	Payload       json.RawMessage `json:"payload"`
}

// Type names what happened.
type Type string

// Aggregates.
const (
	AggregateTask   = "task"
	AggregateTicket = "ticket"
	AggregateOrder  = "order"
	AggregateOutlet = "outlet"
	AggregateWork   = "work" // an order that goes whole to a worker, by the order's id

	AggregateDelivery = "delivery" // an order on its way to its door, by the order's id
	AggregateDriver   = "driver"

	AggregateWorkflow = "workflow" // an execution, by its id
	AggregateAlert    = "alert"
)

// New returns an event of its type's version of today, not yet written.
func New(t Type, aggregateType string, aggregateID int64, sequence int, at time.Time, payload any) Event {
	body, err := json.Marshal(payload)
	if err != nil { // payloads are plain structs of the catalogue: this is a bug
		panic("event: payload of " + string(t) + ": " + err.Error())
	}
	return Event{
		ID: uuid.Must(uuid.NewV7()), Type: t, Version: VersionOf(t), AggregateType: aggregateType, AggregateID: aggregateID,
		Sequence: sequence, OccurredAt: at, Payload: body,
	}
}
