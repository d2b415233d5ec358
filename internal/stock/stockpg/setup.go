package stockpg

import (
	"context"
	"math"
	"time"

	"brigade/internal/errs"
	"brigade/internal/measure"
	"brigade/internal/money"
	"brigade/internal/stock"
	"brigade/internal/stock/stockpg/db"
	"brigade/internal/store"
)

// Setup is what an outlet's stock is made of, in the terms of a file.
type Setup struct {
	Ingredients []IngredientSetup
	Bills       map[string][]PartSetup // by SKU
	Suppliers   []SupplierSetup
}

// IngredientSetup is an ingredient, or a preparation with what a batch is made of.
type IngredientSetup struct {
	Code, Name               string
	Unit                     measure.Unit
	ShelfHours               int
	Par, Opening, Batch      measure.Quantity
	Stocked                  bool
	LeadMinutes, WorkMinutes int
	Station                  string
	Parts                    []PartSetup
}

// PartSetup is an ingredient that something is made of.
type PartSetup struct {
	Code     string
	Quantity measure.Quantity
}

// SupplierSetup is a supplier with what he sells.
type SupplierSetup struct {
	Code, Name, Email, Phone, Currency string
	LeadDays                           int
	Days                               []time.Weekday
	CutOff                             string // 15:04
	Minimum                            money.Amount
	Products                           []ProductSetup
}

// ProductSetup is a pack.
type ProductSetup struct {
	Code, Name, Ingredient string
	Pack                   measure.Quantity
	Price                  money.Amount
	Least                  int
	Preferred              bool
}

// SetupOutlets finds outlets of a tenant by their slugs.
func SetupOutlets(ctx context.Context, tx store.Tx, tenant int64, slugs []string) (map[string]int64, error) {
	rows, err := db.New(tx).OutletsBySlug(ctx, db.OutletsBySlugParams{Tenant: tenant, Slugs: slugs})
	ids := make(map[string]int64, len(rows))
	for _, r := range rows {
		ids[r.Slug] = r.ID
	}
	return ids, err
}

// ReadSetup reads what an outlet's stock is made of.
func ReadSetup(ctx context.Context, tx store.Tx, outlet int64) (Setup, error) {
	q := db.New(tx)
	s := Setup{Bills: map[string][]PartSetup{}}
	bills, err := q.SetupBills(ctx, outlet)
	if err != nil {
		return s, err
	}
	batches := map[string][]PartSetup{}
	for _, b := range bills {
		of := s.Bills
		if stock.BillKind(b.Kind) == stock.OfPreparation {
			of = batches
		}
		of[b.Made] = append(of[b.Made], PartSetup{b.Code, measure.Quantity(b.QuantityMilli)})
	}
	ingredients, err := q.SetupIngredients(ctx, outlet)
	if err != nil {
		return s, err
	}
	for _, r := range ingredients {
		s.Ingredients = append(s.Ingredients, IngredientSetup{
			Code: r.Code, Name: r.Name, Unit: measure.Unit(r.Unit), ShelfHours: int(r.ShelfHours), Par: measure.Quantity(r.ParMilli),
			Batch: measure.Quantity(r.BatchMilli), Stocked: r.Stocked, LeadMinutes: int(r.LeadMinutes), WorkMinutes: int(r.StationMinutes),
			Station: r.Station, Parts: batches[r.Code],
		})
	}
	return s, s.readSuppliers(ctx, q, outlet)
}

func (s *Setup) readSuppliers(ctx context.Context, q *db.Queries, outlet int64) error {
	sellers, err := q.SetupSuppliers(ctx, outlet)
	if err != nil {
		return err
	}
	packs, err := q.SetupProducts(ctx, outlet)
	for _, r := range sellers {
		p := SupplierSetup{
			Code: r.Code, Name: r.Name, Email: r.Email, Phone: r.Phone, Currency: r.Currency, LeadDays: int(r.LeadDays), CutOff: r.CutOff,
			Minimum: money.Amount(r.MinimumMinor),
		}
		for _, d := range r.DeliveryDays {
			p.Days = append(p.Days, time.Weekday(d))
		}
		for _, k := range packs {
			if k.SupplierID == r.ID {
				p.Products = append(p.Products, ProductSetup{
					k.Code, k.Name, k.Ingredient, measure.Quantity(k.PackMilli), money.Amount(k.PriceMinor), int(k.LeastPacks), k.Preferred,
				})
			}
		}
		s.Suppliers = append(s.Suppliers, p)
	}
	return err
}

