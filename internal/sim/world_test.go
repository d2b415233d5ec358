package sim_test

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"brigade/internal/actor"
	"brigade/internal/clock"
	"brigade/internal/errs"
	"brigade/internal/event"
	"brigade/internal/event/eventtest"
	"brigade/internal/kitchen"
	"brigade/internal/kitchen/sched"
	"brigade/internal/order"
	"brigade/internal/recipe"
	"brigade/internal/sim"
)

const (
	tenant = 7
	outlet = 1
)

// world is a restaurant in memory: the kitchen's real life cycle and planner, without Postgres.
type world struct {
	mu      sync.Mutex
	clock   clock.Clock
	log     *eventtest.Log
	tail    *event.Tail
	layout  *kitchen.Layout
	index   *kitchen.Index
	floor   *kitchen.Floor
	tickets map[int64]*kitchen.Ticket
	orders  map[int64]*order.Order
	keys    map[string]int64
	starts  map[int64]int // how often a task's start changed something
	lastID  int64
	mute    bool // events are lost
	down    error
	lost    int // placements whose answer gets lost
}

func newWorld(at time.Time) *world {
	w := &world{
		clock: clock.NewScaled(1, at), log: eventtest.NewLog(), index: kitchen.NewIndex(), tickets: map[int64]*kitchen.Ticket{},
		orders: map[int64]*order.Order{}, keys: map[string]int64{}, starts: map[int64]int{},
	}
	w.tail = event.NewTail(w.log, event.TailOptions{})
	w.layout = (&kitchen.Layout{
		Tenant: tenant, Outlet: outlet, Location: time.UTC, StaleAfter: 2 * time.Minute,
		Stations: []sched.Station{{ID: 1, Name: "grill", Capacity: 6}, {ID: 2, Name: "pass", Capacity: 6}},
		People: []kitchen.Person{
			{ID: 1, Name: "Asha", Active: true, Skills: []int64{1}, MaxParallel: 3, Efficiency: 1},
			{ID: 2, Name: "Noah", Active: true, Skills: []int64{1, 2}, MaxParallel: 3, Efficiency: 1},
		},
	}).Index()
	w.floor = kitchen.NewFloor(w.layout, kitchen.DefaultSettings(), nil, w.clock.Now(), w.index)
	return w
}

// dishes are what the world sells, by SKU.
var dishes = map[string]recipe.Recipe{
	"burger": {ID: 1, Steps: []recipe.Step{
		{Description: "grill patty", Station: 1, Estimate: 60 * time.Second},
		{Description: "assemble", Station: 2, Estimate: 30 * time.Second, After: []int{0}},
	}},
	"soup": {ID: 2, Steps: []recipe.Step{{Description: "warm soup", Station: 1, Estimate: 40 * time.Second}}},
}

func (w *world) parts() sim.Parts {
	return sim.Parts{
		Orders: w, Kitchen: w, Events: w.tail, Clock: w.clock,
		Outlets: func(context.Context) ([]sim.Outlet, error) {
			return []sim.Outlet{{ID: outlet, Tenant: tenant, Location: time.UTC}}, nil
		},
		Menu: func(context.Context, sim.Outlet) ([]sim.Dish, error) {
			return []sim.Dish{{SKU: "burger", Work: 90 * time.Second}, {SKU: "soup", Work: 40 * time.Second}}, nil
		},
	}
}

// write plans, appends the journal's events and moves orders on, as the desk's commit does.
func (w *world) write(j *kitchen.Journal) {
	w.floor.Plan(j, w.clock.Now())
	for _, st := range j.Orders {
		o := w.orders[st.Order]
		o.Status = order.InPreparation
		if st.Ready {
			o.Status = order.Ready
		}
		j.Events = append(j.Events, w.statusEvent(o))
	}
	if !w.mute {
		w.log.Append(j.Events...)
	}
	w.tail.Poke()
}

func (w *world) statusEvent(o *order.Order) event.Event {
	o.Version++
	e := event.New(event.OrderStatusChanged, event.AggregateOrder, o.ID, o.Version, w.clock.Now(),
		event.OrderPayload{OrderID: o.ID, OrderNumber: o.Number, NewStatus: string(o.Status)})
	e.Tenant, e.Outlet = tenant, outlet
	return e
}

// change runs one guarded change of the floor.
func (w *world) change(do func(*kitchen.Journal) error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.down != nil {
		return w.down
	}
	j := kitchen.NewJournal(w.layout)
	w.floor.Due(j, w.clock.Now())
	err := do(j)
	w.write(j)
	return err
}

