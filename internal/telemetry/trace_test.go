package telemetry_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"brigade/internal/telemetry"
)

const parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

func kept(t *testing.T) (*telemetry.Traces, *tracetest.InMemoryExporter) {
	t.Helper()
	spans := tracetest.NewInMemoryExporter()
	traces, err := telemetry.NewTraces(t.Context(), telemetry.TraceOptions{Exporter: spans, Service: "brigade"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, traces.Stop(context.Background())) })
	return traces, spans
}

func TestSpansReachACollector(t *testing.T) {
	t.Parallel()
	got := make(chan *collector.ExportTraceServiceRequest, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var sent collector.ExportTraceServiceRequest
		if err != nil || r.URL.Path != "/v1/traces" || proto.Unmarshal(body, &sent) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		got <- &sent
	}))
	defer server.Close()
	traces, err := telemetry.NewTraces(t.Context(), telemetry.TraceOptions{Endpoint: server.URL, Service: "brigade", Node: "n1"})
	require.NoError(t, err)
	_, span := traces.Start(telemetry.WithTraceParent(t.Context(), parent), "a step", trace.SpanKindInternal)
	telemetry.End(span, errors.New("no"))
	require.NoError(t, traces.Stop(t.Context()), "stopping sends what waits")
	resource := (<-got).ResourceSpans[0]
	sent := resource.ScopeSpans[0].Spans[0]
	require.Equal(t, "a step", sent.Name)
	require.Equal(t, "no", sent.Status.Message)
	require.Contains(t, resource.Resource.String(), "n1")
}

// receiver is a collector that speaks gRPC.
type receiver struct {
	collector.UnimplementedTraceServiceServer
	got chan *collector.ExportTraceServiceRequest
}

func (r receiver) Export(_ context.Context, sent *collector.ExportTraceServiceRequest) (*collector.ExportTraceServiceResponse, error) {
	r.got <- sent
	return &collector.ExportTraceServiceResponse{}, nil
}

func TestSpansReachACollectorByGRPC(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	r, server := receiver{got: make(chan *collector.ExportTraceServiceRequest, 1)}, grpc.NewServer()
	collector.RegisterTraceServiceServer(server, r)
	go func() { _ = server.Serve(listener) }() // ends with Stop
	defer server.Stop()
	traces, err := telemetry.NewTraces(t.Context(), telemetry.TraceOptions{
		Endpoint: "http://" + listener.Addr().String(), Protocol: "grpc", Service: "brigade", Node: "n1",
	})
	require.NoError(t, err)
	_, span := traces.Start(telemetry.WithTraceParent(t.Context(), parent), "a step", trace.SpanKindInternal)
	telemetry.End(span, nil)
	require.NoError(t, traces.Stop(t.Context()), "stopping sends what waits")
	require.Equal(t, "a step", (<-r.got).ResourceSpans[0].ScopeSpans[0].Spans[0].Name)
	_, err = telemetry.NewTraces(t.Context(), telemetry.TraceOptions{Endpoint: "http://here", Protocol: "pigeon"})
	require.ErrorContains(t, err, "http/protobuf or grpc")
}

func TestSpansBelongToTheTraceTheyAreGiven(t *testing.T) {
	t.Parallel()
	traces, spans := kept(t)
	child := telemetry.Child(parent)
	require.True(t, telemetry.SameTrace(parent, child))
	require.NotEqual(t, parent, child)
	traces.Record(parent, child, "over")
	got := spans.GetSpans()[0]
	require.Equal(t, child, telemetry.TraceParent(trace.ContextWithSpanContext(t.Context(), got.SpanContext)))
	require.Equal(t, "00f067aa0ba902b7", got.Parent.SpanID().String())
	require.Empty(t, telemetry.Child(""))
	require.Empty(t, telemetry.Child("nonsense"))
	require.False(t, telemetry.SameTrace("", ""))
}

