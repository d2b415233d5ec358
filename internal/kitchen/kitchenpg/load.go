// Package kitchenpg keeps kitchens, tickets and tasks in Postgres.
package kitchenpg

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"brigade/internal/kitchen"
	"brigade/internal/kitchen/kitchenpg/db"
	"brigade/internal/kitchen/sched"
	"brigade/internal/recipe"
	"brigade/internal/store"
)

// Store implements kitchen.Store and the reads of kitchen.Service.
type Store struct {
	pool  *pgxpool.Pool
	q     *db.Queries
	parts Parts
	names names
}

// Parts are what a commit needs of other features; app joins them.
type Parts struct {
	// CheckFences returns the outlets whose fence is no longer valid, holding the others until the commit.
	CheckFences func(ctx context.Context, tx store.Tx, fences []kitchen.Fence) (stale []int64, err error)
	// AdvanceOrders moves orders on that the kitchen began or finished.
	AdvanceOrders func(ctx context.Context, tx store.Tx, steps []kitchen.OrderStep) error
	// Append writes events.
	Append Appender
	// Slipped lets guests be told of promises that have slipped; may be nil.
	Slipped func(ctx context.Context, tx store.Tx, promises []kitchen.Promised) error
	// Pause begins and ends pauses of what an outlet sells; may be nil.
	Pause func(ctx context.Context, tx store.Tx, p kitchen.Pressed) error
	// Committed is called after every commit that appended events.
	Committed func()
	// Now is the product's clock; nil: the machine's.
	Now func() time.Time
}

// New returns a store.
func New(pool *pgxpool.Pool, parts Parts) *Store {
	if parts.Now == nil {
		parts.Now = time.Now
	}
	return &Store{pool: pool, q: db.New(pool), parts: parts}
}

// Layouts implements kitchen.Store.
func (s *Store) Layouts(ctx context.Context, outlets []int64) ([]*kitchen.Layout, error) {
	found, err := layouts(ctx, s.q, outlets, s.parts.Now())
	return found, store.Classify(err)
}

// layouts reads set-ups as they are at a time: breaks that ended a day before do not matter any more.
func layouts(ctx context.Context, q *db.Queries, outlets []int64, now time.Time) ([]*kitchen.Layout, error) {
	rows, err := q.KitchenOutlets(ctx, outlets)
	if err != nil {
		return nil, err
	}
	found := make([]*kitchen.Layout, len(rows))
	ids := make([]int64, len(rows)) // of those that exist by now, so that nothing is read of others
	byOutlet := make(map[int64]*kitchen.Layout, len(rows))
	for i, r := range rows {
		loc, err := time.LoadLocation(r.Timezone)
		if err != nil {
			loc = time.UTC
		}
		found[i] = &kitchen.Layout{
			Tenant: r.TenantID, Outlet: r.ID, Slug: r.Slug, Name: r.Name, Location: loc,
			StaleAfter: time.Duration(r.StaleAfterSeconds) * time.Second,
			CourseGap:  time.Duration(r.CourseGapSeconds) * time.Second, Version: r.ConfigVersion,
		}
		ids[i], byOutlet[r.ID] = r.ID, found[i]
	}
	if err := fill(ctx, q, ids, byOutlet, now); err != nil {
		return nil, err
	}
	if err := fillStates(ctx, q, ids, byOutlet); err != nil {
		return nil, err
	}
	if err := fillRules(ctx, q, ids, byOutlet); err != nil {
		return nil, err
	}
	for _, l := range found {
		l.Index()
	}
	return found, nil
}

