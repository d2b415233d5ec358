package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"

	"brigade/internal/actor"
	"brigade/internal/event"
	"brigade/internal/order"
)

// Waiting is what orders for later cost, and how punctual timers are.
type Waiting struct {
	Orders        int      `json:"orders"`
	PlacedIn      float64  `json:"placed_in_s"`
	Seconds       float64  `json:"seconds"`
	CPUPercent    float64  `json:"cpu_percent_of_a_core"`
	PGPercent     float64  `json:"postgres_cpu_percent_of_a_core,omitempty"` // 0: not known
	RSSMiB        float64  `json:"rss_mib"`
	RestartedInMS float64  `json:"restarted_in_ms"` // from the start of the process's parts until it could serve
	Timers        int      `json:"timers"`
	Late          *Latency `json:"timer_late_ms"` // from a timer's time until a subscriber heard that it had rung
}

// How close timers are in the last part, and when each rings: an unpaid order is cancelled then.
const (
	timersApart = 20 * time.Millisecond
	timerAfter  = 2 * time.Second
)

// Scheduled has a Brigade wait with many orders that are wanted tomorrow: what that costs, how fast it is back after a
// restart, and, with all of them waiting, how late timers ring.
func Scheduled(ctx context.Context, o Options) (r Report, err error) {
	o = o.withDefaults()
	setDefault(&o.Orders, 100_000)
	setDefault(&o.Timers, 200)
	r = Report{Bench: "scheduled", Machine: thisMachine(), Waiting: &Waiting{Orders: o.Orders}}
	if err := o.check(); err != nil {
		return r, err
	}
	setup := Setup{HTTP: true, Demo: true, Jobs: true}
	st, err := setUp(ctx, o, setup)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, st.close(context.WithoutCancel(ctx))) }()
	w := &waiters{stage: st, Waiting: r.Waiting}
	if err := w.begin(ctx); err != nil {
		return r, err
	}
	if r.Machine.Postgres, st.postgres, err = meet(ctx, st.DatabaseURL); err != nil {
		return r, err
	}
	for _, step := range []func(context.Context) error{w.place, w.rest, w.restart, w.begin, w.ring} {
		if err := step(ctx); err != nil {
			return r, err
		}
	}
	r.Check, err = w.check(ctx)
	return r, errors.Join(err, r.err())
}

// waiters are the benchmark's guests.
type waiters struct {
	*stage
	*Waiting
	owner  actor.Actor
	outlet int64
}

// begin finds the demo restaurant.
func (w *waiters) begin(ctx context.Context) error {
	if err := w.awaitOwner(ctx, 1); err != nil {
		return err
	}
	var err error
	if w.owner, err = w.Owner(ctx, "demo"); err != nil {
		return err
	}
	return withConn(ctx, w.DatabaseURL, func(c *pgx.Conn) error {
		return c.QueryRow(ctx, "select min(id) from outlets where tenant_id = $1", w.owner.Tenant).Scan(&w.outlet)
	})
}

// place places the orders for tomorrow, and waits until each has its timer.
func (w *waiters) place(ctx context.Context) error {
	w.o.say("placing %d orders for tomorrow", w.Orders)
	began := time.Now()
	tomorrow := began.Add(24 * time.Hour)
	left := make(chan int)
	go func() {
		defer close(left)
		for n := range w.Orders {
			select {
			case left <- n:
			case <-ctx.Done():
				return
			}
		}
	}()
	l := measure("orders", 256, func(_ int, t *tally) {
		for n := range left {
			_, err := w.stage.Orders.Place(ctx, w.owner, order.Placement{
				Source: "api", Key: fmt.Sprintf("later-%d", n), Outlet: w.outlet, Type: order.Takeout,
				Items: []order.Wanted{{SKU: "dip_cup", Quantity: 1}}, ReadyAt: tomorrow.Add(time.Duration(n) * time.Millisecond),
			})
			t.add(0, err)
		}
	})
	w.PlacedIn = l.Seconds
	if l.Errors > 0 {
		return fmt.Errorf("%d orders were not taken: %s", l.Errors, l.Error)
	}
	return w.await(ctx, "select count(*) = 0 from order_terms where waits = 'time' and due_at < now() + interval '1 hour'")
}

// await waits until a query says true.
func (w *waiters) await(ctx context.Context, query string) error {
	return withConn(ctx, w.DatabaseURL, func(c *pgx.Conn) error {
		for {
			var ok bool
			if err := c.QueryRow(ctx, query).Scan(&ok); err != nil || ok {
				return err
			}
			if err := pause(ctx, 100*time.Millisecond); err != nil {
				return err
			}
		}
	})
}

