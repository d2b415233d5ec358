// Package daysim plays a day of kitchens and drivers together, under a virtual clock: kitchens that make what comes in,
// and the production dispatcher that decides who fetches it and when. It compares two ways of asking for a driver: so
// that he arrives when the food is ready, and when it is.
//
// Kitchens are queues with so many hands: they know how long their recipes take, not how long this dish will. What they
// promise follows from that, as the production kitchen's promises do from its plan. Nobody sees an order before it is
// placed, nor a dish before it is made.
package daysim

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"brigade/internal/delivery"
	"brigade/internal/delivery/dispatch"
)

// Options say what day it is. Zero fields get the defaults.
type Options struct {
	Seed     uint64
	Orders   int           // 300
	Hours    float64       // over which they come in, with a peak in the middle; 4
	Outlets  int           // 4
	Hands    int           // of each kitchen; as many as keep it busy, not swamped
	Drivers  int           // 24
	Spread   float64       // of how long a dish takes around what its recipe says, as a share; 0.25
	WhenMade bool          // drivers are asked for when the food is ready
	Step     time.Duration // of the clock; 5 s
}

func (o Options) withDefaults() Options {
	if o.Orders == 0 {
		o.Orders = 300
	}
	if o.Hours == 0 {
		o.Hours = 4
	}
	if o.Outlets == 0 {
		o.Outlets = 4
	}
	if o.Drivers == 0 {
		o.Drivers = 24
	}
	if o.Spread == 0 {
		o.Spread = 0.25
	}
	if o.Step == 0 {
		o.Step = 5 * time.Second
	}
	if o.Hands == 0 { // twelve minutes each, at the peak, with a third to spare
		peak := 1.6 * float64(o.Orders) / o.Hours / float64(o.Outlets)
		o.Hands = max(2, int(math.Ceil(peak*12/60*1.35)))
	}
	return o
}

// Result is how a day went. Means are per order.
type Result struct {
	Orders      int           `json:"orders"`
	Delivered   int           `json:"delivered"`
	FoodWait    time.Duration `json:"food_wait"`     // from ready to picked up
	DriverWait  time.Duration `json:"driver_wait"`   // of a driver at the counter for it
	ClickToDoor time.Duration `json:"click_to_door"` // mean
	P90         time.Duration `json:"click_to_door_p90"`
}

// Waits is what both wait for each other.
func (r Result) Waits() time.Duration { return r.FoodWait + r.DriverWait }

// String writes the figures.
func (r Result) String() string {
	return fmt.Sprintf("%d of %d delivered, food waits %v, drivers wait %v, click to door %v (p90 %v)", r.Delivered, r.Orders,
		r.FoodWait.Round(time.Second), r.DriverWait.Round(time.Second), r.ClickToDoor.Round(time.Second), r.P90.Round(time.Second))
}

var morning = time.Date(2026, 3, 2, 17, 0, 0, 0, time.UTC)

// meal is an order with what the kitchen does with it.
type meal struct {
	*delivery.Delivery
	estimate     time.Duration
	begun, ready time.Time // as it really is: known to nobody before
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
	meals    []*meal // by order id - 1
	couriers []*courier
	open     []*meal
	placed   int
	routes   []dispatch.Route
	decided  time.Time
}

// Run plays a day.
func Run(o Options) Result {
	w := newWorld(o.withDefaults())
	end := morning.Add(time.Duration(w.o.Hours*float64(time.Hour)) + 3*time.Hour)
	for ; w.now.Before(end) && (w.placed < len(w.meals) || len(w.open) > 0); w.now = w.now.Add(w.o.Step) {
		w.reveal()
		if !w.now.Before(w.decided.Add(w.options.Look)) {
			w.decide()
			w.decided = w.now
		}
		for _, c := range w.couriers {
			w.ride(c)
		}
		w.open = slices.DeleteFunc(w.open, func(m *meal) bool { return !m.Open() })
	}
	return w.result()
}

func newWorld(o Options) *world {
	rng := rand.New(rand.NewPCG(o.Seed, 11))
	w := &world{o: o, options: delivery.DefaultOptions(), now: morning}
	w.board = &delivery.Board{Region: delivery.Region{ID: 1, Zone: time.UTC, OfferFor: time.Minute}, Outlets: map[int64]delivery.Point{}}
	centre := delivery.Point{Lat: 40.42, Lon: -3.70}
	around := func(p delivery.Point, metres float64) delivery.Point {
		return delivery.Point{Lat: p.Lat + rng.NormFloat64()*metres/111_195, Lon: p.Lon + rng.NormFloat64()*metres/84_600}
	}
	for i := range o.Outlets {
		w.board.Outlets[int64(i+1)] = around(centre, 700)
	}
	for i := range o.Drivers {
		d := &delivery.Driver{
			ID: int64(i + 1), Name: fmt.Sprint("driver ", i+1), Vehicle: "moped", Capacity: 3, Active: true, Status: delivery.Waiting,
			OnlineAt: morning, Zone: time.UTC, Version: 1,
		}
		w.couriers = append(w.couriers, &courier{Driver: d, at: around(centre, 1000)})
		w.board.Drivers = append(w.board.Drivers, d)
	}
	w.meals = w.orders(rng, around)
	w.cook(rng)
	return w
}