// Writer changes what an outlet's stock is made of, in a transaction of somebody else. Done ends it.
type Writer struct {
	l              *ledger
	tenant, outlet int64
	by             string
	at             time.Time
	opening        []move
}

// NewWriter returns a writer; it locks the outlet's stock, which begins with it if need be.
func NewWriter(ctx context.Context, tx store.Tx, parts Parts, tenant, outlet int64, by string, at time.Time) (*Writer, error) {
	w := &Writer{l: &ledger{tx: tx, q: db.New(tx), parts: parts}, tenant: tenant, outlet: outlet, by: by, at: at}
	return w, w.l.lockOutlet(ctx, tenant, outlet)
}

// PutIngredient adds or changes an ingredient; its parts are a bill. What it opens with is booked unless its stock is
// known already. Errors: KindConflict when it is measured in another unit.
func (w *Writer) PutIngredient(ctx context.Context, g IngredientSetup) error {
	id, err := w.l.q.PutIngredient(ctx, db.PutIngredientParams{
		Tenant: w.tenant, Outlet: w.outlet, Code: g.Code, Name: g.Name, Unit: string(g.Unit), ShelfHours: int32(g.ShelfHours),
		ParMilli: int64(g.Par), BatchMilli: int64(g.Batch), Stocked: g.Stocked, LeadMinutes: int32(g.LeadMinutes), Station: g.Station,
		StationMinutes: int32(g.WorkMinutes),
	})
	if noRows(err) {
		return errs.Conflict("ingredient %s has a stock in another unit than %s: it needs another code", g.Code, g.Unit)
	}
	if err != nil {
		return err
	}
	watched, err := w.l.q.PutLevel(ctx, db.PutLevelParams{Ingredient: id, Outlet: w.outlet, Tenant: w.tenant})
	if err != nil || watched || g.Opening == 0 {
		return err
	}
	w.opening = append(w.opening, move{
		tenant: w.tenant, outlet: w.outlet, ingredient: id, kind: stock.Count, quantity: int64(g.Opening), reason: "opening stock", by: w.by, at: w.at,
	})
	return nil
}

// RetireIngredient takes an ingredient out of use; what is left of it stays in the books.
func (w *Writer) RetireIngredient(ctx context.Context, code string) error {
	return w.l.q.RetireIngredient(ctx, db.RetireIngredientParams{Outlet: w.outlet, Code: code})
}

// PutBill replaces what something is made of; no parts: it has no bill.
func (w *Writer) PutBill(ctx context.Context, kind stock.BillKind, made string, parts []PartSetup) error {
	err := w.l.q.DropBill(ctx, db.DropBillParams{Outlet: w.outlet, Kind: string(kind), Made: made})
	if err != nil || len(parts) == 0 {
		return err
	}
	p := db.AddBillParams{Outlet: w.outlet, Kind: string(kind), Made: made, Tenant: w.tenant}
	for _, x := range parts {
		p.Codes, p.Quantities = append(p.Codes, x.Code), append(p.Quantities, int64(x.Quantity))
	}
	return w.l.q.AddBill(ctx, p)
}

// PutSupplier adds or changes a supplier.
func (w *Writer) PutSupplier(ctx context.Context, s SupplierSetup) error {
	p := db.PutSupplierParams{
		Tenant: w.tenant, Outlet: w.outlet, Code: s.Code, Name: s.Name, Email: s.Email, Phone: s.Phone, Currency: s.Currency,
		LeadDays: int32(s.LeadDays), DeliveryDays: []int16{}, CutOff: s.CutOff, MinimumMinor: int64(s.Minimum),
	}
	for _, d := range s.Days {
		p.DeliveryDays = append(p.DeliveryDays, int16(d))
	}
	_, err := w.l.q.PutSupplier(ctx, p)
	return err
}

// RetireSupplier takes a supplier out of use.
func (w *Writer) RetireSupplier(ctx context.Context, code string) error {
	return w.l.q.RetireSupplier(ctx, db.RetireSupplierParams{Outlet: w.outlet, Code: code})
}

