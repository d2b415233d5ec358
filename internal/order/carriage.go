package order

import (
	"context"
	"time"

	"brigade/internal/errs"
	"brigade/internal/money"
)

// Carriage is what carrying an order means: where it goes and what that costs.
type Carriage struct {
	Zone     string // "": the outlet has none there
	Fee      money.Amount
	Minimum  money.Amount // what its lines must come to
	FreeFrom money.Amount // from there on there is no fee; 0: never free
	Extra    time.Duration
	Refusal  error // why it is not carried just now; nil: it is
}

// Journey is an order that is to be carried.
type Journey struct {
	Tenant, Outlet int64
	Door           *Door // nil: only the address is known
	Address        string
	Sum            money.Amount // of its lines
	At             time.Time    // when it is wanted; zero: as soon as it can be
	Zone           *time.Location
	Agreed         bool // fee and minimum were agreed on by an ordering provider
}

// Carriers know where outlets deliver.
type Carriers interface {
	// Carry tells what carrying an order means. Errors: KindInvalid when it goes where nothing is delivered.
	Carry(ctx context.Context, j Journey) (Carriage, error)
}

// CarryBy lets the service ask where outlets deliver, and what that costs. It is called before the first order.
func (s *Service) CarryBy(c Carriers) { s.carriers = c }

// carry finds out what carrying an order means and adds the fee to what it comes to. What the contracts' own routes take
// has no fee, and is taken wherever it goes.
func (s *Service) carry(ctx context.Context, outlet Outlet, p Placement, o *Order) error {
	if s.carriers == nil || p.Type != Delivery || !agrees(p.Source) {
		return nil
	}
	j := Journey{
		Tenant: o.Tenant, Outlet: o.Outlet, Door: p.Door, Address: p.DeliveryAddress, Sum: o.Total, At: p.ReadyAt, Zone: outlet.zone(),
		Agreed: fromChannel(p.Source),
	}
	if p.ReadyFor != "" {
		j.At, _ = NextAt(o.PlacedAt, p.ReadyFor, outlet.zone()) // what is wrong with it, the terms say
	}
	c, err := s.carriers.Carry(ctx, j)
	if err != nil {
		return err
	}
	o.Carriage = &c
	o.Fee = c.Fee
	o.Total += c.Fee
	return c.Refusal
}

// final tells whether an error is an answer to a request, as it stands, which a request that was right when it came first
// is not given.
func final(err error) bool { return errs.Is(err, errs.KindConflict) || errs.Is(err, errs.KindInvalid) }
