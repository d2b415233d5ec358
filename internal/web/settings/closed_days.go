package settings

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/planning"
	"brigade/internal/planning/forecast"
	"brigade/internal/planning/holiday"
)

// Calendar knows what is special about days; planning.Service does.
type Calendar interface {
	Outlet(ctx context.Context, who actor.Actor, outlet int64) (planning.Outlet, error)
	PutOutlet(ctx context.Context, who actor.Actor, o planning.Outlet) error
	Marks(ctx context.Context, who actor.Actor, q planning.Query) ([]planning.Mark, error)
	AddMarks(ctx context.Context, who actor.Actor, marks []planning.Mark) error
	DropMark(ctx context.Context, who actor.Actor, id int64) error
}

// daysForm is what the page of an outlet shows of single days, and of public holidays.
type daysForm struct {
	Marks     []dayMark
	More      bool // there are more than are shown
	Wish      dayMark
	Kinds     []choice
	Countries []choice
	Closed    bool   // on public holidays
	Seen      string // what was set of public holidays when the form was filled in
	EachPlace bool   // the visitor may speak for all outlets
}

// dayMark is a day that is not like the others of its weekday.
type dayMark struct {
	ID              int64
	Day, Kind, Name string
	All             bool // at every outlet
	Fixed           bool // the visitor speaks for one outlet alone, and cannot take it back
}

// daysKinds are what can be said of single days here; the rest is said where forecasts are.
var daysKinds = []planning.MarkKind{planning.MarkClosed, planning.MarkOpen, planning.MarkHoliday}

const (
	daysAhead = 2 * 366
	daysAsked = 1000
)

// days fills the forms of closed days and of public holidays in.
func (s *server) days(r *http.Request, who actor.Actor, f setFrame, o outcome) (*daysForm, error) {
	if s.Calendar == nil {
		return nil, nil //nolint:nilnil // nobody plans here
	}
	place, err := s.Calendar.Outlet(r.Context(), who, f.Outlet.ID)
	if err != nil {
		return nil, err
	}
	today := forecast.DayIn(s.Clock.Now().In(place.Zone))
	marks, err := s.Calendar.Marks(r.Context(), who, planning.Query{Outlet: f.Outlet.ID, First: today, Last: today + daysAhead, Most: daysAsked})
	if err != nil {
		return nil, err
	}
	form := &daysForm{Closed: place.ClosedOnHolidays, Seen: holidaysText(place), EachPlace: who.OutletFilter() == 0 && len(f.Outlets) > 1}
	country := place.Country
	if o.err != nil {
		form.Wish = dayMark{Day: r.PostFormValue("day"), Kind: r.PostFormValue("kind"), Name: r.PostFormValue("name"), All: r.PostFormValue("for") == "all"}
		if r.PostFormValue("do") == "holidays" {
			country, form.Closed = r.PostFormValue("country"), r.PostFormValue("closed") != ""
		}
	}
	form.list(f, marks, who.OutletFilter() != 0)
	for _, k := range daysKinds {
		form.Kinds = append(form.Kinds, choice{string(k), f.Say("setup.mark." + string(k)), string(k) == form.Wish.Kind})
	}
	form.Countries = []choice{{"", f.Say("setup.country_of_zone", holiday.CountryOf(place.Zone.String())), country == ""}}
	for _, c := range holiday.Countries() {
		form.Countries = append(form.Countries, choice{c, strings.ToUpper(c), c == country})
	}
	return form, nil
}

// list shows the marks that are of these kinds, for all that is sold.
func (d *daysForm) list(f setFrame, marks []planning.Mark, bound bool) {
	for _, m := range marks {
		if m.SKU != "" || !slices.Contains(daysKinds, m.Kind) {
			continue
		}
		if d.More = len(d.Marks) == rowsShown; d.More {
			return
		}
		d.Marks = append(d.Marks, dayMark{m.ID, m.Day.String(), f.Say("setup.mark." + string(m.Kind)), m.Name, m.Outlet == 0, m.Outlet == 0 && bound})
	}
}

func holidaysText(o planning.Outlet) string {
	if o.ClosedOnHolidays {
		return o.Country + " closed"
	}
	return o.Country + " open"
}

// markDay says what is special about a day.
func (s *server) markDay(r *http.Request, who actor.Actor, outlet int64) outcome {
	o := outcome{said: "setup.day_saved", name: r.PostFormValue("day")}
	day, err := forecast.ParseDay(o.name)
	switch {
	case s.Calendar == nil:
		o.err = errs.NotFound("nobody plans here")
		return o
	case err != nil:
		o.err = fault("marks[0].day", "must be a day, as 2026-12-24")
		return o
	}
	m := planning.Mark{Outlet: outlet, Day: day, Kind: planning.MarkKind(r.PostFormValue("kind")), Name: strings.TrimSpace(r.PostFormValue("name"))}
	if r.PostFormValue("for") == "all" {
		m.Outlet = 0
	}
	o.err = s.Calendar.AddMarks(r.Context(), who, []planning.Mark{m})
	return o
}

// unmarkDay makes a day ordinary again. When somebody else was faster it is so already, unless it is marked for all outlets and
// who asks speaks for one.
func (s *server) unmarkDay(r *http.Request, who actor.Actor, outlet int64) outcome {
	o := outcome{said: "setup.day_ordinary", name: r.PostFormValue("day")}
	if s.Calendar == nil {
		o.err = errs.NotFound("nobody plans here")
		return o
	}
	id := number(r, "id")
	if o.err = s.Calendar.DropMark(r.Context(), who, id); !errs.Is(o.err, errs.KindNotFound) {
		return o
	}
	day, err := forecast.ParseDay(o.name)
	if err != nil {
		o.err = nil
		return o
	}
	marks, err := s.Calendar.Marks(r.Context(), who, planning.Query{Outlet: outlet, First: day, Last: day, Most: daysAsked})
	if o.err = err; slices.ContainsFunc(marks, func(m planning.Mark) bool { return m.ID == id }) {
		o.err = errs.Conflict("%s is marked for all outlets: who speaks for all of them can take it back", o.name)
	}
	return o
}

// saveHolidays says whose public holidays are kept, unless somebody has changed that since.
func (s *server) saveHolidays(r *http.Request, who actor.Actor, outlet int64) outcome {
	o := outcome{said: "setup.holidays_saved"}
	if s.Calendar == nil {
		o.err = errs.NotFound("nobody plans here")
		return o
	}
	have, err := s.Calendar.Outlet(r.Context(), who, outlet)
	if err != nil {
		o.err = err
		return o
	}
	want := planning.Outlet{ID: outlet, Country: r.PostFormValue("country"), ClosedOnHolidays: r.PostFormValue("closed") != ""}
	switch now := holidaysText(have); {
	case holidaysText(want) == now: // as it is
	case r.PostFormValue("seen") != now:
		o.err = errs.Conflict("somebody else has changed the public holidays in the meantime")
	default:
		o.err = s.Calendar.PutOutlet(r.Context(), who, want)
	}
	return o
}

// fault is one field's.
func fault(path, format string, args ...any) error {
	var f errs.Fields
	f.Add(path, format, args...)
	return f.Err()
}
