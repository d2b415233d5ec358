package learn_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"brigade/internal/kitchen/learn"
)

var grill = learn.Step{SKU: "burger", No: 0}

const base = 80 * time.Second

// cook is one true way of working: so many times the recipe's estimate, with chance about it.
func cook(r *rand.Rand, ratio, sigma float64) learn.Sample {
	took := time.Duration(float64(base) * ratio * math.Exp(sigma*r.NormFloat64()))
	return learn.Sample{Step: grill, Station: 1, Base: base, Took: took}
}

func feed(m *learn.Model, samples []learn.Sample, batch int) {
	for len(samples) > 0 {
		n := min(batch, len(samples))
		m.Learn(samples[:n])
		samples = samples[n:]
	}
}

func ratio(m *learn.Model) float64 {
	return m.Estimate(grill, 1, base).Mean.Seconds() / base.Seconds()
}

func rng(t *rapid.T) *rand.Rand { return rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1)) }

func TestItFindsTheTrueRatio(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r, m := rng(t), learn.NewModel()
		truth := math.Exp(rapid.Float64Range(-2, 2).Draw(t, "log ratio"))
		for range 200 {
			m.Learn([]learn.Sample{cook(r, truth, 0.2)})
		}
		require.InEpsilon(t, truth, ratio(m), 0.2)
	})
}

// Four standard errors of a window, at every ratio; and on average it is right to the percent.
func TestItIsUnbiased(t *testing.T) {
	t.Parallel()
	r, sum := rand.New(rand.NewPCG(1, 2)), 0.0
	const kitchens = 300
	for range kitchens {
		m := learn.NewModel()
		for range 100 {
			m.Learn([]learn.Sample{cook(r, 1.6, 0.3)})
		}
		sum += math.Log(ratio(m) / 1.6)
	}
	require.InDelta(t, 0, sum/kitchens, 0.01+0.3/math.Sqrt(48*kitchens)*4)
}

func TestForgottenBumpsTeachNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		clean, spoiled := learn.NewModel(), learn.NewModel()
		a, b, spoil := rand.New(rand.NewPCG(seed, 1)), rand.New(rand.NewPCG(seed, 1)), rand.New(rand.NewPCG(seed, 2))
		for range 150 {
			clean.Learn([]learn.Sample{cook(a, 1.3, 0.2)})
			s := cook(b, 1.3, 0.2)
			if spoil.Float64() < 0.1 {
				s.Took = time.Hour
			}
			spoiled.Learn([]learn.Sample{s})
		}
		require.InEpsilon(t, ratio(clean), ratio(spoiled), 0.12, "a tenth of the bumps came an hour late")
	})
}

func TestOneHourForASaladTeachesNothing(t *testing.T) {
	t.Parallel()
	r, m := rand.New(rand.NewPCG(3, 4)), learn.NewModel()
	for range 12 {
		m.Learn([]learn.Sample{cook(r, 1, 0.15)})
	}
	before := ratio(m)
	m.Learn([]learn.Sample{{Step: grill, Station: 1, Base: base, Took: time.Hour}})
	require.InDelta(t, before, ratio(m), 0.03)
}

func TestOrderHardlyMatters(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := rng(t)
		n := rapid.IntRange(1, learn.Window).Draw(t, "samples")
		samples := make([]learn.Sample, n)
		for i := range samples {
			samples[i] = cook(r, 0.7, 0.3)
		}
		one, other := learn.NewModel(), learn.NewModel()
		feed(one, samples, rapid.IntRange(1, n).Draw(t, "batch"))
		r.Shuffle(n, func(i, k int) { samples[i], samples[k] = samples[k], samples[i] })
		feed(other, samples, n)
		require.InEpsilon(t, ratio(one), ratio(other), 0.05)
	})
}

func TestEstimatesAreAlwaysAboveZero(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := learn.NewModel()
		for range rapid.IntRange(0, 120).Draw(t, "samples") {
			m.Learn([]learn.Sample{{
				Step: grill, Station: rapid.Int64Range(0, 2).Draw(t, "station"), Person: rapid.Int64Range(0, 2).Draw(t, "person"),
				Load: rapid.IntRange(-1, 9).Draw(t, "load"), Base: time.Duration(rapid.Int64().Draw(t, "base")),
				Took: time.Duration(rapid.Int64().Draw(t, "took")), Open: rapid.Bool().Draw(t, "open"),
			}})
		}
		e := m.Estimate(grill, 1, base)
		require.Positive(t, e.Mean)
		require.GreaterOrEqual(t, e.P90, e.Mean)
		require.Positive(t, learn.InForce(0, base, e))
		for _, f := range []learn.Factors{m.StationFactors(), m.PersonFactors(), m.LoadFactors()} {
			for _, x := range f {
				require.Positive(t, x)
				require.False(t, math.IsInf(x, 0))
			}
		}
	})
}

func TestAFewSamplesAreNotBelieved(t *testing.T) {
	t.Parallel()
	r, m := rand.New(rand.NewPCG(5, 6)), learn.NewModel()
	for range 4 {
		m.Learn([]learn.Sample{cook(r, 3, 0.1)})
	}
	e := m.Estimate(grill, 1, base)
	require.Equal(t, base, e.Mean)
	require.False(t, e.Sure)
	require.Equal(t, base, learn.InForce(0, base, e))
	m.Learn([]learn.Sample{cook(r, 3, 0.1)})
	require.True(t, m.Estimate(grill, 1, base).Sure)
	require.Greater(t, ratio(m), 1.8)
	require.Less(t, ratio(m), 3.0, "five are half believed")
}

