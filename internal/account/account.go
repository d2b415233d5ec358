// Package account knows the people who sign in: by e-mail and password, or by a PIN on a tablet that a kitchen shares.
//
// Passwords and PINs are kept as argon2id hashes, secrets of sessions, tablets and links as SHA-256. Attempts are counted
// in Postgres, so that every node sees all of them.
package account

import (
	"context"
	"net/netip"
	"time"

	"brigade/internal/actor"
)

// User is somebody who signs in.
type User struct {
	ID       int64
	Tenant   int64
	Outlet   int64 // 0 = every outlet of the tenant
	Station  int64 // of a cook: the only one he works at; 0 = every station
	Driver   int64 // of the role driver: whose deliveries he sees; 0 = nobody's
	Name     string
	Email    string // in small letters; "" = he signs in by PIN alone
	Role     actor.Role
	Active   bool
	Created  time.Time
	Password bool       // he has one
	PINAt    int64      // the outlet at whose tablets he has a PIN; 0 = he has none
	LastSeen *time.Time // nil = never

	StationName string
}

// Roles are what users can be.
var Roles = []actor.Role{actor.Owner, actor.Manager, actor.Cook, actor.Driver}

// Tablet is a device that people of a kitchen share.
type Tablet struct {
	ID          int64
	Tenant      int64
	Outlet      int64
	Station     int64 // the only one whose work it shows to cooks; 0 = every station
	Name        string
	Idle        time.Duration // without a touch for so long it locks itself
	Created     time.Time
	CreatedBy   string
	LastSeen    *time.Time // nil = nobody has signed in on it
	OutletName  string
	StationName string
}

// Session is somebody signed in somewhere.
type Session struct {
	ID                int64
	Created, LastSeen time.Time
	Address, Agent    string
	Tablet            string // its name; "" = by password
	Here              bool   // it is the one that asks
}

// Visit is who comes with a session.
type Visit struct {
	actor.Actor
	Session int64
	Tablet  int64         // 0 = by password
	Idle    time.Duration // until the tablet that he comes on locks; 0 = it is his own device
}

// Note is a line of the log of who came in and who was changed.
type Note struct {
	ID      int64
	Tenant  int64
	At      time.Time
	What    string // signed_in, pin_signed_in, user_added, …
	Who     string // who did it
	About   string // to whom, to what
	Address string
}

// Origin is where somebody signs in from.
type Origin struct{ Address, Agent string }

// Network is what attempts are counted by: the address, of IPv6 the /64, which is the least that one subscriber has.
func (o Origin) Network() string {
	a, err := netip.ParseAddr(o.Address)
	if a = a.Unmap(); err != nil {
		return o.Address
	}
	if a.Is4() {
		return a.String()
	}
	return netip.PrefixFrom(a.WithZone(""), 64).Masked().String()
}

// Hash is the SHA-256 of a secret.
type Hash [32]byte

// Known is what is read to check a password.
type Known struct {
	ID, Tenant   int64
	Name         string
	Active       bool
	Password     string // its hash; "" = he has none
	TenantActive bool
}

// Ticket is a row of a session as it is read with each request.
type Ticket struct {
	Session, Tablet             int64
	User                        User
	TenantActive                bool
	DefaultOutlet               int64
	TabletOutlet, TabletStation int64
	Idle                        time.Duration
	Stale                       bool // it was not noted lately that it is used
}

// Limit bounds the attempts at something that did not succeed.
type Limit struct {
	Key    string
	Most   int
	Within time.Duration
}

// Filter says which users are listed.
type Filter struct {
	Tenant, Outlet, ID int64 // 0 = all
	Role               actor.Role
	Skip, Limit        int
}

