// Package dispatch serves the page from which a region's deliveries are run: the map, what is open by urgency, who could
// carry it, and what is to be done by hand.
package dispatch

import (
	"context"
	"embed"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"brigade/internal/actor"
	"brigade/internal/delivery"
	"brigade/internal/errs"
	"brigade/internal/event"
	"brigade/internal/tenant"
	"brigade/internal/web/page"
)

// Fleet is who carries what; delivery.Service does.
type Fleet interface {
	Overview(ctx context.Context, who actor.Actor, region int64) (*delivery.Overview, error)
	Home(ctx context.Context, who actor.Actor, outlet int64) (delivery.Region, error)
	Regions(ctx context.Context, who actor.Actor) ([]delivery.RegionState, error)
	Get(ctx context.Context, who actor.Actor, ref string) (*delivery.Delivery, error)
	Driver(ctx context.Context, who actor.Actor, ref string) (*delivery.Driver, error)
	Explain(ctx context.Context, who actor.Actor, ref string) (*delivery.Delivery, []delivery.OfferView, error)
	Assign(ctx context.Context, who actor.Actor, delivery, driver string) (*delivery.Delivery, error)
	TakeOver(ctx context.Context, who actor.Actor, delivery, driver string) (*delivery.Delivery, error)
	Unassign(ctx context.Context, who actor.Actor, delivery string) (*delivery.Delivery, error)
	Pin(ctx context.Context, who actor.Actor, delivery, driver string) (*delivery.Delivery, error)
	Incident(ctx context.Context, who actor.Actor, ref, reason string) (*delivery.Driver, error)
	EndIncident(ctx context.Context, who actor.Actor, ref string) (*delivery.Driver, error)
}

// Zones are paused and resumed; delivery.Zones does.
type Zones interface {
	Atlas(ctx context.Context, who actor.Actor, outlet int64) (*delivery.Atlas, error)
	Pause(ctx context.Context, who actor.Actor, outlet int64, name string, until time.Time, reason string) (*delivery.Atlas, error)
	Resume(ctx context.Context, who actor.Actor, outlet int64, name string) (*delivery.Atlas, error)
}

// Parts are what the page shows and acts on.
type Parts struct {
	Fleet Fleet
	Zones Zones
}

type server struct {
	*page.Kit
	Parts
	set   *page.Set
	feeds *page.Feeds
}

//go:embed templates
var templates embed.FS

// How often a region is looked at: no more often than spacing, and every so often without an event, because drivers move.
const (
	spacing = 500 * time.Millisecond
	again   = 5 * time.Second
)

// Mount adds the page.
func Mount(mux *http.ServeMux, k *page.Kit, p Parts) {
	s := &server{Kit: k, Parts: p, set: k.Set(templates, nil)}
	s.feeds = k.Feeds(page.FeedOptions{
		Look: s.lookFor, Cut: s.cut, Spacing: spacing, Again: again,
		Page: func(view string) *template.Template { lang, _ := splitView(view); return s.set.Of(lang, "dispatch") },
	})
	k.MountAll(mux, map[string]page.Action{
		"GET /dispatch":                        s.anyRegion,
		"GET /dispatch/{$}":                    s.anyRegion,
		"GET /dispatch/{place}":                s.show,
		"GET /dispatch/{place}/order/{number}": s.showOrder,
		"GET /dispatch/{place}/driver/{id}":    s.showDriver,
		"GET /live/dispatch/{place}":           s.live,
		"POST /dispatch/{place}/assign":        s.assign,
		"POST /dispatch/{place}/unassign":      s.unassign,
		"POST /dispatch/{place}/pin":           s.pin,
		"POST /dispatch/{place}/unpin":         s.pin,
		"POST /dispatch/{place}/takeover":      s.takeOver,
		"POST /dispatch/{place}/incident":      s.incident,
		"POST /dispatch/{place}/recover":       s.recoverDriver,
		"POST /dispatch/{place}/pause":         s.pause,
		"POST /dispatch/{place}/resume":        s.resume,
	}, actor.Manager)
}

// anyRegion leads to the first of the visitor's regions.
func (s *server) anyRegion(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	if who.Bound {
		outlet, _, err := s.Outlet(r, who)
		if err != nil {
			return err
		}
		http.Redirect(w, r, "/dispatch/"+url.PathEscape(outlet.Slug), http.StatusSeeOther)
		return nil
	}
	regions, err := s.Fleet.Regions(r.Context(), who)
	if err != nil {
		return err
	}
	if len(regions) == 0 {
		return errs.NotFound("%s", s.Say(r, "dispatch.no_region"))
	}
	http.Redirect(w, r, "/dispatch/"+url.PathEscape(regions[0].Slug), http.StatusSeeOther)
	return nil
}

// place is what the page is about: a region, or an outlet's part of one.
type place struct {
	Slug, Name string
	Region     int64
	Outlet     tenant.Outlet // whose alone; ID 0: the region's all
	Zone       *time.Location
	watcher    actor.Actor
}

