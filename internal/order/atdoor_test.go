package order_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"brigade/internal/money"
	"brigade/internal/order"
)

// Whoever hands an order over takes all of it in cash, or what was added since the guest paid, and else nothing.
func TestWhatIsPaidAtTheDoor(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		name string
		pay  order.Payment
		want money.Amount
	}{
		{"paid outside", order.Payment{}, 0},
		{"cash", order.Payment{Method: order.Cash}, 1640},
		{"cash that was taken", order.Payment{Method: order.Cash, Captured: 1640}, 0},
		{"at the provider", order.Payment{Method: order.Provider, Captured: 1000}, 0},
		{"promised, not taken yet", order.Payment{Method: order.Card, Authorised: 1640}, 0},
		{"a dish was added", order.Payment{Method: order.Card, Authorised: 1000, Captured: 1000}, 640},
		{"a dish was taken off", order.Payment{Method: order.Test, Authorised: 2000, Captured: 2000, Refunded: 360}, 0},
		{"never promised", order.Payment{Method: order.Card, Refused: true}, 0},
	} {
		require.Equal(t, x.want, x.pay.AtDoor(1640), x.name)
	}
}
