package whatif

import (
	"slices"
	"strings"
	"time"

	"brigade/internal/errs"
	"brigade/internal/kitchen"
	"brigade/internal/kitchen/sched"
	"brigade/internal/sim/replay"
)

// Apply makes the changes to a copy of an evening.
// Errors: KindInvalid when a change names what the kitchen does not have.
func Apply(e *replay.Evening, changes []Change) (*replay.Evening, error) {
	return e.Changed(func(e *replay.Evening) error {
		for _, c := range changes {
			if err := c.apply(e); err != nil {
				return err
			}
		}
		return nil
	})
}

func (c Change) apply(e *replay.Evening) error {
	switch c.Verb {
	case "machine":
		return c.addMachine(e)
	case "no-machine":
		return c.machineDown(e)
	case "station":
		return c.resize(e)
	case "cook":
		return c.addCook(e)
	case "no-cook":
		return c.cookAway(e)
	case "without-item":
		return c.dropItem(e)
	case "policy":
		return c.rule(e)
	case "orders":
		return c.scale(e)
	}
	return nil
}

// unknown says that a kitchen does not have something, and what it has.
func (c Change) unknown(what, name string, have []string) error {
	slices.Sort(have)
	return errs.Invalid("%q: there is no %s %q; there are %s", c.Text, errs.Word(what), name, strings.Join(slices.Compact(have), ", "))
}

func names[T any](list []T, name func(T) string) []string {
	out := make([]string, len(list))
	for i, x := range list {
		out[i] = name(x)
	}
	return out
}

func machineName(m kitchen.Machine) string { return m.Name }
func personName(p kitchen.Person) string   { return p.Name }

// machine finds a machine that is there, by name whatever its case.
func (c Change) machine(e *replay.Evening, name string) (int, error) {
	there := func(m kitchen.Machine) bool { return !m.Removed() }
	i := slices.IndexFunc(e.Layout.Machines, func(m kitchen.Machine) bool { return there(m) && strings.EqualFold(m.Name, name) })
	if i < 0 {
		return i, c.unknown("machine", name, names(e.Layout.Machines, machineName))
	}
	return i, nil
}

// addMachine adds a machine like another one. Steps that name the other one may go on either.
func (c Change) addMachine(e *replay.Evening) error {
	twin, err := c.twin(e)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(e.Layout.Machines, func(m kitchen.Machine) bool { return !m.Removed() && strings.EqualFold(m.Name, c.Name) }) {
		return errs.Invalid("%q: there is a machine %q already", c.Text, c.Name)
	}
	m := e.Layout.Machines[twin]
	named := m.ID
	m.ID, m.Name, m.Up, m.Reason = freeID(e.Layout.Machines, func(m kitchen.Machine) int64 { return m.ID }), c.Name, true, ""
	if c.Capacity > 0 {
		m.Capacity = c.Capacity
	}
	from, to := c.span(e)
	if from.After(e.Begin) {
		m.Up = false
		e.Outages = append(e.Outages, kitchen.Outage{Machine: m.ID, From: e.Begin, To: from})
	}
	if to.Before(e.End) {
		e.Outages = append(e.Outages, kitchen.Outage{Machine: m.ID, From: to, To: e.End.Add(time.Hour)})
	}
	e.Layout.Machines = append(e.Layout.Machines, m)
	for i := range e.Layout.Stations {
		if st := &e.Layout.Stations[i]; st.ID == m.Station {
			st.Capacity += m.Capacity
		}
	}
	eachStep(e, func(s *replay.Step) {
		if s.Machine == named {
			s.Machine = 0
		}
	})
	return nil
}

func freeID[T any](list []T, id func(T) int64) int64 {
	highest := int64(0)
	for _, x := range list {
		highest = max(highest, id(x))
	}
	return highest + 1
}

func eachStep(e *replay.Evening, do func(*replay.Step)) {
	for i := range e.Orders {
		for j := range e.Orders[i].Units {
			for k := range e.Orders[i].Units[j].Steps {
				do(&e.Orders[i].Units[j].Steps[k])
			}
		}
	}
}

// twin is the machine that a new one is like.
func (c Change) twin(e *replay.Evening) (int, error) {
	if c.Like != "" {
		return c.machine(e, c.Like)
	}
	stem := func(name string) string { return strings.ToLower(strings.TrimRight(name, "0123456789")) }
	i := slices.IndexFunc(e.Layout.Machines, func(m kitchen.Machine) bool { return !m.Removed() && stem(m.Name) == stem(c.Name) })
	if i < 0 {
		return i, errs.Invalid("%q: no machine's name is like %q; say which one it is like: machine %s like NAME, of %s",
			c.Text, c.Name, c.Name, strings.Join(names(e.Layout.Machines, machineName), ", "))
	}
	return i, nil
}

func (c Change) machineDown(e *replay.Evening) error {
	i, err := c.machine(e, c.Name)
	if err != nil {
		return err
	}
	from, to := c.span(e)
	m := &e.Layout.Machines[i]
	if !from.After(e.Begin) {
		m.Up = false
	}
	// what happened to it in that time does not matter any more
	e.Outages = slices.DeleteFunc(e.Outages, func(o kitchen.Outage) bool {
		return o.Machine == m.ID && o.From.Before(to) && o.To.After(from)
	})
	if !to.Before(e.End) {
		to = e.End.Add(time.Hour)
	}
	e.Outages = append(e.Outages, kitchen.Outage{Machine: m.ID, From: from, To: to})
	return nil
}

