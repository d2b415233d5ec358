// Package accountpg keeps users, their sessions and tablets in Postgres.
package accountpg

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"brigade/internal/account"
	"brigade/internal/account/accountpg/db"
	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/store"
)

// Store implements account.Store.
type Store struct {
	pool *pgxpool.Pool
	q    *db.Queries
}

var _ account.Store = (*Store)(nil)

// New returns a store over a pool.
func New(pool *pgxpool.Pool) *Store { return &Store{pool, db.New(pool)} }

// commit runs work in a transaction, with a note of it.
func (s *Store) commit(ctx context.Context, n account.Note, work func(q *db.Queries) error) error {
	return store.Commit(ctx, s.pool, func(tx store.Tx) error {
		q := s.q.WithTx(tx)
		if err := work(q); err != nil {
			return err
		}
		return q.Note(ctx, noteParams(n))
	})
}

func noteParams(n account.Note) db.NoteParams {
	return db.NoteParams{TenantID: n.Tenant, What: n.What, Who: n.Who, About: n.About, Address: n.Address}
}

// found makes no row a KindNotFound error that says what there is none of.
func found(err error, format string, a ...any) error { //nolint:unparam // by this shape pages find what is said
	if errors.Is(err, pgx.ErrNoRows) {
		return errs.NotFound(format, a...)
	}
	return store.Classify(err)
}

// seen is nil for who was never seen.
func seen(t time.Time) *time.Time {
	if t.Unix() == 0 {
		return nil
	}
	return &t
}

var errPlace = errs.Invalid("outlet, station and driver must be of the tenant, the station of the outlet")

func taken(err error) error {
	if store.IsUnique(err, "users_email") {
		return errs.Conflict("this e-mail address is taken")
	}
	return store.Classify(err)
}

// AddUser implements account.Store.
func (s *Store) AddUser(ctx context.Context, u account.User, n account.Note) (account.User, error) {
	err := s.commit(ctx, n, func(q *db.Queries) error {
		row, err := q.InsertUser(ctx, db.InsertUserParams{
			TenantID: u.Tenant, OutletID: u.Outlet, StationID: u.Station, DriverID: u.Driver, Name: u.Name, Email: u.Email,
			Role: string(u.Role), CreatedBy: n.Who,
		})
		if errors.Is(err, pgx.ErrNoRows) {
			return errPlace
		}
		u.ID, u.Created = row.ID, row.CreatedAt
		return taken(err)
	})
	return u, err
}

// ChangeUser implements account.Store.
func (s *Store) ChangeUser(ctx context.Context, u account.User, guard func(old account.User) error, n account.Note) error {
	return s.commit(ctx, n, func(q *db.Queries) error {
		old, err := q.LockUser(ctx, db.LockUserParams{ID: u.ID, TenantID: u.Tenant})
		if err != nil {
			return found(err, "there is no such user")
		}
		if err := guard(account.User{ID: old.ID, Tenant: u.Tenant, Outlet: old.OutletID, Role: actor.Role(old.Role), Active: old.Active}); err != nil {
			return err
		}
		rows, err := q.UpdateUser(ctx, db.UpdateUserParams{
			ID: u.ID, TenantID: u.Tenant, OutletID: u.Outlet, StationID: u.Station, DriverID: u.Driver, Name: u.Name, Email: u.Email,
			Role: string(u.Role), Active: u.Active,
		})
		if err == nil && rows == 0 {
			return errPlace
		}
		if err != nil {
			return taken(err)
		}
		return closeDoors(ctx, q, u, old)
	})
}

// closeDoors takes from a user what he may not have any more: sessions of who is disabled, PINs of who left the kitchen,
// links of who is something else by now, or somebody else's address, for they may be in hands that they were not made for.
func closeDoors(ctx context.Context, q *db.Queries, u account.User, old db.LockUserRow) error {
	if u.Role == actor.Driver || old.OutletID != u.Outlet {
		if err := dropPIN(ctx, q, u.ID); err != nil {
			return err
		}
	}
	if !u.Active || actor.Role(old.Role) != u.Role || old.Email != u.Email {
		if err := q.DropLinks(ctx, u.ID); err != nil {
			return err
		}
	}
	if u.Active {
		return nil
	}
	_, err := q.EndSessionsOf(ctx, db.EndSessionsOfParams{UserID: u.ID, But: []byte{}})
	return err
}

// dropPIN takes somebody's PIN away, and signs him out where he came in by it.
func dropPIN(ctx context.Context, q *db.Queries, user int64) error {
	if err := q.DropPIN(ctx, user); err != nil {
		return err
	}
	return q.EndPINSessionsOf(ctx, user)
}

// Users implements account.Store.
func (s *Store) Users(ctx context.Context, f account.Filter) ([]account.User, error) {
	rows, err := s.q.Users(ctx, db.UsersParams{
		TenantID: f.Tenant, OutletID: f.Outlet, ID: f.ID, Role: string(f.Role), Skip: int32(f.Skip), MaxRows: int32(f.Limit), //nolint:gosec // pages
	})
	list := make([]account.User, len(rows))
	for i, r := range rows {
		list[i] = account.User{
			ID: r.ID, Tenant: r.TenantID, Outlet: r.OutletID, Station: r.StationID, Driver: r.DriverID, Name: r.Name, Email: r.Email,
			Role: actor.Role(r.Role), Active: r.Active, Created: r.CreatedAt, Password: r.HasPassword, PINAt: r.PinAt,
			LastSeen: seen(r.LastSeenAt), StationName: r.StationName,
		}
	}
	return list, store.Classify(err)
}

