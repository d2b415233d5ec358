package kitchen

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"brigade/internal/actor"
	"brigade/internal/errs"
)

// TapKind is what a touch of a kitchen screen asks for.
type TapKind string

// What can be tapped. Those of a task name Task, the others Order.
const (
	TapStart    TapKind = "start"
	TapComplete TapKind = "complete" // bump
	TapUndo     TapKind = "undo"     // un-bump
	TapRecall   TapKind = "recall"
	TapRush     TapKind = "rush"
	TapUnrush   TapKind = "unrush"
	TapHold     TapKind = "hold"
	TapFire     TapKind = "fire"
	TapRemake   TapKind = "remake"
)

// TapKinds lists what can be tapped.
var TapKinds = []TapKind{TapStart, TapComplete, TapUndo, TapRecall, TapRush, TapUnrush, TapHold, TapFire, TapRemake}

// OfTask tells whether it is about a task, not about an order.
func (k TapKind) OfTask() bool { return slices.Contains(TapKinds[:4], k) }

// Tap is one touch of a kitchen screen. A tablet gives each its own Key and may send it as often as it likes: it is
// carried out once.
type Tap struct {
	Key    string // 8 to 64 letters, digits, dashes and dots; unique in the tenant for TapsKept
	Do     TapKind
	Task   int64
	Order  int64
	Course int // of hold and fire; 0: all of the order
	Line   int // of remake, from 1
	Unit   int // of remake, from 1
	Step   int // of remake: from this step of the recipe on; -1: everything
	Reason string
}

// TapsKept is for how long a tap is known again, in product time.
const TapsKept = 7 * 24 * time.Hour

// Tapped is a tap that is carried out, to be written with what it changed.
type Tapped struct {
	Tenant int64
	Key    string
	Do     TapKind
	Order  int64
	Task   int64
	By     string
	At     time.Time
}

// TappedError is returned by Store.Commit when taps of the journal were carried out before: nothing was written.
type TappedError struct{ Taps []Tapped }

func (e *TappedError) Error() string {
	return fmt.Sprintf("%d taps were carried out before", len(e.Taps))
}

// has tells whether the error is about a command's tap.
func (e *TappedError) has(tap *Tapped) bool {
	return tap != nil && slices.ContainsFunc(e.Taps, tap.same)
}

func (t *Tapped) same(o Tapped) bool { return t.Tenant == o.Tenant && t.Key == o.Key }

type tapKey struct{}

// withTap lets the next command that is sent with the context be written together with a tap.
func withTap(ctx context.Context, t *Tapped) context.Context {
	return context.WithValue(ctx, tapKey{}, t)
}

func tapOf(ctx context.Context) *Tapped {
	t, _ := ctx.Value(tapKey{}).(*Tapped)
	return t
}

// obeyTapped carries a command out unless its tap is already carried out in this round.
func (r *round) obeyTapped(c *command, outlet int64, obey func()) {
	if c.tap == nil {
		obey()
		return
	}
	for _, j := range r.journals {
		if slices.ContainsFunc(j.Taps, c.tap.same) {
			c.err = &TappedError{Taps: []Tapped{*c.tap}}
			return
		}
	}
	if obey(); c.err == nil {
		done := *c.tap
		done.At = r.now
		r.journal(outlet).Taps = append(r.journal(outlet).Taps, done)
	}
}

// Tap carries out what somebody tapped, once, and tells whether it was carried out before. The tap is written with the
// change: who dies in between has done neither. Errors: KindInvalid when the tap is none; KindForbidden, KindNotFound and
// KindConflict as the change has them; KindUnavailable (nothing was written), KindUnknown.
func (s *Service) Tap(ctx context.Context, who actor.Actor, tap Tap) (repeated bool, err error) {
	if err := who.Require(actor.Manager, actor.Cook); err != nil {
		return false, err
	}
	if err := tap.check(); err != nil {
		return false, err
	}
	if repeated, err := s.repo.Tapped(ctx, who.Tenant, tap.Key); err != nil || repeated {
		return repeated, err
	}
	order := tap.Order
	if tap.Do.OfTask() {
		if order, _, err = s.repo.OrderOfTask(ctx, who.Tenant, tap.Task); err != nil {
			return false, err
		}
	}
	ctx = withTap(ctx, &Tapped{Tenant: who.Tenant, Key: tap.Key, Do: tap.Do, Order: order, Task: tap.Task, By: who.Name})
	err = s.carryOut(ctx, who, tap)
	if _, twice := errors.AsType[*TappedError](err); twice {
		return true, nil
	}
	return false, err
}

