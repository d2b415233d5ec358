package web_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"brigade/internal/account"
	"brigade/internal/account/accountpg"
	"brigade/internal/actor"
	"brigade/internal/config"
	"brigade/internal/store/pgtest"
	"brigade/internal/tenant"
	"brigade/internal/tenant/tenantpg"
	"brigade/internal/web/webtest"
)

// round is a restaurant with one driver, who has a phone.
type round struct {
	*webtest.Site
	pool *pgxpool.Pool
}

// startRound runs a restaurant whose dispatcher waits long for answers: machines that test may be slow.
func startRound(t *testing.T, more ...config.Role) *round {
	t.Helper()
	database := pgtest.NewURL(t)
	s := webtest.Start(t, database, config.DemoData, more...)
	pool, err := pgxpool.New(t.Context(), database)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	_, err = pool.Exec(t.Context(), "update delivery_regions set offer_seconds = 900")
	require.NoError(t, err)
	return &round{s, pool}
}

// hire gives Marta a password.
func (r *round) hire() {
	r.T.Helper()
	owner, err := tenant.New(tenantpg.New(r.pool)).DemoActor(r.T.Context())
	require.NoError(r.T, err)
	accounts := account.New(accountpg.New(r.pool), slog.New(slog.DiscardHandler))
	u, err := accounts.Add(r.T.Context(), owner, account.User{Name: "Marta", Email: "marta@example.org", Role: actor.Driver, Driver: r.count("select id from drivers where name = 'Marta'")})
	require.NoError(r.T, err)
	require.NoError(r.T, accounts.SetPassword(r.T.Context(), owner, u.ID, webtest.Password))
}

func (r *round) count(sql string, args ...any) (n int64) {
	r.T.Helper()
	require.NoError(r.T, r.pool.QueryRow(r.T.Context(), sql, args...).Scan(&n))
	return n
}

func (r *round) must(method, path, body string) map[string]any {
	r.T.Helper()
	status, answer := r.Call(method, path, body)
	require.Less(r.T, status, 300, "%s %s: %v", method, path, answer)
	return answer
}

// wants places an order to a door near by, and returns its number and id.
func (r *round) wants(guest, more string) (number string, id int64) {
	r.T.Helper()
	placed := r.must(http.MethodPost, "/api/v1/orders", fmt.Sprintf(`{"type":"delivery","customer_name":%q,"delivery_address":"Gran Vía 1, Madrid",
		"delivery_location":{"lat":40.4215,"lon":-3.7040},"items":[{"sku":"dip_cup","quantity":1}]%s}`, guest, more))
	return placed["number"].(string), int64(placed["id"].(float64))
}

// became waits until a delivery has a status.
func (r *round) became(number, status string) {
	r.T.Helper()
	require.Eventually(r.T, func() bool {
		return r.must(http.MethodGet, "/api/v1/deliveries/"+number, "")["status"] == status
	}, time.Minute, 20*time.Millisecond, "%s %s", number, status)
}

// allows says whether a page may know where the phone is, and where it is.
func allows(b *webtest.Browser, setting browser.PermissionSetting, lat, lon float64) {
	b.T.Helper()
	_, err := chromedp.Call(b.Ctx, browser.SetPermission, browser.SetPermissionParams{
		Permission: &browser.PermissionDescriptor{Name: "geolocation"}, Setting: setting,
	})
	require.NoError(b.T, err)
	accuracy := 5.0
	_, err = chromedp.Call(b.Ctx, emulation.SetGeolocationOverride, emulation.SetGeolocationOverrideParams{Latitude: &lat, Longitude: &lon, Accuracy: &accuracy})
	require.NoError(b.T, err)
}

// taps presses a button of the page that says something, within what a selector finds.
func taps(b *webtest.Browser, within, says string) {
	b.T.Helper()
	b.Until(fmt.Sprintf(`(() => {
		const go = [...document.querySelectorAll(%q)].find(x => x.textContent.includes(%q) && x.checkVisibility());
		go?.click();
		return go;
	})()`, within+" .go", says))
}

func enters(b *webtest.Browser, field, text string) {
	b.T.Helper()
	b.Evaluate(fmt.Sprintf(`document.querySelector(%q).value = %q; ""`, field, text))
}

