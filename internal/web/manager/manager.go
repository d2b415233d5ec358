// Package manager serves the pages of whoever runs a kitchen: its day as a plan, how promises were kept, why orders were
// late, who and what is at work, and what another kitchen would have made of the same orders.
package manager

import (
	"context"
	"embed"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/kitchen"
	"brigade/internal/menu"
	"brigade/internal/sim/whatif"
	"brigade/internal/tenant"
	"brigade/internal/web/page"
	"brigade/internal/web/texts"
)

// Days tells how kitchens' days go; *kitchen.Diaries does.
type Days interface {
	Today(ctx context.Context, who actor.Actor, outlet int64) (*kitchen.Diary, error)
}

// Explainer tells where orders' time went; *kitchen.Explainer does.
type Explainer interface {
	Order(ctx context.Context, who actor.Actor, order int64, due time.Time) (*kitchen.Account, error)
}

// Kitchen shows what a kitchen does just now; *kitchen.Service does.
type Kitchen interface {
	Glance(ctx context.Context, who actor.Actor, outlet int64, limit int) (*kitchen.Board, kitchen.Tally, error)
}

// WhatIf answers what would be different; *whatif.Runs does.
type WhatIf interface {
	Start(who actor.Actor, a whatif.Asked) (string, error)
	Get(who actor.Actor, outlet int64, id string) (whatif.Trial, error)
	List(who actor.Actor, outlet int64) ([]whatif.Trial, error)
	Cancel(who actor.Actor, outlet int64, id string) error
}

// Menu says what an outlet sells; menu.Catalogue does. The answer is shared.
type Menu interface {
	Items(ctx context.Context, tenant, outlet int64) ([]menu.Item, error)
}

// Parts are what the manager's pages show and act on.
type Parts struct {
	Days    Days
	Explain Explainer
	Kitchen Kitchen
	Menu    Menu
	WhatIf  WhatIf
}

// server has the handlers of the manager's pages.
type server struct {
	*page.Kit
	Parts
	set  *page.Set
	days *page.Feeds
}

//go:embed templates
var templates embed.FS

// looksApart is the time between two looks at a kitchen's day, at least: nobody bumps by this page.
const looksApart = time.Second

// Mount adds the manager's pages.
func Mount(mux *http.ServeMux, k *page.Kit, p Parts) {
	s := &server{Kit: k, Parts: p, set: k.Set(templates, template.FuncMap{"share": share, "kinds": func() []string { return kinds }})}
	s.days = k.Feeds(page.FeedOptions{
		Look: s.look, Cut: cutDay, Spacing: looksApart,
		Page: func(view string) *template.Template { return s.set.Of(viewOf(view).lang.Code, "day") },
	})
	k.MountAll(mux, map[string]page.Action{
		"GET /manager":                               s.anyKitchen,
		"GET /manager/{$}":                           s.anyKitchen,
		"GET /manager/{outlet}":                      s.showDay,
		"GET /live/manager/{outlet}/{span}":          s.liveDay,
		"GET /manager/{outlet}/why/{order}":          s.showWhy,
		"GET /manager/{outlet}/what-if":              s.showQuestions,
		"POST /manager/{outlet}/what-if":             s.ask,
		"GET /manager/{outlet}/what-if/{id}":         s.showAnswer,
		"POST /manager/{outlet}/what-if/{id}/cancel": s.cancel,
	}, actor.Manager)
}

// head is what all pages of the manager have around them.
type head struct {
	page.Frame
	Outlet  tenant.Outlet
	Outlets []tenant.Outlet // that the visitor may see
	Base    string          // /manager/OUTLET
	Signed  bool
	Clock   page.ClockView
	Asking  bool // the page is about what-if
}

func (s *server) head(r *http.Request, o tenant.Outlet, all []tenant.Outlet, title string) head {
	f := s.Frame(r, "")
	f.Title = f.Say(title) + " · " + o.Name
	return head{Frame: f, Outlet: o, Outlets: all, Base: base(o), Signed: s.Signed(r), Clock: s.Time(o)}
}

