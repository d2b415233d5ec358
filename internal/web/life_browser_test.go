package web_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"brigade/internal/config"
	"brigade/internal/store/pgtest"
	"brigade/internal/web/webtest"
)

// The path that earns money, on three kinds of screen: a guest orders and pays, two cooks and the pass make it, a dispatcher
// gives it to a driver, who brings it with his phone, and the guest sees it come. Each has a browser of his own, open all the
// time.
func TestFromTheMenuToTheDoor(t *testing.T) {
	t.Parallel()
	phone := webtest.Open(t)
	guest, grill, fryer, pass, desk := phone.Another(), phone.Another(), phone.Another(), phone.Another(), phone.Another()
	all := []*webtest.Browser{guest, grill, fryer, pass, desk}
	s := webtest.Start(t, pgtest.NewURL(t), config.DemoData, config.RoleJobs)
	begins(phone, s)
	for _, port := range viewports {
		for _, b := range all {
			b.Do(chromedp.EmulateViewport(port.width, port.height))
		}
		number := buys(guest, s)
		cooks(s, number, grill, fryer, pass)
		sends(desk, s, number)
		guest.Until(`document.querySelector("h1").textContent.includes("driver is coming")`)
		taps(phone, ".bag.ready", "Collected")
		guest.Until(`document.querySelector("h1").textContent.includes("On its way") && document.querySelector(".pin.driver")`)
		pass.Gone(".tick")
		taps(phone, ".door", "Delivered")
		guest.Until(`document.querySelector("h1").textContent.includes("Delivered")`)
		desk.Gone(".delivery")
		phone.Gone(".stop")
		for _, b := range all {
			b.Until(fmt.Sprintf(`document.documentElement.scrollWidth <= %d`, port.width))
			b.NoFaults()
		}
	}
	phone.NoFaults()
	_, list := s.Call(http.MethodGet, "/api/v1/orders?status=delivered", "")
	require.Len(t, list["orders"], len(viewports))
}

// begins lets Marta begin her shift, with a phone that tells where it is.
func begins(phone *webtest.Browser, s *webtest.Site) {
	phone.T.Helper()
	phone.Do(chromedp.EmulateViewport(390, 844))
	allows(phone, browser.PermissionSettingGranted, 40.4203, -3.7058)
	phone.Do(chromedp.Navigate(s.URL + "/driver?driver=Marta"))
	phone.Shows(`#link[data-state="on"]`)
	taps(phone, "#shift", "Go on shift")
	phone.Shows(`#where[data-state="share"]:not([hidden])`)
	phone.Evaluate(`document.querySelector("#where button").click(); ""`)
	phone.Shows(`body[data-positioned]`)
}

// buys goes from the menu to the order's own page, and returns its number. The order is paid when it is in the kitchen.
func buys(b *webtest.Browser, s *webtest.Site) (number string) {
	b.T.Helper()
	b.Do(chromedp.Navigate(s.URL + shopPath))
	b.Shows(`#link[data-state="on"]`)
	b.Do(chromedp.Click(chromedp.CSS(`[data-sku="burger_combo"] .add`)))
	b.Shows(`dialog#sheet[open] #add`)
	b.Do(chromedp.Click(chromedp.CSS(`[value="Double"]`)), chromedp.Click(chromedp.CSS(`#sheet #add`)))
	b.Shows(`#cart a.main`)
	b.Do(chromedp.Click(chromedp.CSS(`#cart a.main`)))
	b.Shows(`#quote .promise`)
	b.Do(chromedp.Click(chromedp.CSS(`[value="delivery"]`)))
	for name, text := range map[string]string{"name": "Ada", "phone": "+34600111222", "address": "Calle de Goya 12"} {
		b.Evaluate(fmt.Sprintf(`document.querySelector("[name=%s]").value = %q; ""`, name, text))
	}
	b.Do(chromedp.Click(chromedp.CSS(`[name=pay][value="test"]`)))
	b.Evaluate(`document.getElementById("way").dispatchEvent(new Event("change", {bubbles: true})); ""`)
	b.Until(`document.querySelector("[name=total]").value === "1640" && !document.querySelector("#quote .fault")`) // with the fee
	b.Do(chromedp.Click(chromedp.CSS(`#order`)))
	b.Shows(`.track .stages`)
	b.Shows(`#link[data-state="on"]`)
	_, list := s.Call(http.MethodGet, "/api/v1/orders?limit=1", "")
	return list["orders"].([]any)[0].(map[string]any)["number"].(string)
}

// cooks makes an order: at the grill and at the fryer each on a screen of its own, the rest at the pass, on that of all
// stations, and there it is seen whole.
func cooks(s *webtest.Site, number string, grill, fryer, pass *webtest.Browser) {
	s.T.Helper()
	for name, b := range map[string]*webtest.Browser{"griller": grill, "fryer": fryer} {
		b.Do(chromedp.Navigate(s.URL + "/kitchen/kitchen"))
		b.Shows(".tile")
		b.Evaluate(fmt.Sprintf(`[...document.querySelectorAll(".tile")].find(x => x.textContent.includes(%q)).click(); ""`, name))
		b.Shows(`#link[data-state="on"]`)
		bump(b, number)
	}
	pass.Do(chromedp.Navigate(s.URL + "/kitchen/kitchen/all"))
	pass.Shows(`#link[data-state="on"]`)
	bump(pass, number)
	pass.Do(chromedp.Navigate(s.URL + "/kitchen/kitchen/expo"))
	pass.Shows(fmt.Sprintf(`.tick.ready[data-number="%s"]`, number))
	pass.Shows(`#link[data-state="on"]`)
}

// bump begins and finishes all that a screen has of an order.
func bump(b *webtest.Browser, number string) {
	b.T.Helper()
	b.Shows(fmt.Sprintf(`.tick[data-number="%s"] .row`, number))
	b.Until(fmt.Sprintf(`(() => {
		const card = document.querySelector('.tick[data-number="%s"]');
		if (!card) return true;
		card.querySelector(".go[data-main]:not([disabled])")?.click();
		return false;
	})()`, number))
	b.Until(`document.body.dataset.kept === "0"`)
}

// sends gives an order to the driver.
func sends(b *webtest.Browser, s *webtest.Site, number string) {
	b.T.Helper()
	b.Do(chromedp.Navigate(s.URL + "/dispatch/madrid?order=" + number))
	b.Shows(`#link[data-state="on"]`)
	b.Shows(`#give-to`)
	b.Evaluate(`document.getElementById("give-to").focus(); ""`)
	b.Press("Marta")
	b.Until(`document.getElementById("give-to").selectedOptions[0].text.startsWith("Marta")`)
	b.Press(kb.Tab + kb.Enter)
	b.Until(`document.querySelector(".delivery.assigned .says")?.textContent.includes("Marta fetches it")`)
}
