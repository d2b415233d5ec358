package delivery

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"brigade/internal/delivery/dispatch"
)

// Region is where drivers and outlets are planned together.
type Region struct {
	ID, Tenant int64
	Slug, Name string
	Zone       *time.Location
	OfferFor   time.Duration // then an offer that nobody answered goes to somebody else
}

// RegionState is how a region is doing: who is there, and what waits.
type RegionState struct {
	Region
	Waiting, Delivering, Resting                  int // drivers
	Pending, Offered, Assigned, Aboard, Escalated int // open deliveries
}

// Board is a region as it is: what the engine decides upon.
type Board struct {
	Region     Region
	Outlets    map[int64]Point
	Drivers    []*Driver // at work, or on a break
	Deliveries []*Delivery
	Recent     []dispatch.Demand // placed lately, oldest first
	Speeds     Speeds
}

// Driver finds one who is at work.
func (b *Board) Driver(id int64) *Driver {
	for _, d := range b.Drivers {
		if d.ID == id {
			return d
		}
	}
	return nil
}

// Fence is the right to decide for a region, as proved to the database with every commit.
type Fence struct{ Region, Token int64 }

// NotOwnerError says that a region has another owner by now: nothing was written.
type NotOwnerError struct{ Region int64 }

func (e *NotOwnerError) Error() string { return fmt.Sprintf("region %d has another owner", e.Region) }

// Change is what one transaction shall do: the deliveries and drivers that it names are locked, with all that the named
// drivers have, and given to Do. Do may be called again when the transaction has to be.
type Change struct {
	Fence   *Fence  // nil: not in the name of an owner
	Tap     *Tapped // it is written with; nil: none
	By      string
	At      time.Time
	Orders  []int64
	Drivers []int64
	Lenient bool // an order whose life does not allow its step any more is left where it is
	Do      func(*Turn) error
}

// Filter chooses deliveries of a tenant, newest first.
type Filter struct {
	Tenant, Outlet int64
	Driver         int64 // only what he has or is offered
	Order          int64
	Number         string
	Open           bool
	Before         int64
	Limit          int
}

// DriverFilter chooses drivers of a tenant, by id.
type DriverFilter struct {
	Tenant int64
	Region string
	ID     int64
	Name   string
	After  int64
	Limit  int
}

// OfferView is who was asked for a delivery, why him, and what he said.
type OfferView struct {
	Attempt    int
	Driver     int64
	Name       string
	OfferedAt  time.Time
	AnsweredAt time.Time
	Outcome    string
	Reason     string
	Why        Why
}

// Why explains a decision: what the delivery adds to the driver's route, and what it would have added to others'.
// Costs are in seconds of customers' time; see dispatch.Settings.
type Why struct {
	ByHand       string        `json:"by_hand,omitempty"` // who decided, when it was no planner
	Cost         float64       `json:"cost,omitempty"`
	FoodWaits    float64       `json:"food_waits_seconds,omitempty"`
	Arrives      *time.Time    `json:"arrives,omitempty"` // when he is at the restaurant
	ReadyP50     *time.Time    `json:"ready_p50,omitempty"`
	ReadyP90     *time.Time    `json:"ready_p90,omitempty"`
	OpenOrders   int           `json:"open_orders,omitempty"`   // that were planned together
	Drivers      int           `json:"drivers,omitempty"`       // among so many
	With         []string      `json:"together_with,omitempty"` // numbers of the orders that he has on board together with it
	Alternatives []Alternative `json:"alternatives,omitempty"`
}

// Alternative is somebody else who could have had it.
type Alternative struct {
	Driver int64   `json:"driver_id"`
	Name   string  `json:"driver"`
	Cost   float64 `json:"cost"`
}

// Text writes it as JSON.
func (w Why) Text() json.RawMessage {
	b, err := json.Marshal(w)
	if err != nil { // plain numbers and names
		panic("delivery: why: " + err.Error())
	}
	return b
}

// Store is what deliveries need of Postgres.
type Store interface {
	// Board reads a region. Errors: KindNotFound.
	Board(ctx context.Context, region int64, recent time.Time) (*Board, error)
	// Riding reads of a region only the drivers who have something on board, with all that they have accepted.
	Riding(ctx context.Context, region int64) (*Board, error)
	// Change writes what Do does, in one transaction. Errors: those of Do, *NotOwnerError, *TappedError,
	// KindConflict, errs kinds.
	Change(ctx context.Context, c Change) error
	// Estimate writes when deliveries come; it is no change of them. Notes say why nobody has one.
	Estimate(ctx context.Context, etas map[int64]ETA, notes map[int64]string) error
	// List and Drivers return pages.
	List(ctx context.Context, f Filter) ([]*Delivery, error)
	Drivers(ctx context.Context, f DriverFilter) ([]*Driver, error)
	// Offers returns who was asked for a delivery, oldest first.
	Offers(ctx context.Context, tenant, order int64) ([]OfferView, error)
	// Followed finds a delivery by its link, with its driver's last position. Errors: KindNotFound.
	Followed(ctx context.Context, token string) (*Delivery, *Fix, error)
	// Overview reads a region with everything that is open, who could carry it, and its outlets' zones. Errors: KindNotFound.
	Overview(ctx context.Context, region int64) (*Overview, error)
	// Home is the region of an outlet. Errors: KindNotFound when it has none.
	Home(ctx context.Context, outlet int64) (Region, error)
	// Regions lists a tenant's regions.
	Regions(ctx context.Context, tenant int64) ([]Region, error)
	// RegionStates tells how a tenant's regions are doing.
	RegionStates(ctx context.Context, tenant int64) ([]RegionState, error)
	// Track is where a driver was.
	Track(ctx context.Context, driver int64, since, until time.Time) ([]Fix, error)
}
