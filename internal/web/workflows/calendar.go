package workflows

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"time"

	"brigade/internal/actor"
	"brigade/internal/planning/holiday"
	"brigade/internal/workflow"
	"brigade/internal/workflow/schedule"
)

const (
	mostRuns   = 500          // that have begun: the latest
	mostOfFlow = 53 * 24 * 60 // to come, of a workflow: one each minute of a month and the weeks around it
)

// calendarPage is what the page calendar shows.
type calendarPage struct {
	head
	Month, Prev, Next, Now string
	Weekdays               []string
	Weeks                  [][]calendarDay
	Zone                   string
	Idle                   bool // nothing is on a schedule
}

// calendarDay is a cell of the month.
type calendarDay struct {
	Number                    int
	Title                     string
	Out, Today, Free, Weekend bool
	Shift                     string // clocks change
	Entries                   []calendarEntry
	More                      int
}

// calendarEntry is a workflow on a day: runs that were, or will be.
type calendarEntry struct {
	Path, Text, Time, Status, Icon, StatusName string
	at                                         time.Time
}

const entriesShown = 5

func (s *server) showCalendar(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	h, err := s.begin(r, who, "calendar", s.Say(r, "workflows.tab.calendar"))
	if err != nil {
		return err
	}
	now := s.Clock.Now().In(h.f.zone)
	first := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, h.f.zone)
	if at, err := time.ParseInLocation("2006-01", r.URL.Query().Get("month"), h.f.zone); err == nil && at.Year() > 2000 && at.Year() < 2200 {
		first = at
	}
	due, err := s.Workflows.Upcoming(r.Context(), who)
	if err != nil {
		return err
	}
	runs, err := s.Workflows.Executions(r.Context(), who, workflow.Filter{Most: mostRuns})
	if err != nil {
		return err
	}
	p := calendarPage{
		head: h, Month: h.f.months[first.Month()-1] + " " + strconv.Itoa(first.Year()), Zone: h.f.zone.String(), Idle: len(due) == 0,
		Prev: first.AddDate(0, -1, 0).Format("2006-01"), Next: first.AddDate(0, 1, 0).Format("2006-01"), Now: now.Format("2006-01"),
	}
	p.fill(first, now, s.entries(h.f, first, now, due, runs), s.free)
	s.set.Render(w, r, http.StatusOK, "calendar", &p)
	return nil
}

// free tells public holidays of where a zone is.
func (s *server) free(zone string, day time.Time) bool {
	y, m, d := day.Date()
	return s.Holidays != nil && s.Holidays(holiday.CountryOf(zone), schedule.Date(y, m, d))
}

// entries are what was done and what will be, by date.
func (s *server) entries(f format, first, now time.Time, due []workflow.Due, runs []workflow.Execution) map[string][]calendarEntry {
	by := map[string][]calendarEntry{}
	from, to := first.AddDate(0, 0, -7), first.AddDate(0, 1, 14)
	for i := range runs {
		e := &runs[i]
		at := e.Created.In(f.zone)
		if at.Before(from) || at.After(to) {
			continue
		}
		key := at.Format(time.DateOnly)
		by[key] = append(by[key], calendarEntry{
			runPath(e.ID), e.Name, at.Format("15:04"), string(e.Status), statusIcons[string(e.Status)], f.say("workflows.status." + string(e.Status)), at,
		})
	}
	for i := range due {
		d := &due[i]
		plan, _, err := d.Workflow.Schedule(d.Zone, s.Holidays)
		if err != nil || !d.Workflow.Enabled {
			continue
		}
		for key, list := range planned(plan.Between(latestOf(now, from), to, mostOfFlow), f) {
			by[key] = append(by[key], entryOf(d, list, f))
		}
	}
	for _, list := range by {
		slices.SortStableFunc(list, func(a, b calendarEntry) int { return a.at.Compare(b.at) })
	}
	return by
}

func latestOf(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// planned sorts runs by the date that the clock shows when they start.
func planned(runs []schedule.Run, f format) map[string][]time.Time {
	by := map[string][]time.Time{}
	for _, r := range runs {
		at := r.Nominal.In(f.zone)
		by[at.Format(time.DateOnly)] = append(by[at.Format(time.DateOnly)], at)
	}
	return by
}

func entryOf(d *workflow.Due, at []time.Time, f format) calendarEntry {
	e := calendarEntry{
		Path: workflowPath(d.Workflow.Name), Text: d.Workflow.Name, Time: at[0].Format("15:04"), Status: "planned", Icon: "calendar",
		StatusName: f.say("workflows.status.planned"), at: at[0],
	}
	if len(at) > 1 {
		e.Time += " ×" + strconv.Itoa(len(at))
	}
	return e
}

// fill lays a month out in weeks from Monday on.
func (p *calendarPage) fill(first, now time.Time, by map[string][]calendarEntry, free func(string, time.Time) bool) {
	p.Weekdays = append(slices.Clone(p.f.days[1:]), p.f.days[0])
	start := first.AddDate(0, 0, -(int(first.Weekday())+6)%7)
	for week := range 6 {
		if week > 3 && start.AddDate(0, 0, 7*week).Month() != first.Month() {
			break
		}
		row := make([]calendarDay, 7)
		for i := range row {
			day := time.Date(start.Year(), start.Month(), start.Day()+7*week+i, 0, 0, 0, 0, p.f.zone)
			row[i] = p.day(day, first, now, by[day.Format(time.DateOnly)], free)
		}
		p.Weeks = append(p.Weeks, row)
	}
}

func (p *calendarPage) day(day, first, now time.Time, list []calendarEntry, free func(string, time.Time) bool) calendarDay {
	d := calendarDay{
		Number: day.Day(), Title: p.f.days[day.Weekday()] + " " + strconv.Itoa(day.Day()), Out: day.Month() != first.Month(),
		Today: day.Format(time.DateOnly) == now.Format(time.DateOnly), Free: free(p.Zone, day),
		Weekend: day.Weekday() == time.Saturday || day.Weekday() == time.Sunday, Entries: list,
	}
	d.Shift = p.shift(day)
	if len(list) > entriesShown {
		d.Entries, d.More = list[:entriesShown], len(list)-entriesShown
	}
	return d
}

// shift says by how much clocks are changed on a day; "" when they are not.
func (p *calendarPage) shift(day time.Time) string {
	_, before := day.Zone()
	_, after := time.Date(day.Year(), day.Month(), day.Day()+1, 0, 0, 0, 0, p.f.zone).Zone()
	switch cmp.Compare(after, before) {
	case 1:
		return p.f.say("workflows.clocks_forward", (after-before)/60)
	case -1:
		return p.f.say("workflows.clocks_back", (before-after)/60)
	}
	return ""
}
