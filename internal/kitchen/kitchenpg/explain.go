package kitchenpg

import (
	"context"
	"encoding/json"
	"time"

	"brigade/internal/event"
	"brigade/internal/kitchen"
	"brigade/internal/kitchen/kitchenpg/db"
	"brigade/internal/kitchen/sched"
	"brigade/internal/store"
)

var _ kitchen.CaseStore = (*Store)(nil)

// Surroundings implements kitchen.CaseStore.
func (s *Store) Surroundings(ctx context.Context, t *kitchen.Ticket, until time.Time) (c kitchen.Case, err error) {
	if c.Layout, err = s.layoutOf(ctx, t.Outlet, t.CreatedAt); err != nil {
		return c, store.Classify(err)
	}
	for _, read := range []func() error{
		func() error { return s.neighbours(ctx, &c, t, until) },
		func() error { return s.attempts(ctx, &c, t, until) },
		func() (err error) { c.Outages, err = s.outages(ctx, t.Outlet, t.CreatedAt, until); return err },
	} {
		if err := read(); err != nil {
			return c, store.Classify(err)
		}
	}
	return c, nil
}

// layoutOf reads a set-up with all breaks that were taken since then.
func (s *Store) layoutOf(ctx context.Context, outlet int64, since time.Time) (*kitchen.Layout, error) {
	found, err := layouts(ctx, s.q, []int64{outlet}, s.parts.Now())
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return (&kitchen.Layout{Outlet: outlet, Location: time.UTC}).Index(), nil
	}
	rows, err := s.q.Breaks(ctx, db.BreaksParams{Outlets: []int64{outlet}, Since: since})
	if err != nil {
		return nil, err
	}
	taken := map[int64][]sched.Interval{}
	for _, r := range rows {
		iv := sched.Interval{From: sched.At(r.StartsAt), To: sched.Forever}
		if r.EndsAt != nil {
			iv.To = sched.At(*r.EndsAt)
		}
		taken[r.StaffID] = append(taken[r.StaffID], iv)
	}
	for i := range found[0].People {
		p := &found[0].People[i]
		p.Hours.Taken = taken[p.ID]
	}
	return found[0], nil
}

func (s *Store) neighbours(ctx context.Context, c *kitchen.Case, t *kitchen.Ticket, until time.Time) error {
	rows, err := s.q.NeighbourTasks(ctx, db.NeighbourTasksParams{
		Outlet: t.Outlet, OrderID: t.Order, Since: t.CreatedAt, Until: until,
	})
	for _, r := range rows {
		u := kitchen.Occupation{
			Order: r.OrderID, Number: r.Number, Task: r.ID, Load: r.LoadID, Station: r.StationID, Machine: r.MachineID, Staff: r.StaffID,
			From: deref(r.AssignedAt), To: until,
		}
		if r.CompletedAt != nil {
			u.To = *r.CompletedAt
		}
		c.Others = append(c.Others, u)
	}
	return err
}

func (s *Store) attempts(ctx context.Context, c *kitchen.Case, t *kitchen.Ticket, until time.Time) error {
	rows, err := s.q.FailedAttempts(ctx, db.FailedAttemptsParams{Outlet: t.Outlet, Since: t.CreatedAt, Until: until})
	for _, r := range rows {
		c.Attempts = append(c.Attempts, kitchen.Attempt{
			Occupation: kitchen.Occupation{
				Order: r.OrderID, Task: r.ID, Station: r.StationID, Machine: r.MachineID, Staff: r.StaffID,
				From: r.DecidedAt, To: r.OccurredAt,
			},
			Recalled: r.Type == "TASK_RECALLED", Reason: r.Reason,
		})
	}
	return err
}

// outageLead is how long before a time changes of machines are looked for, to know how they were at that time.
const outageLead = 12 * time.Hour

// outages returns when machines of an outlet were down between two times, from the event log. A machine without a
// change in that time was as it is now, unless it changed later: then it was up.
func (s *Store) outages(ctx context.Context, outlet int64, since, until time.Time) ([]kitchen.Outage, error) {
	machines, err := s.q.MachineChangedAt(ctx, outlet)
	if err != nil {
		return nil, err
	}
	changes, err := s.q.KitchenChanges(ctx, db.KitchenChangesParams{Outlet: outlet, Since: since.Add(-outageLead), Until: until})
	if err != nil {
		return nil, err
	}
	byName := map[string][]change{}
	for _, r := range changes {
		var p event.KitchenPayload
		if json.Unmarshal(r.Payload, &p) == nil && p.What == "machine" {
			byName[p.Name] = append(byName[p.Name], change{r.OccurredAt, p.Now == "up"})
		}
	}
	var out []kitchen.Outage
	for _, m := range machines {
		list := byName[m.Name]
		switch {
		case len(list) > 0:
		case !m.Up && !m.ChangedAt.After(since):
			list = []change{{m.ChangedAt, false}}
		default:
			continue
		}
		out = append(out, downTimes(m.ID, list, since, until)...)
	}
	return out, nil
}

// change is when a machine went up or down.
type change struct {
	at time.Time
	up bool
}

// downTimes turns changes, oldest first, into outages within two times.
func downTimes(machine int64, changes []change, since, until time.Time) (out []kitchen.Outage) {
	var down *time.Time
	if changes[0].up { // it must have been down before
		down = &since
	}
	end := func(to time.Time) {
		if down != nil && to.After(since) {
			from := *down
			if from.Before(since) {
				from = since
			}
			out = append(out, kitchen.Outage{Machine: machine, From: from, To: to})
		}
		down = nil
	}
	for _, c := range changes {
		switch {
		case c.up:
			end(c.at)
		case down == nil:
			down = &c.at
		}
	}
	end(until)
	return out
}
