package kitchen

import (
	"context"
	"slices"
	"time"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/kitchen/sched"
)

// Edit is a change of what an order asks of its kitchen. Exactly one of Cancel, Line and More is given.
type Edit struct {
	Tenant   int64
	Order    int64
	Cancel   bool
	Line     int // this line, from 1,
	Quantity int // is to hold so many units and no more; 0: none
	Begun    bool
	More     []WorkLine
	Made     Made // what becomes of what is made; "" = wasted
	Reason   string
	By       string
	Key      string
}

// EditOrder changes an order that is being cooked: its tasks and its rows in one transaction. With Begun, units that are
// begun stay. Repeated: nothing changes. Errors: KindNotFound, KindInvalid when the line holds fewer; KindConflict when
// the order is closed, KindUnavailable (nothing was written), KindUnknown; what the order feature refuses as it says it.
func (s *Service) EditOrder(ctx context.Context, e Edit) error {
	ids := Work{Lines: e.More}.Tasks()
	return s.desk.changeOrder(ctx, e.Tenant, e.Order, ids, func(c *change) error {
		return c.reshape(func() error { return c.edit(e) })
	})
}

func (c *change) edit(e Edit) error {
	why := call{c.now, e.By, e.Reason, e.Made}
	switch {
	case e.Cancel:
		c.j.cancelOrder(c.ticket, why)
		return nil
	case e.Line != 0:
		quantity := e.Quantity
		if e.Begun {
			quantity = max(quantity, c.ticket.begunUnits(e.Line))
		}
		return c.j.cut(c.ticket, e.Line, quantity, why)
	}
	return c.j.add(c.ticket, slices.Clone(e.More), e.Key, why, c.ids)
}

// begunUnits is how many units of a line somebody works on or has worked on.
func (t *Ticket) begunUnits(line int) (n int) {
	for _, unit := range t.units(line) {
		n += ones(slices.ContainsFunc(t.unit(line, unit), (*Task).Begun))
	}
	return n
}

// mayWork checks that the actor runs kitchens and sees the order. Errors: KindForbidden, KindNotFound.
func (s *Service) mayWork(ctx context.Context, who actor.Actor, order int64) (TicketView, error) {
	if err := who.Require(actor.Manager, actor.Cook); err != nil {
		return TicketView{}, err
	}
	if err := who.Whole(); err != nil {
		return TicketView{}, err
	}
	return s.Ticket(ctx, who, order)
}

// changeTicket lets do change an order's ticket, and returns it as it is then.
func (s *Service) changeTicket(ctx context.Context, who actor.Actor, order int64, ids int, do func(*change) error) (TicketView, error) {
	err := s.desk.changeOrder(ctx, who.Tenant, order, ids, func(c *change) error {
		return c.reshape(func() error { return do(c) })
	})
	if err != nil {
		return TicketView{}, err
	}
	return s.Ticket(ctx, who, order)
}

// Rush puts an order's tasks before others from now on, or ends that. Repeated: the same answer.
// Errors: KindForbidden, KindNotFound; KindConflict when it is made or cancelled.
func (s *Service) Rush(ctx context.Context, who actor.Actor, order int64, on bool) (TicketView, error) {
	if _, err := s.mayWork(ctx, who, order); err != nil {
		return TicketView{}, err
	}
	return s.changeTicket(ctx, who, order, 0, func(c *change) error {
		if err := c.ticket.mustBeOpen(); err != nil && c.ticket.Rush != on {
			return err
		}
		c.j.rush(c.ticket, on, c.now, who.Name)
		return nil
	})
}

func (t *Ticket) mustBeOpen() error {
	if t.Closed() {
		return errs.Conflict("the ticket of order %s is %s", t.Number, t.Status)
	}
	return nil
}

// Hold stops what nobody has begun of a course, or of the whole order (0), until it is fired. Repeated: the same answer.
// Errors: KindForbidden, KindNotFound; KindConflict when all of it is begun.
func (s *Service) Hold(ctx context.Context, who actor.Actor, order int64, course int, reason string) (TicketView, error) {
	if _, err := s.mayWork(ctx, who, order); err != nil {
		return TicketView{}, err
	}
	return s.changeTicket(ctx, who, order, 0, func(c *change) error { return c.j.hold(c.ticket, course, c.now, who.Name, reason) })
}

