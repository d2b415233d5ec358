package town_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"brigade/internal/delivery"
	"brigade/internal/web/town"
)

func TestEverythingIsOnTheDrawing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		lat, lon := rapid.Float64Range(-80, 80).Draw(t, "lat"), rapid.Float64Range(-179, 178).Draw(t, "lon")
		var m town.Map
		for range rapid.IntRange(1, 20).Draw(t, "places") {
			m.Places = append(m.Places, town.Place{Kind: "driver", Label: `<b>"x"`, At: delivery.Point{
				Lat: lat + rapid.Float64Range(0, 0.3).Draw(t, "north"), Lon: lon + rapid.Float64Range(0, 0.3).Draw(t, "east"),
			}})
		}
		d := m.Draw(900, 500)
		for _, s := range d.Spots {
			require.True(t, s.X >= 0 && s.X <= 900 && s.Y >= 0 && s.Y <= 500, "%+v", s)
		}
		require.Positive(t, d.Bar)
		require.LessOrEqual(t, d.Bar, 180.5)
		var again town.Map
		require.NoError(t, json.Unmarshal([]byte(d.Data), &again))
		require.Equal(t, m, again)
	})
}

func TestNorthIsUp(t *testing.T) {
	t.Parallel()
	m := town.Map{
		Places: []town.Place{{Label: "south west", At: delivery.Point{Lat: 40, Lon: -3}}, {Label: "north east", At: delivery.Point{Lat: 40.01, Lon: -2.99}}},
		Ways:   []town.Way{{Kind: "ride", Via: []delivery.Point{{Lat: 40, Lon: -3}, {Lat: 40.01, Lon: -2.99}}}},
		Areas:  []town.Area{{Kind: "open", Label: "centre", Shape: delivery.Area{{{Lat: 40, Lon: -3}, {Lat: 40, Lon: -2.99}, {Lat: 40.01, Lon: -2.99}, {Lat: 40, Lon: -3}}}}},
	}
	d := m.Draw(600, 400)
	require.Less(t, d.Spots[0].X, d.Spots[1].X)
	require.Greater(t, d.Spots[0].Y, d.Spots[1].Y)
	require.Contains(t, d.Ways[0].Path, "L")
	require.Contains(t, d.Areas[0].Path, "Z")
	require.Equal(t, "200 m", d.Metres)
}

func TestAnEmptyMapIsNoFault(t *testing.T) {
	t.Parallel()
	require.NotPanics(t, func() { town.Map{}.Draw(300, 200) })
}
