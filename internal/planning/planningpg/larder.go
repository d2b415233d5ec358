package planningpg

import (
	"context"
	"time"

	"brigade/internal/planning"
	"brigade/internal/planning/planningpg/db"
	"brigade/internal/planning/supply"
	"brigade/internal/store"
)

// larders are what is read of some outlets, in as many statements as there are tables.
type larders struct {
	q       *db.Queries
	tenant  int64
	outlets []int64
	of      map[int64]*planning.Larder
}

// Larders implements planning.PlanStore.
func (s *Store) Larders(ctx context.Context, tenant int64, outlets []int64) (map[int64]*planning.Larder, error) {
	l := &larders{s.db(), tenant, outlets, make(map[int64]*planning.Larder, len(outlets))}
	for _, o := range outlets {
		l.of[o] = &planning.Larder{Bills: map[int64][]supply.Share{}, Offers: map[int64][]supply.Offer{}, Prices: map[string]int64{}}
	}
	for _, read := range []func(context.Context) error{l.ingredients, l.bills, l.stock, l.suppliers, l.menu, l.kitchen} {
		if err := read(ctx); err != nil {
			return nil, store.Classify(err)
		}
	}
	return l.of, nil
}

func (l *larders) ingredients(ctx context.Context) error {
	rows, err := l.q.LarderIngredients(ctx, db.LarderIngredientsParams{Tenant: l.tenant, Outlets: l.outlets})
	for _, r := range rows {
		l.of[r.OutletID].Ingredients = append(l.of[r.OutletID].Ingredients, planning.Ingredient{
			ID: r.ID, Code: r.Code, Name: r.Name, Unit: r.Unit, Shelf: time.Duration(r.ShelfHours) * time.Hour, Par: supply.Amount(r.ParMilli),
			Owed: supply.Amount(r.OwedMilli), Known: r.Known, Batch: supply.Amount(r.BatchMilli), Stocked: r.Stocked,
			Lead: time.Duration(r.LeadMinutes) * time.Minute, Station: r.StationID, Work: float64(r.StationMinutes),
		})
	}
	return err
}

func (l *larders) bills(ctx context.Context) error {
	needs, err := l.q.LarderNeeds(ctx, db.LarderNeedsParams{Tenant: l.tenant, Outlets: l.outlets})
	if err != nil {
		return err
	}
	for _, r := range needs {
		l.of[r.OutletID].Needs = append(l.of[r.OutletID].Needs, supply.Part{Item: r.Sku, Ingredient: r.IngredientID, Amount: supply.Amount(r.QuantityMilli)})
	}
	makings, err := l.q.LarderMakings(ctx, db.LarderMakingsParams{Tenant: l.tenant, Outlets: l.outlets})
	if err != nil {
		return err
	}
	for _, r := range makings {
		l.of[r.OutletID].Makings = append(l.of[r.OutletID].Makings, supply.Part{Item: r.Sku, Ingredient: r.IngredientID, Amount: supply.Amount(r.QuantityMilli)})
	}
	bills, err := l.q.LarderBills(ctx, db.LarderBillsParams{Tenant: l.tenant, Outlets: l.outlets})
	for _, r := range bills {
		of := l.of[r.OutletID].Bills
		of[r.PreparationID] = append(of[r.PreparationID], supply.Share{Ingredient: r.IngredientID, Amount: supply.Amount(r.QuantityMilli)})
	}
	return err
}

func (l *larders) stock(ctx context.Context) error {
	lots, err := l.q.LarderLots(ctx, db.LarderLotsParams{Tenant: l.tenant, Outlets: l.outlets})
	if err != nil {
		return err
	}
	for _, r := range lots {
		l.of[r.OutletID].Lots = append(l.of[r.OutletID].Lots, planning.LarderLot{
			ID: r.ID, Ingredient: r.IngredientID, Amount: supply.Amount(r.RemainingMilli), Expires: r.ExpiresAt,
		})
	}
	coming, err := l.q.LarderComing(ctx, db.LarderComingParams{Tenant: l.tenant, Outlets: l.outlets})
	for _, r := range coming {
		l.of[r.OutletID].Coming = append(l.of[r.OutletID].Coming, planning.Coming{
			Ingredient: r.IngredientID, Amount: supply.Amount(r.Milli), Day: planning.Day(r.Day),
		})
	}
	return err
}

