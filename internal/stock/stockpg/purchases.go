package stockpg

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"brigade/internal/errs"
	"brigade/internal/money"
	"brigade/internal/stock"
	"brigade/internal/stock/stockpg/db"
	"brigade/internal/store"
)

// Suppliers implements stock.Reader.
func (s *Store) Suppliers(ctx context.Context, tenant int64, q stock.Query) ([]stock.Supplier, error) {
	rows, err := s.db().Suppliers(ctx, db.SuppliersParams{
		Tenant: tenant, Outlet: q.Outlet, Everything: q.All, Code: q.Code, After: q.After, Most: most(q),
	})
	return listed(rows, err, func(r db.SuppliersRow) stock.Supplier { return supplier(db.SuppliersByIDRow(r)) })
}

func supplier(r db.SuppliersByIDRow) stock.Supplier {
	p := stock.Supplier{
		ID: r.ID, Outlet: r.OutletID, Code: r.Code, Name: r.Name, Email: r.Email, Phone: r.Phone, Currency: r.Currency,
		LeadDays: int(r.LeadDays), CutOff: minutes(r.CutOffMinutes), Minimum: money.Amount(r.MinimumMinor), Active: r.Active,
	}
	for _, d := range r.DeliveryDays {
		p.Days = append(p.Days, time.Weekday(d))
	}
	return p
}

// Products implements stock.Reader.
func (s *Store) Products(ctx context.Context, tenant int64, q stock.Query) ([]stock.Product, error) {
	rows, err := s.db().Products(ctx, db.ProductsParams{Tenant: tenant, Outlet: q.Outlet, Everything: q.All, Code: q.Code, Most: most(q)})
	return listed(rows, err, func(r db.ProductsRow) stock.Product {
		return stock.Product{
			ID: r.ID, Supplier: r.SupplierID, SupplierCode: r.SupplierCode, Ingredient: r.IngredientID, Of: r.IngredientCode,
			Unit: stock.Unit(r.Unit), Code: r.Code, Name: r.Name, Pack: stock.Quantity(r.PackMilli), Price: money.Amount(r.PriceMinor),
			LeastPacks: int(r.LeastPacks), Preferred: r.Preferred, Active: r.Active,
		}
	})
}

// Purchases implements stock.Reader. The query's Code is a supplier's.
func (s *Store) Purchases(ctx context.Context, tenant int64, q stock.Query) ([]stock.Purchase, error) {
	ids, err := s.db().PurchaseIDs(ctx, db.PurchaseIDsParams{
		Tenant: tenant, Outlet: q.Outlet, Everything: q.All, Before: q.Before, Supplier: q.Code, Most: most(q),
	})
	if err != nil || len(ids) == 0 {
		return nil, store.Classify(err)
	}
	list, err := purchases(ctx, s.db(), tenant, ids)
	return list, store.Classify(err)
}

// Purchase implements stock.Store.
func (s *Store) Purchase(ctx context.Context, tenant, id int64) (stock.Purchase, error) {
	p, err := purchase(ctx, s.db(), tenant, id)
	return p, store.Classify(err)
}

// PurchaseID implements stock.Store.
func (s *Store) PurchaseID(ctx context.Context, tenant, outlet int64, number string) (int64, error) {
	id, err := s.db().PurchaseByNumber(ctx, db.PurchaseByNumberParams{Outlet: outlet, Tenant: tenant, Number: number})
	if noRows(err) {
		return 0, errs.NotFound("there is no purchase order %q", number)
	}
	return id, store.Classify(err)
}

func purchase(ctx context.Context, q *db.Queries, tenant, id int64) (stock.Purchase, error) {
	list, err := purchases(ctx, q, tenant, []int64{id})
	if err != nil {
		return stock.Purchase{}, err
	}
	if len(list) == 0 {
		return stock.Purchase{}, errs.NotFound("there is no purchase order %d", id)
	}
	return list[0], nil
}

