package account

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"brigade/internal/actor"
	"brigade/internal/errs"
)

// ErrNotYou is the answer to every e-mail address and password, or PIN, that do not belong together: it does not say
// which of them is wrong, nor whether there is such a user.
var ErrNotYou = errs.Unauthorized("that is not right")

// ErrTooManyTries is the answer to who has tried too often, right or wrong.
var ErrTooManyTries = errs.TooMany("too many attempts: wait a few minutes")

// limits are how often a password may be wrong: for who tries from one address at one account, at the account from
// everywhere, and from the address at all accounts. Accounts that do not exist are limited like others.
func limits(email string, from Origin) []Limit {
	sum := sha256.Sum256([]byte(email))
	account, address := hex.EncodeToString(sum[:12]), from.Network()
	const window = 15 * time.Minute
	return []Limit{
		{"both:" + account + ":" + address, 8, window},
		{"account:" + account, 40, window},
		{"address:" + address, 60, window},
	}
}

// SignIn opens a session for who knows a password, in place of the one that he comes with. The answer takes as long for
// users who do not exist. Errors: ErrNotYou, ErrTooManyTries; KindForbidden when the tenant does not work.
func (s *Service) SignIn(ctx context.Context, email, password, before string, from Origin) (session string, lasts time.Duration, err error) {
	email = strings.ToLower(strings.TrimSpace(email))
	tries, err := s.store.Try(ctx, limits(email, from))
	if err != nil {
		return "", 0, s.refused(ctx, "password", from, err)
	}
	known, err := s.find(ctx, email)
	if err != nil {
		return "", 0, err
	}
	right, err := matches(ctx, clipped(password), known.Password)
	if err != nil {
		return "", 0, err
	}
	if !right || !known.Active {
		return "", 0, s.wrong(ctx, known, tries, from)
	}
	if !known.TenantActive {
		return "", 0, errs.Forbidden("the tenant is suspended")
	}
	n := NewSession{User: known.ID, Lasts: sessionLasts, Origin: from, Password: known.Password}
	plain, err := s.open(ctx, known.Tenant, known.Name, before, n, "signed_in", "")
	if errs.Is(err, errs.KindNotFound) { // his password was replaced, or he was disabled, while this one was hashed
		return "", 0, s.wrong(ctx, known, tries, from)
	}
	if err != nil {
		return "", 0, err
	}
	return plain, sessionLasts, s.store.Succeeded(ctx, tries)
}

// clipped bounds what is hashed: nothing that is longer was ever accepted as a password.
func clipped(password string) string {
	if len(password) > passwordMax*utf8.UTFMax {
		return ""
	}
	return password
}

// find is the zero value for nobody.
func (s *Service) find(ctx context.Context, email string) (Known, error) {
	if !validEmail(email) {
		return Known{}, nil
	}
	known, err := s.store.ByEmail(ctx, email)
	if errs.Is(err, errs.KindNotFound) {
		return Known{}, nil
	}
	return known, err
}

func (s *Service) open(ctx context.Context, tenant int64, name, before string, n NewSession, what, about string) (string, error) {
	plain, hash := newSecret(sessionPrefix)
	n.Hash = hash
	n.Before, _ = hashOf(sessionPrefix, before)
	return plain, s.store.Open(ctx, n, Note{Tenant: tenant, What: what, Who: name, About: about, Address: n.Origin.Address})
}

// wrong notes a wrong password, at a user who exists in his tenant's log.
func (s *Service) wrong(ctx context.Context, known Known, tries []int64, from Origin) error {
	s.log.WarnContext(ctx, "somebody could not sign in", "action", "sign_in_failed", "by", "password", "user", known.ID, "address", from.Address)
	n := Note{Tenant: known.Tenant, What: "sign_in_failed", Who: known.Name, Address: from.Address}
	if err := s.store.Failed(ctx, tries, n); err != nil {
		return err
	}
	return ErrNotYou
}

