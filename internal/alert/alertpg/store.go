// Package alertpg keeps alerts in Postgres, set-based, with an event for each change that somebody may want to hear of.
package alertpg

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"brigade/internal/alert"
	"brigade/internal/alert/alertpg/db"
	"brigade/internal/errs"
	"brigade/internal/event"
	"brigade/internal/store"
)

// Parts are what the store needs of others.
type Parts struct {
	// Append writes events in a transaction.
	Append func(ctx context.Context, tx store.Tx, events []event.Event) error
}

// Store implements alert.Store.
type Store struct {
	pool  *pgxpool.Pool
	parts Parts
}

var _ alert.Store = (*Store)(nil)

// New returns a store on a pool.
func New(pool *pgxpool.Pool, parts Parts) *Store { return &Store{pool, parts} }

// byHouse is who archives what is over.
const byHouse = "brigade"

// Raise implements alert.Store.
func (s *Store) Raise(ctx context.Context, at time.Time, signals []alert.Signal) (told []alert.Alert, err error) {
	err = store.Commit(ctx, s.pool, func(tx store.Tx) error {
		told, err = s.RaiseIn(ctx, tx, at, signals)
		return err
	})
	return told, err
}

// RaiseIn is Raise in the caller's transaction: what is signalled is so if the transaction is committed.
func (s *Store) RaiseIn(ctx context.Context, tx store.Tx, at time.Time, signals []alert.Signal) ([]alert.Alert, error) {
	if len(signals) == 0 {
		return nil, nil
	}
	p := db.RaiseParams{At: at}
	for _, g := range signals {
		data, err := dataOf(g.Data)
		if err != nil {
			return nil, err
		}
		p.Tenants, p.Outlets, p.Kinds, p.Keys = append(p.Tenants, g.Tenant), append(p.Outlets, g.Outlet), append(p.Kinds, string(g.Kind)), append(p.Keys, g.Key)
		p.Severities, p.Refs, p.Datas = append(p.Severities, int16(g.Severity)), append(p.Refs, g.Ref), append(p.Datas, data)
		p.Titles, p.Details = append(p.Titles, g.Title), append(p.Details, g.Detail)
		p.EscalateAts = append(p.EscalateAts, at.Add(alert.EscalateIn(g.Severity, 0)))
	}
	rows, err := db.New(tx).Raise(ctx, p)
	if err != nil {
		return nil, err
	}
	var raised, graver []alert.Alert
	for _, r := range rows {
		switch a := toAlert(r); {
		case a.SeverityWas == 0:
			raised = append(raised, a)
		case a.Severity > a.SeverityWas:
			graver = append(graver, a)
		}
	}
	if err := s.tell(ctx, tx, event.AlertRaised, at, "", raised); err != nil {
		return nil, err
	}
	return append(raised, graver...), s.tell(ctx, tx, event.AlertEscalated, at, "", graver)
}

func dataOf(v any) (string, error) {
	if v == nil {
		return "{}", nil
	}
	text, err := json.Marshal(v)
	return string(text), err
}

// tell writes an event for each alert. What concerns all outlets is told to those who look after the default one.
func (s *Store) tell(ctx context.Context, tx store.Tx, t event.Type, at time.Time, by string, alerts []alert.Alert) error {
	if len(alerts) == 0 {
		return nil
	}
	var tenants []int64
	for _, a := range alerts {
		if a.Outlet == 0 {
			tenants = append(tenants, a.Tenant)
		}
	}
	rows, err := db.New(tx).Lookers(ctx, tenants)
	if err != nil {
		return err
	}
	lookers := map[int64]int64{}
	for _, r := range rows {
		lookers[r.TenantID] = r.ID
	}
	events := make([]event.Event, len(alerts))
	for i := range alerts {
		a := &alerts[i]
		e := event.New(t, event.AggregateAlert, a.ID, a.Version, at, payload(a, by))
		if e.Tenant, e.Outlet = a.Tenant, a.Outlet; e.Outlet == 0 {
			e.Outlet = lookers[a.Tenant]
		}
		events[i] = e
	}
	return s.parts.Append(ctx, tx, events)
}

