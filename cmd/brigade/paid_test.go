package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"brigade/internal/order"
	"brigade/internal/payment/paymenttest"
)

// paidLaws are what must hold once the money has come to rest.
var paidLaws = map[string]string{
	"what is held is what the order's end says": `
		select p.order_id from payments p join orders o on o.id = p.order_id join order_terms t on t.order_id = o.id
		where p.captured_minor - p.refunded_minor <> case
			when o.status in ('cancelled', 'rejected') or t.waits <> '' then 0
			when p.method = 'cash' and o.status not in ('served', 'collected', 'delivered') then 0
			else o.total_minor end`,
	"every order has as many changes as its version says": `
		select o.id from orders o where (select count(*) from order_history h where h.order_id = o.id) <> o.version`,
	"a paid order has a ticket exactly when it has left its waits": `
		select o.id from orders o join order_terms t on t.order_id = o.id left join tickets k on k.order_id = o.id
		where k.order_id is null and not t.external and t.waits = '' and o.status not in ('cancelled', 'rejected')`,
	"a promise that is not wanted is let go": `
		select p.order_id from payments p join orders o on o.id = p.order_id
		where o.status in ('cancelled', 'rejected') and p.authorised_minor > 0 and p.captured_minor = 0 and p.state = 'open'`,
	"a step is done once": `
		select order_id from payment_attempts where step in ('authorise', 'capture', 'release') and state = 'done'
		group by order_id, step having count(*) > 1`,
}

// Brigade is killed again and again while guests order, cancel and take over, and while the provider of payment, the
// point of sale and the integrator's endpoint fail before and after they have done what they were asked, repeat
// themselves and tell things in the wrong order. In the end each order's guest has paid exactly what the order's end says,
// once; every history is a life that the state machine allows; what does not come by itself is listed and can be
// resolved; and everybody was told of everything.
func TestKilledWhileMoneyMoves(t *testing.T) {
	standIn, c := paymenttest.New(0.3), &chaos{told: map[string]int{}}
	provider := httptest.NewServer(standIn)
	sale, hook := httptest.NewServer(http.HandlerFunc(c.sale)), httptest.NewServer(http.HandlerFunc(c.hook))
	for _, s := range []*httptest.Server{provider, sale, hook} {
		s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // aborted answers are meant
		defer s.Close()
	}
	defer c.talking.Wait()
	t.Setenv("BRIGADE_STRIPE_KEY", "sk_test_1")
	t.Setenv("BRIGADE_STRIPE_URL", provider.URL)
	t.Setenv("BRIGADE_STRIPE_WEBHOOK_SECRET", stripeSecret)
	state := stateFolder(t)
	args := func(demo string) []string {
		return []string{"up", "--addr", "127.0.0.1:0", "--state", state, "--demo", demo, "--time-scale", "10", "--log-level", "error", "--allow-private-webhooks"}
	}
	began := time.Now()
	for round := 0; round < 6 && (round < 2 || (c.placed.Load() < 3000 || round < 4) && time.Since(began) < 15*time.Second); round++ {
		p := boot(t, args("busy")...)
		c.url.Store(p.url)
		if round == 0 {
			c.subscribe(t, hook.URL)
		}
		c.sellAt(t, map[bool]string{true: sale.URL}[round%2 == 1])
		c.orderUntilKilled(t, p)
	}
	standIn.Calm()
	c.calm.Store(true)
	p := boot(t, args("data")...)
	c.url.Store(p.url)
	c.talking.Wait()
	conn := database(t, state)
	c.rest(t, conn)
	requirePaidLaws(t, conn)
	requireBooks(t, conn, standIn)
	requireLives(t, conn)
	requireStockLaws(t, conn)
	c.requireTold(t, conn)
	require.Zero(t, c.forged.Load(), "nobody believes a wrong or old signature")
	p.end()
	t.Log(c.placed.Load(), "orders")
}

