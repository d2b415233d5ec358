package sched

import (
	"math"
	"time"
)

// The planner's picture of the open work: dense lists, and times in seconds from now.

// never is later than all that is projected, in seconds from now.
const never = 6 * 3600.0

// unknownWork is how long something takes of which only is known that somebody does it.
const unknownWork = time.Minute

type jobState uint8

const (
	open   jobState = iota // nobody has it
	inHand                 // assigned or started
)

// job is a task that is not done.
type job struct {
	task     int64
	meal     int // the first order that needs it
	group    *group
	queued   *entry // nil: not in the queue
	state    jobState
	coarse   bool // of an order that is not looked at in detail
	deps     int  // jobs that must be done before
	next     []int
	estimate float64
	tail     float64 // its own estimate and the longest that follows in its unit
	earliest float64
	hold     hold    // in hand: what it has
	end      float64 // in hand: when it will be done
	doubtful bool    // in hand, but it seems that nobody works on it: nothing waits for it to be ready together
}

// meal is an order, or a course of it.
type meal struct {
	id      mealID
	made    bool // up from a queued task that no order has
	vague   bool // its due time is not one that was told
	arrived float64
	due     float64
	weight  float64
	first   float64 // when the first of the units that are done was; never: none is
	last    float64 // when the last of them was
	units   []unit
	jobs    []int
	work    float64 // estimates of what nobody has
	path    float64 // seconds of work on the longest way to the end
	index   float64 // how urgent it is; higher is sooner
}

type mealID struct {
	order  int64
	course int
}

// unit is one unit of an order that is not done.
type unit struct {
	jobs []int
	ends []int // the jobs that nothing of the unit waits for
	done float64
	held bool // it would be ready before the order is
}

// model is what a decision starts from.
type model struct {
	now   Instant
	jobs  []job
	meals []meal
	byID  map[int64]int // job of a task
	off   [][][2]float64
	upAt  []float64
	quiet bool // no task is being worked on, as far as is known
}

func (m *model) seconds(t Instant) float64 { return float64(t-m.now) / 1e6 }

func (m *model) instant(seconds float64) Instant {
	if seconds >= never {
		return Forever
	}
	return m.now + Instant(math.Ceil(seconds*1e6))
}

// newModel pictures the open work of the kitchen and of further orders.
func (k *Kitchen) newModel(now Instant, further []Order) *model {
	n := len(k.queued) + len(k.held)
	m := &model{now: now, jobs: make([]job, 0, 2*n+16), meals: make([]meal, 0, len(k.orders)+len(further)+4), byID: make(map[int64]int, 2*n+16)}
	m.quiet = true
	for _, h := range k.held {
		m.quiet = m.quiet && h.since == 0
	}
	for i := range k.orders {
		m.addOrder(k, &k.orders[i])
	}
	for i := range further {
		m.addOrder(k, &further[i])
	}
	m.addStrays(k)
	m.lookAhead(k)
	for i := range m.meals {
		m.finishMeal(&m.meals[i])
	}
	return m
}

// addOrder pictures an order's steps that are not done.
func (m *model) addOrder(k *Kitchen, o *Order) {
	at := len(m.meals)
	meal := meal{id: mealID{o.ID, o.Course}, arrived: m.seconds(o.Arrived), first: never, last: math.Inf(-1), weight: 1}
	jobOf := make([]int, len(o.Steps))
	for i := range o.Steps {
		if jobOf[i] = -1; !o.Steps[i].Done {
			jobOf[i] = m.addStep(k, &o.Steps[i], at)
			meal.jobs = append(meal.jobs, jobOf[i])
		}
	}
	m.link(o, jobOf)
	meal.addUnits(o, jobOf)
	if len(meal.jobs) == 0 {
		return
	}
	meal.due, meal.vague = m.due(k, o, &meal), o.Due == 0
	m.meals = append(m.meals, meal)
}

