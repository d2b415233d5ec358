package networkpg_test

import (
	"context"
	"log/slog"
	"math"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/network"
	"brigade/internal/network/networkpg"
	"brigade/internal/planning"
	"brigade/internal/planning/forecast"
	"brigade/internal/planning/planningpg"
	"brigade/internal/store/pgtest"
)

// stopped is a clock that stands.
type stopped struct{ now time.Time }

func (c *stopped) Now() time.Time { return c.now }

func (c *stopped) After(time.Duration) (<-chan time.Time, func()) { return nil, func() {} }

// kit is a chain with a central kitchen and a shop, a franchise with a café that has joined it, and others.
type kit struct {
	pool     *pgxpool.Pool
	store    *networkpg.Store
	planning *planning.Service
	clock    *stopped
	owner    actor.Actor
	today    planning.Day
}

const (
	chain, franchise, gone, stranger = 7, 8, 9, 10
	central, shop, cafe, closed, far = 70, 71, 80, 90, 100
)

func setup(t *testing.T) *kit {
	t.Helper()
	k := &kit{pool: pgtest.New(t), clock: &stopped{time.Date(2026, 5, 4, 10, 0, 0, 0, time.UTC)}}
	k.exec(t, `insert into tenants (id, slug, name, tier, status, timezone) values
		(7, 'chain', 'Chain', 'enterprise', 'active', 'Europe/Madrid'), (8, 'franchise', 'Franchise', 'standard', 'active', 'Europe/Madrid'),
		(9, 'gone', 'Gone', 'standard', 'suspended', 'UTC'), (10, 'stranger', 'Stranger', 'enterprise', 'active', 'UTC')`)
	k.exec(t, `insert into outlets (id, tenant_id, slug, name, timezone, is_default) values
		(70, 7, 'central', 'Central', 'Europe/Madrid', true), (71, 7, 'shop', 'Shop', 'Europe/Madrid', false),
		(80, 8, 'shop', 'Café', 'Atlantic/Canary', true), (90, 9, 'closed', 'Closed', 'UTC', true), (100, 10, 'far', 'Far', 'UTC', true)`)
	k.store = networkpg.New(k.pool)
	k.planning = planning.NewService(planningpg.New(k.pool), k.clock, slog.New(slog.DiscardHandler))
	k.owner = actor.Actor{Tenant: chain, Outlet: central, Name: "ann", Role: actor.Owner}
	k.today = forecast.DayIn(k.clock.now)
	for _, child := range []string{"franchise", "gone"} {
		require.NoError(t, k.store.Join(t.Context(), child, "chain", "ann", k.clock.now))
	}
	require.NoError(t, k.store.SetCentral(t.Context(), "chain", "central", true))
	return k
}

func (k *kit) exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	_, err := k.pool.Exec(context.Background(), sql, args...)
	require.NoError(t, err)
}

// picture draws the network anew.
func (k *kit) picture(t *testing.T, days int) *network.Picture {
	t.Helper()
	p, err := network.NewService(k.store, k.clock).Picture(t.Context(), k.owner, "chain", days)
	require.NoError(t, err)
	return p
}

// sell has an outlet sell products for some days up to today.
func (k *kit) sell(t *testing.T, tenant, outlet int64, days int, skus ...string) {
	t.Helper()
	var lines []planning.Line
	for i, sku := range skus {
		for n := range days {
			units := int64(20+7*i+3*((n+i)%7)) + outlet%10
			l := planning.Line{Outlet: outlet, SKU: sku, Day: k.today - planning.Day(n), Hour: 13, Milli: units*planning.Milli + 333, Revenue: units * 251}
			l.OwnKey()
			lines = append(lines, l)
		}
	}
	_, err := planningpg.New(k.pool).Merge(t.Context(), tenant, "pos:till", lines)
	require.NoError(t, err)
}

