package event

import "slices"

// Probe tells who may still fill gaps in the log. Whoever inserts into the log holds a lock on it from before he
// takes a position until his transaction has ended and is visible. So when a probe sees the event at Head, every
// lower position was taken by one of Writers or by a transaction that has ended: once all of Writers have
// ended too, a position up to Head that a page read thereafter does not show will never be filled.
type Probe struct {
	Head    int64    // the highest position visible to the probe; 0 when the log is empty
	Writers []string // the transactions that hold the log's write lock, looked up after Head was
}

// without returns p with only those writers that are in later too: the others have ended in between.
func (p Probe) without(later Probe) Probe {
	still := slices.DeleteFunc(slices.Clone(p.Writers), func(w string) bool {
		return !slices.Contains(later.Writers, w)
	})
	return Probe{Head: p.Head, Writers: still}
}

// Follower decides which events are safe to deliver, so that a reader who only ever moves forward misses none.
// It is a plain value without I/O: each method returns the follower to go on with.
//
// Positions are taken from a sequence before the commit, so a reader may see 7 before 6 is committed, and a position
// whose transaction was rolled back stays empty. Follower delivers what follows the cursor without a gap at once.
// At a gap it stops; when the next page does not close the gap it is Stuck and wants a Probe: who could still
// fill it. When a later probe finds all of these gone, whatever a page read after that does not show will never
// come, and the gap is passed.
//
// For one aggregate the order of positions is the order of commits, because a writer holds the aggregate's row
// before it appends: waiting at a gap never puts an aggregate's events out of order, and neither does passing it.
//
// Why not the snapshot's xmin and xmax: xmax is one above the last transaction that has ended, not above the last
// that has begun, so it does not bound who may fill a gap; and xmin is held back by any open transaction
// of the server, whether it writes events or not.
type Follower struct {
	cursor   int64 // everything up to here is delivered
	settled  int64 // what is missing up to here will never come
	watching bool
	watch    Probe // whom the gaps wait for
	gap      bool
	stuck    bool
}

// Follow returns a follower that has delivered everything up to a position.
func Follow(after int64) Follower { return Follower{cursor: after} }

// Cursor is the position up to which everything is delivered.
func (f Follower) Cursor() int64 { return f.cursor }

// Gap tells whether the last page showed events that could not be delivered yet.
func (f Follower) Gap() bool { return f.gap }

// Stuck tells whether the last page showed events of which none could be delivered: it wants a probe before the next page.
func (f Follower) Stuck() bool { return f.stuck }

// Take returns the part of page that is safe to deliver. The page holds the events after the cursor in order of
// position, and was read after the probe that was last given.
func (f Follower) Take(page []Event) ([]Event, Follower) {
	n := 0
	for n < len(page) && (page[n].Position == f.cursor+1 || page[n].Position <= f.settled) {
		f.cursor = page[n].Position
		n++
	}
	f.gap = n < len(page)
	f.stuck = f.gap && n == 0
	if f.cursor >= f.watch.Head {
		f.watching = false
	}
	return page[:n], f
}

// Passed tells the follower that everything up to a position was delivered by other means.
func (f Follower) Passed(upTo int64) Follower {
	f.cursor, f.gap, f.stuck = upTo, false, false
	if f.cursor >= f.watch.Head {
		f.watching = false
	}
	return f
}

// Probed tells the follower of a probe.
func (f Follower) Probed(p Probe) Follower {
	if f.watching {
		p = f.watch.without(p)
	}
	f.watching, f.watch = len(p.Writers) > 0, p
	if !f.watching {
		f.settled = max(f.settled, p.Head)
	}
	return f
}
