package planningpg_test

import (
	"bytes"
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
