package event

import (
	"context"
	"errors"
	"iter"
)

const historyPage = 1000

// Stream gives a listener's events from a position on: first the log's history, then, without a gap or a duplicate,
// what happens. A listener that was too slow is taken back to the history without noticing.
// It is for one goroutine.
type Stream struct {
	tail   *Tail
	sub    *Subscription
	filter Filter
	after  int64 // everything that the filter chooses up to here was given
	upTo   int64 // the history has to be read up to here
	began  bool
}

// Stream returns the stream of the events that filter chooses after a position; a negative position means from now on,
// and so does one that the log has not reached. Close it.
func (t *Tail) Stream(filter Filter, after int64) *Stream {
	return &Stream{tail: t, sub: t.Subscribe(0, filter), filter: filter, after: after}
}

// Close ends the stream. Closing twice is fine.
func (s *Stream) Close() { s.sub.Close() }

// Next waits for the next events and returns at least one, in order of position. After an error nothing is lost:
// call again, at once after ctx's (so a time-out serves for keep-alives), after a pause when the log is out of
// reach. ErrStopped is final.
func (s *Stream) Next(ctx context.Context) ([]Event, error) {
	for {
		events, err := s.step(ctx)
		if err != nil || len(events) > 0 {
			return events, err
		}
	}
}

// All ranges over the stream's events until ctx ends or the tail stops; both end it without an error.
// Any other error is yielded and ends it too; a later All goes on where it was.
func (s *Stream) All(ctx context.Context) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		for {
			events, err := s.Next(ctx)
			if ctx.Err() != nil || errors.Is(err, ErrStopped) {
				return
			}
			if err != nil {
				yield(Event{}, err)
				return
			}
			for _, e := range events {
				if !yield(e, nil) {
					return
				}
			}
		}
	}
}

// step reads one page of history, or else what the tail has.
func (s *Stream) step(ctx context.Context) ([]Event, error) {
	if s.began && s.after < s.upTo {
		return s.history(ctx)
	}
	n, err := s.sub.next(ctx)
	switch {
	case err != nil:
		return nil, err
	case n.lagged:
		return nil, s.catchUp(ctx, n)
	case !s.began:
		return nil, nil
	}
	return s.fresh(n.events), nil
}

// catchUp notes how far the history has to be read. While the tail is not settled, earlier positions may still
// appear: then it waits, the tail reports again.
func (s *Stream) catchUp(ctx context.Context, n news) error {
	if !n.settled {
		return nil
	}
	if s.began {
		s.upTo = n.upTo
		return nil
	}
	if s.after > n.upTo { // perhaps given by a process that is a little ahead of this one
		head, err := s.tail.log.Probe(ctx)
		if err != nil {
			s.sub.Resync()
			return err
		}
		if s.after > head.Head {
			s.after = -1
		}
	}
	if s.after < 0 {
		s.after = n.upTo
	}
	s.began, s.upTo = true, n.upTo
	return nil
}

func (s *Stream) history(ctx context.Context) ([]Event, error) {
	events, err := s.tail.log.Read(ctx, Query{Filter: s.filter, After: s.after, UpTo: s.upTo, Limit: historyPage})
	if err != nil {
		return nil, err
	}
	s.after = s.upTo
	if len(events) == historyPage {
		s.after = events[historyPage-1].Position
	}
	return events, nil
}

// fresh drops what was given already.
func (s *Stream) fresh(events []Event) []Event {
	for len(events) > 0 && events[0].Position <= s.after {
		events = events[1:]
	}
	if len(events) > 0 {
		s.after = events[len(events)-1].Position
	}
	return events
}
