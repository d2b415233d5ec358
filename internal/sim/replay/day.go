package replay

import (
	"cmp"
	"slices"
	"time"

	"brigade/internal/kitchen"
	"brigade/internal/recipe"
)

// overtime is how long after the end of a recorded day work may go on.
const overtime = 6 * time.Hour

// Recorded makes an evening of a recorded day: orders as they came, steps as their tasks had them, and how long they
// really took. promise is what orders are taken to be promised for that were promised nothing; 0: nothing.
//
// Orders that are not ready are left out, since nobody knows how long they take, and so are tasks that were cancelled.
// Courses are not held.
func Recorded(d *kitchen.Day, promise time.Duration) *Evening {
	e := &Evening{
		Name: d.From.In(d.Layout.Location).Format(time.DateOnly), Layout: CloneLayout(d.Layout), Begin: d.From, End: d.To.Add(overtime),
		Outages: slices.Clone(d.Outages),
	}
	for _, a := range d.Breaks {
		e.Breaks = append(e.Breaks, Break{Person: a.Staff, From: a.From, To: a.To})
	}
	speed := map[int64]float64{}
	for _, p := range d.Layout.People {
		speed[p.ID] = p.Efficiency
	}
	for _, t := range d.Tickets {
		o := Order{Number: t.Number, At: t.CreatedAt, Priority: t.Priority, Units: units(t, d.SKUs[t.Order], d.Layout.StaleAfter, speed)}
		if o.Due = t.Due; o.Due.IsZero() && promise > 0 {
			o.Due = o.At.Add(promise)
		}
		if len(o.Units) > 0 && t.Closed() {
			e.Orders = append(e.Orders, o)
		}
	}
	slices.SortStableFunc(e.Orders, func(a, b Order) int { return a.At.Compare(b.At) })
	return e
}

// units groups a ticket's tasks. A step that was made twice belongs to a unit of its own: it was work, too.
func units(t *kitchen.Ticket, skus map[int]string, stale time.Duration, speed map[int64]float64) (list []Unit) {
	type key struct{ line, unit, again int }
	groups, times := map[key][]*kitchen.Task{}, map[[3]int]int{}
	var keys []key
	for _, task := range t.Tasks {
		if task.Status == kitchen.TaskCancelled {
			continue
		}
		step := [3]int{task.Line, task.Unit, task.Step}
		k := key{task.Line, task.Unit, times[step]}
		times[step]++
		if groups[k] == nil {
			keys = append(keys, k)
		}
		groups[k] = append(groups[k], task)
	}
	slices.SortFunc(keys, func(a, b key) int {
		return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.unit, b.unit), cmp.Compare(a.again, b.again))
	})
	for _, k := range keys {
		tasks := groups[k]
		slices.SortFunc(tasks, func(a, b *kitchen.Task) int { return cmp.Compare(a.Step, b.Step) })
		u := Unit{SKU: cmp.Or(skus[k.line], tasks[0].Item), Item: tasks[0].Item}
		for _, task := range tasks {
			u.Steps = append(u.Steps, recorded(task, tasks, stale, speed))
		}
		list = append(list, u)
	}
	return list
}

func recorded(t *kitchen.Task, unit []*kitchen.Task, stale time.Duration, speed map[int64]float64) Step {
	s := Step{Work: t.Estimate, Step: recipe.Step{
		Description: t.Description, Station: t.Station, Machine: t.Machine, Estimate: t.Estimate, Priority: t.BasePriority, Batch: t.Batch,
	}}
	for _, id := range t.DependsOn {
		if i := slices.IndexFunc(unit, func(o *kitchen.Task) bool { return o.ID == id }); i >= 0 {
			s.After = append(s.After, i)
		}
	}
	if !t.CompletedAt.IsZero() && !t.StartedAt.IsZero() {
		s.Work = t.CompletedAt.Sub(t.StartedAt)
		if x := speed[t.Staff]; x > 0 {
			s.Work = time.Duration(float64(s.Work) * x)
		}
	}
	if !t.StartedAt.IsZero() && !t.AssignedAt.IsZero() {
		s.Pause = max(0, t.StartedAt.Sub(t.AssignedAt))
		if stale > 0 {
			s.Pause = min(s.Pause, stale-time.Second) // or it would be taken back for ever
		}
	}
	return s
}

// AsItWas is what really came of a recorded evening's orders, to be compared with how it is played.
func AsItWas(d *kitchen.Day, e *Evening) *Played {
	at := map[string]*kitchen.Ticket{}
	for _, t := range d.Tickets {
		at[t.Number] = t
	}
	out := &Played{}
	for i, o := range e.Orders {
		t := at[o.Number]
		s := Served{Number: o.Number, Placed: o.At, Due: o.Due, Ready: e.End, First: e.End, Missing: true}
		if t.Closed() {
			s.Ready, s.First, s.Missing = t.ClosedAt, firstUnit(t), false
		}
		out.Orders = append(out.Orders, s)
		for _, task := range t.Tasks {
			if !task.StartedAt.IsZero() && !task.CompletedAt.IsZero() {
				out.Ran = append(out.Ran, Ran{
					Order: i, Unit: task.Line - 1, Step: task.Step, Station: task.Station, Machine: task.OnMachine, Staff: task.Staff,
					Start: task.StartedAt, Finish: task.CompletedAt,
				})
			}
		}
	}
	slices.SortStableFunc(out.Ran, func(a, b Ran) int { return a.Start.Compare(b.Start) })
	return out
}