func payload(a *alert.Alert, by string) event.AlertPayload {
	return event.AlertPayload{
		AlertID: a.ID, Kind: string(a.Kind), Key: a.Key, Severity: a.Severity.String(), Level: a.Level, Status: string(a.Status),
		Title: a.Title, Detail: a.Detail, Count: a.Count, OutletID: a.Outlet, FirstAt: a.FirstAt, LastAt: a.LastAt, By: by, Note: a.Note,
	}
}

// Clear implements alert.Store.
func (s *Store) Clear(ctx context.Context, at time.Time, matters []alert.Matter) (n int, err error) {
	err = store.Commit(ctx, s.pool, func(tx store.Tx) error {
		n, err = s.ClearIn(ctx, tx, at, matters)
		return err
	})
	return n, err
}

// ClearIn is Clear in the caller's transaction.
func (s *Store) ClearIn(ctx context.Context, tx store.Tx, at time.Time, matters []alert.Matter) (int, error) {
	var p db.LiveByKeyParams
	for _, m := range matters {
		p.Tenants, p.Kinds, p.Keys = append(p.Tenants, m.Tenant), append(p.Kinds, string(m.Kind)), append(p.Keys, m.Key)
	}
	ids, err := db.New(tx).LiveByKey(ctx, p)
	if err != nil {
		return 0, err
	}
	return len(ids), s.archive(ctx, tx, ids, byHouse, "it is over", at)
}

func (s *Store) archive(ctx context.Context, tx store.Tx, ids []int64, by, note string, at time.Time) error {
	if len(ids) == 0 {
		return nil
	}
	rows, err := db.New(tx).Archive(ctx, db.ArchiveParams{Ids: ids, By: by, Note: note, At: &at})
	if err != nil {
		return err
	}
	return s.tell(ctx, tx, event.AlertArchived, at, by, toAlerts(rows))
}

// Escalate implements alert.Store.
func (s *Store) Escalate(ctx context.Context, now time.Time, most int) (n int, err error) {
	err = store.Commit(ctx, s.pool, func(tx store.Tx) error {
		q := db.New(tx)
		due, err := q.DueAlerts(ctx, db.DueAlertsParams{Now: &now, Most: int32(most)})
		if n = len(due); err != nil || n == 0 {
			return err
		}
		var p db.EscalateParams
		for _, r := range due {
			severity := min(alert.Severity(r.Severity)+1, alert.Critical)
			next := time.Unix(0, 0) // none
			if wait := alert.EscalateIn(severity, int(r.Level)+1); wait > 0 {
				next = now.Add(wait)
			}
			p.Ids, p.EscalateAts = append(p.Ids, r.ID), append(p.EscalateAts, next)
		}
		rows, err := q.Escalate(ctx, p)
		if err != nil {
			return err
		}
		return s.tell(ctx, tx, event.AlertEscalated, now, "", toAlerts(rows))
	})
	return n, err
}

// Tidy implements alert.Store.
func (s *Store) Tidy(ctx context.Context, now, quiet, old time.Time, most int) (archived, deleted int, err error) {
	err = store.Commit(ctx, s.pool, func(tx store.Tx) error {
		q := db.New(tx)
		ids, err := q.Quiet(ctx, db.QuietParams{Before: quiet, Most: int32(most)})
		if err != nil {
			return err
		}
		if err := s.archive(ctx, tx, ids, byHouse, "", now); err != nil {
			return err
		}
		n, err := q.DeleteOld(ctx, db.DeleteOldParams{Before: &old, Most: int32(most)})
		archived, deleted = len(ids), int(n)
		return err
	})
	return archived, deleted, err
}

