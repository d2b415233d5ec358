package kitchen

import (
	"slices"
	"time"

	"brigade/internal/errs"
	"brigade/internal/event"
)

// UndoWithin is how long a completion can be taken back as a mistake.
const UndoWithin = 10 * time.Minute

// undo takes a completion back as if nobody had tapped: the task goes on where it was. dueAt zero: it does not complete
// by itself. Repeated: nothing changes. Errors: KindConflict when it is too late.
func (j *Journal) undo(t *Ticket, task *Task, at, dueAt time.Time, by string) error {
	switch {
	case task.Status == TaskStarted:
		return nil
	case task.Status != TaskCompleted:
		return errs.Conflict("task %d is %s: only a COMPLETED task can be taken back", task.ID, task.Status)
	case at.Sub(task.CompletedAt) > UndoWithin:
		return errs.Conflict("task %d was completed more than %v ago: recall it, or make its unit again", task.ID, UndoWithin)
	}
	if err := j.takeBack(t, task, at, by); err != nil {
		return err
	}
	j.Staff = append(j.Staff, StaffWork{
		Staff: task.Staff, Estimate: task.Estimate, Took: task.CompletedAt.Sub(task.StartedAt), Undone: true, Orders: -t.onlyOf(task), At: at,
	})
	task.Status, task.CompletedAt, task.CompletedBy, task.DueAt, task.Load = TaskStarted, time.Time{}, "", dueAt, 0
	j.task(t, task, event.TaskRecalled, at, by, "it was not completed")
	j.reopened(t, at, by, task.Description+" goes on")
	return nil
}

// again recalls a completed task: it is to be done once more. Repeated before it is completed: nothing changes.
// Errors: KindConflict when something that needs it is begun: then its unit must be made again.
func (j *Journal) again(t *Ticket, task *Task, c call) error {
	if task.Status != TaskCompleted {
		if task.Status == TaskCancelled {
			return errs.Conflict("task %d is CANCELLED", task.ID)
		}
		return nil
	}
	if err := j.takeBack(t, task, c.at, c.by); err != nil {
		return err
	}
	j.Staff = append(j.Staff, StaffWork{Staff: task.Staff, Recalled: true, Orders: -t.onlyOf(task), At: c.at})
	task.Status, task.Load = TaskUnassigned, 0
	task.AssignedAt, task.StartedAt, task.CompletedAt, task.ReadyAt = time.Time{}, time.Time{}, time.Time{}, time.Time{}
	task.CompletedBy = ""
	task.Requeues++ // who gets it next is another decision
	j.task(t, task, event.TaskRecalled, c.at, c.by, c.reason)
	task.Staff, task.OnMachine = 0, 0
	if t.held(task.Course) == nil {
		task.ReadyAt = c.at
		j.task(t, task, event.TaskReady, c.at, "", "")
	}
	j.reopened(t, c.at, c.by, task.Description+" is done again")
	return nil
}

// takeBack makes the tasks that a completed one unlocked wait for it again. Errors: KindConflict when one is begun.
func (j *Journal) takeBack(t *Ticket, task *Task, at time.Time, by string) error {
	var children []*Task
	for _, id := range task.Unlocks {
		switch child := t.Task(id); child.Status {
		case TaskCancelled:
		case TaskStarted, TaskCompleted:
			return errs.Conflict("task %d, which needs task %d, is %s: make the unit again instead", child.ID, task.ID, child.Status)
		default:
			children = append(children, child)
		}
	}
	reason := task.Description + " was recalled by " + by
	for _, child := range children {
		if child.Status == TaskAssigned {
			_ = j.requeue(t, child, at, 0, reason)
		}
		j.block(t, child, at, reason)
		child.PendingDeps++
		j.note(child)
	}
	return nil
}

// reopened recounts a ticket of which something is to be made again; an order that was ready is so no longer.
func (j *Journal) reopened(t *Ticket, at time.Time, by, reason string) {
	if t.Closed() {
		j.edit(t, call{at: at, by: by, reason: reason}, OrderEdit{Reopen: true})
	}
	j.recount(t, at, by)
}

// remake makes a unit of a line again, from a step on with all that needs it (-1: everything). What was made of that is
// wasted. boost is added to the priority of the new tasks. Repeated before anything of it is begun: nothing changes.
// Errors: KindNotFound without such a unit or step, KindConflict when nothing of it was made yet.
func (j *Journal) remake(t *Ticket, line, unit, step int, c call, boost float64, ids func() int64) error {
	all := t.unit(line, unit)
	if len(all) == 0 {
		return errs.NotFound("order %s has no unit %d of a line %d", t.Number, unit, line)
	}
	old := fromStep(t, all, step)
	switch {
	case len(old) == 0:
		return errs.NotFound("%s has no step %d", all[0].Item, step)
	case !slices.ContainsFunc(old, (*Task).Begun) && old[0].Remake > 0:
		return nil
	case !slices.ContainsFunc(old, (*Task).Begun):
		return errs.Conflict("nothing of it is made yet")
	}
	fresh := t.copies(old, c.at, boost, ids)
	j.cancelTasks(t, all, old, WhyRemade, c)
	t.Tasks = append(t.Tasks, fresh...)
	t.Link()
	j.reopened(t, c.at, c.by, "made again: "+c.reason)
	j.born(t, fresh, c)
	return nil
}

// fromStep picks a step's task and all that need it, directly or not.
func fromStep(t *Ticket, all []*Task, step int) []*Task {
	if step < 0 {
		return all
	}
	picked := map[int64]bool{}
	var mark func(task *Task)
	mark = func(task *Task) {
		picked[task.ID] = true
		for _, id := range task.Unlocks {
			mark(t.Task(id))
		}
	}
	for _, task := range all {
		if task.Step == step {
			mark(task)
		}
	}
	return slices.DeleteFunc(slices.Clone(all), func(k *Task) bool { return !picked[k.ID] })
}

// copies makes new tasks like the old ones, which wait for each other as the old ones did.
func (t *Ticket) copies(old []*Task, at time.Time, boost float64, ids func() int64) []*Task {
	now := map[int64]int64{}
	fresh := make([]*Task, len(old))
	for i, k := range old {
		fresh[i] = &Task{
			ID: ids(), Line: k.Line, Unit: k.Unit, Step: k.Step, Course: k.Course, Remake: k.Remake + 1, Item: k.Item,
			Description: k.Description, Station: k.Station, Machine: k.Machine, Estimate: k.Estimate,
			BasePriority: k.BasePriority, Boost: boost, Batch: k.Batch, Status: TaskUnassigned, Version: 1,
		}
		now[k.ID] = fresh[i].ID
	}
	for i, k := range old {
		for _, dep := range k.DependsOn {
			if id := now[dep]; id != 0 {
				dep = id
				fresh[i].PendingDeps++
			} else if t.Task(dep).Status != TaskCompleted {
				fresh[i].PendingDeps++
			}
			fresh[i].DependsOn = append(fresh[i].DependsOn, dep)
		}
		if fresh[i].PendingDeps == 0 && t.held(k.Course) == nil {
			fresh[i].ReadyAt = at
		}
	}
	return fresh
}
