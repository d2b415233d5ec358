package order

import (
	"context"
	"errors"
	"slices"

	"brigade/internal/actor"
	"brigade/internal/errs"
)

// ErrRepeated says that an edit was done before, under the same key.
var ErrRepeated = errors.New("edited before under this key")

// Edit is a change of an order that is being cooked. Exactly one of Cancel, Line and More is given.
type Edit struct {
	Tenant   int64
	Order    int64
	Cancel   bool   // the whole order
	Line     int    // this line, from 1,
	Quantity int    // is to hold so many units and no more; 0: none
	Begun    bool   // with Line: units that are begun stay, even if they are more than Quantity
	More     []Line // new lines
	Made     string // what becomes of what is made: wasted, which is also "", or returned
	Reason   string
	By       string
	Key      string // of More: the same key again is done once; "" = none
}

// Kitchen changes orders that are being cooked: the order's rows and its tasks in one transaction. Errors: KindNotFound,
// KindInvalid (more than the line holds), KindConflict (the order is closed), ErrRepeated.
type Kitchen interface {
	Edit(ctx context.Context, e Edit) error
}

// OpenLine is a line of an open order.
type OpenLine struct {
	Order    int64
	Number   string
	Status   Status
	Line     int
	Name     string
	Quantity int
}

// Editor changes orders after they were taken, until they are handed over.
type Editor struct {
	*Service
	kitchen Kitchen
}

// NewEditor returns an editor of a service's orders.
func NewEditor(s *Service, k Kitchen) *Editor { return &Editor{s, k} }

// What becomes of food that was made.
const (
	Wasted   = "wasted"
	Returned = "returned"
)

// checkMade names a faulty field.
func checkMade(f *errs.Fields, made string) {
	if !slices.Contains([]string{"", Wasted, Returned}, made) {
		f.Add("made", "must be wasted or returned")
	}
}

// Cancel ends an order before it is handed over: what nobody has begun is not made, those who are at it are told, and
// what is made is recorded as wasted or returned (made). Repeated: the same answer. Errors: KindInvalid, KindNotFound;
// KindConflict when it was handed over.
func (e *Editor) Cancel(ctx context.Context, who actor.Actor, ref, made, reason string) (Order, error) {
	var f errs.Fields
	if checkMade(&f, made); f.Err() != nil {
		return Order{}, f.Err()
	}
	return e.edit(ctx, who, ref, Edit{Cancel: true, Made: made, Reason: reason})
}

// SetQuantity lets a line hold fewer units, 0 for none; units that are least begun go first. With its last unit the order
// is cancelled. Repeated: the same answer. Errors as Cancel; KindInvalid when the line holds fewer.
func (e *Editor) SetQuantity(ctx context.Context, who actor.Actor, ref string, line, quantity int, made, reason string) (Order, error) {
	var f errs.Fields
	if quantity < 0 {
		f.Add("quantity", "must not be below 0")
	}
	if checkMade(&f, made); f.Err() != nil {
		return Order{}, f.Err()
	}
	return e.edit(ctx, who, ref, Edit{Line: line, Quantity: quantity, Made: made, Reason: reason})
}

// AddLines adds items to an order; one that was ready is so no longer. The same key again gives the same answer and adds
// nothing. Errors as Cancel and Place.
func (e *Editor) AddLines(ctx context.Context, who actor.Actor, ref string, items []Wanted, key, reason string) (Order, error) {
	o, err := e.Get(ctx, who, ref)
	if err != nil {
		return Order{}, err
	}
	p := Placement{Source: o.Source, Key: key, Type: o.Type, Outlet: o.Outlet, Items: items}
	if err := p.Validate(); err != nil {
		return Order{}, err
	}
	if n := Units(o.Lines); n+unitsOf(items) > MaxUnits || len(o.Lines)+len(items) > MaxLines {
		return Order{}, errs.Invalid("an order has at most %d lines and %d units", MaxLines, MaxUnits)
	}
	outlet, err := e.outlets.Outlet(ctx, who.Tenant, o.Outlet)
	if err != nil {
		return Order{}, err
	}
	lines, err := e.lines(ctx, who.Tenant, outlet, p)
	if err != nil {
		return Order{}, err
	}
	if seen, err := e.seen(ctx, o, key); err != nil || seen {
		return o, err
	}
	if err := e.open(ctx, who.Tenant, o.Outlet, o.Source, lines); err != nil {
		return Order{}, err
	}
	return e.edit(ctx, who, o.Number, Edit{More: lines, Key: key, Reason: reason})
}

func unitsOf(items []Wanted) (n int) {
	for _, it := range items {
		n += it.Quantity
	}
	return n
}

// seen tells whether an order was edited under a key.
func (e *Editor) seen(ctx context.Context, o Order, key string) (bool, error) {
	if key == "" {
		return false, nil
	}
	return e.store.EditSeen(ctx, o.ID, key)
}

func (e *Editor) edit(ctx context.Context, who actor.Actor, ref string, change Edit) (Order, error) {
	o, err := e.Get(ctx, who, ref)
	switch {
	case err != nil:
		return Order{}, err
	case change.Cancel && o.Status == Cancelled:
		return o, nil
	case o.Status.Closed():
		return Order{}, errs.Conflict("order %s is %s: it cannot be changed any more", o.Number, o.Status)
	}
	change.Tenant, change.Order, change.By = o.Tenant, o.ID, who.Name
	if err := e.kitchen.Edit(ctx, change); err != nil && !errors.Is(err, ErrRepeated) {
		return Order{}, err
	}
	return e.Get(ctx, who, o.Number)
}

// Drop takes units of an item that nobody has begun off all open orders of an outlet, and returns the lines as they were
// with how many units each lost. An order that changes meanwhile keeps what it has.
func (e *Editor) Drop(ctx context.Context, who actor.Actor, lines []OpenLine, reason string) (dropped []int, err error) {
	dropped = make([]int, len(lines))
	for i, l := range lines {
		o, err := e.edit(ctx, who, l.Number, Edit{Line: l.Line, Begun: true, Reason: reason})
		switch {
		case errs.Is(err, errs.KindConflict):
			continue
		case err != nil:
			return dropped, err
		case o.Status == Cancelled:
			dropped[i] = l.Quantity
			continue
		}
		for _, now := range o.Lines {
			if now.No == l.Line {
				dropped[i] = max(0, l.Quantity-now.Quantity)
			}
		}
	}
	return dropped, nil
}

// With lists lines of an outlet's open orders that hold an item and are not ready, oldest first; 0 is the actor's own
// outlet. Errors: KindNotFound.
func (e *Editor) With(ctx context.Context, who actor.Actor, outlet int64, sku string) ([]OpenLine, error) {
	if outlet == 0 {
		outlet = who.Outlet
	}
	if !who.Sees(outlet) {
		return nil, errs.NotFound("no such outlet")
	}
	return e.store.OpenWith(ctx, who.Tenant, outlet, sku)
}