// Fire lets a held course be made, or all that is held (0). Repeated: the same answer.
// Errors: KindForbidden, KindNotFound; KindConflict when the order has no such course.
func (s *Service) Fire(ctx context.Context, who actor.Actor, order int64, course int) (TicketView, error) {
	if _, err := s.mayWork(ctx, who, order); err != nil {
		return TicketView{}, err
	}
	return s.changeTicket(ctx, who, order, 0, func(c *change) error { return c.j.fire(c.ticket, course, c.now, who.Name) })
}

// Remake makes a unit of an order's line again, from a step of its recipe on with all that needs it (-1: everything).
// What was made of that is recorded as wasted; an order that was ready is so no longer. Repeated before anything of it
// is begun: the same answer. Errors: KindForbidden, KindNotFound; KindConflict when nothing of it is made, or the order
// was handed over.
func (s *Service) Remake(ctx context.Context, who actor.Actor, order int64, line, unit, step int, reason string) (TicketView, error) {
	t, err := s.mayWork(ctx, who, order)
	if err != nil {
		return TicketView{}, err
	}
	ids := len(t.unit(line, unit)) // a unit never has more live tasks than its recipe has steps
	return s.changeTicket(ctx, who, order, ids, func(c *change) error {
		why := call{c.now, who.Name, reason, Wasted}
		return c.j.remake(c.ticket, line, unit, step, why, c.floor.settings.RequeueBoost, c.ids)
	})
}

// Undo takes the completion of a task back as a mistake, for UndoWithin: it goes on with who had it. Repeated: the same
// answer. Errors: KindForbidden, KindNotFound; KindConflict when it is too late, something that needs it is begun, or its
// place is taken by work that has begun.
func (s *Service) Undo(ctx context.Context, who actor.Actor, task int64) (Task, error) {
	return s.changeTask(ctx, who, task, func(c *change) error { return c.undo(who.Name) })
}

// Recall has a completed task done again. Repeated before it is completed: the same answer. Errors: KindForbidden,
// KindNotFound; KindConflict when something that needs it is begun, or the order was handed over.
func (s *Service) Recall(ctx context.Context, who actor.Actor, task int64, reason string) (Task, error) {
	return s.changeTask(ctx, who, task, func(c *change) error {
		return c.reshape(func() error { return c.j.again(c.ticket, c.task, call{at: c.now, by: who.Name, reason: reason}) })
	})
}

// Hand gives a task that somebody has, with what shares its load, to another person, by name or id. Repeated: the same
// answer. Errors: KindForbidden, KindNotFound; KindConflict when nobody has it or he cannot take it.
func (s *Service) Hand(ctx context.Context, who actor.Actor, task int64, to string) (Task, error) {
	return s.changeTask(ctx, who, task, func(c *change) error { return c.pass(to, who.Name) })
}

func (s *Service) changeTask(ctx context.Context, who actor.Actor, task int64, do func(*change) error) (Task, error) {
	if err := who.Require(actor.Manager, actor.Cook); err != nil {
		return Task{}, err
	}
	if err := s.seen(ctx, who, task); err != nil {
		return Task{}, err
	}
	return s.desk.changeTask(ctx, who.Tenant, task, do)
}

// HeldTask is a task that is not begun until its course is fired.
type HeldTask struct {
	TaskView
	Reason string
}

// HeldTasks lists what is held in a kitchen, by order; 0 is the actor's own outlet. Errors: KindNotFound.
func (s *Service) HeldTasks(ctx context.Context, who actor.Actor, outlet int64) ([]HeldTask, error) {
	l, err := s.layout(ctx, who, outlet)
	if err != nil {
		return nil, err
	}
	tickets, err := s.repo.OpenTickets(ctx, []int64{l.Outlet})
	held := []HeldTask{}
	for _, t := range tickets {
		for _, task := range t.Tasks {
			if reason := t.HeldFor(task); reason != "" {
				held = append(held, HeldTask{viewTask(l, t, task), reason})
			}
		}
	}
	return held, err
}

// WasteEntry is a row of the waste log.
type WasteEntry struct {
	ID int64
	Waste
	Number string // of the order
	Cost   int64  // estimated, in the currency's minor unit: the share of the unit's price
}

