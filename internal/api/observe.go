package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"brigade/internal/errs"
	"brigade/internal/telemetry"
)

// exchange is what is noted about one request on its way.
type exchange struct {
	id         string
	reading    bool  // the method promises to change nothing
	quiet      bool  // on the hot path: a success is only logged in debug
	badRequest bool  // contract R: invalid is 400, not 422
	cause      error // of the problem that was answered
}

type exchangeKey struct{}

// exchangeOf returns the notes on the request of ctx; notes that nobody reads when there is none.
func exchangeOf(ctx context.Context) *exchange {
	if x, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
		return x
	}
	return &exchange{}
}

// status is what a kind of error is answered with on this route.
func (x *exchange) status(k errs.Kind) int {
	if x.badRequest && k == errs.KindInvalid {
		return http.StatusBadRequest
	}
	return statuses[k]
}

// requestIDs makes short names for requests, unique over processes.
type requestIDs struct {
	prefix string
	last   atomic.Uint64
}

func newRequestIDs() *requestIDs {
	return &requestIDs{prefix: "r-" + uuid.NewString()[:8] + "-"}
}

// of is the client's own request id when it is a printable one, else a new one.
func (r *requestIDs) of(req *http.Request) string {
	if id := req.Header.Get("X-Request-Id"); id != "" && len(id) <= 128 && printable(id) {
		return id
	}
	return r.prefix + strconv.FormatUint(r.last.Add(1), 36)
}

func printable(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// answer watches what is answered, and gives the router's own errors the shape of all others.
type answer struct {
	http.ResponseWriter
	req     *http.Request
	x       *exchange
	status  int
	dropped bool // the router's text, replaced by a problem
}

// Unwrap serves http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 && a.req.Pattern == "" && (status == http.StatusNotFound || status == http.StatusMethodNotAllowed) {
		a.dropped = true
		a.unrouted(status)
		return
	}
	if a.status == 0 && status >= 200 {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) unrouted(status int) {
	p := newProblem(status, errs.KindNotFound.String(), "there is nothing at "+a.req.URL.Path)
	if status == http.StatusMethodNotAllowed {
		p = newProblem(status, "method_not_allowed", a.req.Method+" is not possible here, only "+a.Header().Get("Allow"))
	}
	a.status, p.RequestID = status, a.x.id
	p.write(a.ResponseWriter)
}

// Write implements http.ResponseWriter.
func (a *answer) Write(b []byte) (int, error) {
	if a.dropped {
		return len(b), nil
	}
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return a.ResponseWriter.Write(b)
}

// observe names, counts, logs and guards every request.
func (s *server) observe(next http.Handler) http.Handler {
	var metrics *telemetry.HTTP
	if s.Metrics != nil {
		metrics = s.Metrics.HTTP
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start, done := time.Now(), metrics.Begin()
		x := &exchange{id: s.ids.of(r), reading: r.Method == http.MethodGet || r.Method == http.MethodHead}
		ctx := context.WithValue(telemetry.WithRequestID(r.Context(), x.id), exchangeKey{}, x)
		r = r.WithContext(ctx)
		w.Header().Set("X-Request-Id", x.id)
		a := &answer{ResponseWriter: w, req: r, x: x}
		defer func() {
			s.recovered(recover(), a)
			_, route, _ := strings.Cut(r.Pattern, " ")
			done(route, methodLabel(r.Method), a.status)
			s.logAccess(a, time.Since(start))
		}()
		next.ServeHTTP(a, r)
		telemetry.SetRoute(ctx, r.Pattern)
	})
}

// methodLabel keeps made-up methods out of the metrics.
func methodLabel(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}

// recovered answers a panic with 500. An aborted answer is passed on: net/http closes the connection then.
func (s *server) recovered(panicked any, a *answer) {
	if panicked == nil {
		return
	}
	if panicked == http.ErrAbortHandler { //nolint:errorlint // as net/http compares it
		panic(panicked)
	}
	s.Log.ErrorContext(a.req.Context(), "a handler panicked", "action", "panic",
		"path", telemetry.Path(a.req.URL.Path), "error", fmt.Errorf("%v", panicked), "stack", string(debug.Stack()))
	if a.status == 0 {
		problem(a.req.Context(), fmt.Errorf("panic: %v", panicked)).write(a)
	}
}

func (s *server) logAccess(a *answer, took time.Duration) {
	ctx, level := a.req.Context(), slog.LevelInfo
	switch {
	case a.status >= 500 && errs.Is(a.x.cause, errs.KindInternal):
		level = slog.LevelError
	case errors.Is(a.x.cause, context.Canceled): // the client has gone: nobody hears the answer
		level = slog.LevelDebug
	case a.x.quiet && a.status < 300:
		level = slog.LevelDebug
	}
	if !s.Log.Enabled(ctx, level) {
		return
	}
	path := telemetry.Path(a.req.URL.Path)
	attrs := []slog.Attr{
		slog.String("action", "http_request"), slog.String("method", a.req.Method), slog.String("path", path),
		slog.Int("status", a.status), slog.Float64("took_ms", float64(took.Microseconds())/1000),
	}
	switch {
	case a.x.cause == nil:
	case a.status >= 500:
		attrs = append(attrs, telemetry.Err(a.x.cause))
	default:
		attrs = append(attrs, slog.String("why", a.x.cause.Error()))
	}
	s.Log.LogAttrs(ctx, level, a.req.Method+" "+path+" "+strconv.Itoa(a.status), attrs...)
}

// protect refuses what no route needs to see: bodies over the limit, texts that cannot be kept, and requests that
// another site made a browser send.
func protect(next http.Handler) http.Handler {
	crossOrigin := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var err error
		switch {
		case r.ContentLength > maxBody:
			err = tooLarge
		case !storable(r.URL):
			err = errs.Malformed("the address must be UTF-8 without NUL")
		case crossOrigin.Check(r) != nil:
			err = errs.Forbidden("another site's page may not do this")
		}
		if err != nil {
			problem(r.Context(), err).write(w)
			return
		}
		if r.Header.Get("Content-Type") == asCurl {
			r.Header.Set("Content-Type", "application/json")
		}
		next.ServeHTTP(w, r)
	})
}

// asCurl is what curl -d says of any body when it is told nothing else. No route takes forms, so it is read as JSON;
// browsers of other sites were turned away before.
const asCurl = "application/x-www-form-urlencoded"

// storable tells whether everything in the address is text that Postgres can compare with.
func storable(u *url.URL) bool {
	if !text(u.Path) || !text(u.RawQuery) {
		return false
	}
	if !strings.Contains(u.RawQuery, "%") {
		return true
	}
	query, err := url.QueryUnescape(u.RawQuery)
	return err == nil && text(query)
}

func text(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }
