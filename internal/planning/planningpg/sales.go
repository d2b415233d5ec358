package planningpg

import (
	"cmp"
	"context"
	_ "embed"
	"slices"
	"time"

	"brigade/internal/errs"
	"brigade/internal/planning"
	"brigade/internal/planning/planningpg/db"
	"brigade/internal/store"
)

//go:embed staging.sql
var makeStaging string

// Merge implements planning.SalesStore.
func (s *Store) Merge(ctx context.Context, tenant int64, source string, lines []planning.Line) (merged planning.Merged, err error) {
	err = store.Commit(ctx, s.pool, func(tx store.Tx) error {
		id, q, err := begin(ctx, tx, tenant, source)
		if err != nil {
			return err
		}
		if err := stage(ctx, q, lines); err != nil {
			return err
		}
		merged, err = merge(ctx, q, tenant, id)
		return err
	})
	return merged, err
}

// begin makes the staging table ready and locks the source: its lines change one report after the other.
func begin(ctx context.Context, tx store.Tx, tenant int64, source string) (int64, *db.Queries, error) {
	q := db.New(tx)
	if _, err := tx.Exec(ctx, makeStaging); err != nil {
		return 0, nil, err
	}
	id, err := q.EnsureSource(ctx, db.EnsureSourceParams{Tenant: tenant, Name: source})
	return id, q, err
}

func stage(ctx context.Context, q *db.Queries, lines []planning.Line) error {
	rows := make([]db.StageSalesParams, len(lines))
	for i := range lines {
		l := &lines[i]
		rows[i] = db.StageSalesParams{
			Line: int32(l.Row), OutletID: l.Outlet, Sku: l.SKU, Name: l.Name, Day: l.Day.Time(), QuantityMilli: l.Milli,
			RevenueMinor: l.Revenue, SoldOut: l.SoldOut, Key: l.Key,
		}
		if l.Hour != planning.NoHour {
			hour := int16(l.Hour)
			rows[i].Hour = &hour
		}
	}
	_, err := q.StageSales(ctx, rows)
	return err
}

func merge(ctx context.Context, q *db.Queries, tenant, source int64) (planning.Merged, error) {
	if err := q.AddSeries(ctx, tenant); err != nil {
		return planning.Merged{}, err
	}
	r, err := q.MergeSales(ctx, db.MergeSalesParams{Tenant: tenant, Source: source})
	return planning.Merged{
		Lines: int(r.Lines), Added: int(r.Added), Changed: int(r.Changed), Same: int(r.Lines - r.Added - r.Changed),
	}, err
}

// Reported is what of Brigade's own orders counts as sales.
type Reported struct {
	Orders  []int64   // that were made, edited or cancelled
	SoldOut []SoldOut // items that were taken off the menu
}

// SoldOut is an item that could not be ordered for a while.
type SoldOut struct {
	Outlet int64
	SKU    string
	At     time.Time
}

// TakeOwn takes a tenant's own orders into account as they stand, and items that were 86'd. Doing it again changes
// nothing; an order that was cancelled counts no longer.
func (s *Store) TakeOwn(ctx context.Context, tenant int64, r Reported) (merged planning.Merged, err error) {
	slices.Sort(r.Orders)
	r.Orders = slices.Compact(r.Orders)
	err = store.Commit(ctx, s.pool, func(tx store.Tx) error {
		id, q, err := begin(ctx, tx, tenant, planning.OwnSource)
		if err != nil {
			return err
		}
		if err := q.StageOrders(ctx, db.StageOrdersParams{Orders: r.Orders, Tenant: tenant, Source: id}); err != nil {
			return err
		}
		p := db.StageSoldOutParams{Tenant: tenant}
		for _, o := range r.SoldOut {
			p.Outlets, p.Skus, p.Ats = append(p.Outlets, o.Outlet), append(p.Skus, o.SKU), append(p.Ats, o.At)
		}
		if err := q.StageSoldOut(ctx, p); err != nil {
			return err
		}
		merged, err = merge(ctx, q, tenant, id)
		return err
	})
	return merged, err
}

