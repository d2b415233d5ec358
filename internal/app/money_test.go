package app_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v85/webhook"

	"brigade/internal/app"
	"brigade/internal/cli"
	"brigade/internal/config"
	life "brigade/internal/order"
	"brigade/internal/payment"
	"brigade/internal/payment/paymenttest"
	"brigade/internal/store/pgtest"
)

// brigade runs a command against the running Brigade.
func (r *running) brigade(args ...string) (code int, out, failed string) {
	r.t.Helper()
	var stdout, stderr bytes.Buffer
	code = cli.Run(r.t.Context(), &cli.Commands{}, append(args, "--server", r.a.URL()), &cli.Env{Out: &stdout, Err: &stderr, Zone: time.UTC})
	return code, stdout.String(), stderr.String()
}

// withStripe is a Brigade whose cards are charged at a stand-in for Stripe.
func withStripe(t *testing.T) (*running, *paymenttest.Stripe) {
	t.Helper()
	standIn := paymenttest.New(0)
	server := httptest.NewServer(standIn)
	t.Cleanup(server.Close)
	a := app.New(app.Config{
		Roles: []config.Role{config.RoleAPI, config.RoleKitchen, config.RoleRelay, config.RoleJobs}, DatabaseURL: pgtest.NewURL(t),
		Addr: "127.0.0.1:0", Demo: config.DemoData, Pages: config.Pages{PublicURL: "https://here.example"}, Stripe: payment.StripeOptions{Key: "sk_test_1", URL: server.URL, WebhookSecret: "whsec_1"},
	})
	require.NoError(t, a.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, a.Stop(context.Background())) })
	return &running{t, a}, standIn
}

// held waits until a guest has so much of his money at Stripe.
func held(t *testing.T, s *paymenttest.Stripe, id any, want int64) {
	t.Helper()
	require.Eventually(t, func() bool { return s.Held()[fmt.Sprint(id)] == want }, time.Minute, 20*time.Millisecond)
}

func TestADroppedItemIsPaidBackAtStripe(t *testing.T) {
	t.Parallel()
	r, standIn := withStripe(t)
	o := r.place(map[string]any{
		"items":   []any{map[string]any{"sku": "dip_cup", "quantity": 3}},
		"payment": map[string]any{"method": "card", "token": "pm_visa"},
	})
	each := int64(o["lines"].([]any)[0].(map[string]any)["unit_price"].(float64)*100 + 0.5)
	held(t, standIn, o["id"], 3*each)
	for range 2 {
		status, _ := r.call(http.MethodPut, fmt.Sprint("/orders/", o["number"], "/lines/1"), map[string]any{"quantity": 2})
		require.Equal(t, http.StatusOK, status)
	}
	held(t, standIn, o["id"], 2*each)
	status, refused := r.call(http.MethodPost, fmt.Sprint("/orders/", o["number"], "/lines"), map[string]any{"items": []any{map[string]any{"sku": "wrap", "quantity": 1}}})
	require.Equal(t, http.StatusConflict, status, "nothing is added that nobody pays for")
	require.Contains(t, refused["detail"], "is paid")
	status, _ = r.call(http.MethodPost, fmt.Sprint("/orders/", o["number"], "/cancel"), nil)
	require.Equal(t, http.StatusOK, status)
	held(t, standIn, o["id"], 0)
	require.Empty(t, standIn.Faults())
}

func TestOnlyStripeMakesBrigadeLook(t *testing.T) {
	t.Parallel()
	r, standIn := withStripe(t)
	o := r.place(map[string]any{"payment": map[string]any{"method": "card", "token": "pm_visa"}})
	body := fmt.Appendf(nil, `{"id":"evt_1","object":"event","type":"payment_intent.succeeded","data":{"object":{"metadata":{"brigade_order":"%v"}}}}`, o["id"])
	send := func(secret string, at time.Time) int {
		header := webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: body, Secret: secret, Timestamp: at}).Header
		status, _ := r.call(http.MethodPost, "/payments/stripe/webhook", body, "Stripe-Signature", header)
		return status
	}
	now := time.Now()
	require.Equal(t, http.StatusUnauthorized, send("whsec_2", now), "another's")
	require.Equal(t, http.StatusUnauthorized, send("whsec_1", now.Add(-time.Hour)), "an old one")
	status, _ := r.call(http.MethodPost, "/payments/stripe/webhook", body)
	require.Equal(t, http.StatusUnauthorized, status, "not signed")
	for range 3 {
		require.Equal(t, http.StatusNoContent, send("whsec_1", now), "repeated, it changes nothing")
	}
	r.until(o["number"], "scheduled")
	held(t, standIn, o["id"], int64(o["total"].(float64)*100+0.5))
	require.Empty(t, standIn.Faults())
	plain := run(t, 1)
	status, _ = plain.call(http.MethodPost, "/payments/stripe/webhook", body, "Stripe-Signature", "t=1")
	require.Equal(t, http.StatusNotFound, status, "cards are not accepted")
}

