package replay

import (
	"time"

	"brigade/internal/kitchen"
)

// Live is an evening that is played beside something else, under one clock: it goes on when it is told to.
type Live struct{ p *player }

// Begin begins an evening with the settings of a kitchen. Nothing has happened yet.
func Begin(e *Evening, s kitchen.Settings) *Live { return &Live{newPlayer(e, s)} }

// Until lets everything happen up to a time, and at it. An earlier time changes nothing.
func (l *Live) Until(now time.Time) {
	for len(l.p.queue) > 0 && !l.p.queue[0].at.After(now) {
		l.p.turn(l.p.queue[0].at)
	}
}

// Ready is when an order, given by its index, was made; zero: not yet.
func (l *Live) Ready(order int) time.Time {
	if t := l.p.tickets[order]; t != nil && t.Closed() {
		return t.ClosedAt
	}
	return time.Time{}
}

// Promise is what the kitchen promises of an order as things stand; nil: nothing, or it has not come yet.
func (l *Live) Promise(order int) *kitchen.Promise {
	if t := l.p.tickets[order]; t != nil {
		return t.Promise
	}
	return nil
}

// Played is what has come of the evening up to now; what is not ready counts as missing.
func (l *Live) Played() *Played { return l.p.outcome() }
