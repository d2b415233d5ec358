package order

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

// A provider in trouble holds few hands, is asked again as soon as one is free, and one answer ends the trouble.
func TestBreaker(t *testing.T) {
	t.Parallel()
	away := errors.New("away")
	g := NewGates(50)
	enter := func() func(error) {
		leave, ok := g.Enter("bank")
		require.True(t, ok)
		return leave
	}
	for range breakAfter {
		enter()(away)
	}
	require.Equal(t, []string{"bank"}, g.Troubled())
	inside := make([]func(error), breakTo)
	for i := range inside {
		inside[i] = enter()
	}
	_, ok := g.Enter("bank")
	require.False(t, ok, "the hands that others need")
	enterOther, ok := g.Enter("another")
	require.True(t, ok, "one in trouble is no trouble of the others")
	enterOther(nil)
	inside[0](away)
	enter()(nil)
	require.Empty(t, g.Troubled())
	for range 50 - (breakTo - 1) {
		enter()
	}
	_, ok = g.Enter("bank")
	require.False(t, ok, "one that is slow does not get all hands either")
}
