package app

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"brigade/internal/errs"
	"brigade/internal/event"
	"brigade/internal/job"
	"brigade/internal/notify"
	"brigade/internal/order"
	"brigade/internal/order/orderpg"
	"brigade/internal/store"
	"brigade/internal/telemetry"
)

// orderTraces knows to which trace each order belongs: that of the request that placed it. It is written down with the
// order, so that every node finds it, also after a restart. Spans name orders, tenants and outlets by their ids, and
// nobody by his name.
type orderTraces struct {
	*telemetry.Traces // nil: there are none, and nothing here costs anything
	db                asker

	mu    sync.Mutex
	known map[int64]string // by order; "": it is not traced
}

// asker is a pool or a transaction.
type asker interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// knownTraces is how many orders' traces are kept in memory.
const knownTraces = 50_000

// startTraces makes what makes spans. It stops last, so that the end of everything else is still seen.
func (a *App) startTraces(ctx context.Context) error {
	node := a.cfg.Name
	if node == "" {
		node, _ = os.Hostname()
	}
	o := a.cfg.Traces
	o.Service, o.Node, o.Version = cmp.Or(o.Service, "brigade"), node, Version()
	traces, err := telemetry.NewTraces(ctx, o)
	if err != nil {
		return err
	}
	a.traces = &orderTraces{Traces: traces, known: map[int64]string{}}
	a.onStop("traces", traces.Stop)
	return nil
}

func (t *orderTraces) on() bool { return t.Traces != nil }

// learn remembers the traces of new orders and writes them down in the orders' transaction.
func (t *orderTraces) learn(ctx context.Context, tx store.Tx, orders []*order.Order) error {
	if !t.on() {
		return nil
	}
	var ids, tenants []int64
	var parents []string
	t.mu.Lock()
	for _, o := range orders {
		t.keep(o.ID, o.TraceParent)
		if o.TraceParent != "" {
			ids, tenants, parents = append(ids, o.ID), append(tenants, o.Tenant), append(parents, o.TraceParent)
		}
	}
	t.mu.Unlock()
	if len(ids) == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, `insert into order_traces (order_id, tenant_id, trace_parent)
		select unnest($1::bigint[]), unnest($2::bigint[]), unnest($3::text[])`, ids, tenants, parents)
	return err
}

// keep remembers; with the lock held.
func (t *orderTraces) keep(id int64, parent string) {
	if len(t.known) >= knownTraces {
		clear(t.known)
	}
	t.known[id] = parent
}

// of returns the traces of orders, by order: what is not in memory is read.
func (t *orderTraces) of(ctx context.Context, db asker, orders []int64) (map[int64]string, error) {
	found := make(map[int64]string, len(orders))
	var unknown []int64
	t.mu.Lock()
	for _, id := range orders {
		parent, ok := t.known[id]
		if found[id] = parent; !ok {
			unknown = append(unknown, id)
		}
	}
	t.mu.Unlock()
	if len(unknown) == 0 {
		return found, nil
	}
	slices.Sort(unknown)
	rows, err := db.Query(ctx, "select order_id, trace_parent from order_traces where order_id = any ($1)", slices.Compact(unknown))
	if err != nil {
		return nil, err
	}
	var id int64
	var parent string
	_, err = pgx.ForEachRow(rows, []any{&id, &parent}, func() error { found[id] = parent; return nil })
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, id := range unknown {
		t.keep(id, found[id])
	}
	return found, err
}

// stamp gives events of traced orders spans of their own, in their transaction. Whoever gets the events can go on there.
func (t *orderTraces) stamp(ctx context.Context, tx store.Tx, events []event.Event) error {
	if !t.on() || len(events) == 0 {
		return nil
	}
	ids := make([]int64, 0, len(events))
	for _, e := range events {
		if id := orderOf(e); id != 0 {
			ids = append(ids, id)
		}
	}
	parents, err := t.of(ctx, tx, ids)
	if err != nil {
		return err
	}
	for i := range events {
		events[i].TraceParent = telemetry.Child(parents[orderOf(events[i])])
	}
	return nil
}

// orderOf is the order that an event is about; 0 is none.
func orderOf(e event.Event) int64 {
	switch e.AggregateType {
	case event.AggregateOrder, event.AggregateTicket, event.AggregateWork:
		return e.AggregateID
	}
	var p struct {
		Order int64 `json:"order_id"`
	}
	_ = json.Unmarshal(e.Payload, &p) // others have none
	return p.Order
}