// A driver's evening on a phone: he signs in, goes on shift, refuses and allows to be located, declines a trip and takes
// another, loses the network at the counter and at a door, is asked for a code, and goes home.
func TestADriversEvening(t *testing.T) {
	t.Parallel()
	phone := webtest.Open(t)
	r := startRound(t, config.RoleDelivery)
	r.hire()
	r.must(http.MethodPut, "/api/v1/outlets/kitchen/order-settings", `{"payment_within_seconds":600,"hand_over_code":true,"pos_url":"","pos_accept_seconds":120,"hours":[]}`)
	net := newWire(t, strings.TrimPrefix(r.URL, "http://"))
	home := "http://" + net.address
	phone.Do(chromedp.EmulateViewport(390, 844))
	allows(phone, browser.PermissionSettingDenied, 40.4203, -3.7058)

	phone.Do(chromedp.Navigate(home + "/login"))
	enters(phone, "#email", "marta@example.org")
	enters(phone, "#password", webtest.Password)
	phone.Evaluate(`document.querySelector("form.sheet").requestSubmit(); ""`)
	phone.Shows(`#shift.off`)
	phone.Shows(`#link[data-state="on"]`)
	taps(phone, "#shift", "Go on shift")
	phone.Shows(`#shift.waiting`)
	phone.Shows(`#where[data-state="refused"]:not([hidden])`)
	phone.Accessible()
	allows(phone, browser.PermissionSettingGranted, 40.4203, -3.7058)
	phone.Evaluate(`document.querySelector("#where button").click(); ""`)
	phone.Shows(`#where[hidden]`)
	phone.Shows(`body[data-positioned]`)
	require.InDelta(t, 40.4203, r.must(http.MethodGet, "/api/v1/driver?driver=Marta", "")["position"].(map[string]any)["lat"], 1e-6)

	// One trip is declined: the dispatcher is told why. It is called off, so that nobody is asked for it again.
	refused, _ := r.wants("Ada <b>", "")
	makeOrder(t, r.Site, refused)
	phone.Shows(`.trip .until`)
	phone.Until(`/\d:\d\d left/.test(document.querySelector(".until").textContent) && !document.body.textContent.includes("Ada")`)
	looks(phone, home+"/driver", "es", "dark")
	phone.Evaluate(`document.querySelector(".trip summary").click(); ""`)
	taps(phone, ".trip details", "Vehículo averiado")
	phone.Gone(`.trip`)
	phone.Look("en", "light")
	phone.Do(chromedp.Navigate(home + "/driver"))
	offers := r.must(http.MethodGet, "/api/v1/deliveries/"+refused+"/explain", "")["offers"].([]any)
	require.True(t, slices.ContainsFunc(offers, func(o any) bool {
		offer := o.(map[string]any)
		return offer["outcome"] == "declined" && offer["reason"] == "Vehículo averiado"
	}), "%v", offers)
	r.must(http.MethodPost, "/api/v1/orders/"+refused+"/cancel", `{"reason":"nobody brings it"}`)

	// Two orders, one of them paid in cash; the answer to the first tap is lost, then the whole network.
	cash, cashID := r.wants("Zoë", `,"payment":{"method":"cash"}`)
	photo, photoID := r.wants("Yan", "")
	for _, number := range []string{cash, photo} {
		makeOrder(t, r.Site, number)
	}
	phone.Until(`(() => {
		[...document.querySelectorAll(".trip .go.main")].find(x => x.checkVisibility())?.click();
		return document.querySelectorAll(".bag.ready").length === 2;
	})()`)
	phone.Until(`document.body.dataset.kept === "0" && document.querySelector(".cash").textContent.includes("€")`)
	phone.Shows(`body[data-pictured]`)
	bag, door := func(id int64) string { return fmt.Sprintf(`.bag[data-order="%d"]`, id) }, func(id int64) string { return fmt.Sprintf(`.door[data-order="%d"]`, id) }
	net.set(deaf)
	taps(phone, bag(cashID), "Collected")
	r.became(cash, "picked_up")
	phone.Shows(bag(cashID) + `[data-kept]`)
	net.set(cut)
	phone.Shows(`#offline:not([hidden])`)
	taps(phone, bag(photoID), "Collected")
	enters(phone, fmt.Sprintf("#at-%d", photoID), "IMG_4711.jpg")
	phone.Evaluate(fmt.Sprintf(`document.querySelector("#photo-%d summary").click(); ""`, photoID))
	taps(phone, door(photoID)+" details", "with a photo")
	phone.Until(`document.getElementById("offline").textContent.includes("3 taps wait")`)
	phone.Evaluate(`delete document.body.dataset.pictured; ""`)
	phone.Shows(`body[data-pictured]`)
	phone.Do(chromedp.Navigate(home + "/driver")) // it was in the rain: switched off and on
	phone.Shows(`#link[data-state="off"]`)
	phone.Shows(door(photoID) + `[data-tapped="delivered"][data-kept]`)
	net.set(whole)
	phone.Gone(door(photoID))
	phone.Gone(`.bag`)
	phone.Until(`document.body.dataset.kept === "0"`)
	r.became(photo, "delivered")
	require.Equal(t, "photo:IMG_4711.jpg", r.must(http.MethodGet, "/api/v1/deliveries/"+photo, "")["proof"])
	require.EqualValues(t, 2, r.count("select count(*) from event_log where type = 'DELIVERY_PICKED_UP'"), "each once")

	// At the other door nobody opens at first; then a wrong code is said, and the right one.
	looks(phone, home+"/driver", "ru", "dark")
	phone.Look("en", "light")
	phone.Do(chromedp.Navigate(home + "/driver"))
	phone.Shows(`#link[data-state="on"]`)
	phone.Until(`document.documentElement.scrollWidth <= 390 && [...document.querySelectorAll("main .go, main summary, .stop h3 a")].filter(x => x.checkVisibility()).every(x => x.getBoundingClientRect().height >= 44)`)
	phone.Until(`document.querySelector(".door a[data-map]").href.startsWith("geo:40.421500,-3.704000?q=")`)
	phone.Evaluate(`document.querySelector("[id^=problem-] summary").click(); ""`)
	taps(phone, door(cashID), "Nobody opens")
	phone.Until(`document.querySelector(".door .escalated")?.textContent.includes("Marta: Nobody opens")`)
	enters(phone, fmt.Sprintf("#code-%d", cashID), "0")
	taps(phone, door(cashID)+" .proof", "Delivered")
	phone.Shows(`.toast.fault`)
	code := r.must(http.MethodGet, "/api/v1/orders/"+cash+"/file", "")["code"].(string)
	enters(phone, fmt.Sprintf("#code-%d", cashID), code)
	taps(phone, door(cashID)+" .proof", "Delivered")
	phone.Gone(`.stop`)
	taps(phone, "#shift", "Go off shift")
	phone.Shows(`#shift.off`)
	r.became(cash, "delivered")
	phone.NoException()
}

