package delivery_test

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"brigade/internal/delivery"
	"brigade/internal/errs"
	"brigade/internal/money"
)

func polygon(rings string) string { return `{"type":"Polygon","coordinates":` + rings + `}` }

func TestAreasAreRead(t *testing.T) {
	t.Parallel()
	a, err := delivery.ReadArea([]byte(`{"type":"Feature","geometry":` +
		polygon(`[[[0,40],[0.1,40],[0.1,40.1],[0,40.1],[0,40]],[[0.04,40.04],[0.06,40.04],[0.06,40.06],[0.04,40.06],[0.04,40.04]]]`) + `}`))
	require.NoError(t, err)
	require.InDelta(t, 94.7-3.8, a.SquareMetres()/1e6, 1)
	for place, in := range map[delivery.Point]bool{
		{Lat: 40.01, Lon: 0.01}: true, {Lat: 40, Lon: 0}: true, {Lat: 40.05, Lon: 0.1}: true, {Lat: 40.05, Lon: 0.05}: false,
		{Lat: 40.04, Lon: 0.05}: true, {Lat: 40.2, Lon: 0.05}: false, {Lat: 40.05, Lon: -0.01}: false,
	} {
		require.Equal(t, in, a.Has(place), place)
	}
	text, err := json.Marshal(map[string]any{"type": "Polygon", "coordinates": a.Rings()})
	require.NoError(t, err)
	again, err := delivery.ReadArea(text)
	require.NoError(t, err)
	require.Equal(t, a, again)
}

func TestWhatIsNoAreaIsRefused(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		`nonsense`: "no GeoJSON",
		`{"type":"MultiPolygon","coordinates":[]}`: "two polygons are two zones",
		polygon(`[]`):                                                                      "1 to 20 rings",
		polygon(`[[[0,0],[1,1],[0,0]]]`):                                                   "at least 4 positions",
		polygon(`[[[0,0],[0.1,0],[0.1,0.1],[0,0.1]]]`):                                     "not closed",
		polygon(`[[[0,0],[0.1,0.1],[0.1,0],[0,0.1],[0,0]]]`):                               "crosses itself",
		polygon(`[[[0,0],[0.1,0],[0.05,0],[0,0.1],[0,0]]]`):                                "runs back on itself",
		polygon(`[[[0,0],[0.1,0],[0.1,0],[0,0.1],[0,0]]]`):                                 "twice in a row",
		polygon(`[[[0,0],[0.1,0],[0.1,0.1],[0.05,0],[0,0.1],[0,0]]]`):                      "crosses itself",
		polygon(`[[[0,95],[0.1,0],[0.1,0.1],[0,95]]]`):                                     "leaves the earth",
		polygon(`[[[0,0],[0.00001,0],[0.00001,0.00001],[0,0]]]`):                           "too small",
		polygon(`[[[-4,0],[10,0],[10,10],[-4,0]]]`):                                        "too large",
		polygon(`[[[-170,0],[170,0],[170,1],[-170,0]]]`):                                   "goes around the earth",
		polygon(`[[[0,0],[0.1]]]`):                                                         "[longitude, latitude]",
		polygon(`[[[0,0],[1,0],[1,1],[0,0]],[[2,2],[2.1,2],[2.1,2.1],[2,2]]]`):             "outside of the first ring",
		polygon(`[[[0,0],[1,0],[1,1],[0,1],[0,0]],[[0.5,0.5],[2,0.5],[2,0.6],[0.5,0.5]]]`): "meets ring",
		polygon(`[[[0,0],[1,0],[1,1],[0,1],[0,0]],[[0.1,0.1],[0.9,0.1],[0.9,0.9],[0.1,0.1]],[[0.4,0.2],[0.5,0.2],[0.5,0.3],[0.4,0.2]]]`): "holes in each other",
	} {
		_, err := delivery.ReadArea([]byte(text))
		require.ErrorContains(t, err, says, text)
		require.True(t, errs.Is(err, errs.KindInvalid), text)
	}
}

// star is a simple polygon around a centre; its corners are at rising angles.
func star(t *rapid.T, centre delivery.Point) delivery.Area {
	n := rapid.IntRange(3, 40).Draw(t, "corners")
	ring := make([]delivery.Point, 0, n+1)
	for i := range n {
		radius := rapid.Float64Range(0.01, 0.1).Draw(t, "radius")
		angle := 2 * math.Pi * float64(i) / float64(n)
		ring = append(ring, delivery.Point{Lat: centre.Lat + radius*math.Sin(angle), Lon: centre.Lon + radius*math.Cos(angle)})
	}
	return delivery.Area{append(ring, ring[0])}
}

// Any star is an area that has its centre, its corners and what is near its centre, and nothing that is further away than all corners.
func TestAreasHaveWhatIsInThem(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		centre := delivery.Point{Lat: rapid.Float64Range(-60, 60).Draw(t, "lat"), Lon: rapid.Float64Range(-170, 170).Draw(t, "lon")}
		a := star(t, centre)
		require.NoError(t, a.Check())
		for _, corner := range a[0] {
			require.True(t, a.Has(corner))
			near := corner.Toward(centre, rapid.Float64Range(0.01, 0.99).Draw(t, "near"))
			require.True(t, a.Has(near))
			require.False(t, a.Has(delivery.Point{Lat: corner.Lat + (corner.Lat-centre.Lat)*20, Lon: corner.Lon + (corner.Lon-centre.Lon)*20}))
		}
	})
}