func base(o tenant.Outlet) string { return "/manager/" + url.PathEscape(o.Slug) }

// anyKitchen goes to the visitor's own kitchen.
func (s *server) anyKitchen(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	outlet, _, err := s.Outlet(r, who)
	if err == nil {
		http.Redirect(w, r, base(outlet), http.StatusSeeOther)
	}
	return err
}

// dayPage is what the page day shows.
type dayPage struct {
	head
	Day dayView
	Why *whyView // nil: no order is explained
}

// showDay shows a kitchen's day, and why the order that is asked for took so long; else the latest one.
func (s *server) showDay(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	outlet, all, err := s.Outlet(r, who)
	if err != nil {
		return err
	}
	d, err := s.Days.Today(r.Context(), who, outlet.ID)
	if err != nil {
		return err
	}
	h := s.head(r, outlet, all, "manager.title")
	v := view{h.Lang, spanOf(r.FormValue("span"))}
	p := dayPage{head: h, Day: newDayView(d, outlet, v)}
	if late := d.LateOrders(); len(late) > 0 {
		if p.Why, err = s.why(r.Context(), who, outlet, late[0], v.lang); err != nil {
			return err
		}
	}
	s.set.Render(w, r, http.StatusOK, "day", p)
	return nil
}

// liveDay streams what changes of a day.
func (s *server) liveDay(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	outlet, _, err := s.Outlet(r, who)
	if err != nil {
		return err
	}
	v := view{page.Language(r), spanOf(r.PathValue("span"))}
	return s.days.Stream(w, r, page.About(outlet), v.String(), s.MayStay(r, who))
}

// look reads a day for all who watch it.
func (s *server) look(ctx context.Context, t page.Topic) (any, error) {
	return s.Days.Today(ctx, page.Watcher(t.Outlet), t.Outlet.ID)
}

// view is how somebody looks at a day.
type view struct {
	lang texts.Language
	span string // which stretch of the day is drawn
}

func (v view) String() string { return v.lang.Code + "|" + v.span }

func viewOf(text string) view {
	code, span, _ := strings.Cut(text, "|")
	l, _ := texts.Find(code)
	return view{l, spanOf(span)}
}

// cutDay is what a look shows in a view, in pieces that change apart.
func cutDay(t page.Topic, text string, look any) []page.Section {
	v := newDayView(look.(*kitchen.Diary), t.Outlet, viewOf(text))
	list := []page.Section{
		{Name: "figures", Part: "manager-figures", Data: v},
		{Name: "axis", Part: "manager-axis", Data: v.Axis},
		{Name: "stations", Part: "manager-stations", Data: v.Stations},
		{Name: "people", Part: "manager-people", Data: v.People},
		{Name: "machines", Part: "manager-machines", Data: v.Machines},
		{Name: "promises", Part: "manager-promises", Data: v.Promises},
		{Name: "late", Part: "manager-late", Data: v.Late},
	}
	for _, l := range append(v.ByStation, v.ByPerson...) {
		list = append(list, page.Section{Name: l.Key, Part: "manager-lane", Data: l})
	}
	return list
}

// showWhy shows why one order took so long.
func (s *server) showWhy(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	outlet, all, err := s.Outlet(r, who)
	if err != nil {
		return err
	}
	d, err := s.Days.Today(r.Context(), who, outlet.ID)
	if err != nil {
		return err
	}
	for _, o := range d.Orders {
		if o.Number != r.PathValue("order") {
			continue
		}
		why, err := s.why(r.Context(), who, outlet, o, page.Language(r))
		if err != nil {
			return err
		}
		if r.Header.Get("HX-Request") != "" {
			s.set.Part(w, r, "day", "manager-why", why)
			return nil
		}
		h := s.head(r, outlet, all, "manager.title")
		s.set.Render(w, r, http.StatusOK, "day", dayPage{h, newDayView(d, outlet, view{h.Lang, spanOf("")}), why})
		return nil
	}
	return errs.NotFound("order %s is not of today", r.PathValue("order"))
}
