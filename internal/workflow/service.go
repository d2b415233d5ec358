package workflow

import (
	"cmp"
	"context"
	"strconv"
	"time"

	"brigade/internal/actor"
	"brigade/internal/clock"
	"brigade/internal/errs"
)

// Service is what people and programs ask for. It is safe for use by many goroutines.
type Service struct {
	store Store
	clock clock.Clock
	o     ServiceOptions
}

// ServiceOptions are what the service stands on.
type ServiceOptions struct {
	Rulebook Rulebook
	Holidays Holidays

	DefaultZone string // of new workflows that name none

	Zone  func(ctx context.Context, tenant int64) (*time.Location, error) // of a tenant
	Poke  func()                                                          // there is something to do
	Ended func(Execution)
}

// NewService returns a service; the clock is the product's.
func NewService(store Store, clock clock.Clock, o ServiceOptions) *Service {
	orDefault(&o.DefaultZone, DefaultZone)
	s := &Service{store: store, clock: clock, o: o}
	if s.o.Rulebook.Check == nil {
		s.o.Rulebook.Check = func(cron, zone string) error {
			w := Workflow{Cron: cron}
			_, _, err := w.Schedule(zone, o.Holidays)
			return err
		}
	}
	return s
}

// scope is whose things the actor sees: a tenant's, or with 0 the operator's.
func scope(who actor.Actor) (int64, error) {
	if who.Tenant == 0 && who.Role != actor.System {
		return 0, errs.Forbidden("workflows belong to tenants, and this caller to none")
	}
	if who.Bound {
		return 0, errs.Forbidden("a token for one outlet cannot see workflows, which are for all of a tenant's")
	}
	return who.Tenant, nil
}

// Workflows lists the house's workflows and the caller's own.
func (s *Service) Workflows(ctx context.Context, who actor.Actor) ([]Workflow, error) {
	tenant, err := scope(who)
	if err != nil {
		return nil, err
	}
	list, err := s.store.Workflows(ctx, tenant)
	if err != nil {
		return nil, err
	}
	return list, s.timed(ctx, who, list)
}

// Workflow finds a workflow by id or name. Errors: KindNotFound.
func (s *Service) Workflow(ctx context.Context, who actor.Actor, ref string) (Workflow, error) {
	tenant, err := scope(who)
	if err != nil {
		return Workflow{}, err
	}
	id, name := int64(0), ref
	if n, err := strconv.ParseInt(ref, 10, 64); err == nil {
		id, name = n, ""
	}
	w, err := s.store.Workflow(ctx, tenant, id, name)
	if errs.Is(err, errs.KindNotFound) {
		return w, errs.NotFound("there is no workflow %q", ref)
	}
	if err != nil {
		return w, err
	}
	list := []Workflow{w}
	err = s.timed(ctx, who, list)
	return list[0], err
}

// Change is what is to become of a workflow: it gets the workflow as it is, or as it would be new, and changes it.
type Change func(w *Workflow) error

// Put changes a workflow, or makes a new one when there is none of that name. Who changes one of the house's as a tenant
// gets one of his own, which takes its place for him alone; what the operator changes of a tenant's stays that tenant's. Errors: KindInvalid, KindConflict, KindNotFound for an id.
func (s *Service) Put(ctx context.Context, who actor.Actor, ref, action string, change Change) (Workflow, error) {
	w, err := s.changed(ctx, who, ref, action == "put", change)
	if err != nil {
		return w, err
	}
	if w, err = s.store.Put(ctx, w, s.note(who, action, nil)); err != nil {
		return w, err
	}
	list := []Workflow{w}
	err = s.timed(ctx, who, list)
	return list[0], err
}

// Check says what Put would say of a change, and keeps nothing. It returns the workflow as it would be. Errors: as Put.
func (s *Service) Check(ctx context.Context, who actor.Actor, ref string, change Change) (Workflow, error) {
	return s.changed(ctx, who, ref, true, change)
}

// changed is a workflow as a change makes it, validated; fresh: where there is none, of a new one.
func (s *Service) changed(ctx context.Context, who actor.Actor, ref string, fresh bool, change Change) (Workflow, error) {
	w, err := s.Workflow(ctx, who, ref)
	switch {
	case errs.Is(err, errs.KindNotFound) && nameLike.MatchString(ref) && !allDigits(ref) && fresh:
		w = Workflow{
			Tenant: who.Tenant, Name: ref, Kind: OnDemand, Zone: s.o.DefaultZone, Enabled: true, MaxRun: DefaultMaxRun, MaxRetries: DefaultRetries,
			RetryDelay: DefaultRetryDelay,
		}
	case err != nil:
		return w, err
	case w.Tenant == 0 && who.Tenant != 0:
		w.ID, w.Tenant, w.BuiltIn = 0, who.Tenant, false
	}
	name := w.Name
	if err := change(&w); err != nil {
		return w, err
	}
	if w.ID == 0 && w.Name != name {
		return w, errs.Invalid("a tenant's workflow in place of the house's has its name: %s", name)
	}
	if err := w.Validate(s.o.Rulebook); err != nil {
		return w, err
	}
	return w, s.checkRules(&w)
}

