package shop

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"brigade/internal/errs"
	"brigade/internal/menu"
	"brigade/internal/order"
	"brigade/internal/tenant"
	"brigade/internal/web/page"
	"brigade/internal/web/texts"
)

// look is what was read of a shop at a time.
type look struct {
	Now     time.Time
	Items   []menu.Item
	Pauses  []menu.Pause
	Hours   []order.OpenHours
	Promise order.Quote // of something ordinary, if it was ordered now
}

// state is whether a shop takes orders.
type state string

// The states.
const (
	open   state = "open"
	busy   state = "busy"
	paused state = "paused"
	closed state = "closed"
)

func (s *server) look(ctx context.Context, p place) (l *look, err error) {
	l = &look{Now: s.Clock.Now()}
	if l.Items, err = s.Menu.Items(ctx, p.Outlet.Tenant, p.ID); err != nil {
		return nil, err
	}
	if l.Pauses, err = s.Sales.Paused(ctx, p.guest(), p.ID); err != nil {
		return nil, err
	}
	set, err := s.Hours.Settings(ctx, p.ID)
	if err != nil {
		return nil, err
	}
	l.Hours = set.Hours
	return l, s.foretell(ctx, p, l)
}

// foretell asks when something that is sold would be ready. Where nothing is, or the shop is closed, nobody knows.
func (s *server) foretell(ctx context.Context, p place, l *look) error {
	i := slices.IndexFunc(l.Items, func(it menu.Item) bool { return it.Paused(l.Pauses) == "" })
	if i < 0 {
		return nil
	}
	q, err := s.Orders.Quote(ctx, p.guest(), order.Placement{
		Source: order.FromShop, Outlet: p.ID, Type: order.Takeout, Items: []order.Wanted{{SKU: l.Items[i].SKU, Quantity: 1}},
	})
	if errs.Is(err, errs.KindConflict) || errs.Is(err, errs.KindInvalid) {
		return nil
	}
	l.Promise = q
	return err
}

// lookFor is look for all who watch a shop.
func (s *server) lookFor(ctx context.Context, t page.Topic) (any, error) {
	return s.look(ctx, place{Outlet: t.Outlet})
}

// viewOf is how a menu is shown: in which language, under which tenant's address. "en demo".
func viewOf(l texts.Language, p place) string { return l.Code + " " + p.tenant.Slug }

func viewLang(view string) texts.Language {
	code, _, _ := strings.Cut(view, " ")
	l, _ := texts.Find(code)
	return l
}

// cut is what a look shows in a view.
func (s *server) cut(t page.Topic, view string, seen any) []page.Section {
	_, slug, _ := strings.Cut(view, " ")
	v := newMenuView(place{t.Outlet, tenant.Tenant{Slug: slug}}, viewLang(view), seen.(*look))
	sections := []page.Section{{Name: "state", Part: "state", Data: v.State}}
	for _, c := range v.Categories {
		sections = append(sections, page.Section{Name: c.Key, Part: "category", Data: c})
	}
	return sections
}

// menuView is a menu as guests see it.
type menuView struct {
	State      stateView
	Categories []category
}

// stateView says whether the shop takes orders, and when what is ordered now is ready.
type stateView struct {
	State    state
	Text     string
	Ready    string // "18:40–18:47"; "" = nobody knows
	Minutes  int    // from now until then, at most
	Opens    string // of a closed shop: when it opens again; "" = nobody knows
	Takes    bool   // orders, for now or for later
	Schedule bool   // for later only
}

// category is a part of the menu.
type category struct {
	Key, Name string
	Dishes    []dish
}

// dish is an item as guests see it.
type dish struct {
	SKU, Name, Description string
	Price                  string
	Choices                bool
	Allergens              string
	Alcohol                bool
	Out                    bool // it cannot be ordered just now
	Base, Art              string
}

func newMenuView(p place, l texts.Language, seen *look) menuView {
	v := menuView{State: newStateView(p, l, seen)}
	keys := map[string]int{}
	for _, it := range seen.Items {
		i, known := keys[it.Category]
		if !known {
			i = len(v.Categories)
			keys[it.Category] = i
			v.Categories = append(v.Categories, category{Key: "part-" + strconv.Itoa(i), Name: it.Category})
		}
		v.Categories[i].Dishes = append(v.Categories[i].Dishes, newDish(p, l, it, seen.Pauses))
	}
	return v
}

