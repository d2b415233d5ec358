package order

import "brigade/internal/money"

// AtDoor is what a guest still has to pay when he is handed an order of some total: all of it in cash, or what was added
// since he promised the money. What is paid outside Brigade is not known here, and 0.
func (p Payment) AtDoor(total money.Amount) money.Amount {
	switch {
	case p.Method == Cash:
		return max(0, total-p.Held())
	case p.Method.First() && !p.Refused && !p.Released:
		return max(0, total-max(p.Authorised, p.Captured))
	}
	return 0
}

// Money is a sum and what it is counted in.
type Money struct {
	Sum      money.Amount
	Currency string
}
