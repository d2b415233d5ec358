// Package planning serves the pages on which tomorrow is planned: what will sell, what to prepare and to buy, how stock
// will run, how good the forecasts were, and what somebody should look at.
package planning

import (
	"context"
	"embed"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"brigade/internal/actor"
	"brigade/internal/alert"
	"brigade/internal/event"
	plans "brigade/internal/planning"
	"brigade/internal/stock"
	"brigade/internal/tenant"
	"brigade/internal/web/page"
)

// Parts are what the planning pages show and act on.
type Parts struct {
	Planning *plans.Service
	Planner  *plans.Planner
	Stock    *stock.Service
	Alerts   *alert.Service
	// Paper writes a purchase order for its supplier, as csv or pdf.
	Paper func(ctx context.Context, who actor.Actor, p stock.Purchase, format string) ([]byte, error)
}

// server has the handlers of the planning pages.
type server struct {
	*page.Kit
	Parts
	set   *page.Set
	feeds *page.Feeds
}

//go:embed templates
var templates embed.FS

// Mount adds the planning pages.
func Mount(mux *http.ServeMux, k *page.Kit, p Parts) {
	s := &server{Kit: k, Parts: p, set: k.Set(templates, nil)}
	s.feeds = k.Feeds(page.FeedOptions{
		Look: s.look, Cut: cut, Again: lookAgain,
		Page: func(lang string) *template.Template { return s.set.Of(lang, "forecast") },
	})
	k.MountAll(mux, map[string]page.Action{
		"GET /planning":                                  s.any,
		"GET /planning/{$}":                              s.any,
		"GET /planning/{outlet}":                         s.showForecast,
		"GET /planning/{outlet}/purchases":               s.showPurchases,
		"GET /planning/{outlet}/purchases/{id}/document": s.document,
		"GET /planning/{outlet}/validation":              s.showValidation,
		"GET /planning/{outlet}/alerts":                  s.showAlerts,
		"POST /planning/{outlet}/forecast":               s.makeForecast,
		"POST /planning/{outlet}/forecast/edit":          s.editForecast,
		"POST /planning/{outlet}/plan":                   s.makePlans,
		"POST /planning/{outlet}/production":             s.editProduction,
		"POST /planning/{outlet}/procurement":            s.editProcurement,
		"POST /planning/{outlet}/purchases":              s.draftSuggested,
		"POST /planning/{outlet}/purchases/{id}":         s.editPurchase,
		"POST /planning/{outlet}/purchases/{id}/send":    s.sendPurchase,
		"POST /planning/{outlet}/purchases/{id}/cancel":  s.cancelPurchase,
		"POST /planning/{outlet}/validation":             s.validate,
		"POST /planning/{outlet}/alerts/{id}":            s.changeAlert,
	}, actor.Manager)
	k.MountAll(mux, map[string]page.Action{ // whoever cooks may know what to prepare and what there is
		"GET /planning/{outlet}/production":              s.showProduction,
		"GET /planning/{outlet}/stock":                   s.showStock,
		"POST /planning/{outlet}/stock":                  s.bookStock,
		"POST /planning/{outlet}/purchases/{id}/receive": s.receivePurchase,
		"GET /live/planning/{outlet}":                    s.live,
	}, actor.Manager, actor.Cook)
}

// tab is a page of an outlet's planning: the text "planning.tab." + its key, and its path after the outlet's.
type tab struct {
	key, path string
	cooks     bool // see it too
}

var tabs = []tab{
	{"forecast", "", false},
	{"production", "/production", true},
	{"purchases", "/purchases", false},
	{"stock", "/stock", true},
	{"validation", "/validation", false},
	{"alerts", "/alerts", false},
}

// tabView is a tab as it is shown.
type tabView struct {
	Key, Path, Name string
	Here            bool
}

// head is what every planning page shows around itself.
type head struct {
	page.Frame
	Tab     string
	Base    string // /planning/kitchen
	Path    string // of the tab, for the switch between outlets
	Outlet  tenant.Outlet
	Outlets []tenant.Outlet
	Tabs    []tabView
	Clock   page.ClockView
	Manages bool // may change plans and buy
	Today   plans.Day
	State   stateView
	f       format
}

// F writes numbers and dates as the visitor is used to; templates use it.
func (h *head) F() format { return h.f }

