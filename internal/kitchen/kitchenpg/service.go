package kitchenpg

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"brigade/internal/errs"
	"brigade/internal/event"
	"brigade/internal/kitchen"
	"brigade/internal/kitchen/kitchenpg/db"
	"brigade/internal/store"
)

// OutletIDs returns the outlets of all active tenants: the kitchens that want an owner.
func (s *Store) OutletIDs(ctx context.Context) ([]int64, error) {
	ids, err := s.q.OutletIDs(ctx)
	return ids, store.Classify(err)
}

// OrderOfTask implements kitchen.Repository.
func (s *Store) OrderOfTask(ctx context.Context, tenant, task int64) (order, outlet int64, err error) {
	r, err := s.q.TaskRef(ctx, db.TaskRefParams{Task: task, Tenant: tenant})
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, 0, errs.NotFound("no task %d", task)
	}
	return r.OrderID, r.OutletID, store.Classify(err)
}

// FirstTickets implements kitchen.Repository.
func (s *Store) FirstTickets(ctx context.Context, outlet int64, n int) ([]*kitchen.Ticket, error) {
	rows, err := s.q.FirstTickets(ctx, db.FirstTicketsParams{Outlet: outlet, N: int32(n)})
	if err != nil {
		return nil, store.Classify(err)
	}
	tickets := make([]*kitchen.Ticket, len(rows))
	for i, r := range rows {
		tickets[i] = ticketOf(db.TicketsRow(r))
	}
	return tickets, s.fillTasks(ctx, tickets)
}

// CountOpen implements kitchen.Repository.
func (s *Store) CountOpen(ctx context.Context, outlet int64) (kitchen.Tally, error) {
	t := kitchen.Tally{Stations: map[int64]kitchen.StationView{}}
	tickets, err := s.q.CountOpenTickets(ctx, outlet)
	if err != nil {
		return t, store.Classify(err)
	}
	t.Tickets = int(tickets)
	rows, err := s.q.CountOpenTasks(ctx, outlet)
	for _, r := range rows {
		t.Stations[r.StationID] = kitchen.StationView{
			Assigned: int(r.Assigned), Started: int(r.Started), Ready: int(r.Ready), Blocked: int(r.Blocked),
		}
	}
	return t, store.Classify(err)
}

// Explanations implements kitchen.Repository.
func (s *Store) Explanations(ctx context.Context, tenant, task int64) ([]kitchen.Explanation, error) {
	rows, err := s.q.Decisions(ctx, db.DecisionsParams{Tenant: tenant, Task: task})
	if err != nil {
		return nil, store.Classify(err)
	}
	out := make([]kitchen.Explanation, len(rows))
	for i, r := range rows {
		out[i] = kitchen.Explanation{Attempt: int(r.Attempt), DecidedAt: r.DecidedAt, Why: r.Decision}
	}
	return out, nil
}

// SetMachine implements kitchen.Repository.
func (s *Store) SetMachine(ctx context.Context, c kitchen.MachineChange) error {
	return s.commit(ctx, func(tx store.Tx) error {
		r, err := s.q.WithTx(tx).SetMachine(ctx, db.SetMachineParams{
			Outlet: c.Outlet, Tenant: c.Tenant, Ref: c.Machine, Up: c.Up, Reason: c.Reason, At: c.At,
		})
		if errors.Is(err, pgx.ErrNoRows) {
			return errs.NotFound("no machine %q", c.Machine)
		}
		if err != nil || r.WasUp == c.Up {
			return err
		}
		now := map[bool]string{true: "up", false: "down"}[c.Up]
		return s.changed(ctx, tx, c.Tenant, c.Outlet, event.KitchenPayload{What: "machine", Name: r.Name, Now: now, By: c.By}, c.At)
	})
}

