package delivery_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"brigade/internal/delivery"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// fleetStore keeps what was written.
type fleetStore struct{ batches []delivery.Batch }

func (s *fleetStore) Owners(_ context.Context, drivers []int64) (map[int64]int64, error) {
	owners := map[int64]int64{}
	for _, d := range drivers {
		if d < 100 {
			owners[d] = 1
		}
	}
	return owners, nil
}

func (s *fleetStore) PutPositions(_ context.Context, b delivery.Batch) error {
	s.batches = append(s.batches, b)
	return nil
}

func (s *fleetStore) ForgetTracks(context.Context, time.Time) (int64, error) { return 0, nil }

func at(seconds int, lat float64) delivery.Fix {
	return delivery.Fix{Driver: 1, Point: delivery.Point{Lat: lat, Lon: -3.7}, At: noon.Add(time.Duration(seconds) * time.Second)}
}

func TestPositionsAreJudged(t *testing.T) {
	t.Parallel()
	var trace delivery.Trace
	take := func(f delivery.Fix) delivery.Verdict {
		v, _ := trace.Take(f, noon.Add(time.Minute))
		return v
	}
	require.Equal(t, delivery.Taken, take(at(0, 40)))
	require.Equal(t, delivery.Taken, take(at(3, 40.0002)))
	require.Equal(t, delivery.Stale, take(at(2, 40.0001)), "out of order")
	require.Equal(t, delivery.Stale, take(at(3, 40.0002)), "twice")
	require.Equal(t, delivery.Absurd, take(at(6, 41)), "111 km in three seconds")
	require.Equal(t, delivery.Taken, take(at(9, 40.0004)), "that was one wrong position")
	require.Equal(t, delivery.Future, take(at(600, 40.0004)))
	require.Equal(t, delivery.Absurd, take(at(12, 41)))
	require.Equal(t, delivery.Absurd, take(at(15, 41.0001)))
	require.Equal(t, delivery.Taken, take(at(18, 41.0002)), "the third that agrees: it is the old one that was wrong")
}

// Whatever comes in, in whatever order: what is known is never older than before, nothing of strangers is kept, and what
// is written is what is known.
func TestFleetsKeepTheNewest(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := &fleetStore{}
		f := delivery.NewFleet(s, slog.New(slog.DiscardHandler))
		newest := map[int64]time.Time{}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			var fixes []delivery.Fix
			for range rapid.IntRange(1, 5).Draw(t, "positions") {
				x := at(rapid.IntRange(0, 100).Draw(t, "second"), 40+0.001*float64(rapid.IntRange(0, 3).Draw(t, "place")))
				x.Driver = int64(rapid.IntRange(98, 101).Draw(t, "driver"))
				fixes = append(fixes, x)
			}
			v, err := f.Take(context.Background(), 1, fixes, noon.Add(time.Hour))
			require.NoError(t, err)
			require.Equal(t, len(fixes), v.Taken+v.Stale+v.Absurd+v.Future+v.Unknown)
			f.Flush(context.Background())
			for _, l := range lastBatch(s) {
				require.Less(t, l.Driver, int64(100))
				require.False(t, l.At.Before(newest[l.Driver]), "never back")
				newest[l.Driver] = l.At
			}
		}
	})
}

func lastBatch(s *fleetStore) []delivery.Located {
	if len(s.batches) == 0 {
		return nil
	}
	last := s.batches[len(s.batches)-1]
	s.batches = nil
	return last.Last
}

func TestPlacesNobodyCanBeAreRefused(t *testing.T) {
	t.Parallel()
	f := delivery.NewFleet(&fleetStore{}, slog.New(slog.DiscardHandler))
	_, err := f.Take(t.Context(), 1, []delivery.Fix{at(0, 91)}, noon)
	require.Error(t, err)
	v, err := f.Take(t.Context(), 2, []delivery.Fix{at(0, 40)}, noon)
	require.NoError(t, err)
	require.Equal(t, delivery.Verdicts{Unknown: 1}, v, "another tenant's driver")
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"calle de alcalá 55", "calle de alcalá"}, delivery.PlaceKeys("Calle  de Alcalá 55, 3º B, Madrid"))
	require.Equal(t, []string{"gran vía"}, delivery.PlaceKeys("Gran Vía"))
	require.InDelta(t, 111_195, delivery.Point{Lat: 40}.Metres(delivery.Point{Lat: 41}), 10)
}