func (l *larders) suppliers(ctx context.Context) error {
	rows, err := l.q.LarderSuppliers(ctx, db.LarderSuppliersParams{Tenant: l.tenant, Outlets: l.outlets})
	if err != nil {
		return err
	}
	for _, r := range rows {
		s := planning.LarderSupplier{Code: r.Code, Currency: r.Currency, Supplier: supply.Supplier{
			ID: r.ID, Name: r.Name, Lead: int(r.LeadDays), Cutoff: time.Duration(r.CutOffMinutes) * time.Minute, Least: r.MinimumMinor,
		}}
		for _, d := range r.DeliveryDays {
			s.Weekdays[(d%7+7)%7] = true
		}
		if len(r.DeliveryDays) == 0 {
			s.Weekdays = [7]bool{true, true, true, true, true, true, true}
		}
		l.of[r.OutletID].Suppliers = append(l.of[r.OutletID].Suppliers, s)
	}
	products, err := l.q.LarderProducts(ctx, db.LarderProductsParams{Tenant: l.tenant, Outlets: l.outlets})
	for _, r := range products {
		of := l.of[r.OutletID].Offers
		of[r.IngredientID] = append(of[r.IngredientID], supply.Offer{
			Product: r.ID, Supplier: r.SupplierID, Pack: supply.Amount(r.PackMilli), Fewest: int(r.LeastPacks), Price: r.PriceMinor, Preferred: r.Preferred,
		})
	}
	return err
}

func (l *larders) menu(ctx context.Context) error {
	rows, err := l.q.LarderItems(ctx, db.LarderItemsParams{Tenant: l.tenant, Outlets: l.outlets})
	for _, r := range rows {
		of := l.of[r.OutletID]
		of.Prices[r.Sku] = r.PriceMinor
		if r.StationID != 0 {
			of.Cooking = append(of.Cooking, planning.Cooking{Item: r.Sku, Station: r.StationID, Minutes: r.Seconds / 60})
		}
	}
	return err
}

func (l *larders) kitchen(ctx context.Context) error {
	stations, err := l.q.LarderStations(ctx, db.LarderStationsParams{Tenant: l.tenant, Outlets: l.outlets})
	if err != nil {
		return err
	}
	for _, r := range stations {
		l.of[r.OutletID].Stations = append(l.of[r.OutletID].Stations, planning.Station{ID: r.ID, Name: r.Name, Capacity: int(r.Capacity)})
	}
	shifts, err := l.q.LarderShifts(ctx, db.LarderShiftsParams{Tenant: l.tenant, Outlets: l.outlets})
	if err != nil {
		return err
	}
	works, rests := map[int64][]planning.Shift{}, map[int64][]planning.Shift{}
	for _, r := range shifts {
		of := works
		if r.Kind == "break" {
			of = rests
		}
		of[r.StaffID] = append(of[r.StaffID], planning.Shift{Weekday: time.Weekday(r.Weekday), Starts: int(r.Starts), Ends: int(r.Ends)})
	}
	staff, err := l.q.LarderStaff(ctx, db.LarderStaffParams{Tenant: l.tenant, Outlets: l.outlets})
	for _, r := range staff {
		l.of[r.OutletID].Staff = append(l.of[r.OutletID].Staff, planning.Hand{
			Parallel: int(r.MaxParallel), Stations: r.Stations, Shifts: works[r.ID], Breaks: rests[r.ID],
		})
	}
	return err
}
