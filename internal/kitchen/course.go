package kitchen

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"brigade/internal/errs"
	"brigade/internal/event"
)

// Course is a course of a ticket that is held: its tasks are not begun until it is fired.
type Course struct {
	No     int       `json:"no"`
	Reason string    `json:"reason"`
	Auto   bool      `json:"auto,omitempty"`   // it fires by itself, the outlet's course gap after all before it is made
	FireAt time.Time `json:"fire_at,omitzero"` // when that is; zero: not known yet
}

// coursesOf lists the courses that wait when a ticket is made: all but the first, or all of an order that is held.
func coursesOf(w Work) []Course {
	var list []Course
	for _, line := range w.Lines {
		no := max(line.Course, 1)
		i, found := slices.BinarySearchFunc(list, no, func(c Course, no int) int { return cmp.Compare(c.No, no) })
		if !found && (no > 1 || w.Hold) {
			list = slices.Insert(list, i, Course{No: no, Auto: !w.Hold, Reason: "it follows the courses before it"})
		}
	}
	if w.Hold {
		for i := range list {
			list[i].Reason = "the order is held"
		}
		return list
	}
	if len(list) > 0 && !slices.ContainsFunc(w.Lines, func(l WorkLine) bool { return l.Course <= 1 }) {
		return list[1:] // the lowest is the first
	}
	return list
}

// follow lets a course that a ticket has not had so far wait for those before it.
func (t *Ticket) follow(course int) {
	if course <= 1 || slices.ContainsFunc(t.Tasks, func(k *Task) bool { return k.Course == course }) || t.held(course) != nil {
		return
	}
	t.Courses = append(t.Courses, Course{No: course, Auto: true, Reason: "it follows the courses before it"})
	t.sortCourses()
}

func (t *Ticket) sortCourses() {
	slices.SortFunc(t.Courses, func(a, b Course) int { return cmp.Compare(a.No, b.No) })
}

// held returns the ticket's note of a held course; nil when it is not held.
func (t *Ticket) held(course int) *Course {
	for i := range t.Courses {
		if t.Courses[i].No == course {
			return &t.Courses[i]
		}
	}
	return nil
}

// HeldFor tells why a task is held; "" when it is not.
func (t *Ticket) HeldFor(task *Task) string {
	c := t.held(task.Course)
	switch {
	case c == nil || task.Status != TaskUnassigned:
		return ""
	case c.FireAt.IsZero():
		return fmt.Sprintf("course %d is held: %s", c.No, c.Reason)
	}
	return fmt.Sprintf("course %d is held: it fires at %s", c.No, c.FireAt.UTC().Format(time.RFC3339))
}

// waitsSince is when a course began to wait for the kitchen: when the order came in or, of one that was held, when it was
// fired.
func (t *Ticket) waitsSince(course int) time.Time {
	var since time.Time
	for _, task := range t.Tasks {
		if at := task.ReadyAt; task.Course == course && !at.IsZero() && (since.IsZero() || at.Before(since)) {
			since = at
		}
	}
	return cmp.Or(since, t.CreatedAt)
}

// open lists the courses, ascending, that have tasks which nobody has begun.
func (t *Ticket) open() (courses []int) {
	for _, task := range t.Tasks {
		if task.Status == TaskUnassigned || task.Status == TaskAssigned {
			courses = append(courses, task.Course)
		}
	}
	slices.Sort(courses)
	return slices.Compact(courses)
}

// hold stops what nobody has begun of a course, or of all (0), until it is fired. Repeated: nothing changes.
// Errors: KindConflict when nothing is left to hold.
func (j *Journal) hold(t *Ticket, course int, at time.Time, by, reason string) error {
	open := t.open()
	if course != 0 {
		open = slices.DeleteFunc(open, func(no int) bool { return no != course })
	}
	if len(open) == 0 {
		return errs.Conflict("nothing is left to hold: all that was ordered%s is begun", ofCourse(course))
	}
	note := cmp.Or(reason, "held by "+by)
	changed := false
	for _, no := range open {
		if c := t.held(no); c == nil {
			t.Courses = append(t.Courses, Course{No: no, Reason: note})
			j.stop(t, no, at, note)
		} else if !c.Auto {
			continue
		} else {
			*c = Course{No: no, Reason: note}
		}
		changed = true
	}
	if changed {
		t.sortCourses()
		j.told(t, event.TicketHeld, event.TicketPayload{Course: course, By: by, Reason: note}, at)
	}
	return nil
}

func ofCourse(course int) errs.Text {
	if course == 0 {
		return errs.Text{}
	}
	return errs.Textf(" of course %d", course)
}

// stop takes back what was assigned of a course and makes what was ready wait.
func (j *Journal) stop(t *Ticket, course int, at time.Time, reason string) {
	for _, task := range t.Tasks {
		if task.Course != course {
			continue
		}
		if task.Status == TaskAssigned {
			_ = j.requeue(t, task, at, 0, reason)
		}
		j.block(t, task, at, reason)
	}
}

// block makes a ready task wait again.
func (j *Journal) block(t *Ticket, task *Task, at time.Time, reason string) {
	if task.Ready() {
		task.ReadyAt = time.Time{}
		j.task(t, task, event.TaskBlocked, at, "", reason)
	}
}

// fire lets a held course be made, or all (0). Repeated: nothing changes. Errors: KindConflict when the ticket has no
// such course.
func (j *Journal) fire(t *Ticket, course int, at time.Time, by string) error {
	if course != 0 && !slices.ContainsFunc(t.Tasks, func(k *Task) bool { return k.Course == course && k.Status != TaskCancelled }) {
		return errs.Conflict("order %s has no course %d", t.Number, course)
	}
	n := len(t.Courses)
	t.Courses = slices.DeleteFunc(t.Courses, func(c Course) bool { return course == 0 || c.No == course })
	if len(t.Courses) == n {
		return nil
	}
	for _, task := range t.Tasks {
		if task.Status == TaskUnassigned && task.PendingDeps == 0 && !task.Ready() && t.held(task.Course) == nil {
			task.ReadyAt = at
			j.task(t, task, event.TaskReady, at, by, "")
		}
	}
	j.told(t, event.TicketFired, event.TicketPayload{Course: course, By: by}, at)
	return nil
}

// schedule gives the next course that fires by itself its time, once everything before it is made.
func (j *Journal) schedule(t *Ticket, gap time.Duration, at time.Time) (fireAt time.Time, scheduled bool) {
	if len(t.Courses) == 0 || !t.Courses[0].Auto || !t.Courses[0].FireAt.IsZero() {
		return fireAt, false
	}
	next := &t.Courses[0]
	for _, task := range t.Tasks {
		if task.Course < next.No && task.Status != TaskCompleted && task.Status != TaskCancelled {
			return fireAt, false
		}
	}
	next.FireAt = at.Add(gap)
	j.ticket(t, at)
	return next.FireAt, true
}

// rush puts an order's tasks before others, or ends that. Repeated: nothing changes.
func (j *Journal) rush(t *Ticket, on bool, at time.Time, by string) {
	if t.Rush == on {
		return
	}
	t.Rush = on
	typ := event.TicketUnrushed
	if on {
		typ = event.TicketRushed
	}
	j.told(t, typ, event.TicketPayload{By: by}, at)
}
