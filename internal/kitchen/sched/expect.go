package sched

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// Prospect is how the open work will go by the plan as it stands: its middle, not its best.
type Prospect struct {
	At      Instant
	Orders  []Expected // open ones, in the order in which they were told
	Further []Expected
	Backlog []Backlog // of each station, by id
}

// Expected is when an order, or one course of it, will be ready.
type Expected struct {
	Order  int64
	Course int
	Ready  Instant       // Forever: nobody knows
	Alone  time.Duration // what its longest way takes if it waits for nothing
	Limit  Limit         // of further orders: what they wait for longest
}

// Limit is what keeps an order from being ready earlier.
type Limit struct {
	Kind Limiting
	ID   int64
	Name string
}

// Limiting is a sort of thing that work waits for.
type Limiting string

// What work can wait for. LimitRecipe is that it waits for nothing worth mentioning.
const (
	LimitRecipe  Limiting = "recipe"
	LimitStation Limiting = "station"
	LimitMachine Limiting = "machine"
	LimitPerson  Limiting = "person"
)

// Backlog is the work that nobody has begun at a station.
type Backlog struct {
	Station int64
	Waiting time.Duration           // by the estimates
	Orders  map[int64]time.Duration // the same of each order that has some
	Begins  []Begin                 // in the order of time; what is out of sight is not among them
}

// Begin is work that will be begun at a time.
type Begin struct {
	At    Instant
	Order int64
	Work  time.Duration
}

// Of is what of it belongs to an order.
func (b Backlog) Of(order int64) (work time.Duration) { return b.Orders[order] }

// Room returns when no more than a limit will be waiting with the work of an order, or nothing but that; Forever when
// that is out of sight.
func (b Backlog) Room(order int64, limit time.Duration, now Instant) Instant {
	own := b.Of(order)
	left := b.Waiting - own
	if left <= 0 || left+own <= limit {
		return now
	}
	for _, x := range b.Begins {
		if x.Order == order {
			continue
		}
		if left -= x.Work; left <= 0 || left+own <= limit {
			return x.At
		}
	}
	return Forever
}

// Expect works out how the open work will go, with further orders that may have tasks with ids of their own below zero.
// It goes by the sequence of the last decision, without looking for a better one, so that it is quick; orders that are
// too many to be looked at in detail count as work that flows. Orders without a due time are due as promise says of what
// is expected of them at first sight; nil: as the aims say. It decides nothing and changes nothing.
func (k *Kitchen) Expect(now Instant, promise Promising, further ...Order) Prospect {
	b := k.newBrigade(now, further)
	if promise != nil {
		b.promise(promise)
	}
	b.try(b.sequence())
	flow := b.flow()
	o := Prospect{At: now, Orders: make([]Expected, 0, len(b.meals)), Backlog: b.backlog()}
	for i := range b.meals {
		m := &b.meals[i]
		if m.made {
			continue
		}
		e := Expected{Order: m.id.order, Course: m.id.course, Alone: time.Duration(m.path * 1e9)}
		at, coarse := flow[i]
		if !coarse {
			at = b.readyAt(m)
		}
		e.Ready = b.instant(at)
		if !isFurther(further, m.id) {
			o.Orders = append(o.Orders, e)
			continue
		}
		e.Limit = b.limit(m)
		o.Further = append(o.Further, e)
	}
	return o
}

// Promising tells after how long an order is due that is expected to take so long, of which so long without waiting.
type Promising func(lead, alone time.Duration) time.Duration

// promise lets orders without a due time take their place among the others by what they would be promised.
func (b *brigade) promise(due Promising) {
	if !slices.ContainsFunc(b.meals, func(m meal) bool { return m.vague }) || len(b.meals) == 1 {
		return
	}
	b.setKeys(b.sequence())
	clear(b.release)
	b.run()
	patience := b.patience()
	for i := range b.meals {
		m := &b.meals[i]
		if at := b.readyAt(m); m.vague && at < never {
			m.due = due(time.Duration(at*1e9), time.Duration(m.path*1e9)).Seconds()
			m.index = b.urgency(m, patience)
		}
	}
	slices.SortStableFunc(b.detail, func(x, y int) int { return cmp.Compare(b.meals[y].index, b.meals[x].index) })
}

// sequence is that of the last decision, or by urgency.
func (b *brigade) sequence() []int {
	if b.seq = b.oldSequence(); b.seq == nil {
		b.seq = b.detail
	}
	return b.seq
}

func isFurther(further []Order, id mealID) bool {
	return slices.ContainsFunc(further, func(o Order) bool { return o.ID == id.order && o.Course == id.course })
}

