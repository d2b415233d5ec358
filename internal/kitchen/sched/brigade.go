package sched

import (
	"cmp"
	"container/heap"
	"maps"
	"math"
	"slices"
)

// waits is that a task is held back.
type waits struct{ since, until Instant }

// brigade is one decision of the policy of that name.
type brigade struct {
	*projector
	kitchen *Kitchen
	detail  []int // orders that are looked at in detail, the most urgent first
	coarse  []int // the others
	seq     []int // the best sequence of detail so far
	cost    float64
	held    []bool // scratch of setHolds
	left    int    // plans that may still be compared
	doubts  int    // holds about which there may be second thoughts
	dice    uint64
	trial   []int           // scratch of search
	waited  map[int64]waits // what was held back before
}

// planBrigade assigns what begins at once in the best plan found, at most so many tasks.
func (k *Kitchen) planBrigade(now Instant, most int) []Assignment {
	if k.asSettled(now) {
		return nil
	}
	if !k.Undecided(now) {
		for id, w := range k.waits { // whatever happens next is a change
			k.waits[id] = waits{since: w.since}
		}
		return nil
	}
	b := k.newBrigade(now, nil)
	b.decide()
	b.remember()
	var plan []Assignment
	for _, i := range b.picks {
		if len(plan) == most {
			return plan
		}
		if e := b.jobs[i].queued; e != nil {
			plan = append(plan, b.assign(i, e))
		}
	}
	k.settled.at, k.settled.changes = now, k.changes
	return plan
}

// Hasten makes decisions look only at one in n of the plans that it would look at: who has to decide for many
// kitchens at once must not let them all wait. It holds until it is told otherwise; below 1 counts as 1.
func (k *Kitchen) Hasten(n int) { k.hasty = n }

func (k *Kitchen) haste() int { return max(1, k.hasty) }

// asSettled tells that all was decided as it stands: a second look at the same moment would only find other reasons.
func (k *Kitchen) asSettled(now Instant) bool {
	return k.settled.at == now && k.settled.changes == k.changes
}

// Undecided tells whether Plan would find a task that somebody could begin at now, and has not decided about it.
func (k *Kitchen) Undecided(now Instant) bool {
	return !k.asSettled(now) && slices.ContainsFunc(k.groups, func(g *group) bool { return len(g.queue) > 0 && g.blocked(now) == Assignable })
}

func (k *Kitchen) newBrigade(now Instant, further []Order) *brigade {
	m := k.newModel(now, further)
	b := &brigade{kitchen: k, projector: k.newProjector(m), held: make([]bool, len(m.jobs)), dice: uint64(now) | 1}
	b.weigh()
	return b
}

// weigh works out how urgent orders are and which of them are looked at in detail.
func (b *brigade) weigh() {
	patience := b.patience()
	order := make([]int, len(b.meals))
	for i := range b.meals {
		b.meals[i].index, order[i] = b.urgency(&b.meals[i], patience), i
	}
	slices.SortStableFunc(order, func(x, y int) int { return cmp.Compare(b.meals[y].index, b.meals[x].index) })
	jobs, cut := 0, 0
	for cut < len(order) && (cut == 0 || jobs+len(b.meals[order[cut]].jobs) <= b.aims.InDetail) {
		jobs += len(b.meals[order[cut]].jobs)
		cut++
	}
	b.detail, b.coarse = order[:cut], order[cut:]
	b.blur()
	b.left = min(b.aims.Tries, b.aims.Placements/(3*max(jobs, 1))) / b.kitchen.haste()
	b.doubts = min(mostDoubts, b.aims.Placements/(4*max(jobs, 1))) / b.kitchen.haste()
}

// patience is over how much slack lateness begins to count, in seconds.
func (b *brigade) patience() float64 {
	sum, n := 0.0, 0
	for i := range b.meals {
		if m := &b.meals[i]; m.work > 0 {
			sum += m.path
			n++
		}
	}
	return max(b.aims.Patience*sum/float64(max(n, 1)), 1)
}

// urgency is the apparent tardiness cost of an order per second of work that is left (Vepsalainen and Morton 1987): what
// a minute of it costs, with lateness counting more and more as its slack runs out.
func (b *brigade) urgency(m *meal, patience float64) float64 {
	slack := max(0, m.due-m.path)
	return m.weight * (b.aims.Ticket + b.aims.Late*math.Exp(-slack/patience)) / (m.work + pathWeight*m.path + urgencyFloor)
}

