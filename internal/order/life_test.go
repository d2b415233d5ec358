package order_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"brigade/internal/errs"
	"brigade/internal/order"
)

// docs/states.md shows the life that the code allows: paste order.Diagram() there when this fails.
func TestTheDrawingIsTrue(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/states.md")
	require.NoError(t, err)
	require.Contains(t, string(text), "```mermaid\n"+order.Diagram()+"```", "docs/states.md draws another life:\n%s", order.Diagram())
}

// anyLife is where an order can begin.
func anyLife(t *rapid.T) order.Life {
	l := order.Life{
		Type: rapid.SampledFrom(order.Types).Draw(t, "type"), Status: order.Created,
		Later: rapid.Bool().Draw(t, "later"), External: rapid.Bool().Draw(t, "external"),
	}
	switch {
	case rapid.Bool().Draw(t, "paid now"):
		l.Waits = order.WaitsPayment
	case l.Later:
		l.Status, l.Waits = order.Scheduled, order.WaitsTime
	case l.External:
		l.Status, l.Waits = order.Scheduled, order.WaitsAcceptance
	}
	return l
}

// Whatever happens in whatever order: a life only goes where the drawing allows, ends once, and what is asked of others
// fits: the kitchen gets an order at most once, and only one that is paid as agreed.
func TestAnyHistoryIsLegal(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := anyLife(t)
		mustPay := l.Waits == order.WaitsPayment
		paid, tickets, requests := false, 0, 0
		for range 40 {
			s := rapid.SampledFrom(order.Signals).Draw(t, "signal")
			next, effects, err := order.Next(l, s)
			if err != nil {
				require.True(t, errs.Is(err, errs.KindConflict))
				require.Equal(t, l, next, "what is refused changes nothing")
				continue
			}
			paid = paid || s == order.PaymentAuthorised
			if next.Status != l.Status {
				require.Contains(t, order.Follows(l.Status), next.Status)
				require.False(t, l.Status.Closed(), "%s is the end", l.Status)
			}
			if slices.Contains(effects, order.OpenTicket) {
				tickets++
			}
			if slices.Contains(effects, order.RequestPrepare) {
				requests++
			}
			if slices.Contains(effects, order.Capture) && mustPay {
				require.True(t, paid, "money is taken that was not promised")
			}
			if next.Status == order.Cancelled && l.Status != order.Cancelled {
				require.Contains(t, effects, order.Refund)
			}
			again, _, err := order.Next(next, s)
			if err == nil && s != order.Reopened && s != order.Finished {
				require.Equal(t, next, again, "%s heard twice", s)
			}
			l = next
		}
		require.LessOrEqual(t, tickets, 1)
		require.LessOrEqual(t, requests, 1)
	})
}

// An order that is paid, for now, in the own kitchen.
func TestALifeWithPayment(t *testing.T) {
	t.Parallel()
	l := order.Life{Type: order.Delivery, Status: order.Created, Waits: order.WaitsPayment}
	var statuses []string
	for _, s := range []order.Signal{
		order.PaymentAuthorised, order.PreparationStarted, order.Finished, order.CourierWanted, order.CourierWaiting,
		order.PickedUp, order.HandOver,
	} {
		var err error
		l, _, err = order.Next(l, s)
		require.NoError(t, err)
		statuses = append(statuses, string(l.Status))
	}
	require.Equal(t, "scheduled in_preparation ready scheduling_delivery waiting_for_driver in_delivery delivered", strings.Join(statuses, " "))
}

func TestLateSignalsAreMadeGoodFor(t *testing.T) {
	t.Parallel()
	cancelled := order.Life{Type: order.Takeout, Status: order.Cancelled}
	_, effects, err := order.Next(cancelled, order.PaymentAuthorised)
	require.NoError(t, err)
	require.Equal(t, []order.Effect{order.Refund}, effects)
	_, effects, err = order.Next(cancelled, order.PosAccepted)
	require.NoError(t, err)
	require.Equal(t, []order.Effect{order.CancelPreparation}, effects)
	_, _, err = order.Next(order.Life{Type: order.Takeout, Status: order.Created}, order.HandOver)
	require.True(t, errs.Is(err, errs.KindConflict))
	_, _, err = order.Next(order.Life{Type: order.Takeout, Status: order.Created, Waits: order.WaitsPayment}, order.PreparationStarted)
	require.True(t, errs.Is(err, errs.KindConflict), "nothing is made before it is paid")
}