// flow tells when orders will be ready that are not looked at in detail: when all others are, and what is before them
// at the stations has flowed through these and through the hands of all.
func (b *brigade) flow() map[int]float64 {
	if len(b.coarse) == 0 {
		return nil
	}
	begin := 0.0
	for _, o := range b.detail {
		if at := b.readyAt(&b.meals[o]); at < never {
			begin = max(begin, at)
		}
	}
	rates, hands := b.rates()
	work, all := make([]float64, len(b.floor.stations)), 0.0
	ready := make(map[int]float64, len(b.coarse))
	for _, o := range b.coarse {
		m := &b.meals[o]
		at := 0.0
		for _, j := range m.jobs {
			if g := b.jobs[j].group; b.jobs[j].coarse && g.at != nil {
				work[g.at.no] += b.jobs[j].estimate
				all += b.jobs[j].estimate
				at = max(at, work[g.at.no]/rates[g.at.no])
			}
		}
		ready[o] = begin + max(at, all/hands) + m.path
	}
	return ready
}

// rates is how many tasks stations can do at the same time, and all people together.
func (b *brigade) rates() (stations []float64, hands float64) {
	stations = make([]float64, len(b.floor.stations))
	for i, st := range b.floor.stations {
		slots, skilled := 0, 0
		for _, m := range st.machines {
			slots += m.Capacity
		}
		if len(st.machines) == 0 {
			slots = st.Capacity
		}
		for _, p := range st.staff {
			skilled += p.MaxParallel
		}
		stations[i] = float64(max(1, min(st.Capacity, slots, skilled)))
	}
	for _, p := range b.floor.staff {
		hands += float64(p.MaxParallel)
	}
	return stations, max(1, hands)
}

func (b *brigade) backlog() []Backlog {
	list := make([]Backlog, len(b.floor.stations))
	for i, st := range b.floor.stations {
		list[i].Station, list[i].Orders = st.ID, map[int64]time.Duration{}
	}
	for i := range b.jobs {
		j := &b.jobs[i]
		if j.state != open || j.group.at == nil {
			continue
		}
		x := &list[j.group.at.no]
		work := time.Duration(j.estimate * 1e9)
		order := b.meals[j.meal].id.order
		x.Waiting += work
		x.Orders[order] += work
		if b.start[i] < never {
			x.Begins = append(x.Begins, Begin{b.instant(b.start[i]), order, work})
		}
	}
	for i := range list {
		slices.SortStableFunc(list[i].Begins, func(x, y Begin) int { return cmp.Compare(x.At, y.At) })
	}
	return list
}

// limit finds what an order waits for: its job that waits longest once it could begin, and what was all taken until it
// began.
func (b *brigade) limit(m *meal) Limit {
	could := make(map[int]float64, len(m.jobs))
	for _, j := range m.jobs {
		for _, c := range b.jobs[j].next {
			could[c] = max(could[c], b.finish[j])
		}
	}
	longest, at := shortestWait, -1
	for _, j := range m.jobs {
		wait := b.start[j] - max(could[j], b.release[j], b.jobs[j].earliest)
		if b.jobs[j].state == open && wait > longest {
			longest, at = wait, j
		}
	}
	if at < 0 {
		return Limit{Kind: LimitRecipe}
	}
	return b.takenBefore(at)
}

// shortestWait is below what an order is not said to wait, in seconds.
const shortestWait = 5.0

// takenBefore tells what was all taken just before a job began.
func (b *brigade) takenBefore(job int) Limit {
	g := b.jobs[job].group
	if g.at == nil || g.machine != 0 && g.on == nil {
		return Limit{Kind: LimitStation, ID: g.station}
	}
	t := math.Min(b.start[job], never) - 1e-3
	station, machines := 0, make([]int, len(b.floor.machines))
	for i := range b.jobs {
		j := &b.jobs[i]
		if i == job || b.start[i] > t || b.finish[i] <= t || j.group.at == nil {
			continue
		}
		station += ones(j.group.at == g.at)
		if m := b.machineOf(i); m != nil {
			machines[m.no]++
		}
	}
	if station >= g.at.Capacity {
		return Limit{LimitStation, g.at.ID, g.at.Name}
	}
	if m := b.allTaken(g, machines, t); m != nil {
		return Limit{LimitMachine, m.ID, m.Name}
	}
	if b.start[job] >= never {
		return Limit{Kind: LimitPerson}
	}
	p := b.floor.staff[b.staff[job]]
	return Limit{LimitPerson, p.ID, p.Name}
}

func ones(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// machineOf is the machine that a job has in the projection; nil when it has none.
func (b *brigade) machineOf(i int) *machine {
	if b.jobs[i].state == inHand {
		return b.floor.machineByID[b.jobs[i].hold.machine]
	}
	if b.machine[i] < 0 {
		return nil
	}
	return b.floor.machines[b.machine[i]]
}

// allTaken returns one of the machines that a group's jobs may run on when all of them are full or down at a time.
func (b *brigade) allTaken(g *group, busy []int, t float64) *machine {
	may := g.at.machines
	if g.on != nil {
		may = []*machine{g.on}
	}
	for _, m := range may {
		if busy[m.no] < m.Capacity && b.upAt[m.no] <= t {
			return nil
		}
	}
	if len(may) == 0 {
		return nil
	}
	return may[0]
}
