// Package driver serves the page that a driver has on his phone: on and off shift, what he is offered, where he has to go in
// which order, and what he says at each stop. It goes on without a network, and settles afterwards what was tapped meanwhile.
package driver

import (
	"context"
	"embed"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"sync"

	"brigade/internal/actor"
	"brigade/internal/delivery"
	"brigade/internal/event"
	"brigade/internal/order"
	"brigade/internal/tenant"
	"brigade/internal/web/page"
)

// Fleet is what drivers have to do, and what they say of it; delivery.Service does.
type Fleet interface {
	Driver(ctx context.Context, who actor.Actor, ref string) (*delivery.Driver, error)
	Drivers(ctx context.Context, who actor.Actor, f delivery.DriverFilter) ([]*delivery.Driver, error)
	Work(ctx context.Context, who actor.Actor, ref string) (delivery.Work, error)
	Tap(ctx context.Context, who actor.Actor, ref string, tap delivery.Tap) (repeated bool, err error)
	Positions(ctx context.Context, who actor.Actor, ref string, fixes []delivery.Fix) (delivery.Verdicts, error)
}

// Money tells what is to be taken at the door, by order; who pays nothing then is missing. orderpg.Store does.
type Money interface {
	ToCollect(ctx context.Context, tenant int64, orders []int64) (map[int64]order.Money, error)
}

// Parts are what the page shows and acts on.
type Parts struct {
	Fleet Fleet
	Money Money
}

type server struct {
	*page.Kit
	Parts
	set   *page.Set
	feeds *page.Feeds

	mu   sync.Mutex
	load map[int64][]int64 // driver → orders that somebody who watches him has seen
}

//go:embed templates
var templates embed.FS

const path = "/driver"

// Mount adds the page.
func Mount(mux *http.ServeMux, k *page.Kit, p Parts) {
	s := &server{Kit: k, Parts: p, set: k.Set(templates, funcs), load: map[int64][]int64{}}
	s.feeds = k.Feeds(page.FeedOptions{
		Look: s.lookFor, Cut: s.cut,
		Page: func(lang string) *template.Template { return s.set.Of(lang, "driver") },
	})
	mux.HandleFunc("GET /driver/worker.js", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Service-Worker-Allowed", path)
		k.File("kit/worker.js")(w, r)
	})
	k.MountAll(mux, map[string]page.Action{
		"GET /driver":                     s.show,
		"GET /live/driver/{driver}":       s.live,
		"POST /driver/{driver}/do":        s.do,
		"POST /driver/{driver}/taps":      s.settleTaps,
		"POST /driver/{driver}/positions": s.takePositions,
	}, actor.Driver, actor.Manager)
}

// driverPage is what the page driver shows.
type driverPage struct {
	page.Frame
	view
	Clock  page.ClockView
	Acting bool // somebody else acts for him: a manager, or a visitor of the demo
}

// show shows a driver his work; whoever is none chooses for whom he acts.
func (s *server) show(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	ref := r.URL.Query().Get("driver")
	if who.Role != actor.Driver && ref == "" {
		return s.choose(w, r, who)
	}
	l, err := s.look(r.Context(), who, ref)
	if err != nil {
		return err
	}
	d := l.Work.Driver
	p := driverPage{
		Frame: s.Frame(r, d.Name), view: newView(l, page.Language(r)), Clock: s.Time(clockOf(d)),
		Acting: who.Role != actor.Driver,
	}
	s.set.Render(w, r, http.StatusOK, "driver", p)
	return nil
}

const perPage = 50

// choicePage is what the page choose shows.
type choicePage struct {
	page.Frame
	Drivers []*delivery.Driver
	Next    int64 // where the list goes on; 0: it does not
}

// Link leads to a driver's page.
func (choicePage) Link(d *delivery.Driver) string {
	return path + "?driver=" + url.QueryEscape(strconv.FormatInt(d.ID, 10))
}

func (s *server) choose(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	after, _ := strconv.ParseInt(r.URL.Query().Get("after"), 10, 64)
	list, err := s.Fleet.Drivers(r.Context(), who, delivery.DriverFilter{After: max(0, after), Limit: perPage + 1})
	if err != nil {
		return err
	}
	p := choicePage{Frame: s.Frame(r, s.Say(r, "driver.choose")), Drivers: list}
	if len(list) > perPage {
		p.Drivers, p.Next = list[:perPage], list[perPage-1].ID
	}
	s.set.Render(w, r, http.StatusOK, "choose", p)
	return nil
}

// clockOf is whose time a driver's page shows.
func clockOf(d *delivery.Driver) tenant.Outlet {
	return tenant.Outlet{Tenant: d.Tenant, Timezone: d.Zone}
}

// happenings are the events after which a driver's page is another.
var happenings = []event.Type{
	event.DeliveryOffered, event.DeliveryDeclined, event.DeliveryAssigned, event.DeliveryReleased, event.DeliveryPickedUp,
	event.DeliveryDelivered, event.DeliveryCancelled, event.DeliveryEscalated, event.DriverChanged, event.OrderStatusChanged,
}

// live streams what changes of a driver's work.
func (s *server) live(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	d, err := s.Fleet.Driver(r.Context(), who, r.PathValue("driver"))
	if err != nil {
		return err
	}
	t := page.Topic{
		Key: strconv.FormatInt(d.ID, 10), Outlet: clockOf(d), Events: event.Filter{Tenant: d.Tenant, Types: happenings},
		Concerns: func(e event.Event) bool { return s.concerns(e, d.ID) },
	}
	return s.feeds.Stream(w, r, t, page.Language(r).Code, s.MayStay(r, who))
}
