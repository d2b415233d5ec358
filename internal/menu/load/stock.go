package load

import (
	"fmt"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"brigade/internal/measure"
	"brigade/internal/money"
)

// Kinds of things that belong to stock.
const (
	KindIngredient  Kind = "ingredient"
	KindPreparation Kind = "preparation"
	KindBill        Kind = "bill" // of an item
	KindSupplier    Kind = "supplier"
	KindProduct     Kind = "product" // of a supplier: SUPPLIER/CODE
)

// Stock is what an outlet holds, what it takes to make what it sells, and where it buys.
type Stock struct {
	Ingredients []Ingredient
	Bills       []Bill // of items
	Suppliers   []Supplier
}

// Ingredient is something that is bought, or made from others ahead.
type Ingredient struct {
	Code, Name string
	Unit       measure.Unit
	ShelfHours int              // how long a new lot keeps; 0: it does not spoil
	Par        measure.Quantity // how much should be there after a delivery; 0: not said
	Opening    measure.Quantity // in stock when the ingredient is added; not said for those that are there already

	// Of preparations.
	Batch       measure.Quantity // 0: it is bought
	Stocked     bool             // held in stock; else taken apart whenever it is used
	LeadMinutes int
	Station     string // "": anywhere
	WorkMinutes int    // of a batch at the station
	Parts       []Part // of a batch
}

// Part is an ingredient that something is made of.
type Part struct {
	Code     string
	Quantity measure.Quantity
}

// Bill is what goes into one unit of an item.
type Bill struct {
	SKU   string
	Parts []Part
}

// Supplier is where an outlet buys.
type Supplier struct {
	Code, Name, Email, Phone, Currency string
	LeadDays                           int
	Days                               []time.Weekday // when it delivers; none: every day
	CutOff                             string         // 15:04 in the outlet's zone
	Minimum                            money.Amount
	Products                           []Product
}

// Product is a pack that a supplier sells.
type Product struct {
	Code, Name, Ingredient string
	Pack                   measure.Quantity
	Price                  money.Amount
	Least                  int // packs of an order
	Preferred              bool
}

// Limits, as those of menus. The heaviest bill times the largest order still fits.
const (
	mostInBill   = measure.Quantity(1_000_000) * measure.Milli
	longestShelf = 10 * 365 * 24 * time.Hour
	longestLead  = 7 * 24 * time.Hour
	mostLeadDays = 60
	mostPacks    = 100_000
)

// stockReader reads what an outlet's file says of stock.
type stockReader struct {
	*kitchen
	out   *Stock
	codes names
	units map[string]measure.Unit
}

func (k *kitchen) stock(n *yaml.Node, money string) *Stock {
	f := k.mapping(n, "stock", "ingredients!", "preparations", "bills", "suppliers")
	s := &stockReader{kitchen: k, out: &Stock{}, codes: names{what: "ingredient"}, units: map[string]measure.Unit{}}
	for _, n := range f.list("ingredients") {
		s.ingredient(n)
	}
	prepared := f.list("preparations")
	read := make([]fields, len(prepared))
	for i, n := range prepared {
		read[i] = s.preparation(n)
	}
	for i := range read { // they may be made of each other
		at := len(s.out.Ingredients) - len(read) + i
		s.out.Ingredients[at].Parts = s.parts(read[i].values["parts"], "parts")
	}
	s.circles(read)
	s.bills(f.values["bills"])
	sellers := names{what: "supplier"}
	for _, n := range f.list("suppliers") {
		s.supplier(n, &sellers, money)
	}
	return s.out
}

func (s *stockReader) ingredient(n *yaml.Node) {
	f := s.mapping(n, "an ingredient", "code!", "name!", "unit!", "shelf_life", "par", "opening")
	s.out.Ingredients = append(s.out.Ingredients, s.named(f))
}

