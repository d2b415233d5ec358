package deliverypg

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"brigade/internal/delivery"
	"brigade/internal/delivery/deliverypg/db"
	"brigade/internal/store"
)

var _ delivery.FleetStore = (*Store)(nil)

// Owners implements delivery.FleetStore.
func (s *Store) Owners(ctx context.Context, drivers []int64) (map[int64]int64, error) {
	rows, err := s.q.DriversOf(ctx, drivers)
	owners := make(map[int64]int64, len(rows))
	for _, r := range rows {
		owners[r.ID] = r.TenantID
	}
	return owners, store.Classify(err)
}

// PutPositions implements delivery.FleetStore. Rows are locked in one order by everybody.
func (s *Store) PutPositions(ctx context.Context, b delivery.Batch) error {
	return store.Commit(ctx, s.pool, func(tx store.Tx) error {
		pipe := store.NewPipeline(tx)
		q := s.q.WithTx(pipe)
		if err := putLast(ctx, q, b.Last); err != nil {
			return err
		}
		if len(b.Tracks) > 0 {
			var p db.PutTracksParams
			for _, f := range b.Tracks {
				p.Drivers, p.At = append(p.Drivers, f.Driver), append(p.At, f.At)
				p.Lats, p.Lons = append(p.Lats, f.Lat), append(p.Lons, f.Lon)
			}
			if err := q.PutTracks(ctx, p); err != nil {
				return err
			}
		}
		if len(b.Seen) > 0 {
			var p db.SeeDriversParams
			for _, id := range slices.Sorted(maps.Keys(b.Seen)) {
				p.Ids, p.At = append(p.Ids, id), append(p.At, b.Seen[id])
			}
			if err := q.SeeDrivers(ctx, p); err != nil {
				return err
			}
		}
		return pipe.Flush(ctx)
	})
}

func putLast(ctx context.Context, q *db.Queries, last []delivery.Located) error {
	if len(last) == 0 {
		return nil
	}
	slices.SortFunc(last, func(a, b delivery.Located) int { return cmp.Compare(a.Driver, b.Driver) })
	var p db.PutPositionsParams
	for _, l := range last {
		p.Drivers, p.Tenants = append(p.Drivers, l.Driver), append(p.Tenants, l.Tenant)
		p.Lats, p.Lons, p.At = append(p.Lats, l.Lat), append(p.Lons, l.Lon), append(p.At, l.At)
	}
	return q.PutPositions(ctx, p)
}

// ForgetTracks implements delivery.FleetStore.
func (s *Store) ForgetTracks(ctx context.Context, before time.Time) (int64, error) {
	n, err := s.q.ForgetTracks(ctx, before)
	return n, store.Classify(err)
}
