package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/config"
	"brigade/internal/store/pgtest"
)

// promiseOf waits until an order is promised a time and returns it.
func promiseOf(t *testing.T, url string, number any) (promise map[string]any) {
	t.Helper()
	require.Eventually(t, func() bool {
		o := call(t, http.MethodGet, fmt.Sprint(url, "/api/v1/orders/", number), nil, http.StatusOK)
		promise, _ = o["promise"].(map[string]any)
		return promise != nil
	}, time.Minute, 20*time.Millisecond)
	return promise
}

func at(t *testing.T, v any) time.Time {
	t.Helper()
	moment, err := time.Parse(time.RFC3339Nano, fmt.Sprint(v))
	require.NoError(t, err)
	return moment
}

// An order is promised a time; the only grill breaks down; the promise slips and whoever wants to know is told, once.
// Another process that takes the kitchen over knows what was promised and told.
func TestAPromiseSlipsAndIsToldOnce(t *testing.T) {
	t.Parallel()
	calls := make(chan map[string]any, 100)
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var m map[string]any
		_ = json.NewDecoder(r.Body).Decode(&m)
		calls <- m
	}))
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	database := pgtest.NewURL(t)
	roles := []config.Role{config.RoleAPI, config.RoleKitchen, config.RoleJobs}
	a, stop := runNotifying(t, database, roles...)
	call(t, http.MethodPost, a.URL()+"/api/v1/webhooks", map[string]any{"url": s.URL, "kinds": []string{"delayed"}}, http.StatusCreated)

	order := map[string]any{"type": "takeout", "items": []any{map[string]any{"sku": "burger_combo", "quantity": 1}}}
	placed := call(t, http.MethodPost, a.URL()+"/api/v1/orders", order, http.StatusCreated)
	promise := promiseOf(t, a.URL(), placed["number"])
	require.False(t, at(t, promise["first_p90"]).Before(at(t, promise["first_p50"])))
	require.Equal(t, promise["first_p90"], promise["told"])

	call(t, http.MethodPost, a.URL()+"/api/v1/kitchen/machines/grill-1/down", map[string]any{"reason": "gas"}, http.StatusOK)
	var m map[string]any
	select {
	case m = <-calls:
	case <-time.After(time.Minute):
		t.Fatal("nobody was told")
	}
	require.Equal(t, "order.delayed", m["type"])
	told := m["data"].(map[string]any)["order"].(map[string]any)
	require.Equal(t, placed["number"], told["number"])
	require.True(t, at(t, told["expected_at"]).After(at(t, promise["first_p90"])))

	late := promiseOf(t, a.URL(), placed["number"])
	require.EqualValues(t, 1, late["slips"])
	require.Equal(t, promise["first_p90"], late["first_p90"])
	status := call(t, http.MethodGet, fmt.Sprint(a.URL(), "/orders/", placed["number"], "/status"), nil, http.StatusOK)
	require.True(t, at(t, status["estimated_completion"]).After(at(t, promise["first_p90"])))
	stop()

	b, _ := runNotifying(t, database, roles...)
	other := call(t, http.MethodPost, b.URL()+"/api/v1/orders", order, http.StatusCreated)
	promiseOf(t, b.URL(), other["number"]) // the kitchen has an owner again, who has looked at everything
	again := promiseOf(t, b.URL(), placed["number"])
	require.EqualValues(t, 1, again["slips"])
	require.Equal(t, promise["first_p90"], again["first_p90"])
	require.Empty(t, calls)
}

func TestAQuoteIsWhatAnOrderIsPromisedAndWritesNothing(t *testing.T) {
	t.Parallel()
	r := run(t, 1)
	body := map[string]any{"type": "dine_in", "table_number": 7, "items": []any{map[string]any{"sku": "burger_combo", "quantity": 2}}}
	status, q := r.call(http.MethodPost, "/quotes", body)
	require.Equal(t, http.StatusOK, status, "%v", q)
	require.Equal(t, "open", q["state"])
	require.Equal(t, true, q["accepted"])
	require.Equal(t, "Europe/Madrid", q["timezone"])
	require.True(t, at(t, q["local_p90"]).Equal(at(t, q["p90"])))
	_, list := r.call(http.MethodGet, "/orders", nil)
	require.Empty(t, list["orders"])

	_, o := r.call(http.MethodPost, "/orders", body)
	promise := promiseOf(t, r.a.URL(), o["number"])
	require.WithinDuration(t, at(t, q["p90"]), at(t, promise["first_p90"]), time.Minute)

	for field, bad := range map[string]map[string]any{
		"items":         {"type": "takeout", "items": []any{}},
		"items[0].sku":  {"type": "takeout", "items": []any{map[string]any{"sku": "nix", "quantity": 1}}},
		"outlet":        {"type": "takeout", "outlet": "nowhere", "items": []any{map[string]any{"sku": "wrap", "quantity": 1}}},
		"ready_at":      {"type": "takeout", "ready_at": time.Now().Add(-time.Hour), "items": []any{map[string]any{"sku": "wrap", "quantity": 1}}},
		"type":          {"type": "teleport", "items": []any{map[string]any{"sku": "wrap", "quantity": 1}}},
		"body.surprise": {"type": "takeout", "surprise": 1, "items": []any{map[string]any{"sku": "wrap", "quantity": 1}}},
	} {
		status, p := r.call(http.MethodPost, "/quotes", bad)
		require.Equal(t, http.StatusUnprocessableEntity, status, field)
		require.Contains(t, fmt.Sprint(p["errors"]), field)
	}
	status, _ = r.call(http.MethodPost, "/quotes", []byte(`{"type":`))
	require.Equal(t, http.StatusBadRequest, status)
}

