package floor

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"brigade/internal/web/page"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/kitchen"
	"brigade/internal/menu"
	"brigade/internal/order"
	"brigade/internal/tenant"
	"brigade/internal/web/texts"
)

// The views of a kitchen, as they stand in paths: /kitchen/OUTLET/VIEW. "" is where one is chosen.
const (
	viewHub     = ""
	viewStation = "station" // of one station, by id
	viewAll     = "all"     // of all stations
	viewExpo    = "expo"
	viewAllDay  = "all-day"
	view86      = "86"
)

// kitchenPage is what the kitchen's pages show.
type kitchenPage struct {
	page.Frame
	Outlet  tenant.Outlet
	Outlets []tenant.Outlet
	View    string // as in the path, with the station's id
	Station string // its name
	Base    string // /kitchen/OUTLET
	Signed  bool
	Clock   page.ClockView
	Tabs    []tab
	Whole   bool // the visitor sees the whole kitchen, not one station only

	Hub    hubScreen
	Cook   stationScreen
	Expo   expoScreen
	AllDay allDayScreen
	Menu   []soldItem
}

// tab is a way to another view.
type tab struct {
	Path, Name string
	Here       bool
}

// anyKitchen goes to the visitor's own kitchen.
func (s *server) anyKitchen(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	outlet, _, err := s.Outlet(r, who)
	if err == nil {
		http.Redirect(w, r, "/kitchen/"+url.PathEscape(outlet.Slug), http.StatusSeeOther)
	}
	return err
}

// showKitchen shows a kitchen's view.
func (s *server) showKitchen(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	outlet, all, err := s.Outlet(r, who)
	if err != nil {
		return err
	}
	path := r.PathValue("view")
	if id := r.PathValue("id"); id != "" {
		path = viewStation + "/" + id
	}
	view, ok := readView(path)
	if !ok {
		return s.NoPage(r)
	}
	own := kitchenView{viewStation, who.Station}
	switch {
	case who.Station != 0 && view.Kind == viewHub:
		http.Redirect(w, r, "/kitchen/"+url.PathEscape(outlet.Slug)+"/"+own.String(), http.StatusSeeOther)
		return nil
	case who.Station != 0 && view != own:
		return who.Whole()
	}
	l, err := s.readKitchen(r.Context(), who, outlet)
	if err != nil {
		return err
	}
	p := s.kitchenPage(r, outlet, all, view)
	if p.Whole = who.Station == 0; p.Whole {
		p.Tabs = tabs(l, p.Base, view.String(), p.Say)
	}
	if err := s.fill(r.Context(), who, &p, view, l); err != nil {
		return err
	}
	s.set.Render(w, r, http.StatusOK, pageOf[view.Kind], p)
	return nil
}

// pageOf are the pages of the views.
var pageOf = map[string]string{
	viewHub: "kitchen", viewStation: "station", viewAll: "station", viewExpo: "expo", viewAllDay: "allday", view86: "menu86",
}

// fill adds what a view shows of a kitchen. Errors: KindNotFound when it has no such station.
func (s *server) fill(ctx context.Context, who actor.Actor, p *kitchenPage, view kitchenView, l *kitchenLook) (err error) {
	switch view.Kind {
	case viewHub:
		p.Hub = newHub(l, p.Base)
	case viewStation, viewAll:
		if p.Station, err = stationName(l, view.Station, p.Say); err == nil {
			p.Title, p.Cook = p.Station+" · "+p.Outlet.Name, newStationScreen(l, view.Station, p.Say)
		}
	case viewExpo:
		p.Expo = newExpoScreen(l, p.Say)
	case viewAllDay:
		p.AllDay = newAllDayScreen(l)
	default:
		p.Menu, err = s.soldItems(ctx, who, p.Outlet)
	}
	return err
}

func (s *server) kitchenPage(r *http.Request, o tenant.Outlet, all []tenant.Outlet, view kitchenView) kitchenPage {
	return kitchenPage{
		Frame: s.Frame(r, o.Name), Outlet: o, Outlets: all, View: view.String(), Base: "/kitchen/" + url.PathEscape(o.Slug),
		Signed: s.Signed(r), Clock: s.Time(o),
	}
}

// kitchenView is what of a kitchen a screen shows.
type kitchenView struct {
	Kind    string
	Station int64 // of viewStation; 0 = all
}

// String is the view as it stands in paths.
func (v kitchenView) String() string {
	if v.Kind == viewStation {
		return v.Kind + "/" + strconv.FormatInt(v.Station, 10)
	}
	return v.Kind
}

// readView reads a view as it stands in paths; ok is false when there is no such one.
func readView(path string) (v kitchenView, ok bool) {
	kind, id, _ := strings.Cut(path, "/")
	v.Kind = kind
	if kind == viewStation {
		v.Station, _ = strconv.ParseInt(id, 10, 64)
		return v, v.Station > 0 && v.String() == path
	}
	return v, pageOf[kind] != "" && kind == path
}

