package post_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/errs"
	"brigade/internal/leaktest"
	"brigade/internal/notify"
	"brigade/internal/post"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

const (
	quick    = 300 * time.Millisecond // for a call that is not answered
	patience = time.Minute            // for one that is, by a machine with far too much to do
)

func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	return s
}

func hook(t *testing.T, allowPrivate bool) *post.Hook {
	t.Helper()
	h := post.NewHook(patience, allowPrivate)
	t.Cleanup(h.Close)
	return h
}

func TestAnswersSayWhetherToTryAgain(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]errs.Kind{
		400: errs.KindInternal, 302: errs.KindInternal, 404: errs.KindInternal,
		408: errs.KindUnavailable, 410: errs.KindNotFound, 429: errs.KindUnavailable, 500: errs.KindUnavailable, 503: errs.KindUnavailable,
	} {
		s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/elsewhere")
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(code)
			_, _ = io.WriteString(w, "not today")
		})
		got, err := hook(t, true).Carry(t.Context(), notify.Parcel{To: s.URL})
		require.Equal(t, code, got)
		require.Equal(t, want, errs.KindOf(err), "%d: %v", code, err)
		require.ErrorContains(t, err, "not today")
		if e := new(errs.Error); want == errs.KindUnavailable {
			require.ErrorAs(t, err, &e)
			require.Equal(t, 7*time.Second, e.After)
		}
	}
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		require.Equal(t, "application/json", r.Header.Get("Content-Type")) //nolint:testifylint // the handler ends with the test
		require.Equal(t, "x", r.Header.Get("webhook-id"))                  //nolint:testifylint // the handler ends with the test
		w.WriteHeader(http.StatusAccepted)
	})
	code, err := hook(t, true).Carry(t.Context(), notify.Parcel{To: s.URL, Header: map[string]string{"webhook-id": "x"}})
	require.NoError(t, err)
	require.Equal(t, http.StatusAccepted, code)
}

func TestACallEndsInTime(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	defer close(release)
	s := serve(t, func(http.ResponseWriter, *http.Request) { <-release })
	h := post.NewHook(quick, true)
	defer h.Close()
	began := time.Now()
	_, err := h.Carry(t.Context(), notify.Parcel{To: s.URL + "?key=secret"})
	require.True(t, errs.Is(err, errs.KindUnavailable), err)
	require.NotContains(t, err.Error(), "secret")
	require.Less(t, time.Since(began), 10*quick)
}

func TestPrivateNetworksAreNotCalled(t *testing.T) {
	t.Parallel()
	s := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("it was called") })
	port := s.URL[strings.LastIndex(s.URL, ":"):]
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"} {
		_, err := hook(t, false).Carry(t.Context(), notify.Parcel{To: "http://" + host + port})
		require.Error(t, err, host)
	}
	_, err := hook(t, false).Carry(t.Context(), notify.Parcel{To: s.URL})
	require.True(t, errs.IsPermanent(err), err)
	for _, address := range []string{"http://127.0.0.1/x", "http://10.1.2.3", "http://169.254.169.254/latest", "http://[fd00::1]", "http://localhost:8080"} {
		u, err := url.Parse(address)
		require.NoError(t, err)
		require.True(t, errs.Is(post.GuardURL(t.Context(), u), errs.KindInvalid), address)
	}
}

func TestPublic(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"93.184.216.34": true, "2606:4700::1111": true, "127.0.0.1": false, "10.0.0.1": false, "172.16.0.1": false,
		"192.168.1.1": false, "169.254.169.254": false, "100.64.0.1": false, "0.0.0.0": false, "224.0.0.1": false, "::1": false,
		"fe80::1": false, "fc00::1": false, "::ffff:10.0.0.1": false, "64:ff9b::a00:1": false, "255.255.255.255": false, "::": false,
	} {
		require.Equal(t, want, post.Public(netip.MustParseAddr(address)), address)
	}
}

func TestTextsAreFormsThatTheOperatorWrote(t *testing.T) {
	t.Parallel()
	var form url.Values
	code := http.StatusOK
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		require.NoError(t, r.ParseForm()) //nolint:testifylint // the handler ends with the test
		form = r.Form
		require.Equal(t, "Bearer key", r.Header.Get("Authorization")) //nolint:testifylint // the handler ends with the test
		w.WriteHeader(code)
	})
	texts := post.NewTexts(post.TextOptions{URL: s.URL + "/send?from=Brigade", Authorization: "Bearer key", Timeout: patience})
	defer texts.Close()
	p := notify.Parcel{To: "+34600111222", Body: []byte("Tu pedido & más: está listo")}
	_, err := texts.Carry(t.Context(), p)
	require.NoError(t, err)
	require.Equal(t, url.Values{"from": {"Brigade"}, "to": {"+34600111222"}, "text": {"Tu pedido & más: está listo"}}, form)
	code = http.StatusBadRequest
	_, err = texts.Carry(t.Context(), p)
	require.True(t, errs.IsPermanent(err), "the number is refused for good")
	code = http.StatusBadGateway
	_, err = texts.Carry(t.Context(), p)
	require.True(t, errs.Is(err, errs.KindUnavailable))
}