// begin begins a span of an order's trace; without one it does nothing.
func (t *orderTraces) begin(ctx context.Context, order int64, name string, kind trace.SpanKind, about ...attribute.KeyValue) (context.Context, trace.Span) {
	if !t.on() {
		return t.Start(ctx, name, kind)
	}
	parents, err := t.of(ctx, t.db, []int64{order})
	parent := parents[order]
	if err != nil || parent == "" {
		return ctx, trace.SpanFromContext(context.Background())
	}
	if !telemetry.SameTrace(telemetry.TraceParent(ctx), parent) {
		ctx = telemetry.WithTraceParent(ctx, parent)
	}
	return t.Start(ctx, name, kind, append(about, attribute.Int64("brigade.order_id", order))...)
}

// startSpans makes spans of what this process writes.
func (a *App) startSpans(context.Context) error {
	if a.traces.on() {
		a.run("spans", func(ctx context.Context) error { return a.traces.follow(ctx, a.tail, a.node.ID()) })
	}
	return nil
}

// follow makes spans of what this node wrote, once it is committed. A task's work begins with its start.
func (t *orderTraces) follow(ctx context.Context, tail *event.Tail, node int64) error {
	sub := tail.Subscribe(1 << 14)
	defer sub.Close()
	begun := map[int64]time.Time{}
	for {
		events, _, err := sub.Next(ctx)
		if err != nil {
			return nil //nolint:nilerr // the tail or the app has ended
		}
		for _, e := range events {
			if e.Origin == node && e.TraceParent != "" {
				t.tell(ctx, e, begun)
			}
		}
	}
}

func (t *orderTraces) tell(ctx context.Context, e event.Event, begun map[int64]time.Time) {
	parents, err := t.of(ctx, t.db, []int64{orderOf(e)})
	parent := parents[orderOf(e)]
	if err != nil || !telemetry.SameTrace(parent, e.TraceParent) {
		return
	}
	now := time.Now()
	since := now
	switch e.Type {
	case event.TaskStarted:
		if len(begun) > knownTraces {
			clear(begun)
		}
		begun[e.AggregateID] = now
	case event.TaskCompleted:
		if at, ok := begun[e.AggregateID]; ok {
			since = at
			delete(begun, e.AggregateID)
		}
	default:
	}
	t.Record(parent, e.TraceParent, spanName(e), trace.WithTimestamp(since), trace.WithAttributes(
		attribute.String("brigade.event", string(e.Type)), attribute.Int64("brigade.tenant_id", e.Tenant),
		attribute.Int64("brigade.outlet_id", e.Outlet), attribute.Int64("brigade.order_id", orderOf(e)),
		attribute.Int64("brigade."+e.AggregateType+"_id", e.AggregateID), attribute.Int("brigade.sequence", e.Sequence)))
}

// spanName says what happened: task assigned, order ready.
func spanName(e event.Event) string {
	if p, ok := e.OrderPayload(); ok {
		return "order " + strings.ReplaceAll(p.NewStatus, "_", " ")
	}
	return strings.ToLower(strings.ReplaceAll(string(e.Type), "_", " "))
}

// tracedOrders notes by which request orders are placed. What comes from inside has a trace of its own.
type tracedOrders struct {
	*orderpg.Store
	traces *orderTraces
}

// Place implements order.Store.
func (s tracedOrders) Place(ctx context.Context, d order.Draft) (r order.Receipt, err error) {
	if s.traces.on() {
		var span trace.Span
		ctx, span = s.traces.Start(ctx, "place order", trace.SpanKindInternal, attribute.Int64("brigade.tenant_id", d.Order.Tenant),
			attribute.Int64("brigade.outlet_id", d.Order.Outlet), attribute.String("brigade.source", d.Order.Source))
		defer func() {
			span.SetAttributes(attribute.Int64("brigade.order_id", r.Order.ID))
			telemetry.End(span, err)
		}()
		d.Order.TraceParent = telemetry.TraceParent(ctx)
	}
	return s.Store.Place(ctx, d)
}

// tracedPayments counts each call of a provider, and makes a span of it.
type tracedPayments struct {
	order.Payments
	traces *orderTraces
	steps  *telemetry.Steps
}

