package bench

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"brigade/internal/store/localpg"
)

// Orders confirms burger_combo orders over HTTP: as many as go through, then at half that rate. With Options.Server it
// asks a running Brigade, and measures the raw Postgres only if it is told where that is.
func Orders(ctx context.Context, o Options) (r Report, err error) {
	o = o.withDefaults()
	r = Report{Bench: "orders", Machine: thisMachine()}
	if err := o.check(); err != nil {
		return r, err
	}
	st, err := ordersStage(ctx, o)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, st.close(context.WithoutCancel(ctx))) }()
	run := "bench-" + strings.ToLower(rand.Text()[:8])
	accepted := 0
	load := func() error {
		r.Full, r.Paced, err = st.confirmOrders(ctx, run)
		if err == nil {
			accepted = r.Full.Done + r.Paced.Done
		}
		return err
	}
	if r.Raw, err = st.besideRaw(ctx, &r.Machine, load); err != nil {
		return r, err
	}
	r.relate()
	if r.Check, err = st.countOrders(ctx, run, accepted, r.Full.Errors+r.Paced.Errors); err != nil {
		return r, err
	}
	return r, r.err()
}

func ordersStage(ctx context.Context, o Options) (*stage, error) {
	if o.Server != "" {
		return &stage{o: o, Brigade: &Brigade{URL: o.Server, DatabaseURL: o.DatabaseURL}}, nil
	}
	st, err := setUp(ctx, o, Setup{HTTP: true, Demo: true})
	if err != nil {
		return nil, err
	}
	if err := st.awaitOwner(ctx, 1); err != nil {
		return nil, errors.Join(err, st.close(context.WithoutCancel(ctx)))
	}
	return st, nil
}

// confirmOrders runs both parts.
func (st *stage) confirmOrders(ctx context.Context, run string) (full, paced *Load, err error) {
	o := st.o
	strikeOn, closeAll, err := st.connect(run)
	if err != nil {
		return nil, nil, err
	}
	defer closeAll()
	warm := flatOut(ctx, "orders", o.Connections, time.Second, strikeOn("w"))
	if warm.Done == 0 {
		return nil, nil, errors.New("no order was confirmed: " + warm.Error)
	}
	o.say("confirming orders on %d connections for %v", o.Connections, o.Duration)
	err = o.profiled(func() {
		full = st.metered(func() *Load { return flatOut(ctx, "orders", o.Connections, o.Duration, strikeOn("f")) })
	})
	if err != nil {
		return nil, nil, err
	}
	rate := o.Rate
	if rate == 0 {
		rate = full.PerSecond / 2
	}
	o.say("confirming %.0f orders a second for %v", rate, o.Duration/2)
	paced = st.metered(func() *Load {
		return atRate(ctx, "orders", o.Connections, max(1, rate), o.Duration/2, strikeOn("p"))
	})
	return full, paced, ctx.Err()
}

// connect returns what makes strikes of a part of the run, each worker on its own connection, and what closes them.
func (st *stage) connect(run string) (strikeOn func(part string) strike, closeAll func(), err error) {
	parts := map[string][]*confirmer{}
	for _, part := range []string{"w", "f", "p"} {
		for range st.o.Connections {
			c, err := newConfirmer(st.URL, run+"-"+part, st.o.Token)
			if err != nil {
				return nil, nil, err
			}
			parts[part] = append(parts[part], c)
		}
	}
	strikeOn = func(part string) strike {
		return func(ctx context.Context, worker, n int) error { return parts[part][worker].confirm(ctx, n) }
	}
	return strikeOn, func() {
		for _, list := range parts {
			for _, c := range list {
				c.close()
			}
		}
	}, nil
}

// besideRaw runs the load between two measurements of the raw Postgres; nil when that is not wanted, or not possible
// because nobody knows where it is.
func (st *stage) besideRaw(ctx context.Context, m *Machine, load func() error) (raw *Raw, err error) {
	if st.DatabaseURL == "" {
		return nil, load()
	}
	if m.Postgres, st.postgres, err = meet(ctx, st.DatabaseURL); err != nil {
		return nil, err
	}
	if st.o.SkipRaw {
		if err := st.getAhead(ctx); err != nil {
			return nil, err
		}
		return nil, load()
	}
	bench, err := newRaw(ctx, st.o, st.DatabaseURL)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, bench.drop(context.WithoutCancel(ctx))) }()
	if err := st.getAhead(ctx); err != nil {
		return nil, err
	}
	raw = &Raw{Method: bench.method()}
	st.o.say("measuring the raw Postgres for %v", bench.length)
	if raw.Before, err = bench.tps(ctx); err != nil {
		return nil, err
	}
	if err := load(); err != nil {
		return nil, err
	}
	st.o.say("measuring the raw Postgres again for %v", bench.length)
	if raw.After, err = bench.tps(ctx); err != nil {
		return nil, err
	}
	raw.Mean = (raw.Before + raw.After) / 2
	return raw, nil
}

// getAhead brings a private Postgres where one is that has run for a while, for both sides alike: with its log's files.
func (st *stage) getAhead(ctx context.Context) error {
	if st.o.DatabaseURL != "" {
		return nil
	}
	st.o.say("preparing the log of the private Postgres")
	return localpg.GetAhead(ctx, st.DatabaseURL, 0)
}

// countOrders makes sure that the accepted orders, warming up left aside, are there: each one once, with its four
// tasks. A request that failed may have been written all the same.
func (st *stage) countOrders(ctx context.Context, run string, accepted, failed int) (*Check, error) {
	if st.DatabaseURL == "" {
		return nil, nil
	}
	c := &Check{Accepted: accepted}
	var tasks int
	err := withConn(ctx, st.DatabaseURL, func(conn *pgx.Conn) error {
		return conn.QueryRow(ctx, `
			select count(*), coalesce(sum((select count(*) from tasks t where t.order_id = o.id)), 0)
			from orders o where source = 'kitchen' and (starts_with(idempotency_key, $1) or starts_with(idempotency_key, $2))`,
			run+"-f-", run+"-p-").Scan(&c.Stored, &tasks)
	})
	if err != nil {
		return nil, err
	}
	c.expect(c.Stored >= accepted && c.Stored <= accepted+failed, "%d orders were accepted, %d are stored", accepted, c.Stored)
	c.expect(tasks == 4*c.Stored, "%d orders have %d tasks instead of four each", c.Stored, tasks)
	return c, nil
}
