package kitchenpg

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"brigade/internal/errs"
	"brigade/internal/kitchen"
	"brigade/internal/kitchen/kitchenpg/db"
	"brigade/internal/kitchen/sched"
	"brigade/internal/store"
)

// Outlet finds an outlet by its slug ("": the default one) and its tenant's ("": any), with its zone.
// Errors: KindNotFound.
func (s *Store) Outlet(ctx context.Context, tenant, slug string) (int64, *time.Location, error) {
	r, err := s.q.OutletBySlug(ctx, db.OutletBySlugParams{Slug: slug, Tenant: tenant})
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, nil, errs.NotFound("there is no outlet %q", slug)
	}
	if err != nil {
		return 0, nil, store.Classify(err)
	}
	loc, err := time.LoadLocation(r.Timezone)
	if err != nil {
		loc = time.UTC
	}
	return r.ID, loc, nil
}

// ticketsPerRead bounds how much of a day is read at once.
const ticketsPerRead = 1000

// Day reads what went on at an outlet between two times. Errors: KindNotFound when no order was placed.
func (s *Store) Day(ctx context.Context, outlet int64, from, to time.Time) (*kitchen.Day, error) {
	ids, err := s.q.OrdersPlaced(ctx, db.OrdersPlacedParams{Outlet: outlet, Since: from, Until: to})
	if err != nil {
		return nil, store.Classify(err)
	}
	if len(ids) == 0 {
		return nil, errs.NotFound("no order was placed there from %s to %s", from.Format(time.DateTime), to.Format(time.DateTime))
	}
	d := &kitchen.Day{From: from, To: to, SKUs: map[int64]map[int]string{}}
	for some := range slices.Chunk(ids, ticketsPerRead) {
		tickets, err := s.Tickets(ctx, some)
		if err != nil {
			return nil, err
		}
		d.Tickets = append(d.Tickets, tickets...)
		rows, err := s.q.LineSKUs(ctx, some)
		if err != nil {
			return nil, store.Classify(err)
		}
		for _, r := range rows {
			if d.SKUs[r.OrderID] == nil {
				d.SKUs[r.OrderID] = map[int]string{}
			}
			d.SKUs[r.OrderID][int(r.LineNo)] = r.Sku
		}
	}
	if d.Layout, err = s.layoutOf(ctx, outlet, from); err != nil {
		return nil, store.Classify(err)
	}
	d.Outages, err = s.outages(ctx, outlet, from, to)
	attend(d)
	return d, store.Classify(err)
}

// attend puts everybody and everything at work that was at work on a day, and tells breaks taken by hand from the hours
// that were known.
func attend(d *kitchen.Day) {
	worked, used := map[int64]bool{}, map[int64]bool{}
	for _, t := range d.Tickets {
		for _, task := range t.Tasks {
			worked[task.Staff], used[task.OnMachine] = true, true
		}
	}
	for i := range d.Layout.Machines {
		m := &d.Layout.Machines[i]
		if !m.Removed() || used[m.ID] {
			m.Up, m.Reason = true, ""
		}
	}
	for i := range d.Layout.People {
		p := &d.Layout.People[i]
		p.Active = p.Active || worked[p.ID]
		for _, iv := range p.Hours.Taken {
			if iv.From.Time().Before(d.To) {
				d.Breaks = append(d.Breaks, absence(p.ID, iv, d))
			}
		}
		p.Hours.Taken = nil
	}
}

func absence(staff int64, iv sched.Interval, d *kitchen.Day) kitchen.Absence {
	a := kitchen.Absence{Staff: staff, From: iv.From.Time()}
	if a.From.Before(d.From) {
		a.From = d.From
	}
	if iv.To != sched.Forever {
		a.To = iv.To.Time()
	}
	return a
}
