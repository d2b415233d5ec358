package web_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"brigade/internal/app"
	"brigade/internal/config"
	"brigade/internal/store/pgtest"
	"brigade/internal/web/webtest"
)

// An owner looks at tomorrow: the forecast is made, a plan is known better and taken back, an order goes out, and the night
// is run by hand while its graph is watched.
func TestTomorrowIsPlanned(t *testing.T) {
	t.Parallel()
	b := webtest.Open(t)
	s := startPlanning(t)
	open := func(path string) { b.Do(chromedp.Navigate(s.URL + path)) }
	// A page reads itself again whenever something has changed, so what is found on it is used at once.
	click := func(selector string) {
		t.Helper()
		b.Until(fmt.Sprintf(`((e) => e && (e.click(), true))(document.querySelector(%q))`, selector))
	}
	enter := func(form, field, value string) {
		t.Helper()
		b.Until(fmt.Sprintf(`((f) => f && (f.elements[%q].value = %q, f.requestSubmit(), true))(document.querySelector(%q))`, field, value, form))
	}

	open("/planning")
	b.Shows(`#link[data-state="on"]`)
	click("#run-now")
	b.Shows("#products-title")
	b.Until(`document.body.textContent.includes("Burger combo")`)
	open("/planning/kitchen?sku=wrap")
	const tomorrow = "tbody tr:nth-child(2)"
	b.Shows(tomorrow)
	enter(tomorrow+" details form", "quantity", "777")
	b.Until(`document.querySelector("` + tomorrow + ` td b").textContent == "777"`)
	click("#undo")
	b.Until(`document.querySelector("` + tomorrow + ` td b").textContent != "777"`)

	open("/planning/kitchen/production")
	click("#plan-now")
	enter("#total-house_dip form", "batches", "9")
	b.Shows("#total-house_dip b.edited")
	click("#undo")
	b.Gone("#total-house_dip b.edited")

	open("/planning/kitchen/purchases")
	click("#draft")
	b.Shows(".purchase.draft .send")
	enter(".purchase.draft form[id^=edit]", "packs-1", "23")
	b.Until(`document.querySelector(".purchase.draft [name=packs-1]").defaultValue == "23"`)
	click(".purchase.draft .send")
	b.Shows(".purchase.sent .receive")

	open("/workflows")
	click("#flow-daily button.main")
	b.Shows(`.run-head[data-status="completed"]`)
	b.Until(`document.querySelectorAll(".box.completed").length == 6`)
	open("/workflows/of/daily/edit")
	enter("#editor", "text", "name: daily\ntyp: daily\n")
	click(`.faults [data-line="2"]`)
	require.Equal(t, "typ: daily", b.Evaluate(`((e) => e.value.slice(e.selectionStart, e.selectionEnd))(document.getElementById("text"))`))
	b.NoFaults()
	auditPlanning(b, s)
}

// startPlanning runs Brigade with all that plans, over the demo's past.
func startPlanning(t *testing.T) *webtest.Site {
	t.Helper()
	a := app.New(app.Config{
		Roles: []config.Role{config.RoleAPI, config.RoleKitchen, config.RoleJobs, config.RoleOrchestrator}, Addr: "127.0.0.1:0",
		DatabaseURL: pgtest.NewURL(t), Demo: config.DemoData,
	})
	require.NoError(t, a.Start(t.Context()))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		require.NoError(t, a.Stop(ctx))
	})
	return &webtest.Site{T: t, App: a, URL: a.URL(), Client: &http.Client{Timeout: time.Minute}}
}

// auditPlanning looks at every page of both areas in one of the looks that people choose: between them they have all.
func auditPlanning(b *webtest.Browser, s *webtest.Site) {
	b.T.Helper()
	looks := []struct{ lang, theme string }{{"en", "light"}, {"ru", "dark"}, {"es", "light"}, {"en", "dark"}}
	for i, path := range []string{
		"/planning/kitchen?sku=wrap", "/planning/kitchen/production", "/planning/kitchen/purchases?all=1", "/planning/kitchen/stock?item=bun",
		"/planning/kitchen/validation", "/planning/kitchen/alerts", "/workflows", "/workflows/calendar", "/workflows/runs/1", "/workflows/of/daily",
		"/workflows/new",
	} {
		look := looks[i%len(looks)]
		b.Look(look.lang, look.theme)
		b.Do(chromedp.Navigate(s.URL + path))
		b.Shows("#main")
		b.Accessible()
	}
}
