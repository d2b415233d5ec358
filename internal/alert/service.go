package alert

import (
	"context"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"brigade/internal/actor"
	"brigade/internal/clock"
	"brigade/internal/errs"
)

const (
	// QuietFor is how long nothing is heard of an acknowledged alert before it is archived; of product time.
	QuietFor = 7 * 24 * time.Hour
	// KeepFor is how long archived alerts are kept; of product time.
	KeepFor = 90 * 24 * time.Hour

	atOnce = 500 // alerts that are escalated or archived in one transaction
)

// Filter chooses alerts of a tenant, newest first.
type Filter struct {
	Outlet   int64 // 0: all
	Shared   bool  // with an outlet: what concerns all outlets as well
	Kind     Kind  // "": all
	Status   Status
	Live     bool     // open and acknowledged ones
	Severity Severity // these and graver ones; 0: all
	Before   int64    // only smaller ids: the next page; 0: from the newest
	Most     int
}

// Store keeps alerts. What does not exist in the tenant is a KindNotFound error.
type Store interface {
	// Raise takes signals, of different matters, into account and returns the alerts that are new or became graver. What was
	// signalled before by the same reference changes nothing.
	Raise(ctx context.Context, at time.Time, signals []Signal) ([]Alert, error)
	// Clear archives the alerts that live about some matters and returns how many.
	Clear(ctx context.Context, at time.Time, matters []Matter) (int, error)
	// Escalate escalates alerts that have waited long enough, at most so many, and returns how many. It is safe on many nodes
	// at once.
	Escalate(ctx context.Context, now time.Time, most int) (int, error)
	// Tidy archives acknowledged alerts of which nothing was heard since a moment, and deletes those that were archived before
	// another; at most so many of each.
	Tidy(ctx context.Context, now, quiet, old time.Time, most int) (archived, deleted int, err error)
	Alert(ctx context.Context, tenant, id int64) (Alert, error)
	Alerts(ctx context.Context, tenant int64, f Filter) ([]Alert, error)
	// Acknowledge and Archive change an alert that may decides about, under its lock.
	Acknowledge(ctx context.Context, tenant, id int64, by, note string, at time.Time, may func(Alert) error) (Alert, error)
	Archive(ctx context.Context, tenant, id int64, by, note string, at time.Time, may func(Alert) error) (Alert, error)
}

// Service is what is done with alerts. It is safe for use by many goroutines.
type Service struct {
	store Store
	clock clock.Clock
}

// NewService returns a service; the clock is the product's.
func NewService(store Store, clock clock.Clock) *Service { return &Service{store, clock} }

// Raise takes signals into account: those of a matter that has a living alert are counted in it, others make new ones. An
// acknowledged alert that becomes graver is open again. Signalling the same occurrence again changes nothing.
func (s *Service) Raise(ctx context.Context, signals ...Signal) error {
	if len(signals) == 0 {
		return nil
	}
	_, err := s.store.Raise(ctx, s.clock.Now(), Merge(signals))
	return err
}

// Clear archives the alerts about matters that are over; where there are none, nothing happens.
func (s *Service) Clear(ctx context.Context, matters ...Matter) error {
	if len(matters) == 0 {
		return nil
	}
	_, err := s.store.Clear(ctx, s.clock.Now(), matters)
	return err
}

// Escalate escalates what nobody has acknowledged in time, and returns how many alerts.
func (s *Service) Escalate(ctx context.Context) (total int, err error) {
	for {
		n, err := s.store.Escalate(ctx, s.clock.Now(), atOnce)
		if total += n; err != nil || n < atOnce {
			return total, err
		}
	}
}

// CleanUp archives acknowledged alerts of which nothing was heard for a week and deletes what was archived 90 days ago.
func (s *Service) CleanUp(ctx context.Context) (archived, deleted int, err error) {
	for {
		now := s.clock.Now()
		a, d, err := s.store.Tidy(ctx, now, now.Add(-QuietFor), now.Add(-KeepFor), atOnce)
		archived, deleted = archived+a, deleted+d
		if err != nil || a < atOnce && d < atOnce {
			return archived, deleted, err
		}
	}
}

// Alert returns an alert. Errors: KindNotFound.
func (s *Service) Alert(ctx context.Context, who actor.Actor, id int64) (Alert, error) {
	a, err := s.store.Alert(ctx, who.Tenant, id)
	if err != nil {
		return Alert{}, err
	}
	return a, seen(who, a)
}

// seen: whoever is bound to an outlet sees that outlet's alone.
func seen(who actor.Actor, a Alert) error {
	if only := who.OutletFilter(); only != 0 && a.Outlet != only {
		return errs.NotFound("there is no alert %d", a.ID)
	}
	return nil
}

// Alerts lists alerts, newest first.
func (s *Service) Alerts(ctx context.Context, who actor.Actor, f Filter) ([]Alert, error) {
	if only := who.OutletFilter(); only != 0 {
		f.Outlet, f.Shared = only, false
	}
	return s.store.Alerts(ctx, who.Tenant, f)
}

// Acknowledge says that somebody looks after an alert: it is not escalated any more. Repeating it answers as before.
// Errors: KindInvalid (note), KindNotFound, KindConflict for an archived one.
func (s *Service) Acknowledge(ctx context.Context, who actor.Actor, id int64, note string) (Alert, error) {
	if err := checkNote(note); err != nil {
		return Alert{}, err
	}
	return s.store.Acknowledge(ctx, who.Tenant, id, who.Name, note, s.clock.Now(), func(a Alert) error {
		if err := seen(who, a); err != nil {
			return err
		}
		if a.Status == Archived {
			return errs.Conflict("alert %d is archived", id)
		}
		return nil
	})
}

// Archive puts an alert away: what is about its matter is a new alert from then on. Repeating it answers as before.
// Errors: KindInvalid (note), KindNotFound.
func (s *Service) Archive(ctx context.Context, who actor.Actor, id int64, note string) (Alert, error) {
	if err := checkNote(note); err != nil {
		return Alert{}, err
	}
	return s.store.Archive(ctx, who.Tenant, id, who.Name, note, s.clock.Now(), func(a Alert) error { return seen(who, a) })
}

func checkNote(note string) error {
	if utf8.RuneCountInString(note) > 500 || strings.ContainsFunc(note, func(r rune) bool { return unicode.IsControl(r) && r != '\n' }) {
		var f errs.Fields
		f.Add("note", "must have at most 500 printable characters")
		return f.Err()
	}
	return nil
}
