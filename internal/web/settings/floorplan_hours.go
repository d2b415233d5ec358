package settings

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/menu/load"
	"brigade/internal/order"
)

// Hours knows when outlets take orders; order.Care does.
type Hours interface {
	Settings(ctx context.Context, who actor.Actor, outlet int64) (order.Settings, error)
	PutHours(ctx context.Context, who actor.Actor, outlet int64, may func(have []order.OpenHours) error, hours []order.OpenHours) error
}

// hoursForm is the form of opening hours.
type hoursForm struct {
	Seen string // what they were when the form was filled in
	Days []dayForm
}

// hours fills the form in.
func (s *server) hours(r *http.Request, who actor.Actor, f setFrame, o outcome) (*hoursForm, error) {
	if s.Hours == nil {
		return nil, nil
	}
	set, err := s.Hours.Settings(r.Context(), who, f.Outlet.ID)
	if err != nil {
		return nil, err
	}
	form := &hoursForm{Seen: hoursText(set.Hours)}
	for _, d := range week {
		day := dayForm{Index: int(d), Day: f.dayName(d), Shifts: hoursOf(set.Hours, d), ShiftFault: f.Faults[openAt(d)]}
		if o.err != nil && r.PostFormValue("do") == "hours" {
			day.Shifts = r.PostFormValue(fmt.Sprintf("open_%d", d))
		}
		form.Days = append(form.Days, day)
	}
	return form, nil
}

func openAt(d time.Weekday) string { return fmt.Sprintf("open[%d]", d) }

// hoursOf writes when an outlet is open on a day: "11:00-15:00, 19:00-01:00".
func hoursOf(hours []order.OpenHours, d time.Weekday) string {
	var list []string
	for _, h := range hours {
		if h.Weekday == d {
			list = append(list, wall(h.Opens)+"-"+wall(h.Closes))
		}
	}
	return strings.Join(list, ", ")
}

func hoursText(hours []order.OpenHours) string {
	days := make([]string, len(week))
	for i, d := range week {
		days[i] = hoursOf(hours, d)
	}
	return strings.Join(days, "; ")
}

// wall is what a clock on the wall shows so long after midnight.
func wall(d time.Duration) string {
	return fmt.Sprintf("%02d:%02d", int(d/time.Hour)%24, int(d/time.Minute)%60)
}

// saveHours writes the form of opening hours, unless somebody has changed them since.
func (s *server) saveHours(r *http.Request, who actor.Actor, outlet int64) outcome {
	o := outcome{said: "setup.hours_saved"}
	if s.Hours == nil {
		o.err = errs.NotFound("nobody knows when this outlet is open")
		return o
	}
	want, err := readHours(r)
	if err != nil {
		o.err = err
		return o
	}
	o.err = s.Hours.PutHours(r.Context(), who, outlet, func(have []order.OpenHours) error {
		if now := hoursText(have); now != r.PostFormValue("seen") && now != hoursText(want) {
			return errs.Conflict("somebody else has changed the opening hours in the meantime: they are %s now", now)
		}
		return nil
	}, want)
	return o
}

func readHours(r *http.Request) (hours []order.OpenHours, err error) {
	var f errs.Fields
	for _, d := range week {
		for _, t := range readTimes(load.Shift, d, r.PostFormValue(fmt.Sprintf("open_%d", d))) {
			from, err1 := time.Parse("15:04", t.Starts)
			to, err2 := time.Parse("15:04", t.Ends)
			if err1 != nil || err2 != nil {
				f.Add(openAt(d), "must be times of day, as 11:00-22:30")
				continue
			}
			since := func(t time.Time) time.Duration {
				return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute
			}
			if slices.ContainsFunc(hours, func(h order.OpenHours) bool { return h.Weekday == d && h.Opens == since(from) }) {
				f.Add(openAt(d), "has two that begin at %s", t.Starts)
			}
			hours = append(hours, order.OpenHours{Weekday: d, Opens: since(from), Closes: since(to)})
		}
	}
	return hours, f.Err()
}