// checkRules refuses rules of a schedule that cannot be read.
func (s *Service) checkRules(w *Workflow) error {
	if w.Cron == "" {
		return nil
	}
	zone := w.Zone
	if zone == TenantZone {
		zone = s.o.DefaultZone
	}
	_, _, err := w.Schedule(zone, s.o.Holidays)
	return err
}

func allDigits(text string) bool {
	_, err := strconv.ParseUint(text, 10, 64)
	return err == nil
}

func (s *Service) note(who actor.Actor, action string, data map[string]any) Note {
	return Note{Tenant: who.Tenant, Action: action, By: who.Name, Data: data, At: s.clock.Now()}
}

// Enable lets a workflow be done on its schedule, or no longer. What goes on is not touched.
func (s *Service) Enable(ctx context.Context, who actor.Actor, ref string, enabled bool) (Workflow, error) {
	action := "disable"
	if enabled {
		action = "enable"
	}
	w, err := s.Workflow(ctx, who, ref)
	if err != nil || w.Enabled == enabled && (w.Tenant != 0 || who.Tenant == 0) {
		return w, err
	}
	return s.Put(ctx, who, ref, action, func(w *Workflow) error { w.Enabled = enabled; return nil })
}

// Request asks for an execution.
type Request struct {
	Tenant int64  // 0: the caller's; of the operator: all
	Day    Day    // 0: today
	Last   Day    // of a backfill: the last of its dates; 0: only Day
	Lanes  int    // of a backfill: so many dates at a time; 0: 1
	Key    string // the same request again is the same execution; "": it is another one
}

// mostDays bounds a backfill.
const mostDays = 366

// Execute begins a workflow by hand, for a date, or for each date of a backfill. Errors: KindNotFound, KindInvalid,
// KindConflict when there is no active tenant for it.
func (s *Service) Execute(ctx context.Context, who actor.Actor, ref string, r Request) ([]Execution, error) {
	w, err := s.Workflow(ctx, who, ref)
	if err != nil {
		return nil, err
	}
	tenant := cmp.Or(who.Tenant, w.Tenant, r.Tenant)
	if r.Tenant != 0 && r.Tenant != tenant {
		return nil, errs.Forbidden("that is another tenant's")
	}
	today, zone, err := s.today(ctx, &w, tenant)
	if err != nil {
		return nil, err
	}
	r.Day = cmp.Or(r.Day, today)
	if err := r.check(today); err != nil {
		return nil, err
	}
	list := s.wanted(&w, tenant, zone, who, r)
	begun, err := s.store.Begin(ctx, list, s.note(who, "execute", map[string]any{"day": r.Day.String(), "days": len(list)}))
	if err == nil {
		s.o.Poke()
	}
	return begun, err
}

func (s *Service) wanted(w *Workflow, tenant int64, zone string, who actor.Actor, r Request) []Beginning {
	var list []Beginning
	lanes := min(max(1, r.Lanes), maxLanes)
	for day := r.Day; day <= max(r.Day, r.Last); day++ {
		b := Beginning{Key: r.Key, Execution: Execution{
			Workflow: w.ID, Name: w.Name, Tenant: tenant, Trigger: Manual, By: who.Name, Zone: zone, Day: day, Version: w.Version, Plan: w.Plan(),
			Created: s.clock.Now(),
		}}
		if r.Last != 0 {
			b.Lane = 1 + int(day-r.Day)%lanes
			if r.Key != "" {
				b.Key = r.Key + " " + day.String()
			}
		}
		list = append(list, b)
	}
	return list
}

const maxLanes = 16

func (r *Request) check(today Day) error {
	var f errs.Fields
	if r.Day > today+1 || r.Day < today-10*366 {
		f.Add("date", "must not be after tomorrow, nor more than ten years ago")
	}
	switch {
	case r.Last == 0:
	case r.Last < r.Day:
		f.Add("to", "must not be before date, which is %v", r.Day)
	case r.Last-r.Day >= mostDays || r.Last > today+1:
		f.Add("to", "must be at most a year after date, and not after tomorrow")
	}
	if r.Lanes < 0 || r.Lanes > maxLanes {
		f.Add("parallel", "must be 1 to %d", maxLanes)
	}
	return f.Err()
}

