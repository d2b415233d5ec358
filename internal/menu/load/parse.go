package load

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	goccy "github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/parser"
	"go.yaml.in/yaml/v3"

	"brigade/internal/errs"
	"brigade/internal/money"
	"brigade/internal/recipe"
)

// Parse reads a file and checks it as a whole. name is for messages. Faults come back all at once, as one KindInvalid
// error whose fields have the place (menu.yaml:12:5:) as path.
func Parse(name string, text []byte) (*Document, error) {
	root, err := parseYAML(name, text)
	if err != nil {
		return nil, err
	}
	r := &reader{file: name}
	doc := r.document(root)
	if err := r.err(); err != nil {
		return nil, err
	}
	return doc, nil
}

func parseYAML(name string, text []byte) (*yaml.Node, error) {
	d := yaml.NewDecoder(bytes.NewReader(text))
	var root, more yaml.Node
	switch err := d.Decode(&root); {
	case errors.Is(err, io.EOF):
		return nil, errs.Invalid("%s:1:1: the file is empty", name)
	case err != nil:
		return nil, notYAML(name, text, err)
	}
	if err := d.Decode(&more); err == nil {
		return nil, errs.Invalid("%s:%d:%d: a file describes one tenant: no second document", name, more.Line, more.Column)
	} else if !errors.Is(err, io.EOF) {
		return nil, notYAML(name, text, err)
	}
	return resolve(root.Content[0]), nil
}

// notYAML says where a text stops being YAML. The parser's own messages often point to another line, or to none;
// goccy's point to the very sign.
func notYAML(name string, text []byte, err error) error {
	_, again := parser.ParseBytes(text, 0)
	where, ok := errors.AsType[goccy.Error](again)
	if !ok {
		return errs.Invalid("%s: not YAML: %s", name, strings.TrimPrefix(err.Error(), "yaml: "))
	}
	at := where.GetToken().Position
	return errs.Invalid("%s:%d:%d: not YAML: %s", name, at.Line, at.Column, where.GetMessage())
}

