// Package delivery brings orders to their doors: drivers and what they do, deliveries and their life, who is asked to
// carry what and when, and where everybody is. The planner itself is in dispatch.
package delivery

import (
	"math"
	"strings"
	"time"
	"unicode"

	"brigade/internal/errs"
)

// Point is a place on earth in degrees (WGS 84).
type Point struct {
	Lat float64 `json:"lat"`
	Lon float64 `json:"lon"`
}

// Check names what is wrong with a point, under a path.
func (p Point) Check(f *errs.Fields, path string) {
	if !(p.Lat >= -90 && p.Lat <= 90) {
		f.Add(path+".lat", "must be from -90 to 90")
	}
	if !(p.Lon >= -180 && p.Lon <= 180) {
		f.Add(path+".lon", "must be from -180 to 180")
	}
}

// earth is its mean radius in metres.
const earth = 6_371_008.8

// Metres is the great-circle distance to another point (haversine).
func (p Point) Metres(o Point) float64 {
	rad := math.Pi / 180
	a, b := p.Lat*rad, o.Lat*rad
	s, t := math.Sin((b-a)/2), math.Sin((o.Lon-p.Lon)*rad/2)
	return 2 * earth * math.Asin(math.Min(1, math.Sqrt(s*s+math.Cos(a)*math.Cos(b)*t*t)))
}

// Toward is the point that far on the straight way to another; share 0 is here, 1 there. It is for short ways.
func (p Point) Toward(o Point, share float64) Point {
	return Point{p.Lat + (o.Lat-p.Lat)*share, p.Lon + (o.Lon-p.Lon)*share}
}

// RideDegrees is how far north of the restaurant a door is thought to be that nobody knows the place of, in degrees: so
// that plans count on an ordinary ride of 1,500 m.
const RideDegrees = 1500 / 111_195.0

// PlaceKeys are the names under which an address may be known, the best first: all of it up to a second comma ("calle
// de alcalá 55"), and the street alone.
func PlaceKeys(address string) []string {
	head, _, _ := strings.Cut(address, ",")
	full := strings.Join(strings.Fields(strings.ToLower(head)), " ")
	street := strings.TrimSpace(strings.TrimRightFunc(full, func(r rune) bool { return unicode.IsDigit(r) || unicode.IsSpace(r) }))
	if street == "" || street == full {
		return []string{full}
	}
	return []string{full, street}
}

// Fix is where a driver was at a time, by his device.
type Fix struct {
	Driver int64
	Point
	At time.Time
}
