package kitchenpg

import (
	"cmp"
	"context"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"

	"brigade/internal/event"
	"brigade/internal/kitchen"
	"brigade/internal/kitchen/kitchenpg/db"
	"brigade/internal/store"
)

// Appender writes events inside a transaction that has already changed rows.
type Appender func(ctx context.Context, tx store.Tx, events []event.Event) error

// Commit implements kitchen.Store.
func (s *Store) Commit(ctx context.Context, j *kitchen.Journal, fences []kitchen.Fence) error {
	return s.commit(ctx, func(tx store.Tx) error {
		if len(fences) > 0 {
			stale, err := s.parts.CheckFences(ctx, tx, fences)
			if err != nil {
				return err
			}
			if len(stale) > 0 {
				return &kitchen.NotOwnerError{Outlets: stale}
			}
		}
		if err := s.insertTaps(ctx, tx, j.Taps); err != nil {
			return err
		}
		return s.write(ctx, tx, j)
	})
}

// commit runs work in one transaction and tells that there are new events.
func (s *Store) commit(ctx context.Context, work func(store.Tx) error) error {
	err := store.Commit(ctx, s.pool, work)
	if err == nil {
		s.parts.Committed()
	}
	return err
}

// write sends everything in as few round trips as it can: orders are read and locked first, the rest goes together.
func (s *Store) write(ctx context.Context, tx store.Tx, j *kitchen.Journal) error {
	pipe := store.NewPipeline(tx)
	q := s.q.WithTx(pipe)
	for _, step := range []func() error{
		func() error { return s.advance(ctx, pipe, j.Orders) },
		func() error { return insertAdded(ctx, q, j.Added) },
		func() error { return insertWaste(ctx, q, j.Waste) },
		func() error { return updateTickets(ctx, pipe, q, j.Tickets) },
		func() error { return updateTasks(ctx, pipe, q, j.Tasks) },
		func() error { return insertDecisions(ctx, q, j.Decisions) },
		func() error { return updateStaff(ctx, q, j.Staff) },
		func() error { return s.foreseen(ctx, pipe, j) },
		func() error { return s.parts.Append(ctx, pipe, j.Events) },
		func() error { return pipe.Flush(ctx) },
		func() error { return s.pressed(ctx, tx, j.Pressures) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return s.slipped(ctx, tx, j.Promises)
}

// slipped lets guests be told whose orders will be later than they were told.
func (s *Store) slipped(ctx context.Context, tx store.Tx, promises []kitchen.Promised) error {
	var late []kitchen.Promised
	for _, p := range promises {
		if p.Slipped {
			late = append(late, p)
		}
	}
	if len(late) == 0 || s.parts.Slipped == nil {
		return nil
	}
	return s.parts.Slipped(ctx, tx, late)
}

func (s *Store) advance(ctx context.Context, tx store.Tx, steps []kitchen.OrderStep) error {
	if len(steps) == 0 {
		return nil
	}
	return s.parts.AdvanceOrders(ctx, tx, steps)
}

// sorted returns the list by id: all transactions lock rows in one order. Equals stay as they were.
func sorted[T any](list []T, id func(T) int64) []T {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b T) int { return cmp.Compare(id(a), id(b)) })
	return list
}

// updateTasks overwrites tasks whose version is still the expected one. A task that only lost a dependency keeps its
// version: its ticket's guards it.
func updateTasks(ctx context.Context, pipe *store.Pipeline, q *db.Queries, tasks []*kitchen.Task) error {
	if len(tasks) == 0 {
		return nil
	}
	var p db.UpdateTasksParams
	for _, t := range sorted(tasks, func(t *kitchen.Task) int64 { return t.ID }) {
		p.Ids = append(p.Ids, t.ID)
		p.Expected = append(p.Expected, int32(t.Expected()))
		p.Versions = append(p.Versions, int32(t.Version))
		p.Stations = append(p.Stations, t.Station)
		p.Needs = append(p.Needs, t.Machine)
		p.Loads = append(p.Loads, t.Load)
		p.Boosts = append(p.Boosts, t.Boost)
		p.Pending = append(p.Pending, int16(t.PendingDeps))
		p.Statuses = append(p.Statuses, string(t.Status))
		p.Requeues = append(p.Requeues, int16(t.Requeues))
		p.Ready = append(p.Ready, t.ReadyAt)
		p.Staff = append(p.Staff, t.Staff)
		p.Machines = append(p.Machines, t.OnMachine)
		p.Assigned = append(p.Assigned, t.AssignedAt)
		p.Started = append(p.Started, t.StartedAt)
		p.Due = append(p.Due, t.DueAt)
		p.Completed = append(p.Completed, t.CompletedAt)
		p.CompletedBy = append(p.CompletedBy, t.CompletedBy)
	}
	pipe.Expect(len(tasks), kitchen.ErrOvertaken)
	return q.UpdateTasks(ctx, p)
}

