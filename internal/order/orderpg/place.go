// Package orderpg keeps orders in Postgres.
package orderpg

import (
	"bytes"
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"brigade/internal/errs"
	"brigade/internal/event"
	"brigade/internal/order"
	"brigade/internal/order/orderpg/db"
	"brigade/internal/recipe"
	"brigade/internal/store"
)

// Parts are what taking an order needs of other features; app joins them.
type Parts struct {
	// OpenTickets writes the tickets and tasks of new orders and returns, for each order, the tasks that wait for
	// nothing, with the events to append. committed is called after the commit.
	OpenTickets func(ctx context.Context, tx store.Tx, orders []*order.Order) (ready [][]int64, events []event.Event, committed func(), err error)
	// Recipes returns recipes by id, as their steps take now; needed for orders with terms, as Jobs is.
	Recipes func(ctx context.Context, tx store.Tx, ids []int64) (map[int64]recipe.Recipe, error)
	// Jobs writes jobs that are done after the commit.
	Jobs func(ctx context.Context, tx store.Tx, jobs []order.Job) error
	// Begun hears, after the commit, of steps of payments that were just written: somebody asks for them at once. Nil:
	// they get jobs instead.
	Begun func(steps []order.Attempt)
	// Node names whoever writes here, in the table of nodes; needed with Begun.
	Node func() int64
	// Timers is called after a commit that set a timer; may be nil.
	Timers func()
	// Placed hears of new orders in their transaction, which runs what it writes later; may be nil.
	Placed func(ctx context.Context, tx store.Tx, orders []*order.Order) error
	// Append writes events.
	Append func(ctx context.Context, tx store.Tx, events []event.Event) error
	// Committed is called after every commit that appended events.
	Committed func()
	// Observe hears of each group commit; may be nil.
	Observe func(orders int, took time.Duration)
}

// Store implements order.Store.
type Store struct {
	pool   *pgxpool.Pool
	q      *db.Queries
	parts  Parts
	placer *store.Batcher[order.Draft, order.Receipt]
	lives  *store.Batcher[order.Happening, order.Reply]
	salted salt
	last   lastNumbers
}

// placeLanes is how many transactions write new orders at the same time: while one waits for the disk, the other works.
const placeLanes = 2

// New returns a store. Close ends it.
func New(pool *pgxpool.Pool, parts Parts) *Store {
	s := &Store{pool: pool, q: db.New(pool), parts: parts}
	s.placer = store.NewBatcher(pool, s.placeBatch, store.BatcherOptions{
		Name:    "orders",
		Lanes:   placeLanes,
		Observe: parts.Observe,
		After:   func(context.Context, int) { parts.Committed() },
	})
	s.placer.Apart(func(d order.Draft) string {
		if d.Key == "" {
			return ""
		}
		return strconv.FormatInt(d.Order.Tenant, 10) + " " + d.Order.Source + " " + d.Key
	})
	s.startLives()
	return s
}

// Close commits what waits and ends the group commit.
func (s *Store) Close() {
	s.placer.Close()
	s.lives.Close()
}

// Place implements order.Store: callers that arrive together share one transaction.
func (s *Store) Place(ctx context.Context, d order.Draft) (order.Receipt, error) {
	return s.placer.Do(ctx, d)
}

// batch is what one transaction does with its drafts.
type batch struct {
	drafts []order.Draft
	outs   []store.Outcome[order.Receipt]
	fresh  []int       // indices of drafts to be written
	first  map[key]int // index of the first draft of a key within the batch
	twins  map[int]int // draft → the earlier one in the batch with the same key
}

type key struct {
	tenant      int64
	source, key string
}

func keyOf(d order.Draft) key { return key{d.Order.Tenant, d.Order.Source, d.Key} }

func (s *Store) placeBatch(ctx context.Context, tx store.Tx, drafts []order.Draft) ([]store.Outcome[order.Receipt], error) {
	b := &batch{drafts: drafts, outs: make([]store.Outcome[order.Receipt], len(drafts)), first: map[key]int{}, twins: map[int]int{}}
	q := s.q.WithTx(tx)
	if err := s.answerSeen(ctx, q, b); err != nil {
		return nil, err
	}
	if len(b.fresh) > 0 {
		if err := s.write(ctx, tx, b); err != nil {
			if store.IsUnique(err, "orders_once") || store.IsUnique(err, "orders_tenant_id_number_key") {
				err = store.ErrOvertaken // another node was first: look again
			}
			s.last.forget(b.days(), errors.Is(err, store.ErrOvertaken))
			return nil, err
		}
	}
	for i, first := range b.twins {
		b.outs[i] = repeated(b.drafts[i], b.drafts[first].Fingerprint, b.outs[first].Res)
	}
	return b.outs, nil
}

