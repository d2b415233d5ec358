package planningpg

import (
	"context"
	"math"

	"brigade/internal/planning"
	"brigade/internal/planning/planningpg/db"
	"brigade/internal/store"
)

// orNull is null for what cannot be said.
func orNull(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

func orNaN(v *float64) float64 {
	if v == nil {
		return math.NaN()
	}
	return *v
}

// Due implements planning.OutcomeStore.
func (s *Store) Due(ctx context.Context, tenant int64, first, last planning.Day) ([]planning.DueDay, error) {
	return due(ctx, s.db(), tenant, first, last)
}

func due(ctx context.Context, q *db.Queries, tenant int64, first, last planning.Day) ([]planning.DueDay, error) {
	rows, err := q.DueDays(ctx, db.DueDaysParams{Tenant: tenant, First: int32(first), Last: int32(last)})
	return listed(rows, err, func(r db.DueDaysRow) planning.DueDay {
		return planning.DueDay{Outlet: r.OutletID, Day: planning.Day(r.Day), Changes: int(r.Changes), Again: r.Again}
	})
}

// Validate implements planning.OutcomeStore.
func (s *Store) Validate(ctx context.Context, tenant int64, days []planning.DueDay, report func([]planning.Outcome) planning.Validation) (v planning.Validation, err error) {
	err = store.Commit(ctx, s.pool, func(tx store.Tx) error {
		q := db.New(tx)
		if err := q.LockTenant(ctx, tenant); err != nil {
			return err
		}
		left, first, last, err := stillDue(ctx, q, tenant, days)
		if err != nil || len(left) == 0 {
			v = planning.Validation{}
			return err
		}
		p := db.PutOutcomesParams{Tenant: tenant}
		for d := range left {
			p.Outlets, p.Days = append(p.Outlets, d.Outlet), append(p.Days, int32(d.Day))
		}
		if _, err := q.PutOutcomes(ctx, p); err != nil {
			return err
		}
		all, err := outcomes(ctx, q, tenant, 0, first, last)
		if err != nil {
			return err
		}
		var ours []planning.Outcome
		for _, o := range all {
			if _, ok := left[planning.Gap{Outlet: o.Outlet, Day: o.Day}]; ok {
				ours = append(ours, o)
			}
		}
		v = report(ours)
		return keep(ctx, q, tenant, &v, left)
	})
	return v, err
}

// stillDue leaves out what somebody else has compared in the meantime.
func stillDue(ctx context.Context, q *db.Queries, tenant int64, days []planning.DueDay) (map[planning.Gap]int, planning.Day, planning.Day, error) {
	first, last := days[0].Day, days[0].Day
	wanted := map[planning.Gap]bool{}
	for _, d := range days {
		first, last = min(first, d.Day), max(last, d.Day)
		wanted[planning.Gap{Outlet: d.Outlet, Day: d.Day}] = true
	}
	now, err := due(ctx, q, tenant, first, last)
	left := map[planning.Gap]int{}
	for _, d := range now {
		if k := (planning.Gap{Outlet: d.Outlet, Day: d.Day}); wanted[k] {
			left[k] = d.Changes
		}
	}
	return left, first, last, err
}

// keep writes a validation with its metrics, and that its days are compared.
func keep(ctx context.Context, q *db.Queries, tenant int64, v *planning.Validation, days map[planning.Gap]int) error {
	m := v.Overall
	id, err := q.AddValidation(ctx, db.AddValidationParams{
		Tenant: tenant, Kind: string(v.Kind), First: int32(v.First), Last: int32(v.Last), Validated: int32(v.Validated), Late: int32(v.Late),
		Gaps: int32(v.Gaps), Mae: orNull(m.MAE), Mape: orNull(m.MAPE), Rmse: orNull(m.RMSE), R2: orNull(m.R2), Accuracy: orNull(m.Accuracy),
		Wape: orNull(m.WAPE), Mase: orNull(m.MASE), Bias: orNull(m.Bias), Coverage: orNull(m.Coverage), By: v.By, At: v.At,
	})
	if err != nil {
		return err
	}
	v.ID = id
	rows := append(metricRows(v.ID, tenant, planning.LevelOutlet, v.Outlets), metricRows(v.ID, tenant, planning.LevelProduct, v.Products)...)
	if _, err := q.AddMetrics(ctx, rows); err != nil {
		return err
	}
	p := db.MarkValidatedParams{Tenant: tenant, Run: v.ID}
	for d, changes := range days {
		p.Outlets, p.Days, p.Changes = append(p.Outlets, d.Outlet), append(p.Days, int32(d.Day)), append(p.Changes, int32(changes))
	}
	return q.MarkValidated(ctx, p)
}

func metricRows(run, tenant int64, level planning.Level, list []planning.Metric) []db.AddMetricsParams {
	rows := make([]db.AddMetricsParams, len(list))
	for i, m := range list {
		rows[i] = db.AddMetricsParams{
			RunID: run, Level: string(level), OutletID: m.Outlet, Sku: m.SKU, TenantID: tenant, Days: int32(m.Days), Mae: orNull(m.MAE),
			Mape: orNull(m.MAPE), Rmse: orNull(m.RMSE), R2: orNull(m.R2), Accuracy: orNull(m.Accuracy), Wape: orNull(m.WAPE),
			Mase: orNull(m.MASE), Bias: orNull(m.Bias), Coverage: orNull(m.Coverage),
		}
	}
	return rows
}

// Outcomes implements planning.OutcomeStore.
func (s *Store) Outcomes(ctx context.Context, tenant, outlet int64, first, last planning.Day) ([]planning.Outcome, error) {
	return outcomes(ctx, s.db(), tenant, outlet, first, last)
}

func outcomes(ctx context.Context, q *db.Queries, tenant, outlet int64, first, last planning.Day) ([]planning.Outcome, error) {
	rows, err := q.Outcomes(ctx, db.OutcomesParams{Tenant: tenant, First: int32(first), Last: int32(last), Outlet: outlet})
	return listed(rows, err, func(r db.OutcomesRow) planning.Outcome {
		return planning.Outcome{
			Series: r.SeriesID, Outlet: r.OutletID, SKU: r.Sku, Day: planning.Day(r.Day), Actual: r.Actual, Mean: r.Mean, Low: r.Low,
			High: r.High, Edited: orNaN(r.Edited), SoldOut: r.SoldOut, Scale: orNaN(r.Scale),
		}
	})
}

// Gaps implements planning.OutcomeStore.
func (s *Store) Gaps(ctx context.Context, tenant, outlet int64, first, last planning.Day) ([]planning.Gap, error) {
	rows, err := s.db().Gaps(ctx, db.GapsParams{Tenant: tenant, First: int32(first), Last: int32(last), Outlet: outlet})
	return listed(rows, err, func(r db.GapsRow) planning.Gap { return planning.Gap{Outlet: r.OutletID, Day: planning.Day(r.Day)} })
}

func validationOf(r db.ValidationRun) planning.Validation {
	v := planning.Validation{
		ID: r.ID, Kind: planning.ValidationKind(r.Kind), First: dayOf(r.FirstDay), Last: dayOf(r.LastDay), Validated: int(r.Validated),
		Late: int(r.Late), Gaps: int(r.Gaps), By: r.CreatedBy, At: r.CreatedAt,
	}
	m := &v.Overall
	m.Days, m.MAE, m.MAPE, m.RMSE, m.R2 = v.Validated, orNaN(r.Mae), orNaN(r.Mape), orNaN(r.Rmse), orNaN(r.R2)
	m.Accuracy, m.WAPE, m.MASE, m.Bias, m.Coverage = orNaN(r.Accuracy), orNaN(r.Wape), orNaN(r.Mase), orNaN(r.Bias), orNaN(r.Coverage)
	return v
}

// Validations implements planning.OutcomeStore.
func (s *Store) Validations(ctx context.Context, tenant, before int64, most int) ([]planning.Validation, error) {
	rows, err := s.db().Validations(ctx, db.ValidationsParams{Tenant: tenant, Before: before, Most: int32(most)})
	return listed(rows, err, validationOf)
}

// Validation implements planning.OutcomeStore.
func (s *Store) Validation(ctx context.Context, tenant, id int64) (planning.Validation, error) {
	r, err := s.db().Validation(ctx, db.ValidationParams{Tenant: tenant, ID: id})
	return validationOf(r), found(err, "there is no validation %d", id)
}

// ValidationOf implements planning.OutcomeStore.
func (s *Store) ValidationOf(ctx context.Context, tenant int64, day planning.Day) (planning.Validation, error) {
	r, err := s.db().ValidationOf(ctx, db.ValidationOfParams{Tenant: tenant, Day: int32(day)})
	return validationOf(r), found(err, "%v was not validated yet", day)
}

// Metrics implements planning.OutcomeStore.
func (s *Store) Metrics(ctx context.Context, tenant, run int64, level planning.Level, skip, most int) ([]planning.Metric, error) {
	rows, err := s.db().MetricsOf(ctx, db.MetricsOfParams{Tenant: tenant, Run: run, Level: string(level), Skip: int32(skip), Most: int32(most)})
	return listed(rows, err, func(r db.ValidationMetric) planning.Metric {
		m := planning.Metric{Outlet: r.OutletID, SKU: r.Sku, MASE: orNaN(r.Mase), Coverage: orNaN(r.Coverage)}
		m.Days, m.MAE, m.MAPE, m.RMSE, m.R2 = int(r.Days), orNaN(r.Mae), orNaN(r.Mape), orNaN(r.Rmse), orNaN(r.R2)
		m.Accuracy, m.WAPE, m.Bias = orNaN(r.Accuracy), orNaN(r.Wape), orNaN(r.Bias)
		return m
	})
}
