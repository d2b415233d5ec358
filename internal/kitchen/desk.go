package kitchen

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"brigade/internal/clock"
	"brigade/internal/errs"
)

// Fence is the right to decide for a kitchen, as proved to the database with every commit.
type Fence struct {
	Outlet int64
	Token  int64
}

// ErrOvertaken is returned by Store.Commit when somebody else changed a ticket or task since it was read.
var ErrOvertaken = errors.New("overtaken by another change")

// NotOwnerError is returned by Store.Commit when kitchens have another owner by now.
type NotOwnerError struct{ Outlets []int64 }

func (e *NotOwnerError) Error() string {
	return fmt.Sprintf("kitchens %v have another owner", e.Outlets)
}

// RefusedError is returned by Store.Commit when an order does not allow what was done to its ticket: it was handed over,
// or cancelled.
type RefusedError struct {
	Order int64
	Err   error // what its client is told
}

func (e *RefusedError) Error() string { return fmt.Sprintf("order %d refuses: %v", e.Order, e.Err) }

func (e *RefusedError) Unwrap() error { return e.Err }

// Store is what the desk needs of Postgres.
type Store interface {
	// Layouts returns the set-up of outlets; those that do not exist are missing from the answer.
	Layouts(ctx context.Context, outlets []int64) ([]*Layout, error)
	// OpenTickets returns the open tickets of outlets, by order, with their tasks.
	OpenTickets(ctx context.Context, outlets []int64) ([]*Ticket, error)
	// TicketsOfTasks returns the tickets, open or closed, that hold any of the tasks.
	TicketsOfTasks(ctx context.Context, tasks []int64) ([]*Ticket, error)
	// Tickets returns tickets by order, open or closed.
	Tickets(ctx context.Context, orders []int64) ([]*Ticket, error)
	// TaskIDs returns ids for n new tasks.
	TaskIDs(ctx context.Context, n int) ([]int64, error)
	// Commit writes a journal in one transaction. Errors: ErrOvertaken, *NotOwnerError, *RefusedError and *TappedError
	// (nothing was written), errs kinds.
	Commit(ctx context.Context, j *Journal, fences []Fence) error
}

// Observer hears what the desk does, for metrics. All methods must be quick.
type Observer interface {
	Committed(changes int, took time.Duration)
	Assigned(waited time.Duration)
	Queued(outlet int64, ready int)
}

// Desk decides for its share of the kitchens that this node owns, and writes changes to tasks of any kitchen.
// One goroutine takes what has come in, changes the floors, plans, commits everything in one transaction and answers.
// What arrives meanwhile is the next round: the busier it is, the larger the rounds.
type Desk struct {
	store    Store
	clock    clock.Clock
	settings Settings
	log      *slog.Logger
	observer Observer

	mu     sync.Mutex
	inbox  []message
	asks   []ask // who wants to see queues
	closed bool
	wake   chan struct{}
	done   chan struct{}
	stop   context.CancelFunc
	round  atomic.Int64

	index  *Index            // of all desks of the process
	home   func(int64) *Desk // which of them decides for an outlet
	beside int               // how many there are

	floorsMu sync.Mutex // held by the loop but while it sleeps or commits; see Quotes
	limits   sync.Map   // outlet → *Admission of each floor: every order asks for it, and must not wait for the loop

	// The rest belongs to the loop.
	owned   map[int64]int64 // outlet → fence
	floors  map[int64]*Floor
	loading map[int64]bool // owned, but the floor must be (re)read first
	ill     map[int64]*illness
	agenda  agenda
	next    map[int64]time.Time // the earliest agenda entry of an outlet
	layouts map[int64]*Layout   // of kitchens owned by others, to name things
	firsts  map[int64]first
}

// first is the first task that a round assigned in a kitchen.
type first struct{ round, task int64 }

// newDesk returns a desk that owns no kitchen yet. Run starts it.
func newDesk(store Store, clk clock.Clock, settings Settings, log *slog.Logger, obs Observer) *Desk {
	return &Desk{
		store: store, clock: clk, settings: settings, log: log, observer: obs,
		wake: make(chan struct{}, 1), done: make(chan struct{}),
		owned: map[int64]int64{}, floors: map[int64]*Floor{}, loading: map[int64]bool{}, ill: map[int64]*illness{},
		next: map[int64]time.Time{}, layouts: map[int64]*Layout{}, firsts: map[int64]first{},
	}
}

// message is one thing the loop is told.
type message struct {
	gained  []Fence
	lost    []int64
	opened  []*Ticket
	changed []int64 // orders of owned kitchens that somebody else changed
	relaid  int64   // an outlet whose set-up changed
	reread  bool    // nobody knows what changed: read every kitchen again
	command *command
	tries   int
	sure    bool // the command's ticket was read again since it was refused
}

// command is a change somebody waits for.
type command struct {
	kind   commandKind
	tenant int64
	task   int64
	order  int64               // of a change without a task; filled in for one with a task
	outlet int64               // of runOnce; of others once it is known
	round  int64               // the round that was under way when the command came
	change func(*change) error // of a change
	ids    int                 // of new tasks, that a change may need
	tap    *Tapped             // what was tapped for it, to be written with it; nil: nothing
	result Task
	err    error
	done   chan struct{}
}

