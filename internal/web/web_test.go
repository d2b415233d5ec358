package web_test

import (
	"bufio"
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"brigade/internal/web/webtest"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"brigade/internal/actor"
	"brigade/internal/config"
	"brigade/internal/store/pgtest"
)

func TestBoardOfTheDemo(t *testing.T) {
	t.Parallel()
	s := webtest.Start(t, pgtest.NewURL(t), config.DemoData)
	page := s.Get("/")
	require.Equal(t, http.StatusOK, page.StatusCode)
	for _, want := range []string{"Demo Kitchen", "/?outlet=pizzeria", "griller", "Asha", "grill-1", "Place a test order", "/docs", "/metrics", "curl -X POST"} {
		require.Contains(t, page.Text, want)
	}
	require.Contains(t, s.Get("/?outlet=pizzeria").Text, "Giulia")
	require.Equal(t, http.StatusNotFound, s.Get("/?outlet=elsewhere").StatusCode)
	for _, path := range []string{
		"/live/board?outlet=elsewhere", "/kitchen/kitchen/station/xyz", "/kitchen/kitchen/station/0", "/kitchen/kitchen/station/999999", "/kitchen/kitchen/station",
		"/live/kitchen/kitchen/station/x", "/live/kitchen/kitchen/all/more", "/live/kitchen/kitchen/86", "/live/kitchen/kitchen/station",
	} {
		require.Equal(t, http.StatusNotFound, s.Get(path).StatusCode, path)
	}

	policy := page.Header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'self';", "style-src 'self';", "frame-ancestors 'none'", "form-action 'self'"} {
		require.Contains(t, policy, want)
	}
	require.Equal(t, "nosniff", page.Header.Get("X-Content-Type-Options"))
	require.Equal(t, "no-store", page.Header.Get("Cache-Control"))
	require.NotRegexp(t, `<script>|<script [^s]|\son\w+=|\sstyle=`, page.Text, "nothing that the policy refuses")
}

func TestActions(t *testing.T) {
	t.Parallel()
	s := webtest.Start(t, pgtest.NewURL(t), config.DemoData)
	require.Contains(t, s.Post("/board/orders", "outlet", "pizzeria").Text, "is in:")
	require.Contains(t, s.Get("/?outlet=pizzeria").Text, "Test guest")
	require.NotContains(t, s.Get("/?outlet=kitchen").Text, "Test guest")

	machine := regexp.MustCompile(`/board/machines/\d+`).FindString(s.Get("/").Text)
	down := s.Post(machine, "outlet", "kitchen", "name", "grill-1", "to", "down")
	require.Equal(t, http.StatusOK, down.StatusCode)
	require.Contains(t, down.Text, "grill-1 is down.")
	require.Contains(t, down.Text, `name="to" value="up"`, "it can be undone at once")
	require.Contains(t, s.Get("/").Text, "1 machine is down.")
	s.Post(machine, "outlet", "kitchen", "to", "up")
	require.NotContains(t, s.Get("/").Text, "machine is down")

	staff := regexp.MustCompile(`/board/staff/\d+`).FindString(s.Get("/").Text)
	require.Contains(t, s.Post(staff, "outlet", "kitchen", "name", "Asha", "to", "break").Text, "Asha is on a break.")
	require.Contains(t, s.Get("/").Text, "on a break")
	require.Contains(t, s.Post(staff, "outlet", "kitchen", "name", "Asha", "to", "back").Text, "Asha is back at work.")
	again := s.Post(staff, "outlet", "kitchen", "to", "back")
	require.Equal(t, http.StatusConflict, again.StatusCode)
	require.Contains(t, again.Text, "not on a break")
	refused := func(lang string) string {
		form := url.Values{"outlet": {"kitchen"}, "to": {"back"}}
		return s.Do(http.MethodPost, staff, form, "Sec-Fetch-Site", "same-origin", "HX-Request", "true", "Accept-Language", lang).Text
	}
	require.Contains(t, refused("es"), "Asha no está en una pausa puesta a mano.")
	require.Contains(t, refused("ru"), "Asha не на перерыве, начатом вручную.")

	require.Equal(t, http.StatusBadRequest, s.Post(machine, "to", "sideways").StatusCode)
	require.Equal(t, http.StatusNotFound, s.Post("/board/machines/999999", "to", "down").StatusCode)
	require.Equal(t, http.StatusNotFound, s.Post("/board/orders/ORD_X/handover").StatusCode)

	plain := s.Do(http.MethodPost, machine, url.Values{"outlet": {"kitchen"}, "to": {"up"}})
	require.Equal(t, http.StatusSeeOther, plain.StatusCode, "without JavaScript")
	require.Equal(t, "/?outlet=kitchen", plain.Header.Get("Location"))
}

