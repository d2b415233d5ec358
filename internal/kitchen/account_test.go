package kitchen_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"brigade/internal/kitchen"
	"brigade/internal/kitchen/sched"
)

var opened = time.Date(2026, 3, 2, 18, 0, 0, 0, time.UTC)

// grillroom has a grill of two slots with one machine, and two people.
func grillroom() *kitchen.Layout {
	return (&kitchen.Layout{
		Tenant: 1, Outlet: 1, Location: time.UTC, StaleAfter: 2 * time.Minute,
		Stations: []sched.Station{{ID: 1, Name: "griller", Capacity: 2}, {ID: 2, Name: "pass", Capacity: 9}},
		Machines: []kitchen.Machine{{Machine: sched.Machine{ID: 5, Station: 1, Name: "grill-1", Capacity: 1, Up: true}}},
		People: []kitchen.Person{
			{ID: 8, Name: "Asha", Active: true, Skills: []int64{1, 2}, MaxParallel: 2, Efficiency: 1},
			{ID: 9, Name: "Noah", Active: true, Skills: []int64{2}, MaxParallel: 1, Efficiency: 1},
		},
	}).Index()
}

func sec(secs int) time.Time { return opened.Add(time.Duration(secs) * time.Second) }

// grilled is an order of one step at the grill and one at the pass; seconds since it was placed.
func grilled(assigned, started, completed, assigned2, started2, completed2 int) *kitchen.Ticket {
	t := &kitchen.Ticket{Order: 1, Tenant: 1, Outlet: 1, Number: "ORD_1", CreatedAt: opened, ClosedAt: sec(completed2), Tasks: []*kitchen.Task{
		{
			ID: 1, Line: 1, Unit: 1, Station: 1, Estimate: time.Minute, Unlocks: []int64{2}, Status: kitchen.TaskCompleted,
			ReadyAt: opened, AssignedAt: sec(assigned), StartedAt: sec(started), CompletedAt: sec(completed), Staff: 8, OnMachine: 5,
		},
		{
			ID: 2, Line: 1, Unit: 1, Step: 1, Station: 2, Estimate: 30 * time.Second, DependsOn: []int64{1}, Status: kitchen.TaskCompleted,
			ReadyAt: sec(completed), AssignedAt: sec(assigned2), StartedAt: sec(started2), CompletedAt: sec(completed2), Staff: 9,
		},
	}}
	return t
}

// told is a segment in short.
type told struct {
	cause  kitchen.Cause
	secs   int
	saying string
}

func short(a *kitchen.Account) (list []told) {
	for _, s := range a.Segments {
		list = append(list, told{s.Cause, int(s.Length() / time.Second), s.Subject})
	}
	return list
}

func TestEachMinuteHasItsCause(t *testing.T) {
	t.Parallel()
	other := func(task int64, station, machine, staff int64, from, to int) kitchen.Occupation {
		return kitchen.Occupation{Order: 2, Number: "ORD_2", Task: task, Station: station, Machine: machine, Staff: staff, From: sec(from), To: sec(to)}
	}
	c := kitchen.Case{
		Layout: grillroom(), Ticket: grilled(100, 110, 200, 230, 230, 250), Now: sec(900), Due: sec(150),
		Others: []kitchen.Occupation{
			other(11, 1, 5, 8, -50, 20), other(12, 1, 0, 8, -50, 10), // grill full, then only its machine
			other(13, 2, 0, 8, 40, 60), other(14, 2, 0, 8, 40, 60), // Asha's hands full
			other(15, 2, 0, 9, 205, 230), other(16, 2, 0, 8, 205, 225), other(17, 2, 0, 8, 205, 228),
		},
		Outages: []kitchen.Outage{{Machine: 5, From: sec(20), To: sec(40)}},
		Attempts: []kitchen.Attempt{{Occupation: kitchen.Occupation{
			Order: 1, Task: 1, Station: 1, Machine: 5, Staff: 8, From: sec(70), To: sec(90),
		}, Reason: "not started in time"}},
	}
	a := c.Explain()
	require.Equal(t, []told{
		{kitchen.CauseStation, 10, "griller full"},
		{kitchen.CauseMachine, 10, "grill-1 full"},
		{kitchen.CauseMachine, 20, "grill-1 down"},
		{kitchen.CausePerson, 20, "Asha hands full"},
		{kitchen.CauseHold, 10, "nothing was short"},
		{kitchen.CauseRequeue, 20, "Asha"},
		{kitchen.CauseHold, 10, "nothing was short"},
		{kitchen.CauseNotBegun, 10, "Asha"},
		{kitchen.CauseCooking, 60, "Asha"},
		{kitchen.CauseOverrun, 30, "Asha"},
		{kitchen.CauseHold, 5, "nothing was short"},
		{kitchen.CausePerson, 20, "Asha, Noah hands full"},
		{kitchen.CauseHold, 5, "nothing was short"},
		{kitchen.CauseCooking, 20, "Noah"},
	}, short(a))
	require.Equal(t, []kitchen.Holder{{Order: 2, Number: "ORD_2", For: 20 * time.Second}}, a.Segments[0].Holders)
	require.Equal(t, 100*time.Second, a.Late())
	checkAccount(t, a)
	for _, s := range a.Segments {
		if s.Cause == kitchen.CauseCooking {
			require.Zero(t, s.Late, "the promise left enough time to cook")
		}
	}
}