// TestNetworkIsTheSumOfItsOutlets compares with what each outlet is told of itself.
func TestNetworkIsTheSumOfItsOutlets(t *testing.T) {
	t.Parallel()
	k := setup(t)
	k.sell(t, chain, central, 90, "bread", "cake")
	k.sell(t, chain, shop, 90, "bread", "wrap", "cake")
	k.sell(t, franchise, cafe, 90, "bread", "wrap")
	k.sell(t, gone, closed, 90, "bread")
	k.sell(t, stranger, far, 90, "bread")
	for _, tenant := range []int64{chain, franchise, gone, stranger} {
		_, err := k.planning.Forecast(t.Context(), tenant, k.today)
		require.NoError(t, err)
	}
	_, err := k.planning.Edit(t.Context(), k.owner, shop, "wrap", k.today+2, 123.5, "fair")
	require.NoError(t, err)

	p := k.picture(t, 30)
	require.Len(t, p.Sites, 3, "neither the suspended nor the stranger")
	require.Equal(t, 2, p.Parent.Members)
	require.Equal(t, 1, p.Parent.Inactive)
	var sum network.Figures
	for i := range p.Sites {
		s := &p.Sites[i]
		milli, revenue := k.sold(t, s.Site, -30, -1)
		require.Equal(t, milli, s.Now.Milli, s.Slug)
		require.Equal(t, revenue, s.Now.Revenue)
		milli, revenue = k.sold(t, s.Site, -60, -31)
		require.Equal(t, network.Sales{Milli: milli, Revenue: revenue, Days: 30}, s.Before)
		milli, _ = k.sold(t, s.Site, 0, 0)
		require.Equal(t, milli, s.Today.Milli)
		require.Equal(t, k.expected(t, s.Site), s.Forecast)
		sum.Add(&s.Figures)
	}
	require.Equal(t, sum, p.Total())
	require.Len(t, p.Days, 31)
	var byDay int64
	for _, d := range p.Days[:30] {
		byDay += d.Milli
		require.Equal(t, 3, d.Outlets)
	}
	require.Equal(t, sum.Now.Milli, byDay, "days and outlets have the same sum")
	for i, o := range p.Outlook {
		require.Equal(t, sum.Forecast[i], o.Milli)
		require.Less(t, o.Low, float64(o.Milli)/1000)
		require.Greater(t, o.High, float64(o.Milli)/1000)
	}
	require.Equal(t, p.Sites[0].Now, p.Central().Now, "the central site is the chain's first")
}

// sold is what planning says of an outlet.
func (k *kit) sold(t *testing.T, s network.Site, from, to planning.Day) (milli, revenue int64) {
	t.Helper()
	who := actor.Actor{Tenant: s.Tenant, Outlet: s.Outlet, Role: actor.Owner}
	list, err := k.planning.Sold(t.Context(), who, planning.Query{Outlet: s.Outlet, First: k.today + from, Last: k.today + to, Most: 10_000})
	require.NoError(t, err)
	for _, r := range list {
		milli, revenue = milli+int64(math.Round(r.Quantity*1000)), revenue+r.Revenue
	}
	return milli, revenue
}

// expected is what planning expects an outlet to sell, by day.
func (k *kit) expected(t *testing.T, s network.Site) []int64 {
	t.Helper()
	list, err := k.planning.Demand(t.Context(), s.Tenant, s.Outlet, k.today, network.AheadDays)
	require.NoError(t, err)
	days := make([]int64, network.AheadDays)
	for _, f := range list {
		days[f.Day-k.today] += int64(math.Round(f.Expected() * 1000))
	}
	return days
}

