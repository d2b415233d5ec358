package kitchenpg_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"brigade/internal/errs"
	"brigade/internal/event"
	"brigade/internal/event/eventpg"
	"brigade/internal/kitchen"
	"brigade/internal/kitchen/kitchenpg"
	"brigade/internal/leaktest"
	"brigade/internal/lease"
	"brigade/internal/recipe"
	"brigade/internal/store"
	"brigade/internal/store/pgtest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

const patience = 2 * time.Minute

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// house is a tenant with a few kitchens like contract K's.
type house struct {
	t       testing.TB
	pool    *pgxpool.Pool
	tenant  int64
	outlets []int64
	orders  atomic.Int64
}

func newHouse(t testing.TB, outlets int) *house {
	t.Helper()
	h := &house{t: t, pool: pgtest.New(t)}
	h.tenant = h.id("insert into tenants (slug, name) values ('t', 'T') returning id")
	for i := range outlets {
		h.outlets = append(h.outlets, h.kitchen(fmt.Sprint("k", i)))
	}
	// what the order feature hears of the kitchen, in the kitchen's transactions
	h.exec("create table heard_steps (order_id bigint, ready boolean, primary key (order_id, ready))")
	h.exec("create table refusals (order_id bigint primary key)") // orders that were handed over
	return h
}

func (h *house) exec(sql string, args ...any) {
	h.t.Helper()
	_, err := h.pool.Exec(context.Background(), sql, args...)
	require.NoError(h.t, err)
}

func (h *house) id(sql string, args ...any) (id int64) {
	h.t.Helper()
	require.NoError(h.t, h.pool.QueryRow(context.Background(), sql, args...).Scan(&id))
	return id
}

func (h *house) kitchen(slug string) int64 {
	outlet := h.id("insert into outlets (tenant_id, slug, name, timezone) values ($1, $2, $2, 'Europe/Madrid') returning id", h.tenant, slug)
	h.exec("insert into leases (resource, fence) values ('kitchen:' || $1::bigint, 1)", outlet)
	stations := map[string]int64{}
	for _, s := range []struct {
		name, machine       string
		capacity, mcapacity int
	}{{"fryer", "fryer-1", 4, 4}, {"griller", "grill-1", 6, 6}, {"adhoc", "packing-1", 99, 99}} {
		stations[s.name] = h.id("insert into stations (tenant_id, outlet_id, name, capacity) values ($1, $2, $3, $4) returning id", h.tenant, outlet, s.name, s.capacity)
		h.exec("insert into machines (tenant_id, outlet_id, station_id, name, capacity) values ($1, $2, $3, $4, $5)", h.tenant, outlet, stations[s.name], s.machine, s.mcapacity)
	}
	for name, skills := range map[string]string{"Asha": "griller fryer", "Noah": "adhoc griller"} {
		staff := h.id("insert into staff (tenant_id, outlet_id, name, max_parallel, base_efficiency, efficiency) values ($1, $2, $3, 3, 1, 1) returning id", h.tenant, outlet, name)
		for _, s := range strings.Fields(skills) {
			h.exec("insert into staff_skills values ($1, $2)", staff, stations[s])
		}
	}
	return outlet
}

// store is the rows of one node.
func (h *house) store(node int64) *kitchenpg.Store {
	return kitchenpg.New(h.pool, kitchenpg.Parts{
		CheckFences: checkFences,
		AdvanceOrders: func(ctx context.Context, tx store.Tx, steps []kitchen.OrderStep) error {
			for _, s := range steps {
				if s.Edit != nil {
					if err := refuse(ctx, tx, s.Order); err != nil {
						return err
					}
					continue
				}
				if _, err := tx.Exec(ctx, "insert into heard_steps values ($1, $2) on conflict do nothing", s.Order, s.Ready); err != nil {
					return err
				}
			}
			return nil
		},
		Append: func(ctx context.Context, tx store.Tx, events []event.Event) error {
			return eventpg.Append(ctx, tx, node, events)
		},
		Committed: func() {},
	})
}

// refuse is what an order does that was handed over.
func refuse(ctx context.Context, tx store.Tx, order int64) error {
	var closed bool
	err := tx.QueryRow(ctx, "select exists (select from refusals where order_id = $1)", order).Scan(&closed)
	if err == nil && closed {
		return &kitchen.RefusedError{Order: order, Err: errs.Conflict("it is handed over")}
	}
	return err
}

func checkFences(ctx context.Context, tx store.Tx, fences []kitchen.Fence) (stale []int64, err error) {
	resources, tokens := make([]string, len(fences)), make([]int64, len(fences))
	for i, f := range fences {
		resources[i], tokens[i] = "kitchen:"+strconv.FormatInt(f.Outlet, 10), f.Token
	}
	err = lease.Check(ctx, tx, resources, tokens)
	if lost, ok := errors.AsType[*lease.StaleError](err); ok {
		for _, r := range lost.Resources {
			id, _ := strconv.ParseInt(strings.TrimPrefix(r, "kitchen:"), 10, 64)
			stale = append(stale, id)
		}
		return stale, nil
	}
	return nil, err
}

