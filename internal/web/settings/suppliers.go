package settings

import (
	"net/http"
	"net/url"
	"strings"

	"brigade/internal/actor"
	"brigade/internal/menu/edit"
	"brigade/internal/menu/load"
	"brigade/internal/web/page"
)

// supplierPages are the pages of where an outlet buys, and what.
func (s *server) supplierPages() map[string]page.Action {
	return map[string]page.Action{
		"GET /settings/suppliers":                  shown(s.renderSuppliers),
		"POST /settings/suppliers":                 s.act(load.KindSupplier, s.renderSuppliers, nil),
		"GET /settings/suppliers/new":              s.showSupplier,
		"POST /settings/suppliers/new":             s.saveSupplier,
		"GET /settings/suppliers/supplier/{code}":  s.showSupplier,
		"POST /settings/suppliers/supplier/{code}": s.saveSupplier,
	}
}

// suppliersPage is what the page suppliers shows.
type suppliersPage struct {
	setFrame
	Stocked   bool
	Suppliers []supplierRow
}

// supplierRow is a supplier as he is listed.
type supplierRow struct {
	load.Supplier
	Path, Version, Delivers string
}

func (s *server) renderSuppliers(w http.ResponseWriter, r *http.Request, who actor.Actor, o outcome) error {
	f, err := s.setUp(r, who, "suppliers", o)
	if err != nil {
		return err
	}
	p := suppliersPage{setFrame: f, Stocked: f.Set.Outlet.Stock != nil}
	if p.Stocked {
		for _, x := range f.Set.Outlet.Stock.Suppliers {
			row := supplierRow{Supplier: x, Path: "/settings/suppliers/supplier/" + url.PathEscape(x.Code), Version: edit.Thing{Supplier: &x}.Version()}
			row.Delivers = f.daysText(x)
			p.Suppliers = append(p.Suppliers, row)
		}
	}
	s.set.Render(w, r, o.status(), "suppliers", p)
	return nil
}

// daysText says when a supplier delivers: "Mon, Thu".
func (f setFrame) daysText(p load.Supplier) string {
	var days []string
	for _, d := range p.Days {
		days = append(days, f.dayName(d))
	}
	if len(days) == 0 {
		return f.Say("setup.every_day")
	}
	return strings.Join(days, ", ")
}

// supplierPage is what the page of a supplier shows.
type supplierPage struct {
	setFrame
	New         bool
	Path        string
	Form        supplierForm
	Days        []choice
	Products    []productView
	Ingredients []load.Ingredient
}

// productView is a row of what a supplier sells.
type productView struct {
	productForm
	Index   int
	Choices []choice // ingredients
}

func (s *server) showSupplier(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	f, err := s.setUp(r, who, "suppliers", outcome{})
	if err != nil {
		return err
	}
	code := r.PathValue("code")
	if code == "" {
		return s.renderSupplier(w, r, f, http.StatusOK, newSupplierForm(f.Set.Currency))
	}
	t := f.Set.Find(load.Ref{Kind: load.KindSupplier, Name: code})
	if t == nil {
		return s.NoPage(r)
	}
	return s.renderSupplier(w, r, f, http.StatusOK, supplierFormOf(*t, f.unit))
}

func (s *server) renderSupplier(w http.ResponseWriter, r *http.Request, f setFrame, status int, form supplierForm) error {
	p := supplierPage{setFrame: f, New: r.PathValue("code") == "", Path: r.URL.EscapedPath(), Form: form}
	for _, d := range week {
		p.Days = append(p.Days, choice{itoa(int(d)), f.dayName(d), form.on(d)})
	}
	if f.Set.Outlet.Stock != nil {
		p.Ingredients = f.Set.Outlet.Stock.Ingredients
	}
	for i, k := range form.roomy() {
		v := productView{productForm: k, Index: i}
		v.Choices = chosen(p.Ingredients, k.Ingredient, func(g load.Ingredient) string { return g.Code })
		for j, g := range p.Ingredients {
			v.Choices[j].Name = g.Name
		}
		p.Products = append(p.Products, v)
	}
	s.set.Render(w, r, status, "supplier", p)
	return nil
}

// saveSupplier writes the form of a supplier, or gives it more rows, as its button "do" says.
func (s *server) saveSupplier(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	f, err := s.setUp(r, who, "suppliers", outcome{})
	if err != nil {
		return err
	}
	form := readSupplier(r)
	if r.PostFormValue("do") == "more" {
		form.Products = append(form.Products, make([]productForm, emptyProducts)...)
		return s.renderSupplier(w, r, f, http.StatusOK, form)
	}
	supplier, err := form.supplier(f.Set)
	wished := edit.Thing{Supplier: &supplier}
	var done edit.Done
	if err == nil {
		done, err = s.Editor.Put(r.Context(), who, f.Outlet.ID, wished, form.Version)
	}
	if err == nil {
		return s.renderSuppliers(w, r, who, outcome{done: &done, said: "setup.saved", name: supplier.Name})
	}
	o := outcome{err: err, wished: &wished}
	if f, err = s.setUp(r, who, "suppliers", o); err != nil {
		return err
	}
	if late := overtakenBy(o.err); late != nil {
		form.Version = late.Version()
	}
	return s.renderSupplier(w, r, f, o.status(), form)
}
