// Package eventtest holds what tests of the event path share: the conformance suite that every sink must pass,
// and an event log in memory.
package eventtest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"brigade/internal/event"
)

// Log is an event log with the cursors of its sinks, in memory. It behaves as the one in Postgres does: positions are
// taken before a commit, and a rolled back transaction leaves a gap.
type Log struct {
	mu      sync.Mutex
	next    int64
	events  []event.Event // committed, in order of position
	writing map[string]bool
	down    error
	pages   int
	cursors map[string]event.Cursor
	reasons []string
	parked  []event.Poison
}

// NewLog returns an empty log.
func NewLog() *Log {
	return &Log{next: 1, writing: map[string]bool{}, cursors: map[string]event.Cursor{}}
}

// Tx is a transaction under way.
type Tx struct {
	log    *Log
	name   string
	events []event.Event
}

// Begin takes positions for events without making them visible.
func (l *Log) Begin(events ...event.Event) *Tx {
	l.mu.Lock()
	defer l.mu.Unlock()
	tx := &Tx{log: l, name: fmt.Sprintf("tx/%d", l.next), events: slices.Clone(events)}
	for i := range tx.events {
		tx.events[i].Position = l.next
		l.next++
	}
	l.writing[tx.name] = true
	return tx
}

// Commit makes the events visible.
func (tx *Tx) Commit() {
	tx.log.mu.Lock()
	defer tx.log.mu.Unlock()
	tx.log.events = append(tx.log.events, tx.events...)
	slices.SortFunc(tx.log.events, func(a, b event.Event) int { return int(a.Position - b.Position) })
	delete(tx.log.writing, tx.name)
}

// Rollback leaves the events' positions empty for ever.
func (tx *Tx) Rollback() {
	tx.log.mu.Lock()
	defer tx.log.mu.Unlock()
	delete(tx.log.writing, tx.name)
}

// Events returns what it writes, with positions.
func (tx *Tx) Events() []event.Event { return slices.Clone(tx.events) }

// Append commits events at once.
func (l *Log) Append(events ...event.Event) { l.Begin(events...).Commit() }

// Break makes every call fail with err until it is called with nil.
func (l *Log) Break(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = err
}

// Pages returns how often a page was read.
func (l *Log) Pages() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.pages
}

// Page implements event.Log.
func (l *Log) Page(ctx context.Context, after int64, limit int) ([]event.Event, error) {
	l.mu.Lock()
	l.pages++
	l.mu.Unlock()
	return l.Read(ctx, event.Query{After: after, Limit: limit})
}

// Probe implements event.Log.
func (l *Log) Probe(ctx context.Context) (event.Probe, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := event.Probe{}
	if n := len(l.events); n > 0 {
		p.Head = l.events[n-1].Position
	}
	for name := range l.writing {
		p.Writers = append(p.Writers, name)
	}
	return p, l.fault(ctx)
}

// Read implements event.Log.
func (l *Log) Read(ctx context.Context, q event.Query) ([]event.Event, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.fault(ctx); err != nil {
		return nil, err
	}
	from, _ := slices.BinarySearchFunc(l.events, q.After+1, func(e event.Event, p int64) int { return int(e.Position - p) })
	var found []event.Event
	for _, e := range l.events[from:] {
		if q.UpTo > 0 && e.Position > q.UpTo || q.Limit > 0 && len(found) == q.Limit {
			break
		}
		if q.Match(e) {
			found = append(found, e)
		}
	}
	return found, nil
}

func (l *Log) fault(ctx context.Context) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return l.down
}

// Load implements event.Cursors.
func (l *Log) Load(ctx context.Context, sink string) (event.Cursor, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cursors[sink], l.fault(ctx)
}

// Mark implements event.Cursors.
func (l *Log) Mark(ctx context.Context, sink string, _, position int64, _ time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.fault(ctx); err != nil {
		return err
	}
	l.cursors[sink] = event.Cursor{Position: position}
	return nil
}

// Fail implements event.Cursors.
func (l *Log) Fail(ctx context.Context, sink string, _ int64, attempts int, reason string, retryIn time.Duration) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.fault(ctx); err != nil {
		return err
	}
	l.cursors[sink] = event.Cursor{Position: l.cursors[sink].Position, Attempts: attempts, RetryIn: retryIn}
	l.reasons = append(l.reasons, reason)
	return nil
}

// Park implements event.Cursors.
func (l *Log) Park(ctx context.Context, _ string, _ int64, poison []event.Poison) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.parked = append(l.parked, poison...)
	return l.fault(ctx)
}

// Parked returns the events that were parked.
func (l *Log) Parked() []event.Poison {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.parked)
}

// Reasons returns why tries failed, in order.
func (l *Log) Reasons() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.reasons)
}

// Always owns everything.
type Always struct{}

// Owned implements event.Owner.
func (Always) Owned(string) (int64, bool) { return 1, true }