// Without scripts everything is a form, and who sends one twice has sent it once. The demo shows whose work there is; a driver
// sees his own alone.
func TestADriversPageWithoutScripts(t *testing.T) {
	t.Parallel()
	r := startRound(t)
	choice := r.Get("/driver")
	require.Contains(t, choice.Text, "Marta")
	marta := r.count("select id from drivers where name = 'Marta'")
	require.Contains(t, choice.Text, fmt.Sprintf(`href="/driver?driver=%d"`, marta))
	own := fmt.Sprintf("/driver/%d", marta)
	page := func() string { return r.Get("/driver?driver=Marta").Text }
	refs := func(do string) string {
		found := regexp.MustCompile(`name="do" value="` + do + `"><input type="hidden" name="refs" value="([^"]+)"`).FindStringSubmatch(page())
		require.NotNil(t, found, do)
		return found[1]
	}
	send := func(fields ...string) int {
		form := url.Values{}
		for i := 0; i < len(fields); i += 2 {
			form.Set(fields[i], fields[i+1])
		}
		return r.Do(http.MethodPost, own+"/do", form).StatusCode
	}
	require.Equal(t, http.StatusSeeOther, send("do", "online", "refs", refs("online")))
	require.Contains(t, page(), "On shift")
	number, _ := r.wants("Ada <b>", "")
	makeOrder(t, r.Site, number)
	r.must(http.MethodPost, "/api/v1/deliveries/"+number+"/assign", `{"driver":"Marta"}`)
	require.NotContains(t, page(), "<b>Ada")
	back := refs("decline")
	for range 2 {
		require.Equal(t, http.StatusSeeOther, send("do", "decline", "refs", back, "reason", "Too far"))
		r.must(http.MethodPost, "/api/v1/deliveries/"+number+"/assign", `{"driver":"Marta"}`) // she has it again
	}
	require.Equal(t, "assigned", r.must(http.MethodGet, "/api/v1/deliveries/"+number, "")["status"], "an old form takes nothing away")
	collected := refs("pickup")
	for range 2 {
		require.Equal(t, http.StatusSeeOther, send("do", "pickup", "refs", collected))
	}
	require.Equal(t, http.StatusSeeOther, send("do", "delivered", "refs", refs("delivered")))
	require.Equal(t, http.StatusSeeOther, send("do", "pickup", "refs", collected), "what was done is not refused because more was done since")
	require.Equal(t, http.StatusUnprocessableEntity, send("do", "fly", "refs", "1:1"))
	require.Equal(t, http.StatusBadRequest, r.Do(http.MethodPost, own+"/positions", url.Values{"lat": {"1"}}).StatusCode)

	require.Contains(t, r.Get("/driver?driver=Marta").Header.Get("Permissions-Policy"), "geolocation=(self)")
	require.Contains(t, r.Get("/dispatch/madrid").Header.Get("Permissions-Policy"), "geolocation=()")
	require.Equal(t, "/driver", r.Get("/driver/worker.js").Header.Get("Service-Worker-Allowed"))
	r.hire()
	signed := r.Do(http.MethodPost, "/login", url.Values{"email": {"marta@example.org"}, "password": {webtest.Password}})
	require.Equal(t, http.StatusSeeOther, signed.StatusCode)
	require.Equal(t, "/driver", r.Get("/").Header.Get("Location"))
	require.Contains(t, r.Get("/driver").Text, `<h1>Marta</h1>`)
	other := r.count("select id from drivers where name = 'Karim'")
	for _, path := range []string{"/driver?driver=Karim", fmt.Sprintf("/live/driver/%d", other)} {
		require.Equal(t, http.StatusForbidden, r.Get(path).StatusCode, path)
	}
	for _, path := range []string{"do", "taps"} {
		require.Equal(t, http.StatusForbidden, r.Do(http.MethodPost, fmt.Sprintf("/driver/%d/%s", other, path), url.Values{"do": {"online"}, "refs": {":1"}}).StatusCode, path)
	}
}
