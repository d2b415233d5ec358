package menu

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/actor"
	"brigade/internal/clock"
	"brigade/internal/errs"
	"brigade/internal/recipe"
)

// switchboard keeps pauses on a shelf.
type switchboard struct{ *shelf }

func (s switchboard) SetPause(_ context.Context, _, _ int64, p Pause) (Pause, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.version++
	s.paused = append(s.paused, p)
	return p, nil
}

func (s switchboard) EndPause(_ context.Context, _, _ int64, p Pause) (Pause, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.version++
	s.paused = nil
	return p, nil
}

func TestWhatIsPausedIsRefusedAtOnceAndUntilItsTime(t *testing.T) {
	t.Parallel()
	c, shelf, _ := setup()
	noon := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	clk := clock.NewManual(noon)
	s := NewSales(c, switchboard{shelf}, clk)
	boss := actor.Actor{Tenant: 1, Outlet: 2, Name: "Ada", Role: actor.Manager}
	order := func(source string, w ...Wanted) error {
		return s.Check(t.Context(), 1, 2, source, func() []Wanted { return w })
	}
	wrap := Wanted{SKU: "wrap", Stations: []int64{3}}
	require.NoError(t, order("api", wrap))
	for _, p := range []Pause{
		{Kind: PauseItem, Name: "wrap", Until: noon.Add(time.Hour), Reason: "sold out"},
		{Kind: PauseStation, Name: "fryer", ID: 4},
		{Kind: PauseSource, Name: "orders"},
	} {
		_, err := s.Pause(t.Context(), boss, 0, p)
		require.NoError(t, err)
	}
	err := order("api", wrap, Wanted{SKU: "fries", Stations: []int64{3, 4}})
	require.True(t, errs.Is(err, errs.KindConflict))
	require.EqualError(t, err, "item wrap is paused until 2026-05-04T13:00:00Z: sold out; station fryer is paused")
	require.EqualError(t, order("orders"), "source orders is paused")
	require.NoError(t, order("api", Wanted{SKU: "soup", Stations: []int64{3}}))
	clk.Advance(time.Hour)
	require.NoError(t, order("api", wrap), "its time is over")
	list, err := s.Paused(t.Context(), boss, 0)
	require.NoError(t, err)
	require.Len(t, list, 2)
	fries := Item{SKU: "fries", Recipe: recipe.Recipe{Steps: []recipe.Step{{Station: 4}}}}
	require.Equal(t, "station fryer is paused", fries.Paused(list))
	_, err = s.Resume(t.Context(), boss, 0, PauseStation, "fryer")
	require.NoError(t, err)
	require.NoError(t, order("orders"))
}

func TestWhoMayPauseWhat(t *testing.T) {
	t.Parallel()
	c, shelf, _ := setup()
	s := NewSales(c, switchboard{shelf}, clock.NewManual(time.Unix(1000, 0)))
	cook := actor.Actor{Tenant: 1, Outlet: 2, Bound: true, Role: actor.Cook}
	pause := func(p Pause, outlet int64) errs.Kind {
		_, err := s.Pause(t.Context(), cook, outlet, p)
		return errs.KindOf(err)
	}
	_, err := s.Pause(t.Context(), cook, 0, Pause{Kind: PauseItem, Name: "wrap"})
	require.NoError(t, err)
	require.Equal(t, errs.KindForbidden, pause(Pause{Kind: PauseSource, Name: "api"}, 0))
	require.Equal(t, errs.KindForbidden, pause(Pause{Kind: PauseOutlet}, 0))
	require.Equal(t, errs.KindNotFound, pause(Pause{Kind: PauseItem, Name: "wrap"}, 3))
	require.Equal(t, errs.KindInvalid, pause(Pause{Kind: PauseItem}, 0))
	require.Equal(t, errs.KindInvalid, pause(Pause{Kind: PauseItem, Name: "wrap", Until: time.Unix(999, 0)}, 0))
	_, err = s.Resume(t.Context(), cook, 0, PauseOutlet, "")
	require.True(t, errs.Is(err, errs.KindForbidden))
}