// What is left of an order is its work and, weighted, its longest path; some seconds more keep an order that is all but
// done from being infinitely urgent.
const (
	pathWeight   = 3
	urgencyFloor = 30
)

// blur leaves of the least urgent orders only what is ready, behind everything else.
func (b *brigade) blur() {
	fine := make([]bool, len(b.jobs))
	for _, o := range b.detail {
		for _, j := range b.meals[o].jobs {
			fine[j] = true
		}
	}
	for _, o := range b.coarse {
		for _, j := range b.meals[o].jobs {
			if !fine[j] {
				b.jobs[j].coarse, b.jobs[j].next = true, nil
			}
		}
	}
}

// decide finds the best plan it can and leaves it projected.
func (b *brigade) decide() {
	b.seq = slices.Clone(b.detail)
	b.cost = b.try(b.seq)
	if old := b.oldSequence(); old != nil {
		b.consider(old)
	}
	b.search()
	b.cost = b.try(b.seq)
	b.giveUpHolds()
}

// oldSequence is that of the last decision, with new orders where their urgency puts them; nil without one.
func (b *brigade) oldSequence() []int {
	places := b.kitchen.places
	var old, fresh []int
	for _, o := range b.detail {
		if _, known := places[b.meals[o].id]; known {
			old = append(old, o)
		} else {
			fresh = append(fresh, o)
		}
	}
	if len(old) == 0 {
		return nil
	}
	slices.SortStableFunc(old, func(x, y int) int { return cmp.Compare(places[b.meals[x].id], places[b.meals[y].id]) })
	for _, o := range fresh {
		at := 0
		for at < len(old) && b.meals[old[at]].index >= b.meals[o].index {
			at++
		}
		old = slices.Insert(old, at, o)
	}
	return old
}

// search moves single orders up and down the sequence, by dice that depend on the time only.
func (b *brigade) search() {
	n := len(b.seq)
	for n > 1 && b.left > 0 {
		from := int(b.roll() % uint64(n))
		by := int(b.roll()%farthestMove) + 1
		if b.roll()%2 == 0 {
			by = -by
		}
		to := min(max(from+by, 0), n-1)
		if to == from {
			b.left-- // else it might never end
			continue
		}
		b.trial = append(b.trial[:0], b.seq...)
		o := b.trial[from]
		b.trial = slices.Insert(slices.Delete(b.trial, from, from+1), to, o)
		b.consider(b.trial)
	}
}

// farthestMove is how many places an order is moved at most.
const farthestMove = 5

// roll is Knuth's linear congruential generator; its high bits are good enough for dice.
func (b *brigade) roll() uint64 {
	b.dice = b.dice*6364136223846793005 + 1442695040888963407
	return b.dice >> 33
}

func (b *brigade) consider(seq []int) {
	b.left--
	if c := b.try(seq); c < b.cost-1e-9 {
		b.cost = c
		copy(b.seq, seq)
	}
}

// try projects a sequence of orders and returns its cost: first without holds, which tells when orders will be ready at
// best, then with holds, then with holds that allow for what the first holds changed.
func (b *brigade) try(seq []int) float64 {
	b.setKeys(seq)
	clear(b.release)
	b.run()
	b.setHolds(true)
	b.run()
	b.setHolds(false)
	b.run()
	return b.total()
}

// setKeys puts tasks in the order of the sequence, within an order those with the longest way to go first.
func (b *brigade) setKeys(seq []int) {
	for i := range b.key {
		b.key[i] = math.Inf(1)
	}
	place := 0.0
	for _, list := range [2][]int{seq, b.coarse} {
		for _, o := range list {
			for _, j := range b.meals[o].jobs {
				b.key[j] = min(b.key[j], place*never-min(b.jobs[j].tail, never/2))
			}
			place++
		}
	}
}

// setHolds shifts what is not critical for its order towards the time at which the order will be ready. Which units
// are held is settled the first time; then their holds follow the units that are not.
func (b *brigade) setHolds(first bool) {
	for i := range b.release {
		b.release[i], b.held[i] = math.Inf(1), false
	}
	for _, o := range b.detail {
		b.holdMeal(&b.meals[o], first)
	}
	for i, at := range b.release {
		if math.IsInf(at, 1) || at < shortestHold || b.jobs[i].state != open {
			b.release[i] = 0
		}
	}
}

