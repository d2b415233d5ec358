// Package edit changes what an outlet is set up with, one thing at a time: stations, machines, people, what is sold and how
// it is made. It is pure: a set and a wish in, another set or what is wrong with the wish out. The rules are those of the
// files that package load reads, so that whatever was edited can be written to a file and loaded again.
package edit

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"

	"brigade/internal/errs"
	"brigade/internal/measure"
	"brigade/internal/menu/load"
)

// Set is what one outlet is set up with. It is not changed: edits return another.
type Set struct {
	Currency string      // ISO 4217
	Outlet   load.Outlet // Stock is nil while it keeps none
	Former   []load.Staff
}

// Thing is one of a set: exactly one of its fields is set.
type Thing struct {
	General *General      `json:"general,omitempty"`
	Station *load.Station `json:"station,omitempty"`
	Machine *load.Machine `json:"machine,omitempty"`
	Staff   *load.Staff   `json:"staff,omitempty"`
	Item    *Item         `json:"item,omitempty"`
	Order   *Order        `json:"order,omitempty"`

	Supplier *load.Supplier `json:"supplier,omitempty"`
}

// General is what is said of an outlet as a whole.
type General struct {
	Name, Timezone  string
	FreeFormStation string        // where what is not on the menu is made; "" = it is not made
	StaleAfter      time.Duration // whole seconds
	CourseGap       time.Duration // whole seconds
}

// Item is something to sell, how it is made, and of what.
type Item struct {
	load.Item
	Parts []load.Part // of one unit
}

// Order is in which order the menu stands, by SKU.
type Order struct{ SKUs []string }

// KindOrder is what the order of the menu is called among the kinds of things.
const KindOrder load.Kind = "order"

// Ref names the thing.
func (t Thing) Ref(outlet string) load.Ref {
	switch {
	case t.Station != nil:
		return load.Ref{Kind: load.KindStation, Outlet: outlet, Name: t.Station.Name}
	case t.Machine != nil:
		return load.Ref{Kind: load.KindMachine, Outlet: outlet, Name: t.Machine.Name}
	case t.Staff != nil:
		return load.Ref{Kind: load.KindStaff, Outlet: outlet, Name: t.Staff.Name}
	case t.Item != nil:
		return load.Ref{Kind: load.KindItem, Outlet: outlet, Name: t.Item.SKU}
	case t.Order != nil:
		return load.Ref{Kind: KindOrder, Outlet: outlet, Name: outlet}
	case t.Supplier != nil:
		return load.Ref{Kind: load.KindSupplier, Outlet: outlet, Name: t.Supplier.Code}
	default:
		return load.Ref{Kind: load.KindOutlet, Name: outlet}
	}
}

