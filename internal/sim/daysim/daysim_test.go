package daysim_test

import (
	"bytes"
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