func stationName(l *kitchenLook, id int64, tell say) (string, error) {
	if id == 0 {
		return tell("kitchen.all"), nil
	}
	i := slices.IndexFunc(l.Stations, func(st kitchen.StationView) bool { return st.ID == id })
	if i < 0 {
		return "", errs.NotFound("this kitchen has no station %d", id)
	}
	return l.Stations[i].Name, nil
}

// tabs are the ways to the other views of a kitchen.
func tabs(l *kitchenLook, base, view string, tell say) (list []tab) {
	add := func(path, name string) { list = append(list, tab{base + "/" + path, name, path == view}) }
	for _, st := range l.Stations {
		add(viewStation+"/"+strconv.FormatInt(st.ID, 10), st.Name)
	}
	add(viewAll, tell("kitchen.all"))
	add(viewExpo, tell("kitchen.expo"))
	add(viewAllDay, tell("kitchen.allday"))
	add(view86, tell("kitchen.menu86"))
	return list
}

// hubScreen is where a screen is chosen.
type hubScreen struct {
	Stations       []hubTile
	Base           string
	Orders, AtPass int
}

// hubTile is a station to be chosen.
type hubTile struct {
	ID            int64
	Name, Path    string
	InHand, Waits int
}

func newHub(l *kitchenLook, base string) hubScreen {
	h := hubScreen{Base: base, Orders: l.Tally.Tickets, AtPass: len(l.Pass)}
	for _, st := range l.Stations {
		n := l.Tally.Stations[st.ID]
		h.Stations = append(h.Stations, hubTile{
			st.ID, st.Name, base + "/" + viewStation + "/" + strconv.FormatInt(st.ID, 10), n.Assigned + n.Started, n.Ready + n.Blocked,
		})
	}
	return h
}

// liveKitchen streams what changes of a view.
func (s *server) liveKitchen(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	outlet, _, err := s.Outlet(r, who)
	if err != nil {
		return err
	}
	view, ok := readView(r.PathValue("view"))
	if !ok || view.Kind == view86 { // which is no live one
		return s.NoPage(r)
	}
	if who.Station != 0 && view != (kitchenView{viewStation, who.Station}) {
		return who.Whole()
	}
	return s.kitchens.Stream(w, r, page.About(outlet), page.Language(r).Code+"|"+view.String(), s.MayStay(r, who))
}

// viewLang is the language of a feed's view.
func viewLang(view string) texts.Language {
	code, _, _ := strings.Cut(view, "|")
	l, _ := texts.Find(code)
	return l
}

// cutKitchen is what a look shows in a view: a patch for each card, and in which order they stand.
func cutKitchen(t page.Topic, view string, look any) []page.Section {
	l, tell := look.(*kitchenLook), page.Sayer(viewLang(view))
	_, path, _ := strings.Cut(view, "|")
	v, _ := readView(path)
	switch v.Kind {
	case viewStation, viewAll:
		return stationSections(newStationScreen(l, v.Station, tell))
	case viewExpo:
		return expoSections(newExpoScreen(l, tell))
	case viewAllDay:
		return []page.Section{patch("allday", "allday", newAllDayScreen(l))}
	}
	return []page.Section{patch("hub", "hub", newHub(l, "/kitchen/"+url.PathEscape(t.Outlet.Slug)))}
}

// patch is a section that replaces the element with the same id.
func patch(name, part string, data any) page.Section {
	return page.Section{Name: name, Part: part, Data: data, Event: "patch"}
}

func stationSections(v stationScreen) (list []page.Section) {
	var o orders
	for _, c := range v.Now {
		list = append(list, patch(o.add("now", c.Order), "cook-card", c))
	}
	for _, c := range slices.Concat(v.Next, v.Held) {
		list = append(list, patch(o.add(c.List, c.Order), "wait-card", c))
	}
	return append(list, patch("counts", "station-counts", v), patch("recent", "recent", v.Recent), o.section("now", "next", "held"))
}

func expoSections(v expoScreen) (list []page.Section) {
	var o orders
	for _, c := range slices.Concat(v.Ready, v.Making) {
		list = append(list, patch(o.add(c.List, c.Order), "expo-card", c))
	}
	return append(list, patch("counts", "expo-counts", v), o.section("ready", "making"))
}

// orders says in which order the cards of some lists stand: "now:now-7,now-9;next:".
type orders map[string][]string

// add puts a card at the end of a list, and returns its id.
func (o *orders) add(list string, id int64) string {
	if *o == nil {
		*o = orders{}
	}
	name := list + "-" + strconv.FormatInt(id, 10)
	(*o)[list] = append((*o)[list], name)
	return name
}

