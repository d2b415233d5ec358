package kitchen

import (
	"context"
	"time"

	"brigade/internal/actor"
	"brigade/internal/kitchen/sched"
)

// Screen is a kitchen as its screens show it.
type Screen struct {
	Now time.Time
	*Board
	Tally    Tally                 // of all, shown or not
	Made     []TicketView          // the tickets of orders that were asked for beside the open ones
	Begins   map[int64]Begin       // by task: when what nobody has begun will be, by the plan as it stands
	Expected map[int64]time.Time   // by order: when it will be ready, by the same
	Waiting  map[int64]*QueueEntry // by task: the queue
}

// Begin is when a task will be begun.
type Begin struct {
	At   time.Time // zero: nobody knows
	Held bool      // it could be begun earlier, and waits for the rest of its order
}

// foreseen is for how many open tickets a screen works out how they will go. Of a kitchen that drowns nobody wants to
// know, and it would take long.
const foreseen = 120

// Screen reads a kitchen as it is now: at most limit open tickets, as Glance does, and those of some orders that may be
// closed. 0 is the actor's own outlet. Errors: KindNotFound.
func (s *Service) Screen(ctx context.Context, who actor.Actor, outlet int64, limit int, orders []int64) (*Screen, error) {
	l, err := s.layout(ctx, who, outlet)
	if err != nil {
		return nil, err
	}
	tickets, err := s.repo.FirstTickets(ctx, l.Outlet, limit+1)
	if err != nil {
		return nil, err
	}
	made, err := s.repo.Tickets(ctx, orders)
	if err != nil {
		return nil, err
	}
	var tally *Tally
	if len(tickets) > limit {
		all, err := s.repo.CountOpen(ctx, l.Outlet)
		if err != nil {
			return nil, err
		}
		tally, tickets = &all, tickets[:limit]
	}
	screen := newScreen(l, tickets, s.settings, s.clock.Now())
	if tally != nil {
		screen.Tally = *tally
	}
	for _, t := range made {
		if t.Outlet == l.Outlet && t.Closed() {
			screen.Made = append(screen.Made, viewTicket(l, t))
		}
	}
	return screen, nil
}

// newScreen is pure: what a kitchen looks like at a time, and how it will go on.
func newScreen(l *Layout, tickets []*Ticket, settings Settings, now time.Time) *Screen {
	floor := NewFloor(l, settings, tickets, now, NewIndex())
	b := boardOf(floor, tickets, now)
	s := &Screen{
		Now: now, Board: b, Tally: b.tally(), Begins: map[int64]Begin{}, Expected: map[int64]time.Time{},
		Waiting: make(map[int64]*QueueEntry, len(b.Queue)),
	}
	for i := range b.Queue {
		s.Waiting[b.Queue[i].ID] = &b.Queue[i]
	}
	if len(tickets) > foreseen {
		return s
	}
	p := floor.Project(now)
	for _, t := range p.Tasks {
		if t.Start != sched.Forever {
			s.Begins[t.Task] = Begin{t.Start.Time(), t.Held}
		}
	}
	for _, o := range p.Orders {
		if at := o.Ready; at != sched.Forever && at.Time().After(s.Expected[o.Order]) {
			s.Expected[o.Order] = at.Time()
		}
	}
	return s
}

// HeldCourse returns the course that a task waits for to be fired; nil when it is not held.
func (t *Ticket) HeldCourse(task *Task) *Course {
	if task.Status != TaskUnassigned {
		return nil
	}
	return t.held(task.Course)
}