type commandKind uint8

const (
	cmdStart commandKind = iota
	cmdComplete
	cmdRunOnce
	cmdChange
)

// maxInbox is how many messages may wait before commands are refused.
const maxInbox = 20_000

func (d *Desk) send(m message) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.closed:
		return errs.Unavailable("shutting down: nothing was written")
	case m.command != nil && len(d.inbox) >= maxInbox:
		return errs.Unavailable("too many requests wait: nothing was written")
	}
	d.inbox = append(d.inbox, m)
	select {
	case d.wake <- struct{}{}:
	default:
	}
	return nil
}

func (d *Desk) opened(tickets []*Ticket) { _ = d.send(message{opened: tickets}) }

func (d *Desk) changed(orders []int64) { _ = d.send(message{changed: orders}) }

func (d *Desk) relaid(outlet int64) { _ = d.send(message{relaid: outlet}) }

func (d *Desk) reread() { _ = d.send(message{reread: true}) }

func (d *Desk) own(gained []Fence, lost []int64) { _ = d.send(message{gained: gained, lost: lost}) }

// do waits for the outcome: once a command is with the loop it may be written at any moment, so that an answer
// before its round has ended would be a guess. Rounds are bounded in time.
func (d *Desk) do(ctx context.Context, c *command) (Task, error) {
	if err := ctx.Err(); err != nil {
		return Task{}, errs.Unavailable("the request ended before it was written").Because(err)
	}
	c.done, c.tap = make(chan struct{}), tapOf(ctx)
	if err := d.send(message{command: c}); err != nil {
		return Task{}, err
	}
	<-c.done
	return c.result, c.err
}

// run works until stopRounds is called or ctx ends; after that it does nothing.
func (d *Desk) run(ctx context.Context) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return
	}
	ctx, d.stop = context.WithCancel(ctx)
	go d.loop(ctx)
}

// stopRounds finishes the round under way, refuses what waits, and returns.
func (d *Desk) stopRounds() {
	d.mu.Lock()
	d.closed = true
	stop := d.stop
	d.mu.Unlock()
	if stop == nil {
		d.refuse()
		return
	}
	stop()
	<-d.done
}

func (d *Desk) loop(ctx context.Context) {
	defer close(d.done)
	defer d.refuse()
	for {
		d.sleep(ctx)
		if ctx.Err() != nil {
			return
		}
		d.runRound(context.WithoutCancel(ctx))
		d.floorsMu.Lock()
		d.showQueues()
		d.floorsMu.Unlock()
	}
}

// sleep waits for a message, the next due time, or a second try at loading.
func (d *Desk) sleep(ctx context.Context) {
	var due <-chan time.Time
	stop := func() {}
	if at, ok := d.agenda.next(); ok {
		due, stop = d.clock.After(max(0, at.Sub(d.clock.Now())))
	}
	defer stop()
	var retry <-chan time.Time
	if len(d.loading) > 0 {
		t := time.NewTimer(200 * time.Millisecond)
		defer t.Stop()
		retry = t.C
	}
	select {
	case <-ctx.Done():
	case <-d.wake:
	case <-due:
	case <-retry:
	}
}

func (d *Desk) take() []message {
	d.mu.Lock()
	defer d.mu.Unlock()
	in := d.inbox
	d.inbox = nil
	return in
}

// refuse closes the desk and answers what waits.
func (d *Desk) refuse() {
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	for _, m := range d.take() {
		if m.command != nil {
			m.command.err = errs.Unavailable("shutting down: nothing was written")
			close(m.command.done)
		}
	}
}

// agenda holds when floors want to be looked at; entries may be void by then.
type agenda []entry

type entry struct {
	at     time.Time
	outlet int64
}

func (a agenda) Len() int           { return len(a) }
func (a agenda) Less(i, k int) bool { return a[i].at.Before(a[k].at) }
func (a agenda) Swap(i, k int)      { a[i], a[k] = a[k], a[i] }
func (a *agenda) Push(x any)        { *a = append(*a, x.(entry)) }
func (a *agenda) Pop() any {
	old := *a
	x := old[len(old)-1]
	*a = old[:len(old)-1]
	return x
}

func (a agenda) next() (time.Time, bool) {
	if len(a) == 0 {
		return time.Time{}, false
	}
	return a[0].at, true
}

// remind puts a floor's next due time on the agenda, unless an earlier one stands there.
func (d *Desk) remind(outlet int64, now time.Time) {
	at := d.floors[outlet].NextDue(now)
	if at.IsZero() {
		return
	}
	if old, ok := d.next[outlet]; ok && !at.Before(old) {
		return
	}
	d.next[outlet] = at
	heap.Push(&d.agenda, entry{at, outlet})
}

// due returns the outlets whose time has come.
func (d *Desk) due(now time.Time) (outlets []int64) {
	for len(d.agenda) > 0 && !d.agenda[0].at.After(now) {
		e := heap.Pop(&d.agenda).(entry)
		if d.next[e.outlet].Equal(e.at) {
			delete(d.next, e.outlet)
		}
		if d.floors[e.outlet] != nil {
			outlets = append(outlets, e.outlet)
		}
	}
	return outlets
}
