package sched

import "math"

// projector plays open work forward: whenever something is free, the job with the lowest key that can begin begins.
// It does not wait for anything but releases. All its lists are by index of the model's or the floor's lists.
type projector struct {
	*model
	floor *floor
	aims  *Aims

	groups  []*group
	key     []float64 // by job: lower is sooner
	release []float64 // by job: it does not begin before
	demand  []float64 // by station: its share of all tasks seen
	spare   [32]float64

	start, finish  []float64 // by job: what comes of it
	staff, machine []int     // by job; machine −1: none

	deps              []int
	stationBusy       []int
	machineBusy       []int
	staffBusy         []int
	free              []int // by station: hands of those who have the skill and are there
	ready             []queue
	blocked           []bool
	events            queue
	left              int   // jobs in detail that are not done
	picks             []int // what begins at once, in that order
	countFreeNextTime bool
}

func (k *Kitchen) newProjector(m *model) *projector {
	n, f := len(m.jobs), k.floor
	p := &projector{
		model: m, floor: f, aims: &k.aims, groups: k.groups,
		key: make([]float64, n), release: make([]float64, n), start: make([]float64, n), finish: make([]float64, n),
		staff: make([]int, n), machine: make([]int, n), deps: make([]int, n),
		stationBusy: make([]int, len(f.stations)), machineBusy: make([]int, len(f.machines)), staffBusy: make([]int, len(f.staff)),
		free: make([]int, len(f.stations)), ready: make([]queue, len(k.groups)), blocked: make([]bool, len(k.groups)),
	}
	k.number()
	p.demand = k.demand()
	for i := range p.spare {
		p.spare[i] = math.Exp2(-float64(i))
	}
	return p
}

// number tells groups their place in the list, and stations their groups.
func (k *Kitchen) number() {
	for _, st := range k.floor.stations {
		st.groups = st.groups[:0]
	}
	for i, g := range k.groups {
		if g.no = i; g.at != nil {
			g.at.groups = append(g.at.groups, g)
		}
	}
}

// run projects all jobs with the keys and releases as they are.
func (p *projector) run() {
	p.reset()
	now := 0.0
	for {
		p.begin(now)
		if p.left == 0 || len(p.events) == 0 {
			return
		}
		now = p.events[0].at
		for len(p.events) > 0 && p.events[0].at <= now+1e-9 {
			p.happen(p.events.pop().job, now)
		}
		if p.countFreeNextTime {
			p.countFree(now)
		}
	}
}

func (p *projector) reset() {
	for i, s := range p.floor.stations {
		p.stationBusy[i] = s.busy
	}
	for i, m := range p.floor.machines {
		p.machineBusy[i] = m.busy
	}
	for i, s := range p.floor.staff {
		p.staffBusy[i] = s.busy
	}
	for i := range p.ready {
		p.ready[i] = p.ready[i][:0]
		p.blocked[i] = p.groups[i].at == nil || p.groups[i].machine != 0 && p.groups[i].on == nil
	}
	p.events, p.picks, p.left = p.events[:0], p.picks[:0], 0
	p.countFree(0)
	for i := range p.jobs {
		p.resetJob(i)
	}
	for i := range p.off {
		for _, iv := range p.off[i] {
			p.wakeAt(iv[0])
			p.wakeAt(iv[1])
		}
	}
	for _, at := range p.upAt {
		p.wakeAt(at)
	}
}

func (p *projector) resetJob(i int) {
	j := &p.jobs[i]
	p.deps[i] = j.deps
	if !j.coarse {
		p.left++
	}
	if j.state == inHand {
		p.start[i], p.finish[i] = 0, j.end
		p.events.push(j.end, i)
		return
	}
	p.start[i], p.finish[i] = never, never
	if j.deps == 0 {
		p.enter(i, 0)
	}
}

// wakeAt lets everything be looked at again at a time.
func (p *projector) wakeAt(at float64) {
	if at > 0 && at < never {
		p.events.push(at, -1)
	}
}

// enter makes a job ready, or lets it wait for its release.
func (p *projector) enter(i int, now float64) {
	if at := max(p.release[i], p.jobs[i].earliest); at > now+1e-9 {
		p.events.push(at, len(p.jobs)+i)
		return
	}
	g := p.jobs[i].group.no
	p.ready[g].push(p.key[i], i)
}

// happen takes notice of an event: a job is done, is released (counted on from the number of jobs), or time passed (−1).
func (p *projector) happen(e int, now float64) {
	switch {
	case e < 0:
		p.countFreeNextTime = true
		for g := range p.blocked {
			p.unblock(p.groups[g])
		}
	case e >= len(p.jobs):
		p.enter(e-len(p.jobs), now)
	default:
		p.done(e, now)
	}
}

func (p *projector) unblock(g *group) {
	p.blocked[g.no] = g.at == nil || g.machine != 0 && g.on == nil
}

func (p *projector) done(i int, now float64) {
	j := &p.jobs[i]
	if !j.coarse {
		p.left--
	}
	if j.state == inHand {
		p.vacate(p.floor.stationByID[j.hold.station], p.floor.machineByID[j.hold.machine], p.floor.memberByID[j.hold.staff])
	} else {
		var m *machine
		if p.machine[i] >= 0 {
			m = p.floor.machines[p.machine[i]]
		}
		p.vacate(j.group.at, m, p.floor.staff[p.staff[i]])
	}
	for _, c := range j.next {
		if p.deps[c]--; p.deps[c] == 0 {
			p.enter(c, now)
		}
	}
}

