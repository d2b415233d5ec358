package floor

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"brigade/internal/kitchen"
	"brigade/internal/kitchen/sched"
	"brigade/internal/order"
	"brigade/internal/web/page"
)

// boardView is the board as its partials show it. It is pure: a look in, what is to be seen out.
type boardView struct {
	Columns  []columnView
	Stations []stationView
	People   []personView
	Machines []machineView
	Figures  figuresView
}

// columns are the columns of the order board, in the order of a life.
var columns = [...]struct {
	key      string // its texts are board.column.KEY and board.empty.KEY
	statuses []order.Status
	open     bool
}{
	{"received", []order.Status{order.Created, order.Scheduled}, true},
	{"cooking", []order.Status{order.InPreparation}, true},
	{"ready", []order.Status{order.Ready, order.SchedulingDelivery, order.WaitingForDriver, order.InDelivery}, true},
	{"closed", []order.Status{order.Served, order.Collected, order.Delivered, order.Cancelled, order.Rejected}, false},
}

// columnView is the orders in one stage of their life.
type columnView struct {
	Key   string
	Count int // of all, shown or not; 0 when nobody counts them
	Open  bool
	Cards []cardView
}

// More is how many orders are not shown.
func (c columnView) More() int { return max(0, c.Count-len(c.Cards)) }

// cardView is one order.
type cardView struct {
	ID          int64
	Number      string
	Short       string // the end of the number: what people call out
	Kind        string // takeout
	Table       int    // 0 = none
	Customer    string
	Items       []order.Line
	MoreItems   int
	Since       time.Time
	Age         string // "" in feeds: the browser counts
	Done, Total int    // tasks; Total 0: not known
	Status      string // of what was handed over
	CanHandOver bool
	Outlet      string // slug
}

// stationView is a place where tasks are done.
type stationView struct {
	Name           string
	Load           loadView
	Cooking, Given []taskView // started; assigned to somebody who has not started
	Waiting        []waitView // the first of those that are ready
	Ready, Blocked int        // all that wait for capacity, and for other tasks
	More           int        // ready ones that are not shown
}

// loadView is how much of a capacity is in use.
type loadView struct {
	Busy, Capacity int
	Dots           []bool // one per unit of capacity; nil when there are too many to draw
	Full           bool
}

// taskView is a task in somebody's hands.
type taskView struct {
	Order, What, Item, Person, Machine string
	Start, Due                         time.Time // product time; zero: not started
	Percent                            int       // -1 in feeds: the browser moves the bar
}

// waitView is a task that waits for capacity.
type waitView struct{ Order, What, For string }

// personView is a staff member.
type personView struct {
	ID         int64
	Name       string
	Skills     string
	State      string // work, break or off
	Load       loadView
	Completed  int64
	Efficiency string
	Outlet     string
}

// machineView is a machine.
type machineView struct {
	ID            int64
	Name, Station string
	Load          loadView
	Up            bool
	Reason        string
	Outlet        string
}

// figuresView is the outlet in numbers.
type figuresView struct {
	Open, Queue, Cooking, AtWork, People, Down int
	Ready                                      int // in the last minutes
	Minutes                                    int
	Bars                                       []barView // a minute each, oldest first
	Typical                                    string    // from placed to ready; "" = not known
}

// barView is one bar of a chart, 0 to 20 high.
type barView struct{ X, Y, Height, Count int }

const (
	itemsShown   = 4
	tasksShown   = 8
	waitingShown = 3
	dotsShown    = 12
)

// never is the time for views whose clocks run in the browser, so that they change only with what they show.
var never time.Time

// newBoardView makes the view of an outlet; at is when it is shown, or never.
func newBoardView(l *look, outlet string, at time.Time) boardView {
	v := boardView{
		Stations: stationViews(l.Board, at), People: peopleViews(l.Board, l.Now, outlet), Machines: machineViews(l.Board, outlet),
	}
	v.Columns = columnViews(l, outlet, at)
	v.Figures = figures(l, v)
	return v
}

