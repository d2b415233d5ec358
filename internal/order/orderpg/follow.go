package orderpg

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"brigade/internal/errs"
	"brigade/internal/event"
	"brigade/internal/money"
	"brigade/internal/order"
	"brigade/internal/order/orderpg/db"
	"brigade/internal/store"
)

// Get implements order.Store.
func (s *Store) Get(ctx context.Context, tenant int64, ref string) (order.Order, error) {
	id, err := s.find(ctx, tenant, ref)
	if err != nil {
		return order.Order{}, err
	}
	orders, err := load(ctx, s.q, []int64{id})
	if err != nil {
		return order.Order{}, store.Classify(err)
	}
	return orders[0], nil
}

func (s *Store) find(ctx context.Context, tenant int64, ref string) (int64, error) {
	byID, err := strconv.ParseInt(ref, 10, 64)
	if err != nil {
		byID = 0 // no order has it
	}
	id, err := s.q.OrderID(ctx, db.OrderIDParams{Tenant: tenant, Number: ref, ID: byID})
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, errs.NotFound("no order %s", ref)
	}
	return id, store.Classify(err)
}

// History implements order.Store.
func (s *Store) History(ctx context.Context, tenant int64, ref string) ([]order.Change, error) {
	id, err := s.find(ctx, tenant, ref)
	if err != nil {
		return nil, err
	}
	rows, err := s.q.History(ctx, db.HistoryParams{OrderID: id, Tenant: tenant})
	if err != nil {
		return nil, store.Classify(err)
	}
	changes := make([]order.Change, len(rows))
	for i, r := range rows {
		changes[i] = order.Change{Seq: int(r.Seq), Status: order.Status(r.Status), By: r.ChangedBy, At: r.ChangedAt, Reason: r.Reason}
	}
	return changes, nil
}

// List implements order.Store.
func (s *Store) List(ctx context.Context, f order.Filter) ([]order.Order, error) {
	p := db.ListParams{Tenant: f.Tenant, Outlet: f.Outlet, Before: f.Before, OpenOnly: f.Open, N: int32(f.Limit), Statuses: []string{}}
	for _, st := range f.Status {
		p.Statuses = append(p.Statuses, string(st))
	}
	list := s.q.List
	if f.Oldest {
		list = func(ctx context.Context, p db.ListParams) ([]int64, error) {
			return s.q.ListOldest(ctx, db.ListOldestParams{Tenant: p.Tenant, Outlet: p.Outlet, Statuses: p.Statuses, N: p.N})
		}
	}
	ids, err := list(ctx, p)
	if err != nil {
		return nil, store.Classify(err)
	}
	orders, err := load(ctx, s.q, ids)
	return orders, store.Classify(err)
}

// Counts returns how many open orders of a tenant (and outlet; 0: all) are in each status.
func (s *Store) Counts(ctx context.Context, tenant, outlet int64) (map[order.Status]int, error) {
	rows, err := s.q.CountByStatus(ctx, db.CountByStatusParams{Tenant: tenant, Outlet: outlet})
	counts := make(map[order.Status]int, len(rows))
	for _, r := range rows {
		counts[order.Status(r.Status)] = int(r.N)
	}
	return counts, store.Classify(err)
}

// Pulse implements order.Store.
func (s *Store) Pulse(ctx context.Context, tenant, outlet int64, now time.Time) (order.Pulse, error) {
	counts, err := s.Counts(ctx, tenant, outlet)
	if err != nil {
		return order.Pulse{}, err
	}
	rows, err := s.q.ReadyLately(ctx, db.ReadyLatelyParams{
		Tenant: tenant, Outlet: outlet, Now: now, Since: now.Add(-order.PulseMinutes * time.Minute),
	})
	p := order.Pulse{Open: counts}
	took := make([]time.Duration, 0, len(rows))
	for _, r := range rows {
		p.Ready[min(int(now.Sub(*r.ReadyAt)/time.Minute), order.PulseMinutes-1)]++
		took = append(took, r.ReadyAt.Sub(r.PlacedAt))
	}
	if slices.Sort(took); len(took) > 0 {
		p.Typical = took[len(took)/2]
	}
	return p, store.Classify(err)
}

