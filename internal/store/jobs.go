package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

// The tables of jobs are River's. They come before Brigade's first migration and go after its last, so that
// migrations in between may refer to them.

// JobSchema is the version of the tables of jobs that this program knows.
func JobSchema() (int, error) {
	m, err := rivermigrate.New[pgx.Tx](riverpgxv5.New(nil), nil)
	if err != nil {
		return 0, err
	}
	all := m.AllVersions()
	return all[len(all)-1].Version, nil
}

// addJobs brings the tables of jobs to the newest version.
func addJobs(ctx context.Context, databaseURL string) error {
	return migrateJobs(ctx, databaseURL, rivermigrate.DirectionUp, nil)
}

// removeJobs takes them away once Brigade's own schema is gone.
func removeJobs(ctx context.Context, databaseURL string, p *goose.Provider) error {
	version, err := p.GetDBVersion(ctx)
	if err != nil || version > 0 {
		return err
	}
	return migrateJobs(ctx, databaseURL, rivermigrate.DirectionDown, &rivermigrate.MigrateOpts{TargetVersion: -1})
}

func migrateJobs(ctx context.Context, databaseURL string, direction rivermigrate.Direction, opts *rivermigrate.MigrateOpts) error {
	pool, err := pgxpool.New(ctx, databaseURL)
	if err != nil {
		return err
	}
	defer pool.Close()
	m, err := rivermigrate.New(riverpgxv5.New(pool), nil)
	if err == nil {
		_, err = m.Migrate(ctx, direction, opts)
	}
	if err != nil {
		return fmt.Errorf("the tables of jobs: %w", err)
	}
	return nil
}
