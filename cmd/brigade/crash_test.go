package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// answers are the orders that were answered, by their external id. It is safe for concurrent use.
type answers struct {
	mu      sync.Mutex
	orders  map[string]int64
	torn    []string // answered with two different orders
	pending []string // sent, but not answered: sent again with the same id
	next    int
}

func (a *answers) take() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if n := len(a.pending); n > 0 {
		id := a.pending[n-1]
		a.pending = a.pending[:n-1]
		return id
	}
	a.next++
	return "crash-" + strconv.Itoa(a.next)
}

func (a *answers) answered(id string, order int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if before, seen := a.orders[id]; seen && before != order {
		a.torn = append(a.torn, id)
	}
	a.orders[id] = order
}

func (a *answers) unanswered(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.pending = append(a.pending, id)
}

// confirm sends an order; ok is false when there was no answer, or one that says to try again.
func confirm(ctx context.Context, url, id string) (order int64, ok bool) {
	body := fmt.Sprintf(`{"external_order_id":%q,"items":{"dip_cup":1,"wrap":%d}}`, id, len(id)%2+1)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/api/v1/orders/confirm", bytes.NewBufferString(body))
	if err != nil {
		return 0, false
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, false
	}
	defer res.Body.Close()
	var answer struct {
		OrderID int64 `json:"order_id"`
	}
	if res.StatusCode != http.StatusCreated && res.StatusCode != http.StatusOK || json.NewDecoder(res.Body).Decode(&answer) != nil {
		return 0, false
	}
	return answer.OrderID, true
}

// load sends orders from several clients, at most most of them each, until ctx ends.
func (a *answers) load(ctx context.Context, url string, most int) {
	var clients sync.WaitGroup
	for range 4 {
		clients.Go(func() {
			for range most {
				if ctx.Err() != nil {
					return
				}
				id := a.take()
				if order, ok := confirm(ctx, url, id); ok {
					a.answered(id, order)
				} else {
					a.unanswered(id)
				}
			}
		})
	}
	clients.Wait()
}

// killUnderLoad kills a process after a moment under load.
func killUnderLoad(t *testing.T, p *process, a *answers, victim int) {
	ctx, cancel := context.WithCancel(t.Context())
	loaded := make(chan struct{})
	go func() {
		defer close(loaded)
		a.load(ctx, p.url, 8)
	}()
	<-time.After(time.Duration(20+rand.IntN(250)) * time.Millisecond)
	require.NoError(t, syscall.Kill(victim, syscall.SIGKILL))
	if victim != p.cmd.Process.Pid {
		<-loaded // brigade stays, and answers everybody in its own time
	}
	cancel()
	<-loaded
}

func postmaster(t *testing.T, state string) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(state, "postgres", "postmaster.pid"))
	require.NoError(t, err)
	pid, err := strconv.Atoi(strings.SplitN(string(text), "\n", 2)[0])
	require.NoError(t, err)
	return pid
}

// database connects to the Postgres of a running brigade.
func database(t *testing.T, state string) *pgx.Conn {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(state, "run.json"))
	require.NoError(t, err)
	var run struct {
		DatabaseURL string `json:"database_url"`
	}
	require.NoError(t, json.Unmarshal(text, &run))
	conn, err := pgx.Connect(t.Context(), run.DatabaseURL)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// crashLaws are what must hold after any crash: each query returns what breaks a law.
