package kitchen

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/clock"
	"brigade/internal/errs"
	"brigade/internal/kitchen/sched"
	"brigade/internal/recipe"
)

// memory is a store with one kitchen, that writes nothing and is never overtaken.
type memory struct {
	Store
	layout  *Layout
	tickets []*Ticket
}

func (m *memory) Layouts(context.Context, []int64) ([]*Layout, error) {
	return []*Layout{m.layout}, nil
}

func (m *memory) OpenTickets(context.Context, []int64) ([]*Ticket, error) { return m.tickets, nil }

func (m *memory) Tickets(context.Context, []int64) ([]*Ticket, error) { return nil, nil }

func (m *memory) TicketsOfTasks(context.Context, []int64) ([]*Ticket, error) { return nil, nil }

func (m *memory) Commit(context.Context, *Journal, []Fence) error { return nil }

type deaf struct{}

func (deaf) Committed(int, time.Duration) {}
func (deaf) Assigned(time.Duration)       {}
func (deaf) Queued(int64, int)            {}

func oneDesk(store Store, now time.Time) *Desk {
	return NewDesks(1, store, clock.NewManual(now), DefaultSettings(), slog.New(slog.DiscardHandler), deaf{}).all[0]
}

// deskWithCup is a desk, not running, that owns a kitchen with one assigned task, which is all of its order.
func deskWithCup(t *testing.T) *Desk {
	t.Helper()
	l := &Layout{Tenant: 1, Outlet: 2, Location: time.UTC, StaleAfter: time.Minute}
	l.Stations = []sched.Station{{ID: 5, Name: "adhoc", Capacity: 9}}
	l.People = []Person{{ID: 1, Name: "Ravi", Active: true, MaxParallel: 9, Efficiency: 1, Skills: []int64{5}}}
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	cup := WorkLine{Item: "cup", Quantity: 1, Recipe: recipe.Recipe{Steps: []recipe.Step{{Description: "fill", Station: 5, Estimate: time.Second}}}}
	ticket := Burst(Work{Order: 1, Tenant: 1, Outlet: 2, At: now, Lines: []WorkLine{cup}}, func() int64 { return 7 })
	d := oneDesk(&memory{layout: l.Index(), tickets: []*Ticket{ticket}}, now)
	d.own([]Fence{{Outlet: 2, Token: 1}}, nil)
	d.runRound(t.Context())
	require.Equal(t, TaskAssigned, ticket.Tasks[0].Status)
	return d
}

// together puts commands into one round.
func together(t *testing.T, d *Desk, kinds ...commandKind) []*command {
	t.Helper()
	commands := make([]*command, len(kinds))
	for i, kind := range kinds {
		commands[i] = &command{kind: kind, tenant: 1, task: 7, done: make(chan struct{})}
		require.NoError(t, d.send(message{command: commands[i]}))
	}
	d.runRound(t.Context())
	return commands
}

// The last task of an order leaves the floor in the middle of a round: those who ask after that get the same answer.
func TestRepeatedCommandsOfTheLastTaskInOneRound(t *testing.T) {
	t.Parallel()
	d := deskWithCup(t)
	for i, c := range together(t, d, cmdStart, cmdStart, cmdComplete, cmdComplete, cmdComplete) {
		<-c.done
		require.NoError(t, c.err, i)
		require.Equal(t, []TaskStatus{TaskStarted, TaskStarted, TaskCompleted, TaskCompleted, TaskCompleted}[i], c.result.Status)
	}
	require.Zero(t, d.index.Len())
}

// A refusal is told only after the ticket was read again, in the next round, and only once.
func TestRefusalsAreCheckedOnce(t *testing.T) {
	t.Parallel()
	d := deskWithCup(t)
	c := together(t, d, cmdComplete)[0]
	select {
	case <-c.done:
		require.Fail(t, "refused from memory")
	default:
	}
	d.runRound(t.Context())
	<-c.done
	require.True(t, errs.Is(c.err, errs.KindConflict))
	require.Empty(t, d.take())
}

func TestTooManyCommandsAreRefused(t *testing.T) {
	t.Parallel()
	d := deskWithCup(t)
	for range maxInbox {
		require.NoError(t, d.send(message{changed: []int64{1}}))
	}
	require.True(t, errs.Is(d.send(message{command: &command{}}), errs.KindUnavailable))
	require.NoError(t, d.send(message{changed: []int64{1}}), "what the desk must know is never refused")
}
