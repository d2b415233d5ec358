package web

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/kitchen"
	"brigade/internal/order"
	"brigade/internal/tenant"
)

const (
	ticketsRead = 500 // tickets that one look at a kitchen reads; counts are exact whatever the limit
	cardsShown  = 12  // of a column
)

// boardPage is what the page board shows: an outlet at work.
type boardPage struct {
	frame
	Outlet  tenant.Outlet
	Outlets []tenant.Outlet // that the visitor may see
	Demo    bool            // a newcomer may place test orders
	Signed  bool            // by a token, so there is something to sign out of
	Clock   clockView
	Board   boardView
	Address string // of this server, for the line to copy
	Sample  string // an item of the menu, for the same; "" = none
}

// showBoard is the page at "/".
func (s *server) showBoard(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	outlet, all, err := s.chooseOutlet(r, who)
	if err != nil {
		return err
	}
	look, err := s.look(r.Context(), who, outlet.ID)
	if err != nil {
		return err
	}
	sample, err := s.sample(r.Context(), outlet)
	if err != nil {
		return err
	}
	_, unsigned := r.Cookie(tokenCookie)
	s.render(w, r, http.StatusOK, "board", boardPage{
		frame: s.frame(r, outlet.Name), Outlet: outlet, Outlets: all, Demo: s.Demo != nil && s.Menu != nil,
		Signed: s.Demo == nil && unsigned == nil, Clock: s.clock(outlet), Board: newBoardView(look, outlet.Slug, look.Now),
		Address: address(r), Sample: sample,
	})
	return nil
}

// liveBoard streams the sections of the board that change.
func (s *server) liveBoard(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	outlet, _, err := s.chooseOutlet(r, who)
	if err != nil {
		return err
	}
	return s.boards.stream(w, r, outlet, language(r).Code, s.mayStay(r, who))
}

// mayStay asks whether who opened a stream is still who he was.
func (s *server) mayStay(r *http.Request, who actor.Actor) func(context.Context) error {
	return func(ctx context.Context) error {
		again, err := s.visitor(r.WithContext(ctx))
		if err == nil && again != who {
			err = errs.Unauthorized("somebody else signed in")
		}
		return err
	}
}

// look reads an outlet as it is now. What is shown of it is limited, what is counted is exact.
func (s *server) look(ctx context.Context, who actor.Actor, outlet int64) (*look, error) {
	l := &look{Now: s.Clock.Now()}
	var err error
	if l.Board, l.Tally, err = s.Kitchen.Glance(ctx, who, outlet, ticketsRead); err != nil {
		return nil, err
	}
	if l.Pulse, err = s.Orders.Pulse(ctx, who, outlet); err != nil {
		return nil, err
	}
	for i, c := range columns {
		if c.open && l.Pulse.Open[c.statuses[0]] == 0 {
			continue
		}
		l.Orders[i], err = s.Orders.List(ctx, who, order.Filter{
			Outlet: outlet, Status: c.statuses, Oldest: c.open, Limit: cardsShown,
		})
		if err != nil {
			return nil, err
		}
	}
	return l, nil
}

// lookFor is look for a feed, which acts for whoever watches.
func (s *server) lookFor(ctx context.Context, o tenant.Outlet) (any, error) {
	return s.look(ctx, watcher(o), o.ID)
}

// watcher is who reads an outlet for all who watch it.
func watcher(o tenant.Outlet) actor.Actor {
	return actor.Actor{Tenant: o.Tenant, Outlet: o.ID, Bound: true, Name: "board", Role: actor.System}
}

// cutBoard is what a look shows on the board.
func cutBoard(o tenant.Outlet, _ string, l any) []section {
	return boardSections(newBoardView(l.(*look), o.Slug, never))
}

// boardSections are the parts of the board that change while somebody looks.
func boardSections(v boardView) []section {
	sections := []section{
		{name: "figures", part: "figures", data: v.Figures},
		{name: "stations", part: "stations", data: v.Stations},
		{name: "people", part: "people", data: v.People},
		{name: "machines", part: "machines", data: v.Machines},
	}
	for _, c := range v.Columns {
		sections = append(sections, section{name: c.Key, part: "column", data: c})
	}
	return sections
}

// look is what was read of an outlet at a time.
type look struct {
	Now    time.Time
	Board  *kitchen.Board
	Tally  kitchen.Tally
	Pulse  order.Pulse
	Orders [len(columns)][]order.Order
}

// chooseOutlet finds the outlet that a request names by slug, else the visitor's own, among those that he may see.
// Errors: KindNotFound.
func (s *server) chooseOutlet(r *http.Request, who actor.Actor) (tenant.Outlet, []tenant.Outlet, error) {
	known, err := s.Tenants.ListOutlets(r.Context(), who.Tenant)
	if err != nil {
		return tenant.Outlet{}, nil, err
	}
	all := slices.DeleteFunc(slices.Clone(known), func(o tenant.Outlet) bool { return !who.Sees(o.ID) })
	if len(all) == 0 {
		return tenant.Outlet{}, nil, errs.NotFound("this restaurant has no outlet yet: load one with brigade load FILE.yaml")
	}
	slug := cmp.Or(r.PathValue("outlet"), r.FormValue("outlet"))
	i := slices.IndexFunc(all, func(o tenant.Outlet) bool { return o.Slug == slug || slug == "" && o.ID == who.Outlet })
	switch {
	case i >= 0:
		return all[i], all, nil
	case slug == "":
		return all[0], all, nil
	}
	return tenant.Outlet{}, nil, errs.NotFound("there is no outlet %q", slug)
}

// sample is an item that can be ordered here.
func (s *server) sample(ctx context.Context, o tenant.Outlet) (string, error) {
	if s.Menu == nil {
		return "", nil
	}
	items, err := s.Menu.Items(ctx, o.Tenant, o.ID)
	if err != nil || len(items) == 0 {
		return "", err
	}
	return items[0].SKU, nil
}

// address is where the visitor reached this server.
func address(r *http.Request) string {
	scheme := "http://"
	if r.TLS != nil || strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https") {
		scheme = "https://"
	}
	return scheme + r.Host
}
