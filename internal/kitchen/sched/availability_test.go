package sched_test

import (
	"fmt"
	"testing"
	"time"
	_ "time/tzdata" // the zones do not depend on the machine

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"brigade/internal/kitchen/sched"
)

func zone(t require.TestingT, name string) *time.Location {
	loc, err := time.LoadLocation(name)
	require.NoError(t, err)
	return loc
}

func every(from, to int) (list []sched.Weekly) {
	for day := range 7 {
		list = append(list, sched.Weekly{Weekday: time.Weekday(day), From: from, To: to})
	}
	return list
}

func clock(hour, minute int) int { return hour*60 + minute }

// at reads "2026-03-29 02:30 +0100".
func at(t require.TestingT, s string) time.Time {
	when, err := time.Parse("2006-01-02 15:04 -0700", s)
	require.NoError(t, err)
	return when
}

func show(list []sched.Interval, loc *time.Location) (out []string) {
	const layout = "02 15:04 -0700"
	for _, iv := range list {
		out = append(out, fmt.Sprintf("%s to %s", iv.From.Time().In(loc).Format(layout), iv.To.Time().In(loc).Format(layout)))
	}
	return out
}

func TestOff(t *testing.T) {
	t.Parallel()
	const madrid, newYork = "Europe/Madrid", "America/New_York"
	for name, c := range map[string]struct {
		hours    sched.Hours
		zone     string
		from, to string
		want     []string
	}{
		"no shifts: always at work": {
			sched.Hours{}, madrid, "2026-03-02 00:00 +0100", "2026-03-03 00:00 +0100", nil,
		},
		"a day": {
			sched.Hours{Shifts: every(clock(9, 0), clock(17, 0)), Breaks: every(clock(12, 0), clock(12, 30))},
			madrid, "2026-03-02 00:00 +0100", "2026-03-03 00:00 +0100",
			[]string{"02 00:00 +0100 to 02 09:00 +0100", "02 12:00 +0100 to 02 12:30 +0100", "02 17:00 +0100 to 03 00:00 +0100"},
		},
		"a weekday only": { // 2 March 2026 is a Monday
			sched.Hours{Shifts: []sched.Weekly{{Weekday: time.Tuesday, From: clock(9, 0), To: clock(24, 0)}}},
			madrid, "2026-03-02 10:00 +0100", "2026-03-04 10:00 +0100",
			[]string{"02 10:00 +0100 to 03 09:00 +0100", "04 00:00 +0100 to 04 10:00 +0100"},
		},
		"a shift past midnight, seen from after it": {
			sched.Hours{Shifts: every(clock(18, 0), clock(2, 0))},
			madrid, "2026-03-02 01:00 +0100", "2026-03-02 20:00 +0100",
			[]string{"02 02:00 +0100 to 02 18:00 +0100"},
		},
		"a shift around the clock": {
			sched.Hours{Shifts: every(clock(6, 0), clock(6, 0))},
			madrid, "2026-03-28 00:00 +0100", "2026-03-31 00:00 +0200", nil,
		},
		"breaks by hand, one open": {
			sched.Hours{Taken: []sched.Interval{
				{From: sched.At(at(t, "2026-03-02 20:00 +0100")), To: sched.Forever},
				{From: sched.At(at(t, "2026-03-01 10:00 +0100")), To: sched.At(at(t, "2026-03-02 01:00 +0100"))},
				{From: sched.At(at(t, "2026-03-02 10:00 +0100")), To: sched.At(at(t, "2026-03-02 10:00 +0100"))},
				{From: sched.At(at(t, "2026-02-02 10:00 +0100")), To: sched.At(at(t, "2026-02-02 11:00 +0100"))},
			}},
			madrid, "2026-03-02 00:00 +0100", "2026-03-03 00:00 +0100",
			[]string{"02 00:00 +0100 to 02 01:00 +0100", "02 20:00 +0100 to 03 00:00 +0100"},
		},
		"Madrid, the night of 23 hours": { // 29 March: 02:00 becomes 03:00
			sched.Hours{Shifts: every(clock(22, 0), clock(2, 30))},
			madrid, "2026-03-28 12:00 +0100", "2026-03-29 12:00 +0200",
			[]string{"28 12:00 +0100 to 28 22:00 +0100", "29 03:00 +0200 to 29 12:00 +0200"},
		},
		"Madrid, the night of 25 hours": { // 25 October: 03:00 becomes 02:00
			sched.Hours{Shifts: every(clock(22, 0), clock(2, 30))},
			madrid, "2026-10-24 12:00 +0200", "2026-10-25 12:00 +0100",
			[]string{"24 12:00 +0200 to 24 22:00 +0200", "25 02:30 +0200 to 25 12:00 +0100"},
		},
		"New York, the night of 23 hours": { // 8 March: 02:00 becomes 03:00
			sched.Hours{Shifts: every(clock(8, 0), clock(16, 0)), Breaks: every(clock(2, 15), clock(2, 45))},
			newYork, "2026-03-07 20:00 -0500", "2026-03-08 20:00 -0400",
			[]string{"07 20:00 -0500 to 08 08:00 -0400", "08 16:00 -0400 to 08 20:00 -0400"},
		},
		"New York, the night of 25 hours": { // 1 November: 02:00 becomes 01:00
			sched.Hours{Breaks: every(clock(1, 30), clock(2, 0))},
			newYork, "2026-11-01 00:00 -0400", "2026-11-02 00:00 -0500",
			[]string{"01 01:30 -0400 to 01 02:00 -0500"},
		},
		"Santiago, where midnight is skipped": {
			sched.Hours{Shifts: every(clock(0, 0), clock(8, 0))},
			"America/Santiago", "2026-09-05 12:00 -0400", "2026-09-06 12:00 -0300",
			[]string{"05 12:00 -0400 to 06 01:00 -0300", "06 08:00 -0300 to 06 12:00 -0300"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			loc := zone(t, c.zone)
			require.Equal(t, c.want, show(sched.Off(c.hours, loc, at(t, c.from), at(t, c.to)), loc))
		})
	}
}

