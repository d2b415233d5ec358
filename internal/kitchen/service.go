package kitchen

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"brigade/internal/actor"
	"brigade/internal/clock"
	"brigade/internal/errs"
	"brigade/internal/kitchen/sched"
)

// TaskView is a task as shown to people and clients, with names.
type TaskView struct {
	Task
	Order   int64
	Outlet  int64
	Number  string // of the order
	Counter string
	// MachineName is the machine the task is on, else the one it needs, else the station's first.
	MachineName string
	StaffName   string
	HeldFor     string // why it is not begun though nothing else is wanting; "" = it is not held
}

// TicketView is a ticket with its tasks, as shown to people and clients.
type TicketView struct {
	Ticket
	TaskViews []TaskView
}

// QueueEntry is a task that is ready and waits.
type QueueEntry struct {
	TaskView
	Score float64 // priority now: higher is sooner
	Waits string  // what it waits for; "" = it will be assigned at once
	For   sched.Reason
	Until time.Time // it waits for company in its load until then; zero: it does not
}

// PersonView is a staff member as he is now.
type PersonView struct {
	Person
	Station  []string // skills, by name
	OnShift  bool     // at work now: neither off shift nor on a break
	Assigned int      // tasks given to him and not started
	Started  int      // tasks he works on
}

// MachineView is a machine as it is now.
type MachineView struct {
	Machine
	StationName string
	Busy        int // tasks on it, assigned or started
}

// StationView is a station as it is now.
type StationView struct {
	sched.Station
	Assigned int    // tasks given to somebody and not started
	Started  int    // tasks being worked on
	Ready    int    // tasks that wait for capacity
	Blocked  int    // tasks that wait for other tasks, or are held
	To       string // where its work goes while it is closed; "" = it is open
	Reason   string // why it is closed
}

// Explanation is why a task went to whom, once per assignment.
type Explanation struct {
	Attempt   int             `json:"attempt"`
	DecidedAt time.Time       `json:"decided_at"`
	Why       json.RawMessage `json:"why"`
}

// Repository is what the service needs of Postgres beyond the desk's Store.
type Repository interface {
	Store
	// OrderOfTask returns the order and outlet of a tenant's task. Errors: KindNotFound.
	OrderOfTask(ctx context.Context, tenant, task int64) (order, outlet int64, err error)
	// Tapped tells whether a tap was carried out before.
	Tapped(ctx context.Context, tenant int64, key string) (bool, error)
	// FirstTickets returns at most n of an outlet's open tickets, oldest first: those that somebody works on before
	// those that nobody has begun.
	FirstTickets(ctx context.Context, outlet int64, n int) ([]*Ticket, error)
	// CountOpen counts all of an outlet's open work.
	CountOpen(ctx context.Context, outlet int64) (Tally, error)
	// Explanations returns the decisions about a task, oldest first.
	Explanations(ctx context.Context, tenant, task int64) ([]Explanation, error)
	// SetMachine changes a machine's state, by name or decimal id, and appends KITCHEN_CHANGED when it was another.
	// Errors: KindNotFound.
	SetMachine(ctx context.Context, c MachineChange) error
	// SetStation closes a station or opens it, and appends KITCHEN_CHANGED when it was otherwise. Errors: KindNotFound;
	// KindConflict when the station that is to take over is closed.
	SetStation(ctx context.Context, c StationChange) error
	// PutAdmission sets how much an outlet takes on (nil: all that comes) and appends KITCHEN_CHANGED.
	PutAdmission(ctx context.Context, tenant, outlet int64, a *Admission, by string, at time.Time) error
	// PutRules sets by which rules a kitchen decides and appends KITCHEN_CHANGED.
	PutRules(ctx context.Context, tenant, outlet int64, r Rules, by string, at time.Time) error
	// WasteLog lists food that was made in vain, newest first.
	WasteLog(ctx context.Context, tenant, outlet, before int64, n int) ([]WasteEntry, error)
	// SetBreak starts or ends a break of a staff member, by name or decimal id, and appends KITCHEN_CHANGED.
	// Errors: KindNotFound; KindConflict when there is no break to end.
	SetBreak(ctx context.Context, c BreakChange) error
}

// MachineChange takes a machine down or up.
type MachineChange struct {
	Tenant, Outlet int64
	Machine        string // name or id
	Up             bool
	Reason         string
	By             string
	At             time.Time
}

// BreakChange sends a person on a break or back.
type BreakChange struct {
	Tenant, Outlet int64
	Staff          string    // name or id
	Back           bool      // end the break instead
	Leave          bool      // he has gone home
	Until          time.Time // zero: until further notice
	By             string
	At             time.Time
}

