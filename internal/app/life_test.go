package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/app"
	"brigade/internal/config"
	"brigade/internal/pos"
	"brigade/internal/store/pgtest"
)

// running is a Brigade with the demo restaurant, in which nobody acts.
type running struct {
	t *testing.T
	a *app.App
}

func run(t *testing.T, scale float64) *running {
	t.Helper()
	a := app.New(app.Config{
		Roles: []config.Role{config.RoleAPI, config.RoleKitchen, config.RoleRelay, config.RoleJobs}, DatabaseURL: pgtest.NewURL(t),
		Addr: "127.0.0.1:0", Demo: config.DemoData, AutoComplete: true, TimeScale: scale,
	})
	require.NoError(t, a.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, a.Stop(context.Background())) })
	return &running{t, a}
}

func (r *running) call(method, path string, body any, header ...string) (int, map[string]any) {
	r.t.Helper()
	text, ok := body.([]byte)
	if !ok && body != nil {
		var err error
		text, err = json.Marshal(body)
		require.NoError(r.t, err)
	}
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.a.URL()+"/api/v1"+path, bytes.NewReader(text))
	require.NoError(r.t, err)
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	require.NoError(r.t, err)
	defer res.Body.Close()
	answer := map[string]any{}
	_ = json.NewDecoder(res.Body).Decode(&answer) // some have none
	return res.StatusCode, answer
}

// place places an order of a dip with more fields.
func (r *running) place(more map[string]any) map[string]any {
	r.t.Helper()
	body := map[string]any{"type": "takeout", "items": []any{map[string]any{"sku": "dip_cup", "quantity": 1}}}
	for k, v := range more {
		body[k] = v
	}
	status, o := r.call(http.MethodPost, "/orders", body)
	require.Equal(r.t, http.StatusCreated, status, "%v", o)
	return o
}

func (r *running) until(number any, status string) {
	r.t.Helper()
	var last any
	for end := time.Now().Add(time.Minute); time.Now().Before(end); <-time.After(20 * time.Millisecond) {
		_, o := r.call(http.MethodGet, fmt.Sprint("/orders/", number), nil)
		if last = o["status"]; last == status {
			return
		}
	}
	require.Fail(r.t, "not "+status, "%v", last)
}

// cook has every task of an order started and completed.
func (r *running) cook(number any) {
	r.t.Helper()
	r.cookUntil(number, "ready")
}

// cookUntil has tasks of an order started and completed until it is in a status.
func (r *running) cookUntil(number any, status string) {
	r.t.Helper()
	require.Eventually(r.t, func() bool {
		_, o := r.call(http.MethodGet, fmt.Sprint("/orders/", number), nil)
		tasks, _ := o["tasks"].([]any)
		for _, t := range tasks {
			task := t.(map[string]any)
			for from, verb := range map[string]string{"ASSIGNED": "start", "STARTED": "complete"} {
				if task["status"] == from {
					r.call(http.MethodPost, fmt.Sprint("/tasks/", task["id"], "/", verb), nil)
				}
			}
		}
		return o["status"] == status
	}, time.Minute, 20*time.Millisecond)
}

func TestAnOrderIsPaidAndSeen(t *testing.T) {
	t.Parallel()
	r := run(t, 1)
	paid := r.place(map[string]any{"payment": map[string]any{"method": "test", "token": "flaky"}})
	r.until(paid["number"], "scheduled")
	declined := r.place(map[string]any{"payment": map[string]any{"method": "test", "token": "decline"}})
	r.until(declined["number"], "rejected")
	status, _ := r.call(http.MethodPost, fmt.Sprint("/orders/", paid["number"], "/cancel"), map[string]any{"reason": "test"})
	require.Equal(t, http.StatusOK, status)
	require.Eventually(t, func() bool {
		_, file := r.call(http.MethodGet, fmt.Sprint("/orders/", paid["number"], "/file"), nil)
		p := file["payment"].(map[string]any)
		return p["captured"] == p["refunded"] && (p["captured"] != 0.0 || p["released"] == true)
	}, time.Minute, 50*time.Millisecond, "the guest has his money back")
	later := r.place(map[string]any{"ready_at": time.Now().Add(5 * time.Hour)})
	require.Equal(t, "scheduled", later["status"])
	status, _ = r.call(http.MethodPut, fmt.Sprint("/orders/", later["number"], "/ready-at"), map[string]any{"ready_at": time.Now().Add(6 * time.Hour)})
	require.Equal(t, http.StatusOK, status)
	status, _ = r.call(http.MethodPost, fmt.Sprint("/orders/", later["number"], "/cancel"), nil)
	require.Equal(t, http.StatusOK, status)
	_, stuck := r.call(http.MethodGet, "/stuck", nil)
	require.Empty(t, stuck["steps"])
}

func TestAnExternalPointOfSaleMakesOrders(t *testing.T) {
	t.Parallel()
	const secret = "s3cret"
	asked := make(chan pos.Request, 10)
	sale := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		var ask pos.Request
		_ = json.NewDecoder(q.Body).Decode(&ask)
		asked <- ask
	}))
	defer sale.Close()
	r := run(t, 1)
	status, set := r.call(http.MethodPut, "/outlets/kitchen/order-settings", map[string]any{
		"payment_within_seconds": 600, "hand_over_code": true, "pos_url": sale.URL, "pos_secret": secret, "pos_accept_seconds": 15, "hours": []any{},
	})
	require.Equal(t, http.StatusOK, status, "%v", set)
	made, left := r.place(nil), r.place(nil)
	outlet := int64(made["outlet_id"].(float64))
	call := func(key, event string) int {
		body := fmt.Appendf(nil, `{"order_id":%v,"event":%q}`, made["id"], event)
		now := time.Now()
		status, _ := r.call(http.MethodPost, fmt.Sprintf("/outlets/%d/pos", outlet), body,
			pos.HeaderTimestamp, strconv.FormatInt(now.Unix(), 10), pos.HeaderSignature, pos.Sign(key, now, body))
		return status
	}
	<-asked
	require.Equal(t, http.StatusUnauthorized, call("wrong", "accepted"))
	for range 2 {
		require.Equal(t, http.StatusNoContent, call(secret, "accepted"))
	}
	r.until(made["number"], "in_preparation")
	require.Equal(t, http.StatusNoContent, call(secret, "finished"))
	require.Equal(t, http.StatusNoContent, call(secret, "accepted"), "out of order")
	r.until(made["number"], "ready")
	r.until(left["number"], "cancelled") // nobody took it in time

	status, _ = r.call(http.MethodPost, fmt.Sprint("/orders/", made["number"], "/hand-over"), nil)
	require.Equal(t, http.StatusUnprocessableEntity, status, "without its code")
	_, file := r.call(http.MethodGet, fmt.Sprint("/orders/", made["number"], "/file"), nil)
	status, _ = r.call(http.MethodPost, fmt.Sprint("/orders/", made["number"], "/hand-over"), map[string]any{"code": file["code"]})
	require.Equal(t, http.StatusOK, status)
	r.until(made["number"], "collected")
}