// WasteLog lists food that was made in vain in a kitchen, newest first, at most n entries with an id below before (0: from
// the newest); outlet 0 is the actor's own. Errors: KindForbidden, KindNotFound.
func (s *Service) WasteLog(ctx context.Context, who actor.Actor, outlet, before int64, n int) ([]WasteEntry, error) {
	l, err := s.mayRun(ctx, who, outlet)
	if err != nil {
		return nil, err
	}
	return s.repo.WasteLog(ctx, l.Tenant, l.Outlet, before, n)
}

// StationChange closes a station or opens it.
type StationChange struct {
	Tenant, Outlet int64
	Station, To    string // names or ids; To "" opens it
	Reason         string
	By             string
	At             time.Time
}

// CloseStation closes a station, by name or id: what nobody has begun there, and new work, goes to another one. What is
// begun is finished. Repeated: the same. Errors: KindForbidden, KindNotFound; KindConflict when the other is closed itself.
func (s *Service) CloseStation(ctx context.Context, who actor.Actor, outlet int64, station, to, reason string) error {
	var f errs.Fields
	if to == "" {
		f.Add("to", "must name the station that takes over")
	}
	if err := f.Err(); err != nil {
		return err
	}
	return s.setStation(ctx, who, outlet, StationChange{Station: station, To: to, Reason: reason})
}

// OpenStation opens a closed station for new work. What has moved stays where it is. Repeated: the same. Errors as
// CloseStation.
func (s *Service) OpenStation(ctx context.Context, who actor.Actor, outlet int64, station string) error {
	return s.setStation(ctx, who, outlet, StationChange{Station: station})
}

func (s *Service) setStation(ctx context.Context, who actor.Actor, outlet int64, c StationChange) error {
	l, err := s.mayRun(ctx, who, outlet)
	if err != nil {
		return err
	}
	c.Tenant, c.Outlet, c.By, c.At = who.Tenant, l.Outlet, who.Name, s.clock.Now()
	if err = s.repo.SetStation(ctx, c); err == nil {
		s.desk.Relaid(l.Outlet)
	}
	return err
}

// Leave lets somebody go before his shift is over: he gets nothing until his next shift begins, which it returns (zero:
// until he is back). What he has not started goes to others; what he has begun goes on, and is returned for others to
// take over (Hand). Errors: KindForbidden, KindNotFound.
func (s *Service) Leave(ctx context.Context, who actor.Actor, outlet int64, staff string) (until time.Time, begun []TaskView, err error) {
	l, err := s.mayRun(ctx, who, outlet)
	if err != nil {
		return until, nil, err
	}
	i := slices.IndexFunc(l.People, func(p Person) bool { return p.named(staff) })
	if i < 0 {
		return until, nil, errs.NotFound("no staff member %q", staff)
	}
	p := l.People[i]
	c := BreakChange{Tenant: who.Tenant, Outlet: l.Outlet, Staff: staff, Leave: true, By: who.Name, At: s.clock.Now()}
	c.Until = p.nextShift(l.Location, c.At)
	if err := s.repo.SetBreak(ctx, c); err != nil {
		return until, nil, err
	}
	s.desk.Relaid(l.Outlet)
	tickets, err := s.repo.OpenTickets(ctx, []int64{l.Outlet})
	for _, t := range tickets {
		for _, task := range t.Tasks {
			if task.Status == TaskStarted && task.Staff == p.ID {
				begun = append(begun, viewTask(l, t, task))
			}
		}
	}
	return c.Until, begun, err
}

// nextShift is when the shift after the present one begins; zero when there is none.
func (p Person) nextShift(loc *time.Location, now time.Time) time.Time {
	end := now.Add(8 * 24 * time.Hour)
	off := sched.Off(sched.Hours{Shifts: p.Hours.Shifts}, loc, now, end)
	if len(off) == 0 || off[0].To >= sched.At(end) {
		return time.Time{}
	}
	return off[0].To.Time()
}

// waitsFor says why a task that is ready is not in the planner's queue; "" when it is.
func (m member) waitsFor() string {
	return "company in its load, until " + m.soonest().UTC().Format(time.RFC3339)
}
