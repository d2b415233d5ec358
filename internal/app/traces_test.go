package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"brigade/internal/app"
	"brigade/internal/config"
	"brigade/internal/pos"
	"brigade/internal/store/pgtest"
	"brigade/internal/telemetry"
)

const (
	clientsTrace  = "4bf92f3577b34da6a3ce929d0e0e4736"
	clientsParent = "00-" + clientsTrace + "-00f067aa0ba902b7-01"
)

// traced starts a Brigade whose spans are kept, and whose clock runs scale times faster.
func traced(t *testing.T, url string, spans *tracetest.InMemoryExporter, scale float64) *running {
	t.Helper()
	a := app.New(app.Config{
		Roles: []config.Role{config.RoleAPI, config.RoleKitchen, config.RoleRelay, config.RoleJobs}, DatabaseURL: url,
		Addr: "127.0.0.1:0", Demo: config.DemoData, AutoComplete: true, TimeScale: scale, Traces: telemetry.TraceOptions{Exporter: spans},
		Notify: config.Notify{PrivateWebhooks: true},
	})
	require.NoError(t, a.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, a.Stop(context.Background())) })
	return &running{t, a}
}

// settle sets the demo outlet up so that nothing is given up while a slow machine works.
func (r *running) settle(more map[string]any) {
	r.t.Helper()
	set := map[string]any{"payment_within_seconds": 86_400, "pos_accept_seconds": 86_400, "hand_over_code": false, "pos_url": "", "pos_secret": "", "hours": []any{}}
	for k, v := range more {
		set[k] = v
	}
	status, said := r.call(http.MethodPut, "/outlets/kitchen/order-settings", set)
	require.Equal(r.t, http.StatusOK, status, "%v", said)
}

// names are the spans of a trace, by name, and how often each came.
func names(spans *tracetest.InMemoryExporter, id string) map[string]int {
	found := map[string]int{}
	for _, s := range spans.GetSpans() {
		if s.SpanContext.TraceID().String() == id {
			found[s.Name]++
		}
	}
	return found
}

// heard is an endpoint that notes the trace contexts it is called with.
type heard struct {
	mu      sync.Mutex
	parents []string
	asked   chan pos.Request
}

func (h *heard) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.parents = append(h.parents, r.Header.Get("traceparent"))
	var ask pos.Request
	if json.NewDecoder(r.Body).Decode(&ask) == nil && ask.Order != 0 {
		h.asked <- ask
	}
}

func (h *heard) all() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]string(nil), h.parents...)
}

func requireSpans(t *testing.T, spans *tracetest.InMemoryExporter, want ...string) {
	t.Helper()
	missing := func() (list []string) {
		found := names(spans, clientsTrace)
		for _, name := range want {
			if found[name] == 0 {
				list = append(list, name)
			}
		}
		return list
	}
	for end := time.Now().Add(time.Minute); len(missing()) > 0; <-time.After(20 * time.Millisecond) {
		if time.Now().After(end) {
			require.Empty(t, missing(), "of %v", names(spans, clientsTrace))
		}
	}
}

// requireNobodysName makes sure that spans say nothing about people.
func requireNobodysName(t *testing.T, spans *tracetest.InMemoryExporter) {
	t.Helper()
	for _, s := range spans.GetSpans() {
		for _, a := range s.Attributes {
			require.NotContains(t, a.Value.String(), "Hopper", "%s of %s", a.Key, s.Name)
			require.NotContains(t, []string{"client.address", "network.peer.address", "user_agent.original"}, string(a.Key), s.Name)
		}
	}
}

// sharedBy counts the transactions of new orders that are linked with the client's trace.
func sharedBy(spans *tracetest.InMemoryExporter) (n int) {
	for _, s := range spans.GetSpans() {
		if s.Name == "commit orders" && len(s.Links) > 0 && s.Links[0].SpanContext.TraceID().String() == clientsTrace {
			n++
		}
	}
	return n
}

