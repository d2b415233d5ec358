package kitchenpg_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/clock"
	"brigade/internal/errs"
	"brigade/internal/kitchen"
)

type silent struct{}

func (silent) Committed(int, time.Duration) {}
func (silent) Assigned(time.Duration)       {}
func (silent) Queued(int64, int)            {}

// faulty is a store that can be cut off, and that counts.
type faulty struct {
	kitchen.Store
	away    atomic.Bool
	commits atomic.Int64
	before  func() // runs before each commit; may be nil
}

var errCut = errs.Unavailable("the cable is cut")

func (f *faulty) Layouts(ctx context.Context, outlets []int64) ([]*kitchen.Layout, error) {
	if f.away.Load() {
		return nil, errCut
	}
	return f.Store.Layouts(ctx, outlets)
}

func (f *faulty) TicketsOfTasks(ctx context.Context, tasks []int64) ([]*kitchen.Ticket, error) {
	if f.away.Load() {
		return nil, errCut
	}
	return f.Store.TicketsOfTasks(ctx, tasks)
}

func (f *faulty) Commit(ctx context.Context, j *kitchen.Journal, fences []kitchen.Fence) error {
	if f.away.Load() {
		return errCut
	}
	if f.before != nil {
		f.before()
	}
	err := f.Store.Commit(ctx, j, fences)
	if err == nil {
		f.commits.Add(1)
	}
	return err
}

type node struct {
	*kitchen.Desks
	store *faulty
}

func (h *house) node(id int64, change ...func(*kitchen.Settings)) *node {
	h.t.Helper()
	return h.nodeAt(id, clock.NewManual(noon), change...)
}

func (h *house) nodeAt(id int64, clk clock.Clock, change ...func(*kitchen.Settings)) *node {
	h.t.Helper()
	settings := kitchen.DefaultSettings()
	settings.AutoComplete = false
	for _, c := range change {
		c(&settings)
	}
	n := &node{store: &faulty{Store: h.store(id)}}
	n.Desks = kitchen.NewDesks(2, n.store, clk, settings, slog.New(slog.DiscardHandler), silent{})
	n.Run(context.Background())
	h.t.Cleanup(n.Stop)
	return n
}

func (n *node) own(fences ...kitchen.Fence) { n.Own(fences, nil) }

// until waits for a state of the database.
func (h *house) until(what, sql string) {
	h.t.Helper()
	require.Eventually(h.t, func() bool { return h.id(sql) != 0 }, patience, 2*time.Millisecond, what)
}

func (h *house) first(outlet int64) kitchen.Fence { return kitchen.Fence{Outlet: outlet, Token: 1} }

func (h *house) openOne(units int) *kitchen.Ticket {
	s := h.store(1)
	return h.open(s, h.work(h.layout(s, h.outlets[0]), units))[0]
}

const assigned = "select count(*) from tasks where status = 'ASSIGNED'"

func TestDeskCarriesATicketThrough(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	n := h.node(1)
	n.own(h.first(h.outlets[0]))
	ticket := h.openOne(1)
	n.Opened([]*kitchen.Ticket{ticket})
	h.until("both first steps are assigned", "select (count(*) = 2)::int from tasks where status = 'ASSIGNED'")

	ids := []int64{ticket.Tasks[0].ID, ticket.Tasks[1].ID, ticket.Tasks[2].ID}
	_, err := n.Complete(t.Context(), h.tenant, ids[0])
	require.True(t, errs.Is(err, errs.KindConflict), "not started")
	_, err = n.Start(t.Context(), h.tenant, ids[2])
	require.True(t, errs.Is(err, errs.KindConflict), "not assigned")
	_, err = n.Start(t.Context(), h.tenant+1, ids[0])
	require.True(t, errs.Is(err, errs.KindNotFound), "another tenant's")
	_, err = n.Start(t.Context(), h.tenant, 1<<40)
	require.True(t, errs.Is(err, errs.KindNotFound))
	for _, id := range ids {
		for range 3 {
			task, err := n.Start(t.Context(), h.tenant, id)
			require.NoError(t, err)
			require.Equal(t, kitchen.TaskStarted, task.Status)
		}
		for range 3 {
			task, err := n.Complete(t.Context(), h.tenant, id)
			require.NoError(t, err)
			require.Equal(t, kitchen.TaskCompleted, task.Status)
			require.NotEmpty(t, task.CompletedBy)
		}
	}
	_, err = n.Start(t.Context(), h.tenant, ids[0])
	require.True(t, errs.Is(err, errs.KindConflict), "a completed task cannot be started")
	h.checkEnd(1)
}

// The same command many times at once, so that several share a round: all get the same answer.
func TestRepeatedCommandsOfOneRoundGetTheSameAnswer(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	n := h.node(1)
	n.own(h.first(h.outlets[0]))
	ticket := h.openOne(1)
	n.Opened([]*kitchen.Ticket{ticket})
	h.until("assigned", assigned)
	for _, task := range ticket.Tasks {
		h.until("assigned", fmt.Sprintf("select count(*) from tasks where status = 'ASSIGNED' and id = %d", task.ID))
		for _, do := range []func(context.Context, int64, int64) (kitchen.Task, error){n.Start, n.Complete} {
			var done sync.WaitGroup
			for range 50 {
				done.Go(func() {
					_, err := do(t.Context(), h.tenant, task.ID)
					require.NoError(t, err)
				})
			}
			done.Wait()
		}
	}
	h.checkEnd(1)
}

