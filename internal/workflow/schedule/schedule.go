package schedule

import (
	"iter"
	"time"

	"brigade/internal/errs"
)

// DaysOff says what becomes of runs on days that are not working days.
type DaysOff string

// What becomes of them. Empty means Keep.
const (
	Keep     DaysOff = "run"      // they run all the same
	Skip     DaysOff = "skip"     // they do not run
	Previous DaysOff = "previous" // they run on the working day before
	Next     DaysOff = "next"     // they run on the working day after
)

const (
	// MaxWindow bounds Spread and Jitter.
	MaxWindow = 24 * time.Hour
	// MaxDaysOff is over how many days off in a row a run is moved; over more it is skipped.
	MaxDaysOff = 31

	horizon = 9 * 366 // days looked ahead: a 29 February comes within eight years
)

// Pause is a time in which nothing starts: from From on, up to but not including Until. A zero Until has no end.
type Pause struct {
	From, Until time.Time
}

func (p Pause) holds(t time.Time) bool {
	return !t.Before(p.From) && (p.Until.IsZero() || t.Before(p.Until))
}

// Schedule says when a workflow runs for a tenant.
type Schedule struct {
	Cron       Cron
	Zone       *time.Location // nil = UTC
	DaysOff    DaysOff
	WorkingDay func(Day) bool // nil = every day is one
	Pauses     []Pause
	Spread     time.Duration // tenants start at their places in a window of this length
	Jitter     time.Duration // each run starts up to this much later
	Workflow   int64         // with Tenant: what place and jitter go by
	Tenant     int64
	CatchUp    CatchUp
	Grace      time.Duration // a run that is late by no more is on time; 0 = DefaultGrace
	Overlap    Overlap
}

// Run is one run of a schedule.
type Run struct {
	Day     Day       // the day it belongs to, in the schedule's zone: a moved run's is the working day
	Nominal time.Time // when the schedule says, in UTC
	At      time.Time // when it starts: Nominal with spread and jitter
}

// Check returns what is wrong with a schedule, by the names of its settings: a KindInvalid error with fields, or nil.
func (s Schedule) Check() error {
	var f errs.Fields
	if len(s.Cron.times) == 0 {
		f.Add("cron", "must be given")
	}
	switch s.DaysOff {
	case "", Keep, Skip, Previous, Next:
	default:
		f.Add("days_off", "must be one of run, skip, previous, next")
	}
	if s.Spread < 0 || s.Spread > MaxWindow {
		f.Add("spread", "must be 0 to 24 hours")
	}
	if s.Jitter < 0 || s.Jitter > MaxWindow {
		f.Add("jitter", "must be 0 to 24 hours")
	}
	if s.Grace < 0 {
		f.Add("grace", "must not be negative")
	}
	if !s.CatchUp.valid() {
		f.Add("catch_up", "must be one of once, all, skip")
	}
	if !s.Overlap.valid() {
		f.Add("overlap", "must be one of skip, queue, cancel_old")
	}
	return f.Err()
}

// Next returns when the next n runs after a moment start, rising. There are fewer when the schedule is paused for good or
// names no day in the nine years to come.
func (s Schedule) Next(after time.Time, n int) []time.Time {
	var list []time.Time
	if n <= 0 {
		return nil
	}
	for r := range s.Runs(after) {
		if list = append(list, r.At); len(list) == n {
			break
		}
	}
	return list
}

// Between returns the runs that start after one moment and not after another, at most limit of them. A limit of 0 is none.
func (s Schedule) Between(after, through time.Time, limit int) []Run {
	var list []Run
	for r := range s.until(after, through) {
		if len(list) == limit {
			break
		}
		list = append(list, r)
	}
	return list
}

// Runs returns the runs that start after a moment, rising, for nine years.
func (s Schedule) Runs(after time.Time) iter.Seq[Run] {
	return func(yield func(Run) bool) {
		emit := func(r Run, gap time.Duration) bool {
			r = s.place(r, gap)
			return !r.At.After(after) || s.paused(r.At) || yield(r)
		}
		var held Run
		have := false
		for next := range s.slots(after) {
			if have && !emit(held, next.Nominal.Sub(held.Nominal)) {
				return
			}
			held, have = next, true
		}
		if have {
			emit(held, MaxWindow)
		}
	}
}

func (s Schedule) until(after, through time.Time) iter.Seq[Run] {
	return func(yield func(Run) bool) {
		for r := range s.Runs(after) {
			if r.At.After(through) || !yield(r) {
				return
			}
		}
	}
}

// place finds when a run starts, given the time to the next one: jitter stays below it, so that runs keep their order.
func (s Schedule) place(r Run, gap time.Duration) Run {
	r.At = r.Nominal.Add(Place(s.Workflow, s.Tenant, s.Spread)).
		Add(shake(s.Workflow, s.Tenant, r.Nominal, min(s.Jitter, gap)))
	return r
}

func (s Schedule) paused(t time.Time) bool {
	for _, p := range s.Pauses {
		if p.holds(t) {
			return true
		}
	}
	return false
}

// slots returns runs by their nominal times, strictly rising, from some before a moment on.
func (s Schedule) slots(after time.Time) iter.Seq[Run] {
	zone := s.Zone
	if zone == nil {
		zone = time.UTC
	}
	return func(yield func(Run) bool) {
		var last time.Time
		// Two days before: a zone may leave out a whole day, whose runs then start with the next.
		from := DayOf(after.Add(-s.Spread-s.Jitter).In(zone)) - 2
		for d := from; d < from+horizon; d++ {
			if !s.runsOn(d) {
				continue
			}
			for _, second := range s.Cron.times {
				at := first(int64(d)*secondsOfDay+int64(second), zone)
				if !at.After(last) {
					continue // left out on the wall: it has run at the change of the clocks
				}
				last = at
				if !yield(Run{Day: d, Nominal: at}) {
					return
				}
			}
		}
	}
}

// runsOn tells whether a day has runs, its own or those of days off next to it.
func (s Schedule) runsOn(d Day) bool {
	if s.WorkingDay == nil || s.DaysOff == "" || s.DaysOff == Keep {
		return s.Cron.on(d)
	}
	switch {
	case !s.WorkingDay(d):
		return false
	case s.Cron.on(d):
		return true
	case s.DaysOff == Next:
		return s.gets(d, -1)
	case s.DaysOff == Previous:
		return s.gets(d, 1)
	}
	return false
}

// gets tells whether a working day gets runs of the days off before (step -1) or after it (step 1).
func (s Schedule) gets(d, step Day) bool {
	for i := Day(1); i <= MaxDaysOff; i++ {
		off := d + i*step
		if s.WorkingDay(off) {
			return false
		}
		if s.Cron.on(off) {
			return true
		}
	}
	return false
}