// vacate frees what a job had; what the layout no longer has is nil.
func (p *projector) vacate(st *station, m *machine, s *member) {
	if st != nil {
		p.stationBusy[st.no]--
		p.unblockAll(st)
	}
	if m != nil {
		p.machineBusy[m.no]--
	}
	if s != nil {
		p.staffBusy[s.no]--
		for _, st := range s.stations {
			p.free[st.no]++
			p.unblockAll(st)
		}
	}
}

func (p *projector) unblockAll(st *station) {
	for _, g := range st.groups {
		p.unblock(g)
	}
}

// begin lets begin all that can, lowest key first.
func (p *projector) begin(now float64) {
	for {
		best := -1
		for g := range p.ready {
			if !p.blocked[g] && len(p.ready[g]) > 0 && (best < 0 || p.ready[g][0].before(p.ready[best][0])) {
				best = g
			}
		}
		if best < 0 {
			return
		}
		if m, s, ok := p.choose(p.groups[best], now); ok {
			p.give(p.ready[best].pop().job, m, s, now)
		} else {
			p.blocked[best] = true
		}
	}
}

func (p *projector) give(i, m, s int, now float64) {
	j := &p.jobs[i]
	p.stationBusy[j.group.at.no]++
	if m >= 0 {
		p.machineBusy[m]++
	}
	p.staffBusy[s]++
	for _, st := range p.floor.staff[s].stations {
		p.free[st.no]--
	}
	p.start[i], p.staff[i], p.machine[i] = now, s, m
	p.finish[i] = now + j.estimate/p.floor.staff[s].Efficiency
	p.events.push(p.finish[i], i)
	if now == 0 {
		p.picks = append(p.picks, i)
	}
}

// choose returns the machine (−1: none is needed) and the person for a group's next job.
func (p *projector) choose(g *group, now float64) (m, s int, ok bool) {
	if p.stationBusy[g.at.no] >= g.at.Capacity {
		return 0, 0, false
	}
	if m, ok = p.chooseMachine(g, now); !ok {
		return 0, 0, false
	}
	s = -1
	best := math.Inf(1)
	for _, x := range g.at.staff {
		if p.staffBusy[x.no] >= x.MaxParallel || len(p.off[x.no]) > 0 && p.offAt(x.no, now) {
			continue
		}
		if c := p.staffCost(x); c < best {
			s, best = x.no, c
		}
	}
	return m, s, s >= 0
}

func (p *projector) chooseMachine(g *group, now float64) (int, bool) {
	if g.on != nil {
		return g.on.no, p.usable(g.on, now)
	}
	best, share := -1, math.Inf(1)
	for _, m := range g.at.machines {
		if p.usable(m, now) {
			if s := float64(p.machineBusy[m.no]) / float64(m.Capacity); s < share {
				best, share = m.no, s
			}
		}
	}
	return best, best >= 0 || len(g.at.machines) == 0
}

func (p *projector) usable(m *machine, now float64) bool {
	return p.machineBusy[m.no] < m.Capacity && p.upAt[m.no] <= now+1e-9
}

func (p *projector) offAt(staff int, t float64) bool {
	for _, iv := range p.off[staff] {
		if t >= iv[0]-1e-9 && t < iv[1]-1e-9 {
			return true
		}
	}
	return false
}

// staffCost is what a minute of a job costs with a person: the time he takes for it, times what his hand is worth.
func (p *projector) staffCost(x *member) float64 {
	return (1 + p.aims.Flexible*p.scarcity(x)) / x.Efficiency
}

// scarcity is how badly a person is needed: of each station that he can work at its share of all tasks, halved with
// every hand that is free for it.
func (p *projector) scarcity(x *member) float64 {
	sum := 0.0
	for _, st := range x.stations {
		sum += p.demand[st.no] * p.spare[min(max(p.free[st.no], 0), len(p.spare)-1)]
	}
	return sum
}

func (p *projector) countFree(now float64) {
	p.countFreeNextTime = false
	clear(p.free)
	for i, x := range p.floor.staff {
		if p.offAt(i, now) {
			continue
		}
		for _, st := range x.stations {
			p.free[st.no] += x.MaxParallel - p.staffBusy[i]
		}
	}
}

// queue is jobs as a heap by at (a time or a key), then by number.
type queue []queued

type queued struct {
	at  float64
	job int
}

func (q queued) before(o queued) bool { return q.at < o.at || q.at == o.at && q.job < o.job }

func (q *queue) push(at float64, job int) {
	h := append(*q, queued{at, job})
	i := len(h) - 1
	for i > 0 {
		up := (i - 1) / 2
		if !h[i].before(h[up]) {
			break
		}
		h[i], h[up] = h[up], h[i]
		i = up
	}
	*q = h
}

func (q *queue) pop() queued {
	h := *q
	top, n := h[0], len(h)-1
	h[0] = h[n]
	h = h[:n]
	for i := 0; ; {
		down := 2*i + 1
		if down >= n {
			break
		}
		if down+1 < n && h[down+1].before(h[down]) {
			down++
		}
		if !h[down].before(h[i]) {
			break
		}
		h[i], h[down] = h[down], h[i]
		i = down
	}
	*q = h
	return top
}
