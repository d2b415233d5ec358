package deliverypg

import (
	"context"

	"brigade/internal/delivery"
	"brigade/internal/delivery/deliverypg/db"
	"brigade/internal/store"
)

// EditZones implements delivery.ZoneStore.
func (s *Store) EditZones(ctx context.Context, tenant, outlet int64, do func([]delivery.Zone) (delivery.ZoneEdit, error)) error {
	return store.Commit(ctx, s.pool, func(tx store.Tx) error {
		q := s.q.WithTx(tx)
		if err := lockOutlet(ctx, q, tenant, outlet); err != nil {
			return err
		}
		have, err := zonesOf(ctx, q, outlet)
		if err != nil {
			return err
		}
		e, err := do(have)
		if err != nil {
			return err
		}
		return editZone(ctx, q, tenant, outlet, e)
	})
}

func editZone(ctx context.Context, q *db.Queries, tenant, outlet int64, e delivery.ZoneEdit) error {
	if e.Drop {
		_, err := q.DropZone(ctx, db.DropZoneParams{Outlet: outlet, Tenant: tenant, Name: e.Was})
		return err
	}
	if e.Put == nil {
		return nil
	}
	if e.Was != "" && e.Was != e.Put.Name {
		if err := q.RenameZone(ctx, db.RenameZoneParams{Outlet: outlet, Tenant: tenant, Was: e.Was, Name: e.Put.Name}); err != nil {
			return err
		}
	}
	return putZone(ctx, q, tenant, outlet, *e.Put)
}

func zonesOf(ctx context.Context, q *db.Queries, outlet int64) (zones []delivery.Zone, err error) {
	rows, err := q.ZonesOf(ctx, outlet)
	for _, r := range rows {
		z, err := zoneOf(r)
		if err != nil {
			return nil, err
		}
		zones = append(zones, z)
	}
	return zones, err
}
