package sim

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"brigade/internal/order"
)

func TestADayHasItsPattern(t *testing.T) {
	t.Parallel()
	at := func(hour, minute int) time.Duration { return gap(time.Date(2026, 5, 4, hour, minute, 0, 0, time.UTC)) }
	require.InDelta(t, peakGap.Seconds(), at(13, 30).Seconds(), 0.5)
	require.InDelta(t, peakGap.Seconds(), at(20, 30).Seconds(), 0.5)
	require.InDelta(t, quietGap.Seconds(), at(5, 0).Seconds(), 0.5)
	for h := range 24 {
		require.LessOrEqual(t, at(h, 0), quietGap)
		require.GreaterOrEqual(t, at(h, 0), peakGap)
	}
}

func TestPatience(t *testing.T) {
	t.Parallel()
	_, ok := patience(0, 0)
	require.False(t, ok, "nobody cooks: nobody comes in")
	last := 0.0
	for busy := range 85 {
		factor, ok := patience(busy, 100)
		require.True(t, ok)
		require.GreaterOrEqual(t, factor, last)
		last = factor
	}
	_, ok = patience(85, 100)
	require.False(t, ok, "some hands are left free")
}

func TestWhateverGuestsBringIsValid(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := New(Parts{}, Options{Seed: rapid.Uint64().Draw(t, "seed")})
		dishes := []Dish{{"burger", 200 * time.Second}, {"coffee", 50 * time.Second}, {"dip", 10 * time.Second}}
		dishes = dishes[:rapid.IntRange(1, 3).Draw(t, "dishes")]
		for range 50 {
			p := s.order()
			p.Items = basket(dishes, s.rng.Uint64())
			if err := p.Validate(); err != nil {
				t.Fatal(err)
			}
			// Guests are as exact as contract R demands, which has names and prices instead of SKUs.
			free := p
			free.Items = []order.Wanted{{Name: "x", Quantity: 1, Price: new(order.Total(nil) + 100)}}
			if err := free.ValidateFreeForm(); err != nil {
				t.Fatal(err)
			}
		}
	})
}
