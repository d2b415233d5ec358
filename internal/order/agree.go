package order

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"sync"
	"time"

	"brigade/internal/errs"
	"brigade/internal/recipe"
)

// maxAhead is how long before its time an order is taken.
const maxAhead = 30 * 24 * time.Hour

// agreement is what the service needs to agree on terms.
type agreement struct {
	outfits Outfits
	accepts func(Method) bool
}

// Agree lets the service take orders with terms: outlets' settings are known to outfits, methods of payment to accepts.
// It is called before the first order.
func (s *Service) Agree(outfits Outfits, accepts func(Method) bool) {
	s.agreement = &agreement{&remembered{outfits: outfits, known: map[int64]remembrance{}}, accepts}
}

// agrees tells whether a source's orders can have terms; what the kitchen's own contract takes has none.
func agrees(source string) bool { return source == "api" || source == FromShop || fromChannel(source) }

// FromShop is the source of what guests order themselves, in the outlet's shop.
const FromShop = "shop"

// fromChannel tells whether an ordering provider took an order.
func fromChannel(source string) bool { return strings.HasPrefix(source, "channel:") }

// terms works out the terms of an order and sets with what status its life begins; nil is none. Errors: KindInvalid,
// KindConflict when the outlet is closed then.
func (s *Service) terms(ctx context.Context, outlet Outlet, p Placement, o *Order) (*Terms, error) {
	if s.agreement == nil || !agrees(p.Source) {
		if p.Method != NoMethod || !p.ReadyAt.IsZero() || p.ReadyFor != "" {
			return nil, errs.Invalid("payment and a time cannot be agreed on here")
		}
		return nil, nil //nolint:nilnil // no terms are no fault
	}
	set, err := s.agreement.outfits.Settings(ctx, outlet.ID)
	if err != nil {
		return nil, err
	}
	t := &Terms{External: set.PosURL != "", Pay: Payment{Method: p.Method, Token: p.PaymentToken, Currency: o.Currency}}
	if t.WantedAt, err = wantedAt(set, outlet.zone(), p, o.PlacedAt); err != nil {
		return nil, err
	}
	if p.Method != NoMethod && !s.agreement.accepts(p.Method) {
		var f errs.Fields
		f.Add("payment.method", "%s is not accepted here", p.Method)
		return nil, f.Err()
	}
	if set.HandOverCode && o.Type != DineIn {
		t.Code = newCode()
	}
	t.begin(o, set)
	if t.Waits == WaitsNot && t.Code == "" && t.Pay.Method == NoMethod {
		return nil, nil //nolint:nilnil // no terms are no fault
	}
	return t, nil
}

// begin sets where an order's life begins.
func (t *Terms) begin(o *Order, set Settings) {
	switch {
	case t.Pay.Method.First() && o.Total > 0:
		t.Waits, t.DueAt = WaitsPayment, o.PlacedAt.Add(set.PaymentWithin)
	case !t.WantedAt.IsZero():
		o.Status, t.Waits, t.DueAt = Scheduled, WaitsTime, lookAt(o.PlacedAt, t.WantedAt, o.Lines)
	case t.External:
		o.Status, t.Waits, t.DueAt = Scheduled, WaitsAcceptance, o.PlacedAt.Add(set.PosAccept)
	}
}

// lookAt is when the release of an order is looked at first: at once, unless it is wanted so late that its kitchen's queue
// says nothing yet.
func lookAt(now, wanted time.Time, lines []Line) time.Time {
	var alone time.Duration
	for _, l := range lines {
		alone = max(alone, recipe.Alone(l.Recipe.Steps))
	}
	if far := wanted.Add(-alone - lookAhead); far.After(now) {
		return far
	}
	return now
}

// wantedAt works out when an order shall be ready; zero is as soon as it can be.
func wantedAt(set Settings, zone *time.Location, p Placement, now time.Time) (at time.Time, err error) {
	at = p.ReadyAt.UTC().Truncate(time.Microsecond)
	if p.ReadyAt.IsZero() {
		at = time.Time{}
	}
	if p.ReadyFor != "" {
		if at, err = NextAt(now, p.ReadyFor, zone); err != nil {
			return time.Time{}, err
		}
	}
	return at, checkTime(set, zone, at, now)
}

// checkTime refuses a time at which an outlet cannot have an order ready. Zero is now.
func checkTime(set Settings, zone *time.Location, at, now time.Time) error {
	when := at
	switch {
	case at.IsZero():
		when = now
	case at.Before(now) || at.After(now.Add(maxAhead)):
		var f errs.Fields
		f.Add("ready_at", "must be in the next %d days", int(maxAhead.Hours()/24))
		return f.Err()
	}
	if !OpenAt(set.Hours, when, zone) {
		local := when.In(zone)
		return errs.Conflict("the outlet is closed at %s on %s, %d %s", local.Format("15:04"), local.Weekday(), local.Day(), local.Month())
	}
	return nil
}

// newCode is four digits: enough for somebody who stands at the counter.
func newCode() string {
	var b [2]byte
	_, _ = rand.Read(b[:]) // it never fails
	return fmt.Sprintf("%04d", (int(b[0])<<8|int(b[1]))%10_000)
}

func (o Outlet) zone() *time.Location {
	if o.Zone == nil {
		return time.UTC
	}
	return o.Zone
}

// remembered keeps settings for a moment, in real time: every order asks for them.
type remembered struct {
	outfits Outfits
	mu      sync.Mutex
	known   map[int64]remembrance
}

type remembrance struct {
	set   Settings
	until time.Time
}

const rememberFor = 2 * time.Second

// Settings implements Outfits.
func (r *remembered) Settings(ctx context.Context, outlet int64) (Settings, error) {
	r.mu.Lock()
	have, ok := r.known[outlet]
	r.mu.Unlock()
	if ok && time.Now().Before(have.until) {
		return have.set, nil
	}
	set, err := r.outfits.Settings(ctx, outlet)
	if err == nil {
		r.mu.Lock()
		r.known[outlet] = remembrance{set, time.Now().Add(rememberFor)}
		r.mu.Unlock()
	}
	return set, err
}
