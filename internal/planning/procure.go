package planning

import (
	"fmt"
	"strings"
	"time"

	"brigade/internal/planning/supply"
)

// Procurement is what to order.
type Procurement struct {
	Forecast int64          `json:"forecast"` // the latest run that it is made from
	Lines    []PurchaseLine `json:"lines"`    // by delivery day and supplier
	Notes    []Note         `json:"notes"`
}

// PurchaseLine is an ingredient of an order, with the reasons for its quantity.
type PurchaseLine struct {
	SupplierID   int64         `json:"supplier_id"`
	Supplier     string        `json:"supplier"` // code
	SupplierName string        `json:"supplier_name"`
	Currency     string        `json:"currency"`
	Product      int64         `json:"product"`
	Code         string        `json:"code"`
	Name         string        `json:"name"`
	Unit         string        `json:"unit"`
	Deliver      Day           `json:"deliver"`
	OrderBy      time.Time     `json:"order_by"`
	Pack         supply.Amount `json:"pack"`
	Packs        int           `json:"packs"`
	Price        int64         `json:"price"` // minor units of a pack
	Until        Day           `json:"until"` // the days it is for, from its delivery on; excluded
	Use          supply.Amount `json:"use"`
	Safety       supply.Amount `json:"safety"`
	Stock        supply.Amount `json:"stock"`
	Need         supply.Amount `json:"need"`
	Why          string        `json:"why"`              // all of it, in English
	Par          bool          `json:"par,omitempty"`    // the need is what is missing to par
	Fresh        bool          `json:"fresh,omitempty"`  // it is not more than is used while it is fresh
	Fewest       bool          `json:"fewest,omitempty"` // raised to the fewest packs that are sold
	Added        int           `json:"added,omitempty"`  // packs to reach the least worth of an order
	Choice       supply.Choice `json:"choice,omitempty"` // why this supplier
	Edited       *PlanEdit     `json:"-"`                // what somebody made of it; nil: nothing
}

// Amount is how much the line orders, as planned.
func (l *PurchaseLine) Amount() supply.Amount { return l.Pack * supply.Amount(l.Packs) }

// Order is how many packs to order: what somebody knew better, else as planned.
func (l *PurchaseLine) Order() int {
	if l.Edited != nil && l.Pack > 0 {
		return int((l.Edited.Quantity + l.Pack - 1) / l.Pack)
	}
	return l.Packs
}

// procure plans what an outlet orders for the days from b.day on.
func (b *bench) procure() Procurement {
	uses, _ := b.uses()
	lines, problems := supply.Procure(b.buying(uses))
	out := Procurement{Forecast: b.run, Lines: []PurchaseLine{}, Notes: []Note{}}
	for i := range lines {
		if b.today+Day(lines[i].Delivery) >= b.day {
			out.Lines = append(out.Lines, b.line(&lines[i]))
		}
	}
	for _, p := range problems {
		out.Notes = append(out.Notes, b.problem(p))
	}
	out.Notes = append(append(out.Notes, b.unforecast()...), b.uncounted()...)
	return out
}

// unforecast says that nothing is known of what will sell.
func (b *bench) unforecast() []Note {
	if b.run != 0 {
		return nil
	}
	return []Note{{
		Kind: "no_forecast", Problem: true, At: b.begin(0).UTC(),
		Text: "there is no forecast of these days, so nothing is expected to sell: brigade forecast run",
	}}
}

// uncounted says of which ingredients nobody knows how much there is.
func (b *bench) uncounted() []Note {
	var names []string
	for i := range b.larder.Ingredients {
		if g := &b.larder.Ingredients[i]; !g.Known && (g.Batch == 0 || g.Stocked) {
			names = append(names, g.Name)
		}
	}
	if names == nil {
		return nil
	}
	return []Note{{
		Kind: "not_counted", At: b.begin(0).UTC(), Amount: supply.Amount(len(names)) * supply.Milli, Name: strings.Join(names, ", "),
		Text: "never counted, so taken as not there: " + strings.Join(names, ", "),
	}}
}