// ByEmail implements account.Store.
func (s *Store) ByEmail(ctx context.Context, email string) (account.Known, error) {
	r, err := s.q.UserByEmail(ctx, email)
	return account.Known{
		ID: r.ID, Tenant: r.TenantID, Name: r.Name, Active: r.Active, Password: r.PasswordHash, TenantActive: r.TenantStatus == "active",
	}, found(err, "there is no such user")
}

// PasswordOf implements account.Store.
func (s *Store) PasswordOf(ctx context.Context, user int64, session account.Hash) (string, error) {
	hash, err := s.q.PasswordOf(ctx, db.PasswordOfParams{ID: user, Session: session[:]})
	return hash, found(err, "there is no such user")
}

// SetPassword implements account.Store.
func (s *Store) SetPassword(ctx context.Context, user int64, hash string, but account.Hash, n account.Note) error {
	return s.commit(ctx, n, func(q *db.Queries) error { return setPassword(ctx, q, user, hash, but) })
}

func setPassword(ctx context.Context, q *db.Queries, user int64, hash string, but account.Hash) error {
	if err := q.SetPassword(ctx, db.SetPasswordParams{ID: user, PasswordHash: hash}); err != nil {
		return err
	}
	if err := q.DropLinks(ctx, user); err != nil {
		return err
	}
	_, err := q.EndSessionsOf(ctx, db.EndSessionsOfParams{UserID: user, But: but[:]})
	return err
}

// AddLink implements account.Store.
func (s *Store) AddLink(ctx context.Context, user int64, link account.Hash, lasts time.Duration, n account.Note) error {
	return s.commit(ctx, n, func(q *db.Queries) error {
		if _, err := q.LockUser(ctx, db.LockUserParams{ID: user, TenantID: n.Tenant}); err != nil { // one at a time
			return found(err, "there is no such user")
		}
		if err := q.DropLinks(ctx, user); err != nil {
			return err
		}
		return q.InsertLink(ctx, db.InsertLinkParams{Hash: link[:], UserID: user, Seconds: lasts.Seconds()})
	})
}

// Link implements account.Store.
func (s *Store) Link(ctx context.Context, link account.Hash) (account.User, error) {
	r, err := s.q.Link(ctx, link[:])
	return account.User{ID: r.ID, Tenant: r.TenantID, Name: r.Name, Email: r.Email}, found(err, "there is no such link: it is unknown, used or too old")
}

// UseLink implements account.Store.
func (s *Store) UseLink(ctx context.Context, link account.Hash, password string, n account.Note) (u account.User, err error) {
	err = store.Commit(ctx, s.pool, func(tx store.Tx) error {
		q := s.q.WithTx(tx)
		r, err := q.UseLink(ctx, link[:])
		if err != nil {
			return found(err, "there is no such link: it is unknown, used or too old")
		}
		u = account.User{ID: r.ID, Tenant: r.TenantID, Name: r.Name}
		n.Tenant, n.Who, n.About = r.TenantID, r.Name, r.Name
		if err := setPassword(ctx, q, r.ID, password, account.Hash{}); err != nil {
			return err
		}
		return q.Note(ctx, noteParams(n))
	})
	return u, err
}

// Salt implements account.Store.
func (s *Store) Salt(ctx context.Context, tenant, outlet int64, fresh []byte) ([]byte, error) {
	salt, err := s.q.SaltOf(ctx, db.SaltOfParams{TenantID: tenant, OutletID: outlet, Salt: fresh})
	return salt, found(err, "there is no such outlet")
}

// SetPIN implements account.Store.
func (s *Store) SetPIN(ctx context.Context, u account.User, outlet int64, hash []byte, n account.Note) error {
	return s.commit(ctx, n, func(q *db.Queries) error {
		if _, err := q.LockUser(ctx, db.LockUserParams{ID: u.ID, TenantID: u.Tenant}); err != nil { // nobody signs in meanwhile
			return found(err, "there is no such user")
		}
		if err := dropPIN(ctx, q, u.ID); err != nil || hash == nil {
			return err
		}
		err := q.PutPIN(ctx, db.PutPINParams{UserID: u.ID, TenantID: u.Tenant, OutletID: outlet, Hash: hash})
		if store.IsUnique(err, "user_pins_once") {
			return errs.Conflict("this PIN cannot be used: choose another")
		}
		return err
	})
}

// ByPIN implements account.Store.
func (s *Store) ByPIN(ctx context.Context, tenant, outlet int64, hash []byte) (account.User, error) {
	r, err := s.q.UserByPIN(ctx, db.UserByPINParams{TenantID: tenant, OutletID: outlet, Hash: hash})
	return account.User{ID: r.ID, Name: r.Name, Station: r.StationID}, found(err, "there is no such user")
}

// Log implements account.Store.
func (s *Store) Log(ctx context.Context, tenant, before int64, n int) ([]account.Note, error) {
	rows, err := s.q.Notes(ctx, db.NotesParams{TenantID: tenant, Before: before, MaxRows: int32(n)}) //nolint:gosec // a page
	list := make([]account.Note, len(rows))
	for i, r := range rows {
		list[i] = account.Note{ID: r.ID, Tenant: tenant, At: r.At, What: r.What, Who: r.Who, About: r.About, Address: r.Address}
	}
	return list, store.Classify(err)
}

// StationByName finds an outlet's station. Errors: KindNotFound.
func (s *Store) StationByName(ctx context.Context, tenant, outlet int64, name string) (int64, error) {
	id, err := s.q.StationByName(ctx, db.StationByNameParams{TenantID: tenant, OutletID: outlet, Name: name})
	return id, found(err, "there is no such station")
}
