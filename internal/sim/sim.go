// Package sim plays the busy demo: guests who order, and the cooks who do what they are assigned. It drives the real
// services, on the product's clock, with dice of its own.
//
// It is level-triggered. Events make it quick; every few seconds it looks at what is really there and makes up for
// whatever it did not hear of, so that a lost event or a restart changes nothing. One goroutine keeps a heap of what is
// to be done and when.
package sim

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"golang.org/x/sync/errgroup"

	"brigade/internal/actor"
	"brigade/internal/clock"
	"brigade/internal/event"
	"brigade/internal/kitchen"
	"brigade/internal/order"
)

// Source is the source of the orders that the demo's guests place.
const Source = "demo"

// Orders takes orders in and hands them over; order.Service does.
type Orders interface {
	Place(ctx context.Context, who actor.Actor, p order.Placement) (order.Receipt, error)
	List(ctx context.Context, who actor.Actor, f order.Filter) ([]order.Order, error)
	HandOver(ctx context.Context, who actor.Actor, ref string) (order.Order, error)
}

// Kitchen is where the cooks work; kitchen.Service is one.
type Kitchen interface {
	Board(ctx context.Context, who actor.Actor, outlet int64) (*kitchen.Board, error)
	Start(ctx context.Context, who actor.Actor, task int64) (kitchen.Task, error)
	Complete(ctx context.Context, who actor.Actor, task int64) (kitchen.Task, error)
}

// Events tells what happens; event.Tail does.
type Events interface {
	Subscribe(buffer int, filters ...event.Filter) *event.Subscription
}

// Outlet is a place of the demo.
type Outlet struct {
	ID       int64
	Tenant   int64
	Location *time.Location
	Carried  bool // drivers bring its deliveries to their doors
}

// Dish is something that guests order.
type Dish struct {
	SKU  string
	Work time.Duration // of all its steps together
}

// Parts are what the demo plays with.
type Parts struct {
	Orders  Orders
	Kitchen Kitchen
	Events  Events
	// Outlets lists the outlets that this process plays now.
	Outlets func(ctx context.Context) ([]Outlet, error)
	// Menu lists what an outlet sells.
	Menu  func(ctx context.Context, o Outlet) ([]Dish, error)
	Clock clock.Clock
	Log   *slog.Logger
}

// Options tune the demo. Zero values take the defaults.
type Options struct {
	Seed uint64        // of the dice; runs that share a database must differ in it
	Look time.Duration // real time between looks at what is really there; 3 s
}

// Sim is the demo at play.
type Sim struct {
	parts Parts
	look  time.Duration
	poke  chan struct{}

	// The rest belongs to Run's goroutine.
	rng      *rand.Rand
	run      uint64 // names this run in idempotency keys
	placed   int
	agenda   agenda
	houses   map[int64]*house
	tasks    map[int64]*job   // by task
	guests   map[int64]*guest // by order: open orders that demo guests placed
	lookAt   time.Time        // real
	troubled bool
}

// New returns a demo that has not begun.
func New(parts Parts, o Options) *Sim {
	if o.Look == 0 {
		o.Look = 3 * time.Second
	}
	rng := rand.New(rand.NewPCG(o.Seed, 0))
	return &Sim{
		parts: parts, look: o.Look, poke: make(chan struct{}, 1), rng: rng, run: rng.Uint64(),
		houses: map[int64]*house{}, tasks: map[int64]*job{}, guests: map[int64]*guest{},
	}
}

// Poke makes the demo look at what is there at once, e.g. because it plays other outlets now. It never blocks.
func (s *Sim) Poke() {
	select {
	case s.poke <- struct{}{}:
	default:
	}
}

// Run plays until ctx ends and returns nil then. What goes wrong is tried again.
func (s *Sim) Run(ctx context.Context) error {
	sub := s.parts.Events.Subscribe(1<<14, event.Filter{Types: []event.Type{
		event.TaskAssigned, event.TaskCompleted, event.TaskRequeued, event.OrderStatusChanged,
	}})
	defer sub.Close()
	heard := make(chan []event.Event)
	var g errgroup.Group
	g.Go(func() error { s.listen(ctx, sub, heard); return nil })
	for ctx.Err() == nil {
		if !time.Now().Before(s.lookAt) {
			s.lookAround(ctx)
		}
		s.perform(ctx, s.agenda.due(s.parts.Clock.Now(), maxTogether))
		s.sleep(ctx, heard)
	}
	return g.Wait()
}