func (c Change) resize(e *replay.Evening) error {
	i := slices.IndexFunc(e.Layout.Stations, func(s sched.Station) bool { return strings.EqualFold(s.Name, c.Name) })
	if i < 0 {
		return c.unknown("station", c.Name, names(e.Layout.Stations, func(s sched.Station) string { return s.Name }))
	}
	e.Layout.Stations[i].Capacity = c.Capacity
	return nil
}

func (c Change) person(e *replay.Evening, name string) (int, error) {
	i := slices.IndexFunc(e.Layout.People, func(p kitchen.Person) bool { return strings.EqualFold(p.Name, name) })
	if i < 0 {
		return i, c.unknown("cook", name, names(e.Layout.People, personName))
	}
	return i, nil
}

func (c Change) addCook(e *replay.Evening) error {
	i, err := c.person(e, c.Like)
	if err != nil {
		return err
	}
	if _, err := c.person(e, c.Name); err == nil {
		return errs.Invalid("%q: there is a cook %q already", c.Text, c.Name)
	}
	p := e.Layout.People[i]
	p.ID, p.Name, p.Active = freeID(e.Layout.People, func(p kitchen.Person) int64 { return p.ID }), c.Name, true
	p.Hours.Taken = nil
	if c.Parallel > 0 {
		p.MaxParallel = c.Parallel
	}
	if c.Efficiency > 0 {
		p.Efficiency = c.Efficiency
	}
	from, to := c.span(e)
	if from.After(e.Begin) {
		p.Hours.Taken = append(p.Hours.Taken, sched.Interval{From: sched.At(e.Begin.Add(-time.Hour)), To: sched.At(from)})
	}
	if to.Before(e.End) {
		p.Hours.Taken = append(p.Hours.Taken, sched.Interval{From: sched.At(to), To: sched.Forever})
	}
	e.Layout.People = append(e.Layout.People, p)
	return nil
}

func (c Change) cookAway(e *replay.Evening) error {
	i, err := c.person(e, c.Name)
	if err != nil {
		return err
	}
	from, to := c.span(e)
	away := sched.Interval{From: sched.At(from), To: sched.At(to)}
	if !to.Before(e.End) {
		away.To = sched.Forever
	}
	p := &e.Layout.People[i]
	p.Hours.Taken = append(slices.Clone(p.Hours.Taken), away)
	return nil
}

// dropItem takes an item off all orders; those that were for nothing else do not come.
func (c Change) dropItem(e *replay.Evening) error {
	found, have := false, []string{}
	for i := range e.Orders {
		o := &e.Orders[i]
		o.Units = slices.DeleteFunc(o.Units, func(u replay.Unit) bool {
			have = append(have, u.SKU)
			gone := strings.EqualFold(u.SKU, c.Name) || strings.EqualFold(u.Item, c.Name)
			found = found || gone
			return gone
		})
	}
	if !found {
		return c.unknown("item", c.Name, have)
	}
	e.Orders = slices.DeleteFunc(e.Orders, func(o replay.Order) bool { return len(o.Units) == 0 })
	return nil
}

// rule lets the kitchen decide by other rules; what they do not say stays as it is.
func (c Change) rule(e *replay.Evening) error {
	r := kitchen.UsualRules()
	if e.Layout.Rules != nil {
		r = *e.Layout.Rules
	}
	r.Policy = sched.Policy(c.Name)
	for option, into := range map[string]*float64{"wait": &r.Wait, "late": &r.Late, "together": &r.Together} {
		if cost, said := c.Costs[option]; said {
			*into = cost
		}
	}
	if err := r.Check(); err != nil {
		return errs.Invalid("%q: %v", c.Text, err)
	}
	e.Layout.Rules = &r
	return nil
}

// span is when a change holds: the evening, unless it says otherwise.
func (c Change) span(e *replay.Evening) (from, to time.Time) {
	from, to = e.Begin, e.End
	if c.From != "" {
		from = at(e, c.From)
	}
	if c.To != "" {
		to = at(e, c.To)
		if !to.After(from) {
			to = to.AddDate(0, 0, 1)
		}
	}
	return from, to
}

// holds tells whether a change holds at all while orders come in.
func (c Change) holds(e *replay.Evening) error {
	from, to := c.span(e)
	first, last := trading(e)
	if from.After(last) || to.Before(first) {
		clock := func(t time.Time) string { return t.In(e.Layout.Location).Format("15:04") }
		return errs.Invalid("%q: that is not within the evening: orders come in from %s to %s", c.Text, clock(first), clock(last))
	}
	return nil
}

// trading is from when to when orders come in; the whole evening when none do.
func trading(e *replay.Evening) (first, last time.Time) {
	if len(e.Orders) == 0 {
		return e.Begin, e.End
	}
	first = e.Orders[0].At
	for _, o := range e.Orders {
		if o.At.After(last) {
			last = o.At
		}
	}
	return first, last
}

// at is the first time in an evening at which the outlet's clocks show this.
func at(e *replay.Evening, clock string) time.Time {
	t, _ := time.Parse("15:04", clock) // it was checked
	begin := e.Begin.In(e.Layout.Location)
	y, m, d := begin.Date()
	out := time.Date(y, m, d, t.Hour(), t.Minute(), 0, 0, e.Layout.Location)
	if out.Before(begin.Truncate(time.Minute)) {
		out = time.Date(y, m, d+1, t.Hour(), t.Minute(), 0, 0, e.Layout.Location)
	}
	return out
}
