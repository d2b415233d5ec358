package web_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"brigade/internal/web/webtest"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"brigade/internal/app"
	"brigade/internal/config"
	"brigade/internal/store/pgtest"
)

// view is a page that pictures are taken of.
type view struct{ name, path, ready string }

// views are the pages that pictures are taken of, and what they wait for.
var views = []view{
	{"board", "/", ".station .started .bar .runs"},
	{"kitchen", "/kitchen/kitchen", ".tile"},
	{"station", "/kitchen/kitchen/all", ".row.started .run:not(:empty)"},
	{"expo", "/kitchen/kitchen/expo", ".tick"},
	{"all-day", "/kitchen/kitchen/all-day", ".sums"},
	{"86", "/kitchen/kitchen/86", ".sold"},
	{"dispatch", "/dispatch/madrid", ".town.alive .pin.driver"},
	{"driver", "/driver?driver=Marta", "#shift"},
	{"shop", "/shop/demo/kitchen", ".dish img"},
	{"manager", "/manager/kitchen", ".job.running"},
	{"what-if", "/manager/kitchen/what-if", ".question"},
	{"planning", "/planning/kitchen", "#products-title"},
	{"planning-product", "/planning/kitchen?sku=wrap", "#products-title"},
	{"production", "/planning/kitchen/production", ".agenda .hour"},
	{"purchases", "/planning/kitchen/purchases", "#draft"},
	{"stock", "/planning/kitchen/stock?item=bun", "#item-title"},
	{"validation", "/planning/kitchen/validation", "#trend-title"},
	{"alerts", "/planning/kitchen/alerts", ".filters"},
	{"workflows", "/workflows", "#flows-title"},
	{"workflow", "/workflows/of/daily", ".graph"},
	{"calendar", "/workflows/calendar", ".month"},
	{"network", "/network", ".days"},
	{"settings", "/settings/menu", "main form"},
	{"recipe", "/settings/menu/item/burger_combo", "main svg"},
	{"zones", "/settings/zones", ".town.alive"},
	{"zone", "/settings/zones/new", ".drawing .town.alive"},
	{"supplier", "/settings/suppliers/supplier/mercado", "main form"},
	{"users", "/settings/users", "main form"},
	{"login", "/login", "#email"},
	{"network-outlet", "/network/demo/kitchen", ".days"},
}

// viewports are the screens that pictures are taken on.
var viewports = []struct {
	name          string
	width, height int64
}{{"", 1440, 1080}, {"-tablet", 820, 1180}, {"-phone", 390, 844}}

// TestScreenshots takes pictures of a busy restaurant into the folder that BRIGADE_SCREENSHOTS names.
func TestScreenshots(t *testing.T) {
	t.Parallel()
	folder := os.Getenv("BRIGADE_SCREENSHOTS")
	if folder == "" {
		t.Skip("scripts/screenshots runs it")
	}
	s := startBusy(t)
	serveGuests(s)
	for _, scheme := range []string{"light", "dark"} {
		b := webtest.Open(t)
		media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}
		_, err := chromedp.Call(b.Ctx, emulation.SetEmulatedMedia, media)
		require.NoError(t, err)
		for _, v := range append([]view{followed(s)}, views...) {
			for _, port := range viewports {
				b.Do(chromedp.EmulateViewport(port.width, port.height), chromedp.Navigate(s.URL+v.path))
				b.Gone(`#link:not([data-state="on"])`) // pages that are not live have none
				b.Shows(v.ready)
				b.Do(chromedp.WaitNotPresent(chromedp.CSS(".flying")))
				picture, err := chromedp.Run(b.Ctx, chromedp.FullScreenshot(100))
				require.NoError(t, err)
				name := v.name + port.name + strings.TrimSuffix("-"+scheme, "-light") + ".png"
				require.NoError(t, os.WriteFile(filepath.Join(folder, name), picture, 0o644))
			}
		}
		b.NoFaults()
	}
}

// followed is the page of an order that is to be delivered.
func followed(s *webtest.Site) view {
	s.T.Helper()
	status, placed := s.Call(http.MethodPost, "/api/v1/orders", `{"type":"delivery","customer_name":"Ada","delivery_address":"Gran Vía 1, Madrid",
		"delivery_location":{"lat":40.4215,"lon":-3.7040},"items":[{"sku":"dip_cup","quantity":1}]}`)
	require.Less(s.T, status, 300, "%v", placed)
	return view{"tracking", placed["tracking_url"].(string), ".track .stages"}
}

func startBusy(t *testing.T) *webtest.Site {
	t.Helper()
	a := app.New(app.Config{
		Roles: config.Roles, Addr: "127.0.0.1:0", DatabaseURL: pgtest.NewURL(t), Demo: config.DemoBusy, AutoComplete: true, TimeScale: 15,
	})
	require.NoError(t, a.Start(t.Context()))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		require.NoError(t, a.Stop(ctx))
	})
	return &webtest.Site{T: t, App: a, URL: a.URL(), Client: http.DefaultClient}
}

// serveGuests lets guests come in for a while, so that there is something to see at any time of day. The first of them
// get what they ordered; the last have just come.
func serveGuests(s *webtest.Site) {
	s.T.Helper()
	items := []string{"Burger combo", "Grilled wrap", "Cold coffee", "Dip cup"}
	var numbers []string
	for i, guest := range []string{"Inés", "Jürgen", "Noor", "Ana", "Paweł", "Chiara", "Björn", "Maya", "Leïla", "Tomás"} {
		where := fmt.Sprintf(`"order_type":"dine_in","table_number":%d`, 1+7*i%20)
		if i%3 == 1 {
			where = `"order_type":"takeout"`
		}
		status, answer := s.Call(http.MethodPost, "/orders", fmt.Sprintf(
			`{"customer_name":%q,%s,"items":[{"name":%q,"quantity":%d,"price":7.5},{"name":%q,"quantity":1,"price":3.8}]}`,
			guest, where, items[i%2], 1+i/4, items[2+i%2]))
		require.Equal(s.T, http.StatusOK, status, answer)
		numbers = append(numbers, answer["order_number"].(string))
		if i < 7 {
			<-time.After(4 * time.Second)
		}
	}
	for _, number := range numbers[:3] {
		s.Post("/board/orders/" + number + "/handover")
	}
}