func TestDeskWritesTasksOfKitchensItDoesNotOwn(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	owner, other := h.node(1), h.node(2)
	owner.own(h.first(h.outlets[0]))
	ticket := h.openOne(1)
	owner.Opened([]*kitchen.Ticket{ticket})
	h.until("assigned", "select (count(*) = 2)::int from tasks where status = 'ASSIGNED'")
	for _, id := range []int64{ticket.Tasks[0].ID, ticket.Tasks[1].ID} {
		for range 2 {
			_, err := other.Start(t.Context(), h.tenant, id)
			require.NoError(t, err)
		}
		for range 2 {
			_, err := other.Complete(t.Context(), h.tenant, id)
			require.NoError(t, err)
		}
	}
	owner.Changed(ticket.Outlet, []int64{ticket.Order})
	h.until("the owner heard of it and assigned the rest", assigned)
	_, err := other.Start(t.Context(), h.tenant, ticket.Tasks[2].ID)
	require.NoError(t, err)
	_, err = owner.Complete(t.Context(), h.tenant, ticket.Tasks[2].ID)
	require.NoError(t, err, "the owner has not heard of the start: before it refuses it looks again")
	h.checkEnd(1)
}

// Cooks on two nodes bump the tickets of one kitchen at once; a third node owns it. All ends exactly, whoever overtakes whom.
func TestCooksOnManyNodes(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	const orders = 24
	nodes := []*node{h.node(1), h.node(2), h.node(3)}
	nodes[0].own(h.first(h.outlets[0]))
	nodes[1].own(h.first(h.outlets[1]))
	s := h.store(1)
	for i := range orders {
		opened := h.open(s, h.work(h.layout(s, h.outlets[i%2]), 1))
		nodes[i%2].Opened(opened)
	}
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	var done sync.WaitGroup
	for i, n := range nodes {
		done.Go(func() { h.cook(ctx, n, nodes[:2], uint64(i)) })
	}
	done.Wait()
	require.NoError(t, ctx.Err(), "in time")
	h.checkEnd(orders)
}

// cook starts and completes what is assigned, through one node, and tells the owners as the event log would.
func (h *house) cook(ctx context.Context, n *node, owners []*node, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 3))
	for ctx.Err() == nil && h.id("select count(*) from tickets where closed_at is null") > 0 {
		rows, err := h.pool.Query(ctx, "select id, order_id, status from tasks where status in ('ASSIGNED', 'STARTED')")
		require.NoError(h.t, err)
		var id, order int64
		var status string
		var orders []int64
		var calls []func()
		for rows.Next() {
			require.NoError(h.t, rows.Scan(&id, &order, &status))
			do, id := n.Start, id
			if status == "STARTED" {
				do = n.Complete
			}
			orders = append(orders, order)
			calls = append(calls, func() {
				_, err := do(ctx, h.tenant, id)
				require.False(h.t, err != nil && !errs.Is(err, errs.KindConflict) && !errs.Is(err, errs.KindUnavailable), err)
			})
		}
		rows.Close()
		rng.Shuffle(len(calls), func(i, k int) { calls[i], calls[k] = calls[k], calls[i] })
		var done sync.WaitGroup
		for _, c := range calls {
			done.Go(c)
		}
		done.Wait()
		for _, o := range owners {
			for _, outlet := range h.outlets {
				o.Changed(outlet, orders)
			}
		}
	}
}

// Two desks believe that they own a kitchen. The one with the old fence is refused, does not assign, and still serves
// commands as one who does not own it.
func TestOldFenceIsRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	old, successor := h.node(1), h.node(2)
	old.own(h.first(h.outlets[0]))
	successor.own(h.takeOver(h.outlets[0]))
	var tickets []*kitchen.Ticket
	for range 5 {
		tickets = append(tickets, h.openOne(1))
		old.Opened(tickets[len(tickets)-1:])
		copied, err := successor.store.Tickets(t.Context(), []int64{tickets[len(tickets)-1].Order})
		require.NoError(t, err)
		successor.Opened(copied)
	}
	h.until("the successor assigns", assigned)
	for h.id("select count(*) from tickets where closed_at is null") > 0 {
		rows, err := h.pool.Query(t.Context(), "select array_agg(id) from tasks where status = 'ASSIGNED'")
		require.NoError(t, err)
		var ids []int64
		require.True(t, rows.Next())
		require.NoError(t, rows.Scan(&ids))
		rows.Close()
		for i, id := range ids {
			at := []*node{old, successor}[i%2]
			_, err := at.Start(t.Context(), h.tenant, id)
			require.NoError(t, err)
			_, err = at.Complete(t.Context(), h.tenant, id)
			require.NoError(t, err)
		}
		successor.Reread()
	}
	require.EqualValues(t, 0, h.id("select count(*) from event_log where type = 'TASK_ASSIGNED' and origin = 1"), "the old owner assigns nothing")
	h.checkEnd(5)
}

