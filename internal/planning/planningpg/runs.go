package planningpg

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/jackc/pgx/v5"

	"brigade/internal/errs"
	"brigade/internal/planning"
	"brigade/internal/planning/planningpg/db"
	"brigade/internal/store"
)

func runOf(r db.ForecastRun) planning.Run {
	return planning.Run{
		ID: r.ID, Tenant: r.TenantID, Outlet: r.OutletID, Kind: planning.RunKind(r.Kind), Day: dayOf(r.Day), Horizon: int(r.Horizon),
		Attempt: int(r.Attempt), Status: planning.RunStatus(r.Status), Levels: wide(r.Levels), Series: int(r.Series), Done: int(r.Done),
		Error: r.Error, By: r.RequestedBy, Requested: r.RequestedAt, Started: r.StartedAt, Finished: r.FinishedAt, Generation: int(r.Claims),
	}
}

// wide turns what Postgres keeps in half the room into numbers to reckon with, as they are written in decimals.
func wide(list []float32) []float64 {
	values := make([]float64, len(list))
	for i, v := range list {
		values[i] = math.Round(float64(v)*1e6) / 1e6
	}
	return values
}

func narrow(list []float64) []float32 {
	values := make([]float32, len(list))
	for i, v := range list {
		values[i] = float32(v)
	}
	return values
}

// FindRun implements planning.RunStore.
func (s *Store) FindRun(ctx context.Context, tenant, outlet int64, kind planning.RunKind, day planning.Day) (planning.Run, error) {
	r, err := s.db().FindRun(ctx, db.FindRunParams{Tenant: tenant, Kind: string(kind), Day: int32(day), Outlet: outlet})
	return runOf(r), found(err, "%v is not forecast yet", day)
}

// AddRun implements planning.RunStore.
func (s *Store) AddRun(ctx context.Context, tenant int64, r planning.Run) (planning.Run, error) {
	row, err := s.db().AddRun(ctx, db.AddRunParams{
		Tenant: tenant, Outlet: r.Outlet, Kind: string(r.Kind), Day: int32(r.Day), Horizon: int16(r.Horizon), By: r.By, At: r.Requested,
	})
	if store.IsUnique(err, "forecast_runs_tenant_id_kind_day_outlet_id_attempt_key") {
		return s.FindRun(ctx, tenant, r.Outlet, r.Kind, r.Day) // somebody asked for the same at the same time
	}
	return runOf(row), store.Classify(err)
}

// Run implements planning.RunStore.
func (s *Store) Run(ctx context.Context, tenant, id int64) (planning.Run, error) {
	r, err := s.db().Run(ctx, db.RunParams{Tenant: tenant, ID: id})
	return runOf(r), found(err, "there is no run %d", id)
}

// Runs implements planning.RunStore.
func (s *Store) Runs(ctx context.Context, tenant, outlet, before int64, most int) ([]planning.Run, error) {
	rows, err := s.db().Runs(ctx, db.RunsParams{Tenant: tenant, Before: before, Outlet: outlet, Most: int32(most)})
	return listed(rows, err, runOf)
}

// Open implements planning.RunStore.
func (s *Store) Open(ctx context.Context) ([]planning.Run, error) {
	rows, err := s.db().OpenRuns(ctx)
	return listed(rows, err, func(r db.OpenRunsRow) planning.Run { return planning.Run{ID: r.ID, Tenant: r.TenantID} })
}

// AtNoon implements planning.RunStore.
func (s *Store) AtNoon(ctx context.Context, now time.Time, hour int) ([]planning.OutletRef, error) {
	rows, err := s.db().OutletsAtNoon(ctx, db.OutletsAtNoonParams{Now: now, Hour: int32(hour)})
	return listed(rows, err, func(r db.OutletsAtNoonRow) planning.OutletRef {
		return planning.OutletRef{Tenant: r.TenantID, Outlet: r.ID}
	})
}

// Claim implements planning.RunStore.
func (s *Store) Claim(ctx context.Context, tenant, id int64, at time.Time) (planning.Run, error) {
	return s.claim(ctx, tenant, id, at, false)
}

// Seize implements planning.RunStore.
func (s *Store) Seize(ctx context.Context, tenant, id int64, at time.Time) (planning.Run, error) {
	return s.claim(ctx, tenant, id, at, true)
}