var crashLaws = map[string]string{
	"an order has one ticket, a ticket one order": `
		select o.id from orders o full join tickets k on k.order_id = o.id where o.id is null or k.order_id is null`,
	"a ticket has all its tasks and counts them": `
		select k.order_id from tickets k join tasks t on t.order_id = k.order_id group by k.order_id
		having count(*) <> max(k.tasks_total) or count(*) filter (where t.status = 'COMPLETED') <> max(k.tasks_done)`,
	"no event of a task is lost or doubled": `
		select t.id from tasks t left join event_log e on e.aggregate_type = 'task' and e.aggregate_id = t.id
		group by t.id having count(e.id) <> max(t.version) or count(distinct e.sequence) <> count(e.id)`,
	"no event of an order is lost or doubled, and each is a row of its history": `
		select o.id from orders o
		where (select count(*) from event_log e where e.aggregate_type = 'order' and e.aggregate_id = o.id) <> o.version
		   or (select count(*) from order_history h where h.order_id = o.id) <> o.version`,
	"events of an aggregate are in order": `
		select aggregate_id from (select aggregate_type, aggregate_id, sequence,
			lag(sequence) over (partition by aggregate_type, aggregate_id order by position) as before from event_log) e
		where before >= sequence`,
	"nothing started before what it needs": `
		select t.id from tasks t join tasks d on d.id = any(t.depends_on)
		where t.assigned_at is not null and (d.completed_at is null or d.completed_at > t.assigned_at)`,
	"pending dependencies are counted exactly": `
		select t.id from tasks t where t.pending_deps <>
			(select count(*) from tasks d where d.id = any(t.depends_on) and d.status <> 'COMPLETED')`,
	"nobody has more in hand than he can": `
		select s.id from staff s join tasks t on t.assigned_staff_id = s.id and t.status in ('ASSIGNED', 'STARTED')
		group by s.id having count(*) > max(s.max_parallel)`,
	"no machine holds more than it can": `
		select m.id from machines m join tasks t on t.assigned_machine_id = m.id and t.status in ('ASSIGNED', 'STARTED')
		group by m.id having count(*) > max(m.capacity)`,
	"no station holds more than it can": `
		select s.id from stations s join tasks t on t.station_id = s.id and t.status in ('ASSIGNED', 'STARTED')
		group by s.id having count(*) > max(s.capacity)`,
	"each assignment was explained": `
		select e.aggregate_id from event_log e where e.type = 'TASK_ASSIGNED'
		group by e.aggregate_id having count(*) <>
			(select count(*) from task_decisions d where d.task_id = e.aggregate_id)`,
	"order numbers have no gaps": `
		select c.last from order_counters c where c.last <>
			(select count(*) from orders o where o.tenant_id = c.tenant_id
			 and o.number like 'ORD\_' || to_char(c.day, 'YYYYMMDD') || '\_%')`,
}

func requireLaws(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	// One snapshot for all laws, while the demo goes on.
	tx, err := conn.BeginTx(t.Context(), pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	require.NoError(t, err)
	defer func() { _ = tx.Rollback(context.Background()) }()
	for law, query := range crashLaws {
		rows, err := tx.Query(t.Context(), query)
		require.NoError(t, err, law)
		broken, err := pgx.CollectRows(rows, pgx.RowTo[int64])
		require.NoError(t, err, law)
		require.Empty(t, broken, law)
	}
}

// brigade is killed twenty times under load, and Postgres in between. Every order that was answered exists once, every
// order is cooked, every capacity in use is used, and no event is lost.
func TestKilledTwentyTimes(t *testing.T) {
	t.Parallel()
	state := stateFolder(t)
	args := []string{"up", "--addr", "127.0.0.1:0", "--state", state, "--demo", "busy", "--time-scale", "400", "--log-level", "error"}
	a := &answers{orders: map[string]int64{}}
	for round := range 20 {
		p := boot(t, args...)
		if round%4 == 3 {
			killUnderLoad(t, p, a, postmaster(t, state))
		}
		killUnderLoad(t, p, a, p.cmd.Process.Pid)
		p.wait()
	}
	p := boot(t, args...)
	a.load(t.Context(), p.url, 1+len(a.pending)) // what was not answered is asked again
	require.Empty(t, a.pending)
	require.Empty(t, a.torn, "answered with two orders")

	conn := database(t, state)
	var orders, ids int
	require.NoError(t, conn.QueryRow(t.Context(), `select count(*), count(distinct idempotency_key) from orders
		where source = 'kitchen'`).Scan(&orders, &ids))
	require.Equal(t, orders, ids)
	require.Equal(t, len(a.orders), orders, "every order that was answered exists, and no other")
	require.Eventually(t, func() bool {
		var open int
		require.NoError(t, conn.QueryRow(t.Context(), `select count(*) from orders o join tickets k on k.order_id = o.id
			where o.source = 'kitchen' and k.closed_at is null`).Scan(&open))
		return open == 0
	}, 2*patience, 250*time.Millisecond, "every order is cooked")
	requireLaws(t, conn)
	requirePublished(t, conn)
	p.end()
}

// requirePublished waits until everything that is in the log now has been published.
func requirePublished(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	var last int64
	require.NoError(t, conn.QueryRow(t.Context(), "select max(position) from event_log").Scan(&last))
	require.Eventually(t, func() bool {
		var at int64
		require.NoError(t, conn.QueryRow(t.Context(), "select position from event_sinks where name = 'main'").Scan(&at))
		return at >= last
	}, patience, 50*time.Millisecond, "every event is published")
	var unpublished int
	require.NoError(t, conn.QueryRow(t.Context(),
		"select count(*) from domain_events where position <= $1 and published_at is null", last).Scan(&unpublished))
	require.Zero(t, unpublished)
}
