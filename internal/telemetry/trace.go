package telemetry

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"net/url"
	"os"
	"strings"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"brigade/internal/errs"
)

// TraceOptions say where spans go. What they leave open the standard variables say: OTEL_EXPORTER_OTLP_ENDPOINT,
// OTEL_EXPORTER_OTLP_PROTOCOL, OTEL_EXPORTER_OTLP_HEADERS, OTEL_TRACES_SAMPLER, OTEL_RESOURCE_ATTRIBUTES and the like.
type TraceOptions struct {
	Endpoint string // of the collector, as http://localhost:4318; "": what the variables say
	Protocol string // http/protobuf or grpc; "": what the variables say, else http/protobuf
	Service  string // service.name, unless OTEL_SERVICE_NAME says otherwise
	Node     string // service.instance.id
	Version  string
	Exporter sdktrace.SpanExporter // instead of a collector: for tests
}

// Wanted tells whether anybody asks for traces. They are off unless an endpoint is named.
func (o TraceOptions) Wanted() bool {
	switch {
	case o.Exporter != nil || o.Endpoint != "":
		return true
	case strings.EqualFold(os.Getenv("OTEL_SDK_DISABLED"), "true") || os.Getenv("OTEL_TRACES_EXPORTER") == "none":
		return false
	}
	return os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != "" || os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != ""
}

// Traces makes spans and sends them away, without ever waiting for whoever takes them. A nil one makes none, at no cost.
type Traces struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
}

// spansWait is how many finished spans wait for the collector; more are dropped.
const spansWait = 16384

// NewTraces returns traces, or nil when nobody asks for them. Errors: KindInvalid.
func NewTraces(ctx context.Context, o TraceOptions) (*Traces, error) {
	if !o.Wanted() {
		return nil, nil //nolint:nilnil // nil makes no spans
	}
	export := sdktrace.WithSyncer(o.Exporter)
	if o.Exporter == nil {
		to, err := o.exporter(ctx)
		if err != nil {
			return nil, errs.Invalid("traces cannot be sent: %v", err)
		}
		export = sdktrace.WithBatcher(to, sdktrace.WithMaxQueueSize(spansWait))
	}
	about, err := resource.New(ctx,
		resource.WithAttributes(
			attribute.String("service.name", o.Service), attribute.String("service.version", o.Version),
			attribute.String("service.instance.id", o.Node)),
		resource.WithFromEnv(), resource.WithTelemetrySDK())
	if err != nil {
		return nil, errs.Invalid("OTEL_RESOURCE_ATTRIBUTES cannot be read: %v", err)
	}
	provider := sdktrace.NewTracerProvider(export, sdktrace.WithResource(about), sdktrace.WithIDGenerator(ids{}))
	return &Traces{provider, provider.Tracer("brigade", trace.WithInstrumentationVersion(o.Version))}, nil
}

func (o TraceOptions) exporter(ctx context.Context) (sdktrace.SpanExporter, error) {
	protocol := o.Protocol
	for _, name := range []string{"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"} {
		if protocol == "" {
			protocol = os.Getenv(name)
		}
	}
	switch protocol {
	case "grpc":
		var opts []otlptracegrpc.Option
		if o.Endpoint != "" {
			opts = append(opts, otlptracegrpc.WithEndpointURL(o.Endpoint))
		}
		return otlptracegrpc.New(ctx, opts...)
	case "", "http/protobuf":
		var opts []otlptracehttp.Option
		if o.Endpoint != "" {
			opts = append(opts, otlptracehttp.WithEndpointURL(strings.TrimSuffix(strings.TrimSuffix(o.Endpoint, "/"), "/v1/traces")+"/v1/traces"))
		}
		return otlptracehttp.New(ctx, opts...)
	}
	return nil, errs.Invalid("the protocol must be http/protobuf or grpc, not %q", protocol)
}

// Stop sends what waits and ends.
func (t *Traces) Stop(ctx context.Context) error {
	if t == nil {
		return nil
	}
	return t.provider.Shutdown(ctx)
}

// Start begins a span; end it with End. Without traces both do nothing.
func (t *Traces) Start(ctx context.Context, name string, kind trace.SpanKind, about ...attribute.KeyValue) (context.Context, trace.Span) {
	if t == nil {
		return ctx, trace.SpanFromContext(context.Background())
	}
	return t.tracer.Start(ctx, name, trace.WithSpanKind(kind), trace.WithAttributes(about...))
}

// Record writes down a span that is over, under an id that was given out before: Child's.
func (t *Traces) Record(parent, own, name string, options ...trace.SpanStartOption) {
	if t == nil {
		return
	}
	mine := trace.SpanContextFromContext(WithTraceParent(context.Background(), own))
	ctx := context.WithValue(WithTraceParent(context.Background(), parent), ownID{}, mine.SpanID())
	_, span := t.tracer.Start(ctx, name, options...)
	span.End()
}

