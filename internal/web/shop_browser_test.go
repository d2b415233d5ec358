package web_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"brigade/internal/web/webtest"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"brigade/internal/config"
	"brigade/internal/store/pgtest"
)

const shopPath = "/shop/demo/kitchen"

// A guest with a phone chooses, sees what he is promised, orders, and lands where he can follow it. What sells out
// meanwhile says so at once.
func TestAGuestOrdersByPhone(t *testing.T) {
	t.Parallel()
	b := webtest.Open(t)
	s := webtest.Start(t, pgtest.NewURL(t), config.DemoData)
	b.Do(chromedp.EmulateViewport(390, 844), chromedp.Navigate(s.URL+shopPath+"/table/7"))
	b.Shows(`#link[data-state="on"]`)
	b.Until(`document.body.textContent.includes("Table 7") && /Ready \d\d:\d\d/.test(document.querySelector(".shop-state").textContent)`)
	b.Until(`document.documentElement.scrollWidth <= 390`)
	b.Evaluate(`document.body.dataset.mark = "same page"; ""`)

	b.Do(chromedp.Click(chromedp.CSS(`[data-sku="burger_combo"] .add`)))
	b.Shows(`dialog#sheet[open] [value="Double"]`)
	audit(b)
	b.Do(chromedp.Click(chromedp.CSS(`[value="Double"]`)), chromedp.Click(chromedp.CSS(`[value="No onion"]`)), chromedp.Click(chromedp.CSS(`#sheet #add`)))
	b.Until(`document.querySelector("#cart a.main")?.textContent.includes("€12.90")`)
	b.Gone(`dialog[open]`)

	b.Do(chromedp.Click(chromedp.CSS(`[data-sku="dip_cup"] .add`)))
	b.Until(`document.querySelector("#cart a.main").textContent.includes("€13.80")`)
	status, _ := s.Call(http.MethodPost, "/api/v1/menu/wrap/86?outlet=kitchen", `{"reason":"sold out"}`)
	require.Equal(t, http.StatusOK, status)
	b.Shows(`[data-sku="wrap"].out .sold`)
	require.Equal(t, "same page", b.Evaluate(`document.body.dataset.mark`))
	audit(b)

	b.Do(chromedp.Click(chromedp.CSS(`#cart a.main`)))
	b.Shows(`#quote .promise`)
	b.Do(chromedp.Click(chromedp.CSS(`[value="delivery"]`)))
	b.Until(`document.querySelector("#quote .fault") && document.querySelector("#map .zone")`)
	b.Until(`document.documentElement.scrollWidth <= 390`)
	b.Do(chromedp.SendKeys(chromedp.CSS(`[name=address]`), "Calle de Goya 12\t"))
	b.Until(`document.querySelector("#quote").textContent.includes("€17.30")`)
	audit(b)
	b.Do(chromedp.Click(chromedp.CSS(`[value="dine_in"]`)))
	b.Until(`document.querySelector("[name=total]").value === "1380"`)
	b.Do(chromedp.Click(chromedp.CSS(`#order`)))
	b.Shows(`.track .stages`)
	require.Regexp(t, "^/track/.{20,}", b.Evaluate(`location.pathname`))
	b.NoFaults()

	_, list := s.Call(http.MethodGet, "/api/v1/orders", "")
	o := list["orders"].([]any)[0].(map[string]any)
	require.Equal(t, []any{"shop", "dine_in", 7.0, 13.8}, []any{o["source"], o["type"], o["table_number"], o["total"]})
	require.Equal(t, "Burger combo (Double, No onion)", o["lines"].([]any)[0].(map[string]any)["name"])
}

// audit is an audit in light and in dark.
func audit(b *webtest.Browser) {
	b.T.Helper()
	for _, theme := range []string{"light", "dark"} {
		b.Evaluate(`document.documentElement.dataset.theme = "` + theme + `"; ""`)
		b.Accessible()
	}
}

// tagged are the hidden fields of a form.
var tagged = regexp.MustCompile(`<input type="hidden" name="(key|total)" value="([^"]*)"`)

// form is what a browser without JavaScript sends from the cart's page, with some fields filled in.
func form(page string, fields ...string) url.Values {
	f := url.Values{}
	for _, m := range tagged.FindAllStringSubmatch(page, -1) {
		f.Set(m[1], m[2])
	}
	for i := 0; i < len(fields); i += 2 {
		f.Set(fields[i], fields[i+1])
	}
	return f
}