func newDish(p place, l texts.Language, it menu.Item, pauses []menu.Pause) dish {
	return dish{
		SKU: it.SKU, Name: it.Name, Description: it.Description, Price: priced(l, p.Currency, it.Price), Choices: len(it.Choices) > 0,
		Allergens: allergens(l, it.Allergens), Alcohol: it.Alcohol, Out: it.Paused(pauses) != "", Base: p.base(), Art: artPath(p, it),
	}
}

// allergens says them in a language, as far as they are known ones, which have texts.
func allergens(l texts.Language, names []string) string {
	said := make([]string, len(names))
	for i, n := range names {
		text, err := l.Say("shop.allergen." + strings.ToLower(n))
		if err != nil {
			text = n
		}
		said[i] = text
	}
	return strings.Join(said, ", ")
}

func newStateView(p place, l texts.Language, seen *look) stateView {
	say, q := page.Sayer(l), seen.Promise
	v := stateView{State: open, Takes: true}
	if i := slices.IndexFunc(seen.Pauses, stopsAll); i >= 0 {
		v.State, v.Takes, v.Text = paused, false, say("shop.paused")
		if until := seen.Pauses[i].Until; !until.IsZero() {
			v.Text = say("shop.paused_until", until.In(p.zone()).Format("15:04"))
		}
		return v
	}
	if !order.OpenAt(seen.Hours, seen.Now, p.zone()) {
		v.State, v.Schedule, v.Text = closed, true, say("shop.closed")
		if at := opens(seen.Hours, seen.Now, p.zone()); !at.IsZero() {
			v.Opens = clockDay(l, at, seen.Now, p.zone())
			v.Text = say("shop.closed_until", v.Opens)
		}
		return v
	}
	v.Text = say("shop.open")
	if q.State == string(busy) {
		v.State, v.Text = busy, say("shop.busy")
	}
	if q.Known {
		v.Ready, v.Minutes = between(q.P50, q.P90, p.zone()), int((q.P90.Sub(seen.Now)+time.Minute-1)/time.Minute)
	}
	return v
}

// stopsAll tells whether a pause closes the shop.
func stopsAll(p menu.Pause) bool {
	return p.Kind == menu.PauseOutlet || p.Kind == menu.PauseSource && p.Name == order.FromShop
}

// between says when something is ready: "18:40–18:47", or the one minute that both are in.
func between(from, to time.Time, zone *time.Location) string {
	a, b := from.In(zone).Format("15:04"), to.In(zone).Add(59*time.Second).Format("15:04")
	if a == b {
		return a
	}
	return a + "–" + b
}

// clockDay says a time that may be on another day.
func clockDay(l texts.Language, at, now time.Time, zone *time.Location) string {
	at, now = at.In(zone), now.In(zone)
	if at.YearDay() == now.YearDay() {
		return at.Format("15:04")
	}
	return page.Sayer(l)("shop.day."+strconv.Itoa(int(at.Weekday()))) + " " + at.Format("15:04")
}

// menuPage is what the page menu shows.
type menuPage struct {
	frame
	menuView
	Others []tenant.Outlet
	Cart   cartView
}

// frame is what all pages of a shop show.
type frame struct {
	page.Frame
	Shop  string // its name
	Base  string
	Table int // at which the guest sits; 0 = none
	Demo  bool
	Clock page.ClockView
}

func (s *server) frame(r *http.Request, p place, c cart, title string) frame {
	f := s.Frame(r, title)
	f.Nav = nil // guests have no business there
	return frame{f, p.Name, p.base(), c.Way.Table, s.Demo != nil, s.Time(p.Outlet)}
}

func (s *server) showMenu(w http.ResponseWriter, r *http.Request, p place) error {
	seen, err := s.look(r.Context(), p)
	if err != nil {
		return err
	}
	c := s.cart(r, p)
	lang := page.Language(r)
	s.set.Render(w, r, http.StatusOK, "menu", menuPage{
		frame: s.frame(r, p, c, p.Name), menuView: newMenuView(p, lang, seen), Cart: newCartView(p, lang, c, seen),
	})
	return nil
}

// item finds an item of the shop's menu. Errors: KindNotFound.
func (l *look) item(sku string) (menu.Item, error) {
	i := slices.IndexFunc(l.Items, func(it menu.Item) bool { return it.SKU == sku })
	if i < 0 {
		return menu.Item{}, errs.NotFound("This is not on the menu any more.")
	}
	return l.Items[i], nil
}