func TestWhatOutletsDoAndLose(t *testing.T) {
	t.Parallel()
	k := setup(t)
	k.sell(t, chain, shop, 20, "bread")
	at := k.clock.now
	k.exec(t, `insert into waste_log (tenant_id, outlet_id, order_id, line_no, unit_no, item, steps, share, cost_minor, outcome, why, reason, recorded_by, recorded_at)
		select 7, 71, 1, 1, 1, 'bread', '{}', 1, c, o, 'cancelled', '', 'ann', w from (values
		(250, 'wasted', $1::timestamptz - interval '1 day'), (50, 'returned', $1::timestamptz - interval '1 day'),
		(400, 'wasted', $1::timestamptz - interval '12 days'), (999, 'wasted', $1::timestamptz)) v (c, o, w)`, at)
	k.exec(t, `insert into ingredients (id, tenant_id, outlet_id, code, name, unit) values (1, 7, 70, 'dough', 'Dough', 'g'), (2, 7, 71, 'dough', 'Dough', 'g'), (3, 8, 80, 'milk', 'Milk', 'ml')`)
	k.exec(t, `insert into suppliers (id, tenant_id, outlet_id, code, name, currency) values (1, 7, 71, 'mill', 'Mill', 'EUR'), (2, 8, 80, 'farm', 'Farm', 'EUR')`)
	k.exec(t, `insert into supplier_products (tenant_id, outlet_id, supplier_id, ingredient_id, code, name, pack_milli, price_minor, preferred) values
		(7, 71, 1, 2, 'd', 'D', 1000000, 300, true), (7, 71, 1, 2, 'e', 'E', 1000000, 900, false)`)
	k.exec(t, `insert into stock_movements (tenant_id, outlet_id, ingredient_id, kind, quantity_milli, made_by, made_at) values
		(7, 71, 2, 'waste', -500000, 'ann', $1::timestamptz - interval '2 days'), (8, 80, 3, 'waste', -1000, 'ann', $1::timestamptz - interval '2 days'),
		(7, 70, 1, 'make', 90000, 'ann', $1), (7, 70, 1, 'make', 10000, 'ann', $1::timestamptz - interval '3 days'), (7, 70, 1, 'make', -5, 'ann', $1),
		(7, 70, 1, 'transfer', -60000, 'ann', $1), (7, 71, 2, 'transfer', 60000, 'ann', $1)`, at)
	for revision, planned := range []int{11, 120_000} {
		k.exec(t, `insert into plans (tenant_id, outlet_id, kind, day, revision, digest, body, problems, made_by, made_at) values (7, 70, 'production', '2026-05-04', $1, '',
			jsonb_build_object('totals', jsonb_build_array(jsonb_build_object('code', 'dough', 'name', 'Dough', 'unit', 'g', 'planned', $2::int),
			jsonb_build_object('code', 'stock', 'name', 'Stock', 'unit', 'ml', 'planned', 500))), 0, 'ann', $3)`, revision+1, planned, at)
	}
	k.exec(t, `insert into plan_edits (tenant_id, outlet_id, kind, day, code, was_milli, quantity_milli, stock_milli, until_day, edited_by, edited_at) values
		(7, 70, 'production', '2026-05-04', 'stock', 500, 700, 0, '2026-05-05', 'ann', $1), (7, 70, 'production', '2026-05-04', 'stock', 500, 800, 0, '2026-05-05', 'ann', $1)`, at)
	k.exec(t, `insert into purchase_orders (id, tenant_id, outlet_id, supplier_id, number, status, source, deliver_on, currency, created_by, created_at, changed_by, changed_at) values
		(1, 7, 71, 1, 'PO-00001', 'sent', 'hand', '2026-05-02', 'EUR', 'ann', $1, 'ann', $1), (2, 7, 71, 1, 'PO-00002', 'draft', 'hand', '2026-05-02', 'EUR', 'ann', $1, 'ann', $1),
		(3, 8, 80, 2, 'PO-00001', 'partly_received', 'hand', '2026-05-09', 'EUR', 'ann', $1, 'ann', $1)`, at)
	k.exec(t, `insert into purchase_lines (purchase_id, line_no, tenant_id, outlet_id, product_id, ingredient_id, code, name, pack_milli, packs, price_minor) values
		(1, 1, 7, 71, 1, 2, 'd', 'D', 1000000, 4, 300)`)
	k.exec(t, `insert into orders (id, tenant_id, outlet_id, number, source, status, type, total_minor, currency, priority, placed_at, updated_at, updated_by) values
		(1, 7, 71, 'A', 'api', 'in_preparation', 'takeout', 1, 'EUR', 1, $1, $1, 'ann'), (2, 7, 71, 'B', 'api', 'ready', 'takeout', 1, 'EUR', 1, $1, $1, 'ann')`, at)
	k.exec(t, `insert into order_items (order_id, line_no, tenant_id, sku, name, quantity, unit_price_minor, recipe_id) values
		(1, 1, 7, 'bread', 'Bread', 3, 1, 1), (1, 2, 7, 'wrap', 'Wrap', 2, 1, 1), (2, 1, 7, 'bread', 'Bread', 4, 1, 1)`)

	p := k.picture(t, 10)
	s, ok := p.Site(shop)
	require.True(t, ok)
	require.Equal(t, network.Waste{Units: 1, Food: 250, Stock: 150}, s.Waste, "today's does not count yet")
	require.Equal(t, network.Waste{Units: 1, Food: 400}, s.WasteBefore)
	require.Equal(t, network.Kitchen{Orders: 2, ToMake: 5, Made: 4}, s.Kitchen)
	require.Equal(t, 1, s.Shipments)
	require.Equal(t, 1, s.Overdue)
	c, _ := p.Site(cafe)
	require.Equal(t, network.Waste{Unpriced: 1}, c.Waste)
	require.Equal(t, 1, c.Shipments)
	require.Zero(t, c.Overdue)
	require.Equal(t, []network.Made{
		{Outlet: central, Code: "dough", Name: "Dough", Unit: "g", Milli: 100_000, Times: 2, Today: 90_000, Planned: 120_000},
		{Outlet: central, Code: "stock", Name: "Stock", Unit: "ml", Planned: 800},
	}, p.Made)
	require.Equal(t, []network.Transfer{
		{Outlet: central, Code: "dough", Name: "Dough", Unit: "g", Out: 60_000}, {Outlet: shop, Code: "dough", Name: "Dough", Unit: "g", In: 60_000},
	}, p.Transfers)
	require.Equal(t, int64(1200), p.Shipments[0].Value)
	total := p.Total()
	require.Equal(t, int64(400), total.Waste.Cost())
	require.InDelta(t, 400.0/float64(total.Now.Revenue), total.WasteShare(), 1e-12)
	require.Less(t, total.WasteReduction(), 0.5)
}

