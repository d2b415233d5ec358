package planning

import (
	"cmp"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"brigade/internal/actor"
	"brigade/internal/errs"
	plans "brigade/internal/planning"
	"brigade/internal/planning/forecast"
	"brigade/internal/web/page"
)

// productionPage is what the page production shows.
type productionPage struct {
	head
	None      bool // nothing is planned for the day
	Day       plans.Day
	Days      []dayLink
	Plan      plans.Plan
	Hours     []hourView
	Totals    []totalView
	Notes     []noteView
	Timeline  timeline
	Better    int
	Worse     int
	PlanWAPE  float64
	EditsWAPE float64
	Edits     []plans.EditOutcome
}

// dayLink leads to the plan of another day.
type dayLink struct {
	Path, Name string
	Here       bool
}

// hourView is what begins in an hour.
type hourView struct {
	at     time.Time
	Hour   string
	Now    bool
	Past   bool
	Starts []startView
}

// startView is some batches of a preparation that are begun at one time.
type startView struct {
	At, Ready, Until, For string
	Name, Station         string
	Batches               int
	Amount                string
	Minutes               int
	Over                  bool
}

// totalView is a preparation's day.
type totalView struct {
	Code, Name                              string
	There, Expected, Wanted, Planned, Batch string
	Batches                                 int // that count: planned, or as somebody made of it
	Edited, By, Reason                      string
	WasReason                               string
}

func (s *server) showProduction(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	h, err := s.begin(r, who, "production")
	if err != nil {
		return err
	}
	p := productionPage{head: h, Day: h.Today}
	if text := r.URL.Query().Get("day"); text != "" {
		if p.Day, err = forecast.ParseDay(text); err != nil {
			return errs.Invalid("day must be YYYY-MM-DD")
		}
	}
	for d := h.Today; d <= h.Today+2; d++ {
		p.Days = append(p.Days, dayLink{h.Base + "/production?day=" + d.String(), h.f.Day(d), d == p.Day})
	}
	plan, made, _, err := s.Planner.ProductionOf(r.Context(), who, h.Outlet.ID, p.Day, 0)
	switch {
	case errs.Is(err, errs.KindNotFound):
		p.None = true
	case err != nil:
		return err
	}
	p.Plan, p.Notes = made, h.f.notes(plan.Notes)
	p.fill(plan, s.Clock.Now())
	if h.Manages {
		a, err := s.Planner.EditAccuracy(r.Context(), who, h.Outlet.ID, plans.PlanProduction, h.Today-30, h.Today-1)
		if err != nil {
			return err
		}
		p.Better, p.Worse, p.PlanWAPE, p.EditsWAPE, p.Edits = a.Better, a.Worse, a.PlanWAPE, a.EditsWAPE, a.Edits[:min(len(a.Edits), 20)]
	}
	s.set.Render(w, r, http.StatusOK, "production", &p)
	return nil
}

// fill turns a plan into what is shown of it.
func (p *productionPage) fill(plan plans.Production, now time.Time) {
	for _, x := range plan.Starts {
		if hour := p.f.hourOf(x.Begin); len(p.Hours) == 0 || !p.Hours[len(p.Hours)-1].at.Equal(hour) {
			over := !hour.Add(time.Hour).After(now)
			p.Hours = append(p.Hours, hourView{at: hour, Hour: p.f.Hour(hour), Past: over, Now: !over && !hour.After(now)})
		}
		last := &p.Hours[len(p.Hours)-1]
		last.Starts = append(last.Starts, p.start(x, now))
	}
	for _, t := range plan.Totals {
		p.Totals = append(p.Totals, p.total(t))
	}
	p.Timeline = newTimeline(plan.Starts, now, p.f)
}

func (p *productionPage) start(x plans.Start, now time.Time) startView {
	v := startView{
		At: p.f.Hour(x.Begin), Ready: p.f.Hour(x.Ready), For: p.f.Hour(x.For), Name: cmp.Or(x.Name, x.Code), Station: x.Station, Batches: x.Batches,
		Amount: p.f.Of(x.Amount, x.Unit), Minutes: int(math.Round(x.Minutes)), Over: x.Ready.Before(now),
	}
	if x.Until != nil {
		v.Until = p.f.At(*x.Until)
	}
	return v
}

func (p *productionPage) total(t plans.Total) totalView {
	v := totalView{
		Code: t.Code, Name: cmp.Or(t.Name, t.Code), There: p.f.Of(t.There, t.Unit), Expected: p.f.Of(t.Expected, t.Unit), Wanted: p.f.Of(t.Wanted, t.Unit),
		Planned: p.f.Of(t.Planned, t.Unit), Batch: p.f.Of(t.Batch, t.Unit),
	}
	planned := t.Planned
	if e := t.Edited; e != nil {
		planned, v.WasReason = e.Quantity, e.Reason
		if e.Quantity != t.Planned { // put back to what is planned, there is nothing to show
			v.Edited, v.By, v.Reason = p.f.Of(e.Quantity, t.Unit), e.By, e.Reason
		}
	}
	if t.Batch > 0 {
		v.Batches = int((planned + t.Batch - 1) / t.Batch)
	}
	return v
}

