package kitchenpg_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/actor"
	"brigade/internal/clock"
	"brigade/internal/errs"
	"brigade/internal/kitchen"
	"brigade/internal/recipe"
)

// chef is who runs the kitchens of a house, through one node.
type chef struct {
	*kitchen.Service
	who actor.Actor
}

func (h *house) chef(n *node) chef {
	return chef{
		kitchen.NewService(h.store(1), n.Desks, clock.NewManual(noon), kitchen.DefaultSettings()),
		actor.Actor{Tenant: h.tenant, Outlet: h.outlets[0], Name: "Ada", Role: actor.Manager},
	}
}

// fries is an order of one basket; six of them make a load.
func (h *house) fries(l *kitchen.Layout, wait time.Duration) kitchen.Work {
	w := h.work(l, 1)
	w.Lines[0].Recipe.Steps = w.Lines[0].Recipe.Steps[1:2]
	w.Lines[0].Recipe.Steps[0].Batch = recipe.Batch{Size: 6, Wait: wait}
	return w
}

// Eight orders of fries come in: six share a load at once, the other two when they have waited enough. Whoever starts or
// completes one of a load, on whichever node, does all of it; it takes one slot and one hand.
func TestOrdersShareALoad(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	clk := clock.NewManual(noon)
	owner, other := h.nodeAt(1, clk), h.nodeAt(2, clk)
	owner.own(h.first(h.outlets[0]))
	s := h.store(1)
	l := h.layout(s, h.outlets[0])
	var works []kitchen.Work
	for range 8 {
		works = append(works, h.fries(l, time.Minute))
	}
	tickets := h.open(s, works...)
	owner.Opened(tickets)
	h.until("six are assigned", "select (count(*) = 6 and count(distinct load_id) = 1 and count(distinct assigned_staff_id) = 1)::int from tasks where status = 'ASSIGNED'")
	b, err := h.chef(other).Board(t.Context(), h.chef(other).who, 0)
	require.NoError(t, err)
	require.Len(t, b.Queue, 2)
	require.Contains(t, b.Queue[0].Waits, "company in its load, until 2026-03-02T12:01:00Z")

	first := h.id("select load_id from tasks where load_id is not null limit 1")
	_, err = other.Start(t.Context(), h.tenant, first)
	require.NoError(t, err)
	require.EqualValues(t, 6, h.id("select count(*) from tasks where status = 'STARTED'"))
	clk.Advance(time.Minute) // before the owner is told: nothing else wakes him by this clock
	owner.Changed(tickets[0].Outlet, ordersOf(tickets))
	h.until("the others have waited enough", "select (count(*) = 2 and count(distinct load_id) = 1)::int from tasks where status = 'ASSIGNED'")
	last := h.id("select max(id) from tasks where status = 'STARTED'")
	_, err = owner.Complete(t.Context(), h.tenant, last)
	require.NoError(t, err)
	require.EqualValues(t, 6, h.id("select count(*) from tickets where status = 'COMPLETED'"))
	require.EqualValues(t, 8, h.id("select count(*) from task_decisions"), "each says why")
}

func ordersOf(tickets []*kitchen.Ticket) (orders []int64) {
	for _, k := range tickets {
		orders = append(orders, k.Order)
	}
	return orders
}

// Everything that the owner of a kitchen can do, any other node can do as well.
func TestAnyNodeDoesTheDaysWork(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	h.exec("update staff set max_parallel = 9")
	owner, other := h.node(1), h.node(2)
	owner.own(h.first(h.outlets[0]))
	ticket := h.openOne(2)
	owner.Opened([]*kitchen.Ticket{ticket})
	h.until("assigned", "select (count(*) >= 3)::int from tasks where status = 'ASSIGNED'")
	c := h.chef(other)
	heard := func(err error) {
		t.Helper()
		require.NoError(t, err)
		owner.Changed(ticket.Outlet, []int64{ticket.Order})
	}
	_, err := c.Rush(t.Context(), c.who, ticket.Order, true)
	heard(err)
	patty := ticket.Tasks[0].ID
	_, err = c.Start(t.Context(), c.who, patty)
	heard(err)
	_, err = c.Complete(t.Context(), c.who, patty)
	heard(err)
	for range 2 {
		k, err := c.Undo(t.Context(), c.who, patty)
		heard(err)
		require.Equal(t, kitchen.TaskStarted, k.Status)
	}
	had := h.id("select assigned_staff_id from tasks where id = $1", patty)
	to := h.id("select s.id from staff s join staff_skills k on k.staff_id = s.id join stations t on t.id = k.station_id where t.name = 'griller' and s.id <> $1", had)
	k, err := c.Hand(t.Context(), c.who, patty, fmt.Sprint(to))
	heard(err)
	require.Equal(t, to, k.Staff)
	_, err = c.Complete(t.Context(), c.who, patty)
	heard(err)
	_, err = c.Recall(t.Context(), c.who, patty, "raw")
	heard(err)
	v, err := c.Hold(t.Context(), c.who, ticket.Order, 0, "")
	heard(err)
	require.Len(t, v.Courses, 1)
	require.True(t, slices.ContainsFunc(v.TaskViews, func(k kitchen.TaskView) bool { return k.HeldFor == "course 1 is held: held by Ada" }))
	held, err := c.HeldTasks(t.Context(), c.who, 0)
	require.NoError(t, err)
	require.Len(t, held, 6)
	_, err = c.Fire(t.Context(), c.who, ticket.Order, 0)
	heard(err)
	h.until("assigned again", "select (count(*) >= 3)::int from tasks where status = 'ASSIGNED'")
	_, err = c.Start(t.Context(), c.who, patty)
	heard(err)
	v, err = c.Remake(t.Context(), c.who, ticket.Order, 1, 1, -1, "dropped")
	heard(err)
	require.Len(t, v.TaskViews, 9)
	heard(c.EditOrder(t.Context(), kitchen.Edit{Tenant: h.tenant, Order: ticket.Order, Line: 1, Quantity: 1, By: "Ada"}))
	heard(c.EditOrder(t.Context(), kitchen.Edit{Tenant: h.tenant, Order: ticket.Order, Cancel: true, By: "Ada"}))
	require.EqualValues(t, 1, h.id("select count(*) from tickets where status = 'CANCELLED' and closed_at is not null and tasks_total = 0"))
	require.EqualValues(t, 1, h.id("select count(*) from waste_log where why = 'remade' and reason = 'dropped' and share > 0.3"))
	require.True(t, errs.Is(c.EditOrder(t.Context(), kitchen.Edit{Tenant: h.tenant + 1, Order: ticket.Order, Cancel: true}), errs.KindNotFound))
	h.checkWork()
}

