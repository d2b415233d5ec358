package page

import (
	"sync"
	"time"

	"brigade/internal/errs"
)

// Limiter lets each key do something so often at once, and once more each gap, in real time. It is for what strangers may
// ask; each node has its own. It is safe for concurrent use.
type Limiter struct {
	burst time.Duration // how far a key may run ahead
	gap   time.Duration

	mu   *sync.Mutex
	upTo map[string]time.Time // when a key has used up what it had
}

// keysKept is how many keys are remembered; then those that have nothing used up are forgotten.
const keysKept = 10_000

// NewLimiter returns a limiter that nobody has asked yet.
func NewLimiter(burst int, gap time.Duration) Limiter {
	return Limiter{time.Duration(burst) * gap, gap, &sync.Mutex{}, map[string]time.Time{}}
}

// Check counts that a key asks. Errors: KindTooMany.
func (l Limiter) Check(key string) error {
	if !l.allow(key, time.Now()) {
		return errs.TooMany("That was too often: wait a moment and try again.")
	}
	return nil
}

// allow tells whether a key may, and counts it.
func (l Limiter) allow(key string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.upTo) >= keysKept {
		for k, t := range l.upTo {
			if !t.After(now) {
				delete(l.upTo, k)
			}
		}
	}
	t := l.upTo[key]
	if t.Before(now) {
		t = now
	}
	if t = t.Add(l.gap); t.After(now.Add(l.burst)) || len(l.upTo) >= 2*keysKept && l.upTo[key].IsZero() {
		return false
	}
	l.upTo[key] = t
	return true
}
