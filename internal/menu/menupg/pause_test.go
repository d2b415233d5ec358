package menupg_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/errs"
	"brigade/internal/menu"
	"brigade/internal/menu/menupg"
	"brigade/internal/recipe"
)

// What one process pauses, another sees by the menu's version; once each, by its own name, with one event each.
func TestPausesAreKeptByTheirOwnNames(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.load(t, file)
	committed := 0
	s, rows := menupg.NewPauses(b.pool, appendEvents, func() { committed++ }), menupg.New(b.pool)
	tenant, outlet := b.tenant(t), b.outlet(t)
	version := func() string {
		v, err := rows.Version(t.Context(), tenant, outlet)
		require.NoError(t, err)
		return v
	}
	before := version()
	until := at.Add(time.Hour)
	for _, p := range []menu.Pause{
		{Kind: menu.PauseItem, Name: "TOAST", Until: until, Reason: "burnt"},
		{Kind: menu.PauseItem, Name: "toast", Reason: "sold out"},
		{Kind: menu.PauseStation, Name: "Grill"},
		{Kind: menu.PauseSource, Name: "orders"},
		{Kind: menu.PauseOutlet},
	} {
		p.By, p.At = "Ada", at
		_, err := s.SetPause(t.Context(), tenant, outlet, p)
		require.NoError(t, err)
	}
	require.NotEqual(t, before, version())
	list, err := rows.Pauses(t.Context(), tenant, outlet)
	require.NoError(t, err)
	var said []string
	for _, p := range list {
		said = append(said, p.String())
	}
	require.Equal(t, []string{"outlet is paused", "source orders is paused", "station grill is paused", "item toast is paused: sold out"}, said)
	require.NotZero(t, list[2].ID)

	for range 2 {
		for _, p := range list {
			_, err := s.EndPause(t.Context(), tenant, outlet, menu.Pause{Kind: p.Kind, Name: p.Name, By: "Ada", At: at})
			require.NoError(t, err)
		}
	}
	require.Equal(t, before, version())
	require.Equal(t, 13, committed)
	require.EqualValues(t, 9, value[int64](t, b, "select count(*) from event_log where type in ('SALE_PAUSED', 'SALE_RESUMED')"))
	require.Zero(t, value[int64](t, b, "select count(*) - count(distinct sequence) from event_log where aggregate_type = 'outlet'"))
	for _, p := range []menu.Pause{{Kind: menu.PauseItem, Name: "pizza"}, {Kind: menu.PauseStation, Name: "oven"}} {
		_, err := s.SetPause(t.Context(), tenant, outlet, p)
		require.True(t, errs.Is(err, errs.KindNotFound), err)
	}
	_, err = s.SetPause(t.Context(), tenant+1, outlet, menu.Pause{Kind: menu.PauseOutlet})
	require.True(t, errs.Is(err, errs.KindNotFound), "another tenant's")
}

func TestBatchesAndTheCourseGapAreLoaded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	text := edit("    free_form_station: bar\n", "    free_form_station: bar\n    course_gap: 5m\n")
	b.load(t, text)
	require.EqualValues(t, 300, value[int32](t, b, "select course_gap_seconds from outlets"))
	const step = "{name: toast bread, station: grill, machine: grill-1, seconds: 40.5, priority: 12"
	batched := edit(step, step+", batch: {size: 6, max_wait: 60s}")
	require.Equal(t, []string{
		"~ outlet main: course_gap 5m0s → 10m0s",
		"~ main: item toast: step 2 toast bread (grill/grill-1, 40.5 s, priority 12) → toast bread (grill/grill-1, 40.5 s, priority 12, 6 in a load, waiting 1m0s at most)",
	}, b.load(t, batched))
	require.Equal(t, []string{"nothing to change"}, b.load(t, batched))
	require.Equal(t, recipe.Batch{Size: 6, Wait: time.Minute}, b.items(t)[0].Recipe.Steps[1].Batch)
	for _, wrong := range []string{"{size: 0, max_wait: 1s}", "{size: 2}", "{size: 2, max_wait: 2h}", "{size: 2, max_wait: soon}"} {
		_, err := b.try(t, edit(step, step+", batch: "+wrong), true)
		require.True(t, errs.Is(err, errs.KindInvalid), "%s: %v", wrong, err)
	}
}
