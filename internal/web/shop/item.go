package shop

import (
	"net/http"
	"slices"
	"strconv"

	"brigade/internal/errs"
	"brigade/internal/menu"
	"brigade/internal/modifier"
	"brigade/internal/web/page"
	"brigade/internal/web/texts"
)

// itemPage is what the page item shows.
type itemPage struct {
	frame
	dish
	Base    string // of the frame and the dish, which are the same
	Groups  []groupView
	Most    int
	InSheet bool // over the menu, which it changes
}

// groupView is choices of one kind, as they are offered.
type groupView struct {
	Field   string // of the form
	Name    string
	Hint    string // how many
	Single  bool   // just one of them is taken
	Most    int
	Choices []choiceView
}

type choiceView struct {
	Name, Extra, Allergens string
	Usual                  bool
}

// showItem is an item with what can be chosen of it: a page of its own, and for scripts what a sheet shows.
func (s *server) showItem(w http.ResponseWriter, r *http.Request, p place) error {
	seen, err := s.look(r.Context(), p)
	if err != nil {
		return err
	}
	it, err := seen.item(r.PathValue("sku"))
	if err != nil {
		return err
	}
	lang := page.Language(r)
	data := itemPage{
		frame: s.frame(r, p, s.cart(r, p), it.Name), Base: p.base(), dish: newDish(p, lang, it, seen.Pauses), Groups: newGroups(p, lang, it), Most: mostOfLine,
	}
	if r.Header.Get("HX-Request") != "" {
		data.InSheet = true
		s.set.Part(w, r, "item", "sheet", data)
		return nil
	}
	s.set.Render(w, r, http.StatusOK, "item", data)
	return nil
}

func newGroups(p place, l texts.Language, it menu.Item) (out []groupView) {
	say := page.Sayer(l)
	for i, g := range it.Choices {
		v := groupView{Field: "g" + strconv.Itoa(i), Name: g.Name, Single: g.Min == 1 && g.Max == 1, Most: g.Max}
		switch {
		case v.Single:
		case g.Min == 0:
			v.Hint = say("shop.up_to", g.Max)
		default:
			v.Hint = say("shop.from_to", g.Min, g.Max)
		}
		for j, c := range g.Choices {
			v.Choices = append(v.Choices, choiceView{c.Name, extra(l, p.Currency, c.Price), allergens(l, c.Allergens), g.Usual(j)})
		}
		out = append(out, v)
	}
	return out
}

// wish reads the form of an item. Errors: KindInvalid, KindConflict when it is sold out.
func wish(r *http.Request, it menu.Item, pauses []menu.Pause) (line, error) {
	if it.Paused(pauses) != "" {
		return line{}, errs.Conflict("%s is sold out.", it.Name)
	}
	l := line{SKU: it.SKU, N: 1, Note: words(r.PostFormValue("note"), longestNote)}
	if n, err := strconv.Atoi(r.PostFormValue("quantity")); err == nil {
		l.N = min(max(n, 1), mostOfLine)
	}
	for i, g := range it.Choices {
		for _, name := range r.PostForm["g"+strconv.Itoa(i)] {
			if pick := (modifier.Pick{Group: g.Name, Choice: name}); !slices.Contains(l.Picks, pick) {
				l.Picks = append(l.Picks, pick)
			}
		}
	}
	if _, _, err := modifier.Apply(it.Choices, l.Picks); err != nil {
		return line{}, errs.Invalid("%s", err)
	}
	l.Picks = unusual(it.Choices, l.Picks)
	return l, nil
}

// unusual leaves out what a guest gets anyway, so that a cart is short and equal lines are one.
func unusual(groups []modifier.Group, picks []modifier.Pick) []modifier.Pick {
	return slices.DeleteFunc(picks, func(p modifier.Pick) bool {
		i := slices.IndexFunc(groups, func(g modifier.Group) bool { return g.Name == p.Group })
		g := groups[i]
		return g.Min == 1 && g.Max == 1 && g.Choices[0].Name == p.Choice
	})
}

// addToCart puts an item into the cart.
func (s *server) addToCart(w http.ResponseWriter, r *http.Request, p place) error {
	if err := s.asks.Check(p.asker(r)); err != nil {
		return err
	}
	seen, err := s.look(r.Context(), p)
	if err != nil {
		return err
	}
	it, err := seen.item(r.PostFormValue("sku"))
	if err != nil {
		return err
	}
	l, err := wish(r, it, seen.Pauses)
	if err != nil {
		return err
	}
	c := s.cart(r, p)
	if err := c.add(l); err != nil {
		return err
	}
	return s.changed(w, r, p, c, seen)
}

// changed keeps a cart and shows what is in it: to scripts as the bar below the menu, else by the menu itself.
func (s *server) changed(w http.ResponseWriter, r *http.Request, p place, c cart, seen *look) error {
	if err := s.keep(w, r, p, c); err != nil {
		return err
	}
	if r.Header.Get("HX-Request") == "" {
		http.Redirect(w, r, p.base(), http.StatusSeeOther)
		return nil
	}
	s.set.Part(w, r, "menu", "bar-cart", newCartView(p, page.Language(r), c, seen))
	return nil
}