var (
	slugForm = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)
	skuForm  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$`)
	currency = regexp.MustCompile(`^[A-Z]{3}$`)
	tiers    = regexp.MustCompile(`^(starter|standard|enterprise)$`)
	dayTime  = regexp.MustCompile(`^([01]\d|2[0-3]):[0-5]\d$`)
)

const slugSays = "lower case letters, digits, - and _"

// Limits. They are far above what a restaurant needs and keep typing errors out.
const (
	mostCapacity = 10_000
	mostParallel = 100
	mostSteps    = 100
	mostBatch    = 1_000
	longestStep  = 86_400 // seconds
	highest      = 1_000  // priority
	dearest      = money.Amount(100_000_000)
)

func (r *reader) document(root *yaml.Node) *Document {
	f := r.mapping(root, "the file", "tenant!", "outlets!", "delivery")
	doc := &Document{}
	if n := f.values["tenant"]; n != nil {
		doc.Tenant = r.tenant(n)
	}
	slugs := names{what: "outlet"}
	defaults := 0
	for _, n := range f.list("outlets") {
		o := r.outlet(n, doc.Tenant)
		slugs.add(r, n, o.Slug)
		if o.Default {
			if defaults++; defaults == 2 {
				r.fault(n, "only one outlet can be the default")
			}
		}
		doc.Outlets = append(doc.Outlets, o)
	}
	if n := f.values["delivery"]; n != nil {
		doc.Delivery = r.delivery(n, doc)
	}
	return doc
}

func (r *reader) tenant(n *yaml.Node) Tenant {
	f := r.mapping(n, "a tenant", "slug!", "name!", "tier", "timezone!", "currency")
	t := Tenant{
		Slug: f.match("slug", slugForm, slugSays), Name: f.text("name"), Timezone: f.zone(""),
		Tier:     f.match("tier", tiers, "starter, standard or enterprise"),
		Currency: f.match("currency", currency, "three capital letters, as EUR"),
	}
	if t.Tier == "" {
		t.Tier = "standard"
	}
	if t.Currency == "" {
		t.Currency = "EUR"
	}
	return t
}

func (f fields) zone(otherwise string) string {
	name := f.text("timezone")
	if name == "" {
		return otherwise
	}
	if _, err := time.LoadLocation(name); err != nil || name == "Local" {
		f.fault(f.values["timezone"], "unknown time zone %q: it is written as Europe/Madrid", name)
	}
	return name
}

const (
	defaultStaleAfter = 2 * time.Minute
	defaultCourseGap  = 10 * time.Minute
)

// span reads a time in whole seconds.
func (f fields) span(key string, least, most, otherwise time.Duration) time.Duration {
	n := f.values[key]
	if n == nil {
		return otherwise
	}
	d, err := time.ParseDuration(n.Value)
	if err != nil || d < least || d > most || d%time.Second != 0 {
		f.fault(n, "%s must be from %.0fs to %.0fh in whole seconds, as 90s or 2m", key, least.Seconds(), most.Hours())
	}
	return d
}

// kitchen is what has been read of an outlet so far: what comes later refers to it.
type kitchen struct {
	*reader
	outlet   *Outlet
	stations names
	machines names
	warned   []string // stations of which was said already that nobody is skilled for them
}

func (r *reader) outlet(n *yaml.Node, usual Tenant) Outlet {
	f := r.mapping(n, "an outlet", "slug!", "name!", "timezone", "default", "free_form_station", "stale_after", "course_gap", "admission",
		"stations!", "machines", "staff!", "menu", "stock")
	o := Outlet{
		Slug: f.match("slug", slugForm, slugSays), Name: f.text("name"), Timezone: f.zone(usual.Timezone),
		Default: f.yes("default"), StaleAfter: f.span("stale_after", time.Second, 24*time.Hour, defaultStaleAfter),
		CourseGap: f.span("course_gap", 0, 24*time.Hour, defaultCourseGap),
	}
	k := &kitchen{reader: r, outlet: &o, stations: names{what: "station"}, machines: names{what: "machine"}}
	for _, n := range f.list("stations") {
		k.station(n)
	}
	for _, n := range f.list("machines") {
		k.machine(n)
	}
	if n := f.values["admission"]; n != nil {
		o.Admission = k.admission(n)
	}
	people := names{what: "staff member"}
	for _, n := range f.list("staff") {
		k.staff(n, &people)
	}
	if n := f.values["free_form_station"]; n != nil {
		o.FreeFormStation = k.stations.pick(r, n)
		k.skilled(n, o.FreeFormStation)
	}
	skus, called := names{what: "item"}, names{what: "item", fold: true}
	for _, n := range f.list("menu") {
		k.item(n, &skus, &called)
	}
	if n := f.values["stock"]; n != nil {
		o.Stock = k.stock(n, usual.Currency)
	}
	return o
}

func (k *kitchen) station(n *yaml.Node) {
	f := k.mapping(n, "a station", "name!", "capacity!")
	s := Station{Name: f.text("name"), Capacity: f.count("capacity", mostCapacity)}
	k.stations.add(k.reader, f.node("name"), s.Name)
	k.outlet.Stations = append(k.outlet.Stations, s)
}

func (k *kitchen) machine(n *yaml.Node) {
	f := k.mapping(n, "a machine", "name!", "station!", "capacity!")
	m := Machine{Name: f.text("name"), Capacity: f.count("capacity", mostCapacity)}
	if n := f.values["station"]; n != nil {
		m.Station = k.stations.pick(k.reader, n)
	}
	k.machines.add(k.reader, f.node("name"), m.Name)
	k.outlet.Machines = append(k.outlet.Machines, m)
}

func (k *kitchen) staff(n *yaml.Node, people *names) {
	f := k.mapping(n, "a staff member", "name!", "max_parallel!", "efficiency", "skills!", "shifts", "breaks")
	s := Staff{
		Name: f.text("name"), MaxParallel: f.count("max_parallel", mostParallel),
		Efficiency: f.number("efficiency", 0.1, 10, 1), Skills: k.stations.pickAll(k.reader, f.list("skills")),
	}
	slices.Sort(s.Skills)
	people.add(k.reader, f.node("name"), s.Name)
	s.Times = append(k.times(f, "shifts", Shift), k.times(f, "breaks", Break)...)
	k.outlet.Staff = append(k.outlet.Staff, s)
}

// times reads weekly times and sorts them by day and start.
func (k *kitchen) times(f fields, key, kind string) []Time {
	var out []Time
	days := names{what: "day", known: weekdays}
	for _, n := range f.list(key) {
		t := k.mapping(n, "a "+kind, "days", "from!", "to!")
		from, to := t.dayTime("from"), t.dayTime("to")
		on := days.pickAll(k.reader, t.list("days"))
		if t.values["days"] == nil {
			on = weekdays
		}
		for _, day := range on {
			w := Time{Kind: kind, Weekday: time.Weekday(slices.Index(weekdays, day)), Starts: from, Ends: to}
			if slices.ContainsFunc(out, func(o Time) bool { return o.Weekday == w.Weekday && o.Starts == w.Starts }) {
				k.fault(n, "there are two %ss on %s from %s", kind, day, from)
			}
			out = append(out, w)
		}
	}
	slices.SortFunc(out, func(a, b Time) int {
		if a.Weekday != b.Weekday {
			return int(a.Weekday - b.Weekday)
		}
		return strings.Compare(a.Starts, b.Starts)
	})
	return out
}

var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"} // by time.Weekday

func (f fields) dayTime(key string) string {
	n := f.values[key]
	switch {
	case n == nil:
		return ""
	case n.Kind == yaml.ScalarNode && n.Value == "24:00" && key == "to":
		return "00:00"
	case n.Kind != yaml.ScalarNode || !dayTime.MatchString(n.Value):
		f.fault(n, "%s must be a time of day from 00:00 to 23:59, as \"09:30\"", key)
		return ""
	}
	return n.Value
}

// skilled notes a fault, once per station, when nobody can work at a station that is used.
func (k *kitchen) skilled(at *yaml.Node, station string) {
	can := func(s Staff) bool { return slices.Contains(s.Skills, station) }
	if station == "" || slices.Contains(k.warned, station) || slices.ContainsFunc(k.outlet.Staff, can) {
		return
	}
	k.warned = append(k.warned, station)
	k.fault(at, "nobody is skilled for station %q", station)
}

func (k *kitchen) item(n *yaml.Node, skus, called *names) {
	f := k.mapping(n, "an item", "sku!", "name!", "category", "description", "price!", "alcohol", "large", "allergens", "choices", "steps!")
	it := Item{
		SKU: f.match("sku", skuForm, "letters, digits, ., - and _"), Name: f.text("name"),
		Category: f.text("category"), Description: f.text("description"), Price: f.price(),
		Alcohol: f.yes("alcohol"), Large: f.yes("large"),
	}
	skus.add(k.reader, f.node("sku"), it.SKU)
	called.add(k.reader, f.node("name"), it.Name)
	it.Allergens, it.Choices = f.allergens(), k.choices(f)
	it.Steps = k.steps(f)
	k.outlet.Items = append(k.outlet.Items, it)
}

func (f fields) price() money.Amount { return f.amount("price") }

// amount reads a sum of money; 0 when it is not there or faulty.
func (f fields) amount(key string) money.Amount {
	n := f.values[key]
	if n == nil {
		return 0
	}
	p, err := money.Parse(n.Value)
	switch {
	case n.Kind != yaml.ScalarNode || err != nil:
		f.fault(n, "%s must be an amount with at most two decimals", key)
	case p < 0:
		f.fault(n, "%s must not be negative", key)
	case p > dearest:
		f.fault(n, "%s must be at most %s", key, dearest)
	}
	return p
}

// steps reads a recipe and fills in what waits for what. Dependencies are explicit as soon as one step has the key
// after, be it empty; without it in any step they are inferred.
func (k *kitchen) steps(item fields) []Step {
	list := item.list("steps")
	if n := item.values["steps"]; n != nil && n.Kind == yaml.SequenceNode && (len(list) == 0 || len(list) > mostSteps) {
		k.fault(n, "a recipe has 1 to %d steps", mostSteps)
		return nil
	}
	steps, read := make([]Step, len(list)), make([]fields, len(list))
	called := names{what: "step"}
	explicit := false
	for i, n := range list {
		read[i] = k.mapping(n, "a step", "name!", "station!", "machine", "seconds!", "priority", "after", "batch")
		steps[i] = k.step(read[i])
		called.add(k.reader, read[i].node("name"), steps[i].Name)
		explicit = explicit || has(n, "after")
	}
	for i := range steps {
		for _, name := range called.pickAll(k.reader, read[i].list("after")) {
			is := func(s Step) bool { return s.Name == name }
			steps[i].After = append(steps[i].After, slices.IndexFunc(steps, is))
		}
		slices.Sort(steps[i].After)
	}
	if len(steps) > 0 {
		k.depend(item, steps, explicit)
	}
	return steps
}

// has tells whether a mapping has a key, be its value null.
func has(n *yaml.Node, key string) bool {
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return true
		}
	}
	return false
}

func (k *kitchen) step(f fields) Step {
	s := Step{
		Name: f.text("name"), Seconds: f.number("seconds", 0, longestStep, 0),
		Priority: f.number("priority", -highest, highest, 10),
	}
	if n := f.values["seconds"]; n != nil && s.Seconds < 0.001 {
		f.fault(n, "seconds must be above zero")
	}
	if n := f.values["batch"]; n != nil {
		b := k.mapping(n, "a batch", "size!", "max_wait!")
		s.Batch = recipe.Batch{Size: b.count("size", mostBatch), Wait: b.span("max_wait", 0, time.Hour, 0)}
	}
	if n := f.values["station"]; n != nil {
		s.Station = k.stations.pick(k.reader, n)
		k.skilled(n, s.Station)
	}
	if n := f.values["machine"]; n != nil {
		s.Machine = k.machines.pick(k.reader, n)
		if m := k.machineAt(s.Machine); s.Machine != "" && s.Station != "" && m.Station != "" && m.Station != s.Station {
			f.fault(n, "machine %q stands at station %q, not at %q", s.Machine, m.Station, s.Station)
		}
	}
	return s
}

func (k *kitchen) machineAt(name string) Machine {
	i := slices.IndexFunc(k.outlet.Machines, func(m Machine) bool { return m.Name == name })
	if i < 0 {
		return Machine{}
	}
	return k.outlet.Machines[i]
}

// depend infers dependencies unless they are explicit, and checks them. A fault of a step alone was noted before.
func (k *kitchen) depend(item fields, steps []Step, explicit bool) {
	r := make([]recipe.Step, len(steps))
	for i, s := range steps {
		r[i] = recipe.Step{
			Description: s.Name, After: s.After, Estimate: time.Second,
			Station: int64(slices.Index(k.stations.known, s.Station) + 1),
			Machine: int64(slices.Index(k.machines.known, s.Machine) + 1),
		}
	}
	if !explicit {
		recipe.Infer(r, k.single)
	}
	for i := range steps {
		steps[i].After, r[i].Station = r[i].After, 1
	}
	if err, faulty := errors.AsType[*errs.Error](recipe.Check(r)); faulty {
		for _, f := range err.Fields {
			k.fault(item.node("steps"), "%s %s", f.Path, f.Message)
		}
	}
}

// single tells which machine of capacity 1 a step must be done on, if there is just the one it can be done on.
func (k *kitchen) single(s recipe.Step) (machine int64, ok bool) {
	can := k.machinesFor(s)
	if len(can) != 1 || can[0].Capacity != 1 {
		return 0, false
	}
	return int64(slices.Index(k.machines.known, can[0].Name) + 1), true
}

func (k *kitchen) machinesFor(s recipe.Step) (can []Machine) {
	if s.Machine != 0 {
		return []Machine{k.machineAt(k.machines.known[s.Machine-1])}
	}
	for _, m := range k.outlet.Machines {
		if s.Station != 0 && m.Station == k.stations.known[s.Station-1] {
			can = append(can, m)
		}
	}
	return can
}
