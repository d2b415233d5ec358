package delivery

import (
	"encoding/json"
	"math"

	"brigade/internal/errs"
)

// Area is a polygon on earth: its outer ring and the holes in it. A ring's last position is its first again. What lies
// on a ring lies in the area.
type Area [][]Point

// Limits of areas. They are far above what a restaurant needs and keep typing errors out.
const (
	mostRings    = 20
	mostCorners  = 2000         // of all rings together
	smallestArea = 1000.0       // m²
	largestArea  = 20_000 * 1e6 // m²
	metresADeg   = earth * math.Pi / 180
)

// ReadArea reads a GeoJSON Polygon (RFC 7946: longitude before latitude), or a Feature with one, and checks it.
// Errors: KindInvalid, which says which ring is wrong and where.
func ReadArea(text []byte) (Area, error) {
	var g struct {
		Type        string          `json:"type"`
		Coordinates json.RawMessage `json:"coordinates"`
		Geometry    json.RawMessage `json:"geometry"`
	}
	if err := json.Unmarshal(text, &g); err != nil {
		return nil, errs.Invalid("is no GeoJSON").Because(err)
	}
	switch g.Type {
	case "Feature":
		return ReadArea(g.Geometry)
	case "Polygon":
		return readRings(g.Coordinates)
	}
	return nil, errs.Invalid("must be a GeoJSON Polygon, not %q: two polygons are two zones", g.Type)
}

func readRings(text []byte) (Area, error) {
	var rings [][][]float64
	if err := json.Unmarshal(text, &rings); err != nil {
		return nil, errs.Invalid("must have coordinates: a list of rings, each a list of [longitude, latitude]").Because(err)
	}
	a := make(Area, len(rings))
	for i, ring := range rings {
		for j, c := range ring {
			if len(c) < 2 || len(c) > 3 {
				return nil, errs.Invalid("ring %d: position %d must be [longitude, latitude]", i+1, j+1)
			}
			a[i] = append(a[i], Point{Lat: c[1], Lon: c[0]})
		}
	}
	return a, a.Check()
}

// Rings writes the coordinates of a GeoJSON Polygon.
func (a Area) Rings() [][][2]float64 {
	rings := make([][][2]float64, len(a))
	for i, ring := range a {
		rings[i] = make([][2]float64, len(ring))
		for j, p := range ring {
			rings[i][j] = [2]float64{p.Lon, p.Lat}
		}
	}
	return rings
}

// Check tells what is wrong with an area: rings that are not closed, cross or touch themselves or each other, holes
// outside, too small or too large a size. Errors: KindInvalid.
func (a Area) Check() error {
	if len(a) == 0 || len(a) > mostRings {
		return errs.Invalid("must have 1 to %d rings", mostRings)
	}
	corners := 0
	for i, ring := range a {
		if corners += len(ring); corners > mostCorners {
			return errs.Invalid("must have at most %d positions", mostCorners)
		}
		if err := checkRing(ring); err != nil {
			return errs.Invalid("ring %d %s", i+1, err)
		}
	}
	if err := a.checkHoles(); err != nil {
		return err
	}
	switch m := a.SquareMetres(); {
	case m < smallestArea:
		return errs.Invalid("is too small: %.0f m², at least %.0f", m, smallestArea)
	case m > largestArea:
		return errs.Invalid("is too large: %.0f km², at most %.0f (longitude comes before latitude)", m/1e6, largestArea/1e6)
	}
	return nil
}

func checkRing(ring []Point) error {
	if len(ring) < 4 {
		return errs.Invalid("must have at least 4 positions, the last of which is the first again; it has %d", len(ring))
	}
	west, east := ring[0].Lon, ring[0].Lon
	for j, p := range ring {
		if !(p.Lat >= -90 && p.Lat <= 90 && p.Lon >= -180 && p.Lon <= 180) {
			return errs.Invalid("leaves the earth at position %d: [%g, %g] (longitude comes before latitude)", j+1, p.Lon, p.Lat)
		}
		if j > 0 && p == ring[j-1] {
			return errs.Invalid("has position %d twice in a row", j)
		}
		west, east = min(west, p.Lon), max(east, p.Lon)
	}
	if ring[0] != ring[len(ring)-1] {
		return errs.Invalid("is not closed: its last position must be its first again")
	}
	if east-west > 180 {
		return errs.Invalid("goes around the earth: split it at the 180th meridian")
	}
	return simple(ring)
}

