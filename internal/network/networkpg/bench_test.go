package networkpg_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/network"
	"brigade/internal/network/networkpg"
	"brigade/internal/store/pgtest"
)

// BenchmarkPicture draws the network of 100 members with 10 outlets each, 5 products, 60 days of sales and 7 of forecasts.
func BenchmarkPicture(b *testing.B) {
	pool := pgtest.New(b)
	for _, sql := range []string{
		`insert into tenants (id, slug, name, tier) select i, 't' || i, 'T', 'enterprise' from generate_series(1, 101) i`,
		`insert into network_members (tenant_id, parent_id, joined_by, joined_at) select i, 1, 'b', now() from generate_series(2, 101) i`,
		`insert into outlets (id, tenant_id, slug, name, timezone) select i, 2 + i % 100, 'o' || i, 'O', 'UTC' from generate_series(1, 1000) i`,
		`insert into sales_series (id, tenant_id, outlet_id, sku) select 5 * o.id + k, o.tenant_id, o.id, 's' || k from outlets o, generate_series(0, 4) k`,
		`insert into sales_days (series_id, day, tenant_id, quantity_milli, revenue_minor, sold_outs)
			select s.id, date '2026-05-04' - d, s.tenant_id, 20000, 5000, 0 from sales_series s, generate_series(0, 60) d`,
		`insert into forecast_runs (id, tenant_id, kind, day, horizon, status, requested_by, requested_at)
			select i, i, 'daily', '2026-05-04', 7, 'done', 'b', now() from generate_series(1, 101) i`,
		`insert into forecasts (run_id, series_id, day, tenant_id, mean, quantiles, hours)
			select s.tenant_id, s.id, date '2026-05-04' + d, s.tenant_id, 20, '{15,25}', '{}' from sales_series s, generate_series(0, 6) d`,
		`analyze`,
	} {
		_, err := pool.Exec(b.Context(), sql)
		require.NoError(b, err)
	}
	store := networkpg.New(pool)
	parent, err := store.Parent(b.Context(), 1)
	require.NoError(b, err)
	w := network.NewWindow(time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC), time.UTC, 30)
	for b.Loop() {
		p, err := store.Draw(b.Context(), parent, w)
		require.NoError(b, err)
		require.Len(b, p.Sites, 1000)
	}
}
