package kitchen

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"brigade/internal/actor"
	"brigade/internal/errs"
)

// foresee makes and renews the promises of the kitchens that something happened in, side by side.
func (d *Desk) foresee(r *round) {
	var floors []*Floor
	for _, outlet := range slices.Sorted(maps.Keys(r.touched)) {
		if f := d.floors[outlet]; f != nil && f.settings.Promises && f.wantsALook(r.now) {
			floors = append(floors, f)
		}
	}
	notes := make([]*Journal, len(floors))
	sideBySide(len(floors), func(i int) {
		notes[i] = NewJournal(floors[i].Layout)
		floors[i].Foresee(notes[i], r.now)
	})
	for i, n := range notes {
		r.journal(floors[i].Layout.Outlet).Merge(n)
	}
}

// atHand is the largest number of open orders of a kitchen for which new ones are promised a time while they are being
// written. Of a busier one the owner says it right after, for many at once.
const atHand = 60

// askAtMost is how often, in product time, new orders of a kitchen are promised a time while they are being written: no
// kitchen gets more orders for long, but a burst of them should not wait for quotes.
const askAtMost = 250 * time.Millisecond

func (d *Desk) quotesAtHand(outlet int64, work []Work) []Quote {
	if !d.settings.Promises || !d.floorsMu.TryLock() {
		return nil
	}
	defer d.floorsMu.Unlock()
	f := d.floors[outlet]
	now := d.clock.Now().Truncate(time.Microsecond)
	if f == nil || len(f.tickets) > atHand || now.Sub(f.sight.asked) < askAtMost {
		return nil
	}
	f.sight.asked = now
	return f.Quotes(work, now, d.coming(outlet)...)
}

// coming lists tickets of a kitchen that wait for the next round.
func (d *Desk) coming(outlet int64) (tickets []*Ticket) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, m := range d.inbox {
		for _, t := range m.opened {
			if t.Outlet == outlet {
				tickets = append(tickets, t)
			}
		}
	}
	return tickets
}

func (d *Desk) quotes(outlet int64, work []Work) (list []Quote, ok bool) {
	d.floorsMu.Lock()
	defer d.floorsMu.Unlock()
	f := d.floors[outlet]
	if f == nil {
		return nil, false
	}
	return f.Quotes(work, d.clock.Now().Truncate(time.Microsecond), d.coming(outlet)...), true
}

func (d *Desk) admission(outlet int64) (a *Admission, ok bool) {
	limits, ok := d.limits.Load(outlet)
	if !ok {
		return nil, false
	}
	return limits.(*Admission), true
}

// copies are the kitchens of other owners as they were read a moment ago, in real time.
type copies struct {
	mu     sync.Mutex
	floors map[int64]*copied
}

type copied struct {
	mu     sync.Mutex
	layout *Layout
	read   time.Time // when the layout was
	floor  *Floor
	opened time.Time // when the floor was
}

// How long a copy holds: that of the open work, and that of the set-up.
const (
	copyHolds   = time.Second
	layoutHolds = 2 * time.Second
)

func (c *copies) of(outlet int64) *copied {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.floors == nil {
		c.floors = map[int64]*copied{}
	}
	if c.floors[outlet] == nil {
		c.floors[outlet] = &copied{}
	}
	return c.floors[outlet]
}

// Quote tells when a kitchen would have some work ready that came in now, by its live plan or, when another node decides
// for it, by what that had written a second ago. It changes nothing. Errors: KindNotFound, those of Postgres.
func (s *Service) Quote(ctx context.Context, w Work) (Quote, error) {
	if list, ok := s.desk.quotes(w.Outlet, []Work{w}); ok {
		return list[0], nil
	}
	c := s.copies.of(w.Outlet)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := s.copyFloor(ctx, c, w.Outlet); err != nil {
		return Quote{}, err
	}
	return c.floor.Quotes([]Work{w}, s.clock.Now().Truncate(time.Microsecond))[0], nil
}

func (s *Service) copyFloor(ctx context.Context, c *copied, outlet int64) error {
	if c.floor != nil && time.Since(c.opened) < copyHolds {
		return nil
	}
	if err := s.copyLayout(ctx, c, outlet); err != nil {
		return err
	}
	tickets, err := s.repo.OpenTickets(ctx, []int64{outlet})
	if err == nil {
		c.floor, c.opened = NewFloor(c.layout, s.settings, tickets, s.clock.Now(), NewIndex()), time.Now()
	}
	return err
}

func (s *Service) copyLayout(ctx context.Context, c *copied, outlet int64) error {
	if c.layout != nil && time.Since(c.read) < layoutHolds {
		return nil
	}
	list, err := s.repo.Layouts(ctx, []int64{outlet})
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return errs.NotFound("no such outlet")
	}
	c.layout, c.read = list[0], time.Now()
	return nil
}

// Limited tells whether an outlet has limits that an order may be refused for; only then is it worth while to ask for a
// quote before each. Errors: as Quote.
func (s *Service) Limited(ctx context.Context, outlet int64) (bool, error) {
	a, ok := s.desk.admission(outlet)
	if !ok {
		c := s.copies.of(outlet)
		c.mu.Lock()
		defer c.mu.Unlock()
		if err := s.copyLayout(ctx, c, outlet); err != nil {
			return false, err
		}
		a = c.layout.Admission
	}
	return a != nil && a.Answer == AnswerRefuse, nil
}

// Pressure tells how busy an outlet is and what it has paused by itself. Errors: KindNotFound.
func (s *Service) Pressure(ctx context.Context, who actor.Actor, outlet int64) (Pressure, error) {
	l, err := s.layout(ctx, who, outlet)
	if err != nil {
		return Pressure{}, err
	}
	return l.Pressure, nil
}

// Admission tells how much an outlet takes on; nil: all that comes. Errors: KindNotFound.
func (s *Service) Admission(ctx context.Context, who actor.Actor, outlet int64) (*Admission, error) {
	l, err := s.layout(ctx, who, outlet)
	if err != nil {
		return nil, err
	}
	return l.Admission, nil
}

// PutAdmission sets how much an outlet takes on. Errors: KindForbidden, KindInvalid (every faulty field named),
// KindNotFound.
func (s *Service) PutAdmission(ctx context.Context, who actor.Actor, outlet int64, a *Admission) (*Admission, error) {
	if err := who.Require(actor.Manager); err != nil {
		return nil, err
	}
	l, err := s.layout(ctx, who, outlet)
	if err != nil {
		return nil, err
	}
	if err := a.Check(l.Stations); err != nil {
		return nil, err
	}
	if err := s.repo.PutAdmission(ctx, who.Tenant, l.Outlet, a, who.Name, s.clock.Now()); err != nil {
		return nil, err
	}
	s.desk.Relaid(l.Outlet)
	return a, nil
}
