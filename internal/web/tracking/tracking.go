// Package tracking serves the page on which a customer follows his order: by its link, without a login.
package tracking

import (
	"context"
	"embed"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"time"

	"brigade/internal/actor"
	"brigade/internal/delivery"
	"brigade/internal/errs"
	"brigade/internal/event"
	"brigade/internal/kitchen"
	"brigade/internal/order"
	"brigade/internal/tenant"
	"brigade/internal/web/page"
)

// Links says whose order a link is for; tracking.Links does.
type Links interface {
	Read(link string) (tenant, order int64, ok bool)
	Path(tenant, order int64) string
}

// Orders knows orders with their history and terms; order.Care does.
type Orders interface {
	File(ctx context.Context, who actor.Actor, ref string) (order.File, error)
}

// Kitchen knows when an order will be ready; kitchen.Service does.
type Kitchen interface {
	Ticket(ctx context.Context, who actor.Actor, order int64) (kitchen.TicketView, error)
}

// Explainer knows why an order takes so long; kitchen.Explainer does.
type Explainer interface {
	Order(ctx context.Context, who actor.Actor, order int64, due time.Time) (*kitchen.Account, error)
}

// Fleet knows who brings an order, and where he is; delivery.Service does.
type Fleet interface {
	Get(ctx context.Context, who actor.Actor, ref string) (*delivery.Delivery, error)
	Follow(ctx context.Context, token string) (delivery.Followed, error)
	Driver(ctx context.Context, who actor.Actor, ref string) (*delivery.Driver, error)
}

// Cashier knows where guests pay by themselves; order.Cashier does.
type Cashier interface {
	Page(ctx context.Context, order int64) (url string, err error)
}

// Zones knows where an outlet delivers; delivery.Zones does.
type Zones interface {
	Atlas(ctx context.Context, who actor.Actor, outlet int64) (*delivery.Atlas, error)
}

// Parts are what the page stands on.
type Parts struct {
	Links   Links
	Orders  Orders
	Kitchen Kitchen
	Why     Explainer
	Fleet   Fleet
	Zones   Zones
	Cashier Cashier
}

type server struct {
	*page.Kit
	Parts
	set   *page.Set
	feeds *page.Feeds
	pays  page.Limiter // of one order: ways to where it is paid, for which its provider is asked
}

//go:embed templates
var templates embed.FS

// How often an order is looked at: no more often than spacing, and every so often without an event, because drivers move
// and promises change without one.
const (
	spacing = time.Second
	again   = 5 * time.Second
)

// How often a guest may ask where he pays: so often at once, and once more each gap.
const payBurst, payGap = 6, 2 * time.Second

// Mount adds the page.
func Mount(mux *http.ServeMux, k *page.Kit, p Parts) {
	s := &server{Kit: k, Parts: p, set: k.Set(templates, nil), pays: page.NewLimiter(payBurst, payGap)}
	s.feeds = k.Feeds(page.FeedOptions{
		Look: s.lookFor, Cut: s.cut, Spacing: spacing, Again: again, Over: func(l any) bool { return l.(*look).File.Order.Status.Closed() },
		Page: func(lang string) *template.Template { return s.set.Of(lang, "track") },
	})
	mux.HandleFunc("GET /track/{link}", k.Open(s.show))
	mux.HandleFunc("GET /live/track/{link}", k.Open(s.live))
	mux.HandleFunc("GET /track/{link}/pay", k.Open(s.pay))
}

// followed is an order that somebody has the link of.
type followed struct {
	order  int64
	outlet tenant.Outlet
}

func (f followed) ref() string { return strconv.FormatInt(f.order, 10) }

// guest is who reads an order for whoever has its link.
func (f followed) guest() actor.Actor {
	return actor.Actor{Tenant: f.outlet.Tenant, Outlet: f.outlet.ID, Bound: true, Name: "guest", Role: actor.System}
}