func TestWhatIsStuckIsResolvedByHand(t *testing.T) {
	t.Parallel()
	r := run(t, 1)
	o := r.place(map[string]any{"payment": map[string]any{"method": "test", "token": "no_refund"}})
	number := o["number"].(string)
	r.until(number, "scheduled")
	require.Eventually(t, func() bool {
		_, file := r.call(http.MethodGet, "/orders/"+number+"/file", nil)
		return file["payment"].(map[string]any)["captured"] == o["total"]
	}, time.Minute, 20*time.Millisecond)
	resolve := func(body map[string]any) (int, map[string]any) {
		return r.call(http.MethodPost, "/orders/"+number+"/resolve", body)
	}
	status, _ := resolve(map[string]any{"step": "refund", "note": "x"})
	require.Equal(t, http.StatusConflict, status, "nothing is open")
	r.call(http.MethodPost, "/orders/"+number+"/cancel", nil)
	require.Eventually(t, func() bool {
		_, list := r.call(http.MethodGet, "/stuck", nil)
		steps := list["steps"].([]any)
		return len(steps) == 1 && steps[0].(map[string]any)["error"] == "refunds are switched off"
	}, time.Minute, 20*time.Millisecond)
	code, out, _ := r.brigade("order", "stuck")
	require.Equal(t, cli.ExitDone, code)
	require.Contains(t, out, "refunds are switched off")
	for _, bad := range []map[string]any{{"step": "refund", "note": " "}, {"step": "dance", "note": "x"}, {"step": "refund"}} {
		status, _ := resolve(bad)
		require.Equal(t, http.StatusUnprocessableEntity, status, "%v", bad)
	}
	status, cook := r.call(http.MethodPost, "/tokens", map[string]any{"name": "cook", "role": "cook"})
	require.Equal(t, http.StatusCreated, status)
	status, _ = r.call(http.MethodPost, "/orders/"+number+"/resolve", map[string]any{"step": "refund", "note": "x"}, "Authorization", fmt.Sprint("Bearer ", cook["token"]))
	require.Equal(t, http.StatusForbidden, status)
	code, out, failed := r.brigade("order", "resolve", number, "--step", "refund", "--note", "1.20 in cash")
	require.Equal(t, cli.ExitDone, code, failed)
	require.Contains(t, out, "refund is resolved")
	status, _ = resolve(map[string]any{"step": "refund", "note": "again"})
	require.Equal(t, http.StatusConflict, status)
	code, _, _ = r.brigade("order", "resolve", "ORD_1", "--step", "refund", "--note", "x")
	require.Equal(t, cli.ExitFailed, code)

	code, out, _ = r.brigade("order", "show", number, "--all")
	require.Equal(t, cli.ExitDone, code)
	for _, want := range []string{"cancelled", "paid by test", "authorise", "capture", "resolved", "1.20 in cash", "KEY"} {
		require.Contains(t, out, want)
	}
	code, out, _ = r.brigade("order", "show", number, "--all", "--json")
	require.Equal(t, cli.ExitDone, code)
	require.Contains(t, out, `"state":"resolved"`)
}

// livedCase leads an order into a state, and says whether it can be cancelled then.
type livedCase struct {
	name string
	make func() any
	can  bool
}