func fill(ctx context.Context, q *db.Queries, outlets []int64, layouts map[int64]*kitchen.Layout, now time.Time) error {
	stations, err := q.Stations(ctx, outlets)
	if err != nil {
		return err
	}
	for _, r := range stations {
		l := layouts[r.OutletID]
		l.Stations = append(l.Stations, sched.Station{ID: r.ID, Name: r.Name, Capacity: int(r.Capacity)})
		if r.Removed {
			l.Leave(r.ID)
		}
		if r.ClosedTo != nil {
			l.Close(r.ID, kitchen.Closure{To: *r.ClosedTo, Reason: r.ClosedReason})
		}
	}
	machines, err := q.Machines(ctx, outlets)
	if err != nil {
		return err
	}
	for _, r := range machines {
		l := layouts[r.OutletID]
		l.Machines = append(l.Machines, kitchen.Machine{
			Machine: sched.Machine{ID: r.ID, Station: r.StationID, Name: r.Name, Capacity: int(r.Capacity), Up: r.Up},
			Reason:  r.Reason,
		})
	}
	return fillPeople(ctx, q, outlets, layouts, now)
}

func fillPeople(ctx context.Context, q *db.Queries, outlets []int64, layouts map[int64]*kitchen.Layout, now time.Time) error {
	people, err := q.Staff(ctx, outlets)
	if err != nil {
		return err
	}
	hours, err := hoursOf(ctx, q, outlets, now)
	if err != nil {
		return err
	}
	for _, r := range people {
		p := kitchen.Person{
			ID: r.ID, Name: r.Name, Active: r.Active, Skills: r.Skills, MaxParallel: int(r.MaxParallel),
			Efficiency: r.Efficiency, TasksCompleted: r.TasksCompleted, Orders: r.OrdersProcessed, WorkedSeconds: r.WorkedSeconds,
		}
		if r.LastSeenAt != nil {
			p.LastSeen = *r.LastSeenAt
		}
		if h := hours[r.ID]; h != nil {
			p.Hours = *h
		}
		l := layouts[r.OutletID]
		l.People = append(l.People, p)
	}
	return nil
}

func hoursOf(ctx context.Context, q *db.Queries, outlets []int64, now time.Time) (map[int64]*sched.Hours, error) {
	byStaff := map[int64]*sched.Hours{}
	of := func(staff int64) *sched.Hours {
		if byStaff[staff] == nil {
			byStaff[staff] = &sched.Hours{}
		}
		return byStaff[staff]
	}
	shifts, err := q.Shifts(ctx, outlets)
	if err != nil {
		return nil, err
	}
	for _, r := range shifts {
		w := sched.Weekly{Weekday: time.Weekday(r.Weekday), From: int(r.StartsMinute), To: int(r.EndsMinute)}
		if h := of(r.StaffID); r.Kind == "break" {
			h.Breaks = append(h.Breaks, w)
		} else {
			h.Shifts = append(h.Shifts, w)
		}
	}
	breaks, err := q.Breaks(ctx, db.BreaksParams{Outlets: outlets, Since: now.Add(-24 * time.Hour)})
	if err != nil {
		return nil, err
	}
	for _, r := range breaks {
		taken := sched.Interval{From: sched.At(r.StartsAt), To: sched.Forever}
		if r.EndsAt != nil {
			taken.To = sched.At(*r.EndsAt)
		}
		h := of(r.StaffID)
		h.Taken = append(h.Taken, taken)
	}
	return byStaff, nil
}

// OpenTickets implements kitchen.Store.
func (s *Store) OpenTickets(ctx context.Context, outlets []int64) ([]*kitchen.Ticket, error) {
	rows, err := s.q.OpenTickets(ctx, outlets)
	if err != nil {
		return nil, store.Classify(err)
	}
	tickets := make([]*kitchen.Ticket, len(rows))
	for i, r := range rows {
		tickets[i] = ticketOf(db.TicketsRow(r))
	}
	return tickets, s.fillTasks(ctx, tickets)
}

// Tickets implements kitchen.Store.
func (s *Store) Tickets(ctx context.Context, orders []int64) ([]*kitchen.Ticket, error) {
	rows, err := s.q.Tickets(ctx, orders)
	if err != nil {
		return nil, store.Classify(err)
	}
	tickets := make([]*kitchen.Ticket, len(rows))
	for i, r := range rows {
		tickets[i] = ticketOf(r)
	}
	return tickets, s.fillTasks(ctx, tickets)
}