// shortestHold is below what nobody would notice, in seconds.
const shortestHold = 2

func (b *brigade) holdMeal(m *meal, first bool) {
	end := b.freeEnd(m, first)
	for i := range m.units {
		u := &m.units[i]
		if first {
			u.held = b.unitEnd(u) < end-1 && end < never
		}
		for _, j := range u.jobs {
			b.holdJob(u, j, end)
		}
	}
}

func (b *brigade) holdJob(u *unit, j int, end float64) {
	at := 0.0
	switch {
	case !u.held:
	case slices.Contains(u.ends, j):
		at = end - (b.finish[j] - b.start[j]) - b.aims.Margin.Seconds()
	default:
		at = end - b.jobs[j].tail - b.aims.Early.Seconds()
	}
	b.release[j] = min(b.release[j], at) // of a load's units the first counts
}

// freeEnd is when the units of an order that are not held, or of which the end has begun, will be ready.
func (b *brigade) freeEnd(m *meal, first bool) float64 {
	end := 0.0
	for i := range m.units {
		u := &m.units[i]
		if b.doubted(u) {
			continue
		}
		if first || !u.held {
			end = max(end, b.unitEnd(u))
			continue
		}
		for _, j := range u.ends {
			if b.jobs[j].state == inHand {
				end = max(end, b.finish[j])
			}
		}
	}
	return end
}

func (b *brigade) doubted(u *unit) bool {
	return slices.ContainsFunc(u.jobs, func(j int) bool { return b.jobs[j].doubtful })
}

func (b *brigade) unitEnd(u *unit) float64 {
	end := 0.0
	for _, j := range u.ends {
		end = max(end, b.finish[j])
	}
	return end
}

// readyAt is when an order is ready in the last projection.
func (b *brigade) readyAt(m *meal) float64 {
	last := m.last
	for i := range m.units {
		last = max(last, b.unitEnd(&m.units[i]))
	}
	return last
}

// total is the cost of the last projection, in minutes times their weights.
func (b *brigade) total() float64 {
	sum := 0.0
	for _, o := range b.detail {
		sum += b.mealCost(&b.meals[o])
	}
	return sum
}

func (b *brigade) mealCost(m *meal) float64 {
	first, last := m.first, m.last
	for i := range m.units {
		end := b.unitEnd(&m.units[i])
		first, last = min(first, end), max(last, end)
	}
	a := b.aims
	return m.weight * (a.Ticket*(last-m.arrived) + a.Late*max(0, last-m.due) + a.Gap*(last-first)) / 60
}

// giveUpHolds begins what is held back when that costs less: in the projection, or because hands would be idle which
// will be wanted when the next orders come.
func (b *brigade) giveUpHolds() {
	for i := 0; i < len(b.jobs) && b.doubts > 0; i++ {
		if b.jobs[i].queued == nil || b.release[i] <= 0 || b.jobs[i].group.blocked(b.now) != Assignable {
			continue
		}
		b.doubts--
		old := b.release[i]
		b.release[i] = 0
		b.run()
		if c := b.total(); b.start[i] == 0 && c < b.cost+b.worthOfHands(i) {
			b.cost = c
		} else {
			b.release[i] = old
		}
	}
	b.run()
}

// mostDoubts bounds about how many holds a decision has second thoughts.
const mostDoubts = 12

// worthOfHands is what it is worth to do a job now that hands are idle.
func (b *brigade) worthOfHands(i int) float64 {
	busy, all := 0, 0
	for _, p := range b.jobs[i].group.at.staff {
		busy += p.busy
		all += p.MaxParallel
	}
	return (b.aims.Idle + b.aims.Busy*float64(busy)/float64(max(all, 1))) * b.jobs[i].estimate / 60
}