// subscribe makes the integrator be told.
func (c *chaos) subscribe(t *testing.T, url string) {
	t.Helper()
	status := c.post(t.Context(), http.MethodPost, "/webhooks", map[string]any{"url": url, "kinds": []string{"cancelled", "ready"}}, nil)
	require.Equal(t, http.StatusCreated, status)
}

// sellAt has orders made by a point of sale, or ("") by the own kitchen.
func (c *chaos) sellAt(t *testing.T, url string) {
	t.Helper()
	status := c.post(t.Context(), http.MethodPut, "/outlets/kitchen/order-settings", map[string]any{
		"payment_within_seconds": 100, "hand_over_code": false, "pos_url": url, "pos_secret": saleSecret, "pos_accept_seconds": 60, "hours": []any{},
	}, nil)
	require.Equal(t, http.StatusOK, status)
}

func (c *chaos) orderUntilKilled(t *testing.T, p *process) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var guests sync.WaitGroup
	for range 12 {
		guests.Go(func() { c.guest(ctx) })
	}
	<-time.After(time.Duration(300+rand.IntN(1500)) * time.Millisecond)
	require.NoError(t, syscall.Kill(p.cmd.Process.Pid, syscall.SIGKILL))
	cancel()
	guests.Wait()
	p.wait()
}

// rest waits until nothing moves any more but what is stuck; that is listed, every bit of it, and resolved by hand.
func (c *chaos) rest(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	for end := time.Now().Add(4 * patience); count(t, conn, "select sum(n) from ("+moves+") m") > 0; <-time.After(200 * time.Millisecond) {
		if time.Now().After(end) {
			require.FailNow(t, "something does not come to rest", "%v", still(t, conn))
		}
		// What was put off for long while everybody was hostile need not be waited for.
		_, err := conn.Exec(t.Context(), `update river_job set state = 'available', scheduled_at = now()
			where kind = 'order_settle' and state in ('scheduled', 'retryable')`)
		require.NoError(t, err)
	}
	rows, err := conn.Query(t.Context(), `select o.number, a.step from payment_attempts a join orders o on o.id = a.order_id
		where a.state = 'stuck' order by o.number`)
	require.NoError(t, err)
	type step struct{ Number, Step string }
	stuck, err := pgx.CollectRows(rows, pgx.RowToStructByPos[step])
	require.NoError(t, err)
	listed := c.listed(t)
	for _, s := range stuck {
		require.Contains(t, listed, s.Number+" "+s.Step, "what is stuck is listed")
		status := c.post(t.Context(), http.MethodPost, "/orders/"+s.Number+"/resolve", map[string]any{"step": s.Step, "note": "paid back in cash"}, nil)
		require.Equal(t, http.StatusOK, status)
	}
	require.Zero(t, count(t, conn, "select count(*) from payment_attempts where state in ('pending', 'stuck')"))
	t.Log(len(stuck), "steps were stuck")
}

// listed is what the list of stuck steps shows.
func (c *chaos) listed(t *testing.T) map[string]bool {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.url.Load().(string)+"/api/v1/stuck", nil)
	require.NoError(t, err)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	var list struct {
		Steps []struct {
			Number string `json:"order_number"`
			Step   string `json:"step"`
		} `json:"steps"`
	}
	require.NoError(t, json.NewDecoder(res.Body).Decode(&list))
	found := map[string]bool{}
	for _, s := range list.Steps {
		found[s.Number+" "+s.Step] = true
	}
	return found
}

// moves counts what is still on its way: steps of payments, waits that end by themselves, jobs, events that the messages
// have not read, and messages.
const moves = `
	select 'steps of payments' as what, count(*) as n from payment_attempts where state = 'pending'
	union all select 'waits for ' || waits, count(*) from order_terms where waits <> '' group by waits
	union all select 'jobs ' || kind, count(*) from river_job where kind in ('order_settle', 'order_sale') and finalized_at is null group by kind
	union all select 'unread events', count(*) from event_log e where e.type = 'ORDER_STATUS_CHANGED'
	    and e.position > (select s.position from event_sinks s where s.name = 'notify')
	union all select 'messages', count(*) from notifications where status = 'pending'`

