package dispatch

import (
	"cmp"
	"net/http"
	"net/url"
	"strconv"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/web/page"
)

// dispatchPage is what the page dispatch shows.
type dispatchPage struct {
	page.Frame
	Place  place
	Places []link // other regions
	Clock  page.ClockView
	View   view
	From   int
	Chosen chosen
}

// link leads to another place.
type link struct {
	Slug, Name string
	Here       bool
}

func (s *server) show(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	p, err := s.find(r, who)
	if err != nil {
		return err
	}
	l, err := s.look(r.Context(), p)
	if err != nil {
		return err
	}
	data := dispatchPage{
		Frame: s.Frame(r, s.Say(r, "dispatch.title", p.Name)), Place: p, Clock: s.Time(p.clock()), From: from(r),
		View: s.view(l, page.Language(r).Code, from(r)),
	}
	if !who.Bound {
		regions, err := s.Fleet.Regions(r.Context(), who)
		if err != nil {
			return err
		}
		for _, x := range regions {
			data.Places = append(data.Places, link{x.Slug, x.Name, x.Slug == p.Slug})
		}
	}
	if data.Chosen, err = s.choose(r, who, l, r.FormValue("order"), r.FormValue("driver")); err != nil {
		return err
	}
	s.set.Render(w, r, http.StatusOK, "dispatch", data)
	return nil
}

// choose is what is shown of a delivery or a driver that somebody has chosen. One that is not there any more is nothing.
func (s *server) choose(r *http.Request, who actor.Actor, l *look, number, driver string) (c chosen, err error) {
	switch v := s.viewer(l, page.Language(r).Code); {
	case number != "":
		d, offers, err := s.Fleet.Explain(r.Context(), who, number)
		if errs.Is(err, errs.KindNotFound) || err == nil && d.Region != l.Place.Region {
			return c, nil
		}
		if err != nil {
			return c, err
		}
		o := v.chosenOrder(d, offers)
		return chosen{Slug: l.Place.Slug, Order: &o}, nil
	case driver != "":
		d, err := s.Fleet.Driver(r.Context(), who, driver)
		if errs.Is(err, errs.KindNotFound) || err == nil && d.Region != l.Place.Region {
			return c, nil
		}
		if err != nil {
			return c, err
		}
		o := v.chosenDriver(d)
		return chosen{Slug: l.Place.Slug, Driver: &o}, nil
	}
	return c, nil
}

func (s *server) showOrder(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	return s.showChosen(w, r, who, r.PathValue("number"), "")
}

func (s *server) showDriver(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	return s.showChosen(w, r, who, "", r.PathValue("id"))
}

// showChosen answers htmx with what is shown of a choice, and a browser without it with the page.
func (s *server) showChosen(w http.ResponseWriter, r *http.Request, who actor.Actor, number, driver string) error {
	p, err := s.find(r, who)
	if err != nil {
		return err
	}
	if r.Header.Get("HX-Request") == "" {
		http.Redirect(w, r, p.path(number, driver), http.StatusSeeOther)
		return nil
	}
	l, err := s.look(r.Context(), p)
	if err != nil {
		return err
	}
	c, err := s.choose(r, who, l, number, driver)
	if err != nil {
		return err
	}
	s.set.Part(w, r, "dispatch", "chosen", c)
	return nil
}

// path is the page with something chosen.
func (p place) path(number, driver string) string {
	path := "/dispatch/" + p.Slug
	switch {
	case number != "":
		return path + "?order=" + url.QueryEscape(number) + "#chosen"
	case driver != "":
		return path + "?driver=" + url.QueryEscape(driver) + "#chosen"
	}
	return path
}

// names are drivers by id.
func (l *look) names() map[int64]string {
	names := map[int64]string{}
	for _, d := range l.Region.Drivers {
		names[d.ID] = d.Name
	}
	return names
}

// called is a driver's name; one who is not there any more is his number.
func called(names map[int64]string, id int64) string {
	return cmp.Or(names[id], "#"+strconv.FormatInt(id, 10))
}
