package web_test

import (
	"net/http"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"brigade/internal/config"
	"brigade/internal/store/pgtest"
	"brigade/internal/web/webtest"
)

// Whoever heads a network compares its outlets, looks closer on the map, and opens one of them.
func TestANetworkIsLookedAt(t *testing.T) {
	t.Parallel()
	b := webtest.Open(t)
	s := webtest.Start(t, pgtest.NewURL(t), config.DemoData)
	b.Do(chromedp.Navigate(s.URL + "/network"))
	b.Shows(`.figures dd`)
	b.Do(chromedp.Click(chromedp.CSS(`thead a[href*="sort=units"]`)))
	b.Shows(`th[aria-sort="descending"]`)
	b.Do(chromedp.Click(chromedp.CSS(`th[aria-sort] a`)))
	b.Shows(`th[aria-sort="ascending"]`)
	looked(b, s.URL+"/network?days=7", "es", "light")
	b.Do(chromedp.Click(chromedp.CSS(`tbody th a[href$="/kitchen"]`)))
	b.Shows(`.crumbs a`)
	looked(b, s.URL+"/network/demo/kitchen", "ru", "dark")
	b.NoFaults()

	for path, want := range map[string]int{
		"/network/demo/moon": http.StatusNotFound, "/network?sort=beauty&page=99&area=x": http.StatusOK, "/network?q=pizz": http.StatusOK,
	} {
		require.Equal(t, want, s.Get(path).StatusCode, path)
	}
	require.Contains(t, s.Get("/network?q=nowhere").Text, "nowhere", "what is searched for is kept")
}
