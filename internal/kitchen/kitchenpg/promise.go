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

func putPromises(ctx context.Context, q *db.Queries, promises []kitchen.Promised) error {
	if len(promises) == 0 {
		return nil
	}
	var p db.PutPromisesParams
	at := map[int64]int{}
	for _, x := range sorted(promises, func(x kitchen.Promised) int64 { return x.Ticket.Order }) {
		i, again := at[x.Ticket.Order]
		if !again {
			i = len(p.Orders)
			at[x.Ticket.Order] = i
			addPromise(&p, x)
		}
		p.P50s[i], p.P90s[i], p.Tolds[i], p.Slips[i] = x.P50, x.P90, x.Told, int16(x.Slips)
	}
	return q.PutPromises(ctx, p)
}

func addPromise(p *db.PutPromisesParams, x kitchen.Promised) {
	p.Orders, p.Tenants, p.Outlets = append(p.Orders, x.Ticket.Order), append(p.Tenants, x.Ticket.Tenant), append(p.Outlets, x.Ticket.Outlet)
	p.Made, p.Leads = append(p.Made, x.At), append(p.Leads, int32(x.Made.Lead.Milliseconds()))
	p.Alones = append(p.Alones, int32(x.Made.Alone.Milliseconds()))
	p.FirstP50s, p.FirstP90s = append(p.FirstP50s, x.FirstP50()), append(p.FirstP90s, x.FirstP90())
	p.P50s, p.P90s = append(p.P50s, x.P50), append(p.P90s, x.P90)
	p.Tolds, p.Slips, p.Tasks = append(p.Tolds, x.Told), append(p.Slips, int16(x.Slips)), append(p.Tasks, int16(min(x.Tasks, 1<<15-1)))
}

// promised lists the promises that tickets came with.
func promised(tickets []*kitchen.Ticket) (list []kitchen.Promised) {
	for _, t := range tickets {
		if t.Promise != nil {
			list = append(list, kitchen.Promised{Ticket: t, Promise: *t.Promise})
		}
	}
	return list
}

// Promises returns what orders were promised; those that were promised nothing are missing.
func (s *Store) Promises(ctx context.Context, orders []int64) (map[int64]*kitchen.Promise, error) {
	rows, err := s.q.Promises(ctx, orders)
	if err != nil {
		return nil, store.Classify(err)
	}
	found := make(map[int64]*kitchen.Promise, len(rows))
	for _, r := range rows {
		found[r.OrderID] = &kitchen.Promise{
			At: r.MadeAt, P50: r.P50, P90: r.P90, Told: r.Told, Slips: int(r.Slips), Tasks: int(r.Tasks), Made: sched.Made{
				Lead: time.Duration(r.LeadMs) * time.Millisecond, Alone: time.Duration(r.AloneMs) * time.Millisecond,
				P50: r.FirstP50.Sub(r.MadeAt), P90: r.FirstP90.Sub(r.MadeAt),
			},
		}
	}
	return found, nil
}

// fillPromises reads what tickets were promised.
func (s *Store) fillPromises(ctx context.Context, tickets []*kitchen.Ticket) error {
	orders := make([]int64, len(tickets))
	for i, t := range tickets {
		orders[i] = t.Order
	}
	found, err := s.Promises(ctx, orders)
	for _, t := range tickets {
		t.Promise = found[t.Order]
	}
	return err
}

// fillStates reads how much kitchens take on, what they have learned of their promises, and how busy they were.
func fillStates(ctx context.Context, q *db.Queries, outlets []int64, layouts map[int64]*kitchen.Layout) error {
	rows, err := q.KitchenStates(ctx, outlets)
	for _, r := range rows {
		l := layouts[r.ID]
		l.Pressure = kitchen.Pressure{State: kitchen.State(r.State), Since: deref(r.Since)}
		for _, part := range []struct {
			text []byte
			into any
		}{{r.Paused, &l.Pressure.Paused}, {r.Calibration, &l.Learned}, {r.Settings, &l.Admission}} {
			if err := json.Unmarshal(part.text, part.into); err != nil {
				return err
			}
		}
	}
	return err
}

// foreseen writes what a kitchen knows of its times to come.
func (s *Store) foreseen(ctx context.Context, tx store.Tx, j *kitchen.Journal) error {
	q := s.q.WithTx(tx)
	if err := putPromises(ctx, q, j.Promises); err != nil {
		return err
	}
	for _, c := range sorted(j.Calibrations, func(c kitchen.Calibrated) int64 { return c.Outlet }) {
		text, err := json.Marshal(c.Calibration)
		if err != nil {
			return err
		}
		if err := q.PutCalibration(ctx, db.PutCalibrationParams{Outlet: c.Outlet, Tenant: c.Tenant, Calibration: text}); err != nil {
			return err
		}
	}
	return nil
}

// pressed writes how busy kitchens are, tells of it, and pauses what their limits ask for.
func (s *Store) pressed(ctx context.Context, tx store.Tx, list []kitchen.Pressed) error {
	q := s.q.WithTx(tx)
	for _, p := range sorted(list, func(p kitchen.Pressed) int64 { return p.Outlet }) {
		paused, err := json.Marshal(append([]kitchen.AutoPause{}, p.Paused...))
		if err != nil {
			return err
		}
		state := db.PutStateParams{Outlet: p.Outlet, Tenant: p.Tenant, State: string(p.State), Paused: paused}
		if !p.Since.IsZero() {
			state.Since = &p.Since
		}
		if err := q.PutState(ctx, state); err != nil {
			return err
		}
		if err := s.tellState(ctx, tx, q, p); err != nil {
			return err
		}
		if s.parts.Pause != nil && len(p.Begin)+len(p.End) > 0 {
			if err := s.parts.Pause(ctx, tx, p); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Store) tellState(ctx context.Context, tx store.Tx, q *db.Queries, p kitchen.Pressed) error {
	if p.State == p.Was {
		return nil
	}
	version, err := q.BumpLayout(ctx, db.BumpLayoutParams{Outlet: p.Outlet, Tenant: p.Tenant})
	if err != nil {
		return err
	}
	e := event.New(event.OutletStateChanged, event.AggregateOutlet, p.Outlet, int(version), p.At, event.OutletStatePayload{
		OldState: string(p.Was), State: string(p.State), Reason: p.Reason,
	})
	e.Tenant, e.Outlet = p.Tenant, p.Outlet
	return s.parts.Append(ctx, tx, []event.Event{e})
}

// PutAdmission implements kitchen.Repository. The kitchen's owner hears of it as of any change of its set-up.
func (s *Store) PutAdmission(ctx context.Context, tenant, outlet int64, a *kitchen.Admission, by string, at time.Time) error {
	return s.commit(ctx, func(tx store.Tx) error {
		if err := s.PutAdmissionIn(ctx, tx, tenant, outlet, a); err != nil {
			return err
		}
		return s.changed(ctx, tx, tenant, outlet, event.KitchenPayload{What: "admission", Now: "changed", By: by}, at)
	})
}

// PutAdmissionIn writes how much an outlet takes on in the caller's transaction, which tells of it; nil: all that comes.
func (s *Store) PutAdmissionIn(ctx context.Context, tx store.Tx, tenant, outlet int64, a *kitchen.Admission) error {
	q := s.q.WithTx(tx)
	if a == nil {
		return q.DropAdmission(ctx, db.DropAdmissionParams{Outlet: outlet, Tenant: tenant})
	}
	text, err := json.Marshal(a)
	if err != nil {
		return err
	}
	return q.PutAdmission(ctx, db.PutAdmissionParams{Outlet: outlet, Tenant: tenant, Settings: text})
}
