package orderpg

import (
	"context"
	"time"

	"brigade/internal/errs"
	"brigade/internal/order"
	"brigade/internal/order/orderpg/db"
	"brigade/internal/store"
)

// EditWaiting implements order.Waiters.
func (s *Store) EditWaiting(ctx context.Context, e order.Edit, at time.Time) error {
	var empty bool
	err := store.Commit(ctx, s.pool, func(tx store.Tx) error {
		q := s.q.WithTx(tx)
		rows, err := q.LockLives(ctx, []int64{e.Order})
		if err != nil {
			return err
		}
		if len(rows) == 0 || !rows[0].HasTerms {
			return order.ErrInKitchen
		}
		o := oneOf(rows[0])
		if err := o.mayChange(e); err != nil {
			return err
		}
		items, err := q.OrderLines(ctx, []int64{e.Order})
		if err != nil {
			return err
		}
		edit, err := waitingEdit(e, items)
		if err != nil || edit == nil {
			return err
		}
		if empty = len(items) == 1 && len(edit.Less) == 1 && e.Quantity == 0; empty {
			return nil
		}
		return s.Advance(ctx, tx, []Step{{Order: e.Order, Edit: edit, By: e.By, Reason: e.Reason, At: at}}, false)
	})
	if err != nil {
		return err
	}
	if empty { // with its last unit the order is cancelled
		_, err := s.Tell(ctx, order.Happening{Order: e.Order, Signal: order.Cancel, By: e.By, Reason: e.Reason, At: at})
		return err
	}
	s.parts.Committed()
	return nil
}

func (o *one) mayChange(e order.Edit) error {
	switch {
	case o.terms.Waits != order.WaitsPayment && o.terms.Waits != order.WaitsTime:
		if o.terms.External {
			return errs.Conflict("order %s is with the point of sale: only the whole of it can be cancelled", o.Number)
		}
		return order.ErrInKitchen
	case len(e.More) > 0 && o.terms.Pay.Method.Before():
		return paidAlready(o.Number)
	}
	return nil
}

// waitingEdit says what an edit changes; nil is nothing.
func waitingEdit(e order.Edit, items []db.OrderLinesRow) (*Edit, error) {
	last := 0
	for _, it := range items {
		last = max(last, int(it.LineNo))
		if e.Line != int(it.LineNo) {
			continue
		}
		switch surplus := int(it.Quantity) - e.Quantity; {
		case surplus < 0:
			return nil, errs.Invalid("quantity must be at most %d: more is a new line", it.Quantity)
		case surplus == 0:
			return nil, nil //nolint:nilnil // it was done before
		default:
			return &Edit{Less: []Cut{{e.Line, surplus}}}, nil
		}
	}
	if e.Line != 0 {
		return nil, errs.NotFound("the order has no line %d", e.Line)
	}
	edit := &Edit{Key: e.Key}
	for _, l := range e.More {
		last++
		l.No = last
		edit.More = append(edit.More, l)
	}
	return edit, nil
}
