package planningpg_test

import (
	"context"
	"log/slog"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"brigade/internal/actor"
	"brigade/internal/planning"
	"brigade/internal/planning/forecast"
	"brigade/internal/planning/planningpg"
	"brigade/internal/planning/salesfile"
	"brigade/internal/store/pgtest"
)

// stopped is a clock that a test sets.
type stopped struct{ now time.Time }

func (c *stopped) Now() time.Time { return c.now }

func (c *stopped) After(time.Duration) (<-chan time.Time, func()) { return nil, func() {} }

// kit is a tenant with two outlets in Madrid and its service.
type kit struct {
	pool    *pgxpool.Pool
	store   *planningpg.Store
	service *planning.Service
	clock   *stopped
	who     actor.Actor
	outlets []planning.Outlet
}

const (
	acme  = 7
	main  = 70
	beach = 71
)

func setup(t testing.TB) *kit {
	t.Helper()
	k := &kit{pool: pgtest.New(t), clock: &stopped{time.Date(2026, 5, 4, 6, 0, 0, 0, time.UTC)}}
	k.exec(t, `insert into tenants (id, slug, name, timezone) values (7, 'acme', 'Acme', 'Europe/Madrid'), (8, 'other', 'Other', 'UTC')`)
	k.exec(t, `insert into outlets (id, tenant_id, slug, name, timezone, is_default) values
		(70, 7, 'main', 'Main', 'Europe/Madrid', true), (71, 7, 'beach', 'Beach', 'Europe/Madrid', false), (80, 8, 'far', 'Far', 'UTC', true)`)
	k.store = planningpg.New(k.pool)
	k.service = planning.NewService(k.store, k.clock, slog.New(slog.DiscardHandler))
	k.who = actor.Actor{Tenant: acme, Outlet: main, Name: "ann", Role: actor.Owner}
	var err error
	k.outlets, err = k.store.Outlets(context.Background(), acme, 0)
	require.NoError(t, err)
	return k
}

func (k *kit) exec(t testing.TB, sql string, args ...any) {
	t.Helper()
	_, err := k.pool.Exec(context.Background(), sql, args...)
	require.NoError(t, err)
}

// value returns one value of the database.
func value[V any](t testing.TB, k *kit, sql string, args ...any) (v V) {
	t.Helper()
	require.NoError(t, k.pool.QueryRow(context.Background(), sql, args...).Scan(&v))
	return v
}

// file imports a CSV file.
func (k *kit) file(t testing.TB, text string, o salesfile.Options, dry bool) (planning.Merged, error) {
	t.Helper()
	o.Outlets = k.outlets
	f, err := salesfile.Open(strings.NewReader(text), o)
	if err != nil {
		return planning.Merged{}, err
	}
	return k.store.Import(t.Context(), acme, "csv:till", f, dry)
}

func day(t testing.TB, text string) planning.Day {
	t.Helper()
	d, err := forecast.ParseDay(text)
	require.NoError(t, err)
	return d
}

// noise is deterministic, from 0 to 1.
func noise(seed uint64) float64 {
	seed += 0x9e3779b97f4a7c15
	seed = (seed ^ seed>>30) * 0xbf58476d1ce4e5b9
	seed = (seed ^ seed>>27) * 0x94d049bb133111eb
	return float64((seed^seed>>31)>>11) / (1 << 53)
}

// sells says what a product sells on a day: more at weekends, some noise.
func sells(level float64, seed int, d planning.Day) float64 {
	weekend := 1.0
	if w := d.Weekday(); w == time.Saturday || w == time.Sunday {
		weekend = 1.6
	}
	return math.Round(level * weekend * (0.8 + 0.4*noise(uint64(seed)<<32+uint64(d))))
}

// report has an outlet sell products for some days up to and with last, at noon and in the evening.
func (k *kit) report(t testing.TB, outlet int64, last planning.Day, days int, skus ...string) {
	t.Helper()
	var lines []planning.Line
	for i, sku := range skus {
		for n := range days {
			d := last - planning.Day(n)
			units := int64(sells(20*float64(i+1), i+int(outlet), d))
			for hour, part := range map[int]int64{13: units / 2, 20: units - units/2} {
				l := planning.Line{Outlet: outlet, SKU: sku, Day: d, Hour: hour, Milli: part * planning.Milli, Revenue: part * 250}
				l.OwnKey()
				lines = append(lines, l)
			}
		}
	}
	_, err := k.store.Merge(t.Context(), acme, "pos:till", lines)
	require.NoError(t, err)
}
