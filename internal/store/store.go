// Package store is the way to Postgres: the pool, transactions with an exact outcome, and group commit.
package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"brigade/internal/errs"
)

// Tx is a transaction. Features offer writers that take one, so that a change across features is still one.
type Tx = pgx.Tx

// Open returns a pool for a database URL. It does not wait for the server: Ready does.
func Open(url string, conns int32) (*pgxpool.Pool, error) {
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, errs.Invalid("the database URL cannot be read").Because(err)
	}
	cfg.MaxConns = conns
	cfg.ConnConfig.ConnectTimeout = 5 * time.Second
	cfg.ConnConfig.RuntimeParams["application_name"] = "brigade"
	cfg.ConnConfig.RuntimeParams["timezone"] = "UTC"
	return pgxpool.NewWithConfig(context.Background(), cfg)
}

// Ready returns a KindUnavailable error when Postgres does not answer in time.
func Ready(ctx context.Context, pool *pgxpool.Pool) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if _, err := pool.Exec(ctx, "select 1"); err != nil {
		return errs.Unavailable("Postgres does not answer").Because(err)
	}
	return nil
}

// resolveFor bounds how long the outcome of a lost commit is looked for.
const resolveFor = 90 * time.Second

// Commit runs work in one transaction and tells its outcome exactly. nil means committed. An error of
// KindUnknown means that nobody could find out; every other error means that nothing was written.
// Deadlocks and serialisation failures are tried again.
func Commit(ctx context.Context, pool *pgxpool.Pool, work func(Tx) error) error {
	for attempt := 0; ; attempt++ {
		err := commitOnce(ctx, pool, work)
		if !transient(err) || attempt == 4 {
			return Classify(err)
		}
	}
}

func commitOnce(ctx context.Context, pool *pgxpool.Pool, work func(Tx) error) error {
	tx, err := pool.Begin(ctx)
	if err != nil {
		return errs.Unavailable("Postgres is away: nothing was written").Because(err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // a no-op after a commit
	var xid string
	if err := tx.QueryRow(ctx, "select pg_current_xact_id()::text").Scan(&xid); err != nil {
		return err
	}
	if err := work(tx); err != nil {
		return err
	}
	err = tx.Commit(ctx)
	if err == nil || answered(err) {
		return err
	}
	return resolve(ctx, pool, xid, err)
}

// answered tells whether Postgres itself refused the commit, so that the transaction is surely rolled back.
func answered(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return errors.Is(err, pgx.ErrTxCommitRollback) || ok && !connectionLost(pg)
}

func connectionLost(pg *pgconn.PgError) bool {
	return len(pg.Code) == 5 && (pg.Code[:2] == "08" || pg.Code[:3] == "57P")
}

// resolve asks Postgres what became of a transaction whose commit was not answered.
func resolve(ctx context.Context, pool *pgxpool.Pool, xid string, cause error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), resolveFor)
	defer cancel()
	for {
		var status *string
		err := pool.QueryRow(ctx, "select pg_xact_status($1::text::xid8)", xid).Scan(&status)
		switch {
		case err == nil && status != nil && *status == "committed":
			return nil
		case err == nil && status != nil && *status == "aborted":
			return errs.Unavailable("Postgres went away: nothing was written").Because(cause)
		}
		select {
		case <-ctx.Done():
			return errs.Unknown("Postgres went away during the commit: ask again with the same key").Because(cause)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// transient tells whether the same work may succeed at once in a new transaction.
func transient(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return errors.Is(err, ErrOvertaken) || ok && (pg.Code == "40001" || pg.Code == "40P01")
}

// ErrOvertaken is returned by work whose rows were changed by somebody else since it read them:
// Commit runs it again, and it must read again.
var ErrOvertaken = errors.New("overtaken by another change")

// Classify gives errors of Postgres a kind: away, out of disk or overloaded is KindUnavailable.
func Classify(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*errs.Error](err); ok {
		return err
	}
	pg, ok := errors.AsType[*pgconn.PgError](err)
	switch {
	case !ok && (errors.Is(err, pgx.ErrNoRows) || errors.Is(err, ErrOvertaken)):
		return err
	case !ok, connectionLost(pg):
		return errs.Unavailable("Postgres is away: nothing was written").Because(err)
	case pg.Code[:2] == "53", pg.Code == "25006", pg.Code[:2] == "58":
		return errs.Unavailable("Postgres cannot write (%s): nothing was written", pg.Message).Because(err)
	}
	return fmt.Errorf("postgres: %w", err)
}

// IsUnique tells whether err is the violation of the named unique constraint or index.
func IsUnique(err error, constraint string) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pg.Code == "23505" && pg.ConstraintName == constraint
}