// remember keeps the sequence for the next decision, and what is held back now.
func (b *brigade) remember() {
	k := b.kitchen
	clear(k.places)
	for place, o := range b.seq {
		k.places[b.meals[o].id] = place
	}
	b.waited = maps.Clone(k.waits)
	clear(k.waits)
	for i := range b.jobs {
		if j := &b.jobs[i]; j.queued != nil && b.release[i] > 0 && b.start[i] > 0 {
			w := waits{b.now, b.instant(b.release[i])}
			if b.quiet {
				w.until = min(w.until, b.now.Add(begins)) // unless somebody tells that he has begun
			}
			if before, ok := b.waited[j.task]; ok {
				w.since = before.since
			}
			k.waits[j.task] = w
		}
	}
}

// assign gives a job to whom the plan gives it, and says why.
func (b *brigade) assign(i int, e *entry) Assignment {
	k, g := b.kitchen, b.jobs[i].group
	heap.Remove(&g.queue, e.index)
	delete(k.queued, e.ID)
	h := hold{station: g.station, staff: b.floor.staff[b.staff[i]].ID, given: b.now}
	if b.machine[i] >= 0 {
		h.machine = b.floor.machines[b.machine[i]].ID
	}
	why := Why{
		Policy: string(Brigade), At: b.now, Score: k.weights.score(e.Task, b.now).rounded(),
		Station: Use{ID: g.at.ID, Name: g.at.Name, Busy: g.at.busy, Capacity: g.at.Capacity},
		Machine: g.chooseMachine(), Staff: b.explainStaff(g.at), Outlook: b.outlook(i),
	}
	k.occupy(e.ID, h)
	return Assignment{Task: e.ID, Order: e.Order, Station: h.station, Machine: h.machine, Staff: h.staff, Why: why}
}

// explainStaff compares everybody who has the skill, as the projection does.
func (b *brigade) explainStaff(at *station) StaffChoice {
	b.countReal()
	c := StaffChoice{Unskilled: len(b.floor.staff) - len(at.staff)}
	var top podium[*member]
	for _, p := range at.staff {
		switch {
		case b.offAt(p.no, 0):
			c.OffMore += keepFirst(&c.Off, p.Name)
		case !p.handFree():
			c.AtLimitMore += keepFirst(&c.AtLimit, p.Name)
		default:
			top.add(b.staffCost(p), p)
		}
	}
	c.FitMore = top.others
	c.Fit = exactly[StaffScore](top.taken)
	for i := range c.Fit {
		p := top.places[i].who
		c.Fit[i] = StaffScore{
			ID: p.ID, Name: p.Name, Active: p.busy, Efficiency: round(1 / p.Efficiency),
			Scarcity: round(b.aims.Flexible * b.scarcity(p) / p.Efficiency), Total: round(top.places[i].score),
		}
	}
	return c
}

// countReal counts the hands that are free now, after the assignments made so far.
func (b *brigade) countReal() {
	for i, p := range b.floor.staff {
		b.staffBusy[i] = p.busy
	}
	b.countFree(0)
}

// outlook tells what the plan expects of a job's order.
func (b *brigade) outlook(i int) Outlook {
	j := &b.jobs[i]
	m := &b.meals[j.meal]
	ready := b.readyAt(m)
	o := Outlook{
		Place: slices.Index(b.seq, j.meal) + 1, Orders: len(b.meals), Due: round(m.due), Ready: round(ready), Slack: round(m.due - ready),
		Path: round(j.tail),
	}
	if w, ok := b.waited[j.task]; ok {
		o.Held = round(b.now.Sub(w.since).Seconds())
	}
	for _, u := range m.units {
		o.Critical = o.Critical || slices.Contains(u.jobs, i) && b.unitEnd(&u) >= ready-1
	}
	return o
}

// notice counts a task that came in for a station; what came long ago counts less and less.
func (k *Kitchen) notice(station int64) {
	k.seen[station]++
	if k.seen[station] > seenMost {
		for id := range k.seen {
			k.seen[id] /= 2
		}
	}
}

const seenMost = 1000

// demand is the share of the stations, by index, of the tasks that came in.
func (k *Kitchen) demand() []float64 {
	d := make([]float64, len(k.floor.stations))
	sum := 0.0
	for i, st := range k.floor.stations {
		d[i] = k.seen[st.ID] + 1
		sum += d[i]
	}
	for i := range d {
		d[i] /= sum
	}
	return d
}

func sortedKeys[V any](m map[int64]V) []int64 { return slices.Sorted(maps.Keys(m)) }
