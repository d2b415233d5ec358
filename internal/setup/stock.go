package setup

import (
	"context"
	"maps"
	"slices"
	"time"

	"brigade/internal/measure"
	"brigade/internal/menu"
	"brigade/internal/menu/load"
	"brigade/internal/menu/menupg"
	"brigade/internal/stock"
	"brigade/internal/stock/stockpg"
	"brigade/internal/store"
)

// TurnItems returns the parts by which stock takes items off the menu and puts them back. What somebody has paused by hand
// stays as he wants it.
func TurnItems(pauses *menupg.Pauses, committed func()) stockpg.Parts {
	pause := func(t stockpg.Turned) menu.Pause {
		p := menu.Pause{Kind: menu.PauseItem, Name: t.SKU, By: stockpg.By, At: t.At.Truncate(time.Microsecond)}
		if t.Missing != "" {
			p.Reason = t.Missing + " has run out"
		}
		return p
	}
	return stockpg.Parts{
		Out: func(ctx context.Context, tx store.Tx, t stockpg.Turned) error {
			return pauses.BeginIn(ctx, tx, t.Tenant, t.Outlet, pause(t))
		},
		Back: func(ctx context.Context, tx store.Tx, t stockpg.Turned) error {
			return pauses.EndIn(ctx, tx, t.Tenant, t.Outlet, pause(t))
		},
		Committed: committed,
	}
}

// stocks returns a writer of what a file says of stock. Outlets of which it says nothing are left alone.
func stocks(o menupg.Options) func(context.Context, store.Tx, int64, *load.Document, bool) ([]load.Change, error) {
	return func(ctx context.Context, tx store.Tx, tenant int64, file *load.Document, dry bool) ([]load.Change, error) {
		var slugs []string
		for _, out := range file.Outlets {
			if out.Stock != nil {
				slugs = append(slugs, out.Slug)
			}
		}
		if slugs == nil {
			return nil, nil
		}
		ids, err := stockpg.SetupOutlets(ctx, tx, tenant, slugs)
		if err != nil {
			return nil, err
		}
		var changes []load.Change
		for _, out := range file.Outlets {
			if out.Stock == nil {
				continue
			}
			s := &stockWriter{writer: &writer{ctx: ctx, tx: tx, tenant: tenant, dry: dry}, outlet: out.Slug, units: map[string]measure.Unit{}}
			if err := s.run(o, ids[out.Slug], out.Stock); err != nil {
				return nil, err
			}
			changes = append(changes, s.changes...)
		}
		return changes, nil
	}
}

// stockWriter writes what differs of one outlet's stock.
type stockWriter struct {
	*writer
	outlet string
	units  map[string]measure.Unit
	have   stockpg.Setup
	to     *stockpg.Writer // nil in a dry run
}

func (s *stockWriter) run(o menupg.Options, outlet int64, want *load.Stock) (err error) {
	if outlet != 0 {
		if s.have, err = stockpg.ReadSetup(s.ctx, s.tx, outlet); err != nil {
			return err
		}
	}
	if !s.dry {
		parts := TurnItems(menupg.NewPauses(nil, o.Append, func() {}), nil)
		if s.to, err = stockpg.NewWriter(s.ctx, s.tx, parts, s.tenant, outlet, o.By, o.At); err != nil {
			return err
		}
	}
	s.ingredients(want)
	s.bills(want)
	s.suppliers(want)
	if s.err == nil && !s.dry && len(s.changes) > 0 {
		s.err = s.to.Done(s.ctx)
	}
	return s.err
}

func (s *stockWriter) ref(kind load.Kind, name string) load.Ref {
	return load.Ref{Kind: kind, Outlet: s.outlet, Name: name}
}

func (s *stockWriter) gone(kind load.Kind, name string, write func() error) {
	s.change(load.Change{Action: load.Removed, Ref: s.ref(kind, name)}, write)
}

func (s *stockWriter) ingredients(want *load.Stock) {
	for _, g := range s.have.Ingredients {
		s.units[g.Code] = g.Unit
	}
	for _, g := range want.Ingredients {
		s.units[g.Code] = g.Unit
	}
	for _, g := range want.Ingredients {
		var from [][2]string
		to := facts(g, s.units)
		if i := slices.IndexFunc(s.have.Ingredients, func(x stockpg.IngredientSetup) bool { return x.Code == g.Code }); i >= 0 {
			from = facts(ingredientOf(s.have.Ingredients[i]), s.units)
		} else if g.Opening > 0 {
			to = append(to, [2]string{"opening", g.Opening.In(g.Unit)})
		}
		if c, differs := compared(s.ref(g.Kind(), g.Code), from, to); differs {
			s.change(c, func() error { return s.to.PutIngredient(s.ctx, ingredientSetup(g)) })
		}
	}
	for _, g := range want.Ingredients { // once all of them are there
		i := slices.IndexFunc(s.have.Ingredients, func(x stockpg.IngredientSetup) bool { return x.Code == g.Code })
		if i >= 0 && slices.Equal(s.have.Ingredients[i].Parts, partSetups(g.Parts)) || i < 0 && g.Parts == nil || s.dry || s.err != nil {
			continue
		}
		s.err = s.to.PutBill(s.ctx, stock.OfPreparation, g.Code, partSetups(g.Parts))
	}
	for _, g := range s.have.Ingredients {
		if !slices.ContainsFunc(want.Ingredients, func(x load.Ingredient) bool { return x.Code == g.Code }) {
			s.gone(ingredientOf(g).Kind(), g.Code, func() error { return s.to.RetireIngredient(s.ctx, g.Code) })
		}
	}
}