func updateTickets(ctx context.Context, pipe *store.Pipeline, q *db.Queries, tickets []*kitchen.Ticket) error {
	if len(tickets) == 0 {
		return nil
	}
	var p db.UpdateTicketsParams
	for _, t := range sorted(tickets, func(t *kitchen.Ticket) int64 { return t.Order }) {
		p.Orders = append(p.Orders, t.Order)
		p.Expected = append(p.Expected, int32(t.Expected()))
		p.Versions = append(p.Versions, int32(t.Version))
		p.Statuses = append(p.Statuses, string(t.Status))
		p.Totals = append(p.Totals, int32(t.Live()))
		p.Done = append(p.Done, int32(t.Done))
		p.Rush = append(p.Rush, t.Rush)
		p.Courses = append(p.Courses, coursesText(t))
		p.Updated = append(p.Updated, t.UpdatedAt)
		p.Closed = append(p.Closed, t.ClosedAt)
	}
	pipe.Expect(len(tickets), kitchen.ErrOvertaken)
	return q.UpdateTickets(ctx, p)
}

func insertDecisions(ctx context.Context, q *db.Queries, decisions []kitchen.Decision) error {
	if len(decisions) == 0 {
		return nil
	}
	var p db.InsertDecisionsParams
	for _, d := range decisions {
		p.Tasks = append(p.Tasks, d.Task)
		p.Attempts = append(p.Attempts, int16(d.Attempt))
		p.Tenants = append(p.Tenants, d.Tenant)
		p.Decided = append(p.Decided, d.At)
		p.Decisions = append(p.Decisions, string(d.Why))
	}
	return q.InsertDecisions(ctx, p)
}

// updateStaff adds up what each person did. n measurements in a row are one: efficiency·keep + learned.
func updateStaff(ctx context.Context, q *db.Queries, work []kitchen.StaffWork) error {
	if len(work) == 0 {
		return nil
	}
	var p db.UpdateStaffParams
	at := map[int64]int{}
	for _, w := range sorted(work, func(w kitchen.StaffWork) int64 { return w.Staff }) {
		i, seen := at[w.Staff]
		if !seen {
			i = len(p.Ids)
			at[w.Staff] = i
			p.Ids, p.Completed, p.Worked = append(p.Ids, w.Staff), append(p.Completed, 0), append(p.Worked, 0)
			p.Keep, p.Learned, p.Seen = append(p.Keep, 1), append(p.Learned, 0), append(p.Seen, w.At)
			p.Orders = append(p.Orders, 0)
		}
		p.Seen[i] = w.At
		p.Orders[i] += int32(w.Orders)
		if w.Recalled {
			continue
		}
		if w.Undone { // what was measured fades; it was one of many
			p.Completed[i]--
			p.Worked[i] -= math.Max(0, w.Took.Seconds())
			continue
		}
		p.Completed[i]++
		p.Worked[i] += math.Max(0, w.Took.Seconds())
		if w.Measured { // Learn is linear in the old efficiency
			zero := kitchen.Learn(0, w.Estimate, w.Took)
			keep := kitchen.Learn(1, w.Estimate, w.Took) - zero
			p.Keep[i], p.Learned[i] = p.Keep[i]*keep, p.Learned[i]*keep+zero
		}
	}
	return q.UpdateStaff(ctx, p)
}

// OpenForWork makes and writes the tickets of new orders inside the order's transaction, and returns them with the
// events to append. The desk hears of them after the commit.
func (s *Store) OpenForWork(ctx context.Context, tx store.Tx, work []kitchen.Work) ([]*kitchen.Ticket, []event.Event, error) {
	q := s.q.WithTx(tx)
	total := 0
	for _, w := range work {
		total += w.Tasks()
	}
	ids, err := q.NextTaskIDs(ctx, int32(total))
	if err != nil {
		return nil, nil, err
	}
	next := func() int64 {
		id := ids[0]
		ids = ids[1:]
		return id
	}
	layouts, err := s.names.of(ctx, q, work)
	if err != nil {
		return nil, nil, err
	}
	j := kitchen.NewJournal(nil)
	tickets := make([]*kitchen.Ticket, len(work))
	for i, w := range work {
		tickets[i] = kitchen.Burst(w, next)
		j.SetNames(layouts[w.Outlet])
		j.Opened(tickets[i])
	}
	if err := insertTickets(ctx, q, tickets); err != nil {
		return nil, nil, err
	}
	if err := insertTasks(ctx, q, tickets); err != nil {
		return nil, nil, err
	}
	if err := putPromises(ctx, q, promised(tickets)); err != nil {
		return nil, nil, err
	}
	for _, t := range tickets {
		t.Written()
	}
	return tickets, j.Events, nil
}