// simple tells where a closed ring crosses or touches itself.
func simple(ring []Point) error {
	n := len(ring) - 1
	for i := range n {
		for j := i + 1; j < n; j++ {
			next, around := j == i+1, i == 0 && j == n-1
			switch {
			case next && folds(ring[i], ring[i+1], ring[j+1]), around && folds(ring[j], ring[0], ring[1]):
				return errs.Invalid("runs back on itself at position %d", j+1)
			case !next && !around && meet(ring[i], ring[i+1], ring[j], ring[j+1]):
				return errs.Invalid("crosses itself between positions %d and %d", i+1, j+1)
			}
		}
	}
	return nil
}

// folds tells whether a way turns back on the line that it came by.
func folds(a, b, c Point) bool {
	return turn(a, b, c) == 0 && (a.Lon-b.Lon)*(c.Lon-b.Lon)+(a.Lat-b.Lat)*(c.Lat-b.Lat) > 0
}

// turn is above zero when a, b, c turn left, below when right, zero on a line.
func turn(a, b, c Point) float64 {
	return (b.Lon-a.Lon)*(c.Lat-a.Lat) - (b.Lat-a.Lat)*(c.Lon-a.Lon)
}

// between tells whether p, which is on the line through a and b, is between them.
func between(a, b, p Point) bool {
	return min(a.Lon, b.Lon) <= p.Lon && p.Lon <= max(a.Lon, b.Lon) && min(a.Lat, b.Lat) <= p.Lat && p.Lat <= max(a.Lat, b.Lat)
}

// meet tells whether two stretches have a position in common.
func meet(a, b, c, d Point) bool {
	abc, abd, cda, cdb := turn(a, b, c), turn(a, b, d), turn(c, d, a), turn(c, d, b)
	if (abc > 0) != (abd > 0) && (cda > 0) != (cdb > 0) && abc != 0 && abd != 0 && cda != 0 && cdb != 0 {
		return true
	}
	return abc == 0 && between(a, b, c) || abd == 0 && between(a, b, d) || cda == 0 && between(c, d, a) || cdb == 0 && between(c, d, b)
}

// checkHoles tells whether a hole is outside of the outer ring, or meets a ring.
func (a Area) checkHoles() error {
	for i, hole := range a[1:] {
		for k, other := range a[:i+1] {
			if crossed(hole, other) {
				return errs.Invalid("ring %d meets ring %d", i+2, k+1)
			}
		}
		if !inside(a[0], hole[0]) {
			return errs.Invalid("ring %d is a hole outside of the first ring", i+2)
		}
		for k := 1; k <= i; k++ {
			if inside(a[k], hole[0]) || inside(hole, a[k][0]) {
				return errs.Invalid("ring %d and ring %d are holes in each other", i+2, k+1)
			}
		}
	}
	return nil
}

func crossed(a, b []Point) bool {
	for i := range len(a) - 1 {
		for j := range len(b) - 1 {
			if meet(a[i], a[i+1], b[j], b[j+1]) {
				return true
			}
		}
	}
	return false
}

// inside tells whether a position is in a closed ring or on it: a line to the east crosses the ring an odd number of times.
func inside(ring []Point, p Point) bool {
	in := false
	for i := range len(ring) - 1 {
		a, b := ring[i], ring[i+1]
		if turn(a, b, p) == 0 && between(a, b, p) {
			return true
		}
		if (a.Lat > p.Lat) != (b.Lat > p.Lat) && p.Lon < a.Lon+(p.Lat-a.Lat)/(b.Lat-a.Lat)*(b.Lon-a.Lon) {
			in = !in
		}
	}
	return in
}

// Has tells whether a position is in the area. The edge of a hole still is.
func (a Area) Has(p Point) bool {
	if len(a) == 0 || !inside(a[0], p) {
		return false
	}
	for _, hole := range a[1:] {
		if inside(hole, p) && !onRing(hole, p) {
			return false
		}
	}
	return true
}

func onRing(ring []Point, p Point) bool {
	for i := range len(ring) - 1 {
		if turn(ring[i], ring[i+1], p) == 0 && between(ring[i], ring[i+1], p) {
			return true
		}
	}
	return false
}

// SquareMetres is the area's size, on a plane that touches the earth at its first position: exact enough for a town.
func (a Area) SquareMetres() float64 {
	size := 0.0
	for i, ring := range a {
		if m := ringMetres(ring); i == 0 {
			size = m
		} else {
			size -= m
		}
	}
	return size
}

func ringMetres(ring []Point) float64 {
	if len(ring) == 0 {
		return 0
	}
	origin := ring[0]
	narrow := math.Cos(origin.Lat * math.Pi / 180)
	twice := 0.0
	for i := range len(ring) - 1 {
		a, b := ring[i], ring[i+1]
		twice += (a.Lon-origin.Lon)*(b.Lat-origin.Lat) - (b.Lon-origin.Lon)*(a.Lat-origin.Lat)
	}
	return math.Abs(twice) / 2 * metresADeg * metresADeg * narrow
}
