package account

import (
	"context"
	"log/slog"
	"time"

	"brigade/internal/actor"
	"brigade/internal/errs"
)

const (
	sessionLasts = 30 * 24 * time.Hour // a session by password, however much it is used
	shiftLasts   = 16 * time.Hour      // a session by PIN
	linkLasts    = 72 * time.Hour      // a link to choose a password
	usersShown   = 50
	mostPages    = 1_000_000 // of users: what is asked for beyond is as empty
)

// Service is what people do with accounts. It is safe for concurrent use, and keeps nothing in memory: what one node
// changes holds for all of them with the next request.
type Service struct {
	store Store
	log   *slog.Logger
}

// New returns a service.
func New(s Store, log *slog.Logger) *Service { return &Service{s, log} }

// Add makes a user. Errors: KindForbidden, KindInvalid, KindConflict (his e-mail address is taken).
func (s *Service) Add(ctx context.Context, by actor.Actor, u User) (User, error) {
	if u = tidy(u); by.Bound && u.Outlet == 0 {
		u.Outlet = by.Outlet
	}
	u.Tenant = by.Tenant
	if err := mayManage(by, u); err != nil {
		return User{}, err
	}
	if err := u.check(); err != nil {
		return User{}, err
	}
	u.Active = true
	return s.store.AddUser(ctx, u, note(by, "user_added", u.Name))
}

// Change overwrites name, e-mail, role, outlet, station and whether a user is active. Who is disabled is signed out
// everywhere at once. Errors: KindForbidden (also to change one's own role or to disable oneself), KindNotFound,
// KindInvalid, KindConflict.
func (s *Service) Change(ctx context.Context, by actor.Actor, u User) error {
	u = tidy(u)
	u.Tenant = by.Tenant
	if err := mayManage(by, u); err != nil {
		return err
	}
	if err := u.check(); err != nil {
		return err
	}
	what := "user_changed"
	if !u.Active {
		what = "user_disabled"
	}
	return s.store.ChangeUser(ctx, u, func(old User) error {
		if by.User == u.ID && by.User != 0 && (old.Role != u.Role || !u.Active || old.Outlet != u.Outlet) {
			return errs.Forbidden("nobody changes his own rights")
		}
		return mayManage(by, old)
	}, note(by, what, u.Name))
}

// List returns a page of the users that somebody may have, the active ones first.
func (s *Service) List(ctx context.Context, by actor.Actor, page int) (list []User, more bool, err error) {
	if err := by.Require(actor.Manager); err != nil {
		return nil, false, err
	}
	f := Filter{Tenant: by.Tenant, Outlet: by.OutletFilter(), Skip: min(max(page, 0), mostPages) * usersShown, Limit: usersShown + 1}
	list, err = s.store.Users(ctx, f)
	if more = len(list) > usersShown; more {
		list = list[:usersShown]
	}
	return list, more, err
}

// Get returns a user that somebody may have. Errors: KindForbidden, KindNotFound.
func (s *Service) Get(ctx context.Context, by actor.Actor, id int64) (User, error) {
	u, err := s.user(ctx, by.Tenant, id)
	if err != nil {
		return User{}, err
	}
	return u, mayManage(by, u)
}

// user finds a tenant's user. Errors: KindNotFound.
func (s *Service) user(ctx context.Context, tenant, id int64) (User, error) {
	if id == 0 {
		return User{}, errs.NotFound("there is no such user")
	}
	list, err := s.store.Users(ctx, Filter{Tenant: tenant, ID: id, Limit: 1})
	if err != nil {
		return User{}, err
	}
	if len(list) == 0 {
		return User{}, errs.NotFound("there is no such user")
	}
	return list[0], nil
}

// Self returns the user that somebody is. Errors: KindNotFound for who came with a token.
func (s *Service) Self(ctx context.Context, who actor.Actor) (User, error) {
	if who.User == 0 {
		return User{}, errs.NotFound("a token has no account")
	}
	return s.user(ctx, who.Tenant, who.User)
}

// Invite returns a secret, in place of those before, with which a user may choose a password, once, within 72 hours.
// Errors: KindForbidden, KindNotFound; KindConflict when he has no e-mail address to sign in with or is disabled.
func (s *Service) Invite(ctx context.Context, by actor.Actor, id int64) (link string, err error) {
	u, err := s.Get(ctx, by, id)
	if err != nil {
		return "", err
	}
	if u.Email == "" || !u.Active {
		return "", errs.Conflict("a user needs an e-mail address to sign in with, and must not be disabled")
	}
	plain, hash := newSecret(linkPrefix)
	return plain, s.store.AddLink(ctx, id, hash, linkLasts, note(by, "link_made", u.Name))
}

// Invited tells whose a link is. Errors: KindNotFound when it is unknown, used or too old.
func (s *Service) Invited(ctx context.Context, link string) (User, error) {
	hash, ok := hashOf(linkPrefix, link)
	if !ok {
		return User{}, errs.NotFound("this link is unknown, used or too old")
	}
	return s.store.Link(ctx, hash)
}

