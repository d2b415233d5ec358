// Package stock is what kitchens hold, what it takes to make what they sell, and where it is bought: ingredients, bills of
// materials, lots, an append-only ledger of movements, suppliers and purchase orders.
//
// What is on hand is always the sum of an ingredient's movements, and of what is left of its lots less what was used
// though no lot had it (it was never booked in, or a count was wrong): the next lot pays that back.
package stock

import "time"

// Ingredient is something that is bought, or made ahead from others (a preparation), at one outlet.
type Ingredient struct {
	ID     int64
	Outlet int64
	Code   string // unique in its outlet
	Name   string
	Unit   Unit
	Shelf  time.Duration // how long a new lot keeps; whole hours, 0: it does not spoil
	Par    Quantity      // how much should be there after a delivery; 0: not said
	Active bool

	// Of preparations.
	Batch     Quantity      // made so much at a time; 0: it is bought
	Stocked   bool          // made ahead and held in stock; else it is taken apart into what it is made of whenever it is used
	Lead      time.Duration // from the start of a batch until it can be used; whole minutes
	Station   int64         // where it is made; 0: anywhere
	AtStation time.Duration // work of a batch at the station; whole minutes
}

// Prepared tells whether it is made in the house.
func (i Ingredient) Prepared() bool { return i.Batch > 0 }

// BillKind is what a bill of materials is of.
type BillKind string

// What has bills.
const (
	OfItem        BillKind = "item"        // one unit of an item of the menu; options that are items have bills of their own
	OfPreparation BillKind = "preparation" // one batch
)

// BillLine is an ingredient that goes into something.
type BillLine struct {
	Kind       BillKind
	Made       string // the item's SKU, or the preparation's code
	Ingredient int64
	Quantity   Quantity // for one unit of the item, or one batch of the preparation
}

// Level is how much of an ingredient there is.
type Level struct {
	Ingredient

	OnHand   Quantity  // the sum of its movements; below 0: more was used than was ever booked in
	Owed     Quantity  // part of that: used without a lot
	Reserved Quantity  // held back by open orders that are not cooked yet
	OnOrder  Quantity  // of purchase orders that were sent and are not in
	NextLoss time.Time // when the next lot expires; zero: none does
	Counted  time.Time // last; zero: never
}

// Available is what can still be promised to orders; below 0 when they were promised more than there is.
func (l Level) Available() Quantity { return l.OnHand - l.Reserved }

// Lot is what came in together.
type Lot struct {
	ID         int64
	Ingredient int64
	Received   time.Time
	Expires    time.Time // zero: it does not spoil
	Initial    Quantity
	Remaining  Quantity
	Purchase   int64 // that brought it; 0: none
	Note       string
}

// MovementKind is why stock changed.
type MovementKind string

// Why stock changes.
const (
	Count      MovementKind = "count"      // the difference that a count found
	Bought     MovementKind = "purchase"   // a delivery
	Make       MovementKind = "make"       // a preparation was made: it comes in, what it is made of goes out
	Use        MovementKind = "use"        // an order was cooked
	Waste      MovementKind = "waste"      // thrown away, or past its date
	Transfer   MovementKind = "transfer"   // to or from another outlet
	Correction MovementKind = "correction" // of a mistake in the books
)

// Movement is one change of an ingredient's stock. Movements are never changed.
type Movement struct {
	ID         int64
	Outlet     int64
	Ingredient int64
	Code       string // the ingredient's
	Unit       Unit
	Kind       MovementKind
	Quantity   Quantity // below 0: out of stock
	Order      int64    // whose cooking used it; 0: none
	Purchase   int64    // that brought it; 0: none
	Lot        int64    // that came in, or that was meant; 0: whichever expires first
	Reason     string
	By         string
	At         time.Time
}

// Entry is a change of stock that somebody enters by hand.
type Entry struct {
	Code     string    // the ingredient's
	Text     string    // the quantity as somebody wrote it, "2.5 kg"; "": Quantity says it
	Quantity Quantity  // counted, brought, made, thrown away or moved; never negative but of transfers and corrections
	Lot      int64     // of waste: the lot that is meant; 0: whichever expires first
	Expires  time.Time // of what comes in; zero: by the ingredient's shelf life
	Reason   string
}

// Sheet is what somebody enters at once: all of it, or nothing.
type Sheet struct {
	Outlet  int64
	Kind    MovementKind
	Key     string // the client's: the same sheet again changes nothing; "": none
	Entries []Entry
	By      string
	At      time.Time
}

// Change is what an entry did to an ingredient.
type Change struct {
	Code     string
	Unit     Unit
	Was      Quantity // on hand before
	Now      Quantity
	Quantity Quantity // the movement; 0: nothing changed
}

// Usage is how much of an ingredient was used in a time, by the books and in truth.
type Usage struct {
	Code        string
	Name        string
	Unit        Unit
	Opening     Quantity // on hand at the beginning
	In          Quantity // bought, made, transferred in
	Wasted      Quantity // that was noted as such
	Theoretical Quantity // what orders needed by their bills
	Counted     Quantity // what counts and corrections changed: below 0, less was there than the books said
	Closing     Quantity // on hand at the end
}

// Actual is what must have been used, waste that was noted apart: opening + in - noted waste - closing.
func (u Usage) Actual() Quantity { return u.Opening + u.In - u.Wasted - u.Closing }

// Variance is how much more was used than the bills say; below 0: less.
func (u Usage) Variance() Quantity { return u.Actual() - u.Theoretical }

// Out is an item that cannot be made of what is there.
type Out struct {
	SKU        string
	Ingredient string // the code of the one that is missing
	Since      time.Time
}
