package workflow

import "time"

// Bonus is by how much a tenant's steps go before those of the lowest tier. It is an amount of waiting, so nobody
// starves: a step that has waited longer than this goes before any that has just become ready.
func Bonus(tier string) time.Duration {
	switch tier {
	case "enterprise":
		return 10 * time.Minute
	case "standard":
		return 5 * time.Minute
	default:
		return 0
	}
}

// longestPause bounds what exponential growth makes of a delay that is itself shorter.
const longestPause = time.Hour

// Backoff is how long to wait before the next attempt, after so many: the delay, doubled with each further attempt up to
// an hour, give or take a quarter by chance (0 to 1), so that those who failed together do not come back together.
func Backoff(delay time.Duration, attempts int, chance float64) time.Duration {
	most := max(delay, longestPause)
	for range attempts - 1 {
		if delay *= 2; delay >= most {
			delay = most
			break
		}
	}
	return time.Duration(float64(delay) * (0.75 + chance/2))
}
