package floor

import (
	"context"
	"net/http"
	"time"

	"brigade/internal/web/page"

	"brigade/internal/actor"
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
	page.Frame
	Outlet  tenant.Outlet
	Outlets []tenant.Outlet // that the visitor may see
	Demo    bool            // a newcomer may place test orders
	Signed  bool            // by a token, so there is something to sign out of
	Clock   page.ClockView
	Board   boardView
	Address string // of this server, for the line to copy
	Sample  string // an item of the menu, for the same; "" = none
}

// showBoard is the page at "/".
func (s *server) showBoard(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	outlet, all, err := s.Outlet(r, who)
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
	s.set.Render(w, r, http.StatusOK, "board", boardPage{
		Frame: s.Frame(r, outlet.Name), Outlet: outlet, Outlets: all, Demo: s.Demo != nil && s.Menu != nil,
		Signed: s.Signed(r), Clock: s.Time(outlet), Board: newBoardView(look, outlet.Slug, look.Now),
		Address: page.Address(r), Sample: sample,
	})
	return nil
}

// liveBoard streams the sections of the board that change.
func (s *server) liveBoard(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	outlet, _, err := s.Outlet(r, who)
	if err != nil {
		return err
	}
	return s.boards.Stream(w, r, page.About(outlet), page.Language(r).Code, s.MayStay(r, who))
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
func (s *server) lookFor(ctx context.Context, t page.Topic) (any, error) {
	return s.look(ctx, page.Watcher(t.Outlet), t.Outlet.ID)
}

// cutBoard is what a look shows on the board.
func cutBoard(t page.Topic, _ string, l any) []page.Section {
	return boardSections(newBoardView(l.(*look), t.Outlet.Slug, never))
}

// boardSections are the parts of the board that change while somebody looks.
func boardSections(v boardView) []page.Section {
	sections := []page.Section{
		{Name: "figures", Part: "figures", Data: v.Figures},
		{Name: "stations", Part: "stations", Data: v.Stations},
		{Name: "people", Part: "people", Data: v.People},
		{Name: "machines", Part: "machines", Data: v.Machines},
	}
	for _, c := range v.Columns {
		sections = append(sections, page.Section{Name: c.Key, Part: "column", Data: c})
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
