package orderpg

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"brigade/internal/errs"
	"brigade/internal/event"
	"brigade/internal/money"
	"brigade/internal/order"
	"brigade/internal/order/orderpg/db"
	"brigade/internal/recipe"
	"brigade/internal/store"
)

// startLives starts the group commit of what happens to orders with terms.
func (s *Store) startLives() {
	var committed []func()
	var begun []order.Attempt
	s.lives = store.NewBatcher(s.pool, func(ctx context.Context, tx store.Tx, hs []order.Happening) ([]store.Outcome[order.Reply], error) {
		b := &lives{store: s, tx: tx, hs: hs, outs: make([]store.Outcome[order.Reply], len(hs))}
		err := b.run(ctx)
		committed, begun = b.committed, b.asks
		return b.outs, err
	}, store.BatcherOptions{Name: "lives", After: func(context.Context, int) {
		for _, done := range committed {
			done()
		}
		s.begin(begun)
		s.parts.Committed()
		s.ring()
	}})
}

// begin has steps asked for that were just written.
func (s *Store) begin(steps []order.Attempt) {
	if len(steps) > 0 {
		s.parts.Begun(steps)
	}
}

// asker is which node asks for the steps that it writes; 0: jobs do.
func (s *Store) asker() int64 {
	if s.parts.Begun == nil {
		return 0
	}
	return s.parts.Node()
}

// ring tells whoever watches timers that there may be a new one.
func (s *Store) ring() {
	if s.parts.Timers != nil {
		s.parts.Timers()
	}
}

// Tell implements order.Lives.
func (s *Store) Tell(ctx context.Context, h order.Happening) (order.Reply, error) {
	return s.lives.Do(ctx, h)
}

// one is an order with terms, in memory.
type one struct {
	order.Order
	terms   order.Terms
	last    *order.Attempt // the latest step of its payment
	state   string         // of that step
	note    string
	settles bool // whoever tells does the next step himself, with a job
	till    bool // whoever tells does the next step himself, at once
	asked   bool // the latest step is asked for without a job
	changed bool // terms
	paid    bool // payment changed
	tried   bool // the latest step changed
	begun   bool // the latest step is new
	opens   bool // its ticket
	now     time.Time
}

func (o *one) life() order.Life { return o.terms.Life(o.Type, o.Status) }

// lives is what one transaction does.
type lives struct {
	store     *Store
	tx        store.Tx
	q         *db.Queries
	hs        []order.Happening
	outs      []store.Outcome[order.Reply]
	orders    map[int64]*one
	walk      walk
	jobs      []order.Job
	asks      []order.Attempt // to be asked for after the commit
	outcomes  outcomeRows
	committed []func()
}

func (b *lives) run(ctx context.Context) error {
	pipe := store.NewPipeline(b.tx)
	b.q = b.store.q.WithTx(pipe)
	if err := b.load(ctx); err != nil {
		return err
	}
	for i, h := range b.hs {
		b.outs[i].Err = b.tell(ctx, h)
	}
	ids := slices.Sorted(maps.Keys(b.orders))
	for _, id := range ids {
		b.pay(b.orders[id])
	}
	for i, h := range b.hs {
		b.outs[i].Res = b.reply(h)
	}
	if err := b.write(ctx, pipe, ids); err != nil {
		return err
	}
	return pipe.Flush(ctx)
}

