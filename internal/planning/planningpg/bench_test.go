package planningpg_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"brigade/internal/planning"
	"brigade/internal/planning/salesfile"
)

// BenchmarkImport imports 1,000,000 rows.
func BenchmarkImport(b *testing.B) {
	var text bytes.Buffer
	text.WriteString("date,outlet,sku,quantity,revenue\n")
	first := planning.Day(20000)
	for d := range 730 {
		for p := range 685 {
			for _, o := range []string{"main", "beach"} {
				fmt.Fprintf(&text, "%v,%s,p%d,%d,%d.50\n", first+planning.Day(d), o, p, (d*p)%97, (d*p)%997)
			}
		}
	}
	for b.Loop() {
		k := setup(b)
		begin := time.Now()
		f, err := salesfile.Open(bytes.NewReader(text.Bytes()), salesfile.Options{Outlets: k.outlets})
		require.NoError(b, err)
		m, err := k.store.Import(b.Context(), acme, "csv:big", f, false)
		require.NoError(b, err)
		require.Equal(b, 730*685*2, m.Added)
		b.ReportMetric(float64(m.Added)/time.Since(begin).Seconds(), "rows/s")
		b.ReportMetric(k.backends(b).Seconds(), "pg-cpu-s")
	}
}

// BenchmarkForecast forecasts 10,000 series of two years: read, fit, reconcile, write.
func BenchmarkForecast(b *testing.B) {
	k := setup(b)
	k.exec(b, `insert into sales_series (tenant_id, outlet_id, sku) select 7, 70 + g % 2, 'p' || g / 2 from generate_series(0, 9999) g`)
	k.exec(b, `insert into sales_days (series_id, day, tenant_id, quantity_milli, revenue_minor, sold_outs)
		select s.id, date '2026-05-03' - d, 7, 1000 * (10 + s.id % 90 + (random() * 20)::int + case when extract(isodow from date '2026-05-03' - d) > 5 then 15 else 0 end), 0, 0
		from generate_series(0, 729) d, sales_series s`)
	k.exec(b, `insert into sales_outlet_days select o, date '2026-05-03' - d, 7, 1 from generate_series(0, 729) d, generate_series(70, 71) o`)
	for b.Loop() {
		run, err := k.service.Request(b.Context(), k.who, 0, planning.Day(20577), 14, true)
		require.NoError(b, err)
		begin, spent, before := time.Now(), usage(b), k.backends(b)
		run, err = k.service.Work(b.Context(), acme, run.ID)
		require.NoError(b, err)
		b.ReportMetric(float64(run.Series)/time.Since(begin).Seconds(), "series/s")
		b.ReportMetric((usage(b).cpu - spent.cpu).Seconds(), "cpu-s") // without Postgres
		b.ReportMetric((k.backends(b) - before).Seconds(), "pg-cpu-s")
		b.ReportMetric(float64(usage(b).peak), "MiB-peak")
	}
}

// used is what this process has used.
type used struct {
	cpu  time.Duration
	peak int64 // of memory, in MiB
}

func usage(b *testing.B) used {
	b.Helper()
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return used{time.Duration(u.Utime.Nano() + u.Stime.Nano()), u.Maxrss >> 10}
}

// backends is what the test's sessions have used of the machine that Postgres runs on, when that is this one.
func (k *kit) backends(b *testing.B) (sum time.Duration) {
	b.Helper()
	rows, err := k.pool.Query(b.Context(), `select pid from pg_stat_activity where datname = current_database()`)
	require.NoError(b, err)
	pids, err := pgx.CollectRows(rows, pgx.RowTo[int])
	require.NoError(b, err)
	for _, pid := range pids {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			continue
		}
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		for _, f := range fields[11:13] { // user and system, in hundredths of a second
			n, _ := strconv.Atoi(f)
			sum += time.Duration(n) * 10 * time.Millisecond
		}
	}
	return sum
}

