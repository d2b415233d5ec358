package forecast

import (
	"fmt"
	"time"
)

// Day is a day of the civil calendar, in days since 1 January 1970. It has no time zone: a day with 23 or 25 hours is a
// day like any other.
type Day int32

// DayOf returns the day of a date; values beyond the month's end go on in the next month, as in [time.Date].
func DayOf(year int, month time.Month, day int) Day {
	return Day(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / secondsPerDay)
}

// DayIn returns the day that the clock shows at t in t's own zone.
func DayIn(t time.Time) Day {
	return DayOf(t.Date())
}

// ParseDay reads a date written as 2006-01-02.
func ParseDay(text string) (Day, error) {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return 0, fmt.Errorf("%q is not a date like 2026-01-31", text)
	}
	return DayIn(t), nil
}

const secondsPerDay = 24 * 60 * 60

// Time returns the day's midnight in UTC.
func (d Day) Time() time.Time { return time.Unix(int64(d)*secondsPerDay, 0).UTC() }

// String returns the day as 2006-01-02.
func (d Day) String() string { return d.Time().Format(time.DateOnly) }

// Weekday returns the day of the week.
func (d Day) Weekday() time.Weekday {
	return time.Weekday(((int(d)+4)%7 + 7) % 7) // 1 January 1970 was a Thursday
}

// weekend tells whether the day is a Saturday or a Sunday.
func (d Day) weekend() bool { return d.Weekday() == time.Saturday || d.Weekday() == time.Sunday }

// date is what the models ask of a day besides its weekday.
type date struct {
	year, month, day int
	yearDay          int
	easter           int // days since Easter Sunday of the same year
}

func (d Day) date() date {
	t := d.Time()
	y, m, day := t.Date()
	return date{year: y, month: int(m), day: day, yearDay: t.YearDay(), easter: int(d - easter(y))}
}

// yearsBefore returns the same date so many years before; 29 February becomes 1 March.
func (d Day) yearsBefore(years int) Day {
	y, m, day := d.Time().Date()
	return DayOf(y-years, m, day)
}

// easter returns Easter Sunday of a year of the Gregorian calendar (Meeus, Jones and Butcher's rule; J. Meeus,
// Astronomical Algorithms, 1991, ch. 8).
func easter(year int) Day {
	a, b, c := year%19, year/100, year%100
	h := (19*a + b - b/4 - (b-(b+8)/25+1)/3 + 15) % 30
	l := (32 + 2*(b%4) + 2*(c/4) - h - c%4) % 7
	m := (a + 11*h + 22*l) / 451
	n := h + l - 7*m + 114
	return DayOf(year, time.Month(n/31), n%31+1)
}