// named reads what ingredients and preparations share.
func (s *stockReader) named(f fields) Ingredient {
	g := Ingredient{Code: f.match("code", skuForm, "letters, digits, ., - and _"), Name: f.text("name"), ShelfHours: int(f.days("shelf_life", longestShelf) / time.Hour)}
	if n := f.values["unit"]; n != nil {
		known := names{what: "unit", known: []string{string(measure.Gram), string(measure.Millilitre), string(measure.Piece)}}
		g.Unit = measure.Unit(known.pick(s.reader, n))
	}
	g.Par, g.Opening = f.quantity("par", g.Unit, measure.Most), f.quantity("opening", g.Unit, measure.Most)
	s.codes.add(s.reader, f.node("code"), g.Code)
	s.units[g.Code] = g.Unit
	return g
}

func (s *stockReader) preparation(n *yaml.Node) fields {
	f := s.mapping(n, "a preparation", "code!", "name!", "unit!", "shelf_life", "par", "opening", "batch!", "stocked", "lead", "station", "work", "parts!")
	g := s.named(f)
	g.Batch, g.Stocked = f.quantity("batch", g.Unit, measure.Most), f.yes("stocked")
	if n := f.values["batch"]; n != nil && g.Batch == 0 && g.Unit != "" {
		f.fault(n, "batch must be above zero")
	}
	g.LeadMinutes, g.WorkMinutes = f.wholeMinutes("lead"), f.wholeMinutes("work")
	if n := f.values["station"]; n != nil {
		g.Station = s.stations.pick(s.reader, n)
	}
	if !g.Stocked && (g.Par != 0 || g.Opening != 0) {
		f.fault(f.at, "only a preparation that is stocked has a par or an opening stock")
	}
	s.out.Ingredients = append(s.out.Ingredients, g)
	return f
}

// parts reads a mapping of ingredients to quantities.
func (s *stockReader) parts(n *yaml.Node, what string) []Part {
	if n == nil {
		return nil
	}
	if n.Kind != yaml.MappingNode || len(n.Content) == 0 {
		s.fault(n, "%s must be a mapping of ingredients to quantities, as {flour: 120 g}", what)
		return nil
	}
	called := names{what: "ingredient"}
	var list []Part
	for i := 0; i+1 < len(n.Content); i += 2 {
		code := s.codes.pick(s.reader, n.Content[i])
		called.add(s.reader, n.Content[i], code)
		if unit := s.units[code]; code != "" && unit != "" {
			q := s.amountOf(resolve(n.Content[i+1]), code, unit, mostInBill)
			list = append(list, Part{code, q})
		}
	}
	slices.SortFunc(list, func(a, b Part) int { return strings.Compare(a.Code, b.Code) })
	return list
}

// amountOf reads a quantity above zero.
func (s *stockReader) amountOf(n *yaml.Node, what string, unit measure.Unit, most measure.Quantity) measure.Quantity {
	q, err := measure.ParseQuantity(n.Value, unit)
	switch {
	case n.Kind != yaml.ScalarNode || err != nil:
		s.fault(n, "%s: %v", what, orText(err, "it must be a quantity, as 120 g"))
	case q <= 0 || q > most:
		s.fault(n, "%s must be above zero and at most %s", what, most.In(unit))
	}
	return q
}

func orText(err error, text string) string {
	if err != nil {
		return err.Error()
	}
	return text
}

func (s *stockReader) bills(n *yaml.Node) {
	if n == nil {
		return
	}
	if n.Kind != yaml.MappingNode {
		s.fault(n, "bills must be a mapping of items to ingredients, as {wrap: {tortilla: 1}}")
		return
	}
	skus, called := names{what: "item"}, names{what: "bill"}
	for _, it := range s.outlet.Items {
		skus.known = append(skus.known, it.SKU)
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		sku := skus.pick(s.reader, n.Content[i])
		called.add(s.reader, n.Content[i], sku)
		parts := s.parts(resolve(n.Content[i+1]), "a bill")
		if sku != "" {
			s.out.Bills = append(s.out.Bills, Bill{sku, parts})
		}
	}
}