// Do implements order.Payments.
func (p tracedPayments) Do(ctx context.Context, a order.Attempt) (out order.Outcome, err error) {
	ctx, span := p.traces.begin(ctx, a.Order, "payment "+string(a.Step), trace.SpanKindClient,
		attribute.String("brigade.payment.method", string(a.Method)), attribute.Int("brigade.payment.step", a.Seq),
		attribute.Int("brigade.payment.failed_tries", a.Tries), attribute.Int64("brigade.outlet_id", a.Outlet))
	began := time.Now()
	out, err = p.Payments.Do(ctx, a)
	said, fault := "refused", err
	switch {
	case errors.Is(err, order.ErrUnpaid):
		said, fault = "unpaid", nil
	case err != nil:
		said = "unknown"
	case out.Done:
		said = "done"
	}
	p.steps.Paid(string(a.Method), string(a.Step), said, time.Since(began))
	span.SetAttributes(attribute.String("brigade.payment.outcome", said))
	telemetry.End(span, fault)
	return out, err
}

// Page implements order.Pages.
func (p tracedPayments) Page(ctx context.Context, a order.Attempt) (url string, err error) {
	pages, ok := p.Payments.(order.Pages)
	if !ok {
		return "", errs.Conflict("nobody pays by %s by himself", a.Method)
	}
	ctx, span := p.traces.begin(ctx, a.Order, "payment page", trace.SpanKindClient)
	url, err = pages.Page(ctx, a)
	telemetry.End(span, err)
	return url, err
}

// tracedTimers makes a span of each timer that rings.
type tracedTimers struct {
	rows   order.Timers
	traces *orderTraces
}

// Timers implements order.Timers.
func (t tracedTimers) Timers(ctx context.Context, n int) ([]order.Timer, error) {
	return t.rows.Timers(ctx, n)
}

// Tell implements order.Lives.
func (t tracedTimers) Tell(ctx context.Context, h order.Happening) (r order.Reply, err error) {
	if h.Signal != "" {
		var span trace.Span
		ctx, span = t.traces.begin(ctx, h.Order, "timer "+string(h.Signal), trace.SpanKindInternal)
		defer func() { telemetry.End(span, err) }()
	}
	return t.rows.Tell(ctx, h)
}

// tracedCarrier makes a span of each attempt to bring a message to somebody, and tells him of it.
type tracedCarrier struct {
	notify.Carrier
	channel notify.Channel
	traces  *orderTraces
}

// Carry implements notify.Carrier.
func (c tracedCarrier) Carry(ctx context.Context, p notify.Parcel) (code int, err error) {
	ctx, span := c.traces.begin(ctx, p.Order, "notify "+string(c.channel), trace.SpanKindProducer,
		attribute.String("brigade.message_id", p.ID), attribute.Int("brigade.attempt", p.Attempt))
	defer func() { telemetry.End(span, err) }()
	if parent := telemetry.TraceParent(ctx); parent != "" && p.Header != nil {
		p.Header["traceparent"] = parent
	}
	return c.Carrier.Carry(ctx, p)
}

// tracesOfJobs are the traces that jobs of orders belong to.
func (a *App) tracesOfJobs(ctx context.Context, tx store.Tx, jobs []order.Job) ([]string, error) {
	if !a.traces.on() {
		return nil, nil
	}
	ids := make([]int64, len(jobs))
	for i, j := range jobs {
		ids[i] = j.Order
	}
	found, err := a.traces.of(ctx, tx, ids)
	parents := make([]string, len(jobs))
	for i, id := range ids {
		parents[i] = found[id]
	}
	return parents, err
}

// aroundJob counts each run of a job, and makes a span of it when it belongs to a trace.
func (a *App) aroundJob(ctx context.Context, r job.Run, work func(context.Context) error) error {
	span := trace.SpanFromContext(context.Background())
	if r.TraceParent != "" {
		ctx, span = a.traces.Start(telemetry.WithTraceParent(ctx, r.TraceParent), "job "+r.Kind, trace.SpanKindConsumer,
			attribute.Int64("brigade.job_id", r.ID), attribute.Int("brigade.attempt", r.Attempt),
			attribute.Float64("brigade.waited_seconds", r.Waited.Seconds()))
	}
	began := time.Now()
	err := work(ctx)
	a.metrics.Jobs.Ran(r.Kind, outcomeOf(err), time.Since(began), r.Waited)
	telemetry.End(span, err)
	return err
}

// outcomeOf says in a word what came of a job.
func outcomeOf(err error) string {
	_, later := errs.RetryDelay(err)
	switch {
	case err == nil:
		return "done"
	case errs.IsPermanent(err):
		return "given_up"
	case later:
		return "put_off"
	}
	return "failed"
}
