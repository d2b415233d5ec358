// Package web serves Brigade's pages: server-rendered, alive by server-sent events, usable without JavaScript.
//
// To add a page: a template in templates, a file with its handlers, a line in routes. Sections of a page that change
// while somebody looks are partials that the page and its feed (live.go) render alike.
package web

import (
	"context"
	"html/template"
	"log/slog"
	"net/http"

	"brigade/internal/actor"
	"brigade/internal/clock"
	"brigade/internal/delivery"
	"brigade/internal/errs"
	"brigade/internal/event"
	"brigade/internal/kitchen"
	"brigade/internal/menu"
	"brigade/internal/order"
	"brigade/internal/tenant"
)

// Tenants says who holds a token and which outlets there are; tenant.Service does.
type Tenants interface {
	// Authenticate returns whom a token stands for. Errors: KindUnauthorized, KindForbidden.
	Authenticate(ctx context.Context, token string) (actor.Actor, error)
	// ListOutlets returns a tenant's outlets by slug; the answer is shared.
	ListOutlets(ctx context.Context, tenant int64) ([]tenant.Outlet, error)
}

// Menu says what an outlet sells; menu.Catalogue does. The answer is shared.
type Menu interface {
	Items(ctx context.Context, tenant, outlet int64) ([]menu.Item, error)
}

// Parts are what the pages show and act on.
type Parts struct {
	Orders  *order.Service
	Kitchen *kitchen.Service
	Tenants Tenants
	Menu    Menu  // what test orders are made of; needed with Demo only
	Sales   Sales // nil: nothing can be taken off the menu here
	Fleet   Fleet // nil: nobody knows who carries what
	Tail    *event.Tail
	Clock   clock.Clock  // the product's
	Demo    *actor.Actor // whom visitors without a token act as; nil: a token is demanded
	Log     *slog.Logger
}

// Sales takes items off the menu and puts them back; menu.Sales does.
type Sales interface {
	Pause(ctx context.Context, who actor.Actor, outlet int64, p menu.Pause) (menu.Pause, error)
	Resume(ctx context.Context, who actor.Actor, outlet int64, kind menu.PauseKind, name string) (menu.Pause, error)
	Paused(ctx context.Context, who actor.Actor, outlet int64) ([]menu.Pause, error)
}

// Fleet says who carries what; delivery.Service does.
type Fleet interface {
	List(ctx context.Context, who actor.Actor, f delivery.Filter) ([]*delivery.Delivery, error)
	Drivers(ctx context.Context, who actor.Actor, f delivery.DriverFilter) ([]*delivery.Driver, error)
}

// Mounts are the patterns that New's handler answers.
var Mounts = []string{"/{$}", "/board/", "/kitchen/", "/live/", "/static/", "/login", "/logout", "/look"}

// New returns the handler of all pages, for Mounts. Streams end with their request's context.
func New(p Parts) http.Handler {
	s := &server{Parts: p, assets: loadAssets()}
	s.pages = parsePages(s.assets)
	beat := func(o tenant.Outlet) any { return s.clock(o) }
	s.boards = &feeds{
		tail: p.Tail, log: p.Log, active: map[int64]*feed{}, look: s.lookFor, cut: cutBoard, beat: beat,
		page: func(lang string) *template.Template { return s.pages[lang]["board"] },
	}
	s.kitchens = &feeds{
		tail: p.Tail, log: p.Log, active: map[int64]*feed{}, look: s.lookAtKitchen, cut: cutKitchen, beat: beat, spacing: kitchenSpacing,
		page: func(view string) *template.Template { return s.pages[viewLang(view).Code]["station"] },
	}
	return protect(s.routes())
}

// server has the handlers of all pages.
type server struct {
	Parts
	assets   *assets
	pages    pages
	boards   *feeds
	kitchens *feeds
}

func (s *server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /static/", s.assets)
	mux.HandleFunc("GET /login", s.showLogin)
	mux.HandleFunc("POST /login", s.login)
	mux.HandleFunc("POST /logout", s.logout)
	mux.HandleFunc("POST /look", s.chooseLook)
	mux.HandleFunc("GET /kitchen/worker.js", s.assets.serve("kitchen/worker.js")) // its place says for which pages it is
	for pattern, do := range map[string]action{
		"GET /{$}":                             s.showBoard,
		"GET /live/board":                      s.liveBoard,
		"POST /board/orders":                   s.placeTestOrder,
		"POST /board/orders/{number}/handover": s.handOver,
		"POST /board/machines/{id}":            s.setMachine,
		"POST /board/staff/{id}":               s.setBreak,
		"GET /kitchen/{$}":                     s.anyKitchen,
		"GET /kitchen/{outlet}":                s.showKitchen,
		"GET /kitchen/{outlet}/{view}":         s.showKitchen,
		"GET /kitchen/{outlet}/station/{id}":   s.showKitchen,
		"GET /kitchen/{outlet}/print/{number}": s.printTicket,
		"GET /live/kitchen/{outlet}/{view...}": s.liveKitchen,
		"POST /kitchen/{outlet}/taps":          s.settleTaps,
		"POST /kitchen/{outlet}/86":            s.setSoldOut,
		"GET /":                                noSuchPage,
	} {
		mux.HandleFunc(pattern, s.as(do))
	}
	return mux
}

func noSuchPage(_ http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	return errs.NotFound("there is no page %s", r.URL.Path)
}
