package workflow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"brigade/internal/clock"
	"brigade/internal/errs"
	"brigade/internal/workflow/schedule"
)

// Rules are what a schedule has beside its cron expression. The zero value runs on every day, catches up with the latest
// of what was missed, and leaves out what is due while the one before goes on.
type Rules struct {
	DaysOff      schedule.DaysOff `json:"days_off,omitempty"`
	WeekdaysOff  []string         `json:"weekdays_off,omitempty"` // sat, sun, …
	Holidays     []string         `json:"holidays,omitempty"`     // dates
	Country      string           `json:"country,omitempty"`      // whose public holidays are off, too
	CatchUp      schedule.CatchUp `json:"catch_up,omitempty"`
	Overlap      schedule.Overlap `json:"overlap,omitempty"`
	GraceSeconds int              `json:"grace_seconds,omitempty"`
	Spread       int              `json:"spread_seconds,omitempty"` // tenants begin evenly over so long
	Jitter       int              `json:"jitter_seconds,omitempty"`
	Pauses       []Pause          `json:"pauses,omitempty"`
}

// Pause is a time in which nothing begins.
type Pause struct {
	From  time.Time  `json:"from"`
	Until *time.Time `json:"until,omitempty"` // absent: until further notice
}

// Holidays tells whether a date is a public holiday of a country.
type Holidays func(country string, day schedule.Day) bool

var weekdays = map[string]time.Weekday{"sun": 0, "mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6}

// Schedule reads when a workflow is done in a zone. Errors: KindInvalid, by the names of the rules.
func (w *Workflow) Schedule(zone string, holidays Holidays) (schedule.Schedule, Rules, error) {
	var r Rules
	if len(w.Rules) > 0 {
		if err := json.Unmarshal(w.Rules, &r); err != nil {
			return schedule.Schedule{}, r, errs.Invalid("the rules of the schedule cannot be read: %v", err)
		}
	}
	cron, err := schedule.ParseCron(w.Cron)
	if err != nil {
		return schedule.Schedule{}, r, err
	}
	location, err := time.LoadLocation(zone)
	if err != nil {
		return schedule.Schedule{}, r, errs.Invalid("%s is no time zone", zone)
	}
	s := schedule.Schedule{
		Cron: cron, Zone: location, DaysOff: r.DaysOff, Jitter: seconds(r.Jitter), Workflow: w.ID, CatchUp: r.CatchUp,
		Grace: seconds(r.GraceSeconds), Overlap: r.Overlap,
	}
	for _, p := range r.Pauses {
		pause := schedule.Pause{From: p.From}
		if p.Until != nil {
			pause.Until = *p.Until
		}
		s.Pauses = append(s.Pauses, pause)
	}
	if s.WorkingDay, err = r.workingDay(holidays); err != nil {
		return s, r, err
	}
	if err := r.checkSeconds(); err != nil {
		return s, r, err
	}
	return s, r, s.Check()
}

// checkSeconds refuses lengths that are out of bounds, before they are multiplied to what a Duration cannot hold.
func (r *Rules) checkSeconds() error {
	for name, n := range map[string]int{"spread_seconds": r.Spread, "jitter_seconds": r.Jitter, "grace_seconds": r.GraceSeconds} {
		most := int(schedule.MaxWindow.Seconds())
		if name == "grace_seconds" {
			most = longestGrace
		}
		if n < 0 || n > most {
			return errs.Invalid("%s must be 0 to %d", name, most)
		}
	}
	return nil
}

// longestGrace is a year, in seconds: what is later was missed in any case.
const longestGrace = 366 * 24 * 60 * 60

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }

// workingDay tells working days; nil: all are.
func (r *Rules) workingDay(holidays Holidays) (func(schedule.Day) bool, error) {
	var off []time.Weekday
	for _, name := range r.WeekdaysOff {
		day, ok := weekdays[name]
		if !ok {
			return nil, errs.Invalid("weekdays_off: %q is none of sun, mon, tue, wed, thu, fri, sat", name)
		}
		off = append(off, day)
	}
	var dates []schedule.Day
	for _, text := range r.Holidays {
		d, err := ParseDay(text)
		if err != nil {
			return nil, errs.Invalid("holidays: %v", err)
		}
		dates = append(dates, schedule.Day(d))
	}
	if len(off)+len(dates) == 0 && r.Country == "" {
		return nil, nil
	}
	working := schedule.WorkingDays(off, dates)
	if r.Country == "" || holidays == nil {
		return working, nil
	}
	return func(d schedule.Day) bool { return working(d) && !holidays(r.Country, d) }, nil
}

// SchedulerOptions tune a scheduler; zero fields take their defaults.
type SchedulerOptions struct {
	Fence    func() (fence int64, ok bool) // of whoever decides; ok is false when that is somebody else
	Holidays Holidays
	Tick     time.Duration // between looks at the clock; 1 s
	Began    func([]Execution)
	Logger   *slog.Logger
}

