package kitchenpg

import (
	"cmp"
	"context"
	"time"

	"brigade/internal/errs"
	"brigade/internal/kitchen"
	"brigade/internal/kitchen/kitchenpg/db"
	"brigade/internal/store"
)

var _ kitchen.EstimateStore = (*Store)(nil)

// Estimates implements kitchen.EstimateStore.
func (s *Store) Estimates(ctx context.Context, tenant, outlet int64, skip, most int) ([]kitchen.StepEstimate, int, error) {
	rows, err := s.q.Estimates(ctx, db.EstimatesParams{Tenant: tenant, Outlet: outlet, Step: -1, Skip: int32(skip), Most: int32(most)})
	if err != nil {
		return nil, 0, store.Classify(err)
	}
	list, total := make([]kitchen.StepEstimate, len(rows)), skip
	for i, r := range rows {
		list[i], total = estimateOf(r), int(r.Total)
	}
	return list, total, nil
}

// Estimate implements kitchen.EstimateStore.
func (s *Store) Estimate(ctx context.Context, tenant, outlet int64, ref kitchen.StepRef) (kitchen.StepEstimate, error) {
	rows, err := s.q.Estimates(ctx, db.EstimatesParams{
		Tenant: tenant, Outlet: outlet, Sku: ref.SKU, Step: int32(ref.Step), Most: 1,
	})
	switch {
	case err != nil:
		return kitchen.StepEstimate{}, store.Classify(err)
	case len(rows) == 0 || ref.SKU == "" || ref.Step < 0:
		return kitchen.StepEstimate{}, noStep(ref)
	}
	return estimateOf(rows[0]), nil
}

func noStep(ref kitchen.StepRef) error {
	return errs.NotFound("there is no step %d of an item %q on the menu; steps count from 0", ref.Step, ref.SKU)
}

func estimateOf(r db.EstimatesRow) kitchen.StepEstimate {
	e := kitchen.StepEstimate{
		SKU: r.Sku, Item: r.Name, Step: int(r.StepNo), Description: r.Description, Station: r.StationID,
		Base: seconds(r.BaseSeconds), Learned: seconds(r.LearnedSeconds), P90: seconds(r.P90Seconds),
		InForce: seconds(r.EstimateSeconds), Samples: r.Samples, UpdatedAt: deref(r.UpdatedAt),
	}
	if r.PinnedSeconds > 0 {
		e.Pinned, e.PinnedBy, e.PinnedAt = seconds(r.PinnedSeconds), r.PinnedBy, deref(r.PinnedAt)
	}
	return e
}

// EstimateDays implements kitchen.EstimateStore.
func (s *Store) EstimateDays(ctx context.Context, outlet int64, ref kitchen.StepRef, before string, most int) ([]kitchen.EstimateDay, error) {
	rows, err := s.q.EstimateDays(ctx, db.EstimateDaysParams{
		Outlet: outlet, Sku: ref.SKU, Step: int32(ref.Step), Before: cmp.Or(before, "infinity"), Most: int32(most),
	})
	days := make([]kitchen.EstimateDay, len(rows))
	for i, r := range rows {
		days[i] = kitchen.EstimateDay{
			Day: r.Day, Learned: seconds(r.LearnedSeconds), P90: seconds(r.P90Seconds), InForce: seconds(r.InForceSeconds),
			Samples: r.Samples,
		}
	}
	return days, store.Classify(err)
}

// Factors implements kitchen.EstimateStore.
func (s *Store) Factors(ctx context.Context, outlet int64) ([]kitchen.Factor, error) {
	rows, err := s.q.Factors(ctx, outlet)
	factors := make([]kitchen.Factor, len(rows))
	for i, r := range rows {
		factors[i] = kitchen.Factor{Kind: r.Kind, Ref: r.Ref, Factor: r.Factor, Samples: r.Samples}
	}
	return factors, store.Classify(err)
}

// Pin implements kitchen.EstimateStore.
func (s *Store) Pin(ctx context.Context, tenant, outlet int64, ref kitchen.StepRef, pinned time.Duration, by string, at time.Time) error {
	return store.Commit(ctx, s.pool, func(tx store.Tx) error {
		q := s.q.WithTx(tx)
		if pinned == 0 {
			_, err := q.UnpinEstimate(ctx, db.UnpinEstimateParams{Outlet: outlet, Tenant: tenant, Sku: ref.SKU, Step: int32(ref.Step)})
			return err
		}
		err := q.ForgetOtherStep(ctx, db.ForgetOtherStepParams{Outlet: outlet, Sku: ref.SKU, Step: int32(ref.Step)})
		if err != nil {
			return err
		}
		n, err := q.PinEstimate(ctx, db.PinEstimateParams{
			Outlet: outlet, Tenant: tenant, Sku: ref.SKU, Step: int32(ref.Step), Seconds: pinned.Seconds(), PinnedBy: by, At: at,
		})
		if err == nil && n == 0 {
			return noStep(ref)
		}
		return err
	})
}