// timeline is the day by station, from the first begin to the last end.
type timeline struct {
	W, H     int
	Hours    []tick // Y is the x here
	Stations []laneView
	Now      *float64
}

// laneView is a station's row.
type laneView struct {
	Name string
	Y    float64
	Bars []bar
}

const (
	laneHeight = 34
	laneLeft   = 110
	laneWidth  = 1060
)

func newTimeline(starts []plans.Start, now time.Time, f format) timeline {
	t := timeline{W: laneWidth}
	if len(starts) == 0 {
		return t
	}
	from, to := starts[0].Begin, starts[0].Ready
	for _, x := range starts {
		from, to = earliest(from, x.Begin), latest(latest(to, x.Ready), x.For)
	}
	from, to = f.hourOf(from), f.hourOf(to.Add(time.Hour))
	x := func(at time.Time) float64 {
		return round1(laneLeft + (laneWidth-laneLeft-10)*float64(at.Sub(from))/float64(to.Sub(from)))
	}
	for at := from; !at.After(to); at = at.Add(time.Hour) {
		t.Hours = append(t.Hours, tick{x(at), f.Hour(at)})
	}
	for _, s := range starts {
		i := slices.IndexFunc(t.Stations, func(l laneView) bool { return l.Name == s.Station })
		if i < 0 {
			t.Stations = append(t.Stations, laneView{Name: s.Station, Y: float64(24 + laneHeight*len(t.Stations))})
			i = len(t.Stations) - 1
		}
		l := &t.Stations[i]
		l.Bars = append(l.Bars, bar{
			X: x(s.Begin), Y: l.Y + 4, W: max(6, round1(x(s.Ready)-x(s.Begin))), H: laneHeight - 10, Kind: strconv.Itoa(s.Batches) + " × " + cmp.Or(s.Name, s.Code),
			Title: f.Hour(s.Begin) + "–" + f.Hour(s.Ready) + " · " + strconv.Itoa(s.Batches) + " × " + cmp.Or(s.Name, s.Code) + " · " + f.Of(s.Amount, s.Unit),
		})
	}
	t.H = 24 + laneHeight*len(t.Stations)
	if now.After(from) && now.Before(to) {
		at := x(now)
		t.Now = &at
	}
	return t
}

func earliest(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// makePlans plans the outlet's preparations, purchases and stock from what is forecast now. Planned again from the same, nothing
// changes.
func (s *server) makePlans(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	outlet, _, err := s.Outlet(r, who)
	if err != nil {
		return err
	}
	day := plans.Day(0)
	if text := r.PostFormValue("day"); text != "" {
		if day, err = dayField(r); err != nil {
			return err
		}
	}
	planned, err := s.Planner.Production(r.Context(), who.Tenant, []int64{outlet.ID}, day, who.Name)
	if err == nil {
		_, err = s.Planner.Procurement(r.Context(), who.Tenant, []int64{outlet.ID}, 0, who.Name)
	}
	if err == nil {
		_, err = s.Planner.StockProjection(r.Context(), who.Tenant, []int64{outlet.ID}, 0, who.Name)
	}
	if err != nil {
		return err
	}
	if planned == 0 {
		return errs.Conflict("%s", s.Say(r, "planning.fault.no_ingredients"))
	}
	key := cmp.Or(r.PostFormValue("tab"), "production")
	if !slices.ContainsFunc(tabs, func(t tab) bool { return t.key == key }) {
		key = "production"
	}
	return s.done(w, r, key, page.Toast{Text: s.Say(r, "planning.planned")})
}

// editProduction takes what somebody knows better about a preparation; it is taken back by the batches of before.
func (s *server) editProduction(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	outlet, _, err := s.Outlet(r, who)
	if err != nil {
		return err
	}
	day, err := dayField(r)
	if err != nil {
		return err
	}
	batches, err := strconv.Atoi(strings.TrimSpace(r.PostFormValue("batches")))
	if err != nil {
		return errs.Invalid("%s", s.Say(r, "planning.fault.number"))
	}
	code := r.PostFormValue("code")
	e, err := s.Planner.EditProduction(r.Context(), who, outlet.ID, day, code, batches, strings.TrimSpace(r.PostFormValue("reason")))
	if err != nil {
		return err
	}
	t := page.Toast{Text: s.Say(r, "planning.production.edited", batches, cmp.Or(r.PostFormValue("name"), code))}
	if was := r.PostFormValue("was"); was != "" {
		t.Undo = &page.Undo{Action: r.URL.Path, Fields: map[string]string{
			"code": code, "name": r.PostFormValue("name"), "day": e.Day.String(), "batches": was, "reason": r.PostFormValue("was_reason"),
		}}
	}
	w.Header().Set("HX-Trigger", "changed")
	return s.Done(w, r, "/planning/"+url.PathEscape(outlet.Slug)+"/production?day="+e.Day.String(), t)
}