// still says what has not come to rest.
func still(t *testing.T, conn *pgx.Conn) (list []string) {
	t.Helper()
	rows, err := conn.Query(t.Context(), "select what || ': ' || n from ("+moves+") m where n > 0")
	require.NoError(t, err)
	list, err = pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return list
}

func count(t *testing.T, conn *pgx.Conn, query string) (n int) {
	t.Helper()
	require.NoError(t, conn.QueryRow(t.Context(), query).Scan(&n))
	return n
}

func requirePaidLaws(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	for law, query := range paidLaws {
		rows, err := conn.Query(t.Context(), query)
		require.NoError(t, err, law)
		broken, err := pgx.CollectRows(rows, pgx.RowTo[int64])
		require.NoError(t, err, law)
		require.Empty(t, broken, law)
	}
}

// requireLives makes sure that every order's history is a path through the state machine.
func requireLives(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	rows, err := conn.Query(t.Context(), `select o.id, o.type, o.status, array_agg(h.status order by h.seq)
		from orders o join order_history h on h.order_id = o.id group by o.id`)
	require.NoError(t, err)
	type life struct {
		ID           int64
		Type, Status string
		Path         []string
	}
	lives, err := pgx.CollectRows(rows, pgx.RowToStructByPos[life])
	require.NoError(t, err)
	for _, l := range lives {
		require.Contains(t, []string{"created", "scheduled"}, l.Path[0], "order %d", l.ID)
		require.Equal(t, l.Status, l.Path[len(l.Path)-1], "order %d", l.ID)
		for i := range l.Path[1:] {
			_, err := order.Move(order.Type(l.Type), order.Status(l.Path[i]), order.Status(l.Path[i+1]))
			require.NoError(t, err, "order %d: %v", l.ID, l.Path)
		}
	}
}

// requireTold makes sure that the integrator was told of every cancelled order, and of everything that the ledger says.
func (c *chaos) requireTold(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	require.Zero(t, count(t, conn, `
		select count(*) from order_history h where h.status = 'cancelled' and not exists (
			select from notifications n where n.order_id = h.order_id and n.kind = 'cancelled' and n.channel = 'webhook')`), "each is in the ledger")
	require.Zero(t, count(t, conn, "select count(*) from notifications where channel = 'webhook' and status not in ('sent', 'collapsed')"))
	rows, err := conn.Query(t.Context(), "select id from notifications where channel = 'webhook' and status = 'sent'")
	require.NoError(t, err)
	sent, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	require.NoError(t, err)
	for _, id := range sent {
		require.True(t, c.arrived(id), "message %d", id)
	}
	t.Log(len(sent), "messages arrived")
}

// requireBooks compares Brigade's books with the provider's, order by order.
func requireBooks(t *testing.T, conn *pgx.Conn, standIn *paymenttest.Stripe) {
	t.Helper()
	require.Empty(t, standIn.Faults())
	held, promised := standIn.Held(), standIn.Promised()
	rows, err := conn.Query(t.Context(), "select order_id, held_minor, status from order_money where method = 'card'")
	require.NoError(t, err)
	orders, taken := 0, int64(0)
	for rows.Next() {
		var id, minor int64
		var status string
		require.NoError(t, rows.Scan(&id, &minor, &status))
		key := strconv.FormatInt(id, 10)
		require.Equal(t, held[key], minor, "order %d is %s", id, status)
		require.Zero(t, promised[key], "order %d is %s and its money still promised", id, status)
		orders++
		taken += minor
	}
	require.NoError(t, rows.Err())
	require.Positive(t, orders)
	for _, minor := range held {
		taken -= minor
	}
	require.Zero(t, taken, "the provider has no money that Brigade does not know of")
	t.Log(fmt.Sprint(orders, " card orders, ", len(held), " with the provider"))
}
