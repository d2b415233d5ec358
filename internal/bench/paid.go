package bench

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/semaphore"

	"brigade/internal/event"
)

// Paid places delivery orders over HTTP that are paid first, by the built-in provider, which answers at once. An order
// counts when its payment is authorised and its kitchen has it; times are from its request until a subscriber of the
// event tail heard of that. First as many as go through, then at half that rate.
func Paid(ctx context.Context, o Options) (r Report, err error) {
	o = o.withDefaults()
	r = Report{Bench: "paid", Machine: thisMachine()}
	if err := o.check(); err != nil {
		return r, err
	}
	st, err := setUp(ctx, o, Setup{HTTP: true, Demo: true, Jobs: true})
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, st.close(context.WithoutCancel(ctx))) }()
	if err := st.awaitOwner(ctx, 1); err != nil {
		return r, err
	}
	p := &payers{stage: st, run: "Payer " + letters(), under: semaphore.NewWeighted(int64(o.InFlight)), began: map[string]time.Time{}}
	if r.Raw, err = st.besideRaw(ctx, &r.Machine, func() error { return p.pay(ctx, &r) }); err != nil {
		return r, err
	}
	r.relate()
	if r.Check, err = p.check(ctx, r.Full.Errors+r.Paced.Errors); err != nil {
		return r, err
	}
	return r, r.err()
}

func letters() string {
	b := make([]byte, 8)
	for i := range b {
		b[i] = byte('a' + rand.IntN(26))
	}
	return string(b)
}

// payers are the guests of the benchmark.
type payers struct {
	*stage
	run   string
	under *semaphore.Weighted // orders whose payment is under way

	mu       sync.Mutex
	began    map[string]time.Time // by the customer's name
	took     []time.Duration
	accepted int
}

// pay runs both parts.
func (p *payers) pay(ctx context.Context, r *Report) error {
	listen, rest := context.WithCancel(ctx)
	var ears sync.WaitGroup
	defer ears.Wait()
	defer rest()
	sub := p.Events.Subscribe(1<<18, event.Filter{Types: []event.Type{event.OrderStatusChanged}})
	defer sub.Close()
	ears.Go(func() { p.listen(listen, sub) })
	o := p.o
	if err := p.part(ctx, "w", func(do strike) { flatOut(ctx, "orders", o.Connections, time.Second, do) }); err != nil {
		return err
	}
	o.say("paid orders on %d connections for %v", o.Connections, o.Duration)
	err := o.profiled(func() {
		r.Full = p.counted(ctx, "f", func(do strike) *Load { return flatOut(ctx, "paid orders", o.Connections, o.Duration, do) })
	})
	if err != nil || r.Full == nil {
		return errors.Join(err, ctx.Err())
	}
	rate := o.Rate
	if rate == 0 {
		rate = r.Full.PerSecond / 2
	}
	o.say("paid orders at %.0f a second for %v", rate, o.Duration/2)
	r.Paced = p.counted(ctx, "p", func(do strike) *Load {
		return atRate(ctx, "paid orders", o.Connections, max(1, rate), o.Duration/2, do)
	})
	return ctx.Err()
}

