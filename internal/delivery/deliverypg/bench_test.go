package deliverypg_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/actor"
	"brigade/internal/delivery"
)

// BenchmarkPositions takes in what 10,000 drivers send in three seconds and writes it, as a node does in that time: three
// batches of a second each. Below 3 s of wall clock an iteration, one machine is enough.
func BenchmarkPositions(b *testing.B) {
	w := newTown(b)
	const drivers = 10_000
	w.exec(`insert into drivers (tenant_id, region_id, name, vehicle, capacity)
		select $1, $2, 'D' || i, 'moped', 3 from generate_series(1, $3::int) i`, w.tenant, w.region, drivers)
	first := w.id("select min(id) from drivers")
	rng := rand.New(rand.NewPCG(1, 1))
	gateway := actor.Actor{Tenant: w.tenant, Name: "gateway", Role: actor.Integrator}
	places := make([]delivery.Point, drivers)
	for i := range places {
		places[i] = home
	}
	b.ReportAllocs()
	for b.Loop() {
		for second := range 3 {
			w.clock.Advance(time.Second)
			fixes := make([]delivery.Fix, 0, drivers/3+1)
			for i := second; i < drivers; i += 3 {
				places[i].Lat += (rng.Float64() - 0.5) * 0.0004
				fixes = append(fixes, delivery.Fix{Driver: first + int64(i), Point: places[i], At: w.clock.Now()})
			}
			v, err := w.service.FleetPositions(b.Context(), gateway, fixes)
			require.NoError(b, err)
			require.Equal(b, len(fixes), v.Taken)
			w.fleet.Flush(b.Context())
		}
	}
	b.ReportMetric(float64(drivers*b.N)/b.Elapsed().Seconds(), "positions/s")
}

// BenchmarkLook looks at a region of 300 drivers at work and 500 open orders: read, decide, commit.
func BenchmarkLook(b *testing.B) {
	w := newTown(b)
	rng := rand.New(rand.NewPCG(1, 2))
	w.exec(`insert into drivers (tenant_id, region_id, name, vehicle, capacity, status, online_at, seen_at)
		select $1, $2, 'D' || i, 'moped', 3, 'WAITING_FOR_WORK', $3, $3 from generate_series(1, 300) i`, w.tenant, w.region, noon)
	w.exec(`insert into driver_positions select id, tenant_id, $1 + (random() - 0.5) * 0.04, $2 + (random() - 0.5) * 0.04, $3 from drivers`,
		home.Lat, home.Lon, noon)
	for range 500 {
		w.place((rng.Float64() - 0.5) * 4000)
	}
	b.ReportAllocs()
	for b.Loop() {
		w.clock.Advance(time.Second)
		w.look()
	}
}
