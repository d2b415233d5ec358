// Package channel lets ordering providers order: each has a channel of an outlet, with a token and a secret of its own,
// a list of what its ids mean, and a state that it is told of.
package channel

import (
	"context"
	"regexp"
	"time"

	"brigade/internal/actor"
	"brigade/internal/clock"
	"brigade/internal/errs"
)

// Prices says whose prices an order has.
type Prices string

// What can be done with a provider's prices.
const (
	KeepPrices  Prices = "keep"  // they are what the guest has paid
	CheckPrices Prices = "check" // an order with others than the menu's is refused
	MenuPrices  Prices = "menu"  // they are not looked at
)

// Channel is one ordering provider at one outlet.
type Channel struct {
	ID        int64
	Tenant    int64
	Outlet    int64
	Name      string
	Prices    Prices
	Delay     Delay // said by hand
	CreatedAt time.Time
	CreatedBy string
}

// Source is who takes its orders, in the words of orders and pauses.
func (c Channel) Source() string { return "channel:" + c.Name }

// Actor is whom its provider acts as.
func (c Channel) Actor() actor.Actor {
	return actor.Actor{Tenant: c.Tenant, Outlet: c.Outlet, Bound: true, Name: c.Source(), Role: actor.Channel}
}

// Meaning is what one of a provider's ids means: an item of the menu, or a note to the cook.
type Meaning struct {
	ID   string // the provider's
	SKU  string // of the outlet's menu; "": a note
	Note string
}

// Store keeps channels.
type Store interface {
	// Insert writes a channel. Errors: KindConflict when the tenant has one of the name.
	Insert(ctx context.Context, c Channel, k Keys) (Channel, error)
	// List returns a tenant's channels by name.
	List(ctx context.Context, tenant int64) ([]Channel, error)
	// Get returns one. Errors: KindNotFound.
	Get(ctx context.Context, tenant int64, name string) (Channel, error)
	// ByToken returns the channel that a token stands for. Errors: KindNotFound; KindForbidden when its tenant does not work.
	ByToken(ctx context.Context, hash Hash, now time.Time) (Channel, error)
	// Secrets lists those that a channel's provider may sign with, by the machine's clock. Errors: KindNotFound.
	Secrets(ctx context.Context, tenant int64, name string, now time.Time) ([]string, error)
	// Rotate replaces token and secret; those before are taken until oldUntil.
	Rotate(ctx context.Context, id int64, k Keys, oldUntil time.Time) error
	// SetPrices sets whose prices hold. Forget makes the provider be told of the state anew.
	SetPrices(ctx context.Context, id int64, p Prices) error
	Forget(ctx context.Context, id int64) error
	// Close ends a channel: nothing is taken from it any more, its name is free.
	Close(ctx context.Context, id int64) error

	// Meanings lists what a channel's ids mean, by id; with ids given, those of them that are known.
	Meanings(ctx context.Context, channel int64, ids []string) ([]Meaning, error)
	// PutMeanings writes what ids mean; with replace all others are forgotten.
	PutMeanings(ctx context.Context, channel int64, list []Meaning, replace bool) error
	// DropMeaning forgets one. Errors: KindNotFound.
	DropMeaning(ctx context.Context, channel int64, id string) error

	// SetDelay says by hand that a channel is busy, or is not.
	SetDelay(ctx context.Context, id int64, d Delay) error
	// Known returns channels of all tenants after an id, with the state as their providers know it.
	Known(ctx context.Context, after int64, limit int) ([]Known, error)
	// Tell notes a state as known and writes the message that tells it, unless somebody else has.
	Tell(ctx context.Context, k Known, now Standing, at time.Time) error
}

// Parts are what channels need of others; app joins them.
type Parts struct {
	Orders Orders
	Menu   Menu
	Doors  Doors
	Hooks  Hooks
	Clock  clock.Clock // the product's
	// Changed is called when a channel may be in another state than its provider knows.
	Changed func()
}

// Hooks tells providers what becomes of their orders.
type Hooks interface {
	// Put has the orders and the state of a channel told to a URL, signed with its secret. Errors: KindInvalid.
	Put(ctx context.Context, who actor.Actor, c Channel, url, secret string) error
	// URL is where a channel's provider is told; "" when it is not.
	URL(ctx context.Context, who actor.Actor, c Channel) (string, error)
	// Remove ends it; without one nothing changes.
	Remove(ctx context.Context, who actor.Actor, c Channel) error
}

// Service is what people and providers do with channels.
type Service struct {
	store Store
	Parts
	now func() time.Time // the machine's: signatures do not age with the product's clock
}

// New returns a service.
func New(s Store, p Parts) *Service { return &Service{store: s, Parts: p, now: time.Now} }

// View is a channel as people see it.
type View struct {
	Channel
	URL      string // where its provider is told; "": nowhere
	Standing Standing
}

// Wish is what a channel shall be.
type Wish struct {
	Outlet int64 // of a new one; 0: the actor's
	Name   string
	Prices Prices
	URL    string // where its provider is told; "": nowhere
}

var nameOf = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)

func (w Wish) check() error {
	var f errs.Fields
	if !nameOf.MatchString(w.Name) {
		f.Add("name", "must have 1 to 40 small letters, digits and hyphens")
	}
	if w.Prices != KeepPrices && w.Prices != CheckPrices && w.Prices != MenuPrices {
		f.Add("prices", "must be keep, check or menu")
	}
	return f.Err()
}

