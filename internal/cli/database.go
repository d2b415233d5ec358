package cli

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/jackc/pgx/v5/pgxpool"

	"brigade/internal/config"
	"brigade/internal/errs"
	"brigade/internal/store"
	"brigade/internal/store/localpg"
	"brigade/internal/telemetry"
)

// postgres is how a command reaches Postgres: the one it was told, else the one that the Brigade of the state folder
// uses now, else the private one of the state folder, which then runs for as long as the command.
type postgres struct {
	config.Common
	config.Database
	mayCreate bool // make the private one when there is none, and bring its schema up to date
}

// with runs work on the URL of a Postgres that can be reached.
func (p postgres) with(ctx context.Context, env *Env, work func(ctx context.Context, url string) error) error {
	if !p.Private() {
		return work(ctx, p.DatabaseURL.Reveal())
	}
	running, err := FindRunning(p.State)
	if err != nil {
		return err
	}
	if running != nil {
		return work(ctx, running.DatabaseURL)
	}
	if _, err := os.Stat(filepath.Join(p.State, "lock")); err != nil && !p.mayCreate {
		return errs.NotFound("there is no database in the state folder %s: start brigade up there, or name another "+
			"with --state or --database-url", p.State)
	}
	server, err := localpg.Start(ctx, localpg.Config{StateDir: p.State, Logger: p.logger(env)})
	if err != nil {
		return err
	}
	err = work(ctx, server.URL())
	return errors.Join(err, server.Stop(context.WithoutCancel(ctx)))
}

// withPool runs work on a pool, once the schema is up to date.
func (p postgres) withPool(ctx context.Context, env *Env, work func(context.Context, *pgxpool.Pool) error) error {
	return p.with(ctx, env, func(ctx context.Context, url string) error {
		if err := p.checkSchema(ctx, url); err != nil {
			return err
		}
		pool, err := store.Open(url, 4)
		if err != nil {
			return err
		}
		defer pool.Close()
		return work(ctx, pool)
	})
}

// checkSchema makes sure of the schema. A database of somebody's own is not changed without being asked.
func (p postgres) checkSchema(ctx context.Context, url string) error {
	if p.Private() && p.mayCreate {
		return migrate(ctx, url)
	}
	steps, err := store.MigrationStatus(ctx, url)
	if err != nil {
		return reached(err)
	}
	for _, s := range steps {
		if s.AppliedAt.IsZero() {
			return errs.Conflict("the database's schema is not up to date: run brigade migrate up")
		}
	}
	return nil
}

func migrate(ctx context.Context, url string) error { return reached(store.Migrate(ctx, url)) }

// reached says in words of Brigade that a database did not answer.
func reached(err error) error {
	if err == nil || errs.KindOf(err) != errs.KindInternal {
		return err
	}
	return errs.Unavailable("the database cannot be used").Because(err)
}

// logger tells what the private Postgres has to say; that it starts and stops is no news here.
func (p postgres) logger(env *Env) *slog.Logger {
	level := p.Level()
	if level == slog.LevelInfo {
		level = slog.LevelWarn
	}
	return telemetry.NewLogger(env.Err, level, "brigade", telemetry.WithFormat(p.LogFormat))
}