func square(t testing.TB, half float64) delivery.Area {
	a, err := delivery.ReadArea(fmt.Appendf(nil, `{"type":"Polygon","coordinates":[[[%[1]g,%[1]g],[%[2]g,%[1]g],[%[2]g,%[2]g],[%[1]g,%[2]g],[%[1]g,%[1]g]]]}`, -half, half))
	require.NoError(t, err)
	return a
}

func TestTheSmallestZoneCounts(t *testing.T) {
	t.Parallel()
	at := noon
	atlas := delivery.Atlas{Zones: []delivery.Zone{
		{Name: "town", Area: square(t, 0.5), Fee: 500, Minimum: 2000},
		{Name: "centre", Area: square(t, 0.1), Fee: 200, FreeFrom: 3000, Extra: 5 * time.Minute},
		{Name: "night", Area: square(t, 0.05), Fee: 900, Opens: 22 * time.Hour, Closes: 4 * time.Hour},
	}}
	carry := func(p delivery.Point, sum money.Amount, at time.Time) delivery.Carriage {
		c, err := atlas.Carry(&p, sum, at)
		require.NoError(t, err)
		return c
	}
	middle := delivery.Point{Lat: 0.01, Lon: 0.01}
	require.Equal(t, delivery.Carriage{Zone: "centre", Fee: 200, FreeFrom: 3000, Extra: 5 * time.Minute}, carry(middle, 1000, at))
	require.Zero(t, carry(middle, 3000, at).Fee, "free from there on")
	require.Equal(t, "night", carry(middle, 1000, at.Add(11*time.Hour)).Zone)
	require.Equal(t, "night", carry(middle, 1000, at.Add(15*time.Hour)).Zone)
	require.Equal(t, "centre", carry(middle, 1000, at.Add(16*time.Hour)).Zone)
	far := carry(delivery.Point{Lat: 0.3, Lon: 0.3}, 1999, at)
	require.Equal(t, "town", far.Zone)
	require.ErrorContains(t, far.Refusal, "come to 19.99: zone town is delivered to from 20.00 on")
	require.True(t, errs.Is(far.Refusal, errs.KindInvalid))
	_, err := atlas.Carry(&delivery.Point{Lat: 3}, 5000, at)
	require.ErrorContains(t, err, "outside of every zone")
	_, err = atlas.Carry(nil, 5000, at)
	require.ErrorContains(t, err, "nobody knows where the address is")

	atlas.Zones[1].Pause = &delivery.ZonePause{At: at, Until: at.Add(time.Hour), Reason: "a flood"}
	paused := carry(middle, 1000, at)
	require.Equal(t, "centre", paused.Zone, "a paused centre is not served as the outskirts")
	require.ErrorContains(t, paused.Refusal, "zone centre is paused until 2026-03-02T13:00:00Z: a flood")
	refusal := new(errs.Error)
	require.ErrorAs(t, paused.Refusal, &refusal)
	require.Equal(t, errs.KindConflict, refusal.Kind)
	require.Equal(t, at.Add(time.Hour), refusal.Earliest)
	require.NoError(t, carry(middle, 1000, at.Add(time.Hour)).Refusal, "for later it is taken")

	only := delivery.Atlas{Zones: atlas.Zones[2:]}
	_, err = only.Carry(&middle, 1000, at)
	require.ErrorContains(t, err, "night is from 22:00 to 04:00")
}

func TestWithoutZonesTheRadiusCounts(t *testing.T) {
	t.Parallel()
	far := delivery.Point{Lat: 40.5, Lon: -3.7}
	var atlas delivery.Atlas
	_, err := atlas.Carry(nil, 100, noon)
	require.NoError(t, err, "everything is taken everywhere")
	site := delivery.Point{Lat: 40.42, Lon: -3.7}
	atlas.Reach = delivery.Reach{Site: &site, Radius: 5000}
	_, err = atlas.Carry(&far, 100, noon)
	require.ErrorContains(t, err, "8.9 km away: orders are delivered within 5.0 km")
	_, err = atlas.Carry(&site, 100, noon)
	require.NoError(t, err)
	_, err = atlas.Carry(nil, 100, noon)
	require.Error(t, err)
	atlas.TakeUnknown = true
	_, err = atlas.Carry(nil, 100, noon)
	require.NoError(t, err)
}

func TestEveryFaultOfZonesIsNamed(t *testing.T) {
	t.Parallel()
	err := delivery.CheckZones([]delivery.Zone{
		{Name: "a", Area: square(t, 0.1)}, {Name: "A", Area: square(t, 0.1), Fee: -1, Minimum: 100, FreeFrom: 50, Extra: 5 * time.Hour}, {Name: "b/c"},
	}, "features")
	for _, part := range []string{
		`features[1].name "A" is there twice`, "features[1].fee must be 0 to", "features[1].free_from must not be below", "features[1].extra_minutes must be 0 to 240",
		"features[2].name must be", "features[2].geometry must have 1 to 20 rings",
	} {
		require.ErrorContains(t, err, part)
	}
}