// circles notes preparations that are made of themselves.
func (s *stockReader) circles(read []fields) {
	parts := map[string][]Part{}
	for _, g := range s.out.Ingredients {
		parts[g.Code] = g.Parts
	}
	var seen map[string]bool
	var within func(code, sought string) bool
	within = func(code, sought string) bool {
		return slices.ContainsFunc(parts[code], func(p Part) bool {
			if p.Code == sought || seen[p.Code] {
				return p.Code == sought
			}
			seen[p.Code] = true
			return within(p.Code, sought)
		})
	}
	for i, f := range read {
		g := s.out.Ingredients[len(s.out.Ingredients)-len(read)+i]
		seen = map[string]bool{}
		if g.Code != "" && within(g.Code, g.Code) {
			f.fault(f.node("parts"), "%s is made of itself", g.Code)
			return // the others of the circle would be named again
		}
	}
}

func (s *stockReader) supplier(n *yaml.Node, sellers *names, usual string) {
	f := s.mapping(n, "a supplier", "code!", "name!", "email", "phone", "currency", "lead_days", "delivery_days", "cut_off", "minimum", "products!")
	p := Supplier{
		Code: f.match("code", slugForm, slugSays), Name: f.text("name"), Email: f.text("email"), Phone: f.text("phone"),
		Currency: f.match("currency", currency, "three capital letters, as EUR"), LeadDays: 1, CutOff: f.dayTime("cut_off"), Minimum: f.amount("minimum"),
	}
	if _, err := mail.ParseAddress(p.Email); p.Email != "" && err != nil {
		f.fault(f.values["email"], "email must be an address, as orders@example.com")
	}
	if p.Currency == "" {
		p.Currency = usual
	}
	if p.CutOff == "" {
		p.CutOff = "23:59"
	}
	if n := f.values["lead_days"]; n != nil {
		p.LeadDays = int(f.number("lead_days", 0, mostLeadDays, 1))
	}
	days := names{what: "day", known: weekdays}
	for _, d := range days.pickAll(s.reader, f.list("delivery_days")) {
		p.Days = append(p.Days, time.Weekday(slices.Index(weekdays, d)))
	}
	slices.Sort(p.Days)
	sellers.add(s.reader, f.node("code"), p.Code)
	called := names{what: "product"}
	for _, n := range f.list("products") {
		p.Products = append(p.Products, s.product(n, &called))
	}
	s.out.Suppliers = append(s.out.Suppliers, p)
}

func (s *stockReader) product(n *yaml.Node, called *names) Product {
	f := s.mapping(n, "a product", "code!", "name", "ingredient!", "pack!", "price!", "least", "preferred")
	p := Product{Code: f.text("code"), Name: f.text("name"), Price: f.price(), Least: max(1, f.count("least", mostPacks)), Preferred: f.yes("preferred")}
	called.add(s.reader, f.node("code"), p.Code)
	if n := f.values["ingredient"]; n != nil {
		p.Ingredient = s.codes.pick(s.reader, n)
	}
	if unit := s.units[p.Ingredient]; unit != "" && f.values["pack"] != nil {
		p.Pack = s.amountOf(f.values["pack"], "pack", unit, measure.Most)
	}
	if p.Name == "" {
		for _, g := range s.out.Ingredients {
			if g.Code == p.Ingredient {
				p.Name = g.Name
			}
		}
	}
	return p
}

// quantity returns a quantity from 0 on; 0 when it is not there or faulty.
func (f fields) quantity(key string, unit measure.Unit, most measure.Quantity) measure.Quantity {
	n := f.values[key]
	if n == nil || unit == "" {
		return 0
	}
	q, err := measure.ParseQuantity(n.Value, unit)
	switch {
	case n.Kind != yaml.ScalarNode || err != nil:
		f.fault(n, "%s: %v", key, orText(err, "it must be a quantity, as 2.5 kg"))
		return 0
	case q < 0 || q > most:
		f.fault(n, "%s must be from 0 to %s", key, most.In(unit))
		return 0
	}
	return q
}

