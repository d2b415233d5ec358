package menu

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"brigade/internal/actor"
	"brigade/internal/clock"
	"brigade/internal/errs"
)

// PauseKind is what sort of thing is paused.
type PauseKind string

// What can be paused.
const (
	PauseOutlet  PauseKind = "outlet"  // everything
	PauseSource  PauseKind = "source"  // a channel: orders from api, kitchen, orders, …
	PauseStation PauseKind = "station" // all items that need it
	PauseItem    PauseKind = "item"    // 86
)

// Pause says that something cannot be ordered for a while. Orders that are in are not touched.
type Pause struct {
	Kind   PauseKind
	Name   string    // the source, the station's name, the item's SKU; "" for the outlet
	ID     int64     // of the station; 0 for others
	Until  time.Time // zero: until further notice
	Reason string
	By     string
	At     time.Time
}

// Over tells whether the pause has ended by itself.
func (p Pause) Over(now time.Time) bool { return !p.Until.IsZero() && !p.Until.After(now) }

// String says it in words: "item wrap is paused until 2026-05-04T18:00:00Z: sold out".
func (p Pause) String() string { return p.said().String() }

func (p Pause) said() errs.Text {
	what := errs.Word(p.Kind)
	if p.Name != "" {
		what = errs.Textf("%s %s", what, p.Name)
	}
	text := errs.Textf("%s is paused", what)
	if !p.Until.IsZero() {
		text = errs.Textf("%s is paused until %s", what, p.Until.UTC().Format(time.RFC3339))
	}
	if p.Reason != "" {
		text = errs.Textf("%s: %s", text, errs.Word(p.Reason))
	}
	return text
}

// PauseStore keeps pauses.
type PauseStore interface {
	// SetPause writes a pause, or replaces one of the same thing, and appends SALE_PAUSED. It returns the pause with the
	// thing's own name. Errors: KindNotFound when the outlet has no such thing.
	SetPause(ctx context.Context, tenant, outlet int64, p Pause) (Pause, error)
	// EndPause ends a pause and appends SALE_RESUMED; without one nothing changes. It returns what was paused.
	EndPause(ctx context.Context, tenant, outlet int64, p Pause) (Pause, error)
}

// Sales decides what can be ordered just now.
type Sales struct {
	catalogue *Catalogue
	store     PauseStore
	clock     clock.Clock // the product's
}

// NewSales returns the sales of a catalogue's outlets.
func NewSales(c *Catalogue, s PauseStore, clk clock.Clock) *Sales { return &Sales{c, s, clk} }

// Pause stops the sale of something until a time (zero: until further notice), at once in this process and within a
// second or so in others; 0 is the actor's own outlet. Paused again: the new time and reason hold. Errors: KindForbidden,
// KindInvalid, KindNotFound.
func (s *Sales) Pause(ctx context.Context, who actor.Actor, outlet int64, p Pause) (Pause, error) {
	outlet, err := may(who, outlet, p.Kind)
	if err != nil {
		return Pause{}, err
	}
	p.By, p.At = who.Name, s.clock.Now().Truncate(time.Microsecond)
	if err := p.check(); err != nil {
		return Pause{}, err
	}
	defer s.catalogue.Invalidate()
	return s.store.SetPause(ctx, who.Tenant, outlet, p)
}

func (p Pause) check() error {
	var f errs.Fields
	if !slices.Contains([]PauseKind{PauseOutlet, PauseSource, PauseStation, PauseItem}, p.Kind) {
		f.Add("kind", "must be outlet, source, station or item")
	}
	if (p.Name == "") != (p.Kind == PauseOutlet) || len(p.Name) > 200 {
		f.Add("name", "must name what is paused, in at most 200 characters; none for the outlet")
	}
	if p.Over(p.At) {
		f.Add("until", "must be in the future")
	}
	return f.Err()
}

// Resume ends a pause. Without one nothing changes. Errors: KindForbidden, KindNotFound.
func (s *Sales) Resume(ctx context.Context, who actor.Actor, outlet int64, kind PauseKind, name string) (Pause, error) {
	outlet, err := may(who, outlet, kind)
	if err != nil {
		return Pause{}, err
	}
	defer s.catalogue.Invalidate()
	return s.store.EndPause(ctx, who.Tenant, outlet, Pause{Kind: kind, Name: name, By: who.Name, At: s.clock.Now()})
}

// may checks that the actor runs the outlet (0: his own), which it returns. Cooks know what has run out; who closes a
// channel is a manager.
func may(who actor.Actor, outlet int64, kind PauseKind) (int64, error) {
	outlet = cmp.Or(outlet, who.Outlet)
	roles := []actor.Role{actor.Manager}
	if kind == PauseItem || kind == PauseStation {
		roles = append(roles, actor.Cook)
	}
	if err := who.Require(roles...); err != nil {
		return 0, err
	}
	if !who.Sees(outlet) {
		return 0, errs.NotFound("no such outlet")
	}
	return outlet, nil
}

// Paused lists what an outlet (0: the actor's own) does not sell just now. Errors: KindNotFound.
func (s *Sales) Paused(ctx context.Context, who actor.Actor, outlet int64) ([]Pause, error) {
	outlet = cmp.Or(outlet, who.Outlet)
	if !who.Sees(outlet) {
		return nil, errs.NotFound("no such outlet")
	}
	return s.paused(ctx, who.Tenant, outlet)
}

func (s *Sales) paused(ctx context.Context, tenant, outlet int64) ([]Pause, error) {
	all, err := s.catalogue.Pauses(ctx, tenant, outlet)
	if len(all) == 0 {
		return nil, err
	}
	now := s.clock.Now()
	var list []Pause
	for _, p := range all {
		if !p.Over(now) {
			list = append(list, p)
		}
	}
	return list, err
}

// Wanted is an item that somebody wants to order.
type Wanted struct {
	SKU      string  // "" = it is not on the menu
	Stations []int64 // those that make it
}

// Check tells whether an outlet takes an order from a source just now. Errors: KindConflict, which names what is paused
// and until when; all of it. wanted is only called when something is paused.
func (s *Sales) Check(ctx context.Context, tenant, outlet int64, source string, wanted func() []Wanted) error {
	pauses, err := s.paused(ctx, tenant, outlet)
	if err != nil || len(pauses) == 0 {
		return err
	}
	items := wanted()
	var why []errs.Text
	for _, p := range pauses {
		if p.stops(source, items) {
			why = append(why, p.said())
		}
	}
	if why == nil {
		return nil
	}
	return errs.Conflict("%s", errs.Join("; ", why...))
}

// Paused tells which of some pauses keep an item from being ordered; "" when none does.
func (it Item) Paused(pauses []Pause) string {
	w := Wanted{SKU: it.SKU}
	for _, s := range it.Recipe.Steps {
		w.Stations = append(w.Stations, s.Station)
	}
	var why []string
	for _, p := range pauses {
		if p.Kind != PauseSource && p.stops("", []Wanted{w}) {
			why = append(why, p.String())
		}
	}
	return strings.Join(why, "; ")
}

func (p Pause) stops(source string, items []Wanted) bool {
	switch p.Kind {
	case PauseOutlet:
		return true
	case PauseSource:
		return p.Name == source
	case PauseStation:
		return slices.ContainsFunc(items, func(w Wanted) bool { return slices.Contains(w.Stations, p.ID) })
	default:
		return slices.ContainsFunc(items, func(w Wanted) bool { return w.SKU == p.Name })
	}
}