// TicketsOfTasks implements kitchen.Store.
func (s *Store) TicketsOfTasks(ctx context.Context, tasks []int64) ([]*kitchen.Ticket, error) {
	orders, err := s.q.OrdersOfTasks(ctx, tasks)
	if err != nil || len(orders) == 0 {
		return nil, store.Classify(err)
	}
	return s.Tickets(ctx, orders)
}

// TaskIDs implements kitchen.Store.
func (s *Store) TaskIDs(ctx context.Context, n int) ([]int64, error) {
	ids, err := s.q.NextTaskIDs(ctx, int32(n))
	return ids, store.Classify(err)
}

func ticketOf(r db.TicketsRow) *kitchen.Ticket {
	return &kitchen.Ticket{
		Order: r.OrderID, Tenant: r.TenantID, Outlet: r.OutletID, Number: r.Number, Status: kitchen.TicketStatus(r.Status),
		Version: int(r.Version), Done: int(r.TasksDone), Priority: int(r.Priority), Rush: r.Rush, Courses: courses(r.Courses), Due: deref(r.DueAt),
		CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt, ClosedAt: deref(r.ClosedAt),
	}
}

// fillTasks reads the tickets' tasks. The two reads are not one snapshot: a ticket that changed in between has a
// version that no longer fits, so that a commit based on it is refused as overtaken.
func (s *Store) fillTasks(ctx context.Context, tickets []*kitchen.Ticket) error {
	if len(tickets) == 0 {
		return nil
	}
	byOrder := make(map[int64]*kitchen.Ticket, len(tickets))
	orders := make([]int64, len(tickets))
	for i, t := range tickets {
		byOrder[t.Order], orders[i] = t, t.Order
	}
	rows, err := s.q.TasksOfOrders(ctx, orders)
	if err != nil {
		return store.Classify(err)
	}
	for _, r := range rows {
		t := byOrder[r.OrderID]
		t.Tasks = append(t.Tasks, taskOf(r))
	}
	for _, t := range tickets {
		t.Link()
		t.Written()
	}
	return s.fillPromises(ctx, tickets)
}

// courses reads a ticket's held courses, as coursesText wrote them.
func courses(text []byte) (list []kitchen.Course) {
	if len(text) > 0 && json.Unmarshal(text, &list) != nil {
		panic("kitchenpg: courses: " + string(text))
	}
	return list
}

func taskOf(r db.TasksOfOrdersRow) *kitchen.Task {
	return &kitchen.Task{
		ID: r.ID, Line: int(r.LineNo), Unit: int(r.UnitNo), Step: int(r.StepNo), Course: int(r.Course),
		Remake: int(r.Remake), Item: r.Item, Description: r.Description,
		Station: r.StationID, Machine: deref(r.MachineID), Estimate: time.Duration(r.EstimateMs) * time.Millisecond,
		Batch:        recipe.Batch{Size: int(r.BatchSize), Wait: time.Duration(r.BatchWaitMs) * time.Millisecond},
		Load:         deref(r.LoadID),
		BasePriority: r.BasePriority, Boost: r.Boost, DependsOn: r.DependsOn,
		PendingDeps: int(r.PendingDeps), Status: kitchen.TaskStatus(r.Status), Version: int(r.Version),
		Requeues: int(r.Requeues), ReadyAt: deref(r.ReadyAt), Staff: deref(r.AssignedStaffID),
		OnMachine: deref(r.AssignedMachineID), AssignedAt: deref(r.AssignedAt), StartedAt: deref(r.StartedAt),
		DueAt: deref(r.DueAt), CompletedAt: deref(r.CompletedAt), CompletedBy: deref(r.CompletedBy),
	}
}

func deref[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}
