package settings

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"brigade/internal/actor"
	"brigade/internal/menu/edit"
	"brigade/internal/menu/load"
)

// week is the days in the order in which they are shown.
var week = []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday, time.Saturday, time.Sunday}

// staffPage is what the page staff shows: who works, with what skills, and when.
type staffPage struct {
	setFrame
	People []personRow
	Days   []string
	Former []load.Staff
}

// personRow is somebody as he is listed.
type personRow struct {
	load.Staff
	Version string
	Path    string // of his page
	Days    []dayCell
	Always  bool // he has no shifts: he is always on
}

// dayCell is when somebody works on a day, and when he has breaks.
type dayCell struct{ Day, Shifts, Breaks string }

func (s *server) renderStaff(w http.ResponseWriter, r *http.Request, who actor.Actor, o outcome) error {
	f, err := s.setUp(r, who, "staff", o)
	if err != nil {
		return err
	}
	p := staffPage{setFrame: f, Former: f.Set.Former}
	for _, d := range week {
		p.Days = append(p.Days, f.dayName(d))
	}
	for _, x := range f.Set.Outlet.Staff {
		row := personRow{Staff: x, Path: personPath(x.Name), Version: f.Set.Find(load.Ref{Kind: load.KindStaff, Name: x.Name}).Version(), Days: f.cells(x.Times)}
		row.Always = !slices.ContainsFunc(x.Times, func(t load.Time) bool { return t.Kind == load.Shift })
		p.People = append(p.People, row)
	}
	s.set.Render(w, r, o.status(), "staff", p)
	return nil
}

func personPath(name string) string { return "/settings/staff/person/" + url.PathEscape(name) }

func (f setFrame) dayName(d time.Weekday) string { return f.Say("setup.day." + strconv.Itoa(int(d))) }

func (f setFrame) cells(times []load.Time) (cells []dayCell) {
	for _, d := range week {
		cells = append(cells, dayCell{f.dayName(d), timesText(times, load.Shift, d), timesText(times, load.Break, d)})
	}
	return cells
}

// timesText writes times of a day: "09:00-17:00, 18:00-02:00".
func timesText(times []load.Time, kind string, day time.Weekday) string {
	var list []string
	for _, t := range times {
		if t.Kind == kind && t.Weekday == day {
			list = append(list, t.Starts+"-"+t.Ends)
		}
	}
	return strings.Join(list, ", ")
}

// bringBack lets somebody work again who did before; what was measured of him still holds.
func (s *server) bringBack(r *http.Request, who actor.Actor, outlet int64) outcome {
	o := outcome{said: "setup.is_back", name: r.PostFormValue("name")}
	set, err := s.Editor.Set(r.Context(), who, outlet)
	if err != nil {
		o.err = err
		return o
	}
	i := slices.IndexFunc(set.Former, func(p load.Staff) bool { return p.Name == o.name })
	if i < 0 { // somebody else was faster
		return o
	}
	o.done, o.err = done(s.Editor.Put(r.Context(), who, outlet, edit.Thing{Staff: &set.Former[i]}, ""))
	return o
}

// personPage is what the page of somebody shows.
type personPage struct {
	setFrame
	New                         bool
	Version, Name, Hands, Speed string
	Path                        string
	Skills                      []choice
	Week                        []dayForm
}

// dayForm is a day of somebody's week.
type dayForm struct {
	Index               int
	Day, Shifts, Breaks string
	ShiftFault          string
	BreakFault          string
}

// personForm is the form of somebody as it was filled in.
type personForm struct {
	load.Staff
	version      string
	hands, speed string
	days         map[time.Weekday][2]string // shifts and breaks as they were written
}

