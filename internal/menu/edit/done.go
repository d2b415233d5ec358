package edit

import (
	"strings"

	"brigade/internal/errs"
	"brigade/internal/menu/load"
)

// Done is what an edit has made of a thing.
type Done struct {
	Was, Now *Thing // nil: it was not there, or is not any more
}

// Changed tells whether the edit changed anything; the same edit again does not.
func (d Done) Changed() bool { return !Same(d.Was, d.Now) }

// Same tells whether two things are the same; nil is none.
func Same(a, b *Thing) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Version() == b.Version()
}

// Overtaken says that somebody else has changed a thing since its editor saw it. It is a KindConflict.
type Overtaken struct {
	Now *Thing // nil: it was removed
	err *errs.Error
}

// NewOvertaken returns an Overtaken that says so in a sentence.
func NewOvertaken(now *Thing, format string, a ...any) Overtaken {
	return Overtaken{now, errs.Conflict(format, a...)}
}

// Error implements error.
func (o Overtaken) Error() string { return o.err.Error() }

// Unwrap returns the KindConflict error.
func (o Overtaken) Unwrap() error { return o.err }

// Differences says what differs between two things of one kind, in the words of a file.
func Differences(from, to Thing) []load.FieldChange {
	from, to = from.Tidy(), to.Tidy()
	if from.Supplier != nil && to.Supplier != nil {
		return differentFacts(supplierFacts(*from.Supplier), supplierFacts(*to.Supplier))
	}
	var out []load.FieldChange
	for _, c := range load.Compare(from.document(), to.document()).Changes {
		out = append(out, c.Fields...)
	}
	if was, is := from.partsText(), to.partsText(); was != is {
		out = append(out, load.FieldChange{Field: "ingredients", From: was, To: is})
	}
	return out
}

// partsText writes what one unit of an item is made of, in each ingredient's own unit.
func (t Thing) partsText() string {
	if t.Item == nil {
		return ""
	}
	parts := make([]string, len(t.Item.Parts))
	for i, p := range t.Item.Parts {
		parts[i] = p.Code + " " + p.Quantity.Decimal()
	}
	return strings.Join(parts, ", ")
}

// document is a file that says nothing but the thing.
func (t Thing) document() *load.Document {
	var o load.Outlet
	switch {
	case t.Station != nil:
		o.Stations = []load.Station{*t.Station}
	case t.Machine != nil:
		o.Machines = []load.Machine{*t.Machine}
	case t.Staff != nil:
		o.Staff = []load.Staff{*t.Staff}
	case t.Item != nil:
		o.Items = []load.Item{t.Item.Item}
	case t.General != nil:
		o.Name, o.Timezone, o.FreeFormStation = t.General.Name, t.General.Timezone, t.General.FreeFormStation
		o.StaleAfter, o.CourseGap = t.General.StaleAfter, t.General.CourseGap
	}
	return &load.Document{Outlets: []load.Outlet{o}}
}
