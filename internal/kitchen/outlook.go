package kitchen

import (
	"maps"
	"slices"
	"time"

	"brigade/internal/kitchen/sched"
)

// Project works out how the open work will go if nothing unforeseen happens, and how with further orders.
func (f *Floor) Project(now time.Time, further ...sched.Order) sched.Projection {
	f.tellOrders(now)
	return f.plan.Project(sched.At(now), further...)
}

// tellOrders tells the planner what is open, whole orders with what is not ready yet. It is told anew each time, for an
// order may be edited, held, recalled or made again in many ways, and telling is quick.
func (f *Floor) tellOrders(now time.Time) {
	loads := map[int64]int64{}
	for id, l := range f.batches.formed {
		for _, m := range l.members {
			loads[m.task.ID] = id
		}
	}
	var list []sched.Order
	for _, order := range slices.Sorted(maps.Keys(f.tickets)) {
		list = f.tickets[order].appendOrders(list, loads, now)
	}
	f.plan.Orders(list)
}

// appendOrders appends an order for each course that is to be made: what is in a course is to be ready together.
// A course that nobody knows the time of is left out.
func (t *Ticket) appendOrders(list []sched.Order, loads map[int64]int64, now time.Time) []sched.Order {
	for course := 1; course <= t.courses(); course++ {
		var fires time.Time
		if c := t.held(course); c != nil {
			if fires = c.FireAt; fires.IsZero() {
				fires = never
			}
		}
		if steps := t.steps(course, fires, loads, now); steps != nil {
			o := sched.Order{ID: t.Order, Course: course, Arrived: sched.At(t.CreatedAt), Steps: steps}
			switch {
			case !t.Due.IsZero():
				o.Due = sched.At(t.Due)
			case t.Promise != nil:
				o.Due = sched.At(t.Promise.FirstP90())
			}
			list = append(list, o)
		}
	}
	return list
}

// never is when a course fires that is held until somebody fires it.
var never = time.Unix(1<<40, 0)

func (t *Ticket) courses() int {
	most := 1
	for _, task := range t.Tasks {
		most = max(most, task.Course)
	}
	return most
}

// steps are a course's tasks for the planner; nil when nothing is left of it.
func (t *Ticket) steps(course int, fires time.Time, loads map[int64]int64, now time.Time) []sched.Step {
	at := make(map[int64]int, len(t.Tasks))
	steps := make([]sched.Step, 0, len(t.Tasks))
	left := false
	for _, task := range t.Tasks {
		waiting := task.Status == TaskUnassigned && fires.Equal(never) // nobody knows how long
		if task.Course != course || task.Status == TaskCancelled || waiting {
			continue
		}
		at[task.ID] = len(steps)
		steps = append(steps, t.step(task, fires, loads, now))
		left = left || task.Status != TaskCompleted
	}
	if !left {
		return nil
	}
	for _, task := range t.Tasks {
		i, ok := at[task.ID]
		if !ok {
			continue
		}
		for _, id := range task.DependsOn {
			if before, ok := at[id]; ok {
				steps[i].After = append(steps[i].After, before)
			}
		}
	}
	return steps
}

func (t *Ticket) step(task *Task, fires time.Time, loads map[int64]int64, now time.Time) sched.Step {
	s := sched.Step{
		Task: task.ID, Unit: task.Line<<16 | task.Unit, Station: task.Station, Machine: task.Machine, Estimate: task.Estimate,
		Done: task.Status == TaskCompleted,
	}
	switch {
	case s.Done:
		s.Finished = sched.At(task.CompletedAt)
	case task.InHand() && task.Load != 0:
		s.Task = task.Load
	case loads[task.ID] != 0:
		s.Task = loads[task.ID]
	case task.Status == TaskUnassigned && fires.After(now):
		s.Earliest = sched.At(fires)
	case task.Ready() && task.batched():
		s.Earliest = sched.At(member{t, task}.soonest())
	}
	return s
}
