// Package shop serves what guests see: an outlet's menu, their cart, and the way from there to an order. Nobody signs in.
//
// A cart is a cookie on the guest's own device: strangers can fill no table of ours, a cart survives a reload and a
// restart, and any node can serve it. It holds no prices: what is sold, and for how much, is read from the menu each time.
package shop

import (
	"context"
	"embed"
	"html/template"
	"net/http"
	"sync"
	"time"

	"brigade/internal/actor"
	"brigade/internal/delivery"
	"brigade/internal/event"
	"brigade/internal/menu"
	"brigade/internal/order"
	"brigade/internal/tenant"
	"brigade/internal/web/page"
)

// Tenants lists all tenants, so that a shop's address can name one; tenant.Service does.
type Tenants interface {
	ListTenants(ctx context.Context) ([]tenant.Tenant, error)
}

// Menu says what an outlet sells; menu.Catalogue does. The answer is shared.
type Menu interface {
	Items(ctx context.Context, tenant, outlet int64) ([]menu.Item, error)
}

// Sales says what cannot be ordered just now; menu.Sales does.
type Sales interface {
	Paused(ctx context.Context, who actor.Actor, outlet int64) ([]menu.Pause, error)
}

// Orders foretells and takes orders; order.Service does.
type Orders interface {
	Quote(ctx context.Context, who actor.Actor, p order.Placement) (order.Quote, error)
	Place(ctx context.Context, who actor.Actor, p order.Placement) (order.Receipt, error)
}

// Hours knows when outlets are open, among other settings.
type Hours interface {
	Settings(ctx context.Context, outlet int64) (order.Settings, error)
}

// Zones knows where outlets deliver; delivery.Zones does.
type Zones interface {
	Atlas(ctx context.Context, who actor.Actor, outlet int64) (*delivery.Atlas, error)
}

// Links says where a guest follows his order; tracking.Links does.
type Links interface {
	Path(tenant, order int64) string
}

// Parts are what the shop stands on.
type Parts struct {
	Tenants Tenants
	Menu    Menu
	Sales   Sales
	Orders  Orders
	Hours   Hours
	Zones   Zones
	Links   Links
	Accepts func(order.Method) bool // which ways to pay there are
	Public  string                  // where guests reach this Brigade, for what is printed; "": where the owner reached it
}

// server has the handlers of the shop's pages.
type server struct {
	*page.Kit
	Parts
	set    *page.Set
	feeds  *page.Feeds
	asks   page.Limiter // of one network in one shop: looks at the promise, changes of a cart
	orders page.Limiter // the same: orders

	mu      sync.Mutex
	tenants []tenant.Tenant // as they were read
	readAt  time.Time       // in real time
}

//go:embed templates
var templates embed.FS

// How much one network may ask of one shop: so much at once, and one more each gap.
const (
	askBurst, askGap     = 120, 100 * time.Millisecond
	orderBurst, orderGap = 10, 4 * time.Second
)

// Mount adds the shop's pages.
func Mount(mux *http.ServeMux, k *page.Kit, p Parts) {
	s := &server{
		Kit: k, Parts: p, set: k.Set(templates, arithmetic),
		asks: page.NewLimiter(askBurst, askGap), orders: page.NewLimiter(orderBurst, orderGap),
	}
	s.feeds = k.Feeds(page.FeedOptions{
		Look: s.lookFor, Cut: s.cut,
		Page: func(view string) *template.Template { return s.set.Of(viewLang(view).Code, "menu") },
	})
	const at = "/shop/{tenant}/{outlet}"
	for pattern, do := range map[string]func(http.ResponseWriter, *http.Request, place) error{
		"GET " + at:                        s.showMenu,
		"GET " + at + "/item/{sku}":        s.showItem,
		"GET " + at + "/art/{sku}":         s.showArt,
		"GET " + at + "/table/{table}":     s.sitDown,
		"GET " + at + "/cart":              s.showCart,
		"POST " + at + "/cart":             s.addToCart,
		"POST " + at + "/cart/line":        s.changeLine,
		"POST " + at + "/way":              s.changeWay,
		"POST " + at + "/order":            s.placeOrder,
		"GET /live/shop/{tenant}/{outlet}": s.live,
	} {
		mux.HandleFunc(pattern, k.Open(s.in(do)))
	}
	mux.HandleFunc("GET /shop/{$}", k.Open(s.anyShop))
	mux.HandleFunc("GET /shop/{short}", k.Open(s.anyShop))
	mux.HandleFunc("GET "+at+"/tables", k.As(s.showTables, actor.Manager))
}

// arithmetic is what templates reckon with.
var arithmetic = template.FuncMap{
	"inc": func(n int) int { return n + 1 },
	"dec": func(n int) int { return n - 1 },
	"add": func(a, b int) int { return a + b },
}

// live streams what changes on a menu while a guest looks at it.
func (s *server) live(w http.ResponseWriter, r *http.Request, p place) error {
	t := page.About(p.Outlet)
	t.Events.Types = []event.Type{event.SalePaused, event.SaleResumed}
	return s.feeds.Stream(w, r, t, viewOf(page.Language(r), p), func(context.Context) error { return nil })
}
