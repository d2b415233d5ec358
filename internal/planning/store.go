package planning

import (
	"context"
	"time"

	"brigade/internal/actor"
)

// Query chooses what a list holds.
type Query struct {
	Outlet      int64  // 0: all
	SKU         string // "": all
	First, Last Day
	Run         int64 // 0: the latest of each day
	Kind        RunKind
	Skip, Most  int
}

// within limits a query to the outlet that the actor is bound to.
func (q Query) within(who actor.Actor) Query {
	if only := who.OutletFilter(); only != 0 {
		q.Outlet = only
	}
	return q
}

// Store keeps what planning knows. Everything is scoped by the tenant; what does not exist is a KindNotFound error.
type Store interface {
	SalesStore
	CalendarStore
	RunStore
	OutcomeStore
}

// SalesStore keeps sales.
type SalesStore interface {
	// Merge takes lines of a source into account in one transaction: see Service.Report.
	Merge(ctx context.Context, tenant int64, source string, lines []Line) (Merged, error)
	Sold(ctx context.Context, tenant int64, q Query) ([]Sold, error)
	Aliases(ctx context.Context, tenant int64) ([]Alias, error)
	PutAlias(ctx context.Context, tenant int64, a Alias) error
	DropAlias(ctx context.Context, tenant int64, sku string) error

	// Series lists the series of an outlet, or of all with outlet 0, by id.
	Series(ctx context.Context, tenant, outlet int64) ([]Series, error)
	// Days calls each with all that was sold up to a day, in no order.
	Days(ctx context.Context, tenant int64, series []int64, last Day, each func(series int64, day Day, milli int64, soldOut bool)) error
	// Hours does so by the hour.
	Hours(ctx context.Context, tenant int64, series []int64, first, last Day, each func(series int64, day Day, hour int, milli int64)) error
	// Reported calls each with the days of which an outlet reported anything.
	Reported(ctx context.Context, tenant, outlet int64, last Day, each func(outlet int64, day Day)) error
}

// CalendarStore keeps what is special about days.
type CalendarStore interface {
	Outlets(ctx context.Context, tenant, outlet int64) ([]Outlet, error)
	PutOutlet(ctx context.Context, tenant int64, o Outlet) error
	Marks(ctx context.Context, tenant int64, q Query) ([]Mark, error)
	AddMarks(ctx context.Context, tenant int64, marks []Mark) error
	DropMark(ctx context.Context, tenant, outlet, id int64) error
}

// RunStore keeps forecasts as they were made.
type RunStore interface {
	// FindRun returns the latest attempt at a day. Errors: KindNotFound.
	FindRun(ctx context.Context, tenant, outlet int64, kind RunKind, day Day) (Run, error)
	AddRun(ctx context.Context, tenant int64, r Run) (Run, error)
	Run(ctx context.Context, tenant, id int64) (Run, error)
	Runs(ctx context.Context, tenant, outlet, before int64, most int) ([]Run, error)
	// Claim begins to work on a run that waits, failed, or was left. Errors: KindConflict when somebody works on it or it
	// is done.
	Claim(ctx context.Context, tenant, id int64, at time.Time) (Run, error)
	// Seize is Claim for whoever is to do it now, whoever began: what that one would still write is refused. Errors:
	// KindConflict when it is done.
	Seize(ctx context.Context, tenant, id int64, at time.Time) (Run, error)
	// Beat is a sign of life of who claimed the run. Errors: KindConflict when it is somebody else's by now.
	Beat(ctx context.Context, r Run) error
	// Finish keeps what a run made and ends it, in one transaction. Errors: KindConflict as for Beat.
	Finish(ctx context.Context, tenant int64, r Run, made Made, at time.Time) error
	// Give ends a run that failed.
	Give(ctx context.Context, tenant int64, r Run, reason string, at time.Time) error
	// Open lists runs that wait for somebody to work on them.
	Open(ctx context.Context) ([]Run, error)
	// AtNoon lists outlets of all tenants at which it is past an hour, whose forecast of today was not brought up to date.
	AtNoon(ctx context.Context, now time.Time, hour int) ([]OutletRef, error)

	Models(ctx context.Context, tenant int64) (map[int64]Model, error)
	AddModels(ctx context.Context, tenant int64, on Day, list []Fitted, at time.Time) error
	ModelLog(ctx context.Context, tenant int64, q Query) ([]Fitted, error)

	Current(ctx context.Context, tenant int64, q Query) ([]Forecast, error)
	Totals(ctx context.Context, tenant int64, level Level, q Query) ([]TotalForecast, error)
	AddEdit(ctx context.Context, tenant int64, e Edit, at time.Time) error
}

// OutcomeStore keeps how good forecasts were.
type OutcomeStore interface {
	// Due lists days with a forecast that were reported, or reported again, since they were compared.
	Due(ctx context.Context, tenant int64, first, last Day) ([]DueDay, error)
	// Validate compares days with their forecasts, and keeps what report makes of the outcomes, in one transaction.
	// Whoever finds the days done by somebody else writes nothing.
	Validate(ctx context.Context, tenant int64, due []DueDay, report func([]Outcome) Validation) (Validation, error)
	Outcomes(ctx context.Context, tenant, outlet int64, first, last Day) ([]Outcome, error)
	Gaps(ctx context.Context, tenant, outlet int64, first, last Day) ([]Gap, error)
	Validations(ctx context.Context, tenant, before int64, most int) ([]Validation, error)
	Validation(ctx context.Context, tenant, id int64) (Validation, error)
	// ValidationOf returns the latest daily validation of a day. Errors: KindNotFound.
	ValidationOf(ctx context.Context, tenant int64, day Day) (Validation, error)
	// Metrics lists a validation's metrics by outlet or product, the best first.
	Metrics(ctx context.Context, tenant, run int64, level Level, skip, most int) ([]Metric, error)
}
