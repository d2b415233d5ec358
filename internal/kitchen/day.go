package kitchen

import "time"

// Day is what went on in a kitchen in a stretch of time, as it was recorded.
type Day struct {
	Layout  *Layout // as it is set up now, with everybody and everything that was at work then
	From    time.Time
	To      time.Time
	Tickets []*Ticket                // placed within the time, by order
	SKUs    map[int64]map[int]string // by order and line; "" for what is not on the menu
	Outages []Outage
	Breaks  []Absence // taken by hand
}

// Absence is when a person was on a break that he took by hand. To zero: he was not back by the end of the day.
type Absence struct {
	Staff    int64
	From, To time.Time
}
