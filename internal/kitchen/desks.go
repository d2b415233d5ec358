package kitchen

import (
	"context"
	"log/slog"
	"slices"

	"brigade/internal/clock"
)

// Desks are the desks of one process. Each kitchen has its desk, always the same one: so one desk decides while the round
// of another is being written, and what belongs to a kitchen – its floor, its fence, its journal – belongs to one loop.
type Desks struct {
	all   []*Desk
	index *Index
}

// NewDesks returns n desks that own no kitchen yet. Run starts them.
func NewDesks(n int, store Store, clk clock.Clock, settings Settings, log *slog.Logger, obs Observer) *Desks {
	s := &Desks{index: NewIndex()}
	for range max(1, n) {
		d := newDesk(store, clk, settings, log, obs)
		d.index, d.home, d.beside = s.index, s.of, max(1, n)
		s.all = append(s.all, d)
	}
	return s
}

// of is the desk of an outlet.
func (s *Desks) of(outlet int64) *Desk { return s.all[uint64(outlet)%uint64(len(s.all))] }

// share divides a list by desks; what is said of each is in the order of the list.
func share[T any](s *Desks, list []T, outlet func(T) int64, say func(*Desk, []T)) {
	for _, d := range s.all {
		mine := slices.DeleteFunc(slices.Clone(list), func(x T) bool { return s.of(outlet(x)) != d })
		if len(mine) > 0 {
			say(d, mine)
		}
	}
}

func itself(outlet int64) int64 { return outlet }

// Opened tells of tickets that were just committed here. Kitchens of other owners are ignored.
func (s *Desks) Opened(tickets []*Ticket) {
	share(s, tickets, func(t *Ticket) int64 { return t.Outlet }, (*Desk).opened)
}

// Changed tells of orders of an outlet that another node changed.
func (s *Desks) Changed(outlet int64, orders []int64) { s.of(outlet).changed(orders) }

// Relaid tells that an outlet's stations, machines or staff are not what they were.
func (s *Desks) Relaid(outlet int64) { s.of(outlet).relaid(outlet) }

// Reread tells that changes were missed: all kitchens are read again.
func (s *Desks) Reread() {
	for _, d := range s.all {
		d.reread()
	}
}

// Own tells which kitchens this node decides for from now on.
func (s *Desks) Own(gained []Fence, lost []int64) {
	share(s, lost, itself, func(d *Desk, lost []int64) { d.own(nil, lost) })
	share(s, gained, func(f Fence) int64 { return f.Outlet }, func(d *Desk, gained []Fence) { d.own(gained, nil) })
}

// Start begins a task. Errors: KindNotFound, KindConflict, KindUnavailable (nothing was written), KindUnknown.
func (s *Desks) Start(ctx context.Context, tenant, task int64) (Task, error) {
	return s.do(ctx, &command{kind: cmdStart, tenant: tenant, task: task})
}

// Complete ends a task. Errors as Start.
func (s *Desks) Complete(ctx context.Context, tenant, task int64) (Task, error) {
	return s.do(ctx, &command{kind: cmdComplete, tenant: tenant, task: task})
}

// RunOnce returns the first task that the last round, the one under way or the next one assigns in a kitchen, and tells
// of it once; a zero Task when nothing could be assigned or the kitchen has another owner.
func (s *Desks) RunOnce(ctx context.Context, outlet int64) (Task, error) {
	d := s.of(outlet)
	return d.do(ctx, &command{kind: cmdRunOnce, outlet: outlet, round: d.round.Load()})
}

// changeTask works on a task as do says. Errors: KindNotFound, those of do, KindUnavailable (nothing was written), KindUnknown.
func (s *Desks) changeTask(ctx context.Context, tenant, task int64, do func(*change) error) (Task, error) {
	return s.do(ctx, &command{kind: cmdChange, tenant: tenant, task: task, change: do})
}

// changeOrder works on an order's ticket as do says, which may make so many tasks. do may be called more than once.
// Errors as changeTask.
func (s *Desks) changeOrder(ctx context.Context, tenant, order int64, ids int, do func(*change) error) error {
	_, err := s.do(ctx, &command{kind: cmdChange, tenant: tenant, order: order, ids: ids, change: do})
	return err
}

// do sends a command to the desk of its kitchen. When nobody has its ticket on a floor any desk reads it, and passes the
// command on.
func (s *Desks) do(ctx context.Context, c *command) (Task, error) {
	if t := s.index.of(c); t != nil {
		return s.of(t.Outlet).do(ctx, c)
	}
	return s.of(c.task+c.order).do(ctx, c)
}

// Run works until Stop is called or ctx ends; after Stop it does nothing.
func (s *Desks) Run(ctx context.Context) {
	for _, d := range s.all {
		d.run(ctx)
	}
}

// Stop finishes the rounds under way, refuses what waits, and returns. Stopping twice, or before Run, is fine.
func (s *Desks) Stop() {
	for _, d := range s.all {
		d.stopRounds()
	}
}

// Queues returns the ready queues of those of some kitchens that this node decides for and has read; nil asks for all of
// them. It waits for the rounds under way. Errors: ctx's; KindUnavailable once the desks have stopped.
func (s *Desks) Queues(ctx context.Context, outlets []int64) (all []Queue, err error) {
	for _, d := range s.all {
		var mine []int64
		if outlets != nil {
			mine = slices.DeleteFunc(slices.Clone(outlets), func(o int64) bool { return s.of(o) != d })
			if len(mine) == 0 {
				continue
			}
		}
		queues, err := d.queues(ctx, mine)
		if err != nil {
			return nil, err
		}
		all = append(all, queues...)
	}
	return all, nil
}

// QuotesAtHand works out what a kitchen says of orders that come in together, when this node decides for it, is not
// deciding just now, and can say so at once; nil else.
func (s *Desks) QuotesAtHand(outlet int64, work []Work) []Quote {
	return s.of(outlet).quotesAtHand(outlet, work)
}

// quotes is QuotesAtHand that waits for its turn and for which no kitchen is too busy; ok is false when another node
// decides for it.
func (s *Desks) quotes(outlet int64, work []Work) (list []Quote, ok bool) {
	return s.of(outlet).quotes(outlet, work)
}

// admission returns the limits of a kitchen that this node decides for.
func (s *Desks) admission(outlet int64) (a *Admission, ok bool) {
	return s.of(outlet).admission(outlet)
}

// passOn gives commands to the desks of their kitchens.
func (d *Desk) passOn(r *round) {
	r.commands = slices.DeleteFunc(r.commands, func(m message) bool {
		t := d.located(r, m.command)
		if t == nil || d.home(t.Outlet) == d {
			return false
		}
		if err := d.home(t.Outlet).send(m); err != nil {
			m.command.err = err
			close(m.command.done)
		}
		return true
	})
}

// located is the ticket of a command, as far as it is known; of another desk's only its outlet may be read.
func (d *Desk) located(r *round, c *command) *Ticket {
	if c.kind == cmdRunOnce {
		return nil
	}
	if t := d.index.of(c); t != nil {
		return t
	}
	if c.task != 0 {
		return r.loose[c.task]
	}
	return r.orders[c.order]
}
