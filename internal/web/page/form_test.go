package page

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/account"
	"brigade/internal/actor"
	"brigade/internal/errs"
)

// What no text can hold, in an address or a form, is the sender's fault, not ours; nor is a form cut off that is too large.
func TestWhatNobodyCanReadIsRefused(t *testing.T) {
	t.Parallel()
	k := New(Parts{Log: slog.New(slog.DiscardHandler)})
	var got string
	h := k.Open(func(w http.ResponseWriter, r *http.Request) error {
		got = r.PostFormValue("a")
		w.WriteHeader(http.StatusNoContent)
		return nil
	})
	for _, c := range []struct {
		path, form string
		want       int
	}{
		{"/ñ?q=%C3%B1;b", "", http.StatusNoContent},
		{"/x?q=%00", "", http.StatusBadRequest},
		{"/x?q=%ff", "", http.StatusBadRequest},
		{"/x?q=%zz", "", http.StatusBadRequest},
		{"/%00", "", http.StatusBadRequest},
		{"/%ff", "", http.StatusBadRequest},
		{"/x", "a=%C3%B1+%0A", http.StatusNoContent},
		{"/x", "a=%00", http.StatusBadRequest},
		{"/x", "a=1&b=%ff", http.StatusBadRequest},
		{"/x", "a%00=1", http.StatusBadRequest},
		{"/x", "a=%zz", http.StatusBadRequest},
		{"/x", "a=" + strings.Repeat("x", maxForm), http.StatusRequestEntityTooLarge},
	} {
		r := httptest.NewRequest(http.MethodGet, c.path, nil)
		if c.form != "" {
			r = httptest.NewRequest(http.MethodPost, c.path, strings.NewReader(c.form))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		w := httptest.NewRecorder()
		h(w, r)
		require.Equal(t, c.want, w.Code, "%s %.20s", c.path, c.form)
	}
	part := "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n%s\r\n--b--\r\n"
	for text, want := range map[string]int{"ñ": http.StatusNoContent, "\x00": http.StatusBadRequest, "\xff": http.StatusBadRequest} {
		r := httptest.NewRequest(http.MethodPost, "/x", strings.NewReader(strings.ReplaceAll(part, "%s", text)))
		r.Header.Set("Content-Type", "multipart/form-data; boundary=b")
		w := httptest.NewRecorder()
		h(w, r)
		require.Equal(t, want, w.Code, "%q", text)
	}
	r := httptest.NewRequest(http.MethodPost, "/x", strings.NewReader(`{"a":"%00"}`))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	h(w, r)
	require.Equal(t, http.StatusNoContent, w.Code, "what is no form is its handler's")
	require.Empty(t, got)
}

// A proxy may add a line of its own below the one that a stranger has sent.
func TestOnlyWhatTheProxySaysIsBelieved(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		from  string
		lines []string
		want  string
	}{
		{"198.51.100.1:5", []string{"203.0.113.9"}, "198.51.100.1"},
		{"127.0.0.1:5", nil, "127.0.0.1"},
		{"127.0.0.1:5", []string{"203.0.113.9"}, "203.0.113.9"},
		{"127.0.0.1:5", []string{"10.9.9.9, 203.0.113.9"}, "203.0.113.9"},
		{"[::1]:5", []string{"10.9.9.9", "203.0.113.9"}, "203.0.113.9"},
		{"127.0.0.1:5", []string{"203.0.113.9", "nonsense"}, "127.0.0.1"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = c.from
		for _, line := range c.lines {
			r.Header.Add("X-Forwarded-For", line)
		}
		require.Equal(t, c.want, From(r).Address, "%v", c.lines)
	}
}

// A link by which somebody comes in stays out of the log of what went wrong.
func TestLinksStayOutOfTheLog(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	k := New(Parts{Log: slog.New(slog.NewTextHandler(&log, nil))})
	mux := http.NewServeMux()
	fails := func(http.ResponseWriter, *http.Request) error { return context.DeadlineExceeded }
	for _, pattern := range []string{"GET /welcome/{link}", "GET /track/{link}", "GET /live/track/{link}", "GET /kitchen/{outlet}"} {
		mux.HandleFunc(pattern, k.Open(fails))
	}
	for _, path := range []string{"/welcome/brl_secret", "/track/AQsecret", "/live/track/AQsecret", "/kitchen/main"} {
		mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path, nil))
	}
	require.NotContains(t, log.String(), "secret")
	for _, path := range []string{"path=/welcome/", "path=/track/", "path=/live/track/", "path=/kitchen/main"} {
		require.Contains(t, log.String(), path)
	}
}

// What could not be served is in the log with its cause, which nobody is shown; what somebody did wrong is not.
func TestWhatCouldNotBeServedIsInTheLog(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	k := New(Parts{Log: slog.New(slog.NewTextHandler(&log, nil))})
	for _, err := range []error{
		errs.Unavailable("not just now").Because(errors.New("connection refused")), errs.Unknown("perhaps").Because(errors.New("connection lost")),
		errors.New("a nil pointer"), errs.Conflict("not so").Because(errors.New("his own fault")),
	} {
		w := httptest.NewRecorder()
		k.Open(func(http.ResponseWriter, *http.Request) error { return err })(w, httptest.NewRequest(http.MethodGet, "/x", nil))
		require.NotContains(t, w.Body.String(), "connection")
	}
	for _, want := range []string{"WARN.*connection refused", "WARN.*connection lost", "ERROR.*a nil pointer"} {
		require.Regexp(t, want, log.String())
	}
	require.NotContains(t, log.String(), "his own fault")
}

// shared lets everybody in on a tablet, or, with a session of that name, by password.
type shared struct{ Users }

func (shared) Visit(_ context.Context, session, _ string, _ bool) (account.Visit, error) {
	v := account.Visit{Actor: actor.Actor{Tenant: 1, User: 7, Role: actor.Cook}, Session: 1, Idle: time.Minute}
	if session != "by password" {
		v.Tablet = 3
	}
	return v, nil
}

func (shared) Tablet(context.Context, string) (account.Tablet, error) {
	return account.Tablet{}, errs.NotFound("none")
}

// What is somebody's own is not shown on a device that he shares with others.
func TestWhatIsPersonalIsNotForTablets(t *testing.T) {
	t.Parallel()
	k := New(Parts{Users: shared{}, Log: slog.New(slog.DiscardHandler)})
	h := k.As(k.InPerson(func(w http.ResponseWriter, _ *http.Request, _ actor.Actor) error {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}), actor.Cook)
	for session, want := range map[string]int{"by password": http.StatusNoContent, "by PIN": http.StatusForbidden} {
		r := httptest.NewRequest(http.MethodGet, "/account", nil)
		r.AddCookie(&http.Cookie{Name: sessionCookie, Value: session})
		w := httptest.NewRecorder()
		h(w, r)
		require.Equal(t, want, w.Code, session)
	}
}

// Whatever somebody signed in by: what locks itself has a button to lock it.
func TestATabletCanBeLocked(t *testing.T) {
	t.Parallel()
	k := New(Parts{Users: shared{}})
	for want, v := range map[Account]account.Visit{
		{Name: "Mia", Signed: true}:                         {Actor: actor.Actor{Name: "Mia"}, Session: 1},
		{Name: "Mia", Signed: true, Tablet: true, Idle: 60}: {Actor: actor.Actor{Name: "Mia"}, Session: 1, Idle: time.Minute},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		require.Equal(t, want, k.account(r.WithContext(context.WithValue(r.Context(), visitKey{}, v))))
	}
}