// Move implements order.Store.
func (s *Store) Move(ctx context.Context, tenant int64, ref string, to func(order.Type) order.Status, by, reason string, at time.Time) (order.Order, error) {
	id, err := s.find(ctx, tenant, ref)
	if err != nil {
		return order.Order{}, err
	}
	err = store.Commit(ctx, s.pool, func(tx store.Tx) error {
		return s.Advance(ctx, tx, []Step{{Order: id, To: to, By: by, Reason: reason, At: at}}, false)
	})
	if err != nil {
		return order.Order{}, err
	}
	s.parts.Committed()
	return s.Get(ctx, tenant, ref)
}

// Step is one order's next status, or an edit of it.
type Step struct {
	Order  int64
	To     func(order.Type) order.Status
	Edit   *Edit
	By     string
	Reason string
	At     time.Time
}

// To is a step to one status, whatever the order's type.
func To(s order.Status) func(order.Type) order.Status {
	return func(order.Type) order.Status { return s }
}

// Advance moves orders on inside a transaction, guarded by the life cycle, with history and events. Steps of one order
// are taken in turn. lenient: a step that the life does not allow any more (the order was cancelled meanwhile) is left
// out; otherwise it is a KindConflict error. An edit that is not allowed is a *RefusedError.
func (s *Store) Advance(ctx context.Context, tx store.Tx, steps []Step, lenient bool) error {
	q := s.q.WithTx(tx)
	ids := make([]int64, len(steps))
	for i, st := range steps {
		ids[i] = st.Order
	}
	rows, err := q.LockOrders(ctx, ids)
	if err != nil {
		return err
	}
	pays := map[int64]order.Method{}
	orders := make(map[int64]*order.Order, len(rows))
	for _, r := range rows {
		orders[r.ID] = &order.Order{
			ID: r.ID, Tenant: r.TenantID, Outlet: r.OutletID, Number: r.Number, Status: order.Status(r.Status),
			Type: order.Type(r.Type), CustomerName: r.CustomerName, Total: money.Amount(r.TotalMinor), Currency: r.Currency,
			Version: int(r.Version), Source: r.Source,
		}
		if r.Method != "" {
			pays[r.ID] = order.Method(r.Method)
		}
	}
	w := walk{orders: orders, pays: pays, edited: map[int64]bool{}}
	for _, st := range steps {
		if st.Edit != nil {
			err = w.edit(ctx, q, st)
		} else if err = w.take(st); lenient {
			err = nil
		}
		if err != nil {
			return err
		}
	}
	if err := s.settleMoved(ctx, tx, w.moved, w.edited, pays); err != nil {
		return err
	}
	return w.write(ctx, q, func() error { return s.parts.Append(ctx, tx, w.events) })
}

// walk takes orders through steps in memory.
type walk struct {
	orders  map[int64]*order.Order
	pays    map[int64]order.Method // those of them that are paid through Brigade
	moved   []*order.Order
	edited  map[int64]bool // those of them that hold something else
	history changes
	events  []event.Event
}

func (w *walk) take(st Step) error {
	o := w.orders[st.Order]
	if o == nil {
		return errs.NotFound("no order %d", st.Order)
	}
	to := st.To(o.Type)
	changed, err := order.Move(o.Type, o.Status, to)
	if err != nil || !changed {
		return err
	}
	if o.Status.AtCounter() && to == order.InPreparation && st.Edit == nil {
		return errs.Conflict("an order that is ready goes back only for something that is made again")
	}
	old := o.Status
	o.Status, o.UpdatedAt, o.UpdatedBy = to, st.At, st.By
	o.Version++
	w.moved = append(w.moved, o)
	w.history.add(o, st.By, st.Reason)
	w.events = append(w.events, statusEvent(o, old, said{by: st.By, reason: st.Reason, at: st.At}))
	return nil
}

func (w *walk) write(ctx context.Context, q *db.Queries, appendEvents func() error) error {
	if len(w.moved) == 0 {
		return nil
	}
	var p db.UpdateStatusParams
	done := map[int64]bool{}
	for _, o := range w.moved {
		if done[o.ID] {
			continue
		}
		done[o.ID] = true
		p.Ids = append(p.Ids, o.ID)
		p.Statuses = append(p.Statuses, string(o.Status))
		p.Versions = append(p.Versions, int32(o.Version))
		p.At = append(p.At, o.UpdatedAt)
		p.ChangedBy = append(p.ChangedBy, o.UpdatedBy)
		p.Closed = append(p.Closed, o.Status.Closed())
	}
	if err := q.UpdateStatus(ctx, p); err != nil {
		return err
	}
	if err := q.InsertHistory(ctx, w.history.InsertHistoryParams); err != nil {
		return err
	}
	return appendEvents()
}