// lived are orders in every state of their life, each made by what leads there; whether it can be cancelled then.
func lived(r *running) []livedCase {
	pay := func(token string) map[string]any {
		return map[string]any{"payment": map[string]any{"method": "test", "token": token}}
	}
	placed := func(more map[string]any) func() any { return func() any { return r.place(more)["number"] } }
	after := func(more map[string]any, then func(number any)) func() any {
		return func() any {
			number := r.place(more)["number"]
			then(number)
			return number
		}
	}
	carried := func(s life.Status) func() any {
		return after(map[string]any{"type": "delivery", "delivery_address": "12 Analytical Row"}, func(number any) { r.force(number, s) })
	}
	handedOver := func(typ string) func() any {
		return after(map[string]any{"type": typ}, func(number any) {
			r.force(number, life.Ready)
			status, o := r.call(http.MethodPost, fmt.Sprint("/orders/", number, "/hand-over"), nil)
			require.Equal(r.t, http.StatusOK, status, "%v", o)
		})
	}
	return []livedCase{
		{"in preparation", after(nil, func(n any) { r.cookUntil(n, "in_preparation") }), true}, // before others keep the cooks from it
		{"ready", after(nil, r.cook), true},
		{"created", placed(nil), true},
		{"waiting for payment", placed(pay("slow")), true},
		{"rejected", after(pay("decline"), func(n any) { r.until(n, "rejected") }), false},
		{"waiting for time", placed(map[string]any{"ready_at": time.Now().Add(5 * time.Hour)}), true},
		{"scheduled", after(pay("ok"), func(n any) { r.until(n, "scheduled") }), true},
		{"scheduling delivery", carried(life.SchedulingDelivery), true},
		{"waiting for driver", carried(life.WaitingForDriver), true},
		{"in delivery", carried(life.InDelivery), true},
		{"served", handedOver("dine_in"), false},
		{"collected", handedOver("takeout"), false},
		{"delivered", carried(life.Delivered), false},
		{"cancelled", after(nil, func(n any) { r.call(http.MethodPost, fmt.Sprint("/orders/", n, "/cancel"), nil) }), true},
	}
}

// force writes a status that couriers or cooks would bring about.
func (r *running) force(number any, s life.Status) {
	r.t.Helper()
	conn, err := pgx.Connect(r.t.Context(), r.a.DatabaseURL())
	require.NoError(r.t, err)
	defer conn.Close(context.Background())
	_, err = conn.Exec(r.t.Context(), "update orders set status = $1, closed_at = case when $3 then now() end where number = $2", string(s), number, s.Closed())
	require.NoError(r.t, err)
}

func TestAnOrderIsCancelledFromEveryState(t *testing.T) {
	t.Parallel()
	r := run(t, 1)
	for _, c := range lived(r) {
		name := c.name
		byAPI, byHand := c.make(), c.make()
		status, o := r.call(http.MethodPost, fmt.Sprint("/orders/", byAPI, "/cancel"), map[string]any{"reason": "test"})
		code, _, failed := r.brigade("order", "cancel", fmt.Sprint(byHand), "--reason", "test")
		if !c.can {
			require.Equal(t, http.StatusConflict, status, name)
			require.Equal(t, cli.ExitFailed, code, name)
			require.Contains(t, failed, "cannot be changed any more", name)
			continue
		}
		require.Equal(t, http.StatusOK, status, "%s: %v", name, o)
		require.Equal(t, "cancelled", o["status"], name)
		require.Equal(t, cli.ExitDone, code, "%s: %s", name, failed)
		for _, number := range []any{byAPI, byHand} {
			r.until(number, "cancelled")
		}
	}
	sale := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer sale.Close()
	status, _ := r.call(http.MethodPut, "/outlets/kitchen/order-settings", map[string]any{
		"payment_within_seconds": 600, "hand_over_code": false, "pos_url": sale.URL, "pos_secret": "s", "pos_accept_seconds": 600, "hours": []any{},
	})
	require.Equal(t, http.StatusOK, status)
	require.Eventually(t, func() bool { // settings are remembered for a moment
		o := r.place(nil)
		status, now := r.call(http.MethodPost, fmt.Sprint("/orders/", o["number"], "/cancel"), nil)
		return o["status"] == "scheduled" && status == http.StatusOK && now["status"] == "cancelled"
	}, time.Minute, 20*time.Millisecond, "waiting for the point of sale")
	status, list := r.call(http.MethodGet, "/stuck", nil)
	require.Equal(t, http.StatusOK, status)
	require.Empty(t, list["steps"])
}
