package orderpg_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"brigade/internal/event"
	"brigade/internal/event/eventpg"
	"brigade/internal/kitchen"
	"brigade/internal/kitchen/kitchenpg"
	"brigade/internal/leaktest"
	"brigade/internal/order"
	"brigade/internal/order/orderpg"
	"brigade/internal/recipe"
	"brigade/internal/store"
	"brigade/internal/store/pgtest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// shop is two tenants with an outlet each, and nodes that take orders for them.
type shop struct {
	t       testing.TB
	pool    *pgxpool.Pool
	tenants [2]int64
	outlets [2]int64
	station int64

	mu     sync.Mutex
	opened map[int64]int // how often a node was told of an order's ticket after the commit
}

func newShop(t testing.TB) *shop {
	t.Helper()
	h := &shop{t: t, pool: pgtest.New(t), opened: map[int64]int{}}
	for i := range h.tenants {
		h.tenants[i] = h.id("insert into tenants (slug, name) values ($1, $1) returning id", fmt.Sprint("t", i))
		h.outlets[i] = h.id("insert into outlets (tenant_id, slug, name, timezone) values ($1, 'main', 'Main', 'UTC') returning id", h.tenants[i])
		h.station = h.id("insert into stations (tenant_id, outlet_id, name, capacity) values ($1, $2, 'griller', 6) returning id", h.tenants[i], h.outlets[i])
	}
	return h
}

func (h *shop) id(sql string, args ...any) (id int64) {
	h.t.Helper()
	require.NoError(h.t, h.pool.QueryRow(context.Background(), sql, args...).Scan(&id))
	return id
}

// node is one node's store, joined with the kitchen as the app joins them.
func (h *shop) node(id int64) *orderpg.Store {
	h.t.Helper()
	tickets := kitchenpg.New(h.pool, kitchenpg.Parts{})
	s := orderpg.New(h.pool, orderpg.Parts{
		OpenTickets: func(ctx context.Context, tx store.Tx, orders []*order.Order) ([][]int64, []event.Event, func(), error) {
			opened, events, err := tickets.OpenForWork(ctx, tx, workOf(orders))
			ready := make([][]int64, len(opened))
			for i, k := range opened {
				ready[i] = k.ReadyAtStart()
			}
			return ready, events, func() { h.hear(opened) }, err
		},
		Append: func(ctx context.Context, tx store.Tx, events []event.Event) error {
			return eventpg.Append(ctx, tx, id, events)
		},
		Committed: func() {},
	})
	h.t.Cleanup(s.Close)
	return s
}

func workOf(orders []*order.Order) []kitchen.Work {
	work := make([]kitchen.Work, len(orders))
	for i, o := range orders {
		work[i] = kitchen.Work{Order: o.ID, Tenant: o.Tenant, Outlet: o.Outlet, Number: o.Number, Priority: o.Priority, At: o.PlacedAt}
		for _, l := range o.Lines {
			work[i].Lines = append(work[i].Lines, kitchen.WorkLine{Item: l.Name, Quantity: l.Quantity, Recipe: l.Recipe})
		}
	}
	return work
}

func (h *shop) hear(tickets []*kitchen.Ticket) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, k := range tickets {
		h.opened[k.Order]++
	}
}

// draft is an order of one burger_combo for the i-th tenant.
func (h *shop) draft(tenant int, key string) order.Draft {
	step := func(name string, priority float64, after ...int) recipe.Step {
		return recipe.Step{Description: name, Station: h.station, Estimate: 80 * time.Second, Priority: priority, After: after}
	}
	lines := []order.Line{{SKU: "burger_combo", Name: "Burger combo", Quantity: 1, UnitPrice: 10_99, Recipe: recipe.Recipe{ID: 3, Steps: []recipe.Step{
		step("grill patty", 20), step("toast bun", 16), step("fry fries", 18), step("assemble burger", 14, 0, 1, 2),
	}}}}
	return order.Draft{Key: key, Order: order.Order{
		Tenant: h.tenants[tenant], Outlet: h.outlets[tenant], Source: "api", Status: order.Created, Type: order.Takeout,
		CustomerName: "Ada", Lines: lines, Total: order.Total(lines), Currency: "EUR", Priority: 1, Version: 1,
		PlacedAt: noon, UpdatedAt: noon, UpdatedBy: "till",
	}}
}

func (h *shop) place(s *orderpg.Store, d order.Draft) order.Receipt {
	h.t.Helper()
	r, err := s.Place(context.Background(), d)
	require.NoError(h.t, err)
	return r
}

// stripped is an order without what is not kept: the steps of its recipes.
func stripped(o order.Order) order.Order {
	lines := make([]order.Line, len(o.Lines))
	for i, l := range o.Lines {
		l.Recipe = recipe.Recipe{ID: l.Recipe.ID}
		lines[i] = l
	}
	o.Lines = lines
	return o
}
