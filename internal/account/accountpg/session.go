package accountpg

import (
	"context"
	"errors"
	"strings"
	"time"

	"brigade/internal/account"
	"brigade/internal/account/accountpg/db"
	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/store"
)

const agentMax = 200 // characters that are kept of what a browser says of itself

// Open implements account.Store.
func (s *Store) Open(ctx context.Context, n account.NewSession, note account.Note) error {
	return s.commit(ctx, note, func(q *db.Queries) error {
		if _, err := q.HoldUser(ctx, n.User); err != nil { // before what is read of him, so that it still holds at the end
			return found(err, "there is no such user")
		}
		if err := end(ctx, q, n.Before); err != nil {
			return err
		}
		agent := strings.ToValidUTF8(strings.ReplaceAll(n.Origin.Agent, "\x00", ""), "")
		_, err := q.InsertSession(ctx, db.InsertSessionParams{
			UserID: n.User, TabletID: n.Tablet, Hash: n.Hash[:], Seconds: n.Lasts.Seconds(), Address: n.Origin.Address,
			Agent: strings.ToValidUTF8(agent[:min(len(agent), agentMax)], ""), Password: n.Password, Pin: n.PIN,
		})
		if err != nil {
			return found(err, "there is no such user")
		}
		if err := q.ForgetNotes(ctx, note.Tenant); err != nil {
			return err
		}
		return q.ForgetSessions(ctx)
	})
}

// end ends a session when there is one.
func end(ctx context.Context, q *db.Queries, hash account.Hash) error {
	_, err := q.EndSession(ctx, hash[:])
	if err = found(err, "there is no such session"); errs.Is(err, errs.KindNotFound) {
		return nil
	}
	return err
}

// Session implements account.Store.
func (s *Store) Session(ctx context.Context, hash, device account.Hash) (account.Ticket, error) {
	r, err := s.q.Session(ctx, db.SessionParams{Hash: hash[:], Device: device[:]})
	if err != nil {
		return account.Ticket{}, found(err, "there is no such session")
	}
	return account.Ticket{
		Session: r.ID, Tablet: r.TabletID, TenantActive: r.TenantStatus == "active", DefaultOutlet: r.DefaultOutlet,
		User: account.User{
			ID: r.UserID, Tenant: r.TenantID, Outlet: r.OutletID, Station: r.StationID, Driver: r.DriverID, Name: r.Name,
			Role: actor.Role(r.Role), Active: true,
		},
		TabletOutlet: r.TabletOutlet, TabletStation: r.TabletStation, Idle: time.Duration(r.IdleSeconds) * time.Second, Stale: r.Stale,
	}, nil
}

// Touch implements account.Store.
func (s *Store) Touch(ctx context.Context, session int64) error {
	return store.Classify(s.q.TouchSession(ctx, session))
}

// End implements account.Store.
func (s *Store) End(ctx context.Context, hash account.Hash, what string) error {
	err := store.Commit(ctx, s.pool, func(tx store.Tx) error {
		q := s.q.WithTx(tx)
		r, err := q.EndSession(ctx, hash[:])
		if err != nil {
			return found(err, "there is no such session")
		}
		return q.Note(ctx, db.NoteParams{TenantID: r.TenantID, What: what, Who: r.Name})
	})
	if errs.Is(err, errs.KindNotFound) {
		return nil
	}
	return err
}

// Sessions implements account.Store.
func (s *Store) Sessions(ctx context.Context, tenant, user int64, own account.Hash) ([]account.Session, error) {
	rows, err := s.q.Sessions(ctx, db.SessionsParams{TenantID: tenant, UserID: user, Own: own[:]})
	list := make([]account.Session, len(rows))
	for i, r := range rows {
		list[i] = account.Session{
			ID: r.ID, Created: r.CreatedAt, LastSeen: r.LastSeenAt, Address: r.Address, Agent: r.Agent, Tablet: r.Tablet, Here: r.Here,
		}
	}
	return list, store.Classify(err)
}

// EndOne implements account.Store.
func (s *Store) EndOne(ctx context.Context, tenant, user, session int64, n account.Note) error {
	return store.Commit(ctx, s.pool, func(tx store.Tx) error {
		q := s.q.WithTx(tx)
		ended, err := endSome(ctx, q, tenant, user, session)
		if err != nil || ended == 0 {
			return err
		}
		return q.Note(ctx, noteParams(n))
	})
}

func endSome(ctx context.Context, q *db.Queries, tenant, user, session int64) (ended int64, err error) {
	if session == 0 {
		return q.EndSessionsOf(ctx, db.EndSessionsOfParams{UserID: user, But: []byte{}})
	}
	return q.EndSessionByID(ctx, db.EndSessionByIDParams{ID: session, UserID: user, TenantID: tenant})
}