func (s *Service) carryOut(ctx context.Context, who actor.Actor, tap Tap) (err error) {
	switch tap.Do {
	case TapStart:
		_, err = s.Start(ctx, who, tap.Task)
	case TapComplete:
		_, err = s.Complete(ctx, who, tap.Task)
	case TapUndo:
		_, err = s.Undo(ctx, who, tap.Task)
	case TapRecall:
		_, err = s.Recall(ctx, who, tap.Task, tap.Reason)
	case TapRush, TapUnrush:
		_, err = s.Rush(ctx, who, tap.Order, tap.Do == TapRush)
	case TapHold:
		_, err = s.Hold(ctx, who, tap.Order, tap.Course, tap.Reason)
	case TapFire:
		_, err = s.Fire(ctx, who, tap.Order, tap.Course)
	default:
		_, err = s.Remake(ctx, who, tap.Order, tap.Line, max(tap.Unit, 1), tap.Step, tap.Reason)
	}
	return err
}

// Outcome is what became of a tap.
type Outcome string

// The outcomes. A tap that is to be sent again was not carried out, as far as anybody knows.
const (
	OutcomeDone     Outcome = "done"
	OutcomeRepeated Outcome = "repeated" // it was carried out before
	OutcomeRefused  Outcome = "refused"
	OutcomeAgain    Outcome = "again"
)

// Settled is what became of a tap, and why when it was not carried out.
type Settled struct {
	Key     string
	Outcome Outcome
	Err     error
}

// Why says in words why it was not carried out; "" when it was.
func (s Settled) Why() string {
	switch e, known := errors.AsType[*errs.Error](s.Err); {
	case s.Err == nil:
		return ""
	case known:
		return e.Public()
	}
	return "something went wrong"
}

// Settle carries out what a tablet has gathered, in its order. After a tap that must be sent again nothing is tried: it
// might have been meant to come first.
func (s *Service) Settle(ctx context.Context, who actor.Actor, taps []Tap) []Settled {
	list := make([]Settled, len(taps))
	var stop error
	for i, t := range taps {
		list[i] = Settled{t.Key, OutcomeAgain, stop}
		if stop != nil {
			continue
		}
		repeated, err := s.Tap(ctx, who, t)
		list[i] = NewSettled(t.Key, repeated, err)
		if list[i].Outcome == OutcomeAgain {
			stop = err
		}
	}
	return list
}

// NewSettled says what became of a tap by the error that it ended with.
func NewSettled(key string, repeated bool, err error) Settled {
	switch {
	case repeated:
		return Settled{key, OutcomeRepeated, nil}
	case err == nil:
		return Settled{key, OutcomeDone, nil}
	case errs.Is(err, errs.KindUnavailable) || errs.Is(err, errs.KindUnknown) || errs.Is(err, errs.KindTooMany):
		return Settled{key, OutcomeAgain, err}
	}
	return Settled{key, OutcomeRefused, err}
}

func (t Tap) check() error {
	var f errs.Fields
	if len(t.Key) < 8 || len(t.Key) > 64 || strings.ContainsFunc(t.Key, notInKey) {
		f.Add("key", "must have 8 to 64 letters, digits, dashes and dots")
	}
	if !slices.Contains(TapKinds, t.Do) {
		f.Add("do", "must be start, complete, undo, recall, rush, unrush, hold, fire or remake")
	}
	if t.Do.OfTask() && t.Task <= 0 {
		f.Add("task_id", "must name the task")
	}
	if !t.Do.OfTask() && t.Order <= 0 {
		f.Add("order_id", "must name the order")
	}
	if t.Do == TapRemake && t.Line <= 0 {
		f.Add("line", "must name the order's line")
	}
	if len(t.Reason) > 200 || !utf8.ValidString(t.Reason) || strings.ContainsRune(t.Reason, 0) {
		f.Add("reason", "must be UTF-8 without NUL, at most 200 bytes")
	}
	return f.Err()
}

func notInKey(r rune) bool {
	return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '-' && r != '.'
}
