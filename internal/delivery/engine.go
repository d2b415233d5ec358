package delivery

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"slices"
	"sync"
	"time"

	"brigade/internal/clock"
	"brigade/internal/delivery/dispatch"
)

// Foods tells when the food of orders is ready. An order that it does not know is missing from the answer.
type Foods interface {
	Readiness(ctx context.Context, orders []int64) (map[int64]Readiness, error)
}

// Observer hears what the engine does, for metrics. It must be quick.
type Observer interface {
	Decided(orders, drivers int, took time.Duration)
}

// Engine plans the regions that this node owns. Each has a loop that looks at what is – Postgres says – decides, and
// commits what still holds under the region's fence. What it forgets when it dies is nothing but the start of its next
// search.
type Engine struct {
	store    Store
	foods    Foods
	roads    Roads
	clock    clock.Clock
	options  Options
	log      *slog.Logger
	observer Observer
	turns    chan struct{} // regions that decide at a time

	mu      sync.Mutex
	ctx     context.Context //nolint:containedctx // of the loops, which begin when regions are won
	stop    context.CancelFunc
	loops   sync.WaitGroup
	regions map[int64]*owned
	places  map[int64]int64 // outlet → region, as last read
	riding  map[int64]bool  // regions in which somebody has something on board
}

// owned is a region that this node decides for.
type owned struct {
	fence  Fence
	poke   chan struct{}
	cancel context.CancelFunc
	routes []dispatch.Route // of the last plan
}

// NewEngine returns an engine that owns nothing yet. Run starts it.
func NewEngine(store Store, foods Foods, roads Roads, clk clock.Clock, o Options, log *slog.Logger, obs Observer) *Engine {
	return &Engine{
		store: store, foods: foods, roads: roads, clock: clk, options: o, log: log, observer: obs,
		turns: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2)), regions: map[int64]*owned{}, places: map[int64]int64{},
		riding: map[int64]bool{},
	}
}

// Run lets the engine decide for what it is told to own, until Stop.
func (e *Engine) Run(ctx context.Context) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ctx == nil {
		e.ctx, e.stop = context.WithCancel(ctx)
	}
}

// Stop ends all loops, after the round under way. Stopping twice, or before Run, is fine.
func (e *Engine) Stop() {
	e.mu.Lock()
	if e.ctx == nil {
		e.ctx, e.stop = context.WithCancel(context.Background())
	}
	e.stop()
	e.mu.Unlock()
	e.loops.Wait()
}

// Own tells the engine which regions it decides for from now on.
func (e *Engine) Own(gained []Fence, lost []int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, id := range lost {
		e.drop(id)
	}
	for _, f := range gained {
		e.drop(f.Region)
		if e.ctx == nil || e.ctx.Err() != nil {
			continue
		}
		ctx, cancel := context.WithCancel(e.ctx)
		r := &owned{fence: f, poke: make(chan struct{}, 1), cancel: cancel}
		e.regions[f.Region] = r
		e.loops.Go(func() { e.loop(ctx, r) })
	}
}

func (e *Engine) drop(region int64) {
	if r := e.regions[region]; r != nil {
		r.cancel()
		delete(e.regions, region)
	}
}

// Changed says that something in a region is not as it was; 0: nobody knows where. It never blocks.
func (e *Engine) Changed(region int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for id, r := range e.regions {
		if region != 0 && id != region {
			continue
		}
		select {
		case r.poke <- struct{}{}:
		default:
		}
	}
}

// ChangedAt is Changed for whoever knows an outlet only. An outlet that no owned region is known to have is nobody's here.
func (e *Engine) ChangedAt(outlet int64) {
	e.mu.Lock()
	region := e.places[outlet]
	e.mu.Unlock()
	if region != 0 {
		e.Changed(region)
	}
}

// Real times of the loop: changes gather for a moment, and a round is bounded.
const (
	gather    = 100 * time.Millisecond
	roundTime = 20 * time.Second
	onTrouble = time.Second
)

func (e *Engine) loop(ctx context.Context, r *owned) {
	next := time.Time{}
	for {
		glance, ok := e.wait(ctx, r, next)
		if !ok {
			return
		}
		var err error
		if glance {
			err = e.Glance(context.WithoutCancel(ctx), r.fence)
		} else {
			next, r.routes, err = e.Look(context.WithoutCancel(ctx), r.fence, r.routes)
		}
		var gone *NotOwnerError
		switch {
		case errors.As(err, &gone):
			return // the lease will say so too
		case err != nil && ctx.Err() == nil:
			e.log.WarnContext(ctx, "a region was not planned, trying again", "action", "dispatch_failed", "region", r.fence.Region, "error", err)
			next = e.clock.Now()
			sleep(ctx, onTrouble)
		}
	}
}

