package dispatch

import "time"

// Plan is the outcome of one decision.
type Plan struct {
	Routes       []Route       // of all drivers who have something to do, in the snapshot's order
	Instructions []Instruction // what drivers are to be told now: final
	Holds        []Hold        // open orders that have a driver in mind but are not promised yet
	Unassigned   []Unassigned
	Cost         float64 // what the search made as small as it could, in seconds
	Tried        int     // tries of the search
}

// Route is what a driver is meant to do after what he does now. Only instructions are final.
type Route struct {
	Driver int64
	Stops  []Stop
}

// Kind tells what an instruction asks for.
type Kind uint8

// The kinds of instructions.
const (
	Fetch   Kind = iota // leave for the pick-up place of Order; the order is his
	Collect             // take Order on board here and now
	Deliver             // leave for the door of Order, which is on board
	Move                // leave for the pick-up place To, without an order
)

// String returns the kind in a word.
func (k Kind) String() string { return [...]string{"fetch", "collect", "deliver", "move"}[k] }

// Instruction is what a driver is to be told now.
type Instruction struct {
	Driver int64
	Kind   Kind
	Order  int64 // 0 for Move
	Pickup int64 // the pick-up place of Fetch, Collect and Move
	To     Point
	Arrive time.Time // when he is there; for Collect: now
	Why    Why       // of Fetch and of the Collect of an order that was open
}

// Why explains why an order went to this driver.
type Why struct {
	Cost         float64 // what the order adds to his route, in seconds; see [Settings]
	Wait         float64 // seconds that the food waits for him
	With         []int64 // the orders that he has on board together with it, as things stand
	Alternatives []Alternative
}

// Alternative is somebody else who could have had the order, cheapest first.
type Alternative struct {
	Driver int64
	Cost   float64
}

// Hold is an open order that waits for its moment.
type Hold struct {
	Order, Driver int64
	Until         time.Time // when the driver should leave for it, as things stand
	For           Cause     // what it waits for
	With          []int64   // the orders that he is meant to have on board together with it
}

// Cause tells what an order waits for that has a driver in mind.
type Cause string

// The causes.
const (
	ForFood   Cause = "food"   // who leaves earlier only waits at the counter
	ForDriver Cause = "driver" // he is busy until then
)

// Reason tells why nobody gets an order.
type Reason string

// The reasons.
const (
	ZonePaused Reason = "zone_paused" // its zone is paused
	NoDriver   Reason = "no_driver"   // nobody is on shift
	NotAllowed Reason = "not_allowed" // nobody has the skills, the room or the pin
	ShiftsEnd  Reason = "shifts_end"  // nobody reaches the restaurant before his shift ends
	TooDear    Reason = "too_dear"    // everybody is so full that others would wait too long
	HolderGone Reason = "holder_gone" // its holder is not in the snapshot
)

// Unassigned is an order that nobody gets, as things stand.
type Unassigned struct {
	Order  int64
	Reason Reason
}
