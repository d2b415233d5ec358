package event

import "context"

// Supersede gives a type one more version, whose predecessor had this payload, until the returned function is called.
func Supersede(t Type, payload any) (back func()) {
	superseded[t] = append(superseded[t], payload)
	return func() { superseded[t] = superseded[t][:len(superseded[t])-1] }
}

// Look reads the page after a follower's cursor and returns what may be delivered.
func Look(ctx context.Context, log Log, f Follower, limit int) ([]Event, Follower, error) {
	s, err := look(ctx, log, f, limit)
	return s.events, s.next, err
}