func TestRequestsHaveSpansWithoutTheirGuests(t *testing.T) {
	t.Parallel()
	traces, spans := kept(t)
	seen := ""
	h := traces.HTTP(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		telemetry.SetRoute(r.Context(), "POST /orders/{ref}")
		seen = r.RemoteAddr + " " + r.UserAgent()
	}))
	req := httptest.NewRequest(http.MethodPost, "/orders/7?name=Ada", nil)
	req.Header.Set("traceparent", parent)
	req.Header.Set("User-Agent", "phone")
	h.ServeHTTP(httptest.NewRecorder(), req)
	require.Equal(t, req.RemoteAddr+" phone", seen, "the handler sees everything")
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/metrics", nil))
	require.Len(t, spans.GetSpans(), 1)
	got := spans.GetSpans()[0]
	require.Equal(t, "POST /orders/{ref}", got.Name)
	require.Equal(t, "4bf92f3577b34da6a3ce929d0e0e4736", got.SpanContext.TraceID().String())
	for _, a := range got.Attributes {
		for _, secret := range []string{"Ada", "phone", "192.0.2.1"} {
			require.NotContains(t, a.Value.String(), secret, a.Key)
		}
	}
}

// Who has a link may come in by it: it is the handler's alone.
func TestLinksStayOutOfSpans(t *testing.T) {
	t.Parallel()
	traces, spans := kept(t)
	for path, want := range map[string]string{
		"/welcome/brl_s3cret": "/welcome/[redacted]", "/track/s3cret": "/track/[redacted]", "/api/v1/track/s3cret": "/api/v1/track/[redacted]",
		"/track/": "/track/", "/kitchen/s3cret": "/kitchen/s3cret",
	} {
		seen := ""
		traces.HTTP(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = r.URL.String() })).
			ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path+"?a=b", nil))
		require.Equal(t, path+"?a=b", seen, "the handler sees everything")
		all := spans.GetSpans()
		spans.Reset()
		require.Len(t, all, 1)
		named := false
		for _, a := range all[0].Attributes {
			named = named || a.Value.String() == want
			require.NotContains(t, strings.ReplaceAll(a.Value.String(), want, ""), "s3cret", a.Key)
		}
		require.True(t, named, "%s in %v", want, all[0].Attributes)
		require.NotContains(t, all[0].Name, "s3cret")
	}
}

func TestLogLinesNameTheirTrace(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	log := telemetry.NewLogger(&b, slog.LevelInfo, "brigade")
	log.InfoContext(telemetry.WithTraceParent(t.Context(), parent), "x")
	m := line(t, &b)
	require.Equal(t, "4bf92f3577b34da6a3ce929d0e0e4736", m["trace_id"])
	require.Equal(t, "00f067aa0ba902b7", m["span_id"])
	log.InfoContext(t.Context(), "x")
	require.NotContains(t, line(t, &b), "trace_id")
}

func TestWithoutTracesNothingIsDone(t *testing.T) { //nolint:paralleltest // allocations are counted alone
	var off *telemetry.Traces
	require.Zero(t, testing.AllocsPerRun(100, func() {
		ctx, span := off.Start(t.Context(), "x", trace.SpanKindInternal)
		off.Record(parent, parent, "x")
		telemetry.End(span, nil)
		_ = telemetry.TraceParent(ctx)
	}))
	require.NoError(t, off.Stop(t.Context()))
}

func TestWrongProtocol(t *testing.T) {
	t.Parallel()
	_, err := telemetry.NewTraces(t.Context(), telemetry.TraceOptions{Endpoint: "http://localhost:1", Protocol: "pigeon"})
	require.ErrorContains(t, err, "pigeon")
	require.ErrorContains(t, err, "grpc")
}

// What a step costs when nobody traces: go test -bench TracesOff ./internal/telemetry
func BenchmarkTracesOff(b *testing.B) {
	var off *telemetry.Traces
	ctx := telemetry.WithRequestID(b.Context(), "req-1")
	for b.Loop() {
		in, span := off.Start(ctx, "x", trace.SpanKindInternal)
		_ = telemetry.TraceParent(in)
		telemetry.End(span, nil)
	}
}

func BenchmarkTracesOn(b *testing.B) {
	traces, err := telemetry.NewTraces(b.Context(), telemetry.TraceOptions{Exporter: nowhere{}})
	require.NoError(b, err)
	ctx := telemetry.WithTraceParent(b.Context(), parent)
	for b.Loop() {
		in, span := traces.Start(ctx, "x", trace.SpanKindInternal)
		_ = telemetry.TraceParent(in)
		telemetry.End(span, nil)
	}
}

// nowhere takes spans and drops them.
type nowhere struct{}

func (nowhere) ExportSpans(context.Context, []sdktrace.ReadOnlySpan) error { return nil }

func (nowhere) Shutdown(context.Context) error { return nil }
