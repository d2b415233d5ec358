package bench

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/semaphore"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/event"
	"brigade/internal/order"
)

// tasksPerOrder is what a burger_combo bursts into.
const tasksPerOrder = 4

// bumpers start and complete tasks beside each other: the hands of all cooks.
const bumpers = 512

// Kitchen lets orders live whole lives in many kitchens: confirmed, four tasks assigned by the engine, started and
// completed as soon as they are assigned. First as many as go through with a bounded number under way, then at a fixed
// rate, at which it measures how long ready tasks wait for their assignment.
func Kitchen(ctx context.Context, o Options) (r Report, err error) {
	o = o.withDefaults()
	setDefault(&o.Kitchens, 20)
	setDefault(&o.Rate, 200)
	r = Report{Bench: "kitchen", Machine: thisMachine()}
	if err := o.check(); err != nil {
		return r, err
	}
	st, err := setUp(ctx, o, Setup{Redis: o.Redis, Tenants: []string{tenantFile("bench", o.Kitchens, 10)}})
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, st.close(context.WithoutCancel(ctx))) }()
	k, err := newKitchens(ctx, st)
	if err != nil {
		return r, err
	}
	load := func() error { return k.live(ctx, &r) }
	if r.Raw, err = st.besideRaw(ctx, &r.Machine, load); err != nil {
		return r, err
	}
	r.relate()
	if r.Check, err = k.check(ctx); err != nil {
		return r, err
	}
	return r, r.err()
}

// kitchens is the benchmark's tenant with all hands.
type kitchens struct {
	*stage
	owner   actor.Actor
	outlets []int64
	under   *semaphore.Weighted // tasks under way
	todo    chan int64          // tasks that were assigned
	placed  atomic.Int64
	done    atomic.Int64 // tasks
	wait    waits

	failures atomic.Int64
	failure  atomic.Pointer[error]
}

func newKitchens(ctx context.Context, st *stage) (*kitchens, error) {
	if err := st.awaitOwner(ctx, st.o.Kitchens); err != nil {
		return nil, err
	}
	owner, err := st.Owner(ctx, "bench")
	if err != nil {
		return nil, err
	}
	limit := st.o.Kitchens * st.o.InFlight * tasksPerOrder
	k := &kitchens{
		stage: st, owner: owner, under: semaphore.NewWeighted(int64(limit)),
		todo: make(chan int64, 2*limit), wait: waits{ready: map[int64]time.Time{}},
	}
	err = withConn(ctx, st.DatabaseURL, func(c *pgx.Conn) error {
		rows, err := c.Query(ctx, "select id from outlets where tenant_id = $1 order by id", owner.Tenant)
		if err != nil {
			return err
		}
		k.outlets, err = pgx.CollectRows(rows, pgx.RowTo[int64])
		return err
	})
	return k, err
}

// live runs both parts, with all hands at work.
func (k *kitchens) live(ctx context.Context, r *Report) error {
	work, rest := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer rest()
	sub := k.Events.Subscribe(1<<18, event.Filter{Tenant: k.owner.Tenant, Types: []event.Type{event.TaskReady, event.TaskAssigned}})
	defer sub.Close()
	wg.Go(func() { k.listen(work, sub) })
	for range bumpers {
		wg.Go(func() { k.bump(work) })
	}
	if err := k.flat(ctx, r); err != nil {
		return err
	}
	return k.paced(ctx, r)
}

// flat lets orders come in as fast as they go out.
func (k *kitchens) flat(ctx context.Context, r *Report) error {
	o := k.o
	place := func(ctx context.Context, _, _ int) error {
		if err := k.under.Acquire(ctx, tasksPerOrder); err != nil {
			return err
		}
		return k.place(ctx)
	}
	workers := min(256, k.o.Kitchens*k.o.InFlight)
	flatOut(ctx, "orders", workers, min(2*time.Second, o.Duration/4), place) // warm up
	o.say("whole lives in %d kitchens, at most %d orders under way, for %v", o.Kitchens, o.Kitchens*o.InFlight, o.Duration)
	var before, after int64
	err := o.profiled(func() {
		r.Full = k.metered(func() *Load {
			before = k.done.Load()
			l := flatOut(ctx, "lives", workers, o.Duration, place)
			after = k.done.Load()
			return l
		})
	})
	if err != nil {
		return err
	}
	l := r.Full // counts what was completed instead of what was placed
	l.Done = int(after-before) / tasksPerOrder
	l.PerSecond, l.Latency = float64(l.Done)/l.Seconds, nil
	if err := k.drain(ctx); err != nil {
		return err
	}
	k.blame(l)
	return nil
}