// Service is the kitchen as its users see it.
type Service struct {
	repo     Repository
	desk     *Desks
	clock    clock.Clock
	settings Settings
	copies   copies
}

// NewService returns a service over a repository and a desk.
func NewService(repo Repository, desk *Desks, clk clock.Clock, settings Settings) *Service {
	return &Service{repo: repo, desk: desk, clock: clk, settings: settings}
}

// Start begins an assigned task; repeated: the same answer. Errors: KindNotFound; KindConflict when it is not ASSIGNED;
// KindUnavailable (nothing was written), KindUnknown.
func (s *Service) Start(ctx context.Context, who actor.Actor, task int64) (Task, error) {
	if err := s.seen(ctx, who, task); err != nil {
		return Task{}, err
	}
	return s.desk.Start(ctx, who.Tenant, task)
}

// Complete ends a started task; repeated: the same answer. Errors as Start, with STARTED.
func (s *Service) Complete(ctx context.Context, who actor.Actor, task int64) (Task, error) {
	if err := s.seen(ctx, who, task); err != nil {
		return Task{}, err
	}
	return s.desk.Complete(ctx, who.Tenant, task)
}

// seen checks, for actors bound to one outlet or one station only, that the task is of theirs; the tenant is checked by
// the desk.
func (s *Service) seen(ctx context.Context, who actor.Actor, task int64) error {
	if who.Station != 0 {
		return s.ofStation(ctx, who, task)
	}
	if !who.Bound {
		return nil
	}
	_, outlet, err := s.repo.OrderOfTask(ctx, who.Tenant, task)
	if err == nil && !who.Sees(outlet) {
		return errs.NotFound("no task %d", task)
	}
	return err
}

// ofStation checks that a task is of the only station that somebody works at.
func (s *Service) ofStation(ctx context.Context, who actor.Actor, task int64) error {
	t, err := s.Task(ctx, who, task)
	if err == nil && t.Station != who.Station {
		err = errs.Forbidden("this is another station's work")
	}
	return err
}

// RunOnce returns the id of a task that the allocator assigned in the round under way or the next one; 0 when nothing
// could be assigned.
func (s *Service) RunOnce(ctx context.Context, who actor.Actor, outlet int64) (int64, error) {
	l, err := s.layout(ctx, who, outlet)
	if err != nil {
		return 0, err
	}
	t, err := s.desk.RunOnce(ctx, l.Outlet)
	return t.ID, err
}

// Task returns a task with its names. Errors: KindNotFound.
func (s *Service) Task(ctx context.Context, who actor.Actor, task int64) (TaskView, error) {
	order, _, err := s.repo.OrderOfTask(ctx, who.Tenant, task)
	if err != nil {
		return TaskView{}, err
	}
	ticket, err := s.Ticket(ctx, who, order)
	if err != nil {
		return TaskView{}, errs.NotFound("no task %d", task)
	}
	i := slices.IndexFunc(ticket.TaskViews, func(v TaskView) bool { return v.ID == task })
	return ticket.TaskViews[i], nil
}

// Ticket returns an order's ticket with its tasks. Errors: KindNotFound.
func (s *Service) Ticket(ctx context.Context, who actor.Actor, order int64) (TicketView, error) {
	tickets, err := s.repo.Tickets(ctx, []int64{order})
	if err != nil {
		return TicketView{}, err
	}
	if len(tickets) == 0 || tickets[0].Tenant != who.Tenant || !who.Sees(tickets[0].Outlet) {
		return TicketView{}, errs.NotFound("no ticket for order %d", order)
	}
	layouts, err := s.repo.Layouts(ctx, []int64{tickets[0].Outlet})
	if err != nil {
		return TicketView{}, err
	}
	return viewTicket(layouts[0], tickets[0]), nil
}

func viewTicket(l *Layout, t *Ticket) TicketView {
	v := TicketView{Ticket: *t}
	for _, task := range t.Tasks {
		v.TaskViews = append(v.TaskViews, viewTask(l, t, task))
	}
	return v
}

func viewTask(l *Layout, t *Ticket, task *Task) TaskView {
	machine := task.OnMachine
	if machine == 0 {
		machine = task.Machine
	}
	if i := slices.IndexFunc(l.Machines, func(m Machine) bool { return m.Station == task.Station && !m.Removed() }); machine == 0 && i >= 0 {
		machine = l.Machines[i].ID
	}
	return TaskView{
		Task: *task, Order: t.Order, Outlet: t.Outlet, Number: t.Number,
		Counter: l.Station(task.Station), MachineName: l.Machine(machine), StaffName: l.Staff(task.Staff), HeldFor: t.HeldFor(task),
	}
}

