package delivery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"brigade/internal/actor"
	"brigade/internal/errs"
)

// TapKind is what a touch of a driver's phone asks for.
type TapKind string

// What can be tapped. Those from TapAccept on name a delivery.
const (
	TapOnline  TapKind = "online"
	TapOffline TapKind = "offline"
	TapBreak   TapKind = "break"
	TapAccept  TapKind = "accept"
	TapDecline TapKind = "decline" // also gives back what is not picked up
	TapPickUp  TapKind = "pickup"
	TapDeliver TapKind = "delivered"
	TapProblem TapKind = "problem"
)

// TapKinds lists what can be tapped.
var TapKinds = []TapKind{TapOnline, TapOffline, TapBreak, TapAccept, TapDecline, TapPickUp, TapDeliver, TapProblem}

// OfDelivery tells whether it is about a delivery, not about the driver.
func (k TapKind) OfDelivery() bool {
	return slices.Index(TapKinds, k) >= slices.Index(TapKinds, TapAccept)
}

// Tap is one touch of a driver's phone. The phone gives each its own Key and may send it as often as it likes: it is carried
// out once.
type Tap struct {
	Key      string // 8 to 64 letters, digits, dashes and dots; unique among the driver's
	Do       TapKind
	Delivery string        // the order's number or id
	Reason   string        // of decline and problem
	Length   time.Duration // of break
	Proof    Proof         // of delivered
}

// Tapped is a tap that is carried out, to be written with what it changed.
type Tapped struct {
	Tenant, Driver int64
	Key            string
	Do             TapKind
	Order          int64 // 0: it was about the driver
	By             string
	At             time.Time
}

// TappedError is returned by Store.Change when its tap was carried out before: nothing was written.
type TappedError struct{ Key string }

func (e *TappedError) Error() string { return fmt.Sprintf("the tap %q was carried out before", e.Key) }

type tapKey struct{}

// tapped is the tap that a change is written together with; nil: none.
func (s *Service) tapped(ctx context.Context, by string, d *Driver, orders []int64) *Tapped {
	tap, ok := ctx.Value(tapKey{}).(Tap)
	if !ok {
		return nil
	}
	t := &Tapped{Tenant: d.Tenant, Driver: d.ID, Key: tap.Key, Do: tap.Do, By: by, At: s.now()}
	if len(orders) > 0 {
		t.Order = orders[0]
	}
	return t
}

// Tap carries out what a driver tapped, once, and tells whether it was carried out before. The tap is written with the
// change: who dies in between has done neither. Errors: KindInvalid when the tap is none; KindForbidden, KindNotFound and
// KindConflict as the change has them; KindUnavailable (nothing was written), KindUnknown.
func (s *Service) Tap(ctx context.Context, who actor.Actor, ref string, tap Tap) (repeated bool, err error) {
	if err := tap.check(); err != nil {
		return false, err
	}
	err = s.carryOut(context.WithValue(ctx, tapKey{}, tap), who, ref, tap)
	if _, twice := errors.AsType[*TappedError](err); twice {
		return true, nil
	}
	return false, err
}

func (s *Service) carryOut(ctx context.Context, who actor.Actor, ref string, tap Tap) (err error) {
	switch tap.Do {
	case TapOnline:
		_, err = s.Online(ctx, who, ref)
	case TapOffline:
		_, err = s.Offline(ctx, who, ref)
	case TapBreak:
		_, err = s.Break(ctx, who, ref, tap.Length)
	case TapAccept:
		_, err = s.Accept(ctx, who, ref, tap.Delivery)
	case TapDecline:
		_, err = s.Decline(ctx, who, ref, tap.Delivery, tap.Reason)
	case TapPickUp:
		_, err = s.PickUp(ctx, who, ref, tap.Delivery)
	case TapDeliver:
		_, err = s.Deliver(ctx, who, ref, tap.Delivery, tap.Proof)
	default:
		_, err = s.Problem(ctx, who, ref, tap.Delivery, tap.Reason)
	}
	return err
}

const maxTapText = 500 // bytes of a reason or a photo's reference

func (t Tap) check() error {
	var f errs.Fields
	if len(t.Key) < 8 || len(t.Key) > 64 || strings.ContainsFunc(t.Key, notInKey) {
		f.Add("key", "must have 8 to 64 letters, digits, dashes and dots")
	}
	if !slices.Contains(TapKinds, t.Do) {
		f.Add("do", "must be online, offline, break, accept, decline, pickup, delivered or problem")
	} else if t.Do.OfDelivery() && t.Delivery == "" {
		f.Add("order", "must name the delivery")
	}
	for _, x := range []struct{ name, text string }{{"reason", t.Reason}, {"photo", t.Proof.Photo}, {"code", t.Proof.Code}, {"order", t.Delivery}} {
		if len(x.text) > maxTapText || !utf8.ValidString(x.text) || strings.ContainsRune(x.text, 0) {
			f.Add(x.name, "must be UTF-8 without NUL, at most %d bytes", maxTapText)
		}
	}
	return f.Err()
}

func notInKey(r rune) bool {
	return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '-' && r != '.'
}
