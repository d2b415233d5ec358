package deliverypg_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"brigade/internal/actor"
	"brigade/internal/clock"
	"brigade/internal/delivery"
	"brigade/internal/delivery/deliverypg"
	"brigade/internal/event"
	"brigade/internal/event/eventpg"
	"brigade/internal/kitchen"
	"brigade/internal/kitchen/kitchenpg"
	"brigade/internal/leaktest"
	"brigade/internal/lease"
	"brigade/internal/order"
	"brigade/internal/order/orderpg"
	"brigade/internal/store"
	"brigade/internal/store/pgtest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// home is the restaurant of the town.
var home = delivery.Point{Lat: 40.4200, Lon: -3.7050}

// town is a region with one restaurant, and the service over it.
type town struct {
	t       testing.TB
	pool    *pgxpool.Pool
	clock   *clock.Manual
	tenant  int64
	outlet  int64
	region  int64
	store   *deliverypg.Store
	fleet   *delivery.Fleet
	engine  *delivery.Engine
	service *delivery.Service
	orders  atomic.Int64
	ready   map[int64]delivery.Readiness
	fail    func() error // asked in each commit, before it
}

func newTown(t testing.TB) *town {
	t.Helper()
	w := &town{t: t, pool: pgtest.New(t), clock: clock.NewManual(noon), ready: map[int64]delivery.Readiness{}}
	w.tenant = w.id("insert into tenants (slug, name) values ('t', 'T') returning id")
	w.outlet = w.id("insert into outlets (tenant_id, slug, name, timezone) values ($1, 'k', 'K', 'UTC') returning id", w.tenant)
	w.region = w.id("insert into delivery_regions (tenant_id, slug, name, timezone) values ($1, 'r', 'R', 'UTC') returning id", w.tenant)
	w.exec("insert into delivery_outlets values ($1, $2, $3, $4, $5)", w.outlet, w.tenant, w.region, home.Lat, home.Lon)
	w.exec("insert into leases (resource, fence) values ('delivery:' || $1::bigint, 1)", w.region)
	w.build()
	return w
}

// build makes a node: what a restart does.
func (w *town) build() {
	appends := func(ctx context.Context, tx store.Tx, events []event.Event) error {
		return eventpg.Append(ctx, tx, 1, events)
	}
	orders := orderpg.New(w.pool, orderpg.Parts{Append: appends, Committed: func() {}})
	w.t.Cleanup(orders.Close)
	w.store = deliverypg.New(w.pool, deliverypg.Parts{
		CheckFence: checkFence,
		AdvanceOrders: func(ctx context.Context, tx store.Tx, steps []delivery.OrderStep, lenient bool) error {
			moves := make([]orderpg.Step, len(steps))
			for i, s := range steps {
				moves[i] = orderpg.Step{Order: s.Order, To: orderpg.To(order.Status(s.To)), By: s.By, At: s.At}
			}
			return orders.Advance(ctx, tx, moves, lenient)
		},
		NoteTap: func(ctx context.Context, tx store.Tx, t delivery.Tapped) (bool, error) {
			return kitchenpg.New(w.pool, kitchenpg.Parts{}).NoteTap(ctx, tx, kitchen.Tapped{Tenant: t.Tenant, Key: t.Key, Do: kitchen.TapKind(t.Do), At: t.At})
		},
		Append: func(ctx context.Context, tx store.Tx, events []event.Event) error {
			if w.fail != nil {
				if err := w.fail(); err != nil {
					return err
				}
			}
			return appends(ctx, tx, events)
		},
		Committed: func() {},
	})
	w.fleet = delivery.NewFleet(w.store, slog.New(slog.DiscardHandler))
	w.engine = delivery.NewEngine(w.store, w, delivery.CrowFlies{}, w.clock, delivery.DefaultOptions(), slog.New(slog.DiscardHandler), silent{})
	w.service = delivery.NewService(w.store, w.fleet, w.clock, w.engine)
}

type silent struct{}

func (silent) Decided(int, int, time.Duration) {}

// Readiness implements delivery.Foods.
func (w *town) Readiness(_ context.Context, orders []int64) (map[int64]delivery.Readiness, error) {
	found := map[int64]delivery.Readiness{}
	for _, id := range orders {
		found[id] = w.ready[id]
	}
	return found, nil
}

func checkFence(ctx context.Context, tx store.Tx, f delivery.Fence) (bool, error) {
	err := lease.Check(ctx, tx, []string{"delivery:" + strconv.FormatInt(f.Region, 10)}, []int64{f.Token})
	if _, stale := errors.AsType[*lease.StaleError](err); stale {
		return true, nil
	}
	return false, err
}

func (w *town) exec(sql string, args ...any) {
	w.t.Helper()
	_, err := w.pool.Exec(context.Background(), sql, args...)
	require.NoError(w.t, err)
}

func (w *town) id(sql string, args ...any) (id int64) {
	w.t.Helper()
	require.NoError(w.t, w.pool.QueryRow(context.Background(), sql, args...).Scan(&id))
	return id
}

func (w *town) text(sql string, args ...any) (s string) {
	w.t.Helper()
	require.NoError(w.t, w.pool.QueryRow(context.Background(), sql, args...).Scan(&s))
	return s
}

// driver hires somebody who is not at work.
func (w *town) driver(name string, more ...string) actor.Actor {
	w.t.Helper()
	id := w.id("insert into drivers (tenant_id, region_id, name, vehicle, capacity) values ($1, $2, $3, 'moped', 3) returning id", w.tenant, w.region, name)
	for _, set := range more {
		w.exec("update drivers set "+set+" where id = $1", id)
	}
	return actor.Actor{Tenant: w.tenant, Name: name, Role: actor.Driver, Driver: id}
}