// takeOver gives a kitchen to a new owner and returns his fence.
func (h *house) takeOver(outlet int64) kitchen.Fence {
	h.t.Helper()
	return kitchen.Fence{Outlet: outlet, Token: h.id("update leases set fence = fence + 1 where resource = 'kitchen:' || $1::bigint returning fence", outlet)}
}

// work asks for a burger: two steps at once, then one that waits for both.
func (h *house) work(l *kitchen.Layout, units int) kitchen.Work {
	station := func(i int) int64 { return l.Stations[i].ID }
	steps := []recipe.Step{
		{Description: "grill patty", Station: station(1), Machine: l.Machines[1].ID, Estimate: 80 * time.Second, Priority: 20},
		{Description: "fry fries", Station: station(0), Estimate: 90 * time.Second, Priority: 18},
		{Description: "assemble burger", Station: station(2), Estimate: 35 * time.Second, Priority: 14, After: []int{0, 1}},
	}
	order := h.orders.Add(1)
	return kitchen.Work{
		Order: order, Tenant: l.Tenant, Outlet: l.Outlet, Number: fmt.Sprint("ORD_", order), Priority: 5, At: noon,
		Lines: []kitchen.WorkLine{{Item: "burger", Quantity: units, Recipe: recipe.Recipe{ID: 1, Steps: steps}}},
	}
}

func (h *house) layout(s *kitchenpg.Store, outlet int64) *kitchen.Layout {
	h.t.Helper()
	layouts, err := s.Layouts(context.Background(), []int64{outlet})
	require.NoError(h.t, err)
	require.Len(h.t, layouts, 1)
	return layouts[0]
}

// open writes a ticket with its events, as the intake does.
func (h *house) open(s *kitchenpg.Store, works ...kitchen.Work) []*kitchen.Ticket {
	h.t.Helper()
	var tickets []*kitchen.Ticket
	err := store.Commit(context.Background(), h.pool, func(tx store.Tx) error {
		var events []event.Event
		var err error
		if tickets, events, err = s.OpenForWork(context.Background(), tx, works); err != nil {
			return err
		}
		return eventpg.Append(context.Background(), tx, 1, events)
	})
	require.NoError(h.t, err)
	return tickets
}

func (h *house) read(s *kitchenpg.Store, order int64) *kitchen.Ticket {
	h.t.Helper()
	tickets, err := s.Tickets(context.Background(), []int64{order})
	require.NoError(h.t, err)
	require.Len(h.t, tickets, 1)
	return tickets[0]
}

// checkEnd holds a finished database against the laws: everything made, nothing lost, nothing twice.
func (h *house) checkEnd(orders int) {
	h.t.Helper()
	zero := func(what, sql string) { require.Zero(h.t, h.id(sql), what) }
	require.EqualValues(h.t, orders, h.id("select count(*) from tickets where status = 'COMPLETED' and closed_at is not null"))
	zero("every task is completed", "select count(*) from tasks where status <> 'COMPLETED' or pending_deps <> 0 or due_at is not null")
	zero("counters are exact", "select count(*) from tickets k where tasks_done <> tasks_total or tasks_total <> (select count(*) from tasks t where t.order_id = k.order_id)")
	zero("each order began and was ready once", "select count(*) from tickets k where 2 <> (select count(*) from heard_steps s where s.order_id = k.order_id)")
	zero("sequences have no gap and nothing twice", `select count(*) from (select aggregate_id, count(*) n, count(distinct sequence) d, max(sequence) m,
		bool_and(ordered) o from (select *, sequence > coalesce(lag(sequence) over (partition by aggregate_id order by position), 0) as ordered from event_log where aggregate_type = 'task') e
		group by aggregate_id) x where n <> d or m <> n or not o`)
	zero("versions are those of the events", "select count(*) from tasks t where version <> (select max(sequence) from event_log e where e.aggregate_id = t.id and e.aggregate_type = 'task')")
	zero("started and completed once", `select count(*) from (select aggregate_id, count(*) filter (where type = 'TASK_STARTED') s, count(*) filter (where type = 'TASK_COMPLETED') c,
		count(*) filter (where type = 'TASK_ASSIGNED') - count(*) filter (where type = 'TASK_REQUEUED') a from event_log where aggregate_type = 'task' group by aggregate_id) x where s <> 1 or c <> 1 or a <> 1`)
	zero("each assignment says why", "select (select count(*) from event_log where type = 'TASK_ASSIGNED') - (select count(*) from task_decisions)")
	zero("orders are counted once for whoever worked on them", `select (select sum(orders_processed) from staff)::bigint
		- (select count(distinct (assigned_staff_id, order_id)) from tasks where completed_at is not null)`)
	zero("staff counters are exact", "select (select sum(tasks_completed) from staff)::bigint - (select count(*) from tasks where status = 'COMPLETED')")
}
