package event

import "context"

// Subscription is one listener's queue at a tail. It is for one goroutine; Close may be called from any.
type Subscription struct {
	tail    *Tail
	filters []Filter
	buffer  int
	signal  chan struct{} // capacity 1: something has changed
	// Guarded by the tail's mutex:
	queue  []Event
	lagged bool
	closed bool
}

// Subscribe returns a subscription to events from now on: those that any of the filters chooses, or all without one.
// Up to buffer events wait for a slow subscriber (at least one page of the tail). Its first Next reports lagged.
func (t *Tail) Subscribe(buffer int, filters ...Filter) *Subscription {
	s := &Subscription{
		tail: t, filters: filters, buffer: max(buffer, t.opts.Page), signal: make(chan struct{}, 1),
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.subs[s] = struct{}{}
	if t.begun {
		s.lag()
	}
	t.Poke()
	return s
}

// Close ends the subscription; a Next under way returns ErrStopped. Closing twice is fine.
func (s *Subscription) Close() {
	s.tail.mu.Lock()
	defer s.tail.mu.Unlock()
	s.closed, s.queue = true, nil
	delete(s.tail.subs, s)
	nudge(s.signal)
	s.tail.Poke()
}

// Next waits for the next events and returns them in order; they are shared, so do not change them.
//
// With lagged it returns no events: some may be missing, and the subscriber has to load afresh whatever it follows.
// Everything committed before Next returned is seen by what it loads then; everything later comes from the next
// calls (some of it perhaps both ways). This happens at first, when more than the buffer waited, and
// when the tail had to begin anew.
//
// The error is ctx's, and then nothing is lost: call again; or ErrStopped.
func (s *Subscription) Next(ctx context.Context) (events []Event, lagged bool, err error) {
	n, err := s.next(ctx)
	return n.events, n.lagged, err
}

// news is what waited for a subscriber.
type news struct {
	events  []Event
	lagged  bool
	upTo    int64 // when lagged: everything after this position will come
	settled bool  // when lagged: and nothing up to it can still appear
}

func (s *Subscription) next(ctx context.Context) (news, error) {
	for {
		if n, ok, err := s.take(); ok || err != nil {
			return n, err
		}
		select {
		case <-ctx.Done():
			return news{}, ctx.Err()
		case <-s.signal:
		}
	}
}

func (s *Subscription) take() (n news, ok bool, err error) {
	s.tail.mu.Lock()
	defer s.tail.mu.Unlock()
	switch {
	case s.closed || s.tail.stopped:
		return news{}, false, ErrStopped
	case s.lagged:
		s.lagged = false
		return news{lagged: true, upTo: s.tail.cursor, settled: s.tail.settled}, true, nil
	case len(s.queue) > 0:
		n.events, s.queue = s.queue, nil
		return n, true, nil
	}
	return news{}, false, nil
}

// lag drops what waits: the subscriber will load afresh. Nothing is queued until he knows.
func (s *Subscription) lag() {
	s.lagged, s.queue = true, nil
	nudge(s.signal)
}

func (s *Subscription) offer(events []Event) {
	if s.lagged {
		return
	}
	chosen := s.choose(events)
	switch {
	case len(chosen) == 0:
	case len(s.queue)+len(chosen) > s.buffer:
		s.lag()
	default:
		s.queue = append(s.queue, chosen...)
		nudge(s.signal)
	}
}

func (s *Subscription) choose(events []Event) []Event {
	switch len(s.filters) {
	case 0:
		return events
	case 1:
		return s.filters[0].Select(events)
	}
	var chosen []Event
	for _, e := range events {
		for _, f := range s.filters {
			if f.Match(e) {
				chosen = append(chosen, e)
				break
			}
		}
	}
	return chosen
}

// Resync makes the next Next report lagged, for a subscriber whose loading failed.
func (s *Subscription) Resync() {
	s.tail.mu.Lock()
	defer s.tail.mu.Unlock()
	s.lag()
}
