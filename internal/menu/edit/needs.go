package edit

import (
	"slices"
	"strings"

	"brigade/internal/errs"
	"brigade/internal/menu/load"
)

// Needs says what of the set still needs a thing; it is empty when nothing does.
func (s Set) Needs(ref load.Ref) errs.Text {
	switch ref.Kind {
	case load.KindStation:
		return s.needStation(ref.Name)
	case load.KindMachine:
		return said("recipes: %s", s.recipes(func(st load.Step) bool { return st.Machine == ref.Name }))
	case load.KindStaff:
		return s.alone(ref.Name, nil)
	default:
		return errs.Text{}
	}
}

func (s Set) needStation(name string) errs.Text {
	o := s.Outlet
	var machines, people []string
	for _, m := range o.Machines {
		if m.Station == name {
			machines = append(machines, m.Name)
		}
	}
	for _, p := range o.Staff {
		if slices.Contains(p.Skills, name) {
			people = append(people, p.Name)
		}
	}
	var why []errs.Text
	for _, w := range []errs.Text{
		said("recipes: %s", s.recipes(func(st load.Step) bool { return st.Station == name })),
		said("machines: %s", machines),
		said("people: %s", people),
		said("preparations: %s", s.preparedAt(name)),
	} {
		if !w.Empty() {
			why = append(why, w)
		}
	}
	if o.FreeFormStation == name {
		why = append(why, errs.Textf("what is not on the menu"))
	}
	return errs.Join("; ", why...)
}

func (s Set) preparedAt(station string) (codes []string) {
	if s.Outlet.Stock == nil {
		return nil
	}
	for _, g := range s.Outlet.Stock.Ingredients {
		if g.Station == station {
			codes = append(codes, g.Code)
		}
	}
	return codes
}

// recipes names the items that have such a step.
func (s Set) recipes(with func(load.Step) bool) (names []string) {
	for _, it := range s.Outlet.Items {
		if slices.ContainsFunc(it.Steps, with) {
			names = append(names, it.Name)
		}
	}
	return names
}

// alone says which stations that are in use nobody else could work at if somebody had these skills only.
func (s Set) alone(name string, skills []string) errs.Text {
	var left []string
	for _, st := range s.Outlet.Stations {
		could := slices.ContainsFunc(s.Outlet.Staff, func(p load.Staff) bool { return p.Name == name && slices.Contains(p.Skills, st.Name) })
		if could && !slices.Contains(skills, st.Name) && s.used(st.Name) && !s.skilled(st.Name, name) {
			left = append(left, st.Name)
		}
	}
	return said("nobody else can work at %s, which recipes need", left)
}

func (s Set) used(station string) bool {
	return s.Outlet.FreeFormStation == station || len(s.recipes(func(st load.Step) bool { return st.Station == station })) > 0
}

// skilled tells whether somebody, one person left out, can work at a station.
func (s Set) skilled(station, except string) bool {
	return slices.ContainsFunc(s.Outlet.Staff, func(p load.Staff) bool {
		return p.Name != except && slices.Contains(p.Skills, station)
	})
}

// mostNamed is how many names a sentence lists.
const mostNamed = 5

// said puts names into a sentence; it is empty without any.
func said(format string, names []string) errs.Text {
	switch {
	case len(names) == 0:
		return errs.Text{}
	case len(names) > mostNamed:
		return errs.Textf(format, errs.Textf("%s and %d more", strings.Join(names[:mostNamed], ", "), len(names)-mostNamed))
	}
	return errs.Textf(format, strings.Join(names, ", "))
}
