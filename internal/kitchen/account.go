package kitchen

import (
	"cmp"
	"math/bits"
	"slices"
	"time"
)

// Cause is what an order's time went to.
type Cause string

// The causes, in the order in which they are looked for while a task is ready and nobody has it.
const (
	CauseStation  Cause = "station"     // every slot of the station was taken
	CauseMachine  Cause = "machine"     // every machine it could go on was down or full
	CausePerson   Cause = "person"      // nobody with the skill was at work with a free hand
	CauseItems    Cause = "other_items" // what it needed was taken by other items of the same order alone
	CauseHold     Cause = "hold"        // held back on purpose: its course was not fired, or it was not to be ready too early
	CauseRequeue  Cause = "requeue"     // somebody had it, did not start, and it was taken back
	CauseRemake   Cause = "remake"      // made before, and to be made again
	CauseNotBegun Cause = "not_started" // somebody had it and had not started yet
	CauseCooking  Cause = "cooking"     // being made, as long as estimated
	CauseOverrun  Cause = "overrun"     // being made, longer than estimated
	CauseOther    Cause = "other"       // not known
)

// Planned tells whether a plan counts with such time.
func (c Cause) Planned() bool { return c == CauseCooking }

// Segment is one stretch of an order's time.
type Segment struct {
	Cause    Cause
	From, To time.Time
	Late     time.Duration // its share in the order's lateness
	Task     *Task         // the task of the critical path that it is about; nil: none
	Subject  string        // what was wanting, or who did it
	Holders  []Holder      // whose tasks had what was wanting, most first
}

// Length is how long it lasts.
func (s Segment) Length() time.Duration { return s.To.Sub(s.From) }

// Holder is an order whose tasks had what another waited for.
type Holder struct {
	Order  int64
	Number string
	For    time.Duration // within the segment, summed over its tasks
}

// Account tells where an order's time went, from when it was placed until it was ready (or now), along its critical
// path: the chain of tasks in which each began to be possible when the one before was done, and the last of which made
// the order ready. The segments touch each other, do not overlap, and add up exactly to the total.
type Account struct {
	Order     int64
	Number    string
	Placed    time.Time
	End       time.Time // when it was ready, or cancelled; now, when it is open
	Ready     bool
	Cancelled bool
	Due       time.Time // what was promised; zero: nothing
	Segments  []Segment
}

// Total is the time from placed to the end.
func (a *Account) Total() time.Duration { return a.End.Sub(a.Placed) }

// Late is how long after the promise it was ready, or how late it is by now; 0 when it is in time, or not wanted any more.
func (a *Account) Late() time.Duration {
	if a.Due.IsZero() || a.Cancelled {
		return 0
	}
	return max(0, a.End.Sub(a.Due))
}

// Share is what one cause took of an order's time.
type Share struct {
	Cause      Cause
	Took, Late time.Duration
}

// Shares adds the segments up by cause, the longest first. They add up to the total, and to the lateness.
func (a *Account) Shares() []Share {
	var list []Share
	for _, s := range a.Segments {
		i := slices.IndexFunc(list, func(x Share) bool { return x.Cause == s.Cause })
		if i < 0 {
			i, list = len(list), append(list, Share{Cause: s.Cause})
		}
		list[i].Took += s.Length()
		list[i].Late += s.Late
	}
	slices.SortStableFunc(list, func(x, y Share) int { return cmp.Compare(y.Took, x.Took) })
	return list
}

// Occupation is a task that somebody had, assigned or started, and with it a slot of a station and of a machine.
type Occupation struct {
	Order    int64
	Number   string
	Task     int64
	Load     int64 // tasks that share a load take one slot and one hand; 0: it shares none
	Station  int64
	Machine  int64 // 0: none
	Staff    int64
	From, To time.Time
}

// Attempt is an assignment of a task that came to nothing.
type Attempt struct {
	Occupation
	Recalled bool // it had been completed, and was to be done again
	Reason   string
}

// Outage is when a machine was down.
type Outage struct {
	Machine  int64
	From, To time.Time
}

// Case is all that is known of an order's time in the kitchen.
type Case struct {
	Ticket   *Ticket
	Layout   *Layout // with everybody's hours and the breaks that were taken in that time
	Now      time.Time
	Due      time.Time // what was promised; zero: nothing
	Attempts []Attempt // of its own tasks and of others
	Others   []Occupation
	Outages  []Outage
}