// Create makes a channel with a new token and secret, which are shown this once. Errors: KindForbidden, KindInvalid,
// KindNotFound (outlet), KindConflict (the name is taken).
func (s *Service) Create(ctx context.Context, who actor.Actor, w Wish) (View, Keys, error) {
	if err := who.Require(actor.Manager); err != nil {
		return View{}, Keys{}, err
	}
	if w.Outlet == 0 {
		w.Outlet = who.Outlet
	}
	if !who.Sees(w.Outlet) {
		return View{}, Keys{}, errs.NotFound("no such outlet")
	}
	if err := w.check(); err != nil {
		return View{}, Keys{}, err
	}
	keys := newKeys()
	c, err := s.store.Insert(ctx, Channel{Tenant: who.Tenant, Outlet: w.Outlet, Name: w.Name, Prices: w.Prices, CreatedBy: who.Name}, keys)
	if err != nil {
		return View{}, Keys{}, err
	}
	if w.URL != "" {
		if err := s.Hooks.Put(ctx, who, c, w.URL, keys.Secret); err != nil {
			return View{}, Keys{}, s.undo(ctx, c, err)
		}
	}
	s.Changed()
	v, err := s.view(ctx, who, c)
	return v, keys, err
}

// undo takes a channel back whose provider cannot be told where it wants to be.
func (s *Service) undo(ctx context.Context, c Channel, err error) error {
	if closed := s.store.Close(context.WithoutCancel(ctx), c.ID); closed != nil {
		return closed
	}
	return err
}

func (s *Service) view(ctx context.Context, who actor.Actor, c Channel) (View, error) {
	url, err := s.Hooks.URL(ctx, who, c)
	if err != nil {
		return View{}, err
	}
	now, err := s.standing(ctx, c)
	return View{c, url, now}, err
}

// get finds a channel that the actor may see. Errors: KindNotFound.
func (s *Service) get(ctx context.Context, who actor.Actor, name string) (Channel, error) {
	c, err := s.store.Get(ctx, who.Tenant, name)
	if err == nil && (!who.Sees(c.Outlet) || who.Role == actor.Channel && who.Name != c.Source()) {
		err = errs.NotFound("there is no channel %q", name)
	}
	return c, err
}

// manage finds a channel that the actor may change. Errors: KindForbidden, KindNotFound.
func (s *Service) manage(ctx context.Context, who actor.Actor, name string) (Channel, error) {
	if err := who.Require(actor.Manager); err != nil {
		return Channel{}, err
	}
	return s.get(ctx, who, name)
}

// Get returns a channel. Errors: KindNotFound.
func (s *Service) Get(ctx context.Context, who actor.Actor, name string) (View, error) {
	c, err := s.get(ctx, who, name)
	if err != nil {
		return View{}, err
	}
	return s.view(ctx, who, c)
}

// List returns the channels that the actor may see, by name.
func (s *Service) List(ctx context.Context, who actor.Actor) ([]View, error) {
	all, err := s.store.List(ctx, who.Tenant)
	if err != nil {
		return nil, err
	}
	list := make([]View, 0, len(all))
	for _, c := range all {
		if !who.Sees(c.Outlet) {
			continue
		}
		v, err := s.view(ctx, who, c)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

// Change sets a channel's prices and where its provider is told; "" is nowhere. Errors: KindForbidden, KindNotFound,
// KindInvalid.
func (s *Service) Change(ctx context.Context, who actor.Actor, w Wish) (View, error) {
	c, err := s.manage(ctx, who, w.Name)
	if err != nil {
		return View{}, err
	}
	if err := w.check(); err != nil {
		return View{}, err
	}
	if err := s.told(ctx, who, c, w.URL); err != nil {
		return View{}, err
	}
	if err := s.store.SetPrices(ctx, c.ID, w.Prices); err != nil {
		return View{}, err
	}
	return s.Get(ctx, who, w.Name)
}

// told sets where a channel's provider is told.
func (s *Service) told(ctx context.Context, who actor.Actor, c Channel, url string) error {
	if url == "" {
		return s.Hooks.Remove(ctx, who, c)
	}
	secrets, err := s.store.Secrets(ctx, c.Tenant, c.Name, s.now())
	if err != nil {
		return err
	}
	if err := s.Hooks.Put(ctx, who, c, url, secrets[0]); err != nil {
		return err
	}
	err = s.store.Forget(ctx, c.ID)
	s.Changed()
	return err
}

// longestOverlap is how long the token and secret before may go on.
const longestOverlap = 7 * 24 * time.Hour

// Rotate gives a channel a new token and secret, which are shown this once. Those before are taken for so long; what the
// provider is told is signed with the new secret at once. Errors: KindForbidden, KindNotFound, KindInvalid.
func (s *Service) Rotate(ctx context.Context, who actor.Actor, name string, overlap time.Duration) (Keys, error) {
	c, err := s.manage(ctx, who, name)
	if err != nil {
		return Keys{}, err
	}
	if overlap < 0 || overlap > longestOverlap {
		var f errs.Fields
		f.Add("overlap_minutes", "must be 0 to %d", int(longestOverlap.Minutes()))
		return Keys{}, f.Err()
	}
	keys := newKeys()
	if err := s.store.Rotate(ctx, c.ID, keys, s.now().Add(overlap)); err != nil {
		return Keys{}, err
	}
	url, err := s.Hooks.URL(ctx, who, c)
	if err == nil && url != "" {
		err = s.Hooks.Put(ctx, who, c, url, keys.Secret)
	}
	return keys, err
}

// Close ends a channel: nothing is taken from it any more, and its provider is told nothing. Orders that are in go on.
// Errors: KindForbidden, KindNotFound.
func (s *Service) Close(ctx context.Context, who actor.Actor, name string) error {
	c, err := s.manage(ctx, who, name)
	if err != nil {
		return err
	}
	if err := s.Hooks.Remove(ctx, who, c); err != nil {
		return err
	}
	return s.store.Close(ctx, c.ID)
}
