package orderpg_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	placers    = 64
	rawClients = 16
	rawRows    = 1000
)

// BenchmarkPlace takes orders of four tasks from 64 callers at once, and sets the rate against single-row update
// transactions of 16 clients on the same server.
func BenchmarkPlace(b *testing.B) {
	h := newShop(b)
	s := h.node(1)
	var placed atomic.Int64
	var done sync.WaitGroup
	b.ReportAllocs()
	b.ResetTimer()
	for range placers {
		done.Go(func() {
			for placed.Add(1) <= int64(b.N) {
				h.place(s, h.draft(0, ""))
			}
		})
	}
	done.Wait()
	b.StopTimer()
	rate := float64(b.N) / b.Elapsed().Seconds()
	b.ReportMetric(rate, "orders/s")
	if b.N > placers {
		raw := h.raw(2 * time.Second)
		b.ReportMetric(raw, "raw/s")
		b.ReportMetric(rate/raw, "ratio")
	}
}

// raw measures single-row update transactions.
func (h *shop) raw(during time.Duration) float64 {
	h.t.Helper()
	ctx := context.Background()
	_, err := h.pool.Exec(ctx, "create table if not exists raw as select i as id, 0 as n from generate_series(1, 1000) i")
	require.NoError(h.t, err)
	_, err = h.pool.Exec(ctx, "create unique index if not exists raw_id on raw (id)")
	require.NoError(h.t, err)
	var n atomic.Int64
	var done sync.WaitGroup
	until := time.Now().Add(during)
	for c := range rawClients {
		done.Go(func() {
			for i := c; time.Now().Before(until); i += rawClients {
				_, err := h.pool.Exec(ctx, "update raw set n = n + 1 where id = $1", 1+i%rawRows)
				require.NoError(h.t, err)
				n.Add(1)
			}
		})
	}
	done.Wait()
	return float64(n.Load()) / during.Seconds()
}
