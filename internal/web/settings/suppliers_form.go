package settings

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"brigade/internal/errs"
	"brigade/internal/measure"
	"brigade/internal/menu/edit"
	"brigade/internal/menu/load"
)

// supplierForm is the form of a supplier as it was filled in.
type supplierForm struct {
	Version                                                             string
	Code, Name, Email, Phone, Currency, LeadDays, CutOff, Minimum, Days string
	Products                                                            []productForm
}

// productForm is a product as it was filled in.
type productForm struct {
	Code, Name, Ingredient, Pack, Price, Least string
	Preferred                                  bool
}

const (
	emptyProducts   = 3 // how many more products a form has room for
	mostProductRows = 300
)

func newSupplierForm(currency string) supplierForm {
	return supplierForm{Currency: currency, LeadDays: "1", CutOff: "23:59"}
}

func supplierFormOf(t edit.Thing, unit func(code string) measure.Unit) supplierForm {
	p := t.Supplier
	f := supplierForm{
		Version: t.Version(), Code: p.Code, Name: p.Name, Email: p.Email, Phone: p.Phone, Currency: p.Currency, LeadDays: itoa(p.LeadDays), CutOff: p.CutOff,
	}
	if p.Minimum > 0 {
		f.Minimum = p.Minimum.String()
	}
	for _, d := range p.Days {
		f.Days += itoa(int(d))
	}
	for _, k := range p.Products {
		f.Products = append(f.Products, productForm{k.Code, k.Name, k.Ingredient, k.Pack.In(unit(k.Ingredient)), k.Price.String(), itoa(k.Least), k.Preferred})
	}
	return f
}

// on tells whether the supplier delivers on a day.
func (f supplierForm) on(d time.Weekday) bool { return strings.Contains(f.Days, itoa(int(d))) }

// roomy are the products, with empty rows to write more into.
func (f supplierForm) roomy() []productForm {
	if n := len(f.Products); n > 0 && f.Products[n-1] == (productForm{}) {
		return f.Products
	}
	return append(slices.Clone(f.Products), make([]productForm, emptyProducts)...)
}

// readSupplier reads the form. Products stand in the order in which they are kept, so that what is wrong with one is said in
// its row; rows in which nothing stands are left out.
func readSupplier(r *http.Request) supplierForm {
	v := func(field string) string { return strings.TrimSpace(r.PostFormValue(field)) }
	f := supplierForm{
		Version: v("version"), Code: v("code"), Name: v("name"), Email: v("email"), Phone: v("phone"), Currency: strings.ToUpper(v("currency")),
		LeadDays: v("lead_days"), CutOff: clockTimeOrNone(v("cut_off")), Minimum: v("minimum"), Days: strings.Join(r.PostForm["day"], ""),
	}
	if code := r.PathValue("code"); code != "" {
		f.Code = code
	}
	for i := range min(len(r.PostForm["product"]), mostProductRows) {
		k := productForm{
			Code: nth(r, "product", i), Name: nth(r, "product_name", i), Ingredient: nth(r, "ingredient", i), Pack: nth(r, "pack", i),
			Price: nth(r, "product_price", i), Least: nth(r, "least", i), Preferred: r.PostFormValue("preferred_"+itoa(i)) != "",
		}
		if k != (productForm{}) {
			f.Products = append(f.Products, k)
		}
	}
	slices.SortStableFunc(f.Products, func(a, b productForm) int { return strings.Compare(a.Code, b.Code) })
	return f
}

// supplier reads what the form says. Errors: KindInvalid, for what is no number, amount or quantity; all else is for the editor
// to judge.
func (f supplierForm) supplier(set edit.Set) (load.Supplier, error) {
	var wrong errs.Fields
	p := load.Supplier{
		Code: f.Code, Name: f.Name, Email: f.Email, Phone: f.Phone, Currency: f.Currency, LeadDays: count(&wrong, "lead_days", f.LeadDays, 1),
		CutOff: f.CutOff, Minimum: amount(&wrong, "minimum", f.Minimum),
	}
	for _, c := range f.Days {
		if d, err := strconv.Atoi(string(c)); err == nil {
			p.Days = append(p.Days, time.Weekday(d))
		}
	}
	for i, k := range f.Products {
		p.Products = append(p.Products, k.product(&wrong, fmt.Sprintf("products[%d]", i), set))
	}
	return p, wrong.Err()
}

func (f productForm) product(wrong *errs.Fields, path string, set edit.Set) load.Product {
	k := load.Product{
		Code: f.Code, Name: f.Name, Ingredient: f.Ingredient, Price: amount(wrong, path+".price", f.Price), Least: count(wrong, path+".least", f.Least, 1),
		Preferred: f.Preferred,
	}
	if unit := unitOf(set, f.Ingredient); unit != "" && f.Pack != "" {
		q, err := measure.ParseQuantity(f.Pack, unit)
		if err != nil {
			wrong.Add(path+".pack", "%s", err)
		}
		k.Pack = q
	}
	return k
}
