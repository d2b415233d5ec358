// Package network serves the pages of whoever heads a network of outlets: its figures with their trend, its outlets
// compared and on a map, what is under way, what is expected, and each outlet by itself.
package network

import (
	"cmp"
	"context"
	"embed"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"brigade/internal/actor"
	"brigade/internal/delivery"
	"brigade/internal/errs"
	"brigade/internal/network"
	"brigade/internal/web/page"
)

// Network tells parents of their networks; *network.Service does.
type Network interface {
	Picture(ctx context.Context, who actor.Actor, parent string, days int) (*network.Picture, error)
	Drill(ctx context.Context, who actor.Actor, parent string, days int, outlet string) (*network.Picture, *network.SiteFigures, network.Detail, error)
}

// Places tells where outlets are, as far as they deliver.
type Places interface {
	Places(ctx context.Context, outlets []int64) (map[int64]delivery.Point, error)
}

// Parts are what the network's pages show.
type Parts struct {
	Network Network
	Places  Places
}

// server has the handlers of the network's pages.
type server struct {
	*page.Kit
	Parts
	set *page.Set
}

//go:embed templates
var templates embed.FS

// Mount adds the network's pages.
func Mount(mux *http.ServeMux, k *page.Kit, p Parts) {
	s := &server{Kit: k, Parts: p, set: k.Set(templates, template.FuncMap{"periods": func() []int { return periods }})}
	k.MountAll(mux, map[string]page.Action{
		"GET /network":                   s.show,
		"GET /network/{tenant}/{outlet}": s.drill,
	}, actor.Manager)
}

// asked is what a request wants to see.
type asked struct {
	Days   int
	Sort   network.Metric
	Worst  bool // the worst first
	Search string
	Page   int // from 1
	Area   area
}

// lastPage is beyond what any table has.
const lastPage = 1_000_000

// periods are the numbers of days that can be chosen.
var periods = []int{7, 30, 90}

// read reads what a request wants; what cannot be read is as if it were not said.
func read(r *http.Request) asked {
	q := r.URL.Query()
	number := func(name string) int { n, _ := strconv.Atoi(q.Get(name)); return n }
	a := asked{
		Days: number("days"), Sort: network.Metric(q.Get("sort")), Worst: q.Get("dir") == "worst",
		Search: strings.TrimSpace(q.Get("q")), Page: min(max(1, number("page")), lastPage), Area: readArea(q.Get("area")),
	}
	if !slices.Contains(periods, a.Days) {
		a.Days = network.DefaultDays
	}
	if !slices.Contains(network.Metrics, a.Sort) {
		a.Sort = network.ByRevenue
	}
	return a
}

// With is the address of this view with something changed: names and values in turn.
func (a asked) With(changes ...string) string {
	q := url.Values{}
	set := func(name, value, usual string) {
		if value != usual {
			q.Set(name, value)
		}
	}
	set("days", strconv.Itoa(a.Days), strconv.Itoa(network.DefaultDays))
	set("sort", string(a.Sort), string(network.ByRevenue))
	if a.Worst {
		q.Set("dir", "worst")
	}
	set("q", a.Search, "")
	set("area", a.Area.String(), "")
	set("page", strconv.Itoa(a.Page), "1")
	for i := 0; i+1 < len(changes); i += 2 {
		q.Del("page")
		if q.Set(changes[i], changes[i+1]); changes[i+1] == "" {
			q.Del(changes[i])
		}
	}
	if len(q) == 0 {
		return "/network"
	}
	return "/network?" + q.Encode()
}

// head is what all pages of the network have around them.
type head struct {
	page.Frame
	Signed bool
	Name   string // of the network
	At     string // when it was read
	Asked  asked
}

func (s *server) head(r *http.Request, p *network.Picture, a asked, title string) head {
	f := s.Frame(r, "")
	f.Title = f.Say("network.title") + " · " + cmp.Or(title, p.Parent.Name)
	return head{f, s.Signed(r), p.Parent.Name, p.At.In(p.Parent.Zone).Format("15:04:05"), a}
}

// networkPage is what the page network shows.
type networkPage struct {
	head
	View networkView
}

// closedPage is what the page closed shows: who has no network is told why.
type closedPage struct {
	page.Frame
	Signed bool
	Why    string
}

// picture reads the network of the visitor's tenant. shown is true when he was told that he has none.
func (s *server) picture(w http.ResponseWriter, r *http.Request, who actor.Actor, days int) (p *network.Picture, shown bool, err error) {
	p, err = s.Network.Picture(r.Context(), who, strconv.FormatInt(who.Tenant, 10), days)
	if errs.Is(err, errs.KindForbidden) {
		f := s.Frame(r, s.Say(r, "network.title"))
		s.set.Render(w, r, http.StatusForbidden, "closed", closedPage{f, s.Signed(r), page.Sentence(page.Language(r), err)})
		return nil, true, nil
	}
	return p, false, err
}

// show is the page of the network.
func (s *server) show(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	a := read(r)
	p, shown, err := s.picture(w, r, who, a.Days)
	if shown || err != nil {
		return err
	}
	ids := make([]int64, len(p.Sites))
	for i := range p.Sites {
		ids[i] = p.Sites[i].Outlet
	}
	places, err := s.Places.Places(r.Context(), ids)
	if err != nil {
		return err
	}
	h := s.head(r, p, a, "")
	s.set.Render(w, r, http.StatusOK, "network", networkPage{h, newView(p, places, a, h.Say)})
	return nil
}

// outletPage is what the page outlet shows.
type outletPage struct {
	head
	View outletView
}

// drill is the page of one outlet.
func (s *server) drill(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	a := read(r)
	ref := r.PathValue("tenant") + "/" + r.PathValue("outlet")
	if _, shown, err := s.picture(w, r, who, a.Days); shown || err != nil {
		return err
	}
	p, site, detail, err := s.Network.Drill(r.Context(), who, strconv.FormatInt(who.Tenant, 10), a.Days, ref)
	if err != nil {
		return err
	}
	h := s.head(r, p, a, site.Name)
	s.set.Render(w, r, http.StatusOK, "outlet", outletPage{h, newOutletView(p, site, detail, h.Say, site.Tenant == who.Tenant)})
	return nil
}
