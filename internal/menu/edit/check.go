package edit

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"brigade/internal/errs"
	"brigade/internal/menu/load"
	"brigade/internal/modifier"
	"brigade/internal/money"
)

// Limits, as those of files.
const (
	mostCapacity = 10_000
	mostParallel = 100
	mostSteps    = 100
	mostBatch    = 1_000
	longestStep  = 86_400 // seconds
	longestWait  = time.Hour
	highest      = 1_000 // priority
	longestText  = 200
	dearest      = money.Amount(100_000_000)
	longestSpan  = 24 * time.Hour
	mostNamedIn  = 30 // allergens
)

var (
	skuForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$`)
	dayTime = regexp.MustCompile(`^([01]\d|2[0-3]):[0-5]\d$`)
)

// Tidy returns the thing as files would say it: texts without spaces around them, lists in their order, no empty ones.
func (t Thing) Tidy() Thing {
	switch {
	case t.Station != nil:
		s := *t.Station
		s.Name = strings.TrimSpace(s.Name)
		return Thing{Station: &s}
	case t.Machine != nil:
		m := *t.Machine
		m.Name = strings.TrimSpace(m.Name)
		return Thing{Machine: &m}
	case t.Staff != nil:
		return Thing{Staff: tidyStaff(*t.Staff)}
	case t.Item != nil:
		return Thing{Item: tidyItem(*t.Item)}
	case t.Supplier != nil:
		return Thing{Supplier: tidySupplier(*t.Supplier)}
	case t.General != nil:
		g := *t.General
		g.Name = strings.TrimSpace(g.Name)
		return Thing{General: &g}
	}
	return t
}

func tidyStaff(p load.Staff) *load.Staff {
	p.Name = strings.TrimSpace(p.Name)
	p.Skills = slices.Sorted(slices.Values(p.Skills))
	p.Times = some(p.Times)
	slices.SortStableFunc(p.Times, func(a, b load.Time) int {
		return strings.Compare(timeKey(a), timeKey(b))
	})
	return &p
}

// timeKey puts shifts before breaks, then days and starts in their order, as files are read.
func timeKey(t load.Time) string {
	kind := 0
	if t.Kind == load.Break {
		kind = 1
	}
	return fmt.Sprintf("%d %d %s", kind, t.Weekday, t.Starts)
}

// some is a copy of a list; nil when there is nothing in it, so that the same things look the same.
func some[V any](list []V) []V {
	if len(list) == 0 {
		return nil
	}
	return slices.Clone(list)
}

func tidyItem(it Item) *Item {
	it.SKU, it.Name = strings.TrimSpace(it.SKU), strings.TrimSpace(it.Name)
	it.Category, it.Description = strings.TrimSpace(it.Category), strings.TrimSpace(it.Description)
	it.Steps = slices.Clone(it.Steps)
	for i := range it.Steps {
		st := &it.Steps[i]
		st.Name = strings.TrimSpace(st.Name)
		st.After = slices.Sorted(slices.Values(st.After))
		if st.Batch.Size <= 1 {
			st.Batch.Wait = 0
		}
		if st.Batch.Size < 0 {
			st.Batch.Size = 0
		}
	}
	it.Parts, it.Allergens = some(it.Parts), some(it.Allergens)
	it.Choices = some(it.Choices)
	for i, g := range it.Choices {
		it.Choices[i] = tidyGroup(g)
	}
	slices.SortStableFunc(it.Parts, func(a, b load.Part) int { return strings.Compare(a.Code, b.Code) })
	return &it
}

func tidyGroup(g modifier.Group) modifier.Group {
	g.Name = strings.TrimSpace(g.Name)
	g.Choices = slices.Clone(g.Choices)
	for i := range g.Choices {
		c := &g.Choices[i]
		c.Name, c.Allergens = strings.TrimSpace(c.Name), some(c.Allergens)
	}
	return g
}

// check names each faulty field of a thing that is to be in the set.
func (s Set) check(t Thing) error {
	var f errs.Fields
	switch {
	case t.Station != nil:
		line(&f, "name", t.Station.Name, true)
		within(&f, "capacity", t.Station.Capacity, mostCapacity)
	case t.Machine != nil:
		s.checkMachine(&f, *t.Machine)
	case t.Staff != nil:
		s.checkStaff(&f, *t.Staff)
	case t.Item != nil:
		s.checkItem(&f, *t.Item)
	case t.Order != nil:
		s.checkOrder(&f, t.Order.SKUs)
	case t.General != nil:
		s.checkGeneral(&f, *t.General)
	case t.Supplier != nil:
		s.checkSupplier(&f, *t.Supplier)
	default:
		f.Add("kind", "must say what is to be changed")
	}
	return f.Err()
}

func line(f *errs.Fields, path, text string, must bool) {
	switch {
	case must && text == "":
		f.Add(path, "must not be empty")
	case utf8.RuneCountInString(text) > longestText:
		f.Add(path, "must have at most %d characters", longestText)
	case strings.ContainsFunc(text, unicode.IsControl) || !utf8.ValidString(text):
		f.Add(path, "must be one line of printable text")
	}
}

func within(f *errs.Fields, path string, n, most int) {
	if n < 1 || n > most {
		f.Add(path, "must be a whole number from 1 to %d", most)
	}
}

// number names a field that is not a number from low to high; NaN is none.
func number(f *errs.Fields, path string, v, low, high float64) {
	if !(v >= low && v <= high) { // so, for NaN
		f.Add(path, "must be a number from %v to %v", low, high)
	}
}

func (s Set) hasStation(name string) bool {
	return slices.ContainsFunc(s.Outlet.Stations, func(x load.Station) bool { return x.Name == name })
}

func (s Set) knownStation(f *errs.Fields, path, name string) bool {
	switch {
	case name == "":
		f.Add(path, "must name a station")
	case !s.hasStation(name):
		f.Add(path, "%q is not a station of this kitchen", name)
	default:
		return true
	}
	return false
}

func (s Set) checkMachine(f *errs.Fields, m load.Machine) {
	line(f, "name", m.Name, true)
	within(f, "capacity", m.Capacity, mostCapacity)
	if !s.knownStation(f, "station", m.Station) {
		return
	}
	on := s.recipes(func(st load.Step) bool { return st.Machine == m.Name && st.Station != m.Station })
	if why := said("cannot be changed: the recipes of %s use the machine where it stands", on); !why.Empty() {
		f.Add("station", "%s", why)
	}
}

func (s Set) checkStaff(f *errs.Fields, p load.Staff) {
	line(f, "name", p.Name, true)
	within(f, "max_parallel", p.MaxParallel, mostParallel)
	number(f, "efficiency", p.Efficiency, 0.1, 10)
	for i, skill := range p.Skills {
		if s.knownStation(f, "skills", skill) && i > 0 && p.Skills[i-1] == skill {
			f.Add("skills", "%q is here twice", skill)
		}
	}
	if why := s.alone(p.Name, p.Skills); !why.Empty() {
		f.Add("skills", "must stay: %s", why)
	}
	for i, t := range p.Times {
		checkTime(f, p.Times[:i], t)
	}
}

func checkTime(f *errs.Fields, before []load.Time, t load.Time) {
	path := fmt.Sprintf("%ss[%d]", t.Kind, t.Weekday)
	switch {
	case t.Kind != load.Shift && t.Kind != load.Break || t.Weekday < time.Sunday || t.Weekday > time.Saturday:
		f.Add("shifts", "must be shifts or breaks on days of the week")
	case !dayTime.MatchString(t.Starts) || !dayTime.MatchString(t.Ends):
		f.Add(path, "must be times of day from 00:00 to 23:59, as 09:30")
	case slices.ContainsFunc(before, func(o load.Time) bool {
		return o.Kind == t.Kind && o.Weekday == t.Weekday && o.Starts == t.Starts
	}):
		f.Add(path, "has two that begin at %s", t.Starts)
	}
}

func (s Set) checkOrder(f *errs.Fields, skus []string) {
	for i, sku := range skus {
		if slices.Contains(skus[:i], sku) {
			f.Add("skus", "%q is here twice", sku)
		}
		if s.Find(load.Ref{Kind: load.KindItem, Name: sku}) == nil {
			f.Add("skus", "%q is not on the menu", sku)
		}
	}
}

func (s Set) checkGeneral(f *errs.Fields, g General) {
	line(f, "name", g.Name, true)
	if _, err := time.LoadLocation(g.Timezone); err != nil || g.Timezone == "" || g.Timezone == "Local" {
		f.Add("timezone", "is not a known time zone: it is written as Europe/Madrid")
	}
	seconds(f, "stale_after", g.StaleAfter, time.Second)
	seconds(f, "course_gap", g.CourseGap, 0)
	if g.FreeFormStation == "" || !s.knownStation(f, "free_form_station", g.FreeFormStation) {
		return
	}
	if !s.skilled(g.FreeFormStation, "") {
		f.Add("free_form_station", "nobody can work at %q: give somebody the skill first", g.FreeFormStation)
	}
}

func seconds(f *errs.Fields, path string, d, least time.Duration) {
	if d < least || d > longestSpan || d%time.Second != 0 {
		f.Add(path, "must be from %.0f seconds to %.0f hours, in whole seconds", least.Seconds(), longestSpan.Hours())
	}
}