// A new dish at a station that always takes longer than its recipes is expected to take longer, too.
func TestANewStepLeansOnItsStation(t *testing.T) {
	t.Parallel()
	r, m := rand.New(rand.NewPCG(7, 8)), learn.NewModel()
	for i := range 120 {
		s := cook(r, 1.5, 0.2)
		s.Step = learn.Step{SKU: string(rune('a' + i%6))}
		m.Learn([]learn.Sample{s})
	}
	fresh := m.Estimate(learn.Step{SKU: "new"}, 1, base)
	require.InEpsilon(t, 1.35, fresh.Mean.Seconds()/base.Seconds(), 0.1)
	require.Equal(t, base, m.Estimate(learn.Step{SKU: "new"}, 2, base).Mean, "another station has nothing to do with it")
}

func TestItFollowsAKitchenThatChanges(t *testing.T) {
	t.Parallel()
	r, m := rand.New(rand.NewPCG(9, 10)), learn.NewModel()
	for i := range 300 {
		m.Learn([]learn.Sample{cook(r, 1+float64(i)/300, 0.15)})
	}
	require.InEpsilon(t, 1.9, ratio(m), 0.1)
}

// Who is quick is told apart from what is quick, and what all have in common is the recipe's.
func TestPeopleAndStepsAreToldApart(t *testing.T) {
	t.Parallel()
	r, m := rand.New(rand.NewPCG(11, 12)), learn.NewModel()
	speed := map[int64]float64{1: 0.8, 2: 1, 3: 1.25}
	for range 600 {
		s := cook(r, 1.5, 0.2)
		s.Person = 1 + r.Int64N(3)
		s.Took = time.Duration(float64(s.Took) * speed[s.Person])
		m.Learn([]learn.Sample{s})
	}
	require.InEpsilon(t, 1.5, ratio(m), 0.08)
	people := m.PersonFactors()
	require.Less(t, people[1], 0.93)
	require.InEpsilon(t, 1, people[2], 0.1)
	require.Greater(t, people[3], 1.07)
}

// The efficiency that the kitchen's file gives somebody is taken into account, and corrected.
func TestEfficiencyIsThePrior(t *testing.T) {
	t.Parallel()
	r, m := rand.New(rand.NewPCG(13, 14)), learn.NewModel()
	m.Efficiency[1], m.Efficiency[2] = 2, 1
	for range 300 {
		s := cook(r, 1, 0.1)
		s.Person = 1 + r.Int64N(2)
		s.Took = time.Duration(s.Took.Seconds() / m.Efficiency[s.Person] * float64(time.Second))
		m.Learn([]learn.Sample{s})
	}
	require.InEpsilon(t, 1, ratio(m), 0.06)
	require.InEpsilon(t, 0.5, m.PersonFactors()[1], 0.08)
}

func TestFullHandsAreSlower(t *testing.T) {
	t.Parallel()
	r, m := rand.New(rand.NewPCG(15, 16)), learn.NewModel()
	for range 800 {
		s := cook(r, 1, 0.2)
		s.Load = r.IntN(3)
		s.Took = time.Duration(float64(s.Took) * (1 + 0.3*float64(s.Load)))
		m.Learn([]learn.Sample{s})
	}
	loads := m.LoadFactors()
	require.Less(t, loads[0], loads[1])
	require.Less(t, loads[1], loads[2])
}

// With auto-completion only early bumps are measured. Taken alone they would teach that everything is quick, the next
// estimates would be shorter, the bumps even earlier, and so on.
func TestAutoCompletionDoesNotTeachHaste(t *testing.T) {
	t.Parallel()
	r, m := rand.New(rand.NewPCG(17, 18)), learn.NewModel()
	force := base
	for range 3000 {
		s := cook(r, 1, 0.25)
		if s.Took > force {
			s.Took, s.Open = force, true
		}
		m.Learn([]learn.Sample{s})
		force = learn.InForce(force, base, m.Estimate(grill, 1, base))
	}
	require.InEpsilon(t, base.Seconds(), force.Seconds(), 0.15)

	alone := learn.NewModel()
	for range 100 {
		alone.Learn([]learn.Sample{{Step: grill, Station: 1, Base: base, Took: base, Open: true}})
	}
	require.False(t, alone.Estimate(grill, 1, base).Sure, "they teach nothing alone")
}

func TestInForceFollowsInSteps(t *testing.T) {
	t.Parallel()
	e := learn.Estimate{Mean: 101 * time.Second, Sure: true}
	require.Equal(t, 100*time.Second, learn.InForce(100*time.Second, base, e))
	e.Mean = 104 * time.Second
	require.Equal(t, e.Mean, learn.InForce(100*time.Second, base, e))
}

func BenchmarkLearn(b *testing.B) {
	r, m := rand.New(rand.NewPCG(1, 1)), learn.NewModel()
	batch := make([]learn.Sample, 500)
	for i := range batch {
		batch[i] = cook(r, 1.2, 0.3)
		batch[i].Step.No, batch[i].Person = i%40, int64(1+i%6)
	}
	b.ReportAllocs()
	for b.Loop() {
		m.Learn(batch)
		m.Estimate(grill, 1, base)
	}
}
