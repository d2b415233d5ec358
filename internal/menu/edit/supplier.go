package edit

import (
	"cmp"
	"fmt"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"time"

	"brigade/internal/errs"
	"brigade/internal/measure"
	"brigade/internal/menu/load"
)

// Limits of suppliers, as those of files.
const (
	mostLeadDays = 60
	mostPacks    = 100_000
	mostProducts = 1_000
)

var (
	codeForm     = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)
	currencyForm = regexp.MustCompile(`^[A-Z]{3}$`)
)

// tidySupplier puts products and days into their order, and fills in what files leave out.
func tidySupplier(p load.Supplier) *load.Supplier {
	p.Code, p.Name, p.Email, p.Phone = strings.TrimSpace(p.Code), strings.TrimSpace(p.Name), strings.TrimSpace(p.Email), strings.TrimSpace(p.Phone)
	p.Days = some(p.Days)
	slices.Sort(p.Days)
	p.CutOff = cmp.Or(p.CutOff, "23:59")
	p.Products = some(p.Products)
	for i := range p.Products {
		k := &p.Products[i]
		k.Code, k.Name = strings.TrimSpace(k.Code), strings.TrimSpace(k.Name)
		k.Least = max(1, k.Least)
	}
	slices.SortStableFunc(p.Products, func(a, b load.Product) int { return strings.Compare(a.Code, b.Code) })
	return &p
}

func (s Set) supplier(code string) *Thing {
	if s.Outlet.Stock == nil {
		return nil
	}
	list := s.Outlet.Stock.Suppliers
	if i := slices.IndexFunc(list, func(p load.Supplier) bool { return p.Code == code }); i >= 0 {
		return &Thing{Supplier: tidySupplier(list[i])}
	}
	return nil
}

// putSupplier writes a supplier; products without a name are called as their ingredients are.
func (s *Set) putSupplier(p load.Supplier) {
	st := *s.Outlet.Stock
	p.Currency = cmp.Or(p.Currency, s.Currency)
	for i := range p.Products {
		k := &p.Products[i]
		for _, g := range st.Ingredients {
			if k.Name == "" && g.Code == k.Ingredient {
				k.Name = g.Name
			}
		}
	}
	st.Suppliers = put(st.Suppliers, p, func(x load.Supplier) bool { return x.Code == p.Code })
	s.Outlet.Stock = &st
}

func (s *Set) dropSupplier(code string) {
	if s.Outlet.Stock == nil {
		return
	}
	st := *s.Outlet.Stock
	st.Suppliers = slices.DeleteFunc(slices.Clone(st.Suppliers), func(p load.Supplier) bool { return p.Code == code })
	s.Outlet.Stock = &st
}

func (s Set) checkSupplier(f *errs.Fields, p load.Supplier) {
	if s.Outlet.Stock == nil {
		f.Add("code", "cannot be kept: this outlet has no ingredients yet; load a file with stock first")
		return
	}
	if !codeForm.MatchString(p.Code) {
		f.Add("code", "must be lower case letters, digits, - and _, at most 63 of them")
	}
	line(f, "name", p.Name, true)
	line(f, "phone", p.Phone, false)
	line(f, "email", p.Email, false)
	if _, err := mail.ParseAddress(p.Email); p.Email != "" && err != nil {
		f.Add("email", "must be an address, as orders@example.com")
	}
	if p.Currency != "" && !currencyForm.MatchString(p.Currency) {
		f.Add("currency", "must be three capital letters, as EUR")
	}
	s.checkTerms(f, p)
	if len(p.Products) > mostProducts {
		f.Add("products", "must be at most %d", mostProducts)
		return
	}
	for i := range p.Products {
		s.checkProduct(f, p.Products[:i], p.Products[i])
	}
}

// checkTerms names what is wrong with when a supplier delivers, and from what sum on.
func (Set) checkTerms(f *errs.Fields, p load.Supplier) {
	if p.LeadDays < 0 || p.LeadDays > mostLeadDays {
		f.Add("lead_days", "must be 0 to %d", mostLeadDays)
	}
	if !dayTime.MatchString(p.CutOff) {
		f.Add("cut_off", "must be a time of day from 00:00 to 23:59, as 09:30")
	}
	if p.Minimum < 0 || p.Minimum > dearest {
		f.Add("minimum", "must be from 0 to %s", dearest)
	}
	for i, d := range p.Days {
		if d < time.Sunday || d > time.Saturday || i > 0 && p.Days[i-1] == d {
			f.Add("delivery_days", "must be days of the week, each once")
		}
	}
}

func (s Set) checkProduct(f *errs.Fields, before []load.Product, k load.Product) {
	at := func(field string) string { return fmt.Sprintf("products[%d].%s", len(before), field) }
	line(f, at("code"), k.Code, true)
	if slices.ContainsFunc(before, func(o load.Product) bool { return o.Code == k.Code }) && k.Code != "" {
		f.Add(at("code"), "%q is here twice", k.Code)
	}
	line(f, at("name"), k.Name, false)
	if !slices.ContainsFunc(s.Outlet.Stock.Ingredients, func(g load.Ingredient) bool { return g.Code == k.Ingredient }) {
		f.Add(at("ingredient"), "%q is not an ingredient of this outlet", k.Ingredient)
	}
	if k.Pack <= 0 || k.Pack > measure.Most {
		f.Add(at("pack"), "must be above zero, as 5 kg")
	}
	if k.Price < 0 || k.Price > dearest {
		f.Add(at("price"), "must be from 0 to %s", dearest)
	}
	if k.Least > mostPacks {
		f.Add(at("least"), "must be at most %d", mostPacks)
	}
}

// supplierFacts are what there is to say of a supplier and what he sells, for comparisons.
func supplierFacts(p load.Supplier) [][2]string {
	facts := p.Facts()
	for _, k := range p.Products {
		var words []string
		for _, w := range k.Facts(measure.Unit("")) {
			words = append(words, w[0]+" "+w[1])
		}
		facts = append(facts, [2]string{"product " + k.Code, strings.Join(words, ", ")})
	}
	return facts
}

// differentFacts lists what differs, in the order of what is there first.
func differentFacts(from, to [][2]string) (out []load.FieldChange) {
	find := func(facts [][2]string, field string) string {
		for _, f := range facts {
			if f[0] == field {
				return f[1]
			}
		}
		return ""
	}
	for _, f := range to {
		if was := find(from, f[0]); was != f[1] {
			out = append(out, load.FieldChange{Field: f[0], From: was, To: f[1]})
		}
	}
	for _, f := range from {
		if find(to, f[0]) == "" {
			out = append(out, load.FieldChange{Field: f[0], From: f[1]})
		}
	}
	return out
}