// Place implements sim.Orders.
func (w *world) Place(_ context.Context, who actor.Actor, p order.Placement) (r order.Receipt, err error) {
	if err := p.Validate(); err != nil {
		return r, err
	}
	err = w.change(func(j *kitchen.Journal) error {
		if id := w.keys[p.Key]; id != 0 && p.Key != "" {
			r = order.Receipt{Order: *w.orders[id], Repeated: true}
			return nil
		}
		w.lastID++
		o := &order.Order{
			ID: w.lastID, Number: strconv.FormatInt(w.lastID, 10), Source: p.Source, Type: p.Type, Status: order.Created,
			CustomerName: p.CustomerName, PlacedAt: w.clock.Now(), UpdatedBy: who.Name,
		}
		work := kitchen.Work{Order: o.ID, Tenant: tenant, Outlet: outlet, Number: o.Number, At: o.PlacedAt}
		for _, it := range p.Items {
			o.Lines = append(o.Lines, order.Line{SKU: it.SKU, Quantity: it.Quantity, Recipe: dishes[it.SKU]})
			work.Lines = append(work.Lines, kitchen.WorkLine{Item: it.SKU, Quantity: it.Quantity, Recipe: dishes[it.SKU]})
		}
		w.orders[o.ID], w.keys[p.Key] = o, o.ID
		t := kitchen.Burst(work, func() int64 { w.lastID++; return w.lastID })
		w.tickets[o.ID] = t
		j.Opened(t)
		w.floor.Open(t)
		r = order.Receipt{Order: *o}
		return nil
	})
	if w.lost > 0 {
		w.lost--
		return order.Receipt{}, errs.Unknown("the answer was lost")
	}
	return r, err
}

// List implements sim.Orders.
func (w *world) List(_ context.Context, _ actor.Actor, f order.Filter) (found []order.Order, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, id := range slices.Backward(slices.Sorted(maps.Keys(w.orders))) {
		o := *w.orders[id]
		if !o.Status.Closed() && (f.Before == 0 || id < f.Before) && len(found) < f.Limit {
			found = append(found, o)
		}
	}
	return found, w.down
}

// HandOver implements sim.Orders.
func (w *world) HandOver(_ context.Context, _ actor.Actor, ref string) (out order.Order, err error) {
	err = w.change(func(j *kitchen.Journal) error {
		id, _ := strconv.ParseInt(ref, 10, 64)
		o := w.orders[id]
		if _, err := order.Move(o.Type, o.Status, order.HandedOver(o.Type)); err != nil {
			return err
		}
		o.Status = order.HandedOver(o.Type)
		j.Events = append(j.Events, w.statusEvent(o))
		out = *o
		return nil
	})
	return out, err
}

// Board implements sim.Kitchen.
func (w *world) Board(context.Context, actor.Actor, int64) (*kitchen.Board, error) {
	var b *kitchen.Board
	err := w.change(func(*kitchen.Journal) error {
		b = &kitchen.Board{Layout: w.layout}
		for _, p := range w.layout.People {
			b.People = append(b.People, kitchen.PersonView{Person: p, OnShift: true})
		}
		for _, id := range slices.Sorted(maps.Keys(w.floor.Tickets())) {
			t := w.tickets[id]
			v := kitchen.TicketView{Ticket: *t}
			for _, task := range t.Tasks {
				v.TaskViews = append(v.TaskViews, kitchen.TaskView{Task: *task, Order: id, Outlet: outlet})
			}
			b.Tickets = append(b.Tickets, v)
		}
		return nil
	})
	return b, err
}

// Start implements sim.Kitchen.
func (w *world) Start(_ context.Context, _ actor.Actor, task int64) (out kitchen.Task, err error) {
	err = w.change(func(j *kitchen.Journal) error {
		t, changed, err := w.floor.Start(j, task, w.clock.Now())
		if changed {
			w.starts[task]++
		}
		if t != nil {
			out = *t
		}
		return err
	})
	return out, err
}

// Complete implements sim.Kitchen.
func (w *world) Complete(_ context.Context, _ actor.Actor, task int64) (out kitchen.Task, err error) {
	err = w.change(func(j *kitchen.Journal) error {
		t, _, err := w.floor.Complete(j, task, w.clock.Now(), "cook")
		if t != nil {
			out = *t
		}
		return err
	})
	return out, err
}

// set changes what the world does.
func (w *world) set(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
}

// closed counts orders that were handed over, and open ones.
func (w *world) count() (closed, open int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, o := range w.orders {
		if o.Status.Closed() {
			closed++
		} else {
			open++
		}
	}
	return closed, open
}