// Accept sets the password of whose link it is; his sessions end. Errors: KindNotFound, KindInvalid.
func (s *Service) Accept(ctx context.Context, link, password string, from Origin) error {
	u, err := s.Invited(ctx, link)
	if err != nil {
		return err
	}
	if err := checkPassword(password, u.Name, u.Email); err != nil {
		return err
	}
	hash, err := hashPassword(ctx, password)
	if err != nil {
		return err
	}
	key, _ := hashOf(linkPrefix, link)
	_, err = s.store.UseLink(ctx, key, hash, Note{What: "password_chosen", Address: from.Address})
	return err
}

// SetPassword sets a user's password; he is signed out everywhere. For the operator at the command line.
// Errors: KindForbidden, KindNotFound, KindInvalid.
func (s *Service) SetPassword(ctx context.Context, by actor.Actor, id int64, password string) error {
	u, err := s.Get(ctx, by, id)
	if err != nil {
		return err
	}
	return s.replace(ctx, u, password, Hash{}, note(by, "password_set", u.Name))
}

func (s *Service) replace(ctx context.Context, u User, password string, but Hash, n Note) error {
	if err := checkPassword(password, u.Name, u.Email); err != nil {
		return err
	}
	hash, err := hashPassword(ctx, password)
	if err != nil {
		return err
	}
	return s.store.SetPassword(ctx, u.ID, hash, but, n)
}

// ChangePassword lets somebody replace his own password; other sessions of his end. Errors: KindInvalid (the old one is
// wrong, the new one too short), KindTooMany, KindNotFound, KindForbidden unless the session is his, opened by password: a
// PIN on a tablet is not enough.
func (s *Service) ChangePassword(ctx context.Context, who actor.Actor, session, old, fresh string) error {
	u, err := s.Self(ctx, who)
	if err != nil {
		return err
	}
	own, ok := hashOf(sessionPrefix, session)
	if !ok {
		return errs.Unauthorized("sign in first")
	}
	tries, err := s.store.Try(ctx, []Limit{{"change:" + digits(u.ID), 8, 15 * time.Minute}})
	if err != nil {
		return err
	}
	hash, err := s.store.PasswordOf(ctx, u.ID, own)
	if errs.Is(err, errs.KindNotFound) {
		return errs.Forbidden("a password is changed by who has signed in with it")
	}
	if err != nil {
		return err
	}
	right, err := matches(ctx, clipped(old), hash)
	if err != nil {
		return err
	}
	if !right {
		var f errs.Fields
		f.Add("old", "is not the password")
		return f.Err()
	}
	if err := s.replace(ctx, u, fresh, own, Note{Tenant: u.Tenant, What: "password_changed", Who: u.Name, About: u.Name}); err != nil {
		return err
	}
	return s.store.Succeeded(ctx, tries)
}

// SetPIN gives a user a PIN at an outlet (0: his own) and returns it; "" makes one. Nobody else there may have it; who is
// signed in by the one before is signed out. Errors: KindForbidden, KindNotFound, KindInvalid, KindConflict (choose another).
func (s *Service) SetPIN(ctx context.Context, by actor.Actor, id, outlet int64, pin string) (string, error) {
	u, err := s.Get(ctx, by, id)
	if err != nil {
		return "", err
	}
	if outlet == 0 || u.Outlet != 0 {
		outlet = u.Outlet
	}
	if err := mayHavePIN(by, u, outlet); err != nil {
		return "", err
	}
	made := pin == ""
	for range 20 {
		if made {
			pin = newPIN()
		}
		if err = checkPIN(pin); err != nil {
			return "", err
		}
		if err = s.writePIN(ctx, by, u, outlet, pin); !made || !errs.Is(err, errs.KindConflict) {
			break
		}
	}
	return pin, err
}

func mayHavePIN(by actor.Actor, u User, outlet int64) error {
	switch {
	case u.Role == actor.Driver || !u.Active:
		return errs.Conflict("only cooks, managers and owners who are not disabled have a PIN")
	case outlet == 0:
		return errs.Invalid("say at which outlet the PIN is for")
	case !by.Sees(outlet):
		return errs.NotFound("there is no such outlet")
	}
	return nil
}

func (s *Service) writePIN(ctx context.Context, by actor.Actor, u User, outlet int64, pin string) error {
	salt, err := s.store.Salt(ctx, u.Tenant, outlet, newSalt())
	if err != nil {
		return err
	}
	hash, err := knead(ctx, pin, salt)
	if err != nil {
		return err
	}
	return s.store.SetPIN(ctx, u, outlet, hash, note(by, "pin_set", u.Name))
}

// DropPIN takes a user's PIN away; who is signed in by it is signed out. Errors: KindForbidden, KindNotFound.
func (s *Service) DropPIN(ctx context.Context, by actor.Actor, id int64) error {
	u, err := s.Get(ctx, by, id)
	if err != nil {
		return err
	}
	return s.store.SetPIN(ctx, u, 0, nil, note(by, "pin_dropped", u.Name))
}

// Log lists who came in and who was changed, before a note (0: the last), the newest first. Owners of the whole tenant
// only.
func (s *Service) Log(ctx context.Context, by actor.Actor, before int64, n int) ([]Note, error) {
	if err := by.Require(); err != nil {
		return nil, err
	}
	if by.Bound {
		return nil, errs.Forbidden("this is for owners of the whole restaurant")
	}
	return s.store.Log(ctx, by.Tenant, before, n)
}

func note(by actor.Actor, what, about string) Note {
	return Note{Tenant: by.Tenant, What: what, Who: by.Name, About: about}
}
