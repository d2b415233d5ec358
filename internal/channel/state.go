package channel

import (
	"context"
	"time"

	"brigade/internal/actor"
	"brigade/internal/errs"
)

// State is how orders are taken.
type State string

// The states.
const (
	Open   State = "open"
	Busy   State = "busy" // orders take longer than usual
	Paused State = "paused"
)

var grade = map[State]int{Open: 0, Busy: 1, Paused: 2}

// Standing is a state with what is known of it. Times are the product's.
type Standing struct {
	State  State         `json:"state"`
	Delay  time.Duration `json:"delay,omitempty"` // of busy: so much longer than usual
	Until  time.Time     `json:"until,omitzero"`  // then it is another; zero: nobody knows
	Reason string        `json:"reason,omitempty"`
}

// Worse returns the less welcoming of two standings; of two that are busy the one that takes longer.
func Worse(a, b Standing) Standing {
	if grade[b.State] > grade[a.State] || a.State == b.State && b.Delay > a.Delay {
		return b
	}
	return a
}

// Longer returns the worse of two standings; of two that are paused the one that lasts longer.
func Longer(a, b Standing) Standing {
	if a.State == b.State && (b.Until.IsZero() || !a.Until.IsZero() && b.Until.After(a.Until)) {
		return b
	}
	return Worse(a, b)
}

func (s Standing) same(o Standing) bool {
	return s.State == o.State && s.Delay == o.Delay && s.Reason == o.Reason && s.Until.Equal(o.Until)
}

// Delay is what was said by hand: orders take so much longer. Zero: they do not.
type Delay struct {
	By     time.Duration
	Until  time.Time // zero: until further notice
	Reason string
}

func (d Delay) standing(now time.Time) Standing {
	if d.By == 0 || !d.Until.IsZero() && !d.Until.After(now) {
		return Standing{State: Open}
	}
	return Standing{State: Busy, Delay: d.By, Until: d.Until, Reason: d.Reason}
}

// Doors are how an outlet takes orders of a source, apart from what was said of its channel.
type Doors interface {
	// Standing tells how orders of a source are taken just now.
	Standing(ctx context.Context, tenant, outlet int64, source string) (Standing, error)
	// Shut takes none of a source until a time (zero: until further notice). Errors: KindForbidden, KindInvalid.
	Shut(ctx context.Context, who actor.Actor, outlet int64, source string, until time.Time, reason string) error
	// Unshut ends that; without it nothing changes. Errors: KindForbidden.
	Unshut(ctx context.Context, who actor.Actor, outlet int64, source string) error
}

func (s *Service) standing(ctx context.Context, c Channel) (Standing, error) {
	doors, err := s.Doors.Standing(ctx, c.Tenant, c.Outlet, c.Source())
	return Worse(doors, c.Delay.standing(s.Clock.Now())), err
}

const longestDelay = 24 * time.Hour

// SetState says by hand how a channel takes orders and returns how it does: an outlet that is paused stays so. Repeating it
// is fine. Errors: KindForbidden, KindNotFound, KindInvalid.
func (s *Service) SetState(ctx context.Context, who actor.Actor, name string, want Standing) (Standing, error) {
	c, err := s.manage(ctx, who, name)
	if err != nil {
		return Standing{}, err
	}
	if err := want.check(s.Clock.Now()); err != nil {
		return Standing{}, err
	}
	if want.State == Paused {
		err = s.Doors.Shut(ctx, who, c.Outlet, c.Source(), want.Until, want.Reason)
	} else {
		err = s.Doors.Unshut(ctx, who, c.Outlet, c.Source())
	}
	if err != nil {
		return Standing{}, err
	}
	c.Delay = Delay{}
	if want.State == Busy {
		c.Delay = Delay{want.Delay, want.Until, want.Reason}
	}
	if err := s.store.SetDelay(ctx, c.ID, c.Delay); err != nil {
		return Standing{}, err
	}
	s.Changed()
	return s.standing(ctx, c)
}

func (s Standing) check(now time.Time) error {
	var f errs.Fields
	if _, ok := grade[s.State]; !ok {
		f.Add("state", "must be open, busy or paused")
	}
	switch busy := s.State == Busy; {
	case busy && (s.Delay < time.Minute || s.Delay > longestDelay || s.Delay%time.Minute != 0):
		f.Add("delay_minutes", "must be 1 to %d for a channel that is busy", int(longestDelay.Minutes()))
	case !busy && s.Delay != 0:
		f.Add("delay_minutes", "is for a channel that is busy")
	}
	if !s.Until.IsZero() && !s.Until.After(now) {
		f.Add("until", "must be in the future")
	}
	if s.State == Open && !s.Until.IsZero() {
		f.Add("until", "is for a channel that is busy or paused")
	}
	return f.Err()
}

// Known is a channel with its state as its provider knows it.
type Known struct {
	Channel
	Told    Standing // State "": it was never told
	Version int      // how often it was told
}

// atOnce is how many channels are looked at together.
const atOnce = 500

// Announce tells every provider whose channel is not in the state that it knows, and returns how many it told. Two at a
// time do no harm.
func (s *Service) Announce(ctx context.Context) (told int, err error) {
	for after := int64(0); ; {
		list, err := s.store.Known(ctx, after, atOnce)
		if err != nil || len(list) == 0 {
			return told, err
		}
		for _, k := range list {
			after = k.ID
			now, err := s.standing(ctx, k.Channel)
			if err != nil {
				return told, err
			}
			if now.same(k.Told) {
				continue
			}
			if err := s.store.Tell(ctx, k, now, s.Clock.Now().Truncate(time.Microsecond)); err != nil {
				return told, err
			}
			told++
		}
	}
}
