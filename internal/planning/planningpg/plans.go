package planningpg

import (
	"context"
	"math"
	"time"

	"brigade/internal/planning"
	"brigade/internal/planning/planningpg/db"
	"brigade/internal/planning/supply"
	"brigade/internal/store"
)

// Stocked implements planning.PlanStore.
func (s *Store) Stocked(ctx context.Context, tenant int64, outlets []int64) ([]int64, error) {
	list, err := s.db().StockedOutlets(ctx, db.StockedOutletsParams{Tenant: tenant, Outlets: outlets})
	return list, store.Classify(err)
}

// DemandOf implements planning.PlanStore.
func (s *Store) DemandOf(ctx context.Context, tenant int64, outlets []int64, first, last planning.Day) ([]planning.Forecast, error) {
	rows, err := s.db().DemandForecasts(ctx, db.DemandForecastsParams{Tenant: tenant, Outlets: outlets, First: int32(first), Last: int32(last)})
	return listed(rows, err, func(r db.DemandForecastsRow) planning.Forecast {
		f := planning.Forecast{
			Run: r.RunID, Kind: planning.RunKind(r.Kind), Series: r.SeriesID, Outlet: r.OutletID, SKU: r.Sku, Name: r.Name,
			Day: planning.Day(r.Day), Mean: float64(r.Mean), Levels: wide(r.Levels), Quantiles: wide(r.Quantiles), Hours: wide(r.Hours), Edited: r.Edited,
		}
		if r.Edited < 0 {
			f.Edited = math.NaN()
		}
		return f
	})
}

// PutPlans implements planning.PlanStore.
func (s *Store) PutPlans(ctx context.Context, tenant int64, kind planning.PlanKind, day planning.Day, plans []planning.Plan, digests [][]byte, by string, at time.Time) error {
	p := db.PutPlansParams{Tenant: tenant, Kind: string(kind), Day: int32(day), By: by, At: at, Digests: digests}
	for i := range plans {
		p.Outlets, p.Bodies = append(p.Outlets, plans[i].Outlet), append(p.Bodies, string(plans[i].Body))
		p.Problems = append(p.Problems, int32(plans[i].Problems))
	}
	return store.Classify(s.db().PutPlans(ctx, p))
}

// LatestPlans implements planning.PlanStore.
func (s *Store) LatestPlans(ctx context.Context, tenant int64, kind planning.PlanKind, day planning.Day, outlets []int64, revision int) ([]planning.Plan, error) {
	rows, err := s.db().LatestPlans(ctx, db.LatestPlansParams{
		Tenant: tenant, Kind: string(kind), Day: int32(day), Outlets: outlets, Revision: int32(revision),
	})
	return listed(rows, err, func(r db.Plan) planning.Plan {
		return planning.Plan{
			ID: r.ID, Outlet: r.OutletID, Kind: planning.PlanKind(r.Kind), Day: dayOf(r.Day), Revision: int(r.Revision),
			Problems: int(r.Problems), By: r.MadeBy, At: r.MadeAt, Body: r.Body,
		}
	})
}

// AddPlanEdit implements planning.PlanStore.
func (s *Store) AddPlanEdit(ctx context.Context, tenant int64, e planning.PlanEdit) error {
	return store.Classify(s.db().AddPlanEdit(ctx, db.AddPlanEditParams{
		Tenant: tenant, Outlet: e.Outlet, Kind: string(e.Kind), Day: int32(e.Day), Code: e.Code, Was: int64(e.Was), Quantity: int64(e.Quantity),
		Stock: int64(e.Stock), UntilDay: int32(e.Until), Reason: e.Reason, By: e.By, At: e.At,
	}))
}

// PlanEdits implements planning.PlanStore.
func (s *Store) PlanEdits(ctx context.Context, tenant int64, kind planning.PlanKind, outlets []int64, first, last planning.Day) ([]planning.PlanEdit, error) {
	rows, err := s.db().PlanEdits(ctx, db.PlanEditsParams{
		Tenant: tenant, Kind: string(kind), Outlets: outlets, First: int32(first), Last: int32(last),
	})
	return listed(rows, err, func(r db.PlanEditsRow) planning.PlanEdit {
		return planning.PlanEdit{
			Outlet: r.OutletID, Kind: kind, Day: planning.Day(r.Day), Code: r.Code, Was: supply.Amount(r.WasMilli),
			Quantity: supply.Amount(r.QuantityMilli), Stock: supply.Amount(r.StockMilli), Until: planning.Day(r.UntilDay),
			Reason: r.Reason, By: r.EditedBy, At: r.EditedAt,
		}
	})
}

// Taken implements planning.PlanStore.
func (s *Store) Taken(ctx context.Context, tenant int64, outlets []int64, first, last planning.Day) ([]planning.Taken, error) {
	rows, err := s.db().TakenByDay(ctx, db.TakenByDayParams{Tenant: tenant, Outlets: outlets, First: int32(first), Last: int32(last)})
	return listed(rows, err, func(r db.TakenByDayRow) planning.Taken {
		return planning.Taken{Outlet: r.OutletID, Code: r.Code, Day: planning.Day(r.Day), Amount: supply.Amount(r.Milli)}
	})
}

// ToPrepareAgain implements planning.PlanStore.
func (s *Store) ToPrepareAgain(ctx context.Context, now time.Time) ([]planning.OutletRef, error) {
	rows, err := s.db().OutletsToPrepareAgain(ctx, now)
	return listed(rows, err, func(r db.OutletsToPrepareAgainRow) planning.OutletRef {
		return planning.OutletRef{Tenant: r.TenantID, Outlet: r.OutletID}
	})
}

// PrunePlans deletes plans of days before one, at most n of them, and returns how many it deleted. What somebody changed in
// them stays: it is compared with what was sold.
func (s *Store) PrunePlans(ctx context.Context, before planning.Day, n int) (int, error) {
	deleted, err := s.db().PrunePlans(ctx, db.PrunePlansParams{Before: int32(before), N: int32(n)})
	return int(deleted), store.Classify(err)
}