// days reads a time in whole hours, written as 36h or 5d.
func (f fields) days(key string, most time.Duration) time.Duration {
	n := f.values[key]
	if n == nil {
		return 0
	}
	d, err := time.ParseDuration(n.Value)
	if count, ok := strings.CutSuffix(n.Value, "d"); ok {
		var days int
		if days, err = strconv.Atoi(count); err == nil && days <= int(most/(24*time.Hour)) {
			d = time.Duration(days) * 24 * time.Hour
		}
	}
	if n.Kind != yaml.ScalarNode || err != nil || d < time.Hour || d > most || d%time.Hour != 0 {
		f.fault(n, "%s must be from 1h to %dd in whole hours, as 36h or 5d", key, most/(24*time.Hour))
		return 0
	}
	return d
}

// wholeMinutes reads a time in whole minutes; 0 when it is not there or faulty.
func (f fields) wholeMinutes(key string) int {
	n := f.values[key]
	if n == nil {
		return 0
	}
	d, err := time.ParseDuration(n.Value)
	if n.Kind != yaml.ScalarNode || err != nil || d < 0 || d > longestLead || d%time.Minute != 0 {
		f.fault(n, "%s must be from 0m to %.0fh in whole minutes, as 45m", key, longestLead.Hours())
		return 0
	}
	return int(d / time.Minute)
}

// Kind is what sort of thing it is.
func (g Ingredient) Kind() Kind {
	if g.Batch > 0 {
		return KindPreparation
	}
	return KindIngredient
}

// Facts are what there is to say of an ingredient, for comparisons.
func (g Ingredient) Facts() [][2]string {
	facts := [][2]string{{"name", g.Name}, {"unit", string(g.Unit)}, {"shelf_life", hours(g.ShelfHours)}, {"par", inUnit(g.Par, g.Unit)}}
	if g.Batch > 0 {
		facts = append(facts, [][2]string{
			{"batch", g.Batch.In(g.Unit)},
			{"stocked", yesOrNone(g.Stocked)},
			{"lead", minutesText(g.LeadMinutes)},
			{"station", g.Station},
			{"work", minutesText(g.WorkMinutes)},
		}...)
	}
	return filled(facts)
}

// PartsFacts are what parts there are, for comparisons.
func PartsFacts(parts []Part, units map[string]measure.Unit) [][2]string {
	facts := make([][2]string, len(parts))
	for i, p := range parts {
		facts[i] = [2]string{p.Code, p.Quantity.In(units[p.Code])}
	}
	return facts
}

// Facts are what there is to say of a supplier, for comparisons.
func (p Supplier) Facts() [][2]string {
	days := make([]string, len(p.Days))
	for i, d := range p.Days {
		days[i] = weekdays[d]
	}
	return filled([][2]string{
		{"name", p.Name},
		{"email", p.Email},
		{"phone", p.Phone},
		{"currency", p.Currency},
		{"lead_days", strconv.Itoa(p.LeadDays)},
		{"delivery_days", strings.Join(days, ", ")},
		{"cut_off", p.CutOff},
		{"minimum", p.Minimum.String()},
	})
}

// Facts are what there is to say of a product, for comparisons.
func (p Product) Facts(unit measure.Unit) [][2]string {
	return filled([][2]string{
		{"name", p.Name},
		{"ingredient", p.Ingredient},
		{"pack", p.Pack.In(unit)},
		{"price", p.Price.String()},
		{"least", strconv.Itoa(p.Least)},
		{"preferred", yesOrNone(p.Preferred)},
	})
}

func filled(facts [][2]string) [][2]string {
	return slices.DeleteFunc(facts, func(f [2]string) bool { return f[1] == "" })
}

func yesOrNone(b bool) string {
	if b {
		return "yes"
	}
	return ""
}

func hours(n int) string {
	switch {
	case n == 0:
		return ""
	case n%24 == 0:
		return fmt.Sprintf("%dd", n/24)
	}
	return fmt.Sprintf("%dh", n)
}

func minutesText(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%dm", n)
}

func inUnit(q measure.Quantity, u measure.Unit) string {
	if q == 0 {
		return ""
	}
	return q.In(u)
}