// Figures count every shipment, however many of them are listed.
func TestAllShipmentsAreCounted(t *testing.T) {
	t.Parallel()
	k := setup(t)
	k.exec(t, `insert into suppliers (id, tenant_id, outlet_id, code, name, currency) values (1, 7, 71, 'mill', 'Mill', 'EUR')`)
	k.exec(t, `insert into purchase_orders (id, tenant_id, outlet_id, supplier_id, number, status, source, deliver_on, currency, created_by, created_at, changed_by, changed_at)
		select i, 7, 71, 1, 'PO-' || i, 'sent', 'hand', date '2026-05-04' - i % 2, 'EUR', 'ann', $1, 'ann', $1 from generate_series(1, 2500) i`, k.clock.now)
	p := k.picture(t, 7)
	s, _ := p.Site(shop)
	require.Equal(t, []int{2500, 1250}, []int{s.Shipments, s.Overdue})
	require.LessOrEqual(t, len(p.Shipments), 2000)
}

func TestDeliveriesUnderWay(t *testing.T) {
	t.Parallel()
	k := setup(t)
	at := k.clock.now
	k.exec(t, `insert into delivery_regions (id, tenant_id, slug, name, timezone) values (1, 7, 'town', 'Town', 'Europe/Madrid')`)
	k.exec(t, `insert into delivery_outlets (outlet_id, tenant_id, region_id, lat, lon) values (71, 7, 1, 40, -3)`)
	k.exec(t, `insert into drivers (id, tenant_id, region_id, name, vehicle, capacity, status) values (5, 7, 1, 'Bea', 'moped', 3, 'DELIVERING')`)
	k.exec(t, `insert into deliveries (order_id, tenant_id, outlet_id, region_id, number, status, driver_id, token, customer, address, from_lat, from_lon, to_lat, to_lon,
		located, size, placed_at, promised_at, eta_at, closed_at)
		select i, 7, 71, 1, 'N' || i, s, d, 't' || i, 'c', 'a', 40, -3, 40, -3, true, 1, $1::timestamptz, $1::timestamptz + interval '30 minutes', $1::timestamptz + l, c
		from (values (1, 'requested', null, interval '20 minutes', null::timestamptz), (2, 'assigned', 5, interval '40 minutes', null),
			(3, 'picked_up', 5, interval '10 minutes', null), (4, 'delivered', 5, interval '0', $1::timestamptz)) v (i, s, d, l, c)`, at)
	p := k.picture(t, 7)
	s, _ := p.Site(shop)
	require.Equal(t, network.Deliveries{Waiting: 1, Assigned: 1, PickedUp: 1, Late: 1}, s.Deliveries)
	require.Equal(t, s.Deliveries, p.Total().Deliveries)
	require.Len(t, p.Routes, 1)
	r := p.Routes[0]
	require.Equal(t, "Bea", r.Name)
	require.Equal(t, 2, r.Stops)
	require.Equal(t, 1, r.OnBoard)
	require.Equal(t, []int64{shop}, r.Outlets)
	require.Equal(t, at.Add(10*time.Minute), r.Next.UTC())
}

