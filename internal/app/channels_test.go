package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/app"
	"brigade/internal/channel"
	"brigade/internal/config"
	"brigade/internal/store/pgtest"
)

// provider is an ordering provider with a channel of the demo restaurant, and what it was told.
type provider struct {
	*running
	token, secret, name string

	mu   sync.Mutex
	told []map[string]any // the data of messages, with their types
}

func newProvider(t *testing.T, prices string) *provider {
	t.Helper()
	a := app.New(app.Config{
		Roles: []config.Role{config.RoleAPI, config.RoleKitchen, config.RoleRelay, config.RoleJobs}, DatabaseURL: pgtest.NewURL(t),
		Addr: "127.0.0.1:0", Demo: config.DemoData, AutoComplete: true, TimeScale: 1, Notify: config.Notify{PrivateWebhooks: true},
	})
	require.NoError(t, a.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, a.Stop(context.Background())) })
	p := &provider{running: &running{t, a}, name: "mesa"}
	server := httptest.NewServer(http.HandlerFunc(p.hear))
	t.Cleanup(server.Close)
	status, made := p.call(http.MethodPost, "/channels", map[string]any{"name": p.name, "prices": prices, "webhook_url": server.URL})
	require.Equal(t, http.StatusCreated, status, "%v", made)
	p.token, p.secret = made["token"].(string), made["secret"].(string)
	status, _ = p.call(http.MethodPost, "/channels/mesa/items", map[string]any{"items": []any{
		map[string]any{"id": "D-1", "sku": "dip_cup"}, map[string]any{"id": "B-1", "sku": "burger_combo"}, map[string]any{"id": "X-9", "note": "no onions"},
	}})
	require.Equal(t, http.StatusOK, status)
	return p
}

func (p *provider) hear(_ http.ResponseWriter, r *http.Request) {
	var m struct {
		Type string         `json:"type"`
		Data map[string]any `json:"data"`
	}
	body, _ := io.ReadAll(r.Body)
	_ = json.Unmarshal(body, &m)
	m.Data["type"] = m.Type
	p.mu.Lock()
	defer p.mu.Unlock()
	p.told = append(p.told, m.Data)
}

// heard waits until the provider was told something.
func (p *provider) heard(want func(m map[string]any) bool) map[string]any {
	p.t.Helper()
	var found map[string]any
	require.Eventually(p.t, func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, m := range p.told {
			if want(m) {
				found = m
			}
		}
		return found != nil
	}, time.Minute, 20*time.Millisecond)
	return found
}

// about tells a message of a type about an order.
func about(kind, id string) func(map[string]any) bool {
	return func(m map[string]any) bool {
		o, _ := m["order"].(map[string]any)
		return m["type"] == "order."+kind && o["external_id"] == id
	}
}

func (p *provider) state(state string) map[string]any {
	p.t.Helper()
	m := p.heard(func(m map[string]any) bool {
		c, _ := m["channel"].(map[string]any)
		return m["type"] == "channel.state" && c["state"] == state
	})
	return m["channel"].(map[string]any)
}

// as sends what the provider signs with a secret, so long ago.
func (p *provider) as(token, secret, path string, body any, ago time.Duration) (int, map[string]any) {
	p.t.Helper()
	text, err := json.Marshal(body)
	require.NoError(p.t, err)
	stamp := strconv.FormatInt(time.Now().Add(-ago).Unix(), 10)
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.a.URL()+"/api/v1/channels/"+p.name+path, bytes.NewReader(text))
	require.NoError(p.t, err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("X-Brigade-Timestamp", stamp)
	req.Header.Set("X-Brigade-Signature", channel.Sign(secret, stamp, text))
	res, err := http.DefaultClient.Do(req)
	require.NoError(p.t, err)
	defer res.Body.Close()
	answer := map[string]any{}
	require.NoError(p.t, json.NewDecoder(res.Body).Decode(&answer))
	return res.StatusCode, answer
}

func (p *provider) post(path string, body any) (int, map[string]any) {
	return p.as(p.token, p.secret, path, body, 0)
}

// dips is an order of some dips at 1.20, paid at the provider.
func dips(id string, n int) map[string]any {
	return map[string]any{
		"id": id, "type": "takeout", "paid": true, "total": json.Number(fmt.Sprintf("%.2f", 1.20*float64(n))),
		"items": []any{map[string]any{"id": "D-1", "name": "Salsa", "quantity": n, "price": 1.20, "modifiers": []any{map[string]any{"id": "X-9"}}}},
	}
}

