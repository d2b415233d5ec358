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

// What is asked for is what waits, with the priorities that the planner goes by; asking is no round.
func TestQueuesAreWhatWaits(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	l := &Layout{Tenant: 1, Outlet: 2, Location: time.UTC, StaleAfter: time.Hour}
	l.Stations = []sched.Station{{ID: 5, Name: "adhoc", Capacity: 1}}
	l.People = []Person{{ID: 1, Name: "Ravi", Active: true, MaxParallel: 1, Efficiency: 1, Skills: []int64{5}}}
	var tickets []*Ticket
	for i := range int64(4) {
		step := recipe.Step{Description: "fill", Station: 5, Estimate: time.Second, Priority: float64(i)}
		cup := WorkLine{Item: "cup", Quantity: 1, Recipe: recipe.Recipe{Steps: []recipe.Step{step}}}
		tickets = append(tickets, Burst(Work{Order: i + 1, Tenant: 1, Outlet: 2, At: now, Lines: []WorkLine{cup}}, func() int64 { return 10 + i }))
	}
	tickets[0].Rush = true
	desks := NewDesks(1, &memory{layout: l.Index(), tickets: tickets}, clock.NewManual(now), DefaultSettings(), slog.New(slog.DiscardHandler), deaf{})
	desks.Own([]Fence{{Outlet: 2, Token: 7}}, nil)
	d := desks.all[0]
	d.runRound(t.Context())
	want := map[int64]float64{}
	for _, w := range d.floors[2].Planner().Queue(sched.At(now)) {
		want[w.Task.ID] = w.Score.Total
	}
	require.Len(t, want, 3)

	rounds := d.round.Load()
	desks.Run(t.Context())
	for _, outlets := range [][]int64{nil, {2, 99}} {
		queues, err := desks.Queues(t.Context(), outlets)
		require.NoError(t, err)
		require.Len(t, queues, 1)
		q, got := queues[0], map[int64]float64{}
		for _, r := range q.Tasks {
			got[r.Task] = r.Priority
		}
		require.Equal(t, Queue{Tenant: 1, Outlet: 2, Fence: 7, At: now}, Queue{Tenant: q.Tenant, Outlet: q.Outlet, Fence: q.Fence, At: q.At})
		require.Equal(t, want, got)
	}
	require.Equal(t, rounds, d.round.Load())
	desks.Stop()
	_, err := desks.Queues(t.Context(), nil)
	require.True(t, errs.Is(err, errs.KindUnavailable))
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = NewDesks(1, &memory{}, clock.NewManual(now), DefaultSettings(), slog.New(slog.DiscardHandler), deaf{}).Queues(gone, nil)
	require.ErrorIs(t, err, context.Canceled)
}