// find returns whose order a request's link is for. Errors: KindNotFound, which says no more than that.
func (s *server) find(r *http.Request) (f followed, err error) {
	none := errs.NotFound("%s", s.Say(r, "tracking.no_such"))
	owner, id, ok := s.Links.Read(r.PathValue("link"))
	if !ok {
		return f, none
	}
	file, err := s.Orders.File(r.Context(), actor.Actor{Tenant: owner, Name: "guest", Role: actor.System}, strconv.FormatInt(id, 10))
	if errs.Is(err, errs.KindNotFound) {
		return f, none
	}
	if err != nil {
		return f, err
	}
	outlets, err := s.Tenants.ListOutlets(r.Context(), owner)
	if err != nil {
		return f, err
	}
	i := slices.IndexFunc(outlets, func(o tenant.Outlet) bool { return o.ID == file.Order.Outlet })
	if i < 0 {
		return f, none
	}
	return followed{id, outlets[i]}, nil
}

// trackPage is what the page track shows.
type trackPage struct {
	page.Frame
	Link   string
	Clock  page.ClockView
	Outlet tenant.Outlet
	View   view
}

// pay leads to where the guest pays by himself; when there is nothing to pay any more, back to his order.
func (s *server) pay(w http.ResponseWriter, r *http.Request) error {
	f, err := s.find(r)
	if err != nil {
		return err
	}
	if err := s.pays.Check(f.ref()); err != nil {
		return err
	}
	to, err := s.Cashier.Page(r.Context(), f.order)
	if errs.Is(err, errs.KindConflict) {
		to, err = "/track/"+r.PathValue("link"), nil
	}
	if err == nil {
		http.Redirect(w, r, to, http.StatusSeeOther)
	}
	return err
}

func (s *server) show(w http.ResponseWriter, r *http.Request) error {
	f, err := s.find(r)
	if err != nil {
		return err
	}
	look, err := s.look(r.Context(), f)
	if err != nil {
		return err
	}
	v := s.view(look, page.Language(r).Code)
	w.Header().Set("X-Robots-Tag", "noindex")
	s.set.Render(w, r, http.StatusOK, "track", trackPage{
		Frame: s.Frame(r, v.Headline), Link: r.PathValue("link"), Clock: s.Time(f.outlet), Outlet: f.outlet, View: v,
	})
	return nil
}

func (s *server) live(w http.ResponseWriter, r *http.Request) error {
	f, err := s.find(r)
	if err != nil {
		return err
	}
	t := page.Topic{
		Key: f.ref(), Outlet: f.outlet, Concerns: f.concerns,
		Events: event.Filter{Tenant: f.outlet.Tenant, Outlet: f.outlet.ID, Types: happenings},
	}
	return s.feeds.Stream(w, r, t, page.Language(r).Code, func(context.Context) error { return nil })
}

// happenings are the events of an order, and of its delivery; both have the order's id.
var happenings = []event.Type{
	event.OrderStatusChanged, event.OrderEdited, event.DeliveryRequested, event.DeliveryOffered, event.DeliveryDeclined,
	event.DeliveryAssigned, event.DeliveryReleased, event.DeliveryPickedUp, event.DeliveryDelivered, event.DeliveryCancelled,
	event.DeliveryEscalated, event.DeliveryLate, event.DriverNear,
}

func (f followed) concerns(e event.Event) bool { return e.AggregateID == f.order }

// cut is what changes on the page while somebody looks.
func (s *server) cut(_ page.Topic, lang string, l any) []page.Section {
	v := s.view(l.(*look), lang)
	return []page.Section{
		{Name: "state", Part: "state", Data: v},
		{Name: "steps", Part: "steps", Data: v},
		{Name: "notes", Part: "notes", Data: v},
		{Name: "town", Part: "trackmap", Data: v},
		{Name: "lines", Part: "lines", Data: v},
	}
}
