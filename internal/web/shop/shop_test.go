package shop

import (
	"context"
	"encoding/xml"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/menu"
	"brigade/internal/modifier"
	"brigade/internal/order"
	"brigade/internal/tenant"
	"brigade/internal/web/page"
	"brigade/internal/web/texts"
)

// Whatever a guest gathers, his cookie says it again, or the page said that the basket is full.
func TestACartSurvivesItsCookie(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := cart{Key: newKey(), Way: way{Name: rapid.String().Draw(t, "name"), Table: rapid.IntRange(0, 100).Draw(t, "table")}}
		c.Way.Name = words(c.Way.Name, longestName)
		for range rapid.IntRange(0, 60).Draw(t, "lines") {
			_ = c.add(line{
				SKU: rapid.StringMatching(`[a-z]{1,20}`).Draw(t, "sku"), N: rapid.IntRange(1, mostOfLine).Draw(t, "n"),
				Note: words(rapid.String().Draw(t, "note"), longestNote),
			})
		}
		text, err := c.encode()
		if err != nil {
			require.ErrorIs(t, err, errFull)
			return
		}
		require.LessOrEqual(t, len(text), cookieMax)
		require.Equal(t, c, decode(text))
	})
}

func TestACookieOfSomebodyElseIsAnEmptyCart(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := decode(rapid.String().Draw(t, "cookie"))
		require.Empty(t, c.Lines)
		require.NotEmpty(t, c.Key)
	})
	for _, bad := range []cart{
		{Key: "k", Lines: []line{{SKU: "wrap", N: -1}}},
		{Key: "k", Lines: []line{{SKU: "wrap", N: mostOfLine + 1}}},
		{Key: "k", LastKey: "k", LastPath: "https://evil.example/"},
		{Key: "k", LastKey: "k", LastPath: "//evil.example/"},
		{Key: strings.Repeat("k", 50)},
	} {
		text, err := bad.encode()
		require.NoError(t, err)
		got := decode(text)
		require.Empty(t, got.Lines)
		require.Empty(t, got.LastPath)
		require.NotEqual(t, bad.Key, got.Key)
	}
}

func TestTheSameIsOneLine(t *testing.T) {
	t.Parallel()
	cheese := []modifier.Pick{{Group: "Extras", Choice: "Cheese"}}
	var c cart
	for _, l := range []line{{SKU: "wrap", N: 2}, {SKU: "wrap", N: 1, Picks: cheese}, {SKU: "wrap", N: 3}, {SKU: "wrap", N: 49, Picks: cheese}, {SKU: "wrap", N: 1, Note: "hot"}} {
		require.NoError(t, c.add(l))
	}
	require.Equal(t, []int{5, 50, 1}, []int{c.Lines[0].N, c.Lines[1].N, c.Lines[2].N})
	c.set(0, 0)
	c.set(7, 3)
	c.set(0, 9999)
	require.Equal(t, []line{{SKU: "wrap", N: mostOfLine, Picks: cheese}, {SKU: "wrap", N: 1, Note: "hot"}}, c.Lines)
}

func TestSlotsAreWithinHours(t *testing.T) {
	t.Parallel()
	madrid, err := time.LoadLocation("Europe/Madrid")
	require.NoError(t, err)
	evening := []order.OpenHours{}
	for d := range time.Weekday(7) {
		evening = append(evening, order.OpenHours{Weekday: d, Opens: 18 * time.Hour, Closes: 2 * time.Hour})
	}
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(1.7e9, 1.9e9).Draw(t, "now"), 0)
		last := time.Time{}
		list := slots(evening, at, madrid)
		require.NotEmpty(t, list)
		for _, s := range list {
			require.True(t, order.OpenAt(evening, s, madrid), s)
			require.False(t, s.Before(at))
			require.True(t, s.After(last))
			require.Zero(t, s.Minute()%15)
			last = s
		}
		if o := opens(evening, at, madrid); !order.OpenAt(evening, at, madrid) {
			require.True(t, order.OpenAt(evening, o, madrid))
			require.False(t, order.OpenAt(evening, o.Add(-time.Minute), madrid), "%v is the first minute", o)
		}
	})
}

// Every item has a picture: well-formed, always the same, without anything that pages refuse.
func TestArt(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, name := range []string{
		"Burger combo", "Grilled wrap", "Cold coffee", "Dip cup", "Pizza Margherita", "Pizza Diavola", "Calzone",
		"Insalata mista", "Tiramisù", "Espresso", "House lemonade", `<script>"&`, "",
	} {
		art := draw(name, "")
		require.Equal(t, art, draw(name, ""), name)
		require.NotContains(t, art, "style")
		require.NotContains(t, art, "script")
		require.Less(t, len(art), 12<<10, name)
		d := xml.NewDecoder(strings.NewReader(art))
		for {
			if _, err := d.Token(); err != nil {
				require.ErrorIs(t, err, io.EOF, name)
				break
			}
		}
		require.False(t, seen[art], "%q looks like another", name)
		seen[art] = true
	}
}

func TestPrices(t *testing.T) {
	t.Parallel()
	en, _ := texts.Find("en")
	es, _ := texts.Find("es")
	require.Equal(t, "€9.90", priced(en, "EUR", 990))
	require.Equal(t, "9,90\u00a0€", priced(es, "EUR", 990))
	require.Equal(t, "9.90\u00a0CHF", priced(en, "CHF", 990))
	require.Equal(t, "+€1.00", extra(en, "EUR", 100))
	require.Equal(t, "-0.50\u00a0€", extra(en, "EUR", -50))
	require.Empty(t, extra(en, "EUR", 0))
}