// One order is one trace, the client's: through intake, payment, timer, kitchen, messages and hand-over, and on the other
// side of a restart.
func TestOneOrderIsOneTrace(t *testing.T) {
	t.Parallel()
	url, spans := pgtest.NewURL(t), tracetest.NewInMemoryExporter()
	hook := &heard{asked: make(chan pos.Request, 100)}
	endpoint := httptest.NewServer(hook)
	defer endpoint.Close()

	first := traced(t, url, spans, 1) // the order's time does not come before the restart, however slow the machine
	first.settle(nil)
	status, _ := first.call(http.MethodPost, "/webhooks", map[string]any{"url": endpoint.URL})
	require.Equal(t, http.StatusCreated, status)
	status, o := first.call(http.MethodPost, "/orders", map[string]any{
		"type": "takeout", "customer_name": "Grace Hopper", "items": []any{map[string]any{"sku": "dip_cup", "quantity": 1}},
		"payment": map[string]any{"method": "test", "token": "flaky"}, "ready_at": time.Now().Add(25 * time.Minute),
	}, "traceparent", clientsParent)
	require.Equal(t, http.StatusCreated, status, "%v", o)
	requireSpans(t, spans, "place order", "wait for commit orders", "order created", "payment authorise", "job order_settle", "order scheduled", "notify webhook")
	requireNobodysName(t, spans)
	eventually(t, "the shared transaction is linked with its callers", func() bool { return sharedBy(spans) > 0 })
	require.Equal(t, 1, sharedBy(spans))
	require.NoError(t, first.a.Stop(t.Context())) // its spans go with it

	second := traced(t, url, spans, 200)
	requireSpans(t, spans, "timer due", "task created", "task ready", "task assigned")
	eventually(t, "the only task there is can be begun", func() bool { // it goes back and is assigned again while nobody begins it
		status, _ := second.call(http.MethodPost, "/tasks/1/start", nil)
		return status == http.StatusOK
	})
	second.until(o["number"], "ready")
	status, _ = second.call(http.MethodPost, fmt.Sprint("/orders/", o["number"], "/hand-over"), nil)
	require.Equal(t, http.StatusOK, status)
	requireSpans(t, spans, "task started", "task completed",
		"order in preparation", "order ready", "order collected", "payment capture")

	requireNobodysName(t, spans)
	require.Eventually(t, func() bool { return len(hook.all()) >= 3 }, time.Minute, 20*time.Millisecond)
	for _, parent := range hook.all() {
		require.True(t, strings.HasPrefix(parent, "00-"+clientsTrace), "a webhook is told of the trace: %q", parent)
	}
}

// What an external point of sale is asked, and what it says, belong to the order's trace, too.
func TestAPointOfSaleIsPartOfTheTrace(t *testing.T) {
	t.Parallel()
	spans := tracetest.NewInMemoryExporter()
	sale := &heard{asked: make(chan pos.Request, 100)}
	endpoint := httptest.NewServer(sale)
	defer endpoint.Close()
	r := traced(t, pgtest.NewURL(t), spans, 1)
	r.settle(map[string]any{"pos_url": endpoint.URL, "pos_secret": "s3cret"})
	_, o := r.call(http.MethodPost, "/orders", map[string]any{
		"type": "takeout", "items": []any{map[string]any{"sku": "dip_cup", "quantity": 1}},
	}, "traceparent", clientsParent)
	<-sale.asked
	body := fmt.Appendf(nil, `{"order_id":%v,"event":"finished"}`, o["id"])
	now := time.Now()
	status, _ := r.call(http.MethodPost, fmt.Sprintf("/outlets/%v/pos", o["outlet_id"]), body,
		pos.HeaderTimestamp, fmt.Sprint(now.Unix()), pos.HeaderSignature, pos.Sign("s3cret", now, body))
	require.Equal(t, http.StatusNoContent, status)
	requireSpans(t, spans, "job order_sale", "point of sale says finished", "order ready")
	require.True(t, strings.HasPrefix(sale.all()[0], "00-"+clientsTrace))
}