// AddTablet implements account.Store.
func (s *Store) AddTablet(ctx context.Context, t account.Tablet, device, session account.Hash, n account.Note) (account.Tablet, error) {
	err := s.commit(ctx, n, func(q *db.Queries) error {
		row, err := q.InsertTablet(ctx, db.InsertTabletParams{
			TenantID: t.Tenant, OutletID: t.Outlet, StationID: t.Station, Name: t.Name, Hash: device[:],
			IdleSeconds: int32(t.Idle / time.Second), CreatedBy: t.CreatedBy, //nolint:gosec // at most 8 hours
		})
		if errs.Is(found(err, "there is no such outlet"), errs.KindNotFound) {
			return errs.Invalid("outlet and station must be of the tenant, the station of the outlet")
		}
		if err != nil {
			return err
		}
		t.ID, t.Created = row.ID, row.CreatedAt
		return end(ctx, q, session)
	})
	return t, err
}

// Tablets implements account.Store.
func (s *Store) Tablets(ctx context.Context, tenant, outlet int64) ([]account.Tablet, error) {
	rows, err := s.q.Tablets(ctx, db.TabletsParams{TenantID: tenant, OutletID: outlet})
	list := make([]account.Tablet, len(rows))
	for i, r := range rows {
		list[i] = account.Tablet{
			ID: r.ID, Tenant: r.TenantID, Outlet: r.OutletID, Station: r.StationID, StationName: r.StationName, Name: r.Name,
			Idle: time.Duration(r.IdleSeconds) * time.Second, Created: r.CreatedAt, CreatedBy: r.CreatedBy, LastSeen: seen(r.LastSeenAt),
		}
	}
	return list, store.Classify(err)
}

// Tablet implements account.Store.
func (s *Store) Tablet(ctx context.Context, device account.Hash) (account.Tablet, error) {
	r, err := s.q.TabletByHash(ctx, device[:])
	return account.Tablet{
		ID: r.ID, Tenant: r.TenantID, Outlet: r.OutletID, Station: r.StationID, StationName: r.StationName, Name: r.Name,
		Idle: time.Duration(r.IdleSeconds) * time.Second, OutletName: r.OutletName,
	}, found(err, "there is no such tablet")
}

// EndTablet implements account.Store.
func (s *Store) EndTablet(ctx context.Context, tenant, outlet, id int64, n account.Note) error {
	return store.Commit(ctx, s.pool, func(tx store.Tx) error {
		q := s.q.WithTx(tx)
		name, err := q.EndTablet(ctx, db.EndTabletParams{ID: id, TenantID: tenant, OutletID: outlet})
		if err != nil {
			return found(err, "there is no such tablet")
		}
		if _, err := q.EndSessionsOfTablet(ctx, id); err != nil {
			return err
		}
		n.About = name
		return q.Note(ctx, noteParams(n))
	})
}

// Try implements account.Store. An attempt is written before it is counted, so that many at once are all counted; one
// that is refused is forgotten, so that nobody keeps another out for ever, and mostly not even written.
func (s *Store) Try(ctx context.Context, limits []account.Limit) ([]int64, error) {
	if err := s.q.ForgetTries(ctx); err != nil {
		return nil, store.Classify(err)
	}
	if err := s.within(ctx, limits, 1); err != nil {
		return nil, err
	}
	keys := make([]string, len(limits))
	for i, l := range limits {
		keys[i] = l.Key
	}
	tries, err := s.q.InsertTries(ctx, keys)
	if err != nil {
		return nil, store.Classify(err)
	}
	if err := s.within(ctx, limits, 0); err != nil {
		return nil, errors.Join(err, s.Succeeded(ctx, tries))
	}
	return tries, nil
}

// within checks that there is room for some more attempts. Errors: account.ErrTooManyTries.
func (s *Store) within(ctx context.Context, limits []account.Limit, more int) error {
	p := db.TooManyParams{}
	for _, l := range limits {
		p.Keys, p.Most, p.Seconds = append(p.Keys, l.Key), append(p.Most, int64(l.Most-more)), append(p.Seconds, l.Within.Seconds())
	}
	passed, err := s.q.TooMany(ctx, p)
	if err != nil {
		return store.Classify(err)
	}
	if passed {
		return account.ErrTooManyTries
	}
	return nil
}

// Failed implements account.Store. There is something to be written, and waited for, in either case.
func (s *Store) Failed(ctx context.Context, tries []int64, n account.Note) error {
	return store.Commit(ctx, s.pool, func(tx store.Tx) error {
		q := s.q.WithTx(tx)
		if err := q.KeepTries(ctx, tries); err != nil || n.Tenant == 0 {
			return err
		}
		return q.Note(ctx, noteParams(n))
	})
}

// Succeeded implements account.Store.
func (s *Store) Succeeded(ctx context.Context, tries []int64) error {
	return store.Classify(s.q.DropTries(ctx, tries))
}
