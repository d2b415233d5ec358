package workflow

import (
	"cmp"
	"context"
	"slices"

	"brigade/internal/actor"
)

// Upcoming lists what is due next, the soonest first. What was changed and nobody has worked out yet is worked out here.
func (s *Service) Upcoming(ctx context.Context, who actor.Actor) ([]Due, error) {
	tenant, err := scope(who)
	if err != nil {
		return nil, err
	}
	list, err := s.store.Upcoming(ctx, tenant)
	if err != nil {
		return nil, err
	}
	for i := range list {
		if d := &list[i]; d.Stale {
			s.workOut(d)
		}
	}
	list = slices.DeleteFunc(list, func(d Due) bool { return d.Next == nil })
	slices.SortStableFunc(list, func(a, b Due) int { return a.Next.Compare(*b.Next) })
	return list, nil
}

// workOut says when something is next due in its zone.
func (s *Service) workOut(d *Due) {
	d.Next = nil
	plan, _, err := d.Workflow.Schedule(d.Zone, s.o.Holidays)
	if err != nil { // a zone that is gone: the scheduler says so
		return
	}
	if times := plan.Next(s.clock.Now(), 1); len(times) == 1 {
		d.Next = &times[0]
	}
}

// timed gives workflows the time at which they are next due that nobody has worked out yet, because they were changed just now.
func (s *Service) timed(ctx context.Context, who actor.Actor, list []Workflow) error {
	untold := func(w *Workflow) bool { return w.NextAt == nil && w.Enabled && w.Cron != "" }
	if !slices.ContainsFunc(list, func(w Workflow) bool { return untold(&w) }) {
		return nil
	}
	due, err := s.Upcoming(ctx, who)
	if err != nil {
		return err
	}
	for i := range list {
		w := &list[i]
		if !untold(w) {
			continue
		}
		if at := slices.IndexFunc(due, func(d Due) bool { return d.Workflow.ID == w.ID }); at >= 0 {
			w.NextAt = due[at].Next
			continue
		}
		d := Due{Workflow: *w} // a new one
		if _, d.Zone, err = s.today(ctx, w, cmp.Or(who.Tenant, w.Tenant)); err != nil {
			return err
		}
		s.workOut(&d)
		w.NextAt = d.Next
	}
	return nil
}
