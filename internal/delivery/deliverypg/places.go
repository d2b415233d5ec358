package deliverypg

import (
	"context"

	"brigade/internal/delivery"
	"brigade/internal/store"
)

// Places tells where outlets are, as far as they deliver.
func (s *Store) Places(ctx context.Context, outlets []int64) (map[int64]delivery.Point, error) {
	rows, err := s.q.OutletPlaces(ctx, outlets)
	places := make(map[int64]delivery.Point, len(rows))
	for _, r := range rows {
		places[r.OutletID] = delivery.Point{Lat: r.Lat, Lon: r.Lon}
	}
	return places, store.Classify(err)
}