// PutProduct adds or changes what a supplier sells.
func (w *Writer) PutProduct(ctx context.Context, supplier string, p ProductSetup) error {
	return w.l.q.PutProduct(ctx, db.PutProductParams{
		Tenant: w.tenant, Outlet: w.outlet, Code: p.Code, Name: p.Name, PackMilli: int64(p.Pack), PriceMinor: int64(p.Price),
		LeastPacks: int32(p.Least), Preferred: p.Preferred, Ingredient: p.Ingredient, Supplier: supplier,
	})
}

// RetireProduct takes a product out of use.
func (w *Writer) RetireProduct(ctx context.Context, supplier, code string) error {
	return w.l.q.RetireProduct(ctx, db.RetireProductParams{Outlet: w.outlet, Supplier: supplier, Code: code})
}

// Done works out what items need of stock, books what there is to begin with, and turns items.
func (w *Writer) Done(ctx context.Context) error {
	touched, err := w.flatten(ctx)
	if err != nil {
		return err
	}
	if err := w.l.apply(ctx, w.at, w.opening, nil); err != nil {
		return err
	}
	loose, err := w.l.q.LooseOuts(ctx, w.outlet)
	if err != nil {
		return err
	}
	for _, o := range loose {
		if err := w.l.back(ctx, Turned{Tenant: o.TenantID, Outlet: o.OutletID, SKU: o.Sku, At: w.at}); err != nil {
			return err
		}
	}
	return w.l.turn(ctx, w.at, touched)
}

// flatten writes what items need of stock and returns all ingredients that they need, or needed.
func (w *Writer) flatten(ctx context.Context) ([]int64, error) {
	before, err := w.l.q.NeedsNow(ctx, w.outlet)
	if err != nil {
		return nil, err
	}
	rows, err := w.l.q.BillsToFlatten(ctx, w.outlet)
	if err != nil {
		return nil, err
	}
	p := db.AddNeedsParams{Outlet: w.outlet, Tenant: w.tenant}
	touched := map[int64]bool{}
	for _, n := range before {
		touched[n.IngredientID] = true
	}
	bills := newBills(rows)
	for _, sku := range bills.items {
		needs := map[int64]int64{}
		if err := bills.explode(bills.of[stock.OfItem][sku], 1, 1, needs, 0); err != nil {
			return nil, errs.Invalid("the bill of %s: %v", sku, err)
		}
		for _, id := range sortedKeys(needs) {
			touched[id] = true
			p.Skus, p.Ingredients, p.Quantities = append(p.Skus, sku), append(p.Ingredients, id), append(p.Quantities, needs[id])
		}
	}
	if err := w.l.q.DropNeeds(ctx, w.outlet); err != nil {
		return nil, err
	}
	return sortedKeys(touched), w.l.q.AddNeeds(ctx, p)
}

// bills are the bills of an outlet.
type bills struct {
	of    map[stock.BillKind]map[string][]db.BillsToFlattenRow
	items []string
}

func newBills(rows []db.BillsToFlattenRow) bills {
	b := bills{of: map[stock.BillKind]map[string][]db.BillsToFlattenRow{stock.OfItem: {}, stock.OfPreparation: {}}}
	for _, r := range rows {
		kind := stock.BillKind(r.Kind)
		if kind == stock.OfItem && b.of[kind][r.Made] == nil {
			b.items = append(b.items, r.Made)
		}
		b.of[kind][r.Made] = append(b.of[kind][r.Made], r)
	}
	return b
}

// deepest is how far preparations may be made of others; files that go in circles are refused before.
const deepest = 32

// explode adds up what so much of a batch takes of stock: preparations that are not stocked are taken apart.
func (b bills) explode(lines []db.BillsToFlattenRow, made, batch int64, needs map[int64]int64, depth int) error {
	if depth > deepest {
		return errs.Invalid("preparations are made of each other more than %d deep", deepest)
	}
	for _, l := range lines {
		q := measure.Share(l.QuantityMilli, made, batch)
		parts := b.of[stock.OfPreparation][l.Code]
		if l.BatchMilli > 0 && !l.Stocked && parts != nil {
			if err := b.explode(parts, q, l.BatchMilli, needs, depth+1); err != nil {
				return err
			}
			continue
		}
		if q > int64(measure.Most)-needs[l.IngredientID] || q == math.MaxInt64 {
			return errs.Invalid("it comes to more than %s of %s", measure.Most.In(measure.Unit(l.Unit)), l.Code)
		}
		needs[l.IngredientID] += q
	}
	return nil
}
