package live

import (
	"bytes"
	"context"
	"strconv"
	"sync"
	"time"

	"brigade/internal/event"
)

// Subject is what a read is about. An event about it makes what was read before old.
type Subject string

// Order is an order with its ticket and tasks.
func Order(id int64) Subject { return Subject("order:" + strconv.FormatInt(id, 10)) }

// Outlet is everything that happens at an outlet.
func Outlet(id int64) Subject { return Subject("outlet:" + strconv.FormatInt(id, 10)) }

// subjects are what an event is about.
func subjects(e event.Event) (list []Subject) {
	switch e.AggregateType {
	case event.AggregateTask:
		if id := orderOf(e); id != 0 {
			list = append(list, Order(id))
		}
	case event.AggregateTicket, event.AggregateOrder, event.AggregateWork:
		list = append(list, Order(e.AggregateID))
	}
	if e.Outlet != 0 {
		list = append(list, Outlet(e.Outlet))
	}
	return list
}

// orderOf is the order of a task's event. Most events are of tasks, so the payload is not decoded: the name cannot stand
// inside of a text, where its second quote would be escaped.
func orderOf(e event.Event) (id int64) {
	_, rest, found := bytes.Cut(e.Payload, []byte(`"order_id":`))
	if !found {
		return 0
	}
	for i, c := range rest {
		if c == ' ' && i == 0 {
			continue
		}
		if c < '0' || c > '9' {
			break
		}
		id = 10*id + int64(c-'0')
	}
	return id
}

// Watch knows, as this process's tail goes, where in the log each subject changed last. So it can tell of something that
// anybody read when everything up to a position was committed whether it still holds. It is safe for concurrent use.
type Watch struct {
	tail *event.Tail
	own  func() int64 // this process among the origins of events

	mu      sync.Mutex
	knows   bool
	since   int64             // all changes after this position are known
	changed map[Subject]int64 // position of the last one
	writing map[Subject]*writing
}

// writing is what this process is committing just now, or has and the tail has not brought yet: who wrote must not read
// what was before.
type writing struct {
	events int
	until  time.Time // what was rolled back never comes
}

const (
	subjectsKept = 50_000
	writingMax   = time.Minute
)

// NewWatch returns a watch over a tail; Run makes it follow. own is this process's id as the origin of events.
func NewWatch(tail *event.Tail, own func() int64) *Watch {
	return &Watch{tail: tail, own: own, changed: map[Subject]int64{}, writing: map[Subject]*writing{}}
}

// Run follows the tail until ctx or the tail ends, and returns nil then.
func (w *Watch) Run(ctx context.Context) error {
	sub := w.tail.Subscribe(1 << 16)
	defer sub.Close()
	for {
		events, lagged, err := sub.Next(ctx)
		if err != nil {
			w.begin(event.TailStats{})
			return nil // the tail or the process ends
		}
		if lagged {
			w.begin(w.tail.Stats())
		}
		w.take(events)
	}
}

// begin forgets everything: changes up to where the tail is were perhaps missed.
func (w *Watch) begin(at event.TailStats) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.knows, w.since = at.Settled, at.Position
	clear(w.changed)
}

func (w *Watch) take(events []event.Event) {
	if len(events) == 0 {
		return
	}
	own := w.own()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range events {
		for _, s := range subjects(e) {
			w.changed[s] = e.Position
			if x := w.writing[s]; x != nil && e.Origin == own {
				if x.events--; x.events <= 0 {
					delete(w.writing, s)
				}
			}
		}
	}
	if len(w.changed) > subjectsKept {
		clear(w.changed)
		w.since = events[len(events)-1].Position
	}
}

// Writing says that this process is about to commit events.
func (w *Watch) Writing(events []event.Event) {
	until := time.Now().Add(writingMax)
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range events {
		for _, s := range subjects(e) {
			x := w.writing[s]
			if x == nil {
				x = &writing{}
				w.writing[s] = x
			}
			x.events++
			x.until = until
		}
	}
}

// position is a position of the log up to which everything that will ever be there is committed; false: not known.
func (w *Watch) position() (int64, bool) {
	at := w.tail.Stats()
	return at.Position, at.Settled
}

// holds tells whether what was read at a position still is what is known of its subject.
func (w *Watch) holds(s Subject, at int64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if x := w.writing[s]; x != nil {
		if time.Now().Before(x.until) {
			return false
		}
		delete(w.writing, s)
	}
	return w.knows && at >= w.since && at >= w.changed[s]
}
