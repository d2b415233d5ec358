package order_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"brigade/internal/order"
)

func TestASystemGetsItsShareOfHands(t *testing.T) {
	t.Parallel()
	g := order.NewGates(3)
	var leaves []func(error)
	for range 3 {
		leave, ok := g.Enter("slow")
		require.True(t, ok)
		leaves = append(leaves, leave)
	}
	_, ok := g.Enter("slow")
	require.False(t, ok, "all its hands are busy")
	_, ok = g.Enter("quick")
	require.True(t, ok, "the others have their own")
	leaves[0](nil)
	_, ok = g.Enter("slow")
	require.True(t, ok)
}

func TestASystemInTroubleIsAskedByAFewUntilItAnswers(t *testing.T) {
	t.Parallel()
	g := order.NewGates(8)
	for range 10 {
		leave, ok := g.Enter("away")
		require.True(t, ok)
		leave(errors.New("no route"))
	}
	require.Equal(t, []string{"away"}, g.Troubled())
	var leaves []func(error)
	for leave, ok := g.Enter("away"); ok; leave, ok = g.Enter("away") {
		leaves = append(leaves, leave)
	}
	require.Len(t, leaves, 5)
	leaves[0](order.ErrNotCalled)
	require.Equal(t, []string{"away"}, g.Troubled(), "nobody asked it")
	leaves[1](nil)
	require.Empty(t, g.Troubled())
}

// Whatever comes and goes: never more hands at work for a system than its share, and a system that answers is let through.
func TestGates(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(1, 8).Draw(t, "limit")
		g := order.NewGates(limit)
		inside := map[string][]func(error){}
		for range rapid.IntRange(0, 200).Draw(t, "steps") {
			system := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "system")
			if under := inside[system]; len(under) > 0 && rapid.Bool().Draw(t, "leaves") {
				under[0](rapid.SampledFrom([]error{nil, errors.New("no"), order.ErrNotCalled}).Draw(t, "error"))
				inside[system] = under[1:]
				continue
			}
			leave, ok := g.Enter(system)
			if !ok && len(inside[system]) == 0 {
				t.Fatalf("nobody asks %s, so nobody would notice that it is back", system)
			}
			if ok {
				inside[system] = append(inside[system], leave)
			}
			if len(inside[system]) > limit {
				t.Fatalf("%d hands for %s", len(inside[system]), system)
			}
		}
	})
}
