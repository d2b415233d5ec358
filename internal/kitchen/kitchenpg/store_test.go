package kitchenpg_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"brigade/internal/kitchen"
	"brigade/internal/kitchen/kitchenpg"
	"brigade/internal/kitchen/sched"
	"brigade/internal/store"
)

// same compares all exported fields; no ids and an empty list of ids are the same.
func same(a, b *kitchen.Ticket) string {
	return cmp.Diff(a, b, cmpopts.EquateEmpty(), cmpopts.IgnoreUnexported(kitchen.Ticket{}, kitchen.Task{}))
}

func TestOpenedTicketsReadBackAsTheyAre(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	s := h.store(1)
	tickets := h.open(s, h.work(h.layout(s, h.outlets[0]), 2), h.work(h.layout(s, h.outlets[1]), 1), h.work(h.layout(s, h.outlets[0]), 1))
	require.Len(t, tickets, 3)
	seen := map[int64]bool{}
	for _, want := range tickets {
		got := h.read(s, want.Order)
		require.Empty(t, same(want, got))
		require.Equal(t, want.Expected(), got.Expected())
		for i, task := range got.Tasks {
			require.Equal(t, want.Tasks[i].Expected(), task.Expected())
			require.False(t, seen[task.ID])
			seen[task.ID] = true
			if task.Step == 2 {
				require.Equal(t, []int64{got.Tasks[i-2].ID, got.Tasks[i-1].ID}, task.DependsOn)
				require.Equal(t, []int64{task.ID}, got.Tasks[i-1].Unlocks)
			}
		}
	}
	require.EqualValues(t, 12+8, h.id("select count(*) from event_log"), "created each, ready what waits for nothing")
	byTask, err := s.TicketsOfTasks(t.Context(), []int64{tickets[1].Tasks[0].ID, tickets[1].Tasks[2].ID, 1 << 40})
	require.NoError(t, err)
	require.Len(t, byTask, 1)
	open, err := s.OpenTickets(t.Context(), h.outlets[:1])
	require.NoError(t, err)
	require.Len(t, open, 2)
}

// A ticket on its whole way through the kitchen reads back as it is in memory after every commit.
func TestEveryCommitReadsBackAsItIs(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	s := h.store(1)
	l := h.layout(s, h.outlets[0])
	ticket := h.open(s, h.work(l, 2))[0]
	f := kitchen.NewFloor(l, kitchen.DefaultSettings(), []*kitchen.Ticket{ticket}, noon, kitchen.NewIndex())
	fences := []kitchen.Fence{{Outlet: l.Outlet, Token: 1}}
	now := noon
	step := func(do func(j *kitchen.Journal)) {
		now = now.Add(time.Second + 7*time.Microsecond)
		j := kitchen.NewJournal(l)
		do(j)
		require.NoError(t, s.Commit(t.Context(), j, fences))
		ticket.Written()
		require.Empty(t, same(ticket, h.read(s, ticket.Order)))
	}
	step(func(j *kitchen.Journal) { f.Plan(j, now) })
	step(func(j *kitchen.Journal) { require.NoError(t, f.Requeue(j, ticket.Tasks[0].ID, now, 3.5, "test")) })
	for !ticket.Closed() {
		step(func(j *kitchen.Journal) { f.Plan(j, now) })
		for _, task := range ticket.Tasks {
			if task.Status == kitchen.TaskAssigned {
				step(func(j *kitchen.Journal) { _, _, err := f.Start(j, task.ID, now); require.NoError(t, err) })
				step(func(j *kitchen.Journal) { _, _, err := f.Complete(j, task.ID, now, "Zoë"); require.NoError(t, err) })
			}
		}
	}
	h.checkEnd(1)
}