// Scheduler decides when executions begin. Of all nodes one does; what another one decides is refused.
type Scheduler struct {
	store Timing
	clock clock.Clock
	o     SchedulerOptions
}

// NewScheduler returns a scheduler that does nothing until Run.
func NewScheduler(store Timing, clock clock.Clock, o SchedulerOptions) *Scheduler {
	orDefault(&o.Tick, time.Second)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Began == nil {
		o.Began = func([]Execution) {}
	}
	return &Scheduler{store: store, clock: clock, o: o}
}

// Run looks at the clock until ctx ends.
func (s *Scheduler) Run(ctx context.Context) error {
	tick := time.NewTicker(s.o.Tick)
	defer tick.Stop()
	for {
		if err := s.Once(ctx); err != nil && ctx.Err() == nil {
			s.o.Logger.WarnContext(ctx, "workflows were not scheduled", "action", "workflow_schedule_failed", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

const mostAtOnce = 200

// Once looks at the clock once, when this node decides.
func (s *Scheduler) Once(ctx context.Context) error {
	fence, ours := s.o.Fence()
	if !ours {
		return nil
	}
	fresh, err := s.store.Untimed(ctx, mostAtOnce)
	if err != nil {
		return err
	}
	failed := s.each(ctx, fence, fresh, true)
	due, err := s.store.DueBy(ctx, s.clock.Now(), mostAtOnce)
	if err != nil {
		return errors.Join(failed, err)
	}
	return errors.Join(failed, s.each(ctx, fence, due, false))
}

// each decides what is due of some workflows. One that cannot be begun holds up no other, unless none can: somebody else
// decides by now, or Postgres is away.
func (s *Scheduler) each(ctx context.Context, fence int64, list []Due, fresh bool) error {
	var failed []error
	for _, d := range list {
		err := s.time(ctx, fence, d, fresh)
		if errs.Is(err, errs.KindUnavailable) || ctx.Err() != nil {
			return errors.Join(append(failed, err)...)
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("%s in %s: %w", d.Workflow.Name, d.Zone, err))
		}
	}
	return errors.Join(failed...)
}

// time decides what is due of a workflow in a zone. Of one that is new, or was changed, what has passed counts as decided.
func (s *Scheduler) time(ctx context.Context, fence int64, d Due, fresh bool) error {
	now := s.clock.Now()
	if d.Vacant { // worked out anew when somebody comes back
		d.Workflow.Version = 0
		_, err := s.store.Time(ctx, fence, d, nil, nil, nil)
		return err
	}
	plan, rules, err := d.Workflow.Schedule(d.Zone, s.o.Holidays)
	if err != nil { // it was read when it was saved; a zone may have gone since
		s.o.Logger.ErrorContext(ctx, "a workflow has no schedule any more", "action", "workflow_schedule_broken", "workflow", d.Workflow.Name, "zone", d.Zone, "error", err)
		_, err = s.store.Time(ctx, fence, d, &now, nil, nil)
		return err
	}
	through := now
	var list []Beginning
	if !fresh {
		decided := d.Next.Add(-time.Second) // what is next due was not decided yet
		if d.Last != nil && d.Last.After(decided) {
			decided = *d.Last
		}
		due := plan.Due(decided, now)
		through = due.Through
		list = s.beginnings(d, rules, plan.Overlap, due.Start, now)
	}
	var next *time.Time
	if times := plan.Next(through, 1); len(times) == 1 {
		next = &times[0]
	}
	begun, err := s.store.Time(ctx, fence, d, &through, next, list)
	if err == nil && len(begun) > 0 {
		s.o.Began(begun)
	}
	return err
}

func (s *Scheduler) beginnings(d Due, rules Rules, overlap schedule.Overlap, runs []schedule.Run, now time.Time) []Beginning {
	var list []Beginning
	going, waiting := d.Open, d.Waiting
	for _, r := range runs {
		at := r.At
		b := Beginning{ByZone: d.Workflow.Zone == TenantZone && d.Workflow.Tenant == 0, Execution: Execution{
			Workflow: d.Workflow.ID, Name: d.Workflow.Name, Tenant: d.Workflow.Tenant, Trigger: Scheduled, By: "schedule", Zone: d.Zone,
			Day: Day(r.Day), ScheduledFor: &at, Version: d.Workflow.Version, Plan: d.Workflow.Plan(), Window: seconds(rules.Spread), Created: now,
		}}
		switch overlap.Decide(going, waiting) {
		case schedule.Drop:
			continue
		case schedule.Wait:
			b.Queued = true
			waiting++
		case schedule.Replace:
			list = nil // only the newest of them begins
			b.Replaces = true
			going = 1
		default:
			going++
		}
		list = append(list, b)
	}
	return list
}
