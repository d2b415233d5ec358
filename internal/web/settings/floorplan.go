package settings

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"time"

	"brigade/internal/actor"
	"brigade/internal/menu/edit"
	"brigade/internal/menu/load"
)

// rowsPage is what the pages of stations and of machines show.
type rowsPage struct {
	setFrame
	Rows     []row
	Wish     row      // the form of a new one
	Stations []choice // for machines
}

// row is a station or a machine as its form shows it.
type row struct {
	Name, Station, Capacity, Version string
	Uses                             string // what needs it
	Stations                         []choice
	Faulty                           bool // the form is this one
}

func (s *server) renderStations(w http.ResponseWriter, r *http.Request, who actor.Actor, o outcome) error {
	f, err := s.setUp(r, who, "stations", o)
	if err != nil {
		return err
	}
	p := rowsPage{setFrame: f, Wish: row{Capacity: "2"}}
	for _, st := range f.Set.Outlet.Stations {
		ref := load.Ref{Kind: load.KindStation, Name: st.Name}
		p.Rows = append(p.Rows, row{Name: st.Name, Capacity: itoa(st.Capacity), Version: f.Set.Find(ref).Version(), Uses: f.uses(ref)})
	}
	p.keep(r, o)
	s.set.Render(w, r, o.status(), "stations", p)
	return nil
}

// uses says what needs a thing; "" when nothing does.
func (f setFrame) uses(ref load.Ref) string {
	text, _ := f.Lang.Tell(f.Set.Needs(ref))
	return text
}

func (s *server) renderMachines(w http.ResponseWriter, r *http.Request, who actor.Actor, o outcome) error {
	f, err := s.setUp(r, who, "machines", o)
	if err != nil {
		return err
	}
	p := rowsPage{setFrame: f, Wish: row{Capacity: "1"}}
	for _, m := range f.Set.Outlet.Machines {
		ref := load.Ref{Kind: load.KindMachine, Name: m.Name}
		p.Rows = append(p.Rows, row{
			Name: m.Name, Station: m.Station, Capacity: itoa(m.Capacity), Version: f.Set.Find(ref).Version(), Uses: f.uses(ref),
		})
	}
	p.keep(r, o)
	name := func(x load.Station) string { return x.Name }
	for i := range p.Rows {
		p.Rows[i].Stations = chosen(f.Set.Outlet.Stations, p.Rows[i].Station, name)
	}
	p.Wish.Stations = chosen(f.Set.Outlet.Stations, p.Wish.Station, name)
	s.set.Render(w, r, o.status(), "machines", p)
	return nil
}

// keep puts what could not be saved into its form again. Once somebody has seen what another made of it, he may overwrite it.
func (p *rowsPage) keep(r *http.Request, o outcome) {
	if o.err == nil || o.wished == nil {
		return
	}
	wish := row{
		Name: r.PostFormValue("name"), Station: r.PostFormValue("station"), Capacity: r.PostFormValue("capacity"), Faulty: true,
	}
	i := slices.IndexFunc(p.Rows, func(x row) bool { return x.Name == wish.Name })
	if i < 0 || r.PostFormValue("version") == "" {
		p.Wish = wish
		return
	}
	wish.Version, wish.Uses = p.Rows[i].Version, p.Rows[i].Uses
	p.Rows[i] = wish
}

// whole reads a whole number; 0, which nobody wants, when it is none.
func whole(r *http.Request, field string) int {
	n, _ := strconv.Atoi(r.PostFormValue(field))
	return n
}

// put writes a thing that a form describes.
func (s *server) put(r *http.Request, who actor.Actor, outlet int64, t edit.Thing, name string) outcome {
	o := outcome{said: "setup.saved", name: name, wished: &t}
	o.done, o.err = done(s.Editor.Put(r.Context(), who, outlet, t, r.PostFormValue("version")))
	return o
}

func (s *server) saveStation(r *http.Request, who actor.Actor, outlet int64) outcome {
	st := load.Station{Name: r.PostFormValue("name"), Capacity: whole(r, "capacity")}
	return s.put(r, who, outlet, edit.Thing{Station: &st}, st.Name)
}

func (s *server) saveMachine(r *http.Request, who actor.Actor, outlet int64) outcome {
	m := load.Machine{Name: r.PostFormValue("name"), Station: r.PostFormValue("station"), Capacity: whole(r, "capacity")}
	return s.put(r, who, outlet, edit.Thing{Machine: &m}, m.Name)
}

// placePage is what the page of the outlet itself shows.
type placePage struct {
	setFrame
	Name, Timezone, Stale, Gap, Version string
	FreeForm                            []choice
	Hours                               *hoursForm // nil: nobody knows when it is open
	Single                              *daysForm  // nil: nobody plans here
}

func (s *server) renderPlace(w http.ResponseWriter, r *http.Request, who actor.Actor, o outcome) error {
	f, err := s.setUp(r, who, "place", o)
	if err != nil {
		return err
	}
	t := f.Set.Find(load.Ref{Kind: load.KindOutlet})
	g := *t.General
	if o.err != nil && o.wished != nil && o.wished.General != nil {
		g = *o.wished.General
	}
	p := placePage{setFrame: f, Name: g.Name, Timezone: g.Timezone, Version: t.Version()}
	p.Stale, p.Gap = decimal(g.StaleAfter.Seconds()), decimal(g.CourseGap.Minutes())
	p.FreeForm = chosen(f.Set.Outlet.Stations, g.FreeFormStation, func(x load.Station) string { return x.Name })
	if p.Hours, err = s.hours(r, who, p.setFrame, o); err != nil {
		return err
	}
	if p.Single, err = s.days(r, who, p.setFrame, o); err != nil {
		return err
	}
	s.set.Render(w, r, o.status(), "place", p)
	return nil
}

func (s *server) savePlace(r *http.Request, who actor.Actor, outlet int64) outcome {
	span := func(field string, unit time.Duration) time.Duration {
		v, err := strconv.ParseFloat(r.PostFormValue(field), 64)
		if err != nil || !(v >= 0 && v < 1e6) {
			return -1 // which is none
		}
		return time.Duration(v * float64(unit)).Round(time.Second)
	}
	g := edit.General{
		Name: r.PostFormValue("name"), Timezone: r.PostFormValue("timezone"), FreeFormStation: r.PostFormValue("free_form_station"),
		StaleAfter: span("stale_after", time.Second), CourseGap: span("course_gap", time.Minute),
	}
	return s.put(r, who, outlet, edit.Thing{General: &g}, cmp.Or(g.Name, "–"))
}
