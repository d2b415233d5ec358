package kitchenpg

import (
	"context"
	"time"

	"brigade/internal/kitchen"
	"brigade/internal/kitchen/kitchenpg/db"
	"brigade/internal/store"
)

// latestOrders bounds how far back a day of an outlet is looked for.
const latestOrders = 5000

// Work implements kitchen.DiaryStore.
func (s *Store) Work(ctx context.Context, outlet int64, since time.Time) ([]kitchen.Stint, error) {
	rows, err := s.q.DiaryWork(ctx, db.DiaryWorkParams{Outlet: outlet, Since: since, Latest: latestOrders})
	list := make([]kitchen.Stint, len(rows))
	for i, r := range rows {
		list[i] = kitchen.Stint{
			Task: r.ID, Order: r.OrderID, Number: r.Number, Item: r.Item, What: r.Description, Station: r.StationID, Staff: r.StaffID,
			Load: r.LoadID, Estimate: time.Duration(r.EstimateMs) * time.Millisecond, From: r.StartedAt,
		}
		if r.CompletedAt != nil {
			list[i].To = *r.CompletedAt
		}
	}
	return list, store.Classify(err)
}

// Outcomes implements kitchen.DiaryStore.
func (s *Store) Outcomes(ctx context.Context, outlet int64, since time.Time) ([]kitchen.Served, error) {
	rows, err := s.q.DiaryOrders(ctx, db.DiaryOrdersParams{Outlet: outlet, Since: since, Latest: latestOrders})
	list := make([]kitchen.Served, len(rows))
	for i, r := range rows {
		o := kitchen.Served{Order: r.OrderID, Number: r.Number, Placed: r.CreatedAt}
		for _, at := range []struct {
			from *time.Time
			into *time.Time
		}{{r.ClosedAt, &o.Ready}, {r.DueAt, &o.Due}, {r.FirstP50, &o.P50}, {r.FirstP90, &o.P90}} {
			if at.from != nil {
				*at.into = *at.from
			}
		}
		list[i] = o
	}
	return list, store.Classify(err)
}
