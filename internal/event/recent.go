package event

import (
	"slices"
	"sync"
)

// Recent remembers what a tail handed out lately. Who follows the log a little behind it, as relays do, takes it from
// here instead of reading it again. It is safe for concurrent use.
type Recent struct {
	mu     sync.Mutex
	keep   int
	from   int64 // what is remembered begins after this position …
	to     int64 // … and ends with this one; nothing in between can still appear
	events []Event
}

// NewRecent remembers at least the last keep events.
func NewRecent(keep int) *Recent { return &Recent{keep: keep} }

// add notes that exactly these events lie after one position and up to another.
func (r *Recent) add(after, upTo int64, events []Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if after != r.to { // the tail began anew
		r.from, r.events = after, nil
	}
	r.to = upTo
	r.events = append(r.events, events...)
	if extra := len(r.events) - r.keep; extra > r.keep {
		r.from = r.events[extra-1].Position
		r.events = append(make([]Event, 0, 3*r.keep), r.events[extra:]...) // readers may still have the old ones
	}
}

// settled returns the events after a position, at most limit, and the position up to which they are all there are.
// ok is false when that is not remembered, or nothing has come since.
func (r *Recent) settled(after int64, limit int) (events []Event, upTo int64, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if after < r.from || after >= r.to {
		return nil, 0, false
	}
	first, _ := slices.BinarySearchFunc(r.events, after+1, func(e Event, p int64) int { return int(e.Position - p) })
	events = r.events[first:]
	if len(events) <= limit {
		return slices.Clip(events), r.to, true
	}
	return slices.Clip(events[:limit]), events[limit-1].Position, true
}

// Shared is a log whose latest part need not be read again.
type Shared struct {
	Log
	Recent *Recent
}