// Store keeps all of it. What does not exist is KindNotFound. Notes are written with the change.
type Store interface {
	// AddUser writes a user. Errors: KindConflict (the e-mail is taken), KindInvalid (outlet, station or driver).
	AddUser(ctx context.Context, u User, n Note) (User, error)
	// ChangeUser overwrites a user unless guard refuses him as he is; who is not active any more has no session, who has
	// another role or e-mail address no open link.
	ChangeUser(ctx context.Context, u User, guard func(old User) error, n Note) error
	// Users lists them: the active ones first, by name.
	Users(ctx context.Context, f Filter) ([]User, error)
	// ByEmail finds whom a password is checked for.
	ByEmail(ctx context.Context, email string) (Known, error)
	// PasswordOf returns an active user's password hash to a session that he opened by it. Errors: KindNotFound.
	PasswordOf(ctx context.Context, user int64, session Hash) (string, error)
	// SetPassword replaces a password and ends all sessions but one; open links are void.
	SetPassword(ctx context.Context, user int64, hash string, but Hash, n Note) error
	// AddLink writes a one-time link in place of those before.
	AddLink(ctx context.Context, user int64, link Hash, lasts time.Duration, n Note) error
	// Link tells whose a link is; UseLink uses it up, sets the password and ends all sessions.
	Link(ctx context.Context, link Hash) (User, error)
	UseLink(ctx context.Context, link Hash, password string, n Note) (User, error)

	// Salt is an outlet's, made when it has none. Errors: KindNotFound when the tenant has no such outlet.
	Salt(ctx context.Context, tenant, outlet int64, fresh []byte) ([]byte, error)
	// SetPIN gives a user a PIN at an outlet; nil takes it away. His sessions on tablets end. Errors: KindConflict when
	// somebody there has it.
	SetPIN(ctx context.Context, u User, outlet int64, hash []byte, n Note) error
	// ByPIN finds an active user of an outlet.
	ByPIN(ctx context.Context, tenant, outlet int64, hash []byte) (User, error)

	// Open writes a session of an active user, in place of the one that he comes with. Errors: KindNotFound when he is
	// not, or his password or PIN is another by now.
	Open(ctx context.Context, s NewSession, n Note) error
	// Session finds a session that is neither ended nor expired nor locked; device is of the tablet that it is used on.
	Session(ctx context.Context, hash, device Hash) (Ticket, error)
	// Touch notes that a session is used.
	Touch(ctx context.Context, session int64) error
	// End ends a session; without it nothing changes.
	End(ctx context.Context, hash Hash, what string) error
	// Sessions lists a user's open sessions; EndOne ends one of them (0: all), and notes it when there was one.
	Sessions(ctx context.Context, tenant, user int64, own Hash) ([]Session, error)
	EndOne(ctx context.Context, tenant, user, session int64, n Note) error

	// AddTablet writes a tablet and ends the session that registered it. Errors: KindInvalid (outlet or station).
	AddTablet(ctx context.Context, t Tablet, device, session Hash, n Note) (Tablet, error)
	Tablets(ctx context.Context, tenant, outlet int64) ([]Tablet, error)
	Tablet(ctx context.Context, device Hash) (Tablet, error)
	// EndTablet ends a tablet with the sessions on it, and notes its name.
	EndTablet(ctx context.Context, tenant, outlet, id int64, n Note) error

	// Try counts an attempt. Errors: KindTooMany when a limit is passed. Succeeded takes it back.
	Try(ctx context.Context, limits []Limit) (tries []int64, err error)
	Succeeded(ctx context.Context, tries []int64) error
	// Log lists notes before one (0: the last), the newest first.
	Log(ctx context.Context, tenant, before int64, n int) ([]Note, error)
	// Failed keeps attempts, with a note at the tenant that there is; for none (0) it takes as long.
	Failed(ctx context.Context, tries []int64, n Note) error
}

// NewSession is a session to be opened.
type NewSession struct {
	User     int64
	Tablet   int64  // 0 = by password
	Password string // the hash that was compared: it must still be his
	PIN      []byte // the same, on a tablet
	Hash     Hash
	Before   Hash // of the session that he comes with, which ends
	Lasts    time.Duration
	Origin   Origin
}
