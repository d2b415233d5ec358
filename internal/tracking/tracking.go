// Package tracking is the read side of an order: when it will be ready, who worked on it, what happened to it.
// It is pure: facts and the time in, answers out.
package tracking

import (
	"cmp"
	"slices"
	"time"
)

// Task is one piece of an order's work, as far as following the order needs it. A zero time means not yet.
type Task struct {
	ID          int64
	Description string
	After       []int64 // tasks that must be completed before
	Estimate    time.Duration
	Staff       string // who has it or had it; "" = nobody yet
	CompletedBy string // who completed it, when that was somebody else
	ReadyAt     time.Time
	AssignedAt  time.Time
	StartedAt   time.Time
	CompletedAt time.Time
}

// EstimatedReady is when everything is made if nothing has to wait for capacity: now plus the longest remaining path of
// unfinished tasks by their estimates. A task that takes longer than estimated counts as done any moment. Tasks that
// After names but that are not in the list count as done.
func EstimatedReady(tasks []Task, now time.Time) time.Time {
	p := paths{tasks: make(map[int64]Task, len(tasks)), known: make(map[int64]time.Duration, len(tasks)), now: now}
	for _, t := range tasks {
		p.tasks[t.ID] = t
	}
	longest := time.Duration(0)
	for _, t := range tasks {
		longest = max(longest, p.until(t.ID))
	}
	return now.Add(longest)
}

// paths remembers how long each task takes with all that it waits for.
type paths struct {
	tasks map[int64]Task
	known map[int64]time.Duration
	now   time.Time
}

func (p paths) until(id int64) time.Duration {
	if d, ok := p.known[id]; ok {
		return d
	}
	p.known[id] = 0 // a cycle, which recipes cannot have, would end here
	t, ok := p.tasks[id]
	if !ok || !t.CompletedAt.IsZero() {
		return 0
	}
	before := time.Duration(0)
	for _, other := range t.After {
		before = max(before, p.until(other))
	}
	p.known[id] = before + t.left(p.now)
	return p.known[id]
}

// left is how long a task that is not completed still takes by its estimate.
func (t Task) left(now time.Time) time.Duration {
	if t.StartedAt.IsZero() {
		return t.Estimate
	}
	return max(0, t.Estimate-now.Sub(t.StartedAt))
}

// LastWorker is who last started or completed one of the tasks; "" before anybody has.
func LastWorker(tasks []Task) string {
	name, last := "", time.Time{}
	for _, t := range tasks {
		for _, m := range []struct {
			at time.Time
			by string
		}{{t.StartedAt, t.Staff}, {t.CompletedAt, t.completer()}} {
			if m.by != "" && !m.at.IsZero() && !m.at.Before(last) {
				name, last = m.by, m.at
			}
		}
	}
	return name
}

func (t Task) completer() string { return cmp.Or(t.CompletedBy, t.Staff) }

// Change is one step of an order's life.
type Change struct {
	At     time.Time
	Status string
	By     string
	Reason string
}

// Entry is one thing that happened to an order or to one of its tasks.
type Entry struct {
	At     time.Time
	What   string // order_STATUS, or task_ready, task_assigned, task_started, task_completed
	By     string // who did it; "" = nobody in particular
	Task   int64  // 0: the order itself
	Detail string // the task's description, or the reason of the order's change
}

// Timeline merges an order's changes with the times of its tasks, oldest first. What happened at the same time stands
// in the order of a life: the order is created, tasks become ready, assigned, started, completed, the order is ready.
func Timeline(changes []Change, tasks []Task) []Entry {
	entries := make([]Entry, 0, len(changes)+4*len(tasks))
	for i, c := range changes {
		if i == 1 {
			entries = appendTasks(entries, tasks)
		}
		entries = append(entries, Entry{At: c.At, What: "order_" + c.Status, By: c.By, Detail: c.Reason})
	}
	if len(changes) < 2 {
		entries = appendTasks(entries, tasks)
	}
	slices.SortStableFunc(entries, func(a, b Entry) int { return a.At.Compare(b.At) })
	return entries
}

func appendTasks(entries []Entry, tasks []Task) []Entry {
	for _, t := range tasks {
		for _, e := range []Entry{
			{At: t.ReadyAt, What: "task_ready"},
			{At: t.AssignedAt, What: "task_assigned", By: t.Staff},
			{At: t.StartedAt, What: "task_started", By: t.Staff},
			{At: t.CompletedAt, What: "task_completed", By: t.completer()},
		} {
			if !e.At.IsZero() {
				e.Task, e.Detail = t.ID, t.Description
				entries = append(entries, e)
			}
		}
	}
	return entries
}
