package menupg

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"brigade/internal/errs"
	"brigade/internal/event"
	"brigade/internal/menu"
	"brigade/internal/menu/menupg/db"
	"brigade/internal/store"
)

// Pauses implements menu.PauseStore.
type Pauses struct {
	pool      *pgxpool.Pool
	append    func(ctx context.Context, tx store.Tx, events []event.Event) error
	committed func() // called after each commit that appended an event
}

var _ menu.PauseStore = (*Pauses)(nil)

// NewPauses returns a store that writes events by appendEvents.
func NewPauses(pool *pgxpool.Pool, appendEvents func(context.Context, store.Tx, []event.Event) error, committed func()) *Pauses {
	return &Pauses{pool, appendEvents, committed}
}

// SetPause implements menu.PauseStore.
func (s *Pauses) SetPause(ctx context.Context, tenant, outlet int64, p menu.Pause) (menu.Pause, error) {
	err := store.Commit(ctx, s.pool, func(tx store.Tx) error {
		q := db.New(tx)
		name, err := nameOf(ctx, q, tenant, outlet, p)
		if err != nil {
			return err
		}
		p.Name = name
		if err := q.PutPause(ctx, db.PutPauseParams{
			TenantID: tenant, OutletID: outlet, Kind: string(p.Kind), Name: p.Name, Until: timeOrNil(p.Until),
			Reason: p.Reason, PausedBy: p.By, PausedAt: p.At,
		}); err != nil {
			return err
		}
		return s.tell(ctx, tx, q, tenant, outlet, event.SalePaused, p)
	})
	if err == nil {
		s.committed()
	}
	return p, err
}

// EndPause implements menu.PauseStore.
func (s *Pauses) EndPause(ctx context.Context, tenant, outlet int64, p menu.Pause) (menu.Pause, error) {
	err := store.Commit(ctx, s.pool, func(tx store.Tx) error {
		q := db.New(tx)
		name, err := nameOf(ctx, q, tenant, outlet, p)
		if err != nil {
			return err
		}
		p.Name = name
		n, err := q.DropPause(ctx, db.DropPauseParams{TenantID: tenant, OutletID: outlet, Kind: string(p.Kind), Name: name})
		if err != nil || n == 0 {
			return err
		}
		return s.tell(ctx, tx, q, tenant, outlet, event.SaleResumed, p)
	})
	if err == nil {
		s.committed()
	}
	return p, err
}

// BeginIn writes a pause in the caller's transaction, unless the thing is paused already or is not there, and tells of it.
func (s *Pauses) BeginIn(ctx context.Context, tx store.Tx, tenant, outlet int64, p menu.Pause) (err error) {
	q := db.New(tx)
	if p.Name, err = nameOf(ctx, q, tenant, outlet, p); errs.Is(err, errs.KindNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	n, err := q.PutPauseUnlessPaused(ctx, db.PutPauseUnlessPausedParams{
		TenantID: tenant, OutletID: outlet, Kind: string(p.Kind), Name: p.Name, Reason: p.Reason, PausedBy: p.By, PausedAt: p.At,
	})
	if err != nil || n == 0 {
		return err
	}
	return s.tell(ctx, tx, q, tenant, outlet, event.SalePaused, p)
}

// EndIn ends a pause in the caller's transaction, if it is that of the one who ends it, and tells of it.
func (s *Pauses) EndIn(ctx context.Context, tx store.Tx, tenant, outlet int64, p menu.Pause) (err error) {
	q := db.New(tx)
	if p.Name, err = nameOf(ctx, q, tenant, outlet, p); errs.Is(err, errs.KindNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	n, err := q.DropPauseOf(ctx, db.DropPauseOfParams{
		TenantID: tenant, OutletID: outlet, Kind: string(p.Kind), Name: p.Name, PausedBy: p.By,
	})
	if err != nil || n == 0 {
		return err
	}
	return s.tell(ctx, tx, q, tenant, outlet, event.SaleResumed, p)
}

// nameOf is what the thing that is meant is called in its outlet.
func nameOf(ctx context.Context, q *db.Queries, tenant, outlet int64, p menu.Pause) (string, error) {
	name, err := q.NameToPause(ctx, db.NameToPauseParams{TenantID: tenant, OutletID: outlet, Kind: string(p.Kind), Name: p.Name})
	if errors.Is(err, pgx.ErrNoRows) {
		return "", errs.NotFound("there is no %s %q", p.Kind, p.Name)
	}
	return name, err
}

func (s *Pauses) tell(ctx context.Context, tx store.Tx, q *db.Queries, tenant, outlet int64, typ event.Type, p menu.Pause) error {
	version, err := q.MoveConfigVersion(ctx, outlet)
	if err != nil {
		return err
	}
	e := event.New(typ, event.AggregateOutlet, outlet, int(version), p.At, event.PausePayload{
		Kind: string(p.Kind), Name: p.Name, Until: timeOrNil(p.Until), Reason: p.Reason, By: p.By,
	})
	e.Tenant, e.Outlet = tenant, outlet
	return s.append(ctx, tx, []event.Event{e})
}

func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// Pauses implements menu.Store.
func (s *Store) Pauses(ctx context.Context, tenant, outlet int64) ([]menu.Pause, error) {
	rows, err := s.q.Pauses(ctx, db.PausesParams{TenantID: tenant, OutletID: outlet})
	list := make([]menu.Pause, len(rows))
	for i, r := range rows {
		list[i] = menu.Pause{Kind: menu.PauseKind(r.Kind), Name: r.Name, ID: r.ID, Reason: r.Reason, By: r.PausedBy, At: r.PausedAt}
		if r.Until != nil {
			list[i].Until = *r.Until
		}
	}
	return list, store.Classify(err)
}