// Without JavaScript, and sent as often as one likes: it is one order, at the menu's price.
func TestOneCartIsOneOrder(t *testing.T) {
	t.Parallel()
	s := webtest.Start(t, pgtest.NewURL(t), config.DemoData)
	require.Equal(t, shopPath, s.Get("/shop/").Header.Get("Location"))
	require.Equal(t, "/shop/demo/pizzeria", s.Get("/shop/pizzeria").Header.Get("Location"))
	require.Equal(t, http.StatusNotFound, s.Get("/shop/demo/elsewhere").StatusCode)
	require.Equal(t, http.StatusNotFound, s.Get("/shop/nobody/kitchen").StatusCode)
	require.Contains(t, s.Get(shopPath+"/art/wrap").Text, "<svg")

	post := func(path string, f url.Values) webtest.Answer { return s.Do(http.MethodPost, shopPath+path, f) }
	require.Equal(t, http.StatusUnprocessableEntity, post("/cart", url.Values{"sku": {"wrap"}, "g0": {"Gold"}}).StatusCode)
	require.Equal(t, http.StatusNotFound, post("/cart", url.Values{"sku": {"gold"}}).StatusCode)
	added := post("/cart", url.Values{"sku": {"wrap"}, "quantity": {"2"}, "g0": {"Hot"}, "note": {"<b>warm</b>"}, "price": {"0.01"}})
	require.Equal(t, http.StatusSeeOther, added.StatusCode)
	cart := s.Get(shopPath + "/cart")
	require.Contains(t, cart.Text, "€15.00")
	require.NotContains(t, cart.Text, "<b>warm</b>")
	require.NotRegexp(t, `<script>|\sstyle=|\son\w+=`, cart.Text)

	nameless := post("/order", form(cart.Text, "type", "takeout", "pay", "test"))
	require.Equal(t, http.StatusUnprocessableEntity, nameless.StatusCode)
	require.Contains(t, nameless.Text, "tell us your name")
	cheap := post("/order", form(cart.Text, "type", "takeout", "pay", "test", "name", "Ana", "total", "1"))
	require.Equal(t, http.StatusConflict, cheap.StatusCode, "nobody pays what he was not shown")
	require.Contains(t, cheap.Text, `value="Ana"`, "what was typed is kept")
	require.Equal(t, http.StatusUnprocessableEntity, post("/order", form(cart.Text, "type", "takeout", "name", "Ana", "pay", "provider")).StatusCode)
	require.Contains(t, post("/order", form(cart.Text, "name", "Ana", "pay", "test", "type", "delivery", "phone", "+34600111222",
		"address", "Somewhere 1", "lat", "10", "lon", "10")).Text, "Nothing is delivered there")

	order := form(cart.Text, "type", "takeout", "pay", "test", "name", "Ana", "when", "")
	cookies := s.Client.Jar.Cookies(must(url.Parse(s.URL + shopPath)))
	paths := make([]string, 8)
	var all errgroup.Group // a double click: all of them with the cart as it was
	for i := range paths {
		all.Go(func() error {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+shopPath+"/order", strings.NewReader(order.Encode()))
			if err != nil {
				return err
			}
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			for _, c := range cookies {
				req.AddCookie(c)
			}
			resp, err := (&http.Transport{}).RoundTrip(req)
			if err != nil {
				return err
			}
			paths[i] = resp.Header.Get("Location")
			return resp.Body.Close()
		})
	}
	require.NoError(t, all.Wait())
	once := post("/order", order)
	require.Equal(t, http.StatusSeeOther, once.StatusCode)
	for _, p := range paths {
		require.Equal(t, once.Header.Get("Location"), p)
	}
	require.Equal(t, once.Header.Get("Location"), post("/order", order).Header.Get("Location"), "who goes back lands at his order")
	_, list := s.Call(http.MethodGet, "/api/v1/orders", "")
	require.Len(t, list["orders"], 1)
	line := list["orders"].([]any)[0].(map[string]any)["lines"].([]any)[0].(map[string]any)
	require.Equal(t, []any{"Grilled wrap (Hot, <b>warm</b>)", 7.5}, []any{line["name"], line["unit_price"]})
	require.Contains(t, s.Get(shopPath+"/cart").Text, "Your basket is empty.")

	stale := post("/order", order)
	require.Equal(t, http.StatusSeeOther, stale.StatusCode)
	require.Equal(t, http.StatusConflict, post("/order", form("", "key", "SOMEBODYELSE", "pay", "test")).StatusCode)
}

// An order for later waits for its time; one that is sold out meanwhile is refused, and says so.
func TestAnOrderForLater(t *testing.T) {
	t.Parallel()
	s := webtest.Start(t, pgtest.NewURL(t), config.DemoData)
	post := func(path string, f url.Values) webtest.Answer { return s.Do(http.MethodPost, shopPath+path, f) }
	post("/cart", url.Values{"sku": {"cold_coffee"}})
	page := s.Get(shopPath + "/cart").Text
	slots := regexp.MustCompile(`<option value="(20[^"]+Z)"`).FindAllStringSubmatch(page, -1)
	require.NotEmpty(t, slots)
	at := slots[len(slots)/2][1]
	_, err := time.Parse(time.RFC3339, at)
	require.NoError(t, err)

	s.Post("/kitchen/kitchen/86", "sku", "cold_coffee", "kind", "item", "name", "cold_coffee", "to", "out")
	status, _ := s.Call(http.MethodPost, "/api/v1/menu/cold_coffee/86?outlet=kitchen", `{"reason":"no milk"}`)
	require.Equal(t, http.StatusOK, status)
	gone := post("/order", form(page, "type", "takeout", "name", "Ana", "pay", "cash", "when", at))
	require.Equal(t, http.StatusConflict, gone.StatusCode)
	require.Contains(t, gone.Text, "sold out: take it out")
	status, _ = s.Call(http.MethodPost, "/api/v1/menu/cold_coffee/back?outlet=kitchen", "")
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, http.StatusSeeOther, post("/order", form(page, "type", "takeout", "name", "Ana", "pay", "cash", "when", at)).StatusCode)
	_, list := s.Call(http.MethodGet, "/api/v1/orders?status=scheduled", "")
	require.Len(t, list["orders"], 1)
}

func must[V any](v V, err error) V {
	if err != nil {
		panic(err)
	}
	return v
}
