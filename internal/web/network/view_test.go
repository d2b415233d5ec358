package network

import (
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"brigade/internal/delivery"
	"brigade/internal/network"
	"brigade/internal/web/page"
	"brigade/internal/web/texts"
)

var english = texter(page.Sayer(texts.Languages[0]))

// picture is a network of so many outlets, each with more revenue than the one before.
func picture(outlets int) *network.Picture {
	p := &network.Picture{
		Parent: network.Parent{Name: "Chain", Zone: time.UTC, Currency: "EUR"},
		Window: network.NewWindow(time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC), time.UTC, 30),
	}
	for i := range outlets {
		s := network.SiteFigures{Site: network.Site{
			Outlet: int64(i + 1), Slug: fmt.Sprint("s", i), Name: fmt.Sprint("Shop ", i), TenantSlug: "chain", TenantName: "Chain",
		}}
		s.Now, s.Before = network.Sales{Milli: int64(1000 * i), Revenue: int64(100 * i)}, network.Sales{Revenue: 100}
		s.Forecast = make([]int64, network.AheadDays)
		p.Sites = append(p.Sites, s)
	}
	return p
}

func TestOutletsAreCompared(t *testing.T) {
	t.Parallel()
	p := picture(60)
	a := read(httptest.NewRequest(http.MethodGet, "/network?days=7&sort=units&dir=worst&page=2&q=shop", nil))
	v := newView(p, nil, a, english)
	require.Equal(t, 60, v.Table.Count)
	require.Equal(t, "Shop 25", v.Table.Rows[0].Name, "the worst come first")
	require.NotEmpty(t, v.Table.Before)
	require.NotEmpty(t, v.Table.After)
	v = newView(p, nil, read(httptest.NewRequest(http.MethodGet, "/network", nil)), english)
	require.Equal(t, "Shop 59", v.Table.Rows[0].Name)
	require.Contains(t, v.Table.Rows[0].Marks, "best: revenue")
	require.Equal(t, 60, v.Map.Missing)
	for _, odd := range []string{"?page=-1", "?page=99999", "?page=400000000000000000", "?page=9223372036854775807", "?sort=beauty", "?days=5", "?area=1,2,x,4", "?q=%00'", "?page=x"} {
		a := read(httptest.NewRequest(http.MethodGet, "/network"+odd, nil))
		require.NotPanics(t, func() { newView(p, nil, a, english) }, odd)
	}
	require.True(t, newView(picture(0), nil, a, english).Empty)
}

// However outlets lie, each is in one mark, the marks are on the map and few.
func TestTheMapIsBounded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 300).Draw(t, "outlets")
		p, places, list := picture(n), map[int64]delivery.Point{}, []*network.SiteFigures{}
		span := rapid.SampledFrom([]float64{0, 0.001, 1, 60}).Draw(t, "span")
		for i := range p.Sites {
			places[int64(i+1)] = delivery.Point{
				Lat: rapid.Float64Range(-span, span).Draw(t, "lat"), Lon: rapid.Float64Range(-span, span).Draw(t, "lon"),
			}
			list = append(list, &p.Sites[i])
		}
		m := newMap(list, places, asked{Days: 30, Sort: network.ByRevenue, Page: 1}, english)
		sum := 0
		for _, x := range m.Marks {
			sum += x.Count
			require.True(t, x.X >= 0 && x.X <= mapWidth && x.Y >= 0 && x.Y <= mapHeight, "%+v", x)
		}
		require.Equal(t, n, sum)
		require.LessOrEqual(t, len(m.Marks), (cellsWide+1)*(mapHeight/cellSize+1))
	})
}

func TestNumbersAreWritten(t *testing.T) {
	t.Parallel()
	require.Equal(t, "1\u202f234\u202f567.05 EUR", amount(123456705, "EUR"))
	require.Equal(t, "−0.50 EUR", amount(-50, "EUR"))
	require.Equal(t, "–", percent(math.NaN()))
	words, class := trend(0.041, true, english)
	require.Equal(t, "▲ up 4.1 %", words)
	require.Equal(t, "good", class)
	_, class = trend(0.041, false, english)
	require.Equal(t, "bad", class)
	words, _ = trend(math.NaN(), true, english)
	require.Empty(t, words)
}

func BenchmarkView(b *testing.B) {
	p, places := picture(2000), map[int64]delivery.Point{}
	for i := range p.Sites {
		places[int64(i+1)] = delivery.Point{Lat: 40 + float64(i%45)/10, Lon: -3 + float64(i/45)/10}
	}
	a := asked{Days: 30, Sort: network.ByRevenue, Page: 1}
	for b.Loop() {
		newView(p, places, a, english)
	}
}
