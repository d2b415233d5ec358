// Package payment holds providers of payment: a built-in one for trials and tests, cash, and Stripe. All do what
// order.Payments promises: the same key again gives the same outcome and moves no more money.
package payment

import (
	"context"

	"brigade/internal/order"
)

// CashBox is payment at the hand-over: whoever hands over takes the money, and gives it back.
type CashBox struct{}

// Do implements order.Payments.
func (CashBox) Do(context.Context, order.Attempt) (order.Outcome, error) {
	return order.Outcome{Done: true}, nil
}