// A menu says what is sold out and when the shop is closed, in the outlet's own time.
func TestStates(t *testing.T) {
	t.Parallel()
	madrid, err := time.LoadLocation("Europe/Madrid")
	require.NoError(t, err)
	en, _ := texts.Find("en")
	p := place{tenant.Outlet{Slug: "k", Timezone: madrid, Currency: "EUR"}, tenant.Tenant{Slug: "t"}}
	noon := time.Date(2026, 5, 4, 12, 0, 0, 0, madrid) // a Monday
	seen := &look{Now: noon, Items: []menu.Item{{SKU: "wrap", Name: "Wrap", Price: 750}, {SKU: "dip", Name: "Dip", Price: 90}}}
	seen.Promise = order.Quote{State: "open", Known: true, Promise: order.Promise{P50: noon.Add(8*time.Minute + 30*time.Second), P90: noon.Add(14*time.Minute + time.Second)}}
	v := newMenuView(p, en, seen)
	require.Equal(t, stateView{State: open, Text: "Open.", Ready: "12:08–12:15", Minutes: 15, Takes: true}, v.State)

	seen.Pauses = []menu.Pause{{Kind: menu.PauseItem, Name: "dip"}}
	require.Equal(t, []bool{false, true}, []bool{newMenuView(p, en, seen).Categories[0].Dishes[0].Out, newMenuView(p, en, seen).Categories[0].Dishes[1].Out})
	seen.Pauses = []menu.Pause{{Kind: menu.PauseSource, Name: order.FromShop, Until: noon.Add(time.Hour)}}
	require.Equal(t, "No orders are taken until 13:00.", newMenuView(p, en, seen).State.Text)
	seen.Pauses = []menu.Pause{{Kind: menu.PauseSource, Name: "api"}}
	require.Equal(t, open, newMenuView(p, en, seen).State.State, "other ways to order are not the shop's")

	seen.Pauses, seen.Hours = nil, []order.OpenHours{{Weekday: time.Tuesday, Opens: 13 * time.Hour, Closes: 23 * time.Hour}}
	v = newMenuView(p, en, seen)
	require.Equal(t, "Closed now, opens Tuesday 13:00.", v.State.Text)
	require.True(t, v.State.Schedule)
}

func TestWhatAGuestSaysAboutHimself(t *testing.T) {
	t.Parallel()
	say := func(key string, _ ...any) string { return key }
	for want, w := range map[string]way{
		"":                  {Type: "takeout", Name: "Ana", Phone: "0034 600-111 222"},
		"shop.need_name":    {Type: "takeout"},
		"shop.need_address": {Type: "delivery", Name: "Ana", Phone: "+34600111222"},
		"shop.need_phone":   {Type: "delivery", Name: "Ana", Address: "Calle Mayor 5"},
		"shop.bad_phone":    {Type: "takeout", Name: "Ana", Phone: "call me"},
		"shop.bad_email":    {Type: "takeout", Name: "Ana", Email: "nobody"},
	} {
		err := w.check(say)
		if want == "" {
			require.NoError(t, err)
			continue
		}
		require.EqualError(t, err, want)
	}
	require.NoError(t, way{Table: 7}.check(say), "at a table nobody has to say who he is")
	require.Equal(t, order.Takeout, way{Type: "dine_in"}.kind(), "who sits at no table cannot eat there")
	require.Equal(t, "a b", words(" a\x00b\n", 60))
	require.Len(t, []rune(words(strings.Repeat("é", 100), 60)), 60)
}

func TestCodesOfTables(t *testing.T) {
	t.Parallel()
	v, err := newTableView("https://order.example.com/shop/demo/kitchen", 7)
	require.NoError(t, err)
	require.Equal(t, "https://order.example.com/shop/demo/kitchen/table/7", v.Link)
	require.NotEmpty(t, v.Dots)
	_, err = newTableView("https://order.example.com/"+strings.Repeat("x", 5000), 7)
	require.Error(t, err)
}

// away is tenants that cannot be read just now.
type away struct{}

func (away) ListTenants(context.Context) ([]tenant.Tenant, error) {
	return nil, errs.Unavailable("Postgres is away")
}

// An outage is said to be one: the sheet with the codes has not gone.
func TestAnOutageIsNoMissingShop(t *testing.T) {
	t.Parallel()
	s := &server{Parts: Parts{Tenants: away{}}}
	err := s.showTables(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil), actor.Actor{Tenant: 1})
	require.True(t, errs.Is(err, errs.KindUnavailable), err)
}

// Whoever has a network of IPv6 addresses does not get the shop for each of them.
func TestWhoAsksTooOftenFromMoreAddresses(t *testing.T) {
	t.Parallel()
	l := page.NewLimiter(2, time.Hour)
	ask := func(address string) error {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = address
		return l.Check(place{Outlet: tenant.Outlet{ID: 1}}.asker(r))
	}
	require.NoError(t, ask("[2001:db8::1]:5"))
	require.NoError(t, ask("[2001:db8::2]:5"))
	require.True(t, errs.Is(ask("[2001:db8::3]:5"), errs.KindTooMany))
	require.NoError(t, ask("[2001:db8:0:1::1]:5"))
}