// wait returns when something changed or a time has come, after a moment in which more may change; glance says that drivers
// may have moved, no more. ok is false when the loop shall end.
func (e *Engine) wait(ctx context.Context, r *owned, next time.Time) (glance, ok bool) {
	if next.IsZero() {
		return false, ctx.Err() == nil
	}
	due, stop := e.clock.After(max(0, next.Sub(e.clock.Now())))
	defer stop()
	moved := e.movement(r)
	if moved != nil {
		defer moved.Stop()
	}
	select {
	case <-ctx.Done():
		return false, false
	case <-moved.C():
		return true, true
	case <-r.poke:
	case <-due:
	}
	sleep(ctx, gather)
	select {
	case <-r.poke:
	default:
	}
	return false, ctx.Err() == nil
}

// ticking is a timer that may not be there.
type ticking struct{ *time.Timer }

// C is when it rings; of no timer, never.
func (t *ticking) C() <-chan time.Time {
	if t == nil {
		return nil
	}
	return t.Timer.C
}

// movement rings when it is time for a glance; nil: nobody has anything on board.
func (e *Engine) movement(r *owned) *ticking {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.riding[r.fence.Region] {
		return nil
	}
	return &ticking{time.NewTimer(glanceEvery)}
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// Look looks at a region, decides and commits, once. It returns when to look again, and what each driver is meant to do:
// a start for the next time. Errors: *NotOwnerError, those of the store.
func (e *Engine) Look(ctx context.Context, f Fence, routes []dispatch.Route) (time.Time, []dispatch.Route, error) {
	ctx, cancel := context.WithTimeout(ctx, roundTime)
	defer cancel()
	now := e.clock.Now().Truncate(time.Microsecond)
	b, err := e.store.Board(ctx, f.Region, now.Add(-e.options.Plan.Reposition.Window))
	if err != nil {
		return now, routes, err
	}
	e.remember(b)
	ready, err := e.foods.Readiness(ctx, b.unmade())
	if err != nil {
		return now, routes, err
	}
	d := e.decide(ctx, b, ready, routes, now)
	if err := e.commit(ctx, f, d, now); err != nil {
		return now, d.Plan.Routes, err
	}
	return d.Next, d.Plan.Routes, e.store.Estimate(ctx, d.ETAs, d.news(b))
}

// news are the notes that say something else than what is written.
func (d Decision) news(b *Board) map[int64]string {
	notes := map[int64]string{}
	for _, x := range b.Deliveries {
		if n, ok := d.Notes[x.Order]; ok && n != x.Note {
			notes[x.Order] = n
		}
	}
	return notes
}

func (e *Engine) remember(b *Board) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for outlet := range b.Outlets {
		e.places[outlet] = b.Region.ID
	}
	e.riding[b.Region.ID] = slices.ContainsFunc(b.Deliveries, func(x *Delivery) bool { return x.Status == PickedUp })
}

// unmade lists the orders whose food is not ready.
func (b *Board) unmade() (orders []int64) {
	for _, x := range b.Deliveries {
		if !x.Waits && slices.Contains([]string{"created", "scheduled", "in_preparation"}, x.OrderStatus) {
			orders = append(orders, x.Order)
		}
	}
	return orders
}

func (e *Engine) decide(ctx context.Context, b *Board, ready map[int64]Readiness, routes []dispatch.Route, now time.Time) Decision {
	ride := e.roads.Prepare(ctx, b.ways(), b.Crow(now))
	e.turns <- struct{}{}
	defer func() { <-e.turns }()
	began := time.Now()
	d := Decide(b, ready, routes, now, ride, e.options)
	e.observer.Decided(len(b.Deliveries), len(b.Drivers), time.Since(began))
	return d
}

// commit does what still holds. What was overtaken is looked at again at once.
func (e *Engine) commit(ctx context.Context, f Fence, d Decision, now time.Time) error {
	if len(d.Intents) == 0 {
		return nil
	}
	c := Change{Fence: &f, By: "dispatcher", At: now, Lenient: true}
	for _, i := range d.Intents {
		if i.Order != 0 {
			c.Orders = append(c.Orders, i.Order)
		}
		if i.Driver != 0 {
			c.Drivers = append(c.Drivers, i.Driver)
		}
	}
	overtaken := 0
	c.Do = func(t *Turn) error {
		overtaken = 0
		for _, i := range d.Intents {
			if !i.holds(t) {
				overtaken++
				continue
			}
			if err := i.do(t); err != nil {
				e.log.DebugContext(ctx, "not done", "action", "dispatch_refused", "what", i.What, "order", i.Order, "driver", i.Driver, "error", err)
			}
		}
		return nil
	}
	err := e.store.Change(ctx, c)
	if err == nil && overtaken > 0 {
		e.Changed(f.Region)
	}
	return err
}

// holds tells whether what an intent is about is as it was read.
func (i Intent) holds(t *Turn) bool {
	if i.Order != 0 {
		if x := t.Deliveries[i.Order]; x == nil || x.expected != i.orderVersion {
			return false
		}
	}
	if i.Driver != 0 {
		if who := t.Drivers[i.Driver]; who == nil || who.expected != i.driverVersion {
			return false
		}
	}
	return true
}