// part runs a part on connections of its own and waits until all its orders are paid, for a while.
func (p *payers) part(ctx context.Context, name string, run func(strike)) error {
	hands := make([]*confirmer, p.o.Connections)
	for i := range hands {
		c, err := newPayer(p.URL, p.run+" "+name)
		if err != nil {
			return err
		}
		defer c.close()
		hands[i] = c
	}
	run(func(ctx context.Context, worker, n int) error { return p.place(ctx, hands[worker], p.name(name, n), n) })
	for until := time.Now().Add(time.Minute); p.waiting() > 0 && time.Now().Before(until); {
		if err := pause(ctx, 5*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// counted runs a part and counts what was paid, the end of those under way included.
func (p *payers) counted(ctx context.Context, name string, run func(strike) *Load) (l *Load) {
	p.mu.Lock()
	p.took = nil
	p.mu.Unlock()
	p.metered(func() *Load {
		began := time.Now()
		if err := p.part(ctx, name, func(do strike) { l = run(do) }); err != nil && l == nil {
			l = &Load{Error: err.Error(), Errors: 1}
		}
		l.Seconds = time.Since(began).Seconds()
		p.mu.Lock()
		defer p.mu.Unlock()
		l.Done, l.Latency = len(p.took), latencyOf(p.took)
		l.PerSecond = float64(l.Done) / l.Seconds
		return l
	})
	return l
}

func (p *payers) name(part string, n int) string {
	digits := make([]byte, idDigits)
	for i := idDigits - 1; i >= 0; i-- {
		digits[i], n = 'a'+byte(n%10), n/10
	}
	return p.run + " " + part + " " + string(digits)
}

// place places one order; what it took of the semaphore is given back when it is paid.
func (p *payers) place(ctx context.Context, c *confirmer, name string, n int) error {
	if err := p.under.Acquire(ctx, 1); err != nil {
		return err
	}
	p.mu.Lock()
	p.began[name] = time.Now()
	p.mu.Unlock()
	err := c.confirm(ctx, n)
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil {
		p.accepted++
		return nil
	}
	if _, waits := p.began[name]; waits {
		delete(p.began, name)
		p.under.Release(1)
	}
	return err
}

// listen notes what was paid.
func (p *payers) listen(ctx context.Context, sub *event.Subscription) {
	for {
		events, _, err := sub.Next(ctx)
		if err != nil {
			return
		}
		now := time.Now()
		for _, e := range events {
			if o, ok := e.OrderPayload(); ok && o.OldStatus == "created" && strings.HasPrefix(o.CustomerName, p.run) {
				p.paid(o.CustomerName, now)
			}
		}
	}
}

func (p *payers) paid(name string, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if began, ok := p.began[name]; ok {
		p.took = append(p.took, now.Sub(began))
		delete(p.began, name)
		p.under.Release(1)
	}
}

func (p *payers) waiting() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.began)
}

// check makes sure that every accepted order is there, is with its kitchen once, and was paid once, in full. A request
// that failed may have been written all the same.
func (p *payers) check(ctx context.Context, failed int) (*Check, error) {
	c := &Check{Accepted: p.accepted}
	const laws = `
		select count(*), count(*) filter (where p.authorised_minor = o.total_minor and p.refunded_minor = 0),
		       count(*) filter (where p.captured_minor = o.total_minor),
		       count(*) filter (where (select count(*) from tickets t where t.order_id = o.id) = 1),
		       coalesce(sum((select count(*) from payment_attempts a where a.order_id = o.id)), 0)
		from orders o join payments p on p.order_id = o.id where starts_with(o.customer_name, $1)`
	var promised, captured, tickets, steps int
	err := withConn(ctx, p.DatabaseURL, func(conn *pgx.Conn) error {
		for until := time.Now().Add(time.Minute); ; { // the money is taken a moment after the kitchen has the order
			err := conn.QueryRow(ctx, laws, p.run).Scan(&c.Stored, &promised, &captured, &tickets, &steps)
			if err != nil || captured >= c.Stored || time.Now().After(until) {
				return err
			}
			if err := pause(ctx, 200*time.Millisecond); err != nil {
				return err
			}
		}
	})
	c.expect(c.Stored >= c.Accepted && c.Stored <= c.Accepted+failed, "%d orders were accepted, %d are stored", c.Accepted, c.Stored)
	c.expect(promised == c.Stored && captured == c.Stored, "of %d orders %d were promised and %d taken in full", c.Stored, promised, captured)
	c.expect(tickets == c.Stored, "of %d orders %d are with a kitchen, once", c.Stored, tickets)
	c.expect(steps == 2*c.Stored, "%d orders have %d steps at the provider instead of two each", c.Stored, steps)
	return c, err
}
