package network

import (
	"context"
	"errors"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"brigade/internal/actor"
	"brigade/internal/errs"
)

func TestRatiosSayNothingOfNothing(t *testing.T) {
	t.Parallel()
	var f Figures
	for _, v := range []float64{f.Growth(), f.WasteShare(), f.WasteReduction(), f.ForecastAccuracy()} {
		require.True(t, math.IsNaN(v))
	}
	f = Figures{
		Before: Sales{Revenue: 1000}, Now: Sales{Revenue: 1200}, WasteBefore: Waste{Food: 100}, Waste: Waste{Food: 30, Stock: 30},
		Accuracy: Accuracy{Off: 20, Actual: 100},
	}
	require.InDelta(t, 0.2, f.Growth(), 1e-12)
	require.InDelta(t, 0.05, f.WasteShare(), 1e-12)
	require.InDelta(t, 0.5, f.WasteReduction(), 1e-12, "half of the share")
	require.InDelta(t, 0.8, f.ForecastAccuracy(), 1e-12)
	f.Accuracy.Off = 300
	require.Zero(t, f.ForecastAccuracy())
}

func TestRanks(t *testing.T) {
	t.Parallel()
	site := func(slug string, revenue, before, waste int64) SiteFigures {
		return SiteFigures{Site{Slug: slug}, Figures{Now: Sales{Revenue: revenue}, Before: Sales{Revenue: before}, Waste: Waste{Food: waste}}}
	}
	p := Picture{Sites: []SiteFigures{site("a", 100, 0, 5), site("b", 300, 200, 3), site("c", 100, 100, 0), site("d", 0, 50, 1)}}
	ranks := func(by Metric) (slugs string, ranks []int) {
		list, err := p.Rank(by)
		require.NoError(t, err)
		for _, r := range list {
			slugs, ranks = slugs+r.Slug, append(ranks, r.Rank)
		}
		return slugs, ranks
	}
	slugs, list := ranks(ByRevenue)
	require.Equal(t, "bacd", slugs)
	require.Equal(t, []int{1, 2, 2, 4}, list)
	slugs, list = ranks(ByGrowth)
	require.Equal(t, "bcda", slugs, "of who sold nothing before it cannot be said")
	require.Equal(t, []int{1, 2, 3, 0}, list)
	slugs, _ = ranks(ByWaste)
	require.Equal(t, "cbad", slugs)
	_, err := p.Rank("beauty")
	require.True(t, errs.Is(err, errs.KindInvalid))
}

// TestSumsDoNotDependOnTheOrder: whatever way outlets are put together, the sum is the same.
func TestSumsDoNotDependOnTheOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(t, "sites")
		p := Picture{Window: Window{Ahead: 2}}
		for range n {
			v := func() int64 { return rapid.Int64Range(0, 1<<40).Draw(t, "v") }
			p.Sites = append(p.Sites, SiteFigures{
				Site{Central: rapid.Bool().Draw(t, "central")},
				Figures{Now: Sales{v(), v(), 3}, Waste: Waste{1, v(), v(), 0}, Kitchen: Kitchen{1, v(), v()}, Forecast: []int64{v(), v()}},
			})
		}
		rest := p.sum(func(s *SiteFigures) bool { return !s.Central })
		central := p.Central()
		central.Add(&rest)
		require.Equal(t, p.Total(), central)
	})
}

// counting draws empty pictures and counts them.
type counting struct {
	mu    sync.Mutex
	draws int
	err   error
	hold  chan struct{}
}

func (c *counting) Parent(_ context.Context, tenant int64) (Parent, error) {
	return Parent{ID: tenant, Slug: "chain", Tier: Tier, Zone: time.UTC}, nil
}

func (c *counting) Draw(_ context.Context, p Parent, w Window) (Picture, error) {
	if c.hold != nil {
		<-c.hold
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.draws++
	return Picture{Parent: p, Window: w}, c.err
}

func (c *counting) Detail(context.Context, Site, Window) (Detail, error) { return Detail{}, nil }

type standing struct{}

func (standing) Now() time.Time { return time.Date(2026, 3, 29, 23, 30, 0, 0, time.UTC) }

func (standing) After(time.Duration) (<-chan time.Time, func()) { return nil, func() {} }

func TestPicturesAreSharedForAWhile(t *testing.T) {
	t.Parallel()
	store, real := &counting{}, time.Unix(1000, 0)
	s := NewService(store, standing{})
	s.now = func() time.Time { return real }
	who := actor.Actor{Tenant: 7, Role: actor.Owner}
	ask := func(days int) int {
		_, err := s.Picture(t.Context(), who, "chain", days)
		require.NoError(t, err)
		return store.draws
	}
	require.Equal(t, 1, ask(30))
	require.Equal(t, 1, ask(0), "the same")
	require.Equal(t, 2, ask(7))
	real = real.Add(PictureFor - 1)
	require.Equal(t, 2, ask(30))
	real = real.Add(1)
	require.Equal(t, 3, ask(30))
	require.Len(t, s.drawn, 1, "what is over is forgotten")

	store.err = errors.New("away")
	real = real.Add(PictureFor)
	_, err := s.Picture(t.Context(), who, "chain", 30)
	require.ErrorIs(t, err, store.err)
	store.err = nil
	require.Equal(t, 5, ask(30), "failures are not kept")
}

func TestNobodyWaitsForALargeNetworkThatIsDrawnAnew(t *testing.T) {
	t.Parallel()
	var real atomic.Int64 // seconds
	store := &counting{hold: make(chan struct{}, 1)}
	s := NewService(store, standing{})
	s.now = func() time.Time { return time.Unix(real.Add(2), 0) } // each look takes long
	who := actor.Actor{Tenant: 7, Role: actor.Owner}
	ask := func() *Picture {
		p, err := s.Picture(t.Context(), who, "chain", 30)
		require.NoError(t, err)
		return p
	}
	store.hold <- struct{}{}
	first := ask()
	require.Same(t, first, ask())
	real.Add(int64(PictureFor / time.Second))
	require.Same(t, first, ask(), "the next one is held up")
	store.hold <- struct{}{}
	require.Eventually(t, func() bool {
		store.mu.Lock()
		defer store.mu.Unlock()
		return store.draws == 2
	}, time.Minute, time.Millisecond)
	close(store.hold)
	real.Add(int64(LargePictureFor / time.Second))
	require.NotSame(t, first, ask(), "it is too old by now")
}

func TestWhoGivesUpTakesNothingFromOthers(t *testing.T) {
	t.Parallel()
	store := &counting{hold: make(chan struct{})}
	s := NewService(store, standing{})
	who := actor.Actor{Tenant: 7, Role: actor.Owner}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Picture(gone, who, "chain", 30)
	require.ErrorIs(t, err, context.Canceled)
	close(store.hold)
	p, err := s.Picture(t.Context(), who, "chain", 30)
	require.NoError(t, err)
	require.Equal(t, 1, store.draws)
	require.Equal(t, "2026-03-28", p.Window.Last.Format(time.DateOnly))
}