// addStep returns the job of a step: a new one, or that of its load.
func (m *model) addStep(k *Kitchen, s *Step, meal int) int {
	if i, ok := m.byID[s.Task]; ok {
		return i
	}
	j := job{task: s.Task, meal: meal, group: k.group(s.Station, s.Machine), estimate: max(s.Estimate.Seconds(), 0.001)}
	if s.Earliest > m.now {
		j.earliest = m.seconds(s.Earliest)
	}
	if h, ok := k.held[s.Task]; ok {
		j.state, j.hold = inHand, h
		j.end, j.doubtful = k.remaining(&j, m)
	} else {
		j.queued = k.queued[s.Task]
	}
	m.byID[s.Task] = len(m.jobs)
	m.jobs = append(m.jobs, j)
	return len(m.jobs) - 1
}

// link lets jobs wait for those before them. What the queue has waits for nothing.
func (m *model) link(o *Order, jobOf []int) {
	for i := range o.Steps {
		to := jobOf[i]
		if to < 0 || m.jobs[to].state == inHand || m.jobs[to].queued != nil {
			continue
		}
		for _, before := range o.Steps[i].After {
			if from := jobOf[before]; from >= 0 && from != to {
				m.jobs[from].next = append(m.jobs[from].next, to)
				m.jobs[to].deps++
			}
		}
	}
}

// addUnits sorts an order's jobs by unit and notes when the units that are done were.
func (o *meal) addUnits(order *Order, jobOf []int) {
	waited := make([]bool, len(order.Steps))
	for i := range order.Steps {
		for _, before := range order.Steps[i].After {
			waited[before] = waited[before] || order.Steps[before].Unit == order.Steps[i].Unit
		}
	}
	var numbers []int
	var units []unit
	for i := range order.Steps {
		s := &order.Steps[i]
		u := 0
		for u < len(numbers) && numbers[u] != s.Unit {
			u++
		}
		if u == len(numbers) {
			numbers, units = append(numbers, s.Unit), append(units, unit{done: math.Inf(-1)})
		}
		units[u].add(s, jobOf[i], waited[i], order.Arrived)
	}
	for _, u := range units {
		if len(u.jobs) > 0 {
			o.units = append(o.units, u)
			continue
		}
		done := u.done + o.arrived
		o.first, o.last = min(o.first, done), max(o.last, done)
	}
}

// add adds a step to its unit; done counts from the order's arrival.
func (u *unit) add(s *Step, job int, waited bool, arrived Instant) {
	switch {
	case job < 0:
		u.done = max(u.done, float64(s.Finished-arrived)/1e6)
	case waited:
		u.jobs = append(u.jobs, job)
	default:
		u.jobs, u.ends = append(u.jobs, job), append(u.ends, job)
	}
}

// due is when the order is due: as promised, or as the aims say.
func (m *model) due(k *Kitchen, o *Order, meal *meal) float64 {
	if o.Due != 0 {
		return m.seconds(o.Due)
	}
	ends := make([]float64, len(o.Steps))
	longest := 0.0
	for range o.Steps { // steps may stand in any order; recipes are short
		changed := false
		for i := range o.Steps {
			before := 0.0
			for _, j := range o.Steps[i].After {
				before = max(before, ends[j])
			}
			if end := before + o.Steps[i].Estimate.Seconds(); end > ends[i] {
				ends[i], changed = end, true
				longest = max(longest, end)
			}
		}
		if !changed {
			break
		}
	}
	return meal.arrived + longest*k.aims.DueFactor + k.aims.DueGrace.Seconds()
}

// addStrays makes orders up from what is queued or in hand and belongs to none.
func (m *model) addStrays(k *Kitchen) {
	if m.knowsAll(k) {
		return
	}
	for _, id := range sortedKeys(k.queued) {
		if _, known := m.byID[id]; !known {
			t := &k.queued[id].Task
			m.addMade(k, t.ID, t.Order, t.Station, t.Machine, t.Estimate, t.Ready)
		}
	}
	for _, id := range sortedKeys(k.held) {
		if _, known := m.byID[id]; !known {
			m.addMade(k, id, 0, k.held[id].station, k.held[id].machine, unknownWork, m.now)
		}
	}
}

