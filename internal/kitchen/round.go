package kitchen

import (
	"context"
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"brigade/internal/errs"
	"brigade/internal/kitchen/sched"
)

// roundTimeout bounds one round's dealings with Postgres.
const roundTimeout = 20 * time.Second

// maxTries is how often a command is tried again after it was overtaken.
const maxTries = 5

// round is one turn of the desk's loop.
type round struct {
	now      time.Time
	journals map[int64]*Journal // by outlet
	undone   map[int64]bool     // outlets whose journal was not written
	commands []message          // to be answered at the end
	touched  map[int64]bool
	loose    map[int64]*Ticket // by task: tickets of kitchens that others own, or closed ones
	orders   map[int64]*Ticket // the same by order
	borrowed map[int64]*Floor  // by outlet: of other owners' kitchens, for this round
	ids      []int64           // for new tasks
	assigned map[int64]int64   // outlet → first task assigned
}

func (d *Desk) runRound(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, roundTimeout)
	defer cancel()
	d.floorsMu.Lock()
	defer d.floorsMu.Unlock()
	in := d.take()
	if len(in) > 0 { // being woken for nothing is no round that anybody waits for
		d.round.Add(1)
	}
	r := &round{
		now: d.clock.Now().Truncate(time.Microsecond), journals: map[int64]*Journal{}, undone: map[int64]bool{},
		touched: map[int64]bool{}, loose: map[int64]*Ticket{}, orders: map[int64]*Ticket{}, borrowed: map[int64]*Floor{},
		assigned: map[int64]int64{},
	}
	d.settleOwners(in)
	d.load(ctx, r)
	d.hear(ctx, r, in)
	d.obey(ctx, r)
	for _, outlet := range d.due(r.now) {
		f := d.floors[outlet]
		f.Due(r.on(f.Layout), r.now)
		r.touched[outlet] = true
	}
	d.plan(r)
	d.foresee(r)
	d.conclude(ctx, r)
}

// journal is what this round did in a kitchen.
func (r *round) journal(outlet int64) *Journal {
	j := r.journals[outlet]
	if j == nil {
		j = NewJournal(nil)
		r.journals[outlet] = j
	}
	return j
}

// on is the journal of a kitchen, in which things are called as in its set-up.
func (r *round) on(l *Layout) *Journal {
	j := r.journal(l.Outlet)
	j.SetNames(l)
	return j
}

// settleOwners takes notice of kitchens gained and lost.
func (d *Desk) settleOwners(in []message) {
	for _, m := range in {
		for _, outlet := range m.lost {
			delete(d.owned, outlet)
			d.drop(outlet)
			delete(d.loading, outlet)
			delete(d.ill, outlet)
		}
		for _, f := range m.gained {
			d.owned[f.Outlet] = f.Token
			d.reload(f.Outlet)
		}
		if m.reread {
			for outlet := range d.owned {
				d.reload(outlet)
			}
		}
	}
}

func (d *Desk) drop(outlet int64) {
	if f := d.floors[outlet]; f != nil {
		f.Close()
	}
	delete(d.floors, outlet)
	d.limits.Delete(outlet)
	delete(d.next, outlet)
	delete(d.firsts, outlet)
}

// reload forgets a floor; it is read again from Postgres, which is the truth.
func (d *Desk) reload(outlet int64) {
	d.drop(outlet)
	if _, ours := d.owned[outlet]; ours {
		d.loading[outlet] = true
	}
}

// load reads the floors that are missing. When Postgres is away they stay missing until the next try.
func (d *Desk) load(ctx context.Context, r *round) {
	outlets := d.toLoad()
	if len(outlets) == 0 {
		return
	}
	layouts, err := d.store.Layouts(ctx, outlets)
	if err != nil {
		d.log.WarnContext(ctx, "kitchens cannot be read", "action", "kitchen_load_failed", "kitchens", len(outlets), "error", err)
		return
	}
	tickets, err := d.store.OpenTickets(ctx, outlets)
	if err != nil {
		d.log.WarnContext(ctx, "tickets cannot be read", "action", "kitchen_load_failed", "kitchens", len(outlets), "error", err)
		return
	}
	byOutlet := map[int64][]*Ticket{}
	for _, t := range tickets {
		byOutlet[t.Outlet] = append(byOutlet[t.Outlet], t)
	}
	for _, l := range layouts {
		d.floors[l.Outlet] = NewFloor(l, d.settings, byOutlet[l.Outlet], r.now, d.index)
		d.limits.Store(l.Outlet, l.Admission)
		r.touched[l.Outlet] = true
	}
	for _, outlet := range outlets {
		delete(d.loading, outlet)
	}
}

