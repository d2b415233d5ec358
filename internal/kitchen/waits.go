package kitchen

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"brigade/internal/kitchen/sched"
)

// waits writes why a ready task was not given to anybody until a time, moment by moment.
func (b *book) waits(t *Task, until time.Time) {
	until = earlier(until, b.End)
	if !until.After(b.at) {
		return
	}
	w := newWatch(b, t, b.at, until)
	cuts := w.cuts()
	for i, from := range cuts[:len(cuts)-1] {
		cause, subject, holding := w.look(from)
		length := cuts[i+1].Sub(from)
		var holders []Holder
		for _, u := range holding {
			holders = joined(holders, []Holder{{u.Order, u.Number, length}})
		}
		if len(holders) == 1 && holders[0].Order == b.Order {
			cause = CauseItems
		}
		b.add(cause, cuts[i+1], t, subject, holders...)
	}
}

// watch looks at the station, the machines and the people that one task needs.
type watch struct {
	*book
	task     *Task
	from, to time.Time
	station  sched.Station
	machines []Machine
	people   []Person
	off      [][]sched.Interval // of people
	uses     []Occupation       // of any of them, within the time
}

func newWatch(b *book, t *Task, from, to time.Time) *watch {
	w := &watch{book: b, task: t, from: from, to: to}
	for _, st := range b.Layout.Stations {
		if st.ID == t.Station {
			w.station = st
		}
	}
	for _, m := range b.Layout.Machines {
		if m.ID == t.Machine || t.Machine == 0 && m.Station == t.Station && !m.Removed() {
			w.machines = append(w.machines, m)
		}
	}
	for _, p := range b.Layout.People {
		if p.Active && slices.Contains(p.Skills, t.Station) {
			w.people = append(w.people, p)
			w.off = append(w.off, sched.Off(p.Hours, b.Layout.Location, from, to))
		}
	}
	for _, u := range b.uses {
		if u.From.Before(to) && u.To.After(from) && w.concerns(u) && u.Task != t.ID {
			w.uses = append(w.uses, u)
		}
	}
	return w
}

func (w *watch) concerns(u Occupation) bool {
	return u.Station == w.task.Station ||
		slices.ContainsFunc(w.machines, func(m Machine) bool { return m.ID == u.Machine }) ||
		slices.ContainsFunc(w.people, func(p Person) bool { return p.ID == u.Staff })
}

// cuts are the moments at which something may change, with both ends.
func (w *watch) cuts() []time.Time {
	cuts := []time.Time{w.from, w.to}
	note := func(at time.Time) {
		if at.After(w.from) && at.Before(w.to) {
			cuts = append(cuts, at)
		}
	}
	for _, u := range w.uses {
		note(u.From)
		note(u.To)
	}
	for _, o := range w.Outages {
		note(o.From)
		note(o.To)
	}
	for _, list := range w.off {
		for _, iv := range list {
			note(iv.From.Time())
			note(iv.To.Time())
		}
	}
	slices.SortFunc(cuts, time.Time.Compare)
	return slices.CompactFunc(cuts, time.Time.Equal)
}

// look tells what was wanting at a time, and who had it: the first that applies, as the planner looks for it.
func (w *watch) look(at time.Time) (Cause, string, []Occupation) {
	busy := w.at(at, func(u Occupation) bool { return u.Station == w.task.Station })
	if w.station.ID != 0 && len(busy) >= w.station.Capacity {
		return CauseStation, fmt.Sprintf("%s full", w.station.Name), busy
	}
	if subject, busy, blocked := w.lookAtMachines(at); blocked {
		return CauseMachine, subject, busy
	}
	if subject, busy, blocked := w.lookAtPeople(at); blocked {
		return CausePerson, subject, busy
	}
	return CauseHold, "nothing was short", nil
}

// at lists what was had at a time, a shared load once.
func (w *watch) at(at time.Time, which func(Occupation) bool) (list []Occupation) {
	for _, u := range w.uses {
		shared := func(o Occupation) bool { return u.Load != 0 && o.Load == u.Load }
		if !u.From.After(at) && u.To.After(at) && which(u) && !slices.ContainsFunc(list, shared) {
			list = append(list, u)
		}
	}
	return list
}

func (w *watch) lookAtMachines(at time.Time) (subject string, holding []Occupation, blocked bool) {
	var down, full []string
	for _, m := range w.machines {
		busy := w.at(at, func(u Occupation) bool { return u.Machine == m.ID })
		switch {
		case w.down(m.ID, at):
			down = append(down, m.Name)
		case len(busy) >= m.Capacity:
			full = append(full, m.Name)
			holding = append(holding, busy...)
		default:
			return "", nil, false
		}
	}
	return phrase(full, "full", down, "down"), holding, len(w.machines) > 0
}

func (w *watch) down(machine int64, at time.Time) bool {
	return slices.ContainsFunc(w.Outages, func(o Outage) bool {
		return o.Machine == machine && !o.From.After(at) && o.To.After(at)
	})
}

func (w *watch) lookAtPeople(at time.Time) (subject string, holding []Occupation, blocked bool) {
	if len(w.people) == 0 {
		return "nobody has the skill", nil, true
	}
	var off, full []string
	for i, p := range w.people {
		busy := w.at(at, func(u Occupation) bool { return u.Staff == p.ID })
		switch {
		case (&sched.Staff{Off: w.off[i]}).OffAt(sched.At(at)):
			off = append(off, p.Name)
		case len(busy) >= p.MaxParallel:
			full = append(full, p.Name)
			holding = append(holding, busy...)
		default:
			return "", nil, false
		}
	}
	return phrase(full, "hands full", off, "off"), holding, true
}

// phrase writes "Asha, Noah hands full; Ravi off".
func phrase(some []string, are string, others []string, too string) string {
	var parts []string
	if len(some) > 0 {
		parts = append(parts, strings.Join(some, ", ")+" "+are)
	}
	if len(others) > 0 {
		parts = append(parts, strings.Join(others, ", ")+" "+too)
	}
	return strings.Join(parts, "; ")
}
