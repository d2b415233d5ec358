// Package store is the way to Postgres: the pool, transactions with an exact outcome, and group commit.
package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
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
	cfg.AfterConnect = readUTC
	cfg.ConnConfig.Tracer = metering{}
	// Plans are made once and kept, often while the tables are still empty: they must use the indexes they will need.
	// A small table without one still gets its scan; compiling such plans would cost far more than running them.
	cfg.ConnConfig.RuntimeParams["enable_seqscan"] = "off"
	cfg.ConnConfig.RuntimeParams["jit"] = "off"
	// A process that was halted in the middle of a commit must not keep others from taking over.
	cfg.ConnConfig.RuntimeParams["idle_in_transaction_session_timeout"] = "6s"
	return pgxpool.NewWithConfig(context.Background(), cfg)
}

// readUTC makes all times that are read be in UTC, whatever the machine's zone.
func readUTC(_ context.Context, conn *pgx.Conn) error {
	conn.TypeMap().RegisterType(&pgtype.Type{
		Name: "timestamptz", OID: pgtype.TimestamptzOID, Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC},
	})
	return nil
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
		return errs.Unavailable("Postgres is away: nothing was written").Because(gone{err})
	}
	numbered := &numbered{Tx: tx}
	defer func() {
		_ = tx.Rollback(context.WithoutCancel(ctx)) // a no-op after a commit
		callAll(numbered.ended)
	}()
	run, err := runOf(ctx, tx)
	if err != nil {
		return err
	}
	if err := work(numbered); err != nil {
		return err
	}
	xid, err := numbered.number(ctx)
	if err != nil {
		return err
	}
	err = tx.Commit(ctx)
	if err != nil && !answered(err) {
		err = resolve(ctx, pool, run, xid, err)
	}
	if err == nil {
		callAll(numbered.committed)
	}
	return err
}

// answered tells whether Postgres itself refused the commit, so that the transaction is surely rolled back. One that
// ends the session or the server with its message (FATAL, PANIC) may do so after the commit.
func answered(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return errors.Is(err, pgx.ErrTxCommitRollback) || ok && pg.SeverityUnlocalized == "ERROR" && !connectionLost(pg)
}

func connectionLost(pg *pgconn.PgError) bool {
	return len(pg.Code) == 5 && (pg.Code[:2] == "08" || pg.Code[:3] == "57P")
}

// runOf names the present run of the server: a crash begins a new one, a clean restart does not. The statistics are
// reset by a crash only (or by hand, upon which an outcome may be unknown that could be known). Asked once per session.
func runOf(ctx context.Context, tx Tx) (string, error) {
	const key = "brigade.run"
	data := tx.Conn().PgConn().CustomData()
	if run, ok := data[key].(string); ok {
		return run, nil
	}
	var run string
	err := tx.QueryRow(ctx, "select coalesce(pg_stat_get_bgwriter_stat_reset_time()::text, '')").Scan(&run)
	if err == nil {
		data[key] = run
	}
	return run, err
}

// resolve asks Postgres what became of a transaction whose commit was not answered.
func resolve(ctx context.Context, pool *pgxpool.Pool, run string, xid int64, cause error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), resolveFor)
	defer cancel()
	for {
		switch ask(ctx, pool, run, xid) {
		case committed:
			return nil
		case aborted:
			return errs.Unavailable("Postgres went away: nothing was written").Because(gone{cause})
		case untold:
			return errs.Unknown("Postgres crashed during the commit: ask again with the same key").Because(cause)
		case later:
		}
		select {
		case <-ctx.Done():
			return errs.Unknown("Postgres went away during the commit: ask again with the same key").Because(cause)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// verdict is what Postgres can tell of a transaction.
type verdict uint8

const (
	later verdict = iota // not now
	committed
	aborted
	untold // nobody will ever know by its number
)

// ask looks a transaction up by its number. A crash forgets the numbers whose transactions had not reached the disk and
// gives them out again: a number is still the same transaction when the checkpoint that ends the recovery is above it.
func ask(ctx context.Context, pool *pgxpool.Pool, run string, xid int64) verdict {
	var sameRun, kept bool
	var status string
	err := pool.QueryRow(ctx, `
		select coalesce(pg_stat_get_bgwriter_stat_reset_time()::text, '') = $1,
		       $2::bigint < (split_part(c.next_xid, ':', 1)::bigint << 32) + split_part(c.next_xid, ':', 2)::bigint,
		       case when $2::bigint < pg_snapshot_xmax(pg_current_snapshot())::text::bigint
		            then coalesce(pg_xact_status($2::bigint::text::xid8), '') else 'in progress' end
		from pg_control_checkpoint() c`, run, xid).Scan(&sameRun, &kept, &status)
	switch {
	case err != nil:
		return later
	case status == "committed" && (sameRun || kept):
		return committed
	case status == "committed":
		return untold
	case status == "aborted" || !sameRun: // in progress after a crash: it is somebody else's by now
		return aborted
	}
	return later
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
	case !ok && !away(err):
		return err
	case !ok, connectionLost(pg):
		return errs.Unavailable("Postgres is away: nothing was written").Because(gone{err})
	case pg.Code[:2] == "53", pg.Code == "25006", pg.Code[:2] == "58":
		return errs.Unavailable("Postgres cannot write (%s): nothing was written", pg.Message).Because(err)
	}
	return fmt.Errorf("postgres: %w", err)
}

// away tells whether an error that Postgres did not send means that it could not be reached or did not answer in time.
// Everything else is a mistake of whoever asked.
func away(err error) bool {
	if _, ok := errors.AsType[net.Error](err); ok || pgconn.SafeToRetry(err) {
		return true
	}
	for _, e := range []error{io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, context.Canceled, context.DeadlineExceeded, pgx.ErrTxClosed} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// IsUnique tells whether err is the violation of the named unique constraint or index.
func IsUnique(err error, constraint string) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pg.Code == "23505" && pg.ConstraintName == constraint
}
