package settings

import (
	"net/http"
	"slices"
	"strings"

	"brigade/internal/actor"
	"brigade/internal/measure"
	"brigade/internal/menu/edit"
	"brigade/internal/menu/load"
)

// recipesPage is what the page recipes shows.
type recipesPage struct {
	setFrame
	Recipes []recipeView
	Pager
}

// recipeView is a recipe as it is drawn.
type recipeView struct {
	SKU, Name string
	Graph     edit.Graph
	Critical  string // its steps, one after the other
	Parts     string
}

func (s *server) showRecipes(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	f, err := s.setUp(r, who, "recipes", outcome{})
	if err != nil {
		return err
	}
	p := recipesPage{setFrame: f}
	items, pager := paged(r, f.Set.Outlet.Items)
	p.Pager = pager
	for _, it := range items {
		p.Recipes = append(p.Recipes, p.recipe(it))
	}
	s.set.Render(w, r, http.StatusOK, "recipes", p)
	return nil
}

func (f setFrame) recipe(it load.Item) recipeView {
	v := recipeView{SKU: it.SKU, Name: it.Name, Graph: edit.Draw(it.Steps)}
	v.Critical = strings.Join(v.Graph.Steps, " → ")
	if t := f.Set.Find(load.Ref{Kind: load.KindItem, Name: it.SKU}); t != nil {
		v.Parts = f.partsText(t.Item.Parts)
	}
	return v
}

func (f setFrame) partsText(parts []load.Part) string {
	texts := make([]string, len(parts))
	for i, p := range parts {
		texts[i] = p.Quantity.In(f.unit(p.Code)) + " " + f.ingredient(p.Code)
	}
	return strings.Join(texts, ", ")
}

func (f setFrame) unit(code string) measure.Unit { return f.stocked(code).Unit }

func (f setFrame) ingredient(code string) string { return f.stocked(code).Name }

func (f setFrame) stocked(code string) load.Ingredient {
	if f.Set.Outlet.Stock == nil {
		return load.Ingredient{}
	}
	i := slices.IndexFunc(f.Set.Outlet.Stock.Ingredients, func(g load.Ingredient) bool { return g.Code == code })
	if i < 0 {
		return load.Ingredient{}
	}
	return f.Set.Outlet.Stock.Ingredients[i]
}

// itemPage is what the page of an item shows: what it is, how it is made, and of what.
type itemPage struct {
	setFrame
	New        bool
	Path       string
	Form       itemForm
	Steps      []stepView
	Allergens  []choice
	Other      string // allergens that the list does not have
	Categories []string
	Stock      []load.Ingredient
	Graph      edit.Graph
	Critical   string
}

// stepView is a step of the form with what can be chosen in it.
type stepView struct {
	stepForm
	No       int
	Index    int
	Stations []choice
	Machines []choice
	Others   []choice
}

// allergens are those that the European Union wants to be told of (regulation 1169/2011, annex II).
var allergens = []string{
	"gluten", "crustaceans", "egg", "fish", "peanuts", "soybeans", "milk", "nuts", "celery", "mustard", "sesame", "sulphites", "lupin", "molluscs",
}

func (s *server) showItem(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	f, err := s.setUp(r, who, "menu", outcome{})
	if err != nil {
		return err
	}
	sku := r.PathValue("sku")
	if sku == "" {
		return s.renderItem(w, r, f, http.StatusOK, newItemForm())
	}
	t := f.Set.Find(load.Ref{Kind: load.KindItem, Name: sku})
	if t == nil {
		return s.NoPage(r)
	}
	return s.renderItem(w, r, f, http.StatusOK, formOf(*t, f.unit))
}

func (s *server) renderItem(w http.ResponseWriter, r *http.Request, f setFrame, status int, form itemForm) error {
	item, _ := form.item(f.Set) // what is wrong with it was said before
	p := itemPage{setFrame: f, New: r.PathValue("sku") == "", Form: form, Graph: edit.Draw(item.Steps), Path: r.URL.Path}
	p.Critical, p.Form.Groups = strings.Join(p.Graph.Steps, " → "), roomy(form.Groups)
	for i := range form.Steps {
		p.Steps = append(p.Steps, p.step(i))
	}
	for _, a := range allergens {
		p.Allergens = append(p.Allergens, choice{a, f.Say("setup.allergen." + a), slices.Contains(form.Allergens, a)})
	}
	p.Other = strings.Join(slices.DeleteFunc(slices.Clone(form.Allergens), func(a string) bool { return slices.Contains(allergens, a) }), ", ")
	for _, it := range f.Set.Outlet.Items {
		if it.Category != "" && !slices.Contains(p.Categories, it.Category) {
			p.Categories = append(p.Categories, it.Category)
		}
	}
	if f.Set.Outlet.Stock != nil {
		p.Stock = f.Set.Outlet.Stock.Ingredients
	}
	s.set.Render(w, r, status, "item", p)
	return nil
}

func (p itemPage) step(i int) stepView {
	st := p.Form.Steps[i]
	v := stepView{stepForm: st, No: i + 1, Index: i}
	v.Stations = chosen(p.Set.Outlet.Stations, st.Station, func(x load.Station) string { return x.Name })
	v.Machines = chosen(p.Set.Outlet.Machines, st.Machine, func(x load.Machine) string { return x.Name })
	for j, o := range p.Form.Steps {
		if j != i {
			v.Others = append(v.Others, choice{itoa(j), o.Name, slices.Contains(st.After, j)})
		}
	}
	return v
}

// chosen makes choices of names; what is chosen and not among them stays, so that nothing is lost.
func chosen[V any](list []V, now string, name func(V) string) []choice {
	var out []choice
	known := now == ""
	for _, v := range list {
		out = append(out, choice{name(v), name(v), name(v) == now})
		known = known || name(v) == now
	}
	if !known {
		out = append(out, choice{now, now, true})
	}
	return out
}

// saveItem writes the form of an item, or changes the form itself, as its button "do" says: add a step, take one away,
// draw it again.
func (s *server) saveItem(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	form := readItem(r)
	if do := r.PostFormValue("do"); do != "" && do != "save" {
		f, err := s.setUp(r, who, "menu", outcome{})
		if err != nil {
			return err
		}
		return s.renderItem(w, r, f, http.StatusOK, form.changed(do))
	}
	form.Groups = filled(form.Groups)
	f, err := s.setUp(r, who, "menu", outcome{})
	if err != nil {
		return err
	}
	item, err := form.item(f.Set)
	wished := edit.Thing{Item: &item}
	var done edit.Done
	if err == nil {
		done, err = s.Editor.Put(r.Context(), who, f.Outlet.ID, wished, form.Version)
	}
	if err == nil {
		return s.renderMenu(w, r, who, outcome{done: &done, said: "setup.saved", name: item.Name})
	}
	o := outcome{err: err, wished: &wished}
	if f, err = s.setUp(r, who, "menu", o); err != nil {
		return err
	}
	if late := overtakenBy(o.err); late != nil {
		form.Version = late.Version()
	}
	return s.renderItem(w, r, f, o.status(), form)
}