// hear takes in what others did: new tickets, changed ones, changed kitchens.
func (d *Desk) hear(ctx context.Context, r *round, in []message) {
	var changed, relaid []int64
	for _, m := range in {
		for _, t := range m.opened {
			if f := d.floors[t.Outlet]; f != nil {
				f.Open(t)
				r.touched[t.Outlet] = true
			}
		}
		changed = append(changed, m.changed...)
		if m.relaid != 0 {
			relaid = append(relaid, m.relaid)
			delete(d.layouts, m.relaid)
		}
		if m.command != nil {
			r.commands = append(r.commands, m)
		}
	}
	d.refresh(ctx, r, changed)
	d.relay(ctx, r, relaid)
}

// refresh reads tickets again that another node changed.
func (d *Desk) refresh(ctx context.Context, r *round, orders []int64) {
	if len(orders) == 0 || len(d.floors) == 0 {
		return
	}
	slices.Sort(orders)
	tickets, err := d.store.Tickets(ctx, slices.Compact(orders))
	if err != nil { // we no longer know: read the whole kitchens again
		for outlet := range d.owned {
			d.reload(outlet)
		}
		return
	}
	for _, t := range tickets {
		if f := d.floors[t.Outlet]; f != nil {
			f.Open(t)
			r.touched[t.Outlet] = true
		}
	}
}

// relay takes over changed set-ups.
func (d *Desk) relay(ctx context.Context, r *round, outlets []int64) {
	outlets = slices.DeleteFunc(outlets, func(o int64) bool { return d.floors[o] == nil })
	if len(outlets) == 0 {
		return
	}
	layouts, err := d.store.Layouts(ctx, outlets)
	if err != nil {
		for _, o := range outlets {
			d.reload(o)
		}
		return
	}
	for _, l := range layouts {
		d.floors[l.Outlet].Relayout(r.on(l), l, r.now)
		d.limits.Store(l.Outlet, l.Admission)
		r.touched[l.Outlet] = true
	}
}

// obey carries out the commands in memory.
func (d *Desk) obey(ctx context.Context, r *round) {
	if len(r.commands) == 0 {
		return
	}
	d.passOn(r)
	fetchErr := d.fetch(ctx, r)
	d.passOn(r)
	r.commands = slices.DeleteFunc(r.commands, func(m message) bool { return d.postponed(m, d.obeyOne(r, m.command, fetchErr)) })
}

// postponed puts a command off that a floor has refused: another node may have changed the ticket and our memory not
// have heard of it yet. The next round reads the ticket again first.
func (d *Desk) postponed(m message, t *Ticket) bool {
	if t == nil || m.sure || !errs.Is(m.command.err, errs.KindConflict) {
		return false
	}
	m.sure, m.changed = true, []int64{t.Order}
	return d.send(m) == nil
}

// obeyOne carries out one command and returns the ticket of ours that it was about; nil when it is none.
func (d *Desk) obeyOne(r *round, c *command, fetchErr error) *Ticket {
	if c.kind == cmdRunOnce {
		return nil
	}
	c.result, c.err = Task{}, nil
	t, f := d.find(c)
	ours := t
	if t == nil {
		t, f = d.findElsewhere(r, c)
	}
	switch {
	case fetchErr != nil && (ours == nil || c.ids > 0):
		c.err = fetchErr
	case f != nil:
		c.outlet = t.Outlet
		r.obeyTapped(c, t.Outlet, func() { d.obeyOnFloor(r, f, t, c) })
		r.keep(t)
	case t != nil:
		c.outlet = t.Outlet
		r.obeyTapped(c, t.Outlet, func() { d.obeyLoose(r, t, c) })
	default:
		c.err = c.unknown()
	}
	return ours
}

func (c *command) unknown() error {
	if c.task == 0 {
		return errs.NotFound("no order %d", c.order)
	}
	return errs.NotFound("no task %d", c.task)
}