// Explain returns why a task went to whom, oldest first. Errors: KindNotFound.
func (s *Service) Explain(ctx context.Context, who actor.Actor, task int64) (TaskView, []Explanation, error) {
	v, err := s.Task(ctx, who, task)
	if err != nil {
		return TaskView{}, nil, err
	}
	why, err := s.repo.Explanations(ctx, who.Tenant, task)
	return v, why, err
}

// layout reads the set-up of an outlet that the actor may see; 0 is the actor's own. Errors: KindNotFound.
func (s *Service) layout(ctx context.Context, who actor.Actor, outlet int64) (*Layout, error) {
	if outlet == 0 {
		outlet = who.Outlet
	}
	layouts, err := s.repo.Layouts(ctx, []int64{outlet})
	if err != nil {
		return nil, err
	}
	if len(layouts) == 0 || layouts[0].Tenant != who.Tenant || !who.Sees(outlet) {
		return nil, errs.NotFound("no such outlet")
	}
	return layouts[0], nil
}

// Board is one kitchen at a glance.
type Board struct {
	Layout   *Layout
	Stations []StationView
	Machines []MachineView
	People   []PersonView
	Tickets  []TicketView // open ones, oldest first
	Queue    []QueueEntry // ready tasks, best first
}

// Board reads a kitchen as it is now; 0 is the actor's own outlet. It works on any node, whoever decides for the
// kitchen. Errors: KindNotFound.
func (s *Service) Board(ctx context.Context, who actor.Actor, outlet int64) (*Board, error) {
	l, err := s.layout(ctx, who, outlet)
	if err != nil {
		return nil, err
	}
	tickets, err := s.repo.OpenTickets(ctx, []int64{l.Outlet})
	if err != nil {
		return nil, err
	}
	return newBoard(l, tickets, s.settings, s.clock.Now()), nil
}

// Tally is exact counts of a kitchen's open work.
type Tally struct {
	Tickets  int
	Stations map[int64]StationView // by id; only the counts
}

// Glance is Board for screens, which cannot show everything: it reads at most limit open tickets, however many there
// are. Stations' counts are exact all the same, and so is the tally; tickets and queue are of those that were read.
// Errors: KindNotFound.
func (s *Service) Glance(ctx context.Context, who actor.Actor, outlet int64, limit int) (*Board, Tally, error) {
	l, err := s.layout(ctx, who, outlet)
	if err != nil {
		return nil, Tally{}, err
	}
	tickets, err := s.repo.FirstTickets(ctx, l.Outlet, limit+1)
	if err != nil {
		return nil, Tally{}, err
	}
	if len(tickets) <= limit {
		b := newBoard(l, tickets, s.settings, s.clock.Now())
		return b, b.tally(), nil
	}
	tally, err := s.repo.CountOpen(ctx, l.Outlet)
	if err != nil {
		return nil, Tally{}, err
	}
	b := newBoard(l, tickets[:limit], s.settings, s.clock.Now())
	for i, st := range b.Stations {
		b.Stations[i] = tally.Stations[st.ID]
		b.Stations[i].Station, b.Stations[i].To, b.Stations[i].Reason = st.Station, st.To, st.Reason
	}
	return b, tally, nil
}

func (b *Board) tally() Tally {
	t := Tally{Tickets: len(b.Tickets), Stations: make(map[int64]StationView, len(b.Stations))}
	for _, st := range b.Stations {
		t.Stations[st.ID] = st
	}
	return t
}

// newBoard is pure: what a kitchen looks like at a time.
func newBoard(l *Layout, tickets []*Ticket, settings Settings, now time.Time) *Board {
	return boardOf(NewFloor(l, settings, tickets, now, NewIndex()), tickets, now)
}

// boardOf is the board of a floor with these open tickets.
func boardOf(floor *Floor, tickets []*Ticket, now time.Time) *Board {
	l, settings := floor.Layout, floor.usual
	b := &Board{Layout: l}
	count := newCounter()
	for _, t := range tickets {
		b.Tickets = append(b.Tickets, viewTicket(l, t))
		for _, task := range t.Tasks {
			count.add(task)
		}
	}
	for _, w := range floor.plan.Queue(sched.At(now)) {
		t := floor.index.Task(w.Task.ID)
		b.Queue = append(b.Queue, QueueEntry{viewTask(l, t, t.Task(w.Task.ID)), w.Score.Total, w.For.String(), w.For, time.Time{}})
	}
	for _, m := range floor.company() {
		score := m.task.BasePriority + m.task.Boost + settings.Weights.Aging*now.Sub(m.ticket.waitsSince(m.task.Course)).Seconds()
		b.Queue = append(b.Queue, QueueEntry{viewTask(l, m.ticket, m.task), score, m.waitsFor(), sched.Assignable, m.soonest()})
	}
	b.fill(l, count, now)
	return b
}

