package stock

import (
	"context"
	"time"
)

// Query chooses what a list of an outlet holds.
type Query struct {
	Outlet     int64
	Code       string       // of an ingredient; "": all
	Kind       MovementKind // of movements; "": all
	From, Till time.Time    // of movements; zero: open
	Before     int64        // of what is listed latest first: ids below it; 0: from the latest
	After      string       // of what is listed by code: codes above it
	Most       int
	All        bool // also what is no longer used, or closed
}

// Reader reads what plans are made from. Everything is scoped by the tenant; an outlet that is not his keeps no stock.
type Reader interface {
	// Ingredients lists an outlet's ingredients and preparations by code.
	Ingredients(ctx context.Context, tenant int64, q Query) ([]Ingredient, error)
	// Bills lists an outlet's bills of materials: of items and of preparations.
	Bills(ctx context.Context, tenant, outlet int64) ([]BillLine, error)
	// Levels lists how much there is of each ingredient, by code.
	Levels(ctx context.Context, tenant int64, q Query) ([]Level, error)
	// Lots lists what is left of an outlet's lots, what expires first before others.
	Lots(ctx context.Context, tenant int64, q Query) ([]Lot, error)
	// Suppliers lists an outlet's suppliers by code.
	Suppliers(ctx context.Context, tenant int64, q Query) ([]Supplier, error)
	// Products lists what an outlet's suppliers sell, by ingredient, preferred ones first.
	Products(ctx context.Context, tenant int64, q Query) ([]Product, error)
	// Purchases lists purchase orders with their lines, the latest first; without q.All only those that are not closed.
	Purchases(ctx context.Context, tenant int64, q Query) ([]Purchase, error)
}

// Store keeps stock. Each change is one transaction; items that can no longer be made, or can be again, are paused and
// resumed in it.
type Store interface {
	Reader

	// Has tells whether an outlet is the tenant's.
	Has(ctx context.Context, tenant, outlet int64) (bool, error)
	// Outs lists items that cannot be made of what is there.
	Outs(ctx context.Context, tenant, outlet int64) ([]Out, error)
	// Movements lists changes, the latest first.
	Movements(ctx context.Context, tenant int64, q Query) ([]Movement, error)
	// Usage sums an outlet's movements of a time up by ingredient.
	Usage(ctx context.Context, tenant int64, q Query) ([]Usage, error)
	// Book enters a sheet. Errors: KindInvalid for ingredients that the outlet has not; KindConflict when the key was used
	// for another sheet, or more would go out than there is.
	Book(ctx context.Context, tenant int64, sheet Sheet) ([]Change, error)

	// Purchase returns a purchase order. Errors: KindNotFound.
	Purchase(ctx context.Context, tenant, id int64) (Purchase, error)
	// PurchaseID finds a purchase order by its number. Errors: KindNotFound.
	PurchaseID(ctx context.Context, tenant, outlet int64, number string) (int64, error)
	// AddPurchase writes a new draft; the same key again returns the first. Errors: KindInvalid for products that the
	// supplier does not sell, KindConflict when the key was used for another.
	AddPurchase(ctx context.Context, tenant int64, p NewPurchase) (Purchase, error)
	// ChangePurchase lets change decide over a purchase order under its lock, and writes what it made of it if it moved the
	// version. Wishes that it returns become the order's lines; nil leaves them.
	ChangePurchase(ctx context.Context, tenant, id int64, change func(*Purchase) ([]Wish, error)) (Purchase, error)
	// Receive books what has come in of a purchase order; the same key again changes nothing.
	// Errors: KindConflict unless it was sent.
	Receive(ctx context.Context, tenant int64, r Receipt) (Purchase, error)
}

// NewPurchase is a purchase order to be made.
type NewPurchase struct {
	Outlet    int64
	Supplier  int64
	Key       string // the client's; "": none
	Suggested bool
	DeliverOn time.Time
	OrderBy   time.Time
	Note      string
	Wishes    []Wish
	By        string
	At        time.Time
}

// Receipt is what came in of a purchase order.
type Receipt struct {
	Purchase int64
	Key      string // the client's; "": none
	Lines    []ReceivedLine
	Close    bool // nothing more will come
	By       string
	At       time.Time
}

// ReceivedLine is what came in of one of its lines.
type ReceivedLine struct {
	No       int
	Quantity Quantity
	Expires  time.Time // zero: by the ingredient's shelf life
}
