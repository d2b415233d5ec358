package forecast

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestEaster(t *testing.T) {
	t.Parallel()
	for _, want := range []Day{
		DayOf(1961, time.April, 2), DayOf(2008, time.March, 23), DayOf(2016, time.March, 27), DayOf(2024, time.March, 31),
		DayOf(2025, time.April, 20), DayOf(2038, time.April, 25),
	} {
		require.Equal(t, want, easter(want.Time().Year()))
	}
}

func TestKindsOfDays(t *testing.T) {
	t.Parallel()
	start := DayOf(2025, time.April, 28)
	c := &Calendar{Start: start, Days: []Marks{0, Closed | School, 0, Holiday, Holiday | Closed}, Names: map[Day]string{start + 5: "fair"}}
	require.Equal(t, ordinary, c.kind(start))
	require.Equal(t, closed, c.kind(start+1))
	require.Equal(t, eve, c.kind(start+2))
	require.Equal(t, holiday, c.kind(start+3))
	require.Equal(t, closed, c.kind(start+4))
	require.Equal(t, named, c.kind(start+5))
	require.Equal(t, ordinary, c.kind(start+6))
	require.Equal(t, yearEnd, c.kind(DayOf(2025, time.December, 24)))
	var none *Calendar
	require.Equal(t, ordinary, none.kind(start))
}

func TestTreesLearnAStepAndAnInteraction(t *testing.T) {
	t.Parallel()
	data := &table{}
	for i := range 4000 {
		x := []float32{float32(mix(uint64(i)) % 100), float32(mix(uint64(i)+1e6) % 10), 7}
		y := 0.0
		if x[0] > 50 && x[1] < 5 {
			y = 0.8
		}
		data.add(example{x: x, y: y})
	}
	bins := newBinned(data)
	b := newBoost(bins, len(data.y))
	require.InDelta(t, 0.8, b.at([]float32{80, 2, 7}), 0.1)
	require.InDelta(t, 0, b.at([]float32{80, 8, 7}), 0.1)
	require.InDelta(t, 0, b.at([]float32{20, 2, 7}), 0.1)
	corrections := b.from(bins, 0)
	require.InDelta(t, b.at(data.x[7]), corrections[7], 1e-12)
	require.Greater(t, worth(corrections, data.y, 1_000_000), 0.9)
	require.Less(t, gain(corrections, data.y, 1), 0.25)
}

func TestSolve(t *testing.T) {
	t.Parallel()
	var a [columns]design
	var want, b design
	for i := range columns {
		want[i] = float64(i - 7)
		for j := range i + 1 {
			a[i][j] = 1 / float64(1+i+j)
		}
		a[i][i] += 2
	}
	for i := range columns {
		for j := range columns {
			b[i] += a[max(i, j)][min(i, j)] * want[j]
		}
	}
	got := solve(&a, &b)
	for i := range want {
		require.InDelta(t, want[i], got[i], 1e-9)
	}
}
