package settings_test

import (
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/account"
	"brigade/internal/actor"
	"brigade/internal/tenant"
	"brigade/internal/tenant/tenantpg"
	"brigade/internal/web/webtest"
)

// send posts a form as browsers without JavaScript do.
func send(s *webtest.Site, path string, fields ...string) webtest.Answer {
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return s.Do(http.MethodPost, path, form, "Sec-Fetch-Site", "same-origin")
}

func TestPeopleSignIn(t *testing.T) {
	t.Parallel()
	h := webtest.StartHouse(t)
	olga := h.User(account.User{Name: "Olga <script>", Email: "olga@example.com", Role: actor.Owner})
	require.Contains(t, h.Get("/login", "Accept-Language", "es").Text, "Contraseña")

	wrong := send(h.Site, "/login", "email", "olga@example.com", "password", "guess")
	nobody := send(h.Site, "/login", "email", "nobody@example.com", "password", "guess")
	require.Equal(t, http.StatusUnauthorized, wrong.StatusCode)
	require.Equal(t, strings.ReplaceAll(wrong.Text, "olga@", "nobody@"), nobody.Text, "nobody learns who has an account")

	h.Client.Jar.SetCookies(must(url.Parse(h.URL)), []*http.Cookie{{Name: "brigade_session", Value: "brs_" + strings.Repeat("x", 43), Path: "/"}})
	in := send(h.Site, "/login", "email", "Olga@example.com", "password", webtest.Password, "next", "//evil.example")
	require.Equal(t, http.StatusSeeOther, in.StatusCode)
	require.Equal(t, "/", in.Header.Get("Location"))
	cookies := strings.Join(in.Header.Values("Set-Cookie"), "\n")
	require.Regexp(t, `brigade_session=brs_[\w-]{43}; Path=/; Max-Age=2592000; HttpOnly; SameSite=Strict`, cookies)
	require.NotContains(t, cookies, strings.Repeat("x", 43), "a session that was there before is not taken over")
	require.Regexp(t, `brigade_session=[^\n]*; Secure`, strings.Join(h.Other().Do(http.MethodPost, "/login", url.Values{"email": {"olga@example.com"}, "password": {webtest.Password}}, "X-Forwarded-Proto", "https").Header.Values("Set-Cookie"), "\n"))

	users := h.Get("/settings/users")
	require.Equal(t, http.StatusOK, users.StatusCode)
	require.Contains(t, users.Text, "Olga &lt;script&gt;")
	require.NotContains(t, users.Text, "Olga <script>")
	for _, path := range []string{"/settings/tablets", "/settings/tokens", "/settings/channels", "/settings/webhooks", "/account"} {
		for _, lang := range []string{"en", "es", "ru"} {
			page := h.Get(path, "Accept-Language", lang)
			require.Equal(t, http.StatusOK, page.StatusCode, path)
			require.NotRegexp(t, `access\.[a-z_.]+[<"]|<script>|\sstyle=`, page.Text, path)
		}
	}
	olga.Active = false
	require.NoError(t, h.Accounts.Change(t.Context(), h.Owner, olga))
	require.Equal(t, http.StatusSeeOther, h.Get("/settings/users").StatusCode, "who is disabled is out at once")
}

func must[T any](v T, _ error) T { return v }

