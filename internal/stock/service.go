package stock

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"brigade/internal/actor"
	"brigade/internal/clock"
	"brigade/internal/errs"
	"brigade/internal/measure"
)

// Service keeps stock and buys. Managers do everything; cooks see stock, count, make, throw away and take deliveries in.
// It is safe for concurrent use.
type Service struct {
	store   Store
	clock   clock.Clock
	suggest Suggester
	mails   bool
	zone    func(ctx context.Context, tenant, outlet int64) (*time.Location, error)
}

// Suggester says what an outlet should buy.
type Suggester interface {
	// Suggest returns a suggestion for each supplier from whom something should be bought.
	Suggest(ctx context.Context, tenant, outlet int64) ([]Suggestion, error)
}

// NewService returns a service; the clock is the product's, zone says an outlet's time zone.
func NewService(store Store, clk clock.Clock, zone func(ctx context.Context, tenant, outlet int64) (*time.Location, error)) *Service {
	return &Service{store: store, clock: clk, zone: zone}
}

// SuggestBy makes suggestions follow a plan rather than par levels. Call it before the service is used.
func (s *Service) SuggestBy(by Suggester) { s.suggest = by }

// Mails says that there is a mail server for purchase orders. Call it before the service is used.
func (s *Service) Mails() { s.mails = true }

// Limits of what is entered at once.
const (
	mostEntries = 1000
	mostText    = 200 // characters
	mostAhead   = 10 * 366 * 24 * time.Hour
)

// at is the outlet that an actor means, 0 is his own. Errors: KindNotFound.
func (s *Service) at(ctx context.Context, who actor.Actor, outlet int64) (int64, error) {
	outlet = cmp.Or(outlet, who.Outlet)
	if !who.Sees(outlet) {
		return 0, errs.NotFound("no such outlet")
	}
	ok, err := s.store.Has(ctx, who.Tenant, outlet)
	if err == nil && !ok {
		err = errs.NotFound("no such outlet")
	}
	return outlet, err
}

// within settles which outlet a query is about.
func (s *Service) within(ctx context.Context, who actor.Actor, q *Query) (err error) {
	q.Outlet, err = s.at(ctx, who, q.Outlet)
	return err
}

// Levels lists how much there is, by code. Errors: KindNotFound for an outlet that the actor does not see.
func (s *Service) Levels(ctx context.Context, who actor.Actor, q Query) ([]Level, error) {
	if err := s.within(ctx, who, &q); err != nil {
		return nil, err
	}
	return s.store.Levels(ctx, who.Tenant, q)
}

// Level returns one ingredient's level. Errors: KindNotFound.
func (s *Service) Level(ctx context.Context, who actor.Actor, outlet int64, code string) (Level, error) {
	if code == "" {
		return Level{}, errs.NotFound("there is no ingredient \"\" here")
	}
	list, err := s.Levels(ctx, who, Query{Outlet: outlet, Code: code, Most: 1, All: true})
	if err == nil && len(list) == 0 {
		err = errs.NotFound("there is no ingredient %q here", code)
	}
	if err != nil {
		return Level{}, err
	}
	return list[0], nil
}

// Lots lists what is left of lots, what expires first before others.
func (s *Service) Lots(ctx context.Context, who actor.Actor, q Query) ([]Lot, error) {
	if err := s.within(ctx, who, &q); err != nil {
		return nil, err
	}
	return s.store.Lots(ctx, who.Tenant, q)
}

// Bills lists bills of materials.
func (s *Service) Bills(ctx context.Context, who actor.Actor, outlet int64) ([]BillLine, error) {
	outlet, err := s.at(ctx, who, outlet)
	if err != nil {
		return nil, err
	}
	return s.store.Bills(ctx, who.Tenant, outlet)
}

// Outs lists items that cannot be made of what is there.
func (s *Service) Outs(ctx context.Context, who actor.Actor, outlet int64) ([]Out, error) {
	outlet, err := s.at(ctx, who, outlet)
	if err != nil {
		return nil, err
	}
	return s.store.Outs(ctx, who.Tenant, outlet)
}

// Movements lists changes of stock, the latest first.
func (s *Service) Movements(ctx context.Context, who actor.Actor, q Query) ([]Movement, error) {
	if err := s.within(ctx, who, &q); err != nil {
		return nil, err
	}
	return s.store.Movements(ctx, who.Tenant, q)
}

// Usage sums up what was used in a time, by the bills and in truth.
func (s *Service) Usage(ctx context.Context, who actor.Actor, q Query) ([]Usage, error) {
	if err := s.within(ctx, who, &q); err != nil {
		return nil, err
	}
	return s.store.Usage(ctx, who.Tenant, q)
}