// find looks for a command's ticket on our floors.
func (d *Desk) find(c *command) (*Ticket, *Floor) {
	if t := d.index.of(c); t != nil && d.home(t.Outlet) == d {
		return t, d.floors[t.Outlet]
	}
	return nil, nil
}

// findElsewhere looks for it among those that were read for this round. Without a floor the ticket is changed alone.
func (d *Desk) findElsewhere(r *round, c *command) (*Ticket, *Floor) {
	t := r.loose[c.task]
	if c.task == 0 {
		t = r.orders[c.order]
	}
	if t == nil {
		return nil, nil
	}
	f := r.borrowed[t.Outlet]
	switch {
	case f != nil && f.tickets[t.Order] != nil:
		return f.tickets[t.Order], f
	case c.kind != cmdChange:
		return t, nil
	case f == nil: // closed: the change may open it again
		f = d.floors[t.Outlet]
	}
	return t, f
}

// keep remembers a ticket that is on no floor of ours, so that all commands of the round find the same one.
func (r *round) keep(t *Ticket) {
	if t.Closed() {
		r.remember(t)
	}
}

func (r *round) remember(t *Ticket) {
	r.orders[t.Order] = t
	for _, task := range t.Tasks {
		r.loose[task.ID] = t
	}
}

func (d *Desk) obeyOnFloor(r *round, f *Floor, ticket *Ticket, c *command) {
	if f.Layout.Tenant != c.tenant {
		c.err = c.unknown()
		return
	}
	j := r.on(f.Layout)
	r.touched[f.Layout.Outlet] = true
	t := ticket.Task(c.task)
	switch c.kind {
	case cmdStart:
		t, _, c.err = f.Start(j, c.task, r.now)
	case cmdChange:
		c.order = ticket.Order
		c.err = c.change(&change{floor: f, j: j, ticket: ticket, task: t, now: r.now, ids: r.nextID})
	default:
		t, _, c.err = f.Complete(j, c.task, r.now, byAssigned)
	}
	if t != nil {
		c.result = *t
	}
}

// nextID gives a new task its id; as many were read as the commands said.
func (r *round) nextID() int64 {
	id := r.ids[0]
	r.ids = r.ids[1:]
	return id
}

// obeyLoose changes a ticket that is on none of our floors; its kitchen's owner hears of it by the event.
func (d *Desk) obeyLoose(r *round, ticket *Ticket, c *command) {
	l := d.layouts[ticket.Outlet]
	if f := d.floors[ticket.Outlet]; f != nil {
		l = f.Layout
	}
	if ticket.Tenant != c.tenant || l == nil {
		c.err = errs.NotFound("no task %d", c.task)
		return
	}
	j := r.on(l)
	t := ticket.Task(c.task)
	switch c.kind {
	case cmdStart:
		_, c.err = j.start(ticket, t, r.now, d.settings.autoCompleteAt(t, r.now))
	default:
		_, _, c.err = j.complete(ticket, t, r.now, byAssigned)
	}
	c.result = *t
}

// plan lets every touched kitchen assign what it can. Deciding takes most of a round's time: kitchens do it side by side.
func (d *Desk) plan(r *round) {
	var floors []*Floor
	for _, outlet := range slices.Sorted(maps.Keys(r.touched)) {
		if f := d.floors[outlet]; f != nil && f.Dirty() {
			f.prepare(r.on(f.Layout), r.now)
			floors = append(floors, f)
		}
	}
	decided := make([][]sched.Assignment, len(floors))
	sideBySide(len(floors), func(i int) {
		floors[i].plan.Hasten(len(floors) * d.beside / unhurried)
		decided[i] = floors[i].decide(r.now)
	})
	for i, f := range floors {
		j := r.on(f.Layout)
		before := len(j.Decisions)
		if f.assign(j, decided[i], r.now) > 0 {
			r.assigned[f.Layout.Outlet] = j.Decisions[before].Task
		}
	}
}

// unhurried is for how many kitchens a node decides in one round with all the thoroughness that their aims allow.
const unhurried = 2

// sideBySide calls do with 0 to n-1, on all processors, and returns when all is done.
func sideBySide(n int, do func(int)) {
	var next atomic.Int64
	var others sync.WaitGroup
	work := func() {
		for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
			do(i)
		}
	}
	for range min(n, runtime.GOMAXPROCS(0)) - 1 {
		others.Go(work)
	}
	work()
	others.Wait()
}