func TestUsersAreSetUp(t *testing.T) {
	t.Parallel()
	h := webtest.StartHouse(t)
	h.User(account.User{Name: "Olga", Email: "olga@example.com", Role: actor.Owner})
	send(h.Site, "/login", "email", "olga@example.com", "password", webtest.Password)
	require.Contains(t, send(h.Site, "/settings/users", "name", "", "role", "king", "email", "no address").Text, "must be an e-mail address")
	made := send(h.Site, "/settings/users", "name", "Mia", "role", "manager", "email", "mia@example.com", "at", "0")
	require.Equal(t, http.StatusSeeOther, made.StatusCode, made.Text)
	path, _, _ := strings.Cut(made.Header.Get("Location"), "?")
	require.Regexp(t, `^/settings/users/\d+$`, path)

	// Of two who have seen the same, the second is told so instead of writing over the first.
	seen := html.UnescapeString(regexp.MustCompile(`name="seen" value="([^"]*)"`).FindStringSubmatch(h.Get(path).Text)[1])
	rename := func(name string) int {
		return send(h.Site, path, "name", name, "role", "manager", "email", "mia@example.com", "at", "0", "seen", seen).StatusCode
	}
	require.Equal(t, http.StatusSeeOther, rename("Mia B"))
	require.Equal(t, http.StatusConflict, rename("Mia C"))
	require.Contains(t, h.Get(path).Text, "Mia B")

	shown := send(h.Site, path+"/link")
	link := regexp.MustCompile(`/welcome/brl_[\w-]{43}`).FindString(shown.Text)
	require.NotEmpty(t, link)
	require.NotContains(t, h.Get(path).Text, "brl_", "it is shown once")
	mia := h.Other()
	welcome := mia.Get(link)
	require.Contains(t, welcome.Text, "mia@example.com")
	require.Equal(t, "no-referrer", welcome.Header.Get("Referrer-Policy"))
	require.Equal(t, http.StatusUnprocessableEntity, send(mia, link, "password", webtest.Password, "again", "another").StatusCode)
	require.Equal(t, http.StatusUnprocessableEntity, send(mia, link, "password", "short", "again", "short").StatusCode)
	require.Equal(t, "/login", send(mia, link, "password", webtest.Password, "again", webtest.Password).Header.Get("Location"))
	require.Equal(t, http.StatusNotFound, mia.Get(link).StatusCode)
	send(mia, "/login", "email", "mia@example.com", "password", webtest.Password)

	// What a manager may not have.
	require.Equal(t, http.StatusForbidden, mia.Get("/settings/tokens").StatusCode)
	require.Equal(t, http.StatusForbidden, send(mia, "/settings/tokens", "name", "x", "role", "owner").StatusCode)
	require.Equal(t, http.StatusForbidden, send(mia, "/settings/users", "name", "Evil", "role", "owner").StatusCode)
	require.Equal(t, http.StatusForbidden, send(mia, path, "name", "Mia", "role", "owner", "email", "mia@example.com").StatusCode, "nobody promotes himself")
	olgas := regexp.MustCompile(`/settings/users/\d+`).FindAllString(h.Get("/settings/users").Text, -1)
	require.NotEmpty(t, olgas)
	for _, p := range olgas {
		require.NotEqual(t, http.StatusCreated, send(mia, p+"/link").StatusCode, "nor takes another's place")
	}
	require.Equal(t, http.StatusNotFound, send(mia, "/settings/users/999999/link").StatusCode)

	// Tokens: shown once, revoked.
	token := send(h.Site, "/settings/tokens", "name", "till", "role", "integrator", "for", "0")
	plain := regexp.MustCompile(`brg_[\w-]{43}`).FindString(token.Text)
	require.NotEmpty(t, plain)
	list := h.Get("/settings/tokens").Text
	require.NotContains(t, list, plain)
	revoke := regexp.MustCompile(`/settings/tokens/\d+/revoke`).FindString(list)
	require.Equal(t, http.StatusSeeOther, send(h.Site, revoke).StatusCode)
	require.Contains(t, h.Get("/settings/tokens").Text, "revoked")

	// Channels and webhooks: keys are shown once.
	channel := send(h.Site, "/settings/channels", "name", "eats-now", "prices", "keep", "url", "")
	require.Equal(t, http.StatusCreated, channel.StatusCode)
	require.NotContains(t, h.Get("/settings/channels/eats-now").Text, "<dt>Secret")
	require.Equal(t, http.StatusSeeOther, send(h.Site, "/settings/channels/eats-now/state", "to", "busy", "minutes", "20", "reason", "rain").StatusCode)
	require.Contains(t, h.Get("/settings/channels").Text, "takes longer")
	require.Contains(t, send(h.Site, "/settings/channels", "name", "No Good", "prices", "keep").Text, "must have 1 to 40")
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, "<b>"+r.Header.Get("Content-Type")+"</b>")
	}))
	t.Cleanup(receiver.Close)
	hook := send(h.Site, "/settings/webhooks", "url", receiver.URL, "about", "till")
	require.Equal(t, http.StatusCreated, hook.StatusCode, hook.Text)
	tried := send(h.Site, regexp.MustCompile(`/settings/webhooks/\d+`).FindString(hook.Text)+"/test")
	require.Equal(t, http.StatusOK, tried.StatusCode)
	for _, says := range []string{"The test did not arrive", "HTTP 418", "&lt;b&gt;application/json&lt;/b&gt;", ">test</td>"} {
		require.Contains(t, tried.Text, says)
	}
	require.Equal(t, http.StatusNotFound, send(h.Site, "/settings/webhooks/999/test").StatusCode)
	require.Equal(t, http.StatusCreated, send(h.Site, "/settings/channels", "name", "told", "prices", "keep", "url", receiver.URL).StatusCode)
	require.Regexp(t, `/settings/webhooks/\d+/test`, h.Get("/settings/channels/told").Text)
	require.Equal(t, http.StatusUnprocessableEntity, send(h.Site, "/settings/webhooks", "url", "javascript:alert(1)").StatusCode)

	// A manager of one outlet cannot take back what is said of all.
	var kitchen, mark int64
	require.NoError(t, h.Pool.QueryRow(t.Context(), "select id from outlets where slug = 'kitchen'").Scan(&kitchen))
	h.User(account.User{Name: "Nia", Email: "nia@example.com", Role: actor.Manager, Outlet: kitchen})
	nia, day := h.Other(), time.Now().UTC().AddDate(0, 1, 0).Format(time.DateOnly)
	send(nia, "/login", "email", "nia@example.com", "password", webtest.Password)
	require.Equal(t, http.StatusOK, send(h.Site, "/settings/place", "do", "mark", "day", day, "kind", "closed", "for", "all").StatusCode)
	require.NoError(t, h.Pool.QueryRow(t.Context(), "select id from calendar_days").Scan(&mark))
	require.NotContains(t, nia.Get("/settings/place").Text, `value="unmark"`)
	require.Equal(t, http.StatusConflict, send(nia, "/settings/place", "do", "unmark", "id", digits(mark), "day", day).StatusCode)
	require.Equal(t, http.StatusOK, send(h.Site, "/settings/place", "do", "unmark", "id", digits(mark), "day", day).StatusCode)
	require.NotContains(t, h.Get("/settings/place").Text, day)

	// One's own account.
	account := mia.Get("/account")
	require.Contains(t, account.Text, "mia@example.com")
	require.Equal(t, http.StatusUnprocessableEntity, send(mia, "/account/password", "old", "wrong", "password", "a new long word", "again", "a new long word").StatusCode)
	require.Equal(t, "/account?saved=1", send(mia, "/account/password", "old", webtest.Password, "password", "a new long word", "again", "a new long word").Header.Get("Location"))
	require.Equal(t, http.StatusSeeOther, send(mia, "/account/sign-out", "session", "0").StatusCode)
	require.Equal(t, http.StatusSeeOther, mia.Get("/account").StatusCode, "signed out")
	require.Equal(t, http.StatusForbidden, h.Do(http.MethodPost, path+"/link", url.Values{}, "Origin", "https://evil.example").StatusCode)
}

