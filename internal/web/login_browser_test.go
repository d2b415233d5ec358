package web_test

import (
	"testing"

	"brigade/internal/web/webtest"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"brigade/internal/account"
	"brigade/internal/actor"
)

// The owner adds a cook and makes the device a tablet; the cook signs in on it with nothing but keys, has his station,
// and gets nothing else.
func TestACookSignsInByPIN(t *testing.T) {
	t.Parallel()
	b, s := webtest.Open(t), webtest.StartHouse(t)
	s.User(account.User{Name: "Olga", Email: "olga@example.com", Role: actor.Owner})
	choose := func(name, text string) {
		b.Evaluate(`{const s = document.querySelector("form.fields [name=` + name + `]"); s.value = [...s.options].find(o => o.text.includes("` + text + `")).value; ""}`)
	}
	b.Do(chromedp.Navigate(s.URL + "/settings/users"))
	b.Shows(`#email`)
	b.Accessible()
	b.Press("olga@example.com\t" + webtest.Password + kb.Enter)
	b.Shows(`.rail [aria-current=page][href="/settings/"]`)

	b.Do(chromedp.SendKeys(chromedp.CSS(`form.fields [name=name]`), "Asha"))
	choose("at", "Demo Kitchen")
	choose("station", "griller")
	b.Do(chromedp.SendKeys(chromedp.CSS(`form.fields [name=pin]`), "4831"+kb.Enter))
	b.Shows(`#pin-title`)
	b.Accessible()
	b.Do(chromedp.Navigate(s.URL + "/settings/users"))
	b.Until(`document.querySelector("#main").textContent.includes("Asha")`)
	b.Accessible()

	b.Do(chromedp.Navigate(s.URL + "/settings/tablets"))
	b.Shows(`form.fields [name=idle]`)
	b.Accessible()
	choose("station", "griller")
	b.Do(chromedp.SendKeys(chromedp.CSS(`form.fields [name=name]`), "Grill"+kb.Enter))
	b.Shows(`#pad [data-digit="7"]`)
	for _, theme := range []string{"light", "dark"} {
		b.Evaluate(`document.documentElement.dataset.theme = "` + theme + `"; ""`)
		b.Accessible()
	}

	b.Press("483" + "9" + kb.Backspace + "1" + kb.Enter)
	b.Shows(`.kds #link[data-state="on"]`)
	b.Until(`location.pathname.includes("/station/") && document.querySelector(".lock .person").textContent === "Asha"`)
	b.Accessible()
	b.NoFaults()
	for _, path := range []string{"/settings/users", "/kitchen/kitchen/expo", "/kitchen/kitchen/all", "/kitchen/kitchen/86"} {
		b.Evaluate(`fetch("` + path + `").then(r => { document.body.dataset.answer = "` + path + ` " + r.status; }); ""`)
		b.Until(`document.body.dataset.answer === "` + path + ` 403"`)
	}
	b.Evaluate(`document.querySelector(".lock button").focus(); ""`)
	b.Press(kb.Enter)
	b.Shows(`#pad`)
}
