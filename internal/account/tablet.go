package account

import (
	"context"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"brigade/internal/actor"
	"brigade/internal/errs"
)

// DefaultIdle is after how long without a touch a tablet locks itself, unless it is set.
const DefaultIdle = 5 * time.Minute

// pinLimits are how often a PIN may be wrong on a tablet. A right one in between changes nothing: who knows one PIN must
// not get more attempts at others by it.
func pinLimits(tablet int64) []Limit {
	return []Limit{{"tablet:" + digits(tablet), 6, 5 * time.Minute}, {"tablet-day:" + digits(tablet), 40, 24 * time.Hour}}
}

// Register makes the device that somebody uses a tablet of an outlet: from now on people sign in on it by PIN. His own
// session ends. Errors: KindForbidden, KindInvalid.
func (s *Service) Register(ctx context.Context, by actor.Actor, t Tablet, session string) (device string, _ Tablet, err error) {
	if err := by.Require(actor.Manager); err != nil {
		return "", Tablet{}, err
	}
	t.Name, t.Tenant, t.CreatedBy = strings.TrimSpace(t.Name), by.Tenant, by.Name
	if t.Outlet == 0 {
		t.Outlet = by.Outlet
	}
	if t.Idle == 0 {
		t.Idle = DefaultIdle
	}
	if err := t.check(by); err != nil {
		return "", Tablet{}, err
	}
	plain, hash := newSecret(devicePrefix)
	own, _ := hashOf(sessionPrefix, session)
	t, err = s.store.AddTablet(ctx, t, hash, own, note(by, "tablet_registered", t.Name))
	return plain, t, err
}

func (t Tablet) check(by actor.Actor) error {
	var f errs.Fields
	if n := utf8.RuneCountInString(t.Name); n < 1 || n > 60 || !utf8.ValidString(t.Name) || strings.ContainsFunc(t.Name, unicode.IsControl) {
		f.Add("name", "must have 1 to 60 printable characters")
	}
	if t.Idle < 15*time.Second || t.Idle > 8*time.Hour {
		f.Add("idle", "must be 15 seconds to 8 hours")
	}
	if !by.Sees(t.Outlet) {
		f.Add("outlet", "must be an outlet of the tenant")
	}
	return f.Err()
}

// Tablets lists the tablets that somebody may see, the newest first. Errors: KindForbidden.
func (s *Service) Tablets(ctx context.Context, by actor.Actor) ([]Tablet, error) {
	if err := by.Require(actor.Manager); err != nil {
		return nil, err
	}
	return s.store.Tablets(ctx, by.Tenant, by.OutletFilter())
}

// EndTablet makes a tablet a stranger's device again; who is signed in on it is signed out. Errors: KindForbidden,
// KindNotFound.
func (s *Service) EndTablet(ctx context.Context, by actor.Actor, id int64) error {
	if err := by.Require(actor.Manager); err != nil {
		return err
	}
	return s.store.EndTablet(ctx, by.Tenant, by.OutletFilter(), id, note(by, "tablet_ended", ""))
}

// Tablet tells which tablet a device is. Errors: KindNotFound.
func (s *Service) Tablet(ctx context.Context, device string) (Tablet, error) {
	hash, ok := hashOf(devicePrefix, device)
	if !ok {
		return Tablet{}, errs.NotFound("this device is no tablet")
	}
	return s.store.Tablet(ctx, hash)
}

// SignInPIN opens a session on a tablet for who knows a PIN, in place of the one before. Errors: ErrNotYou,
// ErrTooManyTries; KindForbidden when the tablet is another station's; KindNotFound when the device is no tablet.
func (s *Service) SignInPIN(ctx context.Context, device, pin, before string, from Origin) (session string, lasts time.Duration, err error) {
	t, err := s.Tablet(ctx, device)
	if err != nil {
		return "", 0, err
	}
	tries, err := s.store.Try(ctx, pinLimits(t.ID))
	if err != nil {
		return "", 0, s.refused(ctx, "pin", from, err)
	}
	u, hash, err := s.byPIN(ctx, t, pin)
	if err != nil {
		return "", 0, s.wrongPIN(ctx, t, tries, from, err)
	}
	if u.Station != 0 && t.Station != 0 && u.Station != t.Station {
		return "", 0, errs.Forbidden("this tablet is of another station")
	}
	n := NewSession{User: u.ID, Tablet: t.ID, Lasts: shiftLasts, Origin: from, PIN: hash}
	plain, err := s.open(ctx, t.Tenant, u.Name, before, n, "pin_signed_in", t.Name)
	if err != nil {
		return "", 0, s.wrongPIN(ctx, t, tries, from, err)
	}
	return plain, shiftLasts, s.store.Succeeded(ctx, tries)
}

// byPIN finds who has a PIN at a tablet's outlet, and the PIN's hash. Errors: KindNotFound.
func (s *Service) byPIN(ctx context.Context, t Tablet, pin string) (u User, hash []byte, err error) {
	if !isPIN(pin) {
		return u, nil, errs.NotFound("that is no PIN")
	}
	salt, err := s.store.Salt(ctx, t.Tenant, t.Outlet, newSalt())
	if err != nil {
		return u, nil, err
	}
	if hash, err = knead(ctx, pin, salt); err != nil {
		return u, nil, err
	}
	u, err = s.store.ByPIN(ctx, t.Tenant, t.Outlet, hash)
	return u, hash, err
}

func (s *Service) wrongPIN(ctx context.Context, t Tablet, tries []int64, from Origin, err error) error {
	if !errs.Is(err, errs.KindNotFound) {
		return err
	}
	s.log.WarnContext(ctx, "somebody could not sign in", "action", "sign_in_failed", "by", "pin", "tablet", t.ID, "address", from.Address)
	if err := s.store.Failed(ctx, tries, Note{Tenant: t.Tenant, What: "pin_failed", Who: t.Name, Address: from.Address}); err != nil {
		return err
	}
	return ErrNotYou
}
