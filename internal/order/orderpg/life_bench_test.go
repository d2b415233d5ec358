package orderpg_test

import (
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"brigade/internal/clock"
)

// An order enters, its payment is authorised, it gets into the kitchen and the money is taken; many at once.
func BenchmarkPaidOrders(b *testing.B) {
	k := newTill(b, newShop(b), newBank(0))
	c := k.cashier(clock.NewManual(noon))
	var n atomic.Int64
	b.SetParallelism(128)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r, err := k.Place(b.Context(), k.paid(strconv.FormatInt(n.Add(1), 10), "ok"))
			require.NoError(b, err)
			require.NoError(b, c.Settle(b.Context(), r.Order.ID))
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "orders/s")
}
