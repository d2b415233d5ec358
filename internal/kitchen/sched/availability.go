package sched

import (
	"cmp"
	"slices"
	"time"
)

// Weekly is a shift or a break that comes back every week, in the outlet's local time.
type Weekly struct {
	Weekday time.Weekday
	From    int // minutes of the day, 0 to 1439
	To      int // minutes of the day, up to 1440; not after From: until then on the next day
}

// Hours say when a staff member is at work.
type Hours struct {
	Shifts []Weekly   // none: always at work
	Breaks []Weekly   // planned
	Taken  []Interval // taken by hand; To = Forever: until further notice
}

// Off returns when in [from, to) somebody with these hours gets no new tasks: sorted, merged, nothing empty.
//
// Times of the week are clock times: the first moment at which the clock of loc shows them or a later time. So a time
// that daylight saving skips is the moment of the jump, and of a time that comes twice the first one counts;
// shifts that meet on the clock always meet.
func Off(h Hours, loc *time.Location, from, to time.Time) []Interval {
	begin, end := At(from), At(to)
	off := slices.Concat(weeks(h.Breaks, loc, begin, end), h.Taken)
	if len(h.Shifts) > 0 {
		off = append(off, gaps(merged(weeks(h.Shifts, loc, begin, end)), begin, end)...)
	}
	for i := range off {
		off[i].From, off[i].To = max(off[i].From, begin), min(off[i].To, end)
	}
	return merged(off)
}

// weeks returns the weekly times that may reach into [from, to).
func weeks(spans []Weekly, loc *time.Location, from, to Instant) []Interval {
	var list []Interval
	if len(spans) == 0 {
		return nil
	}
	y, m, d := from.Time().In(loc).Date()
	for day := time.Date(y, m, d-1, 0, 0, 0, 0, time.UTC); ; day = day.AddDate(0, 0, 1) { // yesterday's may go past midnight
		if clockShows(day, loc) >= to {
			return list
		}
		for _, s := range spans {
			if s.Weekday == day.Weekday() {
				list = append(list, s.on(day, loc))
			}
		}
	}
}

// on returns the span on a day, which is given as its midnight in UTC.
func (s Weekly) on(day time.Time, loc *time.Location) Interval {
	end := s.To
	if end <= s.From {
		end += 24 * 60
	}
	minutes := func(n int) time.Time { return day.Add(time.Duration(n) * time.Minute) }
	return Interval{clockShows(minutes(s.From), loc), clockShows(minutes(end), loc)}
}

// clockShows returns the first moment at which the clock of loc shows wall or a later time; wall is a clock time
// written as if it were UTC. It goes through the periods of constant offset around it.
func clockShows(wall time.Time, loc *time.Location) Instant {
	begin := wall.Add(-36 * time.Hour).In(loc) // no clock is that far ahead
	for {
		_, offset := begin.Zone()
		t := wall.Add(-time.Duration(offset) * time.Second)
		if t.Before(begin) {
			t = begin
		}
		_, end := begin.ZoneBounds()
		if end.IsZero() || t.Before(end) {
			return At(t)
		}
		begin = end
	}
}

// gaps returns what lies between the intervals of a merged list within [from, to).
func gaps(list []Interval, from, to Instant) []Interval {
	var out []Interval
	at := from
	for _, iv := range list {
		out = append(out, Interval{at, iv.From})
		at = max(at, iv.To)
	}
	return append(out, Interval{at, to})
}

// merged returns the list sorted, with what overlaps or touches joined and what is empty left out. It is a copy.
func merged(list []Interval) []Interval {
	sorted := slices.DeleteFunc(slices.Clone(list), func(iv Interval) bool { return iv.From >= iv.To })
	slices.SortFunc(sorted, func(a, b Interval) int { return cmp.Compare(a.From, b.From) })
	out := sorted[:0]
	for _, iv := range sorted {
		if n := len(out); n > 0 && iv.From <= out[n-1].To {
			out[n-1].To = max(out[n-1].To, iv.To)
		} else {
			out = append(out, iv)
		}
	}
	return out
}

// OffAt tells whether he gets no new tasks at t. Off must be sorted and merged.
func (s *Staff) OffAt(t Instant) bool {
	_, off := s.offUntil(t)
	return off
}

// offUntil returns when he is back, if he is off at t.
func (s *Staff) offUntil(t Instant) (back Instant, off bool) {
	i, _ := slices.BinarySearchFunc(s.Off, t, func(iv Interval, t Instant) int {
		if iv.To <= t {
			return -1
		}
		return 1
	})
	if i == len(s.Off) || s.Off[i].From > t {
		return 0, false
	}
	return s.Off[i].To, true
}
