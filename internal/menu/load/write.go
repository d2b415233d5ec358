package load

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"brigade/internal/measure"
	"brigade/internal/money"
)

// Write writes a document as a file that Parse reads: the same document comes back.
func Write(d *Document) []byte {
	var tenant, file node
	tenant.text("slug", d.Tenant.Slug).text("name", d.Tenant.Name).text("tier", d.Tenant.Tier)
	tenant.text("timezone", d.Tenant.Timezone).text("currency", d.Tenant.Currency)
	outlets := list(d.Outlets, writeOutlet)
	file.add("tenant", tenant.block()).add("outlets", outlets)
	if d.Delivery != nil {
		file.add("delivery", writeDelivery(d.Delivery))
	}
	var out bytes.Buffer
	e := yaml.NewEncoder(&out)
	e.SetIndent(2)
	if err := e.Encode(file.block()); err != nil { // nodes that were made here
		panic("load: write: " + err.Error())
	}
	return out.Bytes()
}

// node is a mapping that is being written.
type node struct{ yaml.Node }

func (n *node) add(key string, value *yaml.Node) *node {
	if value != nil {
		n.Content = append(n.Content, stringNode(key), value)
	}
	return n
}

// text adds a text, if there is one.
func (n *node) text(key, value string) *node {
	if value == "" {
		return n
	}
	return n.add(key, stringNode(value))
}

func stringNode(value string) *yaml.Node {
	var s yaml.Node
	s.SetString(value)
	s.Tag = "!!str"
	return &s
}

// plain adds a number or truth value.
func (n *node) plain(key, value string) *node {
	return n.add(key, &yaml.Node{Kind: yaml.ScalarNode, Value: value})
}

func (n *node) count(key string, v int) *node { return n.plain(key, strconv.Itoa(v)) }

func (n *node) number(key string, v float64) *node {
	return n.plain(key, strconv.FormatFloat(v, 'f', -1, 64))
}

func (n *node) yes(key string, v bool) *node {
	if !v {
		return n
	}
	return n.plain(key, "true")
}

func (n *node) amount(key string, v money.Amount, must bool) *node {
	if v == 0 && !must {
		return n
	}
	return n.plain(key, v.String())
}

func (n *node) names(key string, values []string) *node {
	l := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	for _, v := range values {
		l.Content = append(l.Content, stringNode(v))
	}
	return n.add(key, l)
}

func (n *node) block() *yaml.Node { n.Kind = yaml.MappingNode; return &n.Node }

func (n *node) flow() *yaml.Node { n.Kind, n.Style = yaml.MappingNode, yaml.FlowStyle; return &n.Node }

func list[V any](values []V, write func(V) *yaml.Node) *yaml.Node {
	l := &yaml.Node{Kind: yaml.SequenceNode}
	if len(values) == 0 {
		l.Style = yaml.FlowStyle
	}
	for _, v := range values {
		l.Content = append(l.Content, write(v))
	}
	return l
}

func writeOutlet(o Outlet) *yaml.Node {
	var n node
	n.text("slug", o.Slug).text("name", o.Name).text("timezone", o.Timezone).yes("default", o.Default)
	n.text("free_form_station", o.FreeFormStation)
	n.text("stale_after", o.StaleAfter.String()).text("course_gap", o.CourseGap.String())
	n.add("admission", writeAdmission(o.Admission))
	n.add("stations", list(o.Stations, func(s Station) *yaml.Node {
		return new(node).text("name", s.Name).count("capacity", s.Capacity).flow()
	}))
	n.add("machines", list(o.Machines, func(m Machine) *yaml.Node {
		return new(node).text("name", m.Name).text("station", m.Station).count("capacity", m.Capacity).flow()
	}))
	n.add("staff", list(o.Staff, writeStaff))
	n.add("menu", list(o.Items, writeItem))
	if o.Stock != nil {
		n.add("stock", writeStock(o.Stock))
	}
	return n.block()
}