// online hires somebody who is at work, at the restaurant.
func (w *town) online(name string, more ...string) actor.Actor {
	w.t.Helper()
	who := w.driver(name, more...)
	w.at(who, home)
	_, err := w.service.Online(w.t.Context(), who, "")
	require.NoError(w.t, err)
	return who
}

// at says where a driver is.
func (w *town) at(who actor.Actor, p delivery.Point) {
	w.t.Helper()
	_, err := w.service.Positions(w.t.Context(), who, "", []delivery.Fix{{Point: p, At: w.clock.Now()}})
	require.NoError(w.t, err)
	w.fleet.Flush(w.t.Context())
}

// place takes an order that goes some metres north; it is in the kitchen until food says otherwise.
func (w *town) place(metres float64, more ...func(*deliverypg.Request)) int64 {
	w.t.Helper()
	id := w.orders.Add(1)
	number := fmt.Sprintf("ORD_20260302_%03d", id)
	w.exec(`insert into orders (id, tenant_id, outlet_id, number, source, status, type, total_minor, currency, priority, placed_at, updated_at, updated_by)
		values ($1, $2, $3, $4, 'api', 'in_preparation', 'delivery', 1000, 'EUR', 1, $5, $5, 'till')`, id, w.tenant, w.outlet, number, w.clock.Now())
	r := deliverypg.Request{
		Order: id, Tenant: w.tenant, Outlet: w.outlet, Number: number, Customer: "Ada", Address: fmt.Sprintf("Calle Mayor %d, Madrid", id),
		Door: &delivery.Point{Lat: home.Lat + metres/111_195, Lon: home.Lon}, At: w.clock.Now(), By: "till",
	}
	for _, change := range more {
		change(&r)
	}
	require.NoError(w.t, store.Commit(context.Background(), w.pool, func(tx store.Tx) error {
		events, err := w.store.Open(context.Background(), tx, []deliverypg.Request{r})
		require.Len(w.t, events, 1)
		return errors.Join(err, eventpg.Append(context.Background(), tx, 1, events))
	}))
	w.ready[id] = delivery.Readiness{P50: w.clock.Now().Add(10 * time.Minute), P90: w.clock.Now().Add(14 * time.Minute)}
	return id
}

// made says that food is ready.
func (w *town) made(id int64) {
	w.exec("update orders set status = 'ready', ready_at = $2, version = version + 1 where id = $1", id, w.clock.Now())
}

// look does one round as the region's owner.
func (w *town) look() {
	w.t.Helper()
	_, _, err := w.engine.Look(w.t.Context(), w.fence(), nil)
	require.NoError(w.t, err)
}

func (w *town) fence() delivery.Fence {
	return delivery.Fence{Region: w.region, Token: w.id("select fence from leases where resource = 'delivery:' || $1::bigint", w.region)}
}

func (w *town) manager() actor.Actor {
	return actor.Actor{Tenant: w.tenant, Name: "boss", Role: actor.Manager}
}

func ref(id int64) string { return strconv.FormatInt(id, 10) }

func (w *town) status(id int64) string {
	return w.text("select d.status || ' ' || o.status from deliveries d join orders o on o.id = d.order_id where d.order_id = $1", id)
}

// told lists the types of a delivery's events.
func (w *town) told(id int64) string {
	return w.text("select coalesce(string_agg(type, ' ' order by position), '') from event_log where aggregate_type = 'delivery' and aggregate_id = $1", id)
}

// check is what always holds.
func (w *town) check() {
	w.t.Helper()
	require.Zero(w.t, w.id(`select count(*) from drivers d where held <> (
		select count(*) from deliveries x where x.driver_id = d.id and x.status in ('assigned', 'picked_up'))`), "held is what they have")
	require.Zero(w.t, w.id("select count(*) from drivers where (held > 0) <> (status = 'DELIVERING')"), "who has something delivers")
	require.Zero(w.t, w.id("select count(*) from deliveries where (driver_id is null) <> (status = 'requested') and status not in ('delivered', 'cancelled')"))
	require.Zero(w.t, w.id(`select count(*) from deliveries d join orders o on o.id = d.order_id where d.status = 'delivered' and o.status <> 'delivered'
		or d.status = 'picked_up' and o.status not in ('in_delivery', 'cancelled', 'delivered')`), "orders follow")
	require.Zero(w.t, w.id(`select count(*) from (select order_id from delivery_offers where outcome = 'open' group by order_id having count(*) > 1) x`))
	require.Zero(w.t, w.id(`select count(*) from (select aggregate_id from event_log where type in ('DRIVER_NEAR', 'DELIVERY_LATE', 'DELIVERY_DELIVERED')
		group by aggregate_id, type having count(*) > 1) x`), "told once")
	require.Zero(w.t, w.id("select count(*) from drivers where incident_at is not null and status = 'WAITING_FOR_WORK'"), "who is off the road waits for nothing")
	require.Zero(w.t, w.id(`select count(*) from orders o where o.closed_at is null and not exists (
		select from deliveries d where d.order_id = o.id and d.closed_at is null)`), "an order that is not at its door has a delivery that goes on")
	require.Zero(w.t, w.id(`select count(*) from (select aggregate_id, sequence from event_log group by aggregate_type, aggregate_id, sequence having count(*) > 1) x`),
		"events have their places: "+strings.TrimSpace(w.text("select 'x'")))
}