// Sold implements planning.SalesStore.
func (s *Store) Sold(ctx context.Context, tenant int64, q planning.Query) ([]planning.Sold, error) {
	rows, err := s.db().SoldDays(ctx, db.SoldDaysParams{
		First: int32(q.First), Last: int32(q.Last), Tenant: tenant, Outlet: q.Outlet, Sku: q.SKU, Skip: int32(q.Skip), Most: int32(q.Most),
	})
	return listed(rows, err, func(r db.SoldDaysRow) planning.Sold {
		return planning.Sold{
			Day: planning.Day(r.Day), Outlet: r.OutletID, SKU: r.Sku, Name: r.Name, Quantity: float64(r.QuantityMilli) / planning.Milli,
			Revenue: r.RevenueMinor, SoldOut: r.SoldOut,
		}
	})
}

// Aliases implements planning.SalesStore.
func (s *Store) Aliases(ctx context.Context, tenant int64) ([]planning.Alias, error) {
	rows, err := s.db().Aliases(ctx, tenant)
	return listed(rows, err, func(r db.AliasesRow) planning.Alias {
		return planning.Alias{SKU: r.Sku, Now: r.StandsFor, By: r.CreatedBy, At: r.CreatedAt}
	})
}

// PutAlias implements planning.SalesStore.
func (s *Store) PutAlias(ctx context.Context, tenant int64, a planning.Alias) error {
	return store.Commit(ctx, s.pool, func(tx store.Tx) error {
		q := db.New(tx)
		err := q.SeriesOfAlias(ctx, db.SeriesOfAliasParams{StandsFor: a.Now, Tenant: tenant, Sku: a.SKU})
		if err != nil {
			return err
		}
		return q.PutAlias(ctx, db.PutAliasParams{Tenant: tenant, Sku: a.SKU, StandsFor: a.Now, By: a.By, At: a.At})
	})
}

// DropAlias implements planning.SalesStore.
func (s *Store) DropAlias(ctx context.Context, tenant int64, sku string) error {
	n, err := s.db().DropAlias(ctx, db.DropAliasParams{Tenant: tenant, Sku: sku})
	if err == nil && n == 0 {
		return errs.NotFound("%s was not renamed", sku)
	}
	return store.Classify(err)
}

// Series implements planning.SalesStore.
func (s *Store) Series(ctx context.Context, tenant, outlet int64) ([]planning.Series, error) {
	rows, err := s.db().AllSeries(ctx, db.AllSeriesParams{Tenant: tenant, Outlet: outlet})
	return listed(rows, err, func(r db.AllSeriesRow) planning.Series {
		return planning.Series{ID: r.ID, Outlet: r.OutletID, SKU: r.Sku, Name: cmp.Or(r.Name, r.Sku), Now: r.StandsFor}
	})
}

// Days implements planning.SalesStore.
func (s *Store) Days(ctx context.Context, tenant int64, series []int64, last planning.Day, each func(int64, planning.Day, int64, bool)) error {
	rows, err := s.db().DaysOf(ctx, db.DaysOfParams{Series: series, Last: int32(last), Tenant: tenant})
	for _, r := range rows {
		each(r.SeriesID, planning.Day(r.Day), r.QuantityMilli, r.SoldOut)
	}
	return store.Classify(err)
}

// Hours implements planning.SalesStore.
func (s *Store) Hours(ctx context.Context, tenant int64, series []int64, first, last planning.Day, each func(int64, planning.Day, int, int64)) error {
	rows, err := s.db().HoursOf(ctx, db.HoursOfParams{Series: series, First: int32(first), Last: int32(last), Tenant: tenant})
	for _, r := range rows {
		each(r.SeriesID, planning.Day(r.Day), int(r.Hour), r.QuantityMilli)
	}
	return store.Classify(err)
}

// Reported implements planning.SalesStore.
func (s *Store) Reported(ctx context.Context, tenant, outlet int64, last planning.Day, each func(int64, planning.Day)) error {
	rows, err := s.db().ReportedDays(ctx, db.ReportedDaysParams{Tenant: tenant, Last: int32(last), Outlet: outlet})
	for _, r := range rows {
		each(r.OutletID, planning.Day(r.Day))
	}
	return store.Classify(err)
}

// LoadDemo gives the demo restaurant, when it has none, a history of two years before now. It is the same each time.
func (s *Store) LoadDemo(ctx context.Context, tenant int64, now time.Time) error {
	return store.Commit(ctx, s.pool, func(tx store.Tx) error {
		q := db.New(tx)
		if err := q.DemoSeries(ctx, tenant); err != nil {
			return err
		}
		_, err := q.DemoDays(ctx, db.DemoDaysParams{Tenant: tenant, Now: now})
		return err
	})
}
