package kitchen

import "time"

// Doer does to a floor what the desk's commands do, for the tests of histories.
type Doer struct {
	Floor  *Floor
	J      *Journal
	Ticket *Ticket
	Task   *Task
	Now    time.Time
	By     string
	IDs    func() int64
}

func (d Doer) change() *change {
	return &change{floor: d.Floor, j: d.J, ticket: d.Ticket, task: d.Task, now: d.Now, ids: d.IDs}
}

func (d Doer) reshape(do func(c *change) error) error {
	c := d.change()
	return c.reshape(func() error { return do(c) })
}

func (d Doer) Edit(e Edit) error {
	return d.reshape(func(c *change) error { return c.edit(e) })
}

func (d Doer) Hold(course int) error {
	return d.reshape(func(c *change) error { return c.j.hold(c.ticket, course, c.now, d.By, "") })
}

func (d Doer) Fire(course int) error {
	return d.reshape(func(c *change) error { return c.j.fire(c.ticket, course, c.now, d.By) })
}

func (d Doer) Rush(on bool) {
	_ = d.reshape(func(c *change) error { c.j.rush(c.ticket, on, c.now, d.By); return nil })
}

func (d Doer) Remake(line, unit, step int) error {
	return d.reshape(func(c *change) error {
		return c.j.remake(c.ticket, line, unit, step, call{c.now, d.By, "dropped", Wasted}, 10, c.ids)
	})
}

func (d Doer) Undo() error { return d.change().undo(d.By) }

func (d Doer) Recall() error {
	return d.reshape(func(c *change) error { return c.j.again(c.ticket, c.task, call{at: c.now, by: d.By, reason: "raw"}) })
}

func (d Doer) Hand(to string) error { return d.change().pass(to, d.By) }

// Loads tells how many loads wait in the planner's queue, and how many tasks wait for one.
func (f *Floor) Loads() (formed, members, waiting int) {
	for _, l := range f.batches.formed {
		members += len(l.members)
	}
	return len(f.batches.formed), members, len(f.company())
}

// IsHeld tells whether a task's course is held.
func (t *Ticket) IsHeld(task *Task) bool { return t.held(task.Course) != nil }