// today is the date of a workflow by hand: in the tenant's zone, if it is for one.
func (s *Service) today(ctx context.Context, w *Workflow, tenant int64) (Day, string, error) {
	zone := w.Zone
	if zone == TenantZone {
		zone = s.o.DefaultZone
		if tenant != 0 {
			at, err := s.o.Zone(ctx, tenant)
			if err != nil {
				return 0, "", err
			}
			zone = at.String()
		}
	}
	at, err := time.LoadLocation(zone)
	if err != nil {
		return 0, "", errs.Conflict("the workflow's zone %s is not known here", zone)
	}
	return DayIn(s.clock.Now().In(at)), zone, nil
}

// Executions lists executions.
func (s *Service) Executions(ctx context.Context, who actor.Actor, f Filter) ([]Execution, error) {
	tenant, err := scope(who)
	if err != nil {
		return nil, err
	}
	return s.store.Executions(ctx, tenant, f)
}

// Execution returns an execution. Errors: KindNotFound.
func (s *Service) Execution(ctx context.Context, who actor.Actor, id int64) (Execution, error) {
	tenant, err := scope(who)
	if err != nil {
		return Execution{}, err
	}
	return s.store.Execution(ctx, tenant, id)
}

// Steps lists the steps of an execution, by tenant.
func (s *Service) Steps(ctx context.Context, who actor.Actor, id int64, f StepFilter) ([]StepRun, error) {
	tenant, err := scope(who)
	if err != nil {
		return nil, err
	}
	return s.store.Steps(ctx, tenant, id, f)
}

// Logs lists what an execution's steps had to say.
func (s *Service) Logs(ctx context.Context, who actor.Actor, id int64, f LogFilter) ([]Log, error) {
	tenant, err := scope(who)
	if err != nil {
		return nil, err
	}
	return s.store.Logs(ctx, tenant, id, f)
}

// Costs says what each step of an execution took.
func (s *Service) Costs(ctx context.Context, who actor.Actor, id int64) ([]StepCost, error) {
	tenant, err := scope(who)
	if err != nil {
		return nil, err
	}
	return s.store.Costs(ctx, tenant, id)
}

// own finds an execution that the caller may change: a tenant only one of his own.
func (s *Service) own(ctx context.Context, who actor.Actor, id int64) error {
	e, err := s.Execution(ctx, who, id)
	if err == nil && e.Tenant != who.Tenant && who.Tenant != 0 {
		return errs.Forbidden("the execution is for many tenants: only the operator may change it")
	}
	return err
}

// Cancel ends an execution. Repeating it gives the same answer. Errors: KindNotFound, KindConflict when it is over.
func (s *Service) Cancel(ctx context.Context, who actor.Actor, id int64, reason string) (Execution, error) {
	if err := s.own(ctx, who, id); err != nil {
		return Execution{}, err
	}
	why := cmp.Or(reason, "cancelled by "+who.Name)
	e, err := s.store.Cancel(ctx, id, why, s.note(who, "cancel", map[string]any{"reason": reason}))
	if err == nil {
		s.o.Ended(e)
	}
	return e, err
}

// Retry does again what failed or was cancelled, from the step at which it did; with all everything.
// Errors: KindNotFound, KindConflict unless it failed or was cancelled.
func (s *Service) Retry(ctx context.Context, who actor.Actor, id int64, all bool) (Execution, error) {
	if err := s.own(ctx, who, id); err != nil {
		return Execution{}, err
	}
	e, err := s.store.Retry(ctx, id, all, s.note(who, "retry", map[string]any{"all": all}))
	if err == nil {
		s.o.Poke()
	}
	return e, err
}

// Audit lists who did what, the latest first.
func (s *Service) Audit(ctx context.Context, who actor.Actor, before int64, most int) ([]Note, error) {
	tenant, err := scope(who)
	if err != nil {
		return nil, err
	}
	return s.store.Audit(ctx, tenant, before, most)
}

// Statistics lists the figures of each workflow and day of the last days, the latest first.
func (s *Service) Statistics(ctx context.Context, who actor.Actor, days int) ([]DayFigures, error) {
	tenant, err := scope(who)
	if err != nil {
		return nil, err
	}
	return s.store.Statistics(ctx, tenant, DayIn(s.clock.Now().UTC())-Day(days)+1)
}

// Preview lists when a workflow would next be due, up to a year ahead.
func (s *Service) Preview(ctx context.Context, who actor.Actor, ref string, most int) ([]time.Time, error) {
	w, err := s.Workflow(ctx, who, ref)
	if err != nil || w.Cron == "" {
		return nil, err
	}
	_, zone, err := s.today(ctx, &w, cmp.Or(who.Tenant, w.Tenant))
	if err != nil {
		return nil, err
	}
	plan, _, err := w.Schedule(zone, s.o.Holidays)
	if err != nil {
		return nil, err
	}
	now := s.clock.Now()
	var list []time.Time
	for _, t := range plan.Next(now, most) {
		if t.Before(now.AddDate(1, 0, 0)) {
			list = append(list, t)
		}
	}
	return list, nil
}
