package web_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"brigade/internal/web/webtest"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"brigade/internal/config"
	"brigade/internal/store/pgtest"
)

// looks shows a page that is alive in a language and colours, and audits it.
func looks(b *webtest.Browser, page, lang, theme string) {
	b.T.Helper()
	b.Look(lang, theme)
	b.Do(chromedp.Navigate(page))
	b.Shows(fmt.Sprintf(`html[lang=%q][data-theme=%q]`, lang, theme))
	b.Shows(`#link[data-state="on"]`)
	b.Accessible()
}

// A guest follows his order by its link while a dispatcher, who has nothing but a keyboard, gives it to a driver.
func TestFromTheDispatcherToTheDoor(t *testing.T) {
	t.Parallel()
	guest := webtest.Open(t)
	desk := guest.Another()
	s := webtest.Start(t, pgtest.NewURL(t), config.DemoData)
	must := func(method, path, body string) map[string]any {
		t.Helper()
		status, answer := s.Call(method, path, body)
		require.Less(t, status, 300, "%s %s: %v", method, path, answer)
		return answer
	}
	must(http.MethodPut, "/api/v1/outlets/kitchen/order-settings", `{"payment_within_seconds":600,"hand_over_code":true,"pos_url":"","pos_accept_seconds":120,"hours":[]}`)
	must(http.MethodPost, "/api/v1/driver/online?driver=Marta", "")
	must(http.MethodPost, "/api/v1/driver/position?driver=Marta", `{"lat":40.4203,"lon":-3.7058}`)
	placed := must(http.MethodPost, "/api/v1/orders", `{"type":"delivery","customer_name":"Ada <b>","delivery_address":"Gran Vía 1, Madrid",
		"delivery_location":{"lat":40.4215,"lon":-3.7040},"items":[{"sku":"dip_cup","quantity":1}]}`)
	number := placed["number"].(string)

	guest.Do(chromedp.EmulateViewport(390, 844), chromedp.Navigate(s.URL+placed["tracking_url"].(string)))
	guest.Shows(`#link[data-state="on"]`)
	guest.Until(`document.querySelector("h1").textContent.includes("We have your order") && /^\d{4}$/.test(document.querySelector(".code strong").textContent)`)
	guest.Shows(`.town.alive .pin.outlet`)
	guest.Gone(`.pin.driver`)
	guest.Until(`document.documentElement.scrollWidth <= 390`)
	guest.Accessible()

	desk.Do(chromedp.EmulateViewport(1440, 1080), chromedp.Navigate(s.URL+"/dispatch"))
	desk.Shows(`#link[data-state="on"]`)
	desk.Shows(`.town.alive .pin.driver`)
	desk.Evaluate(fmt.Sprintf(`document.getElementById("open-%s").focus(); ""`, number))
	desk.Press(kb.Enter)
	desk.Shows(`#give-to`)
	desk.Accessible()
	assign := func() {
		desk.Evaluate(`document.getElementById("give-to").focus(); ""`)
		desk.Press("Marta")
		desk.Until(`document.getElementById("give-to").selectedOptions[0].text.startsWith("Marta")`)
		desk.Press(kb.Tab + kb.Enter)
		desk.Until(`document.querySelector(".delivery.assigned .says")?.textContent.includes("Marta fetches it")`)
	}
	assign()
	guest.Until(`[...document.querySelectorAll(".steps .done")].some(x => x.textContent.includes("Driver found"))`)
	desk.Shows(`#toast #undo`)
	desk.Evaluate(`document.getElementById("undo").focus(); ""`)
	desk.Press(kb.Enter)
	desk.Shows(`.delivery.requested`)
	desk.Until(`document.getElementById("give-to") && !document.querySelector("#chosen .says").textContent.includes("Marta")`)
	assign()

	s.Post("/dispatch/madrid/pause", "outlet_id", fmt.Sprint(placed["outlet_id"]), "zone", "centre", "minutes", "30", "reason", "a demonstration")
	desk.Until(`document.querySelector(".zone.paused")?.textContent.includes("a demonstration")`)
	makeOrder(t, s, number)
	must(http.MethodPost, "/api/v1/driver/deliveries/"+number+"/pickup?driver=Marta", "")
	must(http.MethodPost, "/api/v1/driver/position?driver=Marta", `{"lat":40.4210,"lon":-3.7050}`)
	guest.Until(`document.querySelector("h1").textContent.includes("On its way") && document.querySelector(".pin.driver")`)
	guest.Until(`!document.body.textContent.includes("+34")`)
	desk.Shows(`.delivery.picked_up`)
	looks(guest, s.URL+placed["tracking_url"].(string), "es", "dark")
	guest.Until(`document.querySelector("h1").textContent.includes("En camino")`)
	looks(desk, s.URL+"/dispatch/madrid?order="+number, "ru", "dark")

	must(http.MethodPost, "/api/v1/driver/deliveries/"+number+"/delivered?driver=Marta", `{"photo":"p/1.jpg"}`)
	guest.Until(`document.querySelector("h1").textContent.includes("Entregado") && !document.querySelector(".town.alive")`)
	desk.Gone(`.delivery`)
	guest.NoFaults()
	desk.NoFaults()
}

// makeOrder makes everything of an order.
func makeOrder(t *testing.T, s *webtest.Site, number string) {
	t.Helper()
	tasks := func() []any {
		_, answer := s.Call(http.MethodGet, "/api/v1/orders/"+number, "")
		return answer["tasks"].([]any)
	}
	for _, task := range tasks() {
		id := int64(task.(map[string]any)["id"].(float64))
		require.Eventually(t, func() bool { return s.TaskStatus(id) != "READY" && s.TaskStatus(id) != "UNASSIGNED" }, time.Minute, 20*time.Millisecond)
		for _, do := range []string{"start", "complete"} {
			status, answer := s.Call(http.MethodPost, fmt.Sprintf("/api/v1/tasks/%d/%s", id, do), "")
			require.Less(t, status, 300, "%v", answer)
		}
	}
}

// What nobody may have: a link that is not ours, an order's page without its link, the dispatcher's page of another.
func TestLinksAndPlacesOfOthers(t *testing.T) {
	t.Parallel()
	s := webtest.Start(t, pgtest.NewURL(t), config.DemoData)
	for _, path := range []string{"/track/1", "/track/AQFKXxSiQa8UuRATAgt1LL_8", "/live/track/AQFKXxSiQa8UuRATAgt1LL_8", "/track/", "/dispatch/elsewhere", "/live/dispatch/elsewhere"} {
		require.Equal(t, http.StatusNotFound, s.Get(path).StatusCode, path)
	}
	require.Equal(t, http.StatusNotFound, s.Post("/dispatch/madrid/assign", "order", "ORD_20200101_001", "driver", "1").StatusCode)
	require.Equal(t, http.StatusUnprocessableEntity, s.Post("/dispatch/madrid/pause", "outlet_id", "1", "zone", "centre", "minutes", "a while").StatusCode)
	require.Equal(t, http.StatusNotFound, s.Post("/dispatch/madrid/pause", "outlet_id", "1", "zone", "nowhere", "minutes", "5").StatusCode)
	page := s.Get("/dispatch/kitchen")
	require.Equal(t, http.StatusOK, page.StatusCode)
	require.Contains(t, page.Text, "Nothing is to be delivered just now")
}