func TestDeskRefusesWhilePostgresIsAwayAndGoesOnByItself(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	n := h.node(1)
	n.own(h.first(h.outlets[0]))
	ticket := h.openOne(1)
	n.Opened([]*kitchen.Ticket{ticket})
	h.until("assigned", assigned)
	n.store.away.Store(true)
	for range 3 {
		_, err := n.Start(t.Context(), h.tenant, ticket.Tasks[0].ID)
		require.True(t, errs.Is(err, errs.KindUnavailable), err)
	}
	second := h.openOne(1)
	n.Opened([]*kitchen.Ticket{second})
	n.store.away.Store(false)
	h.until("the order that came meanwhile is assigned without a word from anybody",
		fmt.Sprintf("select count(*) from tasks where status = 'ASSIGNED' and order_id = %d", second.Order))
	_, err := n.Start(t.Context(), h.tenant, ticket.Tasks[0].ID)
	require.NoError(t, err)
}

func TestDeskTriesAgainWhatWasOvertaken(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	n := h.node(1)
	n.own(h.first(h.outlets[0]))
	ticket := h.openOne(1)
	n.Opened([]*kitchen.Ticket{ticket})
	h.until("assigned", assigned)
	task := ticket.Tasks[0].ID
	var times atomic.Int64
	n.store.before = func() {
		if times.Add(1) <= 2 { // somebody else changes something else of the ticket, twice
			h.exec("update tasks set version = version + 1, boost = boost + 1 where id = $1", task)
		}
	}
	got, err := n.Start(t.Context(), h.tenant, task)
	require.NoError(t, err)
	require.Equal(t, kitchen.TaskStarted, got.Status)
	require.EqualValues(t, 3, times.Load())

	n.store.before = func() { h.exec("update tasks set version = version + 1 where id = $1", task) }
	_, err = n.Complete(t.Context(), h.tenant, task)
	require.True(t, errs.Is(err, errs.KindUnavailable), "it gives up in the end")
}

func TestRunOnceTellsWhatWasAssigned(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	n := h.node(1)
	n.own(h.first(h.outlets[0]))
	once := func(outlet int64) int64 {
		task, err := n.RunOnce(t.Context(), outlet)
		require.NoError(t, err)
		return task.ID
	}
	require.Zero(t, once(h.outlets[0]), "nothing waits")
	ticket := h.openOne(1)
	n.Opened([]*kitchen.Ticket{ticket})
	require.Contains(t, ticket.ReadyAtStart(), once(h.outlets[0]))
	require.Zero(t, once(h.outlets[0]), "told once")
	require.Zero(t, once(h.outlets[1]), "somebody else's kitchen")
}

func TestTimersSurviveADeskAndRunOnTheProductsClock(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	auto := func(s *kitchen.Settings) { s.AutoComplete = true }
	n := h.node(1, auto)
	n.own(h.first(h.outlets[0]))
	ticket := h.openOne(1)
	n.Opened([]*kitchen.Ticket{ticket})
	h.until("assigned", "select (count(*) = 2)::int from tasks where status = 'ASSIGNED'")
	_, err := n.Start(t.Context(), h.tenant, ticket.Tasks[0].ID)
	require.NoError(t, err)
	n.Stop()

	next := h.nodeAt(2, clock.Real(), auto) // much later
	next.own(h.takeOver(h.outlets[0]))
	h.until("the started task completed by itself", "select count(*) from tasks where status = 'COMPLETED'")
	h.until("the other one was not started in time", "select count(*) from tasks where requeues = 1 and boost = 10")
}

func TestStopAnswersEverybody(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	for name, end := range map[string]func(d *kitchen.Desks, cancel func()){
		"stopped": func(d *kitchen.Desks, _ func()) { d.Stop(); d.Stop() },
		"context": func(_ *kitchen.Desks, cancel func()) { cancel() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := kitchen.NewDesks(2, h.store(1), clock.NewManual(noon), kitchen.DefaultSettings(), slog.New(slog.DiscardHandler), silent{})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			d.Run(ctx)
			var done sync.WaitGroup
			for i := range 40 {
				done.Go(func() {
					for {
						_, err := d.Start(context.Background(), h.tenant, int64(i))
						if errs.Is(err, errs.KindUnavailable) {
							return
						}
						require.True(t, errs.Is(err, errs.KindNotFound), err)
					}
				})
			}
			end(d, cancel)
			done.Wait()
			d.Stop()
		})
	}
	d := kitchen.NewDesks(2, h.store(1), clock.NewManual(noon), kitchen.DefaultSettings(), slog.New(slog.DiscardHandler), silent{})
	d.Stop()
	d.Run(t.Context())
	_, err := d.Start(t.Context(), h.tenant, 1)
	require.True(t, errs.Is(err, errs.KindUnavailable))
}

func TestEndedRequestIsNotBegun(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	n := h.node(1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := n.Start(ctx, h.tenant, 1)
	require.True(t, errs.Is(err, errs.KindUnavailable) && errors.Is(err, context.Canceled), err)
}