// End ends a span; an error makes it a failed one.
func End(span trace.Span, err error) {
	if err != nil {
		span.RecordError(err)
		span.SetStatus(codes.Error, err.Error())
	}
	span.End()
}

var w3c = propagation.TraceContext{}

const traceParent = "traceparent"

// TraceParent is the W3C trace context of a context; "" when there is none.
func TraceParent(ctx context.Context) string {
	if !trace.SpanContextFromContext(ctx).IsValid() {
		return ""
	}
	carrier := propagation.MapCarrier{}
	w3c.Inject(ctx, carrier)
	return carrier[traceParent]
}

// WithTraceParent returns a context in which spans belong to a W3C trace context; what is none changes nothing.
func WithTraceParent(ctx context.Context, parent string) context.Context {
	if parent == "" {
		return ctx
	}
	return w3c.Extract(ctx, propagation.MapCarrier{traceParent: parent})
}

// Child is a new span's trace context below another's; "" without one.
func Child(parent string) string {
	if len(parent) != 55 {
		return ""
	}
	id := newSpanID()
	return parent[:36] + hex.EncodeToString(id[:]) + parent[52:]
}

// SameTrace tells whether two trace contexts are of one trace.
func SameTrace(a, b string) bool { return len(a) == 55 && len(b) == 55 && a[:35] == b[:35] }

// ids makes random ids, and lets a span have one that was given out before.
type ids struct{}

type ownID struct{}

// NewIDs implements sdktrace.IDGenerator.
func (ids) NewIDs(context.Context) (trace.TraceID, trace.SpanID) {
	var t trace.TraceID
	_, _ = rand.Read(t[:]) // never fails
	return t, newSpanID()
}

// NewSpanID implements sdktrace.IDGenerator.
func (ids) NewSpanID(ctx context.Context, _ trace.TraceID) trace.SpanID {
	if own, ok := ctx.Value(ownID{}).(trace.SpanID); ok && own.IsValid() {
		return own
	}
	return newSpanID()
}

func newSpanID() (s trace.SpanID) {
	_, _ = rand.Read(s[:]) // never fails
	return s
}

// HTTP makes a span of each request, below the client's if he sends a trace context. What is asked again and again by
// machines has none. Nobody's address, no query and no link's secret gets into a span.
func (t *Traces) HTTP(next http.Handler) http.Handler {
	if t == nil {
		return next
	}
	inner := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		was, ok := r.Context().Value(shownKey{}).(*shown)
		if ok {
			r.RemoteAddr, r.Header, r.URL = was.addr, was.header, was.url
		}
		next.ServeHTTP(w, r)
		if ok && was.route != "" {
			r.Pattern = was.route
		}
	})
	traced := otelhttp.NewHandler(inner, "request", otelhttp.WithTracerProvider(t.provider), otelhttp.WithPropagators(w3c),
		otelhttp.WithSpanNameFormatter(func(_ string, r *http.Request) string {
			route := r.Pattern
			if was, ok := r.Context().Value(shownKey{}).(*shown); ok {
				route = cmp.Or(was.route, route)
			}
			return strings.TrimSpace(r.Method + " " + strings.TrimPrefix(route, r.Method+" "))
		}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if dull(r.URL.Path) {
			next.ServeHTTP(w, r)
			return
		}
		hidden := r.WithContext(context.WithValue(r.Context(), shownKey{}, &shown{addr: r.RemoteAddr, header: r.Header, url: r.URL}))
		hidden.RemoteAddr, hidden.Header, hidden.URL = "", http.Header{}, &url.URL{Path: Path(r.URL.Path)}
		for _, name := range []string{"Traceparent", "Tracestate"} {
			if v := r.Header.Get(name); v != "" {
				hidden.Header.Set(name, v)
			}
		}
		traced.ServeHTTP(w, hidden)
	})
}

// shown is what of a request is kept out of its span, and the route that gives the span its name.
type shown struct {
	addr   string
	header http.Header
	url    *url.URL
	route  string
}

// SetRoute says by which route a request is answered.
func SetRoute(ctx context.Context, route string) {
	if was, ok := ctx.Value(shownKey{}).(*shown); ok {
		was.route = route
	}
}

type shownKey struct{}

// dull are paths that are asked again and again, or whose answers have no end.
func dull(path string) bool {
	for _, prefix := range []string{"/health", "/ready", "/metrics", "/static/", "/live/", "/api/v1/events"} {
		if strings.HasPrefix(path, prefix) {
			return true
		}
	}
	return false
}

// InjectTrace puts the trace context of ctx into the headers of a request to somebody else.
func InjectTrace(ctx context.Context, h http.Header) { w3c.Inject(ctx, propagation.HeaderCarrier(h)) }