func writeAdmission(text string) *yaml.Node {
	var a Admission
	if text == "" || json.Unmarshal([]byte(text), &a) != nil || a.Text() == (Admission{}).Text() {
		return nil
	}
	var n node
	minutes := func(n *node, key string, d time.Duration) {
		if d > 0 {
			n.number(key, d.Minutes())
		}
	}
	minutes(&n, "station_minutes", a.Waiting)
	if len(a.Stations) > 0 {
		var names []string
		for name := range a.Stations {
			names = append(names, name)
		}
		slices.Sort(names)
		n.add("stations", list(names, func(name string) *yaml.Node {
			return new(node).text("station", name).number("minutes", a.Stations[name].Minutes()).flow()
		}))
	}
	minutes(&n, "acceptable_minutes", a.Acceptable)
	n.text("answer", a.Answer)
	if len(a.Sources) > 0 {
		n.names("sources", a.Sources)
	}
	if a.Calm > 0 {
		n.number("resume_below", a.Calm)
	}
	return n.flow()
}

func writeStaff(s Staff) *yaml.Node {
	var n node
	n.text("name", s.Name).count("max_parallel", s.MaxParallel).number("efficiency", s.Efficiency).names("skills", s.Skills)
	writeTimes(&n, s.Times)
	return n.flow()
}

func writeTimes(n *node, times []Time) {
	for _, kind := range []string{Shift, Break} {
		of := slices.DeleteFunc(slices.Clone(times), func(t Time) bool { return t.Kind != kind })
		if len(of) == 0 {
			continue
		}
		n.add(kind+"s", list(of, func(t Time) *yaml.Node {
			return new(node).names("days", []string{weekdays[t.Weekday]}).text("from", t.Starts).text("to", t.Ends).flow()
		}))
	}
}

func writeItem(it Item) *yaml.Node {
	var n node
	n.text("sku", it.SKU).text("name", it.Name).text("category", it.Category).text("description", it.Description)
	n.amount("price", it.Price, true).yes("alcohol", it.Alcohol).yes("large", it.Large)
	if len(it.Allergens) > 0 {
		n.names("allergens", it.Allergens)
	}
	if len(it.Choices) > 0 {
		n.add("choices", writeChoices(it))
	}
	n.add("steps", list(it.Steps, func(s Step) *yaml.Node { return writeStep(it, s) }))
	return n.block()
}

func writeChoices(it Item) *yaml.Node {
	groups := &yaml.Node{Kind: yaml.SequenceNode}
	for _, g := range it.Choices {
		var n node
		n.text("name", g.Name).count("min", g.Min).count("max", g.Max)
		of := &yaml.Node{Kind: yaml.SequenceNode}
		for _, c := range g.Choices {
			o := new(node).text("name", c.Name).amount("price", c.Price, true)
			if len(c.Allergens) > 0 {
				o.names("allergens", c.Allergens)
			}
			of.Content = append(of.Content, o.flow())
		}
		groups.Content = append(groups.Content, n.add("of", of).flow())
	}
	return groups
}

// writeStep always says what a step waits for: else it would be inferred.
func writeStep(it Item, s Step) *yaml.Node {
	var n node
	n.text("name", s.Name).text("station", s.Station).text("machine", s.Machine).number("seconds", s.Seconds).number("priority", s.Priority)
	after := make([]string, len(s.After))
	for i, j := range s.After {
		after[i] = it.Steps[j].Name
	}
	n.names("after", after)
	if s.Batch.Size > 0 {
		n.add("batch", new(node).count("size", s.Batch.Size).text("max_wait", s.Batch.Wait.String()).flow())
	}
	return n.flow()
}

func writeStock(s *Stock) *yaml.Node {
	units := map[string]measure.Unit{}
	for _, g := range s.Ingredients {
		units[g.Code] = g.Unit
	}
	var bought, made []Ingredient
	for _, g := range s.Ingredients {
		if g.Batch > 0 {
			made = append(made, g)
		} else {
			bought = append(bought, g)
		}
	}
	var n, bills node
	n.add("ingredients", list(bought, func(g Ingredient) *yaml.Node { return writeIngredient(g).flow() }))
	if len(made) > 0 {
		n.add("preparations", list(made, func(g Ingredient) *yaml.Node {
			p := writeIngredient(g).text("batch", g.Batch.In(g.Unit)).yes("stocked", g.Stocked)
			p.text("lead", minutesText(g.LeadMinutes)).text("station", g.Station).text("work", minutesText(g.WorkMinutes))
			return p.add("parts", writeParts(g.Parts, units)).flow()
		}))
	}
	for _, b := range s.Bills {
		bills.add(b.SKU, writeParts(b.Parts, units))
	}
	if len(s.Bills) > 0 {
		n.add("bills", bills.block())
	}
	if len(s.Suppliers) > 0 {
		n.add("suppliers", list(s.Suppliers, func(p Supplier) *yaml.Node { return writeSupplier(p, units) }))
	}
	return n.block()
}

