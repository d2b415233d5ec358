package manager

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"brigade/internal/kitchen"
	"brigade/internal/kitchen/sched"
	"brigade/internal/tenant"
	"brigade/internal/web/page"
)

// texter says texts in a language.
type texter func(key string, args ...any) string

// dayView is a day as its partials show it. It is pure: a diary in, what is to be seen out.
type dayView struct {
	Span      string
	Spans     []string
	Blind     bool // the plan ahead is not drawn
	Figures   []figureView
	Axis      axisView
	ByStation []laneView
	ByPerson  []laneView
	Stations  []stationView
	People    []personView
	Machines  []machineView
	Promises  promisesView
	Late      lateView
}

// figureView is one number with its name and what it means.
type figureView struct{ Name, Value, Note string }

// useView is how much of something was used.
type useView struct {
	Percent int // −1: it cannot be said
	Text    string
}

type stationView struct {
	Name        string
	Today, Hour useView
	Tasks       int
	Busy, Of    int
	Closed      string
}

type personView struct {
	ID          int64
	Name        string
	Skills      string
	Today, Hour useView
	Tasks       int
	State       string // work, break or off
	Outlet      string // its slug
}

type machineView struct {
	ID            int64
	Name, Station string
	Busy, Of      int
	Up            bool
	Reason        string
	Outlet        string // its slug
}

// promisesView is how promises were kept.
type promisesView struct {
	All   keptView
	Hours []keptView
}

type keptView struct {
	Hour     string
	Orders   int
	P50, P90 int // percent
	Bias     string
	Spoken   string // the bias in words
}

// lateView is a page of late orders.
type lateView struct {
	Count  int
	Orders []lateOrder
}

type lateOrder struct {
	Number, Short string
	Base          string
	Placed        string
	Promised      string
	Ready         string // "" = it is not ready
	Late          string
}

// lateShown is how many late orders are listed.
const lateShown = 12

func newDayView(d *kitchen.Diary, o tenant.Outlet, v view) dayView {
	say := texter(page.Sayer(v.lang))
	w, zone := windowOf(v.span, d), d.Board.Layout.Location
	day := dayView{Span: v.span, Spans: spans, Blind: d.Blind, Axis: newAxis(w, d, zone)}
	day.ByStation, day.ByPerson = lanes(d, w, say)
	day.Stations, day.People, day.Machines = stationViews(d, say), peopleViews(d, o, say), machineViews(d, o)
	day.Promises, day.Late = newPromises(d, zone, say), newLate(d, o, zone)
	day.Figures = figures(d, day, say)
	return day
}

// hour is the last hour of a day, or as much of it as there was.
func hour(d *kitchen.Diary) time.Time {
	if at := d.Now.Add(-time.Hour); at.After(d.Begun()) {
		return at
	}
	return d.Begun()
}

// crowd is the capacity from which on a station is never full, so that its mean says more than a share.
const crowd = 50

func newUse(u kitchen.Use, capacity int, say texter) useView {
	switch {
	case math.IsNaN(u.Share) || math.IsNaN(u.Mean):
		return useView{-1, "–"}
	case capacity >= crowd:
		return useView{-1, say("manager.at_once", one(u.Mean))}
	}
	p := int(math.Round(100 * u.Share))
	return useView{p, strconv.Itoa(p) + " %"}
}

func stationViews(d *kitchen.Diary, say texter) (list []stationView) {
	today, last := d.Stations(d.Begun(), d.Now), d.Stations(hour(d), d.Now)
	for _, st := range d.Board.Stations {
		list = append(list, stationView{
			Name: st.Name, Today: newUse(today[st.ID], st.Capacity, say), Hour: newUse(last[st.ID], st.Capacity, say),
			Tasks: today[st.ID].Tasks, Busy: st.Assigned + st.Started, Of: st.Capacity, Closed: st.To,
		})
	}
	return list
}

func peopleViews(d *kitchen.Diary, o tenant.Outlet, say texter) (list []personView) {
	today, last := d.People(d.Begun(), d.Now), d.People(hour(d), d.Now)
	for _, p := range d.Board.People {
		if !p.Active {
			continue
		}
		v := personView{
			ID: p.ID, Name: p.Name, Skills: strings.Join(p.Station, ", "), Today: newUse(today[p.ID], 1, say), Hour: newUse(last[p.ID], 1, say),
			Tasks: today[p.ID].Tasks, State: "off", Outlet: o.Slug,
		}
		switch {
		case p.OnShift:
			v.State = "work"
		case sentAway(p.Person, d.Now):
			v.State = "break"
		}
		list = append(list, v)
	}
	return list
}

