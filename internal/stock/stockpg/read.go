package stockpg

import (
	"context"
	"time"

	"brigade/internal/stock"
	"brigade/internal/stock/stockpg/db"
	"brigade/internal/store"
)

// everything is how many rows a list has whose query does not say.
const everything = 1_000_000

func most(q stock.Query) int32 {
	if q.Most <= 0 {
		return everything
	}
	return int32(min(q.Most, everything))
}

var (
	longAgo = time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)
	farOff  = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
)

func span(q stock.Query) (from, till time.Time) {
	from, till = q.From, q.Till
	if from.IsZero() {
		from = longAgo
	}
	if till.IsZero() {
		till = farOff
	}
	return from, till
}

func minutes(n int32) time.Duration { return time.Duration(n) * time.Minute }

// Ingredients implements stock.Reader.
func (s *Store) Ingredients(ctx context.Context, tenant int64, q stock.Query) ([]stock.Ingredient, error) {
	rows, err := s.db().Ingredients(ctx, db.IngredientsParams{
		Tenant: tenant, Outlet: q.Outlet, Everything: q.All, Code: q.Code, After: q.After, Most: most(q),
	})
	return listed(rows, err, ingredient)
}

func ingredient(r db.IngredientsRow) stock.Ingredient {
	return stock.Ingredient{
		ID: r.ID, Outlet: r.OutletID, Code: r.Code, Name: r.Name, Unit: stock.Unit(r.Unit), Shelf: time.Duration(r.ShelfHours) * time.Hour,
		Par: stock.Quantity(r.ParMilli), Active: r.Active, Batch: stock.Quantity(r.BatchMilli), Stocked: r.Stocked,
		Lead: minutes(r.LeadMinutes), Station: r.StationID, AtStation: minutes(r.StationMinutes),
	}
}

// Bills implements stock.Reader.
func (s *Store) Bills(ctx context.Context, tenant, outlet int64) ([]stock.BillLine, error) {
	rows, err := s.db().Bills(ctx, db.BillsParams{Tenant: tenant, Outlet: outlet})
	return listed(rows, err, func(r db.BillsRow) stock.BillLine {
		return stock.BillLine{Kind: stock.BillKind(r.Kind), Made: r.Made, Ingredient: r.IngredientID, Quantity: stock.Quantity(r.QuantityMilli)}
	})
}

// Levels implements stock.Reader.
func (s *Store) Levels(ctx context.Context, tenant int64, q stock.Query) ([]stock.Level, error) {
	rows, err := s.db().Levels(ctx, db.LevelsParams{
		Tenant: tenant, Outlet: q.Outlet, Everything: q.All, Code: q.Code, After: q.After, Most: most(q),
	})
	return listed(rows, err, func(r db.LevelsRow) stock.Level {
		l := stock.Level{
			Ingredient: ingredient(db.IngredientsRow{
				ID: r.ID, OutletID: r.OutletID, Code: r.Code, Name: r.Name, Unit: r.Unit, ShelfHours: r.ShelfHours, ParMilli: r.ParMilli,
				Active: r.Active, BatchMilli: r.BatchMilli, Stocked: r.Stocked, LeadMinutes: r.LeadMinutes, StationID: r.StationID,
				StationMinutes: r.StationMinutes,
			}),
			OnHand: stock.Quantity(r.OnHandMilli), Owed: stock.Quantity(r.OwedMilli), Reserved: stock.Quantity(r.ReservedMilli),
			OnOrder: stock.Quantity(r.OnOrderMilli), Counted: orZero(r.CountedAt),
		}
		if r.NextLoss.Unix() > 0 { // the epoch stands for none
			l.NextLoss = r.NextLoss
		}
		return l
	})
}

// Lots implements stock.Reader.
func (s *Store) Lots(ctx context.Context, tenant int64, q stock.Query) ([]stock.Lot, error) {
	rows, err := s.db().Lots(ctx, db.LotsParams{Outlet: q.Outlet, Tenant: tenant, Code: q.Code, Most: most(q)})
	return listed(rows, err, func(r db.LotsRow) stock.Lot {
		return stock.Lot{
			ID: r.ID, Ingredient: r.IngredientID, Received: r.ReceivedAt, Expires: orZero(r.ExpiresAt), Initial: stock.Quantity(r.InitialMilli),
			Remaining: stock.Quantity(r.RemainingMilli), Purchase: r.PurchaseID, Note: r.Note,
		}
	})
}

// Outs implements stock.Store.
func (s *Store) Outs(ctx context.Context, tenant, outlet int64) ([]stock.Out, error) {
	rows, err := s.db().Outs(ctx, db.OutsParams{Tenant: tenant, Outlet: outlet})
	return listed(rows, err, func(r db.OutsRow) stock.Out { return stock.Out{SKU: r.Sku, Ingredient: r.Code, Since: r.Since} })
}

// Movements implements stock.Store.
func (s *Store) Movements(ctx context.Context, tenant int64, q stock.Query) ([]stock.Movement, error) {
	from, till := span(q)
	if q.Code != "" { // by another index
		rows, err := s.db().IngredientMovements(ctx, db.IngredientMovementsParams{
			Tenant: tenant, Outlet: q.Outlet, Before: q.Before, Code: q.Code, Kind: string(q.Kind), First: from, Till: till, Most: most(q),
		})
		return listed(rows, err, func(r db.IngredientMovementsRow) stock.Movement { return movement(db.MovementsRow(r)) })
	}
	rows, err := s.db().Movements(ctx, db.MovementsParams{
		Tenant: tenant, Outlet: q.Outlet, Before: q.Before, Kind: string(q.Kind), First: from, Till: till, Most: most(q),
	})
	return listed(rows, err, movement)
}

func movement(r db.MovementsRow) stock.Movement {
	return stock.Movement{
		ID: r.ID, Outlet: r.OutletID, Ingredient: r.IngredientID, Code: r.Code, Unit: stock.Unit(r.Unit), Kind: stock.MovementKind(r.Kind),
		Quantity: stock.Quantity(r.QuantityMilli), Order: r.OrderID, Purchase: r.PurchaseID, Lot: r.LotID, Reason: r.Reason, By: r.MadeBy, At: r.MadeAt,
	}
}

// Usage implements stock.Store.
func (s *Store) Usage(ctx context.Context, tenant int64, q stock.Query) ([]stock.Usage, error) {
	from, till := span(q)
	rows, err := s.db().Usage(ctx, db.UsageParams{
		Till: till, First: from, Tenant: tenant, Outlet: q.Outlet, Code: q.Code, AfterCode: q.After, Most: most(q),
	})
	return listed(rows, err, func(r db.UsageRow) stock.Usage {
		return stock.Usage{
			Code: r.Code, Name: r.Name, Unit: stock.Unit(r.Unit), Opening: stock.Quantity(r.Opening), In: stock.Quantity(r.Came),
			Wasted: stock.Quantity(r.Wasted), Theoretical: stock.Quantity(r.Used), Counted: stock.Quantity(r.Counted), Closing: stock.Quantity(r.Closing),
		}
	})
}

// Has tells whether an outlet is the tenant's.
func (s *Store) Has(ctx context.Context, tenant, outlet int64) (bool, error) {
	ok, err := s.db().HasOutlet(ctx, db.HasOutletParams{Outlet: outlet, Tenant: tenant})
	return ok, store.Classify(err)
}
