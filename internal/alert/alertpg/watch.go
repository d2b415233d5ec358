package alertpg

import (
	"context"
	"time"

	"brigade/internal/alert"
	"brigade/internal/alert/alertpg/db"
	"brigade/internal/store"
)

var _ alert.Runs = (*Store)(nil)

// Hurt implements alert.Runs.
func (s *Store) Hurt(ctx context.Context, execution int64) ([]alert.Hurt, error) {
	rows, err := db.New(s.pool).FailedTenants(ctx, execution)
	list := make([]alert.Hurt, len(rows))
	for i, r := range rows {
		list[i] = alert.Hurt{Tenant: r.TenantID, Why: r.Error}
	}
	return list, store.Classify(err)
}

// Recovered implements alert.Runs.
func (s *Store) Recovered(ctx context.Context, execution int64, m alert.Matter) ([]int64, error) {
	list, err := db.New(s.pool).Recovered(ctx, db.RecoveredParams{Execution: execution, Key: m.Key})
	return list, store.Classify(err)
}

// Took implements alert.Runs.
func (s *Store) Took(ctx context.Context, execution int64) ([]time.Duration, error) {
	rows, err := db.New(s.pool).Took(ctx, execution)
	list := make([]time.Duration, len(rows))
	for i, seconds := range rows {
		list[i] = time.Duration(seconds * float64(time.Second))
	}
	return list, store.Classify(err)
}

// Missing implements alert.Runs.
func (s *Store) Missing(ctx context.Context, before time.Time) ([]alert.Run, error) {
	rows, err := db.New(s.pool).MissingRuns(ctx, before)
	list := make([]alert.Run, len(rows))
	for i, r := range rows {
		list[i] = alert.Run{Tenant: r.TenantID, Workflow: r.Name, At: r.DueAt.UTC(), Zone: r.Zone}
	}
	return list, store.Classify(err)
}

// Live implements alert.Runs.
func (s *Store) Live(ctx context.Context, kind alert.Kind) ([]alert.Matter, error) {
	rows, err := db.New(s.pool).LiveOf(ctx, string(kind))
	list := make([]alert.Matter, len(rows))
	for i, r := range rows {
		list[i] = alert.Matter{Tenant: r.TenantID, Kind: kind, Key: r.Key}
	}
	return list, store.Classify(err)
}