// What is refused has written nothing at all.
func TestRefusedCommitsWriteNothing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(h *house, ticket *kitchen.Ticket)
		fence int64
		check func(t *testing.T, err error)
	}{
		"task overtaken": {
			func(h *house, k *kitchen.Ticket) {
				h.exec("update tasks set version = version + 1 where id = $1", k.Tasks[1].ID)
			}, 1,
			func(t *testing.T, err error) { require.ErrorIs(t, err, kitchen.ErrOvertaken) },
		},
		"ticket overtaken": {
			func(h *house, k *kitchen.Ticket) {
				h.exec("update tickets set version = version + 1 where order_id = $1", k.Order)
			}, 1,
			func(t *testing.T, err error) { require.ErrorIs(t, err, kitchen.ErrOvertaken) },
		},
		"another owner": {
			func(h *house, k *kitchen.Ticket) { h.takeOver(k.Outlet) }, 1,
			func(t *testing.T, err error) {
				lost, ok := errors.AsType[*kitchen.NotOwnerError](err)
				require.True(t, ok, err)
				require.Len(t, lost.Outlets, 1)
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, 1)
			s := h.store(1)
			l := h.layout(s, h.outlets[0])
			ticket := h.open(s, h.work(l, 2))[0]
			f := kitchen.NewFloor(l, kitchen.DefaultSettings(), []*kitchen.Ticket{ticket}, noon, kitchen.NewIndex())
			j := kitchen.NewJournal(l)
			f.Plan(j, noon)
			_, _, err := f.Start(j, ticket.Tasks[0].ID, noon)
			require.NoError(t, err)
			c.spoil(h, ticket)
			before := h.dump()
			c.check(t, s.Commit(t.Context(), j, []kitchen.Fence{{Outlet: l.Outlet, Token: c.fence}}))
			require.Equal(t, before, h.dump())
		})
	}
}

// dump is a digest of everything a commit may write.
func (h *house) dump() (digest string) {
	h.t.Helper()
	require.NoError(h.t, h.pool.QueryRow(context.Background(), `select concat_ws('|',
		(select md5(string_agg(t::text, ',' order by id)) from tasks t), (select md5(string_agg(k::text, ',' order by order_id)) from tickets k),
		(select count(*) from task_decisions), (select count(*) from heard_steps), (select count(*) from event_log),
		(select md5(string_agg(s::text, ',' order by id)) from staff s))`).Scan(&digest))
	return digest
}

func TestLearningInSQLEqualsLearningInTurn(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	s := h.store(1)
	l := h.layout(s, h.outlets[0])
	rapid.Check(t, func(r *rapid.T) {
		h.exec("update staff set efficiency = 1, tasks_completed = 0, worked_seconds = 0")
		j := kitchen.NewJournal(l)
		want, worked := map[int64]float64{l.People[0].ID: 1, l.People[1].ID: 1}, map[int64]float64{}
		done := map[int64]int64{}
		for range rapid.IntRange(1, 12).Draw(r, "tasks") {
			w := kitchen.StaffWork{
				Staff:    rapid.SampledFrom(l.People).Draw(r, "who").ID,
				Estimate: time.Duration(rapid.IntRange(1, 300).Draw(r, "estimate")) * time.Second,
				Took:     time.Duration(rapid.IntRange(0, 900_000).Draw(r, "took")) * time.Millisecond,
				Measured: rapid.Bool().Draw(r, "measured"), At: noon,
			}
			if w.Measured {
				want[w.Staff] = kitchen.Learn(want[w.Staff], w.Estimate, w.Took)
			}
			worked[w.Staff] += w.Took.Seconds()
			done[w.Staff]++
			j.Staff = append(j.Staff, w)
		}
		require.NoError(r, s.Commit(context.Background(), j, nil))
		for _, p := range h.layout(s, l.Outlet).People {
			require.InDelta(r, want[p.ID], p.Efficiency, 1e-9)
			require.InDelta(r, worked[p.ID], p.WorkedSeconds, 1e-6)
			require.Equal(r, done[p.ID], p.TasksCompleted)
		}
	})
}

// Several nodes carry the same tickets on at once, without owning them: version checks alone keep the counters exact.
func TestManyWritersOfOneTicketKeepItExact(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	first := h.store(1)
	l := h.layout(first, h.outlets[0])
	for range 3 {
		h.open(first, h.work(l, 3))
	}
	var done sync.WaitGroup
	for node := range 4 {
		done.Go(func() { s := h.store(int64(node)); h.carryOn(s, h.layout(s, l.Outlet), uint64(node)) })
	}
	done.Wait()
	h.checkEnd(3)
}

