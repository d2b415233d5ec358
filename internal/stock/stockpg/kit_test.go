package stockpg_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"brigade/internal/actor"
	"brigade/internal/clock"
	"brigade/internal/measure"
	"brigade/internal/stock"
	"brigade/internal/stock/stockpg"
	"brigade/internal/store"
	"brigade/internal/store/pgtest"
)

const (
	acme = 7
	main = 70
	far  = 80 // of another tenant
)

// kit is an outlet that sells burgers and wraps, made of what is in stock.
type kit struct {
	pool    *pgxpool.Pool
	store   *stockpg.Store
	service *stock.Service
	clock   *clock.Manual
	who     actor.Actor

	mu     sync.Mutex
	turned []string // "-burger" when it went off the menu, "+burger" when it came back
}

var noon = time.Date(2026, 5, 4, 10, 0, 0, 0, time.UTC) // a Monday, 12:00 in Madrid

func setup(t testing.TB) *kit {
	t.Helper()
	k := &kit{pool: pgtest.New(t), clock: clock.NewManual(noon), who: actor.Actor{Tenant: acme, Outlet: main, Name: "ann", Role: actor.Manager}}
	k.exec(t, `insert into tenants (id, slug, name) values (7, 'acme', 'Acme'), (8, 'other', 'Other')`)
	k.exec(t, `insert into outlets (id, tenant_id, slug, name, timezone, is_default) values
		(70, 7, 'main', 'Main', 'Europe/Madrid', true), (80, 8, 'far', 'Far', 'UTC', true)`)
	note := func(sign string) func(context.Context, store.Tx, stockpg.Turned) error {
		return func(_ context.Context, _ store.Tx, item stockpg.Turned) error {
			k.mu.Lock()
			defer k.mu.Unlock()
			k.turned = append(k.turned, sign+item.SKU)
			return nil
		}
	}
	k.store = stockpg.New(k.pool, stockpg.Parts{Out: note("-"), Back: note("+")})
	k.service = stock.NewService(k.store, k.clock, func(context.Context, int64, int64) (*time.Location, error) { return time.LoadLocation("Europe/Madrid") })
	return k
}

// kitchen sets up patties and buns, a dip that is taken apart and a sauce that is stocked, and a supplier.
func (k *kit) kitchen(t testing.TB, opening string) *kit {
	t.Helper()
	q := func(text string, u stock.Unit) stock.Quantity { return quantity(t, text, u) }
	k.write(t, func(w *stockpg.Writer) {
		ctx := t.Context()
		for _, g := range []stockpg.IngredientSetup{
			{Code: "patty", Name: "Patty", Unit: stock.Piece, ShelfHours: 72, Par: q("100", stock.Piece), Opening: q(opening, stock.Piece)},
			{Code: "bun", Name: "Bun", Unit: stock.Piece, Opening: q(opening, stock.Piece)},
			{Code: "mayo", Name: "Mayonnaise", Unit: stock.Gram, Opening: q("10 kg", stock.Gram), Par: q("12 kg", stock.Gram)},
			{Code: "tomato", Name: "Tomatoes", Unit: stock.Gram, Opening: q("10 kg", stock.Gram)},
			{Code: "dip", Name: "Dip", Unit: stock.Gram, Batch: q("1 kg", stock.Gram)},
			{Code: "sauce", Name: "Sauce", Unit: stock.Millilitre, Batch: q("2 l", stock.Millilitre), Stocked: true, Opening: q("1 l", stock.Millilitre)},
			{Code: "loose", Name: "Never counted", Unit: stock.Gram},
		} {
			require.NoError(t, w.PutIngredient(ctx, g))
		}
		part := func(code, text string, u stock.Unit) stockpg.PartSetup {
			return stockpg.PartSetup{Code: code, Quantity: q(text, u)}
		}
		require.NoError(t, w.PutBill(ctx, stock.OfPreparation, "dip", []stockpg.PartSetup{part("mayo", "700 g", stock.Gram), part("tomato", "301 g", stock.Gram)}))
		require.NoError(t, w.PutBill(ctx, stock.OfPreparation, "sauce", []stockpg.PartSetup{part("tomato", "3 kg", stock.Gram)}))
		require.NoError(t, w.PutBill(ctx, stock.OfItem, "burger", []stockpg.PartSetup{
			part("patty", "1", stock.Piece), part("bun", "1", stock.Piece), part("dip", "30 g", stock.Gram), part("loose", "5 g", stock.Gram),
		}))
		require.NoError(t, w.PutBill(ctx, stock.OfItem, "pasta", []stockpg.PartSetup{part("sauce", "200 ml", stock.Millilitre)}))
		require.NoError(t, w.PutSupplier(ctx, stockpg.SupplierSetup{
			Code: "metro", Name: "Metro", Email: "orders@metro.example", Currency: "EUR", LeadDays: 1, CutOff: "16:00", Minimum: 50_00,
			Days: []time.Weekday{time.Tuesday, time.Friday},
		}))
		require.NoError(t, w.PutProduct(ctx, "metro", stockpg.ProductSetup{Code: "P-1", Name: "Patties", Ingredient: "patty", Pack: q("40", stock.Piece), Price: 32_00, Least: 1}))
		require.NoError(t, w.PutProduct(ctx, "metro", stockpg.ProductSetup{Code: "M-1", Name: "Mayo", Ingredient: "mayo", Pack: q("5 kg", stock.Gram), Price: 16_50, Least: 2}))
	})
	return k
}

