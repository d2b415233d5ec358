package api

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"brigade/internal/telemetry"
)

const confirmExample = `{"external_order_id":"ord-1001","items":{"burger_combo":1}}`

// nothing takes an answer and keeps only its status.
type nothing struct {
	header http.Header
	status int
}

func (n *nothing) Header() http.Header         { return n.header }
func (n *nothing) WriteHeader(status int)      { n.status = status }
func (n *nothing) Write(b []byte) (int, error) { return len(b), nil }

// BenchmarkConfirm measures everything around the service on the hot path: routing, authentication, reading, checking,
// metrics and writing, without net/http's own reading of the connection.
func BenchmarkConfirm(b *testing.B) {
	api := setup(b, func(p *Parts) { p.Log = telemetry.NewLogger(io.Discard, slog.LevelInfo, "api") })
	benchmark(b, api, "/api/v1/orders/confirm", confirmExample, http.StatusCreated)
}

// BenchmarkStart measures the same for a request without a body.
func BenchmarkStart(b *testing.B) {
	api := setup(b, func(p *Parts) { p.Log = telemetry.NewLogger(io.Discard, slog.LevelInfo, "api") })
	benchmark(b, api, "/api/v1/tasks/1/start", "", http.StatusOK)
}

func benchmark(b *testing.B, api *bundle, path, body string, want int) {
	b.Helper()
	api.orders.placed = nil
	reader := strings.NewReader(body)
	req := httptest.NewRequest(http.MethodPost, path, reader)
	req.Header.Set("Authorization", "Bearer owner")
	req.Header.Set("Content-Type", "application/json")
	w := &nothing{}
	b.ReportAllocs()
	for b.Loop() {
		reader.Reset(body)
		w.header = http.Header{}
		api.ServeHTTP(w, req)
		api.orders.placed = api.orders.placed[:0]
	}
	require.Equal(b, want, w.status)
}
