package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"

	"brigade/internal/actor"
	"brigade/internal/workflow"
)

// Nightly is what a night of all tenants took.
type Nightly struct {
	Tenants     int         `json:"tenants"`
	Products    int         `json:"products"` // of each
	Days        int         `json:"days"`     // of sales of each product
	LoadSeconds float64     `json:"load_seconds"`
	Seconds     float64     `json:"seconds"`
	PerTenantMS float64     `json:"ms_per_tenant"`
	CPUSeconds  float64     `json:"cpu_seconds"`
	PGSeconds   float64     `json:"postgres_cpu_seconds,omitempty"` // 0: not known
	PeakRSSMiB  float64     `json:"peak_rss_mib"`
	Steps       []NightStep `json:"steps"`
}

// NightStep is what one step of the night took, over all tenants.
type NightStep struct {
	Name      string  `json:"name"`
	Completed int     `json:"completed"`
	Failed    int     `json:"failed"`
	CPUms     float64 `json:"cpu_ms_per_tenant"`
	DBms      float64 `json:"db_ms_per_tenant"`
}

// Night measures the daily workflow of many tenants: sales of two years become forecasts and plans, yesterday is validated.
// The tenants have no ingredients, so there is little to plan from their forecasts.
func Night(ctx context.Context, o Options) (r Report, err error) {
	o = o.withDefaults()
	setDefault(&o.Tenants, 10_000)
	setDefault(&o.Products, 5)
	setDefault(&o.Days, 730)
	r = Report{Bench: "nightly", Machine: thisMachine()}
	if err := o.check(); err != nil {
		return r, err
	}
	st, err := setUp(ctx, o, Setup{Nights: true})
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, st.close(context.WithoutCancel(ctx))) }()
	if r.Machine.Postgres, st.postgres, err = meet(ctx, st.DatabaseURL); err != nil {
		return r, err
	}
	n := &Nightly{Tenants: o.Tenants, Products: o.Products, Days: o.Days}
	began := time.Now()
	if err := st.loadHistory(ctx, n); err != nil {
		return r, err
	}
	n.LoadSeconds = time.Since(began).Seconds()
	r.Nightly = n
	r.Check, err = st.night(ctx, n)
	return r, err
}

// historySQL gives some tenants an outlet, products and sales with weeks and chance in them. The hours are of four weeks.
var historySQL = []string{
	`insert into tenants (slug, name, tier, timezone) select 'night-' || i, 'night', case i % 10 when 0 then 'enterprise' when 1 then 'starter' else 'standard' end, 'Europe/Madrid'
	 from generate_series($1::int, $2::int) i where $3::int >= 0 and $4::int >= 0`,
	`insert into outlets (tenant_id, slug, name, timezone, is_default) select id, 'kitchen', 'kitchen', timezone, true from tenants
	 where substr(slug, 7)::int between $1::int and $2::int and slug like 'night-%' and $3::int >= 0 and $4::int >= 0`,
	`insert into sales_series (tenant_id, outlet_id, sku) select o.tenant_id, o.id, 'p' || p from outlets o join tenants t on t.id = o.tenant_id, generate_series(1, $3::int) p
	 where t.slug like 'night-%' and substr(t.slug, 7)::int between $1::int and $2::int and $4::int >= 0`,
	`insert into sales_days (series_id, day, tenant_id, quantity_milli, revenue_minor, sold_outs)
	 select s.id, d::date, s.tenant_id, 1000 * greatest(0, round(20 + 8 * sin(extract(doy from d) / 58) + 3 * extract(isodow from d) + 6 * random()))::bigint, 10000, 0
	 from sales_series s join tenants t on t.id = s.tenant_id, generate_series(current_date - $4::int, current_date - 1, '1 day') d
	 where t.slug like 'night-%' and substr(t.slug, 7)::int between $1::int and $2::int and $3::int >= 0`,
	`insert into sales_hours (series_id, day, hour, tenant_id, quantity_milli)
	 select s.id, d::date, h, s.tenant_id, 6000 from sales_series s join tenants t on t.id = s.tenant_id,
	 generate_series(current_date - least($4::int, 28), current_date - 1, '1 day') d, unnest(array[12, 13, 20, 21]) h
	 where t.slug like 'night-%' and substr(t.slug, 7)::int between $1::int and $2::int and $3::int >= 0`,
	`insert into sales_outlet_days (outlet_id, day, tenant_id, changes) select o.id, d::date, o.tenant_id, 1
	 from outlets o join tenants t on t.id = o.tenant_id, generate_series(current_date - $4::int, current_date - 1, '1 day') d
	 where t.slug like 'night-%' and substr(t.slug, 7)::int between $1::int and $2::int and $3::int >= 0`,
}