// listen passes events on until ctx ends or the tail stops. After a gap the demo looks for itself.
func (s *Sim) listen(ctx context.Context, sub *event.Subscription, heard chan<- []event.Event) {
	for {
		events, lagged, err := sub.Next(ctx)
		if err != nil {
			return
		}
		if lagged {
			s.Poke()
			continue
		}
		select {
		case heard <- events:
		case <-ctx.Done():
			return
		}
	}
}

// sleep waits until something is due or heard.
func (s *Sim) sleep(ctx context.Context, heard <-chan []event.Event) {
	look := time.NewTimer(time.Until(s.lookAt))
	defer look.Stop()
	var due <-chan time.Time
	stop := func() {}
	if at, ok := s.agenda.next(); ok {
		due, stop = s.parts.Clock.After(max(0, at.Sub(s.parts.Clock.Now())))
	}
	defer stop()
	select {
	case <-ctx.Done():
	case <-look.C:
	case <-due:
	case <-s.poke:
		s.lookAt = time.Time{}
	case events := <-heard:
		for _, e := range events {
			s.hear(e)
		}
	}
}

// hear takes notice of an event.
func (s *Sim) hear(e event.Event) {
	if s.houses[e.Outlet] == nil {
		return
	}
	switch e.Type {
	case event.TaskAssigned:
		if p, ok := e.TaskPayload(); ok {
			s.assigned(e.Outlet, p.OrderID, p.TaskID, e.Sequence, e.OccurredAt)
		}
	case event.TaskCompleted, event.TaskRequeued:
		s.settle(e.AggregateID, e.Sequence)
	case event.OrderStatusChanged:
		if g := s.guests[e.AggregateID]; g != nil {
			s.follow(g, e)
		}
	default:
	}
}

// lookAround compares what the demo believes with what is there, in all outlets.
func (s *Sim) lookAround(ctx context.Context) {
	began := time.Now()
	err := s.visit(ctx)
	switch {
	case ctx.Err() != nil:
	case err != nil && !s.troubled:
		s.parts.Log.WarnContext(ctx, "the demo cannot see its restaurants, trying again", "action", "demo_blind", "error", err)
	case err == nil && s.troubled:
		s.parts.Log.InfoContext(ctx, "the demo goes on", "action", "demo_sees")
	}
	s.troubled = err != nil
	// A board that takes long to read is looked at less often.
	s.lookAt = time.Now().Add(max(s.look, 10*time.Since(began)))
}

func (s *Sim) visit(ctx context.Context) error {
	outlets, err := s.parts.Outlets(ctx)
	if err != nil {
		return err
	}
	s.leave(outlets)
	for _, o := range outlets {
		if s.houses[o.ID] == nil {
			if err := s.open(ctx, o); err != nil {
				return err
			}
		}
		b, err := s.parts.Kitchen.Board(ctx, o.as("demo", actor.Cook), o.ID)
		if err != nil {
			return err
		}
		s.compare(s.houses[o.ID], b)
	}
	return nil
}

// as is who acts in an outlet.
func (o Outlet) as(name string, role actor.Role) actor.Actor {
	return actor.Actor{Tenant: o.Tenant, Outlet: o.ID, Name: name, Role: role}
}

// leave forgets outlets that are played by others now. What was planned there is void.
func (s *Sim) leave(kept []Outlet) {
	stay := map[int64]bool{}
	for _, o := range kept {
		stay[o.ID] = true
	}
	for id := range s.houses {
		if !stay[id] {
			delete(s.houses, id)
		}
	}
	for id, j := range s.tasks {
		if !stay[j.outlet] {
			delete(s.tasks, id)
		}
	}
	for id, g := range s.guests {
		if !stay[g.outlet] {
			delete(s.guests, id)
		}
	}
}

// between returns a duration in [from, to).
func (s *Sim) between(from, to time.Duration) time.Duration {
	return from + time.Duration(s.rng.Float64()*float64(to-from))
}