func TestWhoSeesANetwork(t *testing.T) {
	t.Parallel()
	k := setup(t)
	s := network.NewService(k.store, k.clock)
	_, err := s.Picture(t.Context(), k.owner, "7", 0)
	require.NoError(t, err, "by its id too")
	for name, c := range map[string]struct {
		who  actor.Actor
		ref  string
		days int
		kind errs.Kind
	}{
		"a tenant of another tier":  {actor.Actor{Tenant: franchise, Role: actor.Owner}, "franchise", 0, errs.KindForbidden},
		"somebody else's network":   {k.owner, "stranger", 0, errs.KindForbidden},
		"one that does not exist":   {k.owner, "nobody", 0, errs.KindForbidden},
		"bound to an outlet":        {actor.Actor{Tenant: chain, Outlet: shop, Bound: true, Role: actor.Manager}, "chain", 0, errs.KindForbidden},
		"more days than there are":  {k.owner, "chain", 367, errs.KindInvalid},
		"fewer days than there are": {k.owner, "chain", -1, errs.KindInvalid},
	} {
		_, err := s.Picture(t.Context(), c.who, c.ref, c.days)
		require.True(t, errs.Is(err, c.kind), "%s: %v", name, err)
	}
}

func TestDrillDown(t *testing.T) {
	t.Parallel()
	k := setup(t)
	k.sell(t, chain, shop, 40, "bread", "cake")
	k.sell(t, franchise, cafe, 40, "bread")
	require.NoError(t, k.planning.Rename(t.Context(), actor.Actor{Tenant: chain, Role: actor.Owner}, "cake", "tart"))
	_, err := k.planning.Forecast(t.Context(), chain, k.today)
	require.NoError(t, err)
	s := network.NewService(k.store, k.clock)
	_, _, _, err = s.Drill(t.Context(), k.owner, "chain", 10, "shop")
	require.True(t, errs.Is(err, errs.KindConflict), "two are called shop: %v", err)
	_, _, _, err = s.Drill(t.Context(), k.owner, "chain", 10, "far")
	require.True(t, errs.Is(err, errs.KindNotFound), err)
	for _, ref := range []string{"chain/shop", "71"} {
		_, site, d, err := s.Drill(t.Context(), k.owner, "chain", 10, ref)
		require.NoError(t, err)
		require.Equal(t, int64(shop), site.Outlet)
		require.Len(t, d.Days, 11)
		var milli, revenue, expected int64
		for _, p := range d.Products {
			milli, revenue, expected = milli+p.Milli, revenue+p.Revenue, expected+p.Expected
			require.NotEqual(t, "cake", p.SKU, "it has another name now")
		}
		require.Equal(t, site.Now.Milli, milli)
		require.Equal(t, site.Now.Revenue, revenue)
		require.Equal(t, site.Expected(), expected)
		require.Positive(t, expected)
	}
}

