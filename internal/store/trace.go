package store

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

const tracerName = "brigade/store"

// callSpan is the span of a caller who waits for a group commit; nil when nobody traces him.
func callSpan(ctx context.Context, batcher string) trace.Span {
	parent := trace.SpanFromContext(ctx)
	if !parent.IsRecording() {
		return nil
	}
	_, span := parent.TracerProvider().Tracer(tracerName).Start(ctx, "wait for commit "+batcher)
	return span
}

// sharedSpan is the span of a transaction that callers share, linked with theirs both ways; nil when none is traced. It
// belongs to no caller, so it is the root of a trace of its own.
func sharedSpan(batcher string, size int, callers []trace.Span) trace.Span {
	if len(callers) == 0 {
		return nil
	}
	links := make([]trace.Link, len(callers))
	for i, c := range callers {
		links[i].SpanContext = c.SpanContext()
	}
	_, span := callers[0].TracerProvider().Tracer(tracerName).Start(context.Background(), "commit "+batcher,
		trace.WithLinks(links...), trace.WithAttributes(attribute.Int("brigade.batch_size", size)))
	for _, c := range callers {
		c.AddLink(trace.Link{SpanContext: span.SpanContext()})
	}
	return span
}

func endSpan(span trace.Span, err error) {
	if span == nil {
		return
	}
	if err != nil {
		span.SetStatus(codes.Error, err.Error())
	}
	span.End(trace.WithTimestamp(time.Now()))
}