const loadedAtOnce = 200 // tenants

func (st *stage) loadHistory(ctx context.Context, n *Nightly) error {
	conn, err := pgx.Connect(ctx, st.DatabaseURL)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // it has written everything
	for first := 1; first <= n.Tenants; first += loadedAtOnce {
		last := min(first+loadedAtOnce-1, n.Tenants)
		for _, sql := range historySQL {
			if _, err := conn.Exec(ctx, sql, first, last, n.Products, n.Days); err != nil {
				return fmt.Errorf("load tenants: %w", err)
			}
		}
		if last%2000 == 0 || last == n.Tenants {
			st.o.say("%d of %d tenants have their sales", last, n.Tenants)
		}
	}
	_, err = conn.Exec(ctx, "analyze")
	return err
}

// night does the daily workflow and checks what came of it.
func (st *stage) night(ctx context.Context, n *Nightly) (*Check, error) {
	who := actor.Actor{Role: actor.System, Name: "bench"}
	list, err := st.Workflows.Execute(ctx, who, "daily", workflow.Request{Key: "bench"})
	if err != nil {
		return nil, err
	}
	e := list[0]
	var failure error
	err = st.o.profiled(func() {
		own, pg, began := ownCPU(), st.postgres.cpu(), time.Now()
		e, failure = st.watch(ctx, who, e, n)
		n.Seconds = time.Since(began).Seconds()
		n.CPUSeconds, n.PGSeconds = (ownCPU() - own).Seconds(), (st.postgres.cpu() - pg).Seconds()
	})
	if err = errors.Join(err, failure); err != nil {
		return nil, err
	}
	n.PerTenantMS = 1000 * n.Seconds / float64(n.Tenants)
	costs, err := st.Workflows.Costs(ctx, who, e.ID)
	if err != nil {
		return nil, err
	}
	for _, c := range costs {
		per := float64(max(1, c.Total))
		n.Steps = append(n.Steps, NightStep{c.Name, c.Completed, c.Failed, ms(c.Cost.CPU) / per, ms(c.Cost.DB) / per})
	}
	return st.checkNight(ctx, n, e)
}

// watch waits for the end of the night.
func (st *stage) watch(ctx context.Context, who actor.Actor, e workflow.Execution, n *Nightly) (workflow.Execution, error) {
	told := time.Now()
	for !e.Status.Over() {
		if err := pause(ctx, 250*time.Millisecond); err != nil {
			return e, err
		}
		var err error
		if e, err = st.Workflows.Execution(ctx, who, e.ID); err != nil {
			return e, err
		}
		n.PeakRSSMiB = max(n.PeakRSSMiB, residentMiB())
		if time.Since(told) > 10*time.Second {
			st.o.say("%.0f %% of %d steps", 100*e.Steps.Progress(), e.Steps.Total)
			told = time.Now()
		}
	}
	return e, nil
}

func (st *stage) checkNight(ctx context.Context, n *Nightly, e workflow.Execution) (*Check, error) {
	conn, err := pgx.Connect(ctx, st.DatabaseURL)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	c := &Check{Accepted: n.Tenants, Completed: e.Steps.Completed}
	var series, runs int
	err = conn.QueryRow(ctx, "select count(distinct series_id), (select count(*) from forecast_runs where status = 'done') from forecasts").Scan(&series, &runs)
	c.Stored = runs
	c.expect(e.Status == workflow.Completed, "the night is %s: %s", e.Status, e.Error)
	c.expect(e.Steps.Completed == e.Steps.Total, "%d of %d steps were completed", e.Steps.Completed, e.Steps.Total)
	c.expect(runs == n.Tenants, "%d of %d tenants have forecasts", runs, n.Tenants)
	c.expect(series == n.Tenants*n.Products, "%d of %d products have forecasts", series, n.Tenants*n.Products)
	return c, err
}

func (n *Nightly) write(w io.Writer) {
	if n == nil {
		return
	}
	fmt.Fprintf(w, "  night     %d tenants × %d products × %d days in %.1f s: %.1f ms a tenant; %.0f s of processor (Postgres: %.0f s), %.0f MiB at most; loaded in %.0f s\n",
		n.Tenants, n.Products, n.Days, n.Seconds, n.PerTenantMS, n.CPUSeconds, n.PGSeconds, n.PeakRSSMiB, n.LoadSeconds)
	for _, s := range n.Steps {
		fmt.Fprintf(w, "  %-11s %6d completed, %d failed; a tenant's %.2f ms of processor, %.2f ms of Postgres\n", s.Name, s.Completed, s.Failed, s.CPUms, s.DBms)
	}
}