// paced lets orders come in at a fixed rate.
func (k *kitchens) paced(ctx context.Context, r *Report) error {
	d := max(3*time.Second, k.o.Duration/2)
	k.o.say("whole lives at %.0f orders a second for %v", k.o.Rate, d)
	k.wait.measure(true)
	began := time.Now()
	r.Paced = k.metered(func() *Load {
		l := atRate(ctx, "orders", 64, k.o.Rate, d, func(ctx context.Context, _, _ int) error {
			if err := k.under.Acquire(ctx, tasksPerOrder); err != nil {
				return err
			}
			return k.place(ctx)
		})
		return l
	})
	if err := k.drain(ctx); err != nil {
		return err
	}
	k.blame(r.Paced)
	var err error
	r.Assign, err = k.assigned(ctx, began)
	return err
}

// place confirms one burger_combo in the next kitchen. What it took of the semaphore is given back by completed tasks.
func (k *kitchens) place(ctx context.Context) error {
	n := k.placed.Add(1)
	_, err := k.Orders.Place(ctx, k.owner, order.Placement{
		Source: "bench", Key: fmt.Sprintf("life-%d", n), Outlet: k.outlets[int(n)%len(k.outlets)], Type: order.Takeout,
		Items: []order.Wanted{{SKU: "burger_combo", Quantity: 1}},
	})
	if err != nil {
		k.placed.Add(-1)
		k.under.Release(tasksPerOrder)
	}
	return err
}

// listen passes on what is assigned. After a gap in the events it asks Postgres.
func (k *kitchens) listen(ctx context.Context, sub *event.Subscription) {
	for {
		events, lagged, err := sub.Next(ctx)
		if err != nil {
			return
		}
		if lagged {
			k.lookUp(ctx)
			continue
		}
		now := time.Now()
		for _, e := range events {
			if e.Type == event.TaskReady {
				k.wait.isReady(e.AggregateID, e.OccurredAt)
				continue
			}
			k.wait.isAssigned(e.AggregateID, now)
			k.give(ctx, e.AggregateID)
		}
	}
}

func (k *kitchens) give(ctx context.Context, task int64) {
	select {
	case k.todo <- task:
	case <-ctx.Done():
	}
}

// lookUp passes on all tasks that are assigned or started; those in hand already are done twice, which changes nothing.
func (k *kitchens) lookUp(ctx context.Context) {
	err := withConn(ctx, k.DatabaseURL, func(c *pgx.Conn) error {
		rows, err := c.Query(ctx, "select id from tasks where tenant_id = $1 and status in ('ASSIGNED', 'STARTED') order by id", k.owner.Tenant)
		if err != nil {
			return err
		}
		tasks, err := pgx.CollectRows(rows, pgx.RowTo[int64])
		for _, id := range tasks {
			k.give(ctx, id)
		}
		return err
	})
	k.note(ctx, err)
}

// bump starts and completes tasks until ctx ends.
func (k *kitchens) bump(ctx context.Context) {
	seen := context.WithoutCancel(ctx)
	for {
		select {
		case <-ctx.Done():
			return
		case task := <-k.todo:
			if _, err := k.Kitchen.Start(seen, k.owner, task); err != nil {
				k.note(ctx, err)
				continue
			}
			t, err := k.Kitchen.Complete(seen, k.owner, task)
			k.note(ctx, err)
			if err == nil && t.CompletedBy != "" && k.wait.first(task) {
				k.done.Add(1)
				k.under.Release(1)
			}
		}
	}
}

// note remembers failures. A conflict is none: after a gap a task may come twice.
func (k *kitchens) note(ctx context.Context, err error) {
	if err == nil || ctx.Err() != nil || errs.Is(err, errs.KindConflict) {
		return
	}
	k.failures.Add(1)
	k.failure.CompareAndSwap(nil, &err)
}

// blame adds the failures since the last time to a load.
func (k *kitchens) blame(l *Load) {
	l.Errors += int(k.failures.Swap(0))
	if first := k.failure.Swap(nil); first != nil && l.Error == "" {
		l.Error = (*first).Error()
	}
}

