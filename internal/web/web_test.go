package web_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"brigade/internal/actor"
	"brigade/internal/app"
	"brigade/internal/config"
	"brigade/internal/store/pgtest"
	"brigade/internal/tenant"
	"brigade/internal/tenant/tenantpg"
)

// site is a running Brigade and a client that does not follow redirections.
type site struct {
	t      *testing.T
	app    *app.App
	url    string
	client *http.Client
}

// start runs Brigade over a database.
func start(t *testing.T, database string, demo config.Demo) *site {
	t.Helper()
	a := app.New(app.Config{
		Roles: []config.Role{config.RoleAPI, config.RoleKitchen, config.RoleRelay}, Addr: "127.0.0.1:0",
		DatabaseURL: database, Demo: demo, AutoComplete: true,
	})
	require.NoError(t, a.Start(t.Context()))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		require.NoError(t, a.Stop(ctx))
	})
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	noRedirects := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &site{t, a, a.URL(), &http.Client{Jar: jar, CheckRedirect: noRedirects, Timeout: 30 * time.Second}}
}

// answer is a response that was read.
type answer struct {
	*http.Response
	body string
}

func (s *site) do(method, path string, form url.Values, headers ...string) answer {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(form.Encode()))
	require.NoError(s.t, err)
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := s.client.Do(req)
	require.NoError(s.t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(s.t, err)
	return answer{resp, string(body)}
}

func (s *site) get(path string, headers ...string) answer {
	s.t.Helper()
	return s.do(http.MethodGet, path, nil, headers...)
}

func (s *site) post(path string, fields ...string) answer {
	s.t.Helper()
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return s.do(http.MethodPost, path, form, "Sec-Fetch-Site", "same-origin", "HX-Request", "true")
}

func TestBoardOfTheDemo(t *testing.T) {
	t.Parallel()
	s := start(t, pgtest.NewURL(t), config.DemoData)
	page := s.get("/")
	require.Equal(t, http.StatusOK, page.StatusCode)
	for _, want := range []string{"Demo Kitchen", "/?outlet=pizzeria", "griller", "Asha", "grill-1", "Place a test order", "/docs", "/metrics", "curl -X POST"} {
		require.Contains(t, page.body, want)
	}
	require.Contains(t, s.get("/?outlet=pizzeria").body, "Giulia")
	require.Equal(t, http.StatusNotFound, s.get("/?outlet=elsewhere").StatusCode)
	require.Equal(t, http.StatusNotFound, s.get("/live/board?outlet=elsewhere").StatusCode)

	policy := page.Header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'self';", "style-src 'self';", "frame-ancestors 'none'", "form-action 'self'"} {
		require.Contains(t, policy, want)
	}
	require.Equal(t, "nosniff", page.Header.Get("X-Content-Type-Options"))
	require.Equal(t, "no-store", page.Header.Get("Cache-Control"))
	require.NotRegexp(t, `<script>|<script [^s]|\son\w+=|\sstyle=`, page.body, "nothing that the policy refuses")
}

func TestActions(t *testing.T) {
	t.Parallel()
	s := start(t, pgtest.NewURL(t), config.DemoData)
	require.Contains(t, s.post("/board/orders", "outlet", "pizzeria").body, "is in:")
	require.Contains(t, s.get("/?outlet=pizzeria").body, "Test guest")
	require.NotContains(t, s.get("/?outlet=kitchen").body, "Test guest")

	machine := regexp.MustCompile(`/board/machines/\d+`).FindString(s.get("/").body)
	down := s.post(machine, "outlet", "kitchen", "name", "grill-1", "to", "down")
	require.Equal(t, http.StatusOK, down.StatusCode)
	require.Contains(t, down.body, "grill-1 is down.")
	require.Contains(t, down.body, `name="to" value="up"`, "it can be undone at once")
	require.Contains(t, s.get("/").body, "1 machine is down.")
	s.post(machine, "outlet", "kitchen", "to", "up")
	require.NotContains(t, s.get("/").body, "machine is down")

	staff := regexp.MustCompile(`/board/staff/\d+`).FindString(s.get("/").body)
	require.Contains(t, s.post(staff, "outlet", "kitchen", "name", "Asha", "to", "break").body, "Asha is on a break.")
	require.Contains(t, s.get("/").body, "on a break")
	require.Contains(t, s.post(staff, "outlet", "kitchen", "name", "Asha", "to", "back").body, "Asha is back at work.")
	again := s.post(staff, "outlet", "kitchen", "to", "back")
	require.Equal(t, http.StatusConflict, again.StatusCode)
	require.Contains(t, again.body, "not on a break")

	require.Equal(t, http.StatusBadRequest, s.post(machine, "to", "sideways").StatusCode)
	require.Equal(t, http.StatusNotFound, s.post("/board/machines/999999", "to", "down").StatusCode)
	require.Equal(t, http.StatusNotFound, s.post("/board/orders/ORD_X/handover").StatusCode)

	plain := s.do(http.MethodPost, machine, url.Values{"outlet": {"kitchen"}, "to": {"up"}})
	require.Equal(t, http.StatusSeeOther, plain.StatusCode, "without JavaScript")
	require.Equal(t, "/?outlet=kitchen", plain.Header.Get("Location"))
}

