package order

import (
	"context"
	"time"

	"brigade/internal/errs"
)

// Settings are an outlet's, as far as they shape the life of its orders.
type Settings struct {
	PaymentWithin time.Duration // an order that is not paid by then is cancelled
	HandOverCode  bool          // collected and delivered only with the order's code
	PosURL        string        // its external point of sale; "": the own kitchen
	PosSecret     string        // signs what is sent there and what comes back
	PosAccept     time.Duration // an order that it has not taken by then is cancelled
	Hours         []OpenHours   // none: always open
	Alert         Contact       // of its own people, told when nobody makes an order
}

// DefaultSettings are those of an outlet that nobody has set up otherwise.
func DefaultSettings() Settings {
	return Settings{PaymentWithin: 10 * time.Minute, PosAccept: 2 * time.Minute}
}

// Outfits knows outlets' settings.
type Outfits interface {
	Settings(ctx context.Context, outlet int64) (Settings, error)
}

// OpenHours are a stretch in which an outlet is open, in its local time, since midnight. When Closes is not after Opens
// it ends next day.
type OpenHours struct {
	Weekday       time.Weekday
	Opens, Closes time.Duration
}

// OpenAt tells whether an outlet is open at a time.
func OpenAt(hours []OpenHours, at time.Time, loc *time.Location) bool {
	if len(hours) == 0 {
		return true
	}
	local := at.In(loc)
	for _, back := range []int{0, 1} {
		day := time.Date(local.Year(), local.Month(), local.Day()-back, 0, 0, 0, 0, loc)
		for _, h := range hours {
			if h.Weekday == day.Weekday() && !at.Before(onDay(day, h.Opens)) && at.Before(h.end(day)) {
				return true
			}
		}
	}
	return false
}

func (h OpenHours) end(day time.Time) time.Time {
	if h.Closes > h.Opens {
		return onDay(day, h.Closes)
	}
	return onDay(day.AddDate(0, 0, 1), h.Closes)
}

// onDay is what a clock on the wall shows: on the day the clocks change, midnight and so many hours is not the same.
func onDay(day time.Time, d time.Duration) time.Time {
	return time.Date(day.Year(), day.Month(), day.Day(), int(d/time.Hour), int(d%time.Hour/time.Minute), int(d%time.Minute/time.Second), 0, day.Location())
}

// NextAt is the next time at which a clock on the wall in loc shows HH:MM, from now on. Of an hour that comes twice it is
// the first that is still to come. Errors: KindInvalid; KindConflict when the clocks leap over that time that day.
func NextAt(now time.Time, hhmm string, loc *time.Location) (time.Time, error) {
	want, err := time.Parse("15:04", hhmm)
	if err != nil {
		return time.Time{}, errs.Invalid("ready_for must be HH:MM, not %q", hhmm)
	}
	local := now.In(loc)
	for ahead := range 2 {
		at := time.Date(local.Year(), local.Month(), local.Day()+ahead, want.Hour(), want.Minute(), 0, 0, loc)
		if earlier := at.Add(-time.Hour); earlier.Format("15:04") == hhmm && !earlier.Before(now) {
			at = earlier
		}
		if at.Before(now) {
			if twice := at.Add(time.Hour); twice.Format("15:04") == hhmm && !twice.Before(now) {
				return twice, nil
			}
			continue
		}
		if at.Format("15:04") != hhmm {
			return time.Time{}, errs.Conflict("there is no %s on %s: the clocks change", hhmm, at.Format(time.DateOnly))
		}
		return at.UTC(), nil
	}
	return time.Time{}, errs.Invalid("there is no %s", hhmm)
}
