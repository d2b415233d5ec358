package stockpg_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkSettle settles batches of 2,000 new orders of a burger (four ingredients each) and then of the same orders cooked.
func BenchmarkSettle(b *testing.B) {
	k := setup(b).kitchen(b, "10")
	k.store.Simulate(acme)
	const batch = 2000
	orders := make([]int64, batch)
	first := int64(1)
	for b.Loop() {
		b.StopTimer()
		for i := range orders {
			orders[i] = first + int64(i)
		}
		k.exec(b, `insert into orders (id, tenant_id, outlet_id, number, source, status, type, total_minor, currency, priority, placed_at, updated_at, updated_by)
			select n, 7, 70, 'O' || n, 'test', 'created', 'takeout', 0, 'EUR', 1, now(), now(), 't' from generate_series($1::bigint, $1 + $2 - 1) n`, first, batch)
		k.exec(b, `insert into order_items (order_id, line_no, tenant_id, sku, name, quantity, unit_price_minor, recipe_id)
			select n, 1, 7, 'burger', 'burger', 1, 0, 0 from generate_series($1::bigint, $1 + $2 - 1) n`, first, batch)
		b.StartTimer()
		require.NoError(b, k.store.Settle(b.Context(), []int64{main}, orders, k.clock.Now()))
		b.StopTimer()
		k.exec(b, `update orders set status = 'ready' where id >= $1`, first)
		b.StartTimer()
		require.NoError(b, k.store.Settle(b.Context(), []int64{main}, orders, k.clock.Now()))
		first += batch
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/batch, "µs/order")
}
