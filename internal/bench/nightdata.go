package bench

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
)

// Night's tenants: each has an outlet that sells products, with weeks, seasons and chance in their sales; 30 ingredients,
// three of them prepared in the house, with lots and three suppliers; and a forecast of yesterday, which the night compares
// with what was sold.
var historySQL = []string{
	`truncate night`,
	`with t as (insert into tenants (slug, name, tier, timezone)
	     select 'night-' || i, 'night', case i % 10 when 0 then 'enterprise' when 1 then 'starter' else 'standard' end, @zone
	     from generate_series(@first::int, @last::int) i returning id),
	 o as (insert into outlets (tenant_id, slug, name, timezone, is_default) select id, 'kitchen', 'kitchen', @zone, true from t returning tenant_id, id)
	 insert into night select tenant_id, id from o`,

	// Sales. The hours are of four weeks.
	`insert into sales_series (tenant_id, outlet_id, sku) select tenant_id, outlet_id, 'p' || p from night, generate_series(1, @products::int) p`,
	`insert into sales_days (series_id, day, tenant_id, quantity_milli, revenue_minor, sold_outs)
	 select s.id, d::date, s.tenant_id, 1000 * greatest(0, round(20 + 8 * sin(extract(doy from d) / 58) + 3 * extract(isodow from d) + 6 * random()))::bigint, 10000, 0
	 from sales_series s join night using (outlet_id), generate_series(@today::date - @days::int, @today::date - 1, '1 day') d`,
	`insert into sales_hours (series_id, day, hour, tenant_id, quantity_milli)
	 select s.id, d::date, h, s.tenant_id, 6000 from sales_series s join night using (outlet_id),
	 generate_series(@today::date - least(@days::int, 28), @today::date - 1, '1 day') d, unnest(array[12, 13, 20, 21]) h`,
	`insert into sales_outlet_days (outlet_id, day, tenant_id, changes) select outlet_id, d::date, tenant_id, 1
	 from night, generate_series(@today::date - @days::int, @today::date - 1, '1 day') d`,

	// Yesterday's forecast.
	`insert into forecast_runs (tenant_id, kind, day, horizon, status, levels, requested_by, requested_at, finished_at)
	 select tenant_id, 'daily', @today::date - 1, 1, 'done', '{0.05,0.5,0.95}', 'bench', now(), now() from night`,
	`insert into forecasts (run_id, series_id, day, tenant_id, mean, quantiles, hours)
	 select r.id, s.id, r.day, s.tenant_id, 30, '{20,30,40}', array_fill(30 / 24::real, array[24])
	 from night n join forecast_runs r on r.tenant_id = n.tenant_id join sales_series s on s.outlet_id = n.outlet_id`,
	`insert into forecast_series (run_id, series_id, tenant_id, model, version, why, scale)
	 select r.id, s.id, s.tenant_id, 'bench', 1, '', 5
	 from night n join forecast_runs r on r.tenant_id = n.tenant_id join sales_series s on s.outlet_id = n.outlet_id`,
	`insert into forecast_totals (run_id, outlet_id, sku, day, tenant_id, mean, quantiles)
	 select r.id, n.outlet_id, '', r.day, n.tenant_id, 150, '{100,150,200}' from night n join forecast_runs r on r.tenant_id = n.tenant_id`,

	// The kitchen and what it holds.
	`insert into stations (tenant_id, outlet_id, name, capacity) select tenant_id, outlet_id, 'grill', 2 from night`,
	`insert into staff (tenant_id, outlet_id, name, max_parallel, base_efficiency, efficiency) select tenant_id, outlet_id, 'Ann', 2, 1, 1 from night`,
	`insert into staff_skills select f.id, s.id from night n join staff f on f.outlet_id = n.outlet_id join stations s on s.outlet_id = n.outlet_id`,
	`insert into ingredients (tenant_id, outlet_id, code, name, unit, shelf_hours, batch_milli, stocked, lead_minutes, station_id, station_minutes)
	 select n.tenant_id, n.outlet_id, 'i' || g, 'I', 'g', case when g % 3 = 0 then 0 else 24 * g end, case when g <= 3 then 20000 else 0 end, g <= 3, 40, s.id, 10
	 from night n join stations s using (outlet_id), generate_series(1, 30) g`,
	`insert into bill_lines select p.outlet_id, 'preparation', p.code, i.id, p.tenant_id, 9000
	 from night n join ingredients p on p.outlet_id = n.outlet_id and p.batch_milli > 0
	 join ingredients i on i.outlet_id = n.outlet_id and i.code in ('i20', 'i2' || substr(p.code, 2))`,
	`insert into bill_lines select i.outlet_id, 'item', 'p' || p, i.id, i.tenant_id, 1000
	 from night join ingredients i using (outlet_id), generate_series(1, @products::int) p where (substr(i.code, 2)::int + p) % 4 = 0`,
	`insert into item_needs select b.outlet_id, b.made, b.ingredient_id, b.tenant_id, b.quantity_milli from night join bill_lines b using (outlet_id) where b.kind = 'item'`,
	`insert into suppliers (tenant_id, outlet_id, code, name, currency, lead_days, delivery_days, cut_off)
	 select tenant_id, outlet_id, 's' || g, 'S', 'EUR', 1, array[g, g + 3], '16:00' from night, generate_series(0, 2) g`,
	`insert into supplier_products (tenant_id, outlet_id, supplier_id, ingredient_id, code, name, pack_milli, price_minor)
	 select s.tenant_id, s.outlet_id, s.id, i.id, i.code, 'x', 25000, 100
	 from night join suppliers s using (outlet_id) join ingredients i using (outlet_id) where i.batch_milli = 0`,
	`insert into stock_lots (tenant_id, outlet_id, ingredient_id, received_at, expires_at, initial_milli, remaining_milli)
	 select i.tenant_id, i.outlet_id, i.id, now(), @today::timestamptz + (g + 1) * interval '1 day', 40000, 40000
	 from night join ingredients i using (outlet_id), generate_series(1, 2) g`,
}

