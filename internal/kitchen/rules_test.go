package kitchen_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"brigade/internal/errs"
	"brigade/internal/kitchen"
	"brigade/internal/kitchen/sched"
)

// decidedBy is by which policy the floor gives a task away.
func decidedBy(t *testing.T, f *kitchen.Floor, l *kitchen.Layout, order int64) string {
	t.Helper()
	f.Open(dipCup(order, order))
	j := kitchen.NewJournal(l)
	require.Equal(t, 1, f.Plan(j, noon))
	var why sched.Why
	require.NoError(t, json.Unmarshal(j.Decisions[0].Why, &why))
	return why.Policy
}

// An outlet's own rules come before the engine's, from the next decision on, unless the engine's are fixed.
func TestOutletsDecideByTheirOwnRules(t *testing.T) {
	t.Parallel()
	l := demo()
	f := kitchen.NewFloor(l, kitchen.DefaultSettings(), nil, noon, kitchen.NewIndex())
	require.Equal(t, "brigade", decidedBy(t, f, l, 1))

	own := demo()
	own.Rules = &kitchen.Rules{Policy: sched.Greedy, Wait: 1, Late: 3}
	f.Relayout(kitchen.NewJournal(own), own, noon)
	require.Equal(t, "greedy", decidedBy(t, f, own, 2))
	f.Relayout(kitchen.NewJournal(l), demo(), noon)
	require.Equal(t, "brigade", decidedBy(t, f, l, 3))

	fixed := kitchen.DefaultSettings()
	fixed.Fixed, fixed.Policy = true, sched.FIFO
	require.Equal(t, "fifo", decidedBy(t, kitchen.NewFloor(own, fixed, nil, noon, kitchen.NewIndex()), own, 4))
	require.Equal(t, "greedy", decidedBy(t, kitchen.NewFloor(own, kitchen.DefaultSettings(), nil, noon, kitchen.NewIndex()), own, 5))
}

func TestFaultyRulesAreNamed(t *testing.T) {
	t.Parallel()
	require.NoError(t, kitchen.UsualRules().Check())
	require.NoError(t, kitchen.Rules{Policy: sched.Brigade, Wait: 1}.Check(), "nothing is held back")
	err := kitchen.Rules{Policy: "best", Late: math.NaN(), Together: 101}.Check()
	require.True(t, errs.Is(err, errs.KindInvalid))
	for _, fault := range []string{"policy", "late", "together"} {
		require.ErrorContains(t, err, fault)
	}
	require.ErrorContains(t, kitchen.Rules{Policy: sched.Brigade, Together: 1}.Check(), "nothing is ever urgent")
}