// SetBreak implements kitchen.Repository.
func (s *Store) SetBreak(ctx context.Context, c kitchen.BreakChange) error {
	return s.commit(ctx, func(tx store.Tx) error {
		q := s.q.WithTx(tx)
		r, err := q.FindStaff(ctx, db.FindStaffParams{Outlet: c.Outlet, Tenant: c.Tenant, Ref: c.Staff})
		if errors.Is(err, pgx.ErrNoRows) {
			return errs.NotFound("no staff member %q", c.Staff)
		}
		if err != nil {
			return err
		}
		ended, err := q.EndBreaks(ctx, db.EndBreaksParams{Staff: r.ID, At: c.At})
		if err != nil {
			return err
		}
		p := event.KitchenPayload{What: "staff", Name: r.Name, Now: "back", By: c.By}
		switch {
		case c.Back && ended == 0:
			return errs.Conflict("%s is not on a break taken by hand", r.Name)
		case !c.Back:
			p.Now = "break"
			if c.Leave {
				p.Now = "leave"
			}
			start := db.StartBreakParams{Staff: r.ID, Starts: c.At}
			if !c.Until.IsZero() {
				start.Ends = &c.Until
			}
			if err := q.StartBreak(ctx, start); err != nil {
				return err
			}
		}
		return s.changed(ctx, tx, c.Tenant, c.Outlet, p, c.At)
	})
}

// SetStation implements kitchen.Repository.
func (s *Store) SetStation(ctx context.Context, c kitchen.StationChange) error {
	return s.commit(ctx, func(tx store.Tx) error {
		q := s.q.WithTx(tx)
		st, err := findStation(ctx, q, c, c.Station)
		if err != nil {
			return err
		}
		now, to := "open", (*int64)(nil)
		if c.To != "" {
			other, err := findStation(ctx, q, c, c.To)
			switch {
			case err != nil:
				return err
			case other.ID == st.ID || other.ClosedTo != nil:
				return errs.Conflict("%s cannot take over the work of %s: it is closed itself", other.Name, st.Name)
			}
			now, to = "closed", &other.ID
		}
		if to == nil && st.ClosedTo == nil || to != nil && st.ClosedTo != nil && *to == *st.ClosedTo {
			return nil
		}
		if err := q.CloseStation(ctx, db.CloseStationParams{ID: st.ID, ClosedTo: to, Reason: c.Reason}); err != nil {
			return err
		}
		return s.changed(ctx, tx, c.Tenant, c.Outlet, event.KitchenPayload{What: "station", Name: st.Name, Now: now, By: c.By}, c.At)
	})
}

func findStation(ctx context.Context, q *db.Queries, c kitchen.StationChange, ref string) (db.FindStationRow, error) {
	st, err := q.FindStation(ctx, db.FindStationParams{Outlet: c.Outlet, Tenant: c.Tenant, Ref: ref})
	if errors.Is(err, pgx.ErrNoRows) {
		err = errs.NotFound("no station %q", ref)
	}
	return st, err
}

// WasteLog implements kitchen.Repository.
func (s *Store) WasteLog(ctx context.Context, tenant, outlet, before int64, n int) ([]kitchen.WasteEntry, error) {
	rows, err := s.q.WasteLog(ctx, db.WasteLogParams{Tenant: tenant, Outlet: outlet, Before: before, N: int32(n)})
	list := make([]kitchen.WasteEntry, len(rows))
	for i, r := range rows {
		list[i] = kitchen.WasteEntry{ID: r.ID, Number: r.Number, Cost: r.CostMinor, Waste: kitchen.Waste{
			Tenant: tenant, Outlet: outlet, Order: r.OrderID, Line: int(r.LineNo), Unit: int(r.UnitNo), Item: r.Item,
			Steps: r.Steps, Share: r.Share, Made: kitchen.Made(r.Outcome), Why: r.Why, Reason: r.Reason, By: r.RecordedBy, At: r.RecordedAt,
		}}
	}
	return list, store.Classify(err)
}

// changed moves the outlet's set-up version on and tells of it.
func (s *Store) changed(ctx context.Context, tx store.Tx, tenant, outlet int64, p event.KitchenPayload, at time.Time) error {
	version, err := s.q.WithTx(tx).BumpLayout(ctx, db.BumpLayoutParams{Outlet: outlet, Tenant: tenant})
	if err != nil {
		return err
	}
	e := event.New(event.KitchenChanged, event.AggregateOutlet, outlet, int(version), at, p)
	e.Tenant, e.Outlet = tenant, outlet
	return s.parts.Append(ctx, tx, []event.Event{e})
}