func (s *Service) refused(ctx context.Context, by string, from Origin, err error) error {
	if !errs.Is(err, errs.KindTooMany) {
		return err
	}
	s.log.WarnContext(ctx, "somebody tries to sign in too often", "action", "sign_in_limited", "by", by, "address", from.Address)
	return ErrTooManyTries
}

// Visit tells who comes with a session, and with which tablet it is; used says that he does something, which keeps a
// tablet from locking. Errors: KindUnauthorized for a session that is unknown, over, locked or of somebody disabled;
// KindForbidden when the tenant does not work.
func (s *Service) Visit(ctx context.Context, session, tablet string, used bool) (Visit, error) {
	hash, ok := hashOf(sessionPrefix, session)
	if !ok {
		return Visit{}, errNoSession
	}
	device, _ := hashOf(devicePrefix, tablet)
	t, err := s.store.Session(ctx, hash, device)
	switch {
	case errs.Is(err, errs.KindNotFound):
		return Visit{}, errNoSession
	case err != nil:
		return Visit{}, err
	case !t.TenantActive:
		return Visit{}, errs.Forbidden("the tenant is suspended")
	}
	if used && t.Stale {
		if err := s.store.Touch(ctx, t.Session); err != nil {
			return Visit{}, err
		}
	}
	return Visit{t.actor(), t.Session, t.Tablet, t.Idle}, nil
}

var errNoSession = errs.Unauthorized("sign in first")

// actor is who the ticket's holder acts as. On a tablet everybody is a cook of its kitchen, whatever else he may do
// elsewhere: a PIN is not enough to change settings. Managers and owners see all of its stations there.
func (t Ticket) actor() actor.Actor {
	a := actor.Actor{Tenant: t.User.Tenant, Outlet: t.DefaultOutlet, Name: t.User.Name, Role: t.User.Role, User: t.User.ID, Station: t.User.Station, Driver: t.User.Driver}
	if t.User.Outlet != 0 {
		a.Outlet, a.Bound = t.User.Outlet, true
	}
	if t.Tablet == 0 {
		return a
	}
	a.Outlet, a.Bound, a.Driver = t.TabletOutlet, true, 0
	if a.Role == actor.Cook && a.Station == 0 {
		a.Station = t.TabletStation
	}
	a.Role = actor.Cook
	return a
}

// SignOut ends a session. What is none is left alone.
func (s *Service) SignOut(ctx context.Context, session string, locked bool) error {
	hash, ok := hashOf(sessionPrefix, session)
	if !ok {
		return nil
	}
	what := "signed_out"
	if locked {
		what = "locked"
	}
	return s.store.End(ctx, hash, what)
}

// Sessions lists where a user is signed in: oneself, or one of whom somebody may have. Errors: KindForbidden,
// KindNotFound.
func (s *Service) Sessions(ctx context.Context, by actor.Actor, user int64, session string) ([]Session, error) {
	if _, err := s.mayEnd(ctx, by, user); err != nil {
		return nil, err
	}
	own, _ := hashOf(sessionPrefix, session)
	return s.store.Sessions(ctx, by.Tenant, user, own)
}

// EndSession signs a user out at one place; 0: everywhere. Where he is not, nothing changes. Errors: KindForbidden,
// KindNotFound when there is no such user.
func (s *Service) EndSession(ctx context.Context, by actor.Actor, user, session int64) error {
	name, err := s.mayEnd(ctx, by, user)
	if err != nil {
		return err
	}
	return s.store.EndOne(ctx, by.Tenant, user, session, note(by, "session_ended", name))
}

// mayEnd checks that a user is who asks, or somebody whom he may have, and returns his name.
func (s *Service) mayEnd(ctx context.Context, by actor.Actor, user int64) (name string, err error) {
	if by.User != 0 && by.User == user {
		return by.Name, nil
	}
	u, err := s.Get(ctx, by, user)
	return u.Name, err
}

func digits(n int64) string { return strconv.FormatInt(n, 10) }
