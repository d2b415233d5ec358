package load

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Kind is what sort of thing a file describes.
type Kind string

// The kinds, in the order in which they are loaded.
const (
	KindTenant  Kind = "tenant"
	KindOutlet  Kind = "outlet"
	KindStation Kind = "station"
	KindMachine Kind = "machine"
	KindStaff   Kind = "staff"
	KindItem    Kind = "item"
)

// Action is what loading a file does to a thing.
type Action string

// The actions.
const (
	Added   Action = "added"
	Changed Action = "changed"
	Removed Action = "removed"
)

// Ref names a thing: an item by its SKU, tenant and outlet by their slugs.
type Ref struct {
	Kind   Kind   `json:"kind"`
	Outlet string `json:"outlet,omitempty"` // "" for the tenant and for outlets
	Name   string `json:"name"`
}

// Change is what loading a file does to one thing.
type Change struct {
	Action Action `json:"action"`
	Ref
	Fields []FieldChange `json:"fields,omitempty"` // none when it is removed
}

// FieldChange is one property before and after; "" is none.
type FieldChange struct {
	Field string `json:"field"`
	From  string `json:"from"`
	To    string `json:"to"`
}

// Diff is what loading a file changes, or would change.
type Diff struct {
	Tenant  string   `json:"tenant"`
	DryRun  bool     `json:"dry_run"`
	Changes []Change `json:"changes"` // never nil
}

// Empty tells whether there is nothing to change.
func (d Diff) Empty() bool { return len(d.Changes) == 0 }

// Lines says in lines for people what changes; one line that says so when nothing does.
func (d Diff) Lines() []string {
	if d.Empty() {
		return []string{"nothing to change"}
	}
	lines := make([]string, len(d.Changes))
	for i, c := range d.Changes {
		lines[i] = c.String()
	}
	return lines
}

// String returns the lines as one text.
func (d Diff) String() string { return strings.Join(d.Lines(), "\n") }

// String writes one line: "~ kitchen: item wrap: price 7.50 → 7.90".
func (c Change) String() string {
	name := string(c.Kind) + " " + c.Name
	if c.Outlet != "" {
		name = c.Outlet + ": " + name
	}
	switch c.Action {
	case Removed:
		return "- " + name
	case Added:
		return fmt.Sprintf("+ %s (%s)", name, join(c.Fields, func(f FieldChange) string { return f.Field + " " + f.To }))
	default:
		return fmt.Sprintf("~ %s: %s", name, join(c.Fields, FieldChange.String))
	}
}

// String writes "price 7.50 → 7.90".
func (f FieldChange) String() string {
	return fmt.Sprintf("%s %s → %s", f.Field, orNone(f.From), orNone(f.To))
}

func orNone(s string) string {
	if s == "" {
		return "(none)"
	}
	return s
}

func join(fields []FieldChange, text func(FieldChange) string) string {
	parts := make([]string, len(fields))
	for i, f := range fields {
		parts[i] = text(f)
	}
	return strings.Join(parts, "; ")
}

// Compare returns what must change for have to become want. have is nil when the tenant does not exist yet;
// its outlets that want does not name are left alone: a file may describe some of them.
func Compare(have, want *Document) Diff {
	d := Diff{Tenant: want.Tenant.Slug, Changes: []Change{}}
	now := things(have, want)
	then := things(want, want)
	for _, t := range then {
		i := slices.IndexFunc(now, func(o thing) bool { return o.ref == t.ref })
		switch {
		case i < 0:
			d.Changes = append(d.Changes, Change{Added, t.ref, compare(nil, t.facts)})
		default:
			if fields := compare(now[i].facts, t.facts); len(fields) > 0 {
				d.Changes = append(d.Changes, Change{Changed, t.ref, fields})
			}
		}
	}
	for _, t := range now {
		if !slices.ContainsFunc(then, func(o thing) bool { return o.ref == t.ref }) {
			d.Changes = append(d.Changes, Change{Removed, t.ref, nil})
		}
	}
	return d
}

// thing is anything in a document, as facts that can be compared and shown.
type thing struct {
	ref   Ref
	facts []fact
}

type fact struct{ name, value string }

