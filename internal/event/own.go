package event

import (
	"cmp"
	"context"
	"slices"
	"sync"
)

// Own is a log whose events that this process has committed need not be read: whoever commits hands them over. What
// others commit, and what nobody hands over, is read as ever. It is for one reader who only moves forward, as a tail does.
type Own struct {
	Log
	keep int

	mu      sync.Mutex
	events  []Event            // committed and not yet passed, in order of position
	writing map[int64]struct{} // positions of transactions of this process that have not ended
}

// NewOwn returns an Own over a log, which remembers at most so many events for its reader.
func NewOwn(log Log, keep int) *Own { return &Own{Log: log, keep: keep, writing: map[int64]struct{}{}} }

// Writing tells that a transaction of this process has written events, with their positions: nobody needs to ask what is
// there until it has ended.
func (o *Own) Writing(events []Event) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i := range events {
		o.writing[events[i].Position] = struct{}{}
	}
}

// Ended tells that it has, one way or the other; what it committed was handed over before.
func (o *Own) Ended(events []Event) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i := range events {
		delete(o.writing, events[i].Position)
	}
}

// Committed hands over events of a transaction that is committed, with their positions, in order.
func (o *Own) Committed(events []Event) {
	if len(events) == 0 {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	first := o.after(events[0].Position - 1)
	o.events = append(o.events, events...)
	if late := o.events[first:]; len(late) > len(events) {
		slices.SortFunc(late, func(a, b Event) int { return cmp.Compare(a.Position, b.Position) })
	}
	if extra := len(o.events) - o.keep; extra > 0 { // nobody reads, or not fast enough: he can read the log
		o.events = slices.Clone(o.events[extra:])
	}
}

// after is the index of the first event after a position.
func (o *Own) after(position int64) int {
	i, _ := slices.BinarySearchFunc(o.events, position+1, func(e Event, p int64) int { return cmp.Compare(e.Position, p) })
	return i
}

// run returns the next events after a position that follow each other without a gap, at most limit. soon tells that the
// next one is being written by this process.
func (o *Own) run(after int64, limit int) (next []Event, soon bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, soon = o.writing[after+1]; soon {
		return nil, true
	}
	o.events = o.events[o.after(after):]
	n := 0
	for n < min(len(o.events), limit) && o.events[n].Position == o.events[0].Position+int64(n) {
		n++
	}
	return slices.Clone(o.events[:n]), false
}

// beyond tells whether there is more after a position than the page before showed.
func (o *Own) beyond(position int64) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, soon := o.writing[position+1]
	return !soon && o.after(position) < len(o.events)
}

// Page implements Log. What is handed over up to a gap follows what the log holds before it: of the gap itself the log
// was read in one snapshot, and after the events that it is about had been committed.
func (o *Own) Page(ctx context.Context, after int64, limit int) ([]Event, error) {
	own, soon := o.run(after, limit)
	if soon {
		return nil, nil
	}
	if len(own) == 0 {
		return o.Log.Page(ctx, after, limit)
	}
	gap := own[0].Position - after - 1
	if gap == 0 {
		return own, nil
	}
	missing, err := o.Log.Page(ctx, after, int(min(gap, int64(limit))))
	if err != nil {
		return nil, err
	}
	missing = slices.DeleteFunc(missing, func(e Event) bool { return e.Position >= own[0].Position })
	page := slices.Concat(missing, own)
	return page[:min(len(page), limit)], nil
}