// What an outlet cannot keep up with is refused with a time for which it is taken.
func TestAnOutletRefusesAndSaysWhenItWouldWork(t *testing.T) {
	t.Parallel()
	r := run(t, 1)
	status, a := r.call(http.MethodPut, "/outlets/kitchen/admission", map[string]any{"acceptable_minutes": 3, "answer": "refuse"})
	require.Equal(t, http.StatusOK, status, "%v", a)
	body := map[string]any{"type": "takeout", "items": []any{map[string]any{"sku": "burger_combo", "quantity": 8}}}
	var p map[string]any
	require.Eventually(t, func() bool { // the kitchen's owner hears of its limits in a moment
		status, p = r.call(http.MethodPost, "/orders", body)
		return status == http.StatusConflict
	}, time.Minute, 20*time.Millisecond)
	require.Contains(t, p["detail"], "no more than 3 minutes until an order is ready")
	earliest := at(t, p["earliest_at"])
	require.True(t, earliest.After(time.Now()))

	_, q := r.call(http.MethodPost, "/quotes", body)
	require.Equal(t, false, q["accepted"])
	require.NotEmpty(t, q["over"])
	body["ready_at"] = earliest.Add(time.Hour)
	status, o := r.call(http.MethodPost, "/orders", body)
	require.Equal(t, http.StatusCreated, status, "%v", o)
	require.Equal(t, "scheduled", o["status"])

	status, p = r.call(http.MethodPut, "/outlets/kitchen/admission", map[string]any{"stations": map[string]any{"sauna": 3}, "resume_below": 4})
	require.Equal(t, http.StatusUnprocessableEntity, status)
	require.Contains(t, fmt.Sprint(p["errors"]), "stations.sauna")
	_, a = r.call(http.MethodGet, "/outlets/kitchen/admission", nil)
	require.Equal(t, "refuse", a["answer"])
}

// A station that has too much to do is paused by the kitchen itself, and sold again when it has caught up.
func TestAStationIsPausedUntilItHasCaughtUp(t *testing.T) {
	t.Parallel()
	r := run(t, 1)
	status, _ := r.call(http.MethodPut, "/outlets/kitchen/admission", map[string]any{"stations": map[string]any{"adhoc": 1}, "answer": "pause_station"})
	require.Equal(t, http.StatusOK, status)
	paused := func() bool {
		_, s := r.call(http.MethodGet, "/status", nil)
		list, _ := s["paused"].([]any)
		return len(list) == 1 && s["status"] == "busy" && list[0].(map[string]any)["name"] == "adhoc" && list[0].(map[string]any)["by"] == "kitchen"
	}
	o := r.place(map[string]any{"items": []any{map[string]any{"sku": "dip_cup", "quantity": 20}}})
	require.Eventually(t, paused, time.Minute, 20*time.Millisecond)
	status, p := r.call(http.MethodPost, "/orders", map[string]any{"type": "takeout", "items": []any{map[string]any{"sku": "dip_cup", "quantity": 1}}})
	require.Equal(t, http.StatusConflict, status)
	require.Contains(t, p["detail"], "station adhoc is paused: more than 1 minutes of work wait at adhoc")
	r.cook(o["number"])
	require.Eventually(t, func() bool {
		status, _ := r.call(http.MethodPost, "/orders", map[string]any{"type": "takeout", "items": []any{map[string]any{"sku": "dip_cup", "quantity": 1}}})
		return status == http.StatusCreated
	}, time.Minute, 20*time.Millisecond)
}

// An order for later is given to its kitchen when the live plan says that it is time, and is held to the time it is wanted.
func TestAnOrderForLaterIsFiredInTime(t *testing.T) {
	t.Parallel()
	r := run(t, 100)
	_, health := r.call(http.MethodPost, "/quotes", map[string]any{"type": "takeout", "items": []any{map[string]any{"sku": "wrap", "quantity": 1}}})
	now := at(t, health["p50"])
	wanted := now.Add(20 * time.Minute).Truncate(time.Second) // in twelve seconds
	o := r.place(map[string]any{"ready_at": wanted, "items": []any{map[string]any{"sku": "wrap", "quantity": 1}}})
	require.Equal(t, "scheduled", o["status"])
	var promise map[string]any
	require.Eventually(t, func() bool {
		_, o := r.call(http.MethodGet, fmt.Sprint("/orders/", o["number"]), nil)
		promise, _ = o["promise"].(map[string]any)
		return promise != nil
	}, time.Minute, 20*time.Millisecond)
	require.True(t, at(t, promise["told"]).Equal(wanted), "that is what its guest was told")
	require.WithinDuration(t, wanted, at(t, promise["first_p90"]), time.Hour)
}
