package shop

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"brigade/internal/errs"
	"brigade/internal/web/page"
)

// limiter lets each key do something so often at once, and once more each gap, in real time. It is safe for concurrent use.
type limiter struct {
	burst time.Duration // how far a key may run ahead
	gap   time.Duration

	mu   *sync.Mutex
	upTo map[string]time.Time // when a key has used up what it had
}

// keysKept is how many keys are remembered; then those that have nothing used up are forgotten.
const keysKept = 10_000

func newLimiter(burst int, gap time.Duration) limiter {
	return limiter{time.Duration(burst) * gap, gap, &sync.Mutex{}, map[string]time.Time{}}
}

// allow tells whether a key may, and counts it.
func (l limiter) allow(key string, now time.Time) bool {
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

// check refuses somebody who asks too often of a shop. Errors: KindTooMany.
func (l limiter) check(r *http.Request, p place) error {
	if !l.allow(strconv.FormatInt(p.ID, 10)+" "+page.From(r).Network(), time.Now()) {
		return errs.TooMany("That was too often: wait a moment and try again.")
	}
	return nil
}
