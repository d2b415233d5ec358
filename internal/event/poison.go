package event

import (
	"fmt"
	"slices"
)

// PoisonError is what Publish returns for events that a sink can never take, whatever is tried. Nothing is said of the
// others: they come again without these.
type PoisonError struct{ Events []Poison }

// Poison is one event that a sink can never take.
type Poison struct {
	Event  Event
	Reason string
}

// Add notes such an event.
func (p *PoisonError) Add(e Event, why error) {
	p.Events = append(p.Events, Poison{e, why.Error()})
}

// Err returns the error, or nil when no event was noted.
func (p *PoisonError) Err() error {
	if len(p.Events) == 0 {
		return nil
	}
	return p
}

// Error implements error.
func (p *PoisonError) Error() string {
	return fmt.Sprintf("%d events can never be published; the first, %d: %s", len(p.Events), p.Events[0].Event.Position, p.Events[0].Reason)
}

// Without returns those of events that are not named.
func (p *PoisonError) Without(events []Event) []Event {
	return slices.DeleteFunc(slices.Clone(events), func(e Event) bool {
		return slices.ContainsFunc(p.Events, func(x Poison) bool { return x.Event.Position == e.Position })
	})
}
