package web_test

import (
	"log/slog"
	"testing"

	"brigade/internal/web/webtest"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"brigade/internal/account"
	"brigade/internal/account/accountpg"
	"brigade/internal/actor"
	"brigade/internal/app"
	"brigade/internal/config"
	"brigade/internal/store/pgtest"
	"brigade/internal/tenant"
	"brigade/internal/tenant/tenantpg"
)

// startSigned runs the demo restaurant as one in which people must sign in, with an owner who can.
func startSigned(t *testing.T) *webtest.Site {
	t.Helper()
	database := pgtest.NewURL(t)
	first := app.New(app.Config{DatabaseURL: database, Demo: config.DemoData})
	require.NoError(t, first.Start(t.Context()))
	require.NoError(t, first.Stop(t.Context()))
	pool, err := pgxpool.New(t.Context(), database)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	operator, err := tenant.New(tenantpg.New(pool)).DemoActor(t.Context())
	require.NoError(t, err)
	accounts := account.New(accountpg.New(pool), slog.New(slog.DiscardHandler))
	olga, err := accounts.Add(t.Context(), operator, account.User{Name: "Olga", Email: "olga@example.com", Role: actor.Owner})
	require.NoError(t, err)
	require.NoError(t, accounts.SetPassword(t.Context(), operator, olga.ID, "correct horse battery"))
	return webtest.Start(t, database, config.DemoOff)
}

// The owner adds a cook and makes the device a tablet; the cook signs in on it with nothing but keys, has his station,
// and gets nothing else.
func TestACookSignsInByPIN(t *testing.T) {
	t.Parallel()
	b, s := webtest.Open(t), startSigned(t)
	audit := func() {
		b.Evaluate(webtest.Axe + `; delete document.body.dataset.audit; ""`)
		b.Evaluate(webtest.Audit)
		b.Shows(`body[data-audit]`)
		require.Equal(t, "clean", b.Evaluate(`document.body.dataset.audit`), b.Evaluate(`location.pathname`))
	}
	choose := func(name, text string) {
		b.Evaluate(`{const s = document.querySelector("form.fields [name=` + name + `]"); s.value = [...s.options].find(o => o.text.includes("` + text + `")).value; ""}`)
	}
	b.Do(chromedp.Navigate(s.URL + "/settings/users"))
	b.Shows(`#email`)
	audit()
	b.Press("olga@example.com\tcorrect horse battery" + kb.Enter)
	b.Shows(`.rail [aria-current=page][href="/settings/"]`)

	b.Do(chromedp.SendKeys(chromedp.CSS(`form.fields [name=name]`), "Asha"))
	choose("at", "Demo Kitchen")
	choose("station", "griller")
	b.Do(chromedp.SendKeys(chromedp.CSS(`form.fields [name=pin]`), "4831"+kb.Enter))
	b.Shows(`#pin-title`)
	audit()
	b.Do(chromedp.Navigate(s.URL + "/settings/users"))
	b.Until(`document.querySelector("#main").textContent.includes("Asha")`)
	audit()

	b.Do(chromedp.Navigate(s.URL + "/settings/tablets"))
	b.Shows(`form.fields [name=idle]`)
	audit()
	choose("station", "griller")
	b.Do(chromedp.SendKeys(chromedp.CSS(`form.fields [name=name]`), "Grill"+kb.Enter))
	b.Shows(`#pad [data-digit="7"]`)
	for _, theme := range []string{"light", "dark"} {
		b.Evaluate(`document.documentElement.dataset.theme = "` + theme + `"; ""`)
		audit()
	}

	b.Press("483" + "9" + kb.Backspace + "1" + kb.Enter)
	b.Shows(`.kds #link[data-state="on"]`)
	b.Until(`location.pathname.includes("/station/") && document.querySelector(".lock .person").textContent === "Asha"`)
	audit()
	b.NoFaults()
	for _, path := range []string{"/settings/users", "/kitchen/kitchen/expo", "/kitchen/kitchen/all", "/kitchen/kitchen/86"} {
		b.Evaluate(`fetch("` + path + `").then(r => { document.body.dataset.answer = "` + path + ` " + r.status; }); ""`)
		b.Until(`document.body.dataset.answer === "` + path + ` 403"`)
	}
	b.Evaluate(`document.querySelector(".lock button").focus(); ""`)
	b.Press(kb.Enter)
	b.Shows(`#pad`)
}