// A shift lasts as long as the clock says, but for the night of the change.
func TestDaysOf23And25Hours(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		zone  string
		day   time.Time
		hours float64
	}{
		{"Europe/Madrid", time.Date(2026, 3, 29, 0, 0, 0, 0, time.UTC), 23},
		{"Europe/Madrid", time.Date(2026, 10, 25, 0, 0, 0, 0, time.UTC), 25},
		{"Europe/Madrid", time.Date(2026, 10, 26, 0, 0, 0, 0, time.UTC), 24},
		{"America/New_York", time.Date(2026, 3, 8, 0, 0, 0, 0, time.UTC), 23},
		{"America/New_York", time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), 25},
	} {
		h := sched.Hours{Breaks: []sched.Weekly{{Weekday: c.day.Weekday(), From: 0, To: clock(24, 0)}}}
		off := sched.Off(h, zone(t, c.zone), c.day.AddDate(0, 0, -1), c.day.AddDate(0, 0, 3))
		require.Len(t, off, 1)
		require.InDelta(t, c.hours, off[0].To.Sub(off[0].From).Hours(), 0, "%s %s", c.zone, c.day)
	}
}

// Off agrees at every quarter of an hour with reading the clock on the wall, and is sorted, merged and inside the
// window. The times drawn are full hours, outside the hours that a change skips or repeats.
func TestOffAgreesWithTheClock(t *testing.T) {
	t.Parallel()
	weekly := rapid.Custom(func(t *rapid.T) sched.Weekly {
		hour := rapid.SampledFrom([]int{0, 4, 6, 9, 12, 15, 18, 21, 23})
		return sched.Weekly{
			Weekday: time.Weekday(rapid.IntRange(0, 6).Draw(t, "weekday")),
			From:    clock(hour.Draw(t, "from"), 0), To: clock(hour.Draw(t, "to"), 0),
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		loc := zone(t, rapid.SampledFrom([]string{"Europe/Madrid", "America/New_York", "Asia/Kolkata", "UTC"}).Draw(t, "zone"))
		h := sched.Hours{Shifts: rapid.SliceOfN(weekly, 0, 8).Draw(t, "shifts"), Breaks: rapid.SliceOfN(weekly, 0, 3).Draw(t, "breaks")}
		month := rapid.SampledFrom([]time.Time{
			time.Date(2026, 3, 6, 0, 0, 0, 0, loc), time.Date(2026, 3, 27, 0, 0, 0, 0, loc), time.Date(2026, 6, 1, 0, 0, 0, 0, loc),
			time.Date(2026, 10, 23, 0, 0, 0, 0, loc), time.Date(2026, 10, 30, 0, 0, 0, 0, loc),
		}).Draw(t, "around")
		from := month.Add(time.Duration(rapid.IntRange(0, 48).Draw(t, "start")) * time.Hour)
		to := from.Add(time.Duration(rapid.IntRange(1, 96).Draw(t, "hours")) * time.Hour)
		s := sched.Staff{Off: sched.Off(h, loc, from, to)}
		requireTidy(t, s.Off, from, to)
		for when := from; when.Before(to); when = when.Add(15 * time.Minute) {
			off := len(h.Shifts) > 0 && !inAny(h.Shifts, when) || inAny(h.Breaks, when)
			require.Equal(t, off, s.OffAt(sched.At(when)), "%s", when)
		}
		require.False(t, s.OffAt(sched.At(to)))
	})
}

func requireTidy(t *rapid.T, list []sched.Interval, from, to time.Time) {
	last := sched.At(from) - 1
	for _, iv := range list {
		require.Greater(t, iv.From, last)
		require.Greater(t, iv.To, iv.From)
		last = iv.To
	}
	require.LessOrEqual(t, last, sched.At(to))
}

// inAny reads the clock on the wall.
func inAny(list []sched.Weekly, when time.Time) bool {
	minute := clock(when.Hour(), when.Minute())
	for _, w := range list {
		tomorrow := (w.Weekday + 1) % 7
		switch past := w.To <= w.From; {
		case !past && when.Weekday() == w.Weekday && w.From <= minute && minute < w.To,
			past && when.Weekday() == w.Weekday && w.From <= minute,
			past && when.Weekday() == tomorrow && minute < w.To:
			return true
		}
	}
	return false
}