// Explain works the account out.
func (c *Case) Explain() *Account {
	t := c.Ticket
	a := &Account{Order: t.Order, Number: t.Number, Placed: t.CreatedAt, End: t.ClosedAt, Due: c.Due}
	a.Cancelled = t.Status == TicketCancelled
	a.Ready = t.Closed() && !a.Cancelled
	if !t.Closed() {
		a.End = c.Now
	}
	if a.End.Before(a.Placed) {
		a.End = a.Placed
	}
	b := &book{Case: c, Account: a, at: a.Placed}
	b.occupied()
	for _, task := range c.criticalPath() {
		b.task(task)
	}
	b.add(CauseOther, a.End, nil, "")
	a.blame()
	return a
}

// criticalPath is the chain of tasks that made the order as late as it is, first one first.
func (c *Case) criticalPath() (path []*Task) {
	for task := c.lastTask(); task != nil; task = c.before(task) {
		path = append(path, task)
		if len(path) > len(c.Ticket.Tasks) {
			break // dependencies in a circle, which no recipe has
		}
	}
	slices.Reverse(path)
	return path
}

// lastTask is the task that made the order ready; of an open order the one that everything waits for now.
func (c *Case) lastTask() (last *Task) {
	if !c.Ticket.Closed() {
		return c.bottleneck()
	}
	for _, task := range c.Ticket.Tasks {
		if task.Status == TaskCompleted && (last == nil || !task.CompletedAt.Before(last.CompletedAt)) {
			last = task
		}
	}
	return last
}

// bottleneck is the task that can be worked on of the chain with the most work left.
func (c *Case) bottleneck() *Task {
	var first *Task
	for _, task := range c.Ticket.Tasks {
		if c.open(task) && (first == nil || c.left(task, 0) > c.left(first, 0)) {
			first = task
		}
	}
	for first != nil {
		var next *Task
		for _, id := range first.DependsOn {
			if dep := c.Ticket.Task(id); c.open(dep) && (next == nil || c.left(dep, 0) > c.left(next, 0)) {
				next = dep
			}
		}
		if next == nil {
			break
		}
		first = next
	}
	return first
}

func (c *Case) open(task *Task) bool {
	return task != nil && task.Status != TaskCompleted && task.Status != TaskCancelled
}

// left is the estimated work of a task and of the longest chain of open ones before it.
func (c *Case) left(task *Task, depth int) time.Duration {
	longest := time.Duration(0)
	for _, id := range task.DependsOn {
		if dep := c.Ticket.Task(id); c.open(dep) && depth < len(c.Ticket.Tasks) {
			longest = max(longest, c.left(dep, depth+1))
		}
	}
	return longest + task.Estimate
}

// before is the last of the tasks that a task waited for; nil when it waited for none.
func (c *Case) before(task *Task) (last *Task) {
	for _, id := range task.DependsOn {
		dep := c.Ticket.Task(id)
		if dep != nil && dep.Status == TaskCompleted && (last == nil || dep.CompletedAt.After(last.CompletedAt)) {
			last = dep
		}
	}
	return last
}

// book writes an account, one segment after the other.
type book struct {
	*Case
	*Account
	at   time.Time // everything before is written
	uses []Occupation
}

// occupied lists who had what: the order's own tasks, others', and attempts that came to nothing.
func (b *book) occupied() {
	b.uses = slices.Clone(b.Others)
	for _, t := range b.Ticket.Tasks {
		if t.AssignedAt.IsZero() {
			continue
		}
		to := t.CompletedAt
		if to.IsZero() {
			to = b.End
		}
		b.uses = append(b.uses, Occupation{
			Order: b.Ticket.Order, Number: b.Ticket.Number, Task: t.ID, Load: t.Load, Station: t.Station, Machine: t.OnMachine, Staff: t.Staff,
			From: t.AssignedAt, To: to,
		})
	}
	for _, x := range b.Attempts {
		b.uses = append(b.uses, x.Occupation)
	}
	slices.SortStableFunc(b.Attempts, func(x, y Attempt) int { return x.From.Compare(y.From) })
	slices.SortStableFunc(b.uses, func(x, y Occupation) int { return x.From.Compare(y.From) })
}

