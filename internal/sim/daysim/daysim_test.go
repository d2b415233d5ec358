package daysim_test

import (
	"bytes"
	"encoding/csv"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/sim/daysim"
)

func play(t *testing.T, o daysim.Options) daysim.Result {
	t.Helper()
	r, err := daysim.Run(o)
	require.NoError(t, err)
	return r
}

// Asking for a driver so that he arrives with the food: both wait less for each other, and nothing comes later.
func TestDriversArriveWithTheFood(t *testing.T) {
	t.Parallel()
	var early, made time.Duration
	for seed := range uint64(2) {
		with := play(t, daysim.Options{Seed: seed, Orders: 45, Drivers: 12, Hours: 1, Outlets: 2})
		without := play(t, daysim.Options{Seed: seed, Orders: 45, Drivers: 12, Hours: 1, Outlets: 2, WhenMade: true})
		t.Log(with)
		t.Log(without)
		require.Equal(t, with.Orders, with.Delivered)
		require.Equal(t, without.Orders, without.Delivered)
		require.Equal(t, with.Kitchen, without.Kitchen, "the same orders, and the same luck")
		require.LessOrEqual(t, with.ClickToDoor, without.ClickToDoor)
		early, made = early+with.Waits(), made+without.Waits()
	}
	require.Less(t, early.Seconds(), 0.75*made.Seconds())
}

func TestTheSameDayGoesTheSameWay(t *testing.T) {
	t.Parallel()
	var first, again, other bytes.Buffer
	o := daysim.Options{Seed: 3, Orders: 12, Drivers: 4, Hours: 0.4, Outlets: 2, Trace: &first}
	one := play(t, o)
	o.Trace = &again
	require.Equal(t, one, play(t, o))
	require.Equal(t, first.String(), again.String())
	o.Trace, o.Seed = &other, 4
	play(t, o)
	require.NotEqual(t, first.String(), other.String())
}

// Every order goes one way: placed, made, taken along by the one driver who was asked for it, brought by him; and nobody
// carries more than he can.
func TestWhatHappensOnADayIsPossible(t *testing.T) {
	t.Parallel()
	for _, whenMade := range []bool{false, true} {
		var out bytes.Buffer
		play(t, daysim.Options{Seed: 9, Orders: 25, Drivers: 5, Hours: 0.5, Outlets: 2, WhenMade: whenMade, Trace: &out})
		rows, err := csv.NewReader(&out).ReadAll()
		require.NoError(t, err)
		at, drivers := map[string]float64{}, map[string]string{}
		aboard := map[string]int{}
		for _, r := range rows[1:] {
			seconds, err := strconv.ParseFloat(r[0], 64)
			require.NoError(t, err)
			what, order, driver := r[1], r[2], r[4]
			require.NotContains(t, at, what+order, "everything happens once")
			at[what+order] = seconds
			switch what {
			case "asked for":
				drivers[order] = driver
				require.True(t, !whenMade || at["ready"+order] > 0, "nobody is asked for before it is ready")
			case "picked up":
				require.Equal(t, drivers[order], driver)
				require.GreaterOrEqual(t, seconds, at["ready"+order], "nothing is taken along that is not made")
				aboard[driver]++
				require.LessOrEqual(t, aboard[driver], 3)
			case "delivered":
				require.Equal(t, drivers[order], driver)
				require.Greater(t, seconds, at["picked up"+order])
				aboard[driver]--
			}
		}
		require.Len(t, at, 25*6, "every order is placed, made, asked for, waited for, picked up and delivered")
	}
}
