package kitchen

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"brigade/internal/errs"
	"brigade/internal/kitchen/sched"
)

// Answer is what an outlet does when its limits are exceeded.
type Answer string

// The answers.
const (
	AnswerQuote        Answer = "quote"         // says how long it takes, and takes the order
	AnswerPauseItem    Answer = "pause_item"    // pauses the item that most of the waiting work at the station is for
	AnswerPauseStation Answer = "pause_station" // pauses all that needs the station
	AnswerPauseSource  Answer = "pause_source"  // pauses channels
	AnswerRefuse       Answer = "refuse"        // refuses, and says when it would work
)

// Answers lists them all.
func Answers() []Answer {
	return []Answer{AnswerQuote, AnswerPauseItem, AnswerPauseStation, AnswerPauseSource, AnswerRefuse}
}

// Admission is how much an outlet takes on. Work counts by the estimates, whoever it is for: an order of ten burgers is
// ten burgers.
type Admission struct {
	Waiting    time.Duration            `json:"waiting,omitempty"`    // work that may wait at any station; 0: no limit
	Stations   map[string]time.Duration `json:"stations,omitempty"`   // the same of single stations, by name; 0: no limit
	Acceptable time.Duration            `json:"acceptable,omitempty"` // until an order's p90; 0: no limit
	Answer     Answer                   `json:"answer,omitempty"`     // "": quote
	Sources    []string                 `json:"sources,omitempty"`    // for pause_source
	Calm       float64                  `json:"calm,omitempty"`       // what was paused comes back below this share of the limit; 0: DefaultCalm
}

// DefaultCalm is the share of a limit below which an outlet calms down again.
const DefaultCalm = 0.7

// Check names what is wrong with the settings of an outlet that has some stations. Errors: KindInvalid.
func (a *Admission) Check(stations []sched.Station) error {
	var f errs.Fields
	if a.Waiting < 0 || a.Waiting > mostWaiting {
		f.Add("station_minutes", "must be from 0 (no limit) to 10080")
	}
	if a.Acceptable < 0 || a.Acceptable > mostWaiting {
		f.Add("acceptable_minutes", "must be from 0 (no limit) to 10080")
	}
	for _, name := range slices.Sorted(maps.Keys(a.Stations)) {
		if !slices.ContainsFunc(stations, func(s sched.Station) bool { return s.Name == name }) {
			f.Add("stations."+name, "is no station of the outlet")
		}
		if d := a.Stations[name]; d < 0 || d > mostWaiting {
			f.Add("stations."+name, "must be from 0 (no limit) to 10080")
		}
	}
	if a.Answer != "" && !slices.Contains(Answers(), a.Answer) {
		f.Add("answer", "must be quote, pause_item, pause_station, pause_source or refuse")
	}
	if (a.Answer == AnswerPauseSource) != (len(a.Sources) > 0) {
		f.Add("sources", "must be given with pause_source, and only then")
	}
	if a.Calm < 0 || a.Calm >= 1 {
		f.Add("resume_below", "must be from 0 to below 1")
	}
	return f.Err()
}

// mostWaiting is the highest limit: a week.
const mostWaiting = 7 * 24 * time.Hour

// limit is how much work may wait at a station; 0: no limit.
func (a *Admission) limit(station string) time.Duration {
	if d, ok := a.Stations[station]; ok {
		return d
	}
	return a.Waiting
}

func (a *Admission) calm() float64 { return cmp.Or(a.Calm, DefaultCalm) }

// Verdict is whether an order is within an outlet's limits.
type Verdict struct {
	State    State
	Over     []errs.Text // the limits that it exceeds
	Refuse   bool        // the outlet does not take it, unless it is wanted no earlier than Earliest
	Earliest time.Time   // when it could be ready within the limits; zero: nobody knows
}

// Refusal is why an order is not taken that is wanted at a time (zero: as soon as it can be); nil when it is taken.
// Errors: KindConflict, with the earliest time that would work.
func (v Verdict) Refusal(wanted time.Time) error {
	if !v.Refuse || !wanted.IsZero() && !v.Earliest.IsZero() && !wanted.Before(v.Earliest) {
		return nil
	}
	text := errs.Textf("the kitchen cannot have it ready in an acceptable time")
	if len(v.Over) > 0 {
		text = errs.Textf("%s: %s", text, errs.Join("; ", v.Over...))
	}
	if v.Earliest.IsZero() {
		return errs.Conflict("%s", text)
	}
	e := errs.Conflict("%s; the earliest time that would work is %s", text, v.Earliest.UTC().Format(time.RFC3339))
	e.Earliest = v.Earliest
	return e
}