// begin reads what every planning page begins with.
func (s *server) begin(r *http.Request, who actor.Actor, key string) (head, error) {
	outlet, all, err := s.Outlet(r, who)
	if err != nil {
		return head{}, err
	}
	h := head{
		Frame: s.Frame(r, s.Say(r, "planning.tab."+key)+" · "+outlet.Name), Tab: key, Base: "/planning/" + url.PathEscape(outlet.Slug),
		Outlet: outlet, Outlets: all, Clock: s.Time(outlet), Manages: who.Require(actor.Manager) == nil, f: newFormat(page.Language(r), outlet),
	}
	for _, t := range tabs {
		if t.cooks || h.Manages {
			h.Tabs = append(h.Tabs, tabView{t.key, h.Base + t.path, s.Say(r, "planning.tab."+t.key), t.key == key})
		}
		if t.key == key {
			h.Path = t.path
		}
	}
	o, err := s.Planning.Outlet(r.Context(), who, outlet.ID)
	if err != nil {
		return h, err
	}
	h.Today = o.Today(s.Clock.Now())
	if h.Manages {
		h.State, err = s.state(r.Context(), who, outlet)
	}
	return h, err
}

// any leads to the visitor's own outlet.
func (s *server) any(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	outlet, _, err := s.Outlet(r, who)
	if err == nil {
		http.Redirect(w, r, "/planning/"+url.PathEscape(outlet.Slug), http.StatusSeeOther)
	}
	return err
}

// done answers a form, and has the open page read itself again.
func (s *server) done(w http.ResponseWriter, r *http.Request, key string, t page.Toast) error {
	back := "/planning/" + url.PathEscape(r.PathValue("outlet"))
	back += tabs[slices.IndexFunc(tabs, func(t tab) bool { return t.key == key })].path
	w.Header().Set("HX-Trigger", "changed")
	return s.Done(w, r, back, t)
}

// lookAgain is how often the state of forecasts and alerts is read while nothing is heard of them.
const lookAgain = 2 * time.Second

// stateView is what is going on with an outlet's planning: it follows by the feed.
type stateView struct {
	Run     int64  // the latest making of forecasts; 0: none
	Status  string // of it
	Busy    bool
	Series  int
	Done    int
	Failure string
	Alerts  int // that live
	More    bool
}

// Percent is how far the run is.
func (v stateView) Percent() int {
	if v.Series == 0 {
		return 0
	}
	return 100 * v.Done / v.Series
}

const mostAlerts = 99 // counted for the tab

func (s *server) state(ctx context.Context, who actor.Actor, o tenant.Outlet) (stateView, error) {
	var v stateView
	runs, err := s.Planning.Runs(ctx, who, 0, 20)
	if err != nil {
		return v, err
	}
	for _, r := range runs {
		if r.Kind == plans.RunDaily && (r.Outlet == 0 || r.Outlet == o.ID) {
			v = stateView{Run: r.ID, Status: string(r.Status), Series: r.Series, Done: r.Done, Failure: r.Error}
			v.Busy = r.Status == plans.RunPending || r.Status == plans.RunRunning
			break
		}
	}
	list, err := s.Alerts.Alerts(ctx, who, alert.Filter{Outlet: o.ID, Shared: true, Live: true, Most: mostAlerts + 1})
	v.Alerts, v.More = min(len(list), mostAlerts), len(list) > mostAlerts
	return v, err
}

// live streams the state of an outlet's planning.
func (s *server) live(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	outlet, _, err := s.Outlet(r, who)
	if err != nil {
		return err
	}
	return s.feeds.Stream(w, r, topicOf(who, outlet), page.Language(r).Code, s.MayStay(r, who))
}

// ofAll ends the key of an outlet's topic for those who are bound to no outlet: they are told of the alerts of all.
const ofAll = " of all"

// topicOf is what an outlet's feed tells somebody.
func topicOf(who actor.Actor, o tenant.Outlet) page.Topic {
	t := page.Topic{
		Key:    strconv.FormatInt(o.ID, 10),
		Events: event.Filter{Tenant: o.Tenant, Types: []event.Type{event.AlertRaised, event.AlertAcknowledged, event.AlertArchived}},
		Outlet: o,
	}
	if !who.Bound {
		t.Key += ofAll
	}
	return t
}

func (s *server) look(ctx context.Context, t page.Topic) (any, error) {
	who := page.Watcher(t.Outlet)
	who.Bound = !strings.HasSuffix(t.Key, ofAll)
	return s.state(ctx, who, t.Outlet)
}

func cut(_ page.Topic, _ string, look any) []page.Section {
	return []page.Section{
		{Name: "state", Part: "state", Data: look},
		{Name: "alerts", Part: "alert-count", Data: look},
	}
}