// drain waits until everything that was placed is completed.
func (k *kitchens) drain(ctx context.Context) error {
	k.o.say("waiting for the orders under way")
	until := time.Now().Add(time.Minute)
	for last := int64(-1); k.done.Load() < k.placed.Load()*tasksPerOrder; {
		if done := k.done.Load(); done != last {
			last, until = done, time.Now().Add(time.Minute)
		}
		if time.Now().After(until) {
			return nil // the check will say what is missing
		}
		if err := pause(ctx, 10*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// assigned reads how long tasks waited that became ready since the paced part began.
func (k *kitchens) assigned(ctx context.Context, since time.Time) (*Assign, error) {
	a := &Assign{}
	err := withConn(ctx, k.DatabaseURL, func(c *pgx.Conn) error {
		return c.QueryRow(ctx, `
			select count(*), coalesce(percentile_disc(0.5) within group (order by waited), 0),
			       coalesce(percentile_disc(0.9) within group (order by waited), 0),
			       coalesce(percentile_disc(0.99) within group (order by waited), 0), coalesce(max(waited), 0)
			from (select (1000 * extract(epoch from assigned_at - ready_at))::float8 as waited
			      from tasks where tenant_id = $1 and ready_at >= $2) w`, k.owner.Tenant, since,
		).Scan(&a.Tasks, &a.Rows.P50, &a.Rows.P90, &a.Rows.P99, &a.Rows.Max)
	})
	if heard := latencyOf(k.wait.times()); heard != nil {
		a.Heard = *heard
	}
	return a, err
}

// check makes sure that every accepted order was completed, with every task started and completed once and none by
// itself, and that the staff was credited with each.
func (k *kitchens) check(ctx context.Context) (*Check, error) {
	c := &Check{Accepted: int(k.placed.Load())}
	var itself, starts, completions, tasksOnce, credited int
	err := withConn(ctx, k.DatabaseURL, func(conn *pgx.Conn) error {
		return conn.QueryRow(ctx, `
			select (select count(*) from orders where tenant_id = $1),
			       (select count(*) from orders o join tickets t on t.order_id = o.id
			        where o.tenant_id = $1 and o.status = 'ready' and t.status = 'COMPLETED' and t.tasks_done = 4
			          and 4 = (select count(*) from tasks where order_id = o.id and status = 'COMPLETED' and requeues = 0)),
			       (select count(*) from tasks where tenant_id = $1),
			       count(*) filter (where type = 'TASK_COMPLETED' and payload ->> 'reason' <> ''),
			       count(*) filter (where type = 'TASK_STARTED'),
			       count(*) filter (where type = 'TASK_COMPLETED'),
			       count(distinct aggregate_id) filter (where type = 'TASK_COMPLETED'),
			       (select sum(tasks_completed) from staff where tenant_id = $1)
			from event_log where tenant_id = $1 and aggregate_type = 'task'`, k.owner.Tenant,
		).Scan(&c.Stored, &c.Completed, &c.Tasks, &itself, &starts, &completions, &tasksOnce, &credited)
	})
	want := tasksPerOrder * c.Accepted
	c.expect(c.Stored == c.Accepted, "%d orders were accepted, %d are stored", c.Accepted, c.Stored)
	c.expect(c.Completed == c.Accepted, "%d of %d orders were completed, with every task done at its first assignment", c.Completed, c.Accepted)
	c.expect(c.Tasks == want, "there are %d tasks instead of %d", c.Tasks, want)
	c.expect(itself == 0, "%d tasks completed by themselves", itself)
	c.expect(starts == want && completions == want && tasksOnce == want,
		"%d starts and %d completions of %d tasks were written, instead of %d each", starts, completions, tasksOnce, want)
	c.expect(credited == want, "the staff was credited with %d tasks instead of %d", credited, want)
	return c, err
}

// tenantFile describes a tenant with kitchens that have room for everything, and one burger_combo each.
func tenantFile(slug string, outlets, staff int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "tenant: {slug: %s, name: Benchmark, timezone: UTC, currency: EUR}\noutlets:\n", slug)
	for i := range outlets {
		fmt.Fprintf(&b, `  - slug: kitchen-%d
    name: Kitchen %d
    stations:
      - {name: griller, capacity: 1000}
      - {name: fryer, capacity: 1000}
      - {name: adhoc, capacity: 1000}
    machines:
      - {name: grill-1, station: griller, capacity: 1000}
      - {name: fryer-1, station: fryer, capacity: 1000}
      - {name: packing-1, station: adhoc, capacity: 1000}
    staff:
`, i, i)
		for n := range staff {
			fmt.Fprintf(&b, "      - {name: Cook %d, max_parallel: 50, efficiency: 1, skills: [griller, fryer, adhoc]}\n", n)
		}
		b.WriteString(`    menu:
      - sku: burger_combo
        name: Burger combo
        price: 9.90
        steps:
          - {name: grill patty, station: griller, machine: grill-1, seconds: 80, priority: 20}
          - {name: toast bun, station: griller, machine: grill-1, seconds: 25, priority: 16}
          - {name: fry fries, station: fryer, machine: fryer-1, seconds: 90, priority: 18}
          - {name: assemble burger, station: adhoc, machine: packing-1, seconds: 35, priority: 14, after: [grill patty, toast bun, fry fries]}
`)
	}
	return b.String()
}
