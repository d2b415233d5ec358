package setup

import (
	"context"
	"slices"
	"strings"

	"brigade/internal/actor"
	"brigade/internal/delivery"
	"brigade/internal/delivery/deliverypg"
	"brigade/internal/errs"
	"brigade/internal/menu/load"
	"brigade/internal/menu/menupg"
	"brigade/internal/stock/stockpg"
	"brigade/internal/store"
)

// Export writes everything that the actor's tenant is set up with as a file that Load takes: loaded again it changes nothing.
// Who is bound to an outlet gets that outlet, without how orders are carried. Errors: KindForbidden, KindNotFound.
func (e *Editor) Export(ctx context.Context, who actor.Actor) ([]byte, error) {
	if err := who.Require(actor.Manager); err != nil {
		return nil, err
	}
	var doc *load.Document
	err := e.read(ctx, func(tx store.Tx) (err error) {
		doc, err = document(ctx, tx, who)
		return err
	})
	if err != nil {
		return nil, err
	}
	return load.Write(doc), nil
}

func document(ctx context.Context, tx store.Tx, who actor.Actor) (*load.Document, error) {
	doc, err := menupg.ReadTenant(ctx, tx, who.Tenant)
	if err != nil {
		return nil, err
	}
	var slugs []string
	for _, o := range doc.Outlets {
		slugs = append(slugs, o.Slug)
	}
	ids, err := stockpg.SetupOutlets(ctx, tx, who.Tenant, slugs)
	if err != nil {
		return nil, err
	}
	doc.Outlets = slices.DeleteFunc(doc.Outlets, func(o load.Outlet) bool { return !who.Sees(ids[o.Slug]) })
	if len(doc.Outlets) == 0 {
		return nil, errs.NotFound("there is no outlet to write down yet")
	}
	for i := range doc.Outlets {
		o := &doc.Outlets[i]
		have, err := stockpg.ReadSetup(ctx, tx, ids[o.Slug])
		if err != nil {
			return nil, err
		}
		if len(have.Ingredients) > 0 {
			o.Stock = stockOf(have, o.Items)
		}
	}
	if who.Bound {
		return doc, nil
	}
	have, err := deliverypg.ReadSetup(ctx, tx, who.Tenant)
	if err == nil && len(have.Regions) > 0 {
		doc.Delivery = deliveryOf(have)
	}
	return doc, err
}

// stockOf is what an outlet's file says of its stock; bills of what is no longer sold are left out.
func stockOf(have stockpg.Setup, items []load.Item) *load.Stock {
	s := &load.Stock{}
	for _, g := range have.Ingredients {
		s.Ingredients = append(s.Ingredients, ingredientOf(g))
	}
	for _, it := range items {
		if parts := partsOf(have.Bills[it.SKU]); len(parts) > 0 {
			slices.SortFunc(parts, func(a, b load.Part) int { return strings.Compare(a.Code, b.Code) })
			s.Bills = append(s.Bills, load.Bill{SKU: it.SKU, Parts: parts})
		}
	}
	for _, p := range have.Suppliers {
		out := supplierOf(p)
		for _, k := range p.Products {
			out.Products = append(out.Products, productOf(k))
		}
		s.Suppliers = append(s.Suppliers, out)
	}
	return s
}

func deliveryOf(have deliverypg.Setup) *load.Delivery {
	d := &load.Delivery{}
	for _, r := range have.Regions {
		g := regionOf(r)
		for i := range g.Outlets {
			site := &g.Outlets[i]
			if reach, ok := have.Reach[site.Outlet]; ok {
				site.Reach = &load.Reach{Metres: reach.Radius, TakeUnknown: reach.TakeUnknown}
			}
			for _, z := range have.Zones[site.Outlet] {
				site.Zones = append(site.Zones, fileZone(z))
			}
		}
		for _, p := range r.Drivers {
			g.Drivers = append(g.Drivers, driverOf(p))
		}
		d.Regions = append(d.Regions, g)
	}
	for _, p := range have.Places {
		d.Places = append(d.Places, load.Place{Address: p.Address, Lat: p.At.Lat, Lon: p.At.Lon})
	}
	return d
}

func fileZone(z delivery.Zone) load.Zone {
	out := load.Zone{Name: z.Name, Fee: z.Fee, Minimum: z.Minimum, FreeFrom: z.FreeFrom, Extra: z.Extra, Rings: z.Area.Rings()}
	if z.Opens != z.Closes {
		out.From, out.To = clockText(z.Opens), clockText(z.Closes)
	}
	return out
}