func columnViews(l *look, outlet string, at time.Time) []columnView {
	tickets := make(map[int64]kitchen.TicketView, len(l.Board.Tickets))
	for _, t := range l.Board.Tickets {
		tickets[t.Order] = t
	}
	views := make([]columnView, len(columns))
	for i, c := range columns {
		views[i] = columnView{Key: c.key, Open: c.open}
		if c.open {
			for _, s := range c.statuses {
				views[i].Count += l.Pulse.Open[s]
			}
		}
		for _, o := range inOrder(l.Orders[i], c.open) {
			views[i].Cards = append(views[i].Cards, newCard(o, tickets[o.ID], outlet, at))
		}
	}
	return views
}

// inOrder puts what was handed over last first; open orders come as they are shown, the oldest first.
func inOrder(orders []order.Order, open bool) []order.Order {
	if open {
		return orders
	}
	return slices.SortedStableFunc(slices.Values(orders), func(a, b order.Order) int { return b.ClosedAt.Compare(a.ClosedAt) })
}

func newCard(o order.Order, t kitchen.TicketView, outlet string, at time.Time) cardView {
	c := cardView{
		ID: o.ID, Number: o.Number, Short: page.ShortNumber(o.Number), Kind: string(o.Type), Table: table(o), Customer: o.CustomerName,
		Items: o.Lines, Since: o.PlacedAt, Done: t.Done, Total: t.Live(), Status: string(o.Status),
		CanHandOver: o.Status.AtCounter(), Outlet: outlet,
	}
	if o.Status.AtCounter() {
		c.Since = o.ReadyAt
	}
	if o.Status.Closed() {
		c.Since = o.ClosedAt
	}
	if len(c.Items) > itemsShown {
		c.MoreItems = len(c.Items) - itemsShown
		c.Items = c.Items[:itemsShown]
	}
	if !at.IsZero() {
		c.Age = minutes(at.Sub(c.Since))
	}
	return c
}

// table is where an order is eaten; 0 = at none.
func table(o order.Order) int {
	if o.Type != order.DineIn {
		return 0
	}
	return o.TableNumber
}

// minutes writes a duration as a kitchen reads it: 4:07, 1:02:09.
func minutes(d time.Duration) string {
	s := max(0, int(d/time.Second))
	if s < 3600 {
		return fmt.Sprintf("%d:%02d", s/60, s%60)
	}
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}

func stationViews(b *kitchen.Board, at time.Time) []stationView {
	views := make([]stationView, len(b.Stations))
	index := make(map[int64]*stationView, len(views))
	for i, st := range b.Stations {
		busy := st.Assigned + st.Started
		views[i] = stationView{Name: st.Name, Load: newLoad(busy, st.Capacity), Ready: st.Ready, Blocked: st.Blocked}
		index[st.ID] = &views[i]
	}
	for _, t := range b.Tickets {
		for _, task := range t.TaskViews {
			if v := index[task.Station]; v != nil {
				v.addTask(task, at)
			}
		}
	}
	for _, q := range b.Queue {
		if v := index[q.Task.Station]; v != nil && len(v.Waiting) < waitingShown {
			v.Waiting = append(v.Waiting, waitView{page.ShortNumber(q.Number), q.Description, q.Waits})
		}
	}
	for i := range views {
		views[i].settle()
	}
	return views
}

// addTask shows a task that is in somebody's hands.
func (v *stationView) addTask(t kitchen.TaskView, at time.Time) {
	view := taskView{Order: page.ShortNumber(t.Number), What: t.Description, Item: t.Item, Person: t.StaffName, Percent: -1}
	if t.OnMachine != 0 {
		view.Machine = t.MachineName
	}
	if t.Status == kitchen.TaskAssigned {
		v.Given = append(v.Given, view)
	}
	if t.Status != kitchen.TaskStarted {
		return
	}
	if view.Start, view.Due = t.StartedAt, t.DueAt; view.Due.IsZero() {
		view.Due = t.StartedAt.Add(t.Estimate)
	}
	if !at.IsZero() {
		view.Percent = percent(at.Sub(view.Start), view.Due.Sub(view.Start))
	}
	v.Cooking = append(v.Cooking, view)
}