func (s *server) showPerson(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	f, err := s.setUp(r, who, "staff", outcome{})
	if err != nil {
		return err
	}
	name := r.PathValue("name")
	if name == "" {
		return s.renderPerson(w, r, f, http.StatusOK, personForm{hands: "2", speed: "1"})
	}
	t := f.Set.Find(load.Ref{Kind: load.KindStaff, Name: name})
	if t == nil {
		return s.NoPage(r)
	}
	form := personForm{Staff: *t.Staff, version: t.Version(), hands: itoa(t.Staff.MaxParallel), speed: decimal(t.Staff.Efficiency)}
	form.days = map[time.Weekday][2]string{}
	for _, d := range week {
		form.days[d] = [2]string{timesText(form.Times, load.Shift, d), timesText(form.Times, load.Break, d)}
	}
	return s.renderPerson(w, r, f, http.StatusOK, form)
}

func (s *server) renderPerson(w http.ResponseWriter, r *http.Request, f setFrame, status int, form personForm) error {
	p := personPage{
		setFrame: f, New: r.PathValue("name") == "", Version: form.version, Name: form.Name, Hands: form.hands, Speed: form.speed, Path: r.URL.EscapedPath(),
	}
	for _, st := range f.Set.Outlet.Stations {
		p.Skills = append(p.Skills, choice{st.Name, st.Name, slices.Contains(form.Skills, st.Name)})
	}
	for _, d := range week {
		at := "[" + strconv.Itoa(int(d)) + "]"
		p.Week = append(p.Week, dayForm{
			int(d), f.dayName(d), form.days[d][0], form.days[d][1], f.Faults["shifts"+at], f.Faults["breaks"+at],
		})
	}
	s.set.Render(w, r, status, "person", p)
	return nil
}

func readPerson(r *http.Request) personForm {
	f := personForm{version: r.PostFormValue("version"), hands: r.PostFormValue("max_parallel"), speed: r.PostFormValue("efficiency")}
	f.Name, f.Skills, f.MaxParallel = r.PostFormValue("name"), r.PostForm["skill"], whole(r, "max_parallel")
	if name := r.PathValue("name"); name != "" {
		f.Name = name
	}
	f.Efficiency, _ = strconv.ParseFloat(strings.Replace(f.speed, ",", ".", 1), 64) // 0, which nobody has, when it is none
	f.days = map[time.Weekday][2]string{}
	for _, d := range week {
		written := [2]string{r.PostFormValue(fmt.Sprintf("shift_%d", d)), r.PostFormValue(fmt.Sprintf("break_%d", d))}
		f.days[d] = written
		f.Times = append(f.Times, readTimes(load.Shift, d, written[0])...)
		f.Times = append(f.Times, readTimes(load.Break, d, written[1])...)
	}
	return f
}

// readTimes reads what timesText writes, and what people write instead; what is none is for the editor to refuse.
func readTimes(kind string, day time.Weekday, text string) (times []load.Time) {
	for part := range strings.SplitSeq(strings.NewReplacer("–", "-", "—", "-", ";", ",").Replace(text), ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		from, to, _ := strings.Cut(part, "-")
		times = append(times, load.Time{Kind: kind, Weekday: day, Starts: clockTime(from), Ends: clockTime(to)})
	}
	return times
}

// clockTime completes 9 and 9:30 to what files say.
func clockTime(text string) string {
	text = strings.TrimSpace(text)
	h, m, ok := strings.Cut(text, ":")
	if !ok {
		m = "00"
	}
	if len(h) == 1 {
		h = "0" + h
	}
	if text = h + ":" + m; text == "24:00" {
		return "00:00"
	}
	return text
}

func (s *server) savePerson(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	outlet, _, err := s.Outlet(r, who)
	if err != nil {
		return err
	}
	form := readPerson(r)
	o := s.put(r, who, outlet.ID, edit.Thing{Staff: &form.Staff}, form.Name)
	if o.err == nil {
		return s.renderStaff(w, r, who, o)
	}
	f, err := s.setUp(r, who, "staff", o)
	if err != nil {
		return err
	}
	if late := overtakenBy(o.err); late != nil {
		form.version = late.Version()
	}
	return s.renderPerson(w, r, f, o.status(), form)
}