// admit holds an order against the outlet's limits.
func (f *Floor) admit(x sched.Prospect, order int64, q Quote, now time.Time) Verdict {
	v := Verdict{State: f.sight.pressure.state(), Earliest: q.P90}
	a := f.Layout.Admission
	if a == nil {
		return v
	}
	if a.Acceptable > 0 && (!q.Known || q.Made.P90 > a.Acceptable) {
		v.Over = append(v.Over, errs.Textf("no more than %.3g minutes until an order is ready", a.Acceptable.Minutes()))
	}
	alone := f.sight.calibration.Promise(q.Made.Alone, q.Made.Alone).P90
	for _, b := range x.Backlog {
		name := f.Layout.Station(b.Station)
		limit := a.limit(name)
		if limit == 0 || b.Of(order) == 0 {
			continue
		}
		room := b.Room(order, limit, sched.At(now))
		if room == sched.At(now) {
			continue
		}
		v.Over = append(v.Over, errs.Textf("no more than %.3g minutes of work waiting at %s", limit.Minutes(), name))
		switch at := room.Time().Add(alone); {
		case room == sched.Forever:
			v.Earliest = time.Time{}
		case !v.Earliest.IsZero() && at.After(v.Earliest):
			v.Earliest = at
		}
	}
	v.Refuse = len(v.Over) > 0 && a.Answer == AnswerRefuse
	return v
}

func minutes(d time.Duration) string { return fmt.Sprintf("%.3g minutes", d.Minutes()) }

// State is how an outlet is to those who order.
type State string

// The states. What is paused by hand or by itself is known to those who sell; see package menu.
const (
	StateOpen State = "open"
	StateBusy State = "busy" // it takes longer than usual
)

// Pressure is how busy an outlet is and what it has paused by itself.
type Pressure struct {
	State  State       `json:"state"` // "": open
	Since  time.Time   `json:"since"`
	Paused []AutoPause `json:"paused,omitempty"`
}

// AutoPause is something that is paused because of a limit.
type AutoPause struct {
	Kind  string `json:"kind"` // item, station, source
	Name  string `json:"name"`
	Cause string `json:"cause"` // the station whose limit was exceeded; "": the time until an order is ready
}

func (p Pressure) state() State { return cmp.Or(p.State, StateOpen) }
func (p Pressure) calm() bool   { return p.state() == StateOpen && len(p.Paused) == 0 }

// Pressed is a change of an outlet's pressure, to be written.
type Pressed struct {
	Tenant, Outlet int64
	Pressure
	Was    State
	Begin  []AutoPause // to be paused now
	End    []AutoPause // to be sold again
	Reason string
	At     time.Time
}

// busyAt is the share of a limit from which on an outlet is busy.
const busyAt = 0.8

// usage is how much of its limits an outlet has used up.
type usage struct {
	shares map[string]float64 // by station; "": of the time until an order is ready
	top    float64
	worst  string // the station that keeps an order like the last from being ready earlier
}

// press takes notice of how busy the kitchen is and pauses what its limits ask for, or lets it go again.
func (f *Floor) press(j *Journal, x sched.Prospect, now time.Time) {
	l, a := f.used(x, now), f.Layout.Admission
	if a == nil {
		a = &Admission{}
	}
	old := f.sight.pressure
	p := Pressure{State: old.state(), Since: old.Since}
	if was := p.State; l.top >= busyAt {
		p.State = StateBusy
		p.Since = map[bool]time.Time{true: old.Since, false: now}[was == StateBusy]
	} else if was == StateBusy && l.top < busyAt*a.calm() {
		p.State, p.Since = StateOpen, now
	}
	out := Pressed{Tenant: f.Layout.Tenant, Outlet: f.Layout.Outlet, Was: old.state(), At: now}
	p.Paused, out.End = l.keep(old.Paused, a)
	for _, ap := range f.pausesFor(l, a) {
		if !slices.ContainsFunc(p.Paused, ap.same) {
			p.Paused, out.Begin = append(p.Paused, ap), append(out.Begin, ap)
		}
	}
	f.sight.pressure = p
	if p.State != out.Was || len(out.Begin)+len(out.End) > 0 {
		out.Pressure, out.Reason = p, f.reason(l, a)
		out.Paused = slices.Clone(p.Paused)
		j.Pressures = append(j.Pressures, out)
	}
}