// checkWork holds a database against what is always so, whatever happened.
func (h *house) checkWork() {
	h.t.Helper()
	zero := func(what, sql string) { require.Zero(h.t, h.id(sql), what) }
	zero("tickets count their tasks", `select count(*) from tickets k where (tasks_total, tasks_done) <>
		(select count(*) filter (where status <> 'CANCELLED'), count(*) filter (where status = 'COMPLETED') from tasks t where t.order_id = k.order_id)`)
	zero("tickets close with their last task", `select count(*) from tickets where (closed_at is not null) <> (tasks_done = tasks_total)
		or (status = 'CANCELLED') <> (tasks_total = 0) or (status = 'COMPLETED') <> (tasks_total > 0 and tasks_done = tasks_total)`)
	zero("dependencies are counted", `select count(*) from tasks t where status <> 'CANCELLED' and pending_deps <>
		(select count(*) from tasks d where d.id = any(t.depends_on) and d.status <> 'COMPLETED')`)
	zero("nothing is begun before what it needs", "select count(*) from tasks where status in ('ASSIGNED', 'STARTED', 'COMPLETED') and pending_deps > 0")
	zero("versions are those of the events", "select count(*) from tasks t where version <> (select count(*) from event_log e where e.aggregate_id = t.id and e.aggregate_type = 'task')")
	zero("sequences have no gap and nothing twice", `select count(*) from (select aggregate_id, count(*) n, count(distinct sequence) d, max(sequence) m
		from event_log where aggregate_type = 'task' group by aggregate_id) x where n <> d or m <> n`)
	zero("tickets' events are numbered upwards", `select count(*) from (select sequence <= lag(sequence) over (partition by aggregate_id order by position) as back
		from event_log where aggregate_type = 'ticket') x where back`)
	zero("machines hold what they can", `select count(*) from machines m where m.capacity < (select count(distinct coalesce(load_id, id)) from tasks t
		where t.assigned_machine_id = m.id and t.status in ('ASSIGNED', 'STARTED'))`)
	zero("people hold what they can", `select count(*) from staff s where s.max_parallel < (select count(distinct coalesce(load_id, id)) from tasks t
		where t.assigned_staff_id = s.id and t.status in ('ASSIGNED', 'STARTED'))`)
	zero("what was begun and cancelled is in the waste log, once", `select (select count(*) from tasks where status = 'CANCELLED' and started_at is not null)
		- (select coalesce(sum(cardinality(steps)), 0) from waste_log)`)
	zero("orders are counted once for whoever worked on them", `select (select sum(orders_processed) from staff)::bigint
		- (select count(distinct (assigned_staff_id, order_id)) from tasks where completed_at is not null)`)
	zero("staff counters are exact", `select (select sum(tasks_completed) from staff)::bigint - (select count(*) filter (where type = 'TASK_COMPLETED')
		- count(*) filter (where type = 'TASK_RECALLED' and payload->>'status' = 'STARTED') from event_log)`)
}

