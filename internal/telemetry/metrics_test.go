package telemetry_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/telemetry"
)

func TestMetrics(t *testing.T) {
	t.Parallel()
	m := telemetry.NewMetrics()
	note(m.Kitchen, m.Commit("orders"), m.Events, m.Lease, m.HTTP)
	m.Commit("orders").Done(1, time.Second, nil) // asked for twice: the same series

	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	require.Equal(t, 200, w.Code)
	for _, want := range []string{
		"brigade_kitchen_queue_length 7", "brigade_kitchen_queue_wait_seconds 1.5",
		"brigade_kitchen_assignment_latency_seconds_count 1", "brigade_kitchen_plan_duration_seconds_count 1",
		"brigade_kitchen_overtaken_total 2", "brigade_kitchen_requeued_total 3",
		`brigade_commit_batch_size_sum{batch="orders"} 33`, `brigade_commit_duration_seconds_count{batch="orders"} 2`,
		`brigade_commit_failed_total{batch="orders"} 1`,
		`brigade_events_behind{sink="main"} 9`, `brigade_events_published_total{sink="main"} 4`, `brigade_events_failed_total{sink="main"} 1`,
		`brigade_lease_held{kind="kitchen"} 5`, `brigade_lease_gained_total{kind="kitchen"} 6`, `brigade_lease_lost_total{kind="kitchen"} 1`,
		"brigade_lease_renewal_failed_total 1",
		`brigade_http_requests_total{method="GET",route="/health",status="200"} 1`,
		`brigade_http_request_duration_seconds_count{method="GET",route="/health"} 1`, "brigade_http_in_flight 0",
		"go_goroutines", "process_open_fds",
	} {
		require.Contains(t, w.Body.String(), want)
	}
}

func TestNilAndZeroMetricsTakeNoNotes(t *testing.T) {
	t.Parallel()
	require.NotPanics(t, func() {
		note(nil, nil, nil, nil, nil)
		note(&telemetry.Kitchen{}, &telemetry.Commit{}, &telemetry.Events{}, &telemetry.Lease{}, &telemetry.HTTP{})
	})
}

func note(k *telemetry.Kitchen, c *telemetry.Commit, e *telemetry.Events, l *telemetry.Lease, h *telemetry.HTTP) {
	k.SetQueue(7, 1500*time.Millisecond)
	k.Assigned(time.Millisecond)
	k.Planned(time.Microsecond)
	k.Overtaken(2)
	k.Requeued(3)
	c.Done(32, time.Millisecond, errors.New("disk full"))
	e.SetBehind("main", 9)
	e.Published("main", 4)
	e.Failed("main")
	l.Changed("kitchen", 6, 1, 5)
	l.RenewalFailed()
	h.Begin()("/health", http.MethodGet, 200)
}
