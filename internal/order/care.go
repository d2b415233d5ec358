package order

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/money"
)

// StuckStep is something that an order waits for and that does not come by itself.
type StuckStep struct {
	Order  int64
	Outlet int64
	Number string
	Kind   string // payment, timer, sale
	Step   string
	Tries  int
	Error  string
	Since  time.Time
}

// StepView is a step of a payment as it stands.
type StepView struct {
	Seq       int
	Step      Step
	Sum       money.Amount
	Key       string
	State     string // pending, done, refused, stuck, resolved
	Tries     int
	Error     string
	Note      string
	Reference string
	Began     time.Time
	Changed   time.Time
}

// JobView is a job of an order as it stands.
type JobView struct {
	ID      int64           `json:"id"`
	Kind    string          `json:"kind"`
	State   string          `json:"state"`
	Attempt int             `json:"attempt"`
	Next    time.Time       `json:"next_at"`
	Errors  json.RawMessage `json:"errors"`
}

// Files keeps what is known of orders with terms.
type Files interface {
	Lives
	// Terms returns an order's terms. Errors: KindNotFound when it has none.
	Terms(ctx context.Context, tenant, order int64) (Terms, error)
	// Steps returns the steps of an order's payment, oldest first.
	Steps(ctx context.Context, tenant, order int64) ([]StepView, error)
	// Jobs returns an order's jobs, as far as they are kept, oldest first.
	Jobs(ctx context.Context, order int64) ([]JobView, error)
	// Settings returns an outlet's settings; PutSettings sets them.
	Settings(ctx context.Context, outlet int64) (Settings, error)
	PutSettings(ctx context.Context, outlet int64, set Settings) error
	// PutHours sets an outlet's hours alone, if may allows it of those that it has; nobody changes them in between.
	PutHours(ctx context.Context, outlet int64, may func(have []OpenHours) error, hours []OpenHours) error
	// Stuck lists what does not come by itself: what has failed three times or is older than before, oldest first.
	Stuck(ctx context.Context, tenant int64, before time.Time) ([]StuckStep, error)
}

// Care looks after orders whose lives do not go on by themselves.
type Care struct {
	*Service
	files Files
}

// NewCare returns it for a service's orders. The service asks it for the proof of a hand-over from then on.
func NewCare(s *Service, f Files) *Care {
	s.files = f
	return &Care{s, f}
}

// stuckAfter is how old, in product time, a step may be before it is listed.
const stuckAfter = 2 * time.Minute

// Stuck lists the actor's orders that wait for something which does not come by itself, oldest first.
func (c *Care) Stuck(ctx context.Context, who actor.Actor) ([]StuckStep, error) {
	all, err := c.files.Stuck(ctx, who.Tenant, c.clock.Now().Add(-stuckAfter))
	mine := make([]StuckStep, 0, len(all))
	for _, s := range all {
		if who.Sees(s.Outlet) {
			mine = append(mine, s)
		}
	}
	return mine, err
}

// File is all that is known of an order beside what it holds.
type File struct {
	Order   Order
	History []Change
	Terms   *Terms // nil: none
	Steps   []StepView
	Jobs    []JobView
}

// File returns all that is known of an order. Errors: KindNotFound.
func (c *Care) File(ctx context.Context, who actor.Actor, ref string) (f File, err error) {
	if f.Order, err = c.Get(ctx, who, ref); err != nil {
		return File{}, err
	}
	if f.History, err = c.History(ctx, who, ref); err != nil {
		return File{}, err
	}
	terms, err := c.files.Terms(ctx, who.Tenant, f.Order.ID)
	switch {
	case errs.Is(err, errs.KindNotFound):
		return f, nil
	case err != nil:
		return File{}, err
	}
	f.Terms = &terms
	if f.Steps, err = c.files.Steps(ctx, who.Tenant, f.Order.ID); err != nil {
		return File{}, err
	}
	f.Jobs, err = c.files.Jobs(ctx, f.Order.ID)
	return f, err
}

// Resolve says that a step which is pending or stuck was dealt with by hand: it was done, or it never will be (refused).
// Errors: KindForbidden, KindNotFound, KindInvalid; KindConflict when no such step is open.
func (c *Care) Resolve(ctx context.Context, who actor.Actor, ref, step, note string, refused bool) (Order, error) {
	if err := who.Require(actor.Manager); err != nil {
		return Order{}, err
	}
	if strings.TrimSpace(note) == "" {
		var f errs.Fields
		f.Add("note", "must say how it was resolved")
		return Order{}, f.Err()
	}
	file, err := c.File(ctx, who, ref)
	if err != nil {
		return Order{}, err
	}
	h, ok := file.resolve(step, who.Name+": "+note, refused)
	if !ok {
		return Order{}, errs.Conflict("order %s has no open step %q", file.Order.Number, step)
	}
	h.By, h.At = who.Name, c.clock.Now().Truncate(time.Microsecond)
	if _, err := c.files.Tell(ctx, h); err != nil {
		return Order{}, err
	}
	return c.Get(ctx, who, ref)
}

