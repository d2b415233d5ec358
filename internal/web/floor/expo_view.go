package floor

import (
	"cmp"
	"slices"
	"time"

	"brigade/internal/delivery"
	"brigade/internal/kitchen"
	"brigade/internal/order"
)

// expoScreen is whole orders: what waits at the pass, and what is being made.
type expoScreen struct {
	Ready, Making         []expoCard
	MoreReady, MoreMaking int
}

// expoCard is a whole order.
type expoCard struct {
	ticketHead
	Lines       []expoLine
	Waits       string // who waits for it
	Expected    string // when it will be ready; "" = nobody knows
	Since       time.Time
	Done, Total int
	CanHandOver bool
	Held        bool // something of it waits to be fired
	List        string
}

// Percent is how much of it is made.
func (c expoCard) Percent() int { return percent(time.Duration(c.Done), time.Duration(c.Total)) }

// expoLine is a line of an order: how many of its units are made, and what is missing.
type expoLine struct {
	No, Quantity, Done int
	Name               string
	Missing            []missing
}

// Whole tells that every unit is made.
func (x expoLine) Whole() bool { return x.Done >= x.Quantity }

// missing is what is not done of a line, at a station.
type missing struct {
	Station string
	State   string // started, assigned or waiting
	Count   int
}

// newExpoScreen shows whole orders. It is pure.
func newExpoScreen(l *kitchenLook, tell say) expoScreen {
	tickets := make(map[int64]kitchen.TicketView, len(l.Tickets))
	for _, t := range append(slices.Clone(l.Tickets), l.Made...) {
		tickets[t.Order] = t
	}
	var v expoScreen
	for _, o := range l.Pass {
		v.Ready = append(v.Ready, newExpoCard(l, o, tickets[o.ID], tell))
	}
	for _, o := range l.Making {
		if t, begun := tickets[o.ID]; begun {
			v.Making = append(v.Making, newExpoCard(l, o, t, tell))
		}
	}
	slices.SortStableFunc(v.Ready, func(a, b expoCard) int { return cmp.Or(rushFirst(a.Rush, b.Rush), a.Since.Compare(b.Since)) })
	slices.SortStableFunc(v.Making, func(a, b expoCard) int {
		return cmp.Or(rushFirst(a.Rush, b.Rush), soonest(a.Due, b.Due), cmp.Compare(a.Order, b.Order))
	})
	v.Ready, v.MoreReady = first(v.Ready, nowShown)
	v.Making, v.MoreMaking = first(v.Making, nowShown)
	return v
}

func newExpoCard(l *kitchenLook, o order.Order, t kitchen.TicketView, tell say) expoCard {
	c := expoCard{ticketHead: headOf(o, tell), Since: o.PlacedAt, Done: t.Done, Total: t.Live(), Held: len(t.Courses) > 0, List: "making"}
	c.Rush = t.Rush
	c.due(l, t, tell)
	for _, line := range o.Lines {
		c.Lines = append(c.Lines, expoLineOf(line, t))
	}
	if !o.ReadyAt.IsZero() && o.Status != order.InPreparation {
		c.Since, c.CanHandOver, c.List = o.ReadyAt, o.Status.AtCounter(), "ready"
		c.Waits = waitsFor(o, l.Carried[o.ID], tell)
		return c
	}
	if at := l.Expected[o.ID]; !at.IsZero() {
		c.Expected = tell("expo.expected", l.at(at))
	}
	return c
}

// waitsFor says who waits for an order that is ready: a table, a guest, a driver.
func waitsFor(o order.Order, c carrier, tell say) string {
	switch {
	case o.Type == order.Delivery && c.Driver != "":
		return tell("expo.driver", c.Driver)
	case o.Type == order.Delivery && c.Status == delivery.PickedUp:
		return tell("expo.on_way")
	case o.Type == order.Delivery:
		return tell("expo.driver_wanted")
	case o.Type == order.DineIn && o.TableNumber > 0:
		return tell("expo.waits_table", o.TableNumber)
	case o.CustomerName != "":
		return tell("expo.waits_guest", o.CustomerName)
	}
	return tell("expo.waits_somebody")
}

// expoLineOf counts the units of a line that are made, and gathers what is missing by station.
func expoLineOf(line order.Line, t kitchen.TicketView) expoLine {
	x := expoLine{No: line.No, Name: line.Name, Quantity: line.Quantity}
	open := map[int]bool{}
	for _, k := range t.TaskViews {
		if k.Line != line.No || k.Status == kitchen.TaskCancelled || k.Status == kitchen.TaskCompleted {
			continue
		}
		open[k.Unit] = true
		x.miss(k.Counter, stateOf(k))
	}
	if t.Order != 0 {
		x.Done = line.Quantity - len(open)
	}
	return x
}

func (x *expoLine) miss(station, state string) {
	for i := range x.Missing {
		if m := &x.Missing[i]; m.Station == station && m.State == state {
			m.Count++
			return
		}
	}
	x.Missing = append(x.Missing, missing{station, state, 1})
}

func stateOf(k kitchen.TaskView) string {
	switch k.Status {
	case kitchen.TaskStarted:
		return "started"
	case kitchen.TaskAssigned:
		return "assigned"
	default:
		return "waiting"
	}
}

// allDayScreen counts what is left to make.
type allDayScreen struct {
	Items    []allDayRow
	Stations []allDayStation
}

// allDayStation counts the steps of a station.
type allDayStation struct {
	Name string
	Rows []allDayRow
}

// allDayRow is how many of one kind are left, and how many of those somebody works on.
type allDayRow struct {
	Name          string
	Left, Cooking int
}

// newAllDayScreen counts units and steps. It is pure.
func newAllDayScreen(l *kitchenLook) allDayScreen {
	items, steps := tally{}, map[string]tally{}
	for _, t := range l.Tickets {
		type unit struct{ line, no int }
		units := map[unit]bool{} // → somebody works on it
		names := map[unit]string{}
		for _, k := range t.TaskViews {
			if k.Status == kitchen.TaskCancelled || k.Status == kitchen.TaskCompleted {
				continue
			}
			u := unit{k.Line, k.Unit}
			units[u], names[u] = units[u] || k.InHand(), k.Item
			if steps[k.Counter] == nil {
				steps[k.Counter] = tally{}
			}
			steps[k.Counter].add(k.Description, k.InHand())
		}
		for u, cooking := range units {
			items.add(names[u], cooking)
		}
	}
	v := allDayScreen{Items: items.rows()}
	for _, st := range l.Stations {
		if rows := steps[st.Name].rows(); len(rows) > 0 {
			v.Stations = append(v.Stations, allDayStation{st.Name, rows})
		}
	}
	return v
}

// tally counts by name.
type tally map[string]*allDayRow

func (c tally) add(name string, cooking bool) {
	if c[name] == nil {
		c[name] = &allDayRow{Name: name}
	}
	c[name].Left++
	if cooking {
		c[name].Cooking++
	}
}

// rows are the counts, the largest first.
func (c tally) rows() []allDayRow {
	rows := make([]allDayRow, 0, len(c))
	for _, r := range c {
		rows = append(rows, *r)
	}
	slices.SortFunc(rows, func(a, b allDayRow) int { return cmp.Or(cmp.Compare(b.Left, a.Left), cmp.Compare(a.Name, b.Name)) })
	return rows
}