// BenchmarkPlans plans production, purchases and stock of 1,000 outlets with 5 products and 30 ingredients each: read, plan, write.
func BenchmarkPlans(b *testing.B) {
	const outlets = 1000
	k := setup(b)
	k.night(b, outlets)
	p := planning.NewPlanner(k.store, k.clock)
	for b.Loop() {
		k.exec(b, `truncate plans`)
		begin, spent, before := time.Now(), usage(b), k.backends(b)
		for _, plan := range []func(context.Context, int64, []int64, planning.Day, string) (int, error){p.Production, p.Procurement, p.StockProjection} {
			n, err := plan(b.Context(), acme, nil, 0, "bench")
			require.NoError(b, err)
			require.Equal(b, outlets, n)
		}
		b.ReportMetric(outlets/time.Since(begin).Seconds(), "outlets/s")
		b.ReportMetric(float64((usage(b).cpu-spent.cpu).Microseconds())/outlets/1000, "cpu-ms/outlet") // without Postgres
		b.ReportMetric(float64((k.backends(b)-before).Microseconds())/outlets/1000, "pg-cpu-ms/outlet")
		b.ReportMetric(float64(usage(b).peak), "MiB-peak")
		b.ReportMetric(float64(value[int64](b, k, `select sum(pg_column_size(body)) from plans`))/outlets, "bytes/outlet")
	}
}

// night sets outlets up from id 1001 on.
func (k *kit) night(b *testing.B, outlets int) {
	b.Helper()
	for _, sql := range []string{
		`insert into outlets (id, tenant_id, slug, name, timezone) select 1000 + g, 7, 'o' || g, 'O', 'Europe/Madrid' from generate_series(1, @n) g`,
		`insert into sales_series (tenant_id, outlet_id, sku) select 7, 1000 + g, 'p' || s from generate_series(1, @n) g, generate_series(1, 5) s`,
		`insert into forecast_runs (tenant_id, kind, day, horizon, status, levels, requested_by, requested_at, finished_at)
			values (7, 'daily', '2026-05-04', 14, 'done', '{0.05,0.5,0.95}', 'x', now(), now())`,
		`insert into forecasts select r.id, s.id, date '2026-05-04' + d, 7, 40, '{20,40,60}', array_fill(40/24::real, array[24])
			from forecast_runs r, sales_series s, generate_series(0, 13) d`,
		`insert into stations (tenant_id, outlet_id, name, capacity) select 7, id, 'grill', 2 from outlets where id > 1000`,
		`insert into staff (tenant_id, outlet_id, name, max_parallel, base_efficiency, efficiency) select 7, id, 'Ann', 2, 1, 1 from outlets where id > 1000`,
		`insert into staff_skills select f.id, s.id from staff f join stations s on s.outlet_id = f.outlet_id`,
		`insert into ingredients (tenant_id, outlet_id, code, name, unit, shelf_hours, batch_milli, stocked, lead_minutes, station_id, station_minutes)
			select 7, s.outlet_id, 'i' || g, 'I', 'g', case when g % 3 = 0 then 0 else 24 * g end, case when g <= 3 then 20000 else 0 end, g <= 3, 40, s.id, 10
			from stations s, generate_series(1, 30) g`,
		`insert into bill_lines select outlet_id, 'preparation', p.code, i.id, 7, 9000 from ingredients p join ingredients i using (outlet_id)
			where p.batch_milli > 0 and i.code in ('i20', 'i2' || p.code)`,
		`insert into bill_lines select i.outlet_id, 'item', 'p' || s, i.id, 7, 1000 from ingredients i, generate_series(1, 5) s where (substr(i.code, 2)::int + s) % 4 = 0`,
		`insert into item_needs select outlet_id, made, ingredient_id, 7, quantity_milli from bill_lines where kind = 'item'`,
		`insert into suppliers (tenant_id, outlet_id, code, name, currency, lead_days, delivery_days, cut_off)
			select 7, id, 's' || g, 'S', 'EUR', 1, array[g, g + 3], '16:00' from outlets, generate_series(0, 2) g where id > 1000`,
		`insert into supplier_products (tenant_id, outlet_id, supplier_id, ingredient_id, code, name, pack_milli, price_minor)
			select 7, s.outlet_id, s.id, i.id, i.code, 'x', 25000, 100 from suppliers s join ingredients i using (outlet_id) where i.batch_milli = 0`,
		`insert into stock_lots (tenant_id, outlet_id, ingredient_id, received_at, expires_at, initial_milli, remaining_milli)
			select 7, outlet_id, id, now(), timestamptz '2026-05-06' + g * interval '1 day', 40000, 40000 from ingredients, generate_series(1, 2) g`,
		`analyze`,
	} {
		k.exec(b, strings.ReplaceAll(sql, "@n", strconv.Itoa(outlets)))
	}
}
