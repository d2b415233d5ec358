package kitchenpg_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"brigade/internal/errs"
	"brigade/internal/kitchen"
	"brigade/internal/kitchen/sched"
)

// Rules that are set are read back with the kitchen, and its owner decides by them at once.
func TestRulesAreKeptAndFollowed(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	desk := h.node(1)
	desk.own(h.first(h.outlets[0]))
	ada := h.chef(desk)
	usual, err := ada.Rules(t.Context(), ada.who, 0)
	require.NoError(t, err)
	require.Equal(t, kitchen.UsualRules(), usual)

	want := kitchen.Rules{Policy: sched.FIFO, Wait: 2, Late: 0, Together: 0.25}
	for range 2 {
		require.NoError(t, ada.PutRules(t.Context(), ada.who, 0, want))
	}
	got, err := ada.Rules(t.Context(), ada.who, 0)
	require.NoError(t, err)
	require.Equal(t, want, got)
	desk.Opened([]*kitchen.Ticket{h.openOne(1)})
	h.until("it is given away", "select count(*) from task_decisions where decision->>'policy' = 'fifo'")

	require.True(t, errs.Is(ada.PutRules(t.Context(), ada.who, 0, kitchen.Rules{Policy: "best"}), errs.KindInvalid))
	cook := ada.who
	cook.Role = "cook"
	require.True(t, errs.Is(ada.PutRules(t.Context(), cook, 0, want), errs.KindForbidden))
}
