package sched_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"brigade/internal/kitchen/sched"
)

func secs(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// drawCalibration is one that has seen anything.
func drawCalibration(t *rapid.T) *sched.Calibration {
	c := &sched.Calibration{}
	for range rapid.IntRange(0, 60).Draw(t, "orders") {
		m := c.Promise(secs(rapid.Float64Range(0, 7200).Draw(t, "lead")), secs(rapid.Float64Range(0, 3600).Draw(t, "alone")))
		c.Learn(m, secs(rapid.Float64Range(-10, 20000).Draw(t, "actual")))
	}
	return c
}

func TestPromisesAreInOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := drawCalibration(t)
		alone := secs(rapid.Float64Range(0, 3600).Draw(t, "alone"))
		lead := secs(rapid.Float64Range(0, 7200).Draw(t, "lead"))
		later := lead + secs(rapid.Float64Range(0, 7200).Draw(t, "more"))
		m, n := c.Promise(lead, alone), c.Promise(later, alone)
		require.GreaterOrEqual(t, m.P50, time.Duration(0))
		require.LessOrEqual(t, m.P50, m.P90)
		require.LessOrEqual(t, m.P50, n.P50, "what is expected later is never promised earlier")
		require.LessOrEqual(t, m.P90, n.P90)
	})
}

// Whatever the errors are like, and when they change from one hour to the next, nine of ten promises are kept.
func TestNineOfTenPromisesAreKept(t *testing.T) {
	t.Parallel()
	for name, actual := range map[string]func(r *rand.Rand, i int, lead float64) float64{
		"as expected":   func(r *rand.Rand, _ int, lead float64) float64 { return lead * math.Exp(0.2*r.NormFloat64()) },
		"exactly":       func(_ *rand.Rand, _ int, lead float64) float64 { return lead },
		"twice as long": func(r *rand.Rand, _ int, lead float64) float64 { return 2 * lead * math.Exp(0.3*r.NormFloat64()) },
		"half as long":  func(r *rand.Rand, _ int, lead float64) float64 { return lead * (0.4 + 0.2*r.Float64()) },
		"worse and worse": func(r *rand.Rand, i int, lead float64) float64 {
			return lead * math.Exp(0.2*r.NormFloat64()+float64(i)/2000)
		},
		"heavy tails": func(r *rand.Rand, _ int, lead float64) float64 {
			return lead * math.Exp(0.2*r.ExpFloat64()*r.ExpFloat64())
		},
	} {
		var c sched.Calibration
		r := rand.New(rand.NewPCG(1, 2))
		const n = 1500
		kept := 0
		for i := range n {
			lead := 60 + 900*r.Float64()
			m := c.Promise(secs(lead), secs(lead/2))
			took := secs(actual(r, i, lead))
			if took <= m.P90 {
				kept++
			}
			c.Learn(m, took)
		}
		share := float64(kept) / n
		if name == "exactly" {
			require.GreaterOrEqual(t, share, 0.87, name)
			continue
		}
		require.InDelta(t, 0.9, share, 0.03, name)
	}
}

func TestACalibrationIsKeptAsItIs(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := drawCalibration(t)
		text, err := json.Marshal(c)
		require.NoError(t, err)
		var d sched.Calibration
		require.NoError(t, json.Unmarshal(text, &d))
		require.Equal(t, c.Promise(time.Hour, time.Minute), d.Promise(time.Hour, time.Minute))
		require.LessOrEqual(t, len(text), 4096)
	})
}