// find returns the region or outlet that a request names, among those that the visitor may see. Errors: KindNotFound.
func (s *server) find(r *http.Request, who actor.Actor) (place, error) {
	slug := r.PathValue("place")
	p := place{Slug: slug, watcher: actor.Actor{Tenant: who.Tenant, Name: "dispatch", Role: actor.System}}
	if !who.Bound {
		regions, err := s.Fleet.Regions(r.Context(), who)
		if err != nil {
			return p, err
		}
		for _, x := range regions {
			if x.Slug == slug {
				p.Name, p.Region, p.Zone = x.Name, x.ID, x.Zone
				return p, nil
			}
		}
	}
	outlets, err := s.Tenants.ListOutlets(r.Context(), who.Tenant)
	if err != nil {
		return p, err
	}
	for _, o := range outlets {
		if o.Slug != slug || !who.Sees(o.ID) {
			continue
		}
		home, err := s.Fleet.Home(r.Context(), who, o.ID)
		p.Name, p.Region, p.Outlet, p.Zone = o.Name, home.ID, o, o.Timezone
		p.watcher.Outlet, p.watcher.Bound = o.ID, true
		return p, err
	}
	return p, errs.NotFound("%s", s.Say(r, "dispatch.no_such"))
}

// clock is whose time the page shows.
func (p place) clock() tenant.Outlet {
	o := p.Outlet
	o.Tenant = p.watcher.Tenant
	o.Slug, o.Timezone = p.Slug, p.Zone
	return o
}

func (p place) topic() page.Topic {
	return page.Topic{
		Key: strconv.FormatInt(p.Region, 10) + ":" + strconv.FormatInt(p.watcher.Outlet, 10), Outlet: p.clock(),
		Events: event.Filter{Tenant: p.watcher.Tenant, Types: happenings}, Concerns: p.concerns,
	}
}

// happenings are the events after which the page is another.
var happenings = []event.Type{
	event.DeliveryRequested, event.DeliveryOffered, event.DeliveryDeclined, event.DeliveryAssigned, event.DeliveryReleased,
	event.DeliveryPickedUp, event.DeliveryDelivered, event.DeliveryCancelled, event.DeliveryEscalated, event.DeliveryLate,
	event.DriverNear, event.DriverChanged, event.SalePaused, event.SaleResumed, event.OrderStatusChanged,
}

func (p place) concerns(e event.Event) bool {
	if d, ok := e.DeliveryPayload(); ok {
		return d.RegionID == p.Region
	}
	if d, ok := e.DriverPayload(); ok {
		return d.RegionID == p.Region
	}
	if o, ok := e.OrderPayload(); ok {
		return o.Type == "delivery"
	}
	return true
}

// look is a region as it was read.
type look struct {
	Now     time.Time
	Place   place
	Region  *delivery.Overview
	Outlets map[int64]tenant.Outlet
}

// look reads a region for whoever may see the place.
func (s *server) look(ctx context.Context, p place) (*look, error) {
	region, err := s.Fleet.Overview(ctx, p.watcher, p.Region)
	if err != nil {
		return nil, err
	}
	outlets, err := s.Tenants.ListOutlets(ctx, p.watcher.Tenant)
	if err != nil {
		return nil, err
	}
	l := &look{Now: s.Clock.Now(), Place: p, Region: region, Outlets: map[int64]tenant.Outlet{}}
	for _, o := range outlets {
		l.Outlets[o.ID] = o
	}
	return l, nil
}

func (s *server) lookFor(ctx context.Context, t page.Topic) (any, error) {
	region, outlet, _ := strings.Cut(t.Key, ":")
	p := place{Slug: t.Outlet.Slug, Outlet: t.Outlet, Zone: t.Outlet.Timezone, watcher: actor.Actor{Tenant: t.Outlet.Tenant, Name: "dispatch", Role: actor.System}}
	var err error
	if p.Region, err = strconv.ParseInt(region, 10, 64); err != nil {
		return nil, err
	}
	if id, _ := strconv.ParseInt(outlet, 10, 64); id != 0 {
		p.watcher.Outlet, p.watcher.Bound = id, true
	}
	return s.look(ctx, p)
}

// splitView divides what a viewer sees into his language and the page of the list that he is on.
func splitView(view string) (lang string, from int) {
	lang, n, _ := strings.Cut(view, ":")
	from, _ = strconv.Atoi(n)
	return lang, from
}

// from is which page of the list a request is for: how many deliveries stand before it.
func from(r *http.Request) int {
	n, err := strconv.Atoi(r.FormValue("from"))
	if err != nil || n < 0 || n > mostListed {
		return 0
	}
	return n / perPage * perPage
}

func (s *server) live(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	p, err := s.find(r, who)
	if err != nil {
		return err
	}
	view := page.Language(r).Code + ":" + strconv.Itoa(from(r))
	return s.feeds.Stream(w, r, p.topic(), view, s.MayStay(r, who))
}

// cut is what changes on the page while somebody looks.
func (s *server) cut(_ page.Topic, view string, l any) []page.Section {
	lang, from := splitView(view)
	v := s.view(l.(*look), lang, from)
	return []page.Section{
		{Name: "figures", Part: "dispatch-figures", Data: v},
		{Name: "deliveries", Part: "open", Data: v}, // browsers have an event "open" of their own
		{Name: "drivers", Part: "drivers", Data: v},
		{Name: "zones", Part: "zones", Data: v},
		{Name: "town", Part: "town", Data: v.Map},
		{Name: "gantt", Part: "gantt", Data: v},
	}
}