// facts are what there is to say of an ingredient, what it is made of included.
func facts(g load.Ingredient, units map[string]measure.Unit) [][2]string {
	return append(g.Facts(), load.PartsFacts(g.Parts, units)...)
}

func (s *stockWriter) bills(want *load.Stock) {
	for _, b := range want.Bills {
		var from [][2]string
		if old := s.have.Bills[b.SKU]; old != nil {
			from = load.PartsFacts(partsOf(old), s.units)
		}
		if c, differs := compared(s.ref(load.KindBill, b.SKU), from, load.PartsFacts(b.Parts, s.units)); differs {
			s.change(c, func() error { return s.to.PutBill(s.ctx, stock.OfItem, b.SKU, partSetups(b.Parts)) })
		}
	}
	for _, sku := range slices.Sorted(maps.Keys(s.have.Bills)) {
		if !slices.ContainsFunc(want.Bills, func(b load.Bill) bool { return b.SKU == sku }) {
			s.gone(load.KindBill, sku, func() error { return s.to.PutBill(s.ctx, stock.OfItem, sku, nil) })
		}
	}
}

func (s *stockWriter) suppliers(want *load.Stock) {
	for _, p := range want.Suppliers {
		var old stockpg.SupplierSetup
		var from [][2]string
		if i := slices.IndexFunc(s.have.Suppliers, func(x stockpg.SupplierSetup) bool { return x.Code == p.Code }); i >= 0 {
			old = s.have.Suppliers[i]
			from = supplierOf(old).Facts()
		}
		if c, differs := compared(s.ref(load.KindSupplier, p.Code), from, p.Facts()); differs {
			s.change(c, func() error { return s.to.PutSupplier(s.ctx, supplierSetup(p)) })
		}
		s.products(p, old)
	}
	for _, p := range s.have.Suppliers {
		if !slices.ContainsFunc(want.Suppliers, func(x load.Supplier) bool { return x.Code == p.Code }) {
			s.gone(load.KindSupplier, p.Code, func() error { return s.to.RetireSupplier(s.ctx, p.Code) })
		}
	}
}

func (s *stockWriter) products(want load.Supplier, have stockpg.SupplierSetup) {
	for _, k := range want.Products {
		var from [][2]string
		if i := slices.IndexFunc(have.Products, func(x stockpg.ProductSetup) bool { return x.Code == k.Code }); i >= 0 {
			from = productOf(have.Products[i]).Facts(s.units[have.Products[i].Ingredient])
		}
		if c, differs := compared(s.ref(load.KindProduct, want.Code+"/"+k.Code), from, k.Facts(s.units[k.Ingredient])); differs {
			s.change(c, func() error { return s.to.PutProduct(s.ctx, want.Code, productSetup(k)) })
		}
	}
	for _, k := range have.Products {
		if !slices.ContainsFunc(want.Products, func(x load.Product) bool { return x.Code == k.Code }) {
			s.gone(load.KindProduct, want.Code+"/"+k.Code, func() error { return s.to.RetireProduct(s.ctx, want.Code, k.Code) })
		}
	}
}

func partSetups(parts []load.Part) []stockpg.PartSetup {
	var list []stockpg.PartSetup
	for _, p := range parts {
		list = append(list, stockpg.PartSetup(p))
	}
	return list
}

func partsOf(parts []stockpg.PartSetup) []load.Part {
	var list []load.Part
	for _, p := range parts {
		list = append(list, load.Part(p))
	}
	return list
}

func ingredientSetup(g load.Ingredient) stockpg.IngredientSetup {
	return stockpg.IngredientSetup{
		Code: g.Code, Name: g.Name, Unit: g.Unit, ShelfHours: g.ShelfHours, Par: g.Par, Opening: g.Opening, Batch: g.Batch, Stocked: g.Stocked,
		LeadMinutes: g.LeadMinutes, WorkMinutes: g.WorkMinutes, Station: g.Station, Parts: partSetups(g.Parts),
	}
}

func ingredientOf(g stockpg.IngredientSetup) load.Ingredient {
	return load.Ingredient{
		Code: g.Code, Name: g.Name, Unit: g.Unit, ShelfHours: g.ShelfHours, Par: g.Par, Batch: g.Batch, Stocked: g.Stocked,
		LeadMinutes: g.LeadMinutes, WorkMinutes: g.WorkMinutes, Station: g.Station, Parts: partsOf(g.Parts),
	}
}

func supplierSetup(p load.Supplier) stockpg.SupplierSetup {
	return stockpg.SupplierSetup{
		Code: p.Code, Name: p.Name, Email: p.Email, Phone: p.Phone, Currency: p.Currency, LeadDays: p.LeadDays, Days: p.Days, CutOff: p.CutOff, Minimum: p.Minimum,
	}
}

func supplierOf(p stockpg.SupplierSetup) load.Supplier {
	return load.Supplier{
		Code: p.Code, Name: p.Name, Email: p.Email, Phone: p.Phone, Currency: p.Currency, LeadDays: p.LeadDays, Days: p.Days, CutOff: p.CutOff, Minimum: p.Minimum,
	}
}

func productSetup(k load.Product) stockpg.ProductSetup { return stockpg.ProductSetup(k) }

func productOf(k stockpg.ProductSetup) load.Product { return load.Product(k) }
