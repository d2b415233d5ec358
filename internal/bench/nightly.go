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
	today, err := nightDay()
	if err != nil {
		return r, err
	}
	if err := st.loadHistory(ctx, n, today); err != nil {
		return r, err
	}
	n.LoadSeconds = time.Since(began).Seconds()
	r.Nightly = n
	r.Check, err = st.night(ctx, n, today)
	return r, err
}

// night does the daily workflow and checks what came of it.
func (st *stage) night(ctx context.Context, n *Nightly, today time.Time) (*Check, error) {
	who := actor.Actor{Role: actor.System, Name: "bench"}
	list, err := st.Workflows.Execute(ctx, who, "daily", workflow.Request{Key: "bench", Day: workflow.DayIn(today)})
	if err == nil { // what begins by itself meanwhile would be measured as well
		_, err = st.Workflows.Enable(ctx, who, "daily", false)
	}
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
	return st.checkNight(ctx, n, e, today)
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

func (st *stage) checkNight(ctx context.Context, n *Nightly, e workflow.Execution, today time.Time) (*Check, error) {
	conn, err := pgx.Connect(ctx, st.DatabaseURL)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	c := &Check{Accepted: n.Tenants, Completed: e.Steps.Completed}
	var series, runs, plans, days int
	err = conn.QueryRow(ctx, `select (select count(*) from forecast_runs where status = 'done' and day = $1::date),
		(select count(*) from forecasts where day = $1), (select count(*) from plans where day = $1), (select count(*) from validated_days where day = $1::date - 1)`,
		today).Scan(&runs, &series, &plans, &days)
	c.Stored = runs
	c.expect(e.Status == workflow.Completed, "the night is %s: %s", e.Status, e.Error)
	c.expect(e.Steps.Completed == e.Steps.Total, "%d of %d steps were completed", e.Steps.Completed, e.Steps.Total)
	c.expect(runs == n.Tenants, "%d of %d tenants have forecasts", runs, n.Tenants)
	c.expect(series == n.Tenants*n.Products, "%d of %d products have forecasts", series, n.Tenants*n.Products)
	c.expect(plans == 3*n.Tenants, "%d of %d plans were made", plans, 3*n.Tenants)
	c.expect(days == n.Tenants, "%d of %d tenants know how good yesterday's forecast was", days, n.Tenants)
	return c, err
}

func (n *Nightly) write(w io.Writer) {
	if n == nil {
		return
	}
	fmt.Fprintf(w, "  night     %d tenants × %d products × %d days in %.1f s: %.1f ms a tenant; %.0f s of processor, %.0f s of Postgres's, %.0f MiB at most; loaded in %.0f s\n",
		n.Tenants, n.Products, n.Days, n.Seconds, n.PerTenantMS, n.CPUSeconds, n.PGSeconds, n.PeakRSSMiB, n.LoadSeconds)
	for _, s := range n.Steps {
		fmt.Fprintf(w, "  %-11s %6d completed, %d failed; a tenant's %.2f ms of processor, %.2f ms of Postgres\n", s.Name, s.Completed, s.Failed, s.CPUms, s.DBms)
	}
}
