package stockpg

import (
	"context"
	"slices"
	"time"

	"brigade/internal/stock"
	"brigade/internal/stock/stockpg/db"
)

// By is who books what orders use, and takes items off the menu.
const By = "stock"

// Keeping tells which of some outlets keep stock.
func (s *Store) Keeping(ctx context.Context, outlets []int64) (map[int64]bool, error) {
	ids, err := s.db().KeepStock(ctx, outlets)
	keeping := make(map[int64]bool, len(ids))
	for _, id := range ids {
		keeping[id] = true
	}
	return keeping, err
}

// Settle takes orders of outlets into account as they stand: what they hold back, and what their cooking used. Doing it
// again, or twice at once, changes nothing: what was noted of an order is compared with how it stands, under the lock of
// its outlet's stock, and only the difference is written.
func (s *Store) Settle(ctx context.Context, outlets, orders []int64, at time.Time) error {
	slices.Sort(outlets)
	slices.Sort(orders)
	outlets, orders = slices.Compact(outlets), slices.Compact(orders)
	return s.commit(ctx, func(l *ledger) error {
		l.demo = s.demo
		keeping, err := l.q.LockStock(ctx, outlets)
		if err != nil || len(keeping) == 0 {
			return err
		}
		rows, err := l.q.SettleOrders(ctx, db.SettleOrdersParams{Orders: orders, Outlets: keeping})
		if err != nil || len(rows) == 0 {
			return err
		}
		reserved := map[int64]int64{}
		var moves []move
		for _, r := range rows {
			reserved[r.IngredientID] += r.Reserved
			if r.Used != 0 {
				moves = append(moves, move{
					tenant: r.TenantID, outlet: r.OutletID, ingredient: r.IngredientID, kind: stock.Use, quantity: -r.Used,
					order: r.OrderID, by: By, at: at,
				})
			}
		}
		return l.apply(ctx, at, moves, reserved)
	})
}

// Expire writes off what is past its date, and returns how many lots that were.
func (s *Store) Expire(ctx context.Context, at time.Time) (n int, err error) {
	outlets, err := s.db().ExpiredOutlets(ctx, &at)
	if err != nil || len(outlets) == 0 {
		return 0, err
	}
	err = s.commit(ctx, func(l *ledger) error {
		keeping, err := l.q.LockStock(ctx, outlets)
		if err != nil {
			return err
		}
		lots, err := l.q.ExpiredLots(ctx, db.ExpiredLotsParams{Outlets: keeping, At: &at})
		if err != nil {
			return err
		}
		moves := make([]move, len(lots))
		for i, lot := range lots {
			moves[i] = move{
				tenant: lot.TenantID, outlet: lot.OutletID, ingredient: lot.IngredientID, kind: stock.Waste,
				quantity: -lot.RemainingMilli, lot: lot.ID, reason: "past its date", by: By, at: at,
			}
		}
		n = len(lots)
		return l.apply(ctx, at, moves, nil)
	})
	return n, err
}
