package orderpg

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"brigade/internal/errs"
	"brigade/internal/event"
	"brigade/internal/money"
	"brigade/internal/order"
	"brigade/internal/order/orderpg/db"
	"brigade/internal/store"
)

// Edit is a change of an open order that is being cooked.
type Edit struct {
	Cancel bool
	Reopen bool // it is no longer ready
	Less   []Cut
	More   []order.Line // with their numbers
	Key    string       // the client's: the same key again is refused with order.ErrRepeated; "" = none
}

// Cut takes units off a line.
type Cut struct{ Line, Units int }

// RefusedError says that an order does not allow an edit.
type RefusedError struct {
	Order int64
	Err   error
}

func (e *RefusedError) Error() string { return e.Err.Error() }

func (e *RefusedError) Unwrap() error { return e.Err }

// kitchens are the statuses in which an order is its kitchen's.
var kitchens = []order.Status{
	order.Created, order.Scheduled, order.InPreparation, order.Ready, order.SchedulingDelivery, order.WaitingForDriver,
}

// edit takes an order through an edit.
func (w *walk) edit(ctx context.Context, q *db.Queries, st Step) error {
	o, e := w.orders[st.Order], st.Edit
	if o == nil {
		return &RefusedError{st.Order, errs.NotFound("no order %d", st.Order)}
	}
	if o.Status.Closed() {
		return &RefusedError{o.ID, errs.Conflict("order %s is %s: it cannot be changed any more", o.Number, o.Status)}
	}
	if !e.Cancel && !slices.Contains(kitchens, o.Status) {
		return &RefusedError{o.ID, errs.Conflict("order %s is %s: only the whole of it can be cancelled", o.Number, o.Status)}
	}
	if len(e.More) > 0 && w.pays[o.ID].Before() {
		return &RefusedError{o.ID, paidAlready(o.Number)}
	}
	if e.Key != "" {
		seen, err := q.EditSeen(ctx, db.EditSeenParams{OrderID: o.ID, Key: e.Key})
		if err != nil {
			return err
		}
		if seen {
			return &RefusedError{o.ID, order.ErrRepeated}
		}
	}
	to := o.Status
	switch {
	case e.Cancel:
		to = order.Cancelled
	case e.Reopen && o.Status.AtCounter():
		to = order.InPreparation
	}
	if err := w.take(Step{Order: o.ID, To: To(to), Edit: e, By: st.By, Reason: st.Reason, At: st.At}); err != nil {
		return &RefusedError{o.ID, err}
	}
	if len(e.Less)+len(e.More) == 0 {
		return nil
	}
	return w.refill(ctx, q, o, st)
}

// refill changes what an order holds, and its total.
func (w *walk) refill(ctx context.Context, q *db.Queries, o *order.Order, st Step) error {
	old := o.Total
	o.Version++
	o.UpdatedAt, o.UpdatedBy = st.At, st.By
	lines, err := cutItems(ctx, q, o, st.Edit.Less)
	if err != nil {
		return err
	}
	more, err := addLines(ctx, q, o, st.Edit.More)
	if err != nil {
		return err
	}
	lines = append(lines, more...)
	if err := q.SetTotal(ctx, db.SetTotalParams{ID: o.ID, Total: int64(o.Total)}); err != nil {
		return err
	}
	w.moved, w.edited[o.ID] = append(w.moved, o), true
	w.history.add(o, st.By, strings.TrimSuffix(summary(lines)+": "+st.Reason, ": "))
	w.history.Keys[len(w.history.Keys)-1] = st.Edit.Key
	ev := event.New(event.OrderEdited, event.AggregateOrder, o.ID, o.Version, st.At, event.EditPayload{
		OrderID: o.ID, OrderNumber: o.Number, ChangedBy: st.By, Reason: st.Reason, Lines: lines,
		OldTotalMinor: int64(old), TotalMinor: int64(o.Total), DifferenceMinor: int64(o.Total - old), Currency: o.Currency, Source: o.Source,
	})
	ev.Tenant, ev.Outlet = o.Tenant, o.Outlet
	w.events = append(w.events, ev)
	return nil
}

// paidAlready refuses what would make an order cost more than its guest has agreed to pay.
func paidAlready(number string) error {
	return errs.Conflict("order %s is paid: what is added is an order of its own", number)
}

// summary writes "-1 Burger combo, +2 Cold coffee".
func summary(lines []event.EditLine) string {
	parts := make([]string, len(lines))
	for i, l := range lines {
		parts[i] = fmt.Sprintf("%+d %s", l.Change, l.Name)
	}
	return strings.Join(parts, ", ")
}

func cutItems(ctx context.Context, q *db.Queries, o *order.Order, cuts []Cut) ([]event.EditLine, error) {
	lines := make([]event.EditLine, 0, len(cuts))
	for _, c := range cuts {
		r, err := q.CutItem(ctx, db.CutItemParams{OrderID: o.ID, Line: int16(c.Line), Units: int32(c.Units)})
		if err != nil {
			return nil, err
		}
		o.Total -= money.Amount(r.UnitPriceMinor).Times(c.Units)
		lines = append(lines, event.EditLine{Line: c.Line, SKU: r.Sku, Name: r.Name, Quantity: int(r.Quantity), Change: -c.Units})
	}
	return lines, nil
}

func addLines(ctx context.Context, q *db.Queries, o *order.Order, more []order.Line) ([]event.EditLine, error) {
	if len(more) == 0 {
		return nil, nil
	}
	var p db.InsertItemsParams
	o.Lines = more
	addItems(&p, o)
	o.Total += order.Total(more)
	lines := make([]event.EditLine, len(more))
	for i, l := range more {
		lines[i] = event.EditLine{Line: l.No, SKU: l.SKU, Name: l.Name, Quantity: l.Quantity, Change: l.Quantity}
	}
	return lines, q.InsertItems(ctx, p)
}

// EditSeen tells whether an order was edited under a key.
func (s *Store) EditSeen(ctx context.Context, id int64, key string) (bool, error) {
	seen, err := s.q.EditSeen(ctx, db.EditSeenParams{OrderID: id, Key: key})
	return seen, store.Classify(err)
}

// OpenWith implements order.Store.
func (s *Store) OpenWith(ctx context.Context, tenant, outlet int64, sku string) ([]order.OpenLine, error) {
	rows, err := s.q.OpenWith(ctx, db.OpenWithParams{Tenant: tenant, Outlet: outlet, Sku: sku})
	lines := make([]order.OpenLine, len(rows))
	for i, r := range rows {
		lines[i] = order.OpenLine{
			Order: r.ID, Number: r.Number, Status: order.Status(r.Status), Line: int(r.LineNo), Name: r.Name, Quantity: int(r.Quantity),
		}
	}
	return lines, store.Classify(err)
}