func TestAProviderOrdersAndIsTold(t *testing.T) {
	t.Parallel()
	p := newProvider(t, "keep")
	require.Equal(t, "mesa", p.state("open")["name"])
	status, taken := p.post("/orders", dips("M-1", 2))
	require.Equal(t, http.StatusCreated, status, "%v", taken)
	require.InDelta(t, 2.40, taken["total"], 1e-9, "the provider's price holds")
	status, again := p.post("/orders", dips("M-1", 2))
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, taken["order_number"], again["order_number"])
	status, _ = p.post("/orders", dips("M-1", 3))
	require.Equal(t, http.StatusConflict, status, "another order under the same id")

	p.heard(about("accepted", "M-1"))
	p.cook(taken["order_number"])
	p.heard(about("ready", "M-1"))
	_, o := p.call(http.MethodGet, fmt.Sprint("/orders/", taken["order_number"]), nil)
	require.Equal(t, "channel:mesa", o["source"])
	require.Contains(t, o["lines"].([]any)[0].(map[string]any)["name"], "(no onions)")
	_, file := p.call(http.MethodGet, fmt.Sprint("/orders/", taken["order_number"], "/file"), nil)
	require.Equal(t, "provider", file["payment"].(map[string]any)["method"])
	status, _ = p.call(http.MethodPost, fmt.Sprint("/orders/", taken["order_number"], "/hand-over"), nil)
	require.Equal(t, http.StatusOK, status)
	p.heard(about("handed_over", "M-1"))
	status, _ = p.post("/orders/M-1/cancel", map[string]any{})
	require.Equal(t, http.StatusConflict, status, "it was handed over")
	status, log := p.call(http.MethodGet, "/channels/mesa/log", nil)
	require.Equal(t, http.StatusOK, status)
	require.GreaterOrEqual(t, len(log["deliveries"].([]any)), 4)
}

func TestOnlyTheProviderItselfIsBelieved(t *testing.T) {
	t.Parallel()
	p := newProvider(t, "keep")
	for what, got := range map[string]func() (int, map[string]any){
		"another's signature": func() (int, map[string]any) { return p.as(p.token, "whsec_x", "/orders", dips("M-1", 1), 0) },
		"an old request":      func() (int, map[string]any) { return p.as(p.token, p.secret, "/orders", dips("M-1", 1), 6*time.Minute) },
		"one of the future": func() (int, map[string]any) {
			return p.as(p.token, p.secret, "/orders", dips("M-1", 1), -6*time.Minute)
		},
		"another's token": func() (int, map[string]any) { return p.as("brgch_x", p.secret, "/orders", dips("M-1", 1), 0) },
	} {
		status, _ := got()
		require.Equal(t, http.StatusUnauthorized, status, what)
	}
	status, _ := p.call(http.MethodGet, "/orders", nil, "Authorization", "Bearer "+p.token)
	require.Equal(t, http.StatusForbidden, status, "a channel's token is good for its channel alone")
	status, bad := p.post("/orders", map[string]any{"id": "M-2", "type": "takeout", "items": []any{
		map[string]any{"id": "D-1", "quantity": 1, "price": 1},
		map[string]any{"id": "Z-1", "quantity": 1, "price": 1},
		map[string]any{"id": "B-1", "quantity": 1, "price": 1, "modifiers": []any{map[string]any{"id": "Z-2"}}},
	}})
	require.Equal(t, http.StatusUnprocessableEntity, status)
	require.Equal(t, `items[1].id "Z-1" is not mapped to anything; items[2].modifiers[0].id "Z-2" is not mapped to anything`, bad["detail"])

	old := [2]string{p.token, p.secret}
	status, keys := p.call(http.MethodPost, "/channels/mesa/rotate", map[string]any{"overlap_minutes": 5})
	require.Equal(t, http.StatusOK, status)
	p.token, p.secret = keys["token"].(string), keys["secret"].(string)
	status, _ = p.post("/orders", dips("M-3", 1))
	require.Equal(t, http.StatusCreated, status)
	status, _ = p.as(old[0], old[1], "/orders", dips("M-3", 1), 0)
	require.Equal(t, http.StatusOK, status, "those before go on for a while")
	_, _ = p.call(http.MethodPost, "/channels/mesa/rotate", nil)
	status, _ = p.as(old[0], old[1], "/orders", dips("M-3", 1), 0)
	require.Equal(t, http.StatusUnauthorized, status)
	status, _ = p.call(http.MethodDelete, "/channels/mesa", nil)
	require.Equal(t, http.StatusNoContent, status)
	status, _ = p.post("/orders", dips("M-4", 1))
	require.Equal(t, http.StatusUnauthorized, status)
	status, _ = p.call(http.MethodPost, "/channels", map[string]any{"name": "mesa"})
	require.Equal(t, http.StatusCreated, status, "the name is free again")
}