func (s *Store) claim(ctx context.Context, tenant, id int64, at time.Time, seize bool) (planning.Run, error) {
	r, err := s.db().ClaimRun(ctx, db.ClaimRunParams{At: &at, ID: id, Tenant: tenant, Seize: seize})
	if errors.Is(err, pgx.ErrNoRows) {
		return planning.Run{}, errs.Conflict("somebody works on run %d, or it is done", id)
	}
	return runOf(r), store.Classify(err)
}

func stillOurs(n int64, err error, id int64) error {
	if err == nil && n == 0 {
		return errs.Conflict("run %d is somebody else's by now", id)
	}
	return store.Classify(err)
}

// Beat implements planning.RunStore.
func (s *Store) Beat(ctx context.Context, r planning.Run) error {
	n, err := s.db().BeatRun(ctx, db.BeatRunParams{Done: int32(r.Done), Series: int32(r.Series), ID: r.ID, Claims: int32(r.Generation)})
	return stillOurs(n, err, r.ID)
}

// Give implements planning.RunStore.
func (s *Store) Give(ctx context.Context, _ int64, r planning.Run, reason string, at time.Time) error {
	n, err := s.db().EndRun(ctx, db.EndRunParams{
		Status: string(planning.RunFailed), Error: reason, At: &at, Series: int32(r.Series), ID: r.ID, Claims: int32(r.Generation), Levels: []float32{},
	})
	return stillOurs(n, err, r.ID)
}

// Finish implements planning.RunStore.
func (s *Store) Finish(ctx context.Context, tenant int64, r planning.Run, made planning.Made, at time.Time) error {
	return store.Commit(ctx, s.pool, func(tx store.Tx) error {
		q := db.New(tx)
		n, err := q.EndRun(ctx, db.EndRunParams{
			Status: string(planning.RunDone), At: &at, Levels: narrow(r.Levels), Series: int32(r.Series), ID: r.ID, Claims: int32(r.Generation),
		})
		if err := stillOurs(n, err, r.ID); err != nil {
			return err
		}
		if err := keepSeries(ctx, q, tenant, r.ID, made.Series); err != nil {
			return err
		}
		if err := keepForecasts(ctx, q, tenant, r.ID, made.Forecasts); err != nil {
			return err
		}
		if err := keepTotals(ctx, q, tenant, r.ID, made.Totals); err != nil {
			return err
		}
		return addModels(ctx, q, tenant, r.Day-1, made.New, at)
	})
}

func keepSeries(ctx context.Context, q *db.Queries, tenant, run int64, list []planning.MadeSeries) error {
	rows := make([]db.KeepSeriesParams, len(list))
	for i, m := range list {
		rows[i] = db.KeepSeriesParams{
			RunID: run, SeriesID: m.Series, TenantID: tenant, Model: m.Model, Version: int32(m.Version), Why: m.Why, Scale: orNull(m.Scale),
		}
	}
	_, err := q.KeepSeries(ctx, rows)
	return err
}

func keepForecasts(ctx context.Context, q *db.Queries, tenant, run int64, list []planning.Forecast) error {
	rows := make([]db.KeepForecastsParams, len(list))
	for i := range list {
		f := &list[i]
		rows[i] = db.KeepForecastsParams{
			RunID: run, SeriesID: f.Series, Day: f.Day.Time(), TenantID: tenant, Mean: float32(f.Mean),
			Quantiles: narrow(f.Quantiles), Hours: narrow(f.Hours),
		}
	}
	_, err := q.KeepForecasts(ctx, rows)
	return err
}

func keepTotals(ctx context.Context, q *db.Queries, tenant, run int64, list []planning.TotalForecast) error {
	rows := make([]db.KeepTotalsParams, len(list))
	for i, t := range list {
		rows[i] = db.KeepTotalsParams{
			RunID: run, OutletID: t.Outlet, Sku: t.SKU, Day: t.Day.Time(), TenantID: tenant, Mean: float32(t.Mean), Quantiles: narrow(t.Quantiles),
		}
	}
	_, err := q.KeepTotals(ctx, rows)
	return err
}

// Models implements planning.RunStore.
func (s *Store) Models(ctx context.Context, tenant int64) (map[int64]planning.Model, error) {
	rows, err := s.db().Models(ctx, tenant)
	models := make(map[int64]planning.Model, len(rows))
	for _, r := range rows {
		models[r.SeriesID] = planning.Model{
			Version: int(r.Version), History: int(r.History), LookedAt: planning.Day(r.LookedAt), Latest: int(r.Latest),
		}
	}
	return models, store.Classify(err)
}

