package network

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"brigade/internal/delivery"
	"brigade/internal/network"
)

// area is a part of the map: degrees. The zero value is all of it.
type area struct{ West, South, East, North float64 }

// readArea reads "west,south,east,north"; the zero value when it is none.
func readArea(text string) area {
	var v [4]float64
	parts := strings.Split(text, ",")
	if len(parts) != len(v) {
		return area{}
	}
	for i, p := range parts {
		x, err := strconv.ParseFloat(p, 64)
		if err != nil || math.IsNaN(x) || math.Abs(x) > 180 {
			return area{}
		}
		v[i] = x
	}
	if v[0] >= v[2] || v[1] >= v[3] {
		return area{}
	}
	return area{v[0], v[1], v[2], v[3]}
}

func (a area) String() string {
	if a == (area{}) {
		return ""
	}
	return fmt.Sprintf("%.5f,%.5f,%.5f,%.5f", a.West, a.South, a.East, a.North)
}

func (a area) has(p delivery.Point) bool {
	return p.Lon >= a.West && p.Lon <= a.East && p.Lat >= a.South && p.Lat <= a.North
}

// The map is drawn on so many units, in so many cells, one mark for each at most.
const (
	mapWidth, mapHeight = 900, 480
	cellsWide           = 20
	cellSize            = mapWidth / cellsWide
	margin              = 40
)

// mapView is the outlets where they are.
type mapView struct {
	Marks   []markView
	Missing int // outlets of which nobody knows where they are
	Zoomed  bool
	Out     string // the way back to all
	Width   int
	Height  int
}

// markView is an outlet, or several that are near each other.
type markView struct {
	X, Y, R     int
	Count       int
	Href, Title string
	Late        bool // a delivery of it is late
}

// cell is what falls together on the map.
type cell struct {
	sites    []*network.SiteFigures
	at       delivery.Point // the middle of them
	min, max delivery.Point
}

// newMap draws outlets; those that would lie on each other become one mark.
func newMap(sites []*network.SiteFigures, places map[int64]delivery.Point, a asked, say texter) mapView {
	v := mapView{Zoomed: a.Area != area{}, Out: a.With("area", ""), Width: mapWidth, Height: mapHeight}
	var shown []*network.SiteFigures
	for _, s := range sites {
		p, known := places[s.Outlet]
		switch {
		case !known:
			v.Missing++
		case a.Area == area{} || a.Area.has(p):
			shown = append(shown, s)
		}
	}
	if len(shown) == 0 {
		return v
	}
	project := projection(shown, places)
	cells := map[[2]int]*cell{}
	for _, s := range shown {
		p := places[s.Outlet]
		x, y := project(p)
		key := [2]int{int(x) / cellSize, int(y) / cellSize}
		if cells[key] == nil {
			cells[key] = &cell{min: p, max: p}
		}
		cells[key].add(s, p)
	}
	for _, key := range slices.SortedFunc(maps.Keys(cells), func(a, b [2]int) int { return cmp.Or(cmp.Compare(a[1], b[1]), cmp.Compare(a[0], b[0])) }) {
		v.Marks = append(v.Marks, cells[key].mark(project, a, say))
	}
	return v
}

func (c *cell) add(s *network.SiteFigures, p delivery.Point) {
	c.sites = append(c.sites, s)
	n := float64(len(c.sites))
	c.at.Lat += (p.Lat - c.at.Lat) / n
	c.at.Lon += (p.Lon - c.at.Lon) / n
	c.min = delivery.Point{Lat: min(c.min.Lat, p.Lat), Lon: min(c.min.Lon, p.Lon)}
	c.max = delivery.Point{Lat: max(c.max.Lat, p.Lat), Lon: max(c.max.Lon, p.Lon)}
}

// mark draws a cell: one outlet leads to itself, several to the map of where they are.
func (c *cell) mark(project func(delivery.Point) (x, y float64), a asked, say texter) markView {
	x, y := project(c.at)
	m := markView{X: int(x), Y: int(y), Count: len(c.sites), R: 11 + int(3*math.Log2(float64(len(c.sites))))}
	for _, s := range c.sites {
		m.Late = m.Late || s.Deliveries.Late > 0
	}
	first := c.sites[0]
	if m.Title, m.Href = first.Name, siteHref(first); m.Count > 1 {
		m.Title = say("network.outlets_here", m.Count)
		room := func(low, high float64) float64 { return max(0.002, 0.1*(high-low)) }
		lat, lon := room(c.min.Lat, c.max.Lat), room(c.min.Lon, c.max.Lon)
		m.Href = a.With("area", area{c.min.Lon - lon, c.min.Lat - lat, c.max.Lon + lon, c.max.Lat + lat}.String()) + "#map-title"
	}
	if m.Count > 1 && c.min == c.max { // they are at one place: no map tells them apart
		m.Href = a.With("q", first.Name) + "#outlets-title"
	}
	if m.Late {
		m.Title += ", " + say("network.with_late")
	}
	return m
}

// projection lays places out on the map: true to shape at their middle, the same scale both ways.
func projection(sites []*network.SiteFigures, places map[int64]delivery.Point) func(delivery.Point) (x, y float64) {
	low, high := places[sites[0].Outlet], places[sites[0].Outlet]
	for _, s := range sites {
		p := places[s.Outlet]
		low = delivery.Point{Lat: min(low.Lat, p.Lat), Lon: min(low.Lon, p.Lon)}
		high = delivery.Point{Lat: max(high.Lat, p.Lat), Lon: max(high.Lon, p.Lon)}
	}
	squeeze := math.Max(0.05, math.Cos((low.Lat+high.Lat)/2*math.Pi/180))
	wide, tall := math.Max((high.Lon-low.Lon)*squeeze, 1e-6), math.Max(high.Lat-low.Lat, 1e-6)
	scale := math.Min((mapWidth-2*margin)/wide, (mapHeight-2*margin)/tall)
	left, top := (mapWidth-wide*scale)/2, (mapHeight-tall*scale)/2
	if wide == 1e-6 && tall == 1e-6 {
		scale, left, top = 0, mapWidth/2, mapHeight/2
	}
	return func(p delivery.Point) (x, y float64) {
		return left + (p.Lon-low.Lon)*squeeze*scale, top + (high.Lat-p.Lat)*scale
	}
}

func siteHref(s *network.SiteFigures) string {
	return "/network/" + url.PathEscape(s.TenantSlug) + "/" + url.PathEscape(s.Slug)
}
