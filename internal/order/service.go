package order

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"brigade/internal/actor"
	"brigade/internal/clock"
	"brigade/internal/errs"
	"brigade/internal/modifier"
	"brigade/internal/money"
	"brigade/internal/recipe"
)

// MenuItem is an item that can be ordered, with all that the kitchen needs to make it.
type MenuItem struct {
	SKU     string
	Name    string
	Price   money.Amount
	Choices []modifier.Group
	Recipe  recipe.Recipe
}

// Menu finds items. Lookup returns one entry per name, in order: nil where an outlet's menu has no such item by SKU
// or exact name.
type Menu interface {
	Lookup(ctx context.Context, tenant, outlet int64, names []string) ([]*MenuItem, error)
}

// Outlet is what intake needs to know of one.
type Outlet struct {
	ID              int64
	Currency        string
	FreeFormStation int64          // where items that are not on the menu are made; 0: they are refused
	Zone            *time.Location // nil: UTC
}

// Outlets finds outlets. Errors: KindNotFound when the tenant has none of this id.
type Outlets interface {
	Outlet(ctx context.Context, tenant, outlet int64) (Outlet, error)
}

// Receipt is the answer to a placement.
type Receipt struct {
	Order        Order
	ReadyTaskIDs []int64 // tasks that waited for nothing when the order was taken
	Repeated     bool    // the key was seen before: this is the first answer
}

// Draft is a priced order that waits to be written.
type Draft struct {
	Order       Order
	Key         string
	Fingerprint []byte
	Terms       *Terms // nil: its kitchen has it at once
	Refused     error  // not nil: it is only looked up whether the key was seen; if not, this is the answer
}

// Store keeps orders.
type Store interface {
	// Place writes a draft with its ticket and tasks, or returns the first answer to the same source and key.
	// Errors: KindConflict when the key was used for another request; KindUnavailable, KindUnknown.
	Place(ctx context.Context, d Draft) (Receipt, error)
	// Get returns an order of a tenant with its lines, by number or decimal id. Errors: KindNotFound.
	Get(ctx context.Context, tenant int64, ref string) (Order, error)
	// History returns an order's changes, oldest first. Errors: KindNotFound.
	History(ctx context.Context, tenant int64, ref string) ([]Change, error)
	// List returns orders, newest first unless the filter says otherwise.
	List(ctx context.Context, f Filter) ([]Order, error)
	// Pulse tells how an outlet's orders go.
	Pulse(ctx context.Context, tenant, outlet int64, now time.Time) (Pulse, error)
	// OpenWith lists lines of an outlet's open orders that hold an item and are not ready, oldest first, at most 1000.
	OpenWith(ctx context.Context, tenant, outlet int64, sku string) ([]OpenLine, error)
	// EditSeen tells whether an order was edited under a key.
	EditSeen(ctx context.Context, order int64, key string) (bool, error)
	// Move changes an order's status, guarded by the life cycle. Errors: KindNotFound, KindConflict.
	Move(ctx context.Context, tenant int64, ref string, to func(Type) Status, by, reason string, at time.Time) (Order, error)
}

// Filter chooses orders of a tenant.
type Filter struct {
	Tenant int64
	Outlet int64    // 0: all
	Status []Status // empty: all
	Open   bool     // only those whose life goes on
	Oldest bool     // the oldest first instead, of those whose life goes on
	Before int64    // only orders with a smaller id: the next page; 0: from the newest
	Limit  int
}

// Service takes orders and tells about them.
type Service struct {
	store   Store
	menu    Menu
	outlets Outlets
	clock   clock.Clock
	gate    Gate

	foreteller Foreteller // nil: nobody knows what kitchens can do
	carriers   Carriers   // nil: everything is carried anywhere, for nothing

	agreement *agreement // nil: no terms can be agreed on
	files     Files      // nil: no order has terms
}

// Gate tells whether an outlet takes an order of some lines just now, from a source. Errors: KindConflict, which says
// what is off and until when.
type Gate func(ctx context.Context, tenant, outlet int64, source string, lines []Line) error

// Guard makes the service ask a gate before it takes an order, or adds to one. It is called before the first order.
func (s *Service) Guard(g Gate) { s.gate = g }

