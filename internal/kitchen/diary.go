package kitchen

import (
	"context"
	"slices"
	"time"

	"brigade/internal/actor"
	"brigade/internal/clock"
	"brigade/internal/errs"
	"brigade/internal/kitchen/sched"
)

// Stint is a task that somebody works on or has worked on.
type Stint struct {
	Task, Order int64
	Number      string // of the order
	Item, What  string
	Station     int64
	Staff       int64 // 0: nobody
	Load        int64 // tasks that share one take one slot; 0: it shares none
	Estimate    time.Duration
	From, To    time.Time // To zero: it is not done yet
}

// Served is an order with what it was promised.
type Served struct {
	Order    int64
	Number   string
	Placed   time.Time
	Ready    time.Time // zero: not yet
	Due      time.Time // when it was wanted; zero: as soon as it can be
	P50, P90 time.Time // what was promised first; zero: nothing
}

// Promised is what an order is measured against: when it was wanted, else what was promised first; zero: nothing.
func (s Served) Promised() time.Time {
	if !s.Due.IsZero() {
		return s.Due
	}
	return s.P90
}

// Late is how long after its promise an order was ready, or by how much it has passed it by now; 0: it has not.
func (s Served) Late(now time.Time) time.Duration {
	at := s.Ready
	if at.IsZero() {
		at = now
	}
	if p := s.Promised(); !p.IsZero() && at.After(p) {
		return at.Sub(p)
	}
	return 0
}

// Diary is a kitchen's day so far, and how it will go on.
type Diary struct {
	Since  time.Time // when the day began: at four in the morning
	Now    time.Time
	Board  *Board
	Work   []Stint  // by start
	Orders []Served // of the day, by when they were placed
	Ahead  []Stint  // what nobody has begun, by the plan as it stands; Staff: who would do it
	Given  []int64  // tasks of Ahead that somebody was given
	Blind  bool     // more is open than is planned ahead
}

// dayBegins is the hour at which a kitchen's day begins: those that are open past midnight have not begun another.
const dayBegins = 4

// DayOf is when the day began to which a time belongs, by the clocks of a place.
func DayOf(now time.Time, zone *time.Location) time.Time {
	y, m, d := now.In(zone).Date()
	begin := time.Date(y, m, d, dayBegins, 0, 0, 0, zone)
	if begin.After(now) {
		begin = time.Date(y, m, d-1, dayBegins, 0, 0, 0, zone)
	}
	return begin
}

// DiaryStore is what diaries need of Postgres.
type DiaryStore interface {
	Layouts(ctx context.Context, outlets []int64) ([]*Layout, error)
	FirstTickets(ctx context.Context, outlet int64, n int) ([]*Ticket, error)
	// Work lists what was worked on at an outlet since a time, by start.
	Work(ctx context.Context, outlet int64, since time.Time) ([]Stint, error)
	// Outcomes lists the orders that became ready at an outlet since a time, and those that are not ready.
	Outcomes(ctx context.Context, outlet int64, since time.Time) ([]Served, error)
}

// Diaries tells how kitchens' days go.
type Diaries struct {
	store    DiaryStore
	clock    clock.Clock
	settings Settings
}

// NewDiaries returns the service over a store.
func NewDiaries(store DiaryStore, clk clock.Clock) *Diaries {
	return &Diaries{store, clk, DefaultSettings()}
}

// Today reads an outlet's day. Errors: KindForbidden, KindNotFound.
func (d *Diaries) Today(ctx context.Context, who actor.Actor, outlet int64) (*Diary, error) {
	if err := who.Require(actor.Manager, actor.System); err != nil {
		return nil, err
	}
	layouts, err := d.store.Layouts(ctx, []int64{outlet})
	if err != nil {
		return nil, err
	}
	if len(layouts) == 0 || layouts[0].Tenant != who.Tenant || !who.Sees(outlet) {
		return nil, errs.NotFound("no such outlet")
	}
	now := d.clock.Now()
	day := &Diary{Since: DayOf(now, layouts[0].Location), Now: now}
	if day.Work, err = d.store.Work(ctx, outlet, day.Since); err != nil {
		return nil, err
	}
	if day.Orders, err = d.store.Outcomes(ctx, outlet, day.Since); err != nil {
		return nil, err
	}
	tickets, err := d.store.FirstTickets(ctx, outlet, foreseen+1)
	if err != nil {
		return nil, err
	}
	day.foresee(layouts[0], tickets, d.settings)
	return day, nil
}

// foresee fills in how the kitchen stands and what comes.
func (d *Diary) foresee(l *Layout, tickets []*Ticket, settings Settings) {
	if d.Blind = len(tickets) > foreseen; d.Blind {
		tickets = tickets[:foreseen]
	}
	floor := NewFloor(l, settings, tickets, d.Now, NewIndex())
	d.Board = boardOf(floor, tickets, d.Now)
	if d.Blind {
		return
	}
	for _, p := range floor.Project(d.Now).Tasks {
		ticket := floor.index.Task(p.Task)
		if ticket == nil || p.Start == sched.Forever || p.Finish == sched.Forever {
			continue
		}
		task := ticket.Task(p.Task)
		if task == nil || task.Begun() {
			continue
		}
		s := Stint{
			Task: task.ID, Order: ticket.Order, Number: ticket.Number, Item: task.Item, What: task.Description, Station: l.Route(task.Station),
			Staff: p.Staff, Load: task.Load, Estimate: task.Estimate, From: p.Start.Time(), To: p.Finish.Time(),
		}
		if task.Status == TaskAssigned {
			s.Staff = task.Staff
			d.Given = append(d.Given, task.ID)
		}
		d.Ahead = append(d.Ahead, s)
	}
	slices.SortStableFunc(d.Ahead, func(a, b Stint) int { return a.From.Compare(b.From) })
}
