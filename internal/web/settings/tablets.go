package settings

import (
	"net/http"
	"strconv"
	"time"

	"brigade/internal/account"
	"brigade/internal/actor"
	"brigade/internal/web/page"
)

// tabletsPage is what the page tablets shows.
type tabletsPage struct {
	Frame
	Tablets  []tabletRow
	Stations []choice
	Idles    []choice
	Name     string
	Fault    string
}

// tabletRow is a tablet as it is listed.
type tabletRow struct {
	ID                            int64
	Name, Place, Idle, Seen, Made string
}

// tabletPages are the pages of the tablets that a kitchen shares.
func (s *server) tabletPages() map[string]page.Action {
	return map[string]page.Action{
		"GET /settings/tablets":           s.showTablets,
		"POST /settings/tablets":          s.registerTablet,
		"POST /settings/tablets/{id}/end": s.endTablet,
	}
}

func (s *server) showTablets(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	return s.renderTablets(w, r, who, http.StatusOK, tabletsPage{})
}

// idles are after how many seconds a tablet may lock itself.
var idles = []int{30, 60, 120, 300, 900, 3600, 28800}

func (s *server) renderTablets(w http.ResponseWriter, r *http.Request, who actor.Actor, status int, p tabletsPage) error {
	frame, err := s.frame(r, who, "tablets")
	if err != nil {
		return err
	}
	list, err := s.Accounts.Tablets(r.Context(), who)
	if err != nil {
		return err
	}
	here := frame
	here.Outlets = nil
	here.Outlets = append(here.Outlets, frame.Outlet)
	if p.Stations, err = s.stations(r, who, here, number(r, "station")); err != nil {
		return err
	}
	for _, n := range idles {
		p.Idles = append(p.Idles, choice{strconv.Itoa(n), s.span(r, n), time.Duration(n)*time.Second == account.DefaultIdle})
	}
	p.Frame = frame
	for _, t := range list {
		p.Tablets = append(p.Tablets, s.tabletRow(r, frame, t))
	}
	s.set.Render(w, r, status, "tablets", p)
	return nil
}

// span says some seconds in words.
func (s *server) span(r *http.Request, seconds int) string {
	switch {
	case seconds >= 3600:
		return s.Say(r, "access.hours", seconds/3600)
	case seconds >= 60:
		return s.Say(r, "access.minutes", seconds/60)
	}
	return s.Say(r, "access.seconds", seconds)
}

func (s *server) tabletRow(r *http.Request, f Frame, t account.Tablet) tabletRow {
	row := tabletRow{
		ID: t.ID, Name: t.Name, Place: f.outletName(t.Outlet, ""), Idle: s.span(r, int(t.Idle.Seconds())),
		Seen: s.Say(r, "access.never"), Made: f.day(t.Created) + " · " + t.CreatedBy,
	}
	if t.StationName != "" {
		row.Place += " · " + t.StationName
	}
	if t.LastSeen != nil {
		row.Seen = f.at(*t.LastSeen)
	}
	return row
}

// registerTablet makes the device that the visitor uses a tablet. He is signed out on it.
func (s *server) registerTablet(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	o, _, err := s.Outlet(r, who)
	if err != nil {
		return err
	}
	t := account.Tablet{
		Name: r.PostFormValue("name"), Outlet: o.ID, Station: number(r, "station"), Idle: time.Duration(min(number(r, "idle"), 1<<20)) * time.Second,
	}
	device, _, err := s.Accounts.Register(r.Context(), who, t, page.Session(r))
	if typed(err) {
		return s.renderTablets(w, r, who, page.StatusOf(err), tabletsPage{Name: t.Name, Fault: page.Sentence(page.Language(r), err)})
	}
	if err != nil {
		return err
	}
	s.MakeTablet(w, r, device)
	return nil
}

func (s *server) endTablet(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	if err := s.Accounts.EndTablet(r.Context(), who, readID(r.PathValue("id"))); err != nil {
		return err
	}
	return s.Done(w, r, back(r, "/settings/tablets"), page.Toast{Text: s.Say(r, "access.tablet_ended")})
}