// However many orders are open, the page stays small and its counts exact.
func TestMoreThanCanBeShown(t *testing.T) {
	t.Parallel()
	const orders = 520
	s := start(t, pgtest.NewURL(t), config.DemoData)
	var all errgroup.Group
	all.SetLimit(32)
	for range orders {
		all.Go(func() error {
			body := strings.NewReader(`{"items":{"burger_combo":1},"external_order_id":"` + rand.Text() + `"}`)
			resp, err := http.Post(s.url+"/api/v1/orders/confirm", "application/json", body)
			if err != nil {
				return err
			}
			defer resp.Body.Close()
			if resp.StatusCode != http.StatusCreated {
				return errors.New(resp.Status)
			}
			return nil
		})
	}
	require.NoError(t, all.Wait())
	page := s.get("/").body
	require.Contains(t, page, `<span class="count">520</span>`)
	require.Contains(t, page, "<dt>Open orders</dt><dd>520</dd>")
	require.Contains(t, page, "and 508 more")
	require.Contains(t, page, "<b>520</b> waiting for other tasks", "each has one task that waits for three")
	require.Regexp(t, `<b>5(1\d|20)</b> ready to start`, page, "all but those in somebody's hands")
	require.Equal(t, 12, strings.Count(page, `class="card"`))
	require.Less(t, len(page), 64<<10)
}

func TestFormsOfOtherSitesAreRefused(t *testing.T) {
	t.Parallel()
	s := start(t, pgtest.NewURL(t), config.DemoData)
	for _, headers := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}} {
		for _, path := range []string{"/board/orders", "/login", "/logout"} {
			require.Equal(t, http.StatusForbidden, s.do(http.MethodPost, path, url.Values{}, headers...).StatusCode)
		}
	}
	require.NotContains(t, s.get("/").body, "Test guest")
}

func TestStaticFiles(t *testing.T) {
	t.Parallel()
	s := start(t, pgtest.NewURL(t), config.DemoData)
	total := 0
	page := s.get("/", "Accept-Encoding", "gzip")
	require.Equal(t, "gzip", page.Header.Get("Content-Encoding"))
	total += len(page.body)
	paths := regexp.MustCompile(`/static/[^"]+`).FindAllString(s.get("/").body, -1)
	require.GreaterOrEqual(t, len(paths), 4)
	for _, path := range paths {
		file := s.get(path, "Accept-Encoding", "gzip")
		require.Equal(t, http.StatusOK, file.StatusCode, path)
		require.Equal(t, "gzip", file.Header.Get("Content-Encoding"), path)
		require.Contains(t, file.Header.Get("Cache-Control"), "immutable", path)
		require.Equal(t, http.StatusNotModified, s.get(path, "If-None-Match", file.Header.Get("ETag")).StatusCode)
		total += len(file.body)
	}
	require.Less(t, total, 150<<10, "the first visit, in bytes")

	old := regexp.MustCompile(`/static/\w+/`).ReplaceAllString(paths[1], "/static/0123456789ab/")
	require.Equal(t, "no-cache", s.get(old).Header.Get("Cache-Control"), "a page of an older build")
	require.Equal(t, http.StatusNotFound, s.get("/static/nothing").StatusCode)
}

