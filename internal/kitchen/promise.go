package kitchen

import (
	"maps"
	"slices"
	"time"

	"brigade/internal/kitchen/sched"
)

// Promise is when an order was said to be ready, and when it will be by what is known now.
type Promise struct {
	At    time.Time  // when it was made
	Made  sched.Made // as it was made
	P50   time.Time  // as it stands now: half of such orders are ready by then,
	P90   time.Time  // and nine of ten by then
	Told  time.Time  // the latest time that the order's guest was told
	Slips int        // how often he was told a later one
	Tasks int        // that it was made for

	learned bool
}

// FirstP50 is the middle of the promise as it was made.
func (p *Promise) FirstP50() time.Time { return p.At.Add(p.Made.P50) }

// FirstP90 is the promise as it was made, by which it is judged.
func (p *Promise) FirstP90() time.Time { return p.At.Add(p.Made.P90) }

// Promised is a promise that is to be written.
type Promised struct {
	Ticket *Ticket
	Promise
	Slipped bool // its guest is to be told
}

// How promises are kept up to date, in product time.
const (
	lookEvery   = 10 * time.Second // a kitchen that is at work is looked at so often, whatever happens
	lookAtMost  = time.Second      // and no more often than this,
	crowd       = 500              // times one more for each so many open orders: a look takes longer the more there are
	saveEvery   = time.Minute      // what was learned of promises is written so often
	worthAWrite = time.Minute      // a promise that moved less is not written, nor is one that moved less than a tenth of it
	worthAWord  = 2 * time.Minute
	atOnce      = 250 // promises that are written at once
)

// foresight is what a floor knows of the times to come.
type foresight struct {
	calibration sched.Calibration
	saved       time.Time // when the calibration was written
	learned     bool      // something since then
	looked      time.Time // zero: not yet
	asked       time.Time // when new orders were last promised a time while they were written
	wanting     map[int64]bool
	last        *Ticket // the order that came last: what one more of its kind would take tells how busy the kitchen is
	pressure    Pressure
	pressed     time.Time // when it was last taken notice of
}

// Foresee makes and renews promises, and takes notice of how busy the kitchen is. It notes what is worth writing.
func (f *Floor) Foresee(j *Journal, now time.Time) {
	if !f.settings.Promises || !f.wantsALook(now) {
		return
	}
	f.sight.looked = now
	expected := expectations(f.prospect(now), now)
	written := 0
	for _, order := range slices.Sorted(maps.Keys(f.tickets)) {
		e, known := expected[order]
		if known && e.known && written < atOnce && f.promise(j, f.tickets[order], e, now) {
			written++
		}
	}
	if written < atOnce {
		clear(f.sight.wanting) // who could be promised nothing is looked at with all others
	}
	f.pressEverySoOften(j, now)
	if f.sight.learned && now.Sub(f.sight.saved) >= saveEvery {
		f.sight.learned, f.sight.saved = false, now
		j.Calibrations = append(j.Calibrations, Calibrated{f.Layout.Tenant, f.Layout.Outlet, f.sight.calibration.Clone(), now})
	}
}

func expectations(x sched.Prospect, now time.Time) map[int64]expectation {
	list := make(map[int64]expectation, len(x.Orders))
	for _, e := range x.Orders {
		list[e.Order] = list[e.Order].with(e, now)
	}
	return list
}

// notice enters an order that may have to be promised a time.
func (f *Floor) notice(t *Ticket) {
	if t.Promise == nil {
		f.sight.wanting[t.Order] = true
	}
	if last := f.sight.last; last == nil || t.CreatedAt.After(last.CreatedAt) {
		f.sight.last = t
	}
}

// pressEverySoOften takes notice of how busy the kitchen is, by what one more order like the last would take.
func (f *Floor) pressEverySoOften(j *Journal, now time.Time) {
	s := &f.sight
	if f.Layout.Admission == nil && s.pressure.calm() && now.Sub(s.pressed) < lookEvery {
		return
	}
	s.pressed = now
	f.press(j, f.prospect(now, f.probe(now)...), now)
}

// Calibrated is what an outlet's promises have taught, to be written.
type Calibrated struct {
	Tenant, Outlet int64
	Calibration    sched.Calibration
	At             time.Time
}

func (f *Floor) wantsALook(now time.Time) bool {
	at := f.nextLook()
	return !at.IsZero() && !at.After(now)
}

// nextLook is when promises are to be looked at again; zero: when something has happened.
func (f *Floor) nextLook() time.Time {
	s := &f.sight
	switch {
	case !f.settings.Promises:
		return time.Time{}
	case len(f.tickets) == 0 && s.pressure.calm() && s.learned:
		return s.saved.Add(saveEvery)
	case len(f.tickets) == 0 && s.pressure.calm():
		return time.Time{}
	case len(f.tickets) == 0:
		return f.planned
	case len(s.wanting) > 0:
		return s.looked.Add(lookAtMost * time.Duration(1+len(f.tickets)/crowd))
	}
	return s.looked.Add(lookEvery)
}

// expectation is when all courses of an order will be ready.
type expectation struct {
	lead, alone time.Duration
	known       bool
	seen        bool
}

func (e expectation) with(x sched.Expected, now time.Time) expectation {
	known := x.Ready != sched.Forever && (e.known || !e.seen)
	return expectation{max(e.lead, max(0, x.Ready.Sub(sched.At(now)))), max(e.alone, x.Alone), known, true}
}

