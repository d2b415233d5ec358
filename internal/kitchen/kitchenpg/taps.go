package kitchenpg

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"brigade/internal/kitchen"
	"brigade/internal/kitchen/kitchenpg/db"
	"brigade/internal/store"
)

// Tapped implements kitchen.Repository.
func (s *Store) Tapped(ctx context.Context, tenant int64, key string) (bool, error) {
	known, err := s.q.Tapped(ctx, db.TappedParams{Tenant: tenant, Key: key})
	return known, store.Classify(err)
}

// insertTaps notes what was tapped, before anything else is written: another node may carry out the same tap just now.
// Errors: *kitchen.TappedError with those that were carried out before.
func (s *Store) insertTaps(ctx context.Context, tx store.Tx, taps []kitchen.Tapped) error {
	if len(taps) == 0 {
		return nil
	}
	taps = slices.SortedFunc(slices.Values(taps), func(a, b kitchen.Tapped) int {
		return cmp.Or(cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.Key, b.Key))
	})
	p := db.InsertTapsParams{Before: taps[0].At.Add(-kitchen.TapsKept)}
	for _, t := range taps {
		p.Tenants = append(p.Tenants, t.Tenant)
		p.Keys = append(p.Keys, t.Key)
		p.What = append(p.What, string(t.Do))
		p.Orders = append(p.Orders, t.Order)
		p.Tasks = append(p.Tasks, t.Task)
		p.TappedBy = append(p.TappedBy, t.By)
		p.At = append(p.At, t.At)
	}
	written, err := s.q.WithTx(tx).InsertTaps(ctx, p)
	if err != nil || len(written) == len(taps) {
		return err
	}
	before := slices.DeleteFunc(taps, func(t kitchen.Tapped) bool {
		return slices.Contains(written, db.InsertTapsRow{TenantID: t.Tenant, Key: t.Key})
	})
	return &kitchen.TappedError{Taps: before}
}

// NoteTap keeps what was tapped on a screen that is none of a kitchen's, in the transaction of what it changes. before says
// that it was kept already.
func (s *Store) NoteTap(ctx context.Context, tx store.Tx, t kitchen.Tapped) (before bool, err error) {
	err = s.insertTaps(ctx, tx, []kitchen.Tapped{t})
	if _, before = errors.AsType[*kitchen.TappedError](err); before {
		return true, nil
	}
	return false, err
}