func TestTheProviderPaysBackWhatItHasTaken(t *testing.T) {
	t.Parallel()
	p := newProvider(t, "keep")
	order := func(id string, n int) any {
		body := dips(id, n)
		body["ready_at"] = time.Now().Add(5 * time.Hour)
		status, taken := p.post("/orders", body)
		require.Equal(t, http.StatusCreated, status, "%v", taken)
		return taken["order_number"]
	}
	owed := func(id string) float64 {
		status, taken := p.call(http.MethodGet, "/channels/mesa/orders/"+id, nil, "Authorization", "Bearer "+p.token)
		require.Equal(t, http.StatusOK, status)
		return taken["pay_back"].(float64)
	}
	stuck := func() int {
		_, list := p.call(http.MethodGet, "/stuck", nil)
		return len(list["steps"].([]any))
	}
	number := order("cut", 3) // one is dropped here, then all of it
	require.Eventually(t, func() bool {
		_, file := p.call(http.MethodGet, fmt.Sprint("/orders/", number, "/file"), nil)
		return file["payment"].(map[string]any)["captured"] == 3.60
	}, time.Minute, 20*time.Millisecond)
	status, _ := p.call(http.MethodPost, fmt.Sprint("/orders/", number, "/lines"), map[string]any{"items": []any{map[string]any{"sku": "wrap", "quantity": 1}}})
	require.Equal(t, http.StatusConflict, status, "nothing is added to what is paid")
	status, _ = p.call(http.MethodPut, fmt.Sprint("/orders/", number, "/lines/1"), map[string]any{"quantity": 2})
	require.Equal(t, http.StatusOK, status)
	require.InDelta(t, 1.20, p.heard(about("edited", "cut"))["order"].(map[string]any)["pay_back"], 1e-9)
	require.InDelta(t, 1.20, owed("cut"), 1e-9)
	require.Eventually(t, func() bool { return stuck() == 1 }, time.Minute, 20*time.Millisecond, "the duty is seen")
	status, _ = p.post("/orders/cut/paid-back", map[string]any{"note": "refund 1"})
	require.Equal(t, http.StatusOK, status)
	require.Zero(t, owed("cut"))
	require.Zero(t, stuck())
	status, _ = p.post("/orders/cut/paid-back", map[string]any{"note": "refund 1"})
	require.Equal(t, http.StatusConflict, status, "nothing is owed")
	status, _ = p.call(http.MethodPost, fmt.Sprint("/orders/", number, "/cancel"), map[string]any{"reason": "no dips"})
	require.Equal(t, http.StatusOK, status)
	require.InDelta(t, 2.40, p.heard(about("cancelled", "cut"))["order"].(map[string]any)["pay_back"], 1e-9)
	require.Eventually(t, func() bool { return stuck() == 1 }, time.Minute, 20*time.Millisecond)

	order("gone", 1) // the provider cancels: it knows what it owes
	for range 2 {
		status, taken := p.post("/orders/gone/cancel", map[string]any{"reason": "changed his mind"})
		require.Equal(t, http.StatusOK, status)
		require.Equal(t, "cancelled", taken["status"])
		require.Zero(t, taken["pay_back"])
	}
	require.NotContains(t, p.heard(about("cancelled", "gone"))["order"], "pay_back")
	require.Eventually(t, func() bool { return stuck() == 1 }, time.Minute, 20*time.Millisecond, "only the other")
}

func TestAProviderIsToldHowItsChannelStands(t *testing.T) {
	t.Parallel()
	p := newProvider(t, "menu")
	p.state("open")
	put := func(body map[string]any) map[string]any {
		status, now := p.call(http.MethodPut, "/channels/mesa/state", body)
		require.Equal(t, http.StatusOK, status, "%v", now)
		return now
	}
	put(map[string]any{"state": "busy", "delay_minutes": 15, "minutes": 60, "reason": "a large party"})
	require.InDelta(t, 15.0, p.state("busy")["delay_minutes"], 1e-9)
	status, _ := p.post("/orders", dips("M-1", 1))
	require.Equal(t, http.StatusCreated, status)
	put(map[string]any{"state": "paused", "reason": "no gas"})
	require.Equal(t, "no gas", p.state("paused")["reason"])
	status, refused := p.post("/orders", dips("M-2", 1))
	require.Equal(t, http.StatusConflict, status)
	require.Contains(t, refused["detail"], "no gas")
	status, _ = p.post("/orders", dips("M-1", 1))
	require.Equal(t, http.StatusOK, status, "what was taken was taken")
	status, _ = p.call(http.MethodPost, "/pauses", map[string]any{"kind": "outlet"})
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "paused", put(map[string]any{"state": "open"})["state"], "the outlet is closed")
	status, _ = p.call(http.MethodGet, "/channels/mesa/state", nil, "Authorization", "Bearer "+p.token)
	require.Equal(t, http.StatusOK, status, "the provider may ask")
	for _, bad := range []map[string]any{
		{"state": "shut"}, {"state": "busy"}, {"state": "open", "delay_minutes": 3}, {"state": "open", "minutes": 3}, {"state": "busy", "delay_minutes": 9999},
	} {
		status, _ := p.call(http.MethodPut, "/channels/mesa/state", bad)
		require.Equal(t, http.StatusUnprocessableEntity, status, "%v", bad)
	}
}

func TestAProviderIsToldThatTheKitchenIsBusy(t *testing.T) {
	t.Parallel()
	p := newProvider(t, "keep")
	p.state("open")
	status, got := p.call(http.MethodPut, "/outlets/kitchen/admission", map[string]any{"station_minutes": 1, "answer": "quote"})
	require.Equal(t, http.StatusOK, status, "%v", got)
	p.place(map[string]any{"items": []any{map[string]any{"sku": "burger_combo", "quantity": 20}}})
	busy := p.state("busy")
	require.GreaterOrEqual(t, busy["delay_minutes"], 5.0)
	require.Equal(t, "the kitchen is busy", busy["reason"])
}