func (f File) resolve(step, note string, refused bool) (Happening, bool) {
	for _, s := range f.Steps {
		if string(s.Step) == step && (s.State == "pending" || s.State == "stuck") {
			return Happening{Order: f.Order.ID, Result: &StepResult{
				Seq: s.Seq, Note: note, Outcome: Outcome{Done: !refused, Reference: s.Reference, Reason: note},
			}}, true
		}
	}
	if f.Terms != nil && f.Terms.Failure != "" && step == string(JobPrepare) {
		return Happening{Order: f.Order.ID, Failure: new(string)}, true
	}
	return Happening{}, false
}

// Proof is how a hand-over is proved: by the order's code, or by a photo's reference.
type Proof struct{ Code, Photo string }

// HandOverWith ends a ready order with a proof: one that has a code is collected only with it, and delivered with it or
// with a photo. Errors as HandOver; KindInvalid for a wrong code, or none.
func (c *Care) HandOverWith(ctx context.Context, who actor.Actor, ref string, p Proof) (Order, error) {
	return c.handOver(ctx, who, ref, p)
}

// handOver ends a ready order.
func (s *Service) handOver(ctx context.Context, who actor.Actor, ref string, p Proof) (Order, error) {
	o, err := s.Get(ctx, who, ref)
	if err != nil {
		return Order{}, err
	}
	if s.files == nil {
		return s.store.Move(ctx, who.Tenant, ref, HandedOver, who.Name, "", s.clock.Now())
	}
	terms, err := s.files.Terms(ctx, who.Tenant, o.ID)
	switch {
	case errs.Is(err, errs.KindNotFound):
		return s.store.Move(ctx, who.Tenant, ref, HandedOver, who.Name, "", s.clock.Now())
	case err != nil:
		return Order{}, err
	case o.Status == HandedOver(o.Type):
		return o, nil
	}
	proof, err := p.check(o.Type, terms.Code)
	if err != nil {
		return Order{}, err
	}
	at := s.clock.Now().Truncate(time.Microsecond)
	if _, err := s.files.Tell(ctx, Happening{Order: o.ID, Signal: HandOver, By: who.Name, Proof: proof, At: at}); err != nil {
		return Order{}, err
	}
	return s.Get(ctx, who, ref)
}

// check returns what is kept of a proof. Errors: KindInvalid.
func (p Proof) check(t Type, code string) (string, error) {
	switch {
	case p.Code != "" && p.Code == code:
		return "code", nil
	case p.Photo != "" && t == Delivery:
		return "photo:" + p.Photo, nil
	case code == "":
		return "", nil
	}
	var f errs.Fields
	f.Add("code", "is not the order's")
	return "", f.Err()
}

// Settings returns how an outlet takes orders. Errors: KindNotFound.
func (c *Care) Settings(ctx context.Context, who actor.Actor, outlet int64) (Settings, error) {
	if _, err := c.outlets.Outlet(ctx, who.Tenant, outlet); err != nil || !who.Sees(outlet) {
		return Settings{}, errs.NotFound("no such outlet").Because(err)
	}
	return c.files.Settings(ctx, outlet)
}

// PutSettings sets how an outlet takes orders; an empty secret keeps the one it has. Errors: KindForbidden, KindInvalid,
// KindNotFound.
func (c *Care) PutSettings(ctx context.Context, who actor.Actor, outlet int64, set Settings) (Settings, error) {
	if err := who.Require(actor.Manager); err != nil {
		return Settings{}, err
	}
	have, err := c.Settings(ctx, who, outlet)
	if err != nil {
		return Settings{}, err
	}
	if set.PosSecret == "" {
		set.PosSecret = have.PosSecret
	}
	if set.PosURL != "" && set.PosSecret == "" {
		var f errs.Fields
		f.Add("pos_secret", "is needed for an external point of sale")
		return Settings{}, f.Err()
	}
	return set, c.files.PutSettings(ctx, outlet, set)
}

// PutHours sets when an outlet takes orders and leaves everything else alone, if may allows it of the hours that it has: nobody
// changes them in between. Errors: KindForbidden, KindNotFound, and what may says.
func (c *Care) PutHours(ctx context.Context, who actor.Actor, outlet int64, may func(have []OpenHours) error, hours []OpenHours) error {
	if err := who.Require(actor.Manager); err != nil {
		return err
	}
	if _, err := c.outlets.Outlet(ctx, who.Tenant, outlet); err != nil || !who.Sees(outlet) {
		return errs.NotFound("no such outlet").Because(err)
	}
	return c.files.PutHours(ctx, outlet, may, hours)
}

// Reschedule lets an order be ready at another time, given as a time or as HH:MM of the outlet's clock. Errors:
// KindNotFound, KindInvalid; KindConflict when it is being made, or the outlet is closed then.
func (c *Care) Reschedule(ctx context.Context, who actor.Actor, ref string, at time.Time, hhmm string) (Order, error) {
	return c.reschedule(ctx, who, ref, c.files, at, hhmm)
}