// sentAway tells whether somebody was sent on a break that can be ended.
func sentAway(p kitchen.Person, now time.Time) bool {
	for _, i := range p.Hours.Taken {
		if i.From <= sched.At(now) && sched.At(now) < i.To {
			return true
		}
	}
	return false
}

func machineViews(d *kitchen.Diary, o tenant.Outlet) (list []machineView) {
	for _, m := range d.Board.Machines {
		list = append(list, machineView{
			ID: m.ID, Name: m.Name, Station: m.StationName, Busy: m.Busy, Of: m.Capacity, Up: m.Up, Reason: m.Reason, Outlet: o.Slug,
		})
	}
	return list
}

func newPromises(d *kitchen.Diary, zone *time.Location, say texter) promisesView {
	all, hours := d.Promises()
	v := promisesView{All: newKept(all, zone, say)}
	for _, h := range hours {
		v.Hours = append(v.Hours, newKept(h, zone, say))
	}
	return v
}

func newKept(k kitchen.Kept, zone *time.Location, say texter) keptView {
	v := keptView{Orders: k.Orders, Bias: signed(k.Bias.Minutes()), Spoken: say("manager.bias_after", one(k.Bias.Minutes()))}
	if k.Bias < 0 {
		v.Spoken = say("manager.bias_before", one(-k.Bias.Minutes()))
	}
	if !k.From.IsZero() {
		v.Hour = k.From.In(zone).Format("15:04")
	}
	if k.Orders > 0 {
		v.P50, v.P90 = 100*k.ByP50/k.Orders, 100*k.ByP90/k.Orders
	}
	return v
}

func newLate(d *kitchen.Diary, o tenant.Outlet, zone *time.Location) lateView {
	all := d.LateOrders()
	v := lateView{Count: len(all)}
	for _, x := range all[:min(lateShown, len(all))] {
		l := lateOrder{
			Number: x.Number, Short: page.ShortNumber(x.Number), Base: base(o), Placed: x.Placed.In(zone).Format("15:04"),
			Promised: x.Promised().In(zone).Format("15:04"), Late: span(x.Late(d.Now)),
		}
		if !x.Ready.IsZero() {
			l.Ready = x.Ready.In(zone).Format("15:04")
		}
		v.Orders = append(v.Orders, l)
	}
	return v
}

func figures(d *kitchen.Diary, v dayView, say texter) []figureView {
	open, ready := 0, 0
	for _, o := range d.Orders {
		if o.Ready.IsZero() {
			open++
		} else {
			ready++
		}
	}
	list := []figureView{
		{say("manager.open"), strconv.Itoa(open), ""},
		{say("manager.ready"), strconv.Itoa(ready), ""},
		{say("manager.late"), strconv.Itoa(v.Late.Count), ""},
	}
	if k := v.Promises.All; k.Orders > 0 {
		return append(list,
			figureView{say("manager.by_p50"), strconv.Itoa(k.P50) + " %", say("manager.aim", 50)},
			figureView{say("manager.by_p90"), strconv.Itoa(k.P90) + " %", say("manager.aim", 90)},
			figureView{say("manager.bias"), k.Bias, ""})
	}
	return append(list, figureView{say("manager.by_p50"), "–", ""}, figureView{say("manager.by_p90"), "–", ""}, figureView{say("manager.bias"), "–", ""})
}

// span writes a length as a kitchen reads it: 4:07, 1:02:09.
func span(d time.Duration) string {
	s := int(d.Round(time.Second) / time.Second)
	if s < 3600 {
		return fmt.Sprintf("%d:%02d", s/60, s%60)
	}
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}

// one is a number with one decimal.
func one(x float64) string { return strconv.FormatFloat(x, 'f', 1, 64) }

// signed is a number with one decimal and its sign.
func signed(x float64) string { return fmt.Sprintf("%+.1f", x) }

// share is a part of 100 as the width of a bar.
func share(percent int) string { return strconv.Itoa(max(0, min(100, percent))) + "%" }