// open asks the gate; without one everything is.
func (s *Service) open(ctx context.Context, tenant, outlet int64, source string, lines []Line) error {
	if s.gate == nil {
		return nil
	}
	return s.gate(ctx, tenant, outlet, source, lines)
}

// NewService returns a service over its parts.
func NewService(store Store, menu Menu, outlets Outlets, clk clock.Clock) *Service {
	return &Service{store: store, menu: menu, outlets: outlets, clock: clk}
}

// Place takes an order. It is written, with its ticket, tasks and events, when Place returns nil; the same source and
// key again gives the first answer. Errors: KindInvalid (every faulty field named, unknown items included),
// KindNotFound (outlet), KindConflict (key used for another request, or paused), KindUnavailable (nothing was written), KindUnknown.
func (s *Service) Place(ctx context.Context, who actor.Actor, p Placement) (Receipt, error) {
	if p.Outlet == 0 {
		p.Outlet = who.Outlet
	}
	if err := p.Validate(); err != nil {
		return Receipt{}, err
	}
	if !who.Sees(p.Outlet) {
		return Receipt{}, errs.NotFound("no such outlet")
	}
	outlet, err := s.outlets.Outlet(ctx, who.Tenant, p.Outlet)
	if err != nil {
		return Receipt{}, err
	}
	lines, err := s.lines(ctx, who.Tenant, outlet, p)
	if err != nil {
		return Receipt{}, err
	}
	d := Draft{Order: s.price(who, outlet, p, lines), Key: p.Key, Fingerprint: p.Fingerprint}
	if err := s.weigh(ctx, outlet, p, &d); err != nil {
		return Receipt{}, err
	}
	return s.store.Place(ctx, d)
}

// weigh asks everybody who may refuse an order, and agrees on its terms. A request with a key may have been right when it came
// first: whether it was, the store knows; d.Refused is the answer if it was not.
func (s *Service) weigh(ctx context.Context, outlet Outlet, p Placement, d *Draft) error {
	for _, ask := range []func() error{
		func() error { return s.open(ctx, d.Order.Tenant, outlet.ID, p.Source, d.Order.Lines) },
		func() error { return s.carry(ctx, outlet, p, &d.Order) },
		func() (err error) { d.Terms, err = s.terms(ctx, outlet, p, &d.Order); return err },
		func() error {
			if d.Refused != nil {
				return nil
			}
			return s.admit(ctx, d)
		},
	} {
		err := ask()
		if err != nil && (p.Key == "" || !final(err)) {
			return err
		}
		d.Refused = cmp.Or(d.Refused, err)
	}
	return nil
}

func (s *Service) price(who actor.Actor, outlet Outlet, p Placement, lines []Line) Order {
	now := s.clock.Now().Truncate(time.Microsecond)
	total := Total(lines)
	return Order{
		Tenant: who.Tenant, Outlet: outlet.ID, Source: p.Source, Status: Created, Type: p.Type,
		CustomerName: p.CustomerName, TableNumber: p.TableNumber, DeliveryAddress: p.DeliveryAddress, Hold: p.Hold, Contact: p.Contact, Door: p.Door,
		Lines: lines, Total: total, Currency: outlet.Currency, Priority: Priority(total), Version: 1,
		PlacedAt: now, UpdatedAt: now, UpdatedBy: who.Name,
	}
}

// lines finds every wanted item on the menu; free-form ones get a recipe of one step.
func (s *Service) lines(ctx context.Context, tenant int64, outlet Outlet, p Placement) ([]Line, error) {
	names := make([]string, len(p.Items))
	for i, w := range p.Items {
		names[i] = w.SKU
		if w.SKU == "" {
			names[i] = w.Name
		}
	}
	found, err := s.menu.Lookup(ctx, tenant, outlet.ID, names)
	if err != nil {
		return nil, err
	}
	var f errs.Fields
	lines := make([]Line, len(p.Items))
	for i, w := range p.Items {
		switch {
		case found[i] != nil:
			line, err := w.line(found[i])
			if err != nil {
				f.Add(w.path(i, "choices"), "%s", err)
				continue
			}
			lines[i] = line
		case w.SKU == "" && w.Price != nil && outlet.FreeFormStation != 0:
			lines[i] = Line{Name: w.Name, Quantity: w.Quantity, Recipe: freeForm(w.Name, p.Type, outlet.FreeFormStation)}
		default:
			f.Add(w.path(i, "sku"), "%q is not on the menu", names[i])
			continue
		}
		lines[i].Course = w.Course
		if w.Price != nil {
			lines[i].UnitPrice = *w.Price
		}
	}
	return lines, f.Err()
}

