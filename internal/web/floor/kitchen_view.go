package floor

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"brigade/internal/errs"
	"brigade/internal/kitchen"
	"brigade/internal/kitchen/sched"
	"brigade/internal/order"
	"brigade/internal/web/page"
)

const (
	nowShown    = 60 // cards of a station
	nextShown   = 24
	heldShown   = 24
	recentShown = 12
)

// say says a text in the viewer's language.
type say func(key string, args ...any) string

// ticketHead is what every card says of its order.
type ticketHead struct {
	Order                int64
	Number, Short        string
	Kind, Where, Guest   string
	Rush                 bool
	Placed, Due          time.Time
	DueText, Description string
}

// cookCard is an order at a station, with what is in hand there.
type cookCard struct {
	ticketHead
	Tasks []cookTask
	Do    string // what its one big button does: start or complete; "" = each task has its own
	IDs   string // of the tasks that it does it to
	Count int
}

// cookTask is a task in hand.
type cookTask struct {
	ID                          int64
	What, Item, Person, Machine string
	Station                     string // "" on the station's own screen
	Unit, Units, Course         int
	Again, Started              bool
	Start, Due                  time.Time
	Estimate                    time.Duration
	Line                        int
}

// Minutes is the estimate as a kitchen reads it.
func (t cookTask) Minutes() string { return minutes(t.Estimate) }

// waitCard is an order of which something waits for a station.
type waitCard struct {
	ticketHead
	List, When string // its list, and when it is expected to be begun, or fired
	Why        string // when all of it waits for the same
	Rows       []waitRow
	at         time.Time
}

// waitRow is tasks of one kind that wait for the same.
type waitRow struct {
	Count               int
	What, Item, Station string
	Why                 string
}

// doneTask is a task that was completed lately.
type doneTask struct {
	ID, Order         int64
	Short, What, Item string
	By, At            string
	Line, Unit, Step  int
	done              time.Time
}

// stationScreen is a station, or all of them.
type stationScreen struct {
	Now               []cookCard
	Next, Held        []waitCard
	Recent            []doneTask
	MoreNow, MoreNext int
	MoreHeld          int
	InHand, Waits     int
}

// newStationScreen shows what a station (0: all) has to do. It is pure.
func newStationScreen(l *kitchenLook, station int64, tell say) stationScreen {
	var v stationScreen
	for _, t := range l.Tickets {
		b := benchOf(l, t, station, tell)
		if card := b.now(); len(card.Tasks) > 0 {
			v.Now = append(v.Now, card)
			v.InHand += len(card.Tasks)
		}
		next, held := b.waiting()
		v.Waits += b.count(next)
		if len(next.Rows) > 0 {
			v.Next = append(v.Next, next)
		}
		if len(held.Rows) > 0 {
			v.Held = append(v.Held, held)
		}
		v.Recent = append(v.Recent, b.recent()...)
	}
	for _, t := range l.Made {
		v.Recent = append(v.Recent, benchOf(l, t, station, tell).recent()...)
	}
	v.settle()
	return v
}

// settle puts everything in its order and leaves out what does not fit.
func (v *stationScreen) settle() {
	slices.SortStableFunc(v.Now, func(a, b cookCard) int {
		return cmp.Or(rushFirst(a.Rush, b.Rush), a.Placed.Compare(b.Placed), cmp.Compare(a.Order, b.Order))
	})
	for _, list := range []*[]waitCard{&v.Next, &v.Held} {
		slices.SortStableFunc(*list, func(a, b waitCard) int {
			return cmp.Or(rushFirst(a.Rush, b.Rush), soonest(a.at, b.at), cmp.Compare(a.Order, b.Order))
		})
	}
	slices.SortStableFunc(v.Recent, func(a, b doneTask) int { return cmp.Or(b.done.Compare(a.done), cmp.Compare(b.ID, a.ID)) })
	v.Now, v.MoreNow = first(v.Now, nowShown)
	v.Next, v.MoreNext = first(v.Next, nextShown)
	v.Held, v.MoreHeld = first(v.Held, heldShown)
	v.Recent, _ = first(v.Recent, recentShown)
}

func first[T any](list []T, n int) (head []T, more int) {
	n = min(n, len(list))
	return list[:n], len(list) - n
}