// rest measures what waiting costs, once Postgres has tidied up.
func (w *waiters) rest(ctx context.Context) error {
	err := withConn(ctx, w.DatabaseURL, func(c *pgx.Conn) error {
		_, err := c.Exec(ctx, "vacuum analyze")
		return err
	})
	if err != nil {
		return err
	}
	var i Idle
	err = w.stage.rest(ctx, fmt.Sprintf("%d orders wait", w.Waiting.Orders), &i)
	w.Seconds, w.CPUPercent, w.PGPercent, w.RSSMiB = i.Seconds, i.CPUPercent, i.PGPercent, i.RSSMiB
	return err
}

// restart ends the Brigade and starts it again on what it has left behind.
func (w *waiters) restart(ctx context.Context) error {
	w.o.say("restarting")
	if err := w.Stop(ctx); err != nil {
		return err
	}
	began := time.Now()
	b, err := w.o.Start(ctx, w.setup)
	if err != nil {
		return err
	}
	w.RestartedInMS = ms(time.Since(began))
	w.Brigade = b
	w.cleanup = append(w.cleanup, b.Stop)
	return nil
}

// ring lets unpaid orders run out of time, and listens how late that is noticed.
func (w *waiters) ring(ctx context.Context) error {
	w.o.say("ringing %d timers", w.o.Timers)
	err := withConn(ctx, w.DatabaseURL, func(c *pgx.Conn) error {
		_, err := c.Exec(ctx, `insert into outlet_settings (outlet_id, payment_within_seconds) values ($1, $2)
			on conflict (outlet_id) do update set payment_within_seconds = excluded.payment_within_seconds`, w.outlet, int(timerAfter.Seconds()))
		return err
	})
	if err != nil {
		return err
	}
	sub := w.Events.Subscribe(1<<14, event.Filter{Types: []event.Type{event.OrderStatusChanged}})
	defer sub.Close()
	due := make(chan map[int64]time.Time, 1)
	go func() { due <- w.unpaid(ctx) }()
	rung := map[int64]time.Time{}
	for until := time.Now().Add(time.Duration(w.o.Timers)*timersApart + timerAfter + 20*time.Second); len(rung) < w.o.Timers && time.Now().Before(until); {
		soon, cancel := context.WithTimeout(ctx, time.Second)
		events, _, _ := sub.Next(soon) // nothing came for a second, or the benchmark is told to end
		cancel()
		for _, e := range events {
			if p, ok := e.OrderPayload(); ok && p.NewStatus == string(order.Cancelled) {
				rung[p.OrderID] = time.Now()
			}
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	var late []time.Duration
	for id, at := range <-due {
		if heard, ok := rung[id]; ok {
			late = append(late, heard.Sub(at))
		}
	}
	w.Waiting.Timers, w.Late = len(late), latencyOf(late)
	return nil
}

// unpaid places orders whose provider takes longer to answer than they have time, and returns when each runs out of it.
func (w *waiters) unpaid(ctx context.Context) map[int64]time.Time {
	due := map[int64]time.Time{}
	_ = pause(ctx, 3*time.Second) // settings are remembered for a moment
	for n := range w.o.Timers {
		r, err := w.stage.Orders.Place(ctx, w.owner, order.Placement{
			Source: "api", Key: fmt.Sprintf("unpaid-%d", n), Outlet: w.outlet, Type: order.Takeout,
			Items: []order.Wanted{{SKU: "dip_cup", Quantity: 1}}, Method: order.Test, PaymentToken: "slow",
		})
		if err == nil {
			due[r.Order.ID] = r.Order.PlacedAt.Add(timerAfter)
		}
		_ = pause(ctx, timersApart)
	}
	return due
}

// check makes sure that everything still waits, and that every timer rang.
func (w *waiters) check(ctx context.Context) (*Check, error) {
	c := &Check{Accepted: w.Waiting.Orders}
	err := withConn(ctx, w.DatabaseURL, func(conn *pgx.Conn) error {
		return conn.QueryRow(ctx, "select count(*) from order_terms where waits = 'time' and due_at > now()").Scan(&c.Stored)
	})
	c.expect(c.Stored == c.Accepted, "of %d orders for later %d still wait", c.Accepted, c.Stored)
	c.expect(w.Waiting.Timers == w.o.Timers, "of %d timers %d rang", w.o.Timers, w.Waiting.Timers)
	return c, err
}

func (w *Waiting) write(out io.Writer) {
	if w == nil {
		return
	}
	fmt.Fprintf(out, "  waiting   %d orders for %.0f s: %.1f %% of a core, %.0f MiB (Postgres: %.1f %% of a core); placed in %.0f s\n",
		w.Orders, w.Seconds, w.CPUPercent, w.RSSMiB, w.PGPercent, w.PlacedIn)
	fmt.Fprintf(out, "  restart   %.0f ms until it could serve\n", w.RestartedInMS)
	if t := w.Late; t != nil {
		fmt.Fprintf(out, "  timers    p50 %.1f  p90 %.1f  p99 %.1f  max %.1f ms late (%d)\n", t.P50, t.P90, t.P99, t.Max, w.Timers)
	}
}
