package dispatch_test

import (
	"math/rand/v2"
	"testing"

	"brigade/internal/delivery/dispatch"
)

// BenchmarkDecide500Orders300Drivers is one decision of a large region from nothing: no old routes to start from.
func BenchmarkDecide500Orders300Drivers(b *testing.B) {
	s := randomTown(rand.New(rand.NewPCG(1, 2)), 300, 500)
	for b.Loop() {
		dispatch.Decide(s)
	}
}

// BenchmarkDecideAgain is the decision a moment later.
func BenchmarkDecideAgain(b *testing.B) {
	s := randomTown(rand.New(rand.NewPCG(1, 2)), 300, 500)
	p := dispatch.Decide(s)
	for i := range s.Drivers {
		s.Drivers[i].Route = routeOf(&p, s.Drivers[i].ID)
	}
	for b.Loop() {
		dispatch.Decide(s)
	}
}

// BenchmarkDecide5000Orders1000Drivers is one decision of more than any region has: what is done in it is bounded.
func BenchmarkDecide5000Orders1000Drivers(b *testing.B) {
	s := randomTown(rand.New(rand.NewPCG(1, 2)), 1000, 5000)
	for b.Loop() {
		dispatch.Decide(s)
	}
}