func writeIngredient(g Ingredient) *node {
	n := new(node).text("code", g.Code).text("name", g.Name).text("unit", string(g.Unit))
	return n.text("shelf_life", hours(g.ShelfHours)).text("par", inUnit(g.Par, g.Unit))
}

func writeParts(parts []Part, units map[string]measure.Unit) *yaml.Node {
	if len(parts) == 0 {
		return nil
	}
	var n node
	for _, p := range parts {
		n.text(p.Code, p.Quantity.In(units[p.Code]))
	}
	return n.flow()
}

func writeSupplier(p Supplier, units map[string]measure.Unit) *yaml.Node {
	var n node
	n.text("code", p.Code).text("name", p.Name).text("email", p.Email).text("phone", p.Phone).text("currency", p.Currency)
	n.count("lead_days", p.LeadDays)
	if len(p.Days) > 0 {
		days := make([]string, len(p.Days))
		for i, d := range p.Days {
			days[i] = weekdays[d]
		}
		n.names("delivery_days", days)
	}
	n.text("cut_off", p.CutOff).amount("minimum", p.Minimum, false)
	n.add("products", list(p.Products, func(k Product) *yaml.Node {
		out := new(node).text("code", k.Code).text("name", k.Name).text("ingredient", k.Ingredient).text("pack", k.Pack.In(units[k.Ingredient]))
		return out.amount("price", k.Price, true).count("least", max(1, k.Least)).yes("preferred", k.Preferred).flow()
	}))
	return n.block()
}

func writeDelivery(d *Delivery) *yaml.Node {
	var n node
	n.add("regions", list(d.Regions, func(g Region) *yaml.Node {
		var r node
		r.text("slug", g.Slug).text("name", g.Name).text("timezone", g.Timezone).text("offer_for", g.OfferFor.String())
		r.add("outlets", list(g.Outlets, writeSite))
		r.add("drivers", list(g.Drivers, func(p Driver) *yaml.Node {
			out := new(node).text("name", p.Name).text("vehicle", p.Vehicle).count("capacity", p.Capacity).names("skills", p.Skills)
			writeTimes(out, p.Times)
			return out.flow()
		}))
		return r.block()
	}))
	if len(d.Places) > 0 {
		n.add("places", list(d.Places, func(p Place) *yaml.Node {
			return new(node).text("address", p.Address).number("lat", p.Lat).number("lon", p.Lon).flow()
		}))
	}
	return n.block()
}

func writeSite(s Site) *yaml.Node {
	var n node
	n.text("outlet", s.Outlet).number("lat", s.Lat).number("lon", s.Lon)
	if s.Reach != nil {
		n.number("radius_km", s.Reach.Metres/1000)
		unknown := "refuse"
		if s.Reach.TakeUnknown {
			unknown = "take"
		}
		n.text("unknown_addresses", unknown)
	}
	if s.Zones != nil {
		n.add("zones", list(s.Zones, writeZone))
	}
	return n.block()
}

func writeZone(z Zone) *yaml.Node {
	var n, area node
	n.text("name", z.Name).amount("fee", z.Fee, true).amount("minimum", z.Minimum, false).amount("free_from", z.FreeFrom, false)
	if z.Extra > 0 {
		n.number("extra_minutes", z.Extra.Minutes())
	}
	if z.From != "" {
		n.add("hours", new(node).text("from", z.From).text("to", z.To).flow())
	}
	rings := list(z.Rings, func(ring [][2]float64) *yaml.Node {
		points := make([]string, len(ring))
		for i, p := range ring {
			points[i] = fmt.Sprintf("[%s, %s]", strconv.FormatFloat(p[0], 'f', -1, 64), strconv.FormatFloat(p[1], 'f', -1, 64))
		}
		return flowText("[" + strings.Join(points, ", ") + "]")
	})
	return n.add("area", area.text("type", "Polygon").add("coordinates", rings).block()).block()
}

// flowText is a list that was written already.
func flowText(text string) *yaml.Node {
	var n yaml.Node
	if err := yaml.Unmarshal([]byte(text), &n); err != nil { // numbers in brackets
		panic("load: write: " + err.Error())
	}
	return n.Content[0]
}