// Version is a text that differs whenever the thing does, and is the same for the same, however it is written.
func (t Thing) Version() string {
	text, err := json.Marshal(t.Tidy())
	if err != nil { // plain structs of finite numbers
		panic("edit: " + err.Error())
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// Find returns a thing of the set; nil when it is not there.
func (s Set) Find(ref load.Ref) *Thing {
	o := s.Outlet
	switch ref.Kind {
	case load.KindStation:
		if i := slices.IndexFunc(o.Stations, func(x load.Station) bool { return x.Name == ref.Name }); i >= 0 {
			return &Thing{Station: &o.Stations[i]}
		}
	case load.KindMachine:
		if i := slices.IndexFunc(o.Machines, func(x load.Machine) bool { return x.Name == ref.Name }); i >= 0 {
			return &Thing{Machine: &o.Machines[i]}
		}
	case load.KindStaff:
		if i := slices.IndexFunc(o.Staff, func(x load.Staff) bool { return x.Name == ref.Name }); i >= 0 {
			return &Thing{Staff: &o.Staff[i]}
		}
	case load.KindItem:
		if i := slices.IndexFunc(o.Items, func(x load.Item) bool { return x.SKU == ref.Name }); i >= 0 {
			return &Thing{Item: &Item{o.Items[i], s.parts(ref.Name)}}
		}
	case KindOrder:
		return &Thing{Order: s.order()}
	case load.KindSupplier:
		return s.supplier(ref.Name)
	case load.KindOutlet:
		return &Thing{General: &General{o.Name, o.Timezone, o.FreeFormStation, o.StaleAfter, o.CourseGap}}
	default: // what others set up
	}
	return nil
}

func (s Set) order() *Order {
	skus := make([]string, len(s.Outlet.Items))
	for i, it := range s.Outlet.Items {
		skus[i] = it.SKU
	}
	return &Order{skus}
}

// Unit is what an ingredient is measured in; "" for one that is not known.
func (s Set) Unit(code string) measure.Unit {
	if s.Outlet.Stock == nil {
		return ""
	}
	for _, g := range s.Outlet.Stock.Ingredients {
		if g.Code == code {
			return g.Unit
		}
	}
	return ""
}

// parts are what goes into one unit of an item.
func (s Set) parts(sku string) []load.Part {
	if s.Outlet.Stock == nil {
		return nil
	}
	for _, b := range s.Outlet.Stock.Bills {
		if b.SKU == sku {
			return b.Parts
		}
	}
	return nil
}

// Put returns the set with a thing added or changed. Errors: KindInvalid, which names each faulty field.
func (s Set) Put(t Thing) (Set, error) {
	t = t.Tidy()
	if err := s.check(t); err != nil {
		return s, err
	}
	o := &s.Outlet
	switch {
	case t.Station != nil:
		o.Stations = put(o.Stations, *t.Station, func(x load.Station) bool { return x.Name == t.Station.Name })
	case t.Machine != nil:
		o.Machines = put(o.Machines, *t.Machine, func(x load.Machine) bool { return x.Name == t.Machine.Name })
	case t.Staff != nil:
		o.Staff = put(o.Staff, *t.Staff, func(x load.Staff) bool { return x.Name == t.Staff.Name })
	case t.Item != nil:
		o.Items = put(o.Items, t.Item.Item, func(x load.Item) bool { return x.SKU == t.Item.SKU })
		s.putParts(t.Item.SKU, t.Item.Parts)
	case t.Order != nil:
		s.reorder(t.Order.SKUs)
	case t.Supplier != nil:
		s.putSupplier(*t.Supplier)
	case t.General != nil:
		o.Name, o.Timezone, o.FreeFormStation = t.General.Name, t.General.Timezone, t.General.FreeFormStation
		o.StaleAfter, o.CourseGap = t.General.StaleAfter, t.General.CourseGap
	}
	return s, nil
}

// put returns a list in which one entry, if it is there, has given way to another; the list itself stays as it is.
func put[V any](list []V, v V, same func(V) bool) []V {
	list = slices.Clone(list)
	if i := slices.IndexFunc(list, same); i >= 0 {
		list[i] = v
		return list
	}
	return append(list, v)
}

func (s *Set) putParts(sku string, parts []load.Part) {
	if s.Outlet.Stock == nil {
		return
	}
	st := *s.Outlet.Stock
	same := func(b load.Bill) bool { return b.SKU == sku }
	if len(parts) == 0 {
		st.Bills = slices.DeleteFunc(slices.Clone(st.Bills), same)
	} else {
		st.Bills = put(st.Bills, load.Bill{SKU: sku, Parts: parts}, same)
	}
	s.Outlet.Stock = &st
}

// reorder puts the menu into an order; what it does not name comes last.
func (s *Set) reorder(skus []string) {
	place := func(it load.Item) int {
		if i := slices.Index(skus, it.SKU); i >= 0 {
			return i
		}
		return len(skus)
	}
	s.Outlet.Items = slices.Clone(s.Outlet.Items)
	slices.SortStableFunc(s.Outlet.Items, func(a, b load.Item) int { return place(a) - place(b) })
}

// Remove returns the set without a thing. Errors: KindConflict, which says what still needs it.
func (s Set) Remove(ref load.Ref) (Set, error) {
	if why := s.Needs(ref); !why.Empty() {
		return s, errs.Conflict("%s %s is still needed: %s", ref.Kind, ref.Name, why)
	}
	o := &s.Outlet
	switch ref.Kind {
	case load.KindStation:
		o.Stations = slices.DeleteFunc(slices.Clone(o.Stations), func(x load.Station) bool { return x.Name == ref.Name })
	case load.KindMachine:
		o.Machines = slices.DeleteFunc(slices.Clone(o.Machines), func(x load.Machine) bool { return x.Name == ref.Name })
	case load.KindStaff:
		o.Staff = slices.DeleteFunc(slices.Clone(o.Staff), func(x load.Staff) bool { return x.Name == ref.Name })
	case load.KindItem:
		o.Items = slices.DeleteFunc(slices.Clone(o.Items), func(x load.Item) bool { return x.SKU == ref.Name })
		s.putParts(ref.Name, nil)
	case load.KindSupplier:
		s.dropSupplier(ref.Name)
	default:
		return s, errs.Invalid("%s %s cannot be removed", ref.Kind, ref.Name)
	}
	return s, nil
}