func (m *model) knowsAll(k *Kitchen) bool {
	for id := range k.queued {
		if _, known := m.byID[id]; !known {
			return false
		}
	}
	for id := range k.held {
		if _, known := m.byID[id]; !known {
			return false
		}
	}
	return true
}

func (m *model) addMade(k *Kitchen, task, order, station, machine int64, estimate time.Duration, arrived Instant) {
	n := len(m.meals)
	m.addOrder(k, &Order{ID: order, Arrived: arrived, Steps: []Step{{Task: task, Station: station, Machine: machine, Estimate: estimate}}})
	m.meals[n].id.course, m.meals[n].made = int(task), true
}

// remaining is how long a job in hand will go on: the mean of a log-normal duration, given that it has lasted so long.
// It is doubtful when it lasts longer than work does (a forgotten bump), or when it was given to somebody some time ago
// and nobody in the kitchen has told of beginning anything.
func (k *Kitchen) remaining(j *job, m *model) (end float64, doubtful bool) {
	mean := j.estimate
	if p := k.floor.memberByID[j.hold.staff]; p != nil {
		mean /= p.Efficiency
	}
	if j.hold.since == 0 {
		return mean, m.quiet && m.now >= j.hold.given.Add(begins)
	}
	spread := max(k.aims.Spread, 0.01)
	lasted := -m.seconds(j.hold.since)
	return stillToGo(lasted, mean, spread), lasted > mean*math.Exp(incredible*spread)
}

// begins is how long after it was assigned work is taken to have begun without a word.
const begins = 2 * time.Second

// incredible is how many standard deviations longer than usual nothing takes.
const incredible = 4

// stillToGo is the expected rest of something that takes mean on average and has lasted so long. Its duration is
// log-normal with the given standard deviation of the log: E[X | X > t] − t.
func stillToGo(lasted, mean, spread float64) float64 {
	if lasted <= 0 {
		return mean
	}
	z := (math.Log(lasted/mean) + spread*spread/2) / spread
	switch {
	case z < -4:
		return mean - lasted
	case z > incredible:
		return max(0.08*lasted, 1)
	}
	beyond := 0.5 * math.Erfc(z/math.Sqrt2)
	return max(mean*0.5*math.Erfc((z-spread)/math.Sqrt2)/beyond-lasted, 0.02*mean)
}

// lookAhead notes who will be off when, and from when on machines can be used.
func (m *model) lookAhead(k *Kitchen) {
	m.off = make([][][2]float64, len(k.floor.staff))
	for i, p := range k.floor.staff {
		for _, iv := range p.Off {
			if from := m.seconds(iv.From); iv.To > m.now && from < never {
				to := never
				if iv.To != Forever {
					to = min(never, m.seconds(iv.To))
				}
				m.off[i] = append(m.off[i], [2]float64{from, to})
			}
		}
	}
	m.upAt = make([]float64, len(k.floor.machines))
	for i, x := range k.floor.machines {
		if !x.Up {
			m.upAt[i] = max(k.aims.Repair.Seconds(), 1)
		}
	}
}

// finishMeal works out tails, and what is left of an order.
func (m *model) finishMeal(o *meal) {
	boost := 0.0
	for i := len(o.jobs) - 1; i >= 0; i-- {
		m.tail(o.jobs[i])
	}
	for _, i := range o.jobs {
		j := &m.jobs[i]
		if j.queued != nil {
			boost = max(boost, j.queued.Boost)
		}
		if j.state == open {
			o.work += j.estimate
			o.path = max(o.path, j.earliest+j.tail)
		} else {
			o.path = max(o.path, j.end+j.tail-j.estimate)
		}
	}
	o.weight *= 1 + boost/boostWorth
}

// boostWorth is how many points of priority make an order count double.
const boostWorth = 10

// tail works out, once, the longest way from a job to its end.
func (m *model) tail(i int) float64 {
	j := &m.jobs[i]
	if j.tail == 0 {
		after := 0.0
		for _, c := range j.next {
			after = max(after, m.tail(c))
		}
		j.tail = j.estimate + after
	}
	return j.tail
}
