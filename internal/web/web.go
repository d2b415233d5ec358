// Package web serves Brigade's pages: server-rendered, alive by server-sent events, usable without JavaScript.
//
// To add a page: a template in templates, a file with its handlers, a line in routes. Sections of a page that change
// while somebody looks are partials that the page and its feed (live.go) render alike.
package web

import (
	"context"
	"log/slog"
	"net/http"

	"brigade/internal/actor"
	"brigade/internal/clock"
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
	Menu    Menu // what test orders are made of; needed with Demo only
	Tail    *event.Tail
	Clock   clock.Clock  // the product's
	Demo    *actor.Actor // whom visitors without a token act as; nil: a token is demanded
	Log     *slog.Logger
}

// New returns the handler of all pages. Mount it at "/", "/login", "/logout", at "/board/" (forms), "/live/" (streams,
// which end with their request's context) and "/static/".
func New(p Parts) http.Handler {
	s := &server{Parts: p, assets: loadAssets()}
	s.pages = parsePages(s.assets)
	s.boards = &feeds{
		tail: p.Tail, page: s.pages["board"], log: p.Log, active: map[int64]*feed{}, look: s.lookFor,
		beat: func(o tenant.Outlet) any { return s.clock(o) },
	}
	return protect(s.routes())
}

// server has the handlers of all pages.
type server struct {
	Parts
	assets *assets
	pages  pages
	boards *feeds
}

func (s *server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /static/", s.assets)
	mux.HandleFunc("GET /login", s.showLogin)
	mux.HandleFunc("POST /login", s.login)
	mux.HandleFunc("POST /logout", s.logout)
	for pattern, do := range map[string]action{
		"GET /{$}":                             s.showBoard,
		"GET /live/board":                      s.liveBoard,
		"POST /board/orders":                   s.placeTestOrder,
		"POST /board/orders/{number}/handover": s.handOver,
		"POST /board/machines/{id}":            s.setMachine,
		"POST /board/staff/{id}":               s.setBreak,
		"GET /":                                noSuchPage,
	} {
		mux.HandleFunc(pattern, s.as(do))
	}
	return mux
}

func noSuchPage(_ http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	return errs.NotFound("there is no page %s", r.URL.Path)
}