// line is what is wanted of an item of the menu, as a cook reads it: "Burger combo (Large, Cheese, no onions)", and what a
// unit costs with what was chosen. Errors: such a choice there is not.
func (w Wanted) line(it *MenuItem) (Line, error) {
	words, extra, err := modifier.Apply(it.Choices, w.Picks)
	if err != nil {
		return Line{}, err
	}
	if w.Note != "" {
		words = append(words, w.Note)
	}
	l := Line{SKU: it.SKU, Name: it.Name, Quantity: w.Quantity, UnitPrice: max(0, it.Price+extra), Recipe: it.Recipe}
	if len(words) > 0 {
		l.Name += " (" + strings.Join(words, ", ") + ")"
	}
	return l, nil
}

// freeForm is the recipe of an item that is not on the menu: contract R's cooking times.
func freeForm(name string, t Type, station int64) recipe.Recipe {
	takes := map[Type]time.Duration{DineIn: 8 * time.Second, Takeout: 10 * time.Second, Delivery: 12 * time.Second}[t]
	return recipe.Recipe{Steps: []recipe.Step{
		{Description: "prepare " + name, Station: station, Estimate: takes, Priority: 10},
	}}
}

// Get returns an order by number or decimal id. Errors: KindNotFound.
func (s *Service) Get(ctx context.Context, who actor.Actor, ref string) (Order, error) {
	o, err := s.store.Get(ctx, who.Tenant, ref)
	if err == nil && !who.Sees(o.Outlet) {
		return Order{}, errs.NotFound("no order %s", ref)
	}
	return o, err
}

// History returns an order's changes, oldest first. Errors: KindNotFound.
func (s *Service) History(ctx context.Context, who actor.Actor, ref string) ([]Change, error) {
	if _, err := s.Get(ctx, who, ref); err != nil {
		return nil, err
	}
	return s.store.History(ctx, who.Tenant, ref)
}

// List returns one page of the actor's orders, newest first.
func (s *Service) List(ctx context.Context, who actor.Actor, f Filter) ([]Order, error) {
	f.Tenant = who.Tenant
	if who.Bound {
		f.Outlet = who.Outlet
	}
	for _, st := range f.Status {
		if !slices.Contains(Statuses, st) {
			return nil, errs.Invalid("there is no status %q", st)
		}
	}
	if f.Limit <= 0 || f.Limit > 200 {
		f.Limit = 50
	}
	return s.store.List(ctx, f)
}

// PulseMinutes is how far back a Pulse looks.
const PulseMinutes = 15

// Pulse is how an outlet's orders go. What became ready is counted among the latest two thousand orders.
type Pulse struct {
	Open    map[Status]int    // exact
	Ready   [PulseMinutes]int // orders that became ready, by minute; the present minute first
	Typical time.Duration     // from placed to ready, the median of those; 0: none became ready
}

// Pulse tells how the orders of an outlet go; 0 is the actor's own. Errors: KindNotFound.
func (s *Service) Pulse(ctx context.Context, who actor.Actor, outlet int64) (Pulse, error) {
	if outlet == 0 {
		outlet = who.Outlet
	}
	if !who.Sees(outlet) {
		return Pulse{}, errs.NotFound("no such outlet")
	}
	return s.store.Pulse(ctx, who.Tenant, outlet, s.clock.Now())
}

// HandOver ends a ready order: served, collected or delivered by its type. Repeated: the same answer.
// Errors: KindNotFound; KindConflict when it is not ready.
func (s *Service) HandOver(ctx context.Context, who actor.Actor, ref string) (Order, error) {
	if err := who.Whole(); err != nil {
		return Order{}, err
	}
	return s.handOver(ctx, who, ref, Proof{})
}

// Fingerprint is a digest of a request body for Placement.Fingerprint; equal requests have equal ones.
func Fingerprint(request any) []byte {
	body, err := json.Marshal(request)
	if err != nil { // requests are plain structs
		panic("order: fingerprint: " + err.Error())
	}
	sum := sha256.Sum256(body)
	return sum[:16]
}