// mailServer is a tiny SMTP server that answers RCPT as the test says and keeps what it took.
func mailServer(t *testing.T, rcpt string) (address string, took <-chan string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	mails := make(chan string, 10)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			talk(conn, rcpt, mails)
		}
	}()
	t.Cleanup(func() { _ = listener.Close(); <-done })
	return "smtp://" + listener.Addr().String(), mails
}

func talk(conn net.Conn, rcpt string, mails chan<- string) {
	defer conn.Close()
	r := bufio.NewScanner(conn)
	say := func(line string) { fmt.Fprintf(conn, "%s\r\n", line) }
	say("220 stand-in")
	for r.Scan() {
		switch verb, _, _ := strings.Cut(strings.ToUpper(r.Text()), " "); verb {
		case "RCPT":
			say(rcpt)
		case "DATA":
			say("354 go on")
			var b strings.Builder
			for r.Scan() && r.Text() != "." {
				b.WriteString(r.Text() + "\n")
			}
			mails <- b.String()
			say("250 taken")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

func TestMail(t *testing.T) {
	t.Parallel()
	address, took := mailServer(t, "250 ok")
	m, err := post.NewMail(address, "Brigade <orders@example.com>", patience)
	require.NoError(t, err)
	p := notify.Parcel{ID: "msg_7", To: "ada@example.org", Subject: "El pedido está listo", Body: []byte("¡Buenas noticias!")}
	code, err := m.Carry(t.Context(), p)
	require.NoError(t, err)
	require.Equal(t, 250, code)
	mail := <-took
	for _, part := range []string{"<msg_7@127.0.0.1>", "orders@example.com", "ada@example.org", "Subject: =?UTF-8?", "Buenas noticias!"} {
		require.Contains(t, mail, part)
	}
}

func TestMailThatIsRefused(t *testing.T) {
	t.Parallel()
	p := notify.Parcel{ID: "msg_7", To: "ada@example.org", Body: []byte("x")}
	for answer, permanent := range map[string]bool{"550 no such user": true, "450 full": false} {
		address, _ := mailServer(t, answer)
		m, err := post.NewMail(address, "orders@example.com", patience)
		require.NoError(t, err)
		code, err := m.Carry(t.Context(), p)
		require.Error(t, err)
		require.Equal(t, answer[:3], fmt.Sprint(code))
		require.Equal(t, permanent, errs.IsPermanent(err), answer)
		require.False(t, errs.Is(err, errs.KindUnavailable), "others may arrive")
	}
	m, err := post.NewMail("smtp://127.0.0.1:1", "orders@example.com", patience)
	require.NoError(t, err)
	_, err = m.Carry(context.Background(), p)
	require.True(t, errs.Is(err, errs.KindUnavailable), err)
	for _, c := range [][2]string{{"http://mail", "a@example.com"}, {"smtp://", "a@example.com"}, {"smtp://mail", "nobody"}} {
		_, err := post.NewMail(c[0], c[1], quick)
		require.True(t, errs.Is(err, errs.KindInvalid), c)
	}
}

// Where an answer has to be JSON a proxy's page is none, and of one that is too large to be kept its length is.
func TestAnswersThatHaveToBeJSON(t *testing.T) {
	t.Parallel()
	said := ""
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, said) }))
	t.Cleanup(s.Close)
	c := post.NewCaller(time.Minute, true)
	t.Cleanup(c.Close)
	large := `"` + strings.Repeat("x", 100_000) + `"`
	for text, want := range map[string]any{
		"": map[string]any{}, `{"made":7}`: json.RawMessage(`{"made":7}`), "<html>": nil, large: map[string]any{"bytes": len(large)},
		`"` + strings.Repeat("x", 9<<20) + `"`: nil,
	} {
		said = text
		got, err := c.Call(t.Context(), post.Question{URL: s.URL, JSON: true})
		require.Equal(t, want == nil, err != nil, "%v", err)
		require.Equal(t, want, got)
	}
}
