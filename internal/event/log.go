package event

import (
	"context"
	"slices"
	"time"
)

// Log is the event log as its readers see it.
type Log interface {
	// Page returns up to limit committed events after a position, in order of position, from one snapshot.
	// Positions may be missing from it for a while (see Follower).
	Page(ctx context.Context, after int64, limit int) ([]Event, error)
	// Probe tells who may still fill gaps in the log (see Probe).
	Probe(ctx context.Context) (Probe, error)
	// Read returns the events that a query asks for, in order of position. It knows nothing of gaps:
	// bound it with UpTo, or use a Stream.
	Read(ctx context.Context, q Query) ([]Event, error)
}

// Filter chooses events. Its zero value chooses all.
type Filter struct {
	Tenant int64  // 0: every tenant
	Outlet int64  // 0: every outlet of the tenant
	Types  []Type // none: every type
}

// Match tells whether the filter chooses e.
func (f Filter) Match(e Event) bool {
	return (f.Tenant == 0 || f.Tenant == e.Tenant) &&
		(f.Outlet == 0 || f.Outlet == e.Outlet) &&
		(len(f.Types) == 0 || slices.Contains(f.Types, e.Type))
}

// Select returns those of events that the filter chooses, in their order. It may return events itself.
func (f Filter) Select(events []Event) []Event {
	if f.Tenant == 0 && f.Outlet == 0 && len(f.Types) == 0 {
		return events
	}
	var chosen []Event
	for _, e := range events {
		if f.Match(e) {
			chosen = append(chosen, e)
		}
	}
	return chosen
}

// Query asks for a stretch of the log's history.
type Query struct {
	Filter
	After int64 // events after this position
	UpTo  int64 // and not after this one; 0: to the end
	Limit int   // at most so many; 0: 1,000
}

// sight is what one look at the log gave.
type sight struct {
	events []Event  // safe to deliver
	next   Follower // to go on with once they are delivered
	more   bool     // the page was full: there may be more right now
}

// look reads the page after the follower's cursor. A follower that is stuck first learns who may still write.
func look(ctx context.Context, log Log, f Follower, limit int) (sight, error) {
	if shared, ok := log.(Shared); ok {
		if events, upTo, ok := shared.Recent.settled(f.Cursor(), limit); ok {
			return sight{events: events, next: f.Passed(upTo), more: len(events) == limit}, nil
		}
	}
	if f.Stuck() {
		p, err := log.Probe(ctx)
		if err != nil {
			return sight{}, err
		}
		f = f.Probed(p)
	}
	page, err := log.Page(ctx, f.Cursor(), limit)
	if err != nil {
		return sight{}, err
	}
	events, next := f.Take(page)
	more := len(page) == limit
	if own, ok := log.(*Own); ok {
		more = more || own.beyond(next.Cursor())
	}
	return sight{events: events, next: next, more: more}, nil
}

// pace says how long a reader waits after a look: not at all while there is more, shortly at a gap,
// poll otherwise, and quiet once nothing has come for a while.
type pace struct {
	poll, quiet, spacing time.Duration
	gaps, idle           int
}

const looksUntilQuiet = 20

func (p *pace) after(s sight) time.Duration {
	switch gap := s.next.Gap(); {
	case s.more && !gap:
		p.gaps, p.idle = 0, 0
		return 0
	case gap && len(s.events) > 0:
		p.gaps, p.idle = 0, 0
		return p.spacing
	case gap:
		p.gaps = min(p.gaps+1, 10)
		return min(p.spacing<<p.gaps, p.poll)
	case len(s.events) > 0:
		p.gaps, p.idle = 0, 0
		return p.poll
	}
	if p.idle++; p.idle > looksUntilQuiet {
		return p.quiet
	}
	return p.poll
}

// wait returns after d, or earlier when poked, but never before spacing has passed, so that a burst of pokes
// costs one look. It returns false when ctx ended.
func (p *pace) wait(ctx context.Context, d time.Duration, poke <-chan struct{}) bool {
	if d <= p.spacing {
		return sleep(ctx, d)
	}
	if !sleep(ctx, p.spacing) {
		return false
	}
	timer := time.NewTimer(d - p.spacing)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-poke:
	case <-timer.C:
	}
	return true
}

func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// nudge puts a poke into a channel of capacity 1, unless one waits there already.
func nudge(poke chan<- struct{}) {
	select {
	case poke <- struct{}{}:
	default:
	}
}
