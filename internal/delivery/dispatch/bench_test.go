package dispatch_test

import (
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"brigade/internal/delivery/dispatch"
)

// BenchmarkDecide500Orders300Drivers is one decision of a large region from nothing: no old routes to start from.
func BenchmarkDecide500Orders300Drivers(b *testing.B) {
	decide(b, randomTown(rand.New(rand.NewPCG(1, 2)), 300, 500))
}

// BenchmarkDecideAgain is the decision a moment later.
func BenchmarkDecideAgain(b *testing.B) {
	s := randomTown(rand.New(rand.NewPCG(1, 2)), 300, 500)
	p := dispatch.Decide(s)
	for i := range s.Drivers {
		s.Drivers[i].Route = routeOf(&p, s.Drivers[i].ID)
	}
	decide(b, s)
}

// BenchmarkDecide5000Orders1000Drivers is one decision of more than any region has: what is done in it is bounded.
func BenchmarkDecide5000Orders1000Drivers(b *testing.B) {
	decide(b, randomTown(rand.New(rand.NewPCG(1, 2)), 1000, 5000))
}

// decide measures one decision. What others do on the machine moves its time, less so its CPU time.
func decide(b *testing.B, s dispatch.Snapshot) {
	b.Helper()
	began := cpuTime()
	for b.Loop() {
		dispatch.Decide(s)
	}
	b.ReportMetric((cpuTime()-began).Seconds()*1000/float64(b.N), "cpu-ms/op")
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