// signedUp returns a restaurant that demands tokens, and a way to make some.
func signedUp(t *testing.T) (*site, func(actor.Role) string) {
	t.Helper()
	database := pgtest.NewURL(t)
	first := app.New(app.Config{DatabaseURL: database, Demo: config.DemoData})
	require.NoError(t, first.Start(t.Context()))
	require.NoError(t, first.Stop(t.Context()))
	pool, err := pgxpool.New(t.Context(), database)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	tenants := tenant.New(tenantpg.New(pool))
	owner, err := tenants.DemoActor(t.Context())
	require.NoError(t, err)
	return start(t, database, config.DemoOff), func(role actor.Role) string {
		plain, _, err := tenants.CreateToken(t.Context(), owner, tenant.NewToken{Name: string(role), Role: role})
		require.NoError(t, err)
		return plain
	}
}

func TestSigningIn(t *testing.T) {
	t.Parallel()
	s, token := signedUp(t)
	away := s.get("/?outlet=pizzeria")
	require.Equal(t, http.StatusSeeOther, away.StatusCode)
	require.Equal(t, "/login?next=%2F%3Foutlet%3Dpizzeria", away.Header.Get("Location"))
	require.Equal(t, http.StatusUnauthorized, s.get("/live/board").StatusCode)
	stranger := s.post("/board/machines/1", "to", "down")
	require.Equal(t, http.StatusUnauthorized, stranger.StatusCode)
	require.Equal(t, "/login", stranger.Header.Get("HX-Redirect"))

	require.Contains(t, s.get(away.Header.Get("Location")).body, `value="/?outlet=pizzeria"`)
	require.Equal(t, http.StatusUnauthorized, s.post("/login", "token", "brg_wrong").StatusCode)
	require.Equal(t, http.StatusForbidden, s.post("/login", "token", token(actor.Customer)).StatusCode, "guests' names are not for guests")

	in := s.post("/login", "token", token(actor.Cook), "next", "/?outlet=pizzeria")
	require.Equal(t, http.StatusSeeOther, in.StatusCode)
	require.Equal(t, "/?outlet=pizzeria", in.Header.Get("Location"))
	cookie := in.Header.Get("Set-Cookie")
	for _, want := range []string{"HttpOnly", "SameSite=Strict", "Path=/"} {
		require.Contains(t, cookie, want)
	}
	board := s.get("/?outlet=pizzeria")
	require.Equal(t, http.StatusOK, board.StatusCode)
	require.Contains(t, board.body, "Sign out")
	require.NotContains(t, board.body, "test order")
	require.Equal(t, http.StatusForbidden, s.post("/board/orders").StatusCode, "test orders are for the demo")

	require.Equal(t, http.StatusSeeOther, s.post("/logout").StatusCode)
	require.Equal(t, http.StatusSeeOther, s.get("/").StatusCode)
}

// A cookie that another Brigade left on the same host does not lock anybody out of the demo.
func TestAForeignCookieInTheDemo(t *testing.T) {
	t.Parallel()
	s := start(t, pgtest.NewURL(t), config.DemoData)
	require.Equal(t, http.StatusOK, s.get("/", "Cookie", "brigade_token=brg_of-another-one").StatusCode)
}

func TestStream(t *testing.T) {
	t.Parallel()
	s := start(t, pgtest.NewURL(t), config.DemoData)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/live/board?outlet=kitchen", nil)
	require.NoError(t, err)
	resp, err := s.client.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	require.Equal(t, "text/event-stream", resp.Header.Get("Content-Type"))
	lines := bufio.NewScanner(resp.Body)
	seen := map[string]bool{}
	until := func(want string) {
		for lines.Scan() {
			if name, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
				seen[name] = true
			}
			if strings.Contains(lines.Text(), want) {
				return
			}
		}
		require.Fail(t, "the stream ended before "+want)
	}
	until("event: closed")
	until("event: clock")
	for _, name := range []string{"figures", "stations", "people", "machines", "received", "cooking", "ready"} {
		require.True(t, seen[name], name)
	}
	s.post("/board/orders", "outlet", "kitchen")
	until("Test guest")
}