// add writes a segment up to a time, unless it would be empty; what follows the same is joined with it.
func (b *book) add(cause Cause, to time.Time, task *Task, subject string, holders ...Holder) {
	if to.After(b.End) {
		to = b.End
	}
	if !to.After(b.at) {
		return
	}
	if n := len(b.Segments); n > 0 {
		if last := &b.Segments[n-1]; last.Cause == cause && last.Task == task && last.Subject == subject {
			last.To, b.at = to, to
			last.Holders = joined(last.Holders, holders)
			return
		}
	}
	b.Segments = append(b.Segments, Segment{Cause: cause, From: b.at, To: to, Task: task, Subject: subject, Holders: joined(nil, holders)})
	b.at = to
}

func joined(list, more []Holder) []Holder {
	for _, h := range more {
		i := slices.IndexFunc(list, func(x Holder) bool { return x.Order == h.Order })
		if i < 0 {
			list = append(list, h)
			continue
		}
		list[i].For += h.For
	}
	slices.SortStableFunc(list, func(x, y Holder) int { return cmp.Or(cmp.Compare(y.For, x.For), cmp.Compare(x.Order, y.Order)) })
	return list
}

// task writes the time from the end of the task before until this one was done.
func (b *book) task(t *Task) {
	for _, x := range b.Attempts {
		if x.Task == t.ID {
			b.attempt(t, x)
		}
	}
	switch {
	case t.ReadyAt.IsZero():
		b.add(CauseHold, b.End, t, "not fired")
		return
	case b.madeBefore(t):
		b.add(CauseRemake, t.ReadyAt, t, "made again")
	default:
		b.add(CauseHold, t.ReadyAt, t, "not fired")
	}
	assigned := cmp.Or(t.AssignedAt, b.End)
	b.waits(t, assigned)
	if t.AssignedAt.IsZero() {
		return
	}
	who := b.Layout.Staff(t.Staff)
	started := cmp.Or(t.StartedAt, b.End)
	b.add(CauseNotBegun, started, t, who)
	if t.StartedAt.IsZero() {
		return
	}
	done, planned := cmp.Or(t.CompletedAt, b.End), t.StartedAt.Add(t.Estimate)
	b.add(CauseCooking, earlier(planned, done), t, who)
	b.add(CauseOverrun, done, t, who)
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func (b *book) attempt(t *Task, x Attempt) {
	b.waits(t, x.From)
	who := b.Layout.Staff(x.Staff)
	if x.Recalled {
		b.add(CauseRemake, x.To, t, who)
		return
	}
	b.add(CauseRequeue, x.To, t, who)
}

// madeBefore tells whether the ticket has an earlier making of the same step of the same unit.
func (b *book) madeBefore(t *Task) bool {
	return slices.ContainsFunc(b.Ticket.Tasks, func(o *Task) bool {
		return o.ID < t.ID && o.Line == t.Line && o.Unit == t.Unit && o.Step == t.Step
	})
}

// blame shares the lateness out. A promise leaves some time beyond the estimates of the critical path; who has used how
// much of it cannot be told apart, so each segment that no plan counts with bears its part of the excess. When the
// promise was shorter than the estimates themselves, what is left over is borne by the cooking.
func (a *Account) blame() {
	left := a.Late()
	for _, planned := range []bool{false, true} {
		var all time.Duration
		for _, s := range a.Segments {
			if s.Cause.Planned() == planned {
				all += s.Length()
			}
		}
		share := min(left, all)
		a.spread(share, all, planned)
		left -= share
	}
}

// spread gives the segments of one sort their parts of share, exactly and none more than it
// lasts: share is at most all.
func (a *Account) spread(share, all time.Duration, planned bool) {
	var seen, given time.Duration
	for i := range a.Segments {
		s := &a.Segments[i]
		if s.Cause.Planned() != planned || share == 0 {
			continue
		}
		seen += s.Length()
		high, low := bits.Mul64(uint64(share), uint64(seen))
		upTo, _ := bits.Div64(high, low, uint64(all))
		s.Late = time.Duration(upTo) - given
		given += s.Late
	}
}
