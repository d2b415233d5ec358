package delivery_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"brigade/internal/delivery"
	"brigade/internal/errs"
)

// docs/states.md shows the lives that the code allows: paste delivery.Diagram() there when this fails.
func TestTheDocumentsDrawTheLives(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/states.md")
	require.NoError(t, err)
	require.Contains(t, string(text), "```mermaid\n"+delivery.Diagram()+"```", "docs/states.md draws other lives:\n%s", delivery.Diagram())
}

func TestNothingFollowsTheEnd(t *testing.T) {
	t.Parallel()
	for _, on := range []delivery.Signal{
		delivery.Offer, delivery.Accept, delivery.Decline, delivery.Expire, delivery.Withdraw, delivery.Assign, delivery.Release,
		delivery.PickUp, delivery.Deliver, delivery.Cancel,
	} {
		for _, s := range []delivery.Status{delivery.Delivered, delivery.Cancelled} {
			got, err := delivery.Next(s, on)
			require.True(t, errs.Is(err, errs.KindConflict))
			require.Equal(t, s, got)
		}
	}
}

func TestDriversWhoCarryStay(t *testing.T) {
	t.Parallel()
	for _, on := range []delivery.DriverSignal{delivery.GoesOffline, delivery.TakesBreak} {
		_, err := delivery.NextDriver(delivery.Delivering, on)
		require.True(t, errs.Is(err, errs.KindConflict))
		s, err := delivery.NextDriver(delivery.Idle, on)
		require.NoError(t, err, "repeated")
		require.Equal(t, delivery.Idle, s)
	}
	_, err := delivery.NextDriver(delivery.Idle, delivery.Accepts)
	require.True(t, errs.Is(err, errs.KindConflict))
}