// Book enters a sheet: a count, a delivery without an order, what was made, waste, a transfer or a correction. All of it
// holds, or nothing. Errors: KindForbidden, KindNotFound, KindInvalid (every faulty entry is named), KindConflict when more
// would go out than is there, or the key was used for another sheet.
func (s *Service) Book(ctx context.Context, who actor.Actor, sheet Sheet) ([]Change, error) {
	roles := []actor.Role{actor.Manager}
	if sheet.Kind != Transfer && sheet.Kind != Correction {
		roles = append(roles, actor.Cook)
	}
	if err := who.Require(roles...); err != nil {
		return nil, err
	}
	outlet, err := s.at(ctx, who, sheet.Outlet)
	if err != nil {
		return nil, err
	}
	sheet.Outlet, sheet.By, sheet.At = outlet, who.Name, s.clock.Now().Truncate(time.Microsecond)
	if sheet.Entries, err = s.read(ctx, who.Tenant, sheet); err != nil {
		return nil, err
	}
	if err := sheet.check(); err != nil {
		return nil, err
	}
	return s.store.Book(ctx, who.Tenant, sheet)
}

// read reads the quantities of a sheet that are written as text, each in its ingredient's unit. Errors: KindInvalid, which
// names all that are none.
func (s *Service) read(ctx context.Context, tenant int64, sheet Sheet) ([]Entry, error) {
	if !slices.ContainsFunc(sheet.Entries, func(e Entry) bool { return e.Text != "" }) {
		return sheet.Entries, nil
	}
	known, err := s.store.Ingredients(ctx, tenant, Query{Outlet: sheet.Outlet, All: true})
	if err != nil {
		return nil, err
	}
	units := make(map[string]Unit, len(known))
	for _, g := range known {
		units[g.Code] = g.Unit
	}
	var f errs.Fields
	list := slices.Clone(sheet.Entries)
	for i, e := range list {
		unit := units[e.Code]
		if unit == "" {
			f.Add(fmt.Sprintf("entries[%d].ingredient", i), "there is no ingredient %q here", e.Code)
			continue
		}
		if list[i].Quantity, err = measure.ParseQuantity(e.Text, unit); err != nil {
			f.Add(fmt.Sprintf("entries[%d].quantity", i), "%v", err)
		}
		list[i].Text = ""
	}
	return list, f.Err()
}

func (sh Sheet) check() error {
	var f errs.Fields
	if !slices.Contains([]MovementKind{Count, Bought, Make, Waste, Transfer, Correction}, sh.Kind) {
		f.Add("kind", "must be count, purchase, make, waste, transfer or correction")
	}
	if len(sh.Entries) < 1 || len(sh.Entries) > mostEntries {
		f.Add("entries", "must be 1 to %d", mostEntries)
	}
	if len(sh.Key) > mostText {
		f.Add("key", "must have at most %d characters", mostText)
	}
	seen := map[string]bool{}
	for i, e := range sh.Entries {
		e.check(&f, fmt.Sprintf("entries[%d].", i), sh)
		if seen[e.Code] && sh.Kind == Count {
			f.Add(fmt.Sprintf("entries[%d].ingredient", i), "%q is counted twice", e.Code)
		}
		seen[e.Code] = true
	}
	return f.Err()
}

// check notes what is wrong with an entry of a sheet.
func (e Entry) check(f *errs.Fields, path string, sh Sheet) {
	switch signed := sh.Kind == Transfer || sh.Kind == Correction; {
	case e.Quantity > Most || e.Quantity < -Most:
		f.Add(path+"quantity", "must be at most %s of its unit", Most.Decimal())
	case e.Quantity < 0 && !signed:
		f.Add(path+"quantity", "must not be negative")
	case e.Quantity == 0 && sh.Kind != Count:
		f.Add(path+"quantity", "must not be 0")
	}
	if !e.Expires.IsZero() && (e.Expires.Before(sh.At) || e.Expires.Sub(sh.At) > mostAhead) {
		f.Add(path+"expires", "must be in the future, and within ten years")
	}
	if badText(e.Reason) {
		f.Add(path+"reason", "must be UTF-8 without NUL, of at most %d characters", mostText)
	}
}

func badText(s string) bool {
	return utf8.RuneCountInString(s) > mostText || !utf8.ValidString(s) || strings.ContainsRune(s, 0)
}

// Suppliers lists suppliers by code.
func (s *Service) Suppliers(ctx context.Context, who actor.Actor, q Query) ([]Supplier, error) {
	if err := s.within(ctx, who, &q); err != nil {
		return nil, err
	}
	return s.store.Suppliers(ctx, who.Tenant, q)
}

// Products lists what suppliers sell, by ingredient.
func (s *Service) Products(ctx context.Context, who actor.Actor, q Query) ([]Product, error) {
	if err := s.within(ctx, who, &q); err != nil {
		return nil, err
	}
	return s.store.Products(ctx, who.Tenant, q)
}

// Zone is an outlet's time zone.
func (s *Service) Zone(ctx context.Context, who actor.Actor, outlet int64) (*time.Location, error) {
	return s.zone(ctx, who.Tenant, outlet)
}

// orderKey is a key that one request uses for several things.
func orderKey(key string, i int) string {
	if key == "" || i == 0 {
		return key
	}
	return key + "/" + strconv.Itoa(i)
}
