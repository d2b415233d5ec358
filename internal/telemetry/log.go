// Package telemetry is what Brigade tells its operators: logs and metrics.
package telemetry

import (
	"context"
	"io"
	"log/slog"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/trace"
	"golang.org/x/term"
)

// Format is how logs are written.
type Format string

// The formats. Auto is text on a terminal and JSON elsewhere.
const (
	FormatAuto Format = "auto"
	FormatJSON Format = "json"
	FormatText Format = "text"
)

// Option changes how NewLogger writes.
type Option func(*handler)

// WithFormat chooses the format; without it, it is JSON.
func WithFormat(f Format) Option {
	return func(h *handler) { h.format = f }
}

// NewLogger returns a logger that writes one line per record to w, from level on. A line has the fields of contract R:
// timestamp (RFC 3339, UTC, milliseconds), level, service, action, message, hostname, request_id and, for errors,
// error {msg, stack}; then what else was given.
//
// Say what was done as the attribute "action": logger.Info("order taken", "action", "order_placed", …). The request
// ID comes from the context of InfoContext and its like; lines outside a request carry one that is the process's own.
func NewLogger(w io.Writer, level slog.Leveler, service string, options ...Option) *slog.Logger {
	host, _ := os.Hostname() // "" is an honest answer
	h := &handler{level: level, service: service, hostname: host, run: "run-" + uuid.NewString()[:8], format: FormatJSON}
	for _, set := range options {
		set(h)
	}
	if h.format == FormatText || h.format == FormatAuto && IsTerminal(w) {
		h.format = FormatText
		h.out = newText(w)
	} else {
		h.out = slog.NewJSONHandler(w, &slog.HandlerOptions{Level: slog.Level(-128), ReplaceAttr: contractNames})
	}
	return slog.New(h)
}

// IsTerminal tells whether somebody is looking at w.
func IsTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// ParseLevel reads debug, info, warn or error.
func ParseLevel(s string) (slog.Level, error) {
	var l slog.Level
	err := l.UnmarshalText([]byte(s))
	return l, err
}

// Err is the attribute for an error; it is written as {msg, stack}, with the stack of the log call.
func Err(err error) slog.Attr { return slog.Any("error", err) }

type requestKey struct{}

// WithRequestID returns a context whose log lines carry the request ID.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestKey{}, id)
}

// RequestID returns the context's request ID, or "".
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}

// contractNames gives slog's own fields the contract's names and the time its format.
func contractNames(groups []string, a slog.Attr) slog.Attr {
	if len(groups) > 0 {
		return a
	}
	switch a.Key {
	case slog.TimeKey:
		if t, ok := a.Value.Any().(time.Time); ok {
			return slog.String("timestamp", t.UTC().Format("2006-01-02T15:04:05.000Z07:00"))
		}
	case slog.MessageKey:
		a.Key = "message"
	}
	return a
}

// handler gathers a record's attributes, adds the contract's and hands them to the writer of lines.
type handler struct {
	out                    lines
	level                  slog.Leveler
	format                 Format
	service, hostname, run string
	scopes                 []scope // from With and WithGroup, outermost first
}

// lines writes a record whose attributes are complete.
type lines interface {
	Handle(ctx context.Context, r slog.Record) error
}

// scope is one group (the first has no name) and the attributes given in it.
type scope struct {
	name  string
	attrs []slog.Attr
}

// Enabled implements slog.Handler.
func (h *handler) Enabled(_ context.Context, l slog.Level) bool { return l >= h.level.Level() }

// WithGroup implements slog.Handler.
func (h *handler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	return h.with(append(h.copyScopes(), scope{name: name}))
}

// WithAttrs implements slog.Handler.
func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	s := h.copyScopes()
	last := &s[len(s)-1]
	last.attrs = append(last.attrs[:len(last.attrs):len(last.attrs)], attrs...)
	return h.with(s)
}

func (h *handler) with(s []scope) *handler {
	c := *h
	c.scopes = s
	return &c
}

func (h *handler) copyScopes() []scope {
	if len(h.scopes) == 0 {
		return []scope{{}}
	}
	return append([]scope(nil), h.scopes...)
}

// Handle implements slog.Handler.
func (h *handler) Handle(ctx context.Context, r slog.Record) error {
	out := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	attrs := h.gather(r)
	action, id := takeAction(&attrs), RequestID(ctx)
	if id == "" {
		id = h.run
	}
	if h.format != FormatText {
		out.AddAttrs(slog.String("service", h.service), slog.String("action", action),
			slog.String("hostname", h.hostname), slog.String("request_id", id))
		if span := trace.SpanContextFromContext(ctx); span.IsValid() {
			out.AddAttrs(slog.String("trace_id", span.TraceID().String()), slog.String("span_id", span.SpanID().String()))
		}
		attrs = withError(attrs, r)
	}
	out.AddAttrs(attrs...)
	return h.out.Handle(ctx, out)
}

// gather returns the record's attributes, nested into the groups they were given in.
func (h *handler) gather(r slog.Record) []slog.Attr {
	attrs := make([]slog.Attr, 0, r.NumAttrs()+4)
	r.Attrs(func(a slog.Attr) bool { attrs = append(attrs, a); return true })
	for i := len(h.scopes) - 1; i >= 0; i-- {
		s := h.scopes[i]
		attrs = append(s.attrs[:len(s.attrs):len(s.attrs)], attrs...)
		if s.name != "" && len(attrs) > 0 {
			attrs = []slog.Attr{{Key: s.name, Value: slog.GroupValue(attrs...)}}
		}
	}
	return attrs
}

// takeAction removes the action from the attributes; the last one given wins, and "log" stands for none.
func takeAction(attrs *[]slog.Attr) string {
	action, rest := "log", (*attrs)[:0:0]
	for _, a := range *attrs {
		if a.Key == "action" {
			action = a.Value.String()
			continue
		}
		rest = append(rest, a)
	}
	*attrs = rest
	return action
}

// withError renders an error as {msg, stack}; a line of level error without one gets its message as msg.
func withError(attrs []slog.Attr, r slog.Record) []slog.Attr {
	found := false
	for i, a := range attrs {
		if err, ok := a.Value.Any().(error); ok && a.Key == "error" {
			attrs[i], found = errorAttr(err.Error(), r.PC), true
		}
	}
	if !found && r.Level >= slog.LevelError {
		attrs = append(attrs, errorAttr(r.Message, r.PC))
	}
	return attrs
}

func errorAttr(msg string, pc uintptr) slog.Attr {
	return slog.Group("error", slog.String("msg", msg), slog.String("stack", stack(pc)))
}

// stack is the stack from the log call (at pc) outwards, one "function file:line" per line.
func stack(pc uintptr) string {
	pcs := make([]uintptr, 64)
	pcs = pcs[:runtime.Callers(2, pcs)]
	for i := range pcs {
		if pcs[i] == pc {
			pcs = pcs[i:]
			break
		}
	}
	var b strings.Builder
	for frames := runtime.CallersFrames(pcs); ; {
		f, more := frames.Next()
		if f.Function != "" {
			b.WriteString(f.Function + " " + f.File + ":" + strconv.Itoa(f.Line) + "\n")
		}
		if !more {
			return strings.TrimSuffix(b.String(), "\n")
		}
	}
}