// AddModels implements planning.RunStore.
func (s *Store) AddModels(ctx context.Context, tenant int64, on planning.Day, list []planning.Fitted, at time.Time) error {
	return store.Classify(addModels(ctx, s.db(), tenant, on, list, at))
}

func addModels(ctx context.Context, q *db.Queries, tenant int64, on planning.Day, list []planning.Fitted, at time.Time) error {
	p := db.AddModelsParams{Tenant: tenant, FittedOn: int32(on), At: at}
	for _, f := range list {
		p.Series, p.Versions, p.Histories = append(p.Series, f.Series), append(p.Versions, int32(f.Version)), append(p.Histories, int32(f.History))
		p.Adopted, p.Reasons = append(p.Adopted, f.Adopted), append(p.Reasons, f.Reason)
		p.Befores, p.Afters = append(p.Befores, f.Before), append(p.Afters, f.After)
	}
	return q.AddModels(ctx, p)
}

// ModelLog implements planning.RunStore.
func (s *Store) ModelLog(ctx context.Context, tenant int64, q planning.Query) ([]planning.Fitted, error) {
	rows, err := s.db().ModelLog(ctx, db.ModelLogParams{Tenant: tenant, Outlet: q.Outlet, Sku: q.SKU, Skip: int32(q.Skip), Most: int32(q.Most)})
	return listed(rows, err, func(r db.ModelLogRow) planning.Fitted {
		return planning.Fitted{
			Series: r.SeriesID, Outlet: r.OutletID, SKU: r.Sku, Version: int(r.Version), On: planning.Day(r.FittedOn), History: int(r.History),
			Adopted: r.Adopted, Reason: r.Reason, Before: orNaN(r.MapeBefore), After: orNaN(r.MapeAfter), At: r.CreatedAt,
		}
	})
}

// Current implements planning.RunStore.
func (s *Store) Current(ctx context.Context, tenant int64, q planning.Query) ([]planning.Forecast, error) {
	rows, err := s.db().CurrentForecasts(ctx, db.CurrentForecastsParams{
		First: int32(q.First), Last: int32(q.Last), Run: q.Run, Kind: string(q.Kind), Tenant: tenant, Outlet: q.Outlet, Sku: q.SKU,
		Skip: int32(q.Skip), Most: int32(q.Most),
	})
	return listed(rows, err, func(r db.CurrentForecastsRow) planning.Forecast {
		f := planning.Forecast{
			Run: r.RunID, Kind: planning.RunKind(r.Kind), Series: r.SeriesID, Outlet: r.OutletID, SKU: r.Sku, Name: r.Name,
			Day: planning.Day(r.Day), Mean: float64(r.Mean), Levels: wide(r.Levels), Quantiles: wide(r.Quantiles), Hours: wide(r.Hours),
			Model: r.Model, Why: r.Why, Edited: r.Edited, EditedBy: r.EditedBy, Reason: r.EditReason,
		}
		if r.Edited < 0 {
			f.Edited = math.NaN()
		}
		return f
	})
}

// Totals implements planning.RunStore.
func (s *Store) Totals(ctx context.Context, tenant int64, level planning.Level, q planning.Query) ([]planning.TotalForecast, error) {
	rows, err := s.db().CurrentTotals(ctx, db.CurrentTotalsParams{
		First: int32(q.First), Last: int32(q.Last), Tenant: tenant, Run: q.Run, Level: string(level), Outlet: q.Outlet, Sku: q.SKU,
		Skip: int32(q.Skip), Most: int32(q.Most),
	})
	return listed(rows, err, func(r db.CurrentTotalsRow) planning.TotalForecast {
		return planning.TotalForecast{
			Run: r.RunID, Outlet: r.OutletID, SKU: r.Sku, Day: planning.Day(r.Day), Mean: float64(r.Mean), Levels: wide(r.Levels),
			Quantiles: wide(r.Quantiles),
		}
	})
}

// AddEdit implements planning.RunStore.
func (s *Store) AddEdit(ctx context.Context, tenant int64, e planning.Edit, at time.Time) error {
	_, err := s.db().AddEdit(ctx, db.AddEditParams{
		Tenant: tenant, Series: e.Series, Day: int32(e.Day), Was: e.Was, Quantity: e.Quantity, Reason: e.Reason, By: e.By, At: at,
	})
	return store.Classify(err)
}