// settle puts what is nearly done first and leaves out what does not fit.
func (v *stationView) settle() {
	slices.SortStableFunc(v.Cooking, func(a, b taskView) int { return a.Due.Compare(b.Due) })
	v.Cooking = v.Cooking[:min(len(v.Cooking), tasksShown)]
	v.Given = v.Given[:min(len(v.Given), tasksShown)]
	v.More = max(0, v.Ready-len(v.Waiting))
}

// Hidden is how many tasks in somebody's hands are not shown.
func (v stationView) Hidden() int { return max(0, v.Load.Busy-len(v.Cooking)-len(v.Given)) }

// Idle tells that there is nothing to do.
func (v stationView) Idle() bool { return v.Load.Busy+v.Ready+v.Blocked == 0 }

func percent(part, whole time.Duration) int {
	if whole <= 0 {
		return 100
	}
	return min(100, max(0, int(100*part/whole)))
}

func newLoad(busy, capacity int) loadView {
	l := loadView{Busy: busy, Capacity: capacity, Full: busy >= capacity}
	if capacity <= dotsShown {
		l.Dots = make([]bool, capacity)
		for i := range min(busy, capacity) {
			l.Dots[i] = true
		}
	}
	return l
}

func peopleViews(b *kitchen.Board, now time.Time, outlet string) []personView {
	var views []personView
	for _, p := range b.People {
		if !p.Active {
			continue
		}
		v := personView{
			ID: p.ID, Name: p.Name, Skills: strings.Join(p.Station, ", "), State: "off", Load: newLoad(p.Assigned+p.Started, p.MaxParallel),
			Completed: p.TasksCompleted, Efficiency: strconv.FormatFloat(p.Efficiency, 'f', 2, 64), Outlet: outlet,
		}
		switch {
		case p.OnShift:
			v.State = "work"
		case onBreakByHand(p.Person, now):
			v.State = "break"
		}
		views = append(views, v)
	}
	return views
}

// onBreakByHand tells whether somebody was sent on a break that can be ended.
func onBreakByHand(p kitchen.Person, now time.Time) bool {
	return slices.ContainsFunc(p.Hours.Taken, func(i sched.Interval) bool {
		return i.From <= sched.At(now) && sched.At(now) < i.To
	})
}

func machineViews(b *kitchen.Board, outlet string) []machineView {
	views := make([]machineView, len(b.Machines))
	for i, m := range b.Machines {
		views[i] = machineView{
			ID: m.ID, Name: m.Name, Station: m.StationName, Load: newLoad(m.Busy, m.Capacity), Up: m.Up, Reason: m.Reason, Outlet: outlet,
		}
	}
	return views
}

func figures(l *look, v boardView) figuresView {
	f := figuresView{Minutes: order.PulseMinutes, People: len(v.People)}
	for _, n := range l.Pulse.Open {
		f.Open += n
	}
	for _, st := range l.Board.Stations {
		f.Queue += st.Ready
		f.Cooking += st.Started
	}
	for _, p := range v.People {
		if p.State == "work" {
			f.AtWork++
		}
	}
	for _, m := range v.Machines {
		if !m.Up {
			f.Down++
		}
	}
	f.Bars, f.Ready = bars(l.Pulse.Ready[:])
	if l.Pulse.Typical > 0 {
		f.Typical = minutes(l.Pulse.Typical)
	}
	return f
}

// bars draws counts per minute, the present minute last.
func bars(perMinute []int) (list []barView, sum int) {
	top := max(1, slices.MaxFunc(perMinute, cmp.Compare[int]))
	for i := range perMinute {
		n := perMinute[len(perMinute)-1-i]
		height := 1 + 19*n/top
		list = append(list, barView{X: 6 * i, Y: 20 - height, Height: height, Count: n})
		sum += n
	}
	return list, sum
}