func purchases(ctx context.Context, q *db.Queries, tenant int64, ids []int64) ([]stock.Purchase, error) {
	rows, err := q.PurchasesByID(ctx, db.PurchasesByIDParams{Tenant: tenant, Ids: ids})
	if err != nil {
		return nil, err
	}
	var from []int64
	for _, r := range rows {
		from = append(from, r.SupplierID)
	}
	sellers, err := q.SuppliersByID(ctx, db.SuppliersByIDParams{Tenant: tenant, Ids: from})
	if err != nil {
		return nil, err
	}
	lines, err := q.PurchaseLines(ctx, db.PurchaseLinesParams{Ids: ids, Tenant: tenant})
	if err != nil {
		return nil, err
	}
	list := make([]stock.Purchase, len(rows))
	for i, r := range rows {
		list[i] = bought(r)
		if at := slices.IndexFunc(sellers, func(s db.SuppliersByIDRow) bool { return s.ID == r.SupplierID }); at >= 0 {
			list[i].Supplier = supplier(sellers[at])
		}
		for _, l := range lines {
			if l.PurchaseID == r.ID {
				list[i].Lines = append(list[i].Lines, line(l))
			}
		}
	}
	return list, nil
}

func bought(r db.PurchasesByIDRow) stock.Purchase {
	return stock.Purchase{
		ID: r.ID, Outlet: r.OutletID, Number: r.Number, Status: stock.PurchaseStatus(r.Status), Suggested: r.Source == "suggested",
		DeliverOn: r.DeliverOn.Time, OrderBy: orZero(r.OrderBy), Currency: r.Currency, Note: r.Note, Version: int(r.Version), SentTo: r.SentTo, Failure: r.Failure,
		CreatedBy: r.CreatedBy, CreatedAt: r.CreatedAt, ChangedBy: r.ChangedBy, ChangedAt: r.ChangedAt, SentAt: orZero(r.SentAt), ClosedAt: orZero(r.ClosedAt),
	}
}

func line(r db.PurchaseLinesRow) stock.PurchaseLine {
	l := stock.PurchaseLine{
		No: int(r.LineNo), Product: r.ProductID, Ingredient: r.IngredientID, Of: r.IngredientCode, Unit: stock.Unit(r.Unit), Code: r.Code,
		Name: r.Name, Pack: stock.Quantity(r.PackMilli), Packs: int(r.Packs), Price: money.Amount(r.PriceMinor), Received: stock.Quantity(r.ReceivedMilli),
	}
	if r.SuggestedPacks != nil {
		n := int(*r.SuggestedPacks)
		l.Suggested = &n
	}
	return l
}

func date(t time.Time) pgtype.Date { return pgtype.Date{Time: t, Valid: !t.IsZero()} }

// AddPurchase implements stock.Store.
func (s *Store) AddPurchase(ctx context.Context, tenant int64, n stock.NewPurchase) (p stock.Purchase, err error) {
	err = s.commit(ctx, func(l *ledger) error {
		if err := l.lockOutlet(ctx, tenant, n.Outlet); err != nil {
			return err
		}
		var id int64
		once := request{tenant, n.Outlet, n.Key, n.At}
		again, err := l.asked(ctx, once, []any{"purchase", n.Supplier, n.Suggested, n.Note, n.Wishes}, &id)
		if err != nil {
			return err
		}
		if !again {
			if id, err = l.addPurchase(ctx, tenant, n); err != nil {
				return err
			}
			if err := l.answer(ctx, once, id); err != nil {
				return err
			}
		}
		p, err = purchase(ctx, l.q, tenant, id)
		return err
	})
	return p, err
}