func rushFirst(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// soonest puts what nobody knows the time of last.
func soonest(a, b time.Time) int {
	switch {
	case a.IsZero() && b.IsZero():
		return 0
	case a.IsZero():
		return 1
	case b.IsZero():
		return -1
	}
	return a.Truncate(time.Minute).Compare(b.Truncate(time.Minute)) // or cards would change places with every look
}

// bench is what of a ticket belongs to a station.
type bench struct {
	look    *kitchenLook
	ticket  kitchen.TicketView
	station int64
	tell    say
	units   map[int]int // by line
}

func benchOf(l *kitchenLook, t kitchen.TicketView, station int64, tell say) *bench {
	b := &bench{l, t, station, tell, map[int]int{}}
	for _, k := range t.TaskViews {
		b.units[k.Line] = max(b.units[k.Line], k.Unit)
	}
	return b
}

func (b *bench) here(k kitchen.TaskView) bool { return b.station == 0 || k.Task.Station == b.station }

// counter is a task's station, on the screen of all of them.
func (b *bench) counter(k kitchen.TaskView) string {
	if b.station != 0 {
		return ""
	}
	return k.Counter
}

func (b *bench) head() ticketHead {
	h := headOf(b.look.Orders[b.ticket.Order], b.tell)
	h.Order, h.Number, h.Short, h.Rush, h.Placed = b.ticket.Order, b.ticket.Number, page.ShortNumber(b.ticket.Number), b.ticket.Rush, b.ticket.CreatedAt
	h.due(b.look, b.ticket, b.tell)
	return h
}

func headOf(o order.Order, tell say) ticketHead {
	h := ticketHead{Order: o.ID, Number: o.Number, Short: page.ShortNumber(o.Number), Guest: o.CustomerName, Placed: o.PlacedAt}
	h.Kind = cmp.Or(string(o.Type), string(order.DineIn))
	switch {
	case o.ID == 0:
	case o.Type == order.DineIn && o.TableNumber > 0:
		h.Where = tell("where.table", o.TableNumber)
	default:
		h.Where = tell("where." + string(o.Type))
	}
	return h
}

// due is when the order was promised, or is wanted.
func (h *ticketHead) due(l *kitchenLook, t kitchen.TicketView, tell say) {
	switch {
	case !t.Due.IsZero():
		h.Due = t.Due
	case t.Promise != nil:
		h.Due = t.Promise.FirstP90()
	default:
		return
	}
	h.DueText = tell("card.due", l.at(h.Due))
}

// now is the card of what is in hand.
func (b *bench) now() cookCard {
	c := cookCard{ticketHead: b.head()}
	for _, k := range b.ticket.TaskViews {
		if k.InHand() && b.here(k) {
			c.Tasks = append(c.Tasks, b.task(k))
		}
	}
	slices.SortStableFunc(c.Tasks, func(x, y cookTask) int {
		return cmp.Or(rushFirst(x.Started, y.Started), x.Due.Compare(y.Due), cmp.Compare(x.ID, y.ID))
	})
	c.choose()
	return c
}

func (b *bench) task(k kitchen.TaskView) cookTask {
	t := cookTask{
		ID: k.ID, What: k.Description, Item: k.Item, Person: k.StaffName, Station: b.counter(k), Unit: k.Unit, Units: b.units[k.Line],
		Course: k.Course, Again: k.Remake > 0, Started: k.Status == kitchen.TaskStarted, Estimate: k.Estimate, Line: k.Line,
	}
	if k.OnMachine != 0 {
		t.Machine = k.MachineName
	}
	if t.Started {
		t.Start, t.Due = k.StartedAt, k.StartedAt.Add(k.Estimate)
	}
	return t
}

// choose finds what the card's one button does: start what is to be started, else complete what is begun.
func (c *cookCard) choose() {
	var ids []string
	c.Do = "complete"
	if slices.ContainsFunc(c.Tasks, func(t cookTask) bool { return !t.Started }) {
		c.Do = "start"
	}
	for _, t := range c.Tasks {
		if t.Started == (c.Do == "complete") {
			ids = append(ids, fmt.Sprint(t.ID))
		}
	}
	c.IDs, c.Count = strings.Join(ids, ","), len(ids)
}

// waiting is what nobody has begun: what comes next, and what is held.
func (b *bench) waiting() (next, held waitCard) {
	next, held = waitCard{ticketHead: b.head(), List: "next"}, waitCard{ticketHead: b.head(), List: "held"}
	for _, k := range b.ticket.TaskViews {
		if k.Status != kitchen.TaskUnassigned || !b.here(k) {
			continue
		}
		w := b.wait(k)
		card := &next
		if w.held {
			card = &held
		}
		card.add(waitRow{Count: 1, What: k.Description, Item: k.Item, Station: b.counter(k), Why: w.why})
		if soonest(w.at, card.at) < 0 || card.at.IsZero() {
			card.at, card.When = w.at, w.when
		}
	}
	next.gather()
	held.gather()
	return next, held
}

// gather says once what all rows wait for.
func (c *waitCard) gather() {
	if len(c.Rows) == 0 || slices.ContainsFunc(c.Rows, func(r waitRow) bool { return r.Why != c.Rows[0].Why }) {
		return
	}
	c.Why = c.Rows[0].Why
	for i := range c.Rows {
		c.Rows[i].Why = ""
	}
}

func (c *waitCard) add(r waitRow) {
	for i := range c.Rows {
		if x := &c.Rows[i]; x.What == r.What && x.Item == r.Item && x.Why == r.Why && x.Station == r.Station {
			x.Count++
			return
		}
	}
	c.Rows = append(c.Rows, r)
}

func (b *bench) count(c waitCard) (n int) {
	for _, r := range c.Rows {
		n += r.Count
	}
	return n
}

// wait is why a task is not begun, and until when.
type wait struct {
	held      bool
	why, when string
	at        time.Time
}

func (b *bench) wait(k kitchen.TaskView) wait {
	begin := b.look.Begins[k.ID]
	queued := b.look.Waiting[k.ID]
	course := b.ticket.HeldCourse(&k.Task)
	switch {
	case course != nil:
		return b.heldCourse(course)
	case k.PendingDeps > 0:
		return wait{why: b.after(k), when: b.look.at(begin.At), at: begin.At}
	case queued != nil && queued.Until.After(b.look.Now):
		return wait{held: true, why: b.tell("why.company"), when: b.until(queued.Until), at: queued.Until}
	case begin.Held && begin.At.After(b.look.Now):
		return wait{held: true, why: b.tell("why.together"), when: b.until(begin.At), at: begin.At}
	case queued != nil:
		return wait{why: b.tell(reasonText(queued.For)), when: b.look.at(begin.At), at: begin.At}
	}
	return wait{why: b.tell("why.soon"), when: b.look.at(begin.At), at: begin.At}
}

func (b *bench) until(at time.Time) string { return b.tell("when.until", b.look.at(at)) }

func (b *bench) heldCourse(c *kitchen.Course) wait {
	w := wait{held: true, at: c.FireAt, why: b.tell("why.hand", errs.Word(c.Reason)), when: b.tell("when.fire")}
	if c.Auto {
		w.why, w.when = b.tell("why.course"), ""
	}
	if !c.FireAt.IsZero() {
		w.when = b.until(c.FireAt)
	}
	return w
}

// after names what a task waits for.
func (b *bench) after(k kitchen.TaskView) string {
	var names []string
	for _, id := range k.DependsOn {
		if dep := b.ticket.Task(id); dep != nil && dep.Status != kitchen.TaskCompleted && dep.Status != kitchen.TaskCancelled {
			names = append(names, dep.Description)
		}
	}
	slices.Sort(names)
	return b.tell("why.after", strings.Join(slices.Compact(names), ", "))
}

// reasonText is the text for what a ready task waits for.
func reasonText(r sched.Reason) string {
	switch r {
	case sched.StationFull:
		return "why.station"
	case sched.MachineFull:
		return "why.machine"
	case sched.MachineDown:
		return "why.machine_down"
	case sched.NobodySkilled:
		return "why.nobody"
	case sched.AllOff:
		return "why.off"
	case sched.StaffAtLimit:
		return "why.staff"
	case sched.HeldBack:
		return "why.together"
	case sched.Assignable:
		return "why.soon"
	default:
		return "why.unknown"
	}
}

// recent lists what was completed a moment ago and can be taken back.
func (b *bench) recent() (list []doneTask) {
	for _, k := range b.ticket.TaskViews {
		if k.Status != kitchen.TaskCompleted || !b.here(k) || b.look.Now.Sub(k.CompletedAt) > kitchen.UndoWithin {
			continue
		}
		list = append(list, doneTask{
			ID: k.ID, Order: b.ticket.Order, Short: page.ShortNumber(b.ticket.Number), What: k.Description, Item: k.Item, By: k.CompletedBy,
			At: b.look.at(k.CompletedAt), Line: k.Line, Unit: k.Unit, Step: k.Step, done: k.CompletedAt,
		})
	}
	return list
}
