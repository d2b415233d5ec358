package sched

import (
	"cmp"
	"container/heap"
	"math"
	"slices"
)

// Plan assigns everything that can be assigned at now, best first, and occupies what it assigns. To take an assignment
// back, Enqueue the task again.
func (k *Kitchen) Plan(now Instant) []Assignment { return k.PlanAtMost(now, math.MaxInt) }

// PlanAtMost is Plan that stops after most assignments; the next call goes on where it stopped.
func (k *Kitchen) PlanAtMost(now Instant, most int) []Assignment {
	k.begin(now)
	var plan []Assignment
	for len(plan) < most && len(k.open) > 0 {
		i := k.foremost()
		g := k.open[i]
		if g.blocked(now) == Assignable {
			plan = append(plan, k.assign(g, now))
			if len(g.queue) > 0 {
				continue
			}
		}
		// Within a plan capacity only shrinks, so a group that is blocked stays blocked.
		k.open = slices.Delete(k.open, i, i+1)
	}
	return plan
}

// begin opens a round of planning: it dates finished work and collects the groups that have tasks.
func (k *Kitchen) begin(now Instant) {
	k.round++
	for _, p := range k.floor.staff {
		p.work.book(now)
	}
	k.open = k.open[:0]
	for _, g := range k.groups {
		if len(g.queue) > 0 {
			k.open = append(k.open, g)
		}
	}
}

// foremost returns the index of the open group whose head comes first.
func (k *Kitchen) foremost() int {
	first := 0
	for i, g := range k.open {
		if g.queue[0].compare(k.open[first].queue[0]) < 0 {
			first = i
		}
	}
	return first
}

// assign decides for the group's head, which must be assignable.
func (k *Kitchen) assign(g *group, now Instant) Assignment {
	e := heap.Pop(&g.queue).(*entry)
	delete(k.queued, e.ID)
	machines := g.chooseMachine()
	staff := k.chooseStaff(g.at, now)
	why := Why{
		Policy:  Policy,
		At:      now,
		Score:   k.weights.score(e.Task, now).rounded(),
		Station: Use{ID: g.at.ID, Name: g.at.Name, Busy: g.at.busy, Capacity: g.at.Capacity},
		Machine: machines,
		Staff:   staff.rounded(),
	}
	h := hold{g.station, machines.chosen(), staff.Fit[0].ID}
	k.occupy(e.ID, h)
	return Assignment{Task: e.ID, Order: e.Order, Station: h.station, Machine: h.machine, Staff: h.staff, Why: why}
}

// chooseMachine compares the machines that the group's tasks may run on.
func (g *group) chooseMachine() MachineChoice {
	var c MachineChoice
	if g.on != nil {
		c.add(g.on)
		return c
	}
	for _, m := range g.at.machines {
		c.add(m)
	}
	return c
}

func (c *MachineChoice) add(m *machine) {
	use := Use{ID: m.ID, Name: m.Name, Busy: m.busy, Capacity: m.Capacity, Why: m.blocked()}
	if use.Why == Assignable {
		c.FitMore += keepBest(&c.Fit, use, Use.compareShare)
	} else {
		c.UnfitMore += keepFirst(&c.Unfit, use)
	}
}

func (c *MachineChoice) chosen() int64 {
	if len(c.Fit) == 0 {
		return 0
	}
	return c.Fit[0].ID
}

// compareShare orders by the share of the capacity that is in use; ids decide ties because that is how they come.
func (u Use) compareShare(o Use) int { return cmp.Compare(u.Busy*o.Capacity, o.Busy*u.Capacity) }

// chooseStaff compares everybody who has the skill for the station.
func (k *Kitchen) chooseStaff(at *station, now Instant) StaffChoice {
	c := StaffChoice{Unskilled: len(k.floor.staff) - len(at.staff)}
	for _, p := range at.staff {
		switch {
		case p.OffAt(now):
			c.OffMore += keepFirst(&c.Off, p.Name)
		case !p.handFree():
			c.AtLimitMore += keepFirst(&c.AtLimit, p.Name)
		default:
			c.FitMore += keepBest(&c.Fit, k.scoreStaff(p, now), StaffScore.compare)
		}
	}
	return c
}

func (k *Kitchen) scoreStaff(p *member, now Instant) StaffScore {
	if p.round != k.round {
		p.util, p.round = p.utilization(now), k.round
	}
	s := StaffScore{
		ID: p.ID, Name: p.Name, Active: p.busy,
		Load:       k.weights.Load * float64(p.busy),
		Util:       k.weights.Util * p.util,
		Efficiency: -k.weights.Efficiency * p.Efficiency,
	}
	s.Total = s.Load + s.Util + s.Efficiency
	return s
}

func (s StaffScore) compare(o StaffScore) int { return cmp.Compare(s.Total, o.Total) }

// keepBest inserts x into a list that is sorted and has at most Listed elements; equals stay in the order they came.
// It returns how many elements found no place: 0 or 1.
func keepBest[T any](list *[]T, x T, compare func(T, T) int) (left int) {
	l := *list
	if l == nil {
		l = make([]T, 0, Listed)
	}
	i := len(l)
	for i > 0 && compare(x, l[i-1]) < 0 {
		i--
	}
	if len(l) == Listed {
		left = 1
		if i == Listed {
			return left
		}
		l = l[:Listed-1]
	}
	*list = slices.Insert(l, i, x)
	return left
}

// keepFirst appends x unless the list already has Listed elements. It returns how many found no place: 0 or 1.
func keepFirst[T any](list *[]T, x T) (left int) {
	if len(*list) == Listed {
		return 1
	}
	if *list == nil {
		*list = make([]T, 0, Listed)
	}
	*list = append(*list, x)
	return 0
}