// However many orders are open, the page stays small and its counts exact.
func TestMoreThanCanBeShown(t *testing.T) {
	t.Parallel()
	const orders = 520
	s := webtest.Start(t, pgtest.NewURL(t), config.DemoData)
	var all errgroup.Group
	all.SetLimit(32)
	for range orders {
		all.Go(func() error {
			body := strings.NewReader(`{"items":{"burger_combo":1},"external_order_id":"` + rand.Text() + `"}`)
			resp, err := http.Post(s.URL+"/api/v1/orders/confirm", "application/json", body)
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
	page := s.Get("/").Text
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
	s := webtest.Start(t, pgtest.NewURL(t), config.DemoData)
	for _, headers := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}} {
		for _, path := range []string{"/board/orders", "/login", "/logout"} {
			require.Equal(t, http.StatusForbidden, s.Do(http.MethodPost, path, url.Values{}, headers...).StatusCode)
		}
	}
	require.NotContains(t, s.Get("/").Text, "Test guest")
}

func TestStaticFiles(t *testing.T) {
	t.Parallel()
	s := webtest.Start(t, pgtest.NewURL(t), config.DemoData)
	total := 0
	page := s.Get("/", "Accept-Encoding", "gzip")
	require.Equal(t, "gzip", page.Header.Get("Content-Encoding"))
	total += len(page.Text)
	paths := regexp.MustCompile(`/static/[^"]+`).FindAllString(s.Get("/").Text, -1)
	require.GreaterOrEqual(t, len(paths), 4)
	for _, path := range paths {
		file := s.Get(path, "Accept-Encoding", "gzip")
		require.Equal(t, http.StatusOK, file.StatusCode, path)
		require.Equal(t, "gzip", file.Header.Get("Content-Encoding"), path)
		require.Contains(t, file.Header.Get("Cache-Control"), "immutable", path)
		require.Equal(t, http.StatusNotModified, s.Get(path, "If-None-Match", file.Header.Get("ETag")).StatusCode)
		total += len(file.Text)
	}
	require.Less(t, total, 150<<10, "the first visit, in bytes")

	old := regexp.MustCompile(`/static/\w+/`).ReplaceAllString(paths[1], "/static/0123456789ab/")
	require.Equal(t, "no-cache", s.Get(old).Header.Get("Cache-Control"), "a page of an older build")
	require.Equal(t, http.StatusNotFound, s.Get("/static/nothing").StatusCode)
}

func TestSigningIn(t *testing.T) {
	t.Parallel()
	s := webtest.StartHouse(t)
	away := s.Get("/?outlet=pizzeria")
	require.Equal(t, http.StatusSeeOther, away.StatusCode)
	require.Equal(t, "/login?next=%2F%3Foutlet%3Dpizzeria", away.Header.Get("Location"))
	require.Equal(t, http.StatusUnauthorized, s.Get("/live/board").StatusCode)
	stranger := s.Post("/board/machines/1", "to", "down")
	require.Equal(t, http.StatusUnauthorized, stranger.StatusCode)
	require.Equal(t, "/login", stranger.Header.Get("HX-Redirect"))

	require.Contains(t, s.Get(away.Header.Get("Location")).Text, `value="/?outlet=pizzeria"`)
	require.Equal(t, http.StatusUnauthorized, s.Post("/login", "token", "brg_wrong").StatusCode)
	require.Equal(t, http.StatusForbidden, s.Post("/login", "token", s.Token(actor.Customer)).StatusCode, "guests' names are not for guests")

	in := s.Post("/login", "token", s.Token(actor.Cook), "next", "/?outlet=pizzeria")
	require.Equal(t, http.StatusSeeOther, in.StatusCode)
	require.Equal(t, "/?outlet=pizzeria", in.Header.Get("Location"))
	cookie := in.Header.Get("Set-Cookie")
	for _, want := range []string{"HttpOnly", "SameSite=Strict", "Path=/"} {
		require.Contains(t, cookie, want)
	}
	board := s.Get("/?outlet=pizzeria")
	require.Equal(t, http.StatusOK, board.StatusCode)
	require.Contains(t, board.Text, "Sign out")
	require.NotContains(t, board.Text, "test order")
	require.Equal(t, http.StatusForbidden, s.Post("/board/orders").StatusCode, "test orders are for the demo")

	require.Equal(t, http.StatusSeeOther, s.Post("/logout").StatusCode)
	require.Equal(t, http.StatusSeeOther, s.Get("/").StatusCode)
}

// A cookie that another Brigade left on the same host does not lock anybody out of the demo.
func TestAForeignCookieInTheDemo(t *testing.T) {
	t.Parallel()
	s := webtest.Start(t, pgtest.NewURL(t), config.DemoData)
	require.Equal(t, http.StatusOK, s.Get("/", "Cookie", "brigade_token=brg_of-another-one").StatusCode)
}

func TestStream(t *testing.T) {
	t.Parallel()
	s := webtest.Start(t, pgtest.NewURL(t), config.DemoData)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/live/board?outlet=kitchen", nil)
	require.NoError(t, err)
	resp, err := s.Client.Do(req)
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
	s.Post("/board/orders", "outlet", "kitchen")
	until("Test guest")
}
