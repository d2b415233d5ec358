package notifypg_test

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"brigade/internal/notify"
)

// Nodes die in the middle of sending, again and again, and the receiver is no better: everything arrives at least once
// and is recorded, whoever was killed when.
func TestWhateverDiesEverythingIsToldAndRecorded(t *testing.T) {
	t.Parallel()
	policy := brisk
	policy.Attempts, policy.DisableAfter = 1000, 1_000_000
	h := newHouse(t, policy)
	r := newReceiver(t, func(int, got) int { return []int{0, 500, 204, 204, 204, 204}[rand.IntN(6)] })
	w := h.hook(r.URL)
	killed, cancel := context.WithCancel(t.Context())
	cancel()
	const orders, changes = 10, 8
	for seq := 1; seq <= changes; seq++ {
		_, err := h.pool.Exec(t.Context(), "delete from nodes") // the last one is dead
		require.NoError(t, err)
		h.build()
		require.NoError(t, h.jobs.Start(t.Context()))
		var list []notify.Change
		for order := range int64(orders) {
			list = append(list, h.change(order+1, seq, notify.Kinds[seq-1]))
		}
		sent := len(r.calls()) // before the first of these can be
		h.tell(list...)
		h.tell(list...) // the relay, too, was killed before it noted how far it came
		h.eventually(func() bool { return len(r.calls()) >= sent+orders/2 }, "it is at work")
		_ = h.jobs.Stop(killed)
	}
	_, err := h.pool.Exec(t.Context(), "delete from nodes")
	require.NoError(t, err)
	h.build()
	h.start()
	h.eventually(func() bool { return h.webhook(w.ID).Health.Pending == 0 }, "nothing is left")
	heard := map[[2]int64]bool{}
	for _, g := range r.calls() {
		heard[[2]int64{g.order, int64(g.seq)}] = true
	}
	require.Len(t, heard, orders*changes)
	list := h.deliveries(w)
	require.Len(t, list, orders*changes)
	for _, d := range list {
		require.Equal(t, notify.Sent, d.Status)
		require.NotEmpty(t, d.Log)
	}
}
