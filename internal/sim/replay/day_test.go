package replay_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"brigade/internal/kitchen"
	"brigade/internal/sim/replay"
)

// recordedDay is what Postgres would have of an evening after it was played.
func recordedDay(e *replay.Evening, p *replay.Played) *kitchen.Day {
	d := &kitchen.Day{Layout: e.Layout, From: e.Begin, To: e.End.Add(-6 * time.Hour), SKUs: map[int64]map[int]string{}, Outages: e.Outages}
	for _, b := range e.Breaks {
		d.Breaks = append(d.Breaks, kitchen.Absence{Staff: b.Person, From: b.From, To: b.To})
	}
	id := int64(0)
	for i, o := range e.Orders {
		t := &kitchen.Ticket{Order: int64(i + 1), Number: o.Number, CreatedAt: o.At, ClosedAt: p.Orders[i].Ready, Priority: o.Priority}
		d.SKUs[t.Order] = map[int]string{}
		for n, u := range o.Units {
			d.SKUs[t.Order][n+1] = u.SKU
			first := id
			for k, s := range u.Steps {
				id++
				task := &kitchen.Task{
					ID: id, Line: n + 1, Unit: 1, Step: k, Item: u.Item, Description: s.Description, Station: s.Station, Machine: s.Machine,
					Estimate: s.Estimate, BasePriority: s.Priority, Status: kitchen.TaskCompleted,
				}
				for _, dep := range s.After {
					task.DependsOn = append(task.DependsOn, first+int64(dep)+1)
				}
				t.Tasks = append(t.Tasks, task)
			}
		}
		d.Tickets = append(d.Tickets, t)
	}
	for _, r := range p.Ran {
		for _, task := range d.Tickets[r.Order].Tasks {
			if task.Line == r.Unit+1 && task.Step == r.Step {
				task.Staff, task.OnMachine, task.AssignedAt, task.StartedAt, task.CompletedAt = r.Staff, r.Machine, r.Start, r.Start, r.Finish
			}
		}
	}
	return d
}

// A recorded day that is played with the same rules goes as it went: the same decisions from the same history.
func TestARecordedDayGoesAsItWent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		e := troubled(rapid.Uint64Range(0, 1<<40).Draw(t, "seed"), rapid.Float64Range(5, 45).Draw(t, "per hour"))
		for i := range e.Layout.People {
			e.Layout.People[i].Efficiency = 1 // what was worked is then what was needed, to the microsecond
		}
		first := play(e)
		day := recordedDay(e, first)
		again := replay.Recorded(day, 15*time.Minute)
		require.Len(t, again.Orders, len(e.Orders))
		second := play(again)
		require.Equal(t, first.Ran, second.Ran)
		require.InDelta(t, replay.Measure(again, replay.AsItWas(day, again)).Ticket, replay.Measure(again, second).Ticket, 1e-9)
	})
}

func TestOddDaysCanBePlayed(t *testing.T) {
	t.Parallel()
	e := evening(1, 20)
	day := recordedDay(e, play(e))
	tasks := day.Tickets[0].Tasks
	tasks[0].Status = kitchen.TaskCancelled
	again := *tasks[1]
	again.ID, again.StartedAt, again.CompletedAt = 9999, time.Time{}, time.Time{}
	day.Tickets[0].Tasks = append(day.Tickets[0].Tasks, &again)
	day.Tickets[1].Tasks = nil
	played := replay.Recorded(day, 0)
	require.Len(t, played.Orders, len(e.Orders)-1)
	require.Len(t, played.Orders[0].Units, len(e.Orders[0].Units)+1, "what was made twice was work")
	require.Zero(t, replay.Measure(played, play(played)).Late, "nothing was promised")
}
