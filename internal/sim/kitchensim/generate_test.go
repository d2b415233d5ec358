package kitchensim_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"brigade/internal/errs"
	"brigade/internal/sim/kitchensim"
)

// generate makes a kitchen and an evening up: the same seed gives the same. load is the arrival rate over what the
// busiest station or the hands of all can keep up with, roughly.
func generate(seed uint64, load float64, orders int) (*kitchensim.Scenario, *kitchensim.Rush) {
	sc := kitchensim.MadeUp(seed)
	return sc, rushFor(rand.New(rand.NewPCG(seed, 4)), sc, load, orders)
}

func rushFor(r *rand.Rand, sc *kitchensim.Scenario, load float64, orders int) *kitchensim.Rush {
	rush := &kitchensim.Rush{}
	gap := perOrder(sc) / load
	at := 0.0
	for range orders {
		at += r.ExpFloat64() * gap
		o := kitchensim.Order{Arr: at, Due: at + 200 + 1500*r.Float64()}
		for range 1 + r.IntN(4) {
			item := r.IntN(len(sc.Menu))
			o.Items = append(o.Items, item)
			var noise []float64
			for range sc.Menu[item].Steps {
				noise = append(noise, math.Exp(0.25*r.NormFloat64()))
			}
			o.Noise = append(o.Noise, noise)
		}
		rush.Orders = append(rush.Orders, o)
	}
	for m := range sc.Machines {
		if r.IntN(3) == 0 {
			from := at * r.Float64()
			rush.Failures = append(rush.Failures, kitchensim.Failure{Machine: m, From: from, To: from + 60 + 900*r.Float64()})
		}
	}
	return rush
}

// perOrder is how many seconds an average order takes of whatever is scarcest.
func perOrder(sc *kitchensim.Scenario) float64 {
	work, hands := make([]float64, len(sc.Stations)), 0.0
	all := 0.0
	for _, it := range sc.Menu {
		for _, s := range it.Steps {
			work[s.Station] += 2.5 * s.EstSecs / float64(len(sc.Menu))
			all += 2.5 * s.EstSecs / float64(len(sc.Menu))
		}
	}
	for _, p := range sc.Staff {
		hands += float64(p.MaxParallel)
	}
	worst := all / hands
	for s, w := range work {
		slots, skilled := 0, 0
		for _, m := range sc.Machines {
			if m.Station == s {
				slots += m.Capacity
			}
		}
		for _, p := range sc.Staff {
			for _, k := range p.Skills {
				if k == s {
					skilled += p.MaxParallel
				}
			}
		}
		worst = max(worst, w/float64(max(1, min(slots, sc.StationCapacity[s], skilled))))
	}
	return worst
}

// counter is a kitchen with one cook, who has two hands and does ten percent more than expected.
func counter() *kitchensim.Scenario {
	return &kitchensim.Scenario{
		Name: "counter", Stations: []string{"grill", "pass"}, StationCapacity: []int{5, 5},
		Machines: []kitchensim.Machine{{Name: "g", Station: 0, Capacity: 1}, {Name: "p", Station: 1, Capacity: 9}},
		Staff:    []kitchensim.Staff{{Name: "Asha", Skills: []int{0, 1}, MaxParallel: 2, Efficiency: 1.1, BreakAt: -1}},
		Menu: []kitchensim.Item{{Name: "burger", Steps: []kitchensim.Step{
			{Desc: "grill", Station: 0, EstSecs: 60}, {Desc: "plate", Station: 1, EstSecs: 20, Deps: []int{0}},
		}}},
		Trade: kitchensim.Trade{OrderSizes: []float64{0, 1}},
	}
}

// What a kitchen keeps up with is what its scarcest station or hands do.
func TestSaturation(t *testing.T) {
	t.Parallel()
	sc := counter()
	require.InDelta(t, 1.0/120, sc.Saturation(), 1e-12, "the grill has one slot, an order takes it for two minutes")
	sc.Machines[0].Capacity = 4
	require.InDelta(t, 2.2/160, sc.Saturation(), 1e-12, "now Asha's hands are short")
	sc.Staff[0].BreakAt, sc.Staff[0].BreakFor = 60, 5400
	require.InDelta(t, 1.1/160, sc.Saturation(), 1e-12, "half the evening she is away")
	sc.Staff[0].Skills = []int{0}
	require.Zero(t, sc.Saturation())
	require.True(t, errs.Is(sc.CanSell(), errs.KindInvalid))
}

// As many orders come in as it says: on average over many evenings, most of them at the peak.
func TestGeneratedEvenings(t *testing.T) {
	t.Parallel()
	sc := counter()
	first, again := sc.Generate(0.9, 5), sc.Generate(0.9, 5)
	require.Equal(t, first, again)
	require.NotEqual(t, sc.Generate(0.9, 5), sc.Generate(0.9, 6))
	orders, early, noise, items := 0.0, 0.0, 0.0, 0.0
	const evenings = 200
	for seed := range uint64(evenings) {
		for _, o := range sc.Generate(0.9, seed).Orders {
			orders++
			noise += o.Noise[0][0]
			items += float64(len(o.Items))
			if o.Arr < 1800 {
				early++
			}
			require.Greater(t, o.Due, o.Arr+180)
		}
	}
	peak, base := 0.9*sc.Saturation(), 1/2.5
	bell := 2700 * math.Sqrt(2*math.Pi) * math.Erf(2/math.Sqrt2) // of two standard deviations around the peak
	require.InEpsilon(t, peak*(base*10800+(1-base)*bell), orders/evenings, 0.03)
	require.Less(t, early/orders, 0.14, "a sixth of the time")
	require.InDelta(t, 1, noise/orders, 0.01)
	require.InDelta(t, 2, items/orders, 1e-9)
}