// load locks the orders.
func (b *lives) load(ctx context.Context) error {
	ids := make([]int64, 0, len(b.hs))
	for _, h := range b.hs {
		ids = append(ids, h.Order)
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	rows, err := b.q.LockLives(ctx, ids)
	if err != nil {
		return err
	}
	b.orders = make(map[int64]*one, len(rows))
	for _, r := range rows {
		if r.HasTerms {
			b.orders[r.ID] = oneOf(r)
		}
	}
	last, err := b.q.LastAttempts(ctx, ids)
	for _, r := range last {
		if o := b.orders[r.OrderID]; o != nil {
			o.last, o.state, o.note = o.attempt(int(r.Seq), order.Step(r.Step), money.Amount(r.AmountMinor), r.Key), r.State, r.Note
			o.last.Tries = int(r.Tries)
		}
	}
	return err
}

func oneOf(r db.LockLivesRow) *one {
	o := &one{Order: order.Order{
		ID: r.ID, Tenant: r.TenantID, Outlet: r.OutletID, Number: r.Number, Status: order.Status(r.Status),
		Type: order.Type(r.Type), CustomerName: r.CustomerName, Total: money.Amount(r.TotalMinor), Currency: r.Currency,
		Version: int(r.Version), PlacedAt: r.PlacedAt, Priority: int(r.Priority), Source: r.Source,
	}}
	o.terms = order.Terms{
		Waits: order.Wait(r.Waits), External: r.External, Code: r.Code, Proof: r.Proof, Failure: r.Failure,
		DueAt: timeOf(r.DueAt), WantedAt: timeOf(r.WantedAt),
		Pay: order.Payment{
			Method: order.Method(r.Method), Token: r.Token, Currency: r.Currency, Authorised: money.Amount(r.Authorised),
			Captured: money.Amount(r.Captured), Refunded: money.Amount(r.Refunded), Refused: r.PaymentState == payRefused,
			Released: r.PaymentState == payReleased, Reference: r.PaymentReference,
		},
	}
	return o
}

// States of a payment.
const (
	payOpen     = "open"
	payRefused  = "refused"
	payReleased = "released"
)

func payState(p order.Payment) string {
	switch {
	case p.Refused:
		return payRefused
	case p.Released:
		return payReleased
	}
	return payOpen
}

func timeOf(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

func (o *one) attempt(seq int, step order.Step, sum money.Amount, key string) *order.Attempt {
	return &order.Attempt{
		Order: o.ID, Tenant: o.Tenant, Outlet: o.Outlet, Seq: seq, Number: o.Number, Step: step, Sum: sum, Currency: o.Currency,
		Method: o.terms.Pay.Method, Token: o.terms.Pay.Token, Key: key, Reference: o.terms.Pay.Reference,
	}
}

// tell lets something happen to its order, in memory.
func (b *lives) tell(ctx context.Context, h order.Happening) error {
	o := b.orders[h.Order]
	if o == nil || h.Outlet != 0 && h.Outlet != o.Outlet {
		return errs.NotFound("order %d has no terms", h.Order)
	}
	o.now = h.At
	o.settles, o.till = o.settles || h.Settle, o.till || h.Till
	if h.Later {
		defer b.later(o)
	}
	switch {
	case h.Signal != "":
		return b.signal(ctx, o, h)
	case h.Result != nil:
		return b.result(ctx, o, h)
	case !h.PutOff.IsZero() || !h.Wanted.IsZero():
		return o.putOff(h)
	case h.Failure != nil:
		o.terms.Failure, o.changed = *h.Failure, true
	}
	return nil
}

// later gives the open step of a payment to a job.
func (b *lives) later(o *one) {
	if o.last != nil && o.state == attemptPending && !o.settles {
		o.tried = true
		b.jobs = append(b.jobs, order.Job{Kind: order.JobSettle, Order: o.ID})
	}
}

// putOff sets the timer of an order that waits for its time.
func (o *one) putOff(h order.Happening) error {
	if !h.Wanted.IsZero() {
		if o.Status.Closed() || o.terms.Waits == order.WaitsNot || o.terms.Waits == order.WaitsAcceptance || o.terms.WantedAt.IsZero() {
			return errs.Conflict("order %s is being made: its time cannot be changed any more", o.Number)
		}
		o.terms.WantedAt, o.changed = h.Wanted, true
		if o.terms.Waits == order.WaitsTime {
			o.terms.DueAt = h.At // it is worked out anew
		}
		return nil
	}
	if o.terms.Waits == order.WaitsTime {
		o.terms.DueAt, o.changed = h.PutOff, true
	}
	return nil
}

// signal moves an order on.
func (b *lives) signal(ctx context.Context, o *one, h order.Happening) error {
	before := o.life()
	after, effects, err := order.Next(before, h.Signal)
	if err != nil {
		return err
	}
	if slices.Contains(effects, order.CancelTicket) && before.Waits == order.WaitsNot {
		return order.ErrInKitchen
	}
	if after.Status != before.Status {
		if err := b.walk.step(&o.Order, before, after, h); err != nil {
			return err
		}
	}
	if after.Waits != before.Waits || h.Proof != "" {
		o.changed = true
		o.terms.Waits, o.terms.Proof = after.Waits, cmp.Or(h.Proof, o.terms.Proof)
		if o.terms.DueAt, err = b.dueOf(ctx, o, after.Waits, h.At); err != nil {
			return err
		}
	}
	for _, e := range effects {
		switch e {
		case order.OpenTicket:
			o.opens = true
		case order.RequestPrepare:
			b.jobs = append(b.jobs, order.Job{Kind: order.JobPrepare, Order: o.ID})
		case order.CancelPreparation:
			b.jobs = append(b.jobs, order.Job{Kind: order.JobUnprepare, Order: o.ID})
		default: // money is looked at as a whole, everybody else follows the events
		}
	}
	return nil
}

// dueOf is when a wait ends that begins now. How long an order waits for its time is worked out when its timer rings.
func (b *lives) dueOf(ctx context.Context, o *one, w order.Wait, now time.Time) (time.Time, error) {
	switch w {
	case order.WaitsTime:
		return now, nil
	case order.WaitsAcceptance:
		settings, err := b.store.Settings(ctx, o.Outlet)
		return now.Add(settings.PosAccept), err
	default:
		return time.Time{}, nil
	}
}

// step takes an order to a status that its life has chosen.
func (w *walk) step(o *order.Order, before, after order.Life, h order.Happening) error {
	if _, err := order.Move(o.Type, o.Status, after.Status); err != nil {
		return err
	}
	old := o.Status
	o.Status, o.UpdatedAt, o.UpdatedBy = after.Status, h.At, h.By
	o.Version++
	w.moved = append(w.moved, o)
	w.history.add(o, h.By, h.Reason)
	w.events = append(w.events, statusEvent(o, old, said{
		by: h.By, reason: h.Reason, at: h.At, waits: after.Waits,
		attention: before.Waits == order.WaitsAcceptance && (h.Signal == order.Overdue || h.Signal == order.PosRejected),
	}))
	return nil
}

// result notes the outcome of the latest step of a payment, or that it is not known. One that is known already stays.
func (b *lives) result(ctx context.Context, o *one, h order.Happening) error {
	r := h.Result
	if o.last == nil || o.last.Seq != r.Seq || o.state != attemptPending && (o.state != attemptStuck || r.Note == "") {
		return nil
	}
	o.tried = true
	if r.Err != nil {
		o.last.Tries++
		o.note = r.Err.Error()
		return nil
	}
	signal := o.terms.Pay.Apply(o.last.Step, o.last.Sum, r.Outcome)
	o.paid = true
	switch {
	case r.Note != "":
		o.state, o.note = attemptResolved, r.Note
	case r.Outcome.Done:
		o.state, o.note = attemptDone, ""
	case o.last.Step == order.StepAuthorise:
		o.state, o.note = attemptRefused, r.Outcome.Reason
	default:
		o.state, o.note = attemptStuck, r.Outcome.Reason
	}
	if signal == "" {
		return nil
	}
	return b.signal(ctx, o, order.Happening{Order: o.ID, Signal: signal, By: h.By, Reason: r.Outcome.Reason, At: h.At})
}

// States of a step.
const (
	attemptPending  = "pending"
	attemptDone     = "done"
	attemptRefused  = "refused"
	attemptStuck    = "stuck" // refused, although it must be done: somebody has to look
	attemptResolved = "resolved"
)

// pay begins the next step of an order's payment, when one is needed and none is open.
func (b *lives) pay(o *one) {
	if o.last != nil && (o.state == attemptPending || o.state == attemptStuck) {
		return
	}
	step, sum, ok := order.NextStep(o.terms.Pay, o.life(), o.Total)
	if !ok {
		return
	}
	seq := 1
	if o.last != nil {
		seq = o.last.Seq + 1
		b.settled(o)
	}
	o.last, o.state, o.note = o.attempt(seq, step, sum, order.AttemptKey(b.store.salted.of(), o.ID, seq)), attemptPending, ""
	o.begun, o.tried = true, false
	switch {
	case o.settles:
	case b.store.asker() == 0:
		b.jobs = append(b.jobs, order.Job{Kind: order.JobSettle, Order: o.ID})
	default:
		o.asked = true
		if !o.till {
			b.asks = append(b.asks, o.next())
		}
	}
}

// next is the latest step as a provider is asked for it.
func (o *one) next() order.Attempt {
	a := *o.last
	a.Reference = o.terms.Pay.Reference
	return a
}

func (b *lives) reply(h order.Happening) order.Reply {
	o := b.orders[h.Order]
	if o == nil {
		return order.Reply{}
	}
	r := order.Reply{Tenant: o.Tenant, Outlet: o.Outlet, Number: o.Number, Status: o.Status}
	if (h.Settle || h.Till) && o.last != nil && o.state == attemptPending {
		next := o.next()
		r.Next = &next
	}
	return r
}

// openAtOnce opens the tickets of those new orders that wait for nothing, and writes the terms of those that have some.
func (s *Store) openAtOnce(ctx context.Context, pipe store.Tx, b *batch, orders []*order.Order) (ready [][]int64, events []event.Event, err error) {
	ready = make([][]int64, len(orders))
	var open []*order.Order
	var at []int
	terms := map[int64]*order.Terms{}
	for k, o := range orders {
		t := b.drafts[b.fresh[k]].Terms
		if t != nil {
			terms[o.ID] = t
		}
		if t == nil || t.Waits == order.WaitsNot {
			open, at = append(open, o), append(at, k)
		}
	}
	if len(open) > 0 {
		tasks, opened, committed, err := s.parts.OpenTickets(ctx, pipe, open)
		if err != nil {
			return nil, nil, err
		}
		store.OnCommit(pipe, committed)
		events = opened
		for i, k := range at {
			ready[k] = tasks[i]
		}
	}
	if len(terms) == 0 {
		return ready, events, nil
	}
	steps, err := s.insertTerms(ctx, pipe, orders, terms)
	store.OnCommit(pipe, func() { s.begin(steps); s.ring() })
	return ready, events, err
}

// open writes the tickets of orders that leave their wait for the kitchen.
func (b *lives) open(ctx context.Context, tx store.Tx, ids []int64) ([]event.Event, error) {
	var opens []*order.Order
	for _, id := range ids {
		if o := b.orders[id]; o.opens {
			o.Order.PlacedAt = o.now // the kitchen counts from now
			o.Order.WantedAt = o.terms.WantedAt
			opens = append(opens, &o.Order)
		}
	}
	if len(opens) == 0 {
		return nil, nil
	}
	if err := b.fill(ctx, tx, opens); err != nil {
		return nil, err
	}
	_, events, committed, err := b.store.parts.OpenTickets(ctx, tx, opens)
	b.committed = append(b.committed, committed)
	return events, err
}

// fill reads what orders hold, with recipes.
func (b *lives) fill(ctx context.Context, tx store.Tx, orders []*order.Order) error {
	ids := make([]int64, len(orders))
	for i, o := range orders {
		ids[i] = o.ID
	}
	items, err := b.q.OrderLines(ctx, ids)
	if err != nil {
		return err
	}
	recipes := map[int64]recipe.Recipe{}
	for _, it := range items {
		recipes[it.RecipeID] = recipe.Recipe{}
	}
	if recipes, err = b.store.parts.Recipes(ctx, tx, slices.Sorted(maps.Keys(recipes))); err != nil {
		return err
	}
	for _, it := range items {
		o := &b.orders[it.OrderID].Order
		o.Lines = append(o.Lines, order.Line{
			No: int(it.LineNo), SKU: it.Sku, Name: it.Name, Quantity: int(it.Quantity), Course: int(it.Course),
			UnitPrice: money.Amount(it.UnitPriceMinor), Recipe: recipes[it.RecipeID],
		})
	}
	return nil
}