// promise makes or renews an order's promise and tells whether it is to be written.
func (f *Floor) promise(j *Journal, t *Ticket, e expectation, now time.Time) bool {
	if t.holds() {
		return false
	}
	m := f.sight.calibration.Promise(e.lead, e.alone)
	delete(f.sight.wanting, t.Order)
	p := t.Promise
	if p == nil {
		t.Promise = newPromise(t, m, now, t.Live())
		j.Promises = append(j.Promises, Promised{Ticket: t, Promise: *t.Promise})
		return true
	}
	p50, p90 := now.Add(m.P50), now.Add(m.P90)
	slipped := p90.Sub(p.Told) >= max(worthAWord, p.Made.P90/5)
	if moved := p90.Sub(p.P90).Abs(); !slipped && moved < max(worthAWrite, p.P90.Sub(now)/10) {
		return false
	}
	p.P50, p.P90 = p50, p90
	if slipped {
		p.Told, p.Slips = p90, p.Slips+1
	}
	j.Promises = append(j.Promises, Promised{Ticket: t, Promise: *p, Slipped: slipped})
	return true
}

// newPromise is the first promise of an order. One that is wanted at a time was told that time.
func newPromise(t *Ticket, m sched.Made, now time.Time, tasks int) *Promise {
	p := &Promise{At: now, Made: m, P50: now.Add(m.P50), P90: now.Add(m.P90), Tasks: tasks}
	p.Told = p.P90
	if !t.Due.IsZero() {
		p.Told = t.Due
	}
	return p
}

// holds tells whether something of the order is held of which nobody knows when it will be fired.
func (t *Ticket) holds() bool {
	return slices.ContainsFunc(t.Courses, func(c Course) bool { return c.FireAt.IsZero() })
}

// judge learns from an order that became ready, if it is the one that was promised.
func (f *Floor) judge(t *Ticket, now time.Time) {
	p := t.Promise
	if p == nil || p.learned || t.Live() != p.Tasks || len(t.Tasks) != p.Tasks {
		return
	}
	p.learned, f.sight.learned = true, true
	f.sight.calibration.Learn(p.Made, now.Sub(p.At))
}

// prospect works out how the open work will go, with further orders.
func (f *Floor) prospect(now time.Time, further ...sched.Order) sched.Prospect {
	f.tellOrders(now)
	return f.plan.Expect(sched.At(now), func(lead, alone time.Duration) time.Duration {
		return f.sight.calibration.Promise(lead, alone).P90
	}, further...)
}

// Quote is what a kitchen says of an order.
type Quote struct {
	Known    bool // false: nobody knows; the kitchen cannot make it, or not within hours
	Made     sched.Made
	P50, P90 time.Time
	Limit    sched.Limit // what keeps it from being ready earlier
	Verdict  Verdict
}

// Promise is what a quote promises the order that it is about.
func (q Quote) Promise(w Work) *Promise {
	return newPromise(&Ticket{Due: w.Due}, q.Made, w.At, w.Tasks())
}

// Quotes tells of orders that come in together when they would be ready; coming are tickets that were written and that
// the floor does not know yet. It changes nothing.
func (f *Floor) Quotes(work []Work, now time.Time, coming ...*Ticket) []Quote {
	quotes := make([]Quote, len(work))
	var further []sched.Order
	next := int64(0)
	for _, t := range coming {
		if f.tickets[t.Order] == nil {
			further = t.appendOrders(further, nil, now)
		}
	}
	for i, w := range work {
		w.Order, w.At = -int64(i+1), now
		t := Burst(w, func() int64 { next--; return next })
		f.route(t)
		further = t.appendOrders(further, nil, now)
	}
	x := f.prospect(now, further...)
	for i := range work {
		quotes[i] = f.quote(x, -int64(i+1), now)
	}
	return quotes
}

// route sends what closed stations would do to those that do their work.
func (f *Floor) route(t *Ticket) {
	for _, task := range t.Tasks {
		if to := f.Layout.Route(task.Station); to != task.Station {
			task.Station, task.Machine = to, 0
		}
	}
}

func (f *Floor) quote(x sched.Prospect, order int64, now time.Time) Quote {
	var e expectation
	var q Quote
	for _, one := range x.Further {
		if one.Order == order {
			if e = e.with(one, now); one.Ready.Sub(sched.At(now)) >= e.lead {
				q.Limit = one.Limit
			}
		}
	}
	q.Known = e.known
	if e.known {
		q.Made = f.sight.calibration.Promise(e.lead, e.alone)
		q.P50, q.P90 = now.Add(q.Made.P50), now.Add(q.Made.P90)
	}
	q.Verdict = f.admit(x, order, q, now)
	return q
}

// probeID is the id of a probe.
const probeID = -1

// probe is one more order like the last; none before the first.
func (f *Floor) probe(now time.Time) []sched.Order {
	if f.sight.last == nil {
		return nil
	}
	o := sched.Order{ID: probeID, Course: 1, Arrived: sched.At(now)}
	at := map[int64]int{}
	for _, task := range f.sight.last.Tasks {
		if task.Status == TaskCancelled || task.Remake > 0 {
			continue
		}
		at[task.ID] = len(o.Steps)
		o.Steps = append(o.Steps, sched.Step{
			Task: -int64(len(o.Steps) + 1), Unit: task.Line<<16 | task.Unit, Station: task.Station, Machine: task.Machine, Estimate: task.Estimate,
		})
		s := &o.Steps[len(o.Steps)-1]
		for _, id := range task.DependsOn {
			if i, ok := at[id]; ok {
				s.After = append(s.After, i)
			}
		}
	}
	return []sched.Order{o}
}
