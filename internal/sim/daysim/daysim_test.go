package daysim_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/sim/daysim"
)

// Asking for a driver so that he arrives with the food: both wait less for each other, and nothing comes later.
func TestDriversArriveWithTheFood(t *testing.T) {
	t.Parallel()
	var early, made time.Duration
	for seed := range uint64(2) {
		with := daysim.Run(daysim.Options{Seed: seed, Orders: 70, Drivers: 16, Hours: 1.5})
		without := daysim.Run(daysim.Options{Seed: seed, Orders: 70, Drivers: 16, Hours: 1.5, WhenMade: true})
		t.Log(with)
		t.Log(without)
		require.Equal(t, with.Orders, with.Delivered)
		require.Equal(t, without.Orders, without.Delivered)
		require.LessOrEqual(t, with.ClickToDoor, without.ClickToDoor)
		early, made = early+with.Waits(), made+without.Waits()
	}
	require.Less(t, early.Seconds(), 0.75*made.Seconds())
}

func TestTheSameDayGoesTheSameWay(t *testing.T) {
	t.Parallel()
	o := daysim.Options{Seed: 3, Orders: 20, Drivers: 5, Hours: 0.5}
	first := daysim.Run(o)
	require.Equal(t, first, daysim.Run(o))
}