func compare(from, to []fact) []FieldChange {
	var out []FieldChange
	value := func(facts []fact, name string) string {
		i := slices.IndexFunc(facts, func(f fact) bool { return f.name == name })
		if i < 0 {
			return ""
		}
		return facts[i].value
	}
	for _, f := range to {
		if old := value(from, f.name); old != f.value {
			out = append(out, FieldChange{f.name, old, f.value})
		}
	}
	for _, f := range from {
		if f.value != "" && !slices.ContainsFunc(to, func(o fact) bool { return o.name == f.name }) {
			out = append(out, FieldChange{f.name, f.value, ""})
		}
	}
	return out
}

// things lists what is in a document, of the outlets that want names.
func things(d, want *Document) []thing {
	if d == nil {
		return nil
	}
	t := d.Tenant
	out := []thing{{Ref{KindTenant, "", t.Slug}, []fact{
		{"name", t.Name}, {"tier", t.Tier}, {"timezone", t.Timezone}, {"currency", t.Currency},
	}}}
	for _, o := range d.Outlets {
		if slices.ContainsFunc(want.Outlets, func(w Outlet) bool { return w.Slug == o.Slug }) {
			out = append(out, o.things()...)
		}
	}
	return out
}

func (o Outlet) things() []thing {
	yes := ""
	if o.Default {
		yes = "yes"
	}
	out := []thing{{Ref{KindOutlet, "", o.Slug}, []fact{
		{"name", o.Name},
		{"timezone", o.Timezone},
		{"default", yes},
		{"free_form_station", o.FreeFormStation},
		{"stale_after", o.StaleAfter.String()},
		{"course_gap", o.CourseGap.String()},
		{"admission", o.Admission},
	}}}
	for _, s := range o.Stations {
		out = append(out, thing{Ref{KindStation, o.Slug, s.Name}, []fact{{"capacity", strconv.Itoa(s.Capacity)}}})
	}
	for _, m := range o.Machines {
		out = append(out, thing{Ref{KindMachine, o.Slug, m.Name}, []fact{
			{"station", m.Station}, {"capacity", strconv.Itoa(m.Capacity)},
		}})
	}
	for _, s := range o.Staff {
		out = append(out, thing{Ref{KindStaff, o.Slug, s.Name}, s.facts()})
	}
	for _, it := range o.Items {
		out = append(out, thing{Ref{KindItem, o.Slug, it.SKU}, it.facts()})
	}
	return out
}

func (s Staff) facts() []fact {
	out := []fact{
		{"max_parallel", strconv.Itoa(s.MaxParallel)},
		{"efficiency", decimal(s.Efficiency)},
		{"skills", strings.Join(s.Skills, ", ")},
	}
	for _, kind := range []string{Shift, Break} {
		var times []string
		for _, t := range s.Times {
			if t.Kind == kind {
				times = append(times, fmt.Sprintf("%s %s-%s", weekdays[t.Weekday], t.Starts, t.Ends))
			}
		}
		if times != nil {
			out = append(out, fact{kind + "s", strings.Join(times, ", ")})
		}
	}
	return out
}

func (it Item) facts() []fact {
	out := []fact{
		{"name", it.Name}, {"category", it.Category}, {"description", it.Description}, {"price", it.Price.String()},
	}
	out = slices.DeleteFunc(out, func(f fact) bool { return f.value == "" })
	if it.Alcohol {
		out = append(out, fact{"alcohol", "yes"})
	}
	if it.Large {
		out = append(out, fact{"large", "yes"})
	}
	if len(it.Allergens) > 0 {
		out = append(out, fact{"allergens", strings.Join(it.Allergens, ", ")})
	}
	for i, g := range it.Choices {
		out = append(out, fact{"choices " + strconv.Itoa(i+1), g.String()})
	}
	for i, s := range it.Steps {
		out = append(out, fact{"step " + strconv.Itoa(i+1), it.describe(s)})
	}
	return out
}

// describe writes a step: "assemble wrap (adhoc, 45 s, priority 15, after warm tortilla + grill filling)".
func (it Item) describe(s Step) string {
	at := s.Station
	if s.Machine != "" {
		at += "/" + s.Machine
	}
	text := fmt.Sprintf("%s (%s, %s s, priority %s", s.Name, at, decimal(s.Seconds), decimal(s.Priority))
	if s.Batch.Size > 1 {
		text += fmt.Sprintf(", %d in a load, waiting %v at most", s.Batch.Size, s.Batch.Wait)
	}
	if len(s.After) > 0 {
		names := make([]string, len(s.After))
		for i, j := range s.After {
			names[i] = it.Steps[j].Name
		}
		text += ", after " + strings.Join(names, " + ")
	}
	return text + ")"
}

func decimal(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
