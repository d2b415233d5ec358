package networkpg_test

import (
	"fmt"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"brigade/internal/network"
	"brigade/internal/network/networkpg"
	"brigade/internal/store/pgtest"
)

// BenchmarkPicture draws networks of 100 members, with 5 products at each outlet, 60 days of sales, 7 of forecasts of which
// 30 days were compared with sales, two forecasts of each day, 10 ingredients with stock that moved, and plans.
func BenchmarkPicture(b *testing.B) {
	for _, outlets := range []int{1000, 2000, 10_000} {
		b.Run(fmt.Sprintf("outlets=%d", outlets), func(b *testing.B) { draw(b, outlets) })
	}
}

func draw(b *testing.B, outlets int) {
	b.Helper()
	pool := pgtest.New(b)
	for _, sql := range []string{
		`insert into tenants (id, slug, name, tier) select i, 't' || i, 'T', 'enterprise' from generate_series(1, 101) i`,
		`insert into network_members (tenant_id, parent_id, joined_by, joined_at) select i, 1, 'b', now() from generate_series(2, 101) i`,
		`insert into outlets (id, tenant_id, slug, name, timezone) select i, 2 + i % 100, 'o' || i, 'O', 'UTC' from generate_series(1, @outlets) i`,
		`insert into sales_series (id, tenant_id, outlet_id, sku) select 5 * o.id + k, o.tenant_id, o.id, 's' || k from outlets o, generate_series(0, 4) k`,
		`insert into sales_days (series_id, day, tenant_id, quantity_milli, revenue_minor, sold_outs)
			select s.id, date '2026-05-04' - d, s.tenant_id, 20000, 5000, 0 from sales_series s, generate_series(0, 60) d`,
		`insert into forecast_runs (id, tenant_id, kind, day, horizon, status, requested_by, requested_at)
			select 1000 * d + i, i, 'daily', date '2026-05-03' + d, 14, 'done', 'b', now() from generate_series(1, 101) i, generate_series(0, 1) d`,
		`insert into forecasts (run_id, series_id, day, tenant_id, mean, quantiles, hours)
			select r.id, s.id, r.day + d, s.tenant_id, 20, '{15,25}', array_fill(20 / 24::real, array[24])
			from sales_series s join forecast_runs r on r.tenant_id = s.tenant_id, generate_series(0, 13) d`,
		`insert into forecast_totals (run_id, outlet_id, sku, day, tenant_id, mean, quantiles)
			select r.id, 0, '', r.day + d, r.tenant_id, 2000, '{1500,2500}' from forecast_runs r, generate_series(0, 13) d`,
		`insert into forecast_outcomes (series_id, day, tenant_id, run_id, ahead, version, actual, mean, low, high, sold_out)
			select s.id, date '2026-05-03' - d, s.tenant_id, 1, 1, 1, 20, 21, 15, 25, false from sales_series s, generate_series(0, 29) d`,
		`insert into ingredients (id, tenant_id, outlet_id, code, name, unit, batch_milli) select 10 * o.id + k, o.tenant_id, o.id, 'i' || k, 'I', 'g', case k when 0 then 1000 else 0 end
			from outlets o, generate_series(0, 9) k`,
		`insert into stock_movements (tenant_id, outlet_id, ingredient_id, kind, quantity_milli, made_at, made_by)
			select i.tenant_id, i.outlet_id, i.id, m, case m when 'make' then 1000 else -100 end, timestamptz '2026-05-04 06:00Z' - d * interval '1 day', 'b'
			from ingredients i, generate_series(0, 9) d, unnest(array['use', 'waste', 'make']) m where m = 'use' or m = 'waste' and i.code = 'i1' or m = 'make' and i.code = 'i0'`,
		`insert into plans (tenant_id, outlet_id, kind, day, revision, digest, body, problems, made_by, made_at)
			select tenant_id, id, 'production', '2026-05-04', 1, '', '{"totals": [{"code": "i0", "name": "I", "unit": "g", "planned": 5000}]}', 0, 'b', now() from outlets`,
		`analyze`,
	} {
		_, err := pool.Exec(b.Context(), strings.ReplaceAll(sql, "@outlets", strconv.Itoa(outlets)))
		require.NoError(b, err, sql)
	}
	store := networkpg.New(pool)
	parent, err := store.Parent(b.Context(), 1)
	require.NoError(b, err)
	w := network.NewWindow(time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC), time.UTC, 30)
	before, there := processor(b), postgresProcessor(b, pool)
	for b.Loop() {
		p, err := store.Draw(b.Context(), parent, w)
		require.NoError(b, err)
		require.Len(b, p.Sites, outlets)
	}
	b.ReportMetric(float64((processor(b)-before).Milliseconds())/float64(b.N), "client-cpu-ms/op")
	b.ReportMetric(float64((postgresProcessor(b, pool)-there).Milliseconds())/float64(b.N), "postgres-cpu-ms/op")
}

// processor is what this process, without Postgres, has taken of the processors so far.
func processor(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// postgresProcessor is what the connections of the pool have taken of the processors so far, as Linux tells it.
func postgresProcessor(b *testing.B, pool *pgxpool.Pool) time.Duration {
	b.Helper()
	var ticks int64 // a hundred a second
	require.NoError(b, pool.QueryRow(b.Context(), `
		select sum(split_part(v.stat, ' ', 12)::bigint + split_part(v.stat, ' ', 13)::bigint)
		from pg_stat_activity a, lateral (select split_part(pg_read_file('/proc/' || a.pid || '/stat'), ') ', 2) as stat) v
		where a.datname = current_database() and a.backend_type = 'client backend' and v.stat <> ''`).Scan(&ticks))
	return time.Duration(ticks) * 10 * time.Millisecond
}
