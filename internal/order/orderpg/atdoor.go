package orderpg

import (
	"context"

	"brigade/internal/money"
	"brigade/internal/order"
	"brigade/internal/order/orderpg/db"
	"brigade/internal/store"
)

// ToCollect returns what the guests of some of a tenant's orders pay when they are handed over; who pays nothing then is
// missing.
func (s *Store) ToCollect(ctx context.Context, tenant int64, orders []int64) (map[int64]order.Money, error) {
	rows, err := s.q.PaidAtDoor(ctx, db.PaidAtDoorParams{Tenant: tenant, Ids: orders})
	found := map[int64]order.Money{}
	for _, r := range rows {
		p := order.Payment{
			Method: order.Method(r.Method), Authorised: money.Amount(r.AuthorisedMinor), Captured: money.Amount(r.CapturedMinor),
			Refunded: money.Amount(r.RefundedMinor), Refused: r.State == payRefused, Released: r.State == payReleased,
		}
		if sum := p.AtDoor(money.Amount(r.TotalMinor)); sum > 0 {
			found[r.ID] = order.Money{Sum: sum, Currency: r.Currency}
		}
	}
	return found, store.Classify(err)
}