func (l *ledger) addPurchase(ctx context.Context, tenant int64, n stock.NewPurchase) (int64, error) {
	sellers, err := l.q.SuppliersByID(ctx, db.SuppliersByIDParams{Tenant: tenant, Ids: []int64{n.Supplier}})
	if err != nil {
		return 0, err
	}
	if len(sellers) == 0 || sellers[0].OutletID != n.Outlet {
		return 0, errs.NotFound("there is no such supplier here")
	}
	no, err := l.q.NextPurchaseNumber(ctx, n.Outlet)
	if err != nil {
		return 0, err
	}
	source := "hand"
	if n.Suggested {
		source = "suggested"
	}
	id, err := l.q.AddPurchase(ctx, db.AddPurchaseParams{
		Tenant: tenant, Outlet: n.Outlet, Supplier: n.Supplier, Number: fmt.Sprintf("PO-%05d", no), Source: source, DeliverOn: date(n.DeliverOn),
		OrderBy: orNil(n.OrderBy), Currency: sellers[0].Currency, Note: n.Note, MadeBy: n.By, At: n.At,
	})
	if err != nil {
		return 0, err
	}
	p := stock.Purchase{ID: id, Outlet: n.Outlet, Supplier: supplier(sellers[0])}
	if err := l.wished(ctx, tenant, &p, n.Wishes); err != nil {
		return 0, err
	}
	return id, l.writeLines(ctx, tenant, p)
}

// wished makes lines of wishes, by today's prices. Errors: KindInvalid for products that the supplier does not sell.
func (l *ledger) wished(ctx context.Context, tenant int64, p *stock.Purchase, wishes []stock.Wish) error {
	ids := make([]int64, len(wishes))
	for i, w := range wishes {
		ids[i] = w.Product
	}
	rows, err := l.q.ProductsByID(ctx, db.ProductsByIDParams{Outlet: p.Outlet, Tenant: tenant, Ids: ids})
	if err != nil {
		return err
	}
	var f errs.Fields
	p.Lines = nil
	for i, w := range wishes {
		at := slices.IndexFunc(rows, func(r db.ProductsByIDRow) bool { return r.ID == w.Product && r.SupplierID == p.Supplier.ID && r.Active })
		if at < 0 {
			f.Add(fmt.Sprintf("lines[%d].product", i), "%s does not sell product %d", p.Supplier.Name, w.Product)
			continue
		}
		r := rows[at]
		p.Lines = append(p.Lines, stock.PurchaseLine{
			No: len(p.Lines) + 1, Product: r.ID, Ingredient: r.IngredientID, Of: r.IngredientCode, Unit: stock.Unit(r.Unit), Code: r.Code, Name: r.Name,
			Pack: stock.Quantity(r.PackMilli), Packs: w.Packs, Price: money.Amount(r.PriceMinor), Suggested: w.Suggested,
		})
	}
	return f.Err()
}

func (l *ledger) writeLines(ctx context.Context, tenant int64, p stock.Purchase) error {
	if err := l.q.DropPurchaseLines(ctx, p.ID); err != nil || len(p.Lines) == 0 {
		return err
	}
	a := db.AddPurchaseLinesParams{ID: p.ID, Tenant: tenant, Outlet: p.Outlet}
	for _, x := range p.Lines {
		a.Nos, a.Products, a.Ingredients = append(a.Nos, int32(x.No)), append(a.Products, x.Product), append(a.Ingredients, x.Ingredient)
		a.Codes, a.Names, a.PackMillis = append(a.Codes, x.Code), append(a.Names, x.Name), append(a.PackMillis, int64(x.Pack))
		a.Packs, a.Prices, a.Received = append(a.Packs, int32(x.Packs)), append(a.Prices, int64(x.Price)), append(a.Received, int64(x.Received))
		suggested := int32(-1)
		if x.Suggested != nil {
			suggested = int32(*x.Suggested)
		}
		a.Suggested = append(a.Suggested, suggested)
	}
	return l.q.AddPurchaseLines(ctx, a)
}