// orders come in over the hours, most in the middle.
func (w *world) orders(rng *rand.Rand, around func(delivery.Point, float64) delivery.Point) []*meal {
	times := make([]float64, w.o.Orders)
	for i := range times {
		times[i] = w.o.Hours * (rng.Float64() + rng.Float64()) / 2 // a triangle
	}
	slices.Sort(times)
	list := make([]*meal, w.o.Orders)
	for i, t := range times {
		outlet := int64(rng.IntN(w.o.Outlets) + 1)
		from := w.board.Outlets[outlet]
		list[i] = &meal{
			estimate: time.Duration(8+8*rng.Float64()) * time.Minute,
			Delivery: &delivery.Delivery{
				Order: int64(i + 1), Outlet: outlet, Number: fmt.Sprint("order ", i+1), Status: delivery.Requested, Version: 1, From: from,
				To: around(from, 1300), Located: true, Size: 1, PlacedAt: morning.Add(time.Duration(t * float64(time.Hour))).Truncate(time.Second),
				OrderStatus: "in_preparation",
			},
		}
	}
	return list
}

// cook lets each kitchen's hands make what comes in, one after the other.
func (w *world) cook(rng *rand.Rand) {
	hands := map[int64][]time.Time{}
	for outlet := range w.board.Outlets {
		hands[outlet] = make([]time.Time, w.o.Hands)
	}
	for _, m := range w.meals {
		i := earliest(hands[m.Outlet])
		m.begun = later(hands[m.Outlet][i], m.PlacedAt)
		m.ready = m.begun.Add(time.Duration(float64(m.estimate) * math.Exp(w.o.Spread*rng.NormFloat64()))).Truncate(time.Second)
		hands[m.Outlet][i] = m.ready
	}
}

func earliest(times []time.Time) int {
	best := 0
	for i, t := range times {
		if t.Before(times[best]) {
			best = i
		}
	}
	return best
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// reveal shows what was placed and what was made by now.
func (w *world) reveal() {
	for ; w.placed < len(w.meals) && !w.meals[w.placed].PlacedAt.After(w.now); w.placed++ {
		w.open = append(w.open, w.meals[w.placed])
	}
	for _, m := range w.open {
		if m.OrderStatus == "in_preparation" && !m.ready.After(w.now) {
			m.OrderStatus = "ready"
		}
		m.Waits = w.o.WhenMade && m.ready.After(w.now)
	}
}

// promises are what the kitchens say of their open orders: what they are at takes what its recipe says, and what is left
// of it is never nothing; what waits begins when a hand is expected to be free.
func (w *world) promises() map[int64]delivery.Readiness {
	list := map[int64]delivery.Readiness{}
	hands := map[int64][]time.Time{}
	for _, m := range w.open {
		if m.OrderStatus != "in_preparation" || m.begun.After(w.now) {
			continue
		}
		end := later(m.begun.Add(m.estimate), w.now.Add(m.estimate/10))
		list[m.Order] = delivery.Readiness{P50: end, P90: end.Add(m.estimate / 4)}
		hands[m.Outlet] = append(hands[m.Outlet], end)
	}
	for _, m := range w.open {
		if m.OrderStatus != "in_preparation" || !m.begun.After(w.now) {
			continue
		}
		for len(hands[m.Outlet]) < w.o.Hands {
			hands[m.Outlet] = append(hands[m.Outlet], w.now)
		}
		i := earliest(hands[m.Outlet])
		end := hands[m.Outlet][i].Add(m.estimate)
		hands[m.Outlet][i] = end
		list[m.Order] = delivery.Readiness{P50: end, P90: end.Add(m.estimate / 2)}
	}
	return list
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
			_ = w.turn().AcceptBy(m.Order, m.Driver)
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
	}
	if w.now.Before(m.arrived.Add(half)) || m.OrderStatus == "in_preparation" {
		return
	}
	if err := w.turn().TakeAlong(m.Order, c.ID); err == nil {
		m.picked, c.busy = w.now, w.now.Add(half)
	}
}

func (w *world) handOver(c *courier, m *meal) {
	if err := w.turn().HandOver(m.Order, c.ID, delivery.Proof{}); err == nil {
		m.done = w.now.Add(w.options.Plan.DropService / 2)
		c.busy = w.now.Add(w.options.Plan.DropService)
	}
}

// result adds up.
func (w *world) result() Result {
	r := Result{Orders: len(w.meals)}
	var times []time.Duration
	for _, m := range w.meals {
		if m.Status != delivery.Delivered {
			continue
		}
		r.Delivered++
		r.FoodWait += m.picked.Sub(m.ready)
		r.DriverWait += max(0, m.picked.Sub(m.arrived)-w.options.Plan.PickupService/2)
		r.ClickToDoor += m.done.Sub(m.PlacedAt)
		times = append(times, m.done.Sub(m.PlacedAt))
	}
	if n := time.Duration(r.Delivered); n > 0 {
		r.FoodWait, r.DriverWait, r.ClickToDoor = r.FoodWait/n, r.DriverWait/n, r.ClickToDoor/n
		slices.Sort(times)
		r.P90 = times[len(times)*9/10]
	}
	return r
}
