package schedule

import (
	"math/bits"
	"time"
)

// goldenRatio is 2^64 divided by the golden ratio. Its multiples modulo 2^64 lie as evenly as multiples of any number can
// (Knuth, The Art of Computer Programming 3, 6.4): tenants numbered one after the other fill a window without clusters.
const goldenRatio = 0x9E3779B97F4A7C15

// Place returns a tenant's place in a window: 0 or more, less than the window, in whole milliseconds, and always the same.
// Workflows differ, so that a tenant that is late in one is not late in all.
func Place(workflow, tenant int64, window time.Duration) time.Duration {
	return within(uint64(tenant)*goldenRatio+mix(uint64(workflow)), window)
}

// shake returns what jitter adds to the run at a moment.
func shake(workflow, tenant int64, at time.Time, window time.Duration) time.Duration {
	return within(mix(mix(mix(uint64(workflow))^uint64(tenant))^uint64(at.Unix())), window)
}

// within scales 64 bits to a window.
func within(x uint64, window time.Duration) time.Duration {
	high, _ := bits.Mul64(x, uint64(max(window, 0)/time.Millisecond))
	return time.Duration(high) * time.Millisecond
}

// mix is the finalizer of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
func mix(x uint64) uint64 {
	x += goldenRatio
	x = (x ^ x>>30) * 0xBF58476D1CE4E5B9
	x = (x ^ x>>27) * 0x94D049BB133111EB
	return x ^ x>>31
}
