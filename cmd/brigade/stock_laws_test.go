package main

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// stockLaws are what must hold at every moment, and with the last ones once all orders are settled.
var stockLaws = map[string]string{
	"stock is what its ledger says": `
		select l.ingredient_id from stock_levels l
		where l.on_hand_milli <> (select coalesce(sum(m.quantity_milli), 0) from stock_movements m where m.ingredient_id = l.ingredient_id)`,
	"stock is what is left of its lots": `
		select l.ingredient_id from stock_levels l
		where l.on_hand_milli <> (select coalesce(sum(s.remaining_milli), 0) from stock_lots s where s.ingredient_id = l.ingredient_id) - l.owed_milli`,
	"what is held back is what orders hold back": `
		select l.ingredient_id from stock_levels l
		where l.reserved_milli <> (select coalesce(sum(o.reserved_milli), 0) from stock_orders o where o.ingredient_id = l.ingredient_id)`,
	"what orders used is in the ledger, once": `
		select o.order_id from stock_orders o group by o.order_id, o.ingredient_id
		having sum(o.used_milli) <> (select -coalesce(sum(m.quantity_milli), 0) from stock_movements m
		                             where m.ingredient_id = o.ingredient_id and m.order_id = o.order_id and m.kind = 'use')`,
	"what is over holds nothing back": `
		select s.order_id from stock_orders s join orders o on o.id = s.order_id where o.closed_at is not null and s.reserved_milli > 0`,
	"what was made was used": `
		select o.id from orders o join order_items i on i.order_id = o.id join item_needs n on n.outlet_id = o.outlet_id and n.sku = i.sku
		left join stock_orders s on s.order_id = o.id and s.line_no = i.line_no and s.ingredient_id = n.ingredient_id
		where o.status in ('ready', 'served', 'collected', 'delivered') and coalesce(s.used_milli, 0) < i.quantity * n.quantity_milli`,
}

// requireStockLaws waits until all orders are settled.
func requireStockLaws(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	for name, law := range stockLaws {
		require.Eventually(t, func() bool {
			return count(t, conn, "select count(*) from ("+law+") broken") == 0
		}, patience, 200*time.Millisecond, name)
	}
	require.Positive(t, count(t, conn, "select count(*) from stock_movements where kind = 'use'"), "there was something to settle")
}