func (b *Board) fill(l *Layout, count *counter, now time.Time) {
	for _, st := range l.Stations {
		v := *count.station(st.ID)
		if l.Gone[st.ID] && v == (StationView{}) {
			continue
		}
		v.Station = st
		if c, closed := l.Closed[st.ID]; closed {
			v.To, v.Reason = l.Station(c.To), c.Reason
		}
		b.Stations = append(b.Stations, v)
	}
	for _, m := range l.Machines {
		if m.Removed() {
			continue
		}
		b.Machines = append(b.Machines, MachineView{m, l.Station(m.Station), count.machines[m.ID]})
	}
	for _, p := range l.People {
		v := *count.person(p.ID)
		v.Person, v.OnShift = p, p.At(l.Location, now)
		for _, skill := range p.Skills {
			v.Station = append(v.Station, l.Station(skill))
		}
		b.People = append(b.People, v)
	}
}

// At tells whether the person is at work: active, on shift and not on a break.
func (p Person) At(loc *time.Location, now time.Time) bool {
	off := sched.Off(p.Hours, loc, now, now.Add(time.Minute))
	return p.Active && (len(off) == 0 || off[0].From > sched.At(now))
}

// counter counts tasks by station, machine and person.
type counter struct {
	stations map[int64]*StationView
	people   map[int64]*PersonView
	machines map[int64]int
}

func newCounter() *counter {
	return &counter{map[int64]*StationView{}, map[int64]*PersonView{}, map[int64]int{}}
}

func (c *counter) station(id int64) *StationView {
	if c.stations[id] == nil {
		c.stations[id] = &StationView{}
	}
	return c.stations[id]
}

func (c *counter) person(id int64) *PersonView {
	if c.people[id] == nil {
		c.people[id] = &PersonView{}
	}
	return c.people[id]
}

func (c *counter) add(t *Task) {
	st := c.station(t.Station)
	switch {
	case t.Status == TaskAssigned:
		st.Assigned++
		c.person(t.Staff).Assigned++
		c.machines[t.OnMachine]++
	case t.Status == TaskStarted:
		st.Started++
		c.person(t.Staff).Started++
		c.machines[t.OnMachine]++
	case t.Ready():
		st.Ready++
	case t.Status == TaskUnassigned:
		st.Blocked++
	}
}

// SetMachine takes a machine down or up, by name or id. Tasks assigned to it and not started move elsewhere.
// Errors: KindForbidden, KindNotFound.
func (s *Service) SetMachine(ctx context.Context, who actor.Actor, outlet int64, machine string, up bool, reason string) error {
	l, err := s.mayRun(ctx, who, outlet)
	if err != nil {
		return err
	}
	err = s.repo.SetMachine(ctx, MachineChange{
		Tenant: who.Tenant, Outlet: l.Outlet, Machine: machine, Up: up, Reason: reason, By: who.Name, At: s.clock.Now(),
	})
	if err == nil {
		s.desk.Relaid(l.Outlet)
	}
	return err
}

// SetBreak sends a person on a break, for a while (0: until further notice), or back. Tasks assigned to him and not
// started move elsewhere. Errors: KindForbidden, KindNotFound, KindConflict.
func (s *Service) SetBreak(ctx context.Context, who actor.Actor, outlet int64, staff string, back bool, length time.Duration) error {
	l, err := s.mayRun(ctx, who, outlet)
	if err != nil {
		return err
	}
	c := BreakChange{Tenant: who.Tenant, Outlet: l.Outlet, Staff: staff, Back: back, By: who.Name, At: s.clock.Now()}
	if length > 0 {
		c.Until = c.At.Add(length)
	}
	if err = s.repo.SetBreak(ctx, c); err == nil {
		s.desk.Relaid(l.Outlet)
	}
	return err
}

func (s *Service) mayRun(ctx context.Context, who actor.Actor, outlet int64) (*Layout, error) {
	if err := who.Require(actor.Manager, actor.Cook); err != nil {
		return nil, err
	}
	if err := who.Whole(); err != nil {
		return nil, err
	}
	return s.layout(ctx, who, outlet)
}
