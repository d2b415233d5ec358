package daysim

import (
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"time"

	"brigade/internal/delivery"
	"brigade/internal/delivery/dispatch"
	"brigade/internal/sim/replay"
)

// meal is an order on its way from the click to the door.
type meal struct {
	*delivery.Delivery
	kitchen, at  int       // indices: whose, and of which of its orders
	ready        time.Time // zero: not yet
	arrived      time.Time // when its driver was at the counter
	picked, done time.Time
}

// courier is where a driver is and what he is at.
type courier struct {
	*delivery.Driver
	at   delivery.Point
	busy time.Time // at a counter or a door until then
}

// world is the day as it goes.
type world struct {
	o        Options
	options  delivery.Options
	now      time.Time
	board    *delivery.Board
	kitchens []*replay.Live
	meals    []*meal // by order id - 1
	couriers []*courier
	open     []*meal
	placed   int
	routes   []dispatch.Route
	decided  time.Time
	trace    trace
}

func newWorld(o Options) (*world, error) {
	rng := rand.New(rand.NewPCG(o.Seed, 11))
	w := &world{o: o, options: delivery.DefaultOptions(), trace: newTrace(o.Trace)}
	w.board = &delivery.Board{Region: delivery.Region{ID: 1, Zone: time.UTC, OfferFor: time.Minute}, Outlets: map[int64]delivery.Point{}}
	centre := delivery.Point{Lat: 40.42, Lon: -3.70}
	around := func(p delivery.Point, metres float64) delivery.Point {
		return delivery.Point{Lat: p.Lat + rng.NormFloat64()*metres/111_195, Lon: p.Lon + rng.NormFloat64()*metres/84_600}
	}
	for i := range o.Outlets {
		w.board.Outlets[int64(i+1)] = around(centre, 700)
	}
	if err := w.addKitchens(rng, around); err != nil {
		return nil, err
	}
	w.trace.begin = w.now
	for i := range o.Drivers {
		d := &delivery.Driver{
			ID: int64(i + 1), Name: fmt.Sprint("driver ", i+1), Vehicle: "moped", Capacity: 3, Active: true, Status: delivery.Waiting,
			OnlineAt: w.now, Zone: time.UTC, Version: 1,
		}
		w.couriers = append(w.couriers, &courier{Driver: d, at: around(centre, 1000)})
		w.board.Drivers = append(w.board.Drivers, d)
	}
	return w, nil
}

// decide has the production dispatcher decide, and everybody accept.
func (w *world) decide() {
	w.board.Deliveries = w.board.Deliveries[:0]
	for _, m := range w.open {
		w.board.Deliveries = append(w.board.Deliveries, m.Delivery)
	}
	for _, c := range w.couriers {
		c.Last = &delivery.Fix{Driver: c.ID, Point: c.at, At: w.now}
	}
	d := delivery.Decide(w.board, w.promises(), w.routes, w.now, w.board.Crow(w.now), w.options)
	w.routes = d.Plan.Routes
	t := w.turn()
	for _, i := range d.Intents {
		_ = i.Apply(t) // what does not hold is decided anew
	}
	for id, eta := range d.ETAs {
		m := w.meals[id-1]
		m.ETA = eta
		if m.PromisedAt.IsZero() {
			m.PromisedAt = eta.To
		}
	}
	for _, m := range w.open {
		if m.Status == delivery.Offered {
			if w.turn().AcceptBy(m.Order, m.Driver) == nil {
				w.trace.add(w.now, "asked for", m, m.Driver)
			}
		}
	}
}

// turn is a change of everything.
func (w *world) turn() *delivery.Turn {
	return delivery.NewTurn(w.now, "day", w.board.Deliveries, w.board.Drivers)
}

// next is what a courier is to do next: as planned, else what he has.
func (w *world) next(c *courier) *meal {
	for _, r := range w.routes {
		if r.Driver != c.ID {
			continue
		}
		for _, s := range r.Stops {
			m := w.meals[s.Order-1]
			if m.Driver == c.ID && (m.Status == delivery.Assigned && !s.Drop || m.Status == delivery.PickedUp && s.Drop) {
				return m
			}
		}
	}
	i := slices.IndexFunc(w.open, func(m *meal) bool { return m.Carries(c.ID) })
	if i < 0 {
		return nil
	}
	return w.open[i]
}

// ride lets a courier go on for a step.
func (w *world) ride(c *courier) {
	if w.now.Before(c.busy) || c.Held == 0 {
		return
	}
	m := w.next(c)
	if m == nil {
		return
	}
	to := m.From
	if m.Status == delivery.PickedUp {
		to = m.To
	}
	if left, can := c.at.Metres(to), w.speed()*w.o.Step.Seconds(); left > can {
		c.at = c.at.Toward(to, can/left)
		return
	}
	c.at = to
	if m.Status == delivery.PickedUp {
		w.handOver(c, m)
		return
	}
	w.collect(c, m)
}

func (w *world) speed() float64 { return w.board.Speeds.At(w.now.Hour()) }

// collect lets a courier at the counter take an order along, once it is made and he is through the door.
func (w *world) collect(c *courier, m *meal) {
	half := w.options.Plan.PickupService / 2
	if m.arrived.IsZero() {
		m.arrived = w.now
		w.trace.add(w.now, "driver there", m, c.ID)
	}
	if w.now.Before(m.arrived.Add(half)) || m.OrderStatus == "in_preparation" {
		return
	}
	if err := w.turn().TakeAlong(m.Order, c.ID); err == nil {
		m.picked, c.busy = w.now, w.now.Add(half)
		w.trace.add(w.now, "picked up", m, c.ID)
	}
}

func (w *world) handOver(c *courier, m *meal) {
	if err := w.turn().HandOver(m.Order, c.ID, delivery.Proof{}); err == nil {
		m.done = w.now.Add(w.options.Plan.DropService / 2)
		c.busy = w.now.Add(w.options.Plan.DropService)
		w.trace.add(m.done, "delivered", m, c.ID)
	}
}

// trace writes what happens as CSV: seconds since the day began, what, which order, which driver (0: none).
type trace struct {
	to    io.Writer
	begin time.Time
	err   error
}

func newTrace(to io.Writer) trace {
	t := trace{to: to}
	t.write("seconds,what,order,outlet,driver\n")
	return t
}

func (t *trace) add(at time.Time, what string, m *meal, driver int64) {
	t.write("%.3f,%s,%d,%d,%d\n", at.Sub(t.begin).Seconds(), what, m.Order, m.Outlet, driver)
}

func (t *trace) write(format string, args ...any) {
	if t.to != nil && t.err == nil {
		_, t.err = fmt.Fprintf(t.to, format, args...)
	}
}