// A break, a shift that has not begun, and other items of the same order.
func TestBreaksAndOwnItems(t *testing.T) {
	t.Parallel()
	c := kitchen.Case{Layout: grillroom(), Ticket: grilled(100, 100, 160, 160, 160, 190), Now: sec(900)}
	c.Layout.People[0].Hours.Taken = []sched.Interval{{From: sched.At(sec(-10)), To: sched.At(sec(50))}}
	c.Ticket.Tasks = append(c.Ticket.Tasks, &kitchen.Task{
		ID: 3, Line: 2, Unit: 1, Station: 1, Status: kitchen.TaskCompleted, OnMachine: 5, Staff: 8,
		AssignedAt: sec(50), StartedAt: sec(50), CompletedAt: sec(100),
	})
	a := c.Explain()
	require.Equal(t, []told{
		{kitchen.CausePerson, 50, "Asha off"},
		{kitchen.CauseItems, 50, "grill-1 full"},
		{kitchen.CauseCooking, 60, "Asha"},
		{kitchen.CauseCooking, 30, "Noah"},
	}, short(a))
	require.Equal(t, kitchen.CauseCooking, a.Shares()[0].Cause)
	checkAccount(t, a)
}

// Tasks that share a load take one slot and one hand.
func TestSharedLoadsCountOnce(t *testing.T) {
	t.Parallel()
	c := kitchen.Case{Layout: grillroom(), Ticket: grilled(20, 20, 80, 80, 80, 110), Now: sec(900)}
	for i := range int64(4) {
		c.Others = append(c.Others, kitchen.Occupation{Order: 2 + i, Task: 20 + i, Load: 20, Station: 1, Machine: 6, Staff: 8, From: sec(-9), To: sec(20)})
	}
	require.Equal(t, told{kitchen.CauseHold, 20, "nothing was short"}, short(c.Explain())[0], "one slot of two, one hand of two")
}

// A promise shorter than the recipe is nobody's fault but the promise's.
func TestAPromiseThatIsTooShort(t *testing.T) {
	t.Parallel()
	c := kitchen.Case{Layout: grillroom(), Ticket: grilled(10, 10, 70, 70, 70, 100), Now: sec(900), Due: sec(40)}
	a := c.Explain()
	require.Equal(t, time.Minute, a.Late())
	checkAccount(t, a)
	require.Equal(t, 10*time.Second, a.Segments[0].Late, "all of the wait")
}

// An order that is not ready yet is explained up to now, along the chain with the most work left.
// A cancelled order was never ready, and nobody waits for it: it is not late.
func TestACancelledOrderIsNotReady(t *testing.T) {
	t.Parallel()
	ticket := dipCup(1, 1)
	ticket.Status, ticket.ClosedAt = kitchen.TicketCancelled, noon.Add(time.Minute)
	ticket.Tasks[0].Status = kitchen.TaskCancelled
	a := (&kitchen.Case{Ticket: ticket, Layout: demo(), Now: noon.Add(time.Hour), Due: noon.Add(time.Second)}).Explain()
	require.True(t, a.Cancelled)
	require.False(t, a.Ready)
	require.Equal(t, time.Minute, a.Total())
	require.Zero(t, a.Late())
	total := time.Duration(0)
	for _, s := range a.Segments {
		total += s.Length()
	}
	require.Equal(t, time.Minute, total)
}

func TestAnOpenOrderIsExplainedUpToNow(t *testing.T) {
	t.Parallel()
	ticket := grilled(10, 20, 0, 0, 0, 0)
	ticket.ClosedAt = time.Time{}
	for _, task := range ticket.Tasks {
		task.CompletedAt = time.Time{}
	}
	ticket.Tasks[0].Status = kitchen.TaskStarted
	ticket.Tasks[1].Status, ticket.Tasks[1].ReadyAt, ticket.Tasks[1].AssignedAt = kitchen.TaskUnassigned, time.Time{}, time.Time{}
	a := (&kitchen.Case{Layout: grillroom(), Ticket: ticket, Now: sec(100)}).Explain()
	require.Equal(t, []told{
		{kitchen.CauseHold, 10, "nothing was short"},
		{kitchen.CauseNotBegun, 10, "Asha"},
		{kitchen.CauseCooking, 60, "Asha"},
		{kitchen.CauseOverrun, 20, "Asha"},
	}, short(a))
	require.False(t, a.Ready)
	checkAccount(t, a)
}

