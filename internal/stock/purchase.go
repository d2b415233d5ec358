package stock

import (
	"slices"
	"time"

	"brigade/internal/money"
)

// Supplier is where an outlet buys.
type Supplier struct {
	ID       int64
	Outlet   int64
	Code     string // unique in its outlet
	Name     string
	Email    string // where purchase orders are sent; "": nowhere
	Phone    string
	Currency string
	LeadDays int            // from the order to the delivery, at least
	Days     []time.Weekday // when it delivers; none: every day
	CutOff   time.Duration  // since midnight in the outlet's zone: what is ordered later counts for the next day
	Minimum  money.Amount   // of an order; 0: none
	Active   bool
}

// Delivers tells whether it delivers on a weekday.
func (s Supplier) Delivers(d time.Weekday) bool {
	return len(s.Days) == 0 || slices.Contains(s.Days, d)
}

// NextDelivery is the first day on which what is ordered now can be delivered, and until when it must be ordered for that
// day. Both are in the outlet's zone; the day is its midnight.
func (s Supplier) NextDelivery(now time.Time, zone *time.Location) (day, orderBy time.Time) {
	local := now.In(zone)
	ordered := midnight(local, 0)
	if !now.Before(s.cutOff(ordered)) {
		ordered = midnight(ordered, 1)
	}
	day = midnight(ordered, s.LeadDays)
	for i := 0; i < 7 && !s.Delivers(day.Weekday()); i++ {
		day = midnight(day, 1)
	}
	return day, s.OrderBy(day)
}

// OrderBy is until when something must be ordered to be delivered on a day (its midnight in the outlet's zone).
func (s Supplier) OrderBy(day time.Time) time.Time { return s.cutOff(midnight(day, -s.LeadDays)) }

// cutOff is when a day's orders end; also on days on which the clock is changed the clock shows it.
func (s Supplier) cutOff(day time.Time) time.Time {
	y, m, d := day.Date()
	return time.Date(y, m, d, int(s.CutOff/time.Hour), int(s.CutOff/time.Minute)%60, 0, 0, day.Location())
}

// midnight is the beginning of the day so many days after a time's.
func midnight(t time.Time, days int) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d+days, 0, 0, 0, 0, t.Location())
}

// Product is a pack that a supplier sells.
type Product struct {
	ID           int64
	Supplier     int64
	SupplierCode string
	Ingredient   int64
	Of           string // the ingredient's code
	Unit         Unit   // the ingredient's
	Code         string // the supplier's own
	Name         string
	Pack         Quantity     // of the ingredient
	Price        money.Amount // of a pack, in the supplier's currency
	LeastPacks   int          // of an order, at least 1
	Preferred    bool         // before others that have the ingredient
	Active       bool
}

// Packs is how many packs hold a quantity, at least as many as the supplier sells.
func (p Product) Packs(q Quantity) int {
	if q <= 0 || p.Pack <= 0 {
		return 0
	}
	return max(int((q+p.Pack-1)/p.Pack), p.LeastPacks)
}

// PurchaseStatus is where a purchase order is in its life: draft → sent → partly received → received; cancelled from any
// but the last.
type PurchaseStatus string

// The statuses.
const (
	Draft          PurchaseStatus = "draft"
	Sent           PurchaseStatus = "sent"
	PartlyReceived PurchaseStatus = "partly_received"
	Received       PurchaseStatus = "received"
	Cancelled      PurchaseStatus = "cancelled"
)

// Purchase is an order to a supplier.
type Purchase struct {
	ID        int64
	Outlet    int64
	Supplier  Supplier
	Number    string // PO-00001, without gaps in its outlet
	Status    PurchaseStatus
	Suggested bool      // made from a suggestion; else by hand
	DeliverOn time.Time // midnight UTC of the expected day; zero: not said
	OrderBy   time.Time // the cut-off for that day; zero: not said
	Currency  string
	Note      string
	Version   int    // moves with every change
	SentTo    string // by e-mail; "": by hand
	Failure   string // why the e-mail has not arrived; "": it has, or it is on its way
	CreatedBy string
	CreatedAt time.Time
	ChangedBy string
	ChangedAt time.Time
	SentAt    time.Time // zero: not yet
	ClosedAt  time.Time // received or cancelled; zero: not yet
	Lines     []PurchaseLine
}

// Total is what it costs, by the prices of when its lines were entered.
func (p Purchase) Total() money.Amount {
	var sum money.Amount
	for _, l := range p.Lines {
		sum += l.Price.Times(l.Packs)
	}
	return sum
}

// PurchaseLine is a product that is ordered.
type PurchaseLine struct {
	No         int // from 1
	Product    int64
	Ingredient int64
	Of         string // the ingredient's code
	Unit       Unit
	Code       string // the supplier's
	Name       string
	Pack       Quantity
	Packs      int
	Price      money.Amount // of a pack
	Suggested  *int         // packs that were suggested; nil: added by hand
	Received   Quantity
}

// Ordered is how much of the ingredient the line orders.
func (l PurchaseLine) Ordered() Quantity { return l.Pack * Quantity(l.Packs) }

// Open is how much of it is not in yet.
func (l PurchaseLine) Open() Quantity { return max(0, l.Ordered()-l.Received) }

// Wish is a line of a purchase order to be made or changed.
type Wish struct {
	Product   int64
	Packs     int
	Suggested *int // nil: by hand
}

// Suggestion is what should be bought of one supplier for one delivery.
type Suggestion struct {
	Supplier  int64
	DeliverOn time.Time // midnight UTC of the day; zero: the next one possible
	Lines     []Wish
}