func insertTickets(ctx context.Context, q *db.Queries, tickets []*kitchen.Ticket) error {
	var p db.InsertTicketsParams
	for _, t := range tickets {
		p.Orders = append(p.Orders, t.Order)
		p.Tenants = append(p.Tenants, t.Tenant)
		p.Outlets = append(p.Outlets, t.Outlet)
		p.Numbers = append(p.Numbers, t.Number)
		p.Statuses = append(p.Statuses, string(t.Status))
		p.Totals = append(p.Totals, int32(t.Live()))
		p.Priorities = append(p.Priorities, int16(t.Priority))
		p.Courses = append(p.Courses, coursesText(t))
		p.Due = append(p.Due, t.Due)
		p.Created = append(p.Created, t.CreatedAt)
	}
	return q.InsertTickets(ctx, p)
}

func insertTasks(ctx context.Context, q *db.Queries, tickets []*kitchen.Ticket) error {
	var p db.InsertTasksParams
	for _, k := range tickets {
		for _, t := range k.Tasks {
			addTask(&p, k, t, t.Version)
		}
	}
	return q.InsertTasks(ctx, p)
}

// insertAdded writes tasks that came into being after their ticket, at the version at which they did.
func insertAdded(ctx context.Context, q *db.Queries, added []kitchen.Added) error {
	if len(added) == 0 {
		return nil
	}
	var p db.InsertTasksParams
	for _, a := range added {
		addTask(&p, a.Ticket, a.Task, a.Task.Expected())
	}
	return q.InsertTasks(ctx, p)
}

func addTask(p *db.InsertTasksParams, k *kitchen.Ticket, t *kitchen.Task, version int) {
	p.Ids = append(p.Ids, t.ID)
	p.Tenants = append(p.Tenants, k.Tenant)
	p.Outlets = append(p.Outlets, k.Outlet)
	p.Orders = append(p.Orders, k.Order)
	p.Lines = append(p.Lines, int16(t.Line))
	p.Units = append(p.Units, int16(t.Unit))
	p.Steps = append(p.Steps, int16(t.Step))
	p.Courses = append(p.Courses, int16(t.Course))
	p.Remakes = append(p.Remakes, int16(t.Remake))
	p.Items = append(p.Items, t.Item)
	p.Descriptions = append(p.Descriptions, t.Description)
	p.Stations = append(p.Stations, t.Station)
	p.Machines = append(p.Machines, t.Machine)
	p.Estimates = append(p.Estimates, int32(t.Estimate.Milliseconds()))
	p.Batches = append(p.Batches, int16(t.Batch.Size))
	p.Waits = append(p.Waits, int32(t.Batch.Wait.Milliseconds()))
	p.Priorities = append(p.Priorities, t.BasePriority)
	p.Boosts = append(p.Boosts, t.Boost)
	p.DependsOn = append(p.DependsOn, arrayLiteral(t.DependsOn))
	p.Pending = append(p.Pending, int16(t.PendingDeps))
	p.Versions = append(p.Versions, int32(version))
	p.Ready = append(p.Ready, t.ReadyAt)
}

func insertWaste(ctx context.Context, q *db.Queries, waste []kitchen.Waste) error {
	if len(waste) == 0 {
		return nil
	}
	var p db.InsertWasteParams
	for _, w := range waste {
		p.Tenants = append(p.Tenants, w.Tenant)
		p.Outlets = append(p.Outlets, w.Outlet)
		p.Orders = append(p.Orders, w.Order)
		p.Lines = append(p.Lines, int16(w.Line))
		p.Units = append(p.Units, int16(w.Unit))
		p.Items = append(p.Items, w.Item)
		p.Steps = append(p.Steps, textArray(w.Steps))
		p.Shares = append(p.Shares, w.Share)
		p.Outcomes = append(p.Outcomes, string(w.Made))
		p.Why = append(p.Why, w.Why)
		p.Reasons = append(p.Reasons, w.Reason)
		p.RecordedBy = append(p.RecordedBy, w.By)
		p.Recorded = append(p.Recorded, w.At)
	}
	return q.InsertWaste(ctx, p)
}

// coursesText is a ticket's held courses as JSON; "" when none is.
func coursesText(t *kitchen.Ticket) string {
	if len(t.Courses) == 0 {
		return ""
	}
	text, err := json.Marshal(t.Courses)
	if err != nil { // plain structs
		panic("kitchenpg: courses: " + err.Error())
	}
	return string(text)
}

// textArray writes texts as Postgres reads an array.
func textArray(texts []string) string {
	quoted := make([]string, len(texts))
	for i, s := range texts {
		quoted[i] = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
	}
	return "{" + strings.Join(quoted, ",") + "}"
}

// arrayLiteral writes ids as Postgres reads an array, since arrays of arrays cannot be unnested by one level.
func arrayLiteral(ids []int64) string {
	b := []byte{'{'}
	for i, id := range ids {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, id, 10)
	}
	return string(append(b, '}'))
}
