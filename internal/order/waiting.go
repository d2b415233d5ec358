package order

import (
	"context"
	"errors"
	"time"

	"brigade/internal/actor"
	"brigade/internal/clock"
	"brigade/internal/errs"
)

// Waiters keeps orders that their kitchens do not have yet.
type Waiters interface {
	Lives
	// EditWaiting changes what an order holds that waits for its payment or its time. Errors: KindNotFound, KindConflict;
	// ErrInKitchen when it is not that order's turn to be changed here.
	EditWaiting(ctx context.Context, e Edit, at time.Time) error
}

// Waiting is a Kitchen that also changes orders which the kitchen does not have: those that wait, and those that are
// made elsewhere.
type Waiting struct {
	orders  Waiters
	kitchen Kitchen
	clock   clock.Clock
}

// NewWaiting returns it in front of a kitchen.
func NewWaiting(w Waiters, k Kitchen, clk clock.Clock) *Waiting { return &Waiting{w, k, clk} }

// Edit implements Kitchen.
func (w *Waiting) Edit(ctx context.Context, e Edit) error {
	var err error
	now := w.clock.Now().Truncate(time.Microsecond)
	if e.Cancel {
		_, err = w.orders.Tell(ctx, Happening{Order: e.Order, Signal: Cancel, By: e.By, Reason: e.Reason, At: now})
	} else {
		err = w.orders.EditWaiting(ctx, e, now)
	}
	if errors.Is(err, ErrInKitchen) || errs.Is(err, errs.KindNotFound) {
		return w.kitchen.Edit(ctx, e)
	}
	return err
}

func (s *Service) reschedule(ctx context.Context, who actor.Actor, ref string, lives Lives, at time.Time, hhmm string) (Order, error) {
	o, err := s.Get(ctx, who, ref)
	if err != nil {
		return Order{}, err
	}
	outlet, err := s.outlets.Outlet(ctx, who.Tenant, o.Outlet)
	if err != nil {
		return Order{}, err
	}
	set, err := s.agreement.outfits.Settings(ctx, o.Outlet)
	if err != nil {
		return Order{}, err
	}
	now := s.clock.Now().Truncate(time.Microsecond)
	wanted, err := wantedAt(set, outlet.zone(), Placement{ReadyAt: at, ReadyFor: hhmm}, now)
	if err != nil {
		return Order{}, err
	}
	if wanted.IsZero() {
		return Order{}, errs.Invalid("ready_at or ready_for must be given")
	}
	if _, err := lives.Tell(ctx, Happening{Order: o.ID, Wanted: wanted, By: who.Name, At: now}); err != nil {
		if errs.Is(err, errs.KindNotFound) {
			return Order{}, errs.Conflict("order %s is being made: its time cannot be changed any more", o.Number)
		}
		return Order{}, err
	}
	return s.Get(ctx, who, ref)
}
