package sched

import (
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
	if k.policy == Brigade {
		return k.planBrigade(now, most)
	}
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
		Policy:  string(k.policy),
		At:      now,
		Score:   k.weights.score(e.Task, now).rounded(),
		Station: Use{ID: g.at.ID, Name: g.at.Name, Busy: g.at.busy, Capacity: g.at.Capacity},
		Machine: machines,
		Staff:   staff,
	}
	h := hold{station: g.station, machine: machines.chosen(), staff: staff.Fit[0].ID}
	k.occupy(e.ID, h)
	return Assignment{Task: e.ID, Order: e.Order, Station: h.station, Machine: h.machine, Staff: h.staff, Why: why}
}

// chooseMachine compares the machines that the group's tasks may run on.
func (g *group) chooseMachine() MachineChoice {
	var c MachineChoice
	var top podium[*machine]
	if g.on != nil {
		c.weigh(&top, g.on)
	} else {
		for _, m := range g.at.machines {
			c.weigh(&top, m)
		}
	}
	c.FitMore = top.others
	c.Fit = exactly[Use](top.taken)
	for i := range c.Fit {
		c.Fit[i] = top.places[i].who.use()
	}
	return c
}

// weigh puts a machine where it belongs: lowest share in use first, or among those that cannot be used.
func (c *MachineChoice) weigh(top *podium[*machine], m *machine) {
	if m.blocked() == Assignable {
		top.add(float64(m.busy)/float64(m.Capacity), m)
	} else {
		c.UnfitMore += keepFirst(&c.Unfit, m.use())
	}
}

func (m *machine) use() Use {
	return Use{ID: m.ID, Name: m.Name, Busy: m.busy, Capacity: m.Capacity, Why: m.blocked()}
}

func (c *MachineChoice) chosen() int64 {
	if len(c.Fit) == 0 {
		return 0
	}
	return c.Fit[0].ID
}

// chooseStaff compares everybody who has the skill for the station.
func (k *Kitchen) chooseStaff(at *station, now Instant) StaffChoice {
	c := StaffChoice{Unskilled: len(k.floor.staff) - len(at.staff)}
	var top podium[*member]
	for _, p := range at.staff {
		switch {
		case p.OffAt(now):
			c.OffMore += keepFirst(&c.Off, p.Name)
		case !p.handFree():
			c.AtLimitMore += keepFirst(&c.AtLimit, p.Name)
		default:
			top.add(k.total(p, now), p)
		}
	}
	c.FitMore = top.others
	c.Fit = exactly[StaffScore](top.taken)
	for i := range c.Fit {
		c.Fit[i] = k.explain(top.places[i].who, top.places[i].score)
	}
	return c
}

// total is a staff member's score in this round of planning, in which his utilization does not change.
func (k *Kitchen) total(p *member, now Instant) float64 {
	if p.round != k.round {
		p.util, p.round = p.utilization(now), k.round
	}
	w := &k.weights
	return w.Load*float64(p.busy) + w.Util*p.util - w.Efficiency*p.Efficiency
}

// explain splits a staff member's score into its terms.
func (k *Kitchen) explain(p *member, total float64) StaffScore {
	w := &k.weights
	return StaffScore{
		ID: p.ID, Name: p.Name, Active: p.busy,
		Load:       round(w.Load * float64(p.busy)),
		Util:       round(w.Util * p.util),
		Efficiency: round(-w.Efficiency * p.Efficiency),
		Total:      round(total),
	}
}

// podium holds the Listed best of all that are added: lowest score first, equals in the order they came.
type podium[T any] struct {
	places [Listed]struct {
		score float64
		who   T
	}
	taken  int
	others int // who found no place
}

func (p *podium[T]) add(score float64, who T) {
	if p.taken == Listed {
		p.others++
		if score >= p.places[Listed-1].score {
			return
		}
		p.taken--
	}
	i := p.taken
	for i > 0 && score < p.places[i-1].score {
		p.places[i] = p.places[i-1]
		i--
	}
	p.places[i].score, p.places[i].who = score, who
	p.taken++
}

// exactly returns a list of n, nil when n is 0.
func exactly[T any](n int) []T {
	if n == 0 {
		return nil
	}
	return make([]T, n)
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