func (o *orders) section(lists ...string) page.Section {
	var parts []string
	for _, name := range lists {
		parts = append(parts, name+":"+strings.Join((*o)[name], ","))
	}
	return page.Section{Name: "lists", Part: "text", Data: strings.Join(parts, ";")}
}

// screenTap is what a screen sends of a tap: what the kitchen does, or handing an order over.
type screenTap struct {
	Key    string `json:"key"`
	Do     string `json:"do"`
	Task   int64  `json:"task"`
	Order  int64  `json:"order"`
	Number string `json:"number"`
	Course int    `json:"course"`
	Line   int    `json:"line"`
	Unit   int    `json:"unit"`
	Step   *int   `json:"step"`
	Reason string `json:"reason"`
}

// settleTaps carries out what a screen has gathered, each tap once, in its order.
func (s *server) settleTaps(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	if _, _, err := s.Outlet(r, who); err != nil {
		return err
	}
	return page.SettleTaps(w, r, func(t screenTap) page.Settled {
		repeated, err := s.settleTap(r.Context(), who, t)
		return s.Settled(r, t.Key, repeated, err)
	})
}

const doHandOver = "hand_over"

func (s *server) settleTap(ctx context.Context, who actor.Actor, t screenTap) (repeated bool, err error) {
	if t.Do == doHandOver { // repeated, it is answered as before
		if err := who.Whole(); err != nil {
			return false, err
		}
		_, err := s.Orders.HandOver(ctx, who, t.Number)
		return false, err
	}
	tap := kitchen.Tap{
		Key: t.Key, Do: kitchen.TapKind(t.Do), Task: t.Task, Order: t.Order, Course: t.Course, Line: t.Line, Unit: t.Unit, Step: -1, Reason: t.Reason,
	}
	if t.Step != nil {
		tap.Step = *t.Step
	}
	return s.Kitchen.Tap(ctx, who, tap)
}

// soldItem is an item of the menu that may be 86.
type soldItem struct {
	SKU, Name, Category string
	Out                 bool
	Why                 string
}

func (s *server) soldItems(ctx context.Context, who actor.Actor, o tenant.Outlet) ([]soldItem, error) {
	if s.Menu == nil || s.Sales == nil {
		return nil, nil
	}
	items, err := s.Menu.Items(ctx, who.Tenant, o.ID)
	if err != nil {
		return nil, err
	}
	pauses, err := s.Sales.Paused(ctx, who, o.ID)
	list := make([]soldItem, len(items))
	for i, it := range items {
		list[i] = soldItem{SKU: it.SKU, Name: it.Name, Category: it.Category}
		for _, p := range pauses {
			if p.Kind == menu.PauseItem && p.Name == it.SKU {
				list[i].Out, list[i].Why = true, p.Reason
			}
		}
	}
	slices.SortStableFunc(list, func(a, b soldItem) int {
		return cmp.Or(-rushFirst(b.Out, a.Out), cmp.Compare(a.Category, b.Category), cmp.Compare(a.Name, b.Name))
	})
	return list, err
}

// setSoldOut takes an item off the menu or puts it back, as the form's field "to" says.
func (s *server) setSoldOut(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	outlet, _, err := s.Outlet(r, who)
	if err != nil {
		return err
	}
	if s.Sales == nil {
		return errs.NotFound("nothing is sold here")
	}
	sku := r.PostFormValue("sku")
	switch r.PostFormValue("to") {
	case "out":
		_, err = s.Sales.Pause(r.Context(), who, outlet.ID, menu.Pause{Kind: menu.PauseItem, Name: sku, Reason: "sold out"})
	case "sale":
		_, err = s.Sales.Resume(r.Context(), who, outlet.ID, menu.PauseItem, sku)
	default:
		err = errs.Malformed("an item is 86 or on sale")
	}
	if err == nil {
		http.Redirect(w, r, "/kitchen/"+url.PathEscape(outlet.Slug)+"/"+view86, http.StatusSeeOther)
	}
	return err
}

// printedTicket is what the page print shows.
type printedTicket struct {
	kitchenPage
	Order  order.Order
	Placed string
	Card   expoCard
}

// printTicket shows an order for paper.
func (s *server) printTicket(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	outlet, all, err := s.Outlet(r, who)
	if err != nil {
		return err
	}
	o, err := s.Orders.Get(r.Context(), who, r.PathValue("number"))
	if err != nil {
		return err
	}
	if o.Outlet != outlet.ID {
		return errs.NotFound("there is no order %s here", r.PathValue("number"))
	}
	p := s.kitchenPage(r, outlet, all, kitchenView{})
	l := &kitchenLook{Zone: outlet.Timezone, Screen: &kitchen.Screen{}}
	card := newExpoCard(l, o, kitchen.TicketView{}, p.Say)
	s.set.Render(w, r, http.StatusOK, "print", printedTicket{p, o, l.at(o.PlacedAt), card})
	return nil
}