// ChangePurchase implements stock.Store.
func (s *Store) ChangePurchase(ctx context.Context, tenant, id int64, change func(*stock.Purchase) ([]stock.Wish, error)) (p stock.Purchase, err error) {
	err = s.commit(ctx, func(l *ledger) error {
		if p, err = l.lockPurchase(ctx, tenant, id); err != nil {
			return err
		}
		before, was := p.Version, p.Status
		wishes, err := change(&p)
		if err != nil {
			return err
		}
		if wishes != nil {
			if err := l.wished(ctx, tenant, &p, wishes); err != nil {
				return err
			}
			if err := l.writeLines(ctx, tenant, p); err != nil {
				return err
			}
		}
		if p.Version == before {
			return nil // it is as it shall be
		}
		if p.Status == stock.Sent && was != stock.Sent && p.SentTo != "" && s.parts.Sent != nil {
			if err := s.parts.Sent(ctx, l.tx, tenant, p.ID); err != nil {
				return err
			}
		}
		return l.writePurchase(ctx, tenant, &p)
	})
	return p, err
}

// NoteFailure notes why a purchase order was not mailed; "": it was.
func (s *Store) NoteFailure(ctx context.Context, tenant, id int64, failure string) error {
	return store.Classify(s.db().NoteFailure(ctx, db.NoteFailureParams{ID: id, Tenant: tenant, Failure: failure}))
}

// Business is what a tenant is called on its purchase orders.
func (s *Store) Business(ctx context.Context, tenant int64) (string, error) {
	name, err := s.db().Business(ctx, tenant)
	return name, store.Classify(err)
}

// lockPurchase returns a purchase order under the lock of its outlet's stock. Errors: KindNotFound.
func (l *ledger) lockPurchase(ctx context.Context, tenant, id int64) (stock.Purchase, error) {
	outlet, err := l.q.OutletOfPurchase(ctx, db.OutletOfPurchaseParams{ID: id, Tenant: tenant})
	if noRows(err) {
		return stock.Purchase{}, errs.NotFound("there is no purchase order %d", id)
	}
	if err != nil {
		return stock.Purchase{}, err
	}
	if err := l.lockOutlet(ctx, tenant, outlet); err != nil {
		return stock.Purchase{}, err
	}
	return purchase(ctx, l.q, tenant, id)
}

func (l *ledger) writePurchase(ctx context.Context, tenant int64, p *stock.Purchase) error {
	err := l.q.PutPurchase(ctx, db.PutPurchaseParams{
		ID: p.ID, Status: string(p.Status), DeliverOn: date(p.DeliverOn), OrderBy: orNil(p.OrderBy), Note: p.Note, SentTo: p.SentTo,
		ChangedBy: p.ChangedBy, ChangedAt: p.ChangedAt, SentAt: orNil(p.SentAt), ClosedAt: orNil(p.ClosedAt),
	})
	if err != nil {
		return err
	}
	*p, err = purchase(ctx, l.q, tenant, p.ID)
	return err
}

// Receive implements stock.Store.
func (s *Store) Receive(ctx context.Context, tenant int64, r stock.Receipt) (p stock.Purchase, err error) {
	err = s.commit(ctx, func(l *ledger) error {
		if p, err = l.lockPurchase(ctx, tenant, r.Purchase); err != nil {
			return err
		}
		once := request{tenant, p.Outlet, r.Key, r.At}
		var nothing any
		if again, err := l.asked(ctx, once, []any{"receive", r.Purchase, r.Lines, r.Close}, &nothing); err != nil || again {
			return err
		}
		return l.receive(ctx, tenant, &p, r)
	})
	return p, err
}

func (l *ledger) receive(ctx context.Context, tenant int64, p *stock.Purchase, r stock.Receipt) error {
	in, err := p.Receive(r)
	if err != nil {
		return err
	}
	moves := make([]move, len(in))
	for i, x := range in {
		moves[i] = move{
			tenant: tenant, outlet: p.Outlet, ingredient: x.Ingredient, kind: stock.Bought, quantity: int64(x.Quantity), purchase: p.ID,
			expires: x.Expires, key: r.Key, reason: p.Number, by: r.By, at: r.At,
		}
	}
	if err := l.writeLines(ctx, tenant, *p); err != nil {
		return err
	}
	if err := l.writePurchase(ctx, tenant, p); err != nil {
		return err
	}
	return l.apply(ctx, r.At, moves, nil)
}
