package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"

	"brigade/internal/errs"
	"brigade/internal/store/migrations"
)

const (
	migrationLock      = 7_246_274_423 // advisory lock that whoever changes the schema holds
	migrationLockRetry = 50 * time.Millisecond
)

// Migration is one step of the schema.
type Migration struct {
	Version   int64
	Name      string    // of its file
	AppliedAt time.Time // zero: not applied
}

// Migrate brings the schema to the newest version. Any number of processes may call it at once: one works, the others
// wait for it as long as ctx allows. A migration is applied whole or not at all.
//
// Errors: errs.KindConflict when the schema is newer than this program, errs.KindInvalid when the URL cannot be read.
func Migrate(ctx context.Context, databaseURL string) error {
	return migrateUp(ctx, databaseURL, migrations.FS)
}

// MigrateDown takes back the newest migration, and the data that only it knew. Errors as those of Migrate, and
// errs.KindConflict when there is nothing to take back.
func MigrateDown(ctx context.Context, databaseURL string) error {
	return withMigrations(ctx, databaseURL, migrations.FS, func(ctx context.Context, p *goose.Provider) error {
		if err := migrateDown(ctx, p); err != nil {
			return err
		}
		return removeJobs(ctx, databaseURL, p)
	})
}

// MigrationStatus lists every migration this program knows, oldest first.
func MigrationStatus(ctx context.Context, databaseURL string) ([]Migration, error) {
	var list []Migration
	err := withMigrations(ctx, databaseURL, migrations.FS, func(ctx context.Context, p *goose.Provider) error {
		states, err := p.Status(ctx)
		for _, s := range states {
			list = append(list, Migration{Version: s.Source.Version, Name: path.Base(s.Source.Path), AppliedAt: s.AppliedAt})
		}
		return err
	})
	return list, err
}

func migrateUp(ctx context.Context, databaseURL string, files fs.FS) error {
	return withMigrations(ctx, databaseURL, files, func(ctx context.Context, p *goose.Provider) error {
		if err := refuseNewer(ctx, p); err != nil {
			return err
		}
		if err := addJobs(ctx, databaseURL); err != nil {
			return err
		}
		_, err := p.Up(ctx)
		return err
	})
}

func migrateDown(ctx context.Context, p *goose.Provider) error {
	if err := refuseNewer(ctx, p); err != nil {
		return err
	}
	_, err := p.Down(ctx)
	if errors.Is(err, goose.ErrNoNextVersion) {
		return errs.Conflict("the database has no schema that could be taken back")
	}
	return err
}

func refuseNewer(ctx context.Context, p *goose.Provider) error {
	has, known, err := p.GetVersions(ctx)
	if err != nil {
		return err
	}
	if has > known {
		return errs.Conflict("the database has schema version %d, this brigade knows %d and older: use the newer brigade",
			has, known)
	}
	return nil
}

// withMigrations runs work while nobody else changes the schema. goose's own lock does not cover its first look at
// the version table, which fails when ten processes meet on an empty database: ours covers all of it.
func withMigrations(
	ctx context.Context, databaseURL string, files fs.FS, work func(context.Context, *goose.Provider) error,
) error {
	cfg, err := pgxpool.ParseConfig(databaseURL) // it knows the pool_ parameters, too
	if err != nil {
		return errs.Invalid("the database URL cannot be read").Because(err)
	}
	db := stdlib.OpenDB(*cfg.ConnConfig)
	defer db.Close()
	provider, err := goose.NewProvider(database.DialectPostgres, db, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	conn, err := lockSchema(ctx, db)
	if err != nil {
		return fmt.Errorf("lock the schema: %w", err)
	}
	defer conn.Close() // closing db ends the session, which frees the lock
	if err := work(ctx, provider); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// lockSchema takes the lock for a session. It asks again and again: a session that waits inside Postgres would hold
// up a migration that builds an index concurrently.
func lockSchema(ctx context.Context, db *sql.DB) (*sql.Conn, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	tick := time.NewTicker(migrationLockRetry)
	defer tick.Stop()
	for {
		var locked bool
		err := conn.QueryRowContext(ctx, "select pg_try_advisory_lock($1)", int64(migrationLock)).Scan(&locked)
		if err == nil && locked {
			return conn, nil
		}
		if err != nil {
			return nil, errors.Join(err, conn.Close())
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(context.Cause(ctx), conn.Close())
		case <-tick.C:
		}
	}
}