// An order that was handed over refuses what is done to its ticket, and only that: others of the same round are done.
func TestAnOrderThatRefusesSpoilsNothingForOthers(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	n := h.node(1)
	n.own(h.first(h.outlets[0]))
	s := h.store(1)
	l := h.layout(s, h.outlets[0])
	works := make([]kitchen.Work, 20)
	for i := range works {
		works[i] = h.work(l, 1)
	}
	tickets := h.open(s, works...)
	n.Opened(tickets)
	for _, k := range tickets[:10] {
		h.exec("insert into refusals values ($1)", k.Order)
	}
	c := h.chef(n)
	var done sync.WaitGroup
	for i, k := range tickets {
		done.Go(func() {
			err := c.EditOrder(context.Background(), kitchen.Edit{Tenant: h.tenant, Order: k.Order, Cancel: true, By: "Ada"})
			if i < 10 {
				require.True(t, errs.Is(err, errs.KindConflict) || errs.Is(err, errs.KindUnavailable), err)
			} else if !errs.Is(err, errs.KindUnavailable) { // tried in vain too often
				require.NoError(t, err)
			}
		})
	}
	done.Wait()
	for _, k := range tickets[10:] {
		require.NoError(t, c.EditOrder(t.Context(), kitchen.Edit{Tenant: h.tenant, Order: k.Order, Cancel: true, By: "Ada"}))
	}
	require.EqualValues(t, 10, h.id("select count(*) from tickets where status = 'CANCELLED'"))
	require.EqualValues(t, 10, h.id("select count(*) from tickets where closed_at is null"))
	h.checkWork()
}

// Three nodes do whatever occurs to them to the tickets of two kitchens that two of them own. The laws hold, and in the
// end everything that is wanted is made.
func TestManyNodesDoAnythingAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	nodes := []*node{h.node(1), h.node(2), h.node(3)}
	nodes[0].own(h.first(h.outlets[0]))
	nodes[1].own(h.first(h.outlets[1]))
	s := h.store(1)
	const orders = 12
	for i := range orders {
		l := h.layout(s, h.outlets[i%2])
		w := h.work(l, 1+i%2)
		w.Lines[0].Recipe.Steps[1].Batch = recipe.Batch{Size: 3}
		w.Lines = append(w.Lines, h.fries(l, 0).Lines...)
		w.Lines[1].Course = 1 + i%3
		nodes[i%2].Opened(h.open(s, w))
	}
	tell := func() {
		var ids []int64
		for id := range h.orders.Load() {
			ids = append(ids, id+1)
		}
		for _, n := range nodes[:2] {
			for _, outlet := range h.outlets {
				n.Changed(outlet, ids)
			}
		}
	}
	var refused, done atomic.Int64
	var all sync.WaitGroup
	for i, n := range nodes {
		all.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(i), 17))
			c := h.chef(n)
			for range 80 {
				err := h.anything(c, rng)
				if err == nil {
					done.Add(1)
				} else {
					refused.Add(1)
					require.True(t, errs.Is(err, errs.KindConflict) || errs.Is(err, errs.KindNotFound) || errs.Is(err, errs.KindUnavailable) ||
						errs.Is(err, errs.KindInvalid), err)
				}
				tell()
			}
		})
	}
	all.Wait()
	require.Greater(t, done.Load(), int64(20), "refused: %d", refused.Load())
	h.checkWork()
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	c := h.chef(nodes[2])
	for id := range h.orders.Load() {
		_, err := c.Fire(ctx, c.who, id+1, 0)
		require.True(t, err == nil || errs.Is(err, errs.KindNotFound), err)
	}
	tell()
	h.cook(ctx, nodes[2], nodes[:2], 99)
	require.NoError(t, ctx.Err(), "in time")
	h.checkWork()
	require.Zero(t, h.id("select count(*) from tasks where status not in ('COMPLETED', 'CANCELLED')"))
}

// anything does something to a task or an order, chosen by the dice.
func (h *house) anything(c chef, rng *rand.Rand) error {
	ctx := context.Background()
	order := 1 + rng.Int64N(h.orders.Load())
	task := 1 + rng.Int64N(h.id("select count(*) from tasks"))
	var err error
	switch rng.IntN(12) {
	case 0:
		_, err = c.Undo(ctx, c.who, task)
	case 1:
		_, err = c.Recall(ctx, c.who, task, "raw")
	case 2:
		_, err = c.Hand(ctx, c.who, task, []string{"Asha", "Noah"}[rng.IntN(2)])
	case 3:
		_, err = c.Rush(ctx, c.who, order, rng.IntN(2) == 0)
	case 4:
		_, err = c.Hold(ctx, c.who, order, rng.IntN(3), "")
	case 5:
		_, err = c.Fire(ctx, c.who, order, rng.IntN(3))
	case 6:
		_, err = c.Remake(ctx, c.who, order, 1, 1, rng.IntN(4)-1, "dropped")
	case 7:
		err = c.EditOrder(ctx, kitchen.Edit{Tenant: h.tenant, Order: order, Line: 1 + rng.IntN(2), Quantity: rng.IntN(2), By: "Ada"})
	case 8, 9:
		_, err = c.Start(ctx, c.who, task)
	default:
		_, err = c.Complete(ctx, c.who, task)
	}
	return err
}
