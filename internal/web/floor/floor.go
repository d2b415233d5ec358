// Package floor serves the pages of a restaurant at work: the board, and the kitchen's displays.
package floor

import (
	"context"
	"embed"
	"html/template"
	"net/http"

	"brigade/internal/actor"
	"brigade/internal/delivery"
	"brigade/internal/kitchen"
	"brigade/internal/menu"
	"brigade/internal/order"
	"brigade/internal/web/page"
)

// Menu says what an outlet sells; menu.Catalogue does. The answer is shared.
type Menu interface {
	Items(ctx context.Context, tenant, outlet int64) ([]menu.Item, error)
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

// Parts are what the floor's pages show and act on.
type Parts struct {
	Orders  *order.Service
	Kitchen *kitchen.Service
	Menu    Menu  // what test orders are made of; needed with Demo only
	Sales   Sales // nil: nothing can be taken off the menu here
	Fleet   Fleet // nil: nobody knows who carries what
}

// server has the handlers of the floor's pages.
type server struct {
	*page.Kit
	Parts
	set      *page.Set
	boards   *page.Feeds
	kitchens *page.Feeds
}

//go:embed templates
var templates embed.FS

// Mount adds the floor's pages.
func Mount(mux *http.ServeMux, k *page.Kit, p Parts) {
	s := &server{Kit: k, Parts: p, set: newSet(k)}
	s.boards = k.Feeds(page.FeedOptions{
		Look: s.lookFor, Cut: cutBoard,
		Page: func(lang string) *template.Template { return s.set.Of(lang, "board") },
	})
	s.kitchens = k.Feeds(page.FeedOptions{
		Look: s.lookAtKitchen, Cut: cutKitchen, Spacing: kitchenSpacing,
		Page: func(view string) *template.Template { return s.set.Of(viewLang(view).Code, "station") },
	})
	mux.HandleFunc("GET /kitchen/worker.js", k.File("kit/worker.js"))
	for pattern, do := range map[string]page.Action{ // for those who work at one station only, too
		"GET /kitchen/{$}":                     s.anyKitchen,
		"GET /kitchen/{outlet}":                s.showKitchen,
		"GET /kitchen/{outlet}/station/{id}":   s.showKitchen,
		"GET /live/kitchen/{outlet}/{view...}": s.liveKitchen,
		"POST /kitchen/{outlet}/taps":          s.settleTaps,
	} {
		mux.HandleFunc(pattern, k.AtStation(do))
	}
	k.MountAll(mux, map[string]page.Action{
		"GET /{$}":                             s.showBoard,
		"GET /live/board":                      s.liveBoard,
		"POST /board/orders":                   s.placeTestOrder,
		"POST /board/orders/{number}/handover": s.handOver,
		"POST /board/machines/{id}":            s.setMachine,
		"POST /board/staff/{id}":               s.setBreak,
		"GET /kitchen/{outlet}/{view}":         s.showKitchen,
		"GET /kitchen/{outlet}/print/{number}": s.printTicket,
		"POST /kitchen/{outlet}/86":            s.setSoldOut,
	})
}

// newSet parses the floor's templates.
func newSet(k *page.Kit) *page.Set {
	return k.Set(templates, template.FuncMap{"reasons": func() []string { return remakeReasons }})
}

// remakeReasons are why something is made again, as a screen offers them; each is a text.
var remakeReasons = []string{"dropped", "burnt", "cold", "wrong"}
