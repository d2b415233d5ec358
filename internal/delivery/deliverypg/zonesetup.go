package deliverypg

import (
	"context"
	"slices"

	"brigade/internal/delivery"
	"brigade/internal/delivery/deliverypg/db"
	"brigade/internal/errs"
	"brigade/internal/store"
)

// readZones reads where a tenant's outlets deliver.
func (s *Setup) readZones(ctx context.Context, q *db.Queries, tenant int64) error {
	s.Zones, s.Reach = map[string][]delivery.Zone{}, map[string]delivery.Reach{}
	zones, err := q.LoadedZones(ctx, tenant)
	if err != nil {
		return err
	}
	for _, r := range zones {
		z, err := zoneOf(r.DeliveryZone)
		if err != nil {
			return err
		}
		s.Zones[r.Slug] = append(s.Zones[r.Slug], z)
	}
	reach, err := q.LoadedReach(ctx, tenant)
	for _, r := range reach {
		s.Reach[r.Slug] = delivery.Reach{Radius: float64(r.RadiusMetres), TakeUnknown: r.TakeUnknown}
	}
	return err
}

// LoadZones makes these an outlet's zones, by its slug. Errors: KindInvalid for an outlet that there is not.
func LoadZones(ctx context.Context, tx store.Tx, tenant int64, outlet string, zones []delivery.Zone) error {
	id, err := outletID(ctx, db.New(tx), tenant, outlet)
	if err != nil {
		return err
	}
	return PutZones(ctx, tx, tenant, id, zones)
}

// LoadReach writes how far an outlet delivers, by its slug. Errors: KindInvalid for an outlet that there is not.
func LoadReach(ctx context.Context, tx store.Tx, tenant int64, outlet string, r delivery.Reach) error {
	q := db.New(tx)
	id, err := outletID(ctx, q, tenant, outlet)
	if err != nil {
		return err
	}
	return PutReach(ctx, q, tenant, id, r)
}

func outletID(ctx context.Context, q *db.Queries, tenant int64, slug string) (int64, error) {
	outlets, err := q.OutletIDs(ctx, tenant)
	if err != nil {
		return 0, err
	}
	i := slices.IndexFunc(outlets, func(o db.OutletIDsRow) bool { return o.Slug == slug })
	if i < 0 {
		return 0, errs.Invalid("there is no outlet %q", slug)
	}
	return outlets[i].ID, nil
}
