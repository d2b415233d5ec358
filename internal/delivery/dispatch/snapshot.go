package dispatch

import "time"

// Point is a place in whatever coordinates the caller's [Travel] reads: metres, or degrees.
type Point struct{ X, Y float64 }

// Travel tells how long a vehicle of ordinary speed takes. It must be a pure function of the two points, never negative,
// and should keep the triangle inequality. The planner asks for a pair once per decision at most.
type Travel interface {
	Between(from, to Point) time.Duration
}

// TravelFunc is a function as a Travel.
type TravelFunc func(from, to Point) time.Duration

// Between implements Travel.
func (f TravelFunc) Between(from, to Point) time.Duration { return f(from, to) }

// Snapshot is everything the planner knows: what is, at Now. Times are product time; below a second they are rounded up.
// IDs are above zero and unique within their list.
type Snapshot struct {
	Now      time.Time
	Drivers  []Driver
	Orders   []Order  // not yet delivered
	Recent   []Demand // orders placed in the last Settings.Reposition.Window, oldest first; empty: nobody is repositioned
	Paused   []int64  // zones whose open orders nobody gets
	Travel   Travel
	Settings Settings
}

// Skills are what a driver may do and an order needs, one bit each.
type Skills uint32

// The skills of the house; the other bits are free for an operator's own.
const (
	Alcohol Skills = 1 << iota // old enough, and checks the age at the door
	Large                      // has the vehicle for what fits in no bag
)

// Driver is somebody on shift.
type Driver struct {
	ID       int64
	At       Point     // where he stands, or where the move that he was told ends: a move is never broken off
	Pickup   int64     // the pick-up place at At; 0: none
	Arrives  time.Time // when he reached or reaches At
	Free     time.Time // from when on he can leave At
	Handed   time.Time // when he last collected something at At, zero: not yet; collecting more costs no service time
	On, Off  time.Time // nothing is collected after Off, unless it was bound before
	Capacity int       // order sizes that he can carry at the same time; 0: Settings.Capacity
	Skills   Skills
	Speed    float64 // how much faster than Travel; not a finite number above 0 counts as 1
	Done     int     // orders delivered since On; who has fewer than his share of the hours comes first when little else matters
	Route    []Stop  // what the last plan meant for him: a start for this one, no promise
}

// Stage tells how far an order is.
type Stage uint8

// The stages of an order.
const (
	Open    Stage = iota // may go to anybody
	Bound                // its holder was told to collect it: final
	Carried              // its holder has it on board
)

// Order is an order that is not yet delivered.
type Order struct {
	ID       int64
	Pickup   int64 // the pick-up place: a restaurant
	From, To Point // the pick-up place and the customer's door
	Zone     int64
	Placed   time.Time
	Ready    time.Time // when half of such orders are ready
	ReadyP90 time.Time // when nine in ten are; zero: as Ready
	Due      time.Time // the promise to the customer; zero: none
	Size     int       // below 1 counts as 1
	Needs    Skills
	Pinned   int64   // the only driver who may have it; 0: anybody
	Barred   []int64 // drivers who may not have it while it is open: they declined it
	Stage    Stage
	Holder   int64 // the driver, unless Open
}

// Stop is a visit of a route.
type Stop struct {
	Order  int64
	Drop   bool      // false: the pick-up
	Arrive time.Time // when the driver gets there
	At     time.Time // when the order changes hands
}

// Demand is an order of the near past, open or not: where the next ones may come from.
type Demand struct {
	Pickup        int64
	From          Point
	Placed, Ready time.Time
}