// answerSeen answers drafts whose key was seen before with the first answer and notes the fresh ones.
func (s *Store) answerSeen(ctx context.Context, q *db.Queries, b *batch) error {
	seen, err := s.seen(ctx, q, b.drafts)
	if err != nil {
		return err
	}
	receipts, err := receipts(ctx, q, seen)
	if err != nil {
		return err
	}
	for i, d := range b.drafts {
		row, old := seen[keyOf(d)]
		first, twin := b.first[keyOf(d)]
		switch {
		case d.Key == "":
			b.fresh = append(b.fresh, i)
		case old:
			b.outs[i] = repeated(d, row.RequestHash, receipts[row.ID])
		case twin:
			b.twins[i] = first
		case d.Refused != nil:
			b.outs[i].Err = d.Refused
		default:
			b.first[keyOf(d)] = i
			b.fresh = append(b.fresh, i)
		}
	}
	return nil
}

func repeated(d order.Draft, fingerprint []byte, first order.Receipt) (out store.Outcome[order.Receipt]) {
	if len(d.Fingerprint) > 0 && len(fingerprint) > 0 && !bytes.Equal(d.Fingerprint, fingerprint) {
		out.Err = errs.Conflict("this key was used for another request")
		return out
	}
	out.Res = first
	out.Res.Repeated = true
	return out
}

func (s *Store) seen(ctx context.Context, q *db.Queries, drafts []order.Draft) (map[key]db.SeenRow, error) {
	var p db.SeenParams
	for _, d := range drafts {
		if d.Key != "" {
			p.Tenants, p.Sources, p.Keys = append(p.Tenants, d.Order.Tenant), append(p.Sources, d.Order.Source), append(p.Keys, d.Key)
		}
	}
	if len(p.Keys) == 0 {
		return nil, nil
	}
	rows, err := q.Seen(ctx, p)
	found := make(map[key]db.SeenRow, len(rows))
	for _, r := range rows {
		found[key{r.TenantID, r.Source, r.Key}] = r
	}
	return found, err
}

// receipts reads the first answers to orders.
func receipts(ctx context.Context, q *db.Queries, seen map[key]db.SeenRow) (map[int64]order.Receipt, error) {
	if len(seen) == 0 {
		return nil, nil
	}
	ids := make([]int64, 0, len(seen))
	for _, r := range seen {
		ids = append(ids, r.ID)
	}
	orders, err := load(ctx, q, ids)
	if err != nil {
		return nil, err
	}
	tasks, err := q.ReadyTasks(ctx, ids)
	if err != nil {
		return nil, err
	}
	ready := map[int64][]int64{}
	for _, r := range tasks {
		ready[r.OrderID] = append(ready[r.OrderID], r.ID)
	}
	found := make(map[int64]order.Receipt, len(orders))
	for _, o := range orders {
		found[o.ID] = order.Receipt{Order: o, ReadyTaskIDs: ready[o.ID]}
	}
	return found, nil
}

// write inserts the fresh orders of a batch with all that belongs to them.
func (s *Store) write(ctx context.Context, tx store.Tx, b *batch) error {
	orders := make([]*order.Order, len(b.fresh))
	for k, i := range b.fresh {
		orders[k] = &b.drafts[i].Order
	}
	claim, err := s.number(ctx, tx, orders)
	if err != nil {
		return err
	}
	pipe := store.NewPipeline(tx)
	if s.parts.Placed != nil { // first: what is written next may want to know what it learns
		if err := s.parts.Placed(ctx, pipe, orders); err != nil {
			return err
		}
	}
	ready, events, err := s.openAtOnce(ctx, pipe, b, orders)
	if err != nil {
		return err
	}
	if err := insert(ctx, s.q.WithTx(pipe), b, orders); err != nil {
		return err
	}
	for k, i := range b.fresh {
		b.outs[i].Res = order.Receipt{Order: *orders[k], ReadyTaskIDs: ready[k]}
	}
	if err := s.parts.Append(ctx, pipe, append(b.placedEvents(orders), events...)); err != nil {
		return err
	}
	if err := claim.write(ctx, pipe, s.q.WithTx(pipe)); err != nil {
		return err
	}
	return pipe.Flush(ctx)
}

func (b *batch) placedEvents(orders []*order.Order) []event.Event {
	events := make([]event.Event, len(orders))
	for i, o := range orders {
		s := said{by: o.UpdatedBy, at: o.PlacedAt}
		if t := b.drafts[b.fresh[i]].Terms; t != nil {
			s.waits = t.Waits
		}
		events[i] = statusEvent(o, "", s)
	}
	return events
}

// said is what is told of a change of status beside the order.
type said struct {
	by, reason string
	at         time.Time
	waits      order.Wait // from then on
	attention  bool
}

func statusEvent(o *order.Order, old order.Status, s said) event.Event {
	p := event.OrderPayload{
		OrderID: o.ID, OrderNumber: o.Number, OldStatus: string(old), NewStatus: string(o.Status), ChangedBy: s.by,
		Reason: s.reason, Type: string(o.Type), CustomerName: o.CustomerName, Source: o.Source, WaitsFor: string(s.waits),
		Attention: s.attention,
	}
	if o.Status == order.Cancelled {
		p.RefundMinor, p.Currency = int64(o.Total), o.Currency
	}
	e := event.New(event.OrderStatusChanged, event.AggregateOrder, o.ID, o.Version, s.at, p)
	e.Tenant, e.Outlet = o.Tenant, o.Outlet
	return e
}