func (k *kit) write(t testing.TB, work func(*stockpg.Writer)) {
	t.Helper()
	parts := stockpg.Parts{}
	require.NoError(t, store.Commit(t.Context(), k.pool, func(tx store.Tx) error {
		w, err := stockpg.NewWriter(t.Context(), tx, parts, acme, main, "file", k.clock.Now())
		require.NoError(t, err)
		work(w)
		return w.Done(t.Context())
	}))
}

func (k *kit) exec(t testing.TB, sql string, args ...any) {
	t.Helper()
	_, err := k.pool.Exec(t.Context(), sql, args...)
	require.NoError(t, err)
}

func value[V any](t testing.TB, k *kit, sql string, args ...any) (v V) {
	t.Helper()
	require.NoError(t, k.pool.QueryRow(t.Context(), sql, args...).Scan(&v))
	return v
}

// order writes an order as intake and kitchen would have, with a task per unit.
func (k *kit) order(t testing.TB, id int64, status, sku string, quantity int) {
	t.Helper()
	k.exec(t, `insert into orders (id, tenant_id, outlet_id, number, source, status, type, total_minor, currency, priority, placed_at, updated_at, updated_by)
		values ($1::bigint, 7, 70, 'O' || $1::bigint, 'test', $2, 'takeout', 0, 'EUR', 1, now(), now(), 't')`, id, status)
	k.exec(t, `insert into order_items (order_id, line_no, tenant_id, sku, name, quantity, unit_price_minor, recipe_id) values ($1, 1, 7, $2, $2, $3, 0, 0)`, id, sku, quantity)
	k.exec(t, `insert into tickets (order_id, tenant_id, outlet_id, number, status, tasks_total, priority, created_at, updated_at)
		values ($1::bigint, 7, 70, 'O' || $1::bigint, 'CONFIRMED', $2, 1, now(), now())`, id, quantity)
	for unit := 1; unit <= quantity; unit++ {
		k.exec(t, `insert into tasks (tenant_id, outlet_id, order_id, line_no, unit_no, step_no, item, description, station_id, estimate_ms, base_priority, depends_on, pending_deps, status)
			values (7, 70, $1, 1, $2, 0, '', '', 1, 1, 0, '{}', 0, 'UNASSIGNED')`, id, unit)
	}
}

// begin begins units of an order.
func (k *kit) begin(t testing.TB, id int64, upTo int) {
	t.Helper()
	k.exec(t, `update tasks set status = 'STARTED', started_at = now() where order_id = $1 and unit_no <= $2`, id, upTo)
	k.exec(t, `update orders set status = 'in_preparation' where id = $1 and status = 'created'`, id)
}

func (k *kit) settle(t testing.TB, orders ...int64) {
	t.Helper()
	require.NoError(t, k.store.Settle(t.Context(), []int64{main, far}, orders, k.clock.Now()))
	k.agrees(t)
}

func (k *kit) level(t testing.TB, code string) stock.Level {
	t.Helper()
	l, err := k.service.Level(t.Context(), k.who, 0, code)
	require.NoError(t, err)
	return l
}

// holds asserts what is on hand and reserved, in whole units.
func (k *kit) holds(t testing.TB, code string, onHand, reserved float64) {
	t.Helper()
	l := k.level(t, code)
	require.Equal(t, []float64{onHand, reserved}, []float64{l.OnHand.Float(), l.Reserved.Float()}, "%s on hand, and reserved", code)
}

// agrees asserts that stock, lots, ledger and reservations say the same.
func (k *kit) agrees(t testing.TB) {
	t.Helper()
	wrong := value[string](t, k, `select coalesce(string_agg(i.code || ': on hand ' || l.on_hand_milli || ', owed ' || l.owed_milli || ', reserved ' || l.reserved_milli ||
			', lots ' || s.lots || ', ledger ' || m.moved || ', orders ' || r.held || ', used ' || m.used || ' = ' || r.used, '; '), '')
		from stock_levels l
		join ingredients i on i.id = l.ingredient_id
		cross join lateral (select coalesce(sum(remaining_milli), 0) as lots from stock_lots where ingredient_id = l.ingredient_id) s
		cross join lateral (select coalesce(sum(quantity_milli), 0) as moved, -coalesce(sum(quantity_milli) filter (where kind = 'use'), 0) as used
		                    from stock_movements where ingredient_id = l.ingredient_id) m
		cross join lateral (select coalesce(sum(reserved_milli), 0) as held, coalesce(sum(used_milli), 0) as used from stock_orders where ingredient_id = l.ingredient_id) r
		where l.on_hand_milli <> s.lots - l.owed_milli or l.on_hand_milli <> m.moved or l.reserved_milli <> r.held or m.used <> r.used
		   or l.owed_milli > 0 and s.lots > 0`)
	require.Empty(t, wrong)
}

func (k *kit) turns(t testing.TB) string {
	t.Helper()
	k.mu.Lock()
	defer k.mu.Unlock()
	text := strings.Join(k.turned, " ")
	k.turned = nil
	return text
}

func (k *kit) book(t testing.TB, kind stock.MovementKind, entries ...stock.Entry) []stock.Change {
	t.Helper()
	changes, err := k.service.Book(t.Context(), k.who, stock.Sheet{Kind: kind, Entries: entries})
	require.NoError(t, err)
	k.agrees(t)
	return changes
}

func quantity(t testing.TB, text string, u stock.Unit) stock.Quantity {
	t.Helper()
	if text == "" {
		return 0
	}
	q, err := measure.ParseQuantity(text, u)
	require.NoError(t, err)
	return q
}