// carryOn reads all, does one random thing and writes it, until everything is made.
func (h *house) carryOn(s *kitchenpg.Store, l *kitchen.Layout, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 1))
	for {
		tickets, err := s.OpenTickets(context.Background(), []int64{l.Outlet})
		require.NoError(h.t, err)
		if len(tickets) == 0 {
			return
		}
		f := kitchen.NewFloor(l, kitchen.DefaultSettings(), tickets, noon, kitchen.NewIndex())
		j := kitchen.NewJournal(l)
		f.Plan(j, noon)
		for range 3 {
			ticket := tickets[rng.IntN(len(tickets))]
			task := ticket.Tasks[rng.IntN(len(ticket.Tasks))]
			_, _, _ = f.Start(j, task.ID, noon)
			_, _, _ = f.Complete(j, task.ID, noon, "somebody")
		}
		if err := s.Commit(context.Background(), j, nil); err != nil {
			require.ErrorIs(h.t, err, kitchen.ErrOvertaken)
		}
	}
}

func TestLayoutHoldsWhatTheTablesSay(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	s := h.store(1)
	asha := h.id("select id from staff where name = 'Asha' and outlet_id = $1", h.outlets[0])
	h.exec("insert into staff_shifts values ($1, 'shift', 1, '09:30', '17:00'), ($1, 'break', 1, '12:15', '12:45')", asha)
	require.NoError(t, s.SetBreak(t.Context(), kitchen.BreakChange{Tenant: h.tenant, Outlet: h.outlets[0], Staff: "asha", At: noon, By: "boss"}))
	require.NoError(t, s.SetMachine(t.Context(), kitchen.MachineChange{Tenant: h.tenant, Outlet: h.outlets[0], Machine: "grill-1", Reason: "smoke", At: noon, By: "boss"}))

	l := h.layout(s, h.outlets[0])
	require.Equal(t, "Europe/Madrid", l.Location.String())
	require.EqualValues(t, 3, l.Version)
	require.Equal(t, 2*time.Minute, l.StaleAfter)
	require.False(t, l.Machines[1].Up)
	require.Equal(t, "smoke", l.Machines[1].Reason)
	for _, p := range l.People {
		if p.ID == asha {
			require.Equal(t, []sched.Weekly{{Weekday: time.Monday, From: 570, To: 1020}}, p.Hours.Shifts)
			require.Equal(t, []sched.Weekly{{Weekday: time.Monday, From: 735, To: 765}}, p.Hours.Breaks)
			require.Equal(t, []sched.Interval{{From: sched.At(noon), To: sched.Forever}}, p.Hours.Taken)
		}
	}
	other := h.layout(s, h.outlets[1])
	require.True(t, other.Machines[1].Up, "the other kitchen is untouched")
	require.ErrorContains(t, s.SetMachine(t.Context(), kitchen.MachineChange{Tenant: h.tenant + 1, Outlet: h.outlets[0], Machine: "grill-1", At: noon}), "no machine")
	require.ErrorContains(t, s.SetBreak(t.Context(), kitchen.BreakChange{Tenant: h.tenant, Outlet: h.outlets[0], Staff: "Noah", Back: true, At: noon}), "not on a break")
	none, err := s.Layouts(t.Context(), []int64{1 << 40})
	require.NoError(t, err)
	require.Empty(t, none)
}

// The names of stations are read inside the transaction: intake never waits for a second connection while it holds one.
func TestOpeningTicketsNeedsOneConnectionOnly(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	l := h.layout(h.store(1), h.outlets[0])
	cfg := h.pool.Config()
	cfg.MaxConns = 1
	narrow := &house{t: t}
	var err error
	narrow.pool, err = store.Open(cfg.ConnString(), 1)
	require.NoError(t, err)
	defer narrow.pool.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	s := narrow.store(1)
	require.NoError(t, store.Commit(ctx, narrow.pool, func(tx store.Tx) error {
		_, _, err := s.OpenForWork(ctx, tx, []kitchen.Work{h.work(l, 1)})
		return err
	}))
}
