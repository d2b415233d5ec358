// Package planningpg keeps sales, calendars, forecasts and their outcomes in Postgres.
package planningpg

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"brigade/internal/errs"
	"brigade/internal/planning"
	"brigade/internal/planning/planningpg/db"
	"brigade/internal/store"
)

// Store implements planning.Store.
type Store struct {
	pool *pgxpool.Pool
}

// New returns a store on a pool.
func New(pool *pgxpool.Pool) *Store { return &Store{pool: pool} }

func (s *Store) db() *db.Queries { return db.New(s.pool) }

// found gives pgx's "no rows" the kind that it has for callers.
func found(err error, format string, a ...any) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return errs.NotFound(format, a...)
	}
	return store.Classify(err)
}

func dayOf(t time.Time) planning.Day { return planning.Day(t.Unix() / (24 * 60 * 60)) }

// listed turns rows into what they stand for.
func listed[R, V any](rows []R, err error, one func(R) V) ([]V, error) {
	if err != nil {
		return nil, store.Classify(err)
	}
	list := make([]V, len(rows))
	for i, r := range rows {
		list[i] = one(r)
	}
	return list, nil
}

// Outlets implements planning.CalendarStore.
func (s *Store) Outlets(ctx context.Context, tenant, outlet int64) ([]planning.Outlet, error) {
	rows, err := s.db().PlannedOutlets(ctx, db.PlannedOutletsParams{Tenant: tenant, Outlet: outlet})
	if err != nil {
		return nil, store.Classify(err)
	}
	open, err := s.db().OpenWeekdays(ctx, tenant)
	if err != nil {
		return nil, store.Classify(err)
	}
	weekdays := map[int64][]time.Weekday{}
	for _, r := range open {
		weekdays[r.OutletID] = append(weekdays[r.OutletID], time.Weekday(r.Weekday))
	}
	list := make([]planning.Outlet, len(rows))
	for i, r := range rows {
		zone, err := time.LoadLocation(r.Timezone)
		if err != nil {
			return nil, err
		}
		list[i] = planning.Outlet{
			ID: r.ID, Slug: r.Slug, Zone: zone, Country: r.Country, ClosedOnHolidays: r.ClosedOnHolidays, Weekdays: weekdays[r.ID],
		}
	}
	return list, nil
}

// PutOutlet implements planning.CalendarStore.
func (s *Store) PutOutlet(ctx context.Context, tenant int64, o planning.Outlet) error {
	return store.Classify(s.db().PutOutlet(ctx, db.PutOutletParams{
		Outlet: o.ID, Tenant: tenant, Country: o.Country, ClosedOnHolidays: o.ClosedOnHolidays,
	}))
}

// Marks implements planning.CalendarStore.
func (s *Store) Marks(ctx context.Context, tenant int64, q planning.Query) ([]planning.Mark, error) {
	rows, err := s.db().Marks(ctx, db.MarksParams{
		Tenant: tenant, Outlet: q.Outlet, First: int32(q.First), Last: int32(q.Last), Skip: int32(q.Skip), Most: int32(q.Most),
	})
	return listed(rows, err, func(r db.MarksRow) planning.Mark {
		return planning.Mark{
			ID: r.ID, Outlet: r.OutletID, SKU: r.Sku, Day: planning.Day(r.Day), Kind: planning.MarkKind(r.Kind), Name: r.Name,
		}
	})
}

// AddMarks implements planning.CalendarStore.
func (s *Store) AddMarks(ctx context.Context, tenant int64, marks []planning.Mark) error {
	p := db.AddMarksParams{Tenant: tenant}
	for _, m := range marks {
		p.Outlets, p.Skus, p.Days = append(p.Outlets, m.Outlet), append(p.Skus, m.SKU), append(p.Days, int32(m.Day))
		p.Kinds, p.Names = append(p.Kinds, string(m.Kind)), append(p.Names, m.Name)
	}
	return store.Classify(s.db().AddMarks(ctx, p))
}

// DropMark implements planning.CalendarStore.
func (s *Store) DropMark(ctx context.Context, tenant, outlet, id int64) error {
	n, err := s.db().DropMark(ctx, db.DropMarkParams{Tenant: tenant, ID: id, Outlet: outlet})
	if err == nil && n == 0 {
		return errs.NotFound("there is no mark %d", id)
	}
	return store.Classify(err)
}
