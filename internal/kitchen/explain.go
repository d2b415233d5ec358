package kitchen

import (
	"context"
	"time"

	"brigade/internal/actor"
	"brigade/internal/clock"
	"brigade/internal/errs"
)

// CaseStore is what explaining an order needs of Postgres.
type CaseStore interface {
	Tickets(ctx context.Context, orders []int64) ([]*Ticket, error)
	// Surroundings returns what went on in a ticket's kitchen from when it was opened until a time: the Case without its
	// ticket and times.
	Surroundings(ctx context.Context, t *Ticket, until time.Time) (Case, error)
}

// Explainer tells where orders' time went.
type Explainer struct {
	store CaseStore
	clock clock.Clock
}

// NewExplainer returns the service over a store.
func NewExplainer(store CaseStore, clk clock.Clock) *Explainer { return &Explainer{store, clk} }

// Order tells where an order's time went; due is what it is measured against, zero: what was promised. Errors: KindNotFound.
func (e *Explainer) Order(ctx context.Context, who actor.Actor, order int64, due time.Time) (*Account, error) {
	tickets, err := e.store.Tickets(ctx, []int64{order})
	if err != nil {
		return nil, err
	}
	if len(tickets) == 0 || tickets[0].Tenant != who.Tenant || !who.Sees(tickets[0].Outlet) {
		return nil, errs.NotFound("no ticket for order %d", order)
	}
	t, now := tickets[0], e.clock.Now()
	until := now
	if t.Closed() {
		until = t.ClosedAt
	}
	c, err := e.store.Surroundings(ctx, t, until)
	if err != nil {
		return nil, err
	}
	if due.IsZero() {
		due = t.Due
	}
	c.Ticket, c.Now, c.Due = t, now, due
	return c.Explain(), nil
}
