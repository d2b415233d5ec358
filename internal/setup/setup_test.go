package setup_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"brigade/internal/event"
	"brigade/internal/event/eventpg"
	"brigade/internal/menu/load"
	"brigade/internal/menu/menupg"
	"brigade/internal/setup"
	"brigade/internal/store"
	"brigade/internal/store/pgtest"
)

func put(t *testing.T, pool *pgxpool.Pool, text string, dry bool) ([]string, error) {
	t.Helper()
	diff, err := setup.Load(t.Context(), pool, "f.yaml", strings.NewReader(text), menupg.Options{
		DryRun: dry, By: "test", At: time.Now(), Append: func(ctx context.Context, tx store.Tx, events []event.Event) error {
			return eventpg.Append(ctx, tx, 0, events)
		},
	})
	return diff.Lines(), err
}

const base = `
tenant: {slug: acme, name: Acme, timezone: Europe/Madrid}
outlets:
  - slug: main
    name: Main
    stations: [{name: grill, capacity: 1}]
    staff: [{name: Ann, max_parallel: 1, skills: [grill]}]
delivery:
  regions:
    - name: Town
      slug: town
      outlets: [{outlet: main, lat: 40.4, lon: -3.7}]
      drivers:
        - {name: Bea, vehicle: moped, skills: [alcohol], shifts: [{days: [fri], from: "18:00", to: "02:00"}]}
        - {name: Carl, vehicle: bicycle, capacity: 2}
  places: [{address: Calle  Mayor, lat: 40.41, lon: -3.71}]
`

func TestWhoDeliversIsLoaded(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	lines, err := put(t, pool, base, true)
	require.NoError(t, err)
	require.Contains(t, strings.Join(lines, "\n"), "+ driver Bea (region town; vehicle moped; capacity 3; skills alcohol; shifts fri 18:00-02:00)")
	var n int
	count := func(sql string) int {
		require.NoError(t, pool.QueryRow(t.Context(), sql).Scan(&n))
		return n
	}
	require.Zero(t, count("select count(*) from delivery_regions"), "a dry run writes nothing")
	_, err = put(t, pool, base, false)
	require.NoError(t, err)
	require.Equal(t, 2, count("select count(*) from drivers where active"))
	require.Equal(t, 1, count("select count(*) from delivery_places where address = 'calle mayor'"))
	lines, err = put(t, pool, base, false)
	require.NoError(t, err)
	require.Equal(t, []string{"nothing to change"}, lines)

	_, err = pool.Exec(t.Context(), "update drivers set status = 'WAITING_FOR_WORK' where name = 'Carl'")
	require.NoError(t, err)
	lines, err = put(t, pool, strings.NewReplacer("bicycle", "car", "lat: 40.4,", "lat: 40.45,").Replace(base), false)
	require.NoError(t, err)
	require.Equal(t, []string{
		"~ region town: outlet main 40.40000, -3.70000 → 40.45000, -3.70000", "~ driver Carl: vehicle bicycle → car",
	}, lines)
	require.Equal(t, 1, count("select count(*) from drivers where status = 'WAITING_FOR_WORK'"), "what he does is left alone")

	without, _, _ := strings.Cut(base, "        - {name: Carl")
	lines, err = put(t, pool, without, false)
	require.NoError(t, err)
	require.Contains(t, lines, "- driver Carl")
	require.Equal(t, 1, count("select count(*) from drivers where active"))
	before, _, _ := strings.Cut(base, "delivery:")
	lines, err = put(t, pool, before, false)
	require.NoError(t, err)
	require.Equal(t, []string{"nothing to change"}, lines, "a file that says nothing of delivery leaves it alone")
}

func TestFaultsAreNamedWithTheirPlaces(t *testing.T) {
	t.Parallel()
	for change, says := range map[string]string{
		"vehicle: moped|vehicle: rocket":            "vehicle must be foot, bicycle, moped or car",
		"skills: [alcohol]|skills: [swim]":          `unknown skill "swim"`,
		"name: Carl|name: Bea":                      `there are two drivers "Bea"`,
		"lat: 40.4,|lat: 140.4,":                    "lat must be",
		"- name: Town|- speed: 3\n      name: Town": "unknown key",
	} {
		from, to, _ := strings.Cut(change, "|")
		_, err := load.Parse("f.yaml", []byte(strings.Replace(base, from, to, 1)))
		require.ErrorContains(t, err, says, change)
	}
	_, err := put(t, pgtest.New(t), strings.Replace(base, "{outlet: main", "{outlet: nowhere", 1), false)
	require.ErrorContains(t, err, `there is no outlet "nowhere"`)
}

// Zones are loaded, compared, kept by a file that does not speak of them, and refused when they are none.
func TestWhereOutletsDeliverIsLoaded(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	with := func(more string) string {
		return strings.Replace(base, "{outlet: main, lat: 40.4, lon: -3.7}", "{outlet: main, lat: 40.4, lon: -3.7"+more+"}", 1)
	}
	square := "area: [[-3.71, 40.39], [-3.69, 40.39], [-3.69, 40.41], [-3.71, 40.41]]"
	zones := with(`, unknown_addresses: take, zones: [{name: near, fee: 1.50, minimum: 10, free_from: 30, extra_minutes: 5, hours: {from: "12:00", to: "23:00"}, ` + square + `},
		{name: far, fee: 3, area: {type: Polygon, coordinates: [[[-3.8, 40.3], [-3.6, 40.3], [-3.6, 40.5], [-3.8, 40.5], [-3.8, 40.3]]]}}]`)
	lines, err := put(t, pool, zones, true)
	require.NoError(t, err)
	require.Contains(t, strings.Join(lines, "\n"), "+ main: zone near (fee 1.50; minimum 10.00; free_from 30.00; extra_minutes 5; hours 12:00-23:00; area 3.77 km²")
	_, err = put(t, pool, zones, false)
	require.NoError(t, err)
	lines, err = put(t, pool, zones, false)
	require.NoError(t, err)
	require.Equal(t, []string{"nothing to change"}, lines)
	lines, err = put(t, pool, base, false)
	require.NoError(t, err)
	require.Equal(t, []string{"nothing to change"}, lines, "a file that does not speak of zones leaves them alone")
	lines, err = put(t, pool, with(", radius_km: 4, zones: [{name: near, fee: 2, "+square+"}]"), false)
	require.NoError(t, err)
	text := strings.Join(lines, "\n")
	for _, part := range []string{"~ main: zone near: fee 1.50 → 2.00; minimum 10.00 → (none)", "- main: zone far", "~ main: reach main: radius_km 0 → 4; unknown_addresses take → refuse"} {
		require.Contains(t, text, part)
	}
	for wrong, says := range map[string]string{
		"zones: [{name: a, fee: -1, " + square + "}]":                            "fee must not be negative",
		"zones: [{name: a, area: [[1, 2], [3]]}]":                                "area must be a GeoJSON Polygon",
		"zones: [{name: a, area: [[0, 0], [0.01, 0.01], [0.01, 0], [0, 0.01]]}]": "crosses itself",
		"zones: [{name: a, " + square + "}, {name: A, " + square + "}]":          "two zones",
		"zones: [{name: a, hours: {from: noon, to: \"14:00\"}, " + square + "}]": "time of day",
		"unknown_addresses: maybe":                                               "take or refuse",
	} {
		_, err = put(t, pool, with(", "+wrong), false)
		require.ErrorContains(t, err, says)
	}
}
