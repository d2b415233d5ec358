package schedule

import (
	"slices"
	"time"
)

// Day is a day of the calendar, as days since 1970-01-01.
type Day int32

const secondsOfDay = 24 * 60 * 60

// DayOf returns the day that a moment falls on in its own zone.
func DayOf(t time.Time) Day { return Date(t.Date()) }

// Date returns the day of a date.
func Date(year int, month time.Month, day int) Day {
	return Day(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / secondsOfDay)
}

// Date is the day's year, month and day of the month.
func (d Day) Date() (year int, month time.Month, day int) { return d.midnight().Date() }

// Weekday is the day's day of the week.
func (d Day) Weekday() time.Weekday { return time.Weekday(((int(d)+4)%7 + 7) % 7) } // 1970-01-01 was a Thursday

// String writes the day as 2006-01-02.
func (d Day) String() string { return d.midnight().Format(time.DateOnly) }

func (d Day) midnight() time.Time { return time.Unix(int64(d)*secondsOfDay, 0).UTC() }

// WorkingDays tells working days: those on none of the weekdays that are off, and no holiday.
func WorkingDays(off []time.Weekday, holidays []Day) func(Day) bool {
	var weekend [7]bool
	for _, w := range off {
		weekend[w] = true
	}
	sorted := slices.Sorted(slices.Values(holidays))
	return func(d Day) bool {
		_, holiday := slices.BinarySearch(sorted, d)
		return !weekend[d.Weekday()] && !holiday
	}
}

// first returns the first moment at which a clock in the zone shows a wall time or a later one. The wall time is given in
// seconds since 1970 as if the zone were UTC.
func first(wall int64, zone *time.Location) time.Time {
	const further = 26 * 60 * 60 // no zone is as far from UTC
	t := time.Unix(wall-further, 0).In(zone)
	for {
		start, end := t.ZoneBounds()
		_, offset := t.Zone()
		at := time.Unix(wall-int64(offset), 0)
		if !start.IsZero() && at.Before(start) {
			at = start // the wall time was left out
		}
		if end.IsZero() || at.Before(end) {
			return at.UTC()
		}
		t = end
	}
}