// A tablet is registered; from then on a PIN is asked for on it, and a cook has his station only.
func TestATabletOfAStation(t *testing.T) {
	t.Parallel()
	h := webtest.StartHouse(t)
	h.User(account.User{Name: "Olga", Email: "olga@example.com", Role: actor.Owner})
	var outlet, grill, fryer int64
	require.NoError(t, h.Pool.QueryRow(t.Context(), `select o.id, max(s.id) filter (where s.name = 'griller'), max(s.id) filter (where s.name = 'fryer')
		from outlets o join stations s on s.outlet_id = o.id where o.slug = 'kitchen' group by o.id`).Scan(&outlet, &grill, &fryer))
	cook := h.User(account.User{Name: "Asha", Role: actor.Cook, Outlet: outlet})
	_, err := h.Accounts.SetPIN(t.Context(), h.Owner, cook.ID, 0, "4831")
	require.NoError(t, err)
	order := func(key string) []int64 {
		plain, _, err := tenant.New(tenantpg.New(h.Pool)).CreateToken(t.Context(), h.Owner, tenant.NewToken{Name: "till", Role: actor.Owner})
		require.NoError(t, err)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.URL+"/api/v1/orders/confirm", strings.NewReader(`{"external_order_id":"`+key+`","items":{"burger_combo":1}}`))
		require.NoError(t, err)
		req.Header.Set("Authorization", "Bearer "+plain)
		resp, err := h.Client.Do(req)
		require.NoError(t, err)
		defer resp.Body.Close()
		require.Equal(t, http.StatusCreated, resp.StatusCode)
		rows, err := h.Pool.Query(t.Context(), `select t.id from tasks t join stations s on s.id = t.station_id where s.name in ('griller', 'fryer') order by s.name desc, t.id`)
		require.NoError(t, err)
		var ids []int64
		for rows.Next() {
			var id int64
			require.NoError(t, rows.Scan(&id))
			ids = append(ids, id)
		}
		return ids
	}
	send(h.Site, "/login", "email", "olga@example.com", "password", webtest.Password)
	owners := h.Client.Jar.Cookies(must(url.Parse(h.URL)))
	reg := send(h.Site, "/settings/tablets", "outlet", "kitchen", "name", "Grill tablet", "station", digits(grill), "idle", "60")
	require.Equal(t, "/pin", reg.Header.Get("Location"), reg.Text)
	require.Equal(t, "/pin?next=%2Fsettings%2Fusers", h.Get("/settings/users").Header.Get("Location"), "the owner is signed out on it")
	stolen := h.Other()
	stolen.Client.Jar.SetCookies(must(url.Parse(h.URL)), owners)
	require.Equal(t, http.StatusSeeOther, stolen.Get("/settings/users").StatusCode, "and everywhere where that session was known")

	require.Equal(t, http.StatusUnauthorized, send(h.Site, "/pin", "pin", "9999").StatusCode)
	require.Equal(t, http.StatusSeeOther, send(h.Site, "/pin", "pin", "4831", "next", "/").StatusCode)
	station := "/kitchen/kitchen/station/" + digits(grill)
	require.Equal(t, "/kitchen/", h.Get("/").Header.Get("Location"))
	require.Equal(t, station, h.Get("/kitchen/kitchen").Header.Get("Location"))
	page := h.Get(station)
	require.Equal(t, http.StatusOK, page.StatusCode)
	require.Contains(t, page.Text, "Asha")
	require.NotContains(t, page.Text, "/kitchen/kitchen/expo")
	for _, path := range []string{
		"/kitchen/kitchen/station/" + digits(fryer), "/kitchen/kitchen/all", "/kitchen/kitchen/expo", "/kitchen/kitchen/all-day", "/kitchen/kitchen/86", "/kitchen/kitchen/station/0",
		"/live/kitchen/kitchen/all", "/live/kitchen/kitchen/expo", "/live/kitchen/kitchen/", "/live/kitchen/kitchen/station/0", "/live" + station + "/x", "/live/board",
		"/settings/", "/settings/users", "/settings/tablets", "/kitchen/kitchen/print/ORD_X",
	} {
		require.Contains(t, []int{http.StatusForbidden, http.StatusNotFound}, h.Get(path).StatusCode, path)
	}
	require.Equal(t, http.StatusNotFound, h.Get("/kitchen/pizzeria/station/1").StatusCode, "another outlet's")

	tasks := order("stations")
	require.Len(t, tasks, 3, "two of the griller, one of the fryer")
	taps := func(do string, task int64) string {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.URL+"/kitchen/kitchen/taps",
			strings.NewReader(`[{"key":"tap-`+do+digits(task)+`-1","do":"`+do+`","task":`+digits(task)+`}]`))
		require.NoError(t, err)
		resp, err := h.Client.Do(req)
		require.NoError(t, err)
		defer resp.Body.Close()
		require.Equal(t, http.StatusOK, resp.StatusCode)
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		return string(body)
	}
	for _, do := range []string{"start", "complete", "undo", "recall"} {
		require.NotContains(t, taps(do, tasks[0]), "another station", "his own")
		require.Contains(t, taps(do, tasks[2]), "another station", do)
	}
	require.Equal(t, http.StatusForbidden, send(h.Site, "/board/orders/ORD_X/handover").StatusCode)

	require.Equal(t, "/pin?next=%2F", send(h.Site, "/lock").Header.Get("Location"))
	require.Equal(t, http.StatusSeeOther, h.Get(station).StatusCode)
}

func digits(n int64) string { return strconv.FormatInt(n, 10) }