func (p AutoPause) same(o AutoPause) bool { return p.Kind == o.Kind && p.Name == o.Name }

// keep parts what is paused from what need not be any more.
func (l usage) keep(paused []AutoPause, a *Admission) (stay, end []AutoPause) {
	for _, p := range paused {
		if share, limited := l.shares[p.Cause]; limited && share >= a.calm() {
			stay = append(stay, p)
		} else {
			end = append(end, p)
		}
	}
	return stay, end
}

// used works out the shares of the limits. Without a limit of time an outlet is busy when one more order like the last
// would take twice its work and five minutes: what [sched.Aims] take for due.
func (f *Floor) used(x sched.Prospect, now time.Time) usage {
	l := usage{shares: map[string]float64{}}
	a := f.Layout.Admission
	most := time.Duration(0)
	for _, b := range x.Backlog {
		name := f.Layout.Station(b.Station)
		waiting := b.Waiting - b.Of(probeID)
		if waiting > most {
			most, l.worst = waiting, name
		}
		if a != nil && a.limit(name) > 0 {
			l.shares[name] = waiting.Seconds() / a.limit(name).Seconds()
			l.top = max(l.top, l.shares[name])
		}
	}
	for _, e := range x.Further {
		m := f.sight.calibration.Promise(max(0, e.Ready.Sub(sched.At(now))), e.Alone)
		share := busyAt * m.P90.Seconds() / (f.settings.Aims.DueFactor*e.Alone.Seconds() + f.settings.Aims.DueGrace.Seconds() + 1)
		if a != nil && a.Acceptable > 0 {
			share = m.P90.Seconds() / a.Acceptable.Seconds()
			l.shares[""] = share
		}
		if len(f.tickets) > 0 { // nothing waits in an empty kitchen
			l.top = max(l.top, share)
		} else if a != nil && a.Acceptable > 0 {
			l.shares[""] = 0
		}
	}
	return l
}

// pausesFor lists what is to be paused while limits are exceeded.
func (f *Floor) pausesFor(l usage, a *Admission) (list []AutoPause) {
	for _, cause := range slices.Sorted(maps.Keys(l.shares)) {
		if l.shares[cause] <= 1 {
			continue
		}
		station := cmp.Or(cause, l.worst)
		switch a.Answer {
		case AnswerPauseStation:
			list = append(list, AutoPause{"station", station, cause})
		case AnswerPauseItem:
			if item := f.heaviest(station); item != "" {
				list = append(list, AutoPause{"item", item, cause})
			}
		case AnswerPauseSource:
			for _, s := range a.Sources {
				list = append(list, AutoPause{"source", s, cause})
			}
		default: // nothing is paused
		}
	}
	return slices.DeleteFunc(list, func(p AutoPause) bool { return p.Name == "" })
}

// heaviest is the item that most of the work is for which waits at a station.
func (f *Floor) heaviest(station string) (item string) {
	work := map[string]time.Duration{}
	for _, t := range f.tickets {
		for _, task := range t.Tasks {
			if task.Status == TaskUnassigned && f.Layout.Station(task.Station) == station {
				work[task.Item] += task.Estimate
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(work)) {
		if item == "" || work[name] > work[item] {
			item = name
		}
	}
	return item
}

func (f *Floor) reason(l usage, a *Admission) string {
	for _, cause := range slices.Sorted(maps.Keys(l.shares)) {
		if share := l.shares[cause]; share > 1 && cause == "" {
			return fmt.Sprintf("orders take more than %s", minutes(a.Acceptable))
		} else if share > 1 {
			return fmt.Sprintf("more than %s of work wait at %s", minutes(a.limit(cause)), cause)
		}
	}
	return ""
}