// checkAccount holds the laws: contiguous, without overlap, adding up exactly to the total and to the lateness.
func checkAccount(t require.TestingT, a *kitchen.Account) {
	at, sum, late := a.Placed, time.Duration(0), time.Duration(0)
	for _, s := range a.Segments {
		require.Equal(t, at, s.From)
		require.Positive(t, s.Length())
		require.GreaterOrEqual(t, s.Late, time.Duration(0))
		require.LessOrEqual(t, s.Late, s.Length())
		at, sum, late = s.To, sum+s.Length(), late+s.Late
	}
	require.Equal(t, a.Total(), sum)
	require.True(t, a.End.Equal(at))
	if a.Late() <= a.Total() {
		require.Equal(t, a.Late(), late)
	} else {
		require.Equal(t, a.Total(), late, "it was promised for before it was placed")
	}
	var took, lateBy time.Duration
	for _, s := range a.Shares() {
		took, lateBy = took+s.Took, lateBy+s.Late
	}
	require.Equal(t, sum, took)
	require.Equal(t, late, lateBy)
}

// Whatever the rows say – even what no kitchen could do – the account is sound.
func TestAccountsAlwaysAddUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		moment := func(what string) time.Time {
			if rapid.IntRange(0, 5).Draw(t, what+" known") == 0 {
				return time.Time{}
			}
			return opened.Add(time.Duration(rapid.Int64Range(-5e9, 400e9).Draw(t, what)))
		}
		n := rapid.IntRange(0, 6).Draw(t, "tasks")
		ticket := &kitchen.Ticket{Order: 1, CreatedAt: opened, ClosedAt: moment("closed")}
		for i := range n {
			task := &kitchen.Task{
				ID: int64(i + 1), Line: rapid.IntRange(1, 2).Draw(t, "line"), Unit: 1, Step: i, Station: rapid.Int64Range(1, 3).Draw(t, "station"),
				Staff: rapid.Int64Range(7, 9).Draw(t, "staff"), OnMachine: rapid.SampledFrom([]int64{0, 5}).Draw(t, "machine"),
				Estimate: time.Duration(rapid.Int64Range(0, 90e9).Draw(t, "estimate")),
				Status:   rapid.SampledFrom([]kitchen.TaskStatus{kitchen.TaskUnassigned, kitchen.TaskAssigned, kitchen.TaskStarted, kitchen.TaskCompleted, "CANCELLED"}).Draw(t, "status"),
				ReadyAt:  moment("ready"), AssignedAt: moment("assigned"), StartedAt: moment("started"), CompletedAt: moment("completed"),
			}
			for dep := range i {
				if rapid.Bool().Draw(t, "depends") {
					task.DependsOn = append(task.DependsOn, int64(dep+1))
				}
			}
			ticket.Tasks = append(ticket.Tasks, task)
		}
		c := kitchen.Case{Ticket: ticket, Layout: grillroom(), Now: opened.Add(time.Duration(rapid.Int64Range(0, 500e9).Draw(t, "now"))), Due: moment("due")}
		for i := range rapid.IntRange(0, 8).Draw(t, "others") {
			u := kitchen.Occupation{
				Order: rapid.Int64Range(1, 3).Draw(t, "order"), Task: int64(100 + i), Station: rapid.Int64Range(1, 2).Draw(t, "at"),
				Machine: 5, Staff: rapid.Int64Range(8, 9).Draw(t, "who"), From: moment("from"), To: moment("to"),
			}
			if rapid.Bool().Draw(t, "attempt") {
				u.Task = int64(rapid.IntRange(1, 6).Draw(t, "of"))
				c.Attempts = append(c.Attempts, kitchen.Attempt{Occupation: u, Recalled: rapid.Bool().Draw(t, "recalled")})
				continue
			}
			c.Others = append(c.Others, u)
		}
		c.Outages = []kitchen.Outage{{Machine: 5, From: moment("down"), To: moment("up")}}
		checkAccount(t, c.Explain())
	})
}

func BenchmarkExplain(b *testing.B) {
	c := kitchen.Case{Layout: grillroom(), Ticket: grilled(1500, 1510, 1600, 1700, 1700, 1800), Now: sec(9000)}
	for i := range 500 {
		c.Others = append(c.Others, kitchen.Occupation{Order: int64(2 + i), Task: int64(10 + i), Station: 1, Machine: 5, Staff: 8, From: sec(i * 3), To: sec(i*3 + 4)})
	}
	for b.Loop() {
		c.Explain()
	}
}