const (
	loadedAtOnce = 200 // tenants
	nightZone    = "Europe/Madrid"
)

// nightDay is the day that is forecast: today where the tenants are.
func nightDay() (time.Time, error) {
	zone, err := time.LoadLocation(nightZone)
	if err != nil {
		return time.Time{}, err
	}
	y, m, d := time.Now().In(zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC), nil
}

// loaders load at a time: each is one processor's work for Postgres.
const loaders = 4

func (st *stage) loadHistory(ctx context.Context, n *Nightly, today time.Time) error {
	g, loading := errgroup.WithContext(ctx)
	var done atomic.Int64
	for k := range loaders {
		g.Go(func() error {
			return st.withConn(loading, func(conn *pgx.Conn) error {
				if _, err := conn.Exec(loading, "create temporary table night (tenant_id bigint, outlet_id bigint)"); err != nil {
					return err
				}
				for first := 1 + k*loadedAtOnce; first <= n.Tenants; first += loaders * loadedAtOnce {
					last := min(first+loadedAtOnce-1, n.Tenants)
					if err := loadTenants(loading, conn, n, first, last, today); err != nil {
						return err
					}
					if sum := done.Add(int64(last - first + 1)); sum%2000 == 0 || int(sum) == n.Tenants {
						st.o.say("%d of %d tenants have their sales", sum, n.Tenants)
					}
				}
				return nil
			})
		})
	}
	if err := g.Wait(); err != nil {
		return fmt.Errorf("load tenants: %w", err)
	}
	return st.withConn(ctx, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, "analyze")
		return err
	})
}

func loadTenants(ctx context.Context, conn *pgx.Conn, n *Nightly, first, last int, today time.Time) error {
	told := pgx.NamedArgs{"first": first, "last": last, "products": n.Products, "days": n.Days, "today": today, "zone": nightZone}
	for _, sql := range historySQL {
		if _, err := conn.Exec(ctx, sql, told); err != nil {
			return err
		}
	}
	return nil
}

func (st *stage) withConn(ctx context.Context, do func(*pgx.Conn) error) error {
	conn, err := pgx.Connect(ctx, st.DatabaseURL)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // it has written everything
	return do(conn)
}
