package shop

import (
	"time"

	"brigade/internal/order"
)

// How an order for later is offered: every quarter of an hour, today and on the next days.
const (
	slotEvery = 15 * time.Minute
	daysAhead = 3
	slotsMost = 120
)

// slots lists the times for which an outlet can be asked to have an order ready, from the earliest that is possible, while
// it is open. They stand on quarters of an hour of the wall clock.
func slots(hours []order.OpenHours, earliest time.Time, zone *time.Location) (list []time.Time) {
	at := quarter(earliest.In(zone))
	end := time.Date(at.Year(), at.Month(), at.Day()+daysAhead, 0, 0, 0, 0, zone)
	for ; at.Before(end) && len(list) < slotsMost; at = at.Add(slotEvery) {
		if order.OpenAt(hours, at, zone) {
			list = append(list, at)
		}
	}
	return list
}

// quarter is the next quarter of an hour.
func quarter(t time.Time) time.Time {
	if up := t.Truncate(slotEvery); up.Equal(t) {
		return up
	}
	return t.Truncate(slotEvery).Add(slotEvery)
}

// opens says when an outlet that is closed opens again, to the minute; zero when it does not within a week.
func opens(hours []order.OpenHours, now time.Time, zone *time.Location) time.Time {
	for at := now.Truncate(time.Minute).Add(time.Minute); at.Before(now.AddDate(0, 0, 8)); at = at.Add(5 * time.Minute) {
		if !order.OpenAt(hours, at, zone) {
			continue
		}
		for back := at.Add(-time.Minute); back.After(now) && order.OpenAt(hours, back, zone); back = back.Add(-time.Minute) {
			at = back
		}
		return at
	}
	return time.Time{}
}
