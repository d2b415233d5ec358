package workflow

import (
	"math"
	"time"
)

// Durations counts durations by their length: place i those of up to 2^(i/8) ms that are longer than the place before holds. So what
// is told of them is at most 9 % too long, however many they are, and counts of several days are added up place by place.
type Durations []int32

const (
	placesEach = 8   // places for a doubling
	mostPlaces = 256 // places: the last is 45 days
)

// Add counts a duration n times.
func (t *Durations) Add(d time.Duration, n int) {
	i := 0
	if ms := float64(d) / float64(time.Millisecond); ms > 1 {
		i = min(int(math.Ceil(placesEach*math.Log2(ms))), mostPlaces-1)
	}
	for len(*t) <= i {
		*t = append(*t, 0)
	}
	(*t)[i] += int32(n)
}

// plus is both together.
func (t Durations) plus(o Durations) Durations {
	if len(t) < len(o) {
		t = append(t[:len(t):len(t)], make(Durations, len(o)-len(t))...)
	}
	for i, n := range o {
		t[i] += n
	}
	return t
}

// Within is a time that a share of all took no longer than, by nearest rank; 0 without any.
func (t Durations) Within(share float64) time.Duration {
	total := int64(0)
	for _, n := range t {
		total += int64(n)
	}
	rank, seen := int64(math.Ceil(share*float64(total))), int64(0)
	for i, n := range t {
		if seen += int64(n); total > 0 && seen >= rank {
			return time.Duration(math.Exp2(float64(i)/placesEach) * float64(time.Millisecond))
		}
	}
	return 0
}