func TestJoining(t *testing.T) {
	t.Parallel()
	k := setup(t)
	k.exec(t, `insert into tenants (id, slug, name, tier, currency) values (20, 'swiss', 'Swiss', 'enterprise', 'CHF'), (21, 'second', 'Second', 'enterprise', 'EUR')`)
	join := func(child, parent string) error { return k.store.Join(t.Context(), child, parent, "ann", k.clock.now) }
	require.NoError(t, join("franchise", "chain"), "again")
	for _, c := range []struct {
		child, parent string
		kind          errs.Kind
	}{
		{"chain", "chain", errs.KindConflict},
		{"nobody", "chain", errs.KindNotFound},
		{"stranger", "nowhere", errs.KindNotFound},
		{"franchise", "second", errs.KindConflict},   // is elsewhere
		{"stranger", "franchise", errs.KindConflict}, // not of the tier
		{"chain", "second", errs.KindConflict},       // has members
		{"swiss", "chain", errs.KindConflict},        // another currency
	} {
		err := join(c.child, c.parent)
		require.True(t, errs.Is(err, c.kind), "%s to %s: %v", c.child, c.parent, err)
	}
	require.NoError(t, join("second", "chain"))
	require.True(t, errs.Is(join("stranger", "second"), errs.KindConflict), "networks have no networks")
	list, err := k.store.Members(t.Context())
	require.NoError(t, err)
	require.Len(t, list, 3)
	require.Equal(t, network.Member{
		Parent: "chain", Slug: "franchise", Name: "Franchise", Status: "active", Outlets: 1, JoinedBy: "ann", JoinedAt: k.clock.now,
	}, utc(list[0]))
	require.NoError(t, k.store.Leave(t.Context(), "second"))
	require.True(t, errs.Is(k.store.Leave(t.Context(), "second"), errs.KindNotFound))

	require.NoError(t, k.store.SetCentral(t.Context(), "chain", "central", true), "again")
	require.True(t, errs.Is(k.store.SetCentral(t.Context(), "chain", "nowhere", true), errs.KindNotFound))
	sites, err := k.store.Centrals(t.Context())
	require.NoError(t, err)
	require.Equal(t, []networkpg.Central{{Tenant: "chain", Outlet: "central", Name: "Central"}}, sites)
	require.NoError(t, k.store.SetCentral(t.Context(), "chain", "central", false))
	require.Zero(t, k.picture(t, 7).Central().Now)
}

func utc(m network.Member) network.Member {
	m.JoinedAt = m.JoinedAt.UTC()
	return m
}

// TestTwoWhoJoinEachOther: whoever comes second is refused, whatever the order.
func TestTwoWhoJoinEachOther(t *testing.T) {
	t.Parallel()
	k := setup(t)
	k.exec(t, `insert into tenants (id, slug, name, tier) values (20, 'left', 'Left', 'enterprise'), (21, 'right', 'Right', 'enterprise')`)
	errors := make(chan error, 2)
	for _, pair := range [][2]string{{"left", "right"}, {"right", "left"}} {
		go func() { errors <- k.store.Join(context.Background(), pair[0], pair[1], "ann", k.clock.now) }()
	}
	first, second := <-errors, <-errors
	if first != nil {
		first, second = second, first
	}
	require.NoError(t, first)
	require.True(t, errs.Is(second, errs.KindConflict), second)
}