// Alert implements alert.Store.
func (s *Store) Alert(ctx context.Context, tenant, id int64) (alert.Alert, error) {
	r, err := db.New(s.pool).Alert(ctx, db.AlertParams{Tenant: tenant, ID: id})
	return toAlert(r), found(err, id)
}

// Alerts implements alert.Store.
func (s *Store) Alerts(ctx context.Context, tenant int64, f alert.Filter) ([]alert.Alert, error) {
	status := string(f.Status)
	if f.Live {
		status = "live"
	}
	rows, err := db.New(s.pool).Alerts(ctx, db.AlertsParams{
		Tenant: tenant, Outlet: f.Outlet, Shared: f.Shared, Kind: string(f.Kind), Status: status, Severity: int16(f.Severity), Before: f.Before, Most: int32(f.Most),
	})
	return toAlerts(rows), store.Classify(err)
}

// Acknowledge implements alert.Store.
func (s *Store) Acknowledge(ctx context.Context, tenant, id int64, by, note string, at time.Time, may func(alert.Alert) error) (alert.Alert, error) {
	return s.change(ctx, tenant, id, may, func(tx store.Tx, a alert.Alert) error {
		if a.Status != alert.Open {
			return nil
		}
		r, err := db.New(tx).Acknowledge(ctx, db.AcknowledgeParams{ID: id, By: by, Note: note, At: &at})
		if err != nil {
			return err
		}
		return s.tell(ctx, tx, event.AlertAcknowledged, at, by, []alert.Alert{toAlert(r)})
	})
}

// Archive implements alert.Store.
func (s *Store) Archive(ctx context.Context, tenant, id int64, by, note string, at time.Time, may func(alert.Alert) error) (alert.Alert, error) {
	return s.change(ctx, tenant, id, may, func(tx store.Tx, a alert.Alert) error {
		if a.Status == alert.Archived {
			return nil
		}
		return s.archive(ctx, tx, []int64{id}, by, note, at)
	})
}

// change changes an alert under its lock and returns it as it is then.
func (s *Store) change(ctx context.Context, tenant, id int64, may func(alert.Alert) error, change func(store.Tx, alert.Alert) error) (a alert.Alert, err error) {
	err = store.Commit(ctx, s.pool, func(tx store.Tx) error {
		q := db.New(tx)
		r, err := q.Lock(ctx, db.LockParams{Tenant: tenant, ID: id})
		if err != nil {
			return found(err, id)
		}
		if err := may(toAlert(r)); err != nil {
			return err
		}
		if err := change(tx, toAlert(r)); err != nil {
			return err
		}
		r, err = q.Alert(ctx, db.AlertParams{Tenant: tenant, ID: id})
		a = toAlert(r)
		return err
	})
	return a, err
}

func found(err error, id int64) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return errs.NotFound("there is no alert %d", id)
	}
	return store.Classify(err)
}

func toAlerts(rows []db.Alert) []alert.Alert {
	list := make([]alert.Alert, len(rows))
	for i, r := range rows {
		list[i] = toAlert(r)
	}
	return list
}

func toAlert(r db.Alert) alert.Alert {
	return alert.Alert{
		ID: r.ID, Matter: alert.Matter{Tenant: r.TenantID, Kind: alert.Kind(r.Kind), Key: r.Key}, Outlet: r.OutletID,
		Severity: alert.Severity(r.Severity), SeverityWas: alert.Severity(r.SeverityWas), Level: int(r.Level), Status: alert.Status(r.Status),
		Title: r.Title, Detail: r.Detail, Data: r.Data, Count: int(r.Count), Version: int(r.Version), FirstAt: r.FirstAt.UTC(), LastAt: r.LastAt.UTC(),
		EscalateAt: utc(r.EscalateAt), AcknowledgedAt: utc(r.AcknowledgedAt), AcknowledgedBy: r.AcknowledgedBy,
		ArchivedAt: utc(r.ArchivedAt), ArchivedBy: r.ArchivedBy, Note: r.Note,
	}
}

func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}