// buying is what there is to buy. Preparations are made.
func (b *bench) buying(uses map[int64]*supply.Use) supply.Buying {
	y, m, d := b.today.Time().Date()
	x := supply.Buying{Now: b.now, First: time.Date(y, m, d, 0, 0, 0, 0, time.UTC), Zone: b.outlet.Zone, Days: b.days}
	for _, s := range b.larder.Suppliers {
		x.Suppliers = append(x.Suppliers, s.Supplier)
	}
	for i := range b.larder.Ingredients {
		if g := &b.larder.Ingredients[i]; g.Batch == 0 {
			x.Stocks = append(x.Stocks, supply.Stock{
				ID: g.ID, Name: g.Name, Lots: b.lots(g.ID), Use: *uses[g.ID], Fresh: g.fresh(), Par: g.Par, Offers: b.larder.Offers[g.ID],
			})
		}
	}
	return x
}

func (b *bench) supplier(id int64) *LarderSupplier {
	for i := range b.larder.Suppliers {
		if b.larder.Suppliers[i].ID == id {
			return &b.larder.Suppliers[i]
		}
	}
	return &LarderSupplier{}
}

func (b *bench) line(l *supply.Line) PurchaseLine {
	g, s := b.byID[l.Ingredient], b.supplier(l.Supplier)
	n := supply.Amount(l.Packs)
	return PurchaseLine{
		SupplierID: s.ID, Supplier: s.Code, SupplierName: s.Name, Currency: s.Currency, Product: l.Product, Code: g.Code, Name: g.Name,
		Unit: g.Unit, Deliver: b.today + Day(l.Delivery), OrderBy: l.OrderBy.UTC(), Pack: l.Amount / n, Packs: l.Packs,
		Price: l.Price / int64(l.Packs), Until: b.today + Day(l.Why.Until), Use: l.Why.Use, Safety: l.Why.Safety, Stock: l.Why.Stock,
		Need: l.Why.Need, Why: b.why(l, g.Unit),
		Par: l.Why.Par, Fresh: l.Why.Fresh, Fewest: l.Why.Fewest, Added: l.Why.Added, Choice: l.Why.Choice,
	}
}

// why says a line's quantity in a sentence.
func (b *bench) why(l *supply.Line, unit string) string {
	w := &l.Why
	text := fmt.Sprintf("%s until %s + %s safety - %s there", In(w.Use, unit), b.on(w.Until), In(w.Safety, unit), In(w.Stock, unit))
	switch {
	case w.Par:
		text += fmt.Sprintf("; %s are missing to par", In(w.Need, unit))
	case w.Fresh:
		text += fmt.Sprintf("; not more than %s are used while it is fresh", In(w.Need, unit))
	case w.Need > w.Use+w.Safety-w.Stock:
		text += fmt.Sprintf("; %s of that will not keep until it is used", In(w.Need, unit))
	default:
		text += " = " + In(w.Need, unit)
	}
	if w.Fewest {
		text += "; the fewest packs that are sold"
	}
	if w.Added > 0 {
		text += fmt.Sprintf("; %d added to reach the least worth of an order", w.Added)
	}
	return text + "; " + string(w.Choice)
}

func (b *bench) problem(p supply.Problem) Note {
	n := Note{Kind: string(p.Kind), Problem: true, At: b.begin(p.Day).UTC(), Amount: p.Amount}
	g, s := b.byID[p.Ingredient], b.supplier(p.Supplier)
	if g != nil {
		n.Code, n.Name, n.Unit = g.Code, g.Name, g.Unit
	}
	switch p.Kind {
	case supply.NobodySells:
		n.Text = fmt.Sprintf("%s of %s are missing from %s on, and no supplier has it or delivers in time", In(p.Amount, g.Unit), g.Name, b.on(p.Day))
	case supply.RunsOut:
		n.Text = fmt.Sprintf("%s runs out on %s, before anything can be delivered: %s are missing", g.Name, b.on(p.Day), In(p.Amount, g.Unit))
	case supply.TooSmall:
		n.Name, n.Unit, n.Count = s.Name, s.Currency, int(p.Price)
		n.Text = fmt.Sprintf("the order to %s for %s is %.2f %s below what a delivery must be worth", s.Name, b.on(p.Day), float64(p.Price)/100, s.Currency)
	case supply.WillExpire:
		n.Problem = false
		n.Text = fmt.Sprintf("%s of %s will expire on %s: the packs are larger than what is used while it is fresh", In(p.Amount, g.Unit), g.Name, b.on(p.Day))
	}
	return n
}
