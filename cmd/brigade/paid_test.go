package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
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

	"brigade/internal/payment/paymenttest"
)

// paidOrder asks for an order that is paid in some way, and cancels some of those that were taken.
func paidOrder(ctx context.Context, url string) {
	body := map[string]any{"type": "takeout", "customer_name": "Ada", "items": []any{map[string]any{"sku": "dip_cup", "quantity": 1 + rand.IntN(3)}}}
	switch rand.IntN(8) {
	case 0:
		body["payment"] = map[string]any{"method": "cash"}
	case 1:
		body["payment"] = map[string]any{"method": "card", "token": "pm_declined"}
	case 2:
		body["payment"] = map[string]any{"method": "test", "token": "flaky"}
	default:
		body["payment"] = map[string]any{"method": "card", "token": "pm_visa"}
	}
	var placed struct {
		Number string `json:"number"`
	}
	if !post(ctx, url+"/api/v1/orders", body, &placed) || rand.IntN(3) > 0 {
		return
	}
	post(ctx, url+"/api/v1/orders/"+placed.Number+"/cancel", map[string]any{"reason": "chaos"}, &placed)
}

func post(ctx context.Context, url string, body, answer any) bool {
	text, err := json.Marshal(body)
	if err != nil {
		return false
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(text))
	if err != nil {
		return false
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	return res.StatusCode < 300 && json.NewDecoder(res.Body).Decode(answer) == nil
}

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
		where (k.order_id is null) and t.waits = '' and o.status not in ('cancelled', 'rejected')`,
	"a promise that is not wanted is let go": `
		select p.order_id from payments p join orders o on o.id = p.order_id
		where o.status in ('cancelled', 'rejected') and p.authorised_minor > 0 and p.captured_minor = 0 and p.state = 'open'`,
	"a step is done once": `
		select order_id from payment_attempts where step in ('authorise', 'capture', 'release') and state = 'done'
		group by order_id, step having count(*) > 1`,
}

// Brigade is killed again and again while a provider of payment fails before and after it has moved money. In the end
// each order's guest has paid exactly what the order's end says, and has paid once.
func TestKilledWhileMoneyMoves(t *testing.T) {
	standIn := paymenttest.New(0.3)
	provider := httptest.NewServer(standIn)
	defer provider.Close()
	t.Setenv("BRIGADE_STRIPE_KEY", "sk_test_1")
	t.Setenv("BRIGADE_STRIPE_URL", provider.URL)
	state := stateFolder(t)
	args := []string{"up", "--addr", "127.0.0.1:0", "--state", state, "--demo", "busy", "--time-scale", "10", "--log-level", "error"}
	for range 6 {
		p := boot(t, args...)
		ctx, cancel := context.WithCancel(t.Context())
		var guests sync.WaitGroup
		for range 8 {
			guests.Go(func() {
				for ctx.Err() == nil {
					paidOrder(ctx, p.url)
				}
			})
		}
		<-time.After(time.Duration(200+rand.IntN(1200)) * time.Millisecond)
		require.NoError(t, syscall.Kill(p.cmd.Process.Pid, syscall.SIGKILL))
		cancel()
		guests.Wait()
		p.wait()
	}
	standIn.Calm()
	p := boot(t, args...)
	conn := database(t, state)
	require.Eventually(t, func() bool { return atRest(t, conn) }, 4*patience, 100*time.Millisecond, "the money comes to rest")
	for law, query := range paidLaws {
		rows, err := conn.Query(t.Context(), query)
		require.NoError(t, err, law)
		broken, err := pgx.CollectRows(rows, pgx.RowTo[int64])
		require.NoError(t, err, law)
		require.Empty(t, broken, law)
	}
	requireBooks(t, conn, standIn)
	p.end()
}

// atRest tells whether no step is open and none is to come.
func atRest(t *testing.T, conn *pgx.Conn) bool {
	t.Helper()
	var open int
	require.NoError(t, conn.QueryRow(t.Context(), `
		select (select count(*) from payment_attempts where state in ('pending', 'stuck'))
		     + (select count(*) from order_terms where waits = 'payment')
		     + (select count(*) from river_job where kind = 'order_settle' and finalized_at is null)`).Scan(&open))
	return open == 0
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
	require.Greater(t, orders, 20)
	for _, minor := range held {
		taken -= minor
	}
	require.Zero(t, taken, "the provider has no money that Brigade does not know of")
	t.Log(fmt.Sprint(orders, " card orders, ", len(held), " with the provider"))
}
