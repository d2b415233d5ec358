// Package town draws maps without anybody's tiles: places, ways and areas to scale, as SVG that needs no JavaScript, and as
// the data of which a browser makes a map to move about in.
package town

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"brigade/internal/delivery"
)

// Place is something on the map.
type Place struct {
	Key    string         `json:"key,omitempty"` // among the map's places
	Kind   string         `json:"kind"`          // outlet, door, driver, …: its look
	Label  string         `json:"label"`
	Note   string         `json:"note,omitempty"` // what else is said of it
	At     delivery.Point `json:"at"`
	Faded  bool           `json:"faded,omitempty"`  // old, or not certain
	Marked bool           `json:"marked,omitempty"` // to be seen first
}

// Way is a line from place to place.
type Way struct {
	Kind string           `json:"kind"`
	Of   string           `json:"of,omitempty"` // the key of whose way it is
	Via  []delivery.Point `json:"via"`
}

// Area is a part of town.
type Area struct {
	Kind  string        `json:"kind"` // open or paused
	Label string        `json:"label"`
	Shape delivery.Area `json:"shape"`
}

// Map is what is drawn.
type Map struct {
	Places []Place `json:"places"`
	Ways   []Way   `json:"ways"`
	Areas  []Area  `json:"areas"`
	Around bool    `json:"around"` // all of the areas is shown, not only what is near the places
	Tiles  string  `json:"tiles,omitempty"`
	Credit string  `json:"credit,omitempty"`
}

// Drawing is a map on so many units.
type Drawing struct {
	Width, Height float64
	Areas, Ways   []Line
	Spots         []Spot
	Bar           float64 // the scale bar's length in units,
	Metres        string  // and in the world: "500 m"
	Data          string  // the map as JSON
}

// Line is a path in the drawing.
type Line struct {
	Kind, Label, Path string
	X, Y              float64 // where its label stands
}

// Spot is a place in the drawing.
type Spot struct {
	Place
	X, Y float64
}

// frame is how points come onto the drawing: plate carrée, as wide as long at the middle's latitude.
type frame struct {
	west, north   float64
	perLat, width float64 // units for a degree of latitude; the drawing's
	squeeze       float64
	left, top     float64
}

const (
	margin     = 36.0     // units around what is shown
	leastSpan  = 0.006    // degrees: nobody needs a closer look
	metresALat = 111195.0 // a degree of latitude
)

// Draw draws a map on so many units.
func (m Map) Draw(width, height float64) Drawing {
	d := Drawing{Width: width, Height: height, Data: m.text()}
	f := m.fit(width, height)
	for _, a := range m.Areas {
		l := Line{Kind: a.Kind, Label: a.Label}
		for i, ring := range a.Shape {
			l.Path += f.path(ring) + "Z"
			if i == 0 {
				l.X, l.Y = f.middle(ring)
			}
		}
		d.Areas = append(d.Areas, l)
	}
	for _, w := range m.Ways {
		d.Ways = append(d.Ways, Line{Kind: w.Kind, Path: f.path(w.Via)})
	}
	for _, p := range m.Places {
		x, y := f.at(p.At)
		d.Spots = append(d.Spots, Spot{p, x, y})
	}
	d.Bar, d.Metres = f.scale()
	return d
}

func (m Map) text() string {
	b, err := json.Marshal(m)
	if err != nil { // plain names and finite numbers, which delivery has checked
		panic("town: " + err.Error())
	}
	return string(b)
}

// points are those that the drawing must show.
func (m Map) points() []delivery.Point {
	var all []delivery.Point
	for _, p := range m.Places {
		all = append(all, p.At)
	}
	for _, w := range m.Ways {
		all = append(all, w.Via...)
	}
	for _, a := range m.Areas {
		if (m.Around || len(m.Places) == 0) && len(a.Shape) > 0 {
			all = append(all, a.Shape[0]...)
		}
	}
	return all
}

func (m Map) fit(width, height float64) frame {
	all := m.points()
	if len(all) == 0 {
		all = []delivery.Point{{}}
	}
	s, n, w, e := all[0].Lat, all[0].Lat, all[0].Lon, all[0].Lon
	for _, p := range all {
		s, n, w, e = min(s, p.Lat), max(n, p.Lat), min(w, p.Lon), max(e, p.Lon)
	}
	squeeze := max(0.05, math.Cos((s+n)/2*math.Pi/180))
	tall, wide := max(n-s, leastSpan), max((e-w)*squeeze, leastSpan)
	per := min((height-2*margin)/tall, (width-2*margin)/wide)
	return frame{
		west: (w + e) / 2, north: (s + n) / 2, perLat: per, squeeze: squeeze, width: width, left: width / 2, top: height / 2,
	}
}

func (f frame) at(p delivery.Point) (x, y float64) {
	return round(f.left + (p.Lon-f.west)*f.squeeze*f.perLat), round(f.top + (f.north-p.Lat)*f.perLat)
}

func round(v float64) float64 { return math.Round(v*10) / 10 }

func (f frame) path(points []delivery.Point) string {
	var b strings.Builder
	for i, p := range points {
		x, y := f.at(p)
		verb := 'L'
		if i == 0 {
			verb = 'M'
		}
		fmt.Fprintf(&b, "%c%g %g", verb, x, y)
	}
	return b.String()
}

func (f frame) middle(ring []delivery.Point) (x, y float64) {
	var sum delivery.Point
	n := float64(max(1, len(ring)-1)) // the last is the first again
	for _, p := range ring[:max(0, len(ring)-1)] {
		sum.Lat += p.Lat / n
		sum.Lon += p.Lon / n
	}
	return f.at(sum)
}

// scale is a round length that is about a fifth of the drawing.
func (f frame) scale() (bar float64, metres string) {
	most := f.width / 5 / f.perLat * metresALat
	nice := math.Pow(10, math.Floor(math.Log10(most)))
	for _, k := range []float64{5, 2} {
		if nice*k <= most {
			nice *= k
			break
		}
	}
	if nice >= 1000 {
		metres = fmt.Sprintf("%g km", nice/1000)
	} else {
		metres = fmt.Sprintf("%g m", nice)
	}
	return round(nice / metresALat * f.perLat), metres
}
