package telemetry

import (
	"context"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"sync"
)

// text writes lines for people: "15:04:05.000 INFO  order taken number=ORD_… total=12.99". It needs no With:
// handler gathers everything before.
type text struct {
	mu sync.Mutex
	w  io.Writer
}

func newText(w io.Writer) *text { return &text{w: w} }

// Handle implements lines.
func (t *text) Handle(_ context.Context, r slog.Record) error {
	var b strings.Builder
	b.WriteString(r.Time.Local().Format("15:04:05.000 "))
	level := r.Level.String()
	b.WriteString(level + strings.Repeat(" ", max(0, 5-len(level))) + " " + r.Message)
	r.Attrs(func(a slog.Attr) bool { writeText(&b, "", a); return true })
	b.WriteByte('\n')
	t.mu.Lock()
	defer t.mu.Unlock()
	_, err := io.WriteString(t.w, b.String())
	return err
}

func writeText(b *strings.Builder, prefix string, a slog.Attr) {
	v := a.Value.Resolve()
	if v.Kind() == slog.KindGroup {
		if a.Key != "" {
			prefix += a.Key + "."
		}
		for _, inner := range v.Group() {
			writeText(b, prefix, inner)
		}
		return
	}
	s := v.String()
	if s == "" || strings.ContainsAny(s, " \t\r\n\"=") {
		s = strconv.Quote(s)
	}
	b.WriteString(" " + prefix + a.Key + "=" + s)
}
